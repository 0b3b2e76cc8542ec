"""A TLS server on loopback that answers scripted bytes, and does the worst things servers do."""

import contextlib
import socket
import ssl
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

from demat.sandbox.pki import Pki


@dataclass(frozen=True)
class Recorded:
    """One request, as bytes."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split()[1].partition("?")[0]

    @property
    def query(self) -> str:
        return self.line.split()[1].partition("?")[2]

    def field(self, name: str) -> list[bytes]:
        """Return the values posted under a name, byte for byte."""
        return [
            value
            for head, value in self._parts()
            if f'name="{name}"'.encode() in head and b"filename=" not in head
        ]

    def files(self, name: str) -> list[tuple[bytes, bytes]]:
        """Return the names and contents of the files posted under a name."""
        return [
            (head.partition(b'filename="')[2].partition(b'"')[0], value)
            for head, value in self._parts()
            if f'name="{name}"'.encode() in head and b"filename=" in head
        ]

    def _parts(self) -> list[tuple[bytes, bytes]]:
        boundary = self.headers["content-type"].partition("boundary=")[2].encode()
        pieces = self.body.split(b"--" + boundary)[1:-1]
        split = (piece.removeprefix(b"\r\n").partition(b"\r\n\r\n") for piece in pieces)
        return [(head, value.removesuffix(b"\r\n")) for head, _, value in split]


@dataclass(frozen=True)
class Hang:
    """Read the request, then say nothing until the client leaves."""


@dataclass(frozen=True)
class Drop:
    """Close without an answer, once that many bytes of the request body were read."""

    after: int | None = None


Answer = bytes | Hang | Drop


def http(body: bytes = b"", status: str = "200 OK", *headers: str, length: bool = True) -> bytes:
    """Return the bytes of an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """Plays the answers given with :meth:`on`; the last one of a path is repeated."""

    pki: Pki
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    handshake: bool = True
    client_needed: bool = True
    revocation: bool = False
    """Whether the client must not be on the revocation list, as the real server checks."""
    received: bytearray = field(default_factory=bytearray)
    """First line of every request, even of one that was cut; empty when nothing at all came."""
    requests: list[Recorded] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self.on("/api/test-connexion.php", http(b"OK\n"))

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def on(self, path: str, *answers: Answer) -> None:
        """Answer so to a path, or to a path and its query, which then wins."""
        self._answers[path] = deque(answers)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def of(self, path: str) -> Recorded:
        return next(request for request in self.requests if request.path == path)

    def __enter__(self) -> "RawServer":
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):  # wakes the accepting thread
            socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _spawn(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection:  # ssl.SSLError is an OSError
            if not self.handshake:
                connection.recv(1)
                self._wait_for_end(connection)
                return
            with self._context().wrap_socket(connection, server_side=True) as tls:
                self._answer(tls)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = self.highest
        context.load_cert_chain(self.pki.server.certificate, self.pki.server.key)
        context.load_verify_locations(self.pki.ca_bundle)
        if self.client_needed:
            context.verify_mode = ssl.CERT_REQUIRED
        if self.revocation:
            context.load_verify_locations(self.pki.crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context

    def _answer(self, tls: ssl.SSLSocket) -> None:
        with tls.makefile("rb") as stream:
            first = stream.readline()
            self.received += first
            line = first.decode("latin-1").strip()
            if not line:  # the client left after the handshake
                return
            headers = dict(_headers(stream))
            target = line.split()[1]
            known = target if target in self._answers else target.partition("?")[0]
            answers = self._answers[known]
            answer = (answers.popleft() if len(answers) > 1 else answers[0]) if answers else b""
            length = int(headers.get("content-length", "0"))
            if isinstance(answer, Drop) and answer.after is not None:
                stream.read(answer.after)
                return
            self.requests.append(Recorded(line, headers, stream.read(length)))
        if isinstance(answer, Hang):
            self._wait_for_end(tls)
        elif isinstance(answer, bytes):
            tls.sendall(answer or http(b"", "404 Not Found"))

    def _wait_for_end(self, connection: socket.socket) -> None:
        while connection.recv(65536):
            pass


def _headers(stream):
    while line := stream.readline().decode("latin-1").strip():
        name, _, text = line.partition(":")
        yield name.lower(), text.strip()

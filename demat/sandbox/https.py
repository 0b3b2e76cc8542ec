"""The HTTPS side of a stand-in: client certificates, requests read whole, faults played.

Nothing is logged: exchanges may hold personal data.
"""

import hashlib
import os
import select
import signal
import socket
import ssl
import struct
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from demat.clock import SystemClock
from demat.sandbox.answers import Response, html_page, ko
from demat.sandbox.failures import Failure, FailureKind, Failures
from demat.sandbox.message import App, Message
from demat.sandbox.pki import Identity, Pki

__all__ = ["HttpsServer", "server_context"]

_CHUNK = 1 << 20
_IDLE_SECONDS = 60
_DROPS = 20
_SIPS = 4
_NARROW = 1 << 16
"""Bytes that the system holds of a request that is read drop by drop, or it would hold it all."""
_REFUSAL = bytes.fromhex("15030300020228")
"""TLS alert: fatal, handshake_failure."""

_MAINTENANCE = html_page("Maintenance", "La plate-forme est en maintenance.")


def _proxy_page(status: int, text: str) -> Response:
    return html_page(str(status), text, status=status)


_PAGES = {
    FailureKind.HTML200: _MAINTENANCE,
    FailureKind.ERROR502: _proxy_page(502, "Mauvaise passerelle."),
    FailureKind.ERROR503: _proxy_page(503, "Service momentanément indisponible."),
    FailureKind.ERROR504: _proxy_page(504, "La passerelle a attendu trop longtemps."),
    FailureKind.EMPTY200: Response(body=b""),
    FailureKind.KO: Response(body=b"KO"),
    FailureKind.MODULE: ko("Erreur lors de l'initialisation du module"),
}


def server_context(pki: Pki, own: Identity) -> ssl.SSLContext:
    """Return the TLS settings: own certificate, client certificate required and not revoked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(own.certificate, own.key)
    context.load_verify_locations(pki.ca_bundle)
    context.load_verify_locations(pki.crl)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


class HttpsServer(ThreadingHTTPServer):
    """The listening side: one thread per connection, handshake in that thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        *,
        app: App,
        failures: Failures,
        context: ssl.SSLContext,
        max_post_bytes: int,
        name: str,
        skew_minutes: int = 0,
    ) -> None:
        """Listen on the loopback address; port 0 takes a free one.

        :param max_post_bytes: above, the body is dropped whole, as PHP does with a form.
        :param name: how the server calls itself in its answers.
        :param skew_minutes: by how much the dates of its answers are wrong.
        """
        self.context = context
        self.app = app
        self.failures = failures
        self.max_post_bytes = max_post_bytes
        self.name = name
        self.skew_minutes = skew_minutes
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a refused handshake or a client gone is the client's affair."""

    def server_close(self) -> None:
        self.stopping.set()
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # head and body of an answer leave together: apart, each would wait for the other's receipt
    wbufsize = -1
    disable_nagle_algorithm = True
    server: HttpsServer
    connection: ssl.SSLSocket

    def setup(self) -> None:
        super().setup()
        failure = self.server.failures.strike_handshake()
        if failure is not None:
            if failure.kind is FailureKind.MUTE:
                self.server.stopping.wait(failure.seconds)
                raise ConnectionAbortedError("nobody answers, as ordered")
            self._refuse_handshake()
        self.connection.do_handshake()

    def _refuse_handshake(self) -> None:
        # the greeting of the client is read first: unread bytes would turn the alert into a reset
        number = self.connection.fileno()
        if select.select([number], [], [], _IDLE_SECONDS)[0]:
            os.read(number, 1 << 14)
        os.write(number, _REFUSAL)
        raise ConnectionAbortedError("handshake refused, as ordered")

    def version_string(self) -> str:
        return self.server.name

    def date_time_string(self, timestamp: float | None = None) -> str:
        shown = SystemClock().now().timestamp() if timestamp is None else timestamp
        return super().date_time_string(shown + 60 * self.server.skew_minutes)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: exchanges may hold personal data."""

    def _answer(self) -> None:
        message = self._message()
        failure = self.server.failures.strike(message.path)
        if failure is None:
            self._send(self.server.app(message))
        elif failure.kind is FailureKind.SLOW:
            self._drip(self.server.app(message), failure.seconds)
        elif not failure.done_first:
            self._fail(failure, _MAINTENANCE)
        else:
            self._fail(failure, self.server.app(message))

    def _message(self) -> Message:
        body = self._body()
        return Message(
            method=self.command,
            target=self.path,
            certificate=hashlib.sha256(
                self.connection.getpeercert(binary_form=True) or b""
            ).hexdigest(),
            content_type=self.headers.get("Content-Type") or "",
            authorization=self.headers.get("Authorization") or "",
            body=body,
        )

    def _body(self) -> bytes:
        """Read what was posted; a form that is too big is dropped whole, as PHP does."""
        length = int(self.headers.get("Content-Length") or 0)
        keep = length <= self.server.max_post_bytes
        slow = self.server.failures.strike_upload(self.path.partition("?")[0]) if length else None
        chunk, pause = _CHUNK, 0.0
        if slow is not None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
            chunk, pause = -(-length // _SIPS), slow.seconds / _SIPS
        pieces: list[bytes] = []
        while length > 0:
            self.server.stopping.wait(pause)
            piece = self.rfile.read(min(chunk, length))
            if not piece:
                raise ConnectionError("the client left in the middle of its request")
            length -= len(piece)
            if keep:
                pieces.append(piece)
        return b"".join(pieces)

    def _send(self, response: Response, *, cut: bool = False) -> None:
        self._head(response)
        self.wfile.write(response.body[: len(response.body) // 2] if cut else response.body)
        if cut:
            self._hang_up()

    def _head(self, response: Response) -> None:
        self.send_response(response.status)
        for name, content in response.headers:
            self.send_header(name, content)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()

    def _drip(self, response: Response, seconds: float) -> None:
        self._head(response)
        size = max(1, -(-len(response.body) // _DROPS))
        for start in range(0, len(response.body), size):
            self.wfile.flush()
            self.server.stopping.wait(seconds / _DROPS)
            self.wfile.write(response.body[start : start + size])

    def _fail(self, failure: Failure, good: Response) -> None:
        if failure.kind in _PAGES:
            self._send(_PAGES[failure.kind])
        elif failure.kind is FailureKind.CUT:
            self._send(replace(good, body=good.body[: len(good.body) // 2]))
        elif failure.kind is FailureKind.TRUNCATE:
            self._send(Response(body=good.body), cut=True)
        elif failure.kind is FailureKind.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        elif failure.kind is FailureKind.RESET:
            self._reset()
        else:
            if failure.kind is FailureKind.HANG:
                self.server.stopping.wait(failure.seconds)
            self._hang_up()

    def _reset(self) -> None:
        self.close_connection = True
        # closing without lingering drops what was not sent and tells the client by a reset
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

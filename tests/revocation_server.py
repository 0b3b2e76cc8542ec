"""A web server on loopback that publishes lists and answers questions, well or badly."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """What a path gives."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    """Say nothing until the server closes."""
    pieces: int = 1
    """Send the body so many times, without length."""


@dataclass
class RevocationServer:
    """What it publishes, and what it was asked."""

    url: str = ""
    pages: dict[str, Page | Callable[[bytes], Page]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    hits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def publish(self, path: str, body: bytes, *, etag: str = "", modified: str = "") -> None:
        """Let a path give a list, unless the client says that it has it."""
        headers = {"ETag": etag, "Last-Modified": modified}
        self.pages[path] = Page(body, headers={k: v for k, v in headers.items() if v})

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    state: RevocationServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        state = self.server.state
        headers = {name.lower(): value for name, value in self.headers.items()}
        state.asked.append((self.command, self.path, headers, body))
        state.hits[self.path] += 1
        found = state.pages.get(self.path, Page(status=404))
        page = found(body) if callable(found) else found
        if page.hang:
            state.closing.wait(30)
            self.close_connection = True
            return
        self._send(Page(status=304, headers=page.headers) if _held(headers, page) else page)

    def _send(self, page: Page) -> None:
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if page.pieces == 1:
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            for _ in range(page.pieces):
                self.wfile.write(page.body)

    def log_message(self, *_: object) -> None:
        pass


def _held(headers: dict[str, str], page: Page) -> bool:
    etag, modified = page.headers.get("ETag"), page.headers.get("Last-Modified")
    return bool(etag and headers.get("if-none-match") == etag) or bool(
        modified and headers.get("if-modified-since") == modified
    )


@contextmanager
def running_server() -> Iterator[RevocationServer]:
    """Run the server, and close it with everything that it has open."""
    state = RevocationServer()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.state = state
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            server.shutdown()
            thread.join(10)

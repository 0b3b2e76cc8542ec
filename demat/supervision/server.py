"""The small HTTP server of the supervision: ``/metrics``, ``/sante``, ``/vivant``; GET only.

It reads no body, tells no content, and bears little at a time: whoever asks too much or too slowly
is left aside, the work of the engine is not.
"""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from demat.engine.health import Level, judge, overall
from demat.engine.office import Office
from demat.faults import Fault, FaultError
from demat.supervision.health_page import as_html, as_json, silent
from demat.supervision.metrics import Metrics
from demat.supervision.probe import Probe
from demat.supervision.settings import Address, SupervisionSettings

__all__ = ["listening"]

logger = logging.getLogger(__name__)

_AT_ONCE = 16
"""Requests that are answered at the same time; the others are closed at once."""
_SILENCE = 5.0
"""Seconds that a client may take to say its next word."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
_TEXT = "text/plain; charset=utf-8"
_HOME = "demat\n/sante   état, pour une personne ou un programme\n/metrics  Prometheus\n/vivant\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def __init__(
        self,
        address: Address,
        office: Office,
        settings: SupervisionSettings,
        probe: Probe,
        metrics: Metrics,
    ) -> None:
        self.office = office
        self.settings = settings
        self.probe = probe
        self.metrics = metrics
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        if ":" in address.host:
            self.address_family = socket.AF_INET6
        super().__init__((address.host, address.port), _Handler)
        self.local = address.host in _LOCAL

    def server_bind(self) -> None:
        """Bind; the inherited method would look the name of the machine up on the network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.bound.host, self.bound.port

    @property
    def bound(self) -> Address:
        """Where it listens, its port known."""
        host, port = self.socket.getsockname()[:2]
        return Address(str(host), int(port))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, as long as there are few."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, then leave room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong, instead of printing it; a client that leaves is no news."""
        logger.debug("a request failed", exc_info=True, extra={"action": "supervision"})


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENCE
    server_version = "demat"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one question."""
        answers = {
            "/": self._home,
            "/metrics": self._metrics,
            "/sante": self._health,
            "/vivant": self._alive,
        }
        answer = answers.get(urlsplit(self.path).path)
        if not self._welcome():
            self._say(403, "Hôte inconnu.\n")
        elif answer is None:
            self._say(404, "Rien ici : essayez /sante.\n")
        else:
            answer()

    def _welcome(self) -> bool:
        """Tell whether the request is meant for us: a page elsewhere may name us as it likes."""
        name = urlsplit(f"//{self.headers.get('Host', 'localhost')}").hostname
        return name in _LOCAL or not self.server.local

    def _home(self) -> None:
        self._say(200, _HOME)

    def _alive(self) -> None:
        self._say(200, "vivant\n")

    def _metrics(self) -> None:
        content, media_type = self.server.metrics.page(self.headers.get("Accept", ""))
        self._send(200, content, media_type)

    def _health(self) -> None:
        server = self.server
        try:
            checks = judge(server.probe.figures(), server.settings.limits)
        except TimeoutError:
            checks = silent(server.probe.patience)
        status = 503 if overall(checks) is Level.DOWN else 200
        explain, now = server.office.explain, server.office.clock.now()
        if "text/html" in self.headers.get("Accept", ""):
            self._send(status, as_html(checks, explain, now), "text/html; charset=utf-8")
        else:
            found = json.dumps(as_json(checks, explain, now), ensure_ascii=False, indent=2)
            self._send(status, f"{found}\n".encode(), "application/json")

    def _say(self, status: int, words: str) -> None:
        self._send(status, words.encode(), _TEXT)

    def _send(self, status: int, content: bytes, media_type: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in a few words of ours: what was asked is not repeated."""
        self.close_connection = True
        status = 405 if code == 501 else code  # an unknown method
        self.send_response(status)
        self.send_header("Allow", "GET")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape is no event, and what was asked may be anything."""


@contextmanager
def listening(
    address: Address, office: Office, settings: SupervisionSettings, probe: Probe, metrics: Metrics
) -> Iterator[str]:
    """Answer on an address for the length of a block; yield where, such as ``http://127.0.0.1:9464``.

    :raises FaultError: ``CFG-LISTEN`` when the address cannot be taken.
    """
    try:
        server = _Server(address, office, settings, probe, metrics)
    except OSError as error:
        params = {"address": str(address), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="CFG-LISTEN", params=params)) from error
    thread = threading.Thread(target=server.serve_forever, name="supervision", daemon=True)
    thread.start()
    try:
        yield f"http://{server.bound}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

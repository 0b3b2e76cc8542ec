"""A real S3 server on loopback (moto), and servers that answer as one that is in trouble does."""

import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

from moto.server import ThreadedMotoServer

from demat.queue.documents_s3 import S3Settings

ACCESS_KEY, SECRET_KEY = "CLE-D-ESSAI", "secret-fictif-de-s3"


@contextmanager
def s3_server() -> Iterator[str]:
    """Run moto's S3 server; yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        ask(address, "/moto-api/reset", method="POST")  # all servers of a process share their state
        yield address
    finally:
        server.stop()


def make_bucket(address: str, name: str) -> None:
    """Make a bucket."""
    ask(address, f"/{name}", method="PUT")


def ask(
    address: str, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[bytes, dict[str, str]]:
    """Ask the server directly, behind the back of demat; it believes any signature."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    credential = f"Credential={ACCESS_KEY}/20261130/us-east-1/s3/aws4_request"
    named["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"
    request = Request(address + path, data=body, method=method, headers=named)  # noqa: S310 - ours
    with urlopen(request) as answer:  # noqa: S310 - ours
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def settings(address: str, bucket: str, **changes: object) -> S3Settings:
    """Return settings that give up soon."""
    defaults: dict[str, object] = {
        "prefix": "mairies/essai",
        "address": address,
        "region": "fr-fictive-1",
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "connect": timedelta(seconds=2),
        "silence": timedelta(seconds=2),
        "retries": 1,
    }
    return S3Settings(bucket=bucket, **(defaults | changes))  # type: ignore[arg-type]  # a factory


@contextmanager
def answering(
    status: int,
    body: bytes,
    *,
    cut: int = 0,
    tls: ssl.SSLContext | None = None,
    seen: list[dict[str, str]] | None = None,
) -> Iterator[str]:
    """Run a server that always gives one answer; yield its address.

    :param cut: how many bytes of the body are announced and never sent.
    :param seen: where the headers of each request are written down.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            if seen is not None:
                seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) + cut))
            self.send_header("Last-Modified", "Mon, 30 Nov 2026 00:00:00 GMT")
            self.send_header("ETag", '"x"')
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_PUT = do_GET
        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that left."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Raw copy of every exchange, per try, kept before anything is interpreted (style guide, habit 30).

A copy holds no credential: the request is its line and its fields (the digest of a file instead of
its content), and cookies are masked.
"""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

from demat.clock import Clock
from demat.connectors.exchange import Part, Request, Response
from demat.files import safe_name, write_atomic

__all__ = ["Dump", "FolderDump", "NoDump"]

_MASKED = frozenset({"set-cookie", "www-authenticate"})


class Dump(Protocol):
    """Where the raw copies go."""

    def request(self, request: Request) -> str:
        """Keep a request about to be sent; return the name of the exchange.

        :raises OSError: it cannot be kept; nothing is sent then.
        """
        ...

    def response(self, exchange: str, response: Response) -> None:
        """Keep what came back.

        :raises OSError: it cannot be kept.
        """
        ...

    def failure(self, exchange: str, reason: str) -> None:
        """Keep the reason why nothing came back.

        :raises OSError: it cannot be kept.
        """
        ...


class NoDump:
    """Keeps nothing."""

    def request(self, request: Request) -> str:
        return request.label

    def response(self, exchange: str, response: Response) -> None:
        """Forget it."""

    def failure(self, exchange: str, reason: str) -> None:
        """Forget it."""


class FolderDump:
    """Keeps files ``<label>/<instant>-<script>-request.txt``, ``-response.bin``, ``-failure.txt``.

    A response file is the status line, the headers, an empty line and the body, byte for byte.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def request(self, request: Request) -> str:
        exchange = self._free_name(request)
        self._write(exchange, "request.txt", _request_text(request).encode("utf-8"))
        return exchange

    def response(self, exchange: str, response: Response) -> None:
        self._write(exchange, "response.bin", _head(response).encode("utf-8") + response.body)

    def failure(self, exchange: str, reason: str) -> None:
        self._write(exchange, "failure.txt", f"{reason}\n".encode())

    def _free_name(self, request: Request) -> str:
        script = PurePosixPath(urlsplit(request.url).path).stem
        stamp = self._clock.now().strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{safe_name(request.label)}/{stamp}-{safe_name(script)}"
        rank = 1
        while self._path(name if rank == 1 else f"{name}-{rank}", "request.txt").exists():
            rank += 1
        return name if rank == 1 else f"{name}-{rank}"

    def _path(self, exchange: str, suffix: str) -> Path:
        return self._folder / f"{exchange}-{suffix}"

    def _write(self, exchange: str, suffix: str, content: bytes) -> None:
        write_atomic(self._path(exchange, suffix), content)


def _request_text(request: Request) -> str:
    lines = [f"{request.method} {request.url}", *(_part_line(part) for part in request.parts)]
    return "\n".join(lines) + "\n"


def _part_line(part: Part) -> str:
    if not part.file_name:
        # latin-1 maps every byte to one character: the copy shows exactly what was posted
        return f"{part.name} = {part.value.decode('latin-1')!r}"
    digest = hashlib.sha256(part.value).hexdigest()
    return f"{part.name} = file {part.file_name!r}, {len(part.value)} bytes, sha256 {digest}"


def _head(response: Response) -> str:
    lines = [f"HTTP {response.status}"]
    for name, text in response.headers:
        lines.append(f"{name}: {'(masked)' if name.lower() in _MASKED else text}")
    return "\r\n".join(lines) + "\r\n\r\n"

"""Client of ClamAV's daemon: every deposited file is shown to it before anything reads it.

One file per connection, sent in bounded pieces (``INSTREAM``), over TCP or a Unix socket. What is
not a clear answer is no answer: :class:`AntivirusUnusable`, and the deposit waits.
"""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from demat.faults import Fault, FaultError

__all__ = ["AntivirusUnusable", "ClamdClient", "ClamdSettings"]

_CHUNK = 1 << 16
_MAX_ANSWER = 4096
_TCP = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})")
_SIZE = b"INSTREAM size limit exceeded"
_NOT_ALL_READ = "Heuristics.Limits.Exceeded"
"""« Virus » of a daemon set to say that it has not looked into the whole file."""


class AntivirusUnusable(FaultError):
    """Nobody knows whether a file is infected; its agent has nothing to do about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClamdSettings:
    """Where the daemon is, and how long to wait for it, in seconds."""

    address: str
    """``host:port``, or the absolute path of a Unix socket."""
    connect: float = 5.0
    """To reach it."""
    silence: float = 180.0
    """Longest silence once it has a file: a large archive takes it a while."""


@dataclass(frozen=True, slots=True)
class ClamdClient:
    """Asks one daemon."""

    settings: ClamdSettings

    def test(self) -> None:
        """Check that the daemon answers.

        :raises AntivirusUnusable: ``CON-ANTIVIRUS_AWAY``, ``CON-ANTIVIRUS_ANSWER``.
        """
        with self._connection() as link:
            link.sendall(b"zPING\0")
            answer = _receive(link)
        if answer != b"PONG":
            raise self._unusable("CON-ANTIVIRUS_ANSWER", answer=_shown(answer))

    def scan(self, source: BinaryIO, name: str) -> str:
        """Return the name of the virus found in a file; empty when it is clean.

        :param name: of the file, for the faults.
        :raises AntivirusUnusable: ``CON-ANTIVIRUS_AWAY``, ``CON-ANTIVIRUS_SIZE``,
            ``CON-ANTIVIRUS_ANSWER``.
        """
        with self._connection() as link:
            answer = _send(link, source)
        if answer.startswith(_SIZE):
            raise self._unusable("CON-ANTIVIRUS_SIZE", name=name)
        if answer == b"stream: OK":
            return ""
        if answer.startswith(b"stream: ") and answer.endswith(b" FOUND"):
            virus = _shown(answer[len(b"stream: ") : -len(b" FOUND")])
            if virus.startswith(_NOT_ALL_READ):
                raise self._unusable("CON-ANTIVIRUS_SIZE", name=name)
            return virus
        raise self._unusable("CON-ANTIVIRUS_ANSWER", answer=_shown(answer))

    @contextmanager
    def _connection(self) -> Iterator[socket.socket]:
        """Open a connection, and turn whatever breaks it into one fault."""
        try:
            with self._connect() as link:
                link.settimeout(self.settings.silence)
                yield link
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise self._unusable("CON-ANTIVIRUS_AWAY", reason=reason) from error

    def _connect(self) -> socket.socket:
        found = _TCP.fullmatch(self.settings.address)
        if found is not None:
            where = (found["v6"] or found["host"], int(found["port"]))
            return socket.create_connection(where, timeout=self.settings.connect)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(self.settings.connect)
            link.connect(self.settings.address)
        except OSError:
            link.close()
            raise
        return link

    def _unusable(self, code: str, **params: str) -> AntivirusUnusable:
        return AntivirusUnusable(
            Fault(code=code, params={"address": self.settings.address, **params})
        )


def _send(link: socket.socket, source: BinaryIO) -> bytes:
    """Send a file and return the answer.

    A daemon that has had enough says so and hangs up while we still send: what it said counts.
    """
    try:
        link.sendall(b"zINSTREAM\0")
        while chunk := source.read(_CHUNK):
            link.sendall(struct.pack("!L", len(chunk)) + chunk)
        link.sendall(struct.pack("!L", 0))
    except (BrokenPipeError, ConnectionResetError):
        answer = _receive(link)
        if answer.startswith(_SIZE):
            return answer
        raise
    return _receive(link)


def _receive(link: socket.socket) -> bytes:
    """Read an answer up to its NUL; a connection closed before that is no answer."""
    answer = b""
    while b"\0" not in answer:
        piece = link.recv(_MAX_ANSWER)
        answer += piece
        if not piece or len(answer) > _MAX_ANSWER:
            raise ConnectionAbortedError("réponse incomplète")
    return answer.partition(b"\0")[0].strip()


def _shown(answer: bytes) -> str:
    text = answer[:200].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)

"""What a stand-in has committed: every message that changed it, in the order of its processing.

One append-only file. A record is a line of JSON, the bytes that came with it, and an end of line;
it is in the file before it is acted upon, and on the disk before its answer leaves. A restart plays
the file again: what a stand-in holds depends on its scenario and on these records alone, since
reading changes nothing. A record cut by a kill was never answered: it is dropped.
"""

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from demat.errors import DematError

__all__ = ["Entry", "Journal", "JournalError"]

_END = b"\n"
_HELD_SECONDS = 3.0
"""A process that was killed may still be leaving."""
_HELD_PAUSE = 0.05


class JournalError(DematError):
    """The file is held by a running stand-in, or is not what this code writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One message, as it came."""

    at: datetime
    """Virtual instant of its processing."""
    kind: str
    """Who plays it again."""
    head: Mapping[str, str] = field(default_factory=dict)
    """What is known of it besides its bytes: method, path, identity…"""
    body: bytes = b""


class Journal:
    """The file of one stand-in, held by one process."""

    def __init__(self, path: Path) -> None:
        """Open the file, made when absent, and take it.

        :raises JournalError: another process holds it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._take()
        self._written = self._synced = os.fstat(self._file).st_size
        self._syncing = threading.Lock()

    def _take(self) -> None:
        last = time.monotonic() + _HELD_SECONDS
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > last:
                    os.close(self._file)
                    raise JournalError(f"{self._path} is held by another process") from error
            else:
                return
            time.sleep(_HELD_PAUSE)

    def entries(self) -> Iterator[Entry]:
        """Give what was committed, oldest first, and drop a last record that is cut.

        To be exhausted before the first :meth:`append`.

        :raises JournalError: a record is damaged though others follow it.
        """
        size, good = os.fstat(self._file).st_size, 0
        with self._path.open("rb") as stream:
            while good < size:
                line = stream.readline()
                entry = _read(line, stream.read(_length(line) + 1))
                if entry is None:
                    break
                yield entry
                good = stream.tell()
            if stream.read(1):
                raise JournalError(f"{self._path}: the record at byte {good} is damaged")
        os.ftruncate(self._file, good)
        os.fsync(self._file)
        self._written = self._synced = good

    def append(self, entry: Entry) -> int:
        """Write a record, which a kill cannot take back any more; return what to sync up to.

        The caller orders the records: only one thread at a time may be here.
        """
        head = {
            "at": entry.at.isoformat(),
            "kind": entry.kind,
            "length": len(entry.body),
            "sha256": hashlib.sha256(entry.body).hexdigest(),
            "head": dict(entry.head),
        }
        record = memoryview(json.dumps(head).encode("ascii") + _END + entry.body + _END)
        while record:
            written = os.write(self._file, record)
            record = record[written:]
            self._written += written
        return self._written

    def sync(self, position: int) -> None:
        """Have everything up to a position on the disk; threads that wait share one sync."""
        with self._syncing:
            if self._synced < position:
                end = self._written
                os.fdatasync(self._file)
                self._synced = end

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)


def _length(line: bytes) -> int:
    try:
        found = json.loads(line)["length"]
    except (ValueError, KeyError, TypeError):
        return 0
    return int(found) if isinstance(found, int) else 0


def _read(line: bytes, rest: bytes) -> Entry | None:
    """Return the record of a line and of the bytes after it, none when it is cut or damaged."""
    body = rest[:-1]
    try:
        head = json.loads(line)
        if hashlib.sha256(body).hexdigest() != head["sha256"] or rest[-1:] != _END:
            return None
        at = datetime.fromisoformat(head["at"])
        return Entry(at=at, kind=head["kind"], head=head["head"], body=body)
    except (ValueError, KeyError, TypeError):
        return None

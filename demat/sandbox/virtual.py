"""The time of the sandbox: it runs at a chosen speed, jumps on request, and rings what is due.

Nothing waits: whatever falls due is done, in order, the next time somebody talks to the sandbox
(connectors dossier §8, « virtual clock »).
"""

import fcntl
import heapq
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

from demat.clock import Clock

__all__ = ["Agenda", "PushedClock", "SharedClock", "VirtualClock"]


class PushedClock(Clock, Protocol):
    """A clock that can be pushed."""

    def push(self, minutes: float) -> None:
        """Jump forward.

        :raises ValueError: when asked to go back.
        """
        ...


def _forward(minutes: float) -> timedelta:
    if minutes < 0:
        raise ValueError("the virtual clock never goes back")
    return timedelta(minutes=minutes)


class VirtualClock:
    """A clock that starts at a given instant, runs ``speed`` times as fast, and can be pushed."""

    def __init__(
        self,
        start: datetime,
        *,
        speed: float = 1.0,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start now.

        :param speed: virtual seconds in one real second; 0 stops the time between two pushes.
        :param elapsed: the machine's monotonic counter, in seconds.
        """
        self._start = start
        self._speed = speed
        self._elapsed = elapsed
        self._origin = elapsed()
        self._pushed = timedelta()

    def now(self) -> datetime:
        """Return the virtual instant."""
        running = (self._elapsed() - self._origin) * self._speed
        return self._start + timedelta(seconds=running) + self._pushed

    def push(self, minutes: float) -> None:
        self._pushed += _forward(minutes)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setting:
    """What the file of a shared clock says."""

    start: str
    """Virtual instant at ``origin``, pushes included."""
    origin: str
    """Instant of the machine from which it runs."""
    speed: float
    born: str
    """First virtual instant."""


class SharedClock:
    """The clock of all the stand-ins of one folder, which goes on while they are down."""

    def __init__(self, path: Path, machine: Clock) -> None:
        """Read the clock that :meth:`start` made."""
        self._path = path
        self._machine = machine
        self._seen: tuple[int, int] = (0, 0)
        self._setting = self._read()

    @classmethod
    def start(cls, path: Path, machine: Clock, *, start: datetime, speed: float) -> Self:
        """Return the clock of a file; a new one tells ``start``, one found keeps its time.

        :param speed: virtual seconds in one real second, from now on.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            origin = machine.now()
            instant, born = start, start
            if path.exists():
                found = cls(path, machine)
                instant, born = found._at(origin), found.born
            _write(path, instant, origin, speed, born)
        return cls(path, machine)

    @property
    def born(self) -> datetime:
        """First virtual instant."""
        return datetime.fromisoformat(self._setting.born)

    def now(self) -> datetime:
        """Return the virtual instant."""
        found = self._path.stat()
        if self._seen != (found.st_ino, found.st_mtime_ns):
            self._setting = self._read()
        return self._at(self._machine.now())

    def push(self, minutes: float) -> None:
        """Jump forward, for every stand-in.

        :raises ValueError: when asked to go back.
        """
        step = _forward(minutes)
        with _alone(self._path):
            self._setting, origin = self._read(), self._machine.now()
            _write(self._path, self._at(origin) + step, origin, self._setting.speed, self.born)

    def _at(self, instant: datetime) -> datetime:
        running = instant - datetime.fromisoformat(self._setting.origin)
        return datetime.fromisoformat(self._setting.start) + running * self._setting.speed

    def _read(self) -> _Setting:
        with self._path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            setting = _Setting(**json.load(stream))
        self._seen = (found.st_ino, found.st_mtime_ns)
        return setting


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _write(path: Path, instant: datetime, origin: datetime, speed: float, born: datetime) -> None:
    setting = _Setting(
        start=instant.isoformat(), origin=origin.isoformat(), speed=speed, born=born.isoformat()
    )
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(setting)), "ascii")
    draft.replace(path)


class Agenda:
    """What will happen, and when."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._ranks = itertools.count()
        self.done = 0
        """How many events have been run."""

    @property
    def next_due(self) -> datetime | None:
        """Instant of the next event, none when nothing is planned."""
        return self._entries[0][0] if self._entries else None

    def add(self, due: datetime, action: Callable[[datetime], None]) -> None:
        """Have ``action`` called with ``due`` once that instant has passed."""
        heapq.heappush(self._entries, (due, next(self._ranks), action))

    def run_next(self) -> None:
        """Do the next event, whatever the instant."""
        due, _, action = heapq.heappop(self._entries)
        self.done += 1
        action(due)

    def run_until(self, now: datetime) -> None:
        """Do everything due at ``now``, oldest first, what these actions add included."""
        while self._entries and self._entries[0][0] <= now:
            self.run_next()

    def run_to(self, done: int) -> None:
        """Do the next events until that many have been run since the start."""
        while self.done < done:
            self.run_next()

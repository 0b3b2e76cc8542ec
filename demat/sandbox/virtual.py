"""The time of the sandbox: it runs at a chosen speed, jumps on request, and rings what is due.

Nothing waits: whatever falls due is done, in order, the next time somebody talks to the sandbox
(connectors dossier §8, « virtual clock »).
"""

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["Agenda", "VirtualClock"]


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
        """Jump forward.

        :raises ValueError: when asked to go back.
        """
        if minutes < 0:
            raise ValueError("the virtual clock never goes back")
        self._pushed += timedelta(minutes=minutes)


class Agenda:
    """What will happen, and when."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._ranks = itertools.count()

    def add(self, due: datetime, action: Callable[[datetime], None]) -> None:
        """Have ``action`` called with ``due`` once that instant has passed."""
        heapq.heappush(self._entries, (due, next(self._ranks), action))

    def run_until(self, now: datetime) -> None:
        """Do everything due at ``now``, oldest first, what these actions add included."""
        while self._entries and self._entries[0][0] <= now:
            due, _, action = heapq.heappop(self._entries)
            action(due)

"""At which pace flows leave: limits, quiet windows, and a line that is shut for a while; pure.

A *line* is one tiers de télétransmission, shared by all the authorities that send through it.
Connectors dossier: §10 rule 9 (one sending at a time per account, circuit breaker), §1.8 and §2.2
(windows, bytes per hour, reset at the hour), §8.1 F3 (maintenance).
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from demat.clock import PARIS
from demat.queue.retry import RetryPolicy, wait_after

__all__ = [
    "HOUR",
    "LinePace",
    "Pace",
    "Plage",
    "always_quiet",
    "hour_of",
    "open_time",
    "parse_plage",
    "quiet_until",
]

HOUR = timedelta(hours=1)
"""For how long what leaves is counted."""
_DAYS = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
_DAY = timedelta(days=1)
_WEEK = timedelta(days=8)
_STEP = timedelta(minutes=15)
"""Windows are looked at that often when the time outside them is counted."""
_PLAGE = re.compile(
    r"(?:(?P<day>lun|mar|mer|jeu|ven|sam|dim)(?:-(?P<last>lun|mar|mer|jeu|ven|sam|dim))?)?"
    r" ?(?:(?P<start>([01]\d|2[0-3]):[0-5]\d)-(?P<end>([01]\d|2[0-3]):[0-5]\d|24:00))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plage:
    """A window during which nothing leaves, in the legal time of Paris."""

    days: frozenset[int]
    """Days on which it begins, 0 for Monday."""
    start: time
    end: time
    """At or before ``start``: of the following day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinePace:
    """What one line bears."""

    simultaneous: int | None = None
    """Sendings at the same time, all authorities together."""
    bytes_per_hour: int | None = None
    """Bytes that leave in one hour of the clock; the last file may exceed it, so that one that is
    larger leaves all the same."""
    quiet: tuple[Plage, ...] = ()
    """When nothing leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The limits of all lines and authorities. One account sends one flow at a time, always."""

    per_hour: int | None = None
    """Sendings of one authority in one hour of the clock."""
    failures: int = 5
    """Failures in a row, whatever the authorities, after which a line is shut."""
    reopening: RetryPolicy = field(
        default_factory=lambda: RetryPolicy(base=timedelta(minutes=5), cap=timedelta(hours=1))
    )
    """How long it stays shut before one flow tries it."""
    line: LinePace = field(default_factory=LinePace)
    """What a line bears that is not in ``lines``."""
    lines: Mapping[str, LinePace] = field(default_factory=dict)
    jitter: Callable[[], float] = random.random
    """Between 0 and 1: spreads the tries of several machines."""

    def of(self, line: str) -> LinePace:
        """Return what a line bears."""
        return self.lines.get(line, self.line)

    def shut_for(self, openings: int) -> timedelta:
        """Return how long a line stays shut.

        :param openings: how often in a row it was shut, at least 1.
        """
        return wait_after(openings, self.reopening) * (1 + self.jitter() / 2)


def hour_of(now: datetime) -> datetime:
    """Return the beginning of the hour, from which what leaves is counted."""
    return now.replace(minute=0, second=0, microsecond=0)


def parse_plage(text: str) -> Plage:
    """Read a window: ``22:00-06:00``, ``dim``, ``sam 12:00-24:00`` or ``lun-ven 12:00-13:30``.

    :raises ValueError: when it is none.
    """
    found = _PLAGE.fullmatch(text.strip())
    if found is None or not (found["day"] or found["start"]):
        raise ValueError("22:00-06:00, dim, sam 12:00-24:00, lun-ven 12:00-13:30")
    start, end = found["start"] or "00:00", (found["end"] or "24:00").replace("24:00", "00:00")
    return Plage(
        days=_days(found["day"], found["last"]),
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
    )


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin, end = _DAYS.index(first), _DAYS.index(last or first)
    return frozenset((begin + rank) % 7 for rank in range((end - begin) % 7 + 1))


def quiet_until(plages: Iterable[Plage], now: datetime) -> datetime | None:
    """Return when the windows around an instant end, UTC; ``None`` when it lies in none.

    On the days when the clocks change a window is taken at its widest: an hour that comes twice is
    quiet twice, one that does not exist ends as late as either reading of it.
    """
    known, end = tuple(plages), now
    while known and end < now + _WEEK and (later := _end_around(known, end)) is not None:
        end = later
    return end if end > now else None


def open_time(
    plages: Iterable[Plage], start: datetime, end: datetime, *, most: timedelta
) -> timedelta:
    """Return the time between two instants that lies in no window.

    :param most: counting stops there.
    """
    known, total = tuple(plages), timedelta()
    if not known:
        return min(end - start, most)
    while start < end and total < most:
        later = quiet_until(known, start)
        if later is not None:
            start = later
        else:
            total += min(_STEP, end - start)
            start += _STEP
    return total


def always_quiet(plages: Iterable[Plage]) -> bool:
    """Tell whether windows leave no moment of the week."""
    monday = datetime(2024, 1, 1, tzinfo=UTC)
    end = quiet_until(plages, monday)
    return end is not None and end >= monday + _WEEK


def _end_around(plages: Iterable[Plage], instant: datetime) -> datetime | None:
    today = instant.astimezone(PARIS).date()
    ends = (
        end
        for plage in plages
        for day in (today - _DAY, today, today + _DAY)
        if day.weekday() in plage.days
        for start, end in (_instants(plage, day),)
        if start <= instant < end
    )
    return max(ends, default=None)


def _instants(plage: Plage, day: date) -> tuple[datetime, datetime]:
    last = day if plage.end > plage.start else day + _DAY
    return min(_readings(day, plage.start)), max(_readings(last, plage.end))


def _readings(day: date, at: time) -> Iterator[datetime]:
    """Yield both readings of a local time; they differ when the clocks change at that time."""
    for fold in (0, 1):
        yield datetime.combine(day, at.replace(fold=fold), PARIS).astimezone(UTC)

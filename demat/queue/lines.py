"""Lines: how many sendings they bear at this instant, and those that are shut for a while.

Locks are taken in one order, so that two processes on PostgreSQL never wait for each other: lines,
authorities, transmissions, end of the journal. A claim holds all lines: claims take turns, which
they do anyway at the end of the journal, and no limit is exceeded by two that look together.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, insert, or_, select, update

from demat.faults import Fault, Faults
from demat.queue.codec import dump_faults
from demat.queue.database import insert_or_none
from demat.queue.model import AUTHORITY, LINE, TRANSMISSION
from demat.queue.pace import Pace, hour_of, quiet_until
from demat.queue.rows import delivery_is
from demat.queue.states import DeliveryState

__all__ = [
    "Heard",
    "Room",
    "answered",
    "declare",
    "give_back",
    "lines_of",
    "room",
    "silent",
    "take_room",
]

_NO_FAULTS = dump_faults(Faults())

_INSTANT = TRANSMISSION.c.lease_until.type
_ALL = select(LINE).order_by(LINE.c.name).with_for_update()
_LIVING = TRANSMISSION.c.lease_until > bindparam("now", type_=_INSTANT)
_IN_FLIGHT = (
    select(AUTHORITY.c.line, TRANSMISSION.c.collectivite)
    .join(AUTHORITY, AUTHORITY.c.collectivite == TRANSMISSION.c.collectivite)
    .where(
        delivery_is(DeliveryState.DOING),
        TRANSMISSION.c.lease_until > bindparam("now", type_=TRANSMISSION.c.lease_until.type),
    )
)
_NAMED = LINE.c.name == bindparam("line")
_ONE = select(LINE).where(_NAMED).with_for_update()
_REOPEN = (
    update(LINE)
    .where(_NAMED, or_(LINE.c.failures > 0, LINE.c.openings > 0))
    .values(failures=0, openings=0, shut_until=None, fault=_NO_FAULTS)
)


class Heard(Enum):
    """What a sending tells about the line that it took."""

    ANSWER = auto()
    """It answered, be it to refuse."""
    SILENCE = auto()
    """It did not, or cannot work for the moment."""
    NOTHING = auto()
    """It was not asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a claim must leave aside."""

    lines: Mapping[str, Row[Any]]
    """Every line."""
    full: tuple[str, ...] = ()
    """Lines on which nothing may leave."""
    busy: tuple[str, ...] = ()
    """Authorities one flow of which is being sent: their account takes one at a time."""


def declare(connection: Connection, lines: Mapping[str, str]) -> None:
    """Write down by which line each authority sends.

    :param lines: name of the line by SIREN.
    """
    known = lines_of(connection)
    for name in sorted(set(lines.values())):
        first = {"failures": 0, "openings": 0, "fault": _NO_FAULTS, "hour_bytes": 0}
        insert_or_none(connection, insert(LINE).values(name=name, **first).returning(LINE.c.name))
    for siren, line in lines.items():
        if known.get(siren, line) != line:
            connection.execute(
                update(AUTHORITY).where(AUTHORITY.c.collectivite == siren).values(line=line)
            )


def lines_of(connection: Connection) -> dict[str, str]:
    """Return by which line each authority sends, those that have packed something."""
    rows = connection.execute(select(AUTHORITY.c.collectivite, AUTHORITY.c.line))
    return {row.collectivite: row.line for row in rows}


def room(connection: Connection, pace: Pace, now: datetime) -> Room:
    """Look at every line, and keep other claims waiting until the transaction ends."""
    lines = {row.name: row for row in connection.execute(_ALL)}
    in_flight = connection.execute(_IN_FLIGHT, {"now": now}).all()
    counts = Counter(row.line for row in in_flight)
    return Room(
        lines=lines,
        full=tuple(name for name, row in lines.items() if _full(row, counts[name], pace, now)),
        busy=tuple({row.collectivite for row in in_flight}),
    )


def _full(row: Row[Any], in_flight: int, pace: Pace, now: datetime) -> bool:
    limits = pace.of(row.name)
    if row.shut_until is not None and row.shut_until > now:
        return True
    if limits.simultaneous is not None and in_flight >= limits.simultaneous:
        return True
    if limits.bytes_per_hour is not None and _left(row, now) >= limits.bytes_per_hour:
        return True
    return quiet_until(limits.quiet, now) is not None


def _left(row: Row[Any], now: datetime) -> int:
    return int(row.hour_bytes) if row.hour == hour_of(now) else 0


def take_room(
    connection: Connection,
    row: Row[Any],
    size: int,
    pace: Pace,
    lease_until: datetime,
    now: datetime,
) -> bool:
    """Count a claim on a line; return whether it tries a line that was shut.

    Such a line is shut again for the time of that try: should its process die, another flow tries
    when its lease is over.
    """
    values: dict[str, Any] = {}
    if pace.of(row.name).bytes_per_hour is not None:
        values = {"hour": hour_of(now), "hour_bytes": _left(row, now) + size}
    if row.openings:
        values["shut_until"] = lease_until
    if values:
        connection.execute(update(LINE).where(LINE.c.name == row.name).values(**values))
    return bool(row.openings)


def answered(connection: Connection, name: str) -> None:
    """Write down that a line answered: it is open to all."""
    connection.execute(_REOPEN, {"line": name})


def silent(
    connection: Connection,
    name: str,
    fault: Fault | None,
    *,
    trying: bool,
    pace: Pace,
    now: datetime,
) -> datetime | None:
    """Write down that a line did not answer; return until when it is shut, if this shuts it.

    :param trying: whether it was the one flow that tried a line that was shut.
    """
    row = connection.execute(_ONE, {"line": name}).one_or_none()
    if row is None:
        return None
    failures = row.failures + 1
    values: dict[str, Any] = {"failures": failures}
    shut = trying or (not row.openings and failures >= pace.failures)
    if shut:
        values |= {
            "openings": row.openings + 1,
            "shut_until": now + pace.shut_for(row.openings + 1),
            "fault": dump_faults(Faults([fault] if fault else [])),
        }
    connection.execute(update(LINE).where(LINE.c.name == name).values(**values))
    return values["shut_until"] if shut else None


def give_back(connection: Connection, name: str, size: int, *, trying: bool, now: datetime) -> None:
    """Write down that nothing was sent after all: the next flow may try."""
    values: dict[str, Any] = {
        "hour_bytes": case(
            (LINE.c.hour == hour_of(now), LINE.c.hour_bytes - size), else_=LINE.c.hour_bytes
        )
    }
    if trying:
        values["shut_until"] = now
    connection.execute(update(LINE).where(LINE.c.name == name).values(**values))

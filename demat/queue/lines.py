"""Lines: what they bear at this instant, and those that are shut for a while.

Whoever writes is alone at it (``database``): what a claim finds here stays true until it commits,
and no limit is exceeded by two processes that look together.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from demat.faults import Fault, Faults
from demat.queue.codec import dump_faults
from demat.queue.database import insert_or_none
from demat.queue.model import AUTHORITY, LINE, TRANSMISSION
from demat.queue.pace import HOUR, Pace, hour_of, quiet_until
from demat.queue.rows import by_keys, delivery_is
from demat.queue.states import DeliveryState
from demat.queue.views import Stop, StopView

__all__ = [
    "NO_LIMIT",
    "Room",
    "answered",
    "declare",
    "give_back",
    "has_failed",
    "known_lines",
    "lines_of",
    "room",
    "silent",
    "stops",
    "take_room",
]

_NO_FAULTS = dump_faults(Faults())
_SENDER = (
    select(AUTHORITY.c.line)
    .where(AUTHORITY.c.collectivite == TRANSMISSION.c.collectivite)
    .correlate(TRANSMISSION)
    .scalar_subquery()
)
_IN_FLIGHT = (
    select(func.count())
    .select_from(TRANSMISSION)
    .where(
        delivery_is(DeliveryState.DOING),
        TRANSMISSION.c.lease_until > bindparam("now", type_=TRANSMISSION.c.lease_until.type),
        LINE.c.name == _SENDER,
    )
    .correlate(LINE)
    .scalar_subquery()
)
_LINES = select(LINE, _IN_FLIGHT.label("in_flight"))
_ONE = update(LINE).where(LINE.c.name == bindparam("line"))
_OPEN = _ONE.values(failures=0, openings=0, shut_until=None, fault=_NO_FAULTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What the lines bear when something is claimed."""

    lines: Mapping[str, Row[Any]]
    """Every line."""
    full: Collection[str]
    """Those by which nothing may leave."""


NO_LIMIT = Room(lines={}, full=())
"""What a claim finds that no limit binds."""


def declare(connection: Connection, lines: Mapping[str, str]) -> None:
    """Write down by which line each authority sends.

    :param lines: name of the line by SIREN.
    """
    known = lines_of(connection, lines)
    for name in sorted(set(lines.values())):
        first = {"failures": 0, "openings": 0, "fault": _NO_FAULTS, "hour_bytes": 0}
        insert_or_none(connection, insert(LINE).values(name=name, **first).returning(LINE.c.name))
    for siren, line in lines.items():
        if known.get(siren, line) != line:
            connection.execute(
                update(AUTHORITY).where(AUTHORITY.c.collectivite == siren).values(line=line)
            )


def lines_of(connection: Connection, sirens: Iterable[str]) -> dict[str, str]:
    """Return by which line some authorities send, of those that have packed something."""
    statement = select(AUTHORITY.c.collectivite, AUTHORITY.c.line)
    rows = by_keys(connection, statement, AUTHORITY.c.collectivite, sirens)
    return {row.collectivite: row.line for row in rows}


def known_lines(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Return those of some lines that are known."""
    rows = by_keys(connection, select(LINE.c.name), LINE.c.name, names)
    return frozenset(row.name for row in rows)


def room(connection: Connection, pace: Pace, now: datetime) -> Room:
    """Look at every line."""
    lines = {row.name: row for row in connection.execute(_LINES, {"now": now})}
    return Room(lines=lines, full=[name for name, row in lines.items() if _is_full(row, pace, now)])


def _is_full(row: Row[Any], pace: Pace, now: datetime) -> bool:
    most = pace.of(row.name).simultaneous
    return (most is not None and row.in_flight >= most) or _stop(row, pace, now) is not None


def stops(
    connection: Connection, pace: Pace, now: datetime, names: Iterable[str]
) -> tuple[StopView, ...]:
    """Return the lines by which nothing leaves for a while, and why.

    :param names: lines that are looked at even if nothing has left by them yet.
    """
    rows = connection.execute(select(LINE).order_by(LINE.c.name)).all()
    fresh = sorted(set(names) - {row.name for row in rows})
    found = [_stop(row, pace, now) for row in rows]
    found += [_quiet(name, pace, now) for name in fresh]
    return tuple(one for one in found if one is not None)


def _stop(row: Row[Any], pace: Pace, now: datetime) -> StopView | None:
    limits = pace.of(row.name)
    if row.shut_until is not None and row.shut_until > now:
        return StopView(line=row.name, why=Stop.SHUT, until=row.shut_until)
    if (quiet := _quiet(row.name, pace, now)) is not None:
        return quiet
    if limits.bytes_per_hour is not None and _left(row, now) >= limits.bytes_per_hour:
        return StopView(line=row.name, why=Stop.BYTES, until=hour_of(now) + HOUR)
    return None


def _quiet(name: str, pace: Pace, now: datetime) -> StopView | None:
    end = quiet_until(pace.of(name).quiet, now)
    return None if end is None else StopView(line=name, why=Stop.QUIET, until=end)


def _left(row: Row[Any], now: datetime) -> int:
    """Return how many bytes left by a line in this hour."""
    return int(row.hour_bytes) if row.hour == hour_of(now) else 0


def take_room(
    connection: Connection,
    row: Row[Any],
    size: int,
    *,
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
        connection.execute(_ONE.values(**values), {"line": row.name})
    return bool(row.openings)


def has_failed(connection: Connection, name: str) -> bool:
    """Tell whether the last that is known of a line is that it did not answer."""
    failures = select(LINE.c.failures).where(LINE.c.name == name)
    return bool(connection.execute(failures).scalar())


def answered(connection: Connection, name: str) -> None:
    """Write down that a line answered: it is open to all."""
    connection.execute(_OPEN, {"line": name})


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

    :param trying: whether it was the one flow that tried a line that was shut. What else was under
        way when the line was shut, and fails afterwards, does not shut it for longer.
    """
    row = connection.execute(select(LINE).where(LINE.c.name == name)).one_or_none()
    if row is None:
        return None
    values: dict[str, Any] = {"failures": row.failures + 1}
    until = None
    is_shut = row.shut_until is not None and row.shut_until > now
    if trying or (not is_shut and row.failures + 1 >= pace.failures):
        until = now + pace.shut_for(row.openings + 1)
        told = dump_faults(Faults([fault] if fault else []))
        values |= {"openings": row.openings + 1, "shut_until": until, "fault": told}
    connection.execute(_ONE.values(**values), {"line": name})
    return until


def give_back(connection: Connection, name: str, size: int, *, trying: bool, now: datetime) -> None:
    """Write down that nothing was sent after all: it does not count, and the next flow may try."""
    same_hour = LINE.c.hour == hour_of(now)
    left = case((same_hour, LINE.c.hour_bytes - size), else_=LINE.c.hour_bytes)
    values: dict[str, Any] = {"hour_bytes": left} | ({"shut_until": now} if trying else {})
    connection.execute(_ONE.values(**values), {"line": name})

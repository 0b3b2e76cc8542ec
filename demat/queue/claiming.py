"""Whose turn it is: the next flow to send, found without looking at those that wait or are done.

``authority.due_at`` tells when the first flow of an authority is due. Whatever lets a flow wait to
be sent, or takes it away, keeps it in the same transaction (:func:`expect`, :func:`reckon`): a
claim looks at one row per authority that has something to send, then at the flows of one of them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Function,
    Row,
    ScalarSelect,
    Update,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from demat.queue.codec import load
from demat.queue.journal import JournalEntry, append
from demat.queue.lines import Room, room, take_room
from demat.queue.model import AUTHORITY, TRANSMISSION
from demat.queue.pace import Pace, hour_of
from demat.queue.registers import ensure_authority
from demat.queue.rows import SUPERSEDED_BY, delivery_is
from demat.queue.states import DeliveryState

__all__ = ["INTENT", "Taken", "Wanted", "expect", "reckon", "take_next", "uncount"]

INTENT = "intention"
"""Fact of a transmission: what else its intent record tells, as strings."""
_PAST = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once, even after the clock of this computer was set back."""
_ANY = 1 << 30
_TODO = delivery_is(DeliveryState.TODO)
_INSTANT = TRANSMISSION.c.next_attempt_at.type
_NOW = bindparam("now", type_=_INSTANT)
_HOUR = bindparam("the_hour", type_=_INSTANT)


def _due_at() -> Function[Any]:
    """Return when the first flow of the authority in question is due; NULL when it has none."""
    mine = (TRANSMISSION.c.collectivite == AUTHORITY.c.collectivite, _TODO)
    at_once = select(bindparam("past", type_=_INSTANT)).where(
        *mine, TRANSMISSION.c.next_attempt_at.is_(None)
    )
    first = select(func.min(TRANSMISSION.c.next_attempt_at)).where(*mine)
    return func.coalesce(
        at_once.limit(1).correlate(AUTHORITY).scalar_subquery(),
        first.correlate(AUTHORITY).scalar_subquery(),
    )


_MINE = update(AUTHORITY).where(AUTHORITY.c.collectivite == bindparam("siren"))
_EXPECT = _MINE.values(due_at=bindparam("past", type_=_INSTANT))
_RECKON = _MINE.values(due_at=_due_at())
_SERVE = _MINE.values(
    served_rank=bindparam("rank"),
    due_at=_due_at(),
    hour=_HOUR,
    hour_claims=case((AUTHORITY.c.hour == _HOUR, AUTHORITY.c.hour_claims + 1), else_=1),
).returning(AUTHORITY.c.line)
_UNCOUNT = _MINE.where(AUTHORITY.c.hour == _HOUR).values(hour_claims=AUTHORITY.c.hour_claims - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which flow is asked for, and by whom."""

    worker: str
    token: str
    lease_until: datetime
    collectivites: Collection[str] | None = None
    """Only of those authorities; none means of any."""
    transmission: int | None = None
    """Only that one; none means any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A flow that was claimed."""

    row: Row[Any]
    line: str
    """Line by which it leaves."""
    trying: bool
    """Whether it tries a line that was shut."""


def expect(connection: Connection, collectivite: str) -> None:
    """Say that an authority has a flow to send at once; before anything is told to the journal."""
    ensure_authority(connection, collectivite)
    connection.execute(_EXPECT, {"siren": collectivite, "past": _PAST})


def reckon(connection: Connection, collectivite: str) -> None:
    """Look again when the first flow of an authority is due; before the journal is told."""
    connection.execute(_RECKON, {"siren": collectivite, "past": _PAST})


def uncount(connection: Connection, collectivite: str, now: datetime) -> None:
    """Take back the last claim from those of this hour: nothing was sent."""
    connection.execute(_UNCOUNT, {"siren": collectivite, "the_hour": hour_of(now)})


def take_next(
    connection: Connection, wanted: Wanted, pace: Pace | None, now: datetime
) -> Taken | None:
    """Move the next due flow to doing, if there is one that may leave.

    :param pace: limits; none means no limit at all.
    """
    space = Room(lines={}) if pace is None else room(connection, pace, now)
    statement = _take(wanted.collectivites is not None, wanted.transmission is not None)
    row = connection.execute(statement, _values(wanted, space, pace, now)).one_or_none()
    if row is None:
        return None
    moved_by = {"before": DeliveryState.TODO.value, "after": DeliveryState.DOING.value}
    entry = JournalEntry(
        at=now,
        collectivite=row.collectivite,
        deposit_id=row.deposit_id,
        transmission_id=row.id,
        action="claimed",
        detail=_intent(row, wanted.worker),
        **moved_by,
    )
    rank = append(connection, entry)
    turn = {"siren": row.collectivite, "rank": rank, "the_hour": hour_of(now), "past": _PAST}
    line: str = connection.execute(_SERVE, turn).scalar_one()
    trying = False
    if pace is not None and line in space.lines:
        lease = wanted.lease_until
        found = space.lines[line]
        trying = take_room(connection, found, row.size, pace=pace, lease_until=lease, now=now)
    return Taken(row=row, line=line, trying=trying)


def _intent(row: Row[Any], worker: str) -> dict[str, str]:
    """Return what is written down before anything is sent (connectors dossier §9.2, step 1).

    The SIREN is that of the entry; what an archive holds was told when it was frozen.
    """
    told: dict[str, str] = load(row.facts).get(INTENT, {})
    frozen = {"cle": row.key, "fichier": row.file_name, "sha256": row.sha256}
    return {"par": worker, "tentative": str(row.attempts)} | frozen | told


def _values(wanted: Wanted, space: Room, pace: Pace | None, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "token": wanted.token,
        "worker": wanted.worker,
        "lease": wanted.lease_until,
        "now": now,
        "the_hour": hour_of(now),
        "per_hour": _ANY if pace is None or pace.per_hour is None else pace.per_hour,
        "full": space.full,
        "busy": space.busy,
    }
    if wanted.collectivites is not None:
        values["sirens"] = list(wanted.collectivites)
    if wanted.transmission is not None:
        values["number"] = wanted.transmission
    return values


@cache
def _take(some_authorities: bool, one_flow: bool) -> Update:
    return (
        update(TRANSMISSION)
        .where(TRANSMISSION.c.id == _oldest(some_authorities, one_flow), _TODO)
        .values(
            delivery=DeliveryState.DOING.value,
            attempts=TRANSMISSION.c.attempts + 1,
            next_attempt_at=None,
            claim_token=bindparam("token"),
            claimed_by=bindparam("worker"),
            lease_until=bindparam("lease"),
            updated_at=_NOW,
        )
        .returning(TRANSMISSION, SUPERSEDED_BY)
    )


def _oldest(some_authorities: bool, one_flow: bool) -> ScalarSelect[int]:
    flow = TRANSMISSION.alias("flow")
    due = or_(flow.c.next_attempt_at.is_(None), flow.c.next_attempt_at <= _NOW)
    conditions = [flow.c.collectivite == _first(some_authorities, one_flow), due]
    if one_flow:
        conditions.append(flow.c.id == bindparam("number"))
    return (
        select(flow.c.id)
        .where(*conditions, delivery_is(DeliveryState.TODO, flow))
        .order_by(flow.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )


def _first(some_authorities: bool, one_flow: bool) -> ScalarSelect[str]:
    """Return the authority served least recently among those that have a flow that may leave."""
    conditions = [
        AUTHORITY.c.due_at <= _NOW,
        or_(AUTHORITY.c.paused_until.is_(None), AUTHORITY.c.paused_until <= _NOW),
        AUTHORITY.c.line.not_in(bindparam("full", expanding=True)),
        AUTHORITY.c.collectivite.not_in(bindparam("busy", expanding=True)),
        or_(
            AUTHORITY.c.hour.is_(None),
            AUTHORITY.c.hour != _HOUR,
            AUTHORITY.c.hour_claims < bindparam("per_hour"),
        ),
    ]
    if some_authorities:
        conditions.append(AUTHORITY.c.collectivite.in_(bindparam("sirens", expanding=True)))
    if one_flow:
        owner = TRANSMISSION.alias("wanted")
        mine = select(owner.c.collectivite).where(owner.c.id == bindparam("number"))
        conditions.append(AUTHORITY.c.collectivite == mine.scalar_subquery())
    return (
        select(AUTHORITY.c.collectivite)
        .where(*conditions)
        .order_by(AUTHORITY.c.served_rank, AUTHORITY.c.collectivite)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )

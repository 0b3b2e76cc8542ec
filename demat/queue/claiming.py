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
    Exists,
    Function,
    Row,
    ScalarSelect,
    Update,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from demat.queue.codec import load
from demat.queue.journal import JournalEntry, append
from demat.queue.lines import NO_LIMIT, Room, room, take_room
from demat.queue.model import AUTHORITY, TRANSMISSION
from demat.queue.pace import Pace, hour_of
from demat.queue.registers import ensure_authority
from demat.queue.rows import delivery_is
from demat.queue.states import DeliveryState

__all__ = ["INTENT", "Taken", "Wanted", "expect", "reckon", "take_next", "uncount"]

INTENT = "intention"
"""Fact of a transmission: what else its intent record tells, as strings."""
_PAST = datetime(1970, 1, 1, tzinfo=UTC)
"""Due at once, even after the clock of this computer was set back."""
_OPTIONAL = frozenset({"full", "one_at_a_time", "sirens", "others", "per_hour", "number"})
"""What restricts a claim, when it does."""
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
    but_not: Collection[str] = ()
    """Of none of those authorities."""
    transmission: int | None = None
    """Only that one; none means any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A flow that was claimed."""

    row: Row[Any]
    line: str
    """Line by which it leaves."""
    doubted: bool
    """Whether that line did not answer of late."""
    trying: bool
    """Whether it tries a line that was shut."""


def expect(connection: Connection, collectivite: str) -> None:
    """Say that an authority has a flow to send at once."""
    ensure_authority(connection, collectivite)
    connection.execute(_EXPECT, {"siren": collectivite, "past": _PAST})


def reckon(connection: Connection, collectivite: str) -> None:
    """Look again when the first flow of an authority is due."""
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
    space = NO_LIMIT if pace is None else room(connection, pace, now)
    values = _values(wanted, space, pace, now)
    row = connection.execute(_take(frozenset(values) & _OPTIONAL), values).one_or_none()
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
    found = space.lines.get(line)
    if pace is None or found is None:
        return Taken(row=row, line=line, doubted=False, trying=False)
    lease = wanted.lease_until
    trying = take_room(connection, found, row.size, pace=pace, lease_until=lease, now=now)
    return Taken(row=row, line=line, doubted=found.failures > 0, trying=trying)


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
    }
    if pace is not None:
        values["one_at_a_time"] = True
    if pace is not None and pace.per_hour is not None:
        values |= {"per_hour": pace.per_hour, "the_hour": hour_of(now)}
    if space.full:
        values["full"] = space.full
    if wanted.collectivites is not None:
        values["sirens"] = list(wanted.collectivites)
    if wanted.but_not:
        values["others"] = list(wanted.but_not)
    if wanted.transmission is not None:
        values["number"] = wanted.transmission
    return values


@cache
def _take(given: frozenset[str]) -> Update:
    """Return the statement of a claim; made once for each combination of what restricts it."""
    return (
        update(TRANSMISSION)
        .where(TRANSMISSION.c.id == _oldest(given), _TODO)
        .values(
            delivery=DeliveryState.DOING.value,
            attempts=TRANSMISSION.c.attempts + 1,
            next_attempt_at=None,
            claim_token=bindparam("token"),
            claimed_by=bindparam("worker"),
            lease_until=bindparam("lease"),
            updated_at=_NOW,
        )
        .returning(TRANSMISSION)
    )


def _oldest(given: frozenset[str]) -> ScalarSelect[int]:
    flow = TRANSMISSION.alias("flow")
    due = or_(flow.c.next_attempt_at.is_(None), flow.c.next_attempt_at <= _NOW)
    found = select(flow.c.id).where(
        flow.c.collectivite == _first(given), delivery_is(DeliveryState.TODO, flow), due
    )
    if "number" in given:
        found = found.where(flow.c.id == bindparam("number"))
    return found.order_by(flow.c.id).limit(1).scalar_subquery()


def _first(given: frozenset[str]) -> ScalarSelect[str]:
    """Return the authority served least recently among those that have a flow that may leave."""
    siren, paused = AUTHORITY.c.collectivite, AUTHORITY.c.paused_until
    found = select(siren).where(AUTHORITY.c.due_at <= _NOW, or_(paused.is_(None), paused <= _NOW))
    if "full" in given:
        found = found.where(AUTHORITY.c.line.not_in(bindparam("full", expanding=True)))
    if "one_at_a_time" in given:
        found = found.where(~_is_sending())
    if "sirens" in given:
        found = found.where(siren.in_(bindparam("sirens", expanding=True)))
    if "others" in given:
        found = found.where(siren.not_in(bindparam("others", expanding=True)))
    if "per_hour" in given:
        another = or_(AUTHORITY.c.hour.is_(None), AUTHORITY.c.hour != _HOUR)
        found = found.where(or_(another, AUTHORITY.c.hour_claims < bindparam("per_hour")))
    if "number" in given:
        owner = TRANSMISSION.alias("wanted")
        mine = select(owner.c.collectivite).where(owner.c.id == bindparam("number"))
        found = found.where(siren == mine.scalar_subquery())
    return found.order_by(AUTHORITY.c.served_rank, siren).limit(1).scalar_subquery()


def _is_sending() -> Exists:
    """Whether a flow of the authority in question is being sent: one at a time per account."""
    sent = TRANSMISSION.alias("sent")
    return (
        exists()
        .where(
            sent.c.collectivite == AUTHORITY.c.collectivite,
            delivery_is(DeliveryState.DOING, sent),
            sent.c.lease_until > _NOW,
        )
        .correlate(AUTHORITY)
    )

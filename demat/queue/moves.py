"""The moves: the only statements that change a state, each guarded and told to the journal.

A guarded ``UPDATE … WHERE state IN (…)`` that finds no row raises ``TransitionRefused``; the
transaction of the caller is then rolled back, so that nothing has changed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    delete,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)

from demat.faults import Faults
from demat.queue.codec import dump, dump_faults, load
from demat.queue.journal import JournalEntry, append
from demat.queue.model import AUTHORITY, DEPOSIT, TRANSMISSION, USED_KEY
from demat.queue.rows import Condition, unknown
from demat.queue.states import DeliveryState, DepositState, TransitionRefused

__all__ = [
    "INTENT",
    "DeliveryMove",
    "DepositMove",
    "EtatMove",
    "codes",
    "free_keys",
    "locked_deposit",
    "locked_transmission",
    "move_delivery",
    "move_deposit",
    "move_etat",
    "take_next",
    "tell",
]

INTENT = "intention"
"""Fact of a transmission: what else its intent record tells, as strings."""
NO_FAULTS = Faults()
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class DepositMove:
    """A step in the preparation of a deposit."""

    to: DepositState
    """State it goes to."""
    sources: frozenset[DepositState]
    """States from which it may."""
    faults: Faults = NO_FAULTS
    """What was found; it replaces what an earlier move had found."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """What is merged into what earlier moves left."""
    kind: str | None = None
    """What the deposit was recognised as, when this move tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryMove:
    """A step in the sending of a transmission."""

    to: DeliveryState
    """State it goes to."""
    sources: frozenset[DeliveryState]
    """States from which it may; those that the transition table forbids are left out."""
    action: str
    """Name of the step in the journal."""
    condition: Condition | None = None
    """What else must hold, such as a living claim."""
    faults: Faults = NO_FAULTS
    """Why; it replaces what an earlier outcome had told."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Other columns that change with it."""
    frees: Collection[str] = ()
    """Families of numbers that may be used again from then on."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """What the journal tells besides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EtatMove:
    """A change of legal state, on an answer of the State."""

    to: str
    """Legal state it goes to."""
    final: bool
    """Whether the State has no further word to say."""
    negative: bool
    """Whether that state is unfavourable."""
    before: str | None
    """Legal state that is expected; ``None`` when any will do."""
    faults: Faults
    """What the State found."""
    detail: Mapping[str, str]
    """What the journal tells besides."""
    frees: Collection[tuple[str, str]] = ()
    """Families and numbers that may be used again from then on."""
    action: str = "receipt"
    """Name of the step in the journal."""


def move_deposit(
    connection: Connection, deposit_id: int, move: DepositMove, now: datetime
) -> Row[Any]:
    """Move the preparation of a deposit and return the row as it was before.

    :raises TransitionRefused: when its state does not allow it.
    """
    row = locked_deposit(connection, deposit_id)
    allowed = sorted(state.value for state in move.sources if move.to in state.successors)
    moved = connection.execute(
        update(DEPOSIT)
        .where(DEPOSIT.c.id == deposit_id, DEPOSIT.c.state.in_(allowed))
        .values(
            state=move.to.value,
            faults=dump_faults(move.faults),
            detail=dump(load(row.detail) | dict(move.detail)),
            kind=row.kind if move.kind is None else move.kind,
            updated_at=now,
        )
        .returning(DEPOSIT.c.id)
    ).one_or_none()
    if moved is None:
        raise TransitionRefused(
            subject=f"deposit {deposit_id}", current=row.state, allowed=allowed, to=move.to.value
        )
    append(
        connection,
        JournalEntry(
            at=now,
            collectivite=row.collectivite,
            deposit_id=deposit_id,
            action=move.to.value,
            before=row.state,
            after=move.to.value,
            detail=dict(move.detail) | codes(move.faults),
        ),
    )
    return row


def move_delivery(
    connection: Connection, transmission_id: int, move: DeliveryMove, now: datetime
) -> None:
    """Move one delivery state; whoever held a claim on it holds it no more.

    :raises TransitionRefused: when its state, or its claim, does not allow it.
    """
    row = locked_transmission(connection, transmission_id)
    allowed = sorted(state.value for state in move.sources if move.to in state.successors)
    free = {"claim_token": None, "claimed_by": None, "lease_until": None}
    values = {"unknown_since": _unknown_since(row, move.to, now)} | dict(move.values)
    moved = connection.execute(
        update(TRANSMISSION)
        .where(
            TRANSMISSION.c.id == transmission_id,
            TRANSMISSION.c.delivery.in_(allowed),
            true() if move.condition is None else move.condition,
        )
        .values(
            delivery=move.to.value,
            faults=dump_faults(move.faults),
            updated_at=now,
            **free,
            **values,
        )
        .returning(TRANSMISSION.c.id)
    ).one_or_none()
    if moved is None:
        lost = " (claim lost or expired)" if row.delivery in allowed else ""
        raise TransitionRefused(
            subject=f"transmission {transmission_id}",
            current=f"{row.delivery}{lost}",
            allowed=allowed,
            to=move.to.value,
        )
    detail = dict(move.detail) | codes(move.faults)
    moved_by = {"before": row.delivery, "after": move.to.value}
    tell(connection, row, move.action, now, detail=detail, **moved_by)
    if move.frees:
        free_keys(connection, row, now, kinds=move.frees)


def _unknown_since(row: Row[Any], to: DeliveryState, now: datetime) -> datetime | None:
    """Return since when nobody knows what became of a sending, once it has moved."""
    if to in DeliveryState.unsettled():
        return row.unknown_since or now
    # what is to be sent once more, in order to know, is not settled by that
    return row.unknown_since if to is DeliveryState.TODO else None


def move_etat(connection: Connection, row: Row[Any], move: EtatMove, now: datetime) -> None:
    """Move the legal state of a locked transmission, and nothing of its delivery.

    :raises TransitionRefused: when it is no longer in the expected state.
    """
    if move.before is not None and row.etat != move.before:
        raise TransitionRefused(
            subject=f"legal state of transmission {row.id}",
            current=row.etat,
            allowed=[move.before],
            to=move.to,
        )
    connection.execute(
        update(TRANSMISSION)
        .where(TRANSMISSION.c.id == row.id)
        .values(
            etat=move.to,
            etat_final=move.final,
            etat_negative=move.negative,
            faults=dump_faults(move.faults),
            updated_at=now,
        )
    )
    detail = dict(move.detail) | codes(move.faults)
    tell(connection, row, move.action, now, before=row.etat, after=move.to, detail=detail)
    if move.frees:
        free_keys(connection, row, now, only=move.frees)


def free_keys(
    connection: Connection,
    row: Row[Any],
    now: datetime,
    *,
    kinds: Collection[str] | None = None,
    only: Collection[tuple[str, str]] | None = None,
) -> None:
    """Let numbers of a locked transmission be used again, and tell the journal which.

    :param kinds: their families; none means any.
    :param only: families and numbers; none means all.
    """
    of_kind = true() if kinds is None else USED_KEY.c.kind.in_(list(kinds))
    listed = true() if only is None else tuple_(USED_KEY.c.kind, USED_KEY.c.key).in_(list(only))
    freed = connection.execute(
        delete(USED_KEY)
        .where(USED_KEY.c.transmission_id == row.id, of_kind, listed)
        .returning(USED_KEY.c.kind, USED_KEY.c.key)
    ).all()
    names = sorted(f"{one.kind}:{one.key}" for one in freed)
    tell(connection, row, "keys_released", now, detail={"cles": " ".join(names)})


def take_next(
    connection: Connection,
    *,
    worker: str,
    token: str,
    lease_until: datetime,
    collectivites: Iterable[str] | None,
    now: datetime,
) -> int | None:
    """Move the next due transmission to doing and return its number, if there is one."""
    row = connection.execute(
        update(TRANSMISSION)
        .where(
            TRANSMISSION.c.id == _next_due(now, collectivites),
            TRANSMISSION.c.delivery == DeliveryState.TODO.value,
        )
        .values(
            delivery=DeliveryState.DOING.value,
            attempts=TRANSMISSION.c.attempts + 1,
            next_attempt_at=None,
            claim_token=token,
            claimed_by=worker,
            lease_until=lease_until,
            updated_at=now,
        )
        .returning(TRANSMISSION)
    ).one_or_none()
    if row is None:
        return None
    _serve(connection, row.collectivite)
    moved_by = {"before": DeliveryState.TODO.value, "after": DeliveryState.DOING.value}
    tell(connection, row, "claimed", now, detail=_intent(row, worker), **moved_by)
    return int(row.id)


def _intent(row: Row[Any], worker: str) -> dict[str, str]:
    """Return what is written down before anything is sent (connectors dossier §9.2, step 1).

    The SIREN is that of the entry; what an archive holds was told when it was frozen.
    """
    told: dict[str, str] = load(row.facts).get(INTENT, {})
    frozen = {"cle": row.key, "fichier": row.file_name, "sha256": row.sha256}
    return {"par": worker, "tentative": str(row.attempts)} | frozen | told


def tell(
    connection: Connection,
    row: Row[Any],
    action: str,
    now: datetime,
    *,
    before: str = "",
    after: str = "",
    detail: Mapping[str, str],
) -> None:
    """Write in the journal something about a transmission."""
    append(
        connection,
        JournalEntry(
            at=now,
            collectivite=row.collectivite,
            deposit_id=row.deposit_id,
            transmission_id=row.id,
            action=action,
            before=before,
            after=after,
            detail=detail,
        ),
    )


def codes(faults: Faults) -> dict[str, str]:
    """Return what the journal keeps of faults: their codes, no personal data."""
    return {"codes": " ".join(faults.codes)} if faults else {}


def locked_deposit(connection: Connection, deposit_id: int) -> Row[Any]:
    """Return the row of a deposit, which nobody else may change before the transaction ends.

    :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
    """
    row = connection.execute(
        select(DEPOSIT).where(DEPOSIT.c.id == deposit_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise unknown("DEPOSIT", deposit_id)
    return row


def locked_transmission(connection: Connection, transmission_id: int) -> Row[Any]:
    """Return the row of a transmission, which nobody else may change before the transaction ends.

    :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
    """
    row = connection.execute(
        select(TRANSMISSION).where(TRANSMISSION.c.id == transmission_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise unknown("TRANSMISSION", transmission_id)
    return row


def _next_due(now: datetime, collectivites: Iterable[str] | None) -> ScalarSelect[int]:
    conditions = [
        TRANSMISSION.c.delivery == DeliveryState.TODO.value,
        or_(TRANSMISSION.c.next_attempt_at.is_(None), TRANSMISSION.c.next_attempt_at <= now),
        or_(AUTHORITY.c.paused_until.is_(None), AUTHORITY.c.paused_until <= now),
    ]
    if collectivites is not None:
        conditions.append(TRANSMISSION.c.collectivite.in_(list(collectivites)))
    return (
        select(TRANSMISSION.c.id)
        .join(AUTHORITY, AUTHORITY.c.collectivite == TRANSMISSION.c.collectivite)
        .where(*conditions)
        .order_by(AUTHORITY.c.served_rank, TRANSMISSION.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=TRANSMISSION)
        .correlate(None)
        .scalar_subquery()
    )


def _serve(connection: Connection, collectivite: str) -> None:
    others = AUTHORITY.alias("others")
    last = select(func.coalesce(func.max(others.c.served_rank), 0)).scalar_subquery()
    connection.execute(
        update(AUTHORITY)
        .where(AUTHORITY.c.collectivite == collectivite)
        .values(served_rank=last + 1)
    )

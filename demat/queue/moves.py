"""The moves: the only statements that change a state, each guarded and told to the journal.

A guarded ``UPDATE … WHERE state IN (…)`` that finds no row raises ``TransitionRefused``; the
transaction of the caller is then rolled back, so that nothing has changed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Update,
    bindparam,
    delete,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)

from demat.faults import Faults
from demat.queue.claiming import reckon
from demat.queue.codec import dump, dump_faults, load
from demat.queue.journal import JournalEntry, append
from demat.queue.model import DEPOSIT, TRANSMISSION, USED_KEY
from demat.queue.rows import unknown
from demat.queue.states import DeliveryState, DepositState, TransitionRefused

__all__ = [
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
    "tell",
]

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
    held_by: str | None = None
    """Token of the claim that must still be alive; none means that none is needed."""
    attempt: int | None = None
    """The sending from which this is concluded, by its rank; ``None``: the last one."""
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
) -> Row[Any]:
    """Move one delivery state and return the new row; whoever held a claim on it holds it no more.

    :raises TransitionRefused: when its state, or its claim, does not allow it.
    """
    allowed = sorted(state for state in move.sources if move.to in state.successors)
    before = _only(allowed) or locked_transmission(connection, transmission_id).delivery
    values = {
        "number": transmission_id,
        "delivery": move.to.value,
        "faults": dump_faults(move.faults),
        "updated_at": now,
        **move.values,
    }
    if move.held_by is not None:
        values |= {"held_by": move.held_by, "at": now}
    if move.to in DeliveryState.unsettled():
        values["since"] = now
    if move.attempt is not None:
        values["attempt"] = move.attempt
    statement = _moving(tuple(allowed), move.to, move.held_by is not None, move.attempt is not None)
    moved = connection.execute(statement, values).one_or_none()
    if moved is None:
        row = locked_transmission(connection, transmission_id)
        lost = " (claim lost or expired)" if row.delivery in allowed else ""
        raise TransitionRefused(
            subject=f"transmission {transmission_id}",
            current=f"{row.delivery}{lost}",
            allowed=allowed,
            to=move.to.value,
        )
    if DeliveryState.TODO in (before, move.to):
        reckon(connection, moved.collectivite)
    detail = dict(move.detail) | codes(move.faults)
    moved_by = {"before": str(before), "after": move.to.value}
    tell(connection, moved, move.action, now, detail=detail, **moved_by)
    if move.frees:
        free_keys(connection, moved, now, kinds=move.frees)
    return moved


def _only(allowed: Sequence[DeliveryState]) -> DeliveryState | None:
    """Return the state that a row is in when it may be moved, if there is but one."""
    return allowed[0] if len(allowed) == 1 else None


@cache
def _moving(
    allowed: tuple[DeliveryState, ...], to: DeliveryState, held: bool, attempted: bool
) -> Update:
    """Return the statement that moves a delivery; made once, for it is the one that runs most.

    :param held: whether only the holder of a living claim may.
    :param attempted: whether only what was not sent once more since may be moved.
    """
    movable = or_(false(), *(TRANSMISSION.c.delivery == state.value for state in allowed))
    statement = update(TRANSMISSION).where(TRANSMISSION.c.id == bindparam("number"), movable)
    if held:
        at = bindparam("at", type_=TRANSMISSION.c.lease_until.type)
        statement = statement.where(
            TRANSMISSION.c.claim_token == bindparam("held_by"), TRANSMISSION.c.lease_until > at
        )
    if attempted:
        statement = statement.where(TRANSMISSION.c.attempts == bindparam("attempt"))
    free: dict[str, Any] = {"claim_token": None, "claimed_by": None, "lease_until": None}
    doubt = TRANSMISSION.c.unknown_since
    if to in DeliveryState.unsettled():
        free["unknown_since"] = func.coalesce(doubt, bindparam("since", type_=doubt.type))
    elif to is not DeliveryState.TODO:  # what is sent once more in order to know is not settled
        free["unknown_since"] = None
    return statement.values(free).returning(TRANSMISSION)


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

"""From rows to views: the only statements that read whole deposits and transmissions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)

from demat.faults import Fault, FaultError
from demat.queue.codec import load, load_faults
from demat.queue.model import COUNTER, DEPOSIT, DEPOSIT_FILE, TRANSMISSION
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import DepositView, PublicationView, ReceivedFile, TransmissionView

__all__ = [
    "by_keys",
    "chunks",
    "delivery_in",
    "delivery_is",
    "deposit_views",
    "floor_of",
    "moved_view",
    "number_ahead",
    "one_deposit",
    "one_transmission",
    "publication_view",
    "transmission_views",
    "unknown",
]

Condition = ColumnElement[bool]
T = TypeVar("T")
_CHUNK = 400
"""Values in one question: a database counts its parameters."""

_NEWER_DEPOSIT = DEPOSIT.alias("newer_deposit")
_NEWER_TRANSMISSION = TRANSMISSION.alias("newer_transmission")
_REPLACED_BY = (
    select(_NEWER_DEPOSIT.c.id)
    .where(_NEWER_DEPOSIT.c.replaces == DEPOSIT.c.id)
    .scalar_subquery()
    .label("replaced_by")
)
_SUPERSEDED_BY = (
    select(_NEWER_TRANSMISSION.c.id)
    .where(_NEWER_TRANSMISSION.c.supersedes == TRANSMISSION.c.id)
    .scalar_subquery()
    .label("superseded_by")
)


_HEIR = select(_NEWER_TRANSMISSION.c.id).where(
    _NEWER_TRANSMISSION.c.supersedes == bindparam("number")
)


def delivery_is(state: DeliveryState, table: FromClause = TRANSMISSION) -> Condition:
    """Return a condition on ``TRANSMISSION``, or an alias of it, for which its indexes are made.

    The state is written in the statement: a database cannot tell from a parameter that an index of
    what is unfinished will do.
    """
    mine = table.c.delivery == _written(state)
    return mine if state is _DELIVERED else and_(table.c.delivery != _written(_DELIVERED), mine)


def delivery_in(states: Iterable[DeliveryState]) -> Condition:
    """Return a condition on ``TRANSMISSION``: in one of several states, none of them deposited."""
    column = TRANSMISSION.c.delivery
    return and_(column != _written(_DELIVERED), column.in_([state.value for state in states]))


_DELIVERED = DeliveryState.DEPOSITED


def _written(state: DeliveryState) -> ColumnElement[str]:
    return literal_column(f"'{state.value}'")


def floor_of(table: Table) -> str:
    """Return the name of the counter that holds above which number a table goes on."""
    return f"plancher {table.name}"


def number_ahead(connection: Connection, table: Table) -> dict[str, int]:
    """Return the number of a row after a restoration; nothing: the database numbers it.

    The numbers that were given between the backup and the disaster are on sheets that agents hold:
    they must not become those of something else.
    """
    mine = (COUNTER.c.collectivite == "", COUNTER.c.counter == floor_of(table))
    floor = connection.execute(
        select(COUNTER.c.value).where(*mine, COUNTER.c.period == "")
    ).scalar()
    if floor is None:
        return {}
    last = connection.execute(select(func.max(table.c.id))).scalar() or 0
    return {"id": max(last, floor) + 1}  # a sequence of PostgreSQL would not go on from there


def unknown(kind: str, number: int) -> FaultError:
    """Return the error for a number that no ``DEPOSIT`` or ``TRANSMISSION`` has."""
    return FaultError(Fault(code=f"QUE-UNKNOWN_{kind}", params={"numero": str(number)}))


def deposit_views(connection: Connection, *conditions: Condition) -> tuple[DepositView, ...]:
    """Return the deposits that meet all conditions on ``DEPOSIT``, oldest first."""
    rows = connection.execute(
        select(DEPOSIT, _REPLACED_BY).where(*conditions).order_by(DEPOSIT.c.id)
    ).all()
    files = _files(connection, *conditions)
    return tuple(_deposit(row, tuple(files[row.id])) for row in rows)


def one_deposit(connection: Connection, deposit_id: int) -> DepositView:
    """Return one deposit.

    :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
    """
    views = deposit_views(connection, DEPOSIT.c.id == deposit_id)
    if not views:
        raise unknown("DEPOSIT", deposit_id)
    return views[0]


def transmission_views(
    connection: Connection, *conditions: Condition
) -> tuple[TransmissionView, ...]:
    """Return the transmissions that meet all conditions on ``TRANSMISSION``, oldest first."""
    statement = select(TRANSMISSION, _SUPERSEDED_BY).where(*conditions).order_by(TRANSMISSION.c.id)
    return tuple(_transmission(row, row.superseded_by) for row in connection.execute(statement))


def one_transmission(connection: Connection, transmission_id: int) -> TransmissionView:
    """Return one transmission.

    :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
    """
    views = transmission_views(connection, TRANSMISSION.c.id == transmission_id)
    if not views:
        raise unknown("TRANSMISSION", transmission_id)
    return views[0]


def _files(connection: Connection, *conditions: Condition) -> dict[int, list[ReceivedFile]]:
    statement = (
        select(DEPOSIT_FILE)
        .join(DEPOSIT, DEPOSIT.c.id == DEPOSIT_FILE.c.deposit_id)
        .where(*conditions)
        .order_by(DEPOSIT_FILE.c.deposit_id, DEPOSIT_FILE.c.rank)
    )
    files: dict[int, list[ReceivedFile]] = defaultdict(list)
    for row in connection.execute(statement):
        files[row.deposit_id].append(ReceivedFile(name=row.name, sha256=row.sha256, size=row.size))
    return files


def _deposit(row: Row[Any], files: tuple[ReceivedFile, ...]) -> DepositView:
    return DepositView(
        id=row.id,
        collectivite=row.collectivite,
        name=row.name,
        kind=row.kind,
        state=DepositState(row.state),
        files=files,
        faults=load_faults(row.faults),
        detail=load(row.detail),
        token=row.token,
        replaces=row.replaces,
        replaced_by=row.replaced_by,
        received_at=row.received_at,
        updated_at=row.updated_at,
    )


def moved_view(connection: Connection, row: Row[Any]) -> TransmissionView:
    """Return the view of a row of ``TRANSMISSION`` that was in flight when it was moved.

    Only an unfavourable answer lets what is in flight be superseded: nothing is asked otherwise.
    """
    newer = None
    if row.etat_negative:
        newer = connection.execute(_HEIR, {"number": row.id}).scalar()
    return _transmission(row, newer)


def _transmission(row: Row[Any], superseded_by: int | None) -> TransmissionView:
    return TransmissionView(
        id=row.id,
        deposit_id=row.deposit_id,
        collectivite=row.collectivite,
        flux=row.flux,
        file_name=row.file_name,
        sha256=row.sha256,
        size=row.size,
        key=row.key,
        delivery=DeliveryState(row.delivery),
        etat=row.etat,
        etat_final=row.etat_final,
        etat_negative=row.etat_negative,
        reference=row.reference,
        remote_code=row.remote_code,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        lease_until=row.lease_until,
        created_at=row.created_at,
        deposited_at=row.deposited_at,
        unknown_since=row.unknown_since,
        updated_at=row.updated_at,
        facts=load(row.facts),
        faults=load_faults(row.faults),
        supersedes=row.supersedes,
        superseded_by=superseded_by,
    )


def publication_view(row: Row[Any]) -> PublicationView:
    """Return the view of one row of ``PUBLICATION``."""
    return PublicationView(
        transmission_id=row.transmission_id,
        collectivite=row.collectivite,
        first_published=row.first_published,
        url=row.url,
        sha256=row.sha256,
        updated_at=row.updated_at,
        withdrawn_at=row.withdrawn_at,
        withdrawal_reason=row.withdrawal_reason,
    )


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield values in lists that one question can hold."""
    everything = list(values)
    for start in range(0, len(everything), _CHUNK):
        yield everything[start : start + _CHUNK]


def by_keys(
    connection: Connection, statement: Any, column: Any, keys: Iterable[str]
) -> Iterator[Row[Any]]:
    """Yield the rows of a statement whose column is one of those keys, however many there are."""
    for part in chunks(keys):
        yield from connection.execute(statement.where(column.in_(part)))

"""The append-only journal, chained by digests (architecture, decision 10: valeur probante).

``hash`` = SHA-256 of the previous entry's hash followed by the canonical JSON of the entry. The row
``journal_head`` counts the entries and holds the last hash, so that cutting off the end shows too.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from demat.faults import Fault, FaultError, Faults
from demat.queue.codec import dump, load
from demat.queue.model import JOURNAL, JOURNAL_HEAD
from demat.queue.views import JournalView

__all__ = [
    "GENESIS",
    "JournalEntry",
    "append",
    "seal",
    "sealed_values",
    "verify",
    "verify_end",
    "view",
]

GENESIS = "0" * 64
"""What the first entry is chained to."""

_SEALED = (
    "id",
    "at",
    "collectivite",
    "deposit_id",
    "transmission_id",
    "action",
    "before",
    "after",
    "detail",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalEntry:
    """What is to be written in the journal."""

    at: datetime
    """Instant, aware."""
    collectivite: str
    """Authority concerned."""
    action: str
    """What happens."""
    deposit_id: int | None = None
    """Deposit concerned."""
    transmission_id: int | None = None
    """Transmission concerned."""
    before: str = ""
    """State before; empty when nothing moves."""
    after: str = ""
    """State after; empty when nothing moves."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """What else is known; no personal data."""


_END = select(JOURNAL_HEAD.c.entries, JOURNAL_HEAD.c.hash).where(JOURNAL_HEAD.c.id == 1)
_MOVE_END = (
    update(JOURNAL_HEAD)
    .where(
        JOURNAL_HEAD.c.id == 1,
        JOURNAL_HEAD.c.entries == bindparam("last"),
        JOURNAL_HEAD.c.hash == bindparam("previous"),
    )
    .values(entries=bindparam("rank"), hash=bindparam("sealed"))
)
_ENTRY = insert(JOURNAL)
_KNOWN_END = "demat_journal_end"


def append(connection: Connection, entry: JournalEntry) -> int:
    """Seal one entry at the end of the chain, in the transaction of what it tells.

    :returns: its number; they grow by one.
    :raises FaultError: ``QUE-JOURNAL_BROKEN`` when the end of the chain was removed.
    """
    known: tuple[int, str] | None = connection.info.get(_KNOWN_END)
    sealed = None if known is None else _sealed(connection, entry, *known)
    if sealed is None:  # another process wrote, or what we wrote was rolled back
        end = connection.execute(_END).one_or_none()
        sealed = None if end is None else _sealed(connection, entry, end.entries, end.hash)
    if sealed is None:
        raise FaultError(_broken(0))
    connection.info[_KNOWN_END] = sealed
    return sealed[0]


def _sealed(
    connection: Connection, entry: JournalEntry, last: int, previous: str
) -> tuple[int, str] | None:
    """Add an entry after the one that is thought to be the last; ``None`` when it is not."""
    rank = last + 1
    values = _values(entry, rank)
    sealed = seal(previous, values)
    end = {"last": last, "previous": previous, "rank": rank, "sealed": sealed}
    if connection.execute(_MOVE_END, end).rowcount == 0:
        return None
    connection.execute(_ENTRY, values | {"previous_hash": previous, "hash": sealed})
    return rank, sealed


def verify(connection: Connection) -> Faults:
    """Read the whole chain again; one ``QUE-JOURNAL_BROKEN`` per entry that does not hold."""
    return _verify_after(connection, 0, GENESIS)


def verify_end(connection: Connection, count: int) -> Faults:
    """Read the last entries again, as :func:`verify` does; what is before them is believed."""
    last = connection.execute(select(func.max(JOURNAL.c.id))).scalar() or 0
    if last <= count:
        return verify(connection)
    before = select(JOURNAL.c.hash).where(JOURNAL.c.id == last - count)
    previous = connection.execute(before).scalar()
    if previous is None:
        return Faults([_broken(last - count)])
    return _verify_after(connection, last - count, previous)


def _verify_after(connection: Connection, rank: int, previous: str) -> Faults:
    faults: list[Fault] = []
    entries = select(JOURNAL).where(JOURNAL.c.id > rank).order_by(JOURNAL.c.id)
    for row in connection.execute(entries).yield_per(1000):
        if row.id != rank + 1 or not _holds(row, previous):
            faults.append(_broken(row.id))
        rank, previous = row.id, row.hash
    head = connection.execute(select(JOURNAL_HEAD)).one_or_none()
    if head is None or (head.entries, head.hash) != (rank, previous):
        faults.append(_broken(rank if head is None else head.entries))
    return Faults(faults)


def view(row: Row[Any]) -> JournalView:
    """Return an entry as a plain value."""
    return JournalView(
        id=row.id,
        at=datetime.fromisoformat(row.at),
        collectivite=row.collectivite,
        deposit_id=row.deposit_id,
        transmission_id=row.transmission_id,
        action=row.action,
        before=row.before,
        after=row.after,
        detail=load(row.detail),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )


def sealed_values(entry: JournalView) -> dict[str, Any]:
    """Return what the seal of an entry covers, for :func:`seal`."""
    values = _values(
        JournalEntry(
            at=entry.at,
            collectivite=entry.collectivite,
            action=entry.action,
            deposit_id=entry.deposit_id,
            transmission_id=entry.transmission_id,
            before=entry.before,
            after=entry.after,
            detail=entry.detail,
        ),
        entry.id,
    )
    return values


def _values(entry: JournalEntry, rank: int) -> dict[str, Any]:
    return {
        "id": rank,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "collectivite": entry.collectivite,
        "deposit_id": entry.deposit_id,
        "transmission_id": entry.transmission_id,
        "action": entry.action,
        "before": entry.before,
        "after": entry.after,
        "detail": dump(dict(entry.detail)),
    }


def seal(previous: str, values: Mapping[str, Any]) -> str:
    """Return the hash of an entry: SHA-256 of the previous hash, then of its canonical JSON.

    :param values: the sealed columns, as they are stored.
    """
    return hashlib.sha256(f"{previous}{dump(values)}".encode()).hexdigest()


def _holds(row: Row[Any], previous: str) -> bool:
    values = {name: getattr(row, name) for name in _SEALED}
    try:
        return (row.previous_hash, row.hash) == (previous, seal(previous, values))
    except TypeError:  # SQLite lets a forger put bytes where text was
        return False


def _broken(rank: int) -> Fault:
    return Fault(code="QUE-JOURNAL_BROKEN", params={"entree": str(rank)})

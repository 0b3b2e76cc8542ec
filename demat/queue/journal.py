"""The append-only journal, chained by digests (architecture, decision 10: valeur probante).

``hash`` = SHA-256 of the previous entry's hash followed by the canonical JSON of the entry. The row
``journal_head`` counts the entries and holds the last hash, so that cutting off the end shows too.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from demat.faults import Fault, FaultError, Faults
from demat.queue.codec import dump, load
from demat.queue.model import JOURNAL, JOURNAL_HEAD
from demat.queue.views import JournalView

__all__ = ["GENESIS", "JournalEntry", "append", "seal", "sealed_values", "verify", "view"]

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
_LOCKED_END = _END.with_for_update()
_NEW_END = (
    update(JOURNAL_HEAD)
    .where(JOURNAL_HEAD.c.id == 1)
    .values(entries=bindparam("rank"), hash=bindparam("sealed"))
)
_ENTRY = insert(JOURNAL)


def append(connection: Connection, entry: JournalEntry) -> int:
    """Seal one entry at the end of the chain, in the transaction of what it tells.

    :returns: its number; they grow by one.
    :raises FaultError: ``QUE-JOURNAL_BROKEN`` when the end of the chain was removed.
    """
    head = connection.execute(_LOCKED_END).one_or_none()
    if head is None:
        raise FaultError(_broken(0))
    rank: int = head.entries + 1
    values = _values(entry, rank)
    sealed = seal(head.hash, values)
    connection.execute(_ENTRY, values | {"previous_hash": head.hash, "hash": sealed})
    connection.execute(_NEW_END, {"rank": rank, "sealed": sealed})
    return rank


def verify(connection: Connection) -> Faults:
    """Read the whole chain again; one ``QUE-JOURNAL_BROKEN`` per entry that does not hold."""
    faults: list[Fault] = []
    rank, previous = 0, GENESIS
    for row in connection.execute(select(JOURNAL).order_by(JOURNAL.c.id)).yield_per(1000):
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

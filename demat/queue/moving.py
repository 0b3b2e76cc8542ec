"""Moving everything from one database to another, and closing the one that was left.

Two databases that both believe that a flow is to be sent would send it twice. So the source is
closed first, by triggers that refuse every write, from whatever program, of whatever version; then
everything is copied and compared in one transaction of the target; then the source is told that it
is done. What stops before the copy begins to be committed opens the source again. What stops later
leaves it closed, and doing the same again finishes.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, delete, insert, select, update

from demat.faults import Fault, FaultError
from demat.queue.database import Database, moved_fault
from demat.queue.documents import DocumentStore
from demat.queue.journal import JournalEntry, append, verify
from demat.queue.model import DEPLACEMENT, JOURNAL_HEAD, METADATA, RUN, TRANSMISSION
from demat.queue.rows import delivery_is
from demat.queue.states import DeliveryState

__all__ = ["Copying", "copy_to_file", "move_everything"]

_BATCH = 1000
_TABLES = tuple(table for table in METADATA.sorted_tables if table is not DEPLACEMENT)
"""Parents first."""


@dataclass(frozen=True, slots=True)
class _Content:
    """What a table holds, whatever the order of its rows."""

    rows: int = 0
    digest: int = 0
    """Sum of the SHA-256 of the rows, modulo 2^256."""


def move_everything(
    source: Database,
    target: Database,
    towards: str,
    now: datetime,
    *,
    once_closed: Callable[[], None] = lambda: None,
) -> Mapping[str, int]:
    """Move all rows and close the source; return how many rows each table had.

    :param source: opened with ``closed_too``: an earlier try may have been stopped half-way.
    :param target: at the current revision, and empty.
    :param towards: what the source says from then on of where its data are; no password in it.
    :param once_closed: what else is to be moved while nobody writes.
    :raises FaultError: ``QUE-NOT_EMPTY``, ``QUE-SENDING``, ``QUE-RUNNING``, ``QUE-MOVED``,
        ``QUE-MOVING``, ``QUE-COPY``, ``QUE-JOURNAL_BROKEN``, and those of both databases.
    """
    with source.alone("deplacement") as alone:
        if not alone:
            raise FaultError(Fault(code="QUE-RUNNING"))
        return _move(source, target, towards, now, once_closed)


def _move(
    source: Database,
    target: Database,
    towards: str,
    now: datetime,
    once_closed: Callable[[], None],
) -> Mapping[str, int]:
    again = _begun(source, towards)
    if not again:
        with target.reading() as connection:
            _require_empty(connection, towards)
        with source.reading() as connection:
            verify(connection).raise_if_blocking()
        _require_no_run(source)
        _close(source, towards, now)
    holds_nothing = not again
    try:
        with source.reading() as old, target.writing() as new:
            if not (again and _is_copy(old, new)):
                _require_empty(new, towards)
                holds_nothing = True  # and its transaction is not committed
                once_closed()
                _copy(old, new)
                target.take_over(new, _TABLES)
            counts = _compare(old, new)
            holds_nothing = False  # or nobody knows, should the commit fail
    except BaseException:
        if holds_nothing:
            _reopen(source, now)
        raise
    with source.writing() as connection:
        connection.execute(update(DEPLACEMENT).values(done=True))
    return counts


def copy_to_file(source: Database, path: Path) -> None:
    """Copy all rows, as they are at one instant, to a new SQLite file, and compare them.

    :raises FaultError: ``QUE-COPY``, ``QUE-JOURNAL_BROKEN``, and those of both databases.
    """
    target = Database(f"sqlite:///{path}")
    try:
        with source.reading() as old, target.writing() as new:
            _copy(old, new)
            _compare(old, new)
    finally:
        target.close()


def _begun(source: Database, towards: str) -> bool:
    """Tell whether the source is closed already, because of an earlier try."""
    with source.reading() as connection:
        row = connection.execute(select(DEPLACEMENT)).one_or_none()
    if row is None:
        return False
    if row.done or row.vers != towards:
        raise FaultError(moved_fault(row.vers, done=row.done))
    return True


def _close(source: Database, towards: str, now: datetime) -> None:
    """Refuse every write from now on, unless something is being sent."""
    with source.writing() as connection:
        sending = connection.execute(
            select(TRANSMISSION.c.id).where(delivery_is(DeliveryState.DOING))
        ).scalars()
        if numbers := " ".join(str(number) for number in sending):
            raise FaultError(Fault(code="QUE-SENDING", params={"numeros": numbers}))
        _tell(connection, "store_moving", towards, now)
        connection.execute(insert(DEPLACEMENT).values(id=1, vers=towards, at=now, done=False))
        source.refuse_writes(connection, _TABLES)


def _reopen(source: Database, now: datetime) -> None:
    with source.writing() as connection:
        source.allow_writes(connection, _TABLES)
        vers = connection.execute(delete(DEPLACEMENT).returning(DEPLACEMENT.c.vers)).scalar_one()
        _tell(connection, "store_reopened", vers, now)


def _tell(connection: Connection, action: str, towards: str, now: datetime) -> None:
    entry = JournalEntry(at=now, collectivite="", action=action, detail={"vers": towards})
    append(connection, entry)


def _require_no_run(source: Database) -> None:
    """Refuse while a run is under way; one whose process died holds no lock."""
    with source.reading() as connection:
        kinds = connection.execute(select(RUN.c.kind).where(RUN.c.running == 1)).scalars().all()
    for kind in kinds:
        with source.alone(kind) as held:
            if not held:
                raise FaultError(Fault(code="QUE-RUNNING"))


def _require_empty(connection: Connection, towards: str) -> None:
    for table in _TABLES:
        first = select(JOURNAL_HEAD).where(JOURNAL_HEAD.c.entries > 0)
        statement = first if table is JOURNAL_HEAD else select(table).limit(1)
        if connection.execute(statement).first() is not None:
            raise FaultError(Fault(code="QUE-NOT_EMPTY", params={"vers": towards}))


def _copy(old: Connection, new: Connection) -> None:
    new.execute(delete(JOURNAL_HEAD))
    for table in _TABLES:
        for rows in _batches(old, table):
            new.execute(insert(table), rows)


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, object]]]:
    statement = select(table).order_by(*table.primary_key.columns)
    found = connection.execute(statement.execution_options(yield_per=_BATCH))
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def _compare(old: Connection, new: Connection) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in _TABLES:
        content = _content(new, table)
        if _content(old, table) != content:
            raise FaultError(Fault(code="QUE-COPY", params={"table": table.name}))
        counts[table.name] = content.rows
    verify(new).raise_if_blocking()
    return counts


def _is_copy(old: Connection, new: Connection) -> bool:
    """Tell whether an earlier try copied everything before it was stopped."""
    return all(_content(old, table) == _content(new, table) for table in _TABLES)


def _content(connection: Connection, table: Table) -> _Content:
    rows = digest = 0
    for part in _batches(connection, table):
        for row in part:
            rows += 1
            digest += int.from_bytes(hashlib.sha256(repr(tuple(row.values())).encode()).digest())
    return _Content(rows, digest % 2**256)


class Copying:
    """Documents on their way from one document store to another."""

    def __init__(
        self,
        source: DocumentStore,
        target: DocumentStore,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Copy nothing yet.

        :param progress: is told how many were copied, and of how many.
        """
        self._source = source
        self._target = target
        self._progress = progress
        self.copied = 0
        """How many were copied."""

    def copy_new(self) -> None:
        """Copy what the target does not hold yet; each is checked as it is read.

        :raises FaultError: ``QUE-DOCUMENT_…``, ``QUE-DISK``, ``QUE-S3_…``.
        """
        missing = sorted(set(self._source.digests()) - set(self._target.digests()))
        for done, sha256 in enumerate(missing, start=1):
            self._target.put(self._source.get(sha256))
            if self._progress is not None:
                self._progress(done, len(missing))
        self.copied += len(missing)

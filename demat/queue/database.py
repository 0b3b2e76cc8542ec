"""Opening the database, its transactions, and the one translation of its errors.

What is particular to SQLite is in ``sqlite``, to PostgreSQL in ``postgresql``; the statements
elsewhere are portable.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, Row, Table, inspect, make_url, select, table
from sqlalchemy import column as plain_column
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.sql.dml import ReturningInsert

from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.queue.model import DEPLACEMENT
from demat.queue.postgresql import Postgresql
from demat.queue.sqlite import Sqlite

__all__ = ["REVISIONS", "Database", "file_of", "insert_or_none", "moved_fault", "with_password"]

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0009", "0010", "0011", "0012")
"""Every revision that this version knows, oldest first."""

_DUPLICATE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
"""How a driver names the refusal of a unique constraint."""


class _Backend(Protocol):
    """One type of database."""

    writer: Engine
    """Connections whose transactions may write."""
    reader: Engine
    """Connections whose transactions see one snapshot and only read."""

    def take_turn(self, connection: Connection, *, lasting: bool) -> None:
        """Wait until no other transaction writes.

        :param lasting: whether what it commits survives a power cut.
        """

    def take_snapshot(self, connection: Connection) -> None:
        """See one state of the database until the transaction ends."""

    def alone(self, kind: str) -> AbstractContextManager[bool]:
        """Hold the lock of a kind of run."""

    def snapshot(self, target: Path) -> bool:
        """Write the last committed state to an SQLite file; ``False``: it has no file."""

    def fault(self, error: BaseException) -> Fault | None:
        """Return what an error of the driver means."""

    def refuse_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Have the database refuse every write in those tables, whoever asks."""

    def allow_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Undo :meth:`refuse_writes`."""

    def take_over(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Make tables that were filled by a copy work as those that grew row by row."""

    def close(self) -> None:
        """Close every connection."""


class Database:
    """One database and its transactions; safe between threads and between processes."""

    def __init__(self, url: str, *, closed_too: bool = False) -> None:
        """Open, and migrate when needed.

        :param closed_too: also when its data were moved elsewhere.

        :raises ConfigurationError: when the URL is not one that demat can use.
        :raises FaultError: ``QUE-FOLDER``, ``QUE-DISK``, ``QUE-BUSY``, ``QUE-NEWER``,
            ``QUE-DATABASE_CORRUPT``, ``QUE-DRIVER``, ``QUE-UNREACHABLE``, ``QUE-MOVED``,
            ``QUE-MOVING``.
        """
        self._backend = _backend(url)
        try:
            self._migrate()
            if not closed_too:
                self._require_open()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[Connection]:
        """Open a transaction that may write; committed when the block ends well.

        No other one runs meanwhile, here or elsewhere: what it reads stays true until it commits.

        :param lasting: whether it is on the disk when the block ends; else a power cut may undo it,
            and whatever was committed in between with it: for what will be asked for again.
        """
        with self._translated(), self._backend.writer.begin() as connection:
            self._backend.take_turn(connection, lasting=lasting)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads: it neither waits for writers nor stops them."""
        with self._translated(), self._backend.reader.begin() as connection:
            self._backend.take_snapshot(connection)
            yield connection

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Keep other processes from a kind of run; ``False`` when one of them is at it."""
        with self._translated(), self._backend.alone(kind) as held:
            yield held

    def refuse_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Have the database refuse every write in those tables, whatever program asks.

        What ``deplacement`` says of where the data went is written down before.
        """
        self._backend.refuse_writes(connection, tables)

    def allow_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Undo :meth:`refuse_writes`."""
        self._backend.allow_writes(connection, tables)

    def take_over(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Make tables that were filled by a copy work as those that grew row by row."""
        self._backend.take_over(connection, tables)

    def snapshot(self, target: Path) -> bool:
        """Write the last committed state to an SQLite file, while others go on.

        :returns: ``False`` when the data are in no file that could be copied.
        :raises FaultError: ``QUE-DISK``, ``QUE-DATABASE_CORRUPT``.
        """
        try:
            with self._translated():
                return self._backend.snapshot(target)
        except sqlite3.Error as error:  # the copy is not made through SQLAlchemy
            fault = self._backend.fault(error)
            if fault is None:
                raise
            raise FaultError(fault) from error

    def close(self) -> None:
        """Close every connection."""
        self._backend.close()

    def _require_open(self) -> None:
        with self.reading() as connection:
            row = connection.execute(select(DEPLACEMENT)).one_or_none()
        if row is not None:
            raise FaultError(moved_fault(row.vers, done=row.done))

    def _migrate(self) -> None:
        with self.reading() as connection:
            if _revision(connection) == REVISIONS[-1]:
                return
        with self.writing() as connection:  # the lock: two processes may open a new database
            revision = _revision(connection)
            if revision == REVISIONS[-1]:
                return
            if revision is not None and revision not in REVISIONS:
                raise FaultError(Fault(code="QUE-NEWER", params={"revision": revision}))
            from demat.queue.migrate import upgrade  # Alembic is slow to import: only when needed

            upgrade(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except NoConnectionLeft as error:
            raise FaultError(Fault(code="QUE-BUSY", params={"raison": str(error)})) from error
        except DBAPIError as error:
            fault = None if error.orig is None else self._backend.fault(error.orig)
            if fault is None:
                raise
            raise FaultError(fault) from error


def moved_fault(vers: str, *, done: bool) -> Fault:
    """Return what is said of a database whose data were moved."""
    return Fault(code="QUE-MOVED" if done else "QUE-MOVING", params={"vers": vers})


def with_password(url: str, password: str) -> str:
    """Return an address that holds a password besides: for the driver, to be shown to nobody.

    :raises ConfigurationError: when the address cannot be read.
    """
    return _url(url).set(password=password).render_as_string(hide_password=False)


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite database; ``None`` for one that a server holds.

    :raises ConfigurationError: when the address cannot be read.
    """
    found = _url(url)
    return Path(found.database) if found.get_backend_name() == "sqlite" and found.database else None


def insert_or_none(
    connection: Connection, statement: ReturningInsert[tuple[Any, ...]]
) -> Row[tuple[Any, ...]] | None:
    """Insert and return the row, or return ``None`` when a unique constraint forbids it.

    The rest of the transaction stays usable (savepoint): PostgreSQL would else refuse any further
    statement.
    """
    try:
        with connection.begin_nested():
            return connection.execute(statement).one()
    except IntegrityError as error:
        said = (getattr(error.orig, name, None) for name in ("sqlite_errorname", "sqlstate"))
        if _DUPLICATE.isdisjoint(said):
            raise
        return None


def _backend(text: str) -> _Backend:
    url = _url(text)
    name = url.get_backend_name()
    if name == "sqlite":
        return Sqlite(url)
    if name == "postgresql":
        return Postgresql(url)
    raise ConfigurationError(f"databases of type {name} are not supported")


def _url(text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(f"the database address cannot be read: {error}") from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = table("alembic_version", plain_column("version_num"))
    return connection.execute(select(version.c.version_num)).scalar()

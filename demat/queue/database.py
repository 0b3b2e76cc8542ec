"""Opening the database, its transactions, and the one translation of its errors.

SQLite in WAL mode with ``synchronous=FULL`` (architecture, decision 5). What is particular to
SQLite is in this file only; the statements elsewhere are portable.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    table,
)
from sqlalchemy import column as plain_column
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.sql.dml import ReturningInsert

from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError

__all__ = ["REVISIONS", "Database", "insert_or_none"]

REVISIONS = ("0001", "0002", "0003", "0004", "0008")
"""Every revision that this version knows, oldest first."""

_BUSY_MS = 30_000
_READING = "demat_reading"
_DUPLICATE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_SQLITE_FAULTS = {
    "SQLITE_FULL": "QUE-DISK",
    "SQLITE_IOERR": "QUE-DISK",
    "SQLITE_READONLY": "QUE-DISK",
    "SQLITE_CANTOPEN": "QUE-DISK",
    "SQLITE_BUSY": "QUE-BUSY",
    "SQLITE_CORRUPT": "QUE-DATABASE_CORRUPT",
    "SQLITE_NOTADB": "QUE-DATABASE_CORRUPT",
}


class Database:
    """One database and its transactions; safe between threads and between processes."""

    def __init__(self, url: str) -> None:
        """Open, and migrate when needed.

        :raises ConfigurationError: when the URL is not one that demat can use.
        :raises FaultError: ``QUE-FOLDER``, ``QUE-DISK``, ``QUE-BUSY``, ``QUE-NEWER``,
            ``QUE-DATABASE_CORRUPT``.
        """
        self._engine = _engine(url)
        self._reader = self._engine.execution_options(**{_READING: True})
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that may write; committed when the block ends well."""
        with _translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads: it neither waits for writers nor stops them."""
        with _translated(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

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
        if getattr(error.orig, "sqlite_errorname", "") not in _DUPLICATE:
            raise
        return None


def _engine(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(f"the database address cannot be read: {error}") from error
    if url.get_backend_name() != "sqlite":
        raise ConfigurationError(f"databases of type {url.get_backend_name()} are not supported")
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("the database must be a file: the journal has to survive")
    _make_folder(Path(url.database).parent)
    engine = create_engine(url)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        params = {"dossier": str(folder), "raison": error.strerror or type(error).__name__}
        raise FaultError(Fault(code="QUE-FOLDER", params=params)) from error


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, in _on_begin
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise ConfigurationError(f"SQLite cannot use WAL here (mode {mode}): is it a network disk?")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _on_begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail without waiting when another
    # process wrote in between: writers take the lock at once.
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = table("alembic_version", plain_column("version_num"))
    return connection.execute(select(version.c.version_num)).scalar()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        fault = _fault(error.orig)
        if fault is None:
            raise
        raise FaultError(fault) from error


def _fault(error: BaseException | None) -> Fault | None:
    name = str(getattr(error, "sqlite_errorname", ""))
    for prefix, code in _SQLITE_FAULTS.items():
        if name == prefix or name.startswith(prefix + "_"):
            return Fault(code=code, params={"raison": str(error)})
    return None

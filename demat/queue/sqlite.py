"""What is particular to SQLite: a file, WAL mode, ``synchronous=FULL`` (architecture, decision 5).

Writers take turns from their first word on (``BEGIN IMMEDIATE``), so that what a transaction reads
before it writes still holds when it writes. Readers see the last committed state and wait for
nobody.
"""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, select

from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.queue.lock import only_one
from demat.queue.model import DEPLACEMENT

__all__ = ["Sqlite"]

_BUSY_MS = 30_000
_LASTING = "lasting"
"""Whether a connection syncs each commit, as all do when they are opened."""
_EVENTS = ("INSERT", "UPDATE", "DELETE")
_FAULTS = {
    "SQLITE_FULL": "QUE-DISK",
    "SQLITE_IOERR": "QUE-DISK",
    "SQLITE_READONLY": "QUE-DISK",
    "SQLITE_CANTOPEN": "QUE-DISK",
    "SQLITE_BUSY": "QUE-BUSY",
    "SQLITE_CORRUPT": "QUE-DATABASE_CORRUPT",
    "SQLITE_NOTADB": "QUE-DATABASE_CORRUPT",
}


class Sqlite:
    """One SQLite file."""

    def __init__(self, url: URL) -> None:
        """Prepare the connections, none of which is opened yet.

        :raises ConfigurationError: when the address is not that of a file.
        :raises FaultError: ``QUE-FOLDER`` when its folder cannot be made.
        """
        if not url.database or url.database == ":memory:":
            raise ConfigurationError("the database must be a file: the journal has to survive")
        self._folder = Path(url.database).parent
        _make_folder(self._folder)
        self.writer = create_engine(url)
        event.listen(self.writer, "connect", _on_connect)
        self.reader: Engine = self.writer

    def take_turn(self, connection: Connection, *, lasting: bool) -> None:
        """Take the lock: a transaction that reads first and writes later would fail without waiting
        when another process wrote in between.

        :param lasting: else the WAL is synced by the next one that lasts.
        :raises FaultError: ``QUE-BUSY`` when another process holds it for too long; ``QUE-DISK``…
        """
        known = connection.connection.info
        if known.get(_LASTING, True) is not lasting:
            self._begin(connection, f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
            known[_LASTING] = lasting
        self._begin(connection, "BEGIN IMMEDIATE")

    def take_snapshot(self, connection: Connection) -> None:
        """See one state of the database until the transaction ends."""
        self._begin(connection, "BEGIN")

    def _begin(self, connection: Connection, statement: str) -> None:
        # straight to the driver: an event of SQLAlchemy would be looked for at every statement
        driver = connection.connection.driver_connection
        try:
            driver.execute(statement)  # type: ignore[union-attr]  # it is there once connected
        except sqlite3.Error as error:
            fault = self.fault(error)
            if fault is None:
                raise
            raise FaultError(fault) from error

    def close(self) -> None:
        """Close every connection."""
        self.writer.dispose()

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Hold the lock of a kind of run, a file beside the database; ``False``: it is taken."""
        with only_one(self._folder / f".{kind}.verrou") as held:
            yield held

    def refuse_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Make triggers that refuse every change of a row, and say where the data are."""
        vers: str = connection.execute(select(DEPLACEMENT.c.vers)).scalar_one()
        words = vers.replace("'", "''")
        for table, event_name in itertools.product(tables, _EVENTS):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {_trigger(table, event_name)} BEFORE {event_name} ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )

    def allow_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Remove the triggers of :meth:`refuse_writes`."""
        for table, event_name in itertools.product(tables, _EVENTS):
            connection.exec_driver_sql(f"DROP TRIGGER {_trigger(table, event_name)}")

    def take_over(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Do nothing: SQLite counts on from the highest number."""

    def snapshot(self, target: Path) -> bool:
        """Write the last committed state to a file of its own, while others go on."""
        with self.reader.connect() as connection, closing(sqlite3.connect(target)) as copy:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)  # noqa: S101 - for the type checker
            source.backup(copy)
        return True

    def fault(self, error: BaseException) -> Fault | None:
        """Return what an error of the driver means; ``None``: a mistake in the program."""
        name = str(getattr(error, "sqlite_errorname", ""))
        if name == "SQLITE_CONSTRAINT_TRIGGER":
            return Fault(code="QUE-MOVED", params={"vers": str(error)})
        for prefix, code in _FAULTS.items():
            if name == prefix or name.startswith(prefix + "_"):
                return Fault(code=code, params={"raison": str(error)})
        return None


def _trigger(table: Table, event_name: str) -> str:
    return f"demat_moved_{event_name.lower()}_{table.name}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        params = {"dossier": str(folder), "raison": error.strerror or type(error).__name__}
        raise FaultError(Fault(code="QUE-FOLDER", params=params)) from error


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, in _begin
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise ConfigurationError(f"SQLite cannot use WAL here (mode {mode}): is it a network disk?")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")

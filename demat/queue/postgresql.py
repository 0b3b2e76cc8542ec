"""What is particular to PostgreSQL (14 or later, through psycopg 3).

Writers take turns from their first word on, as on SQLite: an advisory lock of the transaction. The
journal is one chain, so that they would wait for one another anyway; taking the turn first leaves
no deadlock, no serialization failure to retry, and makes READ COMMITTED enough: every statement of
a writer sees all that was committed before its turn, and nothing changes during it. Readers see one
snapshot (REPEATABLE READ, read only) and wait for nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.exc import OperationalError

from demat.faults import Fault, FaultError

__all__ = ["Postgresql", "fault_of"]

_SETTINGS = {
    "synchronous_commit": "on",  # what was said to be recorded survives a power cut
    "lock_timeout": "30s",
    "statement_timeout": "10min",
    "idle_in_transaction_session_timeout": "2min",  # a stopped program gives its turn back
    "idle_session_timeout": "0",  # the session that holds the lock of a run says nothing for hours
    "timezone": "UTC",
}
_READING = {
    "default_transaction_isolation": "repeatable\\ read",
    "default_transaction_read_only": "on",
}
_CONNECTION = {
    "application_name": "demat",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""What libpq is told unless the address says otherwise."""

_TURN = "turn"
_MOVED = "DM001"
_REFUSAL = """
CREATE FUNCTION demat_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'DM001', MESSAGE = (SELECT vers FROM deplacement);
END $$
"""
_FAULTS = {
    "25006": "QUE-DISK",  # read_only_sql_transaction
    "25P03": "QUE-BUSY",  # idle_in_transaction_session_timeout
    "40001": "QUE-BUSY",  # serialization_failure
    "40P01": "QUE-BUSY",  # deadlock_detected
    "53100": "QUE-DISK",  # disk_full
    "53": "QUE-BUSY",  # insufficient resources, such as too_many_connections
    "55P03": "QUE-BUSY",  # lock_not_available: lock_timeout
    "57014": "QUE-BUSY",  # query_canceled: statement_timeout
    "57": "QUE-UNREACHABLE",  # operator intervention: the server stops, or starts
    "58": "QUE-DISK",  # system error, such as io_error
    "08": "QUE-UNREACHABLE",
    "42501": "QUE-UNREACHABLE",  # insufficient_privilege
    "XX001": "QUE-DATABASE_CORRUPT",
    "XX002": "QUE-DATABASE_CORRUPT",
}
"""``SQLSTATE``, whole or its class → fault."""


class Postgresql:
    """One PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        """Prepare the connections, none of which is opened yet.

        :raises FaultError: ``QUE-DRIVER`` when psycopg is not installed.
        """
        self.writer = _engine(url, _SETTINGS)
        self.reader = _engine(url, _SETTINGS | _READING)
        self._alone = self.writer.execution_options(isolation_level="AUTOCOMMIT")

    def take_turn(self, connection: Connection, *, lasting: bool) -> None:
        """Wait for the other writers; the turn ends with the transaction."""
        connection.execute(select(func.pg_advisory_xact_lock(_number(_TURN))))
        if not lasting:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def take_snapshot(self, connection: Connection) -> None:
        """Do nothing: the isolation of the reader's transactions takes it."""

    def close(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Hold the lock of a kind of run on a session of its own; ``False``: it is taken.

        The server releases it when the session ends, however the program or the network dies. A
        server that restarts releases it too, while its holder still works: a second run may then
        begin, and the guards of each flow are what keeps it from being sent twice.
        """
        number = _number(f"run {kind}")
        with self._alone.connect() as connection:
            held = bool(connection.execute(select(func.pg_try_advisory_lock(number))).scalar())
            try:
                yield held
            finally:
                if held:
                    with suppress(OperationalError):  # the session is gone, and its lock with it
                        connection.execute(select(func.pg_advisory_unlock(number)))

    def refuse_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Make triggers that refuse every change, and say where the data are."""
        connection.exec_driver_sql(_REFUSAL)
        for table in tables:
            connection.exec_driver_sql(
                "CREATE TRIGGER demat_moved BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE "
                f"ON {table.name} EXECUTE FUNCTION demat_moved()"
            )

    def allow_writes(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Remove the triggers of :meth:`refuse_writes`."""
        for table in tables:
            connection.exec_driver_sql(f"DROP TRIGGER demat_moved ON {table.name}")
        connection.exec_driver_sql("DROP FUNCTION demat_moved()")

    def take_over(self, connection: Connection, tables: Sequence[Table]) -> None:
        """Set the sequences after the highest number, and tell the planner what the tables hold.

        It would find out by itself, a minute or more later; until then a claim in a queue of a
        million finished flows takes some 25 times as long (``benchmarks/queue.py``).
        """
        for table in tables:
            connection.exec_driver_sql(f"ANALYZE {table.name}")
            column = table.autoincrement_column
            if column is not None:
                last = select(func.max(column)).scalar_subquery()
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                found = func.setval(sequence, func.coalesce(last, 1), last.is_not(None))
                connection.execute(select(found))

    def snapshot(self, target: Path) -> bool:
        """Say that there is no file to copy."""
        return False

    def fault(self, error: BaseException) -> Fault | None:
        """Return what an error of the driver means; ``None``: a mistake in the program."""
        return fault_of(error)


def fault_of(error: BaseException) -> Fault | None:
    """Return what an error of psycopg means; ``None``: of another, or a mistake in the program."""
    import psycopg

    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    if state == _MOVED:
        return Fault(code="QUE-MOVED", params={"vers": error.diag.message_primary or ""})
    code = _FAULTS.get(state) or _FAULTS.get(state[:2])
    if code is None and not state and isinstance(error, psycopg.OperationalError):
        code = "QUE-UNREACHABLE"  # no answer, or a refusal to connect: libpq keeps its number
    words = error.diag.message_primary or str(error)
    return Fault(code=code, params={"raison": " ".join(words.split())}) if code else None


def _engine(url: URL, settings: Mapping[str, str]) -> Engine:
    said = url.query.get("options", "")
    options = [said] if isinstance(said, str) else list(said)
    options += [f"-c {name}={value}" for name, value in settings.items()]  # the last one counts
    known = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    url = url.set(drivername="postgresql+psycopg").update_query_dict({"options": " ".join(options)})
    try:
        engine = create_engine(
            url, pool_pre_ping=True, pool_size=5, max_overflow=20, connect_args=known
        )
    except ModuleNotFoundError as error:
        raise FaultError(Fault(code="QUE-DRIVER")) from error
    event.listen(engine, "connect", _require_utf8)
    return engine


def _require_utf8(connection: Any, _record: object) -> None:
    """Refuse a database that cannot hold every name; what it holds was told at the connection."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise FaultError(Fault(code="QUE-ENCODING", params={"encodage": str(encoding)}))


def _number(name: str) -> Any:
    """Return the number of an advisory lock: ours, in our schema of the database."""
    return func.hashtextextended(func.concat("demat ", func.current_schema(), " ", name), 0)

"""What is particular to PostgreSQL: its settings, its locks, its server that goes away."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, text

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue import postgresql
from demat.queue.database import with_password
from demat.queue.store import Store
from tests.postgres import NewDatabase, PostgresServer, own_server
from tests.unit.queue.conftest import EXEMPLE, START, make_deposit, make_packed
from tests.unit.queue.test_database import fault_of

__all__ = ["own_server"]


@pytest.fixture
def url(postgres_ready: NewDatabase) -> str:
    return postgres_ready()


@pytest.fixture
def store(url: str, documents_folder: Path) -> Iterator[Store]:
    opened = Store.open(url, documents_folder, FixedClock(START))
    yield opened
    opened.close()


def faults_of(caught: pytest.ExceptionInfo[FaultError]) -> list[Fault]:
    return list(caught.value.faults)


def test_durability_settings(store: Store) -> None:
    names = (
        "synchronous_commit",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "application_name",
    )
    with store._database.writing() as connection:
        settings = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
        isolation = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
    assert settings == ["on", "30s", "2min", "0", "demat"]
    assert isolation == "read committed"


def test_no_option_of_the_address_makes_records_less_durable(
    url: str, documents_folder: Path
) -> None:
    said = "&options=-c%20synchronous_commit%3Doff%20-c%20work_mem%3D5MB&application_name=essai"
    opened = Store.open(url + said, documents_folder, FixedClock(START))
    with opened._database.writing() as connection:
        found = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("synchronous_commit", "work_mem", "application_name")
        ]
    assert found == ["on", "5MB", "essai"]
    opened.close()


def test_readers_see_one_snapshot_and_write_nothing(store: Store) -> None:
    make_deposit(store)
    with store._database.reading() as connection:
        before = connection.execute(text("SELECT count(*) FROM journal")).scalar()
        make_deposit(store, name="autre.csv")
        assert connection.execute(text("SELECT count(*) FROM journal")).scalar() == before
    with (
        pytest.raises(FaultError) as caught,
        store._database.reading() as connection,
    ):
        connection.execute(text("DELETE FROM journal"))
    assert faults_of(caught) == [
        Fault(
            code="QUE-DISK", params={"raison": "cannot execute DELETE in a read-only transaction"}
        )
    ]


def test_a_server_that_only_reads(store: Store, url: str, documents_folder: Path) -> None:
    make_deposit(store)
    with store._database.writing() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    standby = Store.open(url, documents_folder, FixedClock(START))
    with pytest.raises(FaultError) as caught:
        make_deposit(standby)
    assert caught.value.faults.codes == ("QUE-DISK",)
    assert len(standby.deposits()) == 1
    standby.close()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("53100", "QUE-DISK"),
        ("58030", "QUE-DISK"),
        ("53200", "QUE-BUSY"),
        ("57014", "QUE-BUSY"),
        ("40P01", "QUE-BUSY"),
        ("57P03", "QUE-UNREACHABLE"),
        ("42501", "QUE-UNREACHABLE"),
        ("XX001", "QUE-DATABASE_CORRUPT"),
    ],
)
def test_what_the_server_says_in_the_middle_of_a_move(store: Store, state: str, code: str) -> None:
    sent = make_packed(store)
    with store._database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'could not' USING ERRCODE = '{state}'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER fail BEFORE INSERT ON journal EXECUTE FUNCTION fail()"
        )
    with pytest.raises(FaultError) as caught:
        store.abandon(sent.id, "essai", "Camille Dupré")
    assert faults_of(caught) == [Fault(code=code, params={"raison": "could not"})]
    assert store.transmission(sent.id) == sent
    assert store.verify_journal() == Faults()


def test_a_database_that_is_held_too_long(
    store: Store, url: str, documents_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit_id = make_packed(store).deposit_id
    monkeypatch.setitem(postgresql._SETTINGS, "lock_timeout", "1ms")
    hasty = Store.open(url, documents_folder, FixedClock(START))
    with store._database.writing():
        with pytest.raises(FaultError) as caught:
            hasty.next_serial(EXEMPLE, "pes", "2026")
        assert faults_of(caught) == [
            Fault(code="QUE-BUSY", params={"raison": "canceling statement due to lock timeout"})
        ]
        assert hasty.deposit(deposit_id).id == deposit_id  # readers are not stopped
    assert hasty.next_serial(EXEMPLE, "pes", "2026") == 1
    hasty.close()


def test_a_program_that_stops_in_its_turn_gives_it_back(
    store: Store, url: str, documents_folder: Path
) -> None:
    frozen = Store.open(url, documents_folder, FixedClock(START))
    serials: list[int] = []

    def stop_in_its_turn() -> None:
        with frozen._database.writing() as connection:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
            serials.append(store.next_serial(EXEMPLE, "pes", "2026"))  # it waits for the turn

    with pytest.raises(FaultError) as caught:
        stop_in_its_turn()
    assert serials == [1]
    assert caught.value.faults.codes in (("QUE-BUSY",), ("QUE-UNREACHABLE",))
    frozen.close()


def test_databases_that_cannot_be_reached(
    postgres: PostgresServer, url: str, documents_folder: Path
) -> None:
    for address, reason in (
        ("postgresql+psycopg://demat@127.0.0.1:1/demat", "Connection refused"),
        (postgres.url("absente"), 'database "absente" does not exist'),
        (url.replace("demat@", "inconnu@"), 'role "inconnu" does not exist'),
    ):
        fault = fault_of(address, documents_folder)
        assert (fault.code, reason in fault.params["raison"]) == ("QUE-UNREACHABLE", True)


def test_a_database_that_cannot_hold_every_name(
    postgres: PostgresServer, documents_folder: Path
) -> None:
    postgres.execute(
        "CREATE DATABASE ancienne OWNER demat ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    )
    fault = fault_of(postgres.url("ancienne"), documents_folder)
    assert fault == Fault(code="QUE-ENCODING", params={"encodage": "LATIN1"})
    postgres.execute("DROP DATABASE ancienne WITH (FORCE)")


def test_the_driver_may_be_absent(documents_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    fault = fault_of("postgresql+psycopg://demat@127.0.0.1:1/demat", documents_folder)
    assert fault == Fault(code="QUE-DRIVER")


def test_the_password_is_asked_for_and_shown_to_nobody(
    own_server: PostgresServer, documents_folder: Path
) -> None:
    own_server.execute("ALTER ROLE demat PASSWORD 'mot de passe / très @ secret'")
    own_server.require_password()
    bare = own_server.url(own_server.new_database())
    fault = fault_of(bare, documents_folder)
    assert (fault.code, fault.params["raison"].split()[-3:]) == (
        "QUE-UNREACHABLE",
        ["no", "password", "supplied"],
    )
    fault = fault_of(with_password(bare, "faux-secret"), documents_folder)
    assert fault.code == "QUE-UNREACHABLE"
    assert "faux-secret" not in str(fault)
    url = with_password(bare, "mot de passe / très @ secret")
    opened = Store.open(url, documents_folder, FixedClock(START))
    assert make_deposit(opened).id == 1
    assert "secret" not in repr(opened._database._backend.writer)
    opened.close()


def test_a_server_that_goes_away_and_comes_back(
    own_server: PostgresServer, documents_folder: Path
) -> None:
    url = own_server.url(own_server.new_database())
    store = Store.open(url, documents_folder, FixedClock(START))
    sent = make_packed(store)
    own_server.kill()
    for step in (lambda: store.abandon(sent.id, "", ""), store.journal):
        with pytest.raises(FaultError) as caught:
            step()
        assert caught.value.faults.codes == ("QUE-UNREACHABLE",)
    with pytest.raises(FaultError), store.alone("nightly"):
        pytest.fail("nobody answers")
    own_server.start()
    assert store.transmission(sent.id) == sent
    assert store.verify_journal() == Faults()
    with (
        pytest.raises(FaultError) as caught,
        store.alone("nightly"),
        store._database.writing(),
    ):
        own_server.kill()
    assert caught.value.faults.codes == ("QUE-UNREACHABLE",)
    own_server.start()
    assert store.verify_journal() == Faults()
    with store.alone("nightly") as alone:
        assert alone
    store.close()


def test_the_lock_of_a_run_is_that_of_one_kind(store: Store, url: str, tmp_path: Path) -> None:
    other = Store.open(url, tmp_path / "elsewhere", FixedClock(START))
    with store.alone("nightly") as first, other.alone("nightly") as second:
        assert (first, second) == (True, False)
        with other.alone("weekly") as third:
            assert third
        make_deposit(other)  # the lock of a run stops nobody from writing
    with other.alone("nightly") as fourth:
        assert fourth
    other.close()


def _hold(url: str, documents: Path, pipe: Pipe) -> None:
    store = Store.open(url, documents, FixedClock(START))
    with store.alone("nightly") as alone:
        pipe.send(alone)
        pipe.recv()


def test_the_lock_of_a_run_goes_with_its_process(
    store: Store, url: str, documents_folder: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    holder = context.Process(target=_hold, args=(url, documents_folder, theirs))
    holder.start()
    assert ours.recv()
    with store.alone("nightly") as alone:
        assert not alone
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    waiting = create_engine(url, isolation_level="AUTOCOMMIT")
    with waiting.connect() as connection:  # until the server has seen that its client is gone
        lock = postgresql._number("run nightly")
        connection.execute(select(func.pg_advisory_lock(lock), func.pg_advisory_unlock(lock)))
    waiting.dispose()
    with store.alone("nightly") as alone:
        assert alone
    holder.close()

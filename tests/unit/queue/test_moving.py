"""From SQLite to PostgreSQL and back: everything is there, and what was left sends nothing."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, delete, event, insert, select, text

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue import moving
from demat.queue.database import Database
from demat.queue.model import COUNTER, DEPLACEMENT, DEPOSIT, METADATA
from demat.queue.moving import move_everything
from demat.queue.states import DeliveryState
from demat.queue.store import Store
from tests.unit.queue.conftest import EXEMPLE, START, content, make_deposit, make_packed
from tests.unit.queue.hands import Hand, Told

LEASE = timedelta(minutes=10)


@pytest.fixture
def other_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database of the other type."""
    if database_url.startswith("sqlite"):
        return str(request.getfixturevalue("postgres_empty")())
    return f"sqlite:///{tmp_path / 'arrivee' / 'demat.db'}"


@pytest.fixture
def target(other_url: str) -> Iterator[Database]:
    opened = Database(other_url)
    yield opened
    opened.close()


@pytest.fixture
def source(store: Store, database_url: str) -> Iterator[Database]:
    """Return a database with something in each table; ``store`` stays open on it."""
    Hand(store, Told(), seed=7).work(250)
    store.record_restoration(
        backup_at=START, entries=1, doubts=["a" * 64], series={}, collectivites=()
    )
    assert all(rows for name, rows in content(database_url).items() if name != "deplacement")
    opened = Database(database_url, closed_too=True)
    yield opened
    opened.close()


@pytest.fixture
def small(store: Store, database_url: str) -> Iterator[Database]:
    """Return a database with one flow to send; ``store`` stays open on it."""
    make_packed(store)
    opened = Database(database_url, closed_too=True)
    yield opened
    opened.close()


def everything(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that is moved, in the order of their keys."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: [
                dict(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in METADATA.sorted_tables
            if table is not DEPLACEMENT
        }
    engine.dispose()
    return found


def faults_of(action: Callable[[], object]) -> list[Fault]:
    with pytest.raises(FaultError) as caught:
        action()
    return list(caught.value.faults)


def open_again(url: str, documents: Path) -> Store:
    return Store.open(url, documents, FixedClock(START))


def test_everything_is_there_and_the_work_goes_on(
    source: Database, target: Database, database_url: str, other_url: str, documents_folder: Path
) -> None:
    counts = move_everything(source, target, "ailleurs", START)
    left, found = everything(database_url), everything(other_url)
    assert [row["done"] for row in content(database_url)["deplacement"]] == [True]
    assert content(other_url)["deplacement"] == []
    assert found == left
    assert counts == {name: len(rows) for name, rows in left.items()}
    there = open_again(other_url, documents_folder)
    assert there.verify_journal() == Faults()
    assert there.journal()[-1].action == "store_moving"
    sent = [make_packed(there, key=f"PESALR2_{n}") for n in range(2)]
    assert [(one.deposit_id, one.id) for one in sent] == [(2001, 2001), (2002, 2002)]  # restored
    Hand(there, Told(), seed=8).work(30)
    assert there.verify_journal() == Faults()
    assert there.verify_documents() == Faults()
    there.close()


def test_numbers_go_on_from_the_last_one(
    small: Database, target: Database, other_url: str, documents_folder: Path
) -> None:
    move_everything(small, target, "ailleurs", START)
    there = open_again(other_url, documents_folder)
    assert make_packed(there).id == 2
    there.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_planner_of_postgresql_knows_at_once_what_was_copied(
    small: Database, target: Database, other_url: str
) -> None:
    move_everything(small, target, "ailleurs", START)
    engine = create_engine(other_url)
    with engine.connect() as connection:
        known = text("SELECT reltuples FROM pg_class WHERE relname = 'transmission'")
        assert connection.execute(known).scalar_one() == 1  # -1: nobody has looked yet
    engine.dispose()


def test_there_and_back_again(
    source: Database,
    target: Database,
    store: Store,
    tmp_path: Path,
    other_url: str,
    empty_url: str,
    documents_folder: Path,
) -> None:
    before = (store.transmissions(), store.deposits(), store.pieces(EXEMPLE), store.journal())
    move_everything(source, target, "là-bas", START)
    back = Database(empty_url)
    leaving = Database(other_url, closed_too=True)
    move_everything(leaving, back, "ici", START)
    leaving.close()
    back.close()
    again = open_again(empty_url, documents_folder)
    after = (again.transmissions(), again.deposits(), again.pieces(EXEMPLE), again.journal())
    assert after[:3] == before[:3]
    assert after[3][:-2] == before[3]
    assert again.verify_journal() == Faults()
    (fault,) = faults_of(lambda: open_again(other_url, documents_folder))
    assert fault == Fault(code="QUE-MOVED", params={"vers": "ici"})
    again.close()


def test_who_still_works_on_the_old_database_is_stopped(
    small: Database, target: Database, store: Store, database_url: str, documents_folder: Path
) -> None:
    move_everything(small, target, "postgresql://base.d'ici/100%", START)
    moved = [Fault(code="QUE-MOVED", params={"vers": "postgresql://base.d'ici/100%"})]
    assert faults_of(lambda: store.claim("main", lease=LEASE)) == moved
    assert faults_of(lambda: store.next_serial(EXEMPLE, "pes", "2026")) == moved
    assert faults_of(lambda: store.begin_run("nightly", None)) == moved
    assert faults_of(lambda: make_deposit(store)) == moved
    assert faults_of(lambda: open_again(database_url, documents_folder)) == moved
    assert store.transmission(1).delivery is DeliveryState.TODO


def test_every_table_of_the_old_database_refuses_writes(
    source: Database, target: Database, database_url: str
) -> None:
    move_everything(source, target, "ailleurs", START)
    engine = create_engine(database_url)
    for table in METADATA.sorted_tables:
        if table is not DEPLACEMENT:
            with pytest.raises(Exception, match="ailleurs"), engine.begin() as connection:
                connection.execute(delete(table))
    engine.dispose()


def test_nothing_moves_while_a_flow_is_being_sent(
    small: Database, target: Database, store: Store, other_url: str
) -> None:
    claim = store.claim("main", lease=LEASE)
    assert claim is not None
    (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
    assert fault == Fault(code="QUE-SENDING", params={"numeros": "1"})
    assert content(other_url)["transmission"] == []
    store.deposited(claim, "4711")
    move_everything(small, target, "ailleurs", START)


def test_nothing_moves_while_a_run_is_under_way(
    small: Database, target: Database, store: Store, documents_folder: Path, other_url: str
) -> None:
    with store.alone("nightly"):
        store.begin_run("nightly", START, alone=True)
        (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
        assert fault == Fault(code="QUE-RUNNING")
    move_everything(small, target, "ailleurs", START)  # its process is dead: it holds no lock
    there = open_again(other_url, documents_folder)
    assert there.begin_run("nightly", START, alone=True) == 2
    there.close()


def test_two_moves_at_once(small: Database, target: Database, store: Store) -> None:
    with store.alone("deplacement"):
        (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
    assert fault == Fault(code="QUE-RUNNING")


def test_a_database_that_holds_something_is_not_written_over(
    small: Database, target: Database, store: Store, other_url: str, documents_folder: Path
) -> None:
    there = open_again(other_url, documents_folder)
    there.next_serial(EXEMPLE, "pes", "2026")
    (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
    assert fault == Fault(code="QUE-NOT_EMPTY", params={"vers": "ailleurs"})
    assert store.claim("main", lease=LEASE) is not None  # the source still serves
    there.close()


def test_a_database_is_not_moved_onto_itself(
    small: Database, store: Store, database_url: str
) -> None:
    itself = Database(database_url)
    (fault,) = faults_of(lambda: move_everything(small, itself, "ici", START))
    assert fault.code == "QUE-NOT_EMPTY"
    assert store.claim("main", lease=LEASE) is not None
    itself.close()


def test_a_forged_journal_is_not_moved(small: Database, target: Database, store: Store) -> None:
    with small.writing() as connection:
        connection.execute(text("UPDATE journal SET action = 'x' WHERE id = 1"))
    assert [one.code for one in faults_of(lambda: move_everything(small, target, "x", START))] == [
        "QUE-JOURNAL_BROKEN"
    ]
    assert store.claim("main", lease=LEASE) is not None


FORGE = {
    "sqlite": (
        "CREATE TRIGGER forge AFTER INSERT ON counter "
        "BEGIN UPDATE counter SET value = value + 1; END",
    ),
    "postgresql": (
        "CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.value = NEW.value + 1; RETURN NEW; END $$",
        "CREATE TRIGGER forge BEFORE INSERT ON counter FOR EACH ROW EXECUTE FUNCTION forge()",
    ),
}
"""What makes a database keep other values than those that it is given."""


def forge(database: Database) -> None:
    with database.writing() as connection:
        for statement in FORGE[connection.dialect.name]:
            connection.exec_driver_sql(statement)


def test_a_copy_that_differs_is_taken_back(
    source: Database, target: Database, store: Store, other_url: str
) -> None:
    forge(target)
    (fault,) = faults_of(lambda: move_everything(source, target, "ailleurs", START))
    assert fault == Fault(code="QUE-COPY", params={"table": "counter"})
    assert content(other_url)["counter"] == content(other_url)["deposit"] == []
    assert store.next_serial(EXEMPLE, "essai", "2026") == 1
    assert [entry.action for entry in store.journal()[-2:]] == ["store_moving", "store_reopened"]
    assert store.verify_journal() == Faults()


STEPS = {"closed": "_copy", "copied": "_compare", "committed": "update"}
"""Step after which a process dies → what it would have called next."""


def _move_and_die(url: str, other_url: str, step: str) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(moving, STEPS[step], die)
    move_everything(Database(url), Database(other_url), "ailleurs", START)


@pytest.mark.parametrize("step", STEPS)
def test_a_move_that_was_killed(
    small: Database,
    target: Database,
    store: Store,
    database_url: str,
    other_url: str,
    documents_folder: Path,
    step: str,
) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_move_and_die, args=(database_url, other_url, step))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    process.close()
    moving_on = [Fault(code="QUE-MOVING", params={"vers": "ailleurs"})]
    assert faults_of(lambda: open_again(database_url, documents_folder)) == moving_on
    assert faults_of(lambda: store.claim("main", lease=LEASE))[0].code == "QUE-MOVED"
    assert faults_of(lambda: move_everything(small, target, "autre part", START)) == moving_on
    move_everything(small, target, "ailleurs", START)
    assert everything(other_url) == everything(database_url)
    (fault,) = faults_of(lambda: open_again(database_url, documents_folder))
    assert fault.code == "QUE-MOVED"


def test_a_move_that_was_killed_is_given_up_when_nothing_was_copied_for_sure(
    small: Database, target: Database, store: Store, database_url: str, other_url: str
) -> None:
    store.next_serial(EXEMPLE, "pes", "2026")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_move_and_die, args=(database_url, other_url, "closed"))
    process.start()
    process.join()
    process.close()
    with target.writing() as connection:
        connection.execute(insert(COUNTER).values(collectivite="x", counter="", period="", value=1))
    (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
    assert fault.code == "QUE-NOT_EMPTY"  # somebody uses it: it may hold our copy
    assert faults_of(lambda: store.claim("main", lease=LEASE))[0].code == "QUE-MOVED"
    with target.writing() as connection:
        connection.execute(delete(COUNTER))
    forge(target)
    (fault,) = faults_of(lambda: move_everything(small, target, "ailleurs", START))
    assert fault.code == "QUE-COPY"
    assert store.claim("main", lease=LEASE) is not None


def test_when_nobody_knows_whether_it_was_committed_both_stay_shut(
    small: Database, target: Database, store: Store, other_url: str
) -> None:
    def lose(connection: Connection) -> None:
        if connection.execute(select(DEPOSIT)).first() is not None:
            raise ConnectionError("the answer to the commit was lost")

    event.listen(target._backend.writer, "commit", lose)
    with pytest.raises(ConnectionError):
        move_everything(small, target, "ailleurs", START)
    assert faults_of(lambda: store.claim("main", lease=LEASE))[0].code == "QUE-MOVED"
    event.remove(target._backend.writer, "commit", lose)
    move_everything(small, target, "ailleurs", START)
    assert len(content(other_url)["transmission"]) == 1

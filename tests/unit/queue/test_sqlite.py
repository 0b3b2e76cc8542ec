"""What is particular to SQLite: its settings, its file, its lock, its disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from demat.clock import FixedClock
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.queue import sqlite
from demat.queue.store import Store
from tests.unit.queue.conftest import EXEMPLE, START, make_deposit, make_packed
from tests.unit.queue.test_database import fault_of


@pytest.fixture
def sqlite_store(sqlite_url: str, documents_folder: Path) -> Iterator[Store]:
    opened = Store.open(sqlite_url, documents_folder, FixedClock(START))
    yield opened
    opened.close()


def test_durability_settings(sqlite_store: Store) -> None:
    with sqlite_store._database.writing() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    fault = fault_of(f"sqlite:///{tmp_path / 'file' / 'demat.db'}", tmp_path / "documents")
    assert (fault.code, fault.params["dossier"]) == ("QUE-FOLDER", str(tmp_path / "file"))
    fault = fault_of(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "file" / "documents")
    assert fault.code == "QUE-FOLDER"


def test_a_database_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "demat.db").mkdir()
    fault = fault_of(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents")
    assert fault == Fault(code="QUE-DISK", params={"raison": "unable to open database file"})


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "demat.db").write_bytes(b"mandat;montant\n" * 100)
    fault = fault_of(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents")
    assert fault == Fault(code="QUE-DATABASE_CORRUPT", params={"raison": "file is not a database"})


def make_many_deposits(store: Store) -> None:
    """Write until the last page of the database is full."""
    for number in range(500):
        make_deposit(store, name=f"{number}.csv" * 50)


@pytest.mark.parametrize(
    ("pragma", "reason"),
    [
        ("PRAGMA query_only=ON", "attempt to write a readonly database"),
        ("PRAGMA max_page_count=1", "database or disk is full"),
    ],
)
def test_a_disk_that_takes_nothing_more(sqlite_store: Store, pragma: str, reason: str) -> None:
    store = sqlite_store
    make_deposit(store)
    before = (store.deposits(), store.journal())
    event.listen(
        store._database._backend.writer,
        "begin",
        lambda connection: connection.exec_driver_sql(pragma),
    )
    with pytest.raises(FaultError) as caught:
        make_many_deposits(store)
    assert list(caught.value.faults) == [Fault(code="QUE-DISK", params={"raison": reason})]
    assert store.deposits()[: len(before[0])] == before[0]
    assert len(store.deposits()) == len(store.journal())
    assert not store.verify_journal()


def test_a_database_that_is_held_too_long(
    sqlite_store: Store,
    sqlite_url: str,
    documents_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deposit_id = make_packed(sqlite_store).deposit_id
    monkeypatch.setattr(sqlite, "_BUSY_MS", 1)
    hasty = Store.open(sqlite_url, documents_folder, FixedClock(START))
    engine = create_engine(sqlite_url)
    with engine.connect() as connection:
        holder = connection.execution_options(isolation_level="AUTOCOMMIT")
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(FaultError) as caught:
            hasty.next_serial(EXEMPLE, "pes", "2026")
        assert list(caught.value.faults) == [
            Fault(code="QUE-BUSY", params={"raison": "database is locked"})
        ]
        assert hasty.deposit(deposit_id).id == deposit_id  # readers are not stopped
        holder.exec_driver_sql("ROLLBACK")
    engine.dispose()
    assert hasty.next_serial(EXEMPLE, "pes", "2026") == 1
    hasty.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="the database must be a file"):
        Store.open(url, tmp_path / "documents", FixedClock(START))


def test_the_lock_of_a_run_lies_beside_the_database(
    sqlite_store: Store, sqlite_url: str, tmp_path: Path
) -> None:
    other = Store.open(sqlite_url, tmp_path / "elsewhere", FixedClock(START))
    with sqlite_store.alone("nightly") as first, other.alone("nightly") as second:
        assert (first, second) == (True, False)
    other.close()

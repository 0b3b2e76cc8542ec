"""Opening, migrating, and what is said when the database cannot work."""

import ast
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, text
from sqlalchemy.exc import IntegrityError

import demat.queue
from demat.clock import FixedClock
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.queue.database import REVISIONS, Database, insert_or_none
from demat.queue.migrate import configuration
from demat.queue.model import DEPOSIT_FILE, METADATA
from demat.queue.store import Store
from tests.unit.queue.conftest import EXEMPLE, START, Packed

PACKAGE = Path(demat.queue.__file__).parent


def shape(connection: Connection) -> dict[str, Any]:
    """Return all that the database knows of our tables, in a form that compares."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"], one["default"])
                for one in inspector.get_columns(name)
            ],
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(index_shape(one) for one in inspector.get_indexes(name)),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }


def index_shape(index: Any) -> str:
    """Return an index in words; the condition of a partial one is an object."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})


def test_the_migrated_database_is_that_of_the_model(raw: Engine, empty_url: str) -> None:
    fresh = create_engine(empty_url)
    with raw.begin() as migrated, fresh.begin() as made:
        METADATA.create_all(made)
        assert shape(migrated) == shape(made)
        context = MigrationContext.configure(
            migrated, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []
    fresh.dispose()


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert tuple(one.revision for one in scripts.walk_revisions())[::-1] == REVISIONS


def test_what_was_written_is_there_at_the_next_opening(
    store: Store, packed: Packed, database_url: str, documents_folder: Path
) -> None:
    sent = packed()
    store.close()
    again = Store.open(database_url, documents_folder, FixedClock(START))
    assert again.transmission(sent.id) == sent
    again.close()


def test_alembic_is_imported_for_a_migration_only(
    store: Store, database_url: str, documents_folder: Path
) -> None:
    program = (
        "import sys, pathlib\n"
        "from demat.clock import SystemClock\n"
        "from demat.queue import states, views, retry, documents\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "from demat.queue.store import Store\n"
        "Store.open(sys.argv[1], pathlib.Path(sys.argv[2]), SystemClock()).close()\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, database_url, str(documents_folder)], check=True)


def test_processes_may_open_a_new_database_together(empty_url: str, documents_folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        serials = pool.starmap(_open_new, [(empty_url, documents_folder)] * 3, chunksize=1)
    assert sorted(serials) == [1, 2, 3]


def _open_new(url: str, documents: Path) -> int:
    opened = Store.open(url, documents, FixedClock(START))
    serial = opened.next_serial(EXEMPLE, "pes", "2026")
    opened.close()
    return serial


def fault_of(url: str, folder: Path) -> Fault:
    with pytest.raises(FaultError) as caught:
        Store.open(url, folder, FixedClock(START))
    (fault,) = caught.value.faults
    return fault


def test_a_database_of_a_newer_version(
    raw: Engine, database_url: str, documents_folder: Path
) -> None:
    with raw.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    fault = fault_of(database_url, documents_folder)
    assert fault == Fault(code="QUE-NEWER", params={"revision": "9999"})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("demat.db", "the database address cannot be read"),
        ("mysql://localhost/demat", "databases of type mysql are not supported"),
    ],
)
def test_addresses_that_cannot_be_used(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Store.open(url, tmp_path / "documents", FixedClock(START))


def test_a_broken_reference_is_not_taken_for_a_duplicate(store: Store) -> None:
    statement = insert(DEPOSIT_FILE).values(deposit_id=9, rank=1, name="x", sha256="y", size=1)
    with (
        pytest.raises(IntegrityError, match=r"(?i)foreign key"),
        store._database.writing() as connection,
    ):
        insert_or_none(connection, statement.returning(DEPOSIT_FILE.c.rank))


def test_closing_twice_is_harmless(database_url: str) -> None:
    opened = Database(database_url)
    opened.close()
    opened.close()


def test_states_are_written_in_moves_and_at_birth_only() -> None:
    """``state``, ``delivery``, ``etat``: ``claiming`` takes, ``moves`` does the rest."""
    writers = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "values":
                statement = ast.unparse(node)
                named = {keyword.arg for keyword in node.keywords}
                if "update(" in statement and named & {"state", "delivery", "etat"}:
                    writers.add(path.name)
    assert writers == {"claiming.py", "moves.py"}

"""A store on a fresh database: every test of this folder runs on SQLite and on PostgreSQL.

A test about one of them asks for ``sqlite_url``, ``sqlite_store`` or ``postgres_ready`` instead.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, select

from demat.clock import FixedClock
from demat.queue.states import DepositState
from demat.queue.store import Store
from demat.queue.views import DepositView, NewTransmission, ReceivedFile, TransmissionView
from tests.postgres import postgres, postgres_empty, postgres_ready, postgres_template

START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
EXEMPLE = "000000000"
VOISINE = "000000018"

NewPart = Callable[..., NewTransmission]
NewDeposit = Callable[..., DepositView]
Packed = Callable[..., TransmissionView]


__all__ = ["postgres", "postgres_empty", "postgres_ready", "postgres_template"]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data' / 'demat.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgres_ready")())


@pytest.fixture
def empty_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a second database of the same type, without any table."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("postgres_empty")())


@pytest.fixture
def documents_folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def store(database_url: str, documents_folder: Path, clock: FixedClock) -> Iterator[Store]:
    opened = Store.open(database_url, documents_folder, clock)
    yield opened
    opened.close()


@pytest.fixture
def raw(database_url: str, store: Store) -> Iterator[Engine]:
    """Reach the database behind the store's back, as a forger would."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def new_deposit(store: Store) -> NewDeposit:
    return lambda **values: make_deposit(store, **values)


@pytest.fixture
def new_part(store: Store) -> NewPart:
    return lambda **values: make_part(store, **values)


@pytest.fixture
def packed(store: Store) -> Packed:
    return lambda **values: make_packed(store, **values)


def make_deposit(
    store: Store,
    *,
    collectivite: str = EXEMPLE,
    name: str = "mandats.csv",
    content: bytes = b"mandat;montant",
    state: DepositState = DepositState.RECEIVED,
    replaces: int | None = None,
) -> DepositView:
    """Make a deposit and bring it to a state of the straight way (or to the return)."""
    file = ReceivedFile(name=name, sha256=store.documents.put(content), size=len(content))
    deposit = store.receive(collectivite=collectivite, name=name, files=[file], replaces=replaces)
    for step in WAYS[state]:
        deposit = store.advance(deposit.id, step)
    return deposit


WAYS: dict[DepositState, list[DepositState]] = {
    DepositState.RECEIVED: [],
    DepositState.DRAFTED: [DepositState.DRAFTED],
    DepositState.CHECKED: [DepositState.DRAFTED, DepositState.CHECKED],
    DepositState.AWAITING_SIGNATURE: [
        DepositState.DRAFTED,
        DepositState.CHECKED,
        DepositState.AWAITING_SIGNATURE,
    ],
    DepositState.SIGNED: [DepositState.DRAFTED, DepositState.CHECKED, DepositState.SIGNED],
    DepositState.RETURNED: [DepositState.RETURNED],
}


def make_part(
    store: Store, *, content: bytes = b"<PES_Aller/>", **values: object
) -> NewTransmission:
    """Make a part, its bytes in the document store."""
    defaults: dict[str, object] = {
        "flux": "HELIOS",
        "file_name": "PESALR2_21990123800010_261123_001.xml",
        "sha256": store.documents.put(content),
        "size": len(content),
        "key": "PESALR2_21990123800010_261123_001",
        "etat": "genere",
    }
    return NewTransmission(**(defaults | values))  # type: ignore[arg-type]  # a factory


def make_packed(
    store: Store, *, collectivite: str = EXEMPLE, name: str = "mandats.csv", **values: object
) -> TransmissionView:
    """Make a transmission that waits to be sent."""
    deposit = make_deposit(store, collectivite=collectivite, name=name, state=DepositState.CHECKED)
    (transmission,) = store.pack(deposit.id, [make_part(store, **values)])  # type: ignore[arg-type]  # a factory
    return transmission


def content(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, as the database holds them."""
    engine = create_engine(url)
    metadata = MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            name: sorted(
                (dict(row) for row in connection.execute(select(table)).mappings()), key=repr
            )
            for name, table in metadata.tables.items()
            if name != "alembic_version"
        }
    engine.dispose()
    return found

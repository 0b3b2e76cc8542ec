"""How many synced commits the whole life of a small flow costs: at most 12."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, event

from demat.connectors.api import RemoteProgress
from demat.engine.transmit import transmit_due
from demat.queue.store import Store
from demat.queue.views import TransmissionView
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from tests.unit.engine.conftest import Town, accept_all, ar, collect_all, declare, signataire_of
from tests.unit.engine.stamps_support import with_stamps

MOST = 12
_FULL = 2
"""``PRAGMA synchronous``: a commit is on the disk when it returns."""


ON_THE_WAY = (
    ("1", RemoteProgress.PENDING),
    ("2", RemoteProgress.PENDING),
    ("3", RemoteProgress.TRANSMITTED),
)


@contextmanager
def commits(store: Store) -> Iterator[list[str]]:
    """Gather the last action of the journal at each commit that SQLite had to sync."""
    engine = store._database._backend.writer
    told: list[str] = []
    with store._database.reading() as connection:
        driver = connection.connection.driver_connection
        seen = {id(driver): driver.total_changes if driver else 0}

    def before(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        changes = driver.total_changes
        synced = driver.execute("PRAGMA synchronous").fetchone()[0] >= _FULL
        if changes > seen.get(id(driver), 0) and synced:
            last = driver.execute("SELECT action FROM journal ORDER BY id DESC LIMIT 1").fetchone()
            told.append(last[0])
        seen[id(driver)] = changes

    event.listen(engine, "commit", before)
    try:
        yield told
    finally:
        event.remove(engine, "commit", before)


def life(town: Town, fixture: str, answer: Callable[[TransmissionView], bytes]) -> list[str]:
    """Let an agent deposit something small, and the State acknowledge it; return the commits."""
    transmit_due(town.office)  # its line is written down once for all
    with commits(town.store) as told:
        town.drop(fixture)
        town.intake()
        transmit_due(town.office)
        flow = town.flow()
        for code, progress in ON_THE_WAY:  # each seen once
            town.answer(flow, progress=progress, code=code)
            collect_all(town.authority, town.office)
            assert town.flow().remote_code == code
        town.answer(flow, answer(flow))
        collect_all(town.authority, town.office)
    assert town.flow().etat == "acquitte"
    return told


def test_an_act(town: Town) -> None:
    assert life(town, "seance-2026-11-05", ar) == [
        "received",
        "received",  # the serial number of its archive
        "checked",
        "packed",
        "claimed",
        "deposited",
        "receipt",
    ]


@pytest.mark.parametrize(("stamped", "count"), [(False, 9), (True, 11)])
def test_a_pes_that_is_signed(town: Town, pki: Pki, stamped: bool, count: int) -> None:
    authority = replace(town.authority, trust=TrustStore.from_folder(pki.trust_folder))
    town = declare(replace(town, authority=authority), signataire_of(pki.maire, unattended=True))
    if stamped:
        town, _ = with_stamps(town, pki)
    told = life(town, "titres-eau.csv", accept_all)
    assert len(told) == count <= MOST, told

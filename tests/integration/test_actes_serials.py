"""Names of archives at the turn of a year: the store numbers, the protocol names (§2.2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demat.actes.courriers import TypeCourrier
from demat.actes.envelope import (
    EnveloppeActes,
    Packing,
    build_archive,
    build_archive_accuse,
    build_archive_annulation,
    build_archive_demande_classification,
)
from demat.actes.model import Emetteur
from demat.actes.names import parse_archive_name
from demat.clock import FixedClock, date8, paris_date
from demat.queue.store import Store
from tests.unit.actes.factories import ACTE, EMETTEUR

CCAS = replace(EMETTEUR, siren="219901238", nature="33")
START = datetime(2026, 12, 29, 22, 30, tzinfo=UTC)
"""23:30 in Paris: the hour of UTC is one day late for an hour, every evening."""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents", clock)
    yield opened
    opened.close()


def packing(store: Store, clock: FixedClock, emetteur: Emetteur) -> Packing:
    """Take the next number of the day, as whoever packs does."""
    today = paris_date(clock.now())
    return {
        "day": today,
        "serial": store.next_serial(emetteur.siren, "enveloppe", date8(today)),
        "trigramme": "XYZ",
        "application": "EACT",
    }


def a_day(store: Store, clock: FixedClock, emetteur: Emetteur) -> Iterator[EnveloppeActes]:
    """Send one archive of each kind: an act, a receipt, a cancellation, a request."""
    act = replace(ACTE, date_decision=date(2024, 3, 14))
    id_acte = act.id_acte(emetteur)
    yield build_archive(act, emetteur, **packing(store, clock, emetteur))
    yield build_archive_accuse(
        TypeCourrier.DEMANDE_PIECES,
        id_acte,
        date(2024, 4, 8),
        emetteur,
        **packing(store, clock, emetteur),
    )
    yield build_archive_annulation(id_acte, emetteur, **packing(store, clock, emetteur))
    yield build_archive_demande_classification(None, emetteur, **packing(store, clock, emetteur))


def test_serials_restart_every_day_and_no_name_ever_serves_twice(
    store: Store, clock: FixedClock
) -> None:
    names = []
    for _ in range(6):
        for emetteur in (EMETTEUR, CCAS):
            names += [packed.name for packed in a_day(store, clock, emetteur)]
        clock.instant += timedelta(days=1)
    assert len(set(names)) == len(names) == 6 * 2 * 4
    found = [parse_archive_name(name) for name in names]
    assert all(found)
    ours = [(item.date, item.serial) for item in found if item and item.emetteur == EMETTEUR.siren]
    days = [date(2026, 12, number) for number in (29, 30, 31)]
    days += [date(2027, 1, number) for number in (1, 2, 3)]
    assert ours == [(day, serial) for day in days for serial in (1, 2, 3, 4)]


def test_a_number_is_not_given_again_when_the_day_comes_back(
    store: Store, clock: FixedClock
) -> None:
    """A clock set right, or a year later: the series of a day goes on where it was."""
    first = [packed.name for packed in a_day(store, clock, EMETTEUR)]
    clock.instant += timedelta(days=3)
    assert packing(store, clock, EMETTEUR)["serial"] == 1
    clock.instant = START + timedelta(days=365)
    assert packing(store, clock, EMETTEUR)["serial"] == 1
    clock.instant = START
    again = [packed.name for packed in a_day(store, clock, EMETTEUR)]
    assert again[0] == "XYZ-EACT--000000000--20261229-5.tar.gz"
    assert set(first).isdisjoint(again)


def test_the_day_is_that_of_paris(store: Store, clock: FixedClock) -> None:
    """At 23:30 UTC of 31 December the archive is one of the new year."""
    clock.instant = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    packed = build_archive(ACTE, EMETTEUR, **packing(store, clock, EMETTEUR))
    assert packed.name == "XYZ-EACT--000000000--20270101-1.tar.gz"
    assert packed.id_acte == "099-000000000-20240314-2024_012-DE"

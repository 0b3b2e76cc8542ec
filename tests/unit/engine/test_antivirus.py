"""Rule 50: every deposited file is shown to a real antivirus before anything reads it."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from demat.connectors.clamd import AntivirusUnusable
from demat.engine.process import process
from demat.labels_fr.catalogue import sentence
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from tests.clamd_daemon import INFECTED, VIRUS, Daemon, free_port, running_clamd
from tests.unit.engine.attachments_support import row, table
from tests.unit.engine.conftest import FIXTURES, Town, codes


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


def guarded(town: Town, daemon: Daemon, address: str = "") -> Town:
    return replace(town, office=replace(town.office, antivirus=daemon.client(address)))


@pytest.mark.parametrize(
    "fixture", ["seance-2026-10-08", "arrete-individuel", "titres-cantine.csv", "compta-D0032.xml"]
)
def test_clean_deposits_go_their_way(town: Town, daemon: Daemon, fixture: str) -> None:
    assert guarded(town, daemon).fixture(fixture).state is DepositState.PACKED


def _infected_acte(town: Town) -> DepositView:
    for path in (FIXTURES / "arrete-individuel").iterdir():
        content = path.read_bytes()
        town.write(path.name, content + INFECTED if path.suffix == ".pdf" else content)
    return town.hand_in(*sorted(town.folders.a_deposer.iterdir()))


def _infected_pes(town: Town) -> DepositView:
    content = (FIXTURES / "compta-D0032.xml").read_bytes()
    town.write("compta.xml", content.replace(b"?>", b"?><!-- " + INFECTED + b" -->", 1))
    return town.hand_in(town.folders.a_deposer / "compta.xml")


def _infected_attachment(town: Town) -> DepositView:
    town.write("depot/piece.png", b"\x89PNG\r\n\x1a\n" + INFECTED)
    town.write("depot/titres.csv", table(row(417, 12, "piece.png")))
    return town.hand_in(town.folders.a_deposer / "depot")


@pytest.mark.parametrize("deposit", [_infected_acte, _infected_pes, _infected_attachment])
def test_an_infected_file_stops_its_deposit(town: Town, daemon: Daemon, deposit: object) -> None:
    town.folders.make()
    given = deposit(guarded(town, daemon))  # type: ignore[operator]  # one of the three above
    assert (given.state, codes(given)) == (DepositState.RETURNED, ("ACT-050",))
    (fault,) = given.faults
    assert fault.params["virus"] == VIRUS
    assert f"({VIRUS}) dans le fichier « {fault.params['name']} »" in sentence(fault)
    assert town.flows() == ()
    for file in given.files:  # kept, as everything that was received
        assert town.store.documents.check(file.sha256) is None


def test_without_antivirus_nobody_looks(town: Town) -> None:
    town.folders.make()
    assert "ACT-050" not in codes(_infected_pes(town))


def test_a_deposit_waits_for_an_antivirus_that_is_away(town: Town, daemon: Daemon) -> None:
    away = guarded(town, daemon, f"127.0.0.1:{free_port()}")
    with pytest.raises(AntivirusUnusable):
        away.fixture("titres-cantine.csv")
    (waiting,) = town.store.deposits(collectivite=town.authority.siren)
    assert (waiting.state, codes(waiting)) == (DepositState.RECEIVED, ())
    report = away.night()
    assert "ne répond pas" in report.authorities[0].errors[0]
    assert town.store.deposit(waiting.id).state is DepositState.RECEIVED
    assert town.tree(town.folders.a_corriger) == []
    back = guarded(town, daemon)
    assert process(waiting, back.authority, back.office).state is DepositState.PACKED


def test_the_same_content_is_shown_once(town: Town, daemon: Daemon, tmp_path: Path) -> None:
    shown = []

    class Counting:
        def test(self) -> None:
            raise AssertionError

        def scan(self, source: BytesIO, name: str) -> str:
            shown.append((name, source.read()))
            return "V"

    town = replace(town, office=replace(town.office, antivirus=Counting()))
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.4")
    given = town.hand_in(tmp_path / "a.pdf", tmp_path / "b.pdf")
    assert codes(given) == ("ACT-050", "ACT-050")
    assert [content for _, content in shown] == [b"%PDF-1.4"]

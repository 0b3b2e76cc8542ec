"""Acts ready to leave: numbers, rules, archives."""

import shutil
from pathlib import Path

import pytest

from demat.actes.archive import unpack
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from tests.unit.engine.conftest import FIXTURES, Town, codes, numeros


def seance(town: Town, folder: Path, *rows: str) -> DepositView:
    folder.mkdir()
    shutil.copy(FIXTURES / "seance-2026-11-05" / "voirie.pdf", folder)
    lines = ("numero;date;nature;matiere;objet;fichier", *rows)
    (folder / "actes.csv").write_text("\r\n".join(lines), encoding="utf-8")
    return town.hand_in(folder)


def row(numero: str, *, objet: str = "Voirie", jour: str = "05/11/2026") -> str:
    return f"{numero};{jour};DE;8.3;{objet};voirie.pdf"


def test_one_archive_per_act(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    assert numeros(town.flows()) == ["2026_041", "2026_042"]
    for flow in town.flows():
        members = unpack(town.store.documents.get(flow.sha256))
        assert list(members) == flow.facts["members"]
        assert flow.file_name.startswith("DMT-TACT--000000000-")
        assert (flow.flux, flow.etat) == ("ACTES", "prepare")
        assert flow.facts["classification"] == "2026-01-01"
    first, second = town.flows()
    assert first.file_name != second.file_name
    assert first.facts["extra"]["vote_pour"] == "12"
    assert second.facts["documents"] == ["subventions.pdf", "subventions-tableau.pdf"]


def test_one_wrong_act_keeps_the_whole_seance(town: Town, tmp_path: Path) -> None:
    deposit = seance(town, tmp_path / "s", row("2026_050"), row("2026_051", jour="05/11/2027"))
    assert deposit.state is DepositState.RETURNED
    assert [fault.source for fault in deposit.faults.blocking] != []
    assert town.flows() == ()


def test_the_same_number_twice_in_one_deposit(town: Town, tmp_path: Path) -> None:
    deposit = seance(town, tmp_path / "s", row("2026_050"), row("2026_050", objet="Autre"))
    assert codes(deposit).count("INT-NUMBER_TWICE") == 1
    (fault,) = (fault for fault in deposit.faults if fault.code == "INT-NUMBER_TWICE")
    assert dict(fault.params) == {"numero": "2026_050", "first": "actes.csv, ligne 2"}


def test_a_number_already_sent_is_refused(town: Town, tmp_path: Path) -> None:
    seance(town, tmp_path / "s", row("2026_050"))
    deposit = seance(town, tmp_path / "t", row("2026_050", objet="Autre"), row("2026_051"))
    assert (deposit.state, deposit.faults.blocking.codes) == (DepositState.RETURNED, ("ACT-012",))
    assert numeros(town.flows()) == ["2026_050"]


def test_a_double_is_told_whatever_became_of_the_first(town: Town, tmp_path: Path) -> None:
    """Both rows of a refused number must not get two new numbers in silence."""
    seance(town, tmp_path / "s", row("2026_050"))
    town.store.abandon(1, "erreur", "Camille")
    deposit = seance(town, tmp_path / "t", row("2026_050"), row("2026_050", objet="Autre"))
    assert "INT-NUMBER_TWICE" in codes(deposit)
    assert deposit.state is DepositState.RETURNED


def test_a_new_number_avoids_those_of_the_same_deposit(town: Town, tmp_path: Path) -> None:
    seance(town, tmp_path / "s", row("2026_050"))
    town.store.abandon(1, "erreur", "Camille")
    seance(town, tmp_path / "t", row("2026_050"), row("2026_050_R1", objet="Autre"))
    assert numeros(town.flows()) == ["2026_050", "2026_050_R2", "2026_050_R1"]


def test_what_the_norm_cannot_write_is_replaced_and_told_nowhere_else(
    town: Town, tmp_path: Path
) -> None:
    deposit = seance(town, tmp_path / "s", row("2026_050", objet="Cœur de bourg – 20 €"))
    assert deposit.state is DepositState.PACKED
    flow = town.flow(1)
    assert flow.facts["objet"] == "Cœur de bourg – 20 €"
    content = unpack(town.store.documents.get(flow.sha256))[f"{flow.key}-1-1_0.xml"]
    assert "Coeur de bourg - 20" in content.decode("iso-8859-1")


@pytest.mark.parametrize("count", [1, 3])
def test_archives_are_numbered_within_the_day(town: Town, tmp_path: Path, count: int) -> None:
    seance(town, tmp_path / "s", *(row(f"2026_05{n}") for n in range(count)))
    names = [flow.file_name for flow in town.flows()]
    assert names == [f"DMT-TACT--000000000--20261123-{n}.tar.gz" for n in range(1, count + 1)]

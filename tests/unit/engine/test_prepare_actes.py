"""Acts ready to leave: numbers, rules, archives."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from demat.actes.archive import unpack
from demat.connectors.api import RemoteProgress
from demat.engine.classification import confirm
from demat.engine.transmit import transmit_due
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from tests.unit.engine.conftest import FIXTURES, Town, anomaly, ar, codes, collect_all, numeros
from tests.unit.engine.prefecture_support import annulation_received


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


def told(deposit: DepositView) -> list[str]:
    """Return what the agent reads, but that 8.3 has finer levels."""
    return [code for code in codes(deposit) if code != "ACT-024"]


def reject(town: Town, number: int) -> None:
    flow = town.flow(number)
    town.answer(flow, anomaly(flow), progress=RemoteProgress.ERROR)
    collect_all(town.authority, town.office)
    assert town.flow(number).etat_negative


def test_a_rejected_act_leaves_again_under_another_number_where_the_first_is_burnt(
    town: Town, tmp_path: Path
) -> None:
    seance(town, tmp_path / "s", row("2026_050"))
    transmit_due(town.office)
    reject(town, 1)
    deposit = seance(town, tmp_path / "t", row("2026_050"))
    assert told(deposit) == ["INT-RENUMBERED"]  # and it is no second act (rule 13)
    assert numeros(town.flows()) == ["2026_050", "2026_050_R1"]


def test_a_rejected_act_keeps_its_number_where_the_other_side_allows_it(
    town: Town, tmp_path: Path
) -> None:
    """The préfecture registered nothing (§8.3): the archive is another, the act the same."""
    town.connector.keeps_refused_numbers = False
    seance(town, tmp_path / "s", row("2026_050"))
    transmit_due(town.office)
    reject(town, 1)
    deposit = seance(town, tmp_path / "t", row("2026_050"))
    assert (deposit.state, told(deposit)) == (DepositState.PACKED, [])
    first, second = town.flows()
    assert (first.key, second.supersedes) == (second.key, first.id)
    assert first.file_name != second.file_name
    holder = town.store.holder(town.authority.siren, "numero", "2026_050")
    assert holder is not None
    assert holder.id == second.id
    transmit_due(town.office)
    assert second.id in [one.id for one in town.store.awaiting_answer()]
    town.answer(town.flow(second.id), ar(second))
    collect_all(town.authority, town.office)
    assert town.flow(second.id).etat == "acquitte"


def test_the_number_of_a_cancelled_act_is_burnt_everywhere(town: Town, tmp_path: Path) -> None:
    town.connector.keeps_refused_numbers = False
    seance(town, tmp_path / "s", row("2026_050"))
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, ar(flow), annulation_received(flow.key))
    collect_all(town.authority, town.office)
    assert town.flow(1).etat == "annule"
    deposit = seance(town, tmp_path / "t", row("2026_050"))
    assert deposit.faults.blocking.codes == ("ACT-012",)


def test_an_identical_act_under_another_number_is_told(town: Town, tmp_path: Path) -> None:
    seance(town, tmp_path / "s", row("2026_050"))
    deposit = seance(town, tmp_path / "t", row("2026_051", objet=" VOIRIE "))
    assert told(deposit) == ["ACT-013"]
    deposit = seance(town, tmp_path / "u", row("2026_052", objet="Voirie 2"))
    assert told(deposit) == []


def test_a_classification_nobody_checked_for_long_is_told(town: Town, tmp_path: Path) -> None:
    town.clock.instant += timedelta(days=40)
    deposit = seance(town, tmp_path / "s", row("2026_050"))
    assert told(deposit) == ["ACT-026"]
    confirm(town.authority, town.office)
    deposit = seance(town, tmp_path / "t", row("2026_051", objet="Autre"))
    assert told(deposit) == []


def test_a_newer_classification_that_an_ar_announced_is_told(town: Town, tmp_path: Path) -> None:
    seance(town, tmp_path / "s", row("2026_050"))
    transmit_due(town.office)
    town.answer(town.flow(1), ar(town.flow(1), en_cours="2026-11-20"))
    collect_all(town.authority, town.office)
    deposit = seance(town, tmp_path / "t", row("2026_051", objet="Autre"))
    assert told(deposit) == ["ACT-026_ANNOUNCED"]


def test_an_earlier_act_that_was_not_sent_here_is_told(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    shutil.copy(FIXTURES / "seance-2026-11-05" / "voirie.pdf", folder)
    cells = "2026_060;05/11/2026;DE;8.3;Voirie bis;voirie.pdf;099-000000000-20200102-2020_001-DE"
    title = "numero;date;nature;matiere;objet;fichier;acte_precedent"
    (folder / "actes.csv").write_text(f"{title}\r\n{cells}", encoding="utf-8")
    assert told(town.hand_in(folder)) == ["ACT-059_UNKNOWN"]

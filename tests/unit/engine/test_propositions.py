"""A deposit that holds proposals waits for a person, comes back, and leaves once confirmed."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from demat.actes.classification import NATIONALE
from demat.actes.numerotation import Numerotation
from demat.engine import give_back
from demat.engine.confirm import confirm, corrected, waiting
from demat.engine.process import process
from demat.engine.propositions import (
    dump_proposals,
    laid_names,
    proposals_of,
    proposals_table,
    proposed_numbers,
    without_origins,
)
from demat.faults import FaultError
from demat.intake.api import Confidence, InputFile, Proposal
from demat.intake.readers.tables import read_table
from demat.queue.states import DepositState
from demat.queue.views import DepositView
from fixtures.make import write_xlsx
from tests.unit.engine.conftest import FIXTURES, Crash, Town, codes, numeros

SEANCE = FIXTURES / "seance-2026-10-08"
COLUMNS = ("numero", "date", "nature", "matiere", "objet", "fichier", "annexes")


def numbered(town: Town, pattern: str = "{annee}_{rang:03d}") -> Town:
    authority = replace(town.authority, numerotation=Numerotation(pattern))
    return replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))


def laid_table(town: Town, deposit: str) -> list[dict[str, str]]:
    """Read the list of proposals as a spreadsheet program would."""
    content = (town.folders.a_corriger / deposit / "propositions.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def give_back_corrected(town: Town, deposit: str, **changes: str) -> None:
    """Do what the agent does: correct, confirm every row, move the folder back."""
    folder = town.folders.a_corriger / deposit
    rows = [{**row, "confirme": "oui", **changes} for row in laid_table(town, deposit)]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "propositions.csv").write_bytes(out.getvalue().encode("utf-8-sig"))
    folder.rename(town.folders.a_deposer / deposit)
    town.intake()


def latest(town: Town) -> DepositView:
    return town.store.deposits()[-1]


def test_a_pdf_alone_comes_back_with_what_it_says_of_itself(town: Town) -> None:
    deposit = town.hand_in(SEANCE / "tarifs-salle.pdf")
    assert (deposit.state, deposit.kind) == (DepositState.RETURNED, "pdf")
    assert codes(deposit) == ("INT-TO_CONFIRM",)
    assert town.flows() == ()
    assert town.tree(town.folders.a_corriger) == [
        f"tarifs-salle/{name}" for name in ("A-LIRE.html", "propositions.csv", "tarifs-salle.pdf")
    ]
    assert laid_table(town, "tarifs-salle") == [
        {
            "numero": "2026_041",
            "date": "08/10/2026",
            "nature": "Délibération",
            "matiere": "7.10 Finances locales / Divers",
            "objet": "Tarifs 2027 de la salle des fêtes",
            "fichier": "tarifs-salle.pdf",
            "annexes": "",
            "confirme": "",
        }
    ]


def test_the_sheet_tells_each_value_how_sure_it_is_and_where_it_comes_from(town: Town) -> None:
    town.hand_in(SEANCE / "tarifs-salle.pdf")
    page = html.fromstring((town.folders.a_corriger / "tarifs-salle/A-LIRE.html").read_bytes())
    assert page.findtext(".//h1") == "À confirmer\u00a0: tarifs-salle.pdf"
    (table,) = page.iter("table")
    assert table.find("caption") is not None
    assert [(head.get("scope"), head.text_content()) for head in table.iter("th")] == [
        *(("col", head) for head in ("Case", "Proposition", "Fiabilité", "D'après le document")),
        *(("row", name) for name in ("Numéro", "Date", "Nature", "Matière", "Objet", "Fichier")),
    ]
    rows = {
        row.findtext("th"): [cell.text_content().replace("\u00a0", " ") for cell in row.iter("td")]
        for row in table.iter("tr")
        if row.find("td") is not None
    }
    assert rows["Date"] == [
        "08/10/2026",
        "Lu tel quel : un coup d'œil suffit",
        "« Séance du 8 octobre 2026 »",
    ]
    value, sure, words = rows["Matière"]
    assert (value, sure) == ("7.10 Finances locales / Divers", "Incertain : à vérifier de près")
    deeper = "« Tarifs » — La nomenclature de votre préfecture est plus détaillée : 7.10.1 "
    assert words.startswith(deeper)


def test_a_value_that_was_not_found_is_to_be_filled_in(town: Town) -> None:
    town.hand_in(FIXTURES / "mandats-2026-10/facture-lerand.pdf")
    page = (town.folders.a_corriger / "facture-lerand/A-LIRE.html").read_text("utf-8")
    assert page.count("<em>à remplir</em>") == 5
    assert laid_table(town, "facture-lerand")[0]["numero"] == ""


def test_the_corrected_folder_leaves_as_a_seance(town: Town) -> None:
    first = town.hand_in(SEANCE / "tarifs-salle.pdf")
    give_back_corrected(town, "tarifs-salle", objet="Tarifs de la salle")
    deposit = latest(town)
    assert (deposit.state, deposit.kind, deposit.replaces) == (
        DepositState.PACKED,
        "seance",
        first.id,
    )
    (flow,) = town.flows()
    assert flow.key == "099-000000000-20261008-2026_041-DE"
    assert (flow.facts["objet"], flow.facts["matiere"]) == ("Tarifs de la salle", "7.10")
    assert town.tree(town.folders.a_corriger) == []


def test_moved_back_without_a_yes_nothing_leaves(town: Town) -> None:
    town.hand_in(SEANCE / "tarifs-salle.pdf")
    (town.folders.a_corriger / "tarifs-salle").rename(town.folders.a_deposer / "tarifs-salle")
    town.intake()
    assert (latest(town).state, codes(latest(town))) == (
        DepositState.RETURNED,
        ("INT-NOT_CONFIRMED",),
    )
    assert town.flows() == ()
    give_back_corrected(town, "tarifs-salle")
    assert latest(town).state is DepositState.PACKED


@pytest.mark.parametrize("answer", ["non", "oui ?", "à voir"])
def test_only_a_yes_confirms(town: Town, answer: str) -> None:
    town.hand_in(SEANCE / "tarifs-salle.pdf")
    give_back_corrected(town, "tarifs-salle", confirme=answer)
    assert codes(latest(town)) == ("INT-NOT_CONFIRMED",)


def seance_without_numbers(folder: Path, *numbers: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("tarifs-salle.pdf", "subventions.pdf", "subventions-tableau.pdf"):
        (folder / name).write_bytes((SEANCE / name).read_bytes())
    rows = [
        ("08/10/2026", "Délibération", "7.10", "Tarifs", "tarifs-salle.pdf", ""),
        ("08/10/2026", "DE", "7.5", "Subventions", "subventions.pdf", "subventions-tableau.pdf"),
    ]
    lines = [[number, *row] for number, row in zip(numbers, rows, strict=True)]
    write_xlsx(folder / "actes.xlsx", [COLUMNS, *lines])
    return folder


def test_rows_without_number_get_the_next_ones_and_the_whole_list_waits(
    town: Town, tmp_path: Path
) -> None:
    town = numbered(town)
    town.fixture("seance-2026-11-05")  # 2026_050
    used = {flow.facts["numero"] for flow in town.flows()}
    deposit = town.hand_in(seance_without_numbers(tmp_path / "seance", "", ""))
    assert codes(deposit) == ("INT-TO_CONFIRM",)
    rows = laid_table(town, "seance")
    assert [row["numero"] for row in rows] == ["2026_051", "2026_052"]
    assert not used & {"2026_051", "2026_052"}
    assert rows[1]["annexes"] == "subventions-tableau.pdf"
    assert town.tree(town.folders.a_corriger) == [
        f"seance/{name}"
        for name in (
            *("A-LIRE.html", "actes.xlsx.origine", "propositions.csv"),
            *("subventions-tableau.pdf", "subventions.pdf", "tarifs-salle.pdf"),
        )
    ]
    original = (town.folders.a_corriger / "seance/actes.xlsx.origine").read_bytes()
    assert original == (tmp_path / "seance/actes.xlsx").read_bytes()
    give_back_corrected(town, "seance")
    assert latest(town).state is DepositState.PACKED
    assert numeros(town.flows())[-2:] == ["2026_051", "2026_052"]
    assert "actes.xlsx.origine" in {file.name for file in latest(town).files}


def test_a_number_that_a_person_gave_stays_and_counts(town: Town, tmp_path: Path) -> None:
    town = numbered(town)
    deposit = town.hand_in(seance_without_numbers(tmp_path / "seance", "", "2026_007"))
    assert [row["numero"] for row in laid_table(town, "seance")] == ["2026_008", "2026_007"]
    first, second = proposals_of(deposit)
    assert first.confidences == {"numero": Confidence.LIKELY}
    assert second.confidences == {}


def test_without_a_pattern_a_number_that_lacks_is_a_fault(town: Town, tmp_path: Path) -> None:
    deposit = town.hand_in(seance_without_numbers(tmp_path / "seance", "", "2026_007"))
    assert codes(deposit) == ("INT-CELL_EMPTY",)
    assert "seance/actes.xlsx" in town.tree(town.folders.a_corriger)


def test_two_deposits_that_wait_are_not_given_the_same_number(town: Town, tmp_path: Path) -> None:
    town = numbered(town)
    town.hand_in(seance_without_numbers(tmp_path / "octobre", "", ""))
    town.hand_in(seance_without_numbers(tmp_path / "novembre", "", ""))
    assert [row["numero"] for row in laid_table(town, "novembre")] == ["2026_003", "2026_004"]
    # once a deposit is replaced, what it proposed is free again
    give_back_corrected(town, "novembre", numero="", confirme="")
    town.hand_in(seance_without_numbers(tmp_path / "decembre", "", ""))
    assert [row["numero"] for row in laid_table(town, "decembre")] == ["2026_003", "2026_004"]


def test_a_released_number_is_never_proposed_again(town: Town, tmp_path: Path) -> None:
    town = numbered(town)
    town.fixture("seance-2026-11-05")
    for flow in town.flows():
        town.store.abandon(flow.id, who="essai", reason="essai")
        town.store.release_keys(flow.id, ["numero"])
    assert town.store.used(town.authority.siren, "numero", "2026_050") is None
    town.hand_in(seance_without_numbers(tmp_path / "seance", "", ""))
    assert laid_table(town, "seance")[0]["numero"] == "2026_051"


def test_a_crash_while_the_folder_is_laid_loses_nothing(
    town: Town, tmp_path: Path, die: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = numbered(town)
    seance_without_numbers(tmp_path / "seance", "", "")
    with monkeypatch.context() as patch:
        patch.setattr(give_back, "leave", _dies)
        with pytest.raises(Crash):
            town.hand_in(tmp_path / "seance")
    process(latest(town), town.authority, town.office)
    names = town.tree(town.folders.a_corriger)
    assert "seance/actes.xlsx.origine" in names
    assert "seance/actes.xlsx" not in names
    assert [row["numero"] for row in laid_table(town, "seance")] == ["2026_001", "2026_002"]


def _dies(*_: object) -> None:
    raise Crash("leave")


# ------------------------------------------------------------------------- the command


def test_a_person_confirms_from_the_command_line(town: Town) -> None:
    deposit = town.hand_in(SEANCE / "tarifs-salle.pdf")
    proposals = corrected(waiting(deposit), ["objet=Tarifs = 2027", "numero=2026_099"])
    done = confirm(deposit, proposals, town.authority, town.office)
    assert (done.state, done.replaces) == (DepositState.PACKED, deposit.id)
    (flow,) = town.flows()
    assert (flow.facts["numero"], flow.facts["objet"]) == ("2026_099", "Tarifs = 2027")
    assert town.tree(town.folders.a_corriger) == []
    with pytest.raises(FaultError) as caught:
        waiting(town.store.deposit(deposit.id))
    assert caught.value.faults.codes == ("INT-NOT_TO_CONFIRM",)


def test_a_value_that_lacks_is_told_before_anything_is_handed_in(town: Town) -> None:
    deposit = town.hand_in(FIXTURES / "mandats-2026-10/facture-lerand.pdf")
    with pytest.raises(FaultError) as caught:
        confirm(deposit, waiting(deposit), town.authority, town.office)
    assert set(caught.value.faults.codes) == {"INT-CELL_EMPTY"}
    assert town.store.deposits() == (deposit,)


def test_a_seance_is_confirmed_from_the_command_line(town: Town, tmp_path: Path) -> None:
    town = numbered(town)
    deposit = town.hand_in(seance_without_numbers(tmp_path / "seance", "", ""))
    proposals = corrected(waiting(deposit), ["2.numero=2026_020"])
    done = confirm(deposit, proposals, town.authority, town.office)
    assert done.state is DepositState.PACKED
    assert numeros(town.flows()) == ["2026_001", "2026_020"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("numero", "il y manque le signe ="),
        ("montant=3", "la colonne « montant » n'existe pas"),
        ("numero=3", "ce dépôt propose 2 actes : écrivez le rang de l'acte devant"),
        ("3.numero=3", "il n'y a pas d'acte de rang « 3 »"),
        ("0.numero=3", "il n'y a pas d'acte de rang « 0 »"),
        ("x.numero=3", "il n'y a pas d'acte de rang « x »"),
    ],
)
def test_a_correction_that_cannot_be_made_is_told(change: str, reason: str) -> None:
    one = Proposal(cells={}, confidences={})
    with pytest.raises(FaultError) as caught:
        corrected((one, one), [change])
    (fault,) = caught.value.faults
    assert (fault.code, fault.params["reason"]) == ("INT-SET", reason)


def test_what_is_not_waiting_cannot_be_confirmed(town: Town) -> None:
    deposit = town.fixture("seance-2026-11-05")
    with pytest.raises(FaultError) as caught:
        waiting(deposit)
    assert caught.value.faults.codes == ("INT-NOT_TO_CONFIRM",)


# ------------------------------------------------------------------------ the list itself

PROPOSAL = Proposal(
    cells={
        "numero": "007",
        "date": "08/10/2026",
        "nature": "Délibération",
        "matiere": "7.10",
        "objet": "=1+1; « essai »",
        "fichier": "-a.pdf",
    },
    confidences={"numero": Confidence.GUESS},
    reasons={"numero": "N° 7"},
    notes={"numero": "à voir"},
    where="a.pdf",
)


def test_a_proposal_is_kept_whole() -> None:
    detail = dump_proposals([PROPOSAL])
    assert json.loads(detail["propositions"])[0]["where"] == "a.pdf"
    assert proposed_numbers(detail) == ("007",)
    assert proposed_numbers({}) == ()


def test_no_cell_becomes_a_formula_a_number_or_a_day() -> None:
    content = proposals_table([PROPOSAL], NATIONALE, confirme="oui")
    assert content.decode("utf-8-sig") == (
        "numero;date;nature;matiere;objet;fichier;annexes;confirme\r\n"
        "'007;08/10/2026;Délibération;7.10 Finances locales / Divers;"
        "\"'=1+1; « essai »\";'-a.pdf;;oui\r\n"
    )
    rows = list(read_table(InputFile(name="p.csv", data=content)).rows({}))
    assert [row.text("matiere") for row in rows] == ["7.10 Finances locales / Divers"]


def test_a_matiere_that_the_prefecture_lacks_is_still_no_number() -> None:
    one = replace(PROPOSAL, cells={**PROPOSAL.cells, "matiere": "7.10.99"})
    table = proposals_table([one], NATIONALE).decode("utf-8-sig")
    assert ";7.10.99 Finances locales / Divers;" in table
    one = replace(PROPOSAL, cells={**PROPOSAL.cells, "matiere": "12.3"})
    assert ";12.3 (libellé inconnu);" in proposals_table([one], NATIONALE).decode("utf-8-sig")


def test_what_the_list_was_made_from_changes_its_name() -> None:
    names = ["a.XLSX", "b.pdf", "sous/c.json", "d.csv", "d.csv.origine"]
    assert laid_names(names) == {
        "a.XLSX": "a.XLSX.origine",
        "b.pdf": "b.pdf",
        "sous/c.json": "sous/c.json.origine",
        "d.csv": "d.csv.origine.origine",
        "d.csv.origine": "d.csv.origine",
    }


def test_a_number_that_an_act_has_left_under_is_told(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    deposit = town.hand_in(SEANCE / "tarifs-salle.pdf")
    (one,) = proposals_of(deposit)
    assert one.confidences["numero"] is Confidence.GUESS
    assert one.notes["numero"].startswith("Ce numéro est déjà pris (23/11/2026, « Tarifs 2027")
    give_back_corrected(town, "tarifs-salle")
    assert "ACT-012" in codes(latest(town))


def test_a_number_that_two_documents_tell_is_told(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "seance"
    folder.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (folder / name).write_bytes((SEANCE / "tarifs-salle.pdf").read_bytes())
    first, second = proposals_of(town.hand_in(folder))
    assert first.confidences["numero"] is Confidence.CERTAIN
    assert second.confidences["numero"] is Confidence.GUESS
    assert second.notes["numero"].startswith("Ce numéro est déjà pris (a.pdf, dans ce dépôt)")


def test_a_list_whose_texts_hold_separators_is_read_back(town: Town) -> None:
    marks = ("a;b", "a;b;c", "d|e;", "f,g")
    proposals = [
        replace(PROPOSAL, cells={**PROPOSAL.cells, "objet": mark, "annexes": "x.pdf|y.pdf"})
        for mark in marks
    ]
    content = proposals_table(proposals, NATIONALE)
    rows = list(read_table(InputFile(name="p.csv", data=content)).rows({}))
    assert [row.text("objet") for row in rows] == list(marks)
    assert {row.text("annexes") for row in rows} == {"x.pdf|y.pdf"}


def test_a_crash_never_writes_over_an_original_of_the_same_name(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = numbered(town)
    folder = tmp_path / "seance"
    folder.mkdir()
    (folder / "tarifs-salle.pdf").write_bytes((SEANCE / "tarifs-salle.pdf").read_bytes())
    row = ";08/10/2026;DE;7.10;Tarifs;tarifs-salle.pdf;"
    original = f"{';'.join(COLUMNS)}\r\n{row}\r\n".encode()
    (folder / "propositions.csv").write_bytes(original)
    with monkeypatch.context() as patch:
        patch.setattr(give_back, "leave", _dies)
        with pytest.raises(Crash):
            town.hand_in(folder)
    process(latest(town), town.authority, town.office)
    laid = town.folders.a_corriger / "seance"
    assert (laid / "propositions.csv.origine").read_bytes() == original
    assert laid_table(town, "seance")[0]["numero"] == "2026_001"


def test_an_original_counts_only_without_the_list_that_replaced_it() -> None:
    origin = InputFile(name="actes.xlsx.origine", data=b"PK")
    listed = InputFile(name="Propositions.csv", data=b"")
    assert without_origins([origin]) == [origin]
    assert without_origins([origin, listed]) == [listed]


def test_a_budget_with_its_deliberation_waits_then_leaves_as_one_act(town: Town) -> None:
    """Nature, matière and types are forced; the number and the rest wait for a person."""
    numbering = numbered(town)
    for path in (FIXTURES.parent / "budgets" / "bp-2026").iterdir():
        numbering.write(f"bp-2026/{path.name}", path.read_bytes())
    numbering.intake()
    (row,) = laid_table(numbering, "bp-2026")
    assert (row["nature"], row["matiere"][:4], row["type"]) == ("BF", "7.1 ", "99_BU")
    assert row["types_annexes"] == "70_DE"
    assert "2026" in row["objet"]
    assert numbering.flows() == ()
    give_back_corrected(numbering, "bp-2026", date="15/04/2026")
    (flow,) = numbering.flows()
    assert flow.key.endswith("-BF")
    names = [name for name in flow.facts["members"] if name[2:3] == "_"]
    assert [name[:5] for name in names] == ["99_BU", "70_DE"]
    assert names[0].endswith("_1.xml")

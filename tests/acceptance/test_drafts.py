"""Documents without data, and séances of other software, from the watched folder to the AR."""

import csv
import io
import json
from pathlib import Path

from tests.acceptance.conftest import Mairie, unfolded

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
SEANCE = FIXTURES / "saint-exemple" / "seance-2026-10-08"
TARIFS = SEANCE / "tarifs-salle.pdf"


def rows_of(mairie: Mairie, deposit: str) -> list[dict[str, str]]:
    path = mairie.folder / "a-corriger" / deposit / "propositions.csv"
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def give_back(mairie: Mairie, deposit: str, rows: list[dict[str, str]]) -> None:
    """Save the list as a spreadsheet program does (Windows-1252), and move the folder back."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    folder = mairie.folder / "a-corriger" / deposit
    (folder / "propositions.csv").write_bytes(out.getvalue().encode("cp1252"))
    folder.rename(mairie.folder / "a-deposer" / deposit)


def test_pdf_files_alone_leave_once_they_are_confirmed(mairie: Mairie) -> None:
    names = ("tarifs-salle.pdf", "subventions.pdf", "subventions-tableau.pdf")
    mairie.drop(*(SEANCE / name for name in names), into="octobre")
    mairie.nightly()
    mairie.nightly()
    assert (mairie.flows(), mairie.landed()) == ([], 0)
    (deposit,) = mairie.returned()
    assert [fault["code"] for fault in deposit["faults"]] == ["INT-TO_CONFIRM"]
    sheet = mairie.sheet("octobre")
    assert "À confirmer : octobre" in sheet
    assert "« DÉLIBÉRATION N° 2026_041 »" in sheet

    rows = rows_of(mairie, "octobre")
    assert [(row["numero"], row["fichier"], row["annexes"]) for row in rows] == [
        ("2026_042", "subventions.pdf", "subventions-tableau.pdf"),
        ("2026_041", "tarifs-salle.pdf", ""),
    ]
    give_back(mairie, "octobre", [{**row, "confirme": "oui"} for row in rows])
    mairie.nightly()
    mairie.play()
    assert {flow["key"]: flow["etat"] for flow in mairie.flows()} == {
        f"099-000000000-20261008-2026_04{n}-DE": "acquitte" for n in (1, 2)
    }
    assert mairie.landed() == 2


def test_one_row_that_is_not_confirmed_keeps_the_others_here(mairie: Mairie) -> None:
    mairie.drop(SEANCE / "tarifs-salle.pdf", SEANCE / "subventions.pdf", into="octobre")
    mairie.nightly()
    mairie.nightly()
    first, second = rows_of(mairie, "octobre")
    give_back(mairie, "octobre", [{**first, "confirme": "oui"}, second])
    mairie.nightly()
    mairie.nightly()
    deposit = mairie.returned()[-1]
    assert [fault["code"] for fault in deposit["faults"]] == ["INT-NOT_CONFIRMED"]
    assert mairie.landed() == 0


def test_a_pdf_alone_is_confirmed_from_the_command_line(mairie: Mairie) -> None:
    answer = mairie.demat_process("deposit", TARIFS)
    assert answer.code == 1
    assert "attend votre confirmation" in unfolded(answer.stdout)
    assert mairie.demat_process("confirm", "D1").code == 2  # nobody is there to say yes
    done = mairie.demat_process("confirm", "D1", "--set", "numero=2026_077", "--yes", "--json")
    assert (done.code, done.json["state"]) == (0, "packed")
    mairie.play()
    (flow,) = mairie.flows()
    assert (flow["key"], flow["etat"]) == ("099-000000000-20261008-2026_077-DE", "acquitte")


def test_numbers_are_given_in_order_and_confirmed(mairie: Mairie) -> None:
    mairie.edit('departement = "099"', 'departement = "099"\nnumerotation = "{annee}_{rang:03d}"')
    mairie.drop(TARIFS, into="seance")
    table = (
        "numero;date;nature;matiere;objet;fichier\r\n;08/10/2026;DE;7.10;Tarifs;tarifs-salle.pdf"
    )
    mairie.write("seance/actes.csv", table.encode())
    mairie.nightly()
    mairie.nightly()
    (row,) = rows_of(mairie, "seance")
    assert row["numero"] == "2026_001"
    assert (mairie.folder / "a-corriger/seance/actes.csv.origine").read_bytes() == table.encode()
    give_back(mairie, "seance", [{**row, "confirme": "oui"}])
    mairie.nightly()
    mairie.play()
    (flow,) = mairie.flows()
    assert (flow["key"], flow["etat"]) == ("099-000000000-20261008-2026_001-DE", "acquitte")


def own(stem: str) -> bytes:
    """Return a real document that no other is the same as."""
    return TARIFS.read_bytes() + f"% {stem}\n".encode()


def test_the_exports_of_two_programs_are_sent(mairie: Mairie) -> None:
    exports = FIXTURES / "exports"
    paths = json.dumps([str(exports / f"{name}.toml") for name in ("assemblees", "registre")])
    mairie.edit("arrondissement", f"correspondances = {paths}\narrondissement")
    documents = {
        "assemblees.csv": ("DEL_061", "DEL_062", "DEL_062_plan", "DEL_062_devis", "DEC_009"),
        "registre.xlsx": ("AR_2026_031", "AI_2026_018", "CC_2026_004", "CC_2026_004_annexe"),
    }
    for name, stems in documents.items():
        mairie.drop(exports / name, into=name.partition(".")[0])
        for stem in stems:
            mairie.write(f"{name.partition('.')[0]}/{stem}.pdf", own(stem))
    mairie.nightly()
    mairie.play()
    told = [fault["message"] for one in mairie.returned() for fault in one["faults"]]
    assert "\n".join(told) == ""
    assert {flow["key"]: flow["etat"] for flow in mairie.flows()} == {
        "099-000000000-20261105-2026_061-DE": "acquitte",
        "099-000000000-20261105-2026_062-DE": "acquitte",
        "099-000000000-20261105-DEC_2026_009-DE": "acquitte",
        "099-000000000-20261102-AR_2026_031-AR": "acquitte",
        "099-000000000-20261109-AI_2026_018-AI": "acquitte",
        "099-000000000-20261109-CC_2026_004-CC": "acquitte",
    }

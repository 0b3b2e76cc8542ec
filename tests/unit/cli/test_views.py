"""``show --html --csv`` and ``flows --search``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.budget import budget_xml
from tests.conftest import ROOT
from tests.unit.cli.conftest import FIXTURES, Said, Town

Demat = Callable[..., Said]
FLOW = FIXTURES / "compta-D0032.xml"
ACQUIT = ROOT / "tests" / "golden" / "pes" / "acquit_v2.xml"


def test_a_page_and_a_table(demat: Demat, tmp_path: Path) -> None:
    page, table = tmp_path / "flux.html", tmp_path / "flux.csv"
    said = demat("show", FLOW, "--html", page, "--csv", table)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "PES_Aller : 1 bordereau, 1 pièce"
    assert lines[1:3] == [f"  page    : {page}", f"  tableau : {table}"]
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert table.read_bytes().startswith(b"\xef\xbb\xbfFichier;")


def test_the_same_in_json(demat: Demat, tmp_path: Path) -> None:
    page = tmp_path / "flux.html"
    found = demat("show", FLOW, "--html", page, "--json").json
    assert (found["kind"], found["html"], found["csv"]) == ("PES_Aller", str(page), None)
    assert (found["bordereaux"], found["pieces"], found["faults"]) == (1, 1, [])


def test_what_is_refused_says_what_to_do_and_whom_to_ask(demat: Demat, tmp_path: Path) -> None:
    said = demat("show", ACQUIT, "--html", tmp_path / "a.html")
    assert said.code == 0
    assert "Videz la colonne « fonction » de cette ligne" in said.words
    assert "Une question ? Demandez à : l'éditeur de votre logiciel métier" in said.words


def test_a_file_that_is_not_a_pes_is_a_wrong_use(demat: Demat, tmp_path: Path) -> None:
    other = tmp_path / "autre.xml"
    other.write_bytes(b"<facture/>")
    said = demat("show", other, "--html", tmp_path / "a.html")
    assert (said.code, said.out) == (2, "")
    assert "« autre.xml » (facture)" in said.words
    assert not (tmp_path / "a.html").exists()
    assert demat("show", FLOW, "--html", FLOW).code == 2
    assert demat("show", tmp_path / "absent.xml", "--csv", tmp_path / "a.csv").code == 2


def test_a_budget_as_a_page(demat: Demat, tmp_path: Path) -> None:
    page, table, source = tmp_path / "b.html", tmp_path / "b.csv", tmp_path / "budget.xml"
    source.write_bytes(budget_xml())
    said = demat("show", source, "--html", page, "--csv", table)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "Budget primitif 2026 : 18 lignes",
        "  fonctionnement : en équilibre",
        "  investissement : en équilibre",
        f"  page    : {page}",
        f"  tableau : {table}",
    ]
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    found = demat("show", source, "--html", page, "--json").json
    assert (found["kind"], found["scellement"], found["faults"]) == (
        "DocumentBudgetaire",
        "intact",
        [],
    )
    assert found["budgets"][0]["sections"][1] == {
        "section": "investissement",
        "depenses": "92000.00",
        "recettes": "92000.00",
        "solde": "0.00",
    }


def test_a_budget_whose_seal_is_broken_says_what_to_do(demat: Demat, tmp_path: Path) -> None:
    source = tmp_path / "budget.xml"
    source.write_bytes(budget_xml().replace(b'"42000.00"', b'"42000.01"'))
    said = demat("show", source, "--html", tmp_path / "b.html")
    assert said.code == 0
    assert "Le budget « budget.xml » a été modifié après son scellement." in said.words


def test_a_budget_in_the_terminal(demat: Demat, tmp_path: Path) -> None:
    source = tmp_path / "budget.xml"
    source.write_bytes(budget_xml())
    said = demat("show", source)
    assert said.code == 0
    assert said.out.startswith("budget.xml : DocumentBudgetaire\n  collectivité : SAINT-EXEMPLE")
    assert "  scellement : intact\n" in said.out
    assert "261\u202f000,00\u00a0€" in said.out
    elements = demat("show", source, "--json").json["elements"]
    assert elements[0]["montant"] == "60500.00"
    assert demat("validate", source).out == "budget.xml : conforme\n"


@pytest.fixture
def sent(titres: Town) -> Town:
    """One signed PES in the store: transmission 1."""
    assert titres.demat("sign", "--yes").code == 0
    return titres


def test_a_kept_file_is_shown_with_the_authorities_of_its_town(sent: Town) -> None:
    said = sent.demat("show", "1", "--html", "p.html")
    assert said.code == 0
    page = (sent.root / "p.html").read_text("utf-8")
    with sent.office() as office:
        name = office.store.transmission(1).file_name
    assert f"«&nbsp;{name}&nbsp;»" in page
    assert "Signature valable" in page
    assert sent.demat("show", "99", "--html", "p.html").code == 2
    assert sent.demat("show", "D1", "--html", "p.html").code == 2


def test_a_search_says_where(sent: Town) -> None:
    said = sent.demat("flows", "--search", "ardoisier")
    assert said.code == 0
    assert said.out.startswith("envoi n° 1, bordereau ")
    assert "tiers «" in said.out
    entry = sent.demat("flows", "--search", "ardoisier", "--json", "--limit", "1").json
    assert entry["found"][0]["id"] == 1
    assert entry["found"][0]["what"] == "tiers"
    nothing = sent.demat("flows", "--search", "jamais vu")
    assert (nothing.code, nothing.out) == (
        0,
        "« jamais vu » ne se trouve nulle part (1 envoi regardé).\n",
    )
    assert sent.demat("flows", "--search", "…").code == 2
    assert sent.demat("flows", "--search", "x", "--limit", "0").code == 2
    assert sent.demat("flows", "--search", "x", "--siren", "123456789").code == 2

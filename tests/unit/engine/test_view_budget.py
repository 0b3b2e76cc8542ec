"""A budget shown without XML: its page, its table, what the terminal says."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from demat.actes.scellement import EtatScellement
from demat.engine.inspect import inspect
from demat.engine.view import show_document
from demat.engine.view_budget import (
    ShownBudget,
    budget_in_archive,
    budget_rows,
    read_budgets,
    show_budget,
)
from demat.engine.view_csv import to_csv
from demat.engine.view_pes import Shown
from demat.faults import FaultError
from demat.labels_fr.catalogue import explain
from demat.queue.states import DepositState
from demat.signing.trust import TrustStore
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Budget, Ligne, budget_xml
from tests.conftest import ROOT
from tests.unit.engine.conftest import Town
from tests.unit.engine.test_budget import hand_in


class Viewer:
    """Shows a content, and keeps what came out."""

    def __init__(self, folder: Path) -> None:
        self.html, self.csv = folder / "page.html", folder / "table.csv"

    def __call__(self, content: bytes, *, name: str = "budget.xml") -> ShownBudget:
        return show_budget(content, name=name, html=self.html, csv=self.csv, explain=explain)

    @property
    def words(self) -> str:
        """What is read on the page, without its marks, on one line."""
        body = self.html.read_text("utf-8").partition("<main")[2].partition(">")[2]
        text = unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").replace("\u202f", " ")
        return " ".join(text.split())

    @property
    def table(self) -> list[dict[str, str]]:
        text = self.csv.read_bytes().decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))


@pytest.fixture
def view(tmp_path: Path) -> Viewer:
    return Viewer(tmp_path)


def with_lignes(*lignes: Ligne, budget: Budget = PRIMITIF) -> bytes:
    return budget_xml(replace(budget, lignes=lignes))


def test_the_page_of_a_balanced_budget(view: Viewer) -> None:
    shown = view(budget_xml())
    assert (shown.kind, shown.scellement.etat, list(shown.faults)) == (
        "DocumentBudgetaire",
        EtatScellement.INTACT,
        [],
    )
    words = view.words
    for part in (
        "Budget primitif 2026 - Budget principal",
        "Collectivité SAINT-EXEMPLE-LÈS-FICTION SIRET 00000000000000",
        "Date de la décision 26/03/2026 Nomenclature M57-M57_A",
        "Intact : le fichier est celui que TotEM a scellé (scellé le 02/04/2026 à 10 h 15)",
        "Fonctionnement Dépenses : 261 000,00 € Recettes : 261 000,00 € En équilibre",
        "Investissement Dépenses : 92 000,00 € Recettes : 92 000,00 € En équilibre",
        "Dépenses et recettes d'ordre égales",
        "Pour 1 ligne, le fichier ne donne pas de chapitre qui dise la section",
        "Section de fonctionnement Dépenses par chapitre",
        "Chapitre 011 Charges à caractère général Réel : 60 500,00 € Ordre : 0,00 € "
        "Total : 60 500,00 €",
        "Chapitre non indiqué Réel : 20 000,00 €",
        "18 lignes, dans l'ordre du fichier",
        "Compte 2313 Chapitre : Section : investissement (déduite) Sens : dépense "
        "Libellé : TOITURE ECOLE Opération : 2026001 Voté : 20 000,00 €",
        "dont restes à réaliser : 6 000,00 € Voté : 58 000,00 €",
    ):
        assert part in words
    assert "À regarder" not in words
    assert "données personnelles" not in words


def test_the_page_of_an_annexe_in_m4(view: Viewer) -> None:
    view(budget_xml(MODIFICATIVE))
    words = view.words
    assert "Budget EAU (budget annexe) Budget principal SAINT-EXEMPLE-LÈS-FICTION" in words
    assert "Étape Décision modificative n° 2" in words
    assert "Section d'exploitation" in words
    assert "Exploitation Dépenses : 0,00 € Recettes : 0,00 € En équilibre" in words


def test_the_page_of_a_cfu_judges_no_balance(view: Viewer) -> None:
    shown = view(budget_xml(FINANCIER))
    assert shown.kind == "CompteFinancierUnique"
    words = view.words
    assert "Ce qui a été réalisé, section par section" in words
    assert "Dépenses supérieures de 7 155,32 €" in words
    assert "quilibre" not in words
    assert "2 lignes, dans l'ordre du fichier" in words


@pytest.mark.parametrize(
    ("content", "code", "verdict"),
    [
        (budget_xml(sealed=False), "ACT-046", "Absent : le fichier n'est pas scellé"),
        (
            budget_xml().replace(b'"42000.00"', b'"42000.01"'),
            "ACT-047",
            "Rompu : le fichier a été modifié après son scellement",
        ),
    ],
)
def test_a_seal_that_is_not_intact_is_worth_a_look(
    view: Viewer, content: bytes, code: str, verdict: str
) -> None:
    shown = view(content)
    assert (shown.faults.codes, shown.faults.blocking.codes) == ((code,), ())
    assert verdict in view.words
    assert "À regarder Le budget « budget.xml »" in view.words


@pytest.mark.parametrize(
    ("lignes", "words", "etat"),
    [
        ((Ligne(sens="D", chapitre="011", nature="6064", prev="10"),),
         "en déséquilibre : il manque 10,00 €", "mauvais"),
        ((Ligne(sens="R", chapitre="70", nature="7067", prev="10.50"),),
         "en suréquilibre de 10,50 €", "incertain"),
        ((Ligne(sens="R", chapitre="70", nature="7067", prev="0"),), "en équilibre", "bon"),
        ((Ligne(sens="D", chapitre="011", nature="6064", prev="10"),
          Ligne(sens="D", nature="481", prev="5")),
         "équilibre non vérifié : la section de certaines lignes est inconnue", "incertain"),
        ((Ligne(sens="D", nature="481", prev="5"),),
         "section inconnue : à vérifier dans TotEM", "incertain"),
    ],
)  # fmt: skip
def test_the_balance_is_told_only_when_it_is_sure(
    lignes: tuple[Ligne, ...], words: str, etat: str
) -> None:
    (budget,), _ = read_budgets(with_lignes(*lignes))
    found = budget.sections[0].etat
    assert (found.words.replace("\u00a0", " "), found.etat) == (words, etat)


def test_the_operations_d_ordre_must_have_two_faces() -> None:
    (budget,), _ = read_budgets(
        with_lignes(Ligne(sens="D", chapitre="042", nature="6811", prev="10", ordre=True))
    )
    assert budget.ordre.etat == "mauvais"
    assert "différentes de 10,00" in budget.ordre.words


def test_what_a_person_wrote_is_not_run_by_the_browser(view: Viewer) -> None:
    view(budget_xml(replace(PRIMITIF, libelle="<script>alert(1)</script>", cod_typ_bud="A")))
    assert "<script" not in view.html.read_text("utf-8")
    assert "<script>alert(1)</script>" in view.words


def test_lines_without_sens_and_drafts_are_told(view: Viewer) -> None:
    content = budget_xml(replace(PRIMITIF, projet="true"))
    view(content.replace(b'<CodRD V="D"/>', b"", 1))
    assert "Projet de budget Oui : ce n'est pas le budget voté" in view.words
    assert "1 ligne ne dit pas si c'est une recette ou une dépense" in view.words


def test_amounts_that_cannot_be_read_are_told_and_counted(view: Viewer) -> None:
    lignes = tuple(Ligne(sens="D", chapitre="011", nature="6064", prev="12,50") for _ in range(30))
    shown = view(with_lignes(*lignes))
    assert shown.faults.codes.count("ACT-BUDGET_VALUE") == 20
    assert shown.faults.codes[-1] == "INT-MORE"
    assert "le montant « 12,50 » (MtPrev) n'a pas pu être lu" in view.words


def test_the_table_has_one_row_per_line(view: Viewer) -> None:
    view(budget_xml())
    rows = view.table
    assert len(rows) == 18
    assert rows[12] == {
        "SIRET": "00000000000000",
        "Collectivité": "SAINT-EXEMPLE-LÈS-FICTION",
        "Budget": "SAINT-EXEMPLE-LÈS-FICTION",
        "Étape": "budget primitif",
        "Exercice": "2026",
        "Section": "investissement",
        "Section déduite du compte": "non",
        "Sens": "dépense",
        "Opération d'ordre": "non",
        "Chapitre": "21",
        "Libellé du chapitre": "Immobilisations corporelles",
        "Compte": "2135",
        "Libellé du compte": "",
        "Fonction": "",
        "Opération": "",
        "Budget précédent": "",
        "Restes à réaliser N-1": "6000,00",
        "Propositions nouvelles": "",
        "Voté": "52000,00",
        "Crédits ouverts": "",
        "Réalisé": "",
        "Restes à réaliser au 31/12": "",
    }
    assert [row["Section déduite du compte"] for row in rows].count("oui") == 1


def test_a_text_is_no_formula_in_the_table() -> None:
    line = Ligne(sens="D", chapitre="21", nature="2135", prev="1", libelle="=1+1")
    table = b"".join(to_csv(budget_rows(with_lignes(line)))).decode("utf-8-sig")
    assert ";'=1+1;" in table


def test_several_budgets_of_one_file_each_have_their_part(view: Viewer) -> None:
    content = budget_xml(sealed=False)
    start, stop = content.index(b"<Budget>"), content.index(b"</Budget>") + len(b"</Budget>")
    second = content[start:stop].replace(b'LibelleEtab V="SAINT-EXEMPLE', b'LibelleEtab V="LAVOIR')
    shown = view(content[:stop] + second + content[stop:])
    assert [budget.lignes for budget in shown.budgets] == [18, 18]
    assert view.words.count("18 lignes, dans l'ordre du fichier") == 2
    assert view.words.count("Compte 60612") == 2  # each budget has its own lines only
    assert "LAVOIR-LÈS-FICTION" in view.words
    assert len(view.table) == 36


# ----------------------------------------------------------------------- which file is shown


def show(source: Path, html: Path) -> Shown | ShownBudget:
    return show_document(source, html=html, csv=None, trust=TrustStore(), explain=explain)


def test_the_kind_of_the_file_chooses_the_page(tmp_path: Path) -> None:
    budget, html = tmp_path / "bp.xml", tmp_path / "p.html"
    budget.write_bytes(budget_xml())
    assert isinstance(show(budget, html), ShownBudget)
    pes = ROOT / "tests" / "golden" / "pes" / "aller_recette.xml"
    assert isinstance(show(pes, html), Shown)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<facture/>", "INT-VIEW_KIND"),
        (b"<DocumentBudgetaire/>", "ACT-BUDGET_ROOT"),
        (budget_xml()[:-40], "XML-SYNTAX"),
        (b"", "XML-EMPTY"),
    ],
)
def test_what_cannot_be_shown_writes_nothing(tmp_path: Path, content: bytes, code: str) -> None:
    source, html = tmp_path / "a.xml", tmp_path / "p.html"
    source.write_bytes(content)
    with pytest.raises(FaultError) as error:
        show(source, html)
    assert error.value.faults.codes == (code,)
    assert not html.exists()


def test_the_page_never_takes_the_place_of_the_budget(tmp_path: Path) -> None:
    source = tmp_path / "bp.xml"
    source.write_bytes(budget_xml())
    with pytest.raises(FaultError) as error:
        show(source, source)
    assert error.value.faults.codes == ("INT-VIEW_OUT",)
    assert source.read_bytes() == budget_xml()
    with pytest.raises(FaultError) as error:
        show(tmp_path / "absent.xml", tmp_path / "p.html")
    assert error.value.faults.codes == ("INT-PATH",)


def test_the_budget_of_an_archive_is_shown(town: Town, tmp_path: Path) -> None:
    deposit = hand_in(town, tmp_path / "b", budget_xml())
    assert deposit.state is DepositState.PACKED
    (flow,) = town.flows()
    shown = show(town.store.documents.path(flow.sha256), tmp_path / "p.html")
    assert isinstance(shown, ShownBudget)
    assert re.fullmatch(r"99_BU-099-000000000-20260326-BP_2026-BF-1-1_1\.xml", shown.name)


def test_an_archive_without_budget_has_no_page(town: Town, tmp_path: Path) -> None:
    town.fixture("seance-2026-11-05")
    kept = town.store.documents.path(town.flow(1).sha256)
    assert budget_in_archive(kept.read_bytes()) is None
    with pytest.raises(FaultError) as error:
        show(kept, tmp_path / "p.html")
    (fault,) = error.value.faults
    assert (fault.code, fault.params["kind"]) == ("INT-VIEW_KIND", "archive ACTES")


# -------------------------------------------------------------------------------- terminal


def test_inspect_says_what_a_budget_is() -> None:
    found = inspect(budget_xml(MODIFICATIVE))
    assert (found.kind, dict(found.identifiers)) == (
        "DocumentBudgetaire",
        {
            "collectivite": "SAINT-EXEMPLE-LÈS-FICTION",
            "siret": "00000000000000",
            "budget": "EAU",
            "etape": "décision modificative n° 2",
            "exercice": "2026",
            "date": "2026-10-08",
            "nomenclature": "M4-M49_A",
            "scellement": "intact",
        },
    )
    assert found.elements[:3] == (
        {
            "section": "exploitation",
            "sens": "dépenses",
            "chapitre": "011",
            "libelle": "Charges à caractère général",
            "montant": "1500.00",
        },
        {
            "section": "exploitation",
            "sens": "dépenses",
            "chapitre": "023",
            "libelle": "Virement à la section d'investissement",
            "montant": "-1500.00",
        },
        {
            "section": "exploitation",
            "sens": "dépenses",
            "chapitre": "total",
            "montant": "0.00",
            "state": "",
        },
    )
    assert found.elements[3]["state"] == "en équilibre"
    assert inspect(budget_xml(sealed=False)).identifiers["scellement"] == "absent"
    altered = budget_xml().replace(b'"42000.00"', b'"42000.01"')
    assert inspect(altered).identifiers["scellement"] == "rompu"
    assert inspect(budget_xml(FINANCIER)).kind == "CompteFinancierUnique"


def test_the_real_budget_is_shown_in_balance(shared: Path, view: Viewer) -> None:
    content = (shared / "real" / "budget" / "BP2022_TRANSPORT_totem.xml").read_bytes()
    shown = view(content)
    assert (shown.scellement.etat, list(shown.faults)) == (EtatScellement.INTACT, [])
    (budget,) = shown.budgets
    assert [(s.nom, s.total_depenses.total, s.solde) for s in budget.sections] == [
        ("exploitation", Decimal("12700095.00"), 0),
        ("investissement", Decimal("1904175.00"), 0),
    ]
    assert len(view.table) == 123

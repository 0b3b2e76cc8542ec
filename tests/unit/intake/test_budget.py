"""A budget in XML: proposed with its délibération, or cited by a list of acts."""

import json
from dataclasses import replace
from datetime import date

import pytest

from demat.actes.budget import EnteteBudget, numero_of, objet_of
from demat.actes.natures import NatureActe
from demat.engine.process import READERS
from demat.intake.api import ActeDraft, Confidence, InputFile, Proposal, Reading
from demat.intake.readers.acte_sidecar import ActeSidecar
from demat.intake.readers.budget import BudgetFile, is_budget
from demat.intake.readers.seance import Seance
from demat.labels_fr.catalogue import sentence
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Budget, budget_xml
from tests.unit.intake.factories import ACTE, CONTEXT, pdf, table, told

CERTAIN, LIKELY, NONE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.NONE
DELIB = pdf("deliberation.pdf")


def budget(content: Budget = PRIMITIF, *, name: str = "budget.xml", **options: bool) -> InputFile:
    return InputFile(name=name, data=budget_xml(content, **options))


def raw(content: bytes, name: str = "budget.xml") -> InputFile:
    return InputFile(name=name, data=content)


BOMB = raw(b'<!DOCTYPE a [<!ENTITY a "x">]><DocumentBudgetaire>&a;</DocumentBudgetaire>')


@pytest.mark.parametrize(
    ("files", "reader"),
    [
        ([budget(), DELIB], ["BudgetFile"]),
        ([budget(FINANCIER), DELIB, pdf("signatures.pdf")], ["BudgetFile"]),
        ([budget(name="bp/BP.XML"), pdf("bp/delib.PDF")], ["BudgetFile"]),
        ([budget()], ["BudgetFile"]),
        ([budget(), budget(name="b.xml"), DELIB], ["BudgetFile"]),
        ([budget(), pdf("plan.png")], ["BudgetFile"]),
        ([budget(), pdf("delib.docx")], []),
        ([budget(), raw(b"<PES_Aller/>", "pes.xml")], []),
        ([raw(b"<PES_Aller/>", "pes.xml")], ["PesFile"]),
        ([budget(), DELIB, table(ACTE)], ["Seance"]),
        ([budget(), DELIB, pdf("budget.json", b"{}")], ["ActeSidecar"]),
        ([DELIB], ["PdfAlone"]),
    ],
)
def test_who_reads_it(files: list[InputFile], reader: list[str]) -> None:
    assert [type(one).__name__ for one in READERS if one.recognises(files)] == reader


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (budget(), True),
        (budget(FINANCIER), True),
        (raw(b"<DocumentBudgetaire/>"), True),
        (raw(b"<PES_Aller/>"), False),
        (raw(b"not xml"), False),
        (raw(b""), False),
        (BOMB, False),
        (raw(budget_xml(), "budget.pdf"), False),
    ],
)
def test_what_is_a_budget(file: InputFile, expected: bool) -> None:
    assert is_budget(file) is expected


def test_only_the_beginning_of_a_file_is_read_to_know() -> None:
    assert is_budget(raw(budget_xml()[:500] + b"<<<"))


def read(*files: InputFile, context=CONTEXT) -> Reading:
    assert BudgetFile().recognises(files)
    return BudgetFile().read(files, context)


def test_a_budget_with_its_deliberation_is_proposed() -> None:
    reading = read(budget(), DELIB)
    assert reading == Reading(
        kind="budget",
        proposals=(
            Proposal(
                cells={
                    "numero": "BP2026",
                    "date": "26/03/2026",
                    "nature": "BF",
                    "matiere": "7.1",
                    "objet": "Budget primitif 2026 - Budget principal",
                    "fichier": "budget.xml",
                    "annexes": "deliberation.pdf",
                    "type": "99_BU",
                    "types_annexes": "70_DE",
                },
                confidences={
                    "numero": LIKELY,
                    "date": CERTAIN,
                    "nature": CERTAIN,
                    "matiere": CERTAIN,
                    "objet": LIKELY,
                    "fichier": CERTAIN,
                    "annexes": CERTAIN,
                    "type": CERTAIN,
                    "types_annexes": CERTAIN,
                },
                reasons={
                    "objet": "NatDec « 01 », Exer « 2026 », CodTypBud « P », "
                    "LibelleEtab « SAINT-EXEMPLE-LÈS-FICTION »",
                    "numero": "NatDec « 01 », Exer « 2026 », CodTypBud « P », "
                    "LibelleEtab « SAINT-EXEMPLE-LÈS-FICTION »",
                    "date": "DteDec « 2026-03-26 »",
                },
                where="budget.xml",
            ),
        ),
    )


def test_the_number_follows_the_pattern_of_the_authority() -> None:
    asked: list[object] = []

    def propose(nature: NatureActe, day: date, taken: object) -> str:
        asked.append((nature, day, taken))
        return "2026_015"

    (proposal,) = read(budget(), DELIB, context=replace(CONTEXT, propose_numero=propose)).proposals
    assert (proposal.cells["numero"], proposal.confidences["numero"]) == ("2026_015", CERTAIN)
    assert asked == [(NatureActe.BUDGETAIRE, date(2026, 3, 26), ())]


def test_several_documents_are_all_annexes_and_less_sure() -> None:
    (proposal,) = read(pdf("b/z.pdf"), budget(name="b/x.xml"), pdf("b/a.pdf")).proposals
    assert proposal.cells["annexes"] == "b/a.pdf|b/z.pdf"
    assert proposal.cells["types_annexes"] == "70_DE|70_DE"
    assert proposal.confidences["annexes"] is LIKELY


def test_a_budget_without_date_leaves_it_to_the_person() -> None:
    (proposal,) = read(budget(replace(PRIMITIF, date_decision="")), DELIB).proposals
    assert (proposal.cells["date"], proposal.confidences["date"]) == ("", NONE)
    assert "date" not in proposal.reasons


@pytest.mark.parametrize(
    ("content", "objet", "numero"),
    [
        (PRIMITIF, "Budget primitif 2026 - Budget principal", "BP2026"),
        (
            MODIFICATIVE,
            "Décision modificative n° 2 - exercice 2026 - Budget annexe EAU",
            "DM2_2026_02",
        ),
        (FINANCIER, "Compte financier unique 2025 - Budget principal", "CFU2025"),
        (
            replace(MODIFICATIVE, nat_dec="03"),
            "Budget supplémentaire 2026 - Budget annexe EAU",
            "BS2026_02",
        ),
        (
            replace(PRIMITIF, nat_dec="09", exercice="2025"),
            "Compte administratif 2025 - Budget principal",
            "CA2025",
        ),
        (
            replace(MODIFICATIVE, num_dec=""),
            "Décision modificative - exercice 2026 - Budget annexe EAU",
            "DM2026_02",
        ),
        (
            replace(PRIMITIF, cod_typ_bud="", exercice="26"),
            "Budget primitif - SAINT-EXEMPLE-LÈS-FICTION",
            "BP",
        ),
    ],
)
def test_the_objet_and_the_number_come_from_the_header(
    content: Budget, objet: str, numero: str
) -> None:
    (proposal,) = read(budget(content), DELIB).proposals
    assert (proposal.cells["objet"], proposal.cells["numero"]) == (objet, numero)


def test_a_budget_that_says_nothing() -> None:
    entete = EnteteBudget(racine="DocumentBudgetaire")
    assert (objet_of(entete), numero_of(entete)) == ("Document budgétaire", "BUDGET")
    long = replace(entete, nat_dec="02", num_dec="1234567", exercice=2026)
    assert len(numero_of(long)) <= 15


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        (budget(sealed=False), ["ACT-046"]),
        (raw(budget_xml().replace(b'"42000.00"', b'"42000.01"')), ["ACT-047"]),
        (budget(replace(PRIMITIF, siret="21990123800010")), ["ACT-048"]),
        (raw(b"<DocumentBudgetaire/>"), ["ACT-045", "ACT-BUDGET_ROOT"]),
        (raw(budget_xml()[:-60]), ["ACT-045", "XML-SYNTAX"]),
    ],
)
def test_a_budget_that_cannot_leave_is_told_at_once(file: InputFile, codes: list[str]) -> None:
    reading = read(file, DELIB)
    assert (list(reading.faults.codes), reading.proposals) == (codes, ())


def test_a_budget_alone_lacks_its_deliberation() -> None:
    reading = read(budget())
    assert (reading.faults.codes, reading.proposals) == (("ACT-031",), ())
    (fault,) = reading.faults
    assert sentence(fault) == (
        "Le budget « budget.xml » est seul : la délibération qui l'adopte manque."
    )


def test_several_budgets_are_not_guessed() -> None:
    reading = read(budget(), budget(MODIFICATIVE, name="eau.xml"), DELIB)
    assert (reading.faults.codes, reading.proposals) == (("INT-BUDGET_SEVERAL",), ())
    (fault,) = reading.faults
    assert "budget.xml, eau.xml" in sentence(fault)


# ------------------------------------------------------------------- cited by a list of acts

ROW = {
    **ACTE,
    "nature": "",
    "matiere": "",
    "objet": "Budget primitif 2026",
    "fichier": "budget.xml",
    "annexes": "deliberation.pdf|signatures.pdf",
}
FILES = (budget(), DELIB, pdf("signatures.pdf"))


def types(reading: Reading) -> list[object]:
    assert told(reading.faults) == []
    (draft,) = reading.drafts
    assert isinstance(draft, ActeDraft)
    acte = draft.acte
    return [acte.nature.abrege, acte.matiere, *(p.type_pj for p in (acte.document, *acte.annexes))]


def test_a_row_that_cites_a_budget_needs_neither_nature_nor_matiere() -> None:
    reading = Seance().read((table(ROW), *FILES), CONTEXT)
    assert types(reading) == ["BF", (7, 1), "99_BU", "70_DE", "70_DE"]


def test_what_the_person_wrote_is_kept() -> None:
    row = {**ROW, "nature": "DE", "matiere": "7.10", "type": "99_DE", "types_annexes": "99_SE"}
    reading = Seance().read((table(row), *FILES), CONTEXT)
    assert types(reading) == ["DE", (7, 10), "99_DE", "99_SE", "99_DE"]
    partly = {**ROW, "types_annexes": "|99_SE"}
    reading = Seance().read((table(partly), *FILES), CONTEXT)
    assert types(reading)[2:] == ["99_BU", "70_DE", "99_SE"]


def test_a_row_that_cites_a_pdf_still_needs_them() -> None:
    row = {**ROW, "fichier": "deliberation.pdf", "annexes": "budget.xml|signatures.pdf"}
    reading = Seance().read((table(row), *FILES), CONTEXT)
    assert reading.faults.codes == ("INT-CELL_EMPTY", "INT-CELL_EMPTY")
    assert [fault.path for fault in reading.faults] == ["nature", "matiere"]


def test_a_data_file_that_cites_a_budget_needs_neither_nature_nor_matiere() -> None:
    data = {
        "numero": "BP2026",
        "date": "2026-03-26",
        "objet": "Budget primitif 2026",
        "fichier": "budget.xml",
        "annexes": ["deliberation.pdf", "signatures.pdf"],
    }
    sidecar = pdf("bp.json", json.dumps(data).encode())
    reading = ActeSidecar().read((sidecar, *FILES), CONTEXT)
    assert types(reading) == ["BF", (7, 1), "99_BU", "70_DE", "70_DE"]

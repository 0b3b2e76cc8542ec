"""Rules 45 to 49 of the actes dossier (§10): what passes, what fails, and how it is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from demat.actes.model import Acte
from demat.actes.natures import NatureActe
from demat.actes.rules import check_acte
from demat.actes.rules_budget import budget_pieces
from fixtures.budget import FINANCIER, MODIFICATIVE, PRIMITIF, Budget, budget_xml
from tests.unit.actes.factories import CONTEXTE, PDF, acte, pdf_bytes, piece, sentence, summary

A, B = "A", "B"
SEALED = budget_xml()
TODAY = date(2026, 11, 29)
CONTEXT = replace(CONTEXTE, today=TODAY, classification_checked=TODAY)


def budget_acte(content: bytes = SEALED, **changes: object) -> Acte:
    values: dict[str, object] = {
        "numero": "2026_015",
        "date_decision": date(2026, 3, 26),
        "objet": "Vote du budget primitif 2026",
        "nature": NatureActe.BUDGETAIRE,
        "matiere": (7, 1),
        "document": piece(content, name="bp.xml", type_pj="99_BU"),
        "annexes": (piece(PDF, name="delib.pdf", type_pj="70_DE"),),
    }
    return acte(**values | changes)


def found(content: bytes = SEALED, **changes: object) -> list[tuple[str, str]]:
    return summary(check_acte(budget_acte(content, **changes), CONTEXT))


def altered(old: bytes, new: bytes, content: bytes = SEALED) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


def test_a_sealed_budget_with_its_deliberation_may_leave() -> None:
    assert found() == []


def test_a_cfu_may_leave() -> None:
    content = budget_xml(FINANCIER)
    assert found(content, objet="Vote du compte financier unique 2025") == []


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (b"<?xml version='1.0'?><PES_Aller/>", "ACT-BUDGET_ROOT"),
        (b"<?xml version='1.0'?><DocumentBudgetaire/>", "ACT-BUDGET_ROOT"),
        (altered(b"docbudgetaire", b"autre"), "ACT-BUDGET_ROOT"),
        (SEALED[:-40], "XML-SYNTAX"),
        (altered(b"\r\n<Doc", b"\r\n<!DOCTYPE a [<!ENTITY b 'c'>]><Doc"), "XML-DTD"),
    ],
    ids=["PES", "no namespace", "namespace", "cut", "DTD"],
)
def test_rule_45_wrong_root_or_not_well_formed(content: bytes, more: str) -> None:
    faults = check_acte(budget_acte(content), CONTEXT)
    assert faults.codes == ("ACT-045", more)
    assert {fault.source for fault in faults} == {"bp.xml"}
    assert sentence(faults.blocking and next(iter(faults))).startswith("Le fichier « bp.xml »")


def test_rule_46_not_sealed() -> None:
    assert found(budget_xml(sealed=False)) == [("ACT-046", B)]


def test_rule_47_changed_after_its_seal() -> None:
    assert found(altered(b'"42000.00"', b'"42000.01"')) == [("ACT-047", B)]


@pytest.mark.parametrize(
    ("budget", "codes"),
    [
        (replace(PRIMITIF, siret="21990123800010"), [("ACT-048", B)]),
        (replace(PRIMITIF, siret="00000000000123"), []),
        (replace(PRIMITIF, siret="000000000"), []),
        (replace(PRIMITIF, siret=""), [("ACT-048_NONE", A)]),
    ],
)
def test_rule_48_budget_of_another_authority(
    budget: Budget, codes: Sequence[tuple[str, str]]
) -> None:
    assert found(budget_xml(budget)) == codes


def test_rule_48_tells_the_siret() -> None:
    content = budget_xml(replace(PRIMITIF, siret="21990123800010"))
    (fault,) = check_acte(budget_acte(content), CONTEXT)
    assert "« bp.xml » appartient à une autre collectivité (SIRET 21990123800010)" in sentence(
        fault
    )


@pytest.mark.parametrize(
    ("budget", "objet", "day", "agrees"),
    [
        (PRIMITIF, "Vote du BP 2026", date(2026, 3, 26), True),
        (PRIMITIF, "Approbation du budget", date(2025, 12, 18), True),
        (PRIMITIF, "Compte administratif 2025 et budget primitif 2026", date(2026, 3, 26), True),
        (PRIMITIF, "Décision modificative n° 1 de 2026", date(2026, 3, 26), False),
        (PRIMITIF, "Vote du budget primitif 2025", date(2026, 3, 26), False),
        (PRIMITIF, "Vote du budget", date(2024, 12, 18), False),
        (MODIFICATIVE, "Décision modificative n° 2", date(2026, 10, 8), True),
        (MODIFICATIVE, "Décision modificative n°2 2026", date(2026, 10, 8), True),
        (MODIFICATIVE, "Décision modificative 2026", date(2026, 10, 8), True),
        (MODIFICATIVE, "Budget de l'eau : DM2", date(2026, 10, 8), True),
        (MODIFICATIVE, "Budget de l'eau : DM 02", date(2026, 10, 8), True),
        (MODIFICATIVE, "Budget de l'eau : DM n° 3", date(2026, 10, 8), False),
        (MODIFICATIVE, "Décision modificative n° 1", date(2026, 10, 8), False),
        (MODIFICATIVE, "Budget de l'eau : DM1", date(2026, 10, 8), False),
        (MODIFICATIVE, "Budget primitif de l'eau", date(2026, 10, 8), False),
        (replace(MODIFICATIVE, num_dec=""), "DM n° 3", date(2026, 10, 8), True),
        (replace(PRIMITIF, nat_dec="03"), "Budget supplémentaire 2026", date(2026, 6, 4), True),
        (replace(PRIMITIF, nat_dec="03"), "BS 2026", date(2025, 6, 4), False),
        (replace(PRIMITIF, nat_dec="09"), "Compte administratif", date(2026, 10, 8), True),
        (replace(PRIMITIF, nat_dec="09", exercice="2025"), "CFU 2025", date(2026, 6, 4), False),
        (FINANCIER, "Compte financier unique 2025", date(2026, 6, 4), True),
        (replace(FINANCIER, exercice="2024"), "CFU 2024", date(2026, 6, 4), False),
        (replace(PRIMITIF, exercice=""), "Vote du budget 2026", date(2026, 3, 26), True),
    ],
)
def test_rule_49_objet_and_date(budget: Budget, objet: str, day: date, agrees: bool) -> None:
    changes = {"objet": objet, "date_decision": day, "numero": "BUDGET_1"}
    codes = [code for code, _ in found(budget_xml(budget), **changes) if code == "ACT-049"]
    assert codes == ([] if agrees else ["ACT-049"])


def test_rule_49_says_what_the_file_is() -> None:
    faults = check_acte(budget_acte(budget_xml(MODIFICATIVE)), CONTEXT)
    (fault,) = faults
    assert not fault.blocking
    assert "est un document « décision modificative n° 2 » de l'exercice 2026" in sentence(fault)


def pdf_acte(*annexes: bytes) -> Acte:
    pieces = [
        piece(content, name=f"{rank}.xml", type_pj="99_BU") for rank, content in enumerate(annexes)
    ]
    return budget_acte(annexes=tuple(pieces), document=piece(pdf_bytes("BP"), type_pj="99_BU"))


@pytest.mark.parametrize(
    ("annexe", "codes"),
    [
        (SEALED, []),
        (budget_xml(sealed=False), [("ACT-046", B)]),
        (altered(b'"42000.00"', b'"42000.01"'), [("ACT-047", B)]),
        (b"<?xml version='1.0'?><autre/>", []),
        (budget_xml(replace(PRIMITIF, siret="21990123800010")), []),
    ],
)
def test_the_seal_of_annexes_is_verified_too(
    annexe: bytes, codes: Sequence[tuple[str, str]]
) -> None:
    assert summary(check_acte(pdf_acte(annexe), CONTEXT)) == codes


def test_other_acts_are_not_concerned() -> None:
    assert summary(check_acte(acte(), CONTEXTE)) == []
    assert budget_pieces(acte()) == ()


def test_the_pieces_that_are_budgets() -> None:
    other = b"<?xml version='1.0'?><autre/>"
    pieces = budget_pieces(pdf_acte(other, SEALED))
    assert [(found.name, entete.exercice) for found, entete in pieces] == [("1.xml", 2026)]
    assert [found.name for found, _ in budget_pieces(budget_acte())] == ["bp.xml"]

"""Nothing of §10 is forgotten: each of the 62 rules, just failing and just passing.

The rows run through :func:`check_acte`; a rule that is judged elsewhere names the tests that show
both sides. ``test_rules`` has the wording and the edges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import ModuleType
from typing import Any

import pytest

from demat.actes.classification import NATIONALE
from demat.actes.contexte import SignatureTrouvee
from demat.actes.model import Piece
from demat.actes.natures import NatureActe
from demat.actes.rules import check_acte
from demat.faults import Faults
from tests.unit.actes import (
    test_natures,
    test_rules,
    test_rules_budget,
    test_rules_echanges,
    test_rules_suivi,
)
from tests.unit.actes.factories import (
    BUDGET,
    CONTEXTE,
    DOCX,
    EMETTEUR,
    JPG,
    PDF,
    PNG,
    TODAY,
    acte,
    pdf_bytes,
    piece,
)
from tests.unit.actes.pdfs import BLANK, SIGNED_BY_WORDS, UNSIGNED, signed_pdf
from tests.unit.actes.test_rules import BUDGETAIRE, INDIVIDUEL
from tests.unit.engine import test_antivirus, test_archives

BLOCKING = frozenset(
    {*range(1, 13), 14, 15, 18, 19, 22, 23, 25, *range(27, 37), *range(38, 41), 42}
    | {*range(45, 49), 50, 51, 52, 54, 55, 57, 59}
)
"""Rules of severity B in §10; the others warn."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The smallest change that fails a rule, and the nearest one that passes it."""

    rule: int
    failing: Mapping[str, Any] = field(default_factory=dict)
    passing: Mapping[str, Any] = field(default_factory=dict)
    failing_context: Mapping[str, Any] = field(default_factory=dict)
    passing_context: Mapping[str, Any] = field(default_factory=dict)


def of_emetteur(rule: int, name: str, failing: object, passing: object) -> Row:
    return Row(
        rule=rule,
        failing_context={"emetteur": replace(EMETTEUR, **{name: failing})},
        passing_context={"emetteur": replace(EMETTEUR, **{name: passing})},
    )


def document(content: bytes, **values: str) -> dict[str, Any]:
    return {"document": piece(content, **values)}


def annexe(content: bytes, **values: str) -> dict[str, Any]:
    return {"annexes": (piece(content, **values),)}


REFUSED = SignatureTrouvee(refused=True, reason="Le document a été modifié.")
UNKNOWN = SignatureTrouvee(refused=False, reason="Autorité inconnue.", issuer_only=True)
TWO_ANNEXES = (piece(pdf_bytes("a")), piece(pdf_bytes("b")))

ROWS = (
    of_emetteur(1, "siren", "200000007", "200000008"),
    of_emetteur(2, "departement", "02C", "02A"),
    of_emetteur(3, "arrondissement", "10", "9"),
    of_emetteur(4, "nature", "56", "55"),
    of_emetteur(5, "adresses_retour", ("a+b@c.fr",), ("ab@c.fr",)),
    of_emetteur(6, "referent_email", "mairie", "mairie@c.fr"),
    Row(rule=8, failing={"numero": " "}, passing={"numero": "A1"}),
    Row(rule=9, failing={"numero": "2024_12345678901"}, passing={"numero": "2024_1234567890"}),
    Row(rule=10, failing={"numero": "2024-012"}, passing={"numero": "2024_012"}),
    Row(rule=11, failing={"numero": "2024_"}, passing={"numero": "2024_1"}),
    Row(
        rule=12,
        failing_context={"numero_used": {"2024_012": "x"}.get},
        passing_context={"numero_used": {"2024_013": "x"}.get},
    ),
    Row(
        rule=13,
        failing_context={"identical_sent": lambda _: "x"},
        passing_context={"identical_sent": lambda _: None},
    ),
    Row(
        rule=14,
        failing={"date_decision": date(1981, 12, 31)},
        passing={"date_decision": date(1982, 3, 2)},
    ),
    Row(rule=15, failing={"date_decision": date(2024, 3, 16)}, passing={"date_decision": TODAY}),
    Row(
        rule=16,
        failing={"date_decision": date(2023, 3, 14), "numero": "A1"},
        passing={"date_decision": date(2023, 3, 15), "numero": "A1"},
    ),
    Row(
        rule=17,
        failing={**INDIVIDUEL, "date_decision": date(2024, 2, 28)},
        passing={**INDIVIDUEL, "date_decision": date(2024, 2, 29)},
    ),
    Row(rule=18, failing={"objet": " "}, passing={"objet": "a"}),
    Row(rule=19, failing={"objet": "a" * 500}, passing={"objet": "a" * 499}),
    Row(rule=20, failing={"objet": "Łódź"}, passing={"objet": "Voeux de l'école"}),
    Row(
        rule=21,
        failing={**INDIVIDUEL, "objet": "Nomination de Mme Martin"},
        passing={**INDIVIDUEL, "objet": "Délégation de M. le maire"},
    ),
    Row(rule=22, failing={"matiere": (7,)}, passing={"matiere": (7, 10)}),
    Row(rule=23, failing={"matiere": (7, 11)}, passing={"matiere": (7, 10)}),
    Row(rule=24, failing={"matiere": (8, 1)}, passing={"matiere": (8, 1, 3)}),
    Row(
        rule=25,
        failing={"classification_date": NATIONALE.date},
        failing_context={"classification": NATIONALE},
    ),
    Row(
        rule=26,
        failing_context={"classification_checked": date(2024, 2, 13)},
        passing_context={"classification_checked": date(2024, 2, 14)},
    ),
    Row(
        rule=27,
        failing={"document": Piece(name="", content=b"")},
        passing={"document": piece(b"", name="vide.pdf")},
    ),
    Row(rule=28, failing=document(DOCX, name="acte.pdf"), passing=document(PDF, name="acte.docx")),
    Row(rule=28, failing=document(JPG), passing=document(PDF, name="acte.jpg")),
    Row(rule=29, failing=document(BUDGET), passing=BUDGETAIRE),
    Row(rule=30, failing={**BUDGETAIRE, "matiere": (7, 10)}, passing=BUDGETAIRE),
    Row(rule=31, failing={**BUDGETAIRE, "annexes": ()}, passing=BUDGETAIRE),
    Row(
        rule=32,
        failing={**BUDGETAIRE, "annexes": (piece(PNG, type_pj="70_DE"),)},
        passing=BUDGETAIRE,
    ),
    Row(rule=33, failing=annexe(DOCX), passing={"annexes": (piece(PNG), piece(JPG))}),
    Row(rule=34, failing=annexe(b""), passing=annexe(PNG)),
    Row(rule=35, failing=document(PDF[:-10]), passing=document(PDF)),
    Row(
        rule=36,
        failing=document(signed_pdf()),
        failing_context={"signatures": lambda _: (UNKNOWN, REFUSED)},
        passing=document(signed_pdf()),
        passing_context={"signatures": lambda _: (UNKNOWN,)},
    ),
    Row(rule=37, failing=document(UNSIGNED), passing=document(SIGNED_BY_WORDS)),
    Row(rule=37, failing=document(BLANK), passing=document(PDF)),
    Row(rule=38, failing=annexe(PDF, name="double.pdf"), passing={"annexes": TWO_ANNEXES}),
    Row(rule=39, failing=document(PDF, type_pj=""), passing=document(PDF)),
    Row(rule=40, failing=document(PDF, type_pj="99_AR"), passing=document(PDF, type_pj="99_DE")),
    Row(rule=41, failing=document(PDF, type_pj="21_DE"), passing=document(PDF, type_pj="70_DE")),
    Row(
        rule=42,
        failing_context={"max_bytes": len(PDF) - 1},
        passing_context={"max_bytes": len(PDF)},
    ),
    Row(
        rule=43,
        failing_context={"max_bytes": len(PDF)},
        passing_context={"max_bytes": len(PDF) * 2},
    ),
    Row(rule=44, failing={"document_papier": True}, passing={"document_papier": False}),
    Row(
        rule=53,
        failing={"objet": "Tarifs du stationnement"},
        passing={"objet": "Tarifs de la salle des fêtes"},
    ),
    Row(
        rule=59,
        failing={"precedent": "2024_011"},
        passing={"precedent": "099-000000000-20240314-2024_011-DE"},
    ),
)

ELSEWHERE: Mapping[int, tuple[ModuleType, str, str]] = {
    7: (test_natures, "test_unknown_code_is_rule_7", "test_each_nature"),
    50: (
        test_antivirus,
        "test_an_infected_file_stops_its_deposit",
        "test_clean_deposits_go_their_way",
    ),
    51: (test_rules, "test_rule_51_on_generated_names", "test_rule_51_on_generated_names"),
    **{
        rule: (test_rules_budget, failing, "test_a_sealed_budget_with_its_deliberation_may_leave")
        for rule, failing in {
            45: "test_rule_45_wrong_root_or_not_well_formed",
            46: "test_rule_46_not_sealed",
            47: "test_rule_47_changed_after_its_seal",
            48: "test_rule_48_budget_of_another_authority",
            49: "test_rule_49_objet_and_date",
        }.items()
    },
    52: (
        test_archives,
        "test_a_message_that_the_schema_refuses_stays_here",
        "test_what_we_build_is_what_the_norm_asks",
    ),
    **{
        rule: (test_rules_echanges, failing, "test_an_acknowledged_act_may_be_cancelled")
        for rule, failing in {
            54: "test_rule_54_an_act_without_ar_may_not",
            55: "test_rule_55_an_act_is_cancelled_once",
            56: "test_rule_56_a_letter_asks_for_a_word_first",
        }.items()
    },
    **{
        rule: (test_rules_echanges, failing, "test_a_good_answer_passes")
        for rule, failing in {
            57: "test_rule_57_an_answer_needs_a_document",
            58: "test_rule_58_an_answer_after_its_term_is_told",
        }.items()
    },
    60: (test_rules_suivi, *["test_a_certificate_near_its_end_is_told"] * 2),
    61: (test_rules_suivi, *["test_an_act_without_ar"] * 2),
    62: (test_rules_suivi, *["test_an_act_without_ar"] * 2),
}
"""Rules judged before or after :func:`check_acte`: the test that fails, the one that passes."""


def findings(rule: int, faults: Faults) -> Faults:
    head = f"ACT-{rule:03d}"
    kept = [one for one in faults if one.code == head or one.code.startswith(f"{head}_")]
    return Faults(one for one in kept if one.code != "ACT-036_UNDECIDED")


def judged(rule: int, changes: Mapping[str, Any], context: Mapping[str, Any]) -> Faults:
    return findings(rule, check_acte(acte(**changes), replace(CONTEXTE, **context)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"rule {row.rule}")
def test_a_rule_just_fails(row: Row) -> None:
    found = judged(row.rule, row.failing, row.failing_context)
    assert [fault.blocking for fault in found] == [row.rule in BLOCKING]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"rule {row.rule}")
def test_a_rule_just_passes(row: Row) -> None:
    assert judged(row.rule, row.passing, row.passing_context) == Faults()


def without_tests(rows: tuple[Row, ...]) -> set[int]:
    """Return the rules of §10 that no row and no test elsewhere shows on both sides."""
    return set(range(1, 63)) - {row.rule for row in rows} - set(ELSEWHERE)


def test_no_rule_of_the_dossier_is_forgotten() -> None:
    assert without_tests(ROWS) == set()


@pytest.mark.parametrize("rule", [1, 38, 53])
def test_a_rule_that_loses_its_rows_is_seen(rule: int) -> None:
    assert rule in without_tests(tuple(row for row in ROWS if row.rule != rule))


@pytest.mark.parametrize("rule", ELSEWHERE)
def test_the_tests_named_are_there(rule: int) -> None:
    module, *names = ELSEWHERE[rule]
    assert all(callable(getattr(module, name)) for name in names)


def test_the_nature_is_the_one_of_the_act() -> None:
    """Rule 37 is about délibérations and arrêtés only."""
    contract = {"nature": NatureActe.CONTRAT, "document": piece(UNSIGNED, type_pj="99_DC")}
    assert judged(37, contract, {}) == Faults()

"""Our messages: golden bytes, official schema (actes dossier §4.2, §4.4, §5.4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demat.actes.build import build_annulation, build_demande_classification, build_message_acte
from demat.actes.inbound import MessageActe, parse_inbound
from demat.actes.model import Acte
from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from tests.unit.actes.factories import BUDGET, EMETTEUR, PDF, PNG, acte, pdf_bytes, piece

GOLDEN = Path(__file__).parents[2] / "golden" / "actes-built"
ID = "099-000000000-20240314-2024_012-DE"

SIMPLE = acte()
FULL = acte(
    nature=NatureActe.CONTRAT,
    numero="MARCHE_2024_07",
    matiere=(1, 1, 3, 2, 10),
    objet="Mise en œuvre\ndu marché « école » – 50 €",
    precedent=ID,
    document_papier=True,
    document=piece(PDF, type_pj="99_DC"),
    annexes=(piece(PNG, type_pj="11_AE"), piece(pdf_bytes("b"), type_pj="99_SE")),
)
BUDGETAIRE = acte(
    nature=NatureActe.BUDGETAIRE,
    numero="BP2024",
    matiere=(7, 1),
    objet="Budget primitif 2024",
    document=piece(BUDGET, name="bp.xml", type_pj="99_BU"),
    annexes=(piece(PDF, type_pj="70_DE"),),
)


@pytest.mark.parametrize(
    ("name", "value"), [("simple", SIMPLE), ("full", FULL), ("budgetaire", BUDGETAIRE)]
)
def test_message_acte_is_the_golden_file_and_valid(
    name: str, value: Acte, assert_valid: Callable[[bytes], None]
) -> None:
    content = build_message_acte(value, EMETTEUR)
    assert content == (GOLDEN / f"acte-{name}.xml").read_bytes()
    assert content == build_message_acte(replace(value), EMETTEUR)
    assert_valid(content)


def test_message_acte_reads_back() -> None:
    assert parse_inbound(build_message_acte(FULL, EMETTEUR)) == MessageActe(
        numero="MARCHE_2024_07",
        date=date(2024, 3, 14),
        nature=4,
        matiere=(1, 1, 3, 2, 10),
        objet="Mise en oeuvre du marché « école » - 50 EUR",
        document_name="99_DC-099-000000000-20240314-MARCHE_2024_07-CC-1-1_1.pdf",
        annexes=(
            "11_AE-099-000000000-20240314-MARCHE_2024_07-CC-1-1_2.png",
            "99_SE-099-000000000-20240314-MARCHE_2024_07-CC-1-1_3.pdf",
        ),
        document_papier=True,
        classification_date=date(2023, 9, 1),
        precedent=ID,
    )


def test_annulation(assert_valid: Callable[[bytes], None]) -> None:
    content = build_annulation(IdActe.parse(ID))
    assert content == (GOLDEN / "annulation.xml").read_bytes()
    assert_valid(content)


@pytest.mark.parametrize(
    ("held", "written"), [(None, "2001-01-01"), (date(2023, 9, 1), "2023-09-01")]
)
def test_demande_classification(
    held: date | None, written: str, assert_valid: Callable[[bytes], None]
) -> None:
    content = build_demande_classification(held)
    assert f"<actes:DateClassification>{written}</actes:DateClassification>".encode() in content
    assert_valid(content)

"""Our messages: golden bytes, official schema (actes dossier §4.2 to §4.4, §5.4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demat.actes.build import (
    build_accuse_courrier,
    build_annulation,
    build_demande_classification,
    build_message_acte,
    build_reponse,
)
from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.documents import reponse_names
from demat.actes.inbound import (
    AccuseCourrier,
    Annulation,
    DemandeClassification,
    MessageActe,
    ReponseCourrier,
    parse_inbound,
)
from demat.actes.model import Acte
from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from demat.faults import FaultError
from tests.unit.actes.factories import (
    BUDGET,
    EMETTEUR,
    PDF,
    PNG,
    acte,
    pdf_bytes,
    piece,
    sentence,
)

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
    assert parse_inbound(content) == Annulation(id_acte=ID)
    assert_valid(content)


LETTER = date(2024, 4, 8)
TWO = (piece(PDF, type_pj="99_DE"), piece(PNG, type_pj="70_DE"))
REPONSES = {
    "2-2": (TypeCourrier.COURRIER_SIMPLE, SensReponse.REPONSE, TWO[:1]),
    "3-3": (TypeCourrier.DEMANDE_PIECES, SensReponse.REFUS, TWO[:1]),
    "3-4": (TypeCourrier.DEMANDE_PIECES, SensReponse.REPONSE, TWO),
    "4-3": (TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REFUS, TWO[:1]),
    "4-4": (TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REPONSE, TWO[1:]),
}


def reponse(code: str) -> Reponse:
    courrier, sens, pieces = REPONSES[code]
    return Reponse(
        courrier=courrier,
        sens=sens,
        id_acte=IdActe.parse(ID),
        date_courrier=LETTER,
        pieces=pieces,
    )


@pytest.mark.parametrize("code", list(REPONSES))
def test_each_answer_is_the_golden_file_valid_and_reads_back(
    code: str, assert_valid: Callable[[bytes], None]
) -> None:
    content = build_reponse(reponse(code))
    assert content == (GOLDEN / f"reponse-{code}.xml").read_bytes()
    assert parse_inbound(content) == ReponseCourrier(
        root=reponse(code).root,
        id_acte=ID,
        date_courrier=LETTER,
        documents=reponse_names(reponse(code)),
    )
    assert_valid(content)


def test_the_documents_of_an_answer_are_named_after_the_message_and_typed() -> None:
    assert reponse_names(reponse("3-4")) == (f"99_DE-{ID}-3-4_1.pdf", f"70_DE-{ID}-3-4_2.png")
    assert reponse_names(reponse("4-4")) == (f"70_DE-{ID}-4-4_1.png",)


@pytest.mark.parametrize(("nature", "typed"), [("DE", "99_DE"), ("CC", "99_DC"), ("BF", "99_BU")])
def test_a_document_without_type_takes_that_of_its_nature(nature: str, typed: str) -> None:
    id_acte = replace(IdActe.parse(ID), nature=nature)
    answer = replace(reponse("2-2"), id_acte=id_acte, pieces=(piece(PDF, type_pj=""),))
    assert reponse_names(answer) == (f"{typed}-{id_acte}-2-2_1.pdf",)


def test_a_document_without_type_of_an_unknown_nature_is_a_fault() -> None:
    id_acte = replace(IdActe.parse(ID), nature="ZZ")
    answer = replace(reponse("2-2"), id_acte=id_acte, pieces=(piece(PDF, type_pj=""),))
    with pytest.raises(FaultError, match="ACT-007"):
        build_reponse(answer)


@pytest.mark.parametrize(
    ("courrier", "root"),
    [
        (TypeCourrier.DEMANDE_PIECES, "ARDemandePieceComplementaire"),
        (TypeCourrier.LETTRE_OBSERVATIONS, "ARLettreObservations"),
    ],
)
def test_each_receipt_is_the_golden_file_valid_and_reads_back(
    courrier: TypeCourrier, root: str, assert_valid: Callable[[bytes], None]
) -> None:
    content = build_accuse_courrier(courrier, IdActe.parse(ID), LETTER)
    assert content == (GOLDEN / f"accuse-{courrier.accuse}.xml").read_bytes()
    assert parse_inbound(content) == AccuseCourrier(root=root, id_acte=ID, date_courrier=LETTER)
    assert_valid(content)


@pytest.mark.parametrize("courrier", [TypeCourrier.COURRIER_SIMPLE, TypeCourrier.DEFERE])
def test_no_receipt_exists_for_the_other_letters(courrier: TypeCourrier) -> None:
    with pytest.raises(FaultError, match="ACT-052") as error:
        build_accuse_courrier(courrier, IdActe.parse(ID), LETTER)
    (fault,) = error.value.faults
    assert f"(accusé d'un {courrier.libelle})" in sentence(fault)


@pytest.mark.parametrize(
    ("held", "written"), [(None, "2001-01-01"), (date(2023, 9, 1), "2023-09-01")]
)
def test_demande_classification(
    held: date | None, written: str, assert_valid: Callable[[bytes], None]
) -> None:
    content = build_demande_classification(held)
    assert f"<actes:DateClassification>{written}</actes:DateClassification>".encode() in content
    assert parse_inbound(content) == DemandeClassification(date=date.fromisoformat(written))
    assert_valid(content)

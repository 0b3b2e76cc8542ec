"""Rules 54 to 58: cancelling a transmission, answering the préfecture (actes dossier §10)."""

from dataclasses import replace
from datetime import date

import pytest

from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.lifecycle import EtatActe
from demat.actes.model import Piece
from demat.actes.names import IdActe
from demat.actes.rules_echanges import check_annulation, check_reponse
from demat.faults import FaultError
from tests.unit.actes.factories import PDF

ID = IdActe.parse("099-000000000-20240314-2024_012-DE")
LETTER = date(2024, 4, 8)
MEGA = 1024 * 1024


def annulation(etat: EtatActe, *, asked: date | None = None, letters: tuple[date, ...] = ()):  # type: ignore[no-untyped-def]  # the test's shorthand
    return check_annulation(etat, numero="2024_012", asked_on=asked, courriers=letters)


def test_an_acknowledged_act_may_be_cancelled() -> None:
    assert annulation(EtatActe.ACQUITTE).codes == ()


@pytest.mark.parametrize("etat", [EtatActe.PREPARE, EtatActe.TRANSMIS, EtatActe.EN_ANOMALIE])
def test_rule_54_an_act_without_ar_may_not(etat: EtatActe) -> None:
    assert annulation(etat).blocking.codes == ("ACT-054",)


@pytest.mark.parametrize("etat", [EtatActe.ANNULATION_DEMANDEE, EtatActe.ANNULE])
def test_rule_55_an_act_is_cancelled_once(etat: EtatActe) -> None:
    assert annulation(etat).blocking.codes == ("ACT-055",)
    pending = annulation(EtatActe.ACQUITTE, asked=LETTER)
    assert pending.blocking.codes == ("ACT-055",)
    assert next(iter(pending)).params["date"] == "08/04/2024"


def test_rule_56_a_letter_asks_for_a_word_first() -> None:
    told = annulation(EtatActe.ACQUITTE, letters=(LETTER,))
    assert (told.codes, told.blocking.codes) == (("ACT-056",), ())


def reponse(*pieces: Piece, kind: TypeCourrier = TypeCourrier.DEMANDE_PIECES) -> Reponse:
    return Reponse(
        courrier=kind,
        sens=SensReponse.REPONSE,
        id_acte=ID,
        date_courrier=LETTER,
        pieces=pieces or (piece(PDF),),
    )


def piece(content: bytes, name: str = "reponse.pdf") -> Piece:
    return Piece(name=name, content=content, type_pj="99_DE")


def codes(answer: Reponse, *, today: date = LETTER, max_bytes: int = MEGA) -> tuple[str, ...]:
    return check_reponse(answer, today=today, max_bytes=max_bytes).codes


def test_a_good_answer_passes() -> None:
    assert codes(reponse()) == ()
    assert codes(reponse(), today=date(2024, 6, 8)) == ()  # the last day


def test_rule_57_an_answer_needs_a_document() -> None:
    with pytest.raises(FaultError, match="ACT-057_NONE"):
        replace(reponse(), pieces=())


def test_rule_58_an_answer_after_its_term_is_told() -> None:
    late = check_reponse(reponse(), today=date(2024, 6, 9), max_bytes=MEGA)
    assert (late.codes, late.blocking.codes) == (("ACT-058",), ())


def test_a_simple_letter_has_no_term() -> None:
    assert codes(reponse(kind=TypeCourrier.COURRIER_SIMPLE), today=date(2030, 1, 1)) == ()


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((piece(b"PK\x03\x04"),), ("ACT-033",)),
        ((piece(b""),), ("ACT-034",)),
        ((piece(b"%PDF-1.4 coup"),), ("ACT-035",)),
        ((piece(PDF), piece(PDF, "double.pdf")), ("ACT-038",)),
    ],
)
def test_the_documents_of_an_answer_are_checked(
    pieces: tuple[Piece, ...], expected: tuple[str, ...]
) -> None:
    assert codes(reponse(*pieces)) == expected


def test_an_answer_has_the_weight_of_an_act_at_most() -> None:
    assert codes(reponse(), max_bytes=len(PDF) - 1) == ("ACT-042",)

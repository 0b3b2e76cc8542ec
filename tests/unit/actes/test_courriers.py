"""The letters of the préfecture and the answers that the protocol knows (actes dossier §4.1)."""

from datetime import date

import pytest

from demat.actes.courriers import Reponse, SensReponse, TypeCourrier
from demat.actes.names import IdActe
from demat.faults import FaultError
from tests.unit.actes.factories import PDF, piece, summary

ID = IdActe.parse("099-000000000-20240314-2024_012-DE")
LETTER = date(2024, 4, 8)


def reponse(courrier: TypeCourrier, sens: SensReponse, count: int = 1) -> Reponse:
    return Reponse(
        courrier=courrier,
        sens=sens,
        id_acte=ID,
        date_courrier=LETTER,
        pieces=tuple(piece(PDF) for _ in range(count)),
    )


@pytest.mark.parametrize(
    ("courrier", "root", "message", "accuse", "accuse_root", "months", "answerable"),
    [
        (TypeCourrier.COURRIER_SIMPLE, "CourrierSimple", "2-1", "", "", None, True),
        (
            TypeCourrier.DEMANDE_PIECES,
            "DemandePieceComplementaire",
            "3-1",
            "3-2",
            "ARDemandePieceComplementaire",
            2,
            True,
        ),
        (
            TypeCourrier.LETTRE_OBSERVATIONS,
            "LettreObservations",
            "4-1",
            "4-2",
            "ARLettreObservations",
            2,
            True,
        ),
        (TypeCourrier.DEFERE, "DefereTA", "5-1", "", "", None, False),
    ],
)
def test_each_letter(
    courrier: TypeCourrier,
    root: str,
    message: str,
    accuse: str,
    accuse_root: str,
    months: int | None,
    answerable: bool,
) -> None:
    assert (courrier.root, courrier.message, courrier.accuse) == (root, message, accuse)
    assert (courrier.accuse_root, courrier.months, courrier.answerable) == (
        accuse_root,
        months,
        answerable,
    )
    assert TypeCourrier.from_root(root) is courrier
    assert TypeCourrier(message[0]) is courrier


@pytest.mark.parametrize("root", ["", "ARActe", "DemandePieceComplementaires", "couriersimple"])
def test_what_is_no_letter(root: str) -> None:
    assert TypeCourrier.from_root(root) is None


@pytest.mark.parametrize(
    ("courrier", "sens", "count", "message", "root"),
    [
        ("2", "reponse", 1, "2-2", "ReponseCourrierSimple"),
        ("3", "refus", 1, "3-3", "RefusPieceComplementaire"),
        ("3", "reponse", 1, "3-4", "PieceComplementaire"),
        ("3", "reponse", 4, "3-4", "PieceComplementaire"),
        ("4", "refus", 1, "4-3", "RejetLettreObservations"),
        ("4", "reponse", 1, "4-4", "ReponseLettreObservations"),
    ],
)
def test_each_answer(courrier: str, sens: str, count: int, message: str, root: str) -> None:
    found = reponse(TypeCourrier(courrier), SensReponse(sens), count)
    assert (found.message, found.root) == (message, root)
    assert found.several is (message == "3-4")


@pytest.mark.parametrize(
    ("courrier", "sens", "count", "code"),
    [
        ("2", "refus", 1, "ACT-057_REFUSAL"),
        ("5", "reponse", 1, "ACT-057_DEFERE"),
        ("5", "refus", 0, "ACT-057_DEFERE"),
        ("2", "reponse", 0, "ACT-057_NONE"),
        ("3", "reponse", 0, "ACT-057_NONE"),
        ("4", "refus", 0, "ACT-057_NONE"),
        ("2", "reponse", 2, "ACT-057_SEVERAL"),
        ("3", "refus", 2, "ACT-057_SEVERAL"),
        ("4", "reponse", 3, "ACT-057_SEVERAL"),
    ],
)
def test_what_the_protocol_does_not_know(courrier: str, sens: str, count: int, code: str) -> None:
    with pytest.raises(FaultError) as error:
        reponse(TypeCourrier(courrier), SensReponse(sens), count)
    assert summary(error.value.faults) == [(code, "B")]


def test_the_sentence_names_the_letter_and_counts_the_documents() -> None:
    with pytest.raises(FaultError) as error:
        reponse(TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REFUS, 3)
    (fault,) = error.value.faults
    assert fault.params == {"courrier": "lettre d'observations", "count": "3"}

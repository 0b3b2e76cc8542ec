"""Matières are tuples of integers, never decimals (actes dossier §5.2)."""

import pytest

from demat.actes.model import format_matiere, parse_matiere
from demat.faults import FaultError
from tests.unit.actes.factories import ACTE, EMETTEUR


@pytest.mark.parametrize(
    ("text", "matiere"),
    [
        ("7.10", (7, 10)),
        ("7.1", (7, 1)),
        (" 8.1.3 ", (8, 1, 3)),
        ("8. 1. 3.", (8, 1, 3)),
        ("07.01", (7, 1)),
        ("7", (7,)),
        ("1.2.3.4.5", (1, 2, 3, 4, 5)),
    ],
)
def test_parse_matiere(text: str, matiere: tuple[int, ...]) -> None:
    assert parse_matiere(text) == matiere
    assert parse_matiere(format_matiere(matiere)) == matiere


@pytest.mark.parametrize("text", ["", ".", "7,10", "7..1", "a.b", "1.2.3.4.5.6", "-7.1", "٧.١"])
def test_parse_matiere_refuses(text: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_matiere(text)
    (fault,) = error.value.faults
    assert (fault.code, fault.params) == ("ACT-MATIERE_FORMAT", {"matiere": text})


def test_matieres_sort_as_numbers() -> None:
    assert sorted([parse_matiere("7.10"), parse_matiere("7.2")]) == [(7, 2), (7, 10)]
    assert format_matiere((7, 10)) == "7.10"


def test_id_acte_is_known_before_sending() -> None:
    assert str(ACTE.id_acte(EMETTEUR)) == "099-000000000-20240314-2024_012-DE"

"""Natures of acts and of authorities (actes dossier §3.4, §5.1)."""

import pytest

from demat.actes.natures import NATURES_COLLECTIVITE, NatureActe
from demat.faults import FaultError


@pytest.mark.parametrize(
    ("code", "abrege", "libelle", "default"),
    [
        (1, "DE", "Délibérations", "99_DE"),
        (2, "AR", "Actes réglementaires", "99_AR"),
        (3, "AI", "Actes individuels", "99_AI"),
        (4, "CC", "Contrats, conventions et avenants", "99_DC"),
        (5, "BF", "Documents budgétaires et financiers", "99_BU"),
        (6, "AU", "Autres", "99_AU"),
    ],
)
def test_each_nature(code: int, abrege: str, libelle: str, default: str) -> None:
    nature = NatureActe(code)
    assert (nature.abrege, nature.libelle, nature.type_pj_defaut) == (abrege, libelle, default)
    assert NatureActe.from_code(str(code)) is nature
    assert NatureActe.from_abrege(f" {abrege.lower()} ") is nature


def test_a_code_may_have_a_leading_zero() -> None:
    assert NatureActe.from_code(" 01 ") is NatureActe.DELIBERATION


@pytest.mark.parametrize("text", ["", "0", "7", "-1", "DE", "1.0", "¹", "9" * 5000])
def test_unknown_code_is_rule_7(text: str) -> None:
    with pytest.raises(FaultError) as error:
        NatureActe.from_code(text)
    (fault,) = error.value.faults
    assert fault.code == "ACT-007"
    assert fault.params == {
        "nature": text,
        "known": "1 (DE), 2 (AR), 3 (AI), 4 (CC), 5 (BF), 6 (AU)",
    }


@pytest.mark.parametrize("text", ["", "ZZ", "1"])
def test_unknown_letters_are_rule_7(text: str) -> None:
    with pytest.raises(FaultError, match="ACT-007"):
        NatureActe.from_abrege(text)


def test_kinds_of_authorities() -> None:
    assert NATURES_COLLECTIVITE["31"] == "Commune"
    assert all(len(code) == 2 and code.isdigit() for code in NATURES_COLLECTIVITE)
    assert len(NATURES_COLLECTIVITE) == 25

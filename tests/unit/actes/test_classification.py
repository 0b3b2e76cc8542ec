"""Reading a préfecture's classification (actes dossier §5 and §6)."""

from datetime import date
from pathlib import Path

import pytest

from demat.actes.classification import (
    NATIONALE,
    NatureClassee,
    TypePJ,
    parse_classification,
)
from demat.actes.natures import NatureActe
from demat.faults import FaultError
from tests.unit.actes.factories import CLASSIFICATION

NS = 'xmlns:actes="http://www.interieur.gouv.fr/ACTES#v1.1-20040216"'


def message(natures: str, matieres: str) -> bytes:
    return (
        f"<actes:RetourClassification {NS}>"
        "<actes:DateClassification>2023-09-01</actes:DateClassification>"
        f"<actes:NaturesActes>{natures}</actes:NaturesActes>"
        f"<actes:Matieres>{matieres}</actes:Matieres></actes:RetourClassification>"
    ).encode()


def matiere(level: int, code: str, label: str, inside: str = "") -> str:
    tag = f"actes:Matiere{level}"
    return f'<{tag} actes:CodeMatiere="{code}" actes:Libelle="{label}">{inside}</{tag}>'


DEEP = matiere(
    1,
    "7",
    "Finances locales",
    matiere(
        2, "10", " Divers¿ ", matiere(3, "2", "tarifs", matiere(4, "1", "a", matiere(5, "3", "b")))
    )
    + matiere(2, "1", " ")
    + matiere(2, "x", "noise"),
)
DELIBERATION = (
    '<actes:NatureActe actes:CodeNatureActe="1" actes:Libelle="Délibérations"'
    ' actes:TypeAbrege="DE">'
    '<actes:TypePJNatureActe actes:CodeTypePJ="99_DE" actes:Libelle="Délibération"/>'
    '<actes:TypePJNatureActe actes:CodeTypePJ="70_DE" actes:Libelle="Délibération"/>'
    '<actes:TypePJNatureActe actes:CodeTypePJ="99_DE" actes:Libelle="twice"/></actes:NatureActe>'
)


def test_levels_order_and_noise() -> None:
    found = parse_classification(message(DELIBERATION, DEEP))
    assert found.date == date(2023, 9, 1)
    assert list(found.matieres.items()) == [
        ((7,), "Finances locales"),
        ((7, 1), "1"),
        ((7, 10), "Divers"),
        ((7, 10, 2), "tarifs"),
        ((7, 10, 2, 1), "a"),
        ((7, 10, 2, 1, 3), "b"),
    ]
    assert found.libelle((7, 10, 2)) == "Finances locales / Divers / tarifs"
    assert found.libelle((7, 99)) == "Finances locales"
    assert found.children((7, 10)) == ((7, 10, 2),)
    assert found.children(()) == ((7,),)
    assert (found.knows((7, 10)), found.knows((7, 2))) == (True, False)
    assert found.natures == {
        NatureActe.DELIBERATION: NatureClassee(
            nature=NatureActe.DELIBERATION,
            libelle="Délibérations",
            abrege="DE",
            types=(
                TypePJ(code="99_DE", libelle="Délibération"),
                TypePJ(code="70_DE", libelle="Délibération"),
            ),
        )
    }


def test_a_nature_may_have_no_code_and_unknown_ones_are_left_out() -> None:
    natures = (
        '<actes:NatureActe actes:Libelle="Autres" actes:TypeAbrege="AU"/>'
        '<actes:NatureActe actes:CodeNatureActe="9" actes:Libelle="Futur" actes:TypeAbrege="FU"/>'
        f"<!-- noise -->{DELIBERATION}"
        '<actes:NatureActe actes:CodeNatureActe="1" actes:Libelle="Délibérations">'
        '<actes:TypePJNatureActe actes:CodeTypePJ="21_DE" actes:Libelle="Prescription"/>'
        "</actes:NatureActe>"
    )
    found = parse_classification(message(natures, DEEP))
    assert list(found.natures) == [NatureActe.DELIBERATION, NatureActe.AUTRE]
    types = found.natures[NatureActe.DELIBERATION].types
    assert [kind.code for kind in types] == ["99_DE", "70_DE", "21_DE"]


def test_without_types_as_before_2017() -> None:
    natures = '<actes:NatureActe actes:CodeNatureActe="1" actes:Libelle="D" actes:TypeAbrege="DE"/>'
    found = parse_classification(message(natures, DEEP))
    default = (TypePJ(code="99_DE", libelle="Délibérations"),)
    assert found.types_for(NatureActe.DELIBERATION, (7, 10)) == default
    assert found.allows_type(NatureActe.DELIBERATION, "12_XX")


@pytest.mark.parametrize(
    ("code", "matiere", "suits"),
    [
        ("99_DE", (7, 10), True),
        ("70_DE", (7, 10), True),
        ("70_DE", (7, 1), True),
        ("71_DE", (7, 1), True),
        ("71_DE", (7, 10), False),
        ("71_DE", (7, 11), False),
        ("21_DA", (2, 2), False),
        ("10_DE", (1, 6), True),
        ("10_DE", (10, 6), False),
        ("01_AA", (4, 2), True),
        ("CO_DE", (4, 2), True),
        ("11_AC", (1, 1, 3), True),
    ],
)
def test_prefix_rule(code: str, matiere: tuple[int, ...], suits: bool) -> None:
    assert TypePJ(code=code, libelle="").suits(matiere) is suits


def test_types_offered() -> None:
    def offered(nature: NatureActe, matiere: tuple[int, ...]) -> list[str]:
        return [kind.code for kind in CLASSIFICATION.types_for(nature, matiere)]

    assert offered(NatureActe.DELIBERATION, (7, 10)) == ["99_DE", "70_DE", "99_SE"]
    assert offered(NatureActe.DELIBERATION, (2, 3)) == ["99_DE", "23_DE", "23_IA", "99_SE"]
    assert offered(NatureActe.AUTRE, (9, 1)) == ["99_AU", "99_SE"]
    assert not CLASSIFICATION.allows_type(NatureActe.AUTRE, "99_DE")


def test_national_levels() -> None:
    levels = [len(matiere) for matiere in NATIONALE.matieres]
    assert (levels.count(1), levels.count(2), len(levels)) == (9, 57, 66)
    assert NATIONALE.libelle((7, 10)) == "Finances locales / Divers"
    assert NATIONALE.libelle((9, 2)).endswith("Autres domaines de compétences des départements")
    assert NATIONALE.date == date(2001, 1, 1)


@pytest.mark.parametrize("nature", list(NatureActe))
def test_national_types_hold_the_default_and_the_signature(nature: NatureActe) -> None:
    codes = [kind.code for kind in NATIONALE.natures[nature].types]
    assert codes[0] == nature.type_pj_defaut
    assert codes[-1] == "99_SE"


def test_the_real_classification(shared: Path) -> None:
    content = (shared / "real" / "actes" / "classification.xml").read_bytes()
    found = parse_classification(content)
    assert found.date == date(2017, 11, 13)
    assert set(found.matieres) == set(NATIONALE.matieres)
    assert [len(found.natures[nature].types) for nature in NatureActe] == [7, 4, 20, 27, 2, 1]
    assert found.natures[NatureActe.BUDGETAIRE].libelle == "Documents budgétaires et financiers"


@pytest.mark.parametrize(
    "content",
    [
        message("", ""),
        f'<actes:ARAnnulation {NS} actes:IDActe="x" actes:DateReception="2024-01-01"/>'.encode(),
    ],
)
def test_what_is_no_classification(content: bytes) -> None:
    with pytest.raises(FaultError, match="ACT-CLASSIFICATION"):
        parse_classification(content)

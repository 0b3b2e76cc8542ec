"""The pattern of an authority's numbers (actes dossier §2.4)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.actes.natures import NatureActe
from demat.actes.numerotation import Numerotation, check_pattern

DE, AR = NatureActe.DELIBERATION, NatureActe.REGLEMENTAIRE
SAFE = re.compile(r"[A-Z0-9][A-Z0-9_]{0,13}[A-Z0-9]")
WRITTEN = {
    "{annee}_{rang:03d}": "2026_007",
    "{nature}_{annee}_{rang:02d}": "DE_2026_07",
    "{annee}{rang}": "20267",
    "CM{rang}_{annee}": "CM7_2026",
}
PATTERNS = tuple(WRITTEN)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_number_is_written_and_read_back(pattern: str) -> None:
    numero = WRITTEN[pattern]
    numbering = Numerotation(check_pattern(pattern))
    assert numbering.format(2026, 7, DE) == numero
    assert numbering.rang(numero, 2026, DE) == 7


@given(
    pattern=st.sampled_from(PATTERNS),
    annee=st.integers(2000, 2099),
    rang=st.integers(1, 9999),
    nature=st.sampled_from(NatureActe),
)
def test_every_number_is_safe_and_reads_back(
    pattern: str, annee: int, rang: int, nature: NatureActe
) -> None:
    numbering = Numerotation(pattern)
    numero = numbering.format(annee, rang, nature)
    assert SAFE.fullmatch(numero)
    assert numbering.rang(numero, annee, nature) == rang


@pytest.mark.parametrize(
    ("numero", "rang"),
    [
        ("2026_041", 41),
        ("2026_1041", 1041),
        ("2026_041_R1", 41),
        ("2026_041_R12", 41),
        ("2025_041", None),
        ("2026_041_R0", None),
        ("2026_041_BIS", None),
        ("2026_", None),
        ("AI_2026_017", None),
        ("2026_٤١", None),
    ],
)
def test_only_numbers_of_the_series_count(numero: str, rang: int | None) -> None:
    assert Numerotation("{annee}_{rang:03d}").rang(numero, 2026, DE) == rang


def test_each_nature_has_its_own_series_when_the_pattern_says_it() -> None:
    numbering = Numerotation("{nature}_{annee}_{rang:02d}")
    used = {"DE_2026_03", "AR_2026_09", "DE_2025_40"}
    assert numbering.next(2026, DE, used) == "DE_2026_04"
    assert numbering.next(2026, AR, used) == "AR_2026_10"
    assert Numerotation("{annee}_{rang}").next(2026, AR, {"2026_3"}) == "2026_4"


def test_the_next_number_fills_no_gap() -> None:
    used = {"2026_001", "2026_007", "2026_003_R1", "X"}
    numbering = Numerotation("{annee}_{rang:03d}")
    assert numbering.next(2026, DE, used) == "2026_008"
    assert numbering.next(2027, DE, used) == "2027_001"
    assert numbering.next(2026, DE, {"2026_999"}) == "2026_1000"


def test_a_series_that_is_full_proposes_nothing() -> None:
    assert Numerotation("ACTES_{annee}_{rang:04d}").next(2026, DE, {"ACTES_2026_9999"}) == ""


@pytest.mark.parametrize("pattern", [*PATTERNS, "ACTES_{annee}_{rang:04d}", "{rang:05d}_{annee}"])
def test_patterns_that_are_right(pattern: str) -> None:
    assert check_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "{annee} et {rang} sont obligatoires"),
        ("{annee}", "{annee} et {rang} sont obligatoires"),
        ("DE_{rang:03d}", "{annee} et {rang} sont obligatoires"),
        ("{annee}_{rang}_{mois}", "les champs admis sont"),
        ("{annee}_{rang:3}", "les champs admis sont"),
        ("{annee}_{rang:030d}", "les champs admis sont"),
        ("{annee:02d}_{rang}", "les champs admis sont"),
        ("{annee!r}_{rang}", "les champs admis sont"),
        ("{annee}_{rang.real}", "les champs admis sont"),
        ("{annee}_{0}", "les champs admis sont"),
        ("{annee}_{rang", "les accolades ne vont pas par deux"),
        ("{annee}_{annee}_{rang}", "un champ y figure deux fois"),
        ("{annee}-{rang:03d}", "il donnerait « 2026-001 »"),
        ("{annee}_{rang:03d}_", "il donnerait « 2026_001_ »"),
        ("de_{annee}_{rang}", "il donnerait « de_2026_1 »"),
        ("ARRETES_{annee}_{rang:02d}", "il donnerait « ARRETES_2026_9999 »"),
        ("É{annee}_{rang:02d}", "il donnerait « É2026_01 »"),
    ],
)
def test_patterns_that_are_wrong(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check_pattern(pattern)

"""Texts that the protocol can carry (actes dossier §2.4, §2.7)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.actes.text import safe_file_name, simplified, suggest_numero, transliterate_objet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tarifs 2024 de la salle des fêtes", "Tarifs 2024 de la salle des fêtes"),
        ("Mise en œuvre – l’aide de 50 €…", "Mise en oeuvre - l'aide de 50 EUR..."),
        ("Vœux « motion » “bis” n°\u202f4", 'Voeux « motion » "bis" n° 4'),
        ("deux\r\nlignes\tet\u00a0 des  blancs ", "deux lignes et des blancs"),
        ("l\x92école \x9cuvre", "l'école oeuvre"),
        ("e\u0301cole", "école"),
        ("sou\u00adple\u200b", "souple"),
    ],
)
def test_plain_equivalents_lose_nothing(text: str, expected: str) -> None:
    assert transliterate_objet(text) == (expected, ())


@pytest.mark.parametrize(
    ("text", "expected", "replaced"),
    [
        ("Jumelage avec Łódź et Ko\u0161ice", "Jumelage avec ?ódz et Kosice", ("Ł", "ź", "š")),
        ("☀ plage ☀", "? plage ?", ("☀",)),
        ("H₂O", "H2O", ("₂",)),
        ("\ud800", "?", ("\ud800",)),
    ],
)
def test_other_characters_are_reported_once(
    text: str, expected: str, replaced: tuple[str, ...]
) -> None:
    assert transliterate_objet(text) == (expected, replaced)


@given(st.text())
def test_the_result_is_latin1_on_one_line_and_stable(text: str) -> None:
    result, _ = transliterate_objet(text)
    result.encode("iso-8859-1")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", result)
    assert transliterate_objet(result) == (result, ())


@pytest.mark.parametrize(
    ("text", "numero"),
    [
        ("2024_012", "2024_012"),
        ("2024-12", "2024_12"),
        (" dél. 2024/12 ", "DEL_2024_12"),
        ("__a--b__", "A_B"),
        ("7", "07"),
        ("", ""),
        ("///", ""),
        ("2024_DELIBERATION_012", "2024_DELIBE_012"),
        ("12345678901234567890", "123456789012345"),
        ("12345678901234_567", "12345678901234"),
    ],
)
def test_suggest_numero(text: str, numero: str) -> None:
    assert suggest_numero(text) == numero


@given(st.text())
def test_a_suggestion_is_accepted_everywhere(text: str) -> None:
    numero = suggest_numero(text)
    assert numero == "" or re.fullmatch(r"[A-Z0-9][A-Z0-9_]{0,13}[A-Z0-9]", numero)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Délibération n° 12 & annexe.PDF", "Deliberation_n_12_annexe.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Documents\\arrêté.pdf", "arrete.pdf"),
        (".htaccess", "document.htaccess"),
        ("???.pdf", "document.pdf"),
        ("sans extension", "sans_extension"),
        ("", "document"),
    ],
)
def test_safe_file_name(name: str, expected: str) -> None:
    assert safe_file_name(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tarifs de la salle des fêtes, « été » n° 2", ()),
        ("Mise en œuvre – coût 12 €", ("œ", "–", "€")),
        ("L’école et l’étude", ("’",)),
        ("Première ligne\r\nseconde", ("↵",)),
        ("\x92 de Windows", ("’",)),
        ("  bords blancs \n", ()),
        ("Łódź", ()),  # that is lost, and told as such
    ],
)
def test_what_is_written_more_plainly(text: str, expected: tuple[str, ...]) -> None:
    assert simplified(text) == expected

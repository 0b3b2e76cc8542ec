"""Bringing texts into ISO-8859-1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.helios.text import is_transmissible, transliterate


@pytest.mark.parametrize(
    ("text", "expected", "replaced"),
    [
        ("Cantine février", "Cantine février", ()),
        ("4,80 €", "4,80 EUR", ("€",)),
        ("Cœur d’été – suite…", "Coeur d'été - suite...", ("œ", "’", "–", "…")),
        ("L’HAŸ-LES-ROSES Ÿ", "L'HAY-LES-ROSES Y", ("’", "Ÿ")),
        ("e\u0301cole", "école", ()),  # composed and decomposed accents are the same text
        ("1\u202f234\u00a0pages\tet\nplus", "1 234 pages et plus", ()),
        ("Fête 🎉 du village", "Fête du village", ("🎉",)),
        ("ΑΘΗΝΑ", "?????", ("Α", "Θ", "Η", "Ν")),
        ("Ștefan Żółw", "Stefan Zólw", ("Ș", "Ż", "ł")),
        ("zéro\u200blargeur", "zérolargeur", ("\u200b",)),
        ("numéro ½ ²", "numéro ½ ²", ()),
        ("  bords  ", "bords", ()),
        ("", "", ()),
    ],
)
def test_transliterate_says_what_it_replaced(text, expected, replaced):
    assert transliterate(text) == (expected, replaced)


@given(st.text())
def test_whatever_comes_in_what_goes_out_can_be_sent(text):
    sent, _ = transliterate(text)
    assert is_transmissible(sent)
    sent.encode("iso-8859-1")
    assert transliterate(sent) == (sent, ())


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "€", "\x85", "\xad"])
def test_control_characters_and_the_rest_of_unicode_are_not_transmissible(text):
    assert not is_transmissible(text)

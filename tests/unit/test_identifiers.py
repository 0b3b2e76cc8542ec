"""Identifiers of the field and their keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.identifiers import is_bic, is_departement, is_iban, is_siren, is_siret, squeeze


@pytest.mark.parametrize(
    ("check", "text", "right"),
    [
        (is_siren, "000000000", True),
        (is_siren, "900123456", True),
        (is_siren, "900123457", False),
        (is_siren, "90012345", False),
        (is_siren, "9001234560", False),
        (is_siren, "900 123 456", False),
        (is_siren, "900-123-456", False),
        (is_siren, "", False),
        (is_siren, "90012345A", False),
        (is_siren, "٩٠٠١٢٣٤٥٦", False),
        (is_siret, "21990123800010", True),
        (is_siret, "90012345600015", True),
        (is_siret, "21990123800011", False),
        (is_siret, "21990123900010", False),
        (is_siret, "2199012380001", False),
        (is_siret, "219 901 238 00010", False),
        (is_siret, "21990123800010\n", False),
        (is_siret, "12345678912345", False),  # seen in real test files (helios dossier §11, 19)
        (is_siret, "35600000000048", True),  # La Poste, head office
        (is_siret, "35600000049837", True),  # La Poste, whose branches have a rule of their own
        (is_siret, "35600000049838", False),
        (is_iban, "FR7699999000020000065432129", True),
        (is_iban, "FR9399999000010000A12345612", True),
        (is_iban, "DE89370400440532013000", True),
        (is_iban, "FR7699999000020000065432128", False),
        (is_iban, "FR769999900002000006543212", False),
        (is_iban, "fr7699999000020000065432129", False),
        (is_iban, "FR76 9999 9000 0200 0006 5432 129", False),
        (is_iban, "FR76-9999-9000-0200-0006-5432-129", False),
        (is_iban, "FR7699999000020000065432129\n", False),
        (is_iban, "ZZ7699999000020000065432129", False),
        (is_iban, "", False),
        (is_iban, "É", False),
        (is_bic, "DEMOFRPP", True),
        (is_bic, "DEMOFRPPXXX", True),
        (is_bic, "DEMOFRP", False),
        (is_bic, "DEMOFRPPXX", False),
        (is_bic, "demofrpp", False),
        (is_bic, "DEMO FR PP", False),
        (is_bic, "DEMO-FR-PP", False),
        (is_bic, "DEM0FRPP", False),
        (is_bic, "", False),
    ],
)
def test_keys(check, text, right):
    assert check(text) is right


@pytest.mark.parametrize("check", [is_siren, is_siret, is_iban, is_bic, is_departement])
@given(text=st.text(max_size=40))
def test_any_text_is_judged(check, text):
    assert check(text) in (True, False)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        *((f"{number:03d}", True) for number in (1, 9, 10, 19, 21, 59, 90, 95)),
        *(("02A", True), ("02B", True), ("971", True), ("974", True), ("988", True)),
        ("099", True),  # the fictional one
        *(("000", False), ("096", False), ("098", False), ("02C", False), ("02a", False)),
        *(("100", False), ("960", False), ("59", False), ("0590", False), ("", False)),
        *(("001\n", False), ("0٥٩", False)),
    ],
)
def test_departements(text, right):
    assert is_departement(text) is right


@pytest.mark.parametrize(
    ("text", "squeezed"),
    [
        ("219 901 238 00010", "21990123800010"),
        ("FR76\u00a09999\u202f9000\t0200", "FR76999990000200"),
        ("", ""),
    ],
)
def test_groups_are_joined(text, squeezed):
    assert squeeze(text) == squeezed

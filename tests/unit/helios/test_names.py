"""The NomFic that we give and the Ids of bordereaux."""

from datetime import date

import pytest

from demat.helios.names import NomFic, bordereau_id, nom_fic, parse

SIRET = "21990123800010"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 12), "PESALR2_21990123800010_260312_001"),
        # The calendar year, never the year of the week: 29 December 2025 is in week 1 of 2026
        (date(2025, 12, 29), "PESALR2_21990123800010_251229_001"),
        (date(2027, 1, 1), "PESALR2_21990123800010_270101_001"),
    ],
)
def test_nom_fic_carries_siret_day_and_counter(day, expected):
    assert nom_fic(SIRET, day, 1) == expected
    assert parse(expected) == NomFic(siret=SIRET, day=day, serial=1)
    assert str(parse(expected)) == expected


@pytest.mark.parametrize(
    ("siret", "serial"),
    [("219901238", 1), ("", 1), ("2199012380001X", 1), (SIRET, 0), (SIRET, 1000)],
)
def test_nom_fic_refuses_what_would_not_read_back(siret, serial):
    with pytest.raises(ValueError, match="NomFic"):
        nom_fic(siret, date(2026, 1, 1), serial)


@pytest.mark.parametrize(
    "name",
    [
        "HELIOS_SIMU_ALR2_1496987735_826268894.xml",
        "PESALR2_21990123800010_260312_001.xml",
        "PESALR2_21990123800010_261332_001",
        "PESALR2_219901238_260312_001",
        "",
    ],
)
def test_any_other_name_is_an_opaque_key(name):
    assert parse(name) is None


@pytest.mark.parametrize(
    ("domaine", "numero", "expected"),
    [("depense", "31", "BRD2026D0031"), ("recette", "1234567", "BRD2026R1234567")],
)
def test_bordereau_id_starts_with_a_letter(domaine, numero, expected):
    assert bordereau_id(domaine, "2026", numero) == expected

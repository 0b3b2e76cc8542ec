"""The values of the site: what they refuse, where acts are, how delays are counted."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from demat.publish.content import PublicDocument, add_months, is_public_numero
from tests.unit.publish.factories import ACTE, RETIRE, SITE, acte


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 21), 2, date(2026, 5, 21)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2026, 7, 31), 2, date(2026, 9, 30)),
        (date(2026, 10, 31), 2, date(2026, 12, 31)),
        (date(2026, 11, 1), 2, date(2027, 1, 1)),
        (date(2026, 12, 15), 2, date(2027, 2, 15)),
    ],
)
def test_delays_are_counted_in_calendar_months(day: date, months: int, expected: date):
    assert add_months(day, months) == expected


def test_an_act_has_one_address_and_days_of_paris():
    assert ACTE.folder == "actes/2026/DE/2026_031"
    assert ACTE.file_names == ("2026_031.pdf", "2026_031-annexe-1.png")
    assert SITE.permalink(ACTE) == "https://actes.saint-exemple.fr/actes/2026/DE/2026_031/"
    assert ACTE.jour_mise_en_ligne == date(2026, 3, 21)
    assert ACTE.fin_publicite == date(2026, 5, 21)
    late = replace(RETIRE, retrait=datetime(2026, 3, 15, 23, 30, tzinfo=UTC))
    assert late.jour_retrait == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("numero", "public"),
    [
        ("2026_031", True),
        ("CM-2026.031", True),
        ("..", False),
        (".htaccess", False),
        ("../x", False),
        ("a/b", False),
        ("a b", False),
        ("é", False),
        ("", False),
        ("x\n", False),
        ("x" * 31, False),
    ],
)
def test_a_number_becomes_part_of_an_address_or_is_refused(numero: str, public: bool):
    assert is_public_numero(numero) is public
    if not public:
        with pytest.raises(ValueError, match="part of an address"):
            acte(numero=numero)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nature": 3}, "an individual act is never published"),
        ({"nature": 9}, "no such nature: 9"),
        ({"matiere": "12.7"}, "unknown matière"),
        ({"documents": ()}, "at least one document"),
    ],
)
def test_what_may_not_be_shown_cannot_even_be_made(changes: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        acte(**changes)


def test_a_tombstone_is_never_that_of_an_individual_act():
    with pytest.raises(ValueError, match="individual"):
        replace(RETIRE, nature=3)


@pytest.mark.parametrize("extension", ["xml", "html", "PDF", "", "pdf/.."])
def test_only_documents_that_people_read_are_shown(extension: str):
    with pytest.raises(ValueError, match="not a public format"):
        PublicDocument(content=b"", extension=extension)


def test_two_acts_never_share_an_address():
    with pytest.raises(ValueError, match="one address"):
        replace(SITE, actes=(acte(numero="A1"), acte(numero="a1")))
    with pytest.raises(ValueError, match="one address"):
        replace(SITE, actes=(acte(numero="2026_030"),))

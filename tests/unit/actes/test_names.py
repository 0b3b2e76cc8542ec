"""File names of the protocol: every example of the actes dossier §2, both ways."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demat.actes.names import (
    ArchiveName,
    FileName,
    IdActe,
    archive_name,
    envelope_name,
    message_name,
    parse_archive_name,
    parse_file_name,
)
from demat.faults import FaultError

ID = IdActe(
    departement="099", siren="000000000", date=date(2024, 3, 14), numero="2024_012", nature="DE"
)
ID_TEXT = "099-000000000-20240314-2024_012-DE"


def test_id_acte_both_ways() -> None:
    assert str(ID) == ID_TEXT
    assert IdActe.parse(f" {ID_TEXT}\n") == ID


TURNS = [
    day
    for year in (2020, 2021, 2022, 2024, 2025, 2026, 2027, 2032)
    for day in (
        *(date(year, 12, number) for number in (29, 30, 31)),
        *(date(year + 1, 1, number) for number in (1, 2, 3)),
    )
]
"""Around the turn of the year, where the year of the ISO week is another one (§11 trap 1)."""


def test_these_turns_hold_the_trap_in_both_directions() -> None:
    # 30 December 2024 is of the week-year 2025; 1 January 2021 of the week-year 2020
    assert {day.isocalendar().year - day.year for day in TURNS} == {-1, 0, 1}


@pytest.mark.parametrize("day", TURNS)
def test_names_carry_the_calendar_year(day: date) -> None:
    written = day.isoformat().replace("-", "")
    id_acte = replace(ID, date=day)
    assert str(id_acte) == f"099-000000000-{written}-2024_012-DE"
    assert IdActe.parse(str(id_acte)) == id_acte
    names = {
        message_name(id_acte, 1, 1, 0, "xml"): f"{id_acte}-1-1_0.xml",
        message_name(id_acte, 1, 1, 1, "pdf", "99_DE"): f"99_DE-{id_acte}-1-1_1.pdf",
    }
    for name, expected in names.items():
        assert name == expected
        found = parse_file_name(name)
        assert found is not None
        assert (found.date, str(found)) == (day, name)
    envelope = envelope_name(application="EACT", siren="000000000", day=day, serial=1)
    archive = archive_name(
        trigramme="XYZ", application="EACT", siren="000000000", day=day, serial=1
    )
    assert envelope == f"EACT--000000000--{written}-1.xml"
    assert archive == f"XYZ-EACT--000000000--{written}-1.tar.gz"
    for name in (envelope, archive):
        parsed = parse_archive_name(name)
        assert parsed is not None
        assert parsed.date == day


@pytest.mark.parametrize(
    "departement", ["001", "095", "02A", "02B", "971", "974", "976", "977", "986", "987", "988"]
)
def test_every_form_of_departement(departement: str) -> None:
    id_acte = replace(ID, departement=departement)
    assert IdActe.parse(str(id_acte)) == id_acte
    name = message_name(id_acte, 3, 4, 2, "png", "70_DE")
    found = parse_file_name(name)
    assert found is not None
    assert (found.departement, found.id_acte) == (departement, id_acte)


@pytest.mark.parametrize("departement", ["1", "01", "101", "2A0", "0A1", "02C", "02a"])
def test_what_is_no_departement(departement: str) -> None:
    assert parse_file_name(f"{replace(ID, departement=departement)}-1-1_0.xml") is None
    with pytest.raises(FaultError, match="ACT-ID_ACTE"):
        IdActe.parse(str(replace(ID, departement=departement)))


def test_id_acte_of_others_may_hold_hyphens() -> None:
    found = IdActe.parse("099-000000000-20220214-AR-2022-02-AR")
    assert (found.numero, found.nature, found.date) == ("AR-2022-02", "AR", date(2022, 2, 14))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "099-000000000-20240230-2024_012-DE",
        "099-000000000-2024031-2024_012-DE",
        "099-00000000-20240314-2024_012-DE",
        "99-000000000-20240314-2024_012-DE",
        "099-000000000-20240314--DE",
        "099-000000000-20240314-2024_012-de",
        "099-000000000-20240314-1234567890123456-DE",
        "099-000000000-20240314-../etc-DE",
        "099-000000000-20240314-2024_012-DE-1-1_0.xml",
    ],
)
def test_what_is_no_id_acte(text: str) -> None:
    with pytest.raises(FaultError) as error:
        IdActe.parse(text)
    (fault,) = error.value.faults
    assert (fault.code, fault.params) == ("ACT-ID_ACTE", {"id_acte": text})


def test_message_name() -> None:
    assert message_name(ID, 1, 1, 0, "xml") == f"{ID_TEXT}-1-1_0.xml"
    assert message_name(ID, 1, 1, 2, "PDF", "99_DE") == f"99_DE-{ID_TEXT}-1-1_2.pdf"


def file_name(**changes: object) -> FileName:
    values: dict[str, object] = {
        "type_pj": "",
        "departement": "099",
        "siren": "000000000",
        "date": date(2024, 3, 14),
        "numero": "2024_012",
        "nature": "DE",
        "transaction": 1,
        "message": 1,
        "rang": 0,
        "extension": "xml",
    }
    return FileName(**{**values, **changes})  # type: ignore[arg-type]  # names are the test's


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{ID_TEXT}-1-1_0.xml", file_name()),
        (f"99_DE-{ID_TEXT}-1-1_1.pdf", file_name(type_pj="99_DE", rang=1, extension="pdf")),
        (f"{ID_TEXT}-1-2_4127.xml", file_name(message=2, rang=4127)),
        (f"{ID_TEXT}-6-1_0.xml", file_name(transaction=6)),
        (
            "099-000000000----7-1_0.xml",
            file_name(date=None, numero="", nature="", transaction=7),
        ),
        (
            "099-000000000----1-3_1.xml",
            file_name(date=None, numero="", nature="", message=3, rang=1),
        ),
        (
            "99_AR-02A-000000000-20240314-AR-2022-02-AR-1-1_1.pdf",
            file_name(
                type_pj="99_AR",
                departement="02A",
                numero="AR-2022-02",
                nature="AR",
                rang=1,
                extension="pdf",
            ),
        ),
    ],
)
def test_file_names_both_ways(name: str, expected: FileName) -> None:
    assert parse_file_name(name) == expected
    assert str(expected) == name


@pytest.mark.parametrize("written", ["PDF", "Pdf", "pDf"])
def test_an_upper_case_extension_is_read_in_lower_case(written: str) -> None:
    found = parse_file_name(f"99_DE-{ID_TEXT}-1-1_1.{written}")
    assert found == file_name(type_pj="99_DE", rang=1, extension="pdf")
    assert str(found) == f"99_DE-{ID_TEXT}-1-1_1.pdf"


@pytest.mark.parametrize("numero", ["AR-2022-02", "-1", "1-", "2022-02-AR", "A--B", "1-DE-1"])
def test_hyphens_inside_the_number_of_others(numero: str) -> None:
    """Read whole, never split (§11 trap 6): even when a part looks like a nature or a code."""
    id_acte = replace(ID, numero=numero)
    assert IdActe.parse(str(id_acte)) == id_acte
    for name in (f"{id_acte}-1-2_5279.xml", f"99_DE-{id_acte}-1-1_1.PDF"):
        found = parse_file_name(name)
        assert found is not None
        assert (found.numero, found.id_acte) == (numero, id_acte)


EXAMPLES = {
    "XYZ-EACT--000000000--20240315-1.tar.gz": parse_archive_name,
    "EACT--000000000--20240315-1.xml": parse_archive_name,
    "EACT--SPREF0991-000000000-20240315-9.xml": parse_archive_name,
    "ANO_EACT--000000000--20240315-1.xml": parse_archive_name,
    "099-000000000-20240314-2024_012-DE-1-1_0.xml": parse_file_name,
    "99_DE-099-000000000-20240314-2024_012-DE-1-1_1.pdf": parse_file_name,
    "099-000000000----7-1_0.xml": parse_file_name,
    "099-000000000----1-3_1.xml": parse_file_name,
}
"""Every example of the table of §2.1, and the 1-3 below it."""


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_each_example_is_a_name_of_its_kind_and_of_no_other(name: str) -> None:
    assert EXAMPLES[name](name) is not None
    (other,) = {parse_archive_name, parse_file_name} - {EXAMPLES[name]}
    assert other(name) is None


def test_the_examples_are_those_of_the_dossier(shared: Path) -> None:
    text = (shared / "domain" / "actes.md").read_text(encoding="utf-8")
    table = text.partition("### 2.1")[2].partition("### 2.2")[0]
    examples = set(re.findall(r"`([^`<>]+\.(?:xml|pdf|tar\.gz))`", table))
    assert examples | {"099-000000000----1-3_1.xml"} == set(EXAMPLES)


def test_the_act_of_a_file_name() -> None:
    assert file_name().id_acte == ID
    assert file_name(date=None).id_acte is None
    assert file_name(numero="").id_acte is None
    assert file_name(nature="").id_acte is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "délibération.pdf",
        f"{ID_TEXT}-1-1.xml",
        f"{ID_TEXT}-8-1_0.xml",
        f"{ID_TEXT}-1-1_0",
        f"{ID_TEXT}-1-1_0.xml\n",
        f"./{ID_TEXT}-1-1_0.xml",
        f"{ID_TEXT}-1-1_{'9' * 5000}.xml",
        "099-000000000-20241341-2024_012-DE-1-1_0.xml",
        "099-000000000-20240314-../../x-DE-1-1_0.xml",
        "EACT--000000000--20240315-1.xml",
    ],
)
def test_what_is_no_file_name(name: str) -> None:
    assert parse_file_name(name) is None


def test_archive_and_envelope_names() -> None:
    day = date(2024, 3, 15)
    assert envelope_name(application="EACT", siren="000000000", day=day, serial=1) == (
        "EACT--000000000--20240315-1.xml"
    )
    assert (
        archive_name(trigramme="XYZ", application="TACT", siren="000000000", day=day, serial=12)
        == "XYZ-TACT--000000000--20240315-12.tar.gz"
    )


def archive(**changes: object) -> ArchiveName:
    values: dict[str, object] = {
        "anomalie": False,
        "trigramme": "",
        "application": "EACT",
        "emetteur": "000000000",
        "destinataire": "",
        "date": date(2024, 3, 15),
        "serial": 1,
        "extension": "xml",
    }
    return ArchiveName(**{**values, **changes})  # type: ignore[arg-type]  # names are the test's


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("XYZ-EACT--000000000--20240315-1.tar.gz", archive(trigramme="XYZ", extension="tar.gz")),
        (
            "abc-TACT--000000000--20240315-10.tar.gz",
            archive(trigramme="abc", application="TACT", serial=10, extension="tar.gz"),
        ),
        ("EACT--000000000--20240315-1.xml", archive()),
        (
            "EACT--SPREF0991-000000000-20240315-9.xml",
            archive(emetteur="SPREF0991", destinataire="000000000", serial=9),
        ),
        ("ANO_EACT--000000000--20240315-1.xml", archive(anomalie=True)),
    ],
)
def test_parse_archive_name(name: str, expected: ArchiveName) -> None:
    assert parse_archive_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "EACT--000000000--20240315.xml",
        "EACT--000000000--20240230-1.xml",
        "EACT--000000000--20240315-1.zip",
        "XYZZ-EACT--000000000--20240315-1.tar.gz",
        f"{ID_TEXT}-1-1_0.xml",
    ],
)
def test_what_is_no_archive_name(name: str) -> None:
    assert parse_archive_name(name) is None

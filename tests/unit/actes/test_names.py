"""File names of the protocol: every example of the actes dossier §2, both ways."""

from datetime import date

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


@pytest.mark.parametrize("day", [date(2024, 12, d) for d in (29, 30, 31)] + [date(2025, 1, 1)])
def test_names_carry_the_calendar_year(day: date) -> None:
    # the week-year of 30 December 2024 is 2025: a platform named archives of that day 20251230
    id_acte = IdActe(departement="099", siren="000000000", date=day, numero="A1", nature="DE")
    assert str(id_acte) == f"099-000000000-{day:%Y%m%d}-A1-DE"
    assert IdActe.parse(str(id_acte)).date == day
    name = envelope_name(application="EACT", siren="000000000", day=day, serial=1)
    assert name == f"EACT--000000000--{day.isoformat().replace('-', '')}-1.xml"


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


def test_an_upper_case_extension_is_read_in_lower_case() -> None:
    found = parse_file_name(f"99_DE-{ID_TEXT}-1-1_1.PDF")
    assert found == file_name(type_pj="99_DE", rang=1, extension="pdf")


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

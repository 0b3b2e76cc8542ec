"""Spreadsheets as agents make them."""

import io
import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from demat.faults import FaultError, Faults, Severity
from demat.intake.api import InputFile
from demat.intake.readers import workbooks
from demat.intake.readers.tables import Row, column_key, read_date, read_table
from demat.labels_fr.catalogue import sentence
from tests.unit.intake.factories import csv_bytes, ods_bytes, told, xlsx_bytes

ROWS = [["Numéro", "Objet"], ["2026_041", "Tarifs « été »"], ["2026_042", "Voirie"]]


def text(content: str, encoding: str = "utf-8") -> InputFile:
    return InputFile(name="actes.csv", data=content.encode(encoding))


def cells(file: InputFile) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, dict(row.cells)) for row in read_table(file).rows({})]


def refused(file: InputFile) -> str:
    with pytest.raises(FaultError) as caught:
        list(read_table(file).lines())
    ((code, _, _),) = told(caught.value.faults)
    (fault,) = caught.value.faults
    assert fault.source == file.base
    return f"{code}: {fault.params.get('reason', '')}".removesuffix(": ")


# --------------------------------------------------------------------------------- CSV


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_whatever_its_separator_and_encoding(delimiter, encoding):
    file = InputFile(name="actes.CSV", data=csv_bytes(ROWS, delimiter=delimiter, encoding=encoding))
    assert read_table(file).columns == ("numero", "objet")
    assert cells(file) == [
        (2, {"numero": "2026_041", "objet": "Tarifs « été »"}),
        (3, {"numero": "2026_042", "objet": "Voirie"}),
    ]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a;b\n1;2\n", [2]),
        ("a;b\r\n1;2\r\n\r\n3;4", [2, 4]),
        ("a;b\r1;2\r3;4\r", [2, 3]),
        ("\n\na;b\n1;2\n", [4]),
        ("a;b\n1;2\n;\n3;4\n", [2, 4]),
        # a quoted line break makes no new row in the spreadsheet that the agent looks at
        ('a;b\n1;"deux\nlignes"\n3;4\n', [2, 3]),
        ('"a\nsuite";b\n1;2\n', [2]),
    ],
)
def test_rows_have_the_number_that_the_spreadsheet_shows(content, rows):
    assert [number for number, _ in read_table(text(content)).lines()] == rows


def test_the_mark_of_utf8_is_not_part_of_a_quoted_title():
    file = text('"Objet; détail";b\n1;2\n', "utf-8-sig")
    assert cells(file) == [(2, {"objet_detail": "1", "b": "2"})]


def test_a_line_break_inside_a_cell_is_kept_for_lists_and_flattened_in_texts():
    (row,) = read_table(text('a;b\n1;"deux\nlignes"\n')).rows({})
    assert (row.raw("b"), row.text("b")) == ("deux\nlignes", "deux lignes")


def test_a_quote_inside_a_word_is_an_ordinary_character():
    assert cells(text('a;b\n12" ;x\n')) == [(2, {"a": '12" ', "b": "x"})]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        # the last column would swallow the rows that follow
        ('a;b\n1;2\n3;"quatre\n5;6\n', 3),
        ('a;b\n"Salle "Polyvalente"";2\n', 2),
    ],
)
def test_a_quote_left_open_is_refused_with_its_row(content, where):
    assert refused(text(content)) == (
        f"INT-TABLE: guillemets mal placés ou jamais refermés à partir de la ligne {where}"
    )


def test_a_cell_beyond_the_limit_of_the_library_is_refused():
    assert refused(text(f"a;b\n1;{'x' * 200_000}\n")).startswith("INT-TABLE: ")


def test_binary_content_is_no_csv():
    assert refused(text("a;b\n1;2\n", "utf-16")) == "INT-TABLE: ce n'est pas du texte"


@pytest.mark.parametrize("content", ["", "\n\n", "a;b\n", "a;b\n;\n \n", ";;\n"])
def test_a_table_without_rows(content):
    assert refused(text(content)) == "INT-TABLE_EMPTY"


def test_a_table_too_long(monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_ROWS", 3)
    assert refused(text("a\n1\n2\n3\n")) == "INT-TABLE_LONG"
    assert len(list(read_table(text("a\n1\n2\n")).lines())) == 2
    rows = [["a"], *([str(number)] for number in range(9))]
    assert refused(InputFile(name="a.xlsx", data=xlsx_bytes(rows))) == "INT-TABLE_LONG"


def test_a_row_with_more_cells_than_titles_is_shifted():
    rows = list(read_table(text("a;b\n1;2;\n1;deux;moitiés;\n")).rows({}))
    assert [told(Faults(row.faults)) for row in rows] == [[], [("INT-ROW_SHIFTED", 3, "")]]
    assert sentence(rows[1].faults[0]) == (
        "La ligne compte plus de cases que le tableau n'a de colonnes (« moitiés » est en trop) : "
        "elle est sans doute décalée."
    )


def test_a_row_with_fewer_cells_has_empty_ones():
    (row,) = read_table(text("a;b;c\n1\n")).rows({})
    assert (row.text("a"), row.text("b"), row.text("c"), row.faults) == ("1", "", "", [])


# ------------------------------------------------------------------------------ XLSX, ODS


@pytest.mark.parametrize("write", [xlsx_bytes, ods_bytes])
def test_typed_cells_are_read_as_an_agent_writes_them(write):
    kind = "xlsx" if write is xlsx_bytes else "ods"
    rows = [
        ["code", "jour", "nombre", "texte"],
        ["007", date(2026, 10, 8), 86.4, "7.10"],
        ["00", date(2026, 2, 28), 417, "1 240,00"],
        ["a", date(2026, 1, 1), 86.39999999999999, ""],
    ]
    file = InputFile(name=f"actes.{kind}", data=write(rows))
    assert [tuple(row.cells.values()) for row in read_table(file).rows({})] == [
        ("007", "2026-10-08", "86.4", "7.10"),
        ("00", "2026-02-28", "417", "1 240,00"),
        ("a", "2026-01-01", "86.4", ""),
    ]
    (row, *_) = read_table(file).rows({})
    assert [row.is_number(name) for name in ("code", "jour", "nombre", "texte")] == [
        False,
        False,
        True,
        False,
    ]


def test_other_cells_of_a_workbook():
    book = openpyxl.Workbook()
    page = book.active
    page.append(["heure", "oui", "formule", "siret", "instant", "petit"])
    moment = datetime(2026, 10, 8, 19, 30)  # noqa: DTZ001 - cells have no zone
    page.append([moment.time(), True, "=1+1", 21990123800010, moment, 0.00001])
    out = io.BytesIO()
    book.save(out)
    ((_, found),) = cells(InputFile(name="a.xlsx", data=out.getvalue()))
    # a formula that no program has computed yet has no value: a required cell will say so
    assert found == {
        "heure": "19:30:00",
        "oui": "oui",
        "formule": "",
        "siret": "21990123800010",
        "instant": "2026-10-08",
        "petit": "0.00001",
    }


def test_a_computed_formula_counts_for_its_result():
    content = xlsx_bytes([["total"], ["=40+2"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b"<v></v>", b"<v>42</v>").replace(b"<v />", b"<v>42</v>")
            new.writestr(name, data)
    assert cells(InputFile(name="a.xlsx", data=out.getvalue())) == [(2, {"total": "42"})]


def test_rows_of_a_workbook_that_starts_lower_keep_their_numbers():
    book = openpyxl.Workbook()
    book.active["B3"] = "objet"
    book.active["B4"] = "Voirie"
    book.active["B7"] = "Salle"
    book.create_sheet("Autre").append(["rien", "à voir"])
    out = io.BytesIO()
    book.save(out)
    found = cells(InputFile(name="a.xlsx", data=out.getvalue()))
    assert found == [(4, {"objet": "Voirie"}), (7, {"objet": "Salle"})]


def test_a_note_beside_the_table_is_left_out():
    content = xlsx_bytes([["a", ""], ["1", "à revoir"]])
    (row,) = read_table(InputFile(name="a.xlsx", data=content)).rows({})
    assert (dict(row.cells), row.faults) == ({"a": "1"}, [])


def damaged(content: bytes) -> bytes:
    """Change a byte in the middle of the compressed sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
    at = member.header_offset + 30 + len(member.filename) + member.compress_size // 2
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def encrypted_member(content: bytes) -> bytes:
    """Set the bit of encryption of every member."""
    out = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(mark)
        while at >= 0:
            (flags,) = struct.unpack_from("<H", out, at + offset)
            struct.pack_into("<H", out, at + offset, flags | 1)
            at = out.find(mark, at + 4)
    return bytes(out)


ODS_PASSWORD = (
    b'<?xml version="1.0"?><manifest:manifest '
    b'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">'
    b'<manifest:encryption-data manifest:checksum-type="SHA1/1K" manifest:checksum="x"/>'
    b"</manifest:file-entry></manifest:manifest>"
)


def with_password(content: bytes) -> bytes:
    """Mark an OpenDocument spreadsheet as encrypted."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, ODS_PASSWORD if name == "META-INF/manifest.xml" else old.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"", "son contenu est abîmé ou protégé"),
        ("a.xlsx", b"numero;date\n1;2\n", "son contenu est abîmé ou protégé"),
        ("a.ods", b"PK\x03\x04 coup\xe9", "son contenu est abîmé ou protégé"),
        ("a.xlsx", xlsx_bytes(ROWS)[:-300], "son contenu est abîmé ou protégé"),
        ("a.xlsx", damaged(xlsx_bytes(ROWS)), "son contenu est abîmé ou protégé"),
        ("a.xlsx", encrypted_member(xlsx_bytes(ROWS)), "son contenu est abîmé ou protégé"),
        (
            "a.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
            "un mot de passe le protège, ou c'est un ancien format d'Excel",
        ),
        ("a.ods", with_password(ods_bytes(ROWS)), "un mot de passe le protège"),
    ],
)
def test_a_workbook_that_cannot_be_opened_says_why(name, content, reason):
    assert refused(InputFile(name=name, data=content)) == f"INT-TABLE: {reason}"


@pytest.mark.parametrize(
    ("kind", "member", "old", "new"),
    [
        # the library would read this one for ever
        ("ods", "content.xml", b"</table:table>", b"</table:tableau>"),
        ("ods", "content.xml", b"</office:document-content>", b""),
        ("xlsx", "xl/worksheets/sheet1.xml", b"</worksheet>", b""),
        ("xlsx", "xl/workbook.xml", b"<sheets>", b"<feuilles>"),
    ],
)
def test_a_workbook_whose_xml_is_malformed(kind, member, old, new):
    out = io.BytesIO()
    content = xlsx_bytes(ROWS) if kind == "xlsx" else ods_bytes(ROWS)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            assert name != member or old in data
            target.writestr(name, data.replace(old, new) if name == member else data)
    file = InputFile(name=f"a.{kind}", data=out.getvalue())
    assert refused(file) == "INT-TABLE: son contenu est abîmé"


def test_a_zip_whose_directory_points_outside():
    content = bytearray(ods_bytes(ROWS))
    at = content.rfind(b"PK\x05\x06")
    content[at + 12 : at + 20] = b"\x00\x00\x00\xc5\x00\x00\x00\xc5"
    file = InputFile(name="a.ods", data=bytes(content))
    assert refused(file) == "INT-TABLE: son contenu est abîmé ou protégé"


def test_an_unusual_compression_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("content.xml", b"<a/>")
    file = InputFile(name="a.ods", data=out.getvalue())
    assert refused(file) == "INT-TABLE: son contenu est abîmé ou protégé"


def test_a_zip_that_is_no_workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    reason = "INT-TABLE: son contenu est abîmé ou d'un autre format"
    assert refused(InputFile(name="a.xlsx", data=out.getvalue())) == reason


def test_an_empty_workbook():
    assert refused(InputFile(name="a.xlsx", data=xlsx_bytes([]))) == "INT-TABLE_EMPTY"
    assert refused(InputFile(name="a.ods", data=ods_bytes([["a"]]))) == "INT-TABLE_EMPTY"


def bomb(*, lie: bool) -> bytes:
    """Make a workbook with a member of 3 MB that compresses to nothing, its size told or hidden."""
    out = io.BytesIO(xlsx_bytes(ROWS))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image.bin", bytes(3_000_000))
    content = bytearray(out.getvalue())
    if lie:
        size = struct.pack("<I", 3_000_000)
        while (at := content.find(size)) >= 0:
            content[at : at + 4] = struct.pack("<I", 10)
    return bytes(content)


def test_a_zip_bomb_is_not_opened(monkeypatch):
    file = InputFile(name="a.xlsx", data=bomb(lie=False))
    assert len(list(read_table(file).lines())) == 2
    monkeypatch.setattr(workbooks, "MAX_UNZIPPED", 2_000_000)
    assert refused(InputFile(name="b.xlsx", data=file.content)) == "INT-TABLE_LONG"


def test_a_zip_that_lies_about_its_sizes_is_not_opened():
    file = InputFile(name="a.xlsx", data=bomb(lie=True))
    assert refused(file) == "INT-TABLE: son contenu est abîmé ou protégé"


@pytest.mark.parametrize("far", [["XFD1048576"], ["XFD1", "A1048576"], ["ZZ30000"]])
def test_a_cell_filled_far_away_would_fill_the_memory(far):
    book = openpyxl.Workbook()
    for reference in ("A1", "A2", *far):
        book.active[reference] = "x"
    out = io.BytesIO()
    book.save(out)
    assert refused(InputFile(name="a.xlsx", data=out.getvalue())) == "INT-TABLE_WIDE"


def test_the_far_cell_is_told():
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(FaultError) as caught:
        read_table(InputFile(name="a.xlsx", data=out.getvalue()))
    assert [sentence(fault) for fault in caught.value.faults] == [
        "Le tableau s'étend jusqu'à la colonne XFD et la ligne 1048576 : une case isolée y est "
        "remplie par erreur."
    ]


# ------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Numéro", "numero"),
        (" N° de l'acte ", "n_de_l_acte"),
        ("DATE  décision", "date_decision"),
        ("Montant (HT)", "montant_ht"),
        ("", ""),
    ],
)
def test_titles_are_compared_without_case_accents_and_punctuation(title, key):
    assert column_key(title) == key


def test_missing_and_doubled_columns_are_all_told():
    table = read_table(text("Numéro;Titre;Objet;Objet;\n1;2;3;4;\n"))
    faults = Faults(
        table.check_columns(
            ("numero", "date", ("montant_ht", "montant_ttc")), {"titre": "objet", "n": "numero"}
        )
    )
    assert told(faults) == [
        ("INT-COLUMN_DOUBLE", 1, ""),
        ("INT-COLUMN_MISSING", 1, ""),
        ("INT-COLUMN_MISSING", 1, ""),
    ]
    assert [sentence(fault) for fault in faults] == [
        "Deux colonnes disent la même chose : « titre / objet ».",
        "La colonne « date » manque (colonnes lues : numero, titre, objet, objet).",
        "La colonne « montant_ht ou montant_ttc » manque (colonnes lues : numero, titre, objet, "
        "objet).",
    ]
    assert table.check_columns(("numero",), {"titre": "objet"})[0].code == "INT-COLUMN_DOUBLE"
    twice = read_table(text("Numéro;Date;Date\n1;2;3\n")).check_columns((), {})
    assert [sentence(fault) for fault in twice] == [
        "Deux colonnes disent la même chose : « date »."
    ]


# --------------------------------------------------------------------------------- cells


def row(value: str, **others: str) -> Row:
    return Row(file="t.csv", number=7, cells={"case": value, **others})


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("08/10/2026", date(2026, 10, 8)),
        ("8/10/2026", date(2026, 10, 8)),
        ("2026-10-08", date(2026, 10, 8)),
        ("08-10-2026", date(2026, 10, 8)),
        ("08.10.2026", date(2026, 10, 8)),
        ("08/10/26", date(2026, 10, 8)),
        ("29/02/2024", date(2024, 2, 29)),
        ("29/02/2026", None),
        ("30/02/2026", None),
        ("31/04/2026", None),
        ("10/13/2026", None),
        ("46303", None),
        ("octobre 2026", None),
    ],
)
def test_days(written, day):
    assert read_date(written) == day
    where = row(written)
    assert where.day("case") == day
    assert told(Faults(where.faults)) == ([] if day else [("INT-DATE", 7, "case")])


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("86,40", "86.40"),
        ("1\u00a0240,00", "1240.00"),
        ("1\u202f240,00", "1240.00"),
        ("-5", "-5.00"),
        ("1,234", None),
        ("1.234,50", None),
        ("12,345", None),
        ("gratuit", None),
        ("9" * 40, None),
    ],
)
def test_amounts(written, amount):
    where = row(written)
    assert where.amount("case") == (None if amount is None else Decimal(amount))
    assert told(Faults(where.faults)) == ([] if amount else [("INT-AMOUNT", 7, "case")])


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("417", 417),
        ("007", 7),
        ("0", 0),
        ("-1", None),
        ("4.5", None),
        ("²", None),
        ("٣", None),
        ("1234567890", None),
        ("9" * 5000, None),
    ],
)
def test_whole_numbers(written, number):
    where = row(written)
    assert where.integer("case") == number
    expected = [] if number is not None else [("INT-NUMBER", 7, "case")]
    assert told(Faults(where.faults)) == expected


@pytest.mark.parametrize(
    ("written", "meaning", "faults"),
    [
        ("Réduction", "R", []),
        ("  ", "défaut", []),
        ("inconnu", "défaut", [("INT-CHOICE", 7, "case")]),
    ],
)
def test_known_words(written, meaning, faults):
    where = row(written)
    assert where.choice("case", {"reduction": "R", "a_part": "P"}, default="défaut") == meaning
    assert told(Faults(where.faults)) == faults
    assert [dict(fault.params) for fault in where.faults] == [
        {"column": "case", "value": "inconnu", "known": "a part, reduction"} for _ in faults
    ]


@pytest.mark.parametrize("read", [Row.text, Row.integer, Row.day, Row.amount])
def test_an_empty_cell_is_a_fault_only_when_it_is_required(read):
    where = row(" \u00a0 ")
    read(where, "case")
    read(where, "absente")
    assert where.faults == []
    read(where, "case", required=True)
    read(where, "absente", required=True)
    assert told(Faults(where.faults)) == [
        ("INT-CELL_EMPTY", 7, "case"),
        ("INT-CELL_EMPTY", 7, "absente"),
    ]


def test_a_cell_that_is_read_twice_is_told_once():
    where = row("x", autre="x")
    for _ in range(2):
        where.integer("case")
    where.integer("autre")
    assert told(Faults(where.faults)) == [("INT-NUMBER", 7, "case"), ("INT-NUMBER", 7, "autre")]


def test_a_warning_does_not_stop():
    where = row("x")
    where.warn("INT-MATIERE_NUMBER", "case", value="7.1")
    (fault,) = where.faults
    assert (fault.severity, fault.line, fault.path, fault.source, where.where) == (
        Severity.WARNING,
        7,
        "case",
        "t.csv",
        "t.csv, ligne 7",
    )

"""Spreadsheet files opened: CSV, XLSX and ODS as sheets of filled rows, every cell as text.

Rows are read when they are asked for, one by one; a workbook is opened once per deposit. What the
library could not bear is refused before it sees it.
"""

import codecs
import csv
import io
import re
import struct
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from operator import itemgetter

import python_calamine

from demat.faults import Fault, FaultError
from demat.intake.api import InputFile
from demat.xmlio import check_syntax

__all__ = ["SPREADSHEETS", "Line", "NumberText", "Tab", "decode", "tabs_of"]

SPREADSHEETS = frozenset({".csv", ".xlsx", ".ods"})
MAX_ROWS = 200_000
MAX_UNZIPPED = 400_000_000
MAX_CELLS = 20_000_000
"""Cells of the rectangle that goes from A1 to the last filled one: the library holds it whole."""
_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_SAMPLE_LINES = 20
_DELIMITERS = ";,\t|"
_QUOTED = re.compile(r'(?m)(?:^|(?<=[;,\t|]))"(?:[^"]|"")*"')
_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_OVERLAP = 200
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError),
    RuntimeError,  # an encrypted member
)
"""What the standard library raises for a zip that is damaged, besides its own error."""
_BOOK_ERRORS = (python_calamine.CalamineError, OSError, ValueError, IndexError)
_MANIFEST = "META-INF/manifest.xml"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an old Excel file, and of any workbook that a password protects."""
_MEMO = "tabs"

Line = tuple[int, tuple[str, ...]]
"""Row as the spreadsheet shows it, counted from 1, and its cells."""


class NumberText(str):
    """The text of a cell that the spreadsheet holds as a number: ``7.10`` has become ``7.1``."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """One sheet of a workbook, or a whole CSV."""

    file: str
    """Name of the file, for the agent."""
    name: str
    """Name of the sheet; empty for a CSV."""
    alone: bool
    """Whether the file has no other sheet, so that its name tells nothing."""
    raw: Callable[[], Iterable[Line]]
    """Reads every row, empty ones too, from the first one on."""

    def lines(self) -> Iterator[Line]:
        """Yield the filled rows, from the first one at each call.

        :raises FaultError: ``INT-TABLE`` (damaged further down), ``INT-TABLE_LONG``.
        """
        for count, line in enumerate(filter(_is_filled, self.raw())):
            if count >= MAX_ROWS:
                params = {"limit": str(MAX_ROWS)}
                raise FaultError(Fault(code="INT-TABLE_LONG", params=params, source=self.file))
            yield line


def _is_filled(line: Line) -> bool:
    return any(cell and not cell.isspace() for cell in line[1])


def tabs_of(file: InputFile) -> tuple[Tab, ...]:
    """Open a spreadsheet; the second call gives what the first one opened.

    :raises FaultError: ``INT-TABLE`` (cannot be opened), ``INT-TABLE_LONG``, ``INT-TABLE_WIDE`` (a
        cell filled so far away that the sheet cannot be held).
    """
    known = file.memo.get(_MEMO)
    if isinstance(known, tuple):
        return known
    tabs = _csv_tabs(file) if file.suffix == ".csv" else _book_tabs(file)
    file.memo[_MEMO] = tabs
    return tabs


def _csv_tabs(file: InputFile) -> tuple[Tab, ...]:
    content = file.content
    if b"\x00" in content:
        raise _unreadable(file, "ce n'est pas du texte")
    encoding, delimiter = _encoding(content), _delimiter(content)
    return (Tab(file=file.base, name="", alone=True, raw=partial(_csv, file, encoding, delimiter)),)


def _csv(file: InputFile, encoding: str, delimiter: str) -> Iterator[Line]:
    number = 0
    with file.open() as source:
        text = io.TextIOWrapper(source, encoding=encoding, errors="replace", newline="")
        # strict: a quote left open would otherwise swallow the rows below without a word
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for number, cells in enumerate(reader, start=1):
                yield number, tuple(cells)
        except csv.Error as error:
            where = f"guillemets mal placés ou jamais refermés à partir de la ligne {number + 1}"
            raise _unreadable(file, where) from error


def _encoding(content: bytes) -> str:
    """Return how a text was saved: UTF-8, else Windows-1252; the text itself is not held."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _CHUNK):
            decoder.decode(content[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter(content: bytes) -> str:
    """Return the character that comes as often in most of the first lines.

    The first line alone may be a title above the table; what stands in quotes separates nothing.
    """
    bare = _QUOTED.sub("", content[:_SAMPLE].decode("latin-1"))
    lines = bare.splitlines()[:_SAMPLE_LINES]

    def regularity(mark: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(mark)))
        (count, times), *_ = counts.most_common(1) or [(0, 0)]
        return times, count

    return max(_DELIMITERS, key=regularity)


def decode(content: bytes) -> str:
    """Decode what an agent saved as text: UTF-8, else Windows-1252."""
    return content.decode(_encoding(content), errors="replace")


def _unreadable(file: InputFile, reason: str) -> FaultError:
    return FaultError(Fault(code="INT-TABLE", params={"reason": reason}, source=file.base))


def _book_tabs(file: InputFile) -> tuple[Tab, ...]:
    _inspect_zip(file)
    try:
        book = python_calamine.load_workbook(io.BytesIO(file.content))
        seen = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
    except _BOOK_ERRORS as error:
        raise _unreadable(file, _OTHER_FORMAT) from error
    held = cache(book.get_sheet_by_name)  # the library reads the sheet whole: once
    return tuple(
        Tab(
            file=file.base,
            name=name,
            alone=len(seen) == 1,
            raw=partial(_sheet, file, partial(held, name)),
        )
        for name in seen
    )


_OTHER_FORMAT = "son contenu est abîmé ou d'un autre format"


def _sheet(file: InputFile, opened: Callable[[], python_calamine.CalamineSheet]) -> Iterator[Line]:
    try:
        for number, row in enumerate(opened().iter_rows(), start=1):
            yield number, tuple(map(_cell, row))
    except _BOOK_ERRORS as error:
        raise _unreadable(file, _OTHER_FORMAT) from error


def _inspect_zip(file: InputFile) -> None:
    """Refuse a workbook that the library must not see: it trusts what it opens.

    A zip that lies about its sizes or grows beyond reason fills the memory, and so does a cell
    far away; an end tag that closes nothing makes it read for ever.
    """
    if file.head.startswith(_OLE):
        raise _unreadable(file, "un mot de passe le protège, ou c'est un ancien format d'Excel")
    try:
        with file.open() as source, zipfile.ZipFile(source) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNZIPPED:
                params = {"limit": str(MAX_ROWS)}
                raise FaultError(Fault(code="INT-TABLE_LONG", params=params, source=file.base))
            if _MANIFEST in archive.namelist() and b"encryption-data" in archive.read(_MANIFEST):
                raise _unreadable(file, "un mot de passe le protège")
            for member in archive.infolist():
                _inspect_member(archive, member, file)
    except _ZIP_ERRORS as error:
        raise _unreadable(file, "son contenu est abîmé ou protégé") from error


def _inspect_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: InputFile) -> None:
    """Read a member to its end, so that its size and checksum are true."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("unusual compression")
    with archive.open(member) as stream:
        chunks: Iterator[bytes] = iter(partial(stream.read, _CHUNK), b"")
        if member.filename.startswith("xl/worksheets/"):
            chunks = _measured(chunks, file)
        if member.filename.endswith((".xml", ".rels")):
            _check_xml(chunks, file)
        deque(chunks, maxlen=0)


def _check_xml(chunks: Iterable[bytes], file: InputFile) -> None:
    try:
        check_syntax(chunks)
    except FaultError as error:
        if error.faults.codes == ("XML-SYNTAX",):
            raise _unreadable(file, "son contenu est abîmé") from error
        raise


def _measured(chunks: Iterable[bytes], file: InputFile) -> Iterator[bytes]:
    """Pass a sheet on, refusing one whose cells lie too far from each other."""
    rows, columns, tail = 1, (b"A", 1), b""
    for chunk in chunks:
        for letters, digits in _REFERENCE.findall(tail + chunk):
            rows = max(rows, int(digits))
            columns = max(columns, (letters, _column_rank(letters)), key=itemgetter(1))
        tail = chunk[-_OVERLAP:]
        yield chunk
    if rows * columns[1] > MAX_CELLS:
        params = {"row": str(rows), "last": columns[0].decode("ascii")}
        raise FaultError(Fault(code="INT-TABLE_WIDE", params=params, source=file.base))


def _column_rank(letters: bytes) -> int:
    rank = 0
    for letter in letters:
        rank = rank * 26 + letter - ord("A") + 1
    return rank


def _cell(value: object) -> str:
    """Write a typed cell back as an agent would read it."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, int | float):
        return NumberText(_number(value))
    return str(value)


def _number(value: float) -> str:
    """Write a number with 15 digits, as spreadsheets show it: 86.39999999999999 is 86.4."""
    if float(value).is_integer():
        return str(int(value))
    return format(Decimal(format(value, ".15g")), "f")

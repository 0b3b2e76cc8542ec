"""Spreadsheets as agents make them: CSV, XLSX and ODS read as rows of text, with their coordinates.

Every value is text, so that ``7.10`` stays a matière and ``00`` a budget code; dates and amounts
are read on demand, and each fault names file, row and column (helios dossier §11, trap 21).
"""

import csv
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from operator import itemgetter

import python_calamine

from demat.amounts import AmountError, parse_montant
from demat.faults import Fault, FaultError, Severity
from demat.intake.api import InputFile
from demat.xmlio import check_syntax

__all__ = [
    "SPREADSHEETS",
    "NumberText",
    "Row",
    "Table",
    "column_key",
    "decode",
    "read_date",
    "read_table",
]

SPREADSHEETS = frozenset({".csv", ".xlsx", ".ods"})
MAX_ROWS = 200_000
MAX_UNZIPPED = 400_000_000
MAX_CELLS = 20_000_000
"""Cells of the rectangle that goes from A1 to the last filled one: the library holds it whole."""
MAX_DIGITS = 9
_CHUNK = 1 << 20
_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_OVERLAP = 200
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError),
    RuntimeError,  # an encrypted member
)
"""What the standard library raises for a zip that is damaged, besides its own error."""
_MANIFEST = "META-INF/manifest.xml"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an old Excel file, and of any workbook that a password protects."""
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y")
_COLUMN_NOISE = re.compile(r"[^a-z0-9]+")


class NumberText(str):
    """The text of a cell that the spreadsheet holds as a number: ``7.10`` has become ``7.1``."""

    __slots__ = ()


def column_key(title: str) -> str:
    """Return a column title as a key: lower case, no accent, words joined by ``_``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return _COLUMN_NOISE.sub("_", plain).strip("_")


def read_date(text: str) -> date | None:
    """Read a day as French spreadsheets write it; ``None`` when it is not a real day."""
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


@dataclass(kw_only=True, slots=True)
class Row:
    """One row of a table; reading a cell wrongly filled adds a fault and goes on."""

    file: str
    number: int
    """Row as the spreadsheet shows it, counted from 1."""
    cells: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)
    """How the export itself calls a column, when it is not as we do."""

    @property
    def where(self) -> str:
        """File and row, for the agent."""
        return f"{self.file}, ligne {self.number}"

    def fault(self, code: str, column: str, **params: str) -> None:
        """Record that a cell is wrong."""
        self._add(code, Severity.BLOCKING, column, params)

    def warn(self, code: str, column: str, **params: str) -> None:
        """Record that a cell was changed or looks odd, without stopping anything."""
        self._add(code, Severity.WARNING, column, params)

    def _add(self, code: str, severity: Severity, column: str, params: Mapping[str, str]) -> None:
        column = self.titles.get(column, column)
        fault = Fault(
            code=code,
            params={"column": column, **params},
            severity=severity,
            path=column,
            line=self.number,
            source=self.file,
        )
        if fault not in self.faults:  # a cell may be read twice
            self.faults.append(fault)

    def raw(self, column: str) -> str:
        """Return a cell with its line breaks, which separate the names of a list."""
        return self.cells.get(column, "").strip()

    def text(self, column: str, *, required: bool = False) -> str:
        """Return a cell on one line, without surrounding blanks; empty when it has none."""
        value = " ".join(self.cells.get(column, "").split())
        if required and not value:
            self.fault("INT-CELL_EMPTY", column)
        return value

    def is_number(self, column: str) -> bool:
        """Tell whether the spreadsheet holds the cell as a number, not as text."""
        return isinstance(self.cells.get(column), NumberText)

    def integer(self, column: str, *, required: bool = False) -> int | None:
        """Return a cell that holds a whole number."""
        value = self.text(column, required=required)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
            self.fault("INT-NUMBER", column, value=value)
            return None
        return int(value)

    def day(self, column: str, *, required: bool = False) -> date | None:
        """Return a cell that holds a day."""
        value = self.text(column, required=required)
        if not value:
            return None
        day = read_date(value)
        if day is None:
            self.fault("INT-DATE", column, value=value)
        return day

    def amount(self, column: str, *, required: bool = False) -> Decimal | None:
        """Return a cell that holds an amount in euros."""
        value = self.text(column, required=required)
        if not value:
            return None
        try:
            return parse_montant(value)
        except AmountError:
            self.fault("INT-AMOUNT", column, value=value)
            return None

    def choice(self, column: str, known: Mapping[str, str], *, default: str = "") -> str:
        """Return what a known word of the cell stands for, ``default`` when the cell is empty."""
        value = self.text(column)
        if not value:
            return default
        found = known.get(column_key(value))
        if found is None:
            words = ", ".join(sorted(word.replace("_", " ") for word in known))
            self.fault("INT-CHOICE", column, value=value, known=words)
            return default
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One sheet: its columns by key and its rows."""

    file: str
    columns: tuple[str, ...]
    body: tuple[tuple[int, tuple[str, ...]], ...]
    """Row number and cells, empty rows left out."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Column → its title in the export, when a correspondance renamed it."""
    faults: Mapping[int, tuple[Fault, ...]] = field(default_factory=dict)
    """Row number → what a correspondance found wrong in it."""

    def check_columns(
        self, required: Sequence[str | tuple[str, ...]], aliases: Mapping[str, str]
    ) -> list[Fault]:
        """Return a fault for each column that is missing or stands twice.

        A tuple in ``required`` means that one of its columns is enough.
        """
        titles = [column for column in self.columns if column]
        names = {aliases.get(title, title) for title in titles}
        faults = list(self._doubles(titles, aliases))
        for need in required:
            options = (need,) if isinstance(need, str) else need
            if not names.intersection(options):
                faults.append(
                    Fault(
                        code="INT-COLUMN_MISSING",
                        params={"column": " ou ".join(options), "present": ", ".join(titles)},
                        line=1,
                        source=self.file,
                    )
                )
        return faults

    def _doubles(self, titles: Sequence[str], aliases: Mapping[str, str]) -> Iterator[Fault]:
        counts = Counter(aliases.get(title, title) for title in titles)
        for name in (name for name, count in counts.items() if count > 1):
            same = dict.fromkeys(title for title in titles if aliases.get(title, title) == name)
            params = {"column": " / ".join(same)}
            yield Fault(code="INT-COLUMN_DOUBLE", params=params, line=1, source=self.file)

    def rows(self, aliases: Mapping[str, str]) -> Iterator[Row]:
        """Yield the rows, their cells keyed by the canonical column names."""
        names = [aliases.get(column, column) for column in self.columns]
        for number, cells in self.body:
            pairs = {name: cell for name, cell in zip(names, cells, strict=False) if name}
            row = Row(file=self.file, number=number, cells=pairs, titles=self.titles)
            row.faults.extend(self.faults.get(number, ()))
            if extra := " ".join(cells[len(names) :]).strip():
                row.fault("INT-ROW_SHIFTED", "", value=extra)
            yield row


def read_table(file: InputFile) -> Table:
    """Read the first sheet of a spreadsheet.

    :raises FaultError: ``INT-TABLE`` (cannot be opened), ``INT-TABLE_EMPTY``, ``INT-TABLE_LONG``,
        ``INT-TABLE_WIDE`` (a cell filled so far away that the sheet cannot be held).
    """
    lines = _csv_lines(file) if file.suffix == ".csv" else _sheet_lines(file)
    filled = [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]
    if len(filled) < 2:
        raise FaultError(Fault(code="INT-TABLE_EMPTY", source=file.base))
    if len(filled) > MAX_ROWS:
        raise FaultError(
            Fault(code="INT-TABLE_LONG", params={"limit": str(MAX_ROWS)}, source=file.base)
        )
    titles = tuple(column_key(title) for title in filled[0][1])
    return Table(file=file.base, columns=titles, body=tuple(filled[1:]))


def _csv_lines(file: InputFile) -> list[tuple[int, tuple[str, ...]]]:
    if b"\x00" in file.content:
        raise _unreadable(file, "ce n'est pas du texte")
    text = decode(file.content)
    first = text.lstrip("\n\r").split("\n", 1)[0]
    delimiter = max(";,\t|", key=first.count)
    # strict: a quote left open would otherwise swallow the rows below without a word
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, tuple[str, ...]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            lines.append((number, tuple(cells)))
    except csv.Error as error:
        where = f"guillemets mal placés ou jamais refermés à partir de la ligne {len(lines) + 1}"
        raise _unreadable(file, where) from error
    return lines


def decode(content: bytes) -> str:
    """Decode what an agent saved as text: UTF-8, else Windows-1252."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _unreadable(file: InputFile, reason: str) -> FaultError:
    return FaultError(Fault(code="INT-TABLE", params={"reason": reason}, source=file.base))


def _sheet_lines(file: InputFile) -> list[tuple[int, tuple[str, ...]]]:
    _inspect_zip(file)
    try:
        book = python_calamine.load_workbook(io.BytesIO(file.content))
        sheet = book.get_sheet_by_index(0)
        start = sheet.start[0] if sheet.start else 0
        rows = sheet.to_python(skip_empty_area=True, nrows=MAX_ROWS + 2)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
        raise _unreadable(file, "son contenu est abîmé ou d'un autre format") from error
    return [(start + rank, tuple(map(_cell, row))) for rank, row in enumerate(rows, start=1)]


def _inspect_zip(file: InputFile) -> None:
    """Refuse a workbook that the library must not see: it trusts what it opens.

    A zip that lies about its sizes or grows beyond reason fills the memory, and so does a cell
    far away; an end tag that closes nothing makes it read for ever.
    """
    if file.content.startswith(_OLE):
        raise _unreadable(file, "un mot de passe le protège, ou c'est un ancien format d'Excel")
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
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

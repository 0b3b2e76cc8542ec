"""Spreadsheets as agents make them: CSV, XLSX and ODS read as rows of text, with their coordinates.

Every value is text, so that ``7.10`` stays a matière and ``00`` a budget code; dates and amounts
are read on demand, and each fault names file, row and column (helios dossier §11, trap 21).
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import python_calamine

from demat.amounts import AmountError, parse_montant
from demat.faults import Fault, FaultError, Severity
from demat.intake.api import InputFile

__all__ = ["SPREADSHEETS", "Row", "Table", "column_key", "read_date", "read_table"]

SPREADSHEETS = frozenset({".csv", ".xlsx", ".ods"})
MAX_ROWS = 200_000
MAX_UNZIPPED = 400_000_000
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

    @property
    def where(self) -> str:
        """File and row, for the agent."""
        return f"{self.file}, ligne {self.number}"

    def fault(self, code: str, column: str, **params: str) -> None:
        """Record that a cell is wrong."""
        self.faults.append(
            Fault(
                code=code,
                params={"column": column, **params},
                path=column,
                line=self.number,
                source=self.file,
            )
        )

    def warn(self, code: str, column: str, **params: str) -> None:
        """Record that a cell was changed or looks odd, without stopping anything."""
        self.fault(code, column, **params)
        last = self.faults.pop()
        self.faults.append(
            Fault(
                code=last.code,
                params=last.params,
                severity=Severity.WARNING,
                path=last.path,
                line=last.line,
                source=last.source,
            )
        )

    def text(self, column: str, *, required: bool = False, limit: int = 0) -> str:
        """Return a cell without surrounding blanks; empty when it has none."""
        value = " ".join(self.cells.get(column, "").split())
        if required and not value:
            self.fault("INT-CELL_EMPTY", column)
        if limit and len(value) > limit:
            self.fault("INT-TOO_LONG", column, value=value, limit=str(limit), size=str(len(value)))
        return value

    def is_number(self, column: str) -> bool:
        """Tell whether the spreadsheet holds the cell as a number, not as text."""
        return isinstance(self.cells.get(column), NumberText)

    def integer(self, column: str, *, required: bool = False) -> int | None:
        """Return a cell that holds a whole number."""
        value = self.text(column, required=required)
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
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
            self.fault("INT-CHOICE", column, value=value, known=", ".join(sorted(known)))
            return default
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One sheet: its columns by key and its rows."""

    file: str
    columns: tuple[str, ...]
    body: tuple[tuple[int, tuple[str, ...]], ...]
    """Row number and cells, empty rows left out."""

    def check_columns(
        self, required: Sequence[str | tuple[str, ...]], aliases: Mapping[str, str]
    ) -> list[Fault]:
        """Return a fault for each column that is missing or stands twice.

        A tuple in ``required`` means that one of its columns is enough.
        """
        names = [aliases.get(column, column) for column in self.columns if column]
        faults = [
            Fault(code="INT-COLUMN_DOUBLE", params={"column": name}, line=1, source=self.file)
            for name, count in Counter(names).items()
            if count > 1
        ]
        for need in required:
            options = (need,) if isinstance(need, str) else need
            if not set(options) & set(names):
                faults.append(
                    Fault(
                        code="INT-COLUMN_MISSING",
                        params={"column": " ou ".join(options), "present": ", ".join(names)},
                        line=1,
                        source=self.file,
                    )
                )
        return faults

    def rows(self, aliases: Mapping[str, str]) -> Iterator[Row]:
        """Yield the rows, their cells keyed by the canonical column names."""
        names = [aliases.get(column, column) for column in self.columns]
        for number, cells in self.body:
            pairs = {name: cell for name, cell in zip(names, cells, strict=False) if name}
            yield Row(file=self.file, number=number, cells=pairs)


def read_table(file: InputFile) -> Table:
    """Read the first sheet of a spreadsheet.

    :raises FaultError: ``INT-TABLE`` (cannot be opened), ``INT-TABLE_EMPTY``, ``INT-TABLE_LONG``.
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
    text = _decode(file)
    first = text.lstrip("\n\r").split("\n", 1)[0]
    delimiter = max(";,\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines, start = [], 1
        for cells in reader:
            lines.append((start, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise FaultError(
            Fault(code="INT-TABLE", params={"reason": str(error)}, source=file.base)
        ) from error
    return lines


def _decode(file: InputFile) -> str:
    if b"\x00" in file.content:
        raise FaultError(
            Fault(code="INT-TABLE", params={"reason": "octets nuls"}, source=file.base)
        )
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file.content.decode("cp1252", errors="replace")


def _sheet_lines(file: InputFile) -> list[tuple[int, tuple[str, ...]]]:
    _refuse_bomb(file)
    try:
        book = python_calamine.load_workbook(io.BytesIO(file.content))
        sheet = book.get_sheet_by_index(0)
        start = sheet.start[0] if sheet.start else 0
        rows = sheet.to_python(skip_empty_area=True, nrows=MAX_ROWS + 2)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
        raise FaultError(
            Fault(code="INT-TABLE", params={"reason": str(error)}, source=file.base)
        ) from error
    return [(start + rank, tuple(map(_cell, row))) for rank, row in enumerate(rows, start=1)]


def _refuse_bomb(file: InputFile) -> None:
    """Refuse a spreadsheet (a zip) that would grow beyond reason when opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return  # the reader will say that it cannot open it
    if size > MAX_UNZIPPED:
        raise FaultError(
            Fault(code="INT-TABLE_LONG", params={"limit": str(MAX_ROWS)}, source=file.base)
        )


def _cell(value: object) -> str:
    """Write a typed cell back as an agent would read it."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        plain = str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
        return NumberText(plain)
    return str(value)

"""Rows of spreadsheets as agents make them, read as text, with their coordinates.

Every value is text, so that ``7.10`` stays a matière and ``00`` a budget code; dates and amounts
are read on demand, and each fault names file, sheet, row, column and value (helios dossier §11,
trap 21).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice

from demat.amounts import AmountError, parse_montant
from demat.faults import Fault, FaultError, Severity
from demat.intake.api import InputFile
from demat.intake.readers.workbooks import SPREADSHEETS, Line, NumberText, Tab, tabs_of

__all__ = ["SPREADSHEETS", "Row", "Table", "candidates", "column_key", "read_date", "read_table"]

MAX_DIGITS = 9
_HEAD = 20
"""Filled rows among which the titles of the columns are looked for."""
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y")
_COLUMN_NOISE = re.compile(r"[^a-z0-9]+")


def column_key(title: str) -> str:
    """Return a column title as a key: lower case, no accent, words joined by ``_``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return _COLUMN_NOISE.sub("_", plain).strip("_")


@lru_cache(maxsize=1024)  # a list has few days, each on many rows
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
    cells: dict[str, str]
    faults: list[Fault] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)
    """How the export itself calls a column, when it is not as we do."""
    sheet: str = ""
    """Name of the sheet; empty when the file has no other."""

    @property
    def where(self) -> str:
        """File, sheet and row, for the agent."""
        sheet = f", feuille « {self.sheet} »" if self.sheet else ""
        return f"{self.file}{sheet}, ligne {self.number}"

    def fault(self, code: str, column: str, **params: str) -> None:
        """Record that a cell is wrong."""
        self._add(code, Severity.BLOCKING, column, params)

    def warn(self, code: str, column: str, **params: str) -> None:
        """Record that a cell was changed or looks odd, without stopping anything."""
        self._add(code, Severity.WARNING, column, params)

    def _add(self, code: str, severity: Severity, column: str, params: Mapping[str, str]) -> None:
        title = self.titles.get(column, column)
        fault = Fault(
            code=code,
            params={"column": title, "value": self.text(column), **params},
            severity=severity,
            path=f"{self.sheet}!{title}" if self.sheet else title,
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
        if found is None and not self._is_told("INT-CHOICE", column):
            words = ", ".join(sorted(word.replace("_", " ") for word in known))
            self.fault("INT-CHOICE", column, value=value, known=words)
        return default if found is None else found

    def _is_told(self, code: str, column: str) -> bool:
        """Tell whether a cell was found wrong already, as by the words of a correspondance."""
        title = self.titles.get(column, column)
        return any(
            fault.code == code and fault.path.rpartition("!")[2] == title for fault in self.faults
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One sheet: its columns by key, and its rows, read when they are asked for."""

    file: str
    sheet: str = ""
    """Name of the sheet as faults tell it; empty when the file has no other."""
    tab: str = ""
    """Name of the sheet, even when it is alone."""
    header: int = 1
    """Row of the titles."""
    columns: tuple[str, ...]
    lines: Callable[[], Iterator[Line]]
    """Reads the filled rows below the titles, from the first one at each call."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Column → its title in the export, when a correspondance renamed it."""
    convert: Callable[["Row"], None] | None = None
    """What a correspondance does to each row before it is read."""

    def fault(self, code: str, **params: str) -> Fault:
        """Return a fault on the titles of the columns."""
        path = f"{self.sheet}!" if self.sheet else ""
        return Fault(code=code, params=params, path=path, line=self.header, source=self.file)

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
                params = {"column": " ou ".join(options), "present": ", ".join(titles)}
                faults.append(self.fault("INT-COLUMN_MISSING", **params))
        return faults

    def _doubles(self, titles: Sequence[str], aliases: Mapping[str, str]) -> Iterator[Fault]:
        counts = Counter(aliases.get(title, title) for title in titles)
        for name in (name for name, count in counts.items() if count > 1):
            same = dict.fromkeys(title for title in titles if aliases.get(title, title) == name)
            yield self.fault("INT-COLUMN_DOUBLE", column=" / ".join(same))

    def rows(self, aliases: Mapping[str, str]) -> Iterator[Row]:
        """Yield the rows, their cells keyed by the canonical column names.

        :raises FaultError: the file turns out to be damaged or too long (``INT-TABLE…``).
        """
        names = [aliases.get(column, column) for column in self.columns]
        for number, cells in self.lines():
            pairs = {name: cell for name, cell in zip(names, cells, strict=False) if name}
            row = Row(
                file=self.file, sheet=self.sheet, number=number, cells=pairs, titles=self.titles
            )
            if extra := " ".join(cells[len(names) :]).strip():
                row.fault("INT-ROW_SHIFTED", "", value=extra)
            if self.convert is not None:
                self.convert(row)
            yield row


def candidates(file: InputFile) -> Iterator[tuple[Table, ...]]:
    """Yield, for each sheet, the tables that it may hold: one per row that may have the titles.

    :raises FaultError: as :func:`read_table`.
    """
    for tab in tabs_of(file):
        head = list(islice(tab.lines(), _HEAD + 1))
        yield tuple(_table(tab, line) for line in head[:-1])


def read_table(file: InputFile) -> Table:
    """Read the first sheet of a spreadsheet, whose first filled row has the titles.

    :raises FaultError: ``INT-TABLE`` (cannot be opened), ``INT-TABLE_EMPTY``, ``INT-TABLE_LONG``,
        ``INT-TABLE_WIDE`` (a cell filled so far away that the sheet cannot be held).
    """
    tables = next(candidates(file), ())
    if not tables:
        raise FaultError(Fault(code="INT-TABLE_EMPTY", source=file.base))
    return tables[0]


def _table(tab: Tab, titles: Line) -> Table:
    number, cells = titles
    return Table(
        file=tab.file,
        sheet="" if tab.alone else tab.name,
        tab=tab.name,
        header=number,
        columns=tuple(column_key(title) for title in cells),
        lines=partial(_below, tab, number),
    )


def _below(tab: Tab, header: int) -> Iterator[Line]:
    return (line for line in tab.lines() if line[0] > header)

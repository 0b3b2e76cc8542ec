"""The table of délibérations that anyone may reuse: SCDL 2.1.5, written and checked (dossier §2.1).

The checks are those of the schema, its custom checks, and those that it lacks: code and label tied
to each other, unique identifiers, trimmed cells, addresses that can be followed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit

from demat.actes.national import MATIERES
from demat.actes.natures import NatureActe
from demat.faults import Fault, Faults
from demat.identifiers import is_siret

__all__ = [
    "COLUMNS",
    "DeliberationRow",
    "check_csv",
    "check_rows",
    "matiere_label",
    "write_deliberations",
]

COLUMNS = (
    "COLL_NOM",
    "COLL_SIRET",
    "DELIB_ID",
    "DELIB_DATE",
    "DELIB_MATIERE_CODE",
    "DELIB_MATIERE_NOM",
    "DELIB_OBJET",
    "BUDGET_ANNEE",
    "BUDGET_NOM",
    "PREF_ID",
    "PREF_DATE",
    "VOTE_EFFECTIF",
    "VOTE_REEL",
    "VOTE_POUR",
    "VOTE_CONTRE",
    "VOTE_ABSTENTION",
    "DELIB_URL",
)
"""The 17 columns, always all of them and in this order."""
REQUIRED = COLUMNS[:7]
VOTES = COLUMNS[11:16]
DATES = ("DELIB_DATE", "PREF_DATE")
TOGETHER = (("BUDGET_ANNEE", "BUDGET_NOM"), VOTES)
AT_LEAST = (
    ("PREF_DATE", "DELIB_DATE"),
    ("VOTE_EFFECTIF", "VOTE_REEL"),
    ("VOTE_REEL", "VOTE_POUR"),
    ("VOTE_REEL", "VOTE_CONTRE"),
    ("VOTE_REEL", "VOTE_ABSTENTION"),
)
"""The first column is never below the second."""

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)
_SIRET = re.compile(r"\d{14}", re.ASCII)
_MATIERE = re.compile(r"\d\.\d{1,2}", re.ASCII)
_YEARS = re.compile(r"(\d{4})(?:/(\d{4}))?", re.ASCII)
_PREF = re.compile(
    r"(?:PREF|SGAR)(?:0\d\d|02[AB]|9[78]\d)|SPREF(?:0\d\d|02[AB]|9[78]\d)\d", re.ASCII
)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:[/?#][!-~]*)?", re.ASCII)

Cells = Mapping[str, str]
"""One row as it is written: column → text, empty when there is no value."""


# -------------------------------------------------------------------------------------- the label


def _labels() -> Mapping[str, str]:
    labels = {}
    for matiere, second in MATIERES.items():
        if len(matiere) == 2:
            first = MATIERES[matiere[:1]]
            code = f"{matiere[0]}.{matiere[1]}"
            labels[code] = f"{_plain_label(first)}/{_plain_label(second)}"
    return MappingProxyType(labels)


def _plain_label(label: str) -> str:
    """Write a label as the schema asks: lower case, accents, no comma, no parenthesis."""
    without = re.sub(r"\s*\([^)]*\)", "", label).replace(",", "")
    return re.sub(r"\s*/\s*", "/", without).strip().lower()


_LABELS = _labels()


def matiere_label(code: str) -> str:
    """Return ``DELIB_MATIERE_NOM`` for a code: ``finances locales/décisions budgétaires``.

    :raises KeyError: the code is not one of the 57 of level 2.
    """
    return _LABELS[code]


# ---------------------------------------------------------------------------------------- the row


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliberationRow:
    """One délibération: the 17 columns, and the nature that allows the row to exist."""

    nature: int
    """``@actes:CodeNatureActe``: only 1 may be in this table; it is not a column."""
    coll_nom: str
    """``COLL_NOM``: official name of the authority."""
    coll_siret: str
    """``COLL_SIRET``: fourteen digits with their keys."""
    delib_id: str
    """``DELIB_ID``: numéro interne, unique in the table."""
    delib_date: date
    """``DELIB_DATE``: day of adoption."""
    matiere_code: str
    """``DELIB_MATIERE_CODE``: code of level 2."""
    matiere_nom: str
    """``DELIB_MATIERE_NOM``: see :func:`matiere_label`."""
    objet: str
    """``DELIB_OBJET``: on one line when written."""
    budget_annee: str = ""
    """``BUDGET_ANNEE``: ``2026`` or ``2026/2027``; goes with the next column."""
    budget_nom: str = ""
    """``BUDGET_NOM``."""
    pref_id: str = ""
    """``PREF_ID``: ``PREF099``, ``SPREF0991``, ``SGAR099``."""
    pref_date: date | None = None
    """``PREF_DATE``: day of the accusé de réception."""
    vote_effectif: int | None = None
    """``VOTE_EFFECTIF``: the five figures go together; zero is a value, ``None`` is absence."""
    vote_reel: int | None = None
    """``VOTE_REEL``: votes cast, proxies included."""
    vote_pour: int | None = None
    """``VOTE_POUR``."""
    vote_contre: int | None = None
    """``VOTE_CONTRE``."""
    vote_abstention: int | None = None
    """``VOTE_ABSTENTION``."""
    delib_url: str = ""
    """``DELIB_URL``: absolute address of the page."""

    def cells(self) -> dict[str, str]:
        """Return the row as it is written."""
        values = (
            self.coll_nom,
            self.coll_siret,
            self.delib_id,
            self.delib_date.isoformat(),
            self.matiere_code,
            self.matiere_nom,
            " ".join(self.objet.split()),
            self.budget_annee,
            self.budget_nom,
            self.pref_id,
            self.pref_date.isoformat() if self.pref_date else "",
            *(
                "" if figure is None else str(figure)
                for figure in (
                    self.vote_effectif,
                    self.vote_reel,
                    self.vote_pour,
                    self.vote_contre,
                    self.vote_abstention,
                )
            ),
            self.delib_url,
        )
        composed = (unicodedata.normalize("NFC", value) for value in values)
        return dict(zip(COLUMNS, composed, strict=True))


def write_deliberations(rows: Iterable[DeliberationRow]) -> bytes:
    """Write the table: UTF-8, commas, all 17 columns; the values are not altered.

    :raises ValueError: a row is not a délibération; an individual act above all.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        if row.nature != NatureActe.DELIBERATION:
            raise ValueError(f"not a délibération: {row.delib_id} is of nature {row.nature}")
        writer.writerow(row.cells())
    return text.getvalue().encode()


# ------------------------------------------------------------------------------------- the checks


def check_rows(rows: Iterable[DeliberationRow]) -> Faults:
    """Check rows before they are written; their line is the one that they will have."""
    return _check([row.cells() for row in rows])


def check_csv(content: bytes) -> Faults:
    """Check the bytes of a table; ``line`` counts the records, the header being 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Faults([Fault(code="PUB-SCDL_ENCODING")])
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return Faults([Fault(code="PUB-SCDL_CSV", params={"raison": str(error)})])
    header, *others = records or [[]]
    if tuple(header) != COLUMNS:
        return Faults([_header_fault(header)])
    uneven = [
        _fault("CELLS", line, cells=str(len(record)), expected=str(len(COLUMNS)))
        for line, record in enumerate(others, start=2)
        if len(record) != len(COLUMNS)
    ]
    if uneven:
        return Faults(uneven)
    return _check([dict(zip(COLUMNS, record, strict=True)) for record in others])


def _header_fault(header: Sequence[str]) -> Fault:
    missing = ", ".join(name for name in COLUMNS if name not in header)
    extra = ", ".join(name for name in header if name not in COLUMNS)
    params = {"missing": missing or "aucune", "extra": extra or "aucune"}
    return Fault(code="PUB-SCDL_COLUMNS", params=params, line=1)


def _check(rows: Sequence[Cells]) -> Faults:
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in enumerate(rows, start=2):
        for check in _CHECKS:
            faults.extend(check(cells, line))
        key = (cells["COLL_SIRET"], cells["DELIB_ID"].strip())
        first = seen.setdefault(key, line)
        if first != line:
            faults.append(_fault("DUPLICATE", line, "DELIB_ID", numero=key[1], first=str(first)))
    return Faults(faults)


def _fault(kind: str, line: int, column: str = "", **params: str) -> Fault:
    named = {"column": column, **params} if column else params
    path = f"!{column}" if column else ""
    return Fault(code=f"PUB-SCDL_{kind}", params=named, line=line, path=path)


def _required(cells: Cells, line: int) -> Iterator[Fault]:
    for column in REQUIRED:
        if not cells[column].strip():
            yield _fault("EMPTY", line, column)


def _written_well(cells: Cells, line: int) -> Iterator[Fault]:
    """Control characters betray a wrong decoding, or a formula for spreadsheets (dossier §7)."""
    for column, text in cells.items():
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            yield _fault("CONTROL", line, column)


def _siret(cells: Cells, line: int) -> Iterator[Fault]:
    text = cells["COLL_SIRET"]
    sound = _SIRET.fullmatch(text) and is_siret(text) and not text.endswith("00000")
    if text.strip() and not sound:
        yield _fault("SIRET", line, "COLL_SIRET", value=text)


def _dates(cells: Cells, line: int) -> Iterator[Fault]:
    for column in DATES:
        if cells[column].strip() and _day(cells[column]) is None:
            yield _fault("DATE", line, column, value=cells[column])


def _figures(cells: Cells, line: int) -> Iterator[Fault]:
    for column in VOTES:
        if cells[column] and not _INTEGER.fullmatch(cells[column]):
            yield _fault("INTEGER", line, column, value=cells[column])


def _matiere(cells: Cells, line: int) -> Iterator[Fault]:
    code, label = cells["DELIB_MATIERE_CODE"], cells["DELIB_MATIERE_NOM"]
    known = _MATIERE.fullmatch(code) and code in _LABELS
    if code.strip() and not known:
        yield _fault("MATIERE", line, "DELIB_MATIERE_CODE", value=code)
    elif known and label.strip() and _folded(label) != _folded(_LABELS[code]):
        expected = _LABELS[code]
        yield _fault("LABEL", line, "DELIB_MATIERE_NOM", value=label, expected=expected)


def _folded(label: str) -> str:
    """Return a label as the official check compares it: no case, no accent."""
    decomposed = unicodedata.normalize("NFKD", label.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _years(cells: Cells, line: int) -> Iterator[Fault]:
    text = cells["BUDGET_ANNEE"]
    found = _YEARS.fullmatch(text)
    if text and (found is None or (found[2] and found[2] < found[1])):
        yield _fault("YEARS", line, "BUDGET_ANNEE", value=text)


def _together(cells: Cells, line: int) -> Iterator[Fault]:
    for columns in TOGETHER:
        empty = [column for column in columns if not cells[column].strip()]
        if empty and len(empty) != len(columns):
            yield _fault("TOGETHER", line, columns[0], empty=", ".join(empty))


def _compared(cells: Cells, line: int) -> Iterator[Fault]:
    for column, floor in AT_LEAST:
        high, low = _value(column, cells[column]), _value(floor, cells[floor])
        if high is not None and low is not None and high < low:
            params = {"value": cells[column], "other": floor, "floor": cells[floor]}
            yield _fault("COMPARE", line, column, **params)


def _summed(cells: Cells, line: int) -> Iterator[Fault]:
    numbers = [int(cells[column]) for column in VOTES[1:] if _INTEGER.fullmatch(cells[column])]
    if len(numbers) == len(VOTES[1:]) and numbers[0] != sum(numbers[1:]):
        yield _fault("SUM", line, "VOTE_REEL", value=str(numbers[0]), sum=str(sum(numbers[1:])))


def _prefecture(cells: Cells, line: int) -> Iterator[Fault]:
    if cells["PREF_ID"] and not _PREF.fullmatch(cells["PREF_ID"]):
        yield _fault("PREF", line, "PREF_ID", value=cells["PREF_ID"])


def _address(cells: Cells, line: int) -> Iterator[Fault]:
    text = cells["DELIB_URL"]
    if text and not (_URL.fullmatch(text) and urlsplit(text).netloc):
        yield _fault("URL", line, "DELIB_URL", value=text)


_CHECKS = (
    _required,
    _written_well,
    _siret,
    _dates,
    _figures,
    _matiere,
    _years,
    _together,
    _compared,
    _summed,
    _prefecture,
    _address,
)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


def _value(column: str, text: str) -> int | None:
    """Return what two cells are compared by: the rank of a day, or a figure."""
    if column in DATES:
        day = _day(text)
        return day.toordinal() if day else None
    return int(text) if _INTEGER.fullmatch(text) else None

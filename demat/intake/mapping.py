"""Correspondances: an export with other column titles, turned into the columns that we read.

One TOML file describes one layout of a business software (helios dossier §10.1-§10.3, actes dossier
§4.2). It is checked whole before any row is read. A full name is never split in two: that needs a
person.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from demat.amounts import from_cents
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import InputFile
from demat.intake.readers.layouts import AMOUNTS, COLUMNS, REQUIRED
from demat.intake.readers.seance import COLUMNS as ACTES_COLUMNS
from demat.intake.readers.seance import REQUIRED as ACTES_REQUIRED
from demat.intake.readers.tables import Row, Table, candidates, column_key
from demat.intake.readers.workbooks import Line

__all__ = ["ACTES", "ExportMapping", "load_mapping"]

ACTES = "actes"
"""Kind of a list of acts."""
_COLUMNS: Mapping[str, frozenset[str]] = {**COLUMNS, ACTES: frozenset(ACTES_COLUMNS)}
_REQUIRED: Mapping[str, tuple[str | tuple[str, ...], ...]] = {**REQUIRED, ACTES: ACTES_REQUIRED}

_KEYS = frozenset(
    {"nom", "kind", "feuille", "reconnaitre", "ignorer"}
    | {"colonnes", "constantes", "valeurs", "montants"}
)
_ANY_END = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportMapping:
    """One layout of a business software."""

    nom: str
    """What the agent calls this export."""
    kind: str
    """``titres``, ``mandats`` or ``actes``."""
    reconnaitre: tuple[str, ...]
    """Titles that, all present, identify the layout."""
    colonnes: Mapping[str, tuple[str, ...]]
    """Our column → their titles, the first that is present being read."""
    constantes: Mapping[str, str] = field(default_factory=dict)
    """Our column → the value of every row."""
    valeurs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Our column → their word → ours; another word is then a fault."""
    centimes: bool = False
    """Whether the amounts are whole numbers of cents."""

    feuille: str = ""
    """Sheet to read; empty: whichever is recognised."""
    ignorer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Their title → the words that mark a row to leave out, such as a total; ``Total*`` stands for
    every text that begins so."""

    def find(self, file: InputFile) -> tuple[Table, ...]:
        """Return the tables of a file that have every title that identifies the layout.

        One per sheet at most; the titles may stand below other lines.

        :raises FaultError: the file cannot be opened (``INT-TABLE…``).
        """
        wanted = {column_key(title) for title in self.reconnaitre}
        found = []
        for tables in candidates(file):
            if tables and self.feuille and _word(tables[0].tab) != _word(self.feuille):
                continue
            found.extend([one for one in tables if wanted <= set(one.columns)][:1])
        return tuple(found)

    def apply(self, table: Table) -> Table:
        """Return the table with our columns; what is wrong stays told with their titles.

        :raises FaultError: ``INT-COLUMN_MISSING``, ``INT-COLUMN_DOUBLE``, before any row is read.
        """
        titles = {name: _present(table, options) for name, options in self.colonnes.items()}
        Faults(self._title_faults(table, titles)).raise_if_blocking()
        places = [table.columns.index(column_key(title)) for title in titles.values()]
        fixed = f" (valeur fixe de la correspondance « {self.nom} »)"
        return replace(
            table,
            columns=(*titles, *self.constantes),
            lines=partial(self._lines, table, places),
            titles={**titles, **{name: name + fixed for name in self.constantes}},
            convert=self._convert,
        )

    def _lines(self, table: Table, places: Sequence[int]) -> Iterator[Line]:
        """Yield the rows to read, their cells in the order of our columns."""
        fixed, width = tuple(self.constantes.values()), len(table.columns)
        marks = [
            (table.columns.index(column_key(title)), tuple(map(_word, words)))
            for title, words in self.ignorer.items()
        ]
        for number, cells in table.lines():
            if not any(_is_marked(_at(cells, place), words) for place, words in marks):
                found = (_at(cells, place) for place in places)
                yield number, (*found, *fixed, *cells[width:])

    def _convert(self, row: Row) -> None:
        """Write the cells of one row in our words and in euros."""
        for name, words in self.valeurs.items():
            value = row.text(name)
            ours = words.get(_word(value))
            if ours is not None:
                row.cells[name] = ours
            elif value:
                row.fault("INT-CHOICE", name, known=", ".join(sorted(words)))
        for name in AMOUNTS.intersection(self.colonnes) if self.centimes else ():
            value = row.text(name)
            if value.isascii() and value.removeprefix("-").isdigit():
                row.cells[name] = str(from_cents(int(value)))
            elif value:
                row.fault("INT-CENTS", name)

    def _title_faults(self, table: Table, titles: Mapping[str, str]) -> Iterator[Fault]:
        present = ", ".join(filter(None, table.columns))
        for title in dict.fromkeys((*titles.values(), *self.ignorer)):
            count = table.columns.count(column_key(title))
            if count > 1:
                yield table.fault("INT-COLUMN_DOUBLE", column=title)
            elif not count:
                yield table.fault("INT-COLUMN_MISSING", column=title, present=present)


def _at(cells: tuple[str, ...], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _word(text: str) -> str:
    return " ".join(text.split()).casefold()


def _is_marked(cell: str, words: tuple[str, ...]) -> bool:
    text = _word(cell)
    return any(
        text.startswith(word.removesuffix(_ANY_END)) if word.endswith(_ANY_END) else text == word
        for word in words
    )


def _present(table: Table, options: tuple[str, ...]) -> str:
    """Return the first title that the table has; the first of all when it has none."""
    return next((title for title in options if column_key(title) in table.columns), options[0])


def load_mapping(content: bytes, name: str) -> ExportMapping:
    """Read and check one correspondance; ``name`` is its file, for the faults.

    :raises FaultError: ``CFG-MAPPING_…``, all problems at once.
    """
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        params = {"reason": str(error)}
        raise FaultError(Fault(code="CFG-MAPPING_TOML", params=params, source=name)) from error
    Faults(_shape_faults(raw)).within(name).raise_if_blocking()
    mapping = ExportMapping(
        nom=raw["nom"],
        kind=raw["kind"],
        reconnaitre=tuple(raw["reconnaitre"]),
        colonnes={
            key: (value,) if isinstance(value, str) else tuple(value)
            for key, value in raw["colonnes"].items()
        },
        constantes={key: str(value) for key, value in raw.get("constantes", {}).items()},
        valeurs={
            key: {_word(theirs): ours for theirs, ours in words.items()}
            for key, words in raw.get("valeurs", {}).items()
        },
        centimes=raw.get("montants", {}).get("centimes", False),
        feuille=raw.get("feuille", ""),
        ignorer={title: tuple(words) for title, words in raw.get("ignorer", {}).items()},
    )
    Faults([*_column_faults(mapping), *_double_faults(mapping)]).within(name).raise_if_blocking()
    return mapping


def _wrong(key: str, expected: str) -> Fault:
    return Fault(code="CFG-MAPPING_VALUE", params={"key": key, "expected": expected}, path=key)


def _unknown(key: str, known: frozenset[str]) -> Fault:
    params = {"key": key, "known": ", ".join(sorted(known))}
    return Fault(code="CFG-MAPPING_KEY", params=params, path=key)


def _shape_faults(raw: Mapping[str, object]) -> Iterator[Fault]:
    """Judge the keys of the file and the kind of their values."""
    yield from (_unknown(key, _KEYS) for key in raw if key not in _KEYS)
    for key in ("nom", "kind", "reconnaitre", "colonnes"):
        if key not in raw:
            yield Fault(code="CFG-MAPPING_MISSING", params={"key": key}, path=key)
    if not _is_text(raw.get("nom", "-")):
        yield _wrong("nom", "un texte")
    if raw.get("kind", ACTES) not in _COLUMNS:
        yield _wrong("kind", "« titres », « mandats » ou « actes »")
    if not _is_text(raw.get("feuille", "-")):
        yield _wrong("feuille", "le nom d'une feuille")
    if not _is_texts(raw.get("reconnaitre", ["-"])):
        yield _wrong("reconnaitre", "une liste de titres de colonnes")
    yield from _table_faults(raw, "colonnes", lambda v: _is_text(v) or _is_texts(v), "un titre")
    yield from _table_faults(raw, "constantes", _is_constant, "un texte, un nombre ou une date")
    yield from _table_faults(raw, "valeurs", _is_words, "une table « leur mot » = « notre mot »")
    yield from _table_faults(raw, "ignorer", _is_texts, "une liste de mots")
    yield from _table_faults(raw, "montants", lambda v: isinstance(v, bool), "true ou false")
    montants = raw.get("montants")
    if isinstance(montants, dict) and montants.keys() - {"centimes"}:
        yield _unknown("montants", frozenset({"centimes"}))


def _table_faults(
    raw: Mapping[str, object], key: str, fits: Callable[[object], bool], expected: str
) -> Iterator[Fault]:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        yield _wrong(key, "une table TOML")
        return
    yield from (
        _wrong(f"{key}.{name}", expected) for name, value in table.items() if not fits(value)
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_constant(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, str | int | date)


def _is_words(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _column_faults(mapping: ExportMapping) -> Iterator[Fault]:
    """Judge the names of our columns: each known, and those that are needed all there."""
    known = _COLUMNS[mapping.kind]
    for table, names in (("colonnes", mapping.colonnes), ("constantes", mapping.constantes)):
        yield from (_unknown(f"{table}.{name}", known) for name in names if name not in known)
    read = frozenset(mapping.colonnes)
    yield from (_unknown(f"valeurs.{name}", read) for name in mapping.valeurs if name not in read)
    given = read | set(mapping.constantes)
    for need in _REQUIRED[mapping.kind]:
        options = (need,) if isinstance(need, str) else need
        if not given.intersection(options):
            key = " ou ".join(f"colonnes.{option}" for option in options)
            yield Fault(code="CFG-MAPPING_MISSING", params={"key": key}, path=key)


def _double_faults(mapping: ExportMapping) -> Iterator[Fault]:
    """Refuse a column given twice, and a title that two columns would take as it stands."""
    for name in mapping.colonnes.keys() & mapping.constantes.keys():
        key = f"constantes.{name}"
        yield Fault(code="CFG-MAPPING_DOUBLE", params={"key": key, "value": name}, path=key)
    seen: set[str] = set()
    for name in (name for name in mapping.colonnes if name not in mapping.valeurs):
        titles = {column_key(title): title for title in mapping.colonnes[name]}
        for value in (title for key, title in titles.items() if key in seen):
            key = f"colonnes.{name}"
            yield Fault(code="CFG-MAPPING_DOUBLE", params={"key": key, "value": value}, path=key)
        seen.update(titles)

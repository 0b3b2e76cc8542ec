"""Correspondances: an export with other column titles, turned into the columns that we read.

One TOML file describes one layout of a business software (helios dossier §10.1–§10.3). It is
checked whole before any row is read. A full name is never split in two: that needs a person.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from demat.amounts import from_cents
from demat.faults import Fault, FaultError, Faults
from demat.intake.readers.ecritures import REQUIRED
from demat.intake.readers.tables import Table, column_key

__all__ = ["COLUMNS", "ExportMapping", "load_mapping"]

_AMOUNTS = frozenset({"montant_ht", "montant_tva", "montant_ttc", "cumul_annuel"})
_SHARED = frozenset(
    {"exercice", "num_bordereau", "date_bordereau", "num_ligne", "type", "objet", "code_produit"}
    | {"compte", "fonction", "operation", "service", "budget", "code_tiers", "type_tiers", "siret"}
    | {"civilite", "nom", "nom2", "prenom", "siren", "adresse1", "adresse2", "adresse3", "cp"}
    | {"ville", "pays", "iban", "bic", "titulaire", "marche", "regie", "emprunt", "inventaire"}
    | {"convention", "exercice_origine", "ligne_origine", "pj_fichier", "pj_type", "pj_libelle"}
    | _AMOUNTS
)
COLUMNS: Mapping[str, frozenset[str]] = {
    "titres": _SHARED
    | {"num_titre", "detail", "taux_tva", "date_asap", "titre_origine", "date_naissance"},
    "mandats": _SHARED
    | {"num_mandat", "mode_reglement", "num_facture", "libelle_virement", "date_reception"}
    | {"date_limite", "delai", "mandat_origine"},
}
"""The columns that a list of titres, or of mandats, may have (helios dossier §10.2, §10.3)."""

_KEYS = frozenset({"nom", "kind", "reconnaitre", "colonnes", "constantes", "valeurs", "montants"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportMapping:
    """One layout of a business software."""

    nom: str
    """What the agent calls this export."""
    kind: str
    """``titres`` or ``mandats``."""
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

    def recognises(self, table: Table) -> bool:
        """Tell whether a table has every title that identifies the layout."""
        return {column_key(title) for title in self.reconnaitre} <= set(table.columns)

    def apply(self, table: Table) -> Table:
        """Return the table with our columns; what is wrong stays told with their titles.

        :raises FaultError: ``INT-COLUMN_MISSING``, ``INT-COLUMN_DOUBLE``, before any row is read.
        """
        titles = {name: _present(table, options) for name, options in self.colonnes.items()}
        Faults(_title_faults(table, titles)).raise_if_blocking()
        places = {name: table.columns.index(column_key(title)) for name, title in titles.items()}
        fixed = f" (valeur fixe de la correspondance « {self.nom} »)"
        faults: dict[int, tuple[Fault, ...]] = {}
        body = []
        for number, cells in table.body:
            found = {name: _at(cells, place) for name, place in places.items()}
            wrong = tuple(self._convert(found, titles, number, table.file))
            if wrong:
                faults[number] = wrong
            extra = cells[len(table.columns) :]
            body.append((number, (*found.values(), *self.constantes.values(), *extra)))
        return Table(
            file=table.file,
            columns=(*places, *self.constantes),
            body=tuple(body),
            titles={**titles, **{name: name + fixed for name in self.constantes}},
            faults=faults,
        )

    def _convert(
        self, cells: dict[str, str], titles: Mapping[str, str], number: int, file: str
    ) -> Iterator[Fault]:
        """Write the cells of one row in our words and in euros."""
        for name, words in self.valeurs.items():
            value = cells[name]
            ours = words.get(_word(value))
            if ours is not None:
                cells[name] = ours
            elif value.strip():
                known = ", ".join(sorted(words))
                params = {"column": titles[name], "value": value, "known": known}
                yield _row_fault("INT-CHOICE", params, number, file)
        for name in _AMOUNTS.intersection(cells) if self.centimes else ():
            value = cells[name].strip()
            if value.isascii() and value.removeprefix("-").isdigit():
                cells[name] = str(from_cents(int(value)))
            elif value:
                params = {"column": titles[name], "value": value}
                yield _row_fault("INT-CENTS", params, number, file)


def _row_fault(code: str, params: Mapping[str, str], number: int, file: str) -> Fault:
    return Fault(code=code, params=params, path=params["column"], line=number, source=file)


def _at(cells: tuple[str, ...], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _word(text: str) -> str:
    return " ".join(text.split()).casefold()


def _present(table: Table, options: tuple[str, ...]) -> str:
    """Return the first title that the table has; the first of all when it has none."""
    return next((title for title in options if column_key(title) in table.columns), options[0])


def _title_faults(table: Table, titles: Mapping[str, str]) -> Iterator[Fault]:
    present = ", ".join(filter(None, table.columns))
    for title in dict.fromkeys(titles.values()):
        count = table.columns.count(column_key(title))
        if count > 1:
            params = {"column": title}
            yield Fault(code="INT-COLUMN_DOUBLE", params=params, line=1, source=table.file)
        elif not count:
            params = {"column": title, "present": present}
            yield Fault(code="INT-COLUMN_MISSING", params=params, line=1, source=table.file)


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
    if raw.get("kind", "titres") not in ("titres", "mandats"):
        yield _wrong("kind", "« titres » ou « mandats »")
    if not _is_texts(raw.get("reconnaitre", ["-"])):
        yield _wrong("reconnaitre", "une liste de titres de colonnes")
    yield from _table_faults(raw, "colonnes", lambda v: _is_text(v) or _is_texts(v), "un titre")
    yield from _table_faults(raw, "constantes", _is_constant, "un texte, un nombre ou une date")
    yield from _table_faults(raw, "valeurs", _is_words, "une table « leur mot » = « notre mot »")
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
    known = COLUMNS[mapping.kind]
    for table, names in (("colonnes", mapping.colonnes), ("constantes", mapping.constantes)):
        yield from (_unknown(f"{table}.{name}", known) for name in names if name not in known)
    read = frozenset(mapping.colonnes)
    yield from (_unknown(f"valeurs.{name}", read) for name in mapping.valeurs if name not in read)
    given = read | set(mapping.constantes)
    for need in REQUIRED[mapping.kind]:
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

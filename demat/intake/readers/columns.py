"""The column titles of agents' exports, and the one layout that they reveal.

Titles are compared as :func:`demat.intake.readers.tables.column_key` writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demat.faults import Fault, FaultError
from demat.intake.api import InputFile
from demat.intake.readers.tables import SPREADSHEETS, Table, candidates

__all__ = ["ACTES", "CITING", "ECRITURES", "Sheet", "find_sheet", "layout_of", "several_sheets"]

ACTES: Mapping[str, str] = {
    "n": "numero",
    "no": "numero",
    "num": "numero",
    "numero_acte": "numero",
    "numero_de_l_acte": "numero",
    "date_decision": "date",
    "date_de_decision": "date",
    "date_seance": "date",
    "date_acte": "date",
    "nature_acte": "nature",
    "classification": "matiere",
    "code_matiere": "matiere",
    "titre": "objet",
    "pdf": "fichier",
    "document": "fichier",
    "nom_fichier": "fichier",
    "annexe": "annexes",
    "type_piece": "type",
    "typologie": "type",
    "types_des_annexes": "types_annexes",
    "type_annexes": "types_annexes",
    "type_annexe": "types_annexes",
    "complement_papier": "papier",
    "effectif": "vote_effectif",
    "votants": "vote_reel",
    "pour": "vote_pour",
    "contre": "vote_contre",
    "abstention": "vote_abstention",
    "abstentions": "vote_abstention",
}
"""Title → column of a list of acts."""

ECRITURES: Mapping[str, str] = {
    "date_emission": "date_bordereau",
    "bordereau": "num_bordereau",
    "numero_bordereau": "num_bordereau",
    "titre": "num_titre",
    "numero_titre": "num_titre",
    "mandat": "num_mandat",
    "numero_mandat": "num_mandat",
    "ligne": "num_ligne",
    "imputation": "compte",
    "nature": "compte",
    "article": "compte",
    "libelle": "objet",
    "montant": "montant_ht",
    "fournisseur": "nom",
    "raison_sociale": "nom",
    "adresse": "adresse2",
    "voie": "adresse2",
    "code_postal": "cp",
    "commune": "ville",
    "produit": "code_produit",
    "numero_facture": "num_facture",
    "numero_marche": "num_marche",
    "numero_engagement": "num_engagement",
    "mode_asap": "edition",
    "numero_dette": "num_dette",
    "reference_dette": "num_dette",
    "piece_jointe": "pj_fichier",
    "pj": "pj_fichier",
}
"""Title → column of a list of titres or mandats (helios dossier §10.2, §10.3)."""

CITING = frozenset(
    {"fichier", "annexes", "pj_fichier"}
    | {title for title, name in ACTES.items() if name in ("fichier", "annexes")}
    | {title for title, name in ECRITURES.items() if name == "pj_fichier"}
)
"""Titles of the columns that name documents, in any layout."""

_ACTE = frozenset({"numero", "nature", "matiere", "objet", "fichier"})
_MONEY = frozenset({"montant", "montant_ht", "montant_ttc", "compte", "imputation"})
_NUMBERS: Mapping[str, tuple[frozenset[str], str]] = {
    "titres": (frozenset({"num_titre", "numero_titre"}), "titre"),
    "mandats": (frozenset({"num_mandat", "numero_mandat"}), "mandat"),
}
"""Layout → the titles that can only be its number, and one that may mean something else."""


def layout_of(columns: Sequence[str]) -> str:
    """Return ``seance``, ``titres`` or ``mandats``; empty when the columns do not tell.

    A list of acts may have a column « titre » (its objet) or an amount, and a list of mandats a
    column « titre » (M., Mme): the matière, or the number written in full, decides.
    """
    named = set(columns)
    exact = [kind for kind, (titles, _) in _NUMBERS.items() if named & titles]
    acte = {ACTES.get(column, column) for column in columns}
    is_accounting = exact or named & _MONEY
    if len(acte & _ACTE) >= 3 and ("matiere" in acte or not is_accounting):
        return "seance"
    likely = [kind for kind, (_, title) in _NUMBERS.items() if title in named]
    kinds = (exact or likely) if is_accounting else []
    return kinds[0] if len(kinds) == 1 else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The spreadsheet that describes a deposit."""

    file: InputFile
    table: Table
    layout: str
    doubt: Fault | None = None
    """Why it cannot be read although it is recognised: another sheet is, too."""


def find_sheet(files: Sequence[InputFile]) -> Sheet | None:
    """Return the spreadsheet that leads a deposit, the others being documents among others.

    ``None`` when no spreadsheet can be read and recognised, or when several could lead. The titles
    may stand below other lines, and on any sheet; only the first rows are read.
    """
    found = [sheet for file in files if (sheet := _sheet(file)) is not None]
    return found[0] if len(found) == 1 else None


def _sheet(file: InputFile) -> Sheet | None:
    if file.suffix not in SPREADSHEETS:
        return None
    try:
        firsts = [
            table
            for tables in candidates(file)
            if (table := next((one for one in tables if layout_of(one.columns)), None))
        ]
    except FaultError:
        return None
    if not firsts:
        return None
    doubt = several_sheets(file, [table.sheet for table in firsts])
    return Sheet(file=file, table=firsts[0], layout=layout_of(firsts[0].columns), doubt=doubt)


def several_sheets(file: InputFile, names: Sequence[str]) -> Fault | None:
    """Return a fault when several sheets could be read: one alone would be, without a word."""
    if len(names) < 2:
        return None
    return Fault(code="INT-SHEET_SEVERAL", params={"names": ", ".join(names)}, source=file.base)

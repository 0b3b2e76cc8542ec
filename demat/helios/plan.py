"""What a file does not say of its budget, and the grids of the DGFiP (helios dossier §9, §13).

All of it is data that the authority adds: without it, the rules that need it stay silent.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO

from demat.faults import Fault, FaultError, Faults
from demat.helios.model import Domaine

__all__ = [
    "PlanBudget",
    "plan_key",
    "read_comptes",
    "read_grille_tiers",
    "read_grille_triplets",
]

_NUMBER = re.compile(r"^M\s?([0-9]{1,3})")
_SANTE = frozenset({"M21", "M22"})
_FONCTION = frozenset({"M14", "M52", "M57", "M71"})
_OPERATION = frozenset({"M14", "M52", "M57", "M61", "M71"})
_M4 = re.compile(r"^M4[0-9]?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanBudget:
    """How one budget is kept; what is empty is unknown."""

    nomenclature: str = ""
    """Accounting instruction: ``M57``, ``M4``, ``M22``…"""
    vote_par_fonction: bool | None = None
    """Whether the budget is voted by function: every line then carries ``Fonction``."""
    codes_produit: frozenset[str] = frozenset()
    """``CodProdLoc`` declared to the comptable."""
    comptes: frozenset[str] = frozenset()
    """Accounts of its chart, digits only."""

    @property
    def instruction(self) -> str:
        """The instruction without its variant: ``M57`` for ``M57A``; empty when unknown."""
        return _instruction(self.nomenclature)

    @property
    def sante(self) -> bool:
        """Whether it is the budget of a health or social body (M21, M22)."""
        return self.instruction in _SANTE

    @property
    def fonction(self) -> bool:
        """Whether lines may carry ``Fonction`` (rule 40)."""
        return self.instruction in _FONCTION

    def operation(self, domaine: Domaine) -> bool:
        """Tell whether lines of a domain may carry ``Operation`` (rule 41)."""
        instruction = self.instruction
        if instruction == "M832":
            return domaine is Domaine.DEPENSE
        return instruction in _OPERATION or bool(_M4.match(instruction))


@lru_cache(maxsize=256)
def _instruction(nomenclature: str) -> str:
    found = _NUMBER.match(nomenclature.strip().upper())
    return f"M{found.group(1)}" if found else ""


def plan_key(cod_col: str, cod_bud: str) -> str:
    """Return the key of a budget: two bodies of one authority may share the code ``00``."""
    return f"{cod_col}/{cod_bud}"


def read_comptes(content: bytes) -> frozenset[str]:
    """Read a chart of accounts: CSV ``compte;libelle``, one account a row.

    :raises FaultError: ``CFG-GRID_…``, every wrong row at once, with its line.
    """
    return frozenset(
        row[0] for row in _rows(content, {"compte": re.compile(r"^[0-9]{1,12}$")}, width=0)
    )


def read_grille_triplets(content: bytes) -> frozenset[tuple[Domaine, str, str, str]]:
    """Read « annexe 2 »: CSV ``domaine;typ_bord;typ_pce;nat_pce``, domain ``depense``/``recette``.

    :raises FaultError: ``CFG-GRID_…``, every wrong row at once, with its line.
    """
    code = re.compile(r"^[0-9]{1,2}$")
    columns = {
        "domaine": re.compile(r"^(depense|recette)$"),
        "typ_bord": code,
        "typ_pce": code,
        "nat_pce": code,
    }
    return frozenset(
        (Domaine(domaine), typ_bord, typ_pce, nat_pce)
        for domaine, typ_bord, typ_pce, nat_pce in _rows(content, columns, width=2)
    )


def read_grille_tiers(content: bytes) -> frozenset[tuple[str, str]]:
    """Read « annexe 3 »: CSV ``cat_tiers;nat_jur``.

    :raises FaultError: ``CFG-GRID_…``, every wrong row at once, with its line.
    """
    code = re.compile(r"^[0-9]{1,2}$")
    return frozenset(
        (category, nature)
        for category, nature in _rows(content, {"cat_tiers": code, "nat_jur": code}, width=2)
    )


def _rows(
    content: bytes, columns: Mapping[str, re.Pattern[str]], *, width: int
) -> tuple[tuple[str, ...], ...]:
    """Return the wanted columns of every row that is not blank; others are ignored.

    :param width: digits that a spreadsheet may have shortened are filled with zeros to this width.
    """
    reader = csv.reader(StringIO(_text(content)), delimiter=";")
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in columns if name not in header]
    if missing:
        params = {"column": ", ".join(missing), "expected": ";".join(columns)}
        raise FaultError(Fault(code="CFG-GRID_COLUMN", params=params, line=1))
    places = [header.index(name) for name in columns]
    faults: list[Fault] = []
    rows: list[tuple[str, ...]] = []
    for line, cells in _lines(reader):
        row = tuple(cells[place].strip() if place < len(cells) else "" for place in places)
        wrong = [
            (name, value)
            for (name, pattern), value in zip(columns.items(), row, strict=True)
            if not pattern.match(value)
        ]
        faults += [_wrong(name, value, line) for name, value in wrong]
        rows.append(tuple(_filled(value, width) for value in row))
    Faults(faults).raise_if_blocking()
    if not rows:
        raise FaultError(Fault(code="CFG-GRID_EMPTY"))
    return tuple(rows)


def _text(content: bytes) -> str:
    """Read what a French spreadsheet writes: UTF-8, else Windows."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in enumerate(reader, start=2):
        if any(cell.strip() for cell in cells):
            yield line, cells


def _wrong(name: str, value: str, line: int) -> Fault:
    params = {"column": name, "value": value}
    return Fault(code="CFG-GRID_ROW", params=params, line=line, path=name)


def _filled(value: str, width: int) -> str:
    return value.zfill(width) if value.isdigit() else value

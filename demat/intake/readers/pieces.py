"""One row of an export → its budget, and what counts once for a pièce (dossier §3.3, §4.2)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from demat.helios.codes import BORDEREAU_ROLE
from demat.helios.model import Budget, Dgp, PieceComptable
from demat.helios.rules_ormc import cle1, cle2
from demat.intake.names import name_key
from demat.intake.readers.layouts import EDITIONS, MANDATS, Layout
from demat.intake.readers.tables import Row
from demat.intake.readers.texts import limited

__all__ = ["read_budget", "read_piece", "with_keys"]


def read_budget(row: Row, budgets: Sequence[Budget]) -> Budget | None:
    """Return the budget that a row names; the only one when it names none."""
    code = row.text("budget")
    if not code and len(budgets) == 1:
        return budgets[0]
    if not code:
        row.fault("INT-BUDGET_UNSAID", "budget", known=_known(budgets))
        return None
    for budget in budgets:
        same_code = code.upper().zfill(len(budget.cod_bud)) == budget.cod_bud.upper()
        if same_code or name_key(code) == name_key(budget.libelle):
            return budget
    row.fault("INT-BUDGET_UNKNOWN", "budget", value=code, known=_known(budgets))
    return None


def _known(budgets: Sequence[Budget]) -> str:
    return ", ".join(f"{budget.cod_bud} ({budget.libelle})" for budget in budgets)


def _dgp(row: Row) -> Dgp | None:
    """Return the time limit for paying: its last day follows from the first when it is not said."""
    fin, duree = row.day("date_limite"), row.integer("delai") or 30
    if duree > 99:
        limited(row, "delai", 2)
    debut = row.day("date_reception", required=fin is not None)
    if debut is None:
        return None
    return Dgp(debut=debut, fin=fin or debut + timedelta(days=min(duree, 99)), duree=duree)


def read_piece(row: Row, layout: Layout, triplet: str) -> PieceComptable:
    """Read, in every row, the cells that count once for a pièce; its number is not filled."""
    _, typ_pce, nat_pce = triplet.split("-")
    piece = PieceComptable(
        numero=0,
        typ_pce=typ_pce,
        nat_pce=nat_pce,
        objet=limited(row, "objet", layout.objet_limit, required=True),
        service=limited(row, "service", 10),
        affectation=limited(row, "affectation", 10),
        lignes=(),
    )
    if layout is MANDATS:
        return replace(
            piece,
            dgp=_dgp(row),
            date_echeance=row.day("date_echeance"),
            pj_papier=limited(row, "pj_papier", 250),
        )
    return replace(
        piece,
        date_asap=row.day("date_asap"),
        edition=row.choice("edition", EDITIONS),
        role=row.integer("num_role"),
        num_dette=_digits(row, "num_dette", 15, required=triplet.startswith(BORDEREAU_ROLE)),
        periode=_digits(row, "periode", 1, required=triplet.startswith(BORDEREAU_ROLE)),
        cle1=limited(row, "cle1", 1),
        cle2=limited(row, "cle2", 1),
        numero_facture=limited(row, "num_facture", 20),
        numero_marche=limited(row, "num_marche", 50),
        numero_engagement=limited(row, "num_engagement", 50),
        code_service=limited(row, "code_service", 100),
        nom_service=limited(row, "nom_service", 100),
    )


def _digits(row: Row, column: str, limit: int, *, required: bool) -> str:
    value = limited(row, column, limit, required=required)
    if value and not (value.isascii() and value.isdigit()):
        row.fault("INT-NUMBER", column, value=value)
        return ""
    return value


def with_keys(piece: PieceComptable, budget: Budget, *, exercice: int, role: int) -> PieceComptable:
    """Fill the control keys of the article of a rôle that the export does not give (§3.8).

    Without NumDette or Per, which are then faults, they mean nothing.

    :param role: number of the rôle.
    """
    debt = (f"{exercice % 100:02d}", piece.periode, piece.num_dette)
    return replace(
        piece,
        cle1=piece.cle1 or cle1(budget.cod_col, str(role), *debt),
        cle2=piece.cle2 or cle2(*debt),
    )

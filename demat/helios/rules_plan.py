"""Rules that need to know how the budget is kept: 37, 39, 40, 41, 52 (helios dossier §9)."""

import re
from collections.abc import Iterator

from demat.faults import Fault
from demat.helios.codes import NatIdTiers
from demat.helios.model import Domaine
from demat.helios.plan import PlanBudget
from demat.helios.rule_base import LigneNode, PieceNode

__all__ = ["check_plan_ligne", "check_plan_piece"]

_NATURE = re.compile(r"^[0-9]{1,12}$")
_CODE_PRODUIT = re.compile(r"^[0-9A-Za-z]{1,4}$")
_BUDGETAIRES = frozenset({"01", "02"})
_PATIENT = ("02", "09")
_ORMC_TITRE = "15"


def check_plan_piece(piece: PieceNode, plan: PlanBudget) -> Iterator[Fault]:
    """Apply rule 37 to a titre: dates of an invoice of care, only in M21/M22."""
    if not plan.instruction or plan.sante or piece.domaine is not Domaine.RECETTE:
        return
    for name in ("DebFact", "FinFact"):
        if name in piece.info:
            yield piece.fault("PES-037", element=name, nomenclature=plan.instruction)


def check_plan_ligne(ligne: LigneNode, plan: PlanBudget) -> Iterator[Fault]:
    """Apply the rules on one line; those that have nothing to look at are not even called."""
    nature = ligne.get("Nature")
    if "InfoAssure" in ligne.blocs or any("NatIdTiers" in one.info for one in ligne.tiers):
        yield from _sante(ligne, plan)
    if plan.comptes or not _NATURE.match(nature):
        yield from _nature(ligne, nature, plan)
    if plan.instruction or plan.vote_par_fonction:
        yield from _fonction(ligne, plan)
    if "Operation" in ligne.info:
        yield from _operation(ligne, plan)
    if ligne.domaine is Domaine.RECETTE:
        yield from _code_produit(ligne, plan)


def _sante(ligne: LigneNode, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 37, for the insured person and the NIR (§3.6, §4.4)."""
    elsewhere = bool(plan.instruction) and not plan.sante
    if elsewhere and "InfoAssure" in ligne.blocs:
        yield ligne.fault("PES-037_LINE", element="InfoAssure", nomenclature=plan.instruction)
    for tiers in ligne.tiers:
        if tiers.get("NatIdTiers") != NatIdTiers.NIR:
            continue
        name = tiers.get("Nom")
        if elsewhere:
            yield ligne.fault(
                "PES-037_LINE", tiers.node, element="NIR", nomenclature=plan.instruction
            )
        elif ligne.domaine is Domaine.DEPENSE and ligne.piece.triplet[1:] != _PATIENT:
            yield ligne.fault("PES-037_NIR", tiers.node, tiers=name)


def _is_role(ligne: LigneNode) -> bool:
    """A rôle is booked on the account 588, outside the chart of the budget (§3.8)."""
    return ligne.domaine is Domaine.RECETTE and ligne.piece.triplet[1] == _ORMC_TITRE


def _nature(ligne: LigneNode, nature: str, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 39."""
    if not _NATURE.match(nature):
        yield ligne.fault("PES-039_DIGITS", value=nature)
    elif plan.comptes and nature not in plan.comptes and not _is_role(ligne):
        nomenclature = plan.instruction or "ce budget"
        yield ligne.fault("PES-039", value=nature, nomenclature=nomenclature)


def _fonction(ligne: LigneNode, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 40; orders of payment and rôles are not booked on the budget."""
    fonction = ligne.get("Fonction")
    if fonction and plan.instruction and not plan.fonction:
        yield ligne.fault("PES-040", value=fonction, nomenclature=plan.instruction)
    elif not fonction and plan.vote_par_fonction and ligne.piece.triplet[0] in _BUDGETAIRES:
        yield ligne.fault("PES-040_MISSING")


def _operation(ligne: LigneNode, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 41: digits only in dépense, and only where operations exist."""
    operation = ligne.get("Operation")
    if not operation:
        return
    if ligne.domaine is Domaine.DEPENSE and not (operation.isascii() and operation.isdigit()):
        yield ligne.fault("PES-041", value=operation)
    if plan.instruction and not plan.operation(ligne.domaine):
        yield ligne.fault("PES-041_NOMENCLATURE", value=operation, nomenclature=plan.instruction)


def _code_produit(ligne: LigneNode, plan: PlanBudget) -> Iterator[Fault]:
    """Rule 52."""
    code = ligne.get("CodProdLoc")
    if not _CODE_PRODUIT.match(code):
        yield ligne.fault("PES-052_FORM", value=code)
    elif plan.codes_produit and code not in plan.codes_produit:
        yield ligne.fault("PES-052", value=code)

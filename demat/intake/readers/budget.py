"""A budget in XML with its délibération, and nothing that describes the act: it is proposed.

The budget says what it is; nature, matière and types are the same for all (actes dossier §7.1).
"""

from collections.abc import Mapping, Sequence

from demat.actes.budget import EnteteBudget, numero_of, objet_of
from demat.actes.contexte import blocking, french_date
from demat.actes.model import Piece
from demat.actes.natures import NatureActe
from demat.actes.rules_budget import check_file
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import Confidence, InputFile, Proposal, ReadContext, Reading
from demat.xmlio import root_name

__all__ = ["FORCED", "TYPE_ANNEXE", "BudgetFile", "is_budget"]

FORCED: Mapping[str, str] = {"nature": "BF", "matiere": "7.1", "type": "99_BU"}
"""Column of a list of acts → what it can only be for a budget in XML."""
TYPE_ANNEXE = "70_DE"
"""Type of what goes with a budget: its délibération."""
_ROOTS = frozenset({"DocumentBudgetaire", "CompteFinancierUnique"})
_BESIDE = frozenset({".pdf", ".jpg", ".jpeg", ".png"})
_MEMO = "budget"


def is_budget(file: InputFile) -> bool:
    """Tell whether a file is a budget in XML by its root element; only its beginning is read."""
    if file.suffix != ".xml":
        return False
    if _MEMO not in file.memo:
        file.memo[_MEMO] = _root(file) in _ROOTS
    return bool(file.memo[_MEMO])


def _root(file: InputFile) -> str:
    with file.open() as stream:
        try:
            return root_name(stream)
        except FaultError:
            return ""


class BudgetFile:
    """Reader of one budget in XML and its délibération in PDF."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Budgets, and besides them only what may be their annexes."""
        others = [file for file in files if not is_budget(file)]
        return len(others) < len(files) and all(file.suffix in _BESIDE for file in others)

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Propose the act; a budget that could not leave is told at once."""
        budgets = [file for file in files if is_budget(file)]
        annexes = sorted(
            (file for file in files if not is_budget(file)), key=lambda file: file.name
        )
        if len(budgets) > 1:
            params = {"names": ", ".join(file.base for file in budgets)}
            fault = Fault(code="INT-BUDGET_SEVERAL", params=params)
            return Reading(kind="budget", faults=Faults([fault]))
        (budget,) = budgets
        piece = Piece(name=budget.base, content=budget.content)
        entete, faults = check_file(piece, context.siren)
        if not annexes:
            faults += [blocking(31, source=budget.base, name=budget.base)]
        if entete is None or faults.blocking:
            return Reading(kind="budget", faults=faults)
        proposal = _proposal(budget, annexes, entete, context)
        return Reading(kind="budget", proposals=(proposal,), faults=faults)


def _proposal(
    budget: InputFile, annexes: Sequence[InputFile], entete: EnteteBudget, context: ReadContext
) -> Proposal:
    day = entete.date_decision
    numero = context.propose_numero(NatureActe.BUDGETAIRE, day, ()) if day else ""
    cells = {
        "numero": numero or numero_of(entete),
        "date": french_date(day) if day else "",
        "nature": FORCED["nature"],
        "matiere": FORCED["matiere"],
        "objet": objet_of(entete),
        "fichier": budget.name,
        "annexes": "|".join(file.name for file in annexes),
        "type": FORCED["type"],
        "types_annexes": "|".join(TYPE_ANNEXE for _ in annexes),
    }
    sure = dict.fromkeys(cells, Confidence.CERTAIN)
    # which of several documents is the délibération, no budget says
    sure["annexes"] = Confidence.CERTAIN if len(annexes) == 1 else Confidence.LIKELY
    sure["types_annexes"] = sure["annexes"]
    sure["numero"] = Confidence.CERTAIN if numero else Confidence.LIKELY
    sure["objet"] = Confidence.LIKELY
    sure["date"] = Confidence.CERTAIN if day else Confidence.NONE
    return Proposal(cells=cells, confidences=sure, reasons=_reasons(entete), where=budget.base)


def _reasons(entete: EnteteBudget) -> Mapping[str, str]:
    """Return the values of the file that the cells come from."""
    said = {
        "NatDec": entete.nat_dec,
        "NumDec": entete.num_dec,
        "Exer": str(entete.exercice or ""),
        "CodTypBud": entete.cod_typ_bud,
        "LibelleEtab": entete.libelle,
    }
    objet = ", ".join(f"{name} « {value} »" for name, value in said.items() if value)
    found = {"objet": objet, "numero": objet}
    if entete.date_decision:
        found["date"] = f"DteDec « {entete.date_decision.isoformat()} »"
    return found

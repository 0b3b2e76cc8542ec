"""Confirm what a deposit proposes from the command line: the same correction as by the folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from demat.engine.classification import held
from demat.engine.office import Authority, Office
from demat.engine.process import kept_files, process
from demat.engine.propositions import laid_names, proposals_of, proposals_table
from demat.engine.receive import receive_one
from demat.engine.resubmit import hand_in
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import Confidence, InputFile, Proposal
from demat.intake.names import PROPOSALS
from demat.intake.readers.seance import COLUMNS, REQUIRED
from demat.queue.views import DepositView

__all__ = ["confirm", "corrected", "waiting"]

Value = TypeVar("Value", str, Confidence)


def waiting(deposit: DepositView) -> tuple[Proposal, ...]:
    """Return what a deposit waits to have confirmed.

    :raises FaultError: ``INT-NOT_TO_CONFIRM`` when it does not, or was replaced since.
    """
    proposals = proposals_of(deposit)
    if not proposals or deposit.replaced_by is not None:
        etat = f"remplacé par D{deposit.replaced_by}" if deposit.replaced_by else deposit.state
        params = {"numero": str(deposit.id), "etat": str(etat)}
        raise FaultError(Fault(code="INT-NOT_TO_CONFIRM", params=params))
    return proposals


def corrected(proposals: Sequence[Proposal], changes: Sequence[str]) -> tuple[Proposal, ...]:
    """Return proposals with the values of a person in the place of those that were guessed.

    :param changes: ``column=value``, with the rank of the act before (``2.numero=…``) when there
        are several.
    :raises FaultError: ``INT-SET``.
    """
    found = list(proposals)
    for change in changes:
        rank, column, value = _parsed(change, len(found))
        one = found[rank]
        found[rank] = replace(
            one,
            cells={**one.cells, column: value},
            confidences=_without(one.confidences, column),
            reasons=_without(one.reasons, column),
            notes=_without(one.notes, column),
        )
    return tuple(found)


def _without(values: Mapping[str, Value], column: str) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name != column}


def _parsed(change: str, count: int) -> tuple[int, str, str]:
    key, mark, value = change.partition("=")
    rank, dot, column = key.strip().rpartition(".")
    reason = ""
    if not mark:
        reason = "il y manque le signe ="
    elif column not in COLUMNS:
        reason = f"la colonne « {column} » n'existe pas"
    elif not dot and count > 1:
        reason = f"ce dépôt propose {count} actes : écrivez le rang de l'acte devant"
    elif dot and not (rank.isdecimal() and 1 <= int(rank[:6]) <= count):
        reason = f"il n'y a pas d'acte de rang « {rank} »"
    if reason:
        params = {"value": change, "reason": reason, "known": ", ".join(COLUMNS)}
        raise FaultError(Fault(code="INT-SET", params=params))
    return int(rank or 1) - 1, column, value.strip()


def confirm(
    deposit: DepositView, proposals: Sequence[Proposal], authority: Authority, office: Office
) -> DepositView:
    """Hand the deposit in again with its list confirmed, as its agent would, and prepare it.

    :param proposals: those of :func:`waiting`, corrected.
    :raises FaultError: ``INT-CELL_EMPTY`` for each value that is still missing: nothing is handed
        in then.
    """
    Faults(
        Fault(code="INT-CELL_EMPTY", params={"column": column}, source=one.where)
        for one in proposals
        for column in REQUIRED
        if not one.cells.get(column)
    ).raise_if_blocking()
    table = proposals_table(proposals, held(authority, office), confirme="oui")
    with kept_files(deposit, office) as kept:
        names = laid_names([file.name for file in kept])
        files = [InputFile(name=names[file.name], data=file.data) for file in kept]
        files.append(InputFile(name=PROPOSALS, data=table))
        claimed = hand_in(deposit.name, files, authority, corrects=deposit.id)
    return process(receive_one(claimed, authority, office), authority, office)

"""The command that confirms what a deposit proposes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, say
from demat.cli.flows import deposit_number, tell_deposit
from demat.cli.words import plural

if TYPE_CHECKING:
    from demat.intake.api import Proposal

__all__ = ["confirm"]


def confirm(config: Path, target: str, changes: Sequence[str], *, yes: bool, as_json: bool) -> int:
    """Show what a deposit proposes, ask once, and hand it in again as confirmed.

    :raises FaultError: ``INT-NOT_TO_CONFIRM``, ``INT-SET``, ``INT-CELL_EMPTY``;
        ``INT-CONFIRM_NOBODY`` when nobody is there to say yes.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.engine.classification import held
    from demat.engine.confirm import confirm as confirmed
    from demat.engine.confirm import corrected, waiting
    from demat.engine.propositions import labelled

    with open_office(load_config(config)) as office:
        deposit = deposit_number(office, target)
        proposals = corrected(waiting(deposit), changes)
        if not as_json:
            say(f"Dépôt D{deposit.id} « {deposit.name} » : {plural(len(proposals), 'acte')}")
            _show(labelled(proposals, held(office.authority(deposit.collectivite), office)))
        if not yes and not _agreed(proposals, as_json=as_json):
            say("Rien n'a été confirmé.")
            return Exit.FAULTS
        authority = office.authority(deposit.collectivite)
        done = confirmed(deposit, proposals, authority, office)
        return tell_deposit(done, office, as_json=as_json)


def _show(proposals: "Sequence[Proposal]") -> None:
    from demat.cli.display import paragraph
    from demat.engine.confirmation_sheet import COLUMN_WORDS, told

    for rank, one in enumerate(proposals, start=1):
        say(f"{rank}. {one.where}")
        for column, value, sure, words in told(one):
            name = COLUMN_WORDS.get(column, column)
            say(paragraph(f"{name} : {value or '…'} ({sure})", indent="    ", then="      "))
            if words:
                say(paragraph(words, indent="      "))


def _agreed(proposals: "Sequence[Proposal]", *, as_json: bool) -> bool:
    from demat.faults import Fault, FaultError

    if as_json or not sys.stdin.isatty():
        params = {"count": str(len(proposals))}
        raise FaultError(Fault(code="INT-CONFIRM_NOBODY", params=params))
    what = "cet acte" if len(proposals) == 1 else f"ces {len(proposals)} actes"
    return input(f"Confirmer {what} ? Tapez « oui » : ").strip().lower() == "oui"

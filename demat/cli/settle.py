"""The command with which a person settles a sending whose outcome demat could not learn."""

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.authorities import choose
from demat.cli.boundary import Exit, print_json, say
from demat.cli.flow_view import flow_json
from demat.cli.flows import transmission

if TYPE_CHECKING:
    from demat.engine.office import Office
    from demat.queue.views import TransmissionView

__all__ = ["Answer", "settle"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the person says; exactly one of the three."""

    reference: str
    """Number of the transaction, as the other side shows it; empty when not given."""
    not_landed: bool
    """Whether the other side does not have it."""
    abandon: str
    """Why the sending is given up; empty when it is not."""

    @property
    def said(self) -> int:
        """How many of the three were given."""
        return bool(self.reference) + self.not_landed + bool(self.abandon)


def settle(config: Path, number: int, answer: Answer, *, as_json: bool) -> int:
    """Record what a person found on the other side.

    :raises FaultError: ``INT-SETTLE`` unless exactly one answer was given; ``QUE-…``, ``CON-…``.
    """
    from demat.compose import open_office
    from demat.config import load_config
    from demat.faults import Fault, FaultError

    if answer.said != 1:
        raise FaultError(Fault(code="INT-SETTLE", params={"numero": str(number)}))
    with open_office(load_config(config)) as office:
        settled = _settled(transmission(office, number), answer, office)
    if as_json:
        print_json(flow_json(settled))
        return Exit.DONE
    say(f"Envoi n° {number} ({settled.key}) : {_words(answer)}")
    return Exit.DONE


def _settled(flow: "TransmissionView", answer: Answer, office: "Office") -> "TransmissionView":
    from demat.engine import settle as engine

    who = getpass.getuser()
    if answer.reference:
        authority = choose(office, flow.collectivite)
        return engine.settle_landed(flow, answer.reference, authority, office, who=who)
    if answer.not_landed:
        return engine.settle_not_landed(flow, office, who=who)
    return engine.settle_abandoned(flow, answer.abandon, office, who=who)


def _words(answer: Answer) -> str:
    if answer.reference:
        return f"suivi sous le numéro {answer.reference} ; ses réponses seront relevées."
    if answer.not_landed:
        return "il repartira, à l'identique, au prochain passage."
    return "abandonné. Pour l'envoyer corrigé : demat resubmit."

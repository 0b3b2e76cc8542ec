"""The next free number of an act, after the authority's pattern (actes dossier §2.4)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date

from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from demat.connectors.api import Flux
from demat.engine.office import Authority, Office
from demat.engine.propositions import proposed_numbers
from demat.faults import FaultError
from demat.intake.api import Confidence, Proposal

__all__ = ["numbering", "with_doubts"]

_TAKEN = "Ce numéro est déjà pris ({earlier}) : donnez-en un autre, ou retirez cet acte."


def numbering(
    authority: Authority, office: Office
) -> Callable[[NatureActe, date, Collection[str]], str]:
    """Return what proposes numbers to a reader; it proposes none without a pattern.

    A number counts as used once it was packed, whatever became of it, and while another deposit
    that waits for its agent proposes it.
    """
    pattern = authority.numerotation
    used: set[str] = set()
    known = False

    def propose(nature: NatureActe, day: date, taken: Collection[str]) -> str:
        nonlocal known
        if pattern is None:
            return ""
        if not known:
            used.update(_used(authority, office))
            known = True
        return pattern.next(day.year, nature, used.union(taken))

    return propose


def with_doubts(
    proposals: Iterable[Proposal], authority: Authority, office: Office
) -> tuple[Proposal, ...]:
    """Return proposals, with a warning for each number that serves already, or serves twice."""
    known: dict[str, str] = {}
    doubted = []
    for one in proposals:
        numero = one.cells.get("numero", "")
        earlier = office.store.used(authority.siren, "numero", numero) if numero else None
        earlier = earlier or known.get(numero)
        doubted.append(_doubted(one, earlier) if earlier else one)
        if numero:
            known.setdefault(numero, f"{one.where}, dans ce dépôt")
    return tuple(doubted)


def _doubted(one: Proposal, earlier: str) -> Proposal:
    return replace(
        one,
        confidences={**one.confidences, "numero": Confidence.GUESS},
        notes={**one.notes, "numero": _TAKEN.format(earlier=earlier)},
    )


def _used(authority: Authority, office: Office) -> set[str]:
    keys = office.store.transmission_keys(authority.siren, Flux.ACTES.value)
    numbers = {numero for key in keys if (numero := _numero(key))}
    for detail in office.store.open_details(authority.siren):
        numbers.update(proposed_numbers(detail))
    return numbers


def _numero(key: str) -> str:
    try:
        return IdActe.parse(key).numero
    except FaultError:
        return ""

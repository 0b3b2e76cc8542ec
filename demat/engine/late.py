"""What was sent and waits too long for its answer, or for one that somebody must fetch.

Acts: actes dossier §10, rules 61 and 62; PES: connectors dossier §9.3.
"""

from collections.abc import Iterator

from demat.actes.rules_suivi import check_attente
from demat.connectors.api import Flux
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.collect import EARLIER_COPY
from demat.engine.office import Authority, Office
from demat.faults import Fault, Faults

__all__ = ["late_answers"]


def late_answers(authority: Authority, office: Office) -> Faults:
    """Return what to know about what was sent and has no answer yet."""
    return Faults(_late(authority, office))


def _late(authority: Authority, office: Office) -> Iterator[Fault]:
    now = office.clock.now()
    for flow in office.store.awaiting_answer(collectivite=authority.siren):
        waits = flow.flux == Flux.ACTES and message_of(flow) == ACTE and not flow.etat_negative
        if waits and flow.deposited_at is not None:
            numero = str(flow.facts.get("numero", flow.key))
            yield from check_attente(numero, sent=flow.deposited_at, now=now)
        # the acquit that counts is that of an earlier copy, which only a person can fetch
        yield from (fault for fault in flow.faults if fault.code == EARLIER_COPY)

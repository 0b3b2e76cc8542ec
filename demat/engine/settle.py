"""What a person says of a sending that the probes could not settle (connectors dossier §9.2, §9.3).

Nothing here guesses: each decision is somebody's, and is written in the journal with their name.
"""

import math
from datetime import timedelta

from demat.connectors.api import Flux, RemoteProgress
from demat.engine.issued import cancellation_refused
from demat.engine.office import Authority, Office
from demat.engine.reconcile import on_its_way
from demat.engine.transmit import FREED
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView

__all__ = ["settle_abandoned", "settle_landed", "settle_not_landed"]


def settle_landed(
    flow: TransmissionView, reference: str, authority: Authority, office: Office, *, who: str
) -> TransmissionView:
    """Take the number that a person found on the other side, once that side knows it.

    :raises FaultError: ``QUE-NOTHING_TO_SETTLE``, ``QUE-REFERENCE_TAKEN``,
        ``QUE-REFERENCE_UNKNOWN``; ``CON-…`` when the other side cannot be asked.
    """
    _require_unsettled(flow)
    known = office.store.by_reference(flow.collectivite, flow.flux, reference)
    if known is not None:
        params = {"reference": reference, "autre": str(known.id), "numero": str(flow.id)}
        raise FaultError(Fault(code="QUE-REFERENCE_TAKEN", params=params))
    status = authority.connector.status(Flux(flow.flux), reference)
    if status.progress is RemoteProgress.UNRECOGNISED and status.code == "KO":
        params = {"reference": reference, "message": status.message}
        raise FaultError(Fault(code="QUE-REFERENCE_UNKNOWN", params=params))
    return office.store.resolve_landed(flow.id, reference, {"asked": "person", "par": who})


def settle_not_landed(flow: TransmissionView, office: Office, *, who: str) -> TransmissionView:
    """Send again, at the next run and unchanged, what a person did not find on the other side.

    :raises FaultError: ``QUE-NOTHING_TO_SETTLE``; ``QUE-HELD`` when the other side says that it
        holds it: it would refuse a second copy; ``QUE-TOO_EARLY`` while it may be on its way.
    """
    _require_unsettled(flow)
    if flow.delivery is DeliveryState.LANDED:
        raise FaultError(Fault(code="QUE-HELD", params={"numero": str(flow.id), "key": flow.key}))
    _require_arrived(flow, office)
    told = {"asked": "person", "par": who}
    return office.store.resolve_not_landed(flow.id, told, attempt=flow.attempts)


def settle_abandoned(
    flow: TransmissionView, reason: str, office: Office, *, who: str
) -> TransmissionView:
    """Give up a sending, on the word of a person; its number serves no more (§9.2, step 7).

    :raises FaultError: ``QUE-NOTHING_TO_SETTLE``; ``QUE-TOO_EARLY`` while it may be on its way.
    """
    _require_unsettled(flow)
    _require_arrived(flow, office)
    given_up = office.store.abandon(flow.id, reason, who)
    if flow.flux == Flux.ACTES:  # a letter may be answered again, an act cancelled again
        office.store.release_keys(flow.id, FREED[flow.flux])
        cancellation_refused(given_up, Faults(), office)
    return given_up


def _require_unsettled(flow: TransmissionView) -> None:
    if flow.delivery not in DeliveryState.unsettled():
        raise FaultError(Fault(code="QUE-NOTHING_TO_SETTLE", params={"numero": str(flow.id)}))


def _require_arrived(flow: TransmissionView, office: Office) -> None:
    """Refuse what a person saw while the request may still arrive, or of an earlier sending."""
    left = on_its_way(flow, office)
    if flow.delivery is not DeliveryState.SUSPENDED or left <= timedelta():
        return
    minutes = str(math.ceil(left / timedelta(minutes=1)))
    params = {"numero": str(flow.id), "key": flow.key, "minutes": minutes}
    raise FaultError(Fault(code="QUE-TOO_EARLY", params=params))

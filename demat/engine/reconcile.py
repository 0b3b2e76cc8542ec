"""Settle the sendings whose outcome is unknown: ask, and resend only what surely did not land."""

import logging
from datetime import timedelta

from demat.connectors.api import ConnectorError, OutcomeUnknown, Refused, Unreachable
from demat.engine.office import Authority, Office
from demat.engine.transmit import shipment_of
from demat.queue.views import TransmissionView

__all__ = ["reconcile_all"]

logger = logging.getLogger(__name__)

PROCESSING = timedelta(minutes=5)
"""How long the other side may still be working on a call whose answer was lost (§9.2, step 2)."""


def reconcile_all(office: Office) -> int:
    """Try to settle every suspended transmission; return how many were settled."""
    office.store.recover_expired()
    known = {authority.siren: authority for authority in office.authorities}
    settled = 0
    for transmission in office.store.suspended():
        authority = known.get(transmission.collectivite)
        if authority is not None and _old_enough(transmission, office):
            settled += _reconcile(transmission, authority, office)
    return settled


def _old_enough(transmission: TransmissionView, office: Office) -> bool:
    return office.clock.now() - transmission.updated_at >= PROCESSING


def _reconcile(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    shipment = shipment_of(transmission, office)
    try:
        reference = authority.connector.find(shipment)
    except OutcomeUnknown:
        return _offer_again(transmission, authority, office)
    except (Unreachable, Refused) as error:
        _note(transmission, error, office)
        return False
    if reference is None:
        office.store.resolve_not_landed(transmission.id, {"asked": "connector"})
    else:
        office.store.resolve_landed(transmission.id, reference, {"asked": "connector"})
    return True


def _offer_again(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    """Where no search exists (HELIOS), the same bytes are offered again: the other side refuses a
    duplicate by their digest, so that a second copy cannot land (§9.3)."""
    try:
        reference = authority.connector.deposit(shipment_of(transmission, office))
    except Refused as error:
        if error.duplicate:  # it landed, but its reference is lost: a person looks it up
            _note(transmission, error, office)
            return False
        office.store.note(transmission.id, "reconcile_refused", {"reason": str(error)})
        return False
    except ConnectorError as error:
        _note(transmission, error, office)
        return False
    office.store.resolve_landed(transmission.id, reference, {"asked": "same bytes"})
    return True


def _note(transmission: TransmissionView, error: ConnectorError, office: Office) -> None:
    office.store.note(transmission.id, "reconcile_failed", {"reason": str(error)})
    logger.warning(
        "outcome still unknown: %s",
        error,
        extra={"action": "reconcile", "transmission": transmission.id},
    )

"""Settle the sendings whose outcome is unknown: ask, and resend only what surely did not land."""

import logging

from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    OutcomeUnknown,
    Refused,
)
from demat.engine.office import Authority, Office
from demat.engine.transmit import FREED, shipment_of, show_refusals
from demat.errors import DematError
from demat.faults import Fault, FaultError
from demat.queue.states import TransitionRefused
from demat.queue.views import TransmissionView

__all__ = ["landed_unidentified", "reconcile_all"]

logger = logging.getLogger(__name__)

LANDED_UNIDENTIFIED = "landed_unidentified"
"""Entry of the journal: it landed, its reference is lost, only a person can find it (§9.3)."""


def reconcile_all(office: Office) -> int:
    """Try to settle every suspended transmission; return how many were settled."""
    office.store.recover_expired()
    known = {authority.siren: authority for authority in office.authorities}
    settled = 0
    for transmission in office.store.suspended():
        if office.stopping():
            break
        authority = known.get(transmission.collectivite)
        if authority is None or not _may_ask(transmission, office):
            continue
        try:
            settled += _reconcile(transmission, authority, office)
        except AuthenticationRefused as error:  # no question is answered: do not hammer
            until = office.clock.now() + office.settings.auth_pause
            office.store.pause_collectivite(authority.siren, until, next(iter(error.faults)))
        except (ConnectorError, FaultError, TransitionRefused) as error:
            _note(transmission, error, office)
    return settled


def _may_ask(transmission: TransmissionView, office: Office) -> bool:
    if office.clock.now() - transmission.updated_at < office.settings.processing:
        return False
    if any(pause.collectivite == transmission.collectivite for pause in office.store.pauses()):
        return False
    return not landed_unidentified(transmission, office)


def landed_unidentified(transmission: TransmissionView, office: Office) -> bool:
    """Whether it landed under a reference that only a person can look up (§9.3)."""
    return _told(transmission, LANDED_UNIDENTIFIED, office)


def _reconcile(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    """:raises ConnectorError: nothing is known yet."""
    try:
        reference = authority.connector.find(shipment_of(transmission, office))
    except OutcomeUnknown as error:
        if "CON-NO_SEARCH" not in error.faults.codes:  # a second copy could land: ask again later
            raise
        return _offer_again(transmission, authority, office)
    if reference is not None and _is_of_another(reference, transmission, office):
        # the other side shows an earlier answer to the same letter: ours may have landed or not
        raise OutcomeUnknown(Fault(code="CON-LANDED_NO_ID", params={"key": transmission.key}))
    if reference is None:
        office.store.resolve_not_landed(transmission.id, {"asked": "connector"})
    else:
        office.store.resolve_landed(transmission.id, reference, {"asked": "connector"})
    return True


def _is_of_another(reference: str, transmission: TransmissionView, office: Office) -> bool:
    known = office.store.by_reference(transmission.collectivite, transmission.flux, reference)
    return known is not None and known.id != transmission.id


def _offer_again(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    """Where no search exists (HELIOS), the same bytes are offered again: the other side refuses a
    duplicate by their digest, so that a second copy cannot land (§9.3).

    :raises ConnectorError: nothing is known yet.
    """
    try:
        reference = authority.connector.deposit(shipment_of(transmission, office))
    except Refused as error:
        if error.transient:
            raise
        if error.duplicate:  # it landed, but its reference is lost: a person looks it up
            office.store.note(transmission.id, LANDED_UNIDENTIFIED, {"reason": str(error)})
            return False
        frees = FREED[transmission.flux]
        office.store.resolve_refused(transmission.id, faults=error.faults, frees=frees)
        show_refusals(authority, office)
        return True
    office.store.resolve_landed(transmission.id, reference, {"asked": "same bytes"})
    return True


def _note(transmission: TransmissionView, error: DematError, office: Office) -> None:
    """Write down, once, why nothing is known yet."""
    if not _told(transmission, "reconcile_failed", office, reason=str(error)):
        office.store.note(transmission.id, "reconcile_failed", {"reason": str(error)})
    logger.warning(
        "outcome still unknown: %s",
        error,
        extra={"action": "reconcile", "transmission": transmission.id},
    )


def _told(transmission: TransmissionView, action: str, office: Office, **detail: str) -> bool:
    return any(
        entry.action == action and detail.items() <= entry.detail.items()
        for entry in office.store.journal(transmission_id=transmission.id)
    )

"""Settle the sendings whose outcome is unknown: ask, and resend only what surely did not land.

Connectors dossier §9.2 and §9.3. What only a person can settle is told every night, with the
command that settles it.
"""

import logging
import random
from collections.abc import Iterator
from datetime import timedelta

from demat.actes.contexte import french_date
from demat.clock import paris_date
from demat.connectors.api import (
    AuthenticationRefused,
    ConnectorError,
    Flux,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from demat.engine.office import Authority, Office
from demat.engine.transmit import FREED, shipment_of, show_refusals
from demat.engine.waits import is_shut
from demat.errors import DematError
from demat.faults import Fault, FaultError, Faults
from demat.queue.retry import next_attempt
from demat.queue.states import DeliveryState, TransitionRefused
from demat.queue.views import TransmissionView
from demat.tracing import span

__all__ = ["HUMAN", "on_its_way", "proven_landed", "reconcile_all", "to_settle"]

logger = logging.getLogger(__name__)

HUMAN = timedelta(hours=24)
"""How long the probes have, before a person is asked to look (§9.2, step 7)."""
_DUPLICATES = frozenset({"CON-DUPLICATE_NUMBER", "CON-CANCEL_ASKED"})
"""What the other side says of a copy of what it holds."""
_CLASH = "CON-NUMBER_CLASH"
"""Another act bears the number: no probe will ever settle that."""


@span("step", step="reconcile_all")
def reconcile_all(office: Office) -> int:
    """Try to settle every sending that is not; return how many were."""
    office.store.recover_expired()
    known = {authority.siren: authority for authority in office.authorities}
    paused = {pause.collectivite for pause in office.store.pauses()}
    settled = 0
    for transmission in office.store.unsettled():
        if office.stopping():
            break
        authority = known.get(transmission.collectivite)
        if authority is None or authority.siren in paused:
            continue
        if not _may_ask(transmission, authority, office):
            continue
        try:
            with span("reconcile", siren=authority.siren, transmission=transmission.id):
                settled += _reconcile(transmission, authority, office)
            office.store.line_answered(authority.line)
        except AuthenticationRefused as error:  # no question is answered: do not hammer
            until = office.clock.now() + office.settings.auth_pause
            office.store.pause_collectivite(authority.siren, until, next(iter(error.faults)))
            paused.add(authority.siren)
        except TransitionRefused as error:  # another process was faster
            logger.info("%s", error, extra={"action": "reconcile"})
        except (ConnectorError, FaultError) as error:
            if isinstance(error, Unreachable):  # the others need not wait for a time-out each
                office.store.line_silent(authority.line, next(iter(error.faults), None))
            _note(transmission, error, office)
    return settled


def to_settle(transmission: TransmissionView, office: Office) -> Faults:
    """Return what a person must be asked about a sending that the probes have not settled.

    It is told every night until the person has answered with ``demat settle``.
    """
    return Faults(_asked(transmission, office))


def _asked(transmission: TransmissionView, office: Office) -> Iterator[Fault]:
    since = transmission.unknown_since
    if transmission.delivery not in DeliveryState.unsettled() or since is None:
        return
    params = {
        "numero": str(transmission.id),
        "key": transmission.key,
        "since": french_date(paris_date(since)),
    }
    if transmission.delivery is DeliveryState.LANDED:
        yield Fault(code="QUE-LANDED", params=params)
    elif _CLASH in transmission.faults.codes or office.clock.now() - since >= HUMAN:
        yield Fault(code="QUE-TO_SETTLE", params=params)


def on_its_way(transmission: TransmissionView, office: Office) -> timedelta:
    """Return how long the last sending may still be on its way (§9.2, step 2); zero or less: not
    any more, and what the other side shows is what it has."""
    return office.settings.processing - (office.clock.now() - transmission.updated_at)


def proven_landed(flow: TransmissionView, office: Office) -> TransmissionView:
    """Write down that an answer of the State proves that an unsettled sending landed."""
    if flow.delivery in DeliveryState.unsettled():
        return office.store.resolve_landed(flow.id, None, {"proof": "answer of the State"})
    return flow


def _may_ask(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    if on_its_way(transmission, office) > timedelta():
        return False
    if is_shut(authority, office):
        return False
    if transmission.delivery is DeliveryState.LANDED:  # the other side may list it at last
        return transmission.flux == Flux.ACTES
    return _CLASH not in transmission.faults.codes


def _reconcile(transmission: TransmissionView, authority: Authority, office: Office) -> bool:
    """Ask where a sending is (probes A and B), and offer it again when it is nowhere (probe C).

    :raises ConnectorError: nothing is known yet.
    """
    try:
        reference = authority.connector.find(shipment_of(transmission, office))
    except Refused as error:
        if _refused_at_first(transmission):
            frees = FREED[transmission.flux]
            office.store.resolve_refused(
                transmission.id, faults=error.faults, frees=frees, attempt=transmission.attempts
            )
            show_refusals(authority, office)
            return True
        if _CLASH in error.faults.codes:  # never a success, never another number by ourselves
            office.store.doubt(transmission.id, error.faults)
            return False
        raise
    except OutcomeUnknown as error:
        return _unlisted(transmission, error, office)
    if reference is not None and _is_of_another(reference, transmission, office):
        # the other side shows an earlier answer to the same letter: ours may have landed or not
        raise OutcomeUnknown(_shown(reference, transmission))
    if reference is not None:
        office.store.resolve_landed(transmission.id, reference, {"asked": "connector"})
        return True
    if transmission.delivery is DeliveryState.LANDED:
        return False  # it was known a while ago: a platform that forgets proves nothing
    if _DUPLICATES & set(transmission.faults.codes):
        # probe C said that it is there, and probe B does not show it: sending it a third time
        # would say nothing new
        raise OutcomeUnknown(transmission.faults)
    _offer_again(transmission, "connector", office)
    return True


def _offer_again(transmission: TransmissionView, asked: str, office: Office) -> None:
    """Offer the frozen bytes once more; at once the first time, then ever later."""
    until = None
    if transmission.attempts > 1:
        jitter = random.random()  # noqa: S311 - spreads the retries, protects nothing
        now = office.clock.now()
        until = next_attempt(transmission.attempts, office.settings.retry, now, jitter)
        until = until or now + office.settings.auth_pause
    office.store.offer_again(
        transmission.id, {"asked": asked}, until=until, attempt=transmission.attempts
    )


def _unlisted(transmission: TransmissionView, error: OutcomeUnknown, office: Office) -> bool:
    """Conclude from a search that found no number.

    :raises OutcomeUnknown: it tells nothing.
    """
    codes = error.faults.codes
    if transmission.delivery is DeliveryState.LANDED:
        return False
    if "CON-LANDED_NO_ID" in codes:  # probe A knows it, probe B does not list it
        office.store.resolve_unidentified(transmission.id, fault=next(iter(error.faults)))
        return False
    if "CON-NO_SEARCH" in codes:
        # the same bytes are offered again: the other side refuses a second copy by their digest, so
        # that it cannot land (§9.3); the intent of that sending is written as that of any other
        _offer_again(transmission, "same bytes", office)
        return True
    raise error


def _shown(reference: str, transmission: TransmissionView) -> Fault:
    params = {"key": transmission.key, "reference": reference}
    return Fault(code="CON-OTHER_SHOWN", params=params)


def _is_of_another(reference: str, transmission: TransmissionView, office: Office) -> bool:
    known = office.store.by_reference(transmission.collectivite, transmission.flux, reference)
    return known is not None and known.id != transmission.id


def _refused_at_first(transmission: TransmissionView) -> bool:
    """Whether its only try was refused because its number serves: ours did not land."""
    return transmission.attempts == 1 and "CON-DUPLICATE_NUMBER" in transmission.faults.codes


def _note(transmission: TransmissionView, error: DematError, office: Office) -> None:
    """Write down, once, why nothing is known yet."""
    if not _told(transmission, str(error), office):
        office.store.note(transmission.id, "reconcile_failed", {"reason": str(error)})
    logger.warning(
        "outcome still unknown: %s",
        error,
        extra={"action": "reconcile", "transmission": transmission.id},
    )


def _told(transmission: TransmissionView, reason: str, office: Office) -> bool:
    return any(
        entry.action == "reconcile_failed" and entry.detail.get("reason") == reason
        for entry in office.store.journal(transmission_id=transmission.id)
    )

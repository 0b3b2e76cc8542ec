"""Hand one claimed transmission to its connector, record what came back (connectors dossier §9)."""

import logging
import random
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta

from demat.actes.contexte import french_date
from demat.actes.lifecycle import EtatActe
from demat.connectors.api import (
    AuthenticationRefused,
    Flux,
    OutcomeUnknown,
    Refused,
    Shipment,
    Unreachable,
)
from demat.engine.as_one import missing_attachment
from demat.engine.give_back import OUTDATED, lay_refusals
from demat.engine.issued import cancellation_refused
from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.queue.retry import next_attempt
from demat.queue.states import TransitionRefused
from demat.queue.views import Claim, Heard, TransmissionView
from demat.tracing import Span, span

__all__ = ["FREED", "shipment_of", "show_refusals", "transmit", "transmit_due"]

logger = logging.getLogger(__name__)

WORKER = "demat"
FREED: Mapping[str, tuple[str, ...]] = {
    Flux.ACTES: ("annulation", "reponse"),  # the number of an act is burnt once it was presented
    Flux.HELIOS: ("idbord", "idpce", "idunique"),  # nothing reached Hélios; the NomFic is burnt
}
"""Families of numbers that may be used again when the other side refuses a shipment."""

PJ_WAIT = timedelta(minutes=15)
"""How long a file waits before it looks again whether its attachments have left, at first."""
LONGEST_PJ_WAIT = timedelta(hours=2)
"""How long it does when it has waited for long: they may never leave."""
BUCKET_WAIT = timedelta(minutes=10)
"""How long a file waits when the documents are out of reach."""


@span("step", step="transmit_due")
def transmit_due(
    office: Office, *, collectivites: Collection[str] | None = None, limit: int = 10_000
) -> int:
    """Send everything that is due, fairly between authorities; return how many were tried.

    :param collectivites: SIREN of the only authorities to serve; none means all.
    :param limit: how many flows are tried at most.
    """
    lines = {
        authority.siren: authority.line
        for authority in office.authorities
        if collectivites is None or authority.siren in collectivites
    }
    office.store.declare_lines(lines)
    # a thousand names cost more than the claim: either list is given only when it is short
    only = None if collectivites is None else frozenset(lines)
    others = office.store.authorities_but(lines) if collectivites is None else ()
    tried = 0
    while tried < limit and not office.stopping():
        claim = office.store.claim(
            WORKER, lease=office.settings.lease, collectivites=only, but_not=others
        )
        if claim is None:
            return tried
        if claim.transmission.collectivite not in lines:
            _left_to_others(claim)
            return tried
        try:
            with _told(claim, office) as told:
                transmit(claim, office)
                told.outcome = office.store.transmission(claim.transmission.id).delivery
        except (FaultError, TransitionRefused) as error:  # the lease ends it; the others go on
            logger.warning(
                "outcome not recorded: %s",
                error,
                extra={"action": "transmit", "transmission": claim.transmission.id},
            )
        tried += 1
    return tried


def _left_to_others(claim: Claim) -> None:
    """Tell of a flow of an authority that is not configured here: its lease ends it.

    Another program, with another configuration, has just packed the first flow of that authority.
    """
    logger.warning(
        "this authority is not configured here",
        extra={"action": "transmit", "transmission": claim.transmission.id},
    )


def _told(claim: Claim, office: Office) -> AbstractContextManager[Span]:
    """Tell whoever watches that a flow is being sent; the outcome is the state that it comes to."""
    flow = claim.transmission
    return span(
        "transmit",
        siren=flow.collectivite,
        flux=flow.flux,
        tdt=office.authority(flow.collectivite).connector.name,
        transmission=flow.id,
    )


def transmit(claim: Claim, office: Office) -> None:
    """Send exactly the bytes frozen at packing time; never rebuild, never rename.

    The intent is already recorded by the claim. Each outcome has its own future.
    """
    authority = office.authority(claim.transmission.collectivite)
    now = office.clock.now()
    if _answered_already(claim.transmission):
        office.store.suspend(
            claim, fault=Fault(code="QUE-ANSWERED", params={"key": claim.transmission.key})
        )
        office.store.resolve_landed(claim.transmission.id, None, {"proof": "answer of the State"})
        return
    if missing := missing_attachment(claim.transmission, office):
        fault = Fault(code="QUE-PJ_FIRST", params={"id_unique": missing})
        waited = now - claim.transmission.created_at
        until = now + max(PJ_WAIT, min(waited / 4, LONGEST_PJ_WAIT))
        office.store.postpone(claim, fault=fault, until=until, tried=False)
        return
    if outdated := _outdated(claim.transmission, office):
        faults = Faults([outdated])
        office.store.refuse(claim, faults=faults, heard=Heard.NOTHING)
        show_refusals(authority, office)
        return
    try:
        shipment = shipment_of(claim.transmission, office)
    except FaultError as error:  # the frozen bytes cannot be read: a technician restores them
        away = "QUE-S3_UNREACHABLE" in error.faults.codes  # or the bucket comes back
        until = now + (BUCKET_WAIT if away else office.settings.auth_pause)
        office.store.postpone(claim, fault=_first(error.faults), until=until, tried=not away)
        return
    try:
        reference = authority.connector.deposit(shipment)
    except AuthenticationRefused as error:  # no flow of this authority can leave: do not hammer
        until = now + office.settings.auth_pause
        fault = _first(error.faults)
        office.store.pause_collectivite(authority.siren, until, fault)
        office.store.postpone(claim, fault=fault, until=until, heard=Heard.ANSWER)
    except Unreachable as error:  # surely not received: sending again is safe
        _postpone(claim, error.faults, now, office)
    except OutcomeUnknown as error:  # perhaps received: ask before sending again
        office.store.suspend(claim, fault=_first(error.faults), heard=Heard.SILENCE)
    except Refused as error:
        _refused(claim, error, authority, now, office)
    else:
        _deposited(claim, reference, office)
        logger.info(
            "deposited",
            extra={"action": "deposited", "transmission": claim.transmission.id},
        )


def _answered_already(transmission: TransmissionView) -> bool:
    """Whether the State has it, although nobody knew whether it had left."""
    if transmission.flux == Flux.ACTES:
        return EtatActe(transmission.etat).acknowledged
    return transmission.etat_final


def _outdated(transmission: TransmissionView, office: Office) -> Fault | None:
    """Say so when an act names a classification that is no longer in force: the ministry would
    reject it (002, actes dossier §7). One that may have landed is not judged here."""
    if "classification" not in transmission.facts:
        return None
    used = date.fromisoformat(str(transmission.facts["classification"]))
    current = office.store.classification(transmission.collectivite)
    if current is None or current.day <= used or _may_have_left(transmission, office):
        return None
    params = {"used": french_date(used), "date": french_date(current.day)}
    return Fault(code=OUTDATED, params=params)


def _deposited(claim: Claim, reference: str, office: Office) -> None:
    """Record a success, even when it came after the lease: its reference must not be lost."""
    try:
        office.store.deposited(claim, reference)
    except TransitionRefused:
        office.store.recover_expired()
        office.store.resolve_landed(claim.transmission.id, reference, {"late": "after the lease"})


def shipment_of(transmission: TransmissionView, office: Office) -> Shipment:
    """Return the frozen bytes of a transmission, ready for a connector."""
    return Shipment(
        flux=Flux(transmission.flux),
        file_name=transmission.file_name,
        content=office.store.documents.get(transmission.sha256),
        key=transmission.key,
        about=str(transmission.facts.get("about_reference", "")),
    )


def _refused(
    claim: Claim, error: Refused, authority: Authority, now: datetime, office: Office
) -> None:
    if error.transient:
        _postpone(claim, error.faults, now, office)
    elif error.duplicate and claim.transmission.flux == Flux.HELIOS:
        # the same bytes are there for sure, and nothing tells under which number (§9.3)
        fault = Fault(code="CON-LANDED_NO_ID", params={"key": claim.transmission.key})
        office.store.landed(claim, fault=fault)
    elif error.inconclusive and _may_have_left(claim.transmission, office):
        # what is refused is not the file: an earlier sending of it may have been accepted
        office.store.suspend(claim, fault=_first(error.faults), heard=Heard.ANSWER)
    elif error.account:  # so would be all the others: they wait, and keep their numbers
        until = now + office.settings.auth_pause
        fault = _first(error.faults)
        office.store.postpone(claim, fault=fault, until=until, heard=Heard.ANSWER)
        office.store.hold(authority.siren, claim.transmission.flux, until, fault)
    elif error.duplicate and _may_be_ours(claim, office):
        office.store.suspend(claim, fault=_first(error.faults), heard=Heard.ANSWER)
    else:
        frees = FREED[claim.transmission.flux]
        office.store.refuse(claim, faults=error.faults, frees=frees)
        cancellation_refused(claim.transmission, error.faults, office)
        show_refusals(authority, office)


def _may_have_left(transmission: TransmissionView, office: Office) -> bool:
    """Whether it was perhaps sent before: by us, or by what a restored database has forgotten."""
    if transmission.unknown_since is not None:
        return True
    if office.store.restoration() is None:
        return False
    files = office.store.deposit(transmission.deposit_id).files
    return bool(office.store.doubtful({transmission.sha256, *(one.sha256 for one in files)}))


def _may_be_ours(claim: Claim, office: Office) -> bool:
    """Whether what the other side holds may be what we send: an earlier try (§9.2), or one that a
    restored database has forgotten."""
    return claim.attempt > 1 or office.store.restoration() is not None


def show_refusals(authority: Authority, office: Office) -> None:
    """Lay the sheets of new refusals; a folder out of reach gets them at a later run."""
    try:
        lay_refusals(authority, office)
    except OSError as error:
        logger.warning(
            "sheets not laid: %s",
            error,
            extra={"action": "lay_refusals", "collectivite": authority.siren},
        )


def _postpone(claim: Claim, faults: Faults, now: datetime, office: Office) -> None:
    jitter = random.random()  # noqa: S311 - spreads the retries, protects nothing
    until = next_attempt(claim.attempt, office.settings.retry, now, jitter)
    if until is None:  # a person looks at it; nothing was received, so nothing is lost
        until = now + office.settings.auth_pause
    office.store.postpone(claim, fault=_first(faults), until=until, heard=Heard.SILENCE)


def _first(faults: Faults) -> Fault:
    return next(iter(faults))

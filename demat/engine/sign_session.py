"""The signature of a person: what waits, who may sign it, signing what was shown, refusing it."""

import hashlib
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demat.clock import paris_date
from demat.engine.office import Authority, Office
from demat.engine.parts import Part, Preparation, ToSign
from demat.engine.process import give_back, prepare, sign_and_pack
from demat.engine.sign import Pen
from demat.engine.signataires import Signataire, may_not_sign
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DepositState, TransitionRefused
from demat.queue.views import DepositView, JournalView

__all__ = [
    "SIGNING_REFUSED",
    "Waiting",
    "as_shown",
    "find_signataire",
    "give_back_impossible",
    "may_sign_some",
    "not_awaiting",
    "reasons_against",
    "refuse_to_sign",
    "sign_waiting",
    "signature_of",
    "waiting_deposits",
    "who_declare",
]

logger = logging.getLogger(__name__)

SIGNING_REFUSED = "signing_refused"
"""Entry of the journal: demat did not let a signataire sign a deposit, or could not sign it."""
MOTIF_LENGTH = 500
"""Characters of the reason of a refusal that are kept."""
_CUMUL = re.compile(rb"<MtCumulAnnuel\b[^>]*/>")
_ATTACHMENTS = re.compile(rb"<PES_PJ\b.*</PES_PJ>", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One deposit that awaits a signature, as it is shown to whoever signs."""

    deposit: DepositView
    """The deposit."""
    bordereaux: tuple[ToSign, ...]
    """What is to be signed."""
    digest: str
    """Digest of what is to be signed, but for what the other deposits of a session change in it."""
    faults: Faults
    """What there is to say about it; when one of them blocks, it can only be given back."""


def waiting_deposits(authority: Authority, office: Office) -> tuple[Waiting, ...]:
    """Return what awaits a signature, oldest first; no state moves."""
    states = [DepositState.AWAITING_SIGNATURE]
    found = office.store.deposits(collectivite=authority.siren, states=states)
    return tuple(_shown(deposit, authority, office) for deposit in found)


def _shown(deposit: DepositView, authority: Authority, office: Office) -> Waiting:
    preparation = _prepared(deposit, authority, office)
    return Waiting(
        deposit=deposit,
        bordereaux=preparation.to_sign,
        digest=_digest(preparation.parts),
        faults=preparation.faults,
    )


def _prepared(deposit: DepositView, authority: Authority, office: Office) -> Preparation:
    try:
        return prepare(deposit, authority, office)
    except FaultError as error:
        return Preparation(kind="", faults=error.faults)


def _digest(parts: tuple[Part, ...]) -> str:
    """Digest the parts that are signed, without what signing another deposit changes in them.

    Those are the yearly total of a series, and the attachments, which leave once. A bordereau names
    its attachments, and the files of a deposit never change: nothing that is shown is left out.
    """
    found = hashlib.sha256()
    for part in parts:
        if part.to_sign:
            content = _CUMUL.sub(b"", _ATTACHMENTS.sub(b"", part.content))
            found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


def find_signataire(authority: Authority, nom: str) -> Signataire:
    """Return a signataire by name; the only person when no name is given.

    :raises FaultError: ``INT-NO_SIGNER``, ``INT-SIGNER_UNKNOWN``, ``INT-SIGNER_WHICH``.
    """
    everybody = _declared(authority)
    known = {"nom": authority.nom, "known": ", ".join(one.nom for one in everybody)}
    if not nom.strip():
        people = [one for one in everybody if not one.unattended] or list(everybody)
        if len(people) > 1:
            raise FaultError(Fault(code="INT-SIGNER_WHICH", params=known))
        return people[0]
    for one in everybody:
        if _is_called(one, nom):
            return one
    raise FaultError(Fault(code="INT-SIGNER_UNKNOWN", params={**known, "value": nom}))


def who_declare(authorities: Iterable[Authority], nom: str) -> tuple[Authority, ...]:
    """Return the authorities that declare a signataire of that name.

    :raises FaultError: ``INT-SIGNER_UNKNOWN`` when none does.
    """
    every = tuple(authorities)
    found = tuple(one for one in every if any(_is_called(who, nom) for who in one.signataires))
    if not found:
        names = dict.fromkeys(who.nom for one in every for who in one.signataires)
        params = {"value": nom, "known": ", ".join(names)}
        raise FaultError(Fault(code="INT-SIGNER_UNKNOWN", params=params))
    return found


def _is_called(signataire: Signataire, nom: str) -> bool:
    return signataire.nom.casefold() == " ".join(nom.split()).casefold()


def may_sign_some(
    authority: Authority, waiting: Sequence[Waiting], office: Office
) -> tuple[Signataire, ...]:
    """Return who may sign something of what waits: people, or seals when no person may.

    :raises FaultError: ``INT-NO_SIGNER``; ``INT-SIGNER_NOBODY`` after every reason why.
    """
    everybody = _declared(authority)
    reasons = {
        one.nom: [reasons_against(one, item, office) for item in waiting] for one in everybody
    }
    able = [one for one in everybody if not all(reasons[one.nom])]
    if not able:
        why: list[Fault] = []
        for fault in (fault for found in reasons.values() for one in found for fault in one):
            if fault not in why:
                why.append(fault)
        nobody = Fault(code="INT-SIGNER_NOBODY", params={"nom": authority.nom})
        raise FaultError(Faults([*why, nobody]))
    return tuple(one for one in able if not one.unattended) or tuple(able)


def _declared(authority: Authority) -> tuple[Signataire, ...]:
    if not authority.signataires:
        raise FaultError(Fault(code="INT-NO_SIGNER", params={"nom": authority.nom}))
    return authority.signataires


def not_awaiting(deposit: DepositView) -> Fault:
    """Say that a deposit awaits no signature."""
    params = {"depot": f"D{deposit.id}", "name": deposit.name}
    return Fault(code="INT-NOT_AWAITING", params=params)


def give_back_impossible(waiting: Waiting, authority: Authority, office: Office) -> DepositView:
    """Give back a deposit that can leave no more: a number was used meanwhile, a list changed.

    One that awaits no signature any more is given back as it is.
    """
    found = Preparation(kind="", faults=waiting.faults)
    try:
        return give_back(waiting.deposit, found, authority, office)
    except TransitionRefused:  # somebody else was faster
        return office.store.deposit(waiting.deposit.id)


def as_shown(waiting: Waiting, authority: Authority, office: Office) -> Preparation:
    """Prepare again what was shown; it may have become impossible, but not something else.

    :raises FaultError: ``INT-SIGN_CHANGED``.
    """
    deposit = waiting.deposit
    preparation = _prepared(deposit, authority, office)
    if not preparation.faults.blocking and _digest(preparation.parts) != waiting.digest:
        params = {"depot": f"D{deposit.id}", "name": deposit.name}
        raise FaultError(Fault(code="INT-SIGN_CHANGED", params=params))
    return preparation


def reasons_against(signataire: Signataire, waiting: Waiting, office: Office) -> Faults:
    """Return why a signataire may not sign what waits, today; nothing when it may."""
    return may_not_sign(signataire, waiting.bordereaux, paris_date(office.clock.now()))


def sign_waiting(waiting: Waiting, pen: Pen, authority: Authority, office: Office) -> DepositView:
    """Sign a deposit with a key that is open, if it still is what was shown, then freeze it.

    One that awaits no signature any more is given back as it is.

    :raises FaultError: ``INT-SIGNER_…`` when the signataire may not, ``INT-SIGN_CHANGED``,
        ``SIG-…``; the deposit still awaits its signature.
    """
    deposit = office.store.deposit(waiting.deposit.id)
    if deposit.state is not DepositState.AWAITING_SIGNATURE:
        return deposit
    try:
        return _sign(deposit, waiting, pen, authority, office)
    except TransitionRefused:  # somebody else signed or refused it meanwhile
        return office.store.deposit(deposit.id)
    except FaultError as error:
        detail = {"signataire": pen.signataire.nom, "codes": " ".join(error.faults.codes)}
        office.store.tell(authority.siren, SIGNING_REFUSED, detail, deposit_id=deposit.id)
        raise


def _sign(
    deposit: DepositView, waiting: Waiting, pen: Pen, authority: Authority, office: Office
) -> DepositView:
    reasons_against(pen.signataire, waiting, office).raise_if_blocking()
    preparation = as_shown(waiting, authority, office)
    if preparation.faults.blocking:  # the world has moved since: a number was used, a list changed
        return give_back(deposit, preparation, authority, office)
    return sign_and_pack(deposit, preparation, pen, authority, office)


def signature_of(deposit_id: int, office: Office) -> JournalView | None:
    """Return what the journal tells of the last signature of a deposit; ``None``: never signed."""
    told = office.store.journal(deposit_id=deposit_id)
    return next((one for one in reversed(told) if one.action == "signed" and one.detail), None)


def refuse_to_sign(
    deposit: DepositView, signataire: Signataire, motif: str, authority: Authority, office: Office
) -> DepositView:
    """Send a deposit back to its agent with the reason of whoever refuses to sign it.

    :raises FaultError: ``INT-SIGN_MOTIF`` when no reason is given, ``INT-NOT_AWAITING``.
    """
    reason = " ".join(motif.split())[:MOTIF_LENGTH]
    if not reason:
        raise FaultError(Fault(code="INT-SIGN_MOTIF"))
    deposit = office.store.deposit(deposit.id)
    if deposit.state is not DepositState.AWAITING_SIGNATURE:
        raise FaultError(not_awaiting(deposit))
    who = {"signataire": signataire.nom, "qualite": signataire.qualite}
    fault = Fault(code="INT-SIGN_REFUSED", params={**who, "motif": reason}, source=deposit.name)
    refused = Preparation(kind="", faults=Faults([fault]))
    detail = {**who, "motif": reason}
    try:
        returned = give_back(deposit, refused, authority, office, detail=detail)
    except TransitionRefused as error:  # somebody else signed it meanwhile
        raise FaultError(not_awaiting(deposit)) from error
    logger.info("refused to sign", extra={"action": "refused_to_sign", "deposit": deposit.id})
    return returned

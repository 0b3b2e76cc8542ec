"""Sign every bordereau that awaits it, and verify our own signatures before anything is frozen."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from demat.amounts import total
from demat.clock import PARIS, paris_date
from demat.engine.office import Authority, Office
from demat.engine.parts import Part, ToSign
from demat.engine.signataires import Person, Signataire, may_not_sign
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.ready_made import root_id
from demat.queue.readings import CLOCK_VERIFIED
from demat.schemas.validate import validate
from demat.signing.certificate import (
    Certificate,
    check_organisation,
    check_signer,
    describe,
    fingerprint,
    is_personal,
)
from demat.signing.expiry import expiry
from demat.signing.keys import Signer, SignerUnusable
from demat.signing.verdict import Verdict
from demat.signing.verify import SignatureReport, verify
from demat.signing.xades import sign_elements

__all__ = [
    "KEY_UNUSABLE",
    "Pen",
    "SignerUnusable",
    "check_certificate",
    "check_clock",
    "check_signataire",
    "ended_delegation",
    "false_signatures",
    "opened",
    "sign_parts",
    "signed_by",
    "vouch_for_clock",
]

logger = logging.getLogger(__name__)

KEY_UNUSABLE = "key_unusable"
"""Entry of the journal: a signataire's key could not be opened, or may not be used."""
CLOCK_SLACK = timedelta(minutes=2)
"""How far a clock may be set back by those who keep it right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """The key of a signataire, opened and fit to be used."""

    signataire: Signataire
    signer: Signer
    faults: Faults
    """Warnings about its certificate."""


@contextmanager
def opened(
    signataire: Signataire,
    authority: Authority,
    office: Office,
    *,
    person: Person | None = None,
    deposit_id: int | None = None,
) -> Iterator[Pen]:
    """Open the key of a signataire for as long as it is needed; a failure is told to the journal.

    :param person: who is there to type the secret; ``None`` when nobody is.
    :param deposit_id: the only deposit that it is opened for, if there is one.
    :raises SignerUnusable: the key cannot be opened, or may not be used today by this authority.
    """
    with ExitStack() as stack:
        try:
            check_clock(office).raise_if_blocking()
            signer = stack.enter_context(signataire.open(person))
            faults = check_certificate(
                signer.certificate, signataire, authority, office.clock.now()
            )
            faults.raise_if_blocking()
        except FaultError as error:
            _tell_unusable(signataire, authority, office, error.faults, deposit_id)
            raise SignerUnusable(error.faults) from error
        yield Pen(signataire=signataire, signer=signer, faults=faults)


def _tell_unusable(
    signataire: Signataire,
    authority: Authority,
    office: Office,
    faults: Faults,
    deposit_id: int | None,
) -> None:
    """Write that a key is of no use, once as long as nothing else happens to the deposit."""
    detail = {"signataire": signataire.nom, "codes": " ".join(faults.codes)}
    if deposit_id is not None:
        last = office.store.journal(deposit_id=deposit_id)[-1]
        if (last.action, last.detail) == (KEY_UNUSABLE, detail):
            return
    office.store.tell(authority.siren, KEY_UNUSABLE, detail, deposit_id=deposit_id)


def check_clock(office: Office) -> Faults:
    """Judge the clock of this computer: time never goes back in the journal.

    A signature that bears a wrong time is no proof. ``vouch_for_clock`` ends the doubt.
    """
    now, latest = office.clock.now(), office.store.latest_instant()
    if latest is None or now >= latest - CLOCK_SLACK:
        return Faults()
    params = {"now": _moment(now), "latest": _moment(latest)}
    return Faults([Fault(code="SIG-CLOCK_BACK", params=params)])


def vouch_for_clock(authority: Authority, office: Office) -> None:
    """Write that somebody looked at the clock of this computer and found it right."""
    office.store.tell(authority.siren, CLOCK_VERIFIED, {})


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(PARIS):%d/%m/%Y à %H:%M}"


def check_certificate(
    certificate: Certificate, signataire: Signataire, authority: Authority, at: datetime
) -> Faults:
    """Judge whether a certificate may serve a signataire of an authority at an aware instant."""
    faults = check_signer(certificate, at, authority.trust.policies)
    faults += check_organisation(certificate, _sirens(authority))
    if signataire.fingerprint and fingerprint(certificate) != signataire.fingerprint:
        params = {"nom": signataire.nom, "holder": describe(certificate).holder}
        faults += [Fault(code="SIG-FINGERPRINT", params=params)]
    if signataire.unattended and is_personal(certificate):
        holder = {"holder": describe(certificate).holder}
        faults += [Fault(code="SIG-NOT_SEAL", params=holder, severity=Severity.WARNING)]
    return faults


def check_signataire(signataire: Signataire, authority: Authority, office: Office) -> Faults:
    """Judge whether a signataire could sign now, as far as it can be known while nobody is there.

    A key whose secret is typed is not opened: only a certificate that lies beside it is judged.

    :return: with ``SIG-EXPIRY_…`` and ``INT-SIGNER_ENDED`` as warnings.
    """
    now = office.clock.now()
    try:
        if signataire.typed:
            certificate = signataire.public()
        else:
            with signataire.open(None) as signer:
                certificate = signer.certificate
    except FaultError as error:
        return error.faults
    faults = ended_delegation(signataire, paris_date(now))
    if certificate is None:
        return faults
    return (
        faults
        + check_certificate(certificate, signataire, authority, now)
        + _soon(certificate, now)
    )


def ended_delegation(signataire: Signataire, day: date) -> Faults:
    """Tell that a delegation is over: nothing is broken, but its holder signs nothing."""
    return Faults(
        replace(fault, severity=Severity.WARNING)
        for fault in may_not_sign(signataire, (), day)
        if fault.code == "INT-SIGNER_ENDED"
    )


def _soon(certificate: Certificate, now: datetime) -> Faults:
    facts = describe(certificate)
    if now > facts.not_after:  # already told as a reason not to sign
        return Faults()
    return expiry(facts.holder, paris_date(facts.not_after), paris_date(now))


def _sirens(authority: Authority) -> frozenset[str]:
    sirets = [authority.siret, *(budget.siret for budget in authority.budgets)]
    return frozenset([authority.siren, *(siret[:9] for siret in sirets)])


def signed_by(pen: Pen, bordereaux: Iterable[ToSign]) -> Mapping[str, str]:
    """Return what the journal keeps of a signature: who, with which certificate, what, how much.

    The name of the signataire is in the signature itself: it is part of the proof. The total is
    empty when one of the amounts cannot be told.
    """
    given = tuple(bordereaux)
    totals = [one.total for one in given if one.total is not None]
    facts = describe(pen.signer.certificate)
    delegation = pen.signataire.delegation
    detail = {
        "signataire": pen.signataire.nom,
        "qualite": pen.signataire.qualite,
        "certificat": facts.serial,
        "emetteur": facts.issuer,
        "empreinte": fingerprint(pen.signer.certificate),
        "bordereaux": str(len(given)),
        "total": str(total(totals)) if len(totals) == len(given) else "",
    }
    return detail | ({"delegation": delegation.reference} if delegation else {})


def sign_parts(
    parts: tuple[Part, ...], pen: Pen, authority: Authority, office: Office
) -> tuple[Part, ...]:
    """Return the same parts, signed where they ask for it.

    :raises SignerUnusable: the certificate ended since the key was opened.
    :raises FaultError: ``SIG-…`` when a signature that was just made does not verify: then nothing
        may leave.
    """
    now = office.clock.now()
    signer, known = pen.signer, authority.trust.policies
    options = replace(pen.signataire.options, known=known)
    usable = check_signer(signer.certificate, now, known).blocking
    if usable:
        raise SignerUnusable(usable)
    signed = []
    for part in parts:
        if not part.to_sign:
            signed.append(part)
            continue
        ids = [one.id for one in part.to_sign]
        if pen.signataire.whole:
            ids = [root_id(part.content)]
        content = sign_elements(part.content, ids, signer=signer, options=options, at=now)
        _verify_ours(content, part, authority, office)
        signed.append(replace(part, content=content, to_sign=()))
    return tuple(signed)


def false_signatures(content: bytes, authority: Authority) -> Faults:
    """Return why the signatures of a file that came signed would be refused (rule 16).

    A chain that is only undecided stops nothing: the comptable judges it.
    """
    return Faults(
        replace(reason, severity=Severity.BLOCKING)
        for report in verify(content, trust=authority.trust)
        if not _is_sound(report) or report.verdict is Verdict.REFUSED
        for reason in report.reasons
    )


def _is_sound(report: SignatureReport) -> bool:
    return report.digests_correct and report.value_correct and report.covered


def _verify_ours(content: bytes, part: Part, authority: Authority, office: Office) -> None:
    """Verify digests, value and coverage, refuse a chain proven wrong, validate the file again.

    A chain that is only undecided (no revocation list at hand) does not stop the authority's own
    signature: the comptable judges it.
    """
    faults = Faults()
    for report in verify(content, trust=authority.trust):
        if not _is_sound(report) or report.verdict is Verdict.REFUSED:
            faults += report.reasons
            faults += [Fault(code="SIG-OURS", params={"element": report.element_id})]
    faults += validate(content, catalogue=office.catalogue).blocking
    if faults.blocking:
        raise FaultError(faults.within(part.file_name))

"""Sign every bordereau that awaits it, and verify our own signatures before anything is frozen."""

from dataclasses import replace
from datetime import datetime

from demat.engine.office import Authority, Office, SigningMeans
from demat.engine.parts import Part
from demat.faults import Fault, FaultError, Faults, Severity
from demat.schemas.validate import validate
from demat.signing.certificate import check_signer
from demat.signing.keys import Signer, SignerUnusable
from demat.signing.verdict import Verdict
from demat.signing.verify import SignatureReport, verify
from demat.signing.xades import sign_elements

__all__ = ["SignerUnusable", "false_signatures", "sign_parts"]


def sign_parts(
    parts: tuple[Part, ...], means: SigningMeans, authority: Authority, office: Office
) -> tuple[Part, ...]:
    """Return the same parts, signed where they ask for it.

    :raises SignerUnusable: the key cannot be opened or used today.
    :raises FaultError: ``SIG-…`` when a signature that was just made does not verify: then nothing
        may leave.
    """
    now = office.clock.now()
    signer = _usable(means, now)
    signed = []
    for part in parts:
        if not part.sign_ids:
            signed.append(part)
            continue
        content = sign_elements(
            part.content, part.sign_ids, signer=signer, options=means.options, at=now
        )
        _verify_ours(content, part, authority, office)
        signed.append(replace(part, content=content, sign_ids=()))
    return tuple(signed)


def _usable(means: SigningMeans, now: datetime) -> Signer:
    try:
        signer = means.load()
        check_signer(signer.certificate, now).raise_if_blocking()
    except FaultError as error:
        raise SignerUnusable(error.faults) from error
    return signer


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

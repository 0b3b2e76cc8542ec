"""What the signatures of a frozen file are worth, at the time that a time-stamp proves.

A signatory may claim any date. A time-stamp on the signed file proves that the signature existed by
then: its certificate is judged at that instant, and what happens to it later does not matter.
Without one, it must be good at the instant of the check as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from demat.actes.archive import unpack
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.certificate import load_certificate
from demat.signing.cms import CLOCK_SKEW
from demat.signing.material import certificates_in
from demat.signing.pades import check_pdf_signatures
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from demat.signing.verify import verify

__all__ = ["Signed", "judge_frozen"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """One signature of a frozen file."""

    where: str
    """Bordereau, or file of the archive, that it is on."""
    signer: str
    """Common name of the signatory."""
    issuer: str
    """Common name of the authority that certified them."""
    signing_time: datetime | None
    """When the signatory says that they signed."""
    verdict: Verdict
    """Judgment, at the proven time when there is one."""
    reasons: Faults
    """Why it is not accepted."""
    certificate: bytes
    """DER."""


def judge_frozen(
    flux: str,
    content: bytes,
    *,
    trust: TrustStore,
    proven: datetime | None,
    at: datetime,
) -> tuple[Signed, ...]:
    """Judge every signature of a frozen file; one that bears none has none.

    :param trust: roots that the reader trusts; certificates and lists of the day.
    :param proven: instant of the time-stamp on the file; ``None`` when there is none.
    :param at: aware instant of the check.
    """
    helped = replace(trust, intermediates=(*trust.intermediates, *certificates_in(content)))
    moment = proven or at
    found = _of_pes(content, helped) if flux == Flux.HELIOS else _of_acte(content, helped, moment)
    return tuple(_at_proven_time(one, helped, proven, at) for one in found)


def _of_pes(content: bytes, trust: TrustStore) -> Iterator[Signed]:
    reports = verify(content, trust=trust)
    if all(report.reasons.codes == ("SIG-UNSIGNED",) for report in reports):
        return
    for report in reports:
        yield Signed(
            where=f"{report.element} {report.element_id}".strip(),
            signer=report.signer,
            issuer=report.issuer,
            signing_time=report.signing_time,
            verdict=report.verdict,
            reasons=report.reasons,
            certificate=report.certificate,
        )


def _of_acte(content: bytes, trust: TrustStore, at: datetime) -> Iterator[Signed]:
    for name, member in unpack(content).items():
        if not name.lower().endswith(".pdf"):
            continue
        for report in check_pdf_signatures(member, trust, at):
            yield Signed(
                where=name,
                signer=report.signer,
                issuer=report.issuer,
                signing_time=report.signing_time,
                verdict=report.verdict,
                reasons=report.reasons.within(name),
                certificate=report.certificate,
            )


def _at_proven_time(
    one: Signed, trust: TrustStore, proven: datetime | None, at: datetime
) -> Signed:
    if one.verdict is Verdict.REFUSED or not one.certificate:
        return one
    reasons = one.reasons + _date_doubts(one, proven)
    try:
        certificate = load_certificate(one.certificate)
    except FaultError as error:
        return replace(one, verdict=Verdict.REFUSED, reasons=error.faults)
    verdict, told = trust.check_chain(certificate, (), proven or at)
    if verdict is Verdict.REFUSED:  # good on the day that it claims, which nothing proves
        params = {"signataire": one.signer, "date": _day(proven or at)}
        reasons += [Fault(code="PRV-SIGNED_WHEN", params=params, severity=Severity.WARNING)]
    reasons += Faults(
        replace(fault, severity=Severity.WARNING)
        for fault in told
        if fault.code not in reasons.codes
    )
    undecided = verdict is not Verdict.ACCEPTED or one.verdict is not Verdict.ACCEPTED
    doubted = "PRV-SIGNED_AFTER" in reasons.codes
    return replace(
        one,
        verdict=Verdict.UNDECIDED if undecided or doubted else Verdict.ACCEPTED,
        reasons=reasons,
    )


def _date_doubts(one: Signed, proven: datetime | None) -> Faults:
    """Notice a signature that says it is younger than the time-stamp on it."""
    if proven is None or one.signing_time is None or one.signing_time <= proven + CLOCK_SKEW:
        return Faults()
    params = {"signataire": one.signer, "date": _day(proven)}
    return Faults([Fault(code="PRV-SIGNED_AFTER", params=params, severity=Severity.WARNING)])


def _day(instant: datetime) -> str:
    return paris_date(instant).strftime("%d/%m/%Y")

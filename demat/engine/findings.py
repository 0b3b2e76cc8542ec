"""One view of every kind of signature: XAdES, PDF, detached PKCS#7, seal of a budget.

Each kind keeps its own value, made by its own verifier; this is what a person is shown of them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from demat.actes.scellement import EtatScellement, Scellement
from demat.faults import Fault, Faults
from demat.signing.cms import Coverage, DocumentSignature
from demat.signing.level import NiveauCertificat, level_of
from demat.signing.verdict import Verdict
from demat.signing.verify import SignatureReport

__all__ = [
    "Covers",
    "SignatureFinding",
    "SignatureKind",
    "of_detached",
    "of_pdf",
    "of_seal",
    "of_xades",
]


class SignatureKind(StrEnum):
    """How something is signed, or sealed."""

    XADES = "xades"
    """In an element of an XML document."""
    PADES = "pades"
    """In a PDF."""
    CMS = "cms"
    """In a file of its own, or in the message of ACTES that names the document."""
    SEAL = "seal"
    """The seal of TotEM, which anybody can compute: it is nobody's signature."""


class Covers(StrEnum):
    """What exactly a signature answers for."""

    ELEMENT = "element"
    """One element of an XML document, such as a bordereau."""
    WHOLE_FILE = "whole_file"
    """Every byte or every element of the file."""
    REVISION = "revision"
    """The PDF as it was when it was signed; what was added since is of a kind that is allowed."""
    DOCUMENT = "document"
    """Every byte of a document that lies beside the signature."""
    ALL_BUT_SEAL = "all_but_seal"
    """The whole file, the seal itself left out."""
    NOTHING = "nothing"
    """Nothing for sure: not the element or the file where it stands, or only a part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureFinding:
    """What was found about one signature, or about one element that lacks it."""

    kind: SignatureKind
    verdict: Verdict
    reasons: Faults
    """Why it is not simply good; each says what to do."""
    covers: Covers
    member: str = ""
    """Name of the file in the archive, or of the document beside the signature."""
    element: str = ""
    """XAdES: local name of the element that carries the signature, or should."""
    element_id: str = ""
    """XAdES: its attribute ``Id``."""
    line: int | None = None
    """XAdES: line where it starts."""
    field: str = ""
    """PDF: name of the signature field."""
    signer: str = ""
    """Common name of the signatory; empty for a seal."""
    issuer: str = ""
    serial: str = ""
    """Serial number of the certificate, decimal."""
    signing_time: datetime | None = None
    time_proven: bool = False
    """Whether a time-stamp of a trusted authority proves the time; else somebody claims it."""
    time_stamp: bool = False
    """Whether it is a time-stamp on the document, which is nobody's consent."""
    sealed_at: str = ""
    """Seal: when, as it is written."""
    level: NiveauCertificat | None = None
    """What the certificate says of its own strength; ``None`` without a certificate."""
    policy: str = ""
    role: str = ""
    covered: bool = False
    """Whether it bears on what it seems to bear on."""
    digests_correct: bool = False
    value_correct: bool = False
    chain: Verdict = Verdict.UNDECIDED

    def within(self, member: str) -> "SignatureFinding":
        """Return the same finding, on a file of an archive."""
        return replace(self, member=self.member or member, reasons=self.reasons.within(member))


def of_xades(report: SignatureReport, *, root: str) -> SignatureFinding:
    """Convert what was found on a signature in XML.

    :param root: local name of the root: what is signed there is the whole file.
    """
    covers = Covers.WHOLE_FILE if report.element == root else Covers.ELEMENT
    return SignatureFinding(
        kind=SignatureKind.XADES,
        verdict=report.verdict,
        reasons=report.reasons,
        covers=covers if report.covered else Covers.NOTHING,
        element=report.element,
        element_id=report.element_id,
        line=report.line,
        signer=report.signer,
        issuer=report.issuer,
        serial=report.serial,
        signing_time=report.signing_time,
        level=level_of(report.certificate) if report.certificate else None,
        policy=report.policy,
        role=report.role,
        covered=report.covered,
        digests_correct=report.digests_correct,
        value_correct=report.value_correct,
        chain=report.chain,
    )


_OF_PDF = {
    Coverage.WHOLE: Covers.WHOLE_FILE,
    Coverage.EXTENDED: Covers.REVISION,
    Coverage.CHANGED: Covers.NOTHING,
    Coverage.PARTIAL: Covers.NOTHING,
}


def of_pdf(found: DocumentSignature) -> SignatureFinding:
    """Convert what was found on a signature in a PDF."""
    covers = _OF_PDF[found.coverage] if found.intact else Covers.NOTHING
    return _of_document(found, SignatureKind.PADES, covers)


def of_detached(found: DocumentSignature, document: str) -> SignatureFinding:
    """Convert what was found on a signature beside a document.

    :param document: name of the document.
    """
    covers = Covers.DOCUMENT if found.intact else Covers.NOTHING
    return replace(_of_document(found, SignatureKind.CMS, covers), member=document)


def _of_document(found: DocumentSignature, kind: SignatureKind, covers: Covers) -> SignatureFinding:
    codes = found.reasons.codes
    return SignatureFinding(
        kind=kind,
        verdict=found.verdict,
        reasons=found.reasons,
        covers=covers,
        field=found.name,
        signer=found.signer,
        issuer=found.issuer,
        serial=found.serial,
        signing_time=found.signing_time,
        time_proven=found.time_proven,
        time_stamp=found.time_stamp,
        level=level_of(found.certificate) if found.certificate else None,
        covered=covers is not Covers.NOTHING,
        digests_correct=found.intact,
        value_correct=bool(found.certificate) and "SIG-PDF_VALUE" not in codes,
        chain=found.chain,
    )


_SEAL_FAULTS = {EtatScellement.ABSENT: "ACT-046", EtatScellement.ALTERED: "ACT-047"}


def of_seal(seal: Scellement, name: str) -> SignatureFinding:
    """Convert what was found on the seal of a budget.

    :param name: name of the file, which the sentences show.
    """
    code = _SEAL_FAULTS.get(seal.etat)
    reasons = Faults([Fault(code=code, params={"name": name})] if code else ())
    intact = seal.etat is EtatScellement.INTACT
    return SignatureFinding(
        kind=SignatureKind.SEAL,
        verdict=Verdict.ACCEPTED if intact else Verdict.REFUSED,
        reasons=reasons,
        covers=Covers.ALL_BUT_SEAL if intact else Covers.NOTHING,
        sealed_at=seal.date,
        covered=intact,
        digests_correct=intact,
    )

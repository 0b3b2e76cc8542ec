"""Verifying the signatures inside a PDF (PAdES and what came before), offline.

A signed PDF may legitimately grow: other signatures, time-stamps, revocation lists, filled fields.
pyHanko compares what was signed with what is there now and says whether the additions are only of
these kinds. Imported lazily: it costs half a second, and most PDFs are not signed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from demat.faults import Fault, Faults, Severity
from demat.signing.cms import (
    MALFORMED,
    MAX_SIGNERS,
    Coverage,
    DocumentSignature,
    digest_of,
    judge_signer,
    unreadable,
    verdict_of,
)
from demat.signing.trust import TrustStore

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import DictionaryObject
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

__all__ = ["check_pdf_signatures"]

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[")
_END = re.compile(rb"startxref\s+\d+\s+%%EOF[\s\0]*")
"""What a file ends with: readers that find anything else rebuild the file from its debris."""
_KINDS = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/ETSI.RFC3161"})
"""``/SubFilter`` of the signatures whose signed bytes are those of the file."""


def check_pdf_signatures(
    content: bytes, trust: TrustStore, at: datetime
) -> tuple[DocumentSignature, ...]:
    """Verify every signature of a PDF, oldest first; an unsigned PDF has none.

    :param at: aware instant of the check; each chain is judged when it was signed (§11 trap 26).
    :return: refused with ``SIG-PDF_ALTERED``, ``SIG-PDF_VALUE``, ``SIG-PDF_CHANGED``,
        ``SIG-PDF_PARTIAL`` or a reason of :meth:`TrustStore.check_chain`; undecided with a warning
        ``SIG-PDF_UNREADABLE``, ``SIG-PDF_KIND``, ``SIG-PDF_WEAK``, ``SIG-PDF_NO_TIME``,
        ``SIG-PDF_FUTURE``, ``SIG-PDF_REMOVED`` or ``SIG-PDF_MANY``.
    """
    if not _BYTE_RANGE.search(content):
        return ()
    from pyhanko.pdf_utils.misc import PdfError

    try:
        return tuple(_check(content, trust, at))
    except (*MALFORMED, PdfError) as error:
        return (unreadable(error),)


def _check(content: bytes, trust: TrustStore, at: datetime) -> Iterator[DocumentSignature]:
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = PdfFileReader(BytesIO(content), strict=False)
    if reader.encrypted:
        reader.decrypt("")
    fields = list(enumerate_sig_fields(reader, filled_status=True))
    if not fields:
        yield _alone("SIG-PDF_REMOVED")
    trust = _with_evidence(reader, trust)
    for name, _value, field in fields[:MAX_SIGNERS]:
        try:
            yield _judge(reader, field, str(name), trust, at, content)
        except (*MALFORMED, PdfError) as error:
            yield unreadable(error, str(name))
    if len(fields) > MAX_SIGNERS:
        yield _alone("SIG-PDF_MANY", count=str(len(fields)))


def _alone(code: str, **params: str) -> DocumentSignature:
    fault = Fault(code=code, params=params, severity=Severity.WARNING)
    return DocumentSignature(reasons=Faults([fault]))


def _with_evidence(reader: "PdfFileReader", trust: TrustStore) -> TrustStore:
    """Add the revocation evidence that the file carries: signed by the authorities, not by it."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation.dss import DocumentSecurityStore
    from pyhanko.sign.validation.errors import NoDSSFoundError

    try:
        store = DocumentSecurityStore.read_dss(reader)
        crls = tuple(ref.get_object().data for ref in store.crls[:MAX_SIGNERS])
        ocsps = tuple(ref.get_object().data for ref in store.ocsps[:MAX_SIGNERS])
    except NoDSSFoundError:
        return trust
    except (*MALFORMED, PdfError):  # evidence that cannot be read is no evidence
        return trust
    return replace(trust, crls=(*trust.crls, *crls), ocsps=(*trust.ocsps, *ocsps))


def _judge(
    reader: "PdfFileReader",
    field: "DictionaryObject",
    name: str,
    trust: TrustStore,
    at: datetime,
    content: bytes,
) -> DocumentSignature:
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

    signature = EmbeddedPdfSignature(reader, field, name)
    if str(signature.sig_object.get("/SubFilter")) not in _KINDS:
        return replace(_alone("SIG-PDF_KIND"), name=name)
    if signature.sig_object_type == "/DocTimeStamp":
        found = _time_stamp(signature, name, trust, at)
    else:
        found = judge_signer(
            signature.signed_data,
            signature.signer_info,
            digest=signature.compute_digest,
            trust=trust,
            at=at,
            name=name,
            claimed=_claimed(signature),
        )
    if not found.intact:  # what was added to something broken tells nothing more
        return found
    coverage = _coverage(signature, content)
    reasons = found.reasons + _uncovered(coverage, found.signer)
    return replace(found, coverage=coverage, reasons=reasons, verdict=verdict_of(reasons))


def _time_stamp(
    signature: "EmbeddedPdfSignature", name: str, trust: TrustStore, at: datetime
) -> DocumentSignature:
    """Judge a time-stamp on the document: it signs a time and the digest of the file."""
    enclosed = signature.signed_data["encap_content_info"]["content"]
    imprint = enclosed.parsed["message_imprint"]["hashed_message"].native
    found = judge_signer(
        signature.signed_data,
        signature.signer_info,
        digest=digest_of(bytes(enclosed)),
        trust=trust,
        at=at,
        name=name,
        claimed=enclosed.parsed["gen_time"].native,
    )
    found = replace(found, time_stamp=True)
    if not found.intact or signature.compute_digest() == imprint:
        return found
    fault = Fault(code="SIG-PDF_ALTERED", params={"holder": found.signer})
    reasons = Faults([fault]) + found.reasons
    return replace(found, intact=False, reasons=reasons, verdict=verdict_of(reasons))


def _claimed(signature: "EmbeddedPdfSignature") -> datetime | None:
    """Return the time that the PDF claims (``/M``), when the signature says nothing."""
    try:
        return signature.self_reported_timestamp
    except MALFORMED:
        return None


def _coverage(signature: "EmbeddedPdfSignature", content: bytes) -> Coverage:
    """Tell how much of the file a signature answers for.

    pyHanko compares the revisions. Two things are looked at here because it does not: where the
    signed parts lie (it adds up their sizes only), and what follows the last revision.
    """
    from pyhanko.sign.diff_analysis import SuspiciousModification
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if not _leaves_out_itself_only(signature, content):
        return Coverage.PARTIAL
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]  # of pyHanko
    level = signature.coverage
    if level is SignatureCoverageLevel.ENTIRE_FILE:
        return Coverage.WHOLE
    if level is not SignatureCoverageLevel.ENTIRE_REVISION:
        return Coverage.PARTIAL
    if isinstance(signature.diff_result, SuspiciousModification) or not _is_ended(content):
        return Coverage.CHANGED
    allowed = signature.summarise_integrity_info()["docmdp_ok"]
    return Coverage.EXTENDED if allowed else Coverage.CHANGED


def _leaves_out_itself_only(signature: "EmbeddedPdfSignature", content: bytes) -> bool:
    """Tell whether the two signed parts surround the value of the signature, and nothing else."""
    numbers = [int(number) for number in signature.byte_range]
    if len(numbers) != 4:
        return False
    first, size, second, rest = numbers
    gap = content[size:second] if 0 < size < second else b""
    if first != 0 or rest <= 0 or second + rest > len(content):
        return False
    if gap[:1] != b"<" or gap[-1:] != b">":
        return False
    return bytes.fromhex(gap[1:-1].decode("ascii")) == signature.pkcs7_content


def _is_ended(content: bytes) -> bool:
    return _END.fullmatch(content, content.rindex(b"startxref")) is not None


def _uncovered(coverage: Coverage, holder: str) -> Faults:
    codes = {Coverage.CHANGED: "SIG-PDF_CHANGED", Coverage.PARTIAL: "SIG-PDF_PARTIAL"}
    if coverage not in codes:
        return Faults()
    return Faults([Fault(code=codes[coverage], params={"holder": holder})])

"""Verifying a CMS (PKCS#7) signature: inside a PDF, or in a file of its own beside the document.

Three answers, as everywhere (``demat.signing.verdict``): refused only when something is proven
wrong. The chain is judged by :class:`TrustStore` at the instant of the signature, never by the
authorities of the system and never through the network (architecture, decision 17). pyHanko does
the cryptography; it is imported when a signature is really there.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from asn1crypto import cms, pem, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.certificate import (
    check_person,
    check_strength,
    describe,
    load_certificate,
)
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = [
    "MALFORMED",
    "MAX_SIGNERS",
    "Coverage",
    "DocumentSignature",
    "check_detached",
    "designated",
    "digest_of",
    "enclosed_content",
    "given_certificates",
    "is_cms",
    "judge_signer",
    "unreadable",
    "verdict_of",
]

MAX_SIGNERS = 20
"""Signatures looked at in one file."""
CLOCK_SKEW = timedelta(hours=1)
"""How far the clock of a signatory may be ahead of ours."""
MALFORMED = (
    ValueError,  # pyHanko's own errors on CMS derive from it
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
    InvalidSignature,
)
"""What asn1crypto, cryptography and pyHanko raise on what is not a well-made signature."""

_DIGESTS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_WEAK = frozenset({"md5", "sha1"})
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+")


class Coverage(StrEnum):
    """How much of a file a signature answers for."""

    WHOLE = "whole"
    """The file is as it was when it was signed."""
    EXTENDED = "extended"
    """Something was added after the signature, of the kinds that a signed PDF allows."""
    CHANGED = "changed"
    """What was added after the signature changes the document."""
    PARTIAL = "partial"
    """The signature never covered all that it should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentSignature:
    """What is known of one signature on a document, and why it is not simply good."""

    name: str = ""
    """Name of the signature field of the PDF; empty for a detached signature."""
    signer: str = ""
    """Common name of the signatory."""
    issuer: str = ""
    """Common name of the authority that certified the signatory."""
    serial: str = ""
    """Serial number of the certificate, decimal."""
    signing_time: datetime | None = None
    """When it was signed, aware; none when nothing says it."""
    time_proven: bool = False
    """Whether a time-stamp of a trusted authority proves the time; else the signatory claims it."""
    time_stamp: bool = False
    """Whether it is a time-stamp on the document, which is nobody's consent."""
    coverage: Coverage = Coverage.WHOLE
    intact: bool = False
    """Whether the signed bytes are the ones that were signed, by the key of the certificate."""
    chain: Verdict = Verdict.UNDECIDED
    """Judgment of the certificate alone, at the time of the signature."""
    verdict: Verdict = Verdict.UNDECIDED
    reasons: Faults = field(default_factory=Faults)
    """Why it is not accepted: blocking what is proven wrong, warnings what could not be checked."""
    certificate: bytes = b""
    """Certificate of the signatory, DER."""


def check_detached(
    content: bytes, signature: bytes, trust: TrustStore, at: datetime
) -> tuple[DocumentSignature, ...]:
    """Verify a PKCS#7 signature that lies beside a document (``.p7s``: DER, PEM or base64).

    :param content: the document, untouched (``acte_pdf_file``, connectors dossier).
    :param signature: the signature file (``acte_pdf_file_sign``).
    :param at: aware instant of the check; the chain is judged when it was signed.
    :return: one per signatory, at least one; malformed ones are undecided
        (``SIG-PDF_UNREADABLE``), never left out.
    """
    try:
        signed = _signed_data(signature)
        signers = list(signed["signer_infos"])
        kind = str(signed["encap_content_info"]["content_type"].native)
        enclosed = signed["encap_content_info"]["content"].native
    except MALFORMED as error:
        return (unreadable(error),)
    if not signers:
        return (unreadable(ValueError("no signer")),)
    if kind != "data" or (enclosed is not None and not isinstance(enclosed, bytes)):
        return (unreadable(ValueError(f"content of type {kind}")),)
    document = content if enclosed is None else enclosed
    found = [
        judge_signer(signed, info, digest=digest_of(document), trust=trust, at=at)
        for info in signers[:MAX_SIGNERS]
    ]
    if len(signers) > MAX_SIGNERS:
        found.append(DocumentSignature(reasons=_undecided("SIG-PDF_MANY", count=str(len(signers)))))
    if enclosed is not None and enclosed != content:  # signed, but something else
        found = [_other_content(one) for one in found]
    return tuple(found)


def is_cms(content: bytes) -> bool:
    """Tell whether a file is a PKCS#7 signature (DER, PEM or base64)."""
    try:
        _signed_data(content)
    except MALFORMED:
        return False
    return True


def enclosed_content(signature: bytes) -> bytes | None:
    """Return the document that a signature carries in itself (``.p7m``); ``None`` without one."""
    try:
        enclosed = _signed_data(signature)["encap_content_info"]["content"].native
    except MALFORMED:
        return None
    return enclosed if isinstance(enclosed, bytes) else None


def digest_of(content: bytes) -> Callable[[str], bytes]:
    """Return what gives the digest of some bytes by the name of an algorithm."""
    return lambda name: hashlib.new(name, content, usedforsecurity=False).digest()


def _other_content(found: DocumentSignature) -> DocumentSignature:
    fault = Fault(code="SIG-PDF_ALTERED", params={"holder": found.signer})
    return replace(found, intact=False, verdict=Verdict.REFUSED, reasons=Faults([fault]))


def _signed_data(signature: bytes) -> cms.SignedData:
    der = signature
    if pem.detect(signature):
        _label, _headers, der = pem.unarmor(signature)
    elif _BASE64.fullmatch(signature):
        try:
            der = base64.b64decode(b"".join(signature.split()), validate=True)
        except binascii.Error as error:
            raise ValueError("neither DER nor base64") from error
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise ValueError("not a signature")
    return info["content"]


def unreadable(error: Exception, name: str = "") -> DocumentSignature:
    """Report a signature of which nothing can be said."""
    params = {"reason": str(error)[:200] or type(error).__name__}
    return DocumentSignature(name=name, reasons=_undecided("SIG-PDF_UNREADABLE", **params))


def judge_signer(
    signed: cms.SignedData,
    info: cms.SignerInfo,
    *,
    digest: Callable[[str], bytes],
    trust: TrustStore,
    at: datetime,
    name: str = "",
    claimed: datetime | None = None,
) -> DocumentSignature:
    """Judge one signatory of a CMS signature: integrity, strength, time, chain.

    :param digest: gives the digest of the signed bytes by the name of an algorithm.
    :param claimed: time that the PDF claims when the signature itself does not.
    """
    try:
        certificate, others = _certificates(signed, info)
        loaded = load_certificate(certificate.dump())
        intact, value = _integrity(signed, info, certificate, digest)
        time = _time(info, claimed, trust)
        weak = _is_weak(info)
        moment, doubts = _moment(time, at, describe(loaded).holder)
        helpers = [load_certificate(one.dump()) for one in others[:MAX_SIGNERS]]
        chain, chain_reasons = trust.check_chain(loaded, helpers, moment)
    except FaultError as error:
        return unreadable(ValueError(", ".join(error.faults.codes)), name)
    except MALFORMED as error:
        return unreadable(error, name)
    facts = describe(loaded)
    reasons = _broken(intact, value, facts.holder)
    reasons += _undecided("SIG-PDF_WEAK", holder=facts.holder) if weak else Faults()
    reasons += doubts + chain_reasons + _unfit(loaded)
    return DocumentSignature(
        name=name,
        signer=facts.holder,
        issuer=facts.authority,
        serial=facts.serial,
        signing_time=time.instant,
        time_proven=time.proven,
        intact=intact and value,
        chain=chain,
        verdict=verdict_of(reasons),
        reasons=reasons,
        certificate=certificate.dump(),
    )


def _unfit(certificate: x509.Certificate) -> Faults:
    """Doubt a certificate that was not made for a person to sign documents with.

    Bidders sign with any certificate (rule 36): nothing here refuses.
    """
    facts = describe(certificate)
    faults = check_person(certificate) + check_strength(certificate)
    if not _may_sign(certificate):
        faults += [Fault(code="SIG-KEY_USAGE", params={"holder": facts.holder})]
    return faults.as_warnings()


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def verdict_of(reasons: Faults) -> Verdict:
    """Refused as soon as something is proven wrong, accepted when there is nothing to say."""
    if reasons.blocking:
        return Verdict.REFUSED
    return Verdict.UNDECIDED if reasons else Verdict.ACCEPTED


def _broken(intact: bool, value: bool, holder: str) -> Faults:
    if not value:
        return Faults([Fault(code="SIG-PDF_VALUE", params={"holder": holder})])
    if not intact:
        return Faults([Fault(code="SIG-PDF_ALTERED", params={"holder": holder})])
    return Faults()


def _undecided(code: str, **params: str) -> Faults:
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])


# ------------------------------------------------------------------------- what is in the CMS


def _certificates(
    signed: cms.SignedData, info: cms.SignerInfo
) -> tuple[asn1.Certificate, list[asn1.Certificate]]:
    """Return the certificate that a signatory designates, and the others that came along."""
    given = given_certificates(signed)
    own = designated(info, given)
    if own is None:
        raise ValueError("no certificate of the signer")
    return own, [one for one in given if one is not own]


def given_certificates(signed: cms.SignedData) -> list[asn1.Certificate]:
    """Return the certificates that came with a message."""
    return [one.chosen.untag() for one in signed["certificates"] if one.name == "certificate"]


def designated(signer: cms.SignerInfo, given: list[asn1.Certificate]) -> asn1.Certificate | None:
    """Return the certificate that a signatory designates, if it came along."""
    sid = signer["sid"]
    if sid.name == "issuer_and_serial_number":
        wanted = sid.chosen["issuer"], sid.chosen["serial_number"].native
        return next((one for one in given if (one.issuer, one.serial_number) == wanted), None)
    key = sid.chosen.native
    return next((one for one in given if one.key_identifier == key), None)


def _digest_name(info: cms.SignerInfo) -> str:
    name = str(info["digest_algorithm"]["algorithm"].native)
    if name not in _DIGESTS:
        raise ValueError(f"digest algorithm {name}")
    return name


def _is_weak(info: cms.SignerInfo) -> bool:
    """Tell whether collisions can be made: of the document, or of the attributes."""
    used = {_digest_name(info)}
    method = info["signature_algorithm"]
    if method["algorithm"].native != "rsassa_pkcs1v15":  # which leaves the choice to the digest
        used.add(str(method.hash_algo))
    return bool(used & _WEAK)


def _integrity(
    signed: cms.SignedData,
    info: cms.SignerInfo,
    certificate: asn1.Certificate,
    digest: Callable[[str], bytes],
) -> tuple[bool, bool]:
    """Tell whether the document is the one signed, and whether the key made the signature."""
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    kind = signed["encap_content_info"]["content_type"].native
    intact, valid = validate_sig_integrity(info, certificate, kind, digest(_digest_name(info)))
    return bool(intact), bool(valid)


# ------------------------------------------------------------------------- when it was signed


@dataclass(frozen=True, kw_only=True, slots=True)
class _Time:
    instant: datetime | None
    proven: bool = False


def _time(info: cms.SignerInfo, claimed: datetime | None, trust: TrustStore) -> _Time:
    """Return the time of a trusted time-stamp, else what the signatory or the PDF claims."""
    for token in _values(info["unsigned_attrs"], "signature_time_stamp_token"):
        stamped = stamped_at(token["content"], info["signature"].native, trust)
        if stamped is not None:
            return _Time(instant=stamped, proven=True)
    own = next(iter(_values(info["signed_attrs"], "signing_time")), None)
    return _Time(instant=_aware(own.native if own is not None else claimed))


def _values(attributes: cms.CMSAttributes, name: str) -> Iterator[cms.CMSAttribute]:
    for attribute in attributes if attributes.native else ():
        if attribute["type"].native == name:
            yield from attribute["values"]


def _aware(instant: datetime | None) -> datetime | None:
    if instant is None or instant.tzinfo is not None:
        return instant
    return instant.replace(tzinfo=UTC)


def stamped_at(token: cms.SignedData, stamped: bytes, trust: TrustStore) -> datetime | None:
    """Return the time that a time-stamp proves on some bytes; none when it proves nothing."""
    enclosed = token["encap_content_info"]["content"]
    facts = enclosed.parsed
    if not isinstance(facts, tsp.TSTInfo) or len(token["signer_infos"]) != 1:
        return None
    imprint = facts["message_imprint"]
    name = str(imprint["hash_algorithm"]["algorithm"].native)
    if name not in _DIGESTS - _WEAK:
        return None
    if hashlib.new(name, stamped).digest() != imprint["hashed_message"].native:
        return None
    instant: datetime = facts["gen_time"].native
    return instant if _is_trusted_stamp(token, bytes(enclosed), instant, trust) else None


def _is_trusted_stamp(
    token: cms.SignedData, signed_bytes: bytes, instant: datetime, trust: TrustStore
) -> bool:
    (info,) = token["signer_infos"]
    certificate, others = _certificates(token, info)
    usage = certificate.extended_key_usage_value
    if usage is None or usage.native != ["time_stamping"] or _is_weak(info):
        return False
    whole = _integrity(token, info, certificate, digest_of(signed_bytes))
    helpers: Sequence[x509.Certificate] = [load_certificate(one.dump()) for one in others]
    chain, _ = trust.check_chain(load_certificate(certificate.dump()), helpers, instant)
    return all(whole) and chain is Verdict.ACCEPTED


def _moment(time: _Time, at: datetime, holder: str) -> tuple[datetime, Faults]:
    """Choose the instant at which the chain is judged."""
    if time.instant is None:
        return at, _undecided("SIG-PDF_NO_TIME", holder=holder)
    if time.instant > at + CLOCK_SKEW:
        day = paris_date(time.instant).strftime("%d/%m/%Y")
        return at, _undecided("SIG-PDF_FUTURE", holder=holder, date=day)
    return time.instant, Faults()

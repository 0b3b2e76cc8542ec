"""Reading a signatory's certificate and judging whether it may sign a PES.

RGS profile as far as it can be observed (helios dossier §7.5): RSA of 2048 bits or more, key usage
*nonRepudiation* (or *digitalSignature*, for the seal of an organisation), validity at the time of
signing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.distinguished import common_name, format_name
from demat.signing.extensions import is_seal
from demat.signing.rgs import PolitiqueRgs, UsageRgs, rgs_policies, shipped

__all__ = [
    "MINIMUM_KEY_BITS",
    "CertificateFacts",
    "Held",
    "check_signer",
    "check_usage",
    "check_validity",
    "describe",
    "expiry",
    "expiry_of",
    "load_certificate",
]

MINIMUM_KEY_BITS = 2048
_MALFORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography and asn1crypto raise on a certificate that is not one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateFacts:
    """What a certificate says about its holder."""

    holder: str
    """Common name of the subject."""
    subject: str
    """Whole subject, RFC 4514."""
    authority: str
    """Common name of the issuer."""
    issuer: str
    """Whole issuer, RFC 4514."""
    serial: str
    """Serial number given by the issuer, in decimal."""
    not_before: datetime
    """First instant of validity, UTC."""
    not_after: datetime
    """Last instant of validity, UTC."""
    key_bits: int
    """Size of the RSA key; 0 when the key is of another kind."""
    non_repudiation: bool | None
    """Whether the key may sign documents; ``None`` when the certificate says nothing on usage."""
    digital_signature: bool = False
    """Whether the key may sign for another purpose: authentication, or the seals of a machine."""


def expiry_of(pem: bytes) -> datetime | None:
    """Return the instant until which the first certificate of a PEM file is valid, UTC.

    ``None`` for what is no certificate: whoever uses it will say so.
    """
    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except _MALFORMED:
        return None


@lru_cache(maxsize=64)  # hundreds of signatures of a document carry the same certificate
def load_certificate(content: bytes) -> x509.Certificate:
    """Read a DER certificate, down to every field that this package uses.

    :raises FaultError: ``SIG-CERTIFICATE``.
    """
    try:
        certificate = x509.load_der_x509_certificate(content)
        describe(certificate)  # both libraries read lazily: what is malformed shows up here
        asn1.Certificate.load(content, strict=True).native  # noqa: B018 - as above
    except _MALFORMED as error:
        raise FaultError(Fault(code="SIG-CERTIFICATE")) from error
    return certificate


@lru_cache(maxsize=64)
def describe(certificate: x509.Certificate) -> CertificateFacts:
    """Return what a certificate says, in plain values."""
    key, usage = certificate.public_key(), _key_usage(certificate)
    return CertificateFacts(
        holder=common_name(certificate.subject),
        subject=format_name(certificate.subject),
        authority=common_name(certificate.issuer),
        issuer=format_name(certificate.issuer),
        serial=str(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_bits=key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        non_repudiation=usage.content_commitment if usage else None,
        digital_signature=usage is not None and usage.digital_signature,
    )


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def check_signer(
    certificate: x509.Certificate, at: datetime, known: Iterable[PolitiqueRgs] | None = None
) -> Faults:
    """Judge whether a certificate may sign at an instant; its authorities are not looked at.

    :param at: aware instant of the signature.
    :param known: the policies of the RGS that are known; ``None``: those of the project.
    :return: ``SIG-EXPIRED``, ``SIG-NOT_YET_VALID``, ``SIG-KEY_TYPE``, ``SIG-KEY_SIZE``,
        ``SIG-KEY_USAGE``, and the warning ``SIG-NO_KEY_USAGE``.
    """
    return check_validity(certificate, at) + check_usage(certificate, known)


def check_validity(certificate: x509.Certificate, at: datetime) -> Faults:
    """Judge the dates of a certificate at an aware instant."""
    facts = describe(certificate)
    if at > facts.not_after:
        return _dated_fault("SIG-EXPIRED", facts.holder, facts.not_after)
    if at < facts.not_before:
        return _dated_fault("SIG-NOT_YET_VALID", facts.holder, facts.not_before)
    return Faults()


def _dated_fault(code: str, holder: str, limit: datetime) -> Faults:
    day = paris_date(limit).strftime("%d/%m/%Y")
    return Faults([Fault(code=code, params={"holder": holder, "date": day})])


def check_usage(
    certificate: x509.Certificate, known: Iterable[PolitiqueRgs] | None = None
) -> Faults:
    """Judge the key of a certificate: kind, size, and what the authority lets it do.

    A person signs with *nonRepudiation*; the seal of an organisation (eIDAS, or a policy known as
    such) may bear *digitalSignature* instead.
    """
    facts = describe(certificate)
    holder = {"holder": facts.holder}
    if not facts.key_bits:
        return Faults([Fault(code="SIG-KEY_TYPE", params=holder)])
    faults: list[Fault] = []
    if facts.key_bits < MINIMUM_KEY_BITS:
        sizes = {"bits": str(facts.key_bits), "minimum": str(MINIMUM_KEY_BITS)}
        faults.append(Fault(code="SIG-KEY_SIZE", params={**holder, **sizes}))
    if facts.non_repudiation is None:
        warning = Severity.WARNING
        faults.append(Fault(code="SIG-NO_KEY_USAGE", params=holder, severity=warning))
    elif not facts.non_repudiation and not (facts.digital_signature and _seals(certificate, known)):
        faults.append(Fault(code="SIG-KEY_USAGE", params=holder))
    return Faults(faults)


def _seals(certificate: x509.Certificate, known: Iterable[PolitiqueRgs] | None) -> bool:
    policies = rgs_policies(certificate, shipped() if known is None else known)
    return is_seal(certificate) or any(UsageRgs.CACHET in one.usages for one in policies)


class Held(Enum):
    """What a certificate whose end is watched is for."""

    SIGNATURE = "signature"
    """Somebody signs with it."""
    LINE = "line"
    """It opens the line to the tiers de télétransmission."""
    AUTHORITY = "authority"
    """It vouches for others, from the trust folder."""


_ENDED = -1
_EXPIRY: Mapping[Held, tuple[tuple[int, str], ...]] = {
    Held.SIGNATURE: (
        (_ENDED, "SIG-EXPIRY_PAST"),
        (7, "SIG-EXPIRY_7"),
        (30, "SIG-EXPIRY_30"),
        (60, "SIG-EXPIRY_60"),
    ),
    Held.LINE: (
        (_ENDED, "SIG-LINE_EXPIRY_PAST"),
        (7, "SIG-LINE_EXPIRY_7"),
        (30, "SIG-LINE_EXPIRY_30"),
        (60, "SIG-LINE_EXPIRY_60"),
    ),
    Held.AUTHORITY: (
        (_ENDED, ""),  # kept on purpose, for what was signed in its time
        (7, "SIG-AUTHORITY_EXPIRY_7"),
        (30, "SIG-AUTHORITY_EXPIRY_30"),
        (60, "SIG-AUTHORITY_EXPIRY_60"),
    ),
}
"""Days left at most → what is said: the words grow more urgent; nothing is said before 60 days."""


def expiry(holder: str, not_after: datetime, today: date, kind: Held = Held.SIGNATURE) -> Faults:
    """Tell that a certificate ends within 60, 30 or 7 days, or has ended.

    :param holder: whose it is, for the sentence.
    :param not_after: aware last instant of its validity.
    :param today: legal day.
    :return: one warning at most; an authority that has ended is not told.
    """
    end = paris_date(not_after)
    days = (end - today).days
    code = next((code for limit, code in _EXPIRY[kind] if days <= limit), "")
    if not code:
        return Faults()
    params = {"holder": holder, "date": end.strftime("%d/%m/%Y"), "days": str(days)}
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])

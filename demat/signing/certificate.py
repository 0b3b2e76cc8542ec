"""Reading a signatory's certificate and judging whether it may sign a PES.

RGS profile as far as it can be observed (helios dossier §7.5): RSA of 2048 bits or more, key usage
*nonRepudiation* (or *digitalSignature*, for the seal of an organisation), validity at the time of
signing.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.distinguished import common_name, format_name
from demat.signing.extensions import is_seal
from demat.signing.rgs import PolitiqueRgs, UsageRgs, rgs_policies, shipped

__all__ = [
    "MALFORMED",
    "MINIMUM_KEY_BITS",
    "Certificate",
    "CertificateFacts",
    "all_certificates",
    "certificate_der",
    "check_organisation",
    "check_person",
    "check_signer",
    "check_strength",
    "check_usage",
    "check_validity",
    "describe",
    "expiry_of",
    "fingerprint",
    "first_certificate",
    "is_personal",
    "load_certificate",
    "public_key_sha256",
    "readable",
    "sirens_of",
]

Certificate = x509.Certificate
"""The type of a certificate, for those who only hand it on."""
MINIMUM_KEY_BITS = 2048
_UNIT = re.compile(r"0002[ -]?(\d{9})(?:\d{5})?", re.ASCII)
"""OU of the RGS: the code of the SIRENE register (ISO 6523), then a SIREN or a SIRET."""
_ORGANISATION = re.compile(r"(?:NTR|SI:)FR-(\d{9})(?:\d{5})?|VATFR-[0-9A-Z]{2}(\d{9})", re.ASCII)
"""``organizationIdentifier`` (EN 319 412-1 §5.1.4): trade register, or VAT number."""
MINIMUM_EXPONENT = 65537
"""Smallest public exponent of an RSA key (RGS, annexe B1)."""
MAX_BYTES = 64 * 1024
"""Largest certificate that is read: real ones are ten times smaller."""
_MAX_SERIAL_BITS = 160
"""RFC 5280 §4.1.2.2."""
_MAX_NAME = 256
MALFORMED = (
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
    certificate = first_certificate(pem)
    return certificate.not_valid_after_utc if certificate else None


def certificate_der(content: bytes) -> bytes:
    """Return a certificate in DER, out of PEM (the first one) or DER.

    :raises FaultError: ``SIG-CERTIFICATE``.
    """
    found = first_certificate(content)
    return (
        load_certificate(content).public_bytes(Encoding.DER)
        if found is None
        else (found.public_bytes(Encoding.DER))
    )


def public_key_sha256(der: bytes) -> str:
    """Return the SHA-256 of the public key of a certificate (``SubjectPublicKeyInfo``), in
    hexadecimal: it stays the same when the certificate is renewed with the same key (RFC 7469).

    Empty for what is no certificate.
    """
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except MALFORMED:
        return ""
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def first_certificate(pem: bytes) -> x509.Certificate | None:
    """Return the first certificate of a PEM file; ``None`` when there is none to be read."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except MALFORMED:
        return None


def all_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file, in order; none when one of them cannot be read."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except MALFORMED:
        return ()


@lru_cache(maxsize=64)  # hundreds of signatures of a document carry the same certificate
def load_certificate(content: bytes) -> x509.Certificate:
    """Read a DER certificate, down to every field that this package uses.

    :raises FaultError: ``SIG-CERTIFICATE``.
    """
    if len(content) > MAX_BYTES:
        raise FaultError(Fault(code="SIG-CERTIFICATE"))
    try:
        certificate = x509.load_der_x509_certificate(content)
        describe(certificate)  # both libraries read lazily: what is malformed shows up here
        read = asn1.Certificate.load(content, strict=True)
        read.native  # noqa: B018 - as above
        # names are compared in a prepared form, which some characters have not
        read.subject.hashable, read.issuer.hashable  # noqa: B018 - as above
    except MALFORMED as error:
        raise FaultError(Fault(code="SIG-CERTIFICATE")) from error
    return certificate


def readable(contents: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """Yield the certificates, DER, that can be read; the others are left out."""
    for content in contents:
        try:
            yield load_certificate(content)
        except FaultError:
            continue


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
        ``SIG-KEY_EXPONENT``, ``SIG-KEY_USAGE``, ``SIG-AUTHORITY``, ``SIG-PROFILE``, and the
        warning ``SIG-NO_KEY_USAGE``.
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

    :return: ``SIG-KEY_TYPE``, ``SIG-KEY_SIZE``, ``SIG-KEY_EXPONENT``, ``SIG-KEY_USAGE``,
        ``SIG-AUTHORITY``, ``SIG-PROFILE``, and the warning ``SIG-NO_KEY_USAGE``.
    """
    facts = describe(certificate)
    holder = {"holder": facts.holder}
    if not facts.key_bits:
        return Faults([Fault(code="SIG-KEY_TYPE", params=holder)])
    faults = check_strength(certificate)
    if facts.non_repudiation is None:
        warning = Severity.WARNING
        faults += [Fault(code="SIG-NO_KEY_USAGE", params=holder, severity=warning)]
    elif not facts.non_repudiation and not (facts.digital_signature and _seals(certificate, known)):
        faults += [Fault(code="SIG-KEY_USAGE", params=holder)]
    return faults + check_person(certificate)


def check_strength(certificate: x509.Certificate) -> Faults:
    """Judge the numbers of an RSA key: ``SIG-KEY_SIZE``, ``SIG-KEY_EXPONENT``."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return Faults()
    holder = {"holder": describe(certificate).holder}
    faults: list[Fault] = []
    if key.key_size < MINIMUM_KEY_BITS:
        sizes = {"bits": str(key.key_size), "minimum": str(MINIMUM_KEY_BITS)}
        faults.append(Fault(code="SIG-KEY_SIZE", params={**holder, **sizes}))
    if key.public_numbers().e < MINIMUM_EXPONENT:
        faults.append(Fault(code="SIG-KEY_EXPONENT", params=holder))
    return Faults(faults)


def check_person(certificate: x509.Certificate) -> Faults:
    """Judge whether a certificate is one of a person, with a name that can be read.

    :return: ``SIG-AUTHORITY`` for that of an authority; ``SIG-PROFILE`` for a name that is empty,
        endless or holds invisible characters, and for a serial number that the norm forbids.
    """
    facts = describe(certificate)
    holder = {"holder": "".join(c for c in facts.holder[:_MAX_NAME] if c.isprintable())}
    faults: list[Fault] = []
    if _is_authority(certificate):
        faults.append(Fault(code="SIG-AUTHORITY", params=holder))
    legible = facts.holder.isprintable() and 0 < len(facts.holder) <= _MAX_NAME
    number = certificate.serial_number
    if not legible or number <= 0 or number.bit_length() > _MAX_SERIAL_BITS:
        faults.append(Fault(code="SIG-PROFILE", params=holder))
    return Faults(faults)


def _seals(certificate: x509.Certificate, known: Iterable[PolitiqueRgs] | None) -> bool:
    policies = rgs_policies(certificate, shipped() if known is None else known)
    return is_seal(certificate) or any(UsageRgs.CACHET in one.usages for one in policies)


def is_personal(certificate: x509.Certificate) -> bool:
    """Whether a certificate says that it is one of a natural person, who has a name of their own.

    EN 319 412-2 §4.2.4: the subject of a person bears ``givenName`` or ``surname``; that of an
    organisation (EN 319 412-3 §4.2.1) bears neither.
    """
    named = (NameOID.GIVEN_NAME, NameOID.SURNAME)
    return any(certificate.subject.get_attributes_for_oid(oid) for oid in named)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, in hexadecimal: what tools call its fingerprint."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def sirens_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the SIREN of the organisation that a certificate names; none when it names none."""
    found: set[str] = set()
    for oid, pattern in (
        (NameOID.ORGANIZATIONAL_UNIT_NAME, _UNIT),
        (NameOID.ORGANIZATION_IDENTIFIER, _ORGANISATION),
    ):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            value = attribute.value
            match = pattern.fullmatch(value.strip()) if isinstance(value, str) else None
            found.update(filter(None, match.groups()) if match else ())
    return frozenset(found)


def check_organisation(certificate: x509.Certificate, sirens: Collection[str]) -> Faults:
    """Judge whether a certificate was given for one of some organisations.

    :param sirens: those of the authority that signs and of its budgets.
    :return: ``SIG-OTHER_AUTHORITY``, or the warning ``SIG-NO_AUTHORITY`` when it names none.
    """
    holder, named = describe(certificate).holder, sirens_of(certificate)
    if not named:
        warning = Severity.WARNING
        return Faults([Fault(code="SIG-NO_AUTHORITY", params={"holder": holder}, severity=warning)])
    if named.isdisjoint(sirens):
        params = {"holder": holder, "siren": ", ".join(sorted(named))}
        return Faults([Fault(code="SIG-OTHER_AUTHORITY", params=params)])
    return Faults()


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False

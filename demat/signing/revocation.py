"""Revocation lists (CRL, RFC 5280 §5) and answers (OCSP, RFC 6960): who says what, until when.

Pure: bytes in, values out. What comes from the network is believed only once the authority's own
signature on it was verified. A list is evidence for the instants before it too: the date of a
revocation counts. But a list need not name what had ended before it: it proves nothing then.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from demat.clock import paris_date
from demat.faults import Fault, FaultError
from demat.signing.certificate import describe
from demat.signing.extensions import crl_points, ocsp_addresses

__all__ = [
    "OcspAnswer",
    "RevocationList",
    "Subject",
    "ocsp_question",
    "proves",
    "read_answer",
    "read_list",
    "revoked_at",
    "subjects_of",
]

CLOCK_SKEW = timedelta(minutes=10)
"""How far the clock of an authority may be ahead of ours."""
_EXPIRED_TOO = x509.ObjectIdentifier("2.5.29.60")
"""``expiredCertsOnCRL`` (X.509 §9.5.2.8): the list keeps what ended since a date."""
_REVERSIBLE = frozenset({x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl})
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography and asn1crypto raise on bytes that are not what they say."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A certificate, and the one of the authority that issued it."""

    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def holder(self) -> str:
        """Whose certificate it is."""
        return describe(self.certificate).holder

    @property
    def authority(self) -> str:
        """Who vouches for it, and tells of its revocation."""
        return describe(self.issuer).holder

    @property
    def not_after(self) -> datetime:
        """Last instant of its validity, UTC."""
        return self.certificate.not_valid_after_utc

    @property
    def is_authority(self) -> bool:
        """Whether it may vouch for others."""
        try:
            found = self.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        except (x509.ExtensionNotFound, *_BROKEN):
            return False
        return found.value.ca

    @property
    def points(self) -> tuple[tuple[str, ...], ...]:
        """The lists that tell of it: for each, the addresses where it can be had."""
        return crl_points(self.certificate)

    @property
    def responders(self) -> tuple[str, ...]:
        """The addresses that answer questions on it."""
        return ocsp_addresses(self.certificate)

    @property
    def issuer_key(self) -> str:
        """Name for the issuer and its key: 32 hexadecimal digits."""
        public = self.issuer.public_key()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(self.issuer.subject.public_bytes() + spki).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True, slots=True)
class RevocationList:
    """A list that its authority signed."""

    content: bytes = field(repr=False)
    """DER."""
    this_update: datetime
    """When it was made, UTC."""
    next_update: datetime | None
    """When the next one was promised, UTC; ``None``: nothing was promised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OcspAnswer:
    """What an authority answered on one certificate."""

    content: bytes = field(repr=False)
    """DER."""
    this_update: datetime
    next_update: datetime | None
    revoked: datetime | None
    """Instant of the revocation, UTC; ``None``: the certificate is good."""


def subjects_of(
    certificates: Iterable[x509.Certificate],
    authorities: Iterable[x509.Certificate],
    *,
    signed: bool = True,
) -> tuple[Subject, ...]:
    """Pair each certificate with those among the authorities that issued it.

    :param signed: verify the signature of the issuer; otherwise names are enough.
    """
    by_name: dict[x509.Name, list[x509.Certificate]] = {}
    for authority in authorities:
        by_name.setdefault(authority.subject, []).append(authority)
    return tuple(
        dict.fromkeys(
            Subject(certificate, authority)
            for certificate in certificates
            if certificate.issuer != certificate.subject
            for authority in by_name.get(certificate.issuer, ())
            if not signed or _issued(certificate, authority)
        )
    )


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (*_BROKEN, InvalidSignature):
        return False
    return True


# ----------------------------------------------------------------------------------------- lists


def read_list(
    content: bytes, issuer: x509.Certificate, *, address: str, at: datetime
) -> RevocationList:
    """Read a list that was fetched, and check that this authority signed it.

    :param content: DER or PEM.
    :param address: where it comes from, for the sentence.
    :param at: aware instant of the reception.
    :raises FaultError: ``SIG-CRL_UNREADABLE``, ``SIG-CRL_ISSUER``, ``SIG-CRL_SIGNATURE``,
        ``SIG-CRL_PARTIAL``, ``SIG-CRL_FUTURE``.
    """
    params = {"address": address, "authority": describe(issuer).holder}
    found = _parse(content)
    if found is None:
        raise FaultError(Fault(code="SIG-CRL_UNREADABLE", params=params))
    if found.issuer != issuer.subject:
        raise FaultError(Fault(code="SIG-CRL_ISSUER", params=params))
    if not _list_signed(found, issuer):
        raise FaultError(Fault(code="SIG-CRL_SIGNATURE", params=params))
    if _is_partial(found):
        raise FaultError(Fault(code="SIG-CRL_PARTIAL", params=params))
    if found.last_update_utc > at + CLOCK_SKEW:
        date = f"{paris_date(found.last_update_utc):%d/%m/%Y}"
        raise FaultError(Fault(code="SIG-CRL_FUTURE", params={**params, "date": date}))
    return RevocationList(
        content=found.public_bytes(Encoding.DER),
        this_update=found.last_update_utc,
        next_update=found.next_update_utc,
    )


def _parse(content: bytes) -> x509.CertificateRevocationList | None:
    """Read a list; both libraries read lazily, so that everything but the entries is looked at."""
    load = x509.load_pem_x509_crl if content.lstrip()[:5] == b"-----" else x509.load_der_x509_crl
    try:
        found = load(content)
        _ = (found.issuer, found.last_update_utc, found.next_update_utc, list(found.extensions))
        _ = found.signature_algorithm_oid
        header = asn1_crl.CertificateList.load(found.public_bytes(Encoding.DER))
        _ = [item.native for item in header["tbs_cert_list"]["crl_extensions"]]
        _ = (header.issuer.native, header["signature_algorithm"].native)
    except _BROKEN:
        return None
    return found


def _list_signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # or TypeError
    except _BROKEN:
        return False


def _is_partial(found: x509.CertificateRevocationList) -> bool:
    """Whether a list completes another one, or tells of what other authorities issued."""
    if any(one.oid == ExtensionOID.DELTA_CRL_INDICATOR for one in found.extensions):
        return True
    try:
        scope = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return False
    return scope.indirect_crl or scope.only_contains_attribute_certs


# --------------------------------------------------------------------------------------- answers


def ocsp_question(subject: Subject) -> bytes:
    """Return the question on one certificate, DER; without nonce: most answers are made ahead."""
    builder = ocsp.OCSPRequestBuilder()
    builder = builder.add_certificate(
        subject.certificate,
        subject.issuer,
        hashes.SHA1(),  # noqa: S303 - names a certificate, proves nothing (RFC 5019 §2.1.1)
    )
    return builder.build().public_bytes(Encoding.DER)


def read_answer(content: bytes, subject: Subject, *, address: str, at: datetime) -> OcspAnswer:
    """Read an answer that was fetched: about this certificate, signed by who may, and current.

    :param address: where it comes from, for the sentence.
    :param at: aware instant of the reception.
    :raises FaultError: ``SIG-OCSP_UNREADABLE``, ``SIG-OCSP_REFUSED``, ``SIG-OCSP_OTHER``,
        ``SIG-OCSP_SIGNER``, ``SIG-OCSP_UNKNOWN``, ``SIG-OCSP_DATE``.
    """
    params = {"address": address, "holder": subject.holder, "authority": subject.authority}
    answer = _parse_answer(content)
    if answer is None:
        raise FaultError(Fault(code="SIG-OCSP_UNREADABLE", params=params))
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        reason = answer.response_status.name.lower().replace("_", " ")
        raise FaultError(Fault(code="SIG-OCSP_REFUSED", params={**params, "reason": reason}))
    single = next((one for one in answer.responses if _is_about(one, subject)), None)
    if single is None:
        raise FaultError(Fault(code="SIG-OCSP_OTHER", params=params))
    if not _answer_signed(answer, subject.issuer):
        raise FaultError(Fault(code="SIG-OCSP_SIGNER", params=params))
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise FaultError(Fault(code="SIG-OCSP_UNKNOWN", params=params))
    until = single.next_update_utc
    if single.this_update_utc > at + CLOCK_SKEW or (until and until < at - CLOCK_SKEW):
        date = f"{paris_date(single.this_update_utc):%d/%m/%Y}"
        raise FaultError(Fault(code="SIG-OCSP_DATE", params={**params, "date": date}))
    return _answer(content, single)


def _answer(content: bytes, single: ocsp.OCSPSingleResponse) -> OcspAnswer:
    return OcspAnswer(
        content=content,
        this_update=single.this_update_utc,
        next_update=single.next_update_utc,
        revoked=single.revocation_time_utc,
    )


def _parse_answer(content: bytes) -> ocsp.OCSPResponse | None:
    try:
        answer = ocsp.load_der_ocsp_response(content)
        if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
            _ = [(one.this_update_utc, one.next_update_utc) for one in answer.responses]
            _ = [(one.certificate_status, one.revocation_time_utc) for one in answer.responses]
            _ = [describe(one) for one in answer.certificates]
            _ = (answer.produced_at_utc, answer.signature, answer.tbs_response_bytes)
            _ = asn1_ocsp.OCSPResponse.load(content, strict=True).native
    except _BROKEN:
        return None
    return answer


def _is_about(single: ocsp.OCSPSingleResponse, subject: Subject) -> bool:
    builder = ocsp.OCSPRequestBuilder()
    try:
        asked = builder.add_certificate(
            subject.certificate, subject.issuer, single.hash_algorithm
        ).build()
    except _BROKEN:  # an algorithm that nobody uses there
        return False
    return (
        single.serial_number == asked.serial_number
        and single.issuer_name_hash == asked.issuer_name_hash
        and single.issuer_key_hash == asked.issuer_key_hash
    )


def _answer_signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the authority signed an answer, or somebody whom it made its responder (§4.2.2.2)."""
    delegates = (one for one in answer.certificates if _may_answer(one, issuer, answer))
    return any(_verifies(answer, one) for one in (issuer, *delegates))


def _may_answer(
    responder: x509.Certificate, issuer: x509.Certificate, answer: ocsp.OCSPResponse
) -> bool:
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, *_BROKEN):
        return False
    alive = (
        responder.not_valid_before_utc <= answer.produced_at_utc <= responder.not_valid_after_utc
    )
    return alive and ExtendedKeyUsageOID.OCSP_SIGNING in usage and _issued(responder, issuer)


def _verifies(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key = signer.public_key()
    try:
        hashed = answer.signature_hash_algorithm
        if hashed is None:
            return False
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashed))
        else:
            return False
    except (*_BROKEN, InvalidSignature):
        return False
    return True


# ------------------------------------------------------------------------------- what is proven


def revoked_at(
    subject: Subject, lists: Iterable[bytes], answers: Iterable[bytes]
) -> datetime | None:
    """Return the earliest revocation of a certificate that any evidence proves, however old.

    A suspension is left out: another list may have lifted it.
    """
    dates = [entry.revocation_date_utc for entry in _entries(subject, lists)]
    dates += [
        single.revocation_time_utc
        for single in _singles(subject, answers)
        if single.revocation_time_utc and single.revocation_reason not in _REVERSIBLE
    ]
    return min(dates, default=None)


def _entries(subject: Subject, lists: Iterable[bytes]) -> Iterator[x509.RevokedCertificate]:
    for found in _lists_of(subject, lists):
        try:
            serial = subject.certificate.serial_number
            entry = found.get_revoked_certificate_by_serial_number(serial)
            if entry is not None and _reason(entry) not in _REVERSIBLE:
                yield entry
        except _BROKEN:
            continue


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def proves(
    subject: Subject, lists: Iterable[bytes], answers: Iterable[bytes], at: datetime
) -> bool:
    """Whether some evidence, current at an instant, had to tell of a certificate that has ended.

    An authority may drop from its lists what has ended (RFC 5280 §3.3): the silence of a list made
    after the end proves nothing, unless the list says that it keeps such entries.
    """
    for found in _lists_of(subject, lists):
        until = found.next_update_utc
        current = until is None or until >= at
        if current and _tells_of(found, subject) and _keeps(found) <= subject.not_after:
            return True
    return any(
        single.this_update_utc <= subject.not_after
        and (single.next_update_utc or single.this_update_utc) >= at
        for single in _singles(subject, answers)
    )


def _tells_of(found: x509.CertificateRevocationList, subject: Subject) -> bool:
    """Whether a certificate is of the kind that a list is about."""
    try:
        scope = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    if scope.only_some_reasons:
        return False
    if subject.is_authority:
        return not scope.only_contains_user_certs
    return not scope.only_contains_ca_certs


def _keeps(found: x509.CertificateRevocationList) -> datetime:
    """Return since when what has ended is still in a list."""
    for extension in found.extensions:
        if extension.oid == _EXPIRED_TOO:
            text = extension.value.public_bytes()[2:]
            try:
                said = datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
            except ValueError:
                break
            return min(said, found.last_update_utc)
    return found.last_update_utc


def _lists_of(subject: Subject, lists: Iterable[bytes]) -> Iterator[x509.CertificateRevocationList]:
    """Yield the whole lists that the issuer of a certificate signed."""
    for content in lists:
        found = _parse(content)
        if found is None or found.issuer != subject.issuer.subject or _is_partial(found):
            continue
        if _list_signed(found, subject.issuer):
            yield found


def _singles(subject: Subject, answers: Iterable[bytes]) -> Iterator[ocsp.OCSPSingleResponse]:
    """Yield what was answered on a certificate by who may."""
    for content in answers:
        answer = _parse_answer(content)
        if answer is None or answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            continue
        if _answer_signed(answer, subject.issuer):
            known = ocsp.OCSPCertStatus.UNKNOWN
            yield from (
                one
                for one in answer.responses
                if _is_about(one, subject) and one.certificate_status is not known
            )

"""What judged a signature: its certificates, their authorities, their revocation lists.

Kept beside a document when it is frozen, so that it can be judged years later as on that day.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography import x509

from demat.signing.certificate import readable
from demat.signing.cms import MALFORMED
from demat.signing.revocation import subjects_of
from demat.signing.trust import TrustStore

__all__ = [
    "Material",
    "certificates_in",
    "is_certificate",
    "is_crl",
    "is_ocsp",
    "known_about",
]

_EVER_AFTER = datetime.max.replace(tzinfo=UTC)
"""Lists are dated: whoever judges later picks the one that is current at its instant."""
MAX_CERTIFICATES = 200
"""Certificates looked at in one document."""
MAX_DEPTH = 10
"""Authorities above one certificate."""

_CERTIFICATE = re.compile(rb"X509Certificate\s*>([A-Za-z0-9+/=\s]{1,40000})</")
"""It begins with plain letters, so that a file of 100 MB is searched in no time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Certificates and revocation lists, DER, each once."""

    roots: tuple[bytes, ...] = ()
    """Authorities that were trusted."""
    certificates: tuple[bytes, ...] = ()
    """Other certificates: signatories, authorities between them and a root."""
    crls: tuple[bytes, ...] = ()
    """Revocation lists of these authorities."""
    ocsps: tuple[bytes, ...] = ()
    """Answers on single certificates."""


def certificates_in(content: bytes) -> tuple[bytes, ...]:
    """Return the certificates that the signatures of an XML document carry, DER, each once.

    They are helpers, believed by nobody: what does not look like one is left out.
    """
    found: dict[bytes, None] = {}
    for match in _CERTIFICATE.finditer(content):
        der = _decoded(match[1])
        if der and len(found) < MAX_CERTIFICATES:
            found[der] = None
    return tuple(found)


def known_about(certificates: Iterable[bytes], trust: TrustStore) -> Material:
    """Return the chains of certificates as far as they are known, and their revocation lists."""
    start = tuple(certificates)
    known = dict(_named((*trust.roots, *trust.intermediates, *start)))
    kept: dict[bytes, None] = {}
    issuers: set[str] = set()
    level = [der for der in start if der in known]
    for _ in range(MAX_DEPTH):
        level = [der for der in level if der not in kept]
        kept |= dict.fromkeys(level)
        above = {known[der].issuer.hashable for der in level}
        issuers |= above
        level = [der for der, one in known.items() if one.subject.hashable in above]
    lists, answers = _fetched(kept, trust)
    given = [crl for crl in trust.crls if _issuer(crl) in issuers]
    return Material(
        roots=tuple(der for der in kept if der in trust.roots),
        certificates=tuple(der for der in kept if der not in trust.roots),
        crls=tuple(dict.fromkeys([*given, *lists])),
        ocsps=tuple(dict.fromkeys([*trust.ocsps, *answers])),
    )


def _fetched(chain: Iterable[bytes], trust: TrustStore) -> tuple[list[bytes], list[bytes]]:
    """Return the newest lists and the answers that were fetched on the certificates of a chain."""
    lists: list[bytes] = []
    answers: list[bytes] = []
    if trust.kept is not None:
        certificates = tuple(readable(chain))
        for subject in subjects_of(certificates, certificates, signed=False):
            found = trust.kept.evidence(subject, _EVER_AFTER)
            lists += found[0]
            answers += found[1]
    return lists, answers


def is_certificate(der: bytes) -> bool:
    """Tell whether bytes are one certificate."""
    return _certificate(der) is not None


def is_crl(der: bytes) -> bool:
    """Tell whether bytes are one revocation list, its entries included; it may have a million."""
    try:
        asn1_crl.CertificateList.load(der, strict=True).issuer.native  # noqa: B018 - reads lazily
        return all(one.revocation_date_utc for one in x509.load_der_x509_crl(der))
    except (*MALFORMED, x509.InvalidVersion):
        return False


def is_ocsp(der: bytes) -> bool:
    """Tell whether bytes are one answer on certificates."""
    try:
        asn1_ocsp.OCSPResponse.load(der, strict=True).native  # noqa: B018 - reads lazily
    except MALFORMED:
        return False
    return True


def _decoded(text: bytes) -> bytes:
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return b""
    return der if _certificate(der) is not None else b""


def _named(ders: Iterable[bytes]) -> Iterator[tuple[bytes, asn1.Certificate]]:
    for der in ders:
        parsed = _certificate(der)
        if parsed is not None:
            yield der, parsed


def _certificate(der: bytes) -> asn1.Certificate | None:
    try:
        found = asn1.Certificate.load(der, strict=True)
        found.native  # noqa: B018 - asn1crypto reads lazily: what is malformed shows up here
    except MALFORMED:
        return None
    return found


def _issuer(crl: bytes) -> str:
    try:
        return str(asn1_crl.CertificateList.load(crl, strict=True).issuer.hashable)
    except MALFORMED:
        return ""

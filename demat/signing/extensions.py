"""The extensions of a certificate that tell what it is: policies, statements, addresses (RFC 5280).

An extension that is missing or malformed says nothing: empty is returned, never an exception.
"""

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

__all__ = ["crl_points", "is_seal", "ocsp_addresses", "policies_of", "statements_of"]

_QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_SEAL = bytes.fromhex("060704008e46010602")
"""DER of ``0.4.0.1862.1.6.2``: the certificate is one of electronic seals (EN 319 412-5 §4.2.3)."""
_LEGAL_PERSONS = frozenset({"0.4.0.194112.1.1", "0.4.0.194112.1.3"})
"""Policies of qualified certificates of legal persons, who seal (EN 319 411-2 §5.3)."""
_UNREADABLE = (x509.ExtensionNotFound, x509.UnsupportedGeneralNameType, ValueError)


def policies_of(certificate: x509.Certificate) -> frozenset[str]:
    """Return the identifiers of the policies that a certificate states, dotted."""
    value = _value(certificate, ExtensionOID.CERTIFICATE_POLICIES)
    if not isinstance(value, x509.CertificatePolicies):
        return frozenset()
    return frozenset(policy.policy_identifier.dotted_string for policy in value)


def statements_of(certificate: x509.Certificate) -> bytes:
    """Return the extension QCStatements, DER; empty when there is none."""
    value = _value(certificate, _QC_STATEMENTS)
    return b"" if value is None else value.public_bytes()


def is_seal(certificate: x509.Certificate) -> bool:
    """Whether a certificate says that it is one of an organisation, which seals."""
    return _QC_SEAL in statements_of(certificate) or bool(policies_of(certificate) & _LEGAL_PERSONS)


def crl_points(certificate: x509.Certificate) -> tuple[tuple[str, ...], ...]:
    """Return the lists that tell of a certificate: for each, the addresses where it can be had."""
    value = _value(certificate, ExtensionOID.CRL_DISTRIBUTION_POINTS)
    if not isinstance(value, x509.CRLDistributionPoints):
        return ()
    points = (tuple(_uris(point.full_name or ())) for point in value)
    return tuple(dict.fromkeys(point for point in points if point))


def ocsp_addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return who answers questions on this certificate."""
    value = _value(certificate, ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
    if not isinstance(value, x509.AuthorityInformationAccess):
        return ()
    asked = AuthorityInformationAccessOID.OCSP
    names = (item.access_location for item in value if item.access_method == asked)
    return tuple(dict.fromkeys(_uris(names)))


def _uris(names: Iterable[x509.GeneralName]) -> Iterator[str]:
    for name in names:
        if isinstance(name, x509.UniformResourceIdentifier):
            yield name.value


def _value(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> x509.ExtensionType | None:
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except _UNREADABLE:
        return None

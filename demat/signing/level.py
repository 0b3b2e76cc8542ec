"""How strong a signatory's certificate says it is (ETSI EN 319 411, EN 319 412-5; dossier §7.5).

A certificate states its own level; whether its authority may state so is the chain's business. The
levels of the RGS have an identifier per authority: they cannot be read from the certificate alone.
"""

from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from demat.faults import FaultError
from demat.signing.certificate import describe, load_certificate

__all__ = ["NiveauCertificat", "level_of"]

_QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")
_QC_COMPLIANCE = bytes.fromhex("060604008e460101")
"""DER of ``0.4.0.1862.1.1``: the certificate is qualified."""
_QC_DEVICE = bytes.fromhex("060604008e460104")
"""DER of ``0.4.0.1862.1.4``: its key lives in a qualified device."""
_QUALIFIED = frozenset({"0.4.0.194112.1.0", "0.4.0.194112.1.1"})
_QUALIFIED_DEVICE = frozenset({"0.4.0.194112.1.2", "0.4.0.194112.1.3"})
_ADVANCED = frozenset({"0.4.0.2042.1.1", "0.4.0.2042.1.2", "0.4.0.2042.1.3"})
_DGFIP = "signature helios"
"""Begins the name of the authority of the free certificate of the DGFiP (§7.5)."""


class NiveauCertificat(StrEnum):
    """What a certificate says of its own strength, from the strongest down."""

    libelle: str
    """The level in words."""

    def __new__(cls, code: str, libelle: str) -> "NiveauCertificat":
        member = str.__new__(cls, code)
        member._value_ = code
        member.libelle = libelle
        return member

    QUALIFIE_SUPPORT = "qualified_device", "qualifié eIDAS, sur carte ou clé cryptographique"
    QUALIFIE = "qualified", "qualifié eIDAS"
    AVANCE = "advanced", "avancé (norme européenne ETSI)"
    DGFIP = "dgfip", "certificat gratuit de signature de la DGFiP"
    INCONNU = "unknown", "niveau non indiqué par le certificat"


def level_of(content: bytes) -> NiveauCertificat:
    """Return the level that a certificate states.

    :param content: the certificate, DER; one that cannot be read states nothing.
    """
    try:
        certificate = load_certificate(content)
    except FaultError:
        return NiveauCertificat.INCONNU
    policies, statements = _policies(certificate), _statements(certificate)
    if policies & _QUALIFIED_DEVICE or (_QC_COMPLIANCE in statements and _QC_DEVICE in statements):
        return NiveauCertificat.QUALIFIE_SUPPORT
    if policies & _QUALIFIED or _QC_COMPLIANCE in statements:
        return NiveauCertificat.QUALIFIE
    if policies & _ADVANCED:
        return NiveauCertificat.AVANCE
    authority = describe(certificate).authority.casefold()
    return NiveauCertificat.DGFIP if authority.startswith(_DGFIP) else NiveauCertificat.INCONNU


def _policies(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_oid(ExtensionOID.CERTIFICATE_POLICIES)
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    value = found.value
    if not isinstance(value, x509.CertificatePolicies):
        return frozenset()
    return frozenset(policy.policy_identifier.dotted_string for policy in value)


def _statements(certificate: x509.Certificate) -> bytes:
    """Return the extension QCStatements, DER; empty when there is none."""
    try:
        value = certificate.extensions.get_extension_for_oid(_QC_STATEMENTS).value
    except (x509.ExtensionNotFound, ValueError):
        return b""
    return value.public_bytes()

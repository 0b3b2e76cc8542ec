"""How strong a signatory's certificate says it is (ETSI EN 319 411, EN 319 412-5; dossier §7.5).

A certificate states its own level; whether its authority may state so is the chain's business. The
levels of the RGS have an identifier per authority (``demat.signing.rgs``).
"""

from collections.abc import Iterable
from enum import StrEnum

from demat.faults import FaultError
from demat.signing.certificate import describe, load_certificate
from demat.signing.extensions import policies_of, statements_of
from demat.signing.rgs import NiveauRgs, PolitiqueRgs, rgs_policies, shipped

__all__ = ["NiveauCertificat", "level_of"]

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
    """What a certificate says of its own strength."""

    libelle: str
    """The level in words."""

    def __new__(cls, code: str, libelle: str) -> "NiveauCertificat":
        member = str.__new__(cls, code)
        member._value_ = code
        member.libelle = libelle
        return member

    RGS_TROIS = "rgs_3", "RGS ***"
    RGS_DEUX = "rgs_2", "RGS **"
    RGS_UNE = "rgs_1", "RGS *"
    QUALIFIE_SUPPORT = "qualified_device", "qualifié eIDAS, sur carte ou clé cryptographique"
    QUALIFIE = "qualified", "qualifié eIDAS"
    AVANCE = "advanced", "avancé (norme européenne ETSI)"
    DGFIP = "dgfip", "certificat gratuit de signature de la DGFiP"
    INCONNU = "unknown", "niveau non indiqué par le certificat"


_RGS = {
    NiveauRgs.UNE: NiveauCertificat.RGS_UNE,
    NiveauRgs.DEUX: NiveauCertificat.RGS_DEUX,
    NiveauRgs.TROIS: NiveauCertificat.RGS_TROIS,
}


def level_of(content: bytes, known: Iterable[PolitiqueRgs] | None = None) -> NiveauCertificat:
    """Return the level that a certificate states: that of the RGS when its policy is known.

    :param content: the certificate, DER; one that cannot be read states nothing.
    :param known: the policies of the RGS that are known; ``None``: those of the project.
    """
    try:
        certificate = load_certificate(content)
    except FaultError:
        return NiveauCertificat.INCONNU
    if found := rgs_policies(certificate, shipped() if known is None else known):
        return _RGS[found[0].niveau]
    policies, statements = policies_of(certificate), statements_of(certificate)
    if policies & _QUALIFIED_DEVICE or (_QC_COMPLIANCE in statements and _QC_DEVICE in statements):
        return NiveauCertificat.QUALIFIE_SUPPORT
    if policies & _QUALIFIED or _QC_COMPLIANCE in statements:
        return NiveauCertificat.QUALIFIE
    if policies & _ADVANCED:
        return NiveauCertificat.AVANCE
    authority = describe(certificate).authority.casefold()
    return NiveauCertificat.DGFIP if authority.startswith(_DGFIP) else NiveauCertificat.INCONNU

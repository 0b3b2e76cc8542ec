"""Signature policies of the DGFiP and what a signature claims (helios dossier §7.1).

The identifier, the digest and the address of a policy change together: they are one record. Several
are known when verifying, one is used when signing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from demat.errors import ConfigurationError
from demat.signing.algorithms import SHA1, SHA256, XADES
from demat.signing.rgs import PolitiqueRgs

__all__ = [
    "HELIOS_1_4",
    "HELIOS_1_7",
    "KNOWN_POLICIES",
    "PolitiqueSignature",
    "SignatureOptions",
    "is_known",
    "is_proven_wrong",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolitiqueSignature:
    """One published version of a signature policy."""

    identifier: str
    """``SigPolicyId/Identifier``: an OID written as a URN."""
    description: str
    """``SigPolicyId/Description``."""
    digest_algorithm: str
    """``SigPolicyHash/DigestMethod/@Algorithm``."""
    digest_value: str
    """``SigPolicyHash/DigestValue``: digest of the published PDF, in base64."""
    spuri: str
    """``SPURI``: where the document was published."""
    effective: date | None = None
    """First day when signatures may refer to it; ``None`` when that day is not known."""
    ended: date | None = None
    """Last day when signatures may refer to it; ``None`` while it is in force."""

    def in_force(self, day: date) -> bool:
        """Tell whether a signature made on a legal day may refer to this version."""
        started = self.effective is None or self.effective <= day
        return started and (self.ended is None or day <= self.ended)


_DESCRIPTION = "Politique de signature Helios de la DGFiP"
_OLD_ADDRESS = "https://portail.dgfip.finances.gouv.fr/documents/PS_Helios_DGFiP.pdf"

HELIOS_1_7 = PolitiqueSignature(
    identifier="urn:oid:1.2.250.1.131.1.5.18.21.1.7",
    description=_DESCRIPTION,
    digest_algorithm=SHA256,
    digest_value="roF9+cfRHNPtVJolhdqfIqGMVuUXX8aR4rpiquf0u5E=",
    spuri=(
        "https://www.collectivites-locales.gouv.fr/files/files/finances_locales/"
        "dematerialisation/ps_helios_dgfip.pdf"
    ),
)
"""The current policy, the one that we refer to."""
HELIOS_1_4 = PolitiqueSignature(
    identifier="urn:oid:1.2.250.1.131.1.5.18.21.1.4",
    description=_DESCRIPTION,
    digest_algorithm=SHA1,
    digest_value="Jkdb+aba0Hz6+ZPKmKNhPByzQ+Q=",
    spuri=_OLD_ADDRESS,
)
"""The policy of 2011, met in old files only."""
_OLD_SHA256 = "pYtFgzn09kQWZywqdIGVd1fFI07tjKmEAyQHr0l/YAk="
KNOWN_POLICIES: tuple[PolitiqueSignature, ...] = (
    HELIOS_1_7,
    HELIOS_1_4,
    PolitiqueSignature(
        identifier=HELIOS_1_4.identifier,
        description=_DESCRIPTION,
        digest_algorithm=SHA256,
        digest_value=_OLD_SHA256,
        spuri=_OLD_ADDRESS,
    ),
    # files of 2018 carry the new identifier with the digest of the old document
    PolitiqueSignature(
        identifier=HELIOS_1_7.identifier,
        description=_DESCRIPTION,
        digest_algorithm=SHA256,
        digest_value=_OLD_SHA256,
        spuri=_OLD_ADDRESS,
    ),
)
"""Every record met in real files; a signature that refers to another one is not known."""
_UNCONFIRMED = frozenset({"GbP1WjbTrHp6h9zlsz5RN7AqkJbnDNDOAQzgm1qzIJ4="})
"""Digests quoted by other programs for the same policy, perhaps published again (§7.1)."""


def is_known(
    identifier: str,
    digest_algorithm: str,
    digest_value: str,
    known: tuple[PolitiqueSignature, ...] = KNOWN_POLICIES,
) -> bool:
    """Tell whether a signature refers to a policy that we know, by identifier and digest."""
    wanted = (identifier, digest_algorithm, digest_value)
    return any(wanted == (p.identifier, p.digest_algorithm, p.digest_value) for p in known)


def is_proven_wrong(
    identifier: str,
    digest_value: str,
    known: tuple[PolitiqueSignature, ...] = KNOWN_POLICIES,
) -> bool:
    """Tell whether a signature names a policy of ours and gives it the digest of something else.

    For a signature that :func:`is_known` did not recognise. A policy that we have never met, and
    a digest that we could not confirm, prove nothing.
    """
    return digest_value not in _UNCONFIRMED and any(identifier == p.identifier for p in known)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureOptions:
    """What the signatory states beside the document."""

    role: str
    """``ClaimedRole``, required by the policy: « Maire », « Présidente »…"""
    city: str = ""
    """``SignatureProductionPlace/City``."""
    postal_code: str = ""
    """``SignatureProductionPlace/PostalCode``."""
    country: str = "France"
    """``SignatureProductionPlace/CountryName``."""
    policy: PolitiqueSignature = HELIOS_1_7
    """The policy referred to."""
    namespace: Literal["v1.1.1", "v1.2.2", "v1.3.2"] = "v1.1.1"
    """XAdES version: that of the official PES schema, of Libersign, or of other uses."""
    known: tuple[PolitiqueRgs, ...] | None = None
    """The policies of the RGS that tell a seal from a person; ``None``: those of the project."""

    def __post_init__(self) -> None:
        if not self.role.strip():
            raise ConfigurationError("a signature states the role of its signatory")
        if self.namespace not in XADES:
            raise ConfigurationError(f"XAdES {self.namespace!r} is not known")

    @property
    def place(self) -> Mapping[str, str]:
        """The parts of the place that are known, by element name, in the order of the schema."""
        parts = {
            "City": self.city,
            "PostalCode": self.postal_code,
            "CountryName": self.country,
        }
        return {name: text for name, text in parts.items() if text}

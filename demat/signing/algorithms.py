"""Namespaces and algorithm identifiers of the signatures of a PES (helios dossier §7.2, §7.4)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from lxml import etree

from demat.faults import Fault, FaultError
from demat.xmlio import Element

__all__ = [
    "DIGESTS",
    "DS",
    "ENVELOPED",
    "EXCLUSIVE",
    "EXCLUSIVE_COMMENTS",
    "RSA_SHA256",
    "SHA1",
    "SHA256",
    "SIGNATURES",
    "XADES",
    "HashAlgorithm",
    "canonical",
    "decode_base64",
]

DS = "http://www.w3.org/2000/09/xmldsig#"
"""Namespace of XMLDSig."""
XADES: Mapping[str, str] = {
    "v1.1.1": "http://uri.etsi.org/01903/v1.1.1#",
    "v1.2.2": "http://uri.etsi.org/01903/v1.2.2#",
    "v1.3.2": "http://uri.etsi.org/01903/v1.3.2#",
}
"""The XAdES namespaces: that of the official PES schema, that of Libersign, that of other uses."""

ENVELOPED = DS + "enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXCLUSIVE_COMMENTS = EXCLUSIVE + "WithComments"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA1 = DS + "sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


@dataclass(frozen=True, kw_only=True, slots=True)
class HashAlgorithm:
    """A hash function and whether it still proves anything."""

    hash: hashes.HashAlgorithm
    """The function, for ``cryptography``."""
    weak: bool = False
    """Collisions can be made: readable in old files, never to be relied on."""

    def digest(self, data: bytes) -> bytes:
        """Return the digest of ``data``."""
        digest = hashes.Hash(self.hash)
        digest.update(data)
        return digest.finalize()


_WEAK = HashAlgorithm(hash=hashes.SHA1(), weak=True)  # noqa: S303 - the files before 2018 need it
DIGESTS: Mapping[str, HashAlgorithm] = {
    SHA1: _WEAK,
    SHA256: HashAlgorithm(hash=hashes.SHA256()),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": HashAlgorithm(hash=hashes.SHA384()),
    "http://www.w3.org/2001/04/xmlenc#sha512": HashAlgorithm(hash=hashes.SHA512()),
}
"""Digest methods by identifier."""
SIGNATURES: Mapping[str, HashAlgorithm] = {
    DS + "rsa-sha1": _WEAK,
    RSA_SHA256: HashAlgorithm(hash=hashes.SHA256()),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": HashAlgorithm(hash=hashes.SHA384()),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": HashAlgorithm(hash=hashes.SHA512()),
}
"""Signature methods by identifier; all are RSA PKCS#1 v1.5, as every PES."""


def canonical(node: Element, *, comments: bool = False) -> bytes:
    """Return the exclusive canonical form of an element, its tail excluded.

    :raises FaultError: ``SIG-CANONICAL``, when it has none (a relative namespace, for instance).
    """
    try:
        form = etree.tostring(node, method="c14n", exclusive=True, with_comments=comments)
    except etree.C14NError as error:
        raise FaultError(Fault(code="SIG-CANONICAL")) from error
    return form if isinstance(form, bytes) else form.encode()


def decode_base64(text: str | None) -> bytes | None:
    """Return the octets of a base64 text, white space ignored; ``None`` when it is not base64."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True) or None
    except (binascii.Error, ValueError):  # ValueError: a letter that is not ASCII
        return None

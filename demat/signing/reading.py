"""The strict reading of one ``ds:Signature``: its parts, or the first reason not to believe it.

Only the exact structure of helios dossier §7.4 is read. Anything else (another reference, another
transform, a second block of properties, an element that is not of a signature) is refused rather
than ignored: what a program ignores is how signatures are forged (architecture, decision 16).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import tsp
from cryptography import x509
from lxml import etree

from demat.faults import Fault, FaultError
from demat.signing.algorithms import (
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    EXCLUSIVE_COMMENTS,
    SIGNATURES,
    XADES,
    HashAlgorithm,
    decode_base64,
)
from demat.signing.certificate import load_certificate
from demat.xmlio import Element, local_name

__all__ = [
    "MAX_CERTIFICATES",
    "ClaimedCertificate",
    "Properties",
    "Reference",
    "SignatureParts",
    "check_text",
    "read_signature",
]

MAX_CERTIFICATES = 10
"""Certificates read in one signature: a signatory and the authorities above; paths are tried."""

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ELEMENT_TRANSFORMS = frozenset({(ENVELOPED, EXCLUSIVE), (ENVELOPED, EXCLUSIVE_COMMENTS)})
# files before 2018 say "enveloped" for the properties too, where it changes nothing
_PROPERTIES_TRANSFORMS = _ELEMENT_TRANSFORMS | {(EXCLUSIVE,), (EXCLUSIVE_COMMENTS,)}
_OWN_NAMESPACES = (f"{{{DS}}}", *(f"{{{namespace}}}" for namespace in XADES.values()))
_CHILDREN = frozenset(
    f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo", "Object")
)
_ONCE = ("SigningTime", "SignaturePolicyIdentifier", "SignerRole")
"""Properties of which a second one would be for a reader to choose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One ``ds:Reference``: the digest announced for a part of the document."""

    algorithm: HashAlgorithm
    """``DigestMethod``."""
    digest: bytes
    """``DigestValue``, decoded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedCertificate:
    """``SigningCertificate/Cert``: which certificate the signatory meant, under the signature."""

    algorithm: HashAlgorithm
    """``CertDigest/DigestMethod``."""
    digest: bytes
    """``CertDigest/DigestValue``, decoded."""
    issuer: str | bytes
    """``IssuerSerial/X509IssuerName``, as written; DER in ``SigningCertificateV2``, or empty."""
    serial: str
    """``IssuerSerial/X509SerialNumber``, as written; empty when ``issuer`` is empty DER."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Properties:
    """``SignedSignatureProperties``: what the signatory states, absent parts being empty."""

    signing_time: str
    """``SigningTime``, as written."""
    certificate: ClaimedCertificate | None
    """``SigningCertificate``, when there is exactly one and it is readable."""
    policy: str
    """``SigPolicyId/Identifier``."""
    policy_digest_algorithm: str
    """``SigPolicyHash/DigestMethod/@Algorithm``."""
    policy_digest: str
    """``SigPolicyHash/DigestValue``, white space removed."""
    roles: tuple[str, ...]
    """``ClaimedRole``, the empty ones left out."""

    @property
    def instant(self) -> datetime | None:
        """The instant of signing when it is written in UTC with ``Z``, else ``None``."""
        if not _UTC_TIME.fullmatch(self.signing_time):
            return None
        try:
            return datetime.fromisoformat(self.signing_time).astimezone(UTC)
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureParts:
    """The parts of a signature whose structure is the expected one."""

    signed_info: Element
    """``SignedInfo``."""
    with_comments: bool
    """Whether the canonical form of ``SignedInfo`` keeps comments."""
    algorithm: HashAlgorithm
    """``SignatureMethod`` (always RSA)."""
    value: bytes
    """``SignatureValue``, decoded."""
    element: Reference
    """The reference to the signed element."""
    properties_reference: Reference
    """The reference to the signed properties."""
    signed_properties: Element
    """``SignedProperties``."""
    properties: Properties
    """What they say."""
    certificates: tuple[x509.Certificate, ...]
    """``KeyInfo/X509Data/X509Certificate``, at least one."""


def read_signature(node: Element, *, target: str) -> SignatureParts:
    """Read a signature that must bear on the element whose Id is ``target``.

    :raises FaultError: the first reason to refuse it: ``SIG-STRUCTURE``, ``SIG-ALGORITHM``,
        ``SIG-REFERENCES``, ``SIG-REFERENCE``, ``SIG-TRANSFORM``, ``SIG-BASE64``,
        ``SIG-CERTIFICATE``, ``SIG-MANY_CERTIFICATES``, ``SIG-PROPERTIES``, ``SIG-TARGET``.
    """
    signed_info = _only(node, f"{{{DS}}}SignedInfo")
    c14n = _algorithm(signed_info, "CanonicalizationMethod", {EXCLUSIVE, EXCLUSIVE_COMMENTS})
    method = _algorithm(signed_info, "SignatureMethod", SIGNATURES)
    signed_properties = _signed_properties(node)
    element, properties = _references(signed_info, target, signed_properties)
    parts = SignatureParts(
        signed_info=signed_info,
        with_comments=c14n == EXCLUSIVE_COMMENTS,
        algorithm=SIGNATURES[method],
        value=_octets(_only(node, f"{{{DS}}}SignatureValue")),
        element=element,
        properties_reference=properties,
        signed_properties=signed_properties,
        properties=_properties(signed_properties),
        certificates=_certificates(_only(node, f"{{{DS}}}KeyInfo")),
    )
    _check_content(node)
    return parts


def check_text(owner: Element) -> None:
    """Refuse a text that a comment or an instruction cuts, in a signed element or its signature.

    The canonical form joins the pieces (a comment), and many a program reads only the first one:
    « 100<!-- -->000 » is signed as 100000 and read as 100.

    :raises FaultError: ``SIG-COMMENT``.
    """
    for mark in owner.iter(etree.Comment, etree.ProcessingInstruction):
        parent, before = mark.getparent(), mark.getprevious()
        ahead = parent.text if before is None and parent is not None else None
        ahead = before.tail if before is not None else ahead
        if (ahead and not ahead.isspace()) or (mark.tail and not mark.tail.isspace()):
            raise FaultError(Fault(code="SIG-COMMENT"))


def _check_content(node: Element) -> None:
    """Refuse what is not of a signature: nothing signs it, and a reader by name would find it."""
    for child in node.iterchildren("*"):
        if child.tag not in _CHILDREN:
            raise _unexpected(child)
    for inner in node.iterdescendants("*"):
        if not inner.tag.startswith(_OWN_NAMESPACES) or inner.tag == node.tag:
            raise _unexpected(inner)
    objects = node.findall(f"{{{DS}}}Object")
    beside = list(objects[0].iterchildren("*"))  # the first one is the block of properties
    for extra in (*objects[1:], *beside[1:]):
        raise _unexpected(extra)


def _unexpected(node: Element) -> FaultError:
    return FaultError(Fault(code="SIG-STRUCTURE", params={"name": local_name(node)}))


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        name = etree.QName(tag).localname
        raise FaultError(Fault(code="SIG-STRUCTURE", params={"name": name}))
    return found[0]


def _algorithm(parent: Element, name: str, known: Iterable[str]) -> str:
    node = _only(parent, f"{{{DS}}}{name}")
    algorithm = node.get("Algorithm", "")
    if algorithm not in known or len(node):  # a child would be a parameter that we do not apply
        raise FaultError(Fault(code="SIG-ALGORITHM", params={"algorithm": algorithm}))
    return algorithm


def _octets(node: Element) -> bytes:
    octets = None if len(node) else decode_base64(node.text)
    if octets is None:
        raise FaultError(Fault(code="SIG-BASE64", params={"name": local_name(node)}))
    return octets


def _signed_properties(node: Element) -> Element:
    """Find the signed properties of this very signature, in one of the known namespaces."""
    found = [
        block
        for namespace in XADES.values()
        for block in node.iter(f"{{{namespace}}}QualifyingProperties")
    ]
    if len(found) != 1 or found[0].getparent() not in node.findall(f"{{{DS}}}Object"):
        raise FaultError(Fault(code="SIG-PROPERTIES"))
    name = node.get("Id", "")
    if not name or found[0].get("Target") not in (name, f"#{name}"):
        raise FaultError(Fault(code="SIG-TARGET"))
    return _only(found[0], _beside(found[0], "SignedProperties"))


def _beside(node: Element, name: str) -> str:
    return f"{{{etree.QName(node).namespace}}}{name}"


def _of_digest(node: Element, name: str) -> str:
    """Return the name of a part of a digest among the properties.

    XAdES 1.1.1 and 1.2.2, as PES files have them, put it in their own namespace; 1.3.2 in that of
    XMLDSig.
    """
    namespace = etree.QName(node).namespace
    return f"{{{DS if namespace == XADES['v1.3.2'] else namespace}}}{name}"


def _references(
    signed_info: Element, target: str, signed_properties: Element
) -> tuple[Reference, Reference]:
    """Read the reference to the element and the one to the properties, in either order."""
    found = signed_info.findall(f"{{{DS}}}Reference")
    if len(found) != 2:
        raise FaultError(Fault(code="SIG-REFERENCES", params={"count": str(len(found))}))
    uris = (f"#{target}", f"#{signed_properties.get('Id', '')}")
    if found[0].get("URI") == uris[1]:
        found.reverse()
    for node, uri in zip(found, uris, strict=True):
        if len(uri) == 1 or node.get("URI") != uri:
            raise FaultError(Fault(code="SIG-REFERENCE", params={"uri": node.get("URI", "")}))
    # a type changes what another program checks: that of a manifest, only a list of digests
    expected = f"{etree.QName(signed_properties).namespace}SignedProperties"
    for node, known in zip(found, ((None,), (None, expected)), strict=True):
        kind = node.get("Type")
        if kind not in known:
            raise FaultError(Fault(code="SIG-REFERENCE", params={"uri": str(kind)}))
    return (
        _reference(found[0], _ELEMENT_TRANSFORMS),
        _reference(found[1], _PROPERTIES_TRANSFORMS),
    )


def _reference(node: Element, transforms: frozenset[tuple[str, ...]]) -> Reference:
    chain = _only(node, f"{{{DS}}}Transforms")
    steps = tuple(step.get("Algorithm", "") for step in chain.iterchildren("*"))
    if steps not in transforms or any(len(step) for step in chain):
        unknown = [step for step in steps if step not in (ENVELOPED, EXCLUSIVE, EXCLUSIVE_COMMENTS)]
        named = " ".join(unknown or steps)
        raise FaultError(Fault(code="SIG-TRANSFORM", params={"algorithm": named}))
    return Reference(
        algorithm=DIGESTS[_algorithm(node, "DigestMethod", DIGESTS)],
        digest=_octets(_only(node, f"{{{DS}}}DigestValue")),
    )


def _certificates(key_info: Element) -> tuple[x509.Certificate, ...]:
    nodes = key_info.findall(f"{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    if not nodes:
        raise FaultError(Fault(code="SIG-CERTIFICATE"))
    if len(nodes) > MAX_CERTIFICATES:
        raise FaultError(Fault(code="SIG-MANY_CERTIFICATES", params={"count": str(len(nodes))}))
    return tuple(load_certificate(_octets(node)) for node in nodes)


def _properties(signed: Element) -> Properties:
    parts = _only(signed, _beside(signed, "SignedSignatureProperties"))
    if any(len(parts.findall(_beside(parts, name))) > 1 for name in _ONCE):
        raise FaultError(Fault(code="SIG-PROPERTIES"))

    def path(*names: str) -> str:
        return "/".join(_beside(signed, name) for name in names)

    policy = ("SignaturePolicyIdentifier", "SignaturePolicyId")
    hashed = parts.find(path(*policy, "SigPolicyHash"))
    method = None if hashed is None else hashed.find(_of_digest(signed, "DigestMethod"))
    value = "" if hashed is None else hashed.findtext(_of_digest(signed, "DigestValue"), "")
    roles = parts.iterfind(path("SignerRole", "ClaimedRoles", "ClaimedRole"))
    return Properties(
        signing_time=parts.findtext(path("SigningTime"), "").strip(),
        certificate=_claimed(parts),
        policy=parts.findtext(path(*policy, "SigPolicyId", "Identifier"), "").strip(),
        policy_digest_algorithm="" if method is None else method.get("Algorithm", ""),
        policy_digest="".join(value.split()),
        roles=tuple(text for role in roles if (text := (role.text or "").strip())),
    )


def _claimed(parts: Element) -> ClaimedCertificate | None:
    """Read which certificate was meant: the only one named, in either of the two ways."""
    first, second = (
        parts.findall(f"{_beside(parts, name)}/{_beside(parts, 'Cert')}")
        for name in ("SigningCertificate", "SigningCertificateV2")
    )
    if len(first) + len(second) != 1:
        return None
    cert = (first or second)[0]
    digest = cert.find(_beside(cert, "CertDigest"))
    method = None if digest is None else digest.find(_of_digest(cert, "DigestMethod"))
    algorithm = None if method is None else DIGESTS.get(method.get("Algorithm", ""))
    if digest is None or algorithm is None:
        return None
    octets = decode_base64(digest.findtext(_of_digest(cert, "DigestValue")))
    identity = _issuer_serial(cert) if first else _issuer_serial_v2(cert)
    if octets is None or identity is None:
        return None
    issuer, serial = identity
    return ClaimedCertificate(algorithm=algorithm, digest=octets, issuer=issuer, serial=serial)


def _issuer_serial(cert: Element) -> tuple[str, str] | None:
    found = cert.find(_beside(cert, "IssuerSerial"))
    if found is None:
        return None
    return (
        found.findtext(f"{{{DS}}}X509IssuerName", "").strip(),
        found.findtext(f"{{{DS}}}X509SerialNumber", "").strip(),
    )


def _issuer_serial_v2(cert: Element) -> tuple[bytes, str] | None:
    """Read ``IssuerSerialV2`` (EN 319 132-1 §5.2.2): DER in base64, and it may be absent."""
    node = cert.find(_beside(cert, "IssuerSerialV2"))
    if node is None:
        return b"", ""
    octets = decode_base64(node.text)
    try:
        found = tsp.IssuerSerial.load(octets or b"", strict=True)
        names = list(found["issuer"])
        if len(names) != 1 or names[0].name != "directory_name":
            return None
        return names[0].chosen.untag().dump(), str(found["serial_number"].native)
    except (ValueError, TypeError):
        return None

"""XAdES-EPES signatures, enveloped in each signed element (helios dossier §7.1 to §7.4).

The document keeps every one of its bytes: each signature is spliced, in ASCII, just before the end
tag of the element that it signs. One index of Ids serves all of them.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from demat.clock import paris_date
from demat.faults import Fault, FaultError
from demat.signing.algorithms import (
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    RSA_SHA256,
    SHA256,
    XADES,
    canonical,
)
from demat.signing.certificate import check_signer, describe
from demat.signing.ids import IdIndex, end_tags
from demat.signing.keys import Signer
from demat.signing.policy import SignatureOptions
from demat.xmlio import Element, parse_untrusted

__all__ = ["sign_elements"]

_SIGNATURE = f"{{{DS}}}Signature"
_NAME = re.compile(r"[^\W\d][\w.-]*")
"""An xs:ID, without the few rare marks that the norm admits."""


def sign_elements(
    content: bytes,
    ids: Sequence[str],
    *,
    signer: Signer,
    options: SignatureOptions,
    at: datetime,
) -> bytes:
    """Sign elements of a document, each with its own signature, put last inside it.

    :param content: document encoded in an extension of ASCII (ISO-8859-1, UTF-8…).
    :param ids: values of the attribute ``Id`` of the elements to sign.
    :param at: aware instant, written as ``SigningTime``.
    :return: the same bytes, with the signatures inserted.
    :raises FaultError: ``SIG-NOTHING_TO_SIGN``, ``SIG-BAD_ID``, ``SIG-NO_ELEMENT``,
        ``SIG-DUPLICATE_ID``, ``SIG-ALREADY_SIGNED``, ``SIG-NESTED``, ``SIG-EMPTY_ELEMENT``,
        ``SIG-ENCODING``, ``SIG-POLICY_DATE``, ``SIG-KEY_MISMATCH``, those of
        :func:`demat.signing.certificate.check_signer` and of
        :func:`demat.xmlio.parse_untrusted`.
    """
    check_signer(signer.certificate, at).raise_if_blocking()
    _check_policy(options, at)
    root = parse_untrusted(content)
    index = IdIndex(root)
    targets = _targets(root, index, ids)
    offsets = end_tags(content, ids)
    writer = _Writer(signer=signer, options=options, at=at)
    signatures = {
        offsets[target]: writer.signature(target, element, _free_id(index, target))
        for target, element in targets.items()
    }
    return _splice(content, signatures)


def _check_policy(options: SignatureOptions, at: datetime) -> None:
    day = paris_date(at)
    if not options.policy.in_force(day):
        params = {"policy": options.policy.identifier, "date": day.strftime("%d/%m/%Y")}
        raise FaultError(Fault(code="SIG-POLICY_DATE", params=params))


def _targets(root: Element, index: IdIndex, ids: Sequence[str]) -> Mapping[str, Element]:
    """Find the elements to sign, and refuse what a signature would not bear on or would break."""
    if not ids:
        raise FaultError(Fault(code="SIG-NOTHING_TO_SIGN"))
    targets: dict[str, Element] = {}
    for value in ids:
        if value in targets:
            raise _refusal("SIG-DUPLICATE_ID", value)
        targets[value] = _target(index, value)
    _check_signatures(root, targets)
    _check_nesting(targets)
    return targets


def _target(index: IdIndex, value: str) -> Element:
    if not _NAME.fullmatch(value):
        raise _refusal("SIG-BAD_ID", value)
    element = index.element(value)
    if element is None:
        raise _refusal("SIG-NO_ELEMENT", value)
    if not len(element) and not element.text:  # perhaps one empty tag, where nothing can be put
        raise _refusal("SIG-EMPTY_ELEMENT", value)
    return element


def _check_signatures(root: Element, targets: Mapping[str, Element]) -> None:
    """Refuse an element that is signed, inside or outside: one more would break or double it."""
    signed = {parent for node in root.iter(_SIGNATURE) if (parent := node.getparent()) is not None}
    around = {above for element in signed for above in element.iterancestors()}
    for value, element in targets.items():
        inside = any(above in signed for above in element.iterancestors())
        if inside or element in signed or element in around:
            raise _refusal("SIG-ALREADY_SIGNED", value)


def _check_nesting(targets: Mapping[str, Element]) -> None:
    chosen = set(targets.values())
    for value, element in targets.items():
        if any(above in chosen for above in element.iterancestors()):
            raise _refusal("SIG-NESTED", value)


def _refusal(code: str, value: str) -> FaultError:
    return FaultError(Fault(code=code, params={"id": value}))


def _free_id(index: IdIndex, target: str) -> str:
    """Choose the Id of a signature so that it and those derived from it are new in the document."""
    rank = 1
    while any(f"{target}_SIG_{rank}{suffix}" in index for suffix in ("", *_Writer.SUFFIXES)):
        rank += 1
    return f"{target}_SIG_{rank}"


def _splice(content: bytes, insertions: Mapping[int, bytes]) -> bytes:
    pieces: list[bytes] = []
    start = 0
    for offset in sorted(insertions):
        pieces += (content[start:offset], insertions[offset])
        start = offset
    return b"".join((*pieces, content[start:]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Writer:
    """Writes the signatures of one act of signing: same person, same instant, same claims."""

    SUFFIXES = ("_SP", "_SV", "_KI", "_QI")

    signer: Signer
    options: SignatureOptions
    at: datetime

    def signature(self, target: str, element: Element, name: str) -> bytes:
        """Return ``ds:Signature`` for an element that has none, in ASCII."""
        root = etree.Element(_SIGNATURE, nsmap={"ds": DS}, Id=name)
        signed_info = _ds(root, "SignedInfo")
        value = _ds(root, "SignatureValue", Id=f"{name}_SV")
        self._key_info(root, name)
        properties = self._properties(root, name)
        _ds(signed_info, "CanonicalizationMethod", Algorithm=EXCLUSIVE)
        _ds(signed_info, "SignatureMethod", Algorithm=RSA_SHA256)
        reference = _ds(signed_info, "Reference", URI=f"#{target}")
        _fill_reference(reference, element, transforms=(ENVELOPED, EXCLUSIVE))
        kind = f"{XADES[self.options.namespace]}SignedProperties"
        reference = _ds(signed_info, "Reference", Type=kind, URI=f"#{name}_SP")
        _fill_reference(reference, properties, transforms=(EXCLUSIVE,))
        value.text = _base64(self._sign(canonical(signed_info)))
        return etree.tostring(root, encoding="us-ascii")

    def _sign(self, data: bytes) -> bytes:
        """Sign, and make sure that the certificate which goes with it says the same."""
        signature = self.signer.sign(data)
        public = self.signer.certificate.public_key()
        assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101 - check_signer saw to it
        try:
            public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            holder = describe(self.signer.certificate).holder
            raise FaultError(Fault(code="SIG-KEY_MISMATCH", params={"name": holder})) from error
        return signature

    def _key_info(self, root: Element, name: str) -> None:
        data = _ds(_ds(root, "KeyInfo", Id=f"{name}_KI"), "X509Data")
        der = self.signer.certificate.public_bytes(Encoding.DER)
        _ds(data, "X509Certificate", text=_base64(der))

    def _properties(self, root: Element, name: str) -> Element:
        namespace = XADES[self.options.namespace]
        qualifying = etree.SubElement(
            _ds(root, "Object", Id=f"{name}_QI"),
            f"{{{namespace}}}QualifyingProperties",
            nsmap={"xad": namespace},
            Target=f"#{name}",
        )
        signed = _same(qualifying, "SignedProperties", Id=f"{name}_SP")
        parts = _same(signed, "SignedSignatureProperties")
        _same(parts, "SigningTime", text=self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._signing_certificate(parts)
        self._policy(parts)
        self._claims(parts)
        return signed

    def _signing_certificate(self, parts: Element) -> None:
        certificate = self.signer.certificate
        cert = _same(_same(parts, "SigningCertificate"), "Cert")
        digest = DIGESTS[SHA256].digest(certificate.public_bytes(Encoding.DER))
        _digest(_same(cert, "CertDigest"), SHA256, _base64(digest))
        issuer = _same(cert, "IssuerSerial")
        facts = describe(certificate)
        _ds(issuer, "X509IssuerName", text=facts.issuer)
        _ds(issuer, "X509SerialNumber", text=facts.serial)

    def _policy(self, parts: Element) -> None:
        policy = self.options.policy
        chosen = _same(_same(parts, "SignaturePolicyIdentifier"), "SignaturePolicyId")
        identity = _same(chosen, "SigPolicyId")
        _same(identity, "Identifier", text=policy.identifier)
        _same(identity, "Description", text=policy.description)
        _digest(_same(chosen, "SigPolicyHash"), policy.digest_algorithm, policy.digest_value)
        qualifiers = _same(_same(chosen, "SigPolicyQualifiers"), "SigPolicyQualifier")
        _same(qualifiers, "SPURI", text=policy.spuri)

    def _claims(self, parts: Element) -> None:
        if self.options.place:
            place = _same(parts, "SignatureProductionPlace")
            for name, text in self.options.place.items():
                _same(place, name, text=text)
        roles = _same(_same(parts, "SignerRole"), "ClaimedRoles")
        _same(roles, "ClaimedRole", text=self.options.role)


def _fill_reference(reference: Element, target: Element, *, transforms: Sequence[str]) -> None:
    chain = _ds(reference, "Transforms")
    for algorithm in transforms:
        _ds(chain, "Transform", Algorithm=algorithm)
    _ds(reference, "DigestMethod", Algorithm=SHA256)
    _ds(reference, "DigestValue", text=_base64(DIGESTS[SHA256].digest(canonical(target))))


def _digest(parent: Element, algorithm: str, value: str) -> None:
    """Write a digest in the XAdES namespace, as every real file has it."""
    _same(parent, "DigestMethod", Algorithm=algorithm)
    _same(parent, "DigestValue", text=value)


def _ds(parent: Element, name: str, *, text: str | None = None, **attributes: str) -> Element:
    node = etree.SubElement(parent, f"{{{DS}}}{name}", attributes)
    node.text = text
    return node


def _same(parent: Element, name: str, *, text: str | None = None, **attributes: str) -> Element:
    """Add a child in the namespace of its parent."""
    tag = f"{{{etree.QName(parent).namespace}}}{name}"
    node = etree.SubElement(parent, tag, attributes)
    node.text = text
    return node


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")

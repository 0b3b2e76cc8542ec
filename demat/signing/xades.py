"""XAdES-EPES signatures, enveloped in each signed element (helios dossier §7.1 to §7.4).

The document keeps every one of its bytes: each signature is spliced, in ASCII, just before the end
tag of the element that it signs. One index of Ids serves all of them.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

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
from demat.signing.keys import Signer
from demat.signing.outline import Outline, Place, outline_of, outline_of_stream
from demat.signing.plain import element_digest
from demat.signing.policy import SignatureOptions
from demat.xmlio import Element

__all__ = ["sign_elements", "sign_stream"]

_CHUNK = 1 << 18
_SIGNATURE = f"{{{DS}}}Signature"
_SUFFIXES = ("", "_SP", "_SV", "_KI", "_QI")
"""What the Ids of a signature add to its own."""
_TARGET_MARK, _NAME_MARK = "demat-mark-target", "demat-mark-name"
_DIGEST_MARK, _PROPERTIES_MARK = "demat-mark-digest", "demat-mark-properties"
_VALUE_MARK = "demat-mark-value"
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
        ``SIG-ENCODING``, ``SIG-POLICY_DATE``, ``SIG-KEY_MISMATCH``, ``SIG-CANONICAL``, those of
        :func:`demat.signing.certificate.check_signer`; ``XML-EMPTY``, ``XML-DTD``, ``XML-SYNTAX``.
    """
    writer = _Writer(signer=signer, options=options, at=at)
    writer.check()
    out = BytesIO()
    _sign(BytesIO(content), out, ids, outline_of(content, ids), writer)
    return out.getvalue()


def sign_stream(
    source: BinaryIO,
    out: BinaryIO,
    ids: Sequence[str],
    *,
    signer: Signer,
    options: SignatureOptions,
    at: datetime,
) -> None:
    """Sign elements of a document that need not fit in memory; the largest of them must.

    :param source: the document, open at its beginning, and able to go back there.
    :param out: where the same bytes go, with the signatures inserted; nothing that is written
        before an error may be used.
    :raises FaultError: as :func:`sign_elements`.
    """
    writer = _Writer(signer=signer, options=options, at=at)
    writer.check()
    _sign(source, out, ids, outline_of_stream(source, ids), writer)


def _sign(
    source: BinaryIO, out: BinaryIO, ids: Sequence[str], outline: Outline, writer: "_Writer"
) -> None:
    targets = _targets(outline, ids)
    source.seek(0)
    for value, place in sorted(targets.items(), key=lambda one: one[1].start):
        _copy(source, out, place.start)
        content = source.read(place.stop - place.start)
        digest = element_digest(
            content,
            encoding=outline.encoding,
            namespaces=place.namespaces,
            plain=place.plain,
        )
        end_tag = place.end_tag - place.start
        out.write(memoryview(content)[:end_tag])
        out.write(writer.signature(value, digest, _free_id(outline, value)))
        out.write(memoryview(content)[end_tag:])
    _copy(source, out, None)


def _copy(source: BinaryIO, out: BinaryIO, stop: int | None) -> None:
    """Copy what lies before an offset, or all that is left."""
    while chunk := source.read(_CHUNK if stop is None else min(_CHUNK, stop - source.tell())):
        out.write(chunk)


def _targets(outline: Outline, ids: Sequence[str]) -> Mapping[str, Place]:
    """Find the elements to sign, and refuse what a signature would not bear on or would break."""
    if not ids:
        raise FaultError(Fault(code="SIG-NOTHING_TO_SIGN"))
    targets: dict[str, Place] = {}
    for value in ids:
        if value in targets:
            raise _refusal("SIG-DUPLICATE_ID", value)
        targets[value] = _target(outline, value)
    _check_nesting(targets)
    return targets


def _target(outline: Outline, value: str) -> Place:
    if not _NAME.fullmatch(value):
        raise _refusal("SIG-BAD_ID", value)
    if value in outline.duplicates:
        raise _refusal("SIG-DUPLICATE_ID", value)
    place = outline.places.get(value)
    if place is None:
        raise _refusal("SIG-NO_ELEMENT", value)
    if place.is_empty:  # perhaps one empty tag, where nothing can be put
        raise _refusal("SIG-EMPTY_ELEMENT", value)
    if any(place.holds(signed) or signed.holds(place) for signed in outline.signed):
        raise _refusal("SIG-ALREADY_SIGNED", value)  # one more would break or double it
    return place


def _check_nesting(targets: Mapping[str, Place]) -> None:
    end = 0
    for value, place in sorted(targets.items(), key=lambda one: one[1].start):
        if place.start < end:
            raise _refusal("SIG-NESTED", value)
        end = place.stop


def _refusal(code: str, value: str) -> FaultError:
    return FaultError(Fault(code=code, params={"id": value}))


def _free_id(outline: Outline, target: str) -> str:
    """Choose the Id of a signature so that it and those derived from it are new in the document."""
    rank = 1
    while any(f"{target}_SIG_{rank}{suffix}" in outline.values for suffix in _SUFFIXES):
        rank += 1
    return f"{target}_SIG_{rank}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    """A signature whose Ids, digests and value are still marks, and what is signed in it.

    Everything else is the same in all the signatures of one act of signing: it is written and
    canonicalised once.
    """

    signature: bytes
    """``ds:Signature``, in ASCII."""
    signed_info: bytes
    """Canonical form of ``SignedInfo``."""
    signed_properties: bytes
    """Canonical form of ``SignedProperties``."""


def _filled(written: bytes, marks: Mapping[str, bytes]) -> bytes:
    for mark, text in marks.items():
        written = written.replace(mark.encode("ascii"), text)
    return written


class _Writer:
    """Writes the signatures of one act of signing: same person, same instant, same claims."""

    def __init__(self, *, signer: Signer, options: SignatureOptions, at: datetime) -> None:
        self.signer = signer
        self.options = options
        self.at = at

    def check(self) -> None:
        """Make sure that this certificate may sign under this policy at that instant.

        :raises FaultError: those of ``check_signer``; ``SIG-POLICY_DATE``.
        """
        known = self.options.known
        check_signer(self.signer.certificate, self.at, known).raise_if_blocking()
        day = paris_date(self.at)
        if not self.options.policy.in_force(day):
            params = {"policy": self.options.policy.identifier, "date": day.strftime("%d/%m/%Y")}
            raise FaultError(Fault(code="SIG-POLICY_DATE", params=params))

    def signature(self, target: str, digest: bytes, name: str) -> bytes:
        """Return ``ds:Signature`` for an element of that digest, in ASCII."""
        template = self._template
        properties = _filled(template.signed_properties, {_NAME_MARK: name.encode()})
        marks = {
            _DIGEST_MARK: base64.b64encode(digest),
            _PROPERTIES_MARK: base64.b64encode(DIGESTS[SHA256].digest(properties)),
        }
        ids = {_TARGET_MARK: target.encode(), _NAME_MARK: name.encode()}
        value = self._sign(_filled(template.signed_info, {**marks, **ids}))
        marks[_VALUE_MARK] = base64.b64encode(value)
        ids = {
            mark: text.decode().encode("ascii", "xmlcharrefreplace") for mark, text in ids.items()
        }
        return _filled(template.signature, {**marks, **ids})

    @cached_property
    def _template(self) -> _Template:
        root = etree.Element(_SIGNATURE, nsmap={"ds": DS}, Id=_NAME_MARK)
        signed_info = _ds(root, "SignedInfo")
        _ds(root, "SignatureValue", text=_VALUE_MARK, Id=f"{_NAME_MARK}_SV")
        self._key_info(root, _NAME_MARK)
        properties = self._properties(root, _NAME_MARK)
        _ds(signed_info, "CanonicalizationMethod", Algorithm=EXCLUSIVE)
        _ds(signed_info, "SignatureMethod", Algorithm=RSA_SHA256)
        reference = _ds(signed_info, "Reference", URI=f"#{_TARGET_MARK}")
        _fill_reference(reference, _DIGEST_MARK, transforms=(ENVELOPED, EXCLUSIVE))
        kind = f"{XADES[self.options.namespace]}SignedProperties"
        reference = _ds(signed_info, "Reference", Type=kind, URI=f"#{_NAME_MARK}_SP")
        _fill_reference(reference, _PROPERTIES_MARK, transforms=(EXCLUSIVE,))
        return _Template(
            signature=etree.tostring(root, encoding="us-ascii"),
            signed_info=canonical(signed_info),
            signed_properties=canonical(properties),
        )

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


def _fill_reference(reference: Element, digest: str, *, transforms: Sequence[str]) -> None:
    chain = _ds(reference, "Transforms")
    for algorithm in transforms:
        _ds(chain, "Transform", Algorithm=algorithm)
    _ds(reference, "DigestMethod", Algorithm=SHA256)
    _ds(reference, "DigestValue", text=digest)


def _digest(parent: Element, algorithm: str, value: str) -> None:
    """Write a digest: in the XAdES namespace, as every real file has it, until v1.3.2."""
    write = _ds if etree.QName(parent).namespace == XADES["v1.3.2"] else _same
    write(parent, "DigestMethod", Algorithm=algorithm)
    write(parent, "DigestValue", text=value)


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

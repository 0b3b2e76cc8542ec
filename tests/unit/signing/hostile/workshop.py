"""What a forger needs: genuine documents, a good key of their own, and an authority that errs.

Two kinds of forgers make the hostile documents. The first has no key, and rearranges what others
signed. The second owns a good certificate, signs whatever they like, and hopes that a reader takes
it for something else: only the rules of decision 16 can refuse what they make.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from demat.signing.algorithms import DS, SHA256, canonical
from demat.signing.keys import KeyFileSigner
from demat.signing.trust import TrustStore
from tests.unit.signing.factory import NOW, SIGNATURE, signed

__all__ = [
    "AUTHORITY",
    "CORPUS",
    "Authority",
    "Hostile",
    "Workshop",
    "add",
    "b64",
    "claim",
    "ds",
    "first",
    "forged_padding",
    "forgeries",
    "hostile",
    "key_usage",
    "new_authority",
    "padded",
    "resign",
    "spoiled",
    "write",
]

AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AC trop confiante")])
_HASHES = {
    SHA256: "sha256",
    DS + "sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#md5": "md5",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
}
_PREFIXES = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "md5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
}
"""DER that precedes a digest in a PKCS#1 v1.5 signature."""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """An authority that is trusted, and certifies whatever it is asked to."""

    key: rsa.RSAPrivateKey
    root: x509.Certificate
    crl: x509.CertificateRevocationList

    def certify(
        self,
        key: Any,
        *,
        usage: x509.KeyUsage | None = None,
        days: tuple[int, int] = (-10, 10),
        serial: int = 7777,
        name: x509.Name | None = None,
        authority: bool = False,
        extension: tuple[x509.ExtensionType, bool] | None = None,
    ) -> x509.Certificate:
        """Certify a key of any kind, as a signatory unless told otherwise."""
        holder = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Camille Dupré")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name or holder)
            .issuer_name(AUTHORITY)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(NOW + timedelta(days=days[0]))
            .not_valid_after(NOW + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage or key_usage(content_commitment=True), critical=True)
        )
        if extension is not None:
            builder = builder.add_extension(extension[0], critical=extension[1])
        return builder.sign(self.key, hashes.SHA256())

    def certify_raw(self, edit: Callable[[asn1.TbsCertificate], None]) -> bytes:
        """Certify what no library would write: edit a good certificate, and sign it again."""
        der = self.certify(self.key.public_key()).public_bytes(Encoding.DER)
        made = asn1.Certificate.load(der)
        edit(made["tbs_certificate"])
        content = made["tbs_certificate"].dump(force=True)
        made["signature_value"] = self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return bytes(made.dump(force=True))

    def certify_numbers(self, modulus: int, exponent: int) -> bytes:
        """Certify an RSA key that may be absurd."""
        public = asn1_keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent})
        info = asn1_keys.PublicKeyInfo.wrap(public, "rsa")

        def edit(tbs: asn1.TbsCertificate) -> None:
            tbs["subject_public_key_info"] = info

        return self.certify_raw(edit)


def key_usage(**wanted: bool) -> x509.KeyUsage:
    """Return a usage with nothing but what is wanted."""
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})


def new_authority() -> Authority:
    """Make such an authority, which revoked nobody."""
    key = rsa.generate_private_key(65537, 2048)
    root = (
        x509.CertificateBuilder()
        .subject_name(AUTHORITY)
        .issuer_name(AUTHORITY)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY)
        .last_update(NOW - timedelta(days=1))
        .next_update(NOW + timedelta(days=300))
        .sign(key, hashes.SHA256())
    )
    return Authority(key=key, root=root, crl=crl)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything at hand."""

    signer: KeyFileSigner
    """A good certificate of the test infrastructure."""
    expired: KeyFileSigner
    """A certificate that ended 400 days ago."""
    revoked: KeyFileSigner
    """A certificate that was revoked 30 days ago."""
    authority: Authority
    genuine_trust: TrustStore
    """Who trusts the test infrastructure."""

    @property
    def trust(self) -> TrustStore:
        """Trust the test infrastructure and the authority that errs."""
        der = Encoding.DER
        return replace(
            self.genuine_trust,
            roots=(*self.genuine_trust.roots, self.authority.root.public_bytes(der)),
            crls=(*self.genuine_trust.crls, self.authority.crl.public_bytes(der)),
        )

    def genuine(self, count: int = 1, ids: list[str] | None = None) -> etree._Element:
        """Return a document that is genuinely signed, to be spoiled."""
        return etree.fromstring(signed(self.signer, count, ids))

    def forge(self, edit: Callable[[etree._Element], object], **options: Any) -> bytes:
        """Edit the signature of a genuine document, and sign it again with the same good key."""
        root = self.genuine(**options)
        edit(first(root))
        resign(first(root), self.signer.sign)
        return write(root)

    def signed_with(
        self,
        certificate: bytes | x509.Certificate,
        sign: Callable[[bytes], bytes],
        *,
        method: str = "",
        issuer: str = AUTHORITY.rfc4514_string(),
    ) -> bytes:
        """Return a document signed with another key, whose claims all agree with it.

        :param sign: signs the canonical form of ``SignedInfo``.
        :param method: ``SignatureMethod``; RSA-SHA256 by default.
        """
        der = certificate
        if isinstance(der, x509.Certificate):
            der = der.public_bytes(Encoding.DER)
        facts = asn1.Certificate.load(der)
        root = self.genuine()
        signature = first(root)
        claim(signature, der, serial=str(facts.serial_number), issuer=issuer)
        for node in signature.iter(ds("X509Certificate")):
            node.text = b64(der)
        if method:
            signature.find(f".//{ds('SignatureMethod')}").set("Algorithm", method)
        resign(signature, sign)
        return write(root)

    def signed_with_genuine(self, sign: Callable[[bytes], bytes], *, method: str = "") -> bytes:
        """Return a document signed with the good key, but in another way."""
        root = self.genuine()
        if method:
            first(root).find(f".//{ds('SignatureMethod')}").set("Algorithm", method)
        resign(first(root), sign)
        return write(root)


def claim(signature: etree._Element, der: bytes, *, serial: str, issuer: str) -> None:
    """Name another certificate among the signed properties."""
    signature.find(".//{*}CertDigest/{*}DigestValue").text = b64(hashlib.sha256(der).digest())
    signature.find(f".//{ds('X509IssuerName')}").text = issuer
    signature.find(f".//{ds('X509SerialNumber')}").text = serial


def b64(content: bytes) -> str:
    """Write octets in base64."""
    return base64.b64encode(content).decode("ascii")


def ds(name: str) -> str:
    """Return a name of XMLDSig as lxml writes it."""
    return f"{{{DS}}}{name}"


def first(root: etree._Element) -> etree._Element:
    """Return the first signature of a document."""
    return next(root.iter(SIGNATURE))


def write(root: etree._Element) -> bytes:
    """Write a document as the software of a town hall does."""
    return etree.tostring(root, encoding="ISO-8859-1", xml_declaration=True)


def resign(signature: etree._Element, sign: Callable[[bytes], bytes]) -> None:
    """Compute again every digest and the value of a signature, whatever it says."""
    owner, targets = signature.getparent(), dict[str, bytes | None]()
    for reference in signature.iterfind(f"{ds('SignedInfo')}/{ds('Reference')}"):
        uri = reference.get("URI", "")
        if uri not in targets:
            targets[uri] = _designated(signature, owner, uri)
        target = targets[uri]
        method, value = reference.find(ds("DigestMethod")), reference.find(ds("DigestValue"))
        if target is None or method is None or value is None:
            continue
        name = _HASHES.get(method.get("Algorithm", ""))
        if name is not None:
            value.text = b64(hashlib.new(name, target).digest())
    info, value = signature.find(ds("SignedInfo")), signature.find(ds("SignatureValue"))
    if info is not None and value is not None:
        value.text = b64(sign(canonical(info)))


def _designated(signature: etree._Element, owner: etree._Element, uri: str) -> bytes | None:
    for properties in signature.iter("{*}SignedProperties"):
        if uri == f"#{properties.get('Id')}":
            return canonical(properties)
    for node in owner.getroottree().getroot().iter("*"):
        if uri == f"#{node.get('Id')}" or (not uri and node.getparent() is None):
            inside = signature in node.iterdescendants()
            return _without(signature, node) if inside else canonical(node)
    return None


def _without(signature: etree._Element, node: etree._Element) -> bytes:
    parent, rank = signature.getparent(), signature.getparent().index(signature)
    marker = etree.Comment("")
    marker.tail = signature.tail
    parent.replace(signature, marker)
    try:
        return canonical(node)
    finally:
        tail = marker.tail
        parent[rank] = signature
        signature.tail = tail


def forged_padding(data: bytes, bits: int) -> bytes:
    """Sign for the exponent 3 without any key (Bleichenbacher, 2006): rubbish after the digest."""
    digest = _PREFIXES["sha256"] + hashlib.sha256(data).digest()
    size = bits // 8
    start = b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00" + digest
    wanted = int.from_bytes(start.ljust(size, b"\x00"), "big")
    root = _cube_root(wanted) + 1
    return root.to_bytes(size, "big")


def _cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


def padded(data: bytes, bits: int, name: str = "sha256") -> bytes:
    """Return the padded digest itself: the signature of a key whose exponent is 1."""
    digest = _PREFIXES[name] + hashlib.new(name, data, usedforsecurity=False).digest()
    return b"\x00\x01" + b"\xff" * (bits // 8 - len(digest) - 3) + b"\x00" + digest


# ------------------------------------------------------------------------------- the corpus


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One way of lying."""

    name: str
    family: str
    code: str
    """The reason that must be found, among others or alone."""
    make: Callable[[Workshop], bytes]


CORPUS: dict[str, Hostile] = {}
"""Every hostile document, by name."""


def hostile(
    family: str, code: str
) -> Callable[[Callable[[Workshop], bytes]], Callable[[Workshop], bytes]]:
    """Put into the corpus what a function makes."""

    def keep(make: Callable[[Workshop], bytes]) -> Callable[[Workshop], bytes]:
        add(family, make.__name__, code, make)
        return make

    return keep


def add(family: str, name: str, code: str, make: Callable[[Workshop], bytes]) -> None:
    """Put a document into the corpus."""
    assert name not in CORPUS, name
    CORPUS[name] = Hostile(name=name, family=family, code=code, make=make)


def forgeries(
    family: str, made: Mapping[str, tuple[str, Callable[[etree._Element], object]]]
) -> None:
    """Put into the corpus documents signed again after each of these edits."""
    for name, (code, edit) in made.items():
        add(family, name, code, lambda shop, edit=edit: shop.forge(edit))  # type: ignore[misc]


def spoiled(
    family: str, made: Mapping[str, tuple[str, Callable[[etree._Element], object]]]
) -> None:
    """Put into the corpus genuine documents after each of these edits of their root."""
    for name, (code, edit) in made.items():

        def make(shop: Workshop, edit: Callable[[etree._Element], object] = edit) -> bytes:
            root = shop.genuine()
            changed = edit(root)
            return write(changed if isinstance(changed, etree._Element) else root)

        add(family, name, code, make)

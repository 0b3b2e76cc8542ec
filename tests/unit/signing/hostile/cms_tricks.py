"""Hostile PKCS#7: a document and a signature that says more, or less, than it seems."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.unit.signing.factory import NOW
from tests.unit.signing.factory import certificate as self_signed
from tests.unit.signing.hostile import keys
from tests.unit.signing.hostile.workshop import Workshop, key_usage
from tests.unit.signing.pdfs import text_pdf

__all__ = ["SIGNATURES", "HostileSignature", "build"]

DOCUMENT = text_pdf("Acte d'engagement")
Attributes = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HostileSignature:
    """One way of lying, and what is found about it."""

    make: Callable[[Workshop], tuple[bytes, bytes]]
    """Return the document and the signature."""
    code: str


SIGNATURES: dict[str, HostileSignature] = {}


def hostile(code: str) -> Callable[[Callable[[Workshop], Any]], Callable[[Workshop], Any]]:
    def keep(make: Callable[[Workshop], Any]) -> Callable[[Workshop], Any]:
        def whole(shop: Workshop) -> tuple[bytes, bytes]:
            made = make(shop)
            return made if isinstance(made, tuple) else (DOCUMENT, made)

        SIGNATURES[make.__name__] = HostileSignature(make=whole, code=code)
        return make

    return keep


def _pkcs1(key: rsa.RSAPrivateKey, name: str = "sha256") -> Callable[[bytes], bytes]:
    kinds = {"sha256": hashes.SHA256(), "sha1": hashes.SHA1(), "md5": hashes.MD5()}  # noqa: S303
    return lambda data: key.sign(data, padding.PKCS1v15(), kinds[name])


def build(
    shop: Workshop,
    *,
    content: bytes = DOCUMENT,
    certificate: bytes | None = None,
    sign: Callable[[bytes], bytes] | None = None,
    digest: str = "sha256",
    method: str = "rsassa_pkcs1v15",
    more: Sequence[bytes] = (),
    attributes: Callable[[list[cms.CMSAttribute]], None] = lambda _: None,
    kind: str = "data",
    bare: bool = False,
) -> cms.ContentInfo:
    """Make a signature with the key of the authority that errs, unless told otherwise.

    :param more: other certificates, after the signatory's.
    :param bare: sign the document itself, without attributes.
    """
    key = shop.authority.key
    der = certificate or shop.authority.certify(key.public_key()).public_bytes(Encoding.DER)
    own = asn1.Certificate.load(der)
    hashed = hashlib.new(digest, content, usedforsecurity=False).digest()
    listed = [
        cms.CMSAttribute({"type": "content_type", "values": [kind]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashed]}),
        cms.CMSAttribute(
            {"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(NOW)})]}
        ),
    ]
    attributes(listed)
    signed = cms.CMSAttributes(listed)
    value = (sign or _pkcs1(key, digest))(content if bare else signed.dump())
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": own.issuer, "serial_number": own.serial_number}
                )
            }
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": method}),
        "signature": value,
    }
    if not bare:
        info["signed_attrs"] = signed
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
                    "encap_content_info": {"content_type": kind},
                    "certificates": [asn1.Certificate.load(one) for one in (der, *more)],
                    "signer_infos": [cms.SignerInfo(info)],
                }
            ),
        }
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


# ------------------------------------------------------------------------- several signatories


@hostile("SIG-PDF_VALUE")
def second_signatory_forged(shop: Workshop) -> bytes:
    good, other = build(shop), build(shop, sign=lambda data: b"\1" * 256)
    good["content"]["signer_infos"].append(other["content"]["signer_infos"][0])
    return bytes(good.dump(force=True))


@hostile("SIG-PDF_ALTERED")
def second_signatory_of_another_document(shop: Workshop) -> bytes:
    good, other = build(shop), build(shop, content=b"autre")
    good["content"]["signer_infos"].append(other["content"]["signer_infos"][0])
    return bytes(good.dump(force=True))


@hostile("SIG-PDF_MANY")
def hundreds_of_signatories(shop: Workshop) -> bytes:
    good = build(shop)
    bad = build(shop, content=b"autre")["content"]["signer_infos"][0]
    for _ in range(300):
        good["content"]["signer_infos"].append(good["content"]["signer_infos"][0])
    good["content"]["signer_infos"].append(bad)
    return bytes(good.dump(force=True))


@hostile("SIG-PDF_UNREADABLE")
def nobody(shop: Workshop) -> bytes:
    made = build(shop)
    made["content"]["signer_infos"] = []
    return bytes(made.dump(force=True))


# ---------------------------------------------------------------------------------- attributes


@hostile("SIG-PDF_NO_TIME")
def attributes_presented_as_the_document(shop: Workshop) -> tuple[bytes, bytes]:
    """The attributes that were signed become the document, and are taken out of the signature."""
    made = build(shop)
    info = made["content"]["signer_infos"][0]
    document = info["signed_attrs"].untag().dump()
    bare = build(shop, sign=lambda _: info["signature"].native, bare=True)
    return document, bytes(bare.dump(force=True))


@hostile("SIG-PDF_NO_TIME")
def attributes_absent(shop: Workshop) -> bytes:
    return bytes(build(shop, bare=True).dump())


@hostile("SIG-PDF_UNREADABLE")
def attributes_without_digest(shop: Workshop) -> bytes:
    return bytes(build(shop, attributes=lambda listed: listed.pop(1)).dump())


@hostile("SIG-PDF_UNREADABLE")
def attributes_with_two_digests(shop: Workshop) -> bytes:
    def edit(listed: list[cms.CMSAttribute]) -> None:
        listed.append(cms.CMSAttribute({"type": "message_digest", "values": [b"\1" * 32]}))

    return bytes(build(shop, attributes=edit).dump())


@hostile("SIG-PDF_UNREADABLE")
def attributes_with_a_digest_of_two_values(shop: Workshop) -> bytes:
    def edit(listed: list[cms.CMSAttribute]) -> None:
        hashed = hashlib.sha256(DOCUMENT).digest()
        listed[1] = cms.CMSAttribute({"type": "message_digest", "values": [hashed, b"\1" * 32]})

    return bytes(build(shop, attributes=edit).dump())


@hostile("SIG-PDF_UNREADABLE")
def attributes_of_another_type_of_content(shop: Workshop) -> bytes:
    def edit(listed: list[cms.CMSAttribute]) -> None:
        listed[0] = cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]})

    return bytes(build(shop, attributes=edit).dump())


@hostile("SIG-PDF_UNREADABLE")
def attributes_that_name_another_certificate(shop: Workshop) -> bytes:
    def edit(listed: list[cms.CMSAttribute]) -> None:
        named = tsp.SigningCertificateV2({"certs": [{"cert_hash": b"\1" * 32}]})
        listed.append(cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}))

    return bytes(build(shop, attributes=edit).dump())


@hostile("SIG-PDF_VALUE")
def attributes_changed_after_signing(shop: Workshop) -> bytes:
    made = build(shop)
    content = bytes(made.dump())
    stamp = core.UTCTime(NOW).contents
    assert stamp in content
    return content.replace(stamp, b"261119093015Z")


@hostile("SIG-PDF_UNREADABLE")
def content_of_another_type(shop: Workshop) -> bytes:
    return bytes(build(shop, kind="tst_info").dump())


@hostile("SIG-PDF_UNREADABLE")
def something_behind_the_signature(shop: Workshop) -> bytes:
    return bytes(build(shop).dump()) + b"\0" * 100


@hostile("SIG-PDF_UNREADABLE")
def signature_cut(shop: Workshop) -> bytes:
    return bytes(build(shop).dump())[:-10]


@hostile("SIG-PDF_UNREADABLE")
def nested_without_end(shop: Workshop) -> bytes:
    return b"\x30\x80" * 100_000


@hostile("SIG-PDF_UNREADABLE")
def length_that_promises_everything(shop: Workshop) -> bytes:
    return b"\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(build(shop).dump())


# ---------------------------------------------------------------------- keys and certificates


@hostile("SIG-CHAIN")
def certificate_of_the_same_name_and_number(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    fake = keys._look_alike(shop, key)
    good = _der(shop.signer.certificate)
    return bytes(build(shop, certificate=_der(fake), sign=_pkcs1(key), more=[good]).dump())


@hostile("SIG-CHAIN")
def certificate_of_the_same_name_and_number_second(shop: Workshop) -> bytes:
    """Both certificates have the number that the signature names; the forger's signed."""
    key = rsa.generate_private_key(65537, 2048)
    fake, good = keys._look_alike(shop, key), shop.signer.certificate
    made = build(shop, certificate=_der(good), sign=_pkcs1(key), more=[_der(fake)])
    return bytes(made.dump())


@hostile("SIG-UNTRUSTED")
def certificate_signed_by_itself(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return bytes(build(shop, certificate=_der(self_signed(key)), sign=_pkcs1(key)).dump())


@hostile("SIG-AUTHORITY")
def root_as_a_signatory(shop: Workshop) -> bytes:
    return bytes(build(shop, certificate=_der(shop.authority.root)).dump())


@hostile("SIG-KEY_USAGE")
def certificate_for_encryption(shop: Workshop) -> bytes:
    made = shop.authority.certify(
        shop.authority.key.public_key(), usage=key_usage(key_encipherment=True)
    )
    return bytes(build(shop, certificate=_der(made)).dump())


@hostile("SIG-PROFILE")
def certificate_with_a_hidden_name(shop: Workshop) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Camille Dupré\u202eerialM")])
    made = shop.authority.certify(shop.authority.key.public_key(), name=name)
    return bytes(build(shop, certificate=_der(made)).dump())


@hostile("SIG-PDF_UNREADABLE")
def certificate_with_a_name_of_no_character(shop: Workshop) -> bytes:
    def edit(tbs: asn1.TbsCertificate) -> None:
        tbs["subject"] = asn1.Name.build({"common_name": "Camille \u0378"})

    return bytes(build(shop, certificate=shop.authority.certify_raw(edit)).dump())


@hostile("SIG-EXPIRED")
def certificate_over(shop: Workshop) -> bytes:
    made = shop.authority.certify(shop.authority.key.public_key(), days=(-10, -1))
    return bytes(build(shop, certificate=_der(made)).dump())


@hostile("SIG-KEY_SIZE")
def key_of_1024_bits(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    made = shop.authority.certify(key.public_key())
    return bytes(build(shop, certificate=_der(made), sign=_pkcs1(key)).dump())


@hostile("SIG-KEY_EXPONENT")
def exponent_three(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(3, 2048)
    made = shop.authority.certify(key.public_key())
    return bytes(build(shop, certificate=_der(made), sign=_pkcs1(key)).dump())


@hostile("SIG-PDF_UNREADABLE")
def method_of_another_key(shop: Workshop) -> bytes:
    return bytes(build(shop, method="sha256_ecdsa").dump())


@hostile("SIG-PDF_UNREADABLE")
def key_on_a_curve_with_the_method_of_rsa(shop: Workshop) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = shop.authority.certify(key.public_key())
    sign = lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))  # noqa: E731
    return bytes(build(shop, certificate=_der(made), sign=sign).dump())


@hostile("SIG-PDF_WEAK")
def digest_sha1(shop: Workshop) -> bytes:
    return bytes(build(shop, digest="sha1").dump())


@hostile("SIG-PDF_WEAK")
def digest_md5(shop: Workshop) -> bytes:
    return bytes(build(shop, digest="md5").dump())


@hostile("SIG-PDF_WEAK")
def digest_strong_and_method_weak(shop: Workshop) -> bytes:
    """The digest of the document is SHA-256, that of the attributes SHA-1."""
    sign = _pkcs1(shop.authority.key, "sha1")
    return bytes(build(shop, method="sha1_rsa", sign=sign).dump())


@hostile("SIG-UNTRUSTED")
def authorities_of_one_name(shop: Workshop) -> bytes:
    """Eighteen authorities of one name: the orders in which they could stand are without number."""
    key = rsa.generate_private_key(65537, 2048)
    many = [
        _der(_authority("AC sans fin", "AC sans fin", key, key, 100 + rank)) for rank in range(18)
    ]
    own = _authority("Camille Dupré", "AC sans fin", key, key, 5, ca=False)
    return bytes(build(shop, certificate=_der(own), sign=_pkcs1(key), more=many).dump())


@hostile("SIG-UNTRUSTED")
def authorities_that_certify_each_other(shop: Workshop) -> bytes:
    """Four authorities and the twelve certificates between them, none from anybody trusted."""
    made = [rsa.generate_private_key(65537, 2048) for _ in range(4)]
    many = [
        _der(_authority(f"AC {one}", f"AC {other}", made[one], made[other], 10 * one + other + 1))
        for one in range(4)
        for other in range(4)
        if one != other
    ]
    own = _authority("Camille Dupré", "AC 0", made[0], made[0], 5, ca=False)
    return bytes(build(shop, certificate=_der(own), sign=_pkcs1(made[0]), more=many).dump())


def _authority(
    subject: str,
    issuer: str,
    key: rsa.RSAPrivateKey,
    by: rsa.RSAPrivateKey,
    number: int,
    *,
    ca: bool = True,
) -> x509.Certificate:
    name, above = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, issuer)
    )
    usage = key_usage(content_commitment=not ca, key_cert_sign=ca, crl_sign=ca)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(by, hashes.SHA256())
    )

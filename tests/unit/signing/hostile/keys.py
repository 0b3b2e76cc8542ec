"""Hostile documents that lie on keys, certificates, algorithms, base64, dates and properties."""

import base64
import copy
import hashlib
import hmac
import random
from collections.abc import Callable
from datetime import timedelta

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from demat.signing.algorithms import DS, SHA1
from demat.signing.keys import KeyFileSigner
from tests.unit.signing.factory import NOW
from tests.unit.signing.factory import certificate as self_signed
from tests.unit.signing.hostile.workshop import (
    Workshop,
    add,
    b64,
    ds,
    first,
    forged_padding,
    forgeries,
    hostile,
    key_usage,
    padded,
    resign,
    spoiled,
    write,
)

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_CERTIFICATE = f".//{ds('X509Certificate')}"


# --------------------------------------------------------------------------------- key info


def _look_alike(shop: Workshop, key: rsa.RSAPrivateKey) -> x509.Certificate:
    """Return a certificate that says the same as the genuine one, signed by its own key."""
    good = shop.signer.certificate
    return (
        x509.CertificateBuilder()
        .subject_name(good.subject)
        .issuer_name(good.issuer)
        .public_key(key.public_key())
        .serial_number(good.serial_number)
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(content_commitment=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _by_an_impostor(
    shop: Workshop, ours: Callable[[bytes, bytes], list[bytes]], *, claimed: bool
) -> bytes:
    """Change the amount and sign with a key of ours.

    :param ours: order of the certificates, from ours and the genuine one.
    :param claimed: name our certificate under the signature too.
    """
    key = shop.authority.key
    fake = _der(_look_alike(shop, key))
    root = shop.genuine()
    root.find(".//IdPce").set("V", "9")
    signature = first(root)
    holder = signature.find(f".//{ds('X509Data')}")
    for node in list(holder):
        holder.remove(node)
    for der in ours(fake, _der(shop.signer.certificate)):
        etree.SubElement(holder, ds("X509Certificate")).text = b64(der)
    if claimed:
        digest = hashlib.sha256(fake).digest()
        signature.find(".//{*}CertDigest/{*}DigestValue").text = b64(digest)
    resign(signature, lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
    return write(root)


@hostile("key info", "SIG-CHAIN")
def certificate_of_the_same_name_and_number(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [fake], claimed=True)


@hostile("key info", "SIG-CERT_DIGEST")
def certificate_that_is_not_the_one_named(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [fake], claimed=False)


@hostile("key info", "SIG-VALUE")
def certificate_of_the_forger_first(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [fake, good], claimed=False)


@hostile("key info", "SIG-VALUE")
def certificate_of_the_forger_second(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [good, fake], claimed=False)


@hostile("key info", "SIG-CHAIN")
def certificate_of_the_forger_named_among_two(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [good, fake], claimed=True)


@hostile("key info", "SIG-MANY_CERTIFICATES")
def certificates_by_the_thousand(shop: Workshop) -> bytes:
    return _by_an_impostor(shop, lambda fake, good: [good, *[fake] * 20_000], claimed=False)


@hostile("key info", "SIG-VALUE")
def certificate_replaced_after_signing(shop: Workshop) -> bytes:
    root = shop.genuine()
    first(root).find(_CERTIFICATE).text = b64(_der(_look_alike(shop, shop.authority.key)))
    return write(root)


def _key_value(shop: Workshop) -> etree._Element:
    numbers = shop.authority.key.public_key().public_numbers()
    made = etree.Element(ds("KeyValue"))
    value = etree.SubElement(made, ds("RSAKeyValue"))
    for name, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
        octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
        etree.SubElement(value, ds(name)).text = b64(octets)
    return made


def _with_key_value(shop: Workshop, *, alone: bool) -> bytes:
    root = shop.genuine()
    root.find(".//IdPce").set("V", "9")
    info = first(root).find(ds("KeyInfo"))
    if alone:
        for node in list(info):
            info.remove(node)
    info.insert(0, _key_value(shop))
    key = shop.authority.key
    resign(first(root), lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()))
    return write(root)


@hostile("key info", "SIG-CERTIFICATE")
def key_alone(shop: Workshop) -> bytes:
    return _with_key_value(shop, alone=True)


@hostile("key info", "SIG-VALUE")
def key_beside_a_good_certificate(shop: Workshop) -> bytes:
    return _with_key_value(shop, alone=False)


def _instead_of_the_certificate(*names: str, **attributes: str) -> Callable[..., None]:
    def edit(signature: etree._Element) -> None:
        info = signature.find(ds("KeyInfo"))
        for node in list(info):
            info.remove(node)
        for name in names:
            info = etree.SubElement(info, ds(name))
        for key, text in attributes.items():
            info.set(key, text)
        info.text = "Camille Dupré"

    return edit


def _text(path: str, text: str) -> Callable[[etree._Element], object]:
    return lambda signature: setattr(signature.find(path), "text", text)


def _more(path: str, suffix: str) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        node.text = (node.text or "") + suffix

    return edit


def _trailing(signature: etree._Element) -> None:
    node = signature.find(_CERTIFICATE)
    node.text = b64(base64.b64decode(node.text) + b"\0\0\0")


forgeries(
    "key info",
    {
        "key_retrieved_elsewhere": ("SIG-CERTIFICATE", _instead_of_the_certificate(
            "RetrievalMethod", URI="http://exemple.invalid/cle")),
        "key_named": ("SIG-CERTIFICATE", _instead_of_the_certificate("KeyName")),
        "certificate_named": ("SIG-CERTIFICATE", _instead_of_the_certificate(
            "X509Data", "X509SubjectName")),
        "certificate_list_only": ("SIG-CERTIFICATE", _instead_of_the_certificate(
            "X509Data", "X509CRL")),
        "certificate_empty": ("SIG-BASE64", _text(_CERTIFICATE, "")),
        "certificate_of_another_kind": ("SIG-CERTIFICATE", _text(_CERTIFICATE, b64(b"\x30\x00"))),
        "certificate_with_more_behind": ("SIG-CERTIFICATE", _trailing),
        "certificate_in_pem": ("SIG-BASE64", _text(
            _CERTIFICATE, "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----")),
        "certificate_endless": ("SIG-CERTIFICATE", _text(_CERTIFICATE, "MIIB" * 5_000_000)),
    },
)  # fmt: skip


# ------------------------------------------------------------------------------------- keys


def _number(bits: int) -> int:
    """Return an odd number of this size, always the same."""
    return random.Random(bits).getrandbits(bits) | (1 << (bits - 1)) | 1  # noqa: S311


def _prime(bits: int, seed: int) -> int:
    """Return a prime of this size, always the same, that suits the exponent 65537."""
    number = random.Random(seed).getrandbits(bits) | (3 << (bits - 2)) | 1  # noqa: S311
    while pow(2, number - 1, number) != 1 or pow(3, number - 1, number) != 1:
        number += 2
    return number


def _small(bits: int) -> Callable[[Workshop], bytes]:
    """Sign correctly with a key that a home computer factors."""

    def make(shop: Workshop) -> bytes:
        one, two = _prime(bits // 2, 1), _prime(bits // 2, 2)
        modulus, private = one * two, pow(65537, -1, (one - 1) * (two - 1))

        def sign(data: bytes) -> bytes:
            message = int.from_bytes(padded(data, bits), "big")
            return pow(message, private, modulus).to_bytes(bits // 8, "big")

        return shop.signed_with(shop.authority.certify_numbers(modulus, 65537), sign)

    return make


add("keys", "key_of_512_bits", "SIG-KEY_SIZE", _small(512))
add("keys", "key_of_1024_bits", "SIG-KEY_SIZE", _small(1024))


@hostile("keys", "SIG-VALUE")
def key_of_16384_bits(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(16_384), 65537)
    return shop.signed_with(der, lambda data: b"\1" * 2048)


@hostile("keys", "SIG-VALUE")
def key_of_100000_bits(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(100_000), 65537)
    return shop.signed_with(der, lambda data: b"\1" * 12_500)


@hostile("keys", "SIG-CERTIFICATE")
def exponent_one(shop: Workshop) -> bytes:
    """The padded digest is its own signature."""
    der = shop.authority.certify_numbers(_number(2048), 1)
    return shop.signed_with(der, lambda data: padded(data, 2048))


@hostile("keys", "SIG-KEY_EXPONENT")
def exponent_three(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(3, 2048)
    made = shop.authority.certify(key.public_key())
    return shop.signed_with(made, lambda data: _rsa(key, data))


@hostile("keys", "SIG-VALUE")
def exponent_three_and_forged_padding(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(2048), 3)
    return shop.signed_with(der, lambda data: forged_padding(data, 2048))


@hostile("keys", "SIG-")
def exponent_even(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(2048), 65536)
    return shop.signed_with(der, lambda data: b"\1" * 256)


@hostile("keys", "SIG-")
def exponent_huge(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(4096), _number(4095))
    return shop.signed_with(der, lambda data: b"\1" * 512)


@hostile("keys", "SIG-")
def modulus_even(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(_number(2048) - 1, 65537)
    return shop.signed_with(der, lambda data: b"\1" * 256)


@hostile("keys", "SIG-")
def modulus_negative(shop: Workshop) -> bytes:
    der = shop.authority.certify_numbers(-_number(2048), 65537)
    return shop.signed_with(der, lambda data: b"\1" * 256)


def _rsa(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@hostile("keys", "SIG-KEY_TYPE")
def key_on_a_curve(shop: Workshop) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = shop.authority.certify(key.public_key())
    return shop.signed_with(made, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))


@hostile("keys", "SIG-ALGORITHM")
def key_on_a_curve_that_says_so(shop: Workshop) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = shop.authority.certify(key.public_key())
    return shop.signed_with(
        made,
        lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())),
        method=MORE + "ecdsa-sha256",
    )


@hostile("keys", "SIG-KEY_TYPE")
def key_of_dsa(shop: Workshop) -> bytes:
    key = dsa.generate_private_key(2048)
    made = shop.authority.certify(key.public_key())
    return shop.signed_with(made, lambda data: key.sign(data, hashes.SHA256()))


@hostile("keys", "SIG-KEY_TYPE")
def key_of_edwards(shop: Workshop) -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return shop.signed_with(shop.authority.certify(key.public_key()), key.sign)


@hostile("keys", "SIG-ALGORITHM")
def public_key_as_a_shared_secret(shop: Workshop) -> bytes:
    """HMAC keyed by what everybody knows: a verifier that takes the method at its word accepts."""
    public = shop.signer.certificate.public_key()
    secret = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    root = shop.genuine()
    root.find(".//IdPce").set("V", "9")
    first(root).find(f".//{ds('SignatureMethod')}").set("Algorithm", MORE + "hmac-sha256")
    resign(first(root), lambda data: hmac.digest(secret, data, "sha256"))
    return write(root)


@hostile("keys", "SIG-ALGORITHM")
def shared_secret_of_no_length(shop: Workshop) -> bytes:
    """``HMACOutputLength`` 0, the fault of 2009 (CVE-2009-0217)."""
    root = shop.genuine()
    method = first(root).find(f".//{ds('SignatureMethod')}")
    method.set("Algorithm", DS + "hmac-sha1")
    etree.SubElement(method, ds("HMACOutputLength")).text = "0"
    resign(first(root), lambda data: b"\0")
    return write(root)


@hostile("keys", "SIG-VALUE")
def other_padding(shop: Workshop) -> bytes:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return shop.signed_with_genuine(lambda data: shop.signer.key.sign(data, pss, hashes.SHA256()))


@hostile("keys", "SIG-ALGORITHM")
def other_padding_that_says_so(shop: Workshop) -> bytes:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return shop.signed_with_genuine(
        lambda data: shop.signer.key.sign(data, pss, hashes.SHA256()),
        method="http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    )


@hostile("keys", "SIG-VALUE")
def other_hash_inside_the_value(shop: Workshop) -> bytes:
    return shop.signed_with_genuine(
        lambda data: shop.signer.key.sign(data, padding.PKCS1v15(), hashes.SHA512())
    )


# ------------------------------------------------------------------------------- downgrades


def _digest_method(rank: int, algorithm: str) -> Callable[[etree._Element], object]:
    path = f"{ds('SignedInfo')}/{ds('Reference')}[{rank}]/{ds('DigestMethod')}"
    return lambda signature: signature.find(path).set("Algorithm", algorithm)


def _signature_method(algorithm: str) -> Callable[[etree._Element], object]:
    path = f".//{ds('SignatureMethod')}"
    return lambda signature: signature.find(path).set("Algorithm", algorithm)


def _child_of(path: str, name: str, text: str) -> Callable[[etree._Element], object]:
    return lambda signature: setattr(etree.SubElement(signature.find(path), ds(name)), "text", text)


forgeries(
    "downgrades",
    {
        "sha1_of_the_bordereau": ("SIG-SHA1", _digest_method(1, SHA1)),
        "sha1_of_the_properties": ("SIG-SHA1", _digest_method(2, SHA1)),
        "md5_of_the_bordereau": ("SIG-ALGORITHM", _digest_method(1, MORE + "md5")),
        "md5_of_the_properties": ("SIG-ALGORITHM", _digest_method(2, MORE + "md5")),
        "sha224_of_the_bordereau": ("SIG-ALGORITHM", _digest_method(1, MORE + "sha224")),
        "digest_without_name": ("SIG-ALGORITHM", _digest_method(1, "")),
        "digest_of_one_bit": ("SIG-ALGORITHM", _child_of(
            f".//{ds('DigestMethod')}", "HMACOutputLength", "1")),
        "method_md5": ("SIG-ALGORITHM", _signature_method(MORE + "rsa-md5")),
        "method_dsa": ("SIG-ALGORITHM", _signature_method(DS + "dsa-sha1")),
        "method_without_name": ("SIG-ALGORITHM", _signature_method("")),
        "method_in_capitals": ("SIG-ALGORITHM", _signature_method((MORE + "rsa-sha256").upper())),
        "method_with_a_parameter": ("SIG-ALGORITHM", _child_of(
            f".//{ds('SignatureMethod')}", "HMACOutputLength", "0")),
    },
)  # fmt: skip


@hostile("downgrades", "SIG-SHA1")
def method_sha1(shop: Workshop) -> bytes:
    return shop.signed_with_genuine(
        lambda data: shop.signer.key.sign(data, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303
        method=DS + "rsa-sha1",
    )


# ----------------------------------------------------------------------------------- base64

_VALUE = ds("SignatureValue")
_FIRST_DIGEST = f".//{ds('Reference')}[1]/{ds('DigestValue')}"
_SECOND_DIGEST = f".//{ds('Reference')}[2]/{ds('DigestValue')}"
_CERT_DIGEST = ".//{*}CertDigest/{*}DigestValue"


def _half(path: str) -> Callable[[etree._Element], object]:
    """Cut a base64 text in the middle of a group of four letters."""

    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        node.text = node.text[: len(node.text) // 8 * 4 + 1]

    return edit


def _short(path: str) -> Callable[[etree._Element], object]:
    """Keep the first octets only, in correct base64."""

    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        node.text = node.text[:4]

    return edit


def _on_root(edit: Callable[[etree._Element], object]) -> Callable[[etree._Element], object]:
    def edit_root(root: etree._Element) -> None:
        edit(first(root))

    return edit_root


_EDITS: dict[str, tuple[Callable[[str], Callable[[etree._Element], object]], str]] = {
    "cut": (_half, "SIG-BASE64"),
    "short": (_short, "SIG-"),
    "empty": (lambda path: _text(path, ""), "SIG-BASE64"),
    "with_junk": (lambda path: _more(path, "%$"), "SIG-BASE64"),
    "with_more_behind": (lambda path: _more(path, "AAAA"), "SIG-"),
    "of_another_alphabet": (lambda path: _text(path, "-_-_"), "SIG-BASE64"),
    "of_other_digits": (lambda path: _text(path, "١٢٣٤"), "SIG-BASE64"),
}
for _place, _path in (
    ("value", _VALUE),
    ("digest_of_the_bordereau", _FIRST_DIGEST),
    ("digest_of_the_properties", _SECOND_DIGEST),
):
    spoiled(
        "base64",
        {
            f"{_place}_{_name}": (_code, _on_root(_make(_path)))
            for _name, (_make, _code) in _EDITS.items()
        },
    )
spoiled("base64", {"value_endless": ("SIG-VALUE", _on_root(_text(_VALUE, "AAAA" * 5_000_000)))})
forgeries(
    "base64",
    {
        f"digest_of_the_certificate_{_name}": (
            "SIG-CERT_DIGEST" if _name == "short" else "SIG-NO_SIGNING_CERTIFICATE",
            _make(_CERT_DIGEST),
        )
        for _name, (_make, _) in _EDITS.items()
    },
)  # fmt: skip


# ------------------------------------------------------------------------- times, properties


def _drop(path: str) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        node.getparent().remove(node)

    return edit


def _double(path: str) -> Callable[[etree._Element], object]:
    def edit(signature: etree._Element) -> None:
        node = signature.find(path)
        twin = copy.deepcopy(node)
        for inner in twin.iter():
            inner.attrib.pop("Id", None)
        node.addnext(twin)

    return edit


def _moved(signature: etree._Element) -> None:
    """Take the signed properties out of the block that belongs to the signature."""
    block = signature.find(".//{*}QualifyingProperties")
    signature.find(ds("Object")).append(block[0])


def _outside(signature: etree._Element) -> None:
    """Take the whole block out of the signature, beside it."""
    block = signature.find(ds("Object"))[0]
    signature.addprevious(block)


def _two_blocks(signature: etree._Element) -> None:
    """Let a reader choose between two roles."""
    holder = signature.find(ds("Object"))
    twin = copy.deepcopy(holder)
    for inner in twin.iter("*"):
        inner.attrib.pop("Id", None)
    twin.find(".//{*}ClaimedRole").text = "Préfet"
    holder.addprevious(twin)


_TIME = ".//{*}SigningTime"
_BLOCK = ".//{*}QualifyingProperties"
forgeries(
    "properties",
    {
        "time_to_come": ("SIG-FUTURE", _text(_TIME, "2026-11-27T09:30:15Z")),
        "time_after_the_certificate": ("SIG-EXPIRED", _text(_TIME, "2099-01-01T00:00:00Z")),
        "time_before_the_certificate": ("SIG-NOT_YET_VALID", _text(_TIME, "1999-01-01T00:00:00Z")),
        "time_without_zone": ("SIG-TIME", _text(_TIME, "2026-11-20T09:30:15")),
        "time_of_a_zone": ("SIG-TIME", _text(_TIME, "2026-11-20T10:30:15+01:00")),
        "time_of_year_zero": ("SIG-TIME", _text(_TIME, "0000-01-01T00:00:00Z")),
        "time_of_year_one": ("SIG-NOT_YET_VALID", _text(_TIME, "0001-01-01T00:00:00Z")),
        "time_of_year_9999": ("SIG-EXPIRED", _text(_TIME, "9999-12-31T23:59:59.999999Z")),
        "time_of_month_thirteen": ("SIG-TIME", _text(_TIME, "2026-13-20T09:30:15Z")),
        "time_of_second_sixty": ("SIG-TIME", _text(_TIME, "2026-11-20T09:30:60Z")),
        "time_in_other_digits": ("SIG-TIME", _text(_TIME, "٢٠٢٦-11-20T09:30:15Z")),
        "time_endless": ("SIG-TIME", _text(_TIME, f"2026-11-20T09:30:15.{'1' * 1_000_000}")),
        "time_empty": ("SIG-NO_TIME", _text(_TIME, "")),
        "time_missing": ("SIG-NO_TIME", _drop(_TIME)),
        "time_twice": ("SIG-PROPERTIES", _double(_TIME)),
        "properties_missing": ("SIG-PROPERTIES", _drop(ds("Object"))),
        "properties_twice": ("SIG-STRUCTURE", _double(".//{*}SignedProperties")),
        "properties_in_two_blocks": ("SIG-PROPERTIES", _two_blocks),
        "properties_of_two_blocks_in_one_object": ("SIG-PROPERTIES", _double(_BLOCK)),
        "properties_moved": ("SIG-STRUCTURE", _moved),
        "properties_outside": ("SIG-PROPERTIES", _outside),
        "properties_of_another_signature": ("SIG-TARGET", lambda signature: signature.find(
            _BLOCK).set("Target", "#B2_SIG_1")),
        "properties_of_no_signature": ("SIG-TARGET", lambda signature: signature.find(
            _BLOCK).attrib.pop("Target")),
        "policy_missing": ("SIG-NO_POLICY", _drop(".//{*}SignaturePolicyIdentifier")),
        "policy_unknown": ("SIG-POLICY_UNKNOWN", _text(
            ".//{*}SigPolicyId/{*}Identifier", "urn:oid:1.2.3")),
        "policy_twice": ("SIG-PROPERTIES", _double(".//{*}SignaturePolicyIdentifier")),
        "policy_digest_wrong": ("SIG-POLICY_DIGEST", _text(
            ".//{*}SigPolicyHash/{*}DigestValue", b64(b"\1" * 32))),
        "policy_digest_missing": ("SIG-POLICY_DIGEST", _drop(".//{*}SigPolicyHash")),
        "policy_digest_of_another_algorithm": ("SIG-POLICY_DIGEST", lambda signature:
            signature.find(".//{*}SigPolicyHash/{*}DigestMethod").set("Algorithm", SHA1)),
        "role_missing": ("SIG-NO_ROLE", _drop(".//{*}SignerRole")),
        "role_blank": ("SIG-NO_ROLE", _text(".//{*}ClaimedRole", " ")),
        "certificate_not_named": ("SIG-NO_SIGNING_CERTIFICATE", _drop(".//{*}SigningCertificate")),
        "certificates_named_twice": (
            "SIG-NO_SIGNING_CERTIFICATE", _double(".//{*}SigningCertificate/{*}Cert")),
        "certificate_named_by_another_number": (
            "SIG-ISSUER_SERIAL", _text(f".//{ds('X509SerialNumber')}", "1")),
        "certificate_named_by_another_issuer": (
            "SIG-ISSUER_SERIAL", _text(f".//{ds('X509IssuerName')}", "CN=Autre")),
        "certificate_named_by_an_endless_issuer": (
            "SIG-ISSUER_SERIAL", _text(f".//{ds('X509IssuerName')}", "CN=\\" * 300_000)),
    },
)  # fmt: skip
spoiled(
    "properties",
    {
        "role_changed": ("SIG-PROPERTIES_DIGEST", _on_root(_text(".//{*}ClaimedRole", "Préfet"))),
        "time_changed": ("SIG-PROPERTIES_DIGEST", _on_root(_text(_TIME, "2026-11-19T09:30:15Z"))),
        "signed_info_changed": ("SIG-VALUE", _on_root(
            lambda signature: signature[0].set("Id", "x"))),
    },
)  # fmt: skip


# ----------------------------------------------------------------------------- certificates


def _signed_by(who: KeyFileSigner, shop: Workshop) -> bytes:
    """Sign today with a certificate of the test infrastructure."""
    der = _der(who.certificate)
    root = shop.genuine()
    signature = first(root)
    signature.find(_CERTIFICATE).text = b64(der)
    signature.find(_CERT_DIGEST).text = b64(hashlib.sha256(der).digest())
    signature.find(f".//{ds('X509SerialNumber')}").text = str(who.certificate.serial_number)
    resign(signature, who.sign)
    return write(root)


@hostile("certificates", "SIG-EXPIRED")
def certificate_expired(shop: Workshop) -> bytes:
    return _signed_by(shop.expired, shop)


@hostile("certificates", "SIG-REVOKED")
def certificate_revoked(shop: Workshop) -> bytes:
    return _signed_by(shop.revoked, shop)


def _odd(code: str, title: str, **options: object) -> None:
    def make(shop: Workshop) -> bytes:
        key = shop.authority.key
        made = shop.authority.certify(key.public_key(), **options)  # type: ignore[arg-type]
        return shop.signed_with(made, lambda data: _rsa(key, data))

    add("certificates", title, code, make)


_odd("SIG-NOT_YET_VALID", "certificate_not_yet_valid", days=(1, 10))
_odd("SIG-EXPIRED", "certificate_just_expired", days=(-10, -1))
_odd("SIG-KEY_USAGE", "certificate_for_servers", usage=key_usage(key_encipherment=True))
_odd("SIG-KEY_USAGE", "certificate_for_logging_in", usage=key_usage(digital_signature=True))
_odd(
    "SIG-AUTHORITY",
    "certificate_of_an_authority",
    authority=True,
    usage=key_usage(content_commitment=True, key_cert_sign=True, crl_sign=True),
)
_odd(
    "SIG-CHAIN",
    "certificate_with_an_unknown_critical_extension",
    extension=(
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.250.1.999.9"), b"\x05\x00"),
        True,
    ),
)
_odd(
    "SIG-PROFILE",
    "certificate_with_a_hidden_name",
    name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Camille Dupré\u202eerialM")]),
)


@hostile("certificates", "SIG-AUTHORITY")
def root_as_a_signatory(shop: Workshop) -> bytes:
    key = shop.authority.key
    return shop.signed_with(shop.authority.root, lambda data: _rsa(key, data))


@hostile("certificates", "SIG-UNTRUSTED")
def certificate_signed_by_itself(shop: Workshop) -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    made = self_signed(key)
    return shop.signed_with(made, lambda data: _rsa(key, data), issuer="CN=Camille Dupré")


@hostile("certificates", "SIG-")
def certificate_certified_by_a_signatory(shop: Workshop) -> bytes:
    """A mayor is no authority: whom they certify is nobody."""
    key = rsa.generate_private_key(65537, 2048)
    mayor = shop.signer
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Adjoint")]))
        .issuer_name(mayor.certificate.subject)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(content_commitment=True), critical=True)
        .sign(mayor.key, hashes.SHA256())
    )
    root = etree.fromstring(shop.signed_with(made, lambda data: _rsa(key, data)))
    signature = first(root)
    issuer = mayor.certificate.subject.rfc4514_string()
    signature.find(f".//{ds('X509IssuerName')}").text = issuer
    holder = signature.find(f".//{ds('X509Data')}")
    etree.SubElement(holder, ds("X509Certificate")).text = b64(_der(mayor.certificate))
    resign(signature, lambda data: _rsa(key, data))
    return write(root)


def _raw(name: str, code: str, edit: Callable[[asn1.TbsCertificate], None]) -> None:
    def make(shop: Workshop) -> bytes:
        key = shop.authority.key
        return shop.signed_with(shop.authority.certify_raw(edit), lambda data: _rsa(key, data))

    add("certificates", name, code, make)


def _serial(number: int) -> Callable[[asn1.TbsCertificate], None]:
    return lambda tbs: tbs.__setitem__("serial_number", number)


def _named(text: str) -> Callable[[asn1.TbsCertificate], None]:
    return lambda tbs: tbs.__setitem__("subject", asn1.Name.build({"common_name": text}))


_raw("serial_negative", "SIG-PROFILE", _serial(-5))
_raw("serial_zero", "SIG-PROFILE", _serial(0))
_raw("serial_of_a_thousand_octets", "SIG-PROFILE", _serial(1 << 8000))
_raw("name_with_a_zero_octet", "SIG-PROFILE", _named("Camille Dupré\0.exemple.invalid"))
_raw("name_with_a_line_feed", "SIG-PROFILE", _named("Camille Dupré\nPréfet"))
_raw("name_of_no_character", "SIG-CERTIFICATE", _named("Camille \u0378"))
_raw("name_of_both_directions", "SIG-CERTIFICATE", _named("\u05d0 Camille"))
_raw("name_endless", "SIG-", _named("x" * 1_000_000))
_raw("name_empty", "SIG-PROFILE", lambda tbs: tbs.__setitem__("subject", asn1.Name.build({})))


@hostile("certificates", "SIG-")
def chain_in_a_circle(shop: Workshop) -> bytes:
    """Authorities that certify each other, by the dozen, none of them trusted."""
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"AC {n}")]) for n in range(2)]

    def certify(issuer: int, subject: int, serial: int) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names[issuer])
            .public_key(keys[subject].public_key())
            .serial_number(serial)
            .not_valid_before(NOW - timedelta(days=10))
            .not_valid_after(NOW + timedelta(days=10))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                key_usage(content_commitment=True, key_cert_sign=True, crl_sign=True), critical=True
            )
            .sign(keys[issuer], hashes.SHA256())
        )

    circle = [certify(rank % 2, 1 - rank % 2, rank + 10) for rank in range(9)]
    root = etree.fromstring(shop.signed_with(circle[0], lambda data: _rsa(keys[1], data)))
    signature = first(root)
    holder = signature.find(f".//{ds('X509Data')}")
    for one in circle[1:]:
        etree.SubElement(holder, ds("X509Certificate")).text = b64(_der(one))
    signature.find(f".//{ds('X509IssuerName')}").text = names[0].rfc4514_string()
    resign(signature, lambda data: _rsa(keys[1], data))
    return write(root)

"""Detached signatures (PKCS#7), made by pyHanko and by OpenSSL, never by us."""

import asyncio
import base64
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, pem
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from demat.sandbox.pki import Identity, Pki
from demat.signing.cms import DocumentSignature, check_detached
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.conftest import needs_program
from tests.unit.signing.factory import NOW, sentence
from tests.unit.signing.pdfs import p12_signer, text_pdf

DAY = timedelta(days=1)
DOCUMENT = text_pdf("Acte d'engagement")


def sign_beside(content: bytes, identity: Identity, at: datetime | None = NOW) -> cms.ContentInfo:
    attributes = PdfCMSSignedAttributes(signing_time=at)
    signing = p12_signer(identity).async_sign_general_data(
        content, "sha256", signed_attr_settings=attributes
    )
    return asyncio.run(signing)


def found(content: bytes, signature: bytes, trust: TrustStore) -> DocumentSignature:
    (one,) = check_detached(content, signature, trust, NOW)
    for fault in one.reasons:
        sentence(fault)
    return one


def summary(one: DocumentSignature) -> tuple[Verdict, tuple[str, ...]]:
    return one.verdict, one.reasons.codes


@pytest.mark.parametrize(
    "written",
    [
        bytes,
        base64.b64encode,
        base64.encodebytes,
        lambda der: pem.armor("PKCS7", der),
        lambda der: pem.armor("CMS", der),
    ],
)
def test_a_good_signature_in_every_spelling(
    pki: Pki, trust: TrustStore, written: Callable[[bytes], bytes]
) -> None:
    one = found(DOCUMENT, written(sign_beside(DOCUMENT, pki.maire).dump()), trust)
    assert summary(one) == (Verdict.ACCEPTED, ())
    assert (one.signer, one.signing_time, one.name, one.intact) == (
        "Camille Dupré",
        NOW,
        "",
        True,
    )


def test_a_document_altered_by_one_byte(pki: Pki, trust: TrustStore) -> None:
    signature = sign_beside(DOCUMENT, pki.maire).dump()
    one = found(DOCUMENT + b"\n", signature, trust)
    assert summary(one) == (Verdict.REFUSED, ("SIG-PDF_ALTERED",))


@pytest.mark.parametrize(
    ("identity", "at", "verdict", "codes"),
    [
        ("expired", NOW, Verdict.REFUSED, ("SIG-EXPIRED",)),
        ("expired", NOW - 500 * DAY, Verdict.ACCEPTED, ()),
        ("revoked", NOW, Verdict.REFUSED, ("SIG-REVOKED",)),
        ("revoked", NOW - 60 * DAY, Verdict.ACCEPTED, ()),
        ("unknown_client", NOW, Verdict.UNDECIDED, ("SIG-UNTRUSTED",)),
    ],
)
def test_the_certificate_at_the_time_of_signing(
    pki: Pki,
    trust: TrustStore,
    identity: str,
    at: datetime,
    verdict: Verdict,
    codes: tuple[str, ...],
) -> None:
    signature = sign_beside(DOCUMENT, getattr(pki, identity), at).dump()
    assert summary(found(DOCUMENT, signature, trust)) == (verdict, codes)


def test_the_signature_encloses_another_document(pki: Pki, trust: TrustStore) -> None:
    def enclosing(content: bytes) -> bytes:
        signing = p12_signer(pki.maire).async_sign_general_data(
            content,
            "sha256",
            detached=False,
            signed_attr_settings=PdfCMSSignedAttributes(signing_time=NOW),
        )
        return bytes(asyncio.run(signing).dump())

    assert summary(found(DOCUMENT, enclosing(DOCUMENT), trust)) == (Verdict.ACCEPTED, ())
    one = found(DOCUMENT, enclosing(b"autre chose"), trust)
    assert (summary(one), one.intact) == ((Verdict.REFUSED, ("SIG-PDF_ALTERED",)), False)


def test_two_signatories_in_one_file(pki: Pki, trust: TrustStore) -> None:
    first = sign_beside(DOCUMENT, pki.maire)
    second = sign_beside(DOCUMENT, pki.revoked)
    for part in ("signer_infos", "certificates"):
        for one in second["content"][part]:
            first["content"][part].append(one)
    made = cms.ContentInfo({"content_type": "signed_data", "content": first["content"]})
    reports = check_detached(DOCUMENT, made.dump(force=True), trust, NOW)
    assert sorted((one.signer, *summary(one)) for one in reports) == [
        ("Camille Dupré", Verdict.ACCEPTED, ()),
        ("Dominique Martin-Fictif", Verdict.REFUSED, ("SIG-REVOKED",)),
    ]


def test_a_signature_without_date(pki: Pki, trust: TrustStore) -> None:
    """An expired certificate without a date: nothing proves that it was valid then."""
    undated = sign_beside(DOCUMENT, pki.maire, None)
    one = found(DOCUMENT, undated.dump(), trust)
    assert summary(one) == (Verdict.UNDECIDED, ("SIG-PDF_NO_TIME",))
    expired = found(DOCUMENT, sign_beside(DOCUMENT, pki.expired, None).dump(), trust)
    assert summary(expired) == (Verdict.REFUSED, ("SIG-PDF_NO_TIME", "SIG-EXPIRED"))


def test_the_certificate_was_left_out(pki: Pki, trust: TrustStore) -> None:
    made = sign_beside(DOCUMENT, pki.maire)
    made["content"]["certificates"] = cms.CertificateSet([])
    one = found(DOCUMENT, made.dump(force=True), trust)
    assert summary(one) == (Verdict.UNDECIDED, ("SIG-PDF_UNREADABLE",))


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"rubbish",
        b"\x30\x80",
        b"%PDF-1.7",
        b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
        b"-----BEGIN PKCS7-----\n",
        b"MIIB",
        b"\x30" * 5000,
    ],
)
def test_what_is_no_signature(trust: TrustStore, rubbish: bytes) -> None:
    assert summary(found(DOCUMENT, rubbish, trust)) == (
        Verdict.UNDECIDED,
        ("SIG-PDF_UNREADABLE",),
    )


def test_no_damage_escapes_as_an_exception(pki: Pki, trust: TrustStore) -> None:
    der = sign_beside(DOCUMENT, pki.maire).dump()
    good = found(DOCUMENT, der, trust)
    for rank in range(0, len(der), 97):
        damaged = der[:rank] + bytes([der[rank] ^ 0x41]) + der[rank + 1 :]
        for one in check_detached(DOCUMENT, damaged, trust, NOW):
            assert one.verdict is not Verdict.ACCEPTED or one == good  # what nobody signs


def test_a_signature_made_by_openssl(pki: Pki, tmp_path: Path, trust: TrustStore) -> None:
    openssl = needs_program("openssl")
    document, signature = tmp_path / "acte.pdf", tmp_path / "acte.p7s"
    document.write_bytes(DOCUMENT)
    subprocess.run(
        [
            *(openssl, "cms", "-sign", "-binary", "-in", document, "-out", signature),
            *("-outform", "DER", "-signer", pki.maire.certificate, "-inkey", pki.maire.key),
            *("-passin", f"pass:{pki.maire.passphrase}", "-certfile", pki.intermediate),
        ],
        check=True,
    )
    (one,) = check_detached(DOCUMENT, signature.read_bytes(), trust, NOW)  # dated by the machine
    assert (one.signer, one.intact) == ("Camille Dupré", True)
    assert "SIG-PDF_ALTERED" not in one.reasons.codes
    (other,) = check_detached(b"autre", signature.read_bytes(), trust, NOW)
    assert (other.intact, other.verdict) == (False, Verdict.REFUSED)
    assert "SIG-PDF_ALTERED" in other.reasons.codes


def test_no_list_of_what_was_revoked(pki: Pki, trust: TrustStore) -> None:
    one = found(DOCUMENT, sign_beside(DOCUMENT, pki.maire).dump(), replace(trust, crls=()))
    assert summary(one) == (Verdict.UNDECIDED, ("SIG-NO_CRL",))

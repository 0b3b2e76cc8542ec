"""What judged a signature: certificates found in a document, and what is known about them."""

from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from demat.sandbox.pki import Pki
from demat.signing.keys import KeyFileSigner
from demat.signing.material import (
    Material,
    certificates_in,
    is_certificate,
    is_crl,
    is_ocsp,
    known_about,
)
from demat.signing.revocation import Subject
from demat.signing.revocation_folder import RevocationFolder
from demat.signing.trust import TrustStore
from tests.fictional_authority import DAY, FictionalAuthority
from tests.fictional_authority import der as raw
from tests.unit.signing.factory import NOW, document, signed


def der(path: object) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)  # type: ignore[attr-defined]


def test_the_certificates_of_a_signed_document(pki: Pki, signer: KeyFileSigner) -> None:
    found = certificates_in(signed(signer, 2))
    assert found[0] == der(pki.maire.certificate)
    assert len(found) == len(set(found))
    assert certificates_in(document()) == ()


def test_what_is_no_certificate_is_left_out() -> None:
    assert certificates_in(b"<X509Certificate>AAAA</X509Certificate>") == ()
    assert certificates_in(b"<d:X509Certificate>A</d:X509Certificate>") == ()


def test_the_chain_and_its_lists(pki: Pki, trust: TrustStore) -> None:
    maire = der(pki.maire.certificate)
    found = known_about([maire], trust)
    assert found == Material(
        roots=(der(pki.root),),
        certificates=(maire, der(pki.intermediate)),
        crls=trust.crls,
    )
    assert len(found.crls) == 2


def test_lists_of_others_are_left_out(pki: Pki, trust: TrustStore) -> None:
    found = known_about([der(pki.intermediate)], trust)
    assert found.certificates == (der(pki.intermediate),)
    assert len(found.crls) == 1
    assert known_about([], trust) == Material()


def test_nothing_is_known_about_a_stranger(pki: Pki, trust: TrustStore) -> None:
    stranger = der(pki.unknown_client.certificate)
    assert known_about([stranger], trust) == Material(certificates=(stranger,))
    assert known_about([b"x"], replace(trust, crls=(b"y",))) == Material()


def test_what_is_a_certificate_and_what_is_a_list(pki: Pki, trust: TrustStore) -> None:
    certificate, crl = der(pki.maire.certificate), trust.crls[0]
    for content in (certificate, crl, b"", b"x", b"\x30\x00", certificate[:-1], crl + b"x"):
        assert is_certificate(content) == (content == certificate)
        assert is_crl(content) == (content == crl)
        assert not is_ocsp(content)
    for place in range(len(crl)):  # never a crash, whatever is broken
        broken = bytearray(crl)
        broken[place] ^= 0x10
        assert is_crl(bytes(broken)) in (True, False)


def test_what_was_fetched_is_kept_too(tmp_path: Path) -> None:
    root = FictionalAuthority(NOW, name="AC racine")
    ac = FictionalAuthority(NOW, name="AC fille", parent=root)
    leaf = ac.issue()
    folder = RevocationFolder(tmp_path)
    subject, point = Subject(leaf, ac.certificate), ("http://crl.exemple/",)
    older, newer = ac.crl(made=-2 * DAY), ac.crl(made=-DAY)
    for content in (older, newer):
        folder.keep_list(subject, point, content, address="x", at=NOW)
    answer = ac.answer(leaf)
    folder.keep_answer(subject, answer, address="x", at=NOW)
    given = ac.crl(made=-3 * DAY)
    trust = TrustStore(
        roots=(raw(root.certificate),),
        intermediates=(raw(ac.certificate),),
        crls=(given,),
        kept=folder,
    )
    found = known_about([raw(leaf)], trust)
    assert (found.crls, found.ocsps) == ((given, newer), (answer,))
    assert known_about([], trust).ocsps == ()

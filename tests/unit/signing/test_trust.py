"""Judging a chain at an instant, and reading the folder of what we trust."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from demat.faults import FaultError, Severity
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.signing.keys import load_pkcs12
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.signing.factory import NOW, certificate, sentence


def _leaf(identity: Identity) -> x509.Certificate:
    return load_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="x").certificate


def _check(store: TrustStore, leaf: x509.Certificate, at=NOW, others=()) -> tuple[Verdict, tuple]:
    verdict, faults = store.check_chain(leaf, others, at)
    for fault in faults:
        assert fault.blocking is (verdict is Verdict.REFUSED)
        assert fault.params["holder"] in sentence(fault)
    return verdict, faults.codes


def test_a_good_chain(pki: Pki, trust: TrustStore) -> None:
    assert _check(trust, _leaf(pki.maire)) == (Verdict.ACCEPTED, ())


def test_dates_are_those_of_the_signature(pki: Pki, trust: TrustStore) -> None:
    leaf = _leaf(pki.expired)
    assert _check(trust, leaf) == (Verdict.REFUSED, ("SIG-EXPIRED",))
    assert _check(trust, leaf, NOW - timedelta(days=401)) == (Verdict.ACCEPTED, ())
    early = NOW - timedelta(days=1501)
    assert _check(trust, leaf, early) == (Verdict.REFUSED, ("SIG-NOT_YET_VALID",))


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        (29, (Verdict.REFUSED, ("SIG-REVOKED",))),
        (31, (Verdict.ACCEPTED, ())),  # signed before the revocation: stays good
    ],
)
def test_the_revocation_date_counts(pki: Pki, trust: TrustStore, days_ago, expected) -> None:
    assert _check(trust, _leaf(pki.revoked), NOW - timedelta(days=days_ago)) == expected


def test_the_revocation_is_dated(pki: Pki, trust: TrustStore) -> None:
    _verdict, faults = trust.check_chain(_leaf(pki.revoked), (), NOW)
    assert "avait été révoqué le 21/10/2026" in sentence(next(iter(faults)))


def test_without_what_is_needed_nothing_is_decided(pki: Pki, trust: TrustStore) -> None:
    leaf = _leaf(pki.maire)
    untrusted = (Verdict.UNDECIDED, ("SIG-UNTRUSTED",))
    no_crl = (Verdict.UNDECIDED, ("SIG-NO_CRL",))
    only_root = TrustStore(roots=trust.roots, crls=trust.crls)
    intermediate = x509.load_pem_x509_certificate(pki.intermediate.read_bytes())
    assert _check(TrustStore(), leaf) == untrusted
    assert _check(only_root, leaf) == untrusted
    assert _check(only_root, leaf, others=[intermediate]) == (Verdict.ACCEPTED, ())
    without = TrustStore(roots=trust.roots, intermediates=trust.intermediates)
    assert _check(without, leaf) == no_crl
    one = TrustStore(roots=trust.roots, intermediates=trust.intermediates, crls=trust.crls[:1])
    assert _check(one, leaf) == no_crl
    late = NOW + timedelta(days=400)  # the lists have gone stale
    assert _check(trust, leaf, late) == (Verdict.UNDECIDED, ("SIG-CRL_STALE",))


def test_what_comes_with_a_signature_is_never_trusted(key: rsa.RSAPrivateKey) -> None:
    forged = certificate(key, name="AC inventée", authority=True)
    leaf = certificate(key, issuer=forged.subject)
    untrusted = (Verdict.UNDECIDED, ("SIG-UNTRUSTED",))
    assert _check(TrustStore(), leaf, others=[forged]) == untrusted
    assert _check(TrustStore(intermediates=(_der(forged),)), leaf) == untrusted


def test_a_certificate_that_its_authority_did_not_sign(key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    root = certificate(other, name="AC", authority=True)
    leaf = certificate(key, issuer=root.subject, issuer_key=key)  # claims the issuer's name only
    verdict, faults = TrustStore(roots=(_der(root),)).check_chain(leaf, (), NOW)
    assert (verdict, faults.codes) == (Verdict.REFUSED, ("SIG-CHAIN",))
    assert "Camille Dupré" in sentence(next(iter(faults)))


def test_an_authority_that_was_not_valid_then(key: rsa.RSAPrivateKey) -> None:
    root = certificate(key, name="AC", authority=True, days=(-10, 10))
    middle_key = rsa.generate_private_key(65537, 2048)
    middle = certificate(
        middle_key, name="AC 2", authority=True, days=(-10, -2), issuer=root.subject, issuer_key=key
    )
    leaf = certificate(key, issuer=middle.subject, issuer_key=middle_key)
    store = TrustStore(roots=(_der(root),), crls=(_crl(root, key), _crl(middle, middle_key)))
    assert _check(store, leaf, NOW, [middle]) == (Verdict.REFUSED, ("SIG-CHAIN_DATES",))


def _der(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(Encoding.DER)


def _crl(issuer: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(NOW - timedelta(days=1))
        .next_update(NOW + timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_folder_is_sorted_by_what_files_are(pki: Pki, trust: TrustStore, tmp_path: Path) -> None:
    assert (len(trust.roots), len(trust.intermediates), len(trust.crls)) == (1, 1, 2)
    root, intermediate = (
        x509.load_pem_x509_certificate(path.read_bytes()) for path in (pki.root, pki.intermediate)
    )
    crl = x509.load_pem_x509_crl(pki.crl.read_bytes())
    (tmp_path / "tout.PEM").write_bytes(pki.root.read_bytes() + pki.intermediate.read_bytes())
    (tmp_path / "liste.crl").write_bytes(crl.public_bytes(Encoding.DER))
    (tmp_path / "racine.cer").write_bytes(_der(root))
    (tmp_path / "lisez-moi.txt").write_text("rien")
    (tmp_path / "dossier.pem").mkdir()
    assert TrustStore.from_folder(tmp_path) == TrustStore(
        roots=(_der(root), _der(root)),
        intermediates=(_der(intermediate),),
        crls=(crl.public_bytes(Encoding.DER),),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"bonjour",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
        b"\x30\x03\x02\x01\x01",
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "faux.pem").write_bytes(content)
    with pytest.raises(FaultError) as caught:
        TrustStore.from_folder(tmp_path)
    assert caught.value.faults.codes == ("SIG-TRUST_FILE",)
    assert "« faux.pem »" in sentence(next(iter(caught.value.faults)))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        TrustStore.from_folder(tmp_path / "absent")
    assert caught.value.faults.codes == ("SIG-TRUST_FOLDER",)
    assert "absent" in sentence(next(iter(caught.value.faults)))


def test_another_infrastructure_is_not_trusted(tmp_path: Path, trust: TrustStore) -> None:
    """Same names, other keys: the authority of somebody else's sandbox."""
    other = make_pki(tmp_path, now=NOW)
    verdict, faults = trust.check_chain(_leaf(other.maire), (), NOW)
    assert verdict is not Verdict.ACCEPTED
    assert faults
    assert {fault.severity for fault in faults} <= set(Severity)

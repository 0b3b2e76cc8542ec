"""Opening key files: the good one, and each way in which the one on a USB key can be wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from demat.faults import Fault, FaultError
from demat.sandbox.pki import Pki
from demat.signing.keys import load_pkcs12
from tests.conftest import needs_program
from tests.unit.signing.factory import certificate, sentence


def _bundle(key: object, cert: object, others: object = None) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"x", key, cert, others, NoEncryption())


def test_a_key_file_signs_for_its_certificate(pki: Pki) -> None:
    signer = load_pkcs12(pki.maire.p12.read_bytes(), pki.maire.passphrase, name="maire.p12")
    public = signer.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(signer.sign(b"abc"), b"abc", padding.PKCS1v15(), SHA256())
    assert [c.subject.rfc4514_string().split(",")[0] for c in signer.chain] == [
        "CN=AC fille de démonstration",
        "CN=AC racine de démonstration",
    ]
    assert "key=" not in repr(signer)


def test_the_signatory_is_found_by_key_not_by_rank(key: rsa.RSAPrivateKey) -> None:
    own = certificate(key)
    other = certificate(rsa.generate_private_key(65537, 2048), name="Autorité")
    content = _bundle(key, None, [other, own])
    signer = load_pkcs12(content, "", name="k.p12")
    assert (signer.certificate, signer.chain) == (own, (other,))


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (lambda good: b"", "SIG-PKCS12", "illisible"),
        (lambda good: b"-----BEGIN CERTIFICATE-----", "SIG-PKCS12", "illisible"),
        (lambda good: good[:-20], "SIG-PKCS12", "illisible"),
        (lambda good: good, "SIG-PASSPHRASE", "mot de passe"),
    ],
)
def test_an_unreadable_file_or_a_wrong_passphrase(pki: Pki, damage, code, words) -> None:
    with pytest.raises(FaultError) as caught:
        load_pkcs12(damage(pki.maire.p12.read_bytes()), "autre", name="maire.p12")
    assert list(caught.value.faults) == [
        Fault(code=code, params={"name": "maire.p12"}, source="maire.p12")
    ]
    assert words in sentence(next(iter(caught.value.faults)))


def test_what_is_missing_or_mismatched_inside(key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    cases = {
        "SIG-NO_KEY": _bundle(None, None, [certificate(key)]),
        "SIG-NO_CERTIFICATE": _bundle(key, None),
        "SIG-KEY_MISMATCH": _bundle(key, None, [certificate(other)]),
        "SIG-KEY_TYPE": _bundle(elliptic, certificate(elliptic)),
    }
    for code, content in cases.items():
        with pytest.raises(FaultError) as caught:
            load_pkcs12(content, "", name="k.p12")
        assert caught.value.faults.codes == (code,)
        assert "k.p12" in sentence(next(iter(caught.value.faults)))


_OPEN = """
import sys
from pathlib import Path
from demat.faults import FaultError
from demat.signing.keys import load_pkcs12
try:
    load_pkcs12(Path(sys.argv[1]).read_bytes(), "abc", name="vieux.p12")
except FaultError as error:
    print(*error.faults.codes)
else:
    print("open")
"""


def _old_key_file(pki: Pki, folder: Path) -> Path:
    """Make a key file as exported before 2020, its certificates protected by RC2."""
    path = folder / "vieux.p12"
    program = needs_program("openssl")
    source = ["-in", pki.maire.certificate, "-inkey", pki.maire.key]
    words = ["-passin", f"pass:{pki.maire.passphrase}", "-passout", "pass:abc"]
    command = [program, "pkcs12", "-export", "-legacy", *source, *words, "-out", path]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.mark.parametrize(("no_legacy", "said"), [("", "open"), ("1", "SIG-PKCS12_ALGORITHM")])
def test_an_old_key_file_opens_or_says_to_convert_it(pki, tmp_path, no_legacy, said) -> None:
    path = _old_key_file(pki, tmp_path)
    environment = {**os.environ, "CRYPTOGRAPHY_OPENSSL_NO_LEGACY": no_legacy}
    result = subprocess.run(
        [sys.executable, "-c", _OPEN, path],
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == [said]


def test_an_old_key_file_with_a_wrong_passphrase_says_both(pki: Pki, tmp_path: Path) -> None:
    content = _old_key_file(pki, tmp_path).read_bytes()
    with pytest.raises(FaultError) as caught:
        load_pkcs12(content, "autre", name="vieux.p12")
    assert "mot de passe est faux, ou il est protégé" in sentence(next(iter(caught.value.faults)))

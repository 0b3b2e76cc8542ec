"""Opening key files: the good one, and each way in which the one on a USB key can be wrong."""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from demat.faults import Fault, FaultError
from demat.labels_fr.catalogue import explain
from demat.sandbox.pki import Pki
from demat.signing.keys import KeyFileSigner, load_pem, load_pkcs12
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


def _answered(command: str, folder: Path, answers: Sequence[str]) -> str:
    """Type a command in a terminal, give each answer it asks for, return what it said.

    Asked more than there are answers, it is interrupted, as a person would.
    """
    screen, terminal = pty.openpty()
    name = os.ttyname(terminal)
    # the first terminal that the leader of a session opens is where it asks for passphrases
    script = f"exec <{name} >{name} 2>&1; {command}"
    said, left = b"", list(answers)
    with subprocess.Popen(["/bin/sh", "-c", script], cwd=folder, start_new_session=True) as child:
        with os.fdopen(screen, "r+b", buffering=0) as stream:
            while piece := _piece(stream, child):
                said += piece
                if piece.rstrip().endswith(b":"):
                    stream.write(f"{left.pop(0)}\n".encode() if left else b"\x03")
        os.close(terminal)
    assert child.returncode == 0, said.decode()
    return said.decode()


def _piece(stream: BinaryIO, child: "subprocess.Popen[bytes]") -> bytes:
    """Return what a terminal shows next; nothing when the child has ended."""
    for _ in range(600):
        ended = child.poll() is not None
        if select.select([stream], [], [], 0.05)[0]:
            return stream.read(4096)
        if ended:
            return b""
    child.kill()  # it waits for something else than an answer
    return b""


def _command(fault: Fault) -> str:
    """Return the command that a remedy tells to type."""
    found = re.search("« (openssl .*?) »", explain(fault).remedy)
    assert found
    return found[1]


def test_the_command_that_converts_an_old_key_file_is_right(pki: Pki, tmp_path: Path) -> None:
    path = _old_key_file(pki, tmp_path).rename(tmp_path / "le vieux d'avant.p12")
    with pytest.raises(FaultError) as caught:
        load_pkcs12(path.read_bytes(), "autre", name=path.name)
    command = _command(next(iter(caught.value.faults)))
    passing = ["entre-deux"] * 3
    _answered(command, tmp_path, ["abc", *passing, "nouveau mot", "nouveau mot"])
    found = (tmp_path / "certificat-converti.p12").read_bytes()
    assert bytes.fromhex("2a864886f70d010c01") not in found  # no cipher of the old family is left
    signer = load_pkcs12(found, "nouveau mot", name="certificat-converti.p12")
    assert signer.certificate == load_pkcs12(path.read_bytes(), "abc", name="v").certificate
    assert not (tmp_path / "provisoire.pem").exists()


# --------------------------------------------------------------------------------------- PEM


def _pem(key: rsa.RSAPrivateKey, form: PrivateFormat, passphrase: bytes = b"") -> bytes:
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, how)


def _cert(item: x509.Certificate) -> bytes:
    return item.public_bytes(Encoding.PEM)


def _codes(*arguments: object, name: str = "maire.key") -> tuple[str, ...]:
    with pytest.raises(FaultError) as caught:
        load_pem(*arguments, name=name)
    assert name in sentence(next(iter(caught.value.faults)))
    return caught.value.faults.codes


FORMS = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("passphrase", ["", "sésame ouvre-toi"])
def test_a_key_in_pem_signs_for_its_certificate(key, form, passphrase) -> None:
    own, other = certificate(key), certificate(rsa.generate_private_key(65537, 2048), name="AC")
    content = _pem(key, form, passphrase.encode())
    signer = load_pem(_cert(other) + _cert(own), content, passphrase or None, name="maire.key")
    assert (signer.certificate, signer.chain) == (own, (other,))
    own.public_key().verify(signer.sign(b"abc"), b"abc", padding.PKCS1v15(), SHA256())
    assert repr(signer).count("key") == 0


def test_key_and_certificates_may_be_in_one_file_of_the_sandbox(pki: Pki) -> None:
    one_file = pki.maire.certificate.read_bytes() + pki.maire.key.read_bytes()
    signer = load_pem(one_file, one_file, pki.maire.passphrase, name="maire.pem")
    assert isinstance(signer, KeyFileSigner)
    assert len(signer.chain) == 1


def test_a_der_certificate_and_a_useless_passphrase_are_accepted(key) -> None:
    der = certificate(key).public_bytes(Encoding.DER)
    assert load_pem(der, _pem(key, FORMS[0]), "inutile", name="k").certificate == certificate(key)


def test_a_renewed_certificate_goes_before_the_one_it_replaces(key) -> None:
    old, new = certificate(key, days=(-400, -1)), certificate(key)
    signer = load_pem(_cert(old) + _cert(new), _pem(key, FORMS[0]), None, name="k")
    assert (signer.certificate, signer.chain) == (new, ())


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_or_missing_passphrase_of_a_pem(key, form) -> None:
    own, content = _cert(certificate(key)), _pem(key, form, b"bon")
    assert _codes(own, content, None) == ("SIG-PASSPHRASE_MISSING",)
    assert _codes(own, content, "") == ("SIG-PASSPHRASE_MISSING",)
    # one wrong passphrase in some 250 gives a padding that looks right: they count too
    assert {_codes(own, content, f"faux{n}") for n in range(600)} == {("SIG-PASSPHRASE",)}


def test_a_passphrase_typed_in_another_encoding_opens_nothing_or_its_file(key) -> None:
    typed = "cl\udce9"  # « clé » on a terminal in Latin-1
    own, latin = certificate(key), "clé".encode("latin-1")
    assert load_pem(_cert(own), _pem(key, FORMS[0], latin), typed, name="k").certificate == own
    assert _codes(_cert(own), _pem(key, FORMS[0], "clé".encode()), typed) == ("SIG-PASSPHRASE",)
    with pytest.raises(FaultError) as caught:
        load_pkcs12(_bundle(key, own), typed, name="k")
    assert caught.value.faults.codes == ("SIG-PASSPHRASE",)


def test_nobody_is_asked_for_the_passphrase_of_a_pem(key, tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_bytes(_cert(certificate(key)) + _pem(key, FORMS[1], b"bon"))
    command = f"{sys.executable} -c '{_OPEN_PEM}' {tmp_path / 'k.pem'}"
    assert _answered(command, tmp_path, []).split() == ["SIG-PASSPHRASE_MISSING"]


_OPEN_PEM = """
import sys
from pathlib import Path
from demat.faults import FaultError
from demat.signing.keys import load_pem
content = Path(sys.argv[1]).read_bytes()
try:
    load_pem(content, content, None, name="k.pem")
except FaultError as error:
    print(*error.faults.codes)
"""


def test_what_is_missing_damaged_or_mismatched_in_pem(key) -> None:
    own, plain = _cert(certificate(key)), _pem(key, FORMS[0])
    other = rsa.generate_private_key(65537, 2048)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    ec_pem = elliptic.private_bytes(Encoding.PEM, FORMS[1], NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    sealed = _pem(key, FORMS[0], b"bon")
    cases = [
        ("SIG-NO_KEY", own, own, None),
        ("SIG-NO_KEY", own, b"", None),
        ("SIG-NO_KEY", own, public, None),
        ("SIG-NO_KEY", own, plain[:-30], None),
        ("SIG-PEM", own, plain[:100] + b"AAAA" + plain[104:], None),
        ("SIG-PEM", own, plain.replace(b"MII", b"!!!"), None),
        ("SIG-PEM", own, sealed[:400] + sealed[-40:], "bon"),
        ("SIG-PEM", own, sealed.replace(b"MII", b"!!!"), "bon"),
        ("SIG-NO_CERTIFICATE", b"", plain, None),
        ("SIG-NO_CERTIFICATE", plain, plain, None),
        ("SIG-NO_CERTIFICATE", own[:200] + own[-30:], plain, None),
        ("SIG-KEY_MISMATCH", _cert(certificate(other)), plain, None),
        ("SIG-KEY_MISMATCH", _cert(certificate(elliptic)), plain, None),
        ("SIG-KEY_TYPE", _cert(certificate(elliptic)), ec_pem, None),
    ]
    assert [_codes(*arguments) for _, *arguments in cases] == [(code,) for code, *_ in cases]


def test_the_command_that_converts_a_key_of_an_old_cipher_is_right(key, tmp_path) -> None:
    command = [needs_program("openssl"), "rsa", "-traditional", "-des", "-passout", "pass:abc"]
    command += ["-provider", "legacy", "-provider", "default"]
    plain = _pem(key, FORMS[0])
    old = subprocess.run(command, input=plain, check=True, capture_output=True).stdout
    (tmp_path / "vieille clé.key").write_bytes(old)
    own = _cert(certificate(key))
    with pytest.raises(FaultError) as caught:
        load_pem(own, old, "abc", name="vieille clé.key")
    assert caught.value.faults.codes == ("SIG-PEM_ALGORITHM",)
    _answered(_command(next(iter(caught.value.faults))), tmp_path, ["abc", "neuf", "neuf"])
    found = (tmp_path / "cle-convertie.pem").read_bytes()
    assert load_pem(own, found, "neuf", name="k").certificate == certificate(key)

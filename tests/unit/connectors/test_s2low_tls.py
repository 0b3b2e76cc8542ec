"""Who we are and whom we talk to, over real TLS (connectors dossier §1.2, §8.1 F1 and F10)."""

import hashlib
import re
import ssl
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demat.clock import SystemClock
from demat.connectors.api import AuthenticationRefused
from demat.connectors.http import ClientBundle
from demat.connectors.s2low import S2lowConnector, S2lowSettings
from demat.faults import FaultError
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.signing.keys import repack_pkcs12
from tests.unit.connectors.server import RawServer, http

CREATE = "/modules/actes/actes_transac_create.php"


def bundle(identity: Identity) -> ClientBundle:
    pem, secret = repack_pkcs12(identity.p12.read_bytes(), identity.passphrase, name="client.p12")
    return ClientBundle(pem=pem, passphrase=secret)


def reach(settings: S2lowSettings, server: RawServer, **changes: object) -> S2lowConnector:
    return S2lowConnector(replace(settings, base_url=server.url, **changes))


# our certificate in a PKCS#12


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_pkcs12_authenticates_besides_login_and_password(settings, pki: Pki, acte, highest):
    with RawServer(pki, highest=highest) as server:
        server.on(CREATE, http(b"OK\n4711\n"))
        connector = reach(settings, server, client_certificate=lambda: bundle(pki.client))
        assert connector.deposit(acte) == "4711"
        assert all("authorization" in request.headers for request in server.requests)


def test_the_key_of_a_pkcs12_is_never_in_clear_on_the_disk(settings, server, pki, monkeypatch):
    """Python's TLS reads files only: what is in the file opens with nothing on the disk."""
    seen: list[bytes] = []
    original = ssl.SSLContext.load_cert_chain

    def load(self, certfile, keyfile=None, password=None):
        if password is not None:  # else it is the server of the test
            seen.append(Path(certfile).read_bytes())
            assert Path(certfile).stat().st_mode & 0o077 == 0
        original(self, certfile, keyfile, password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    before = set(Path(tempfile.gettempdir()).glob("demat-*.pem"))
    reach(settings, server, client_certificate=lambda: bundle(pki.client)).test()
    assert seen
    assert all(b"BEGIN ENCRYPTED PRIVATE KEY" in content for content in seen)
    assert not any(re.search(rb"BEGIN (RSA |EC )?PRIVATE KEY", content) for content in seen)
    assert pki.client.passphrase.encode() not in b"".join(seen)
    assert set(Path(tempfile.gettempdir()).glob("demat-*.pem")) <= before


def test_a_bundle_shows_no_secret(pki: Pki):
    found = bundle(pki.client)
    assert found.passphrase not in repr(found)
    assert "PRIVATE KEY" not in repr(found)
    assert bundle(pki.client).passphrase != found.passphrase  # made anew each time


@pytest.mark.parametrize(
    ("content", "passphrase", "code"),
    [(None, "fausse", "SIG-PASSPHRASE"), (b"rien", "x", "SIG-PKCS12")],
)
def test_a_pkcs12_that_does_not_open_says_why(pki: Pki, content, passphrase, code):
    with pytest.raises(FaultError) as caught:
        repack_pkcs12(content or pki.client.p12.read_bytes(), passphrase, name="client.p12")
    assert caught.value.faults.codes == (code,)


# our certificate is not accepted: class auth, and nothing was read (F1)


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("expired_client", "certificate expired"),
        ("revoked_client", "certificate revoked"),
        ("unknown_client", "unknown ca"),
    ],
)
def test_a_certificate_that_is_no_longer_accepted(settings, pki: Pki, acte, which, reason, highest):
    identity: Identity = getattr(pki, which)
    with RawServer(pki, highest=highest, revocation=True) as server:
        connector = reach(settings, server, client_certificate=lambda: bundle(identity))
        with pytest.raises(AuthenticationRefused) as caught:
            connector.deposit(acte)
        assert server.requests == []
    (fault,) = caught.value.faults
    assert (fault.code, fault.params) == ("CON-CLIENT_CERTIFICATE", {"reason": reason})


def test_the_server_may_know_tls_1_2_only(settings, pki: Pki):
    """§1.2: TLS 1.3 was switched off on real platforms; it must never be required."""
    with RawServer(pki, highest=ssl.TLSVersion.TLSv1_2) as server:
        assert reach(settings, server).test() == "OK"


# the fingerprint of the server (F10)


def certificate_of(pki: Pki) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.server.certificate.read_bytes())


def digest_of(pki: Pki) -> str:
    return hashlib.sha256(certificate_of(pki).public_bytes(Encoding.DER)).hexdigest()


def key_digest_of(pki: Pki) -> str:
    key = certificate_of(pki).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Another authority, which certifies another server under the same name."""
    return make_pki(tmp_path_factory.mktemp("autre"), now=SystemClock().now())


@pytest.mark.parametrize("of", [digest_of, key_digest_of])
def test_one_fingerprint_among_several_suffices(settings, server, pki: Pki, of):
    """Several are given while a certificate is being renewed."""
    pinned = frozenset({"0" * 64, of(pki)})
    assert reach(settings, server, pinned=pinned).test() == "OK"


def test_another_server_that_the_authorities_vouch_for_is_told_nothing(
    settings, pki: Pki, other: Pki, tmp_path: Path, acte
):
    """Its certificate is valid for us; only the fingerprint tells it apart."""
    trusted = tmp_path / "autorites.pem"
    trusted.write_bytes(pki.ca_bundle.read_bytes() + other.ca_bundle.read_bytes())
    with RawServer(other, client_needed=False) as server:
        server.on(CREATE, http(b"OK\n1\n"))
        assert reach(settings, server, ca_file=trusted).deposit(acte) == "1"
        server.received.clear()
        pinned = frozenset({digest_of(pki), key_digest_of(pki)})
        connector = reach(settings, server, ca_file=trusted, pinned=pinned)
        for ask in (connector.test, lambda: connector.deposit(acte)):
            with pytest.raises(AuthenticationRefused) as caught:
                ask()
            (fault,) = caught.value.faults
            assert fault.code == "CON-SERVER_CERTIFICATE"
            assert digest_of(other) in fault.params["reason"]  # what a technician compares
    assert server.received == b""  # closed, with all its threads: not one byte came


def test_a_fingerprint_never_replaces_the_authorities(settings, pki: Pki, other: Pki):
    """The right certificate of an authority that is not trusted is refused all the same."""
    with RawServer(other, client_needed=False) as server:
        connector = reach(settings, server, pinned=frozenset({digest_of(other)}))
        with pytest.raises(AuthenticationRefused) as caught:
            connector.test()
    assert caught.value.faults.codes == ("CON-SERVER_CERTIFICATE",)
    assert server.received == b""

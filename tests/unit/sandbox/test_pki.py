"""The throw-away key infrastructure, seen through the tools that will use it."""

import shutil
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from demat.sandbox.pki import Identity, Pki, make_pki

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PEOPLE = ["maire", "expired", "revoked", "client", "unknown_client", "server"]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=NOW)


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("name", PEOPLE)
def test_each_identity_opens_with_its_passphrase(pki: Pki, name: str) -> None:
    identity: Identity = getattr(pki, name)
    password = identity.passphrase.encode() or None
    bundle = pkcs12.load_pkcs12(identity.p12.read_bytes(), password)
    key = load_pem_private_key(identity.key.read_bytes(), password)
    assert bundle.cert is not None
    assert bundle.cert.certificate == _load(identity.certificate)
    assert key.public_key() == bundle.cert.certificate.public_key()
    assert bundle.key is not None
    assert bundle.key.public_key() == key.public_key()
    assert identity.key.stat().st_mode & 0o077 == 0
    assert identity.p12.stat().st_mode & 0o077 == 0


def test_the_signatory_is_like_an_rgs_one(pki: Pki) -> None:
    certificate = _load(pki.maire.certificate)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert (usage.content_commitment, usage.digital_signature) == (True, False)
    assert [p.policy_identifier.dotted_string for p in policies] == ["1.2.250.1.999.1.1"]
    assert certificate.public_key().key_size == 2048
    certificate.verify_directly_issued_by(_load(pki.intermediate))
    _load(pki.intermediate).verify_directly_issued_by(_load(pki.root))
    assert certificate.subject.rfc4514_string() == (
        "CN=Camille Dupré,2.5.4.12=Maire,OU=0002 21990123800010,"
        "O=Commune de Saint-Exemple-lès-Fiction,C=FR"
    )


def test_dates_and_revocation(pki: Pki) -> None:
    revocations = x509.load_pem_x509_crl(pki.crl.read_bytes())
    expired = _load(pki.expired.certificate)
    assert expired.not_valid_after_utc == NOW - timedelta(days=400)
    assert _load(pki.maire.certificate).not_valid_after_utc > NOW
    assert [item.serial_number for item in revocations] == [
        _load(one.certificate).serial_number for one in (pki.revoked, pki.revoked_client)
    ]
    assert next(iter(revocations)).revocation_date_utc == NOW - timedelta(days=30)


def test_a_second_call_reuses_and_a_late_one_makes_anew(tmp_path: Path) -> None:
    first = make_pki(tmp_path / "pki", now=NOW)
    serial = _load(first.maire.certificate).serial_number
    again = make_pki(tmp_path / "pki", now=NOW + timedelta(days=299))
    assert again == first
    assert _load(again.maire.certificate).serial_number == serial
    late = make_pki(tmp_path / "pki", now=NOW + timedelta(days=301))
    assert _load(late.maire.certificate).serial_number != serial


def test_a_folder_left_half_made_is_made_again(tmp_path: Path) -> None:
    first = make_pki(tmp_path, now=NOW)
    shutil.rmtree(first.trust_folder)
    (tmp_path / "pki.txt").unlink()
    assert _load(make_pki(tmp_path, now=NOW).root).subject == _load(first.root).subject


def _handshake(pki: Pki, client: Identity) -> str:
    """Connect over loopback with mutual TLS; return what the server says, or ``refused``."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki.ca_bundle))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(pki.server.certificate, pki.server.key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as raw:
            try:
                with server.wrap_socket(raw, server_side=True) as stream:
                    stream.sendall(b"bonjour")
            except ssl.SSLError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    context = ssl.create_default_context(cafile=str(pki.ca_bundle))
    context.load_cert_chain(client.certificate, client.key, client.passphrase)
    try:
        with (
            socket.create_connection(listener.getsockname(), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as stream,
        ):
            return stream.recv(100).decode() or "refused"
    except (ssl.SSLError, ConnectionError):
        return "refused"
    finally:
        thread.join()


def test_tls_accepts_the_client_and_refuses_the_unknown_one(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - OpenSSL reads the clock of the machine
    pki = make_pki(tmp_path, now=now)
    assert _handshake(pki, pki.client) == "bonjour"
    assert _handshake(pki, pki.unknown_client) == "refused"
    assert _handshake(pki, pki.maire) == "refused"  # a signature certificate opens no door

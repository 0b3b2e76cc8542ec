"""What a failure of transport proves about a request (connectors dossier §8.1, §9.5)."""

import socket
import ssl
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import demat.connectors.http as module
from demat.connectors.api import AuthenticationRefused, OutcomeUnknown, Unreachable
from demat.connectors.dump import NoDump
from demat.connectors.exchange import Part, Request, Response
from demat.connectors.http import ClientCertificate, HttpsClient, HttpsSettings, Timeouts
from demat.errors import ConfigurationError
from demat.sandbox.pki import Pki
from tests.unit.connectors.server import Drop, Hang, RawServer, http

FORM = (Part(name="api", value=b"1"), Part(name="f", value=b"x" * 5_000_000, file_name="a.pdf"))


@pytest.fixture
def https(server, pki, certificate) -> HttpsSettings:
    return HttpsSettings(
        base_url=server.url,
        client_certificate=certificate,
        ca_file=pki.ca_bundle,
        timeouts=Timeouts(connect=5, read=5, upload=20),
    )


def client(settings: HttpsSettings) -> HttpsClient:
    return HttpsClient(settings, NoDump())


def test_exchange_returns_status_headers_and_body_as_bytes(https, server):
    server.on("/x", http(b"\xe9\x00", "404 Not Found", "X-A: b"))
    answer = client(https).get("/x", {"q": "a b&c"})
    assert (answer.status, answer.header("x-a"), answer.body) == (404, "b", b"\xe9\x00")
    assert answer.framed
    assert server.of("/x").line == "GET /x?q=a+b%26c HTTP/1.1"
    assert server.of("/x").headers["connection"] == "close"


def test_base_url_may_have_a_prefix(https, server):
    server.on("/prefixe/x", http(b"OK"))
    assert client(replace(https, base_url=f"{server.url}/prefixe/")).get("/x").body == b"OK"


def test_redirects_are_not_followed(https, server):
    server.on("/x", http(b"", "302 Found", f"Location: {server.url}/y"))
    server.on("/y", http(b"never"))
    assert client(https).post("/x", FORM).status == 302
    assert client(https).get("/x").status == 302
    assert "/y" not in server.paths()


def test_environment_is_ignored(https, server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    server.on("/x", http(b"OK"))
    assert client(https).get("/x").body == b"OK"


@pytest.mark.parametrize("address", ["http://127.0.0.1", "ftp://x", "", "https://"])
def test_clear_text_addresses_are_refused(address):
    with pytest.raises(ConfigurationError, match="https://"):
        HttpsSettings(base_url=address)


def test_only_the_given_authorities_are_trusted(https, server, monkeypatch):
    """The adapter of requests adds the authorities of certifi to the context: ours does not."""
    contexts = []
    original = module._context
    monkeypatch.setattr(module, "_context", lambda s: contexts.append(original(s)) or contexts[-1])
    server.on("/x", http(b"OK"))
    client(https).get("/x")
    assert len(contexts[0].get_ca_certs()) == 2  # the two of the test PKI
    assert contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert contexts[0].check_hostname
    assert contexts[0].minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("post", [False, True])
def test_nobody_listens(https, post):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"https://127.0.0.1:{closed.getsockname()[1]}"
    ask = client(replace(https, base_url=address))
    with pytest.raises(Unreachable) as caught:
        ask.post("/x", FORM) if post else ask.get("/x")
    assert type(caught.value) is Unreachable
    assert caught.value.faults.codes == ("CON-UNREACHABLE",)


def test_unknown_host_was_not_reached(https, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unreachable) as caught:
        client(https).post("/x", FORM)
    assert caught.value.faults.codes == ("CON-UNREACHABLE",)


def test_silent_handshake_was_not_reached(https, pki):
    with RawServer(pki, handshake=False) as mute:
        slow = replace(https, base_url=mute.url, timeouts=Timeouts(connect=0.3, read=5, upload=5))
        with pytest.raises(Unreachable) as caught:
            client(slow).post("/x", FORM)
    assert caught.value.faults.codes == ("CON-UNREACHABLE",)


# once a byte of the form has left, nothing proves that it was not received
@pytest.mark.parametrize(
    "answer",
    [
        Drop(),  # F8: commit, then no answer
        Drop(after=100),  # closed in the middle of the form
        Hang(),  # F7: read time-out
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK\n47",  # F6
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nOK",  # F6
        b"this is not HTTP\r\n\r\n",
    ],
)
@pytest.mark.parametrize("post", [True, False])
def test_failure_after_the_request(https, server, answer, post):
    server.on("/x", answer)
    ask = client(replace(https, timeouts=Timeouts(connect=5, read=0.5, upload=5)))
    expected = OutcomeUnknown if post else Unreachable
    with pytest.raises(expected) as caught:
        ask.post("/x", FORM) if post else ask.get("/x")
    assert caught.value.faults.codes == ("CON-LOST_ANSWER" if post else "CON-UNREACHABLE",)


def test_answer_in_small_drops_ends(https, server, monkeypatch):
    """F9: the read time-out only limits the silence; the whole answer is limited as well."""
    instants = iter(range(0, 10_000, 15))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(instants)))
    server.on("/x", http(b"x" * (1 << 18)))
    with pytest.raises(Unreachable) as caught:
        client(https).get("/x")
    assert caught.value.faults.codes == ("CON-UNREACHABLE",)


def test_endless_sending_ends(https, server):
    server.on("/x", http(b"OK"))
    ask = client(replace(https, timeouts=Timeouts(connect=5, read=5, upload=1e-9)))
    with pytest.raises(OutcomeUnknown) as caught:
        ask.post("/x", FORM)
    assert "lasts too long" in caught.value.faults.blocking.__repr__()


def test_enormous_answer_is_refused(https, server, monkeypatch):
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1000)
    server.on("/x", http(b"x" * 1001))
    with pytest.raises(Unreachable) as caught:
        client(https).get("/x")
    assert caught.value.faults.codes == ("CON-UNREACHABLE",)
    with pytest.raises(OutcomeUnknown):
        client(https).post("/x", FORM)


# F1


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("post", [True, False])
def test_client_certificate_of_an_unknown_authority(https, pki: Pki, highest, post):
    """Under TLS 1.3 the alert comes after the request: the server has not read it all the same."""
    unknown = pki.unknown_client
    changed = replace(
        https, client_certificate=lambda: (unknown.certificate, unknown.key, unknown.passphrase)
    )
    with RawServer(pki, highest=highest) as server:
        ask = client(replace(changed, base_url=server.url))
        small = (Part(name="api", value=b"1"),)
        with pytest.raises(AuthenticationRefused) as caught:
            ask.post("/x", small) if post else ask.get("/x")
        assert server.requests == []
    assert caught.value.faults.codes == ("CON-CLIENT_CERTIFICATE",)
    assert next(iter(caught.value.faults)).params == {"reason": "unknown ca"}


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_client_certificate(https, pki: Pki, highest):
    with RawServer(pki, highest=highest) as server:
        ask = client(replace(https, base_url=server.url, client_certificate=None))
        with pytest.raises(AuthenticationRefused) as caught:
            ask.get("/x")
    assert caught.value.faults.codes == ("CON-CLIENT_CERTIFICATE",)


def test_server_of_an_unknown_authority(https, server, pki: Pki):
    ask = client(replace(https, ca_file=pki.unknown_client.certificate))
    with pytest.raises(AuthenticationRefused) as caught:
        ask.post("/x", FORM)
    assert caught.value.faults.codes == ("CON-SERVER_CERTIFICATE",)
    assert server.requests == []


def test_server_under_another_name(https, server, monkeypatch):
    host = server.url.rpartition(":")[2]
    original = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *args, **kw: original("127.0.0.1", *args[1:], **kw)
    )
    with pytest.raises(AuthenticationRefused) as caught:
        client(replace(https, base_url=f"https://autre.invalid:{host}")).get("/x")
    assert caught.value.faults.codes == ("CON-SERVER_CERTIFICATE",)
    assert server.requests == []


@pytest.mark.parametrize("passphrase", ["wrong", ""])
def test_wrong_passphrase_never_prompts(https, pki: Pki, passphrase, monkeypatch):
    def prompt(*_: object) -> None:
        raise AssertionError("the terminal was read")

    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr("getpass.getpass", prompt)
    key = ClientCertificate(pki.client.certificate, pki.client.key, passphrase)
    with pytest.raises(AuthenticationRefused) as caught:
        client(replace(https, client_certificate=lambda: key)).get("/x")
    assert caught.value.faults.codes == ("CON-CLIENT_KEY",)


def test_missing_key_file(https, tmp_path: Path):
    absent = tmp_path / "absent.pem"
    with pytest.raises(AuthenticationRefused) as caught:
        client(replace(https, client_certificate=lambda: (absent, absent, ""))).get("/x")
    assert caught.value.faults.codes == ("CON-CLIENT_KEY",)


def test_passphrase_is_not_shown():
    assert "tres-secret" not in repr(ClientCertificate(Path("a"), Path("b"), "tres-secret"))


class _FullDisk(NoDump):
    def __init__(self, *, on_request: bool) -> None:
        self.on_request = on_request

    def request(self, request: Request) -> str:
        if self.on_request:
            raise OSError("No space left on device")
        return ""

    def response(self, exchange: str, response: Response) -> None:
        raise OSError("No space left on device")


def test_nothing_leaves_without_its_trace(https, server):
    server.on("/x", http(b"OK\n1\n"))
    with pytest.raises(Unreachable) as caught:
        HttpsClient(https, _FullDisk(on_request=True)).post("/x", FORM)
    assert caught.value.faults.codes == ("CON-DUMP",)
    assert server.requests == []


def test_answer_survives_a_full_disk(https, server):
    server.on("/x", http(b"OK\n1\n"))
    assert HttpsClient(https, _FullDisk(on_request=False)).post("/x", FORM).body == b"OK\n1\n"

"""The client of a time-stamping authority against the sandbox's, over HTTP and over TLS."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors import tsa as module
from demat.connectors.tsa import TsaClient, TsaSettings, TsaUnusable
from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError
from demat.labels_fr.catalogue import sentence
from demat.sandbox.pki import Pki
from demat.sandbox.tsa import POLICY, Mood, Tsa, TsaServer
from demat.signing.timestamp import check_token
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict
from tests.unit.connectors.server import Hang, RawServer, http

NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
DIGEST = hashlib.sha256(b"archive").hexdigest()
REPLY = "Content-Type: application/timestamp-reply"


@pytest.fixture
def tsa(pki: Pki) -> Iterator[TsaServer]:
    with TsaServer(Tsa(pki.time_stamps, FixedClock(NOW))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def raw_server(pki: Pki) -> Iterator[RawServer]:
    with RawServer(pki, client_needed=False) as running:
        yield running


def client(server: TsaServer, **changes: object) -> TsaClient:
    url = f"http://127.0.0.1:{server.server_address[1]}/horodatage"
    return TsaClient(TsaSettings(url=url, **changes))  # type: ignore[arg-type]


def why(caught: pytest.ExceptionInfo[TsaUnusable]) -> str:
    (fault,) = caught.value.faults
    assert "{" not in sentence(fault)
    return fault.code


def test_a_token_comes_back(tsa: TsaServer, pki: Pki) -> None:
    token = client(tsa, policy=POLICY).stamp(DIGEST)
    found = check_token(token, sha256=DIGEST, trust=TrustStore.from_folder(pki.trust_folder))
    assert (found.verdict, found.instant) == (Verdict.ACCEPTED, NOW)
    assert client(tsa).stamp(DIGEST) != token  # another nonce, another number


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        (Mood.AWAY, "CON-TSA_ANSWER"),
        (Mood.REFUSES, "SIG-TSA_REFUSED"),
        (Mood.OTHER_NONCE, "SIG-TSA_NONCE"),
        (Mood.GARBAGE, "SIG-TSA_UNREADABLE"),
    ],
)
def test_an_authority_that_does_not_stamp(tsa: TsaServer, mood: Mood, code: str) -> None:
    tsa.tsa.mood = mood
    with pytest.raises(TsaUnusable) as caught:
        client(tsa).stamp(DIGEST)
    assert why(caught) == code


def test_nobody_there() -> None:
    with pytest.raises(TsaUnusable) as caught:
        TsaClient(TsaSettings(url="http://127.0.0.1:9/", connect=0.5)).stamp(DIGEST)
    assert why(caught) == "CON-TSA_AWAY"


def test_over_tls_with_a_login(raw_server: RawServer, pki: Pki) -> None:
    raw_server.on("/tsa", http(b"x", "200 OK", REPLY))
    settings = TsaSettings(
        url=f"{raw_server.url}/tsa",
        ca_file=pki.ca_bundle,
        credentials=lambda: ("mairie", "clé"),
    )
    with pytest.raises(TsaUnusable) as caught:
        TsaClient(settings).stamp(DIGEST)
    assert why(caught) == "SIG-TSA_UNREADABLE"
    (request,) = raw_server.requests
    assert request.headers["content-type"] == "application/timestamp-query"
    assert request.headers["authorization"].split() == [
        "Basic",
        base64.b64encode("mairie:clé".encode()).decode(),
    ]


def test_a_server_that_nobody_vouches_for(raw_server: RawServer, pki: Pki) -> None:
    raw_server.on("/tsa", http(b"x", "200 OK", REPLY))
    stranger = pki.unknown_client.certificate
    with pytest.raises(TsaUnusable) as caught:
        TsaClient(TsaSettings(url=f"{raw_server.url}/tsa", ca_file=stranger)).stamp(DIGEST)
    assert why(caught) == "CON-TSA_AWAY"


def test_a_file_of_authorities_that_is_not_there(tmp_path: Path) -> None:
    settings = TsaSettings(url="https://127.0.0.1:9", ca_file=tmp_path / "absent.pem")
    with pytest.raises(TsaUnusable):
        TsaClient(settings).stamp(DIGEST)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"", "302 Found", "Location: https://ailleurs.exemple/"), "CON-TSA_ANSWER"),
        (http(b"<html>", "200 OK", "Content-Type: text/html"), "CON-TSA_ANSWER"),
        (http(b"x" * 5000, "200 OK", REPLY), "CON-TSA_ANSWER"),
        (Hang(), "CON-TSA_AWAY"),
    ],
)
def test_answers_that_are_refused(
    raw_server: RawServer,
    pki: Pki,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes | Hang,
    code: str,
) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 4096)
    raw_server.on("/tsa", answer)
    settings = TsaSettings(url=f"{raw_server.url}/tsa", ca_file=pki.ca_bundle, silence=0.5)
    with pytest.raises(TsaUnusable) as caught:
        TsaClient(settings).stamp(DIGEST)
    assert why(caught) == code


def test_a_password_file_that_is_missing(pki: Pki) -> None:
    def missing() -> tuple[str, str]:
        raise FaultError(Fault(code="CFG-SECRET_MISSING", params={"path": "tsa.passe"}))

    settings = TsaSettings(url="https://127.0.0.1:9", ca_file=pki.ca_bundle, credentials=missing)
    with pytest.raises(TsaUnusable) as caught:
        TsaClient(settings).stamp(DIGEST)
    assert why(caught) == "CFG-SECRET_MISSING"


@pytest.mark.parametrize("url", ["ftp://tsa.exemple", "tsa.exemple", "http://"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ConfigurationError):
        TsaSettings(url=url)


def test_a_password_never_leaves_in_clear() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        TsaSettings(url="http://tsa.exemple", credentials=lambda: ("mairie", "clé"))

"""Fetching lists and answers over HTTP: limits, time-outs, and nothing but the web."""

import gzip
import socket
from collections.abc import Iterator

import pytest

from demat.connectors.revocation import Fetched, FetchLimits, RevocationClient
from demat.faults import FaultError
from demat.labels_fr.connectors import LABELS
from tests.revocation_server import Page, RevocationServer, running_server

LIMITS = FetchLimits(connect=2.0, silence=0.2, whole=5.0, list_bytes=1000, answer_bytes=100)
CLIENT = RevocationClient(LIMITS)
DAY = "Fri, 20 Nov 2026 09:30:15 GMT"


@pytest.fixture
def server() -> Iterator[RevocationServer]:
    with running_server() as running:
        yield running


def refused(address: str, client: RevocationClient = CLIENT) -> tuple[str, str]:
    with pytest.raises(FaultError) as caught:
        client.fetch(address)
    (fault,) = caught.value.faults
    return fault.code, LABELS[fault.code].sentence.format(**fault.params)


def test_a_list_is_fetched(server: RevocationServer) -> None:
    server.publish("/ac.crl", b"a list", etag='"1"', modified=DAY)
    found = CLIENT.fetch(f"{server.url}/ac.crl")
    assert found == Fetched(content=b"a list", etag='"1"', modified=DAY)
    ((method, _, headers, _),) = server.asked
    assert method == "GET"
    assert headers["accept-encoding"] == "identity"
    assert "if-none-match" not in headers
    assert "if-modified-since" not in headers


def test_a_list_that_is_held_is_not_sent_again(server: RevocationServer) -> None:
    server.publish("/etag", b"a list", etag='"1"')
    server.publish("/day", b"a list", modified=DAY)
    assert CLIENT.fetch(f"{server.url}/etag", etag='"1"').content is None
    assert CLIENT.fetch(f"{server.url}/day", modified=DAY).content is None
    assert CLIENT.fetch(f"{server.url}/etag", etag='"0"').content == b"a list"


def test_a_question_is_posted(server: RevocationServer) -> None:
    server.pages["/"] = lambda body: Page(body[::-1])
    assert CLIENT.ask(f"{server.url}/", b"question") == b"noitseuq"
    ((method, _, headers, _),) = server.asked
    assert (method, headers["content-type"]) == ("POST", "application/ocsp-request")
    assert headers["accept"] == "application/ocsp-response"


@pytest.mark.parametrize("status", [404, 403, 500, 204, 300])
def test_anything_but_the_list_is_told(server: RevocationServer, status: int) -> None:
    server.pages["/ac.crl"] = Page(b"no", status=status)
    code, words = refused(f"{server.url}/ac.crl")
    assert code == "CON-REV_STATUS"
    assert f"(réponse {status})" in words


def test_the_limit_of_size(server: RevocationServer) -> None:
    server.pages["/ok"] = Page(b"x" * 1000)
    server.pages["/long"] = Page(b"x" * 1001)
    server.pages["/endless"] = Page(b"x" * 100_000, pieces=1000)  # no length is told
    bomb = gzip.compress(bytes(10_000_000))
    server.pages["/bomb"] = Page(bomb, headers={"Content-Encoding": "gzip"})
    assert len(CLIENT.fetch(f"{server.url}/ok").content or b"") == 1000
    for path in ("/long", "/endless", "/bomb"):
        code, words = refused(server.url + path)
        assert code == "CON-REV_SIZE"
        assert "plus de 1000 octets" in words
    with pytest.raises(FaultError) as caught:
        CLIENT.ask(f"{server.url}/ok", b"?")
    assert caught.value.faults.codes == ("CON-REV_SIZE",)


def test_a_slow_server_is_given_up(server: RevocationServer) -> None:
    server.pages["/slow"] = Page(hang=True)
    code, words = refused(f"{server.url}/slow")
    assert code == "CON-REV_UNREACHABLE"
    assert "timed out" in words


def test_an_answer_that_drips_is_given_up(server: RevocationServer) -> None:
    server.pages["/drip"] = Page(b"x" * 10, pieces=50)
    hasty = RevocationClient(FetchLimits(whole=0.0))
    assert refused(f"{server.url}/drip", hasty)[0] == "CON-REV_UNREACHABLE"


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code, words = refused(f"http://127.0.0.1:{port}/ac.crl")
    assert code == "CON-REV_UNREACHABLE"
    assert "ne répond pas" in words


def test_an_answer_cut_short(server: RevocationServer) -> None:
    server.pages["/cut"] = Page(b"x" * 10, headers={"Content-Length": "500"}, pieces=2)
    assert refused(f"{server.url}/cut")[0] == "CON-REV_UNREACHABLE"


@pytest.mark.parametrize(
    "address",
    [
        "ldap://ldap.exemple/cn=AC",
        "file:///etc/passwd",
        "ftp://ftp.exemple/ac.crl",
        "http:///ac.crl",
        "http://[::1/ac.crl",
        "ac.crl",
        "",
        "http://crl.ac.invalid/ac.crl",
        "http://invalid./x",
        "HTTP://CRL.AC.INVALID/ac.crl",
    ],
)
def test_what_cannot_be_asked(address: str) -> None:
    assert refused(address)[0] == "CON-REV_ADDRESS"


def test_a_move_is_followed_within_the_web(server: RevocationServer) -> None:
    server.publish("/new", b"a list")
    server.pages["/old"] = Page(status=301, headers={"Location": "/new"})
    server.pages["/loop"] = Page(status=302, headers={"Location": "/loop"})
    server.pages["/file"] = Page(status=302, headers={"Location": "file:///etc/passwd"})
    server.pages["/lost"] = Page(status=302)
    assert CLIENT.fetch(f"{server.url}/old").content == b"a list"
    assert refused(f"{server.url}/loop")[0] == "CON-REV_STATUS"
    assert server.hits["/loop"] == 4
    code, words = refused(f"{server.url}/file")
    assert code == "CON-REV_ADDRESS"
    assert "file:///etc/passwd" in words
    assert "(réponse 302)" in refused(f"{server.url}/lost")[1]


def test_no_proxy_of_the_environment(
    server: RevocationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.publish("/ac.crl", b"a list")
    assert CLIENT.fetch(f"{server.url}/ac.crl").content == b"a list"

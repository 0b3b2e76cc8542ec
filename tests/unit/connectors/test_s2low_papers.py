"""The papers of an acknowledged act, the page of an agent, names of statuses (§1.4.8, §1.4.9)."""

import json
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from demat.connectors.api import (
    AuthenticationRefused,
    Flux,
    PaperKind,
    RemotePaper,
    RemoteProgress,
    Unreachable,
)
from demat.connectors.s2low import S2lowConnector
from tests.unit.connectors.conftest import PDF
from tests.unit.connectors.server import http
from tests.unit.connectors.test_s2low import (
    BAD_GATEWAY,
    HOME,
    LABELS_OF_STATUSES,
    LOGIN,
    MAINTENANCE,
    STATUS,
    failure,
    ko,
)

FILES = "/modules/actes/actes_transac_get_files_list.php"
DOWNLOAD = "/modules/actes/actes_download_file.php"
BORDEREAU = "/modules/actes/actes_create_pdf.php"
SHEET = b"%PDF-1.4\nbordereau\n%%EOF\n"


def listed(*files: tuple[int, str]) -> bytes:
    """Return the list of the files of an act; every value is a string, as on the real server."""
    return http(
        json.dumps(
            [
                {"id": str(number), "name": f"{number}", "mimetype": mime, "code_pj": "99_DE"}
                for number, mime in files
            ]
        ).encode()
    )


@pytest.fixture
def connector(settings) -> S2lowConnector:
    return S2lowConnector(replace(settings, papers=frozenset(PaperKind)))


@pytest.fixture
def whole(server):
    """An act, a PDF annexe after a picture: posted in the order of their numbers."""
    server.on(BORDEREAU, http(SHEET))
    files = [(12, "application/pdf"), (9, "text/xml"), (11, "image/png"), (10, "application/pdf")]
    server.on(FILES, listed(*files))
    server.on(DOWNLOAD, http(PDF))
    return server


def test_the_bordereau_and_the_stamped_copies_keep_their_rank(connector, whole):
    """The message is left out, and what is no PDF has no stamped copy."""
    assert connector.papers("4711") == (
        RemotePaper(kind=PaperKind.BORDEREAU, rank=0, content=SHEET),
        RemotePaper(kind=PaperKind.TAMPON, rank=0, content=PDF),
        RemotePaper(kind=PaperKind.TAMPON, rank=2, content=PDF),
    )
    assert whole.of(BORDEREAU).query == "trans_id=4711"  # not « id »
    assert whole.of(FILES).query == "transaction=4711"
    asked = [one.query for one in whole.requests if one.path == DOWNLOAD]
    assert asked == ["file=10&tampon=true", "file=12&tampon=true"]


def test_the_day_of_publication_goes_on_the_stamp(connector, whole):
    connector.papers("4711", affichage=date(2026, 3, 20))
    assert whole.of(DOWNLOAD).query == "file=10&tampon=true&date_affichage=2026-03-20"


@pytest.mark.parametrize("kind", list(PaperKind))
def test_only_what_is_wanted_is_fetched(settings, whole, kind):
    found = S2lowConnector(replace(settings, papers=frozenset({kind}))).papers("4711")
    assert {one.kind for one in found} == {kind}
    assert (BORDEREAU in whole.paths()) is (kind is PaperKind.BORDEREAU)


def test_nothing_is_asked_when_nothing_is_wanted(settings, server):
    assert S2lowConnector(settings).papers("4711") == ()
    assert server.requests == []


@pytest.mark.parametrize("after", [b"", b"\r\n\0\0", b"\x1a", b"<!-- page -->\n"])
def test_what_some_software_leaves_after_a_pdf_is_no_cut(connector, whole, after):
    whole.on(DOWNLOAD, http(PDF + after))
    assert connector.papers("4711")[1].content == PDF + after


@pytest.mark.parametrize(
    ("path", "answer", "expected", "code"),
    [
        (BORDEREAU, HOME, Unreachable, "CON-REDIRECT"),  # these scripts say no by a redirect
        (BORDEREAU, MAINTENANCE, Unreachable, "CON-HTML_PAGE"),
        (BORDEREAU, BAD_GATEWAY, Unreachable, "CON-HTTP_STATUS"),
        (BORDEREAU, LOGIN, AuthenticationRefused, "CON-LOGIN_PAGE"),
        (BORDEREAU, http(b"%PDF-1.4 coup"), Unreachable, "CON-TRUNCATED_ANSWER"),
        (BORDEREAU, http(b"PK\x03\x04"), Unreachable, "CON-UNREADABLE_ANSWER"),
        (FILES, ko("Pas d'acquittement recu"), Unreachable, "CON-KO"),
        (FILES, ko("Acc\xe8s refus\xe9"), AuthenticationRefused, "CON-RIGHTS"),
        (FILES, http(b"[]"), Unreachable, "CON-UNREADABLE_ANSWER"),  # empty for one poll (§8.2)
        (FILES, http(b'[{"id":"x"}]'), Unreachable, "CON-UNREADABLE_ANSWER"),
        (FILES, http(b'{"id":1}'), Unreachable, "CON-UNREADABLE_ANSWER"),
        (FILES, http(b'[{"id":"1"'), Unreachable, "CON-UNREADABLE_ANSWER"),
        (DOWNLOAD, HOME, Unreachable, "CON-REDIRECT"),
        (DOWNLOAD, http(PDF[:-8]), Unreachable, "CON-TRUNCATED_ANSWER"),
        (DOWNLOAD, http(PDF + b"9 0 obj<</Ty"), Unreachable, "CON-TRUNCATED_ANSWER"),
        (DOWNLOAD, http(PDF + b"% Envo"), Unreachable, "CON-TRUNCATED_ANSWER"),
    ],
)
def test_papers_come_all_together_or_not_at_all(connector, whole, path, answer, expected, code):
    whole.on(path, answer)
    with pytest.raises(Unreachable) as caught:
        connector.papers("4711")
    assert failure(caught) == (expected, (code,))


def test_an_agent_confirms_in_a_browser_and_comes_back_to_the_platform(settings):
    base = "https://tdt.invalid:8443/s2low/"
    asked = S2lowConnector(replace(settings, base_url=base))
    page = asked.person_page(Flux.ACTES, "4711", "17")
    parts = urlsplit(page)
    assert parts.hostname == "tdt.invalid"
    assert parts.path == "/s2low/modules/actes/actes_transac_post_confirm_api.php"
    query = parse_qs(parts.query)
    assert query["id"] == ["4711"]
    (back,) = query["url_return"]
    assert back.startswith("https://tdt.invalid:8443/s2low/")
    assert "%%ERROR%%" in back  # what S²LOW replaces before it sends the browser back
    assert "%%MESSAGE%%" in back


@pytest.mark.parametrize(
    ("flux", "code", "page"),
    [
        (Flux.ACTES, "18", "https://tdt.invalid/"),
        (Flux.HELIOS, "13", "https://tdt.invalid/"),
        (Flux.HELIOS, "14", "https://tdt.invalid/"),
        (Flux.HELIOS, "17", ""),  # the same number means nothing for HELIOS
        (Flux.ACTES, "3", ""),
        (Flux.ACTES, "13", ""),  # archived
        (Flux.ACTES, "", ""),
        (Flux.ACTES, "KO", ""),
    ],
)
def test_nobody_is_sent_to_a_page_without_need(settings, flux, code, page):
    connector = S2lowConnector(replace(settings, base_url="https://tdt.invalid"))
    assert connector.person_page(flux, "4711", code) == page


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            http(b'{"4":"Acquittement","77":"En relecture \\u00e0 la main"}'),
            "En relecture à la main",
        ),
        (http(b'{"4":"Acquittement"}'), ""),
        (MAINTENANCE, ""),
        (http(b"[]"), ""),
    ],
)
def test_a_status_that_we_do_not_know_is_named_and_never_an_error(
    connector, server, labels, message
):
    server.on(STATUS, http(b"OK\n77\n"))
    server.on(LABELS_OF_STATUSES, labels)
    status = connector.status(Flux.ACTES, "4711")
    assert (status.progress, status.code) == (RemoteProgress.UNRECOGNISED, "77")
    assert status.message == message


def test_the_names_of_known_statuses_are_not_asked_for(connector, server):
    server.on(STATUS, http(b"OK\n3\n"))
    connector.status(Flux.ACTES, "4711")
    assert server.paths() == [STATUS]

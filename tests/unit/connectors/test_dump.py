"""The raw copies of the exchanges."""

from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors.api import Flux, OutcomeUnknown
from demat.connectors.dump import FolderDump
from demat.connectors.exchange import Part, Request, Response
from demat.connectors.s2low import S2lowConnector
from tests.unit.connectors.server import Drop, http

CREATE = "/modules/actes/actes_transac_create.php"
STAMP = "20260317T093000.000000Z"


@pytest.fixture
def clock(instant) -> FixedClock:
    return FixedClock(instant)


def test_request_is_kept_without_the_content_of_files(tmp_path: Path, clock):
    parts = (
        Part(name="subject", value="Fête".encode("latin-1")),
        Part(name="acte_pdf_file", value=b"%PDF", file_name="a.pdf", mime_type="application/pdf"),
    )
    request = Request(method="POST", url="https://tdt.invalid/a/b.php", parts=parts, label="099-x")
    exchange = FolderDump(tmp_path, clock).request(request)
    assert exchange == f"099-x/{STAMP}-b"
    assert (tmp_path / f"{exchange}-request.txt").read_text("utf-8") == (
        "POST https://tdt.invalid/a/b.php\n"
        "subject = 'Fête'\n"
        "acte_pdf_file = file 'a.pdf', 4 bytes, sha256 "
        "315d429b7714cedb6ad04ac31240145257692630457f3c88253c5beceac76027\n"
    )


def test_response_is_kept_byte_for_byte_without_its_cookie(tmp_path: Path, clock):
    headers = (("Content-Type", "text/plain"), ("Set-Cookie", "PHPSESSID=secret"))
    dump = FolderDump(tmp_path, clock)
    dump.response("x/1-b", Response(status=200, headers=headers, body=b"KO\n\xe9\x00\r\n"))
    assert (tmp_path / "x/1-b-response.bin").read_bytes() == (
        b"HTTP 200\r\nContent-Type: text/plain\r\nSet-Cookie: (masked)\r\n\r\nKO\n\xe9\x00\r\n"
    )


def test_each_try_has_its_own_files(tmp_path: Path, clock):
    dump = FolderDump(tmp_path, clock)
    request = Request(method="GET", url="https://tdt.invalid/b.php?a=1", label="../../etc/12")
    names = [dump.request(request), dump.request(request)]
    clock.instant += timedelta(seconds=1)
    names.append(dump.request(request))
    assert names == [
        f"etc_12/{STAMP}-b",
        f"etc_12/{STAMP}-b-2",
        "etc_12/20260317T093001.000000Z-b",
    ]


def test_answer_is_kept_before_it_is_understood(settings, server, acte, tmp_path: Path, clock):
    server.on(CREATE, http(b"<html>panne</html>"))
    connector = S2lowConnector(settings, dump=FolderDump(tmp_path, clock))
    with pytest.raises(OutcomeUnknown):
        connector.deposit(acte)
    folder = tmp_path / acte.key
    assert [path.name for path in sorted(folder.iterdir())] == [
        f"{STAMP}-actes_transac_create-request.txt",
        f"{STAMP}-actes_transac_create-response.bin",
    ]
    kept = (folder / f"{STAMP}-actes_transac_create-response.bin").read_bytes()
    assert kept.endswith(b"\r\n\r\n<html>panne</html>")
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*.*"))
    assert b"secret-fictif" not in everything
    assert b"Basic" not in everything


def test_failure_is_kept(settings, server, tmp_path: Path, clock):
    server.on("/modules/actes/actes_transac_get_status.php", Drop())
    connector = S2lowConnector(settings, dump=FolderDump(tmp_path, clock))
    with pytest.raises(Exception, match="CON-UNREACHABLE"):
        connector.status(Flux.ACTES, "12")
    kept = (tmp_path / "12" / f"{STAMP}-actes_transac_get_status-failure.txt").read_text()
    assert kept.startswith("ConnectionError: ")

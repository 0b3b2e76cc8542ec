"""The listener, asked by real clients: polite ones, browsers, and hostile ones."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demat.engine.health import Figures, Limits
from demat.faults import Fault, FaultError
from demat.labels_fr.supervision import CHECKS
from demat.queue.measures import Backlog
from demat.supervision import server as server_module
from demat.supervision.metrics import METRICS, Metrics
from demat.supervision.probe import Probe
from demat.supervision.server import listening
from demat.supervision.settings import Address, SupervisionSettings
from demat.supervision.supervise import supervise
from tests.acceptance.conftest import page_text
from tests.unit.engine.conftest import SIREN, UNKNOWN, Town
from tests.unit.supervision.conftest import Seen

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def ask(
    address: str, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    """Ask one question; return status, headers and body."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def say(address: str, words: bytes) -> bytes:
    """Say anything, and return what comes back."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        line.sendall(words)
        line.shutdown(socket.SHUT_WR)
        found = b""
        while piece := line.recv(65_536):
            found += piece
        return found


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return every sample: name and labels (in the order of their names), value."""
    return {
        (sample.name, ",".join(text for _, text in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_lives(seen: Seen) -> None:
    status, headers, text = ask(seen(), "/vivant")
    assert (status, text) == (200, "vivant\n")
    assert headers["Server"].strip() == "demat"
    assert headers["Cache-Control"] == "no-store"


def test_health_is_json_for_a_program(seen: Seen, town: Town) -> None:
    town.night()
    status, headers, text = ask(seen(), "/sante")
    found = json.loads(text)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert (found["level"], found["etat"]) == ("good", "en ordre")
    assert {one["check"] for one in found["checks"]} == set(CHECKS) - {"answer", "installation"}
    assert all(one["libelle"] and one["etat"] == "en ordre" for one in found["checks"])


def test_health_is_a_page_for_a_person(seen: Seen, town: Town, tmp_path: Path) -> None:
    status, headers, text = ask(seen(), "/sante", BROWSER)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    page = tmp_path / "page.html"
    page.write_text(text, "utf-8")
    words = page_text(page)
    assert "demat est à surveiller" in words
    assert "Aucun passage de nuit n'est encore allé au bout" in words
    assert "Place sur le disque" in words
    assert "<script" not in text


def test_what_is_to_be_watched_is_200_and_a_failure_503(seen: Seen, town: Town) -> None:
    town.drop("titres-cantine.csv")
    town.connector.fail_next("deposit", UNKNOWN)
    town.night()
    town.clock.instant += timedelta(hours=25)
    status, _, text = ask(seen(), "/sante")
    found = {one["check"]: one for one in json.loads(text)["checks"]}
    assert (status, json.loads(text)["level"]) == (200, "watch")
    assert found["unknown"]["etat"] == "à surveiller"
    assert found["unknown"]["collectivite"] == SIREN
    assert (found["unknown"]["value"], found["unknown"]["unit"]) == (25.0, "hours")
    assert (found["unknown"]["watch"], found["unknown"]["down"]) == (24, 72)
    assert "on ne sait pas si un envoi de « " in found["unknown"]["message"]
    assert found["unknown"]["remedy"].startswith("Ne le renvoyez pas")
    status, _, text = ask(seen(limits=Limits(unknown=(1, 2))), "/sante")
    assert (status, json.loads(text)["level"]) == (503, "down")


# --------------------------------------------------------------------------------- metrics


def test_metrics_are_those_that_are_documented(seen: Seen, town: Town) -> None:
    address = seen()
    town.drop("arrete-individuel", "titres-cantine.csv")
    town.connector.fail_next("deposit", UNKNOWN)
    town.night()
    town.clock.instant += timedelta(hours=2)
    status, headers, text = ask(address, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=")
    found = samples(text)
    assert found["demat_up", ""] == 1
    assert found["demat_sendings_total", "HELIOS,deposited,scripted"] == 1
    assert found["demat_sendings_total", "ACTES,suspended,scripted"] == 1
    assert found["demat_preparations_total", "packed"] == 2
    assert found["demat_runs_total", "nightly,done_with_errors"] == 1
    assert found["demat_flows", "ACTES,suspended"] == 1
    assert found["demat_flows", "HELIOS,deposited"] == 1
    assert found["demat_flows", "ACTES,todo"] == 0
    assert found["demat_oldest_unknown_seconds", SIREN] == 7200
    assert found["demat_oldest_unanswered_seconds", f"HELIOS,{SIREN}"] == 7200
    assert found["demat_night_age_seconds", ""] == 7200
    assert found["demat_nights", "done_with_errors"] == 1
    assert found["demat_health", "database"] == 0
    assert found["demat_journal_entries", ""] == len(town.store.journal())
    assert found["demat_flows_highest_number", ""] == 2
    assert found["demat_disk_size_bytes", ""] > found["demat_disk_free_bytes", ""] > 0
    assert found["demat_step_seconds_count", "transmit_due"] == 1
    assert found["process_open_fds", ""] > 0
    shown = {name.removesuffix("_total") for name in METRICS}
    families = {one.name for one in text_string_to_metric_families(text)}
    own = {name for name in families if name.startswith("demat_")}
    assert own - {f"{name}_created" for name in shown} <= shown
    without_sample = {"demat_answers", "demat_exchange_seconds", "demat_task_seconds"}
    assert shown - without_sample <= own


def test_a_worker_tells_which_tasks_wait(town: Town, tmp_path: Path) -> None:
    def backlog() -> tuple[Backlog, ...]:
        return (
            Backlog(task="answers", count=0, seconds=0.0),
            Backlog(task="night", count=12, seconds=840.5),
        )

    settings = SupervisionSettings(folder=tmp_path, listen=Address("127.0.0.1", 0))
    with supervise(town.office, settings, backlog) as address:
        found = samples(ask(address, "/metrics")[2])
        assert found["demat_tasks_waiting", "answers"] == 0
        assert found["demat_tasks_waiting", "night"] == 12
        assert found["demat_oldest_task_seconds", "night"] == 840.5
        assert found["demat_up", ""] == 1
        assert ask(address, "/sante")[0] == 200


def test_a_worker_that_does_not_reach_its_tasks_has_failed(town: Town, tmp_path: Path) -> None:
    def backlog() -> tuple[Backlog, ...]:
        raise FaultError(Fault(code="QUE-TASKS", params={"raison": "no such table"}))

    settings = SupervisionSettings(folder=tmp_path, listen=Address("127.0.0.1", 0))
    with supervise(town.office, settings, backlog) as address:
        found = samples(ask(address, "/metrics")[2])
        assert found["demat_up", ""] == 0
        assert found["demat_flows", "ACTES,todo"] == 0  # the rest is told all the same
        assert [name for name, _ in found if name == "demat_tasks_waiting"] == []
        status, _, text = ask(address, "/sante")
    (check,) = [one for one in json.loads(text)["checks"] if one["level"] == "down"]
    assert (status, check["check"], check["code"]) == (503, "database", "QUE-TASKS")
    assert "(no such table)" in check["message"]


def test_openmetrics_for_who_asks_for_it(seen: Seen) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    _, headers, text = ask(seen(), "/metrics", accept)
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


def test_nobody_is_counted_once_the_supervision_is_closed(town: Town, tmp_path: Path) -> None:
    settings = SupervisionSettings(folder=tmp_path, listen=Address("127.0.0.1", 0))
    with supervise(town.office, settings) as address:
        assert address
    with pytest.raises(ConnectionRefusedError):
        ask(address, "/vivant")
    with supervise(town.office, SupervisionSettings(folder=tmp_path)) as nowhere:
        assert nowhere == ""


# --------------------------------------------------------- a database that does not answer


@pytest.fixture
def stuck(town: Town, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a supervision whose looks never end."""
    leave = threading.Event()

    def look() -> Figures:
        leave.wait()
        raise TimeoutError

    settings = SupervisionSettings(folder=tmp_path)
    probe = Probe(look, patience=0.05)
    metrics = Metrics(probe, Limits())
    where = Address("127.0.0.1", 0)
    with listening(where, town.office, settings, probe, metrics) as address:
        yield address
        leave.set()
    probe.close()


def test_a_database_that_is_stuck_is_a_failure_not_a_silence(stuck: str) -> None:
    status, _, text = ask(stuck, "/sante")
    (check,) = json.loads(text)["checks"]
    assert (status, check["code"]) == (503, "SUP-SILENT")
    assert samples(ask(stuck, "/metrics")[2])["demat_up", ""] == 0
    assert ask(stuck, "/vivant")[0] == 200


def test_one_look_serves_all_who_ask(town: Town) -> None:
    looks: list[Figures] = []
    gate = threading.Event()

    def look() -> Figures:
        gate.wait(10)
        looks.append(Figures(at=town.clock.now(), measures=None))
        return looks[-1]

    probe = Probe(look, keep=100)
    found: list[Figures] = []
    threads = [threading.Thread(target=lambda: found.append(probe.figures())) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert found == [looks[0]] * 8
    assert probe.figures() is looks[0]
    assert len(looks) == 1
    probe.close()


def test_a_look_that_fails_is_made_again(town: Town) -> None:
    answers: list[Any] = [ValueError("first"), Figures(at=town.clock.now(), measures=None)]

    def look() -> Figures:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    probe = Probe(look, keep=0)
    with pytest.raises(ValueError, match="first"):
        probe.figures()
    assert probe.figures().at == town.clock.now()
    probe.close()


# ------------------------------------------------------------------------- hostile requests

HOSTILE = [
    (b"POST /sante HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\nx", b" 405 "),
    (b"DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 405 "),
    (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 405 "),
    (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b" 414 "),
    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n", b" 431 "),
    (b"GET / HTTP/1.1\r\na: " + b"b" * 70_000 + b"\r\n\r\n", b" 431 "),
    (b"GET /../../etc/passwd HTTP/1.0\r\n\r\n", b" 404 "),
    (b"GET /sante HTTP/1.1\r\nHost: ailleurs.exemple\r\n\r\n", b" 403 "),
    (b"GET /sante HTTP/1.1\r\nHost: [\r\n\r\n", None),
    (b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), None),
    (b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: localhost\r\n\r\n", b" 404 "),
    (b"nonsense\r\n\r\n", None),
    (b"", None),
]


@pytest.mark.parametrize(("words", "status"), HOSTILE)
def test_a_hostile_request_is_refused_and_harms_nobody(
    seen: Seen, words: bytes, status: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    address = seen()
    said = say(address, words)
    if status is not None:
        assert status in said.partition(b"\r\n")[0] + b" "
    assert b"script" not in said
    assert b"Traceback" not in said
    assert ask(address, "/vivant")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_only_so_many_are_answered_at_a_time(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_AT_ONCE", 2)
    address = seen()
    parts = urlsplit(address)
    slow = [socket.create_connection((parts.hostname, parts.port), timeout=30) for _ in range(2)]
    for line in slow:
        line.sendall(b"GET /vivant HTTP/1.1\r\n")  # and then nothing more
    try:
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            _insist(address)
    finally:
        for line in slow:
            line.close()


def _insist(address: str) -> None:
    """Ask until it is refused: the slow ones may not have been taken in yet."""
    for _ in range(500):
        ask(address, "/vivant")


def test_an_address_that_is_taken_is_told(town: Town, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("127.0.0.1", other.getsockname()[1])
        settings = SupervisionSettings(folder=tmp_path, listen=taken)
        with pytest.raises(FaultError) as caught, supervise(town.office, settings):
            pass
    (fault,) = caught.value.faults
    assert (fault.code, fault.params["address"]) == ("CFG-LISTEN", str(taken))


def test_it_listens_on_ipv6_too(seen: Seen) -> None:
    address = seen(listen=Address("::1", 0))
    assert address.startswith("http://[::1]:")
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        line.sendall(b"GET /vivant HTTP/1.0\r\nHost: [::1]\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.0 200 ")

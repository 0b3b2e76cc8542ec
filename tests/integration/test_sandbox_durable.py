"""The sandbox killed at any instant, and started again: what was committed is there, once."""

import json
import random
import ssl
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from demat.sandbox.client import Sandbox, SandboxError
from tests.integration.test_sandbox import DOCUMENT, NO_ANSWER, REPLY, Client
from tests.unit.sandbox.helpers import ACTE, CREATE, PDF, STATUS, pes

READ = "/modules/actes/api/document_prefecture_mark_as_read.php"
LETTERS = "/modules/actes/api/list_document_prefecture.php"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    with Sandbox.start(keys, scenario="annee-d-un-acte", speed=0, max_seconds=120) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.connection.close()


def live_a_year(sandbox: Sandbox, client: Client) -> str:
    """Have everything happen that changes a world; return the act."""
    act = client.send_acte(number="2026_ANNEE")[1].split(b"\n")[1].decode()
    client.send_acte(number="2026_REFUS")
    client.send_acte(number="-")  # refused
    waiting = client.send_acte(number="2026_17", en_attente="1")[1].split(b"\n")[1].decode()
    client.send_pes(pes())
    sandbox.confirm(int(waiting))
    sandbox.advance(60)
    sandbox.advance(20 * 24 * 60)
    letter = json.loads(client.get(LETTERS)[1])[-1]["id"]
    form = {"api": "1", "id": letter, "type_envoie": "4", "type_acte": "99_DE"}
    client.post(REPLY, form, {"acte_pdf_file": PDF})
    client.get(f"{READ}?transaction_id={letter}")
    sandbox.advance(60)
    sandbox.send_letter("2026_REFUS", "2")
    sandbox.set_ministry_classification(sandbox_day(sandbox))
    client.get("/modules/actes/actes_classification_request.php?api=1")
    sandbox.send_pes_retour("PES2R_DEP.xml", b"<x/>")
    with pytest.raises(SandboxError):
        sandbox.send_letter("INCONNU", "2")
    sandbox.advance(60)
    return act


def sandbox_day(sandbox: Sandbox) -> date:
    return date.fromisoformat(sandbox.ledger()["day"])


def test_everything_is_found_again_on_the_same_address(sandbox: Sandbox, client: Client) -> None:
    act = live_a_year(sandbox, client)
    before, mails, address = sandbox.ledger(), sandbox.mails(), (sandbox.url, sandbox.tsa)
    for _ in range(2):
        sandbox.kill()
        assert not sandbox.alive
        sandbox.restart()
        assert sandbox.ledger() == before
        assert sandbox.mails() == mails
        assert (sandbox.url, sandbox.tsa) == address
    client.connection.close()
    assert client.get(f"{STATUS}?transaction={act}")[1].startswith(b"OK\n4\n<?xml")
    assert [line["type"] for line in json.loads(client.get(LETTERS)[1])] == ["2"]
    # what was planned before the kill still happens after it
    sandbox.advance(14 * 24 * 60)
    assert client.get(f"{DOCUMENT}?id={act}")[1].count(b"4-8-") == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_on_either_side_of_the_commit(sandbox: Sandbox, client: Client, when: str) -> None:
    sandbox.fault("actes_transac_create", kind="kill", when=when)
    with pytest.raises(NO_ANSWER):
        client.send_acte()
    sandbox.restart()
    assert len(sandbox.ledger()["actes"]) == (1 if when == "after" else 0)
    answer = client.send_acte()[1]
    assert answer.startswith(b"KO\n" if when == "after" else b"OK\n")
    assert len(sandbox.ledger()["actes"]) == 1


def test_faults_of_the_line(sandbox: Sandbox, client: Client) -> None:
    assert client.send_acte()[0] == 200
    sandbox.fault("get_status", kind="reset")
    with pytest.raises(ConnectionResetError):
        client.get(f"{STATUS}?transaction=1")
    sandbox.fault("", kind="tls")
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake"):
        client.get(f"{STATUS}?transaction=1")
    sandbox.fault("classification_fetch", kind="slow", seconds=0.1)
    path = "/modules/actes/actes_classification_fetch.php?api=1"
    assert client.get(path) == client.get(path)
    sandbox.fault("actes_transac_create", kind="slow", seconds=0.1)
    assert client.send_acte(number="2026_013")[1].startswith(b"OK\n")
    assert sandbox.struck() == {"reset": 1, "tls": 1, "slow": 2}


def test_a_server_nobody_can_reach_hears_nothing(sandbox: Sandbox) -> None:
    sandbox.fault("", kind="mute", seconds=30)
    hurried = Client(sandbox, timeout=0.2)
    with pytest.raises(TimeoutError):
        hurried.send_acte()
    hurried.connection.close()
    assert sandbox.ledger()["actes"] == []


def test_the_certificate_of_the_server_expires_or_changes(sandbox: Sandbox) -> None:
    def shown() -> bytes:
        client = Client(sandbox)
        try:
            client.get(f"{STATUS}?transaction=1")
            return client.connection.sock.getpeercert(binary_form=True)
        finally:
            client.connection.close()

    usual = shown()
    sandbox.show_certificate("expired")
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shown()
    sandbox.show_certificate("other")
    assert shown() != usual
    sandbox.show_certificate("usual")
    assert shown() == usual


def test_the_tdt_pins_the_certificate_of_the_ministry(sandbox: Sandbox, client: Client) -> None:
    sandbox.show_certificate("other", "ministere")  # a good one, of the same authority
    id = client.send_acte()[1].split(b"\n")[1].decode()
    sandbox.advance(60)
    assert client.status(id) == "2"
    sandbox.show_certificate("usual", "ministere")
    sandbox.advance(60)
    assert client.status(id) == "4"


def test_kills_at_any_instant_lose_and_double_nothing(keys: Path) -> None:
    draws = random.Random(5)  # noqa: S311  (a test that can be repeated)
    kinds = ["kill", "close", "reset", "503", "html200", "empty200", "truncate", "tls"]
    taken: dict[str, str] = {}
    with Sandbox.start(keys, speed=0, max_seconds=300) as sandbox:
        for round in range(8):
            sandbox.random_faults(kinds, seed=round, rate=0.1, path="create|importer")
            killer = threading.Timer(draws.uniform(0.02, 0.3), sandbox.kill)
            killer.start()
            client = Client(sandbox)
            for rank in range(40):
                number = f"{round}N{rank}"
                try:
                    status, body = client.post(
                        CREATE, {**ACTE, "number": number}, {"acte_pdf_file": PDF}
                    )
                except NO_ANSWER:
                    taken.setdefault(number, "?")
                    if not sandbox.alive:
                        break
                else:
                    lines = body.split(b"\n")
                    good = status == 200 and lines[0] == b"OK"
                    taken[number] = lines[1].decode() if good else "?"
            client.connection.close()
            killer.join()
            sandbox.restart()
        landed = {line["number"]: str(line["id"]) for line in sandbox.ledger()["actes"]}
        assert len(landed) == len(sandbox.ledger()["actes"])
        answered = {number: id for number, id in taken.items() if id.isdecimal()}
        assert len(answered) > 40
        assert answered.items() <= landed.items()
        assert set(landed) <= set(taken)
        # the probe of a lost answer: the same act again
        client = Client(sandbox)
        for number in set(taken) - set(answered):
            _, body = client.send_acte(number=number)
            assert body.startswith(b"KO\n" if number in landed else b"OK\n")
        client.connection.close()


def test_a_state_is_held_by_one_process(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="held by another process"):
        Sandbox(sandbox._command, sandbox._errors.with_name("second.txt"), sandbox.pki)


def test_a_pes_posted_twice_around_a_kill_is_a_double(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault("helios_importer", kind="kill", when="after")
    with pytest.raises(NO_ANSWER):
        client.send_pes(pes())
    sandbox.restart()
    assert "doublon détecté" in client.send_pes(pes())["message"]
    (line,) = sandbox.ledger()["pes"]
    assert line["status"] == 1
    sandbox.advance(60)
    root = etree.fromstring(
        client.get(f"/modules/helios/helios_download_acquit.php?id={line['id']}")[1]
    )
    assert root.tag.endswith("PES_ACQUIT")

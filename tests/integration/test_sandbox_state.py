"""The ministry and the DGFiP as processes of their own: their lines fail, they die."""

import http.client
import json
import random
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree

from demat.clock import PARIS, SystemClock
from demat.sandbox.client import Sandbox
from demat.sandbox.pki import Identity, make_pki
from demat.sandbox.scenario import Scenario
from tests.integration.test_sandbox import NO_ANSWER, Client
from tests.unit.sandbox.helpers import ACTE, CREATE, PDF, PES_STATUS, STATUS, pes

DAY = 24 * 60
MORNING = datetime(2026, 3, 3, 9, tzinfo=PARIS)
"""When the stand-ins begin: what an hour brings is of the same day, whatever the hour here."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    with Sandbox.start(keys, scenario=Scenario(start=MORNING), speed=0, max_seconds=120) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.connection.close()


def sent(client: Client, **changes: str) -> str:
    return client.send_acte(**changes)[1].split(b"\n")[1].decode()


def pes_status(client: Client, id: str) -> str | None:
    body = client.get(f"{PES_STATUS}?transaction={id}")[1]
    return etree.fromstring(body).findtext("status")


def history(sandbox: Sandbox, kind: str = "actes") -> list[list[int]]:
    return [[step["status"] for step in line["history"]] for line in sandbox.ledger()[kind]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "kind", ["502", "503", "504", "close", "reset", "html200", "empty200", "truncate", "cut"]
)
def test_an_archive_is_sent_until_it_is_taken_and_taken_once(
    sandbox: Sandbox, client: Client, kind: str, when: str
) -> None:
    sandbox.fault("/reception", kind=kind, when=when, count=2, role="ministere")
    act = sent(client)
    sandbox.advance(4)
    assert client.status(act) == "2"
    sandbox.advance(10)
    assert client.status(act) in ("2", "4")  # taken the first time, its AR is already there
    sandbox.advance(DAY)
    assert client.status(act) == "4"
    assert [line["root"] for line in sandbox.ledger()["sent"]] == ["Acte"]
    assert len(sandbox.mails()) == 1
    assert sandbox.struck("ministere") == {kind: 2}


def test_a_box_that_cannot_be_read_is_read_later(sandbox: Sandbox, client: Client) -> None:
    act = sent(client)
    sandbox.fault("/boite", kind="html200", count=1000, role="ministere")
    sandbox.advance(60)
    assert client.status(act) == "3"
    sandbox.kill()
    sandbox.restart()
    client.connection.close()
    assert client.status(act) == "4"


def test_a_pes_is_laid_until_it_is_taken_and_its_acquit_picked_up_once(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("/entree", kind="close", when="after", role="dgfip")
    sandbox.fault("/sortie/", kind="html200", role="dgfip")
    sandbox.fault("/sortie/", kind="503", when="before", role="dgfip")
    id = client.send_pes(pes())["id"]
    sandbox.advance(4)
    assert pes_status(client, id) == "2"
    sandbox.advance(60)
    assert pes_status(client, id) in ("3", "8")
    sandbox.advance(60)
    assert pes_status(client, id) == "8"
    assert [seen.count(8) for seen in history(sandbox, "pes")] == [1]


def test_a_silent_dgfip_sets_off_the_alarm_of_the_tdt(keys: Path) -> None:
    with Sandbox.start(keys, scenario="helios-muet", speed=0, max_seconds=120) as sandbox:
        client = Client(sandbox)
        id = client.send_pes(pes())["id"]
        sandbox.advance(2 * DAY)
        assert sandbox.ledger()["alarms"] == []
        sandbox.advance(60)
        assert sandbox.ledger()["alarms"] == [int(id)]
        assert pes_status(client, id) == "3"
        client.connection.close()


@pytest.mark.parametrize("role", ["ministere", "dgfip"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_state_dies_around_its_commit(
    sandbox: Sandbox, client: Client, role: str, when: str
) -> None:
    act, flux = sent(client), client.send_pes(pes())["id"]
    sandbox.fault("/reception|/entree", kind="kill", when=when, role=role)
    with suppress(OSError):
        while sandbox.alive:  # the others end within a moment
            sandbox.advance(4)
    sandbox.restart()
    client.connection.close()
    sandbox.advance(3 * DAY)
    assert (client.status(act), pes_status(client, flux)) == ("4", "8")
    assert (len(sandbox.mails()), len(sandbox.ledger()["sent"])) == (1, 1)
    assert [seen.count(8) for seen in history(sandbox, "pes")] == [1]


def test_the_death_of_one_ends_all(sandbox: Sandbox) -> None:
    sandbox.kill("dgfip")
    assert not sandbox.alive
    assert sandbox._process.wait(30) == 0


def ask(sandbox: Sandbox, role: str, method: str, path: str, identity: Identity) -> int:
    address = urlsplit(sandbox.address(role))
    connection = http.client.HTTPSConnection(
        address.hostname or "", address.port, context=sandbox.client_context(identity), timeout=20
    )
    try:
        connection.request(method, path, b"x")
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_state_hears_the_tdt_alone(sandbox: Sandbox) -> None:
    town, tdt = sandbox.pki.client, sandbox.pki.tdt
    for role, path in (("ministere", "/boite"), ("dgfip", "/sortie")):
        assert ask(sandbox, role, "GET", path, town) == 403
        assert ask(sandbox, role, "GET", path, tdt) == 200
        assert ask(sandbox, role, "GET", "/ailleurs", tdt) == 404
    # what is no archive, what has not the right commands, is not taken
    assert ask(sandbox, "ministere", "POST", "/reception", tdt) == 400
    assert ask(sandbox, "dgfip", "PUT", "/entree/a.xml?P_APPLI=X", tdt) == 400
    assert sandbox.ledger()["mails"] == []


def test_the_state_tells_what_landed_before_and_after_a_kill(
    sandbox: Sandbox, client: Client
) -> None:
    sent(client)
    client.send_pes(pes())
    sandbox.advance(60)
    ministere, dgfip = sandbox.ledger("ministere"), sandbox.ledger("dgfip")
    assert list(ministere["archives"]) == ["BAS-EACT--000000000--20260303-1.tar.gz"]
    assert ministere["actes"] == ministere["acknowledged"]
    assert ministere["mails"] == 1
    name = "PESALR2_000000000_260303_001.xml"
    assert dgfip["commands"] == {
        name: {"P_DEST": "VHPCE11", "P_APPLI": "GHELPES2", "P_MSG": "PES#123#099001#00"}
    }
    assert (list(dgfip["entree"]), dgfip["sortie"]) == ([name], [])
    sandbox.restart()
    assert (sandbox.ledger("ministere"), sandbox.ledger("dgfip")) == (ministere, dgfip)


def test_a_stand_in_runs_alone(keys: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        found: dict[str, str] = {}
        for role in ("dgfip", "ministere", "tdt"):
            command = [sys.executable, "-m", "demat.sandbox", role, "--folder", str(keys)]
            command += ["--state", str(tmp_path), "--speed", "3e7", "--others", json.dumps(found)]
            process = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert sorted(ready) == ["control", "url"]
            found[role] = ready["url"]
        pki = make_pki(keys, now=SystemClock().now())
        context = ssl.create_default_context(cafile=str(pki.ca_bundle))
        context.load_cert_chain(pki.client.certificate, pki.client.key, pki.client.passphrase)
        address = urlsplit(found["tdt"])
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=20
        )
        stack.callback(connection.close)
        body = b"".join(
            b'--l\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (name.encode(), text.encode())
            for name, text in ACTE.items()
        )
        body += b'--l\r\nContent-Disposition: form-data; name="acte_pdf_file"; filename="a.pdf"'
        body += b"\r\n\r\n%s\r\n--l--\r\n" % PDF
        kind = {"Content-Type": "multipart/form-data; boundary=l"}
        connection.request("POST", CREATE, body, kind)
        id = connection.getresponse().read().split(b"\n")[1].decode()
        connection.request("GET", f"{STATUS}?transaction={id}")
        assert connection.getresponse().read().startswith(b"OK\n4\n<?xml")


def test_a_storm_on_every_line_and_kills_lose_and_double_nothing(keys: Path) -> None:
    draws = random.Random(11)  # noqa: S311  (a test that can be repeated)
    line = ["close", "reset", "503", "html200", "empty200", "truncate", "tls", "kill"]
    posted: set[str] = set()
    with Sandbox.start(keys, speed=0, max_seconds=300) as sandbox:
        for turn in range(6):
            for role in ("tdt", "ministere", "dgfip"):
                sandbox.random_faults(line, seed=turn, rate=0.02, role=role)
            client = Client(sandbox)
            for rank in range(25):
                number = f"{turn}N{rank}"
                flux = pes(nom_fic=number, bordereau=f"{turn}{rank:02}", id_unique=number)
                posted.add(number)
                try:
                    client.post(CREATE, {**ACTE, "number": number}, {"acte_pdf_file": PDF})
                    client.post(
                        "/modules/helios/api/helios_importer_fichier.php", {}, {"enveloppe": flux}
                    )
                    if draws.random() < 0.2:
                        sandbox.advance(20)
                except (*NO_ANSWER, OSError):
                    if not sandbox.alive:
                        break
            client.connection.close()
            sandbox.restart()
        sandbox.advance(3 * DAY)
        ledger = sandbox.ledger()
    numbers = Counter(line["number"] for line in ledger["actes"])
    assert len(numbers) > 30
    assert set(numbers) <= posted
    assert set(numbers.values()) == {1}
    assert {line["status"] for line in ledger["actes"]} == {4}
    names = Counter(line["nom_fic"] for line in ledger["pes"])
    assert len(names) > 20
    assert set(names.values()) == {1}
    assert {line["status"] for line in ledger["pes"]} == {8}
    # one answer to each, and nothing that could be attached to nothing
    answered = Counter(mail["transaction"] for mail in ledger["mails"])
    assert set(answered.values()) == {1}
    assert len(answered) == len(numbers)
    assert ledger["error_basket"] == 0
    for line in (*ledger["actes"], *ledger["pes"]):
        assert [step["status"] for step in line["history"]].count(line["status"]) == 1


def test_time_goes_on_together_after_a_restart(keys: Path) -> None:
    # a virtual year in a real second
    with Sandbox.start(keys, speed=3e7, max_seconds=120) as sandbox:
        client = Client(sandbox)
        act = sent(client)
        before = sandbox.ledger()["now"]
        sandbox.kill()
        sandbox.restart()
        client.connection.close()
        assert sandbox.ledger()["now"] > before
        assert client.get(f"{STATUS}?transaction={act}")[1].startswith(b"OK\n4\n")
        client.connection.close()

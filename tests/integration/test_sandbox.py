"""The sandbox as its users meet it: a process of its own, TLS with client certificates, HTTP."""

import email
import email.policy
import hashlib
import http.client
import io
import json
import ssl
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import etree

from demat.sandbox.client import Sandbox, SandboxError
from demat.sandbox.scenario import Autorite, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import ACTE, CREATE, IMPORT, PDF, PES_STATUS, STATUS, pes

TEST = "/api/test-connexion.php"
DOCUMENT = "/modules/actes/actes_transac_get_document.php"
REPLY = "/modules/actes/actes_transac_reponse_create.php"
CANCEL = "/modules/actes/actes_transac_cancel.php"
NO_ANSWER = (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture
def sandbox(keys: Path) -> Iterator[Sandbox]:
    with Sandbox.start(keys, scenario="demo", speed=0, max_seconds=120) as running:
        yield running


class Client:
    """A client that follows no redirect and sends its texts in ISO-8859-1."""

    def __init__(self, sandbox: Sandbox, *, timeout: float = 20) -> None:
        address = urlsplit(sandbox.url)
        self.connection = http.client.HTTPSConnection(
            address.hostname or "",
            address.port,
            context=sandbox.client_context(),
            timeout=timeout,
        )

    def get(self, path: str) -> tuple[int, bytes]:
        return self._exchange("GET", path, b"", {})

    def post(
        self, path: str, texts: Mapping[str, str], files: Mapping[str, bytes]
    ) -> tuple[int, bytes]:
        parts = [(f'name="{name}"', text.encode("iso-8859-1")) for name, text in texts.items()]
        parts += [(f'name="{name}"; filename="f.bin"', body) for name, body in files.items()]
        body = b"".join(
            b"--limite\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), data)
            for head, data in parts
        )
        kind = {"Content-Type": "multipart/form-data; boundary=limite"}
        return self._exchange("POST", path, body + b"--limite--\r\n", kind)

    def _exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except NO_ANSWER:
            self.connection.close()
            raise

    def location(self, path: str) -> str:
        """Return where a script redirects to, as an absolute path."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 302
        return urljoin(path, answer.headers["Location"])

    def status(self, id: int | str) -> str:
        _, body = self.get(f"{STATUS}?transaction={id}")
        return body.split(b"\n")[1].decode()

    def send_acte(self, **changes: str) -> tuple[int, bytes]:
        return self.post(CREATE, {**ACTE, **changes}, {"acte_pdf_file": PDF})

    def send_pes(self, content: bytes) -> dict[str, str]:
        _, body = self.post(IMPORT, {}, {"enveloppe": content})
        return {child.tag: child.text or "" for child in etree.fromstring(body)}


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    yield client
    client.connection.close()


def test_an_act_goes_to_its_ar_over_one_connection(
    sandbox: Sandbox, client: Client, shared: Path
) -> None:
    assert client.get(TEST)[1].startswith(b"OK\n")
    status, body = client.send_acte()
    assert (status, body[:3]) == (200, b"OK\n")
    id = body.split(b"\n")[1].decode()
    assert client.get(f"{STATUS}?transaction={id}") == (200, b"OK\n1\n")
    sandbox.advance(60)
    _, answer = client.get(f"{STATUS}?transaction={id}")
    assert answer.startswith(b"OK\n4\n<?xml")
    schema = etree.XMLSchema(etree.parse(shared / "official" / "actes" / "actesv1_1.xsd"))
    schema.assertValid(etree.fromstring(answer[5:]))
    (line,) = sandbox.ledger()["actes"]
    assert (line["number"], line["status"]) == ("2026_012", 4)
    assert line["subject"] == "Tarifs de la salle des fêtes"
    assert line["files"][1]["sha256"] == hashlib.sha256(PDF).hexdigest()


def test_a_number_is_taken_once(sandbox: Sandbox, client: Client) -> None:
    assert client.send_acte()[1].startswith(b"OK\n")
    status, body = client.send_acte(subject="Autre objet", nature_code="6", type_acte="99_AU")
    assert status == 200
    assert body.decode("iso-8859-1") == ("KO\nUn acte portant le même numéro interne existe déjà\n")
    assert len(sandbox.ledger()["actes"]) == 1


def test_without_a_good_client_certificate_there_is_no_http(sandbox: Sandbox) -> None:
    bare = ssl.create_default_context(cafile=str(sandbox.pki.ca_bundle))
    pki = sandbox.pki
    refused = (pki.unknown_client, pki.expired_client, pki.revoked_client)
    address = urlsplit(sandbox.url)
    for context in (bare, *map(sandbox.client_context, refused)):
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=20
        )
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(connection)
        connection.close()


def ask(connection: http.client.HTTPSConnection) -> http.client.HTTPResponse:
    """Connect and read: under TLS 1.3 the refusal of a certificate comes with the first read."""
    connection.request("GET", TEST)
    return connection.getresponse()


def test_scripts_made_for_browsers_redirect_to_a_page(client: Client) -> None:
    for path in (
        "/modules/actes/actes_download_file.php?file=1",
        "/modules/helios/helios_download_acquit.php?id=1",
        "/modules/actes/actes_classification_request.php?api=0",
    ):
        client.get("/modules/actes/actes_classification_request.php?api=1")
        assert client.get(path) == (302, b"")
    assert client.send_acte(api="", number="-") == (302, b"")
    status, page = client.get("/modules/actes/index.php")
    assert (status, page[:15]) == (200, b"<!DOCTYPE html>")


def test_a_pes_goes_to_its_acquit(sandbox: Sandbox, client: Client, shared: Path) -> None:
    taken = client.send_pes(pes(cod_bud="02", fonction='<Fonction V="020"/>'))
    assert taken["resultat"] == "OK"
    sandbox.advance(60)
    _, body = client.get(f"{PES_STATUS}?transaction={taken['id']}")
    assert etree.fromstring(body).findtext("status") == "8"
    _, acquit = client.get(f"/modules/helios/helios_download_acquit.php?id={taken['id']}")
    root = etree.fromstring(acquit)
    official = shared / "official/pes/5.17/PES_V2/Rev0/PES_V2_Acquit_Autonome_V2.xsd"
    etree.XMLSchema(etree.parse(official)).assertValid(root)
    assert [node.get("V") for node in root.iter("EtatAck")] == ["1", "0"]
    assert [node.get("V") for node in root.iter("LibelleAnoAck")] == [
        "1971 - Compte fonction present a tort"
    ]


def test_a_pes_is_taken_once(sandbox: Sandbox, client: Client) -> None:
    client.send_pes(pes())
    again = client.send_pes(pes())
    assert (again["id"], again["resultat"]) == ("", "KO")
    assert "doublon détecté" in again["message"]
    assert len(sandbox.ledger()["pes"]) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["close", "hang", "truncate"])
def test_an_answer_that_does_not_come_whole(sandbox: Sandbox, when: str, kind: str) -> None:
    sandbox.fault("actes_transac_create", kind=kind, when=when, seconds=0.1)
    client = Client(sandbox)
    with pytest.raises(NO_ANSWER):
        client.send_acte()
    assert len(sandbox.ledger()["actes"]) == (1 if when == "after" else 0)
    _, body = client.send_acte()
    assert body.startswith(b"KO\n" if when == "after" else b"OK\n")
    client.connection.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("html200", 200, b"<!DOCTYPE html>"),
        ("502", 502, b"<!DOCTYPE html>"),
        ("503", 503, b"<!DOCTYPE html>"),
        ("504", 504, b"<!DOCTYPE html>"),
        ("empty200", 200, b""),
        ("module", 200, b"KO\nErreur lors de l&#039;initialisation du module\n"),
    ],
)
def test_an_answer_that_says_something_else(
    sandbox: Sandbox, client: Client, when: str, kind: str, status: int, start: bytes
) -> None:
    sandbox.fault("helios_importer", kind=kind, when=when)
    found, body = client.post(IMPORT, {}, {"enveloppe": pes()})
    assert (found, body[: len(start)]) == (status, start)
    assert bool(body) is bool(start)
    done = when == "after" and kind != "module"  # who says no has done nothing
    assert len(sandbox.ledger()["pes"]) == done


def test_a_good_answer_may_be_cut_under_a_length_that_agrees(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("helios_importer", kind="cut", when="after")
    status, body = client.post(IMPORT, {}, {"enveloppe": pes()})
    assert (status, body[:21]) == (200, b'<?xml version="1.0" e')
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)
    assert len(sandbox.ledger()["pes"]) == 1
    id = client.send_acte()[1].split(b"\n")[1].decode()
    sandbox.advance(60)
    sheet = f"/modules/actes/actes_create_pdf.php?trans_id={id}"
    whole = client.get(sheet)[1]
    sandbox.fault("create_pdf", kind="cut", when="after")
    client.connection.request("GET", sheet)
    answer = client.connection.getresponse()
    found = answer.read()
    assert found == whole[: len(whole) // 2]
    assert b"%%EOF" not in found
    assert answer.headers["Content-Length"] == str(len(found))
    assert answer.headers["Content-Type"] == "application/pdf"
    sandbox.fault("create_pdf", kind="cut", when="before")
    status, page = client.get(sheet)
    assert (status, page[:15], page.endswith(b"</html>\n")) == (200, b"<!DOCTYPE html>", False)


def test_what_is_posted_may_be_read_drop_by_drop_before_anything_is_done(
    sandbox: Sandbox, client: Client
) -> None:
    sandbox.fault("", kind="slow_upload", seconds=3)
    assert client.get(TEST)[1].startswith(b"OK\n")  # nothing is posted
    assert sandbox.struck() == {}
    big = PDF.replace(b"trailer", b" " * 8_000_000 + b"trailer")
    answers: list[tuple[int, bytes]] = []
    start = time.monotonic()
    sending = threading.Thread(
        target=lambda: answers.append(client.post(CREATE, ACTE, {"acte_pdf_file": big}))
    )
    sending.start()
    while not sandbox.struck():
        time.sleep(0.05)
    assert sandbox.ledger()["actes"] == []
    sending.join()
    assert time.monotonic() - start >= 3
    ((status, body),) = answers
    assert (status, body[:3]) == (200, b"OK\n")
    (line,) = sandbox.ledger()["actes"]
    assert line["files"][1]["sha256"] == hashlib.sha256(big).hexdigest()
    assert sandbox.struck() == {"slow_upload": 1}


def test_a_form_that_is_too_big_is_dropped_whole(keys: Path) -> None:
    scenario = Scenario(name="petit", max_post_bytes=3000, autorites=(Autorite(),))
    with Sandbox.start(keys, scenario=scenario, speed=0, max_seconds=120) as sandbox:
        client = Client(sandbox)
        assert client.send_acte()[1].startswith(b"OK\n")
        big = PDF + b"x" * 3000
        assert client.post(CREATE, {**ACTE, "number": "2"}, {"acte_pdf_file": big}) == (302, b"")
        _, body = client.post(IMPORT, {}, {"enveloppe": big})
        assert etree.fromstring(body).findtext("message") == "Aucune enveloppe trouvée"
        client.connection.close()


def test_the_state_writes_by_itself(sandbox: Sandbox, client: Client) -> None:
    client.send_acte()
    sandbox.advance(60)
    letter = sandbox.send_letter("2026_012", "4", "Motif")
    _, body = client.get("/modules/actes/api/list_document_prefecture.php")
    assert [line["id"] for line in json.loads(body)] == [str(letter)]
    retour = sandbox.send_pes_retour("PES2R_DEP.xml", b"<x/>")
    path = f"/modules/helios/api/helios_get_retour.php?id={retour}"
    assert client.get(path) == (200, b"<x/>")
    with pytest.raises(SandboxError, match="no act has the number"):
        sandbox.send_letter("INCONNU", "4")


def test_a_letter_is_fetched_and_answered(sandbox: Sandbox, client: Client, shared: Path) -> None:
    act = client.send_acte()[1].split(b"\n")[1].decode()
    sandbox.advance(60)
    day = date.fromisoformat(sandbox.ledger()["day"])
    letter = sandbox.send_letter("2026_012", "3", "Grille tarifaire", day=day)
    assert client.get(f"{DOCUMENT}?id={act}") == (200, f"3-7-{letter}\n".encode())
    _, packed = client.get(client.location(f"{DOCUMENT}?id={letter}"))
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]  # files only
    schema = etree.XMLSchema(etree.parse(shared / "official" / "actes" / "actesv1_1.xsd"))
    documents = [content for name, content in files.items() if name.endswith(".pdf")]
    for name, content in files.items():
        if name.endswith(".xml"):
            schema.assertValid(etree.fromstring(content))
    assert [content[:5] for content in documents] == [b"%PDF-"]
    sandbox.advance(2)
    assert client.status(letter) == "8"
    form = {"id": str(letter), "type_envoie": "4", "type_acte": "99_DE"}
    status, body = client.post(REPLY, {**form, "api": "1"}, {"acte_pdf_file": PDF})
    reply = body.split(b"\n")[1].decode()
    assert (status, body) == (200, f"OK\n{reply}\n".encode())
    _, single = client.post(f"{REPLY}?api=1", {**form, "type_acte": ""}, {"acte_pdf_file": PDF})
    assert single.decode("iso-8859-1") == "KO : Le fichier f.bin a une typologie absente\n"
    sandbox.advance(60)
    assert (client.status(reply), client.status(letter)) == ("4", "11")
    _, answer = client.get(f"{STATUS}?transaction={reply}")
    schema.assertValid(etree.fromstring(answer.removeprefix(b"OK\n4\n")))
    (line,) = [line for line in sandbox.ledger()["exchanges"] if line["id"] == int(reply)]
    assert (line["root"], line["date_courrier"]) == ("PieceComplementaire", day.isoformat())
    assert line["files"][1]["sha256"] == hashlib.sha256(PDF).hexdigest()


def test_a_lost_answer_to_a_reply_hides_a_second_one(sandbox: Sandbox, client: Client) -> None:
    act = client.send_acte()[1].split(b"\n")[1].decode()
    sandbox.advance(60)
    letter = sandbox.send_letter("2026_012", "4")
    form = {"api": "1", "id": str(letter), "type_envoie": "3", "type_acte": "99_DE"}
    sandbox.fault("reponse_create", kind="close", when="after")
    with pytest.raises(NO_ANSWER):
        client.post(REPLY, form, {"acte_pdf_file": PDF})
    _, lines = client.get(f"{DOCUMENT}?id={act}")
    landed = sandbox.ledger()["exchanges"][-1]
    assert lines == f"4-1-{landed['id']}\n".encode()
    assert client.post(REPLY, form, {"acte_pdf_file": PDF})[1].startswith(b"OK\n")
    roots = [line["root"] for line in sandbox.ledger()["exchanges"]]
    assert roots == ["LettreObservations", "RejetLettreObservations", "RejetLettreObservations"]


def test_the_year_of_an_act_by_the_clock_alone(keys: Path) -> None:
    with Sandbox.start(keys, scenario="annee-d-un-acte", speed=0, max_seconds=120) as sandbox:
        client = Client(sandbox)
        act = client.send_acte(number="2026_ANNEE")[1].split(b"\n")[1].decode()
        client.send_acte(number="2026_REFUS")
        sandbox.advance(60)
        assert client.status(act) == "4"
        for days in (20, 14):
            sandbox.advance(days * 24 * 60)
            _, body = client.get("/modules/actes/api/list_document_prefecture.php")
            letter = json.loads(body)[-1]["id"]
            form = {"api": "1", "id": letter, "type_envoie": "4", "type_acte": "99_DE"}
            client.post(REPLY, form, {"acte_pdf_file": PDF})
            sandbox.advance(60)
        _, body = client.post(CANCEL, {"api": "1", "id": act}, {})
        cancellation = body.split(b"\n")[1].decode()
        sandbox.advance(60)
        _, answer = client.get(f"{STATUS}?transaction={cancellation}")
        assert answer.startswith(b"OK\n4\n<?xml")
        assert b"ARAnnulation" in answer
        assert client.status(act) == "0"
        subjects = [
            email.message_from_bytes(mail, policy=email.policy.default)["Subject"]
            for mail in sandbox.mails()
        ]
        assert [subject.split(" ")[2] for subject in subjects] == [
            *("1-2", "1-3", "3-1", "3-5", "4-1", "4-5", "6-2"),
        ]
        assert [line["root"] for line in sandbox.ledger()["sent"]] == [
            *("Acte", "Acte", "ARDemandePieceComplementaire", "PieceComplementaire"),
            *("ARLettreObservations", "ReponseLettreObservations", "Annulation"),
        ]
        client.connection.close()


def test_time_runs_at_the_chosen_speed(keys: Path) -> None:
    # three virtual years in a real second: the AR is there at the next question
    scenario = SCENARIOS["nominal"]
    with Sandbox.start(keys, scenario=scenario, speed=1e8, max_seconds=120) as sandbox:
        client = Client(sandbox)
        client.send_acte()
        assert sandbox.ledger()["actes"][0]["status"] == 4
        client.connection.close()


def start_by_hand(keys: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "demat.sandbox", "--folder", str(keys), *options]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("reason", ["parent gone", "SIGTERM", "too old"])
def test_it_always_ends(keys: Path, reason: str) -> None:
    life = "0.2" if reason == "too old" else "120"
    process = start_by_hand(keys, "--watch-stdin", "--max-seconds", life)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert sorted(ready) == ["control", "pki", "standins", "tsa", "url"]
    assert list(ready["standins"]) == ["tsa", "dgfip", "ministere", "tdt"]
    if reason == "SIGTERM":
        process.terminate()
    if reason != "parent gone":
        assert process.wait(30) == 0
    # closes the standard input, which is what happens when the parent dies
    said, errors = process.communicate(timeout=30)
    assert (process.returncode, said, errors) == (0, "", "")


def test_the_control_stops_it(keys: Path) -> None:
    with Sandbox.start(keys, max_seconds=120) as sandbox:
        sandbox._post("stop", {})
        assert sandbox._process.wait(30) == 0


def test_a_wrong_scenario_is_said(keys: Path) -> None:
    with pytest.raises(SandboxError, match="did not start: no scenario 'inconnu'"):
        Sandbox.start(keys, scenario="inconnu")
    process = start_by_hand(keys, "--scenario", "inconnu")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert errors.startswith("no scenario 'inconnu': known ones are a-confirmer, ack-desordre")

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from demat.sandbox.control import Control, ControlError
from demat.sandbox.failures import Failure, FailureKind, Failures, When, failure_adapter
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import PDF, Platform

LETTERS = "/modules/actes/api/list_document_prefecture.php"
READ = "/modules/actes/api/document_prefecture_mark_as_read.php"


class Desk:
    """A control over a platform without sockets."""

    def __init__(self, scenario: str = "nominal") -> None:
        self.platform = Platform(SCENARIOS[scenario])
        self.failures = Failures()
        self.stopped: list[bool] = []
        self.control = Control(
            self.platform.world, self.failures, lambda: self.stopped.append(True)
        )

    def order(self, what: str, /, **value: object) -> dict[str, object]:
        found = self.control.post(f"/control/{what}", json.dumps(value).encode())
        assert isinstance(found, dict)
        return found


def test_time_goes_forward() -> None:
    desk = Desk()
    id = desk.platform.posted_acte()
    assert desk.order("advance", minutes=8) == {"now": "2026-03-02T09:08:00+00:00"}
    assert desk.platform.acte_status(id) == "4"


def test_the_ministry_changes_its_classification() -> None:
    desk = Desk()
    desk.order("ministry-classification", date="2026-02-01")
    id = desk.platform.posted_acte()
    desk.order("advance", minutes=60)
    assert desk.platform.acte_status(id) == "-1"


@pytest.mark.parametrize(("kind", "status"), [("2", "21"), ("3", "8"), ("4", "8"), ("5", "21")])
def test_letters_are_listed_until_read(kind: str, status: str) -> None:
    desk = Desk()
    act = desk.platform.posted_acte()
    desk.order("advance", minutes=10)
    id = str(desk.order("letter", number="2026_012", type=kind)["id"])
    assert desk.platform.acte_status(id) == ("7" if status == "8" else status)
    desk.order("advance", minutes=2)
    assert json.loads(desk.platform.get(LETTERS).body) == [
        {
            "id": id,
            "type": kind,
            "related_transaction_id": act,
            "number": "2026_012",
            "unique_id": "099-000000000-20260227-2026_012-DE",
            "last_status_id": status,
        }
    ]
    for any_id in ("1", "abc", id, id):
        body = desk.platform.get(READ, transaction_id=any_id).body
        assert json.loads(body) == {"result": "ok"}
    assert json.loads(desk.platform.get(LETTERS).body) == []


def test_a_letter_has_the_text_and_the_date_that_are_ordered() -> None:
    desk = Desk()
    desk.platform.posted_acte()
    desk.order("advance", minutes=10)
    order = {"number": "2026_012", "type": "3", "text": "Plan cadastral", "date": "2026-02-28"}
    id = desk.order("letter", **order)["id"]
    usual = desk.order("letter", number="2026_012", type="4")["id"]
    lines = {line["id"]: line for line in desk.control.ledger()["exchanges"]}  # type: ignore[attr-defined]  # JSON value
    assert (lines[id]["date_courrier"], lines[usual]["date_courrier"]) == (
        "2026-02-28",
        "2026-03-02",
    )
    assert (lines[id]["root"], lines[id]["reply"]) == ("DemandePieceComplementaire", False)
    transaction = desk.platform.world.transactions[int(str(id))]
    assert transaction.pli is not None
    assert b"Plan cadastral" in transaction.pli.message.content


def test_the_ledger_tells_what_the_tdt_sent_to_the_ministry() -> None:
    desk = Desk()
    act = desk.platform.posted_acte()
    desk.order("advance", minutes=10)
    letter = desk.order("letter", number="2026_012", type="4")["id"]
    desk.order("advance", minutes=10)
    sent = desk.control.ledger()["sent"]
    assert isinstance(sent, list)
    found = [(line["transaction"], line["root"], line["archive"]) for line in sent]
    assert found == [
        (int(act), "Acte", "BAS-EACT--000000000--20260302-1.tar.gz"),
        (letter, "ARLettreObservations", "BAS-EACT--000000000--20260302-2.tar.gz"),
    ]
    assert sent[0]["files"][1]["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert 'DateCourrierPref="2026-03-02"' in sent[1]["message"]


def test_the_mails_are_listed_and_given() -> None:
    desk = Desk()
    act = desk.platform.posted_acte()
    desk.order("advance", minutes=10)
    (mail,) = desk.control.mails()
    (line,) = desk.control.ledger()["mails"]  # type: ignore[misc]  # JSON value
    content = base64.b64decode(str(mail.pop("content")))
    assert mail == line
    assert mail["sha256"] == hashlib.sha256(content).hexdigest()
    assert (mail["transaction"], mail["id"]) == (int(act), 1)
    assert mail["names"][0] == "EACT--SPREF0991-000000000-20260302-1.xml"  # type: ignore[index]  # JSON value
    assert content.startswith(b"From: ")


def test_a_pes_retour_is_dropped() -> None:
    desk = Desk()
    content = base64.b64encode(b"<x/>").decode()
    id = desk.order("pes-retour", name="PES2R_DEP.xml", content=content)["id"]
    path = "/modules/helios/api/helios_get_retour.php"
    assert desk.platform.get(path, id=str(id)).body == b"<x/>"


def test_an_agent_confirms() -> None:
    desk = Desk("a-confirmer")
    id = desk.platform.posted_acte()
    desk.order("confirm", id=int(id))
    desk.order("advance", minutes=60)
    assert desk.platform.acte_status(id) == "4"
    with pytest.raises(ControlError, match="does not wait for a person"):
        desk.order("confirm", id=int(id))


def test_stop() -> None:
    desk = Desk()
    desk.order("stop")
    assert desk.stopped == [True]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("advance", {"minutes": -1}, "greater than or equal to 0"),
        ("advance", {"minute": 1}, "minute"),
        ("fault", {"path": "(", "kind": "close"}, "not a regular expression"),
        ("fault", {"path": "x", "kind": "hang", "seconds": 601}, "between 0 and 600"),
        ("fault", {"path": "x", "kind": "explode"}, "kind"),
        ("letter", {"number": "X", "type": "2"}, "no act has the number 'X'"),
        ("letter", {"number": "X", "type": "1"}, "type"),
        ("letter", {"number": "X", "type": "2", "date": "28/02/2026"}, "date"),
        ("pes-retour", {"name": "x", "content": "é"}, "pes-retour"),
        ("turn", {}, "no order /control/turn; known ones are /control/advance"),
    ],
)
def test_wrong_orders_are_refused_in_words(name: str, value: dict[str, object], said: str) -> None:
    with pytest.raises(ControlError, match=said):
        Desk().order(name, **value)


def test_the_ledger_tells_what_landed() -> None:
    desk = Desk()
    desk.platform.posted_acte()
    ledger = desk.control.ledger()
    (line,) = ledger["actes"]  # type: ignore[misc]  # JSON value
    del line["files"][0]["sha256"]
    assert line["files"] == [
        {
            "name": "099-000000000-20260227-2026_012-DE-1-1_0.xml",
            "posted_name": "",
            "type_pj": "",
        },
        {
            "name": "99_DE-099-000000000-20260227-2026_012-DE-1-1_1.pdf",
            "posted_name": "acte.pdf",
            "type_pj": "99_DE",
            "sha256": hashlib.sha256(PDF).hexdigest(),
        },
    ]
    assert (line["number"], line["status"], line["matiere"]) == ("2026_012", 1, "7.10")
    with pytest.raises(ControlError, match="no act has the number '2026_012' at the préfecture"):
        desk.order("letter", number="2026_012", type="2")  # the ministry has not received it yet
    desk.order("advance", minutes=10)
    letter = desk.order("letter", number="2026_012", type="2")["id"]
    (exchange,) = desk.control.ledger()["exchanges"]  # type: ignore[misc]  # JSON value
    found = (exchange["id"], exchange["type"], exchange["related"], exchange["status"])
    assert found == (letter, "2", line["id"], 21)


def test_faults_strike_in_order_and_are_counted() -> None:
    failures = Failures()
    twice = Failure(path="create", kind=FailureKind.CLOSE, count=2)
    after = Failure(path="create", kind=FailureKind.EMPTY200, when=When.AFTER)
    failures.add(twice)
    failures.add(after)
    path = "/modules/actes/actes_transac_create.php"
    assert failures.strike("/api/test-connexion.php") is None
    assert [failures.strike(path) for _ in range(4)] == [
        replace(twice, count=2),
        replace(twice, count=1),
        after,
        None,
    ]
    assert failures.struck() == {"close": 2, "empty200": 1}


def test_a_fault_of_the_reading_waits_for_something_posted() -> None:
    failures = Failures()
    slow = Failure(path="create", kind=FailureKind.SLOW_UPLOAD)
    failures.add(slow)
    lost = Failure(path="create", kind=FailureKind.CLOSE, when=When.AFTER)
    failures.add(lost)
    assert failures.strike_upload("/api/test-connexion.php") is None
    assert failures.strike("create.php") == lost
    assert failures.strike_upload("create.php") == slow
    assert failures.strike_upload("create.php") is None


def test_random_faults_are_the_same_for_a_seed_and_strike_their_share() -> None:
    def draw(seed: int) -> list[tuple[str, str] | None]:
        failures = Failures()
        order = {"seed": seed, "rate": 0.2, "kinds": ["close", "kill", "tls"], "path": "create"}
        failures.add(failure_adapter().validate_python({"random": order}))
        assert failures.strike("/api/test-connexion.php") is None
        found = [failures.strike("create.php") for _ in range(1000)]
        return [(failure.kind, failure.when) if failure else None for failure in found]

    one = draw(7)
    assert one == draw(7)
    assert one != draw(8)
    struck = [failure for failure in one if failure]
    assert 150 < len(struck) < 250
    assert set(struck) == {(k, w) for k in ("close", "kill") for w in ("before", "after")}


def test_a_random_order_ends_the_one_before() -> None:
    failures = Failures()
    always = {"seed": 1, "rate": 1, "kinds": ["tls"]}
    failures.add(failure_adapter().validate_python({"random": always}))
    assert failures.strike_handshake() is not None
    assert failures.strike("any") is None
    failures.add(failure_adapter().validate_python({"random": None}))
    assert failures.strike_handshake() is None

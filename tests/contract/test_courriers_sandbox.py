"""Letters fetched, replies and cancellations of unknown outcome: one suite for every connector."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demat.actes.inbound import ARReponse, CourrierPrefecture, parse_inbound, read_archive
from demat.clock import FixedClock
from demat.connectors.api import (
    Flux,
    OutcomeUnknown,
    Refused,
    RemoteProgress,
    Shipment,
)
from demat.connectors.dump import FolderDump
from demat.files import safe_name
from demat.sandbox.client import Sandbox
from tests.contract.test_connector_contract import Bench, S2lowBench, ScriptedBench, make_acte
from tests.unit.connectors.archives import PDF, document_names, make_exchange

REPLIES = [
    ("2", "ReponseCourrierSimple"),
    ("3", "RefusPieceComplementaire"),
    ("3", "PieceComplementaire"),
    ("4", "RejetLettreObservations"),
    ("4", "ReponseLettreObservations"),
]
ANSWERED = [(kind, root) for kind, root in REPLIES if kind != "2"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("courriers"), max_seconds=600) as running:
        yield running


@pytest.fixture
def exchanges(tmp_path: Path) -> Path:
    return tmp_path / "echanges"


@pytest.fixture
def s2low(sandbox: Sandbox, exchanges: Path) -> S2lowBench:
    clock = FixedClock(datetime(2026, 3, 17, 9, tzinfo=UTC))
    return S2lowBench(sandbox, FolderDump(exchanges, clock))


@pytest.fixture(params=["scripted", "s2low"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "scripted":
        return ScriptedBench()
    found: Bench = request.getfixturevalue("s2low")
    return found


def acknowledged(bench: Bench) -> tuple[Shipment, str]:
    """Return an act that has its AR, and its reference."""
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    bench.let_the_state_answer(acte, reference)
    return acte, reference


def make_reply(bench: Bench, kind: str, root: str) -> tuple[Shipment, str]:
    """Return a reply to a new letter, and the reference of the letter."""
    acte, reference = acknowledged(bench)
    letter = bench.send_letter(acte, reference, kind)
    names = document_names(root, 2 if root == "PieceComplementaire" else 1, id_acte=acte.key)
    documents = dict.fromkeys(names, PDF)
    return make_exchange(root, documents, about=letter, id_acte=acte.key), letter


def make_cancellation(bench: Bench) -> Shipment:
    acte, reference = acknowledged(bench)
    return make_exchange("Annulation", about=reference, id_acte=acte.key)


def lose(bench: Bench, shipment: Shipment, *, landed: bool) -> None:
    """The outcome of the next deposit of this is unknown."""
    if isinstance(bench, S2lowBench):
        cancels = shipment.key.endswith("-6-1")
        script = "actes_transac_cancel" if cancels else "actes_transac_reponse_create"
        kind, when = ("close", "after") if landed else ("503", "before")
        bench.sandbox.fault(script, kind=kind, when=when)
    elif landed:
        bench.lose_answer(Flux.ACTES)
    else:
        bench.lose_request(Flux.ACTES)


def sendings(bench: Bench, shipment: Shipment, exchanges: Path) -> int:
    """Return how many times this was handed to the other side."""
    if isinstance(bench, ScriptedBench):
        return bench.scripted.shipments.count(shipment)
    copies = (exchanges / safe_name(shipment.key)).glob("*-request.txt")
    return sum(copy.read_text("utf-8").startswith("POST ") for copy in copies)


def find_or_unknown(bench: Bench, reply: Shipment) -> str | tuple[str, ...] | None:
    """Return what the connector finds, or the codes with which it says that it cannot say."""
    try:
        return bench.connector.find(reply)
    except OutcomeUnknown as unknown:
        return unknown.faults.codes


# letters


@pytest.mark.parametrize("kind", ["2", "3", "4", "5"])
def test_letter_is_given_untouched_and_stays_unread(bench: Bench, kind: str):
    acte, reference = acknowledged(bench)
    letter = bench.send_letter(acte, reference, kind)
    unread = bench.connector.courriers()
    assert letter in [one.reference for one in unread]
    document = bench.connector.courrier(letter)
    assert document.name == f"{letter}-courrier.tar.gz"
    assert bench.connector.courrier(letter) == document
    assert bench.connector.courriers() == unread
    archive = read_archive(document.content)
    (message,) = archive.messages.values()
    received = parse_inbound(message)
    assert isinstance(received, CourrierPrefecture)
    assert received.id_acte == acte.key
    assert set(received.documents) == set(archive.documents)
    bench.connector.mark_courrier_read(letter)
    assert bench.connector.courrier(letter) == document  # read, not gone


def test_letter_that_nobody_holds(bench: Bench):
    with pytest.raises(Refused) as caught:
        bench.connector.courrier("999999")
    assert caught.value.faults.codes == ("CON-NO_COURRIER",)


# replies


@pytest.mark.parametrize(("kind", "root"), REPLIES)
def test_reply_is_taken(bench: Bench, exchanges: Path, kind: str, root: str):
    reply, letter = make_reply(bench, kind, root)
    reference = bench.connector.deposit(reply)
    assert reference != letter
    status = bench.connector.status(Flux.ACTES, reference)
    under_way = (RemoteProgress.PENDING, RemoteProgress.TRANSMITTED)
    assert status.progress in under_way
    assert status.documents == ()
    assert sendings(bench, reply, exchanges) == 1


@pytest.mark.parametrize(("kind", "root"), ANSWERED)
def test_receipt_of_a_reply(s2low: S2lowBench, kind: str, root: str):
    reply, _ = make_reply(s2low, kind, root)
    reference = s2low.connector.deposit(reply)
    s2low.let_the_state_answer(reply, reference)
    status = s2low.connector.status(Flux.ACTES, reference)
    assert status.progress is RemoteProgress.ANSWERED
    assert status.code in ("4", "11")
    (document,) = status.documents
    assert document.name == f"{reference}-AR.xml"
    received = parse_inbound(document.content)
    assert isinstance(received, ARReponse)
    assert received.id_acte == reply.key[:-4]


@pytest.mark.parametrize(("kind", "root"), REPLIES)
def test_lost_answer_to_a_reply(bench: Bench, exchanges: Path, kind: str, root: str):
    """Scenario 13: it is found, or stays unknown; it is never said to be absent."""
    reply, letter = make_reply(bench, kind, root)
    lose(bench, reply, landed=True)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(reply)
    found = find_or_unknown(bench, reply)
    if isinstance(found, str):
        assert found != letter
        assert bench.connector.status(Flux.ACTES, found).progress is RemoteProgress.PENDING
    else:
        assert found == ("CON-REPLY_UNKNOWN",)
    assert sendings(bench, reply, exchanges) == 1


@pytest.mark.parametrize(("kind", "root"), REPLIES)
def test_lost_reply_is_not_found(bench: Bench, exchanges: Path, kind: str, root: str):
    reply, _ = make_reply(bench, kind, root)
    lose(bench, reply, landed=False)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(reply)
    if isinstance(bench, ScriptedBench):  # this one surely knows
        assert bench.connector.find(reply) is None
    else:
        with pytest.raises(OutcomeUnknown) as unknown:
            bench.connector.find(reply)
        assert unknown.value.faults.codes == ("CON-REPLY_UNKNOWN",)
    assert sendings(bench, reply, exchanges) == 1


def test_reply_that_shows_instead_of_its_letter_is_found(s2low: S2lowBench):
    """S²LOW shows a letter through its replies: with one letter and one reply, it is ours."""
    reply, _ = make_reply(s2low, "3", "PieceComplementaire")
    reference = s2low.connector.deposit(reply)
    assert s2low.connector.find(reply) == reference
    s2low.let_the_state_answer(reply, reference)
    assert s2low.connector.find(reply) == reference


def test_reply_to_one_of_two_letters_stays_unknown(s2low: S2lowBench):
    """Two letters of one kind about one act: nothing tells to which one a reply answers."""
    acte, reference = acknowledged(s2low)
    first, second = (s2low.send_letter(acte, reference, "4") for _ in range(2))
    root = "ReponseLettreObservations"
    s2low.connector.deposit(make_exchange(root, about=first, id_acte=acte.key))
    reply = make_exchange(root, about=second, id_acte=acte.key)
    lose(s2low, reply, landed=False)
    with pytest.raises(OutcomeUnknown):
        s2low.connector.deposit(reply)
    with pytest.raises(OutcomeUnknown) as unknown:
        s2low.connector.find(reply)
    assert unknown.value.faults.codes == ("CON-REPLY_UNKNOWN",)


# cancellations


def test_lost_answer_to_a_cancellation(bench: Bench):
    """Scenario 9: one cancellation."""
    cancellation = make_cancellation(bench)
    lose(bench, cancellation, landed=True)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(cancellation)
    found = bench.connector.find(cancellation)
    assert found not in (None, cancellation.about)
    assert bench.connector.deposit(cancellation) == found  # « déjà en cours »: it is that one
    assert bench.connector.find(cancellation) == found
    assert bench.connector.status(Flux.ACTES, found or "").progress is RemoteProgress.PENDING


def test_lost_cancellation_can_be_sent_again(bench: Bench):
    cancellation = make_cancellation(bench)
    lose(bench, cancellation, landed=False)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(cancellation)
    assert bench.connector.find(cancellation) is None
    reference = bench.connector.deposit(cancellation)
    assert bench.connector.find(cancellation) == reference

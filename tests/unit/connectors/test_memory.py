"""The scripted connector: what is not common to all connectors (see ``tests/contract``)."""

from dataclasses import replace
from datetime import date

import pytest

from demat.connectors.api import (
    Flux,
    InboundDocument,
    OutcomeUnknown,
    Refused,
    RemoteCourrier,
    RemoteProgress,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.connectors.memory import ScriptedConnector
from demat.faults import Fault

ACTE = Shipment(flux=Flux.ACTES, file_name="a.tar.gz", content=b"1", key="099-1")
DOWN = Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": "x"}))
LOST = OutcomeUnknown(Fault(code="CON-LOST_ANSWER", params={"reason": "x"}))


def test_failures_are_played_in_order_then_it_works():
    connector = ScriptedConnector()
    connector.fail_next("deposit", DOWN)
    connector.fail_next("deposit", LOST, landed=True)
    for error in (DOWN, LOST):
        with pytest.raises(type(error)) as caught:
            connector.deposit(ACTE)
        assert caught.value is error
    with pytest.raises(Refused) as refused:
        connector.deposit(ACTE)
    assert refused.value.duplicate
    assert connector.shipments == [ACTE] * 3
    assert connector.held == {"1": ACTE}
    assert connector.find(ACTE) == "1"
    assert connector.calls == [("deposit", "099-1")] * 3 + [("find", "099-1")]


COURRIER = RemoteCourrier(reference="88", kind="3", about="12", id_acte="099-1")
METHODS = ["test", "find", "status", "classification"]


@pytest.mark.parametrize("method", [*METHODS, "courriers", "courrier", "mark_courrier_read"])
def test_each_call_can_fail(method):
    connector = ScriptedConnector()
    connector.held_classification = b"<x/>"
    calls = {
        "test": connector.test,
        "find": lambda: connector.find(ACTE),
        "status": lambda: connector.status(Flux.ACTES, "1"),
        "classification": connector.classification,
        "courriers": connector.courriers,
        "courrier": lambda: connector.courrier("88"),
        "mark_courrier_read": lambda: connector.mark_courrier_read("88"),
    }
    connector.hold_courrier(COURRIER, b"letter")
    connector.fail_next(method, DOWN)
    with pytest.raises(Unreachable):
        calls[method]()
    assert connector.courriers() == (COURRIER,)
    calls[method]()


def test_last_answer_is_repeated():
    connector = ScriptedConnector()
    reference = connector.deposit(ACTE)
    pending = connector.status(Flux.ACTES, reference)
    sent = RemoteStatus(progress=RemoteProgress.TRANSMITTED, code="3", message="")
    answered = RemoteStatus(progress=RemoteProgress.ANSWERED, code="4", message="")
    connector.answer(reference, [sent, answered])
    seen = [connector.status(Flux.ACTES, reference) for _ in range(3)]
    assert (pending.progress, seen) == (RemoteProgress.PENDING, [sent, answered, answered])


def test_requests_for_a_classification_are_recorded():
    connector = ScriptedConnector()
    connector.request_classification(date(2025, 9, 1))
    assert connector.classification_requests == [date(2025, 9, 1)]


def test_letters_are_held_until_they_are_read():
    connector = ScriptedConnector()
    other = replace(COURRIER, reference="89", kind="2")
    connector.hold_courrier(COURRIER, b"letter")
    connector.hold_courrier(other, b"other")
    document = InboundDocument(name="88-courrier.tar.gz", content=b"letter")
    assert connector.held_courriers["88"] == (COURRIER, document)
    assert connector.courrier("88") == document
    assert connector.courriers() == (COURRIER, other)
    connector.mark_courrier_read("88")
    assert connector.courriers() == (other,)
    assert connector.courrier("88") == document
    assert connector.read_courriers == ["88"]
    with pytest.raises(Refused) as caught:
        connector.courrier("90")
    assert caught.value.faults.codes == ("CON-NO_COURRIER",)
    assert connector.calls[-3:] == [("courriers", ""), ("courrier", "88"), ("courrier", "90")]


@pytest.mark.parametrize("acknowledges", [True, False])
def test_who_sends_the_receipts_is_a_choice(acknowledges):
    assert ScriptedConnector().acknowledges_courriers is False
    connector = ScriptedConnector(acknowledges_courriers=acknowledges)
    assert connector.acknowledges_courriers is acknowledges


def test_replies_are_known_by_their_key_and_what_they_are_about():
    connector = ScriptedConnector()
    connector.deposit(ACTE)
    cancellation = replace(ACTE, about="1")
    reply = replace(ACTE, key="099-1-3-4", about="88")
    assert connector.find(cancellation) is None
    assert connector.deposit(cancellation) == "2"
    connector.fail_next("deposit", LOST, landed=True)
    with pytest.raises(OutcomeUnknown):
        connector.deposit(reply)
    assert [connector.find(one) for one in (ACTE, cancellation, reply)] == ["1", "2", "3"]
    with pytest.raises(Refused) as refused:
        connector.deposit(reply)
    assert refused.value.duplicate
    assert connector.find(replace(reply, about="89")) is None

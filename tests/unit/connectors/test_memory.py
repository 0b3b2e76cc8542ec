"""The scripted connector: what is not common to all connectors (see ``tests/contract``)."""

from datetime import date

import pytest

from demat.connectors.api import (
    Flux,
    OutcomeUnknown,
    Refused,
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


@pytest.mark.parametrize("method", ["test", "find", "status", "classification"])
def test_each_call_can_fail(method):
    connector = ScriptedConnector()
    connector.held_classification = b"<x/>"
    calls = {
        "test": connector.test,
        "find": lambda: connector.find(ACTE),
        "status": lambda: connector.status(Flux.ACTES, "1"),
        "classification": connector.classification,
    }
    connector.fail_next(method, DOWN)
    with pytest.raises(Unreachable):
        calls[method]()
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

"""A connector that is watched does what it did, and each exchange is told."""

import copy
import logging

import pytest

from demat.connectors.api import Flux, Shipment, Unreachable
from demat.connectors.memory import ScriptedConnector
from demat.connectors.watched import watched
from demat.faults import Fault
from demat.tracing import watching
from tests.unit.test_tracing import Recorder

PES = Shipment(flux=Flux.HELIOS, file_name="PES1.xml", content=b"<PES/>", key="PES1")


def test_each_exchange_is_told_with_its_outcome(caplog: pytest.LogCaptureFixture) -> None:
    scripted = ScriptedConnector()
    connector, recorder = watched(scripted, "000000000"), Recorder()
    error = Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": "refused"}))
    scripted.fail_next("deposit", error)
    with watching(recorder), caplog.at_level(logging.DEBUG):
        with pytest.raises(Unreachable):
            connector.deposit(PES)
        reference = connector.deposit(PES)
    assert scripted.held == {reference: PES}
    about = {"operation": "deposit", "tdt": "scripted", "siren": "000000000"}
    assert [(told.outcome, told.attributes) for told in recorder.ended] == [
        ("unreachable", about),
        ("ok", about),
    ]
    assert [(one.action, one.outcome) for one in caplog.records] == [
        ("deposit", "unreachable"),
        ("deposit", "ok"),
    ]


def test_what_is_no_exchange_is_read_as_it_is() -> None:
    recorder = Recorder()
    connector = watched(ScriptedConnector(acknowledges_courriers=True), "000000000")
    with watching(recorder):
        assert (connector.name, connector.acknowledges_courriers) == ("scripted", True)
        assert copy.copy(connector).name == "scripted"
        with pytest.raises(AttributeError):
            connector.nothing  # type: ignore[attr-defined]  # noqa: B018
    assert recorder.told == []

"""Traces, received by a real collector of ours: nested as they happened, and never in the way."""

import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from demat.connectors.watched import watched
from demat.faults import FaultError
from demat.supervision.settings import SupervisionSettings
from demat.supervision.supervise import supervise, traced
from demat.supervision.traces import tracing
from demat.tracing import continued, span, trace_parent, watching
from tests.unit.engine.conftest import SIREN, UNREACHABLE, Town, accept_all

FORBIDDEN = ("ARDOISIER", "LUCILE", "CANTINE", ".csv", ".pdf", "Camille")


class Collector(ThreadingHTTPServer):
    """Keeps the spans that it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Span] = []
        self.bodies: list[bytes] = []
        self.resources: list[dict[str, str]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"

    def named(self, name: str) -> list[Span]:
        return [one for one in self.spans if one.name == name]

    def one(self, name: str) -> Span:
        (found,) = self.named(name)
        return found


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        if self.server.status == 200:
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                told = {one.key: one.value.string_value for one in group.resource.attributes}
                self.server.resources.append(told)
                for scope in group.scope_spans:
                    self.server.spans.extend(scope.spans)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _settings(tmp_path: Path, traces: str) -> SupervisionSettings:
    return SupervisionSettings(folder=tmp_path, traces=traces)


def about(found: Span) -> dict[str, str | int]:
    """Return the attributes of a span."""
    return {
        one.key.removeprefix("demat."): one.value.string_value or one.value.int_value
        for one in found.attributes
    }


@pytest.fixture
def town(town: Town) -> Town:
    """Return a town whose exchanges are told, as those of an installation are."""
    authority = replace(town.authority, connector=watched(town.connector, SIREN))
    office = replace(town.office, authorities=(authority,))
    return replace(town, authority=authority, office=office)


def test_a_night_is_one_trace(town: Town, tmp_path: Path, collector: Collector) -> None:
    town.drop("titres-cantine.csv", "arrete-individuel")
    with traced(_settings(tmp_path, collector.url)):
        town.night()
        for flow in town.flows():
            if flow.flux == "HELIOS":
                town.answer(flow, accept_all(flow))
        town.connector.fail_next("status", UNREACHABLE)
        town.night()
    assert {one["service.name"] for one in collector.resources} == {"demat"}
    first, second = collector.named("nightly")
    assert not first.parent_span_id
    assert first.trace_id != second.trace_id
    by_id = {one.span_id: one for one in collector.spans}

    def above(found: Span) -> list[str]:
        names = []
        while found.parent_span_id:
            found = by_id[found.parent_span_id]
            names.append(found.name)
        return names

    steps = [one.name for one in collector.spans if one.parent_span_id == first.span_id]
    assert steps[:3] == ["step look", "step revocation", "step classification"]
    assert "step transmit_due" in steps
    deposits = collector.named("exchange deposit")
    assert [above(one) for one in deposits] == [["transmit", "step transmit_due", "nightly"]] * 2
    sent = collector.named("transmit")
    assert [about(one) for one in sent] == [
        {
            "siren": SIREN,
            "flux": flow.flux,
            "tdt": "scripted",
            "transmission": flow.id,
            "outcome": "deposited",
        }
        for flow in town.flows()
    ]
    for one in sent:
        assert one.start_time_unix_nano < one.end_time_unix_nano
        assert one.start_time_unix_nano >= first.start_time_unix_nano
        assert one.end_time_unix_nano <= first.end_time_unix_nano
    prepared = collector.named("prepare")
    assert [about(one)["outcome"] for one in prepared] == ["packed", "packed"]
    (answer,) = collector.named("answer")
    assert about(answer)["outcome"] == "acquitte"
    assert above(answer)[:2] == ["collect", "step collect_answers"]
    failed = [
        one
        for one in collector.spans
        if one.status.code == Status.STATUS_CODE_ERROR and one.name != "exchange classification"
    ]
    assert [(one.name, about(one)["outcome"]) for one in failed] == [
        ("exchange status", "unreachable"),
        ("collect", "unreachable"),
    ]
    said = b"".join(collector.bodies)
    assert [word for word in FORBIDDEN if word.encode() in said] == []


def test_nothing_is_sent_when_nothing_is_configured(
    town: Town, tmp_path: Path, collector: Collector
) -> None:
    with supervise(town.office, _settings(tmp_path, "")):
        town.night()
    assert collector.bodies == []


def test_a_task_elsewhere_goes_on_with_the_trace(tmp_path: Path, collector: Collector) -> None:
    with traced(_settings(tmp_path, collector.url)):
        with span("nightly"):
            asked = json.loads(json.dumps({"trace": trace_parent()}))

        def task() -> None:
            with continued(asked["trace"]), span("transmit"):
                pass

        worker = threading.Thread(target=task)
        worker.start()
        worker.join()
        with continued("not a parent"), span("reconcile"):
            pass
    night, task_span = collector.one("nightly"), collector.one("transmit")
    assert task_span.trace_id == night.trace_id
    assert task_span.parent_span_id == night.span_id
    assert not collector.one("reconcile").parent_span_id
    assert trace_parent() == ""


def test_a_collector_that_is_away_costs_nothing_but_its_traces(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    town.drop("titres-cantine.csv")
    with (
        caplog.at_level(logging.INFO, "demat"),
        traced(_settings(tmp_path, "http://127.0.0.1:9/v1/traces")),
    ):
        assert town.night().sent == 1
    told = [one.getMessage() for one in caplog.records if one.name == "demat.supervision.traces"]
    assert told == ["the collector does not take our traces"]


def test_a_collector_that_says_nothing_is_not_waited_for(town: Town, tmp_path: Path) -> None:
    """Of the four batches that the queue holds at the end, none is tried once one has failed."""
    town.drop("titres-cantine.csv")
    tried: list[socket.socket] = []

    def listen(mute: socket.socket) -> None:
        with suppress(OSError):  # closed: the end of the test
            while True:
                tried.append(mute.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as mute:
        thread = threading.Thread(target=listen, args=(mute,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/v1/traces"
        with traced(_settings(tmp_path, address)):
            assert town.night().sent == 1
            for _ in range(3_000):  # more than the queue holds
                with span("transmit"):
                    pass
        mute.shutdown(socket.SHUT_RDWR)
        thread.join()
    for line in tried:
        line.close()
    assert len(tried) <= 2


def test_a_collector_that_refuses_then_takes_is_told_twice(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    with tracing(collector.url, max_export_batch_size=1) as watcher, watching(watcher):
        for status in (400, 400, 200, 200):
            seen = len(collector.bodies)
            collector.status = status
            with span("nightly"):
                pass
            while len(collector.bodies) == seen:
                threading.Event().wait(0.01)
    told = [one.getMessage() for one in caplog.records if one.name == "demat.supervision.traces"]
    assert told == [
        "the collector does not take our traces",
        "the collector takes our traces again",
    ]


def test_without_the_library_the_technician_is_told(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "demat.supervision.traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(FaultError) as caught, traced(_settings(tmp_path, "http://127.0.0.1:9/x")):
        pass
    assert caught.value.faults.codes == ("CFG-TRACES_LIBRARY",)

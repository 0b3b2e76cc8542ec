"""Spans: what happens is told to whoever watches, and to nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from demat import tracing
from demat.connectors.api import AuthenticationRefused
from demat.faults import Fault
from demat.tracing import Ended, Span, continued, span, trace_parent, watching


@dataclass
class Recorder:
    """Keeps what it is told of, with the depth of each span."""

    told: list[str] = field(default_factory=list)
    ended: list[Span] = field(default_factory=list)
    depth: int = 0

    def begin(self, span: Span) -> Ended:
        self.told.append(f"{'  ' * self.depth}{span.name}")
        self.depth += 1

        def end() -> None:
            self.depth -= 1
            self.ended.append(span)

        return end

    def parent(self) -> str:
        return f"parent-{self.depth}" if self.depth else ""

    def under(self, parent: str) -> Ended:
        self.told.append(f"under {parent}")
        return lambda: self.told.append(f"left {parent}")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    with watching(found):
        yield found


def test_spans_are_nested_and_timed(recorder: Recorder) -> None:
    with span("nightly") as outer, span("exchange", siren="000000000", deposit=None) as inner:
        inner.outcome = "deposited"
        assert inner.seconds == 0
    assert recorder.told == ["nightly", "  exchange"]
    assert recorder.ended == [inner, outer]
    assert inner.attributes == {"siren": "000000000"}
    assert (inner.outcome, outer.outcome) == ("deposited", "ok")
    assert not outer.failed
    assert outer.seconds >= inner.seconds > 0
    assert outer.milliseconds == round(outer.seconds * 1000)


def test_an_error_is_the_outcome_and_goes_on(recorder: Recorder) -> None:
    refused = AuthenticationRefused(Fault(code="CON-CLIENT_KEY"))
    with pytest.raises(AuthenticationRefused), span("exchange"):
        raise refused
    (told,) = recorder.ended
    assert (told.outcome, told.failed) == ("authentication_refused", True)


def test_nobody_is_told_once_nobody_watches() -> None:
    recorder = Recorder()
    with watching(recorder), watching(Recorder()) as _:
        pass
    with span("nightly") as told:
        pass
    assert recorder.told == []
    assert told.outcome == "ok"
    assert tracing._watchers == ()


def test_a_task_goes_on_under_the_span_that_asked_for_it(recorder: Recorder) -> None:
    with span("nightly"):
        named = trace_parent()
    assert named == "parent-1"
    with continued(named), span("transmit"):
        pass
    with continued(""):
        pass
    assert recorder.told == ["nightly", "under parent-1", "transmit", "left parent-1"]


def test_nothing_names_a_span_when_nothing_is_traced() -> None:
    @contextmanager
    def task(parent: str) -> Iterator[None]:
        with continued(parent), span("transmit"):
            yield

    assert trace_parent() == ""
    with task("00-unknown"):
        pass

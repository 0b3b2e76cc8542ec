"""Sends spans to a collector of OpenTelemetry (OTLP over HTTP), in the background, within bounds.

A collector that does not answer costs nothing but its traces: they wait in a queue that has an end,
in a thread of their own, and the log tells of it once.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from demat import __version__
from demat.tracing import Ended, Span

__all__ = ["tracing"]

logger = logging.getLogger(__name__)

_SECONDS = 3.0
"""How long one sending of traces may take, tries included."""
_DETAIL = ("operation", "step", "task")
"""Attributes that say more than the name of the span."""
_HEADER = "traceparent"


class _Watcher:
    """Turns our spans into those of OpenTelemetry."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, span: Span) -> Ended:
        """See :class:`demat.tracing.Watcher`."""
        detail = next((str(span.attributes[key]) for key in _DETAIL if key in span.attributes), "")
        sent = self._tracer.start_span(f"{span.name} {detail}".strip())
        token = attach(set_span_in_context(sent))

        def end() -> None:
            detach(token)
            for key, value in span.attributes.items():
                sent.set_attribute(f"demat.{key}", value)
            sent.set_attribute("demat.outcome", span.outcome)
            if span.failed:
                sent.set_status(Status(StatusCode.ERROR, span.outcome))
            sent.end()

        return end

    def parent(self) -> str:
        """See :class:`demat.tracing.Watcher`."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(_HEADER, "")

    def under(self, parent: str) -> Ended:
        """See :class:`demat.tracing.Watcher`."""
        token = attach(self._propagator.extract({_HEADER: parent}, context=Context()))
        return lambda: detach(token)


class _Told(SpanExporter):
    """Hands spans to another exporter; tells once that they are not taken, once that they are.

    While it closes, the first failure is the last try: nobody waits for a collector that is away.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False
        self.closing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans over."""
        if self.closing and self._failing:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing != self._failing:
            self._failing = failing
            _tell(failing)
        return result

    def shutdown(self) -> None:
        """Close the other exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is kept here."""
        return True


def _tell(failing: bool) -> None:
    extra = {"action": "traces"}
    if failing:
        logger.warning("the collector does not take our traces", extra=extra)
    else:
        logger.warning("the collector takes our traces again", extra=extra)


@contextmanager
def tracing(address: str, **options: Any) -> Iterator[_Watcher]:
    """Yield a watcher whose spans go to a collector.

    :param address: such as ``http://127.0.0.1:4318/v1/traces``.
    :param options: of the batches (``BatchSpanProcessor``).
    """
    exporter = _Told(OTLPSpanExporter(endpoint=address, timeout=_SECONDS))
    resource = Resource.create({"service.name": "demat", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, **options))
    try:
        yield _Watcher(provider.get_tracer("demat", __version__))
    finally:
        exporter.closing = True
        provider.shutdown()

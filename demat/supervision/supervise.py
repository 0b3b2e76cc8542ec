"""What a service or a worker opens in order to be seen from outside."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from demat.engine.health import look, no_tasks
from demat.engine.office import Office
from demat.faults import Fault, FaultError
from demat.queue.measures import Backlog
from demat.supervision.settings import SupervisionSettings
from demat.tracing import watching

__all__ = ["supervise", "traced"]


@contextmanager
def supervise(
    office: Office,
    settings: SupervisionSettings,
    backlog: Callable[[], tuple[Backlog, ...]] = no_tasks,
) -> Iterator[str]:
    """Show what happens for the length of a block: listener and traces, as configured.

    :param backlog: tells which tasks wait for a worker; asked from another thread.
    :returns: where it listens, such as ``http://127.0.0.1:9464``; empty when nobody listens.
    :raises FaultError: ``CFG-LISTEN``, ``CFG-TRACES_LIBRARY``.
    """
    with ExitStack() as stack:
        stack.enter_context(traced(settings))
        address = ""
        if settings.listen is not None:
            # Prometheus is slow to import: only when somebody listens
            from demat.supervision.metrics import Metrics
            from demat.supervision.probe import Probe
            from demat.supervision.server import listening

            probe = Probe(lambda: look(office, settings.folder, backlog))
            stack.enter_context(closing(probe))
            metrics = Metrics(probe, settings.limits)
            stack.enter_context(watching(metrics))
            server = listening(settings.listen, office, settings, probe, metrics)
            address = stack.enter_context(server)
        yield address


@contextmanager
def traced(settings: SupervisionSettings) -> Iterator[None]:
    """Send traces for the length of a block, when a collector is configured.

    :raises FaultError: ``CFG-TRACES_LIBRARY`` when the library is not installed.
    """
    if not settings.traces:
        yield
        return
    try:
        from demat.supervision.traces import tracing
    except ImportError as error:
        params = {"bibliotheque": error.name or "opentelemetry"}
        raise FaultError(Fault(code="CFG-TRACES_LIBRARY", params=params)) from error
    with tracing(settings.traces) as watcher, watching(watcher):
        yield

"""The figures in the words of Prometheus.

Gauges come from the store: any process of an installation tells the same, except that the tasks
are told by workers only. Counters and histograms count what this process did since its start:
Prometheus adds those of several workers up. A label is a SIREN only where the figure says which
authority is in trouble (ages, certificates).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from demat.clock import paris_date
from demat.engine.health import UNSENT, Figures, Level, Limits, judge
from demat.engine.health import Check as HealthCheck
from demat.queue.measures import Measures
from demat.queue.states import DeliveryState
from demat.supervision.probe import Probe
from demat.tracing import Ended, Span

__all__ = ["METRICS", "Metrics"]

_EXCHANGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_RUN_BUCKETS = (0.1, 1, 5, 15, 60, 300, 900, 3600, 10800)
_LEVELS = {Level.GOOD: 0, Level.WATCH: 1, Level.DOWN: 2}

METRICS = {
    "demat_sendings_total": "Sendings tried by this process, by what they came to",
    "demat_answers_total": "Answers of the State recorded by this process, by legal state",
    "demat_preparations_total": "Deposits prepared by this process, by what they came to",
    "demat_runs_total": "Nightly runs ended by this process, by outcome",
    "demat_exchange_seconds": "Duration of the calls to the other side",
    "demat_step_seconds": "Duration of the steps of a run",
    "demat_task_seconds": "Duration of the tasks of this worker",
    "demat_up": "Whether the database could be read and written",
    "demat_documents_up": "Whether the document kept last is within reach",
    "demat_journal_intact": "Whether the end of the journal holds",
    "demat_health": "Level of each check of /sante: 0 good, 1 to be watched, 2 failure",
    "demat_flows": "Flows by state of delivery; deposited: those that the State has not answered",
    "demat_flows_highest_number": "Number of the last transmission",
    "demat_deposits": "Deposits whose preparation is unfinished, by state",
    "demat_tasks_waiting": "Tasks that could begin and wait for a worker, by name",
    "demat_oldest_task_seconds": "How long the oldest of them has waited",
    "demat_oldest_unsent_seconds": "Age of the oldest flow that has not left",
    "demat_oldest_unanswered_seconds": "Time since the oldest flow without answer was handed over",
    "demat_oldest_unknown_seconds": "Time since which an outcome is unknown",
    "demat_paused_authorities": "Authorities whose flows wait because their account was refused",
    "demat_line_shut": "Whether a line is shut for a while because it does not answer",
    "demat_line_failures": "Sendings in a row that a line did not answer",
    "demat_journal_entries": "Entries of the journal",
    "demat_certificate_days": "Days before the first certificate of an authority ends, by use",
    "demat_revocation_list_age_seconds": "Age of the oldest revocation list, as of the last night",
    "demat_revocation_lists_missing": "Revocation lists that were never had",
    "demat_disk_free_bytes": "Free room of the disk of the data",
    "demat_disk_size_bytes": "Size of the disk of the data",
    "demat_night_age_seconds": "Time since the end of the oldest last night of all authorities",
    "demat_nights": "Last nights by outcome, one or one per authority; never: authorities without",
}
"""Every metric, and what it is; chapter « Supervision » of the maintainer guide tells more."""


class Metrics:
    """Counts what is told of this process, and shows it with the figures of the store."""

    def __init__(self, probe: Probe, limits: Limits) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._sendings = Counter(
            "demat_sendings",
            METRICS["demat_sendings_total"],
            ["flux", "tdt", "outcome"],
            registry=registry,
        )
        self._answers = Counter(
            "demat_answers", METRICS["demat_answers_total"], ["flux", "etat"], registry=registry
        )
        self._preparations = Counter(
            "demat_preparations",
            METRICS["demat_preparations_total"],
            ["outcome"],
            registry=registry,
        )
        self._runs = Counter(
            "demat_runs", METRICS["demat_runs_total"], ["kind", "outcome"], registry=registry
        )
        self._exchanges = Histogram(
            "demat_exchange_seconds",
            METRICS["demat_exchange_seconds"],
            ["tdt", "operation", "outcome"],
            buckets=_EXCHANGE_BUCKETS,
            registry=registry,
        )
        self._steps = Histogram(
            "demat_step_seconds",
            METRICS["demat_step_seconds"],
            ["step"],
            buckets=_RUN_BUCKETS,
            registry=registry,
        )
        self._tasks = Histogram(
            "demat_task_seconds",
            METRICS["demat_task_seconds"],
            ["task", "outcome"],
            buckets=_RUN_BUCKETS,
            registry=registry,
        )
        registry.register(_Gauges(probe, limits))
        ProcessCollector(registry=registry)
        self._counted: dict[str, Callable[[Span], None]] = {
            "transmit": self._sent,
            "answer": self._answered,
            "prepare": self._prepared,
            "exchange": self._exchanged,
            "step": self._stepped,
            "task": self._worked,
            "nightly": self._ran,
            "stamps": self._ran,
        }

    def page(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics, and their media type.

        :param accept: what the reader says it understands (header ``Accept``).
        """
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def begin(self, span: Span) -> Ended:
        """See :class:`demat.tracing.Watcher`."""
        count = self._counted.get(span.name)
        return (lambda: count(span)) if count else _nothing

    def parent(self) -> str:
        """See :class:`demat.tracing.Watcher`."""
        return ""

    def under(self, parent: str) -> Ended:
        """See :class:`demat.tracing.Watcher`."""
        return _nothing

    def _sent(self, span: Span) -> None:
        about = span.attributes
        self._sendings.labels(about["flux"], about["tdt"], span.outcome).inc()

    def _answered(self, span: Span) -> None:
        self._answers.labels(span.attributes["flux"], span.outcome).inc()

    def _prepared(self, span: Span) -> None:
        self._preparations.labels(span.outcome).inc()

    def _exchanged(self, span: Span) -> None:
        about = span.attributes
        labels = (about["tdt"], about["operation"], span.outcome)
        self._exchanges.labels(*labels).observe(span.seconds)

    def _stepped(self, span: Span) -> None:
        self._steps.labels(span.attributes["step"]).observe(span.seconds)

    def _worked(self, span: Span) -> None:
        self._tasks.labels(span.attributes["task"], span.outcome).observe(span.seconds)

    def _ran(self, span: Span) -> None:
        self._runs.labels(span.name, span.outcome).inc()


def _nothing() -> None:
    """Do nothing: that span is not counted."""


class _Gauges(Collector):
    """The figures of the store, read when Prometheus asks."""

    def __init__(self, probe: Probe, limits: Limits) -> None:
        self._probe = probe
        self._limits = limits

    def describe(self) -> Iterator[Metric]:
        """Return nothing: to describe them one would have to read them."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Read the figures; when nothing answers in time, that is told, and nothing else."""
        figures = None
        with suppress(TimeoutError):
            figures = self._probe.figures()
        up = figures is not None and not figures.database
        yield _gauge("demat_up", float(up))
        if figures is not None:
            yield from _machine(figures, judge(figures, self._limits))
            if figures.measures is not None:
                yield from _store(figures, figures.measures)


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, METRICS[name], value=value)


def _gauges(
    name: str, labels: Sequence[str], values: Iterator[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, METRICS[name], labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _machine(figures: Figures, checks: Sequence[HealthCheck]) -> Iterator[Metric]:
    yield _gauges(
        "demat_health", ["check"], (((check.name,), _LEVELS[check.level]) for check in checks)
    )
    if figures.disk_total:
        yield _gauge("demat_disk_free_bytes", figures.disk_free)
        yield _gauge("demat_disk_size_bytes", figures.disk_total)
    today = paris_date(figures.at)
    yield _gauges(
        "demat_certificate_days",
        ["siren", "use"],
        (((one.collectivite, one.use), (one.last_day - today).days) for one in figures.endings),
    )


def _store(figures: Figures, measures: Measures) -> Iterator[Metric]:
    yield _gauge("demat_documents_up", float(not figures.documents))
    yield _gauge("demat_journal_intact", float(not figures.journal))
    yield _gauge("demat_journal_entries", measures.journal_entries)
    yield _gauge("demat_flows_highest_number", measures.transmissions)
    yield _gauge("demat_paused_authorities", len(measures.pauses))
    deposits = (((state,), number) for state, number in sorted(measures.deposits.items()))
    yield _gauges("demat_deposits", ["state"], deposits)
    yield _gauges("demat_flows", ["state", "flux"], iter(_flows(measures).items()))
    yield from _ages(figures, measures)
    yield from _tasks(figures)
    yield from _lines(figures, measures)
    yield from _lists(figures)
    yield from _nights(figures, measures)


def _flows(measures: Measures) -> dict[tuple[str, ...], float]:
    """Return how many flows there are; 0 where there is none, so that a graph shows it."""
    found: dict[tuple[str, ...], float] = {
        (state, flux): 0 for state in DeliveryState for flux in ("ACTES", "HELIOS")
    }
    for one in measures.waiting:
        found[one.state, one.flux] = found.get((one.state, one.flux), 0) + one.count
    return found


def _ages(figures: Figures, measures: Measures) -> Iterator[Metric]:
    unsent: dict[tuple[str, ...], float] = {}
    unanswered: dict[tuple[str, ...], float] = {}
    unknown: dict[tuple[str, ...], float] = {}
    for one in measures.waiting:
        age = (figures.at - one.since).total_seconds()
        if one.state in UNSENT:
            unsent[(one.collectivite,)] = max(age, unsent.get((one.collectivite,), 0))
        elif one.state == DeliveryState.DEPOSITED:
            unanswered[one.collectivite, one.flux] = age
        elif one.state == DeliveryState.SUSPENDED:
            unknown[(one.collectivite,)] = max(age, unknown.get((one.collectivite,), 0))
    yield _gauges("demat_oldest_unsent_seconds", ["siren"], iter(unsent.items()))
    yield _gauges("demat_oldest_unanswered_seconds", ["siren", "flux"], iter(unanswered.items()))
    yield _gauges("demat_oldest_unknown_seconds", ["siren"], iter(unknown.items()))


def _tasks(figures: Figures) -> Iterator[Metric]:
    counts = (((one.task,), one.count) for one in figures.tasks)
    yield _gauges("demat_tasks_waiting", ["task"], counts)
    ages = (((one.task,), one.seconds) for one in figures.tasks)
    yield _gauges("demat_oldest_task_seconds", ["task"], ages)


def _lines(figures: Figures, measures: Measures) -> Iterator[Metric]:
    shut = (((one.name,), float(one.shut(figures.at))) for one in measures.lines)
    yield _gauges("demat_line_shut", ["line"], shut)
    failures = (((one.name,), one.failures) for one in measures.lines)
    yield _gauges("demat_line_failures", ["line"], failures)


def _lists(figures: Figures) -> Iterator[Metric]:
    ages = (
        ((one.collectivite,), (figures.at - one.made).total_seconds())
        for one in figures.lists
        if one.made is not None
    )
    yield _gauges("demat_revocation_list_age_seconds", ["siren"], ages)
    missing = (((one.collectivite,), one.missing) for one in figures.lists)
    yield _gauges("demat_revocation_lists_missing", ["siren"], missing)


def _nights(figures: Figures, measures: Measures) -> Iterator[Metric]:
    ends = [end for end in figures.nights.values() if end is not None]
    if ends:
        yield _gauge("demat_night_age_seconds", (figures.at - min(ends)).total_seconds())
    outcomes = {"done": 0, "done_with_errors": 0, "never": len(figures.nights) - len(ends)}
    for run in measures.nights:
        outcome = str(run.report.get("outcome", ""))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    yield _gauges("demat_nights", ["outcome"], (((one,), n) for one, n in outcomes.items()))

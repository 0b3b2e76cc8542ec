"""How the installation is, seen from outside: figures, then what they mean, each with its limits.

Nothing here tells a content or a name of a person: SIREN, counts, ages. No key is opened: what is
known of certificates and of revocation lists is what the last night wrote down in its report.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from demat.actes.rules_suivi import working_time
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine.nightly import KIND, kind_of
from demat.engine.office import Office
from demat.faults import Fault, FaultError, Faults
from demat.files import storage_fault
from demat.queue.measures import Backlog, Measures, Waiting
from demat.queue.pace import Plage, open_time
from demat.queue.states import DeliveryState

__all__ = [
    "Check",
    "Ending",
    "Figures",
    "Level",
    "Limits",
    "Lists",
    "judge",
    "look",
    "no_tasks",
    "overall",
]

T = TypeVar("T")

HOUR = timedelta(hours=1)
MEGABYTE = 1_000_000
_LONG = timedelta(days=30)
"""Working time is not counted beyond."""
UNSENT = frozenset({DeliveryState.TODO.value, DeliveryState.DOING.value})
USES = ("line", "signature")


class Level(StrEnum):
    """How serious something is."""

    GOOD = "good"
    """Nothing to do."""
    WATCH = "watch"
    """« À surveiller » : somebody should look at it in the day."""
    DOWN = "down"
    """« En panne » : something does not work, or no longer proves anything."""


_RANKS = list(Level)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """From when on something is to be watched, then is a failure (``down``)."""

    unsent: tuple[float, float] = (4, 24)
    """Hours that the oldest flow has waited to be sent."""
    actes: tuple[float, float] = (24, 120)
    """Hours without AR; Saturdays and Sundays do not count."""
    pes: tuple[float, float] = (48, 120)
    """Hours without acquit, counted in the same way (connectors dossier §1.9.8)."""
    unknown: tuple[float, float] = (24, 72)
    """Hours since which nobody knows whether a flow was received."""
    night: tuple[float, float] = (26, 50)
    """Hours since the end of the last night."""
    certificate_days: float = 30
    """Days before the end of a certificate; once it has ended, that is a failure."""
    list_days: float = 0
    """Days after the end of a revocation list."""
    disk_percent: tuple[float, float] = (10, 3)
    """Free room of the disk of the data."""
    disk_megabytes: tuple[float, float] = (2_000, 500)
    """The same in millions of bytes; either limit is enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The certificate of an authority that ends first."""

    collectivite: str
    use: str
    """``line`` or ``signature``."""
    last_day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The revocation lists of an authority, as the last night had them."""

    collectivite: str
    made: datetime | None
    """When the oldest was made."""
    until: datetime | None
    """When the first of them ends."""
    missing: int
    """How many were never had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One look at the installation."""

    at: datetime
    """Instant of the look, UTC."""
    measures: Measures | None
    """``None``: the database does not answer."""
    database: Faults = field(default_factory=Faults)
    """Why nothing can be read or recorded, or a worker finds no tasks."""
    tasks: tuple[Backlog, ...] = ()
    """Tasks that wait for a worker, by name; empty: whoever looks is no worker."""
    documents: Faults = field(default_factory=Faults)
    """Why kept documents are out of reach."""
    journal: Faults = field(default_factory=Faults)
    """What is wrong with the end of the journal."""
    disk: Faults = field(default_factory=Faults)
    """Why the room is not known."""
    disk_free: int = 0
    """Bytes."""
    disk_total: int = 0
    """Bytes; 0 when not known."""
    endings: tuple[Ending, ...] = ()
    lists: tuple[Lists, ...] = ()
    nights: Mapping[str, datetime | None] = field(default_factory=dict)
    """Per authority, when its last night ended, UTC; ``None``: it never had one, of late."""
    quiet: Mapping[str, tuple[Plage, ...]] = field(default_factory=dict)
    """Per authority, the windows during which its flows do not leave; absent: none."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Name of each authority, by SIREN."""

    def who(self, siren: str) -> dict[str, str]:
        """Return what names an authority in a sentence."""
        name = self.names.get(siren)
        return {"siren": siren, "who": f"« {name} » ({siren})" if name else siren}

    def oldest(self, states: Iterable[str], flux: str = "") -> Waiting | None:
        """Return what has waited longest in some states, of one flux or of all."""
        known, wanted = self.measures.waiting if self.measures else (), set(states)
        found = (one for one in known if one.state in wanted and flux in ("", one.flux))
        return min(found, key=lambda one: one.since, default=None)

    def count(self, states: Iterable[str], flux: str = "") -> int:
        """Return how many flows are in some states."""
        known, wanted = self.measures.waiting if self.measures else (), set(states)
        return sum(one.count for one in known if one.state in wanted and flux in ("", one.flux))


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that is watched."""

    name: str
    """Stable name, such as ``unsent``."""
    level: Level
    value: float | None = None
    """What was found; ``None``: nothing to measure."""
    unit: str = ""
    """``hours``, ``days``, ``percent`` or ``flows``."""
    watch: float | None = None
    """Limit from which it is to be watched."""
    down: float | None = None
    """Limit from which it is a failure."""
    collectivite: str = ""
    """SIREN of the authority concerned most."""
    fault: Fault | None = None
    """What to say, and what to do about it; ``None`` when all is well."""


def no_tasks() -> tuple[Backlog, ...]:
    """Return what waits for the workers where there are none."""
    return ()


def look(
    office: Office, folder: Path, backlog: Callable[[], tuple[Backlog, ...]] = no_tasks
) -> Figures:
    """Look at everything; what cannot be looked at is told, not raised.

    :param folder: where the data are, for the room on its disk.
    :param backlog: tells which tasks wait for a worker.
    """
    measures, database = _told(lambda: office.store.measures(KIND))
    database = database or _tried(_nothing_wrong(office.store.try_writing))
    known = measures is not None
    tasks, lost = _told(backlog) if known else (None, Faults())
    free, total, disk = _room(folder)
    reports = _reports(measures)
    return Figures(
        at=office.clock.now(),
        measures=measures,
        database=database or lost,
        tasks=tasks or (),
        documents=_tried(office.store.try_documents) if known else Faults(),
        journal=_tried(office.store.verify_journal_end) if known else Faults(),
        disk=disk,
        disk_free=free,
        disk_total=total,
        endings=tuple(_endings(office, reports)),
        lists=tuple(_lists(office, reports)),
        nights=_nights(office, measures),
        quiet=_quiet(office),
        names={authority.siren: authority.nom for authority in office.authorities},
    )


def _told(question: Callable[[], T]) -> tuple[T | None, Faults]:
    """Return the answer, or why there is none."""
    try:
        return question(), Faults()
    except FaultError as error:
        return None, error.faults


def _nothing_wrong(attempt: Callable[[], None]) -> Callable[[], Faults]:
    def tried() -> Faults:
        attempt()
        return Faults()

    return tried


def _tried(question: Callable[[], Faults]) -> Faults:
    try:
        return question()
    except FaultError as error:
        return error.faults


def _room(folder: Path) -> tuple[int, int, Faults]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return 0, 0, Faults([storage_fault(error)])
    return usage.free, usage.total, Faults()


def _reports(measures: Measures | None) -> dict[str, Mapping[str, Any]]:
    """Return what the last nights wrote of each authority, by SIREN; the newest counts."""
    nights = sorted(
        (run for run in (measures.nights if measures else ()) if run.ended_at),
        key=lambda run: run.started_at,
    )
    return {
        str(item["siren"]): item for run in nights for item in run.report.get("authorities", ())
    }


def _endings(office: Office, reports: Mapping[str, Mapping[str, Any]]) -> Iterator[Ending]:
    for authority in office.authorities:
        told = dict(reports.get(authority.siren, {}).get("certificates", {}))
        line = authority.line_expires()  # may have been renewed since the night
        if line is not None:
            told["line"] = line.isoformat()
        for use in USES:
            if use in told:
                day = date.fromisoformat(told[use])
                yield Ending(collectivite=authority.siren, use=use, last_day=day)


def _lists(office: Office, reports: Mapping[str, Mapping[str, Any]]) -> Iterator[Lists]:
    for authority in office.authorities:
        told = reports.get(authority.siren, {}).get("revocation_lists", {})
        if told:
            yield Lists(
                collectivite=authority.siren,
                made=_instant(told.get("made")),
                until=_instant(told.get("until")),
                missing=int(told["missing"]),
            )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _nights(office: Office, measures: Measures | None) -> dict[str, datetime | None]:
    """Return the end of the last night of each authority: its own, or that of all."""
    ends = {run.kind: run.ended_at for run in measures.nights} if measures else {}
    found: dict[str, datetime | None] = {}
    for authority in office.authorities:
        both = (ends.get(KIND), ends.get(kind_of(authority.siren)))
        found[authority.siren] = max(filter(None, both), default=None)
    return found


def _quiet(office: Office) -> dict[str, tuple[Plage, ...]]:
    found = {one.siren: office.store.quiet_windows(one.line) for one in office.authorities}
    return {siren: plages for siren, plages in found.items() if plages}


def overall(checks: Iterable[Check]) -> Level:
    """Return the most serious level."""
    return max((check.level for check in checks), key=_RANKS.index, default=Level.GOOD)


def judge(figures: Figures, limits: Limits) -> tuple[Check, ...]:
    """Say of each thing that is watched how it is, the machine first."""
    checks = [_failing("database", figures.database), _disk(figures, limits)]
    if figures.measures is None:
        return tuple(checks)
    return (
        *checks,
        _failing("documents", figures.documents),
        _failing("journal", figures.journal),
        _night(figures, limits),
        _unsent(figures, limits),
        _paused(figures),
        _shut(figures),
        _unknown(figures, limits),
        _landed(figures),
        _unanswered(figures, "actes", Flux.ACTES, limits.actes),
        _unanswered(figures, "pes", Flux.HELIOS, limits.pes),
        _certificates(figures, limits),
        _revocation(figures, limits),
    )


def _failing(name: str, faults: Faults) -> Check:
    """Something that works or does not."""
    level = Level.DOWN if faults else Level.GOOD
    return Check(name=name, level=level, fault=next(iter(faults), None))


def _above(value: float, limits: tuple[float, float]) -> Level:
    if value >= limits[1]:
        return Level.DOWN
    return Level.WATCH if value >= limits[0] else Level.GOOD


def _aged(
    name: str,
    hours: float | None,
    limits: tuple[float, float],
    fault: Fault,
    collectivite: str = "",
) -> Check:
    level = Level.GOOD if hours is None else _above(hours, limits)
    return Check(
        name=name,
        level=level,
        value=hours,
        unit="hours",
        watch=limits[0],
        down=limits[1],
        collectivite=collectivite,
        fault=fault if level is not Level.GOOD else None,
    )


def _hours(figures: Figures, since: datetime | None) -> float | None:
    return None if since is None else (figures.at - since) / HOUR


def _words(hours: float | None, **values: str) -> dict[str, str]:
    return {"hours": str(int(hours or 0)), **values}


def _disk(figures: Figures, limits: Limits) -> Check:
    if not figures.disk_total:
        return _failing("disk", figures.disk)
    percent = 100 * figures.disk_free / figures.disk_total
    megabytes = figures.disk_free / MEGABYTE
    level = max(
        _above(-percent, (-limits.disk_percent[0], -limits.disk_percent[1])),
        _above(-megabytes, (-limits.disk_megabytes[0], -limits.disk_megabytes[1])),
        key=_RANKS.index,
    )
    params = {"percent": f"{percent:.0f}", "megabytes": f"{megabytes:.0f}"}
    return Check(
        name="disk",
        level=level,
        value=percent,
        unit="percent",
        watch=limits.disk_percent[0],
        down=limits.disk_percent[1],
        fault=Fault(code="SUP-DISK", params=params) if level is not Level.GOOD else None,
    )


def _night(figures: Figures, limits: Limits) -> Check:
    never = sorted(siren for siren, end in figures.nights.items() if end is None)
    if never:
        fault = Fault(
            code="SUP-NIGHT_NEVER", params=figures.who(never[0]) | {"count": str(len(never))}
        )
        return Check(name="night", level=Level.WATCH, collectivite=never[0], fault=fault)
    ends = {siren: end for siren, end in figures.nights.items() if end is not None}
    siren = min(ends, key=lambda one: ends[one], default="")
    if not siren:
        return Check(name="night", level=Level.GOOD)
    hours = _hours(figures, ends[siren])
    fault = Fault(code="SUP-NIGHT", params=_words(hours, **figures.who(siren)))
    return _aged("night", hours, limits.night, fault, siren)


def _unsent(figures: Figures, limits: Limits) -> Check:
    """Quiet windows do not count: nothing leaves then, on purpose."""
    hours, siren = max(_waited(figures, limits), default=(None, ""))
    params = _words(hours, **figures.who(siren), count=str(figures.count(UNSENT)))
    return _aged("unsent", hours, limits.unsent, Fault(code="SUP-UNSENT", params=params), siren)


def _waited(figures: Figures, limits: Limits) -> Iterator[tuple[float, str]]:
    """Yield, of those that share the same windows, the hours of the oldest flow and whose it is."""
    oldest: dict[tuple[Plage, ...], Waiting] = {}
    for one in figures.measures.waiting if figures.measures else ():
        plages = figures.quiet.get(one.collectivite, ())
        if one.state in UNSENT and (plages not in oldest or one.since < oldest[plages].since):
            oldest[plages] = one
    most = max(_LONG, limits.unsent[1] * HOUR)
    for plages, one in oldest.items():
        yield open_time(plages, one.since, figures.at, most=most) / HOUR, one.collectivite


def _paused(figures: Figures) -> Check:
    pauses = figures.measures.pauses if figures.measures else ()
    if not pauses:
        return Check(name="paused", level=Level.GOOD)
    first = pauses[0].collectivite
    params = figures.who(first) | {"count": str(len(pauses))}
    fault = Fault(code="SUP-PAUSED", params=params)
    return Check(name="paused", level=Level.WATCH, collectivite=first, fault=fault)


def _shut(figures: Figures) -> Check:
    """A line that does not answer: demat tries it again by itself, one flow at a time."""
    lines = figures.measures.lines if figures.measures else ()
    shut = [one.name for one in lines if one.shut(figures.at)]
    if not shut:
        return Check(name="lines", level=Level.GOOD)
    fault = Fault(code="SUP-LINE_SHUT", params={"line": shut[0], "count": str(len(shut))})
    return Check(name="lines", level=Level.WATCH, fault=fault)


def _unknown(figures: Figures, limits: Limits) -> Check:
    states = (DeliveryState.SUSPENDED.value,)
    oldest = figures.oldest(states)
    hours = _hours(figures, oldest.since if oldest else None)
    siren = oldest.collectivite if oldest else ""
    params = _words(hours, **figures.who(siren), count=str(figures.count(states)))
    return _aged("unknown", hours, limits.unknown, Fault(code="SUP-UNKNOWN", params=params), siren)


def _landed(figures: Figures) -> Check:
    """What landed under a number that only a person can look up: each one is a task."""
    states = (DeliveryState.LANDED.value,)
    oldest, count = figures.oldest(states), figures.count(states)
    siren = oldest.collectivite if oldest else ""
    fault = Fault(code="SUP-LANDED", params=figures.who(siren) | {"count": str(count)})
    level = Level.WATCH if count else Level.GOOD
    return Check(
        name="landed",
        level=level,
        value=count,
        unit="flows",
        watch=1,
        collectivite=siren,
        fault=fault if count else None,
    )


def _unanswered(figures: Figures, name: str, flux: Flux, limits: tuple[float, float]) -> Check:
    """Working hours only: neither the préfecture nor the comptable answers on a Sunday."""
    states = (DeliveryState.DEPOSITED.value,)
    oldest, count = figures.oldest(states, flux), figures.count(states, flux)
    hours = working_time(oldest.since, figures.at, most=_LONG) / HOUR if oldest else None
    siren = oldest.collectivite if oldest else ""
    fault = Fault(
        code=f"SUP-UNANSWERED_{name.upper()}",
        params=_words(hours, **figures.who(siren), count=str(count)),
    )
    return _aged(f"unanswered_{name}", hours, limits, fault, siren)


def _certificates(figures: Figures, limits: Limits) -> Check:
    first = min(figures.endings, key=lambda one: one.last_day, default=None)
    if first is None:
        return Check(name="certificates", level=Level.GOOD)
    days = (first.last_day - paris_date(figures.at)).days
    params = figures.who(first.collectivite) | {
        "use": first.use,
        "date": f"{first.last_day:%d/%m/%Y}",
        "days": str(days),
    }
    level = (
        Level.DOWN if days < 0 else Level.WATCH if days <= limits.certificate_days else Level.GOOD
    )
    code = "SUP-CERTIFICATE_ENDED" if days < 0 else "SUP-CERTIFICATE"
    return Check(
        name="certificates",
        level=level,
        value=days,
        unit="days",
        watch=limits.certificate_days,
        collectivite=first.collectivite,
        fault=Fault(code=code, params=params) if level is not Level.GOOD else None,
    )


def _revocation(figures: Figures, limits: Limits) -> Check:
    """A list that is too old stops nothing of ours; what others sign stays undecided."""
    missing = next((one for one in figures.lists if one.missing), None)
    ended = min(
        (one for one in figures.lists if one.until is not None),
        key=lambda one: one.until or figures.at,
        default=None,
    )
    days = (figures.at - ended.until) / timedelta(days=1) if ended and ended.until else None
    late = days is not None and days > limits.list_days
    fault, siren = None, ""
    if late and ended and ended.until:
        siren = ended.collectivite
        params = figures.who(siren) | {"date": f"{paris_date(ended.until):%d/%m/%Y}"}
        fault = Fault(code="SUP-LIST_STALE", params=params)
    elif missing:
        siren = missing.collectivite
        params = figures.who(siren) | {"count": str(missing.missing)}
        fault = Fault(code="SUP-LIST_NONE", params=params)
    return Check(
        name="revocation_lists",
        level=Level.WATCH if fault else Level.GOOD,
        value=days,
        unit="days",
        watch=limits.list_days,
        collectivite=siren,
        fault=fault,
    )

"""One run does all that is due: receive, pack, sign, transmit, collect, publish; safe to run twice.

One authority's trouble never stops another: what failed is a sentence in the report.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from time import sleep

from demat.clock import paris_date
from demat.connectors.api import AuthenticationRefused, Unreachable
from demat.engine.certificates import ending, last_days
from demat.engine.classification import refresh
from demat.engine.collect import SLICE, Round, collecting
from demat.engine.courriers import due_soon, lay_courriers, send_accuses
from demat.engine.inbox import collect_courriers
from demat.engine.late import late_answers
from demat.engine.office import Authority, Office
from demat.engine.process import process
from demat.engine.publish import publish
from demat.engine.receive import receive_all
from demat.engine.reconcile import reconcile_all, to_settle
from demat.engine.report import AuthorityReport, Report
from demat.engine.retours import collect_retours
from demat.engine.revocation import lists_of
from demat.engine.revocation import refresh as refresh_revocation
from demat.engine.sign import ended_delegation
from demat.engine.stamps import stamp_pending
from demat.engine.tdt_papers import missing_papers
from demat.engine.transmit import transmit_due
from demat.engine.waits import is_shut, why_waiting
from demat.faults import FaultError, Faults
from demat.files import storage_fault
from demat.intake.watch import Tracker
from demat.queue.states import DeliveryState, DepositState, Selection, TransitionRefused
from demat.tracing import span

__all__ = [
    "KIND",
    "STAMPS",
    "Visit",
    "by_turns",
    "collect_answers",
    "collect_from_comptable",
    "collect_from_prefecture",
    "intake",
    "kind_of",
    "look",
    "nightly",
    "nightly_of",
    "prepare_arrivals",
    "stamp_night",
    "visit_each",
]

logger = logging.getLogger(__name__)

KIND = "nightly"
STAMPS = "stamps"
_END = object()
_UNFINISHED = (
    DepositState.RECEIVED,
    DepositState.DRAFTED,
    DepositState.CHECKED,
    DepositState.SIGNED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One authority during one run."""

    authority: Authority
    office: Office
    tracker: Tracker
    item: AuthorityReport

    @staticmethod
    def of(authority: Authority, office: Office) -> "Visit":
        """Start the visit of an authority."""
        tracker = Tracker(authority.folders.a_deposer, settle=office.settings.settle)
        item = AuthorityReport(nom=authority.nom, siren=authority.siren)
        return Visit(authority=authority, office=office, tracker=tracker, item=item)

    def afresh(self) -> "Visit":
        """Return the next visit: it remembers the folder, and tells no old story."""
        item = AuthorityReport(nom=self.item.nom, siren=self.item.siren)
        return replace(self, item=item)

    def tell(self, faults: Faults) -> None:
        """Add to the report, once each, what could not be done and what to do about it."""
        self._write(faults, self.item.errors)

    def notice(self, faults: Faults) -> None:
        """Add to the report, once each, what somebody should know; nothing failed."""
        self._write(faults, self.item.notices)

    def _write(self, faults: Faults, sentences: list[str]) -> None:
        for fault in faults:
            text = self.office.explain(fault)
            words = f"{text.sentence} {text.remedy}".strip()
            if words not in sentences:
                sentences.append(words)


def nightly(
    office: Office,
    *,
    scheduled_for: datetime | None = None,
    pause: Callable[[float], None] = sleep,
) -> Report | None:
    """Do everything that is due, once.

    :param scheduled_for: instant of the plan, UTC; the same instant runs once, even with two
        processes.
    :returns: the report, also kept in the store; ``None`` when another process does this run.
    """

    def work(report: Report) -> None:
        visits = _visits(report, office)
        _do_what_is_due(visits, report, office, pause)
        _stamp(visits, report, office)

    return _once(KIND, scheduled_for, office, work)


def nightly_of(
    authority: Authority,
    office: Office,
    *,
    scheduled_for: datetime,
    pause: Callable[[float], None] = sleep,
) -> Report | None:
    """Do everything that is due for one authority, once; the time-stamps are apart.

    So does a centre, where several workers share the night: see :func:`stamp_night`.
    """
    office = replace(office, authorities=(authority,))

    def work(report: Report) -> None:
        _do_what_is_due(_visits(report, office), report, office, pause)

    return _once(kind_of(authority.siren), scheduled_for, office, work)


def stamp_night(office: Office, *, scheduled_for: datetime) -> Report | None:
    """Ask for the time-stamps that are missing, for all authorities, once."""

    def work(report: Report) -> None:
        _stamp(_visits(report, office), report, office)

    return _once(STAMPS, scheduled_for, office, work)


def kind_of(siren: str) -> str:
    """Return the kind of run that is the night of one authority."""
    return f"{KIND}:{siren}"


def _once(
    kind: str, scheduled_for: datetime | None, office: Office, work: Callable[[Report], None]
) -> Report | None:
    with office.store.alone(kind) as alone:
        run = office.store.begin_run(kind, scheduled_for, alone=True) if alone else None
        return _run(kind, run, office, work) if run is not None else None


def _visits(report: Report, office: Office) -> list[Visit]:
    visits = [Visit.of(authority, office) for authority in office.authorities]
    report.authorities = [visit.item for visit in visits]
    return visits


def _run(kind: str, run: int, office: Office, work: Callable[[Report], None]) -> Report:
    report = Report(started=office.clock.now().isoformat())
    name, _, siren = kind.partition(":")
    try:
        with span(name, siren=siren or None) as told:
            work(report)
            told.outcome = report.outcome
        extra = {"action": name, "outcome": told.outcome, "duration_ms": told.milliseconds}
        logger.info("run done", extra=extra)
    finally:  # a run left open would keep the next ones from starting
        report.ended = office.clock.now().isoformat()
        office.store.end_run(run, report.as_json())
    return report


def _do_what_is_due(
    visits: list[Visit], report: Report, office: Office, pause: Callable[[float], None]
) -> None:
    visit_each(visits, look)
    pause(office.settings.settle.total_seconds())  # what has not changed since is complete
    visit_each(visits, _revocation)
    visit_each(visits, _classification)
    for _ in by_turns(visits, intake):  # of one that handed in thousands, the first leave already
        report.sent += transmit_due(office, limit=SLICE)
    report.settled = reconcile_all(office)
    report.sent += transmit_due(office)
    visit_each(visits, _undelivered)
    for _ in by_turns(visits, collect_answers):
        pass
    visit_each(visits, _papers)
    visit_each(visits, collect_from_prefecture)
    visit_each(visits, collect_from_comptable)
    visit_each(visits, _unattached_retours)
    visit_each(visits, _reminders)
    visit_each(visits, _freshness)
    visit_each(visits, _publish)


def _stamp(visits: list[Visit], report: Report, office: Office) -> None:
    """Ask for the time-stamps that are missing, and for that of the journal; last of all."""
    report.stamped, faults = stamp_pending(office)
    for visit in visits:  # nothing failed: what was to leave has left
        visit.notice(faults)


def prepare_arrivals(visits: Iterable[Visit]) -> None:
    """Receive and prepare what has arrived, for every authority; nothing is sent."""
    for _ in by_turns(visits, intake):
        pass


def intake(visit: Visit) -> Iterator[None]:
    """Receive what is complete and bring every unfinished deposit as far as it can go.

    Yields after each :data:`SLICE` of them, for other authorities to have their turn.
    """
    authority, office, item = visit.authority, visit.office, visit.item
    with _told(visit, "receive"):
        for rank, deposit in enumerate(receive_all(authority, office, visit.tracker), start=1):
            item.received += deposit.state is DepositState.RECEIVED
            item.returned += deposit.state is DepositState.RETURNED
            if deposit.state not in _UNFINISHED:  # a full disk or a crash may have left files here
                with _told(visit, "put_away"):
                    process(deposit, authority, office)
            if rank % SLICE == 0:
                yield
    unfinished = office.store.deposits(collectivite=authority.siren, states=_UNFINISHED)
    for rank, deposit in enumerate(unfinished, start=1):
        with _told(visit, "process"):
            state = process(deposit, authority, office).state
            item.packed += state is DepositState.PACKED
            item.returned += state is DepositState.RETURNED
        if rank % SLICE == 0:
            yield
    waiting = (DepositState.AWAITING_SIGNATURE,)
    item.awaiting_signature = len(
        office.store.deposits(collectivite=authority.siren, states=waiting)
    )


def look(visit: Visit) -> None:
    """Look at the watched folder: what will not have changed since is complete."""
    visit.authority.folders.make()
    visit.tracker.poll(visit.office.clock.now())


def _classification(visit: Visit) -> None:
    refresh(visit.authority, visit.office)


def _revocation(visit: Visit) -> None:
    """Fetch the lists of revocation, before anything that is signed is judged."""
    visit.notice(refresh_revocation(visit.authority, visit.office))


def collect_answers(visit: Visit) -> Iterator[None]:
    """Ask where the flows of an authority are; yields for others to have their turn."""
    if is_shut(visit.authority, visit.office):
        return
    new = yield from collecting(visit.authority, visit.office, tell=visit.tell)
    visit.item.answers += new


def _papers(visit: Visit) -> None:
    """Fetch the papers of acknowledged acts that could not be had with their AR."""
    missing_papers(visit.authority, visit.office)


def collect_from_prefecture(visit: Visit) -> None:
    """Fetch the letters of the préfecture, lay them, queue their receipts."""
    authority, office = visit.authority, visit.office
    round_ = Round()
    try:
        if not is_shut(authority, office):
            with _listening(visit):
                collect_courriers(authority, office, round_)
    finally:  # what is here already is laid, whatever the line does
        visit.item.courriers += round_.new
        visit.tell(round_.told)
        visit.notice(lay_courriers(authority, office))
        send_accuses(authority, office)


def _reminders(visit: Visit) -> None:
    """Tell every night what waits for somebody: letters, acts without AR, certificates."""
    visit.notice(due_soon(visit.authority, visit.office))
    visit.notice(late_answers(visit.authority, visit.office))
    today = paris_date(visit.office.clock.now())
    for one in visit.authority.signataires:
        visit.notice(ended_delegation(one, today))
    visit.notice(ending(visit.authority, visit.office))


def _freshness(visit: Visit) -> None:
    """Write down until when all is good: the supervision reads it, and opens no key for that."""
    days = last_days(visit.authority)
    visit.item.certificates = {use: day.isoformat() for use, day in days.items()}
    states = lists_of(visit.authority, visit.office)
    lists = [state.newest for state in states if state.newest is not None]
    instants = {
        "made": min((one.this_update for one in lists), default=None),
        "until": min((one.next_update for one in lists if one.next_update), default=None),
    }
    told = {name: instant.isoformat() for name, instant in instants.items() if instant}
    if states:
        visit.item.revocation_lists = told | {"missing": str(len(states) - len(lists))}


def collect_from_comptable(visit: Visit) -> None:
    """Fetch the PES_Retour of an authority."""
    if not visit.authority.budgets or is_shut(visit.authority, visit.office):
        return  # without budgets nothing is asked: the line answers nothing either
    with _listening(visit):
        visit.item.retours += collect_retours(visit.authority, visit.office)


@contextmanager
def _listening(visit: Visit) -> Iterator[None]:
    """Tell the line of an authority whether it answered: when not, others need not wait too."""
    try:
        yield
        visit.office.store.line_answered(visit.authority.line)
    except AuthenticationRefused:  # it answered, and no
        raise
    except Unreachable as error:
        visit.office.store.line_silent(visit.authority.line, next(iter(error.faults), None))
        raise


def _unattached_retours(visit: Visit) -> None:
    """Tell once what is wrong with the retours that came by night or by day."""
    untold = visit.office.store.retours(visit.authority.siren, untold=True)
    for retour in untold:
        visit.tell(retour.faults.within(retour.name))
    visit.office.store.mark_told(retour.id for retour in untold)


def _publish(visit: Visit) -> None:
    visit.item.published += publish(visit.authority, visit.office).new


def _undelivered(visit: Visit) -> None:
    """Tell why flows have not left, why nobody knows whether they have, and what to do then."""
    visit.notice(why_waiting(visit.authority, visit.office))
    for selection in (Selection.WAITING, Selection.SUSPENDED, Selection.LANDED):
        for flow in visit.office.store.transmissions(
            collectivite=visit.authority.siren, selection=selection
        ):
            asked = to_settle(flow, visit.office)
            visit.tell(asked if flow.delivery is DeliveryState.LANDED else flow.faults + asked)


def visit_each(visits: Iterable[Visit], step: Callable[[Visit], None]) -> None:
    """Run a step for every authority; one failure is that authority's, and is told in words."""
    name = step.__name__.strip("_")
    with span("step", step=name):
        for visit in visits:
            with _told(visit, name):
                step(visit)


def by_turns(visits: Iterable[Visit], step: Callable[[Visit], Iterator[None]]) -> Iterator[None]:
    """Run a step for every authority, some flows of each at a time; yield between two turns.

    One that has ten thousand flows so delays the others by a few only. A failure is told as by
    :func:`visit_each`.
    """
    name = step.__name__.strip("_")
    left = [(visit, step(visit)) for visit in visits]
    while left:
        with span("step", step=name):
            left = [(visit, work) for visit, work in left if _goes_on(visit, work, name)]
        if left:
            yield


def _goes_on(visit: Visit, work: Iterator[None], name: str) -> bool:
    """Do some more of a step; return whether that was not all."""
    more = False
    with _told(visit, name):
        more = next(work, _END) is not _END
    return more


@contextmanager
def _told(visit: Visit, action: str) -> Iterator[None]:
    """Turn what stops a step into sentences of the report; the rest goes on."""
    try:
        yield
    except TransitionRefused as error:  # another process was faster
        logger.info("%s", error, extra={"action": action, "collectivite": visit.authority.siren})
    except (FaultError, OSError) as error:  # connector outcomes are FaultErrors too
        faults = error.faults if isinstance(error, FaultError) else Faults([storage_fault(error)])
        visit.tell(faults)
        logger.warning(
            "step failed: %s",
            error,
            extra={"action": action, "collectivite": visit.authority.siren},
        )

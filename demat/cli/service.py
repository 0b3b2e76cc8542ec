"""The service that stays up: the folder watch by day, the nightly run at its hour (APScheduler)."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from watchfiles import Change, watch

from demat.clock import PARIS
from demat.engine.collect import SLICE
from demat.engine.nightly import Visit, by_turns, intake, nightly
from demat.engine.office import Office
from demat.engine.rounds import asking
from demat.engine.transmit import transmit_due
from demat.errors import DematError

__all__ = ["Job", "Service", "planned", "run_service"]

logger = logging.getLogger(__name__)

BURST = 100
"""How many flows are sent before the folders are looked at again."""
_END = object()
_TURN = 0.01
"""Seconds that leave the lock to whoever waits for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Something that the scheduler starts."""

    name: str
    action: Callable[[], None]
    trigger: BaseTrigger


class Service:
    """What the service does, and when; its steps never run at the same time in this process."""

    def __init__(self, office: Office, *, nightly_at: str, stop: threading.Event) -> None:
        """Prepare the work.

        :param nightly_at: ``HH:MM`` in Europe/Paris.
        :param stop: when it is set, a step ends after the exchange under way.
        """
        self._office = replace(office, stopping=stop.is_set)
        self._nightly_at = nightly_at
        self._stop = stop
        self._one_at_a_time = threading.Lock()
        self._visits = [Visit.of(authority, self._office) for authority in office.authorities]

    def jobs(self) -> tuple[Job, ...]:
        """Return what is to be started, and when."""
        hour, minute = self._nightly_at.split(":")
        night = CronTrigger(hour=hour, minute=minute, timezone=PARIS)
        day = IntervalTrigger(
            seconds=int(self._office.settings.collecting.total_seconds()), timezone=PARIS
        )
        return (
            Job(name="night", action=self.at_night, trigger=night),
            Job(name="day", action=self.by_day, trigger=day),
        )

    def at_night(self) -> None:
        """Make the nightly run of the last planned instant; it is made once, by one process."""
        due = planned(self._office.clock.now(), self._nightly_at)
        with self._one_at_a_time:
            nightly(self._office, scheduled_for=due, pause=self._pause)

    def by_day(self) -> None:
        """Settle unknown outcomes and ask for the answers."""
        for _ in self._in_turn(asking(self._fresh(), self._office)):
            pass

    def arrivals(self) -> None:
        """Prepare what has arrived, and send what is ready.

        Somebody else may drop a file while thousands leave: the folders are looked at now and then.
        """
        tried = BURST
        while tried == BURST:
            for _ in self._in_turn(by_turns(self._fresh(), intake)):
                transmit_due(self._office, limit=SLICE)
            with self._one_at_a_time:
                tried = transmit_due(self._office, limit=BURST)

    def _in_turn(self, work: Iterator[None]) -> Iterator[None]:
        """Do a work part by part, each of them alone, whatever its caller adds to it included."""
        while not self._stop.is_set():
            with self._one_at_a_time:
                if next(work, _END) is _END:
                    return
                yield
            self._stop.wait(_TURN)

    def run(self) -> None:
        """Work until asked to stop."""
        scheduler = BackgroundScheduler(timezone=PARIS)
        for job in self.jobs():
            scheduler.add_job(  # late is better than never: a busy machine does not skip a night
                job.action, job.trigger, id=job.name, coalesce=True, misfire_grace_time=None
            )
        scheduler.add_job(self.at_night, misfire_grace_time=None)  # the machine was off at its hour
        scheduler.start()
        try:
            for _ in self._wake_ups():
                self._survive(self.arrivals)
        finally:
            scheduler.shutdown()

    def _wake_ups(self) -> Iterator[None]:
        """Tell when to look: at each settling time, and sooner when the system notices a change.

        Notifications see nothing on a network share (architecture, decision 19), and a folder may
        be out of reach for a while: then only the clock counts.
        """
        period = self._office.settings.settle.total_seconds()
        while not self._stop.is_set():
            folders = [visit.authority.folders.a_deposer for visit in self._visits]
            yield None  # creates the folders that are missing
            yield from _changes([path for path in folders if path.is_dir()], period, self._stop)

    def _survive(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (DematError, OSError):  # the next look may find the disk or the database back
            logger.exception("a step failed", extra={"action": "watch"})
            self._stop.wait(self._office.settings.settle.total_seconds())

    def _fresh(self) -> list[Visit]:
        """Return the visits with an empty report: a service that stays up keeps no old story."""
        return [visit.afresh() for visit in self._visits]

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)


def _changes(folders: Iterable[Path], period: float, stop: threading.Event) -> Iterator[None]:
    """Yield at each period, and at each change that the system tells about."""
    paths = list(folders)
    logger.info("watching %d folders", len(paths), extra={"action": "watch"})
    if not paths:
        stop.wait(period)
        return
    timeout = max(int(period * 1000), 200)
    looks = watch(
        *paths,
        watch_filter=_visible,
        stop_event=stop,
        rust_timeout=timeout,
        yield_on_timeout=True,
    )
    try:
        for _ in looks:
            yield None
            if not all(path.is_dir() for path in paths):
                return  # a share was taken away: watch again what is left
    except OSError as error:
        logger.warning("notifications failed: %s", error, extra={"action": "watch"})
        stop.wait(period)


def _visible(_change: Change, path: str) -> bool:
    """Leave aside hidden files: our own test of writing would wake us up without end."""
    return not Path(path).name.startswith(".")


def run_service(office: Office, *, nightly_at: str, stop: threading.Event) -> None:
    """Work until ``stop`` is set.

    :param nightly_at: ``HH:MM`` in Europe/Paris.
    """
    Service(office, nightly_at=nightly_at, stop=stop).run()


def planned(now: datetime, nightly_at: str) -> datetime:
    """Return the last planned instant: the same for every process, so that it runs once.

    :param now: aware instant, a little after the planned one.
    :param nightly_at: ``HH:MM`` in Europe/Paris.
    """
    hour, minute = map(int, nightly_at.split(":"))
    local = now.astimezone(PARIS)
    due = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    return due if due <= local else due - timedelta(days=1)

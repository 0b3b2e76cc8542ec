"""The service that stays up: the folder watch by day, the nightly run at its hour (APScheduler)."""

import logging
import threading
from datetime import datetime
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from watchfiles import watch

from demat.clock import PARIS
from demat.engine.collect import collect_all
from demat.engine.nightly import Visit, nightly, prepare_arrivals, visit_each
from demat.engine.office import Office
from demat.engine.reconcile import reconcile_all
from demat.engine.transmit import transmit_due

__all__ = ["run_service"]

logger = logging.getLogger(__name__)

COLLECT_MINUTES = 15
"""How often the answers are asked for by day (connectors dossier §7)."""


def run_service(office: Office, *, nightly_at: str, stop: threading.Event) -> None:
    """Work until ``stop`` is set; steps never run at the same time in this process.

    The folders are polled at each settling time; notifications of the system only make the next
    poll come sooner (architecture, decision 19).

    :param nightly_at: ``HH:MM`` in Europe/Paris.
    """
    one_at_a_time = threading.Lock()
    visits = [Visit.of(authority, office) for authority in office.authorities]

    def at_night() -> None:
        with one_at_a_time:
            nightly(office, scheduled_for=_planned(office, nightly_at))

    def by_day() -> None:
        with one_at_a_time:
            reconcile_all(office)
            visit_each(visits, _collect)

    hour, minute = nightly_at.split(":")
    scheduler = BackgroundScheduler(timezone=PARIS)
    scheduler.add_job(at_night, CronTrigger(hour=hour, minute=minute, timezone=PARIS))
    scheduler.add_job(by_day, IntervalTrigger(minutes=COLLECT_MINUTES, timezone=PARIS))
    scheduler.start()
    try:
        _watch(office, visits, one_at_a_time, stop)
    finally:
        scheduler.shutdown()


def _watch(
    office: Office, visits: list[Visit], one_at_a_time: threading.Lock, stop: threading.Event
) -> None:
    for visit in visits:
        visit.authority.folders.make()
    folders: list[Path] = [visit.authority.folders.a_deposer for visit in visits]
    period = int(office.settings.settle.total_seconds() * 1000)
    logger.info("watching %d folders", len(folders), extra={"action": "watch"})
    for _ in watch(*folders, stop_event=stop, rust_timeout=max(period, 200), yield_on_timeout=True):
        with one_at_a_time:
            prepare_arrivals(visits)
            transmit_due(office)


def _collect(visit: Visit) -> None:
    visit.item.answers += collect_all(visit.authority, visit.office)


def _planned(office: Office, nightly_at: str) -> datetime:
    """Return the instant of today's plan: the same for every process, so that it runs once."""
    hour, minute = map(int, nightly_at.split(":"))
    today = office.clock.now().astimezone(PARIS)
    return today.replace(hour=hour, minute=minute, second=0, microsecond=0)

"""The workers of a centre: what each task does, and the plan of every minute (decision 6).

A task is about one authority and holds its lock: one worker at a time speaks in its name on its
account (connectors dossier §10, rule 9), while others serve other authorities. What a task does is
what ``demat serve`` and ``demat nightly`` do, and the store guards every flow besides: a task that
runs twice finds nothing left to do.
"""

import logging
import os
import socket
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from demat.cli.service import planned
from demat.engine.nightly import (
    STAMPS,
    Visit,
    by_turns,
    intake,
    kind_of,
    look,
    nightly_of,
    stamp_night,
)
from demat.engine.office import Authority, Office
from demat.engine.rounds import asking, has_arrivals
from demat.engine.transmit import transmit_due
from demat.engine.waits import is_held
from demat.queue.tasks import TaskQueue

__all__ = ["BATCH", "Workers", "run_worker"]

logger = logging.getLogger(__name__)

BATCH = 20
"""Flows that one task sends; the rest waits for its next turn, behind the other authorities."""
AGAIN = 2
"""Seconds before an authority asks again for room on a line that is full."""
LATE = timedelta(hours=20)
"""A night that was missed is made up for until then; afterwards the next one is near."""

ARRIVALS, SENDING, ANSWERS, NIGHT, STAMPING = "arrivals", "sending", "answers", "night", "stamps"
_PRIORITY = {ARRIVALS: 3, SENDING: 3, ANSWERS: 2, NIGHT: 1, STAMPING: 0}


class Workers:
    """What the tasks do; every worker has the same configuration."""

    def __init__(
        self, office: Office, tasks: TaskQueue, *, nightly_at: str, stop: threading.Event
    ) -> None:
        """Declare the tasks.

        :param nightly_at: ``HH:MM`` in Europe/Paris.
        :param stop: when it is set, a task ends after the exchange under way.
        """
        self._office = replace(office, stopping=stop.is_set)
        self._tasks = tasks
        self._nightly_at = nightly_at
        self._stop = stop
        self._visits = {one.siren: Visit.of(one, self._office) for one in office.authorities}
        tasks.every_minute(self.plan)
        tasks.declare(ARRIVALS, self.arrivals)
        tasks.declare(SENDING, self.sending)
        tasks.declare(ANSWERS, self.answers)
        tasks.declare(NIGHT, self.night)
        tasks.declare(STAMPING, self.stamps)

    def plan(self, minute: datetime) -> None:
        """Ask for what is due at a minute; one worker does so for all.

        :param minute: instant, UTC.
        """
        due = planned(minute, self._nightly_at)
        nights = self._office.store.kinds_run(due)
        at_night = minute - due < LATE
        period = int(self._office.settings.collecting.total_seconds()) // 60
        busy = self._office.store.authorities_at_work()
        for authority in self._office.authorities:
            if self._stop.is_set():
                return
            siren = authority.siren
            if at_night and kind_of(siren) not in nights:
                self._ask_for(NIGHT, siren, slot=due.isoformat())
            elif siren in busy or self._has_arrivals(authority):
                self._ask_for(ARRIVALS, siren)
            if (crc32(siren.encode()) + _minutes(minute)) % period == 0:  # each at its minute
                self._ask_for(ANSWERS, siren)
        done = {kind_of(authority.siren) for authority in self._office.authorities} <= nights
        if at_night and done and STAMPS not in nights:
            self._tasks.defer(STAMPING, lock=STAMPING, slot=due.isoformat())

    def arrivals(self, siren: str) -> None:
        """Prepare what has arrived in a watched folder, and send."""
        visit = self._visits[siren].afresh()
        if self._has_arrivals(visit.authority):
            look(visit)
            self._pause(self._office.settings.settle.total_seconds())
        for _ in by_turns([visit], intake):
            transmit_due(self._office, collectivites=[siren], limit=BATCH)
        self.sending(siren)

    def sending(self, siren: str) -> None:
        """Send what is due, some flows at a time: the others have their turn in between."""
        tried = transmit_due(self._office, collectivites=[siren], limit=BATCH)
        if tried == BATCH:
            self._ask_for(SENDING, siren)
        elif self._waits_for_room(siren):
            self._ask_for(SENDING, siren, seconds=AGAIN)

    def answers(self, siren: str) -> None:
        """Settle unknown outcomes and ask for the answers."""
        for _ in asking([self._visits[siren].afresh()], self._office):
            pass

    def night(self, siren: str, slot: str) -> None:
        """Make the nightly run of one authority."""
        at = datetime.fromisoformat(slot)
        authority = self._visits[siren].authority
        nightly_of(authority, self._office, scheduled_for=at, pause=self._pause)

    def stamps(self, slot: str) -> None:
        """Ask for the time-stamps once every authority has had its night."""
        stamp_night(self._office, scheduled_for=datetime.fromisoformat(slot))

    def _waits_for_room(self, siren: str) -> bool:
        """Whether only the sendings of other authorities, by the same line, keep it waiting."""
        authority = self._visits[siren].authority
        return self._office.store.ready(siren) and not is_held(authority, self._office)

    def _ask_for(self, name: str, siren: str, *, seconds: int = 0, **arguments: str) -> None:
        priority = _PRIORITY[name]
        self._tasks.defer(
            name, lock=siren, priority=priority, seconds=seconds, siren=siren, **arguments
        )

    def _has_arrivals(self, authority: Authority) -> bool:
        try:
            return has_arrivals(authority)
        except OSError as error:  # a share that is away: the night tells the agent
            extra = {"action": "plan", "collectivite": authority.siren}
            logger.warning("folder out of reach: %s", error.strerror, extra=extra)
            return False

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)


def _minutes(instant: datetime) -> int:
    return int(instant.timestamp()) // 60


def run_worker(
    office: Office, tasks: TaskQueue, *, nightly_at: str, concurrency: int, stop: threading.Event
) -> None:
    """Work until ``stop`` is set.

    :param nightly_at: ``HH:MM`` in Europe/Paris.
    :param concurrency: tasks of this worker that run at the same time.
    """
    Workers(office, tasks, nightly_at=nightly_at, stop=stop)
    tasks.run(stop, concurrency=concurrency, name=f"{socket.gethostname()}-{os.getpid()}")

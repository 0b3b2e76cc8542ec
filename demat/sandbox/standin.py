"""What every stand-in is made of: one agenda, one journal, one lock, and the present instant.

A stand-in holds what its scenario and its inputs make of it. An input is committed with the number
of events of the agenda that came before it: played again in that order, the same inputs give the
same stand-in, whenever its events were really run.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from demat.clock import Clock
from demat.sandbox.journal import Entry, Journal, JournalError
from demat.sandbox.scenario import Scenario
from demat.sandbox.virtual import Agenda, PushedClock, VirtualClock

__all__ = ["Player", "StandIn"]

Player = Callable[[Entry], object]
"""Does again what one entry of a journal did."""
_ANSWER = "answer"
"""Kind of the entries that keep what another stand-in answered."""


class StandIn:
    """State common to the stand-ins; one lock guards it."""

    def __init__(
        self,
        scenario: Scenario,
        machine: Clock,
        *,
        speed: float = 0,
        clock: PushedClock | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Start with nothing done.

        :param machine: gives the first instant when the scenario fixes none.
        :param clock: shared with other stand-ins; none for one of its own, at ``speed``.
        :param journal: where inputs are committed; none for a stand-in of memory.
        """
        self.scenario = scenario
        self.clock = clock or VirtualClock(scenario.start or machine.now(), speed=speed)
        self.agenda = Agenda()
        self._journal = journal
        self._answers: deque[Entry] = deque()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._replaying = False
        self._lock = threading.Lock()

    @contextmanager
    def present(self, at: datetime | None = None) -> Iterator[datetime]:
        """Hold everything still, up to date, and give the virtual instant.

        :param at: instant told by another stand-in; none for that of the clock.
        """
        with self._lock:
            # the machine's clock may have gone back since the last input: this one never does
            now = at or max(self._last, self.clock.now())
            self._last = max(self._last, now)
            if not self._replaying:
                self.catch_up(now)
            yield now

    @contextmanager
    def still(self) -> Iterator[None]:
        """Hold everything as it is: a look from outside makes nothing happen before its turn."""
        with self._lock:
            yield

    def catch_up(self, now: datetime) -> None:
        """Do everything due at an instant."""
        self.agenda.run_until(now)

    def commit(self, entry: Entry) -> int:
        """Write an input, to be done right after; return what to give to :meth:`sync`.

        To be called while the present is held.
        """
        if self._journal is None:
            return 0
        head = {**entry.head, "done": str(self.agenda.done)}
        return self._journal.append(replace(entry, head=head))

    def sync(self, position: int) -> None:
        """Have what was committed on the disk."""
        if self._journal is not None:
            self._journal.sync(position)

    def ask(self, what: str, at: datetime, question: Callable[[], str]) -> str:
        """Return what another stand-in answers to a question of the agenda, and keep it.

        :param what: names the question; the same for the same event of the agenda.
        """
        if self._answers:
            known = self._answers.popleft()
            if known.head["what"] != what:
                raise JournalError(f"{what!r} is asked where {known.head['what']!r} was")
            return known.head["answer"]
        answer = question()
        self.commit(Entry(at=at, kind=_ANSWER, head={"what": what, "answer": answer}))
        return answer

    def replay(self, entries: Iterable[Entry], players: Mapping[str, Player]) -> None:
        """Do again everything that was committed.

        :param players: by kind of entry; they take the lock themselves if they need it.
        """
        inputs: list[Entry] = []
        for entry in entries:
            (self._answers if entry.kind == _ANSWER else inputs).append(entry)
        self._replaying = True
        for entry in inputs:
            self.agenda.run_to(int(entry.head["done"]))
            self._last = max(self._last, entry.at)
            head = {name: text for name, text in entry.head.items() if name != "done"}
            players[entry.kind](replace(entry, head=head))
        self._replaying = False

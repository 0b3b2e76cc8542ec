"""What the ACTES application of the ministry holds: acts, letters, classification, mail box."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from demat.clock import Clock
from demat.sandbox.courriel import Courriel
from demat.sandbox.journal import Journal
from demat.sandbox.prefecture import retour_classification
from demat.sandbox.records import Depot, Kind
from demat.sandbox.scenario import Scenario
from demat.sandbox.seeds import derived
from demat.sandbox.standin import StandIn
from demat.sandbox.virtual import PushedClock

__all__ = ["Lettre", "Ministere"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lettre:
    """One letter as the préfecture writes it."""

    kind: Kind
    day: date
    """Date written on it."""
    text: str
    rank: int | None = None
    """Place in the rule that planned it; none for one ordered by hand."""


class Ministere(StandIn):
    """State of the ministry and of the préfectures behind it."""

    def __init__(
        self,
        scenario: Scenario,
        machine: Clock,
        *,
        clock: PushedClock | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Start with no act and an empty box."""
        super().__init__(scenario, machine, clock=clock, journal=journal)
        self.classification_date = scenario.ministry_classification
        """Date of the classification in force."""
        self.archives: dict[str, str] = {}
        """SHA-256 of every archive taken, by name: the same one again changes nothing."""
        self.refused: set[str] = set()
        """Envelopes whose acts were refused as a whole."""
        self.actes: dict[str, Depot] = {}
        """Acts received, by identifier."""
        self.acknowledged: set[str] = set()
        """Identifiers of the acts that have their 1-2."""
        self.lettres: dict[str, list[Lettre]] = {}
        """Letters written about an act."""
        self.answered: set[tuple[str, Kind, date]] = set()
        """Letters whose reply has its receipt: act, kind, date."""
        self.box: list[Courriel] = []
        """Mails written to the TdT, by number."""
        if scenario.new_classification is not None and scenario.start is not None:
            minutes, day = scenario.new_classification
            self.later(scenario.start, minutes, partial(self._put_in_force, day))
        self._lists = scenario.lists()
        self._blanks = 0
        self._next_rank = 1000 + derived(scenario.seed, "ministry")
        self._serials: Counter[tuple[str, date]] = Counter()

    def later(self, at: datetime, minutes: int, action: Callable[[datetime], None]) -> None:
        """Have something done some virtual minutes after an instant."""
        self.agenda.add(at + timedelta(minutes=minutes), action)

    def new_rank(self) -> int:
        """Return the next number in the names of the files of the ministry."""
        self._next_rank += 1
        return self._next_rank

    def new_serial(self, sender: str, day: date) -> int:
        """Return the next number of the envelopes of a sender, from 1 again every day."""
        self._serials[sender, day] += 1
        return self._serials[sender, day]

    def _put_in_force(self, day: date, at: datetime) -> None:
        self.classification_date = day

    def classification(self) -> bytes:
        """Return the message 7-2 in force."""
        message = retour_classification(self.classification_date, self._lists)
        if self.scenario.classification_blanks:
            self._blanks += 1
            return message.rstrip() + b"\n" * (self._blanks + 1)
        return message

    def ledger(self) -> dict[str, object]:
        """Describe what landed."""
        with self.still():
            return {
                "archives": dict(self.archives),
                "actes": sorted(self.actes),
                "acknowledged": sorted(self.acknowledged),
                "mails": len(self.box),
            }

    def mails(self, until: datetime, after: int) -> Iterator[Courriel]:
        """Give the mails that had come at an instant, from a number on."""
        return (mail for mail in self.box[after:] if mail.at <= until)

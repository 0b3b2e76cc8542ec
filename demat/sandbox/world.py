"""Everything the TdT holds in memory, and the only place where its records change.

One lock guards it: the servers take it for each request, after the TdT has taken in, in virtual
order, what the ministry and the DGFiP have for it and what its own agenda rings.
"""

import hashlib
import heapq
import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from demat.clock import Clock, paris_date
from demat.sandbox.courriel import Courriel
from demat.sandbox.journal import Entry, Journal
from demat.sandbox.liens import Arrival, DepotPes, Liens
from demat.sandbox.prefecture import retour_classification
from demat.sandbox.records import (
    LETTERS,
    Courrier,
    Depot,
    Kind,
    PesRetour,
    PesTransaction,
    Pli,
    Step,
    StoredFile,
    Transaction,
)
from demat.sandbox.scenario import Scenario
from demat.sandbox.seeds import derived
from demat.sandbox.standin import StandIn
from demat.sandbox.virtual import PushedClock

__all__ = ["Sending", "World", "mail_line"]

_MESSAGE_LIMIT = 512
_DATE = re.compile(rb"<(?:\w+:)?DateClassification>([^<]*)<")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """One archive that the TdT handed to the ministry."""

    at: datetime
    transaction: int
    """Exchange that it belongs to; the letter, for an automatic receipt."""
    pli: Pli


class World(StandIn):
    """State of the TdT."""

    def __init__(
        self,
        scenario: Scenario,
        machine: Clock,
        *,
        speed: float = 1.0,
        clock: PushedClock | None = None,
        journal: Journal | None = None,
    ) -> None:
        """Start from an empty platform, which :meth:`connect` links to the State.

        :param machine: gives the first instant when the scenario fixes none.
        :param clock: shared with other stand-ins; none for one of its own, at ``speed``.
        :param journal: where what changes the platform is committed; none for one of memory.
        """
        super().__init__(scenario, machine, speed=speed, clock=clock, journal=journal)
        self.receivers: dict[str, Callable[[Entry], object]] = {}
        """What takes in an arrival, by kind."""
        self.transactions: dict[int, Transaction] = {}
        self.pes: dict[int, PesTransaction] = {}
        self.pes_contents: set[str] = set()
        """SHA-1 of every PES taken."""
        self.pes_by_name: dict[tuple[str, str], int] = {}
        """PES already checked on the platform, by NomFic and CodCol."""
        self.alarms: list[int] = []
        """PES about which the DGFiP said nothing for 48 hours."""
        self.retours: dict[int, PesRetour] = {}
        self.error_basket: list[bytes] = []
        """Messages of the State that could not be applied."""
        self.sent: list[Sending] = []
        """Archives handed to the ministry, oldest first."""
        self.mails: list[Courriel] = []
        """Mails received from the ministry, oldest first."""
        held = scenario.tdt_classification
        self.classification = b""
        self.classification_date = held
        if held is not None:
            self.classification = retour_classification(held, scenario.lists())
        self.classification_requests: dict[str, datetime] = {}
        self._liens: Liens | None = None
        self._arrivals: list[tuple[datetime, int, Arrival]] = []
        self._arrived: set[tuple[str, str]] = set()
        self._arrival_ranks = itertools.count()
        self._next_id = 1000 + derived(scenario.seed, "identifiers")
        self._serials: Counter[tuple[str, date]] = Counter()
        self._numbers: dict[tuple[str, str], int] = {}
        self._related: dict[int, list[int]] = {}
        self._handed: set[int] = set()
        self._hour: datetime | None = None
        self._hour_bytes = 0
        """What left in that hour."""
        self._envelopes: dict[str, list[int]] = {}
        self._holders: dict[str, int] = {}

    def connect(self, liens: Liens) -> None:
        """Link the TdT to the ministry and to the DGFiP."""
        self._liens = liens

    @property
    def liens(self) -> Liens:
        """Links to the State."""
        if self._liens is None:
            raise KeyError("this TdT is linked to nobody")
        return self._liens

    def catch_up(self, now: datetime) -> None:
        """Do everything due at an instant: before an event, what the State has until then."""
        while True:
            due = self.agenda.next_due
            horizon = now if due is None else min(now, due)
            arrival = self._next_arrival(horizon)
            if arrival is not None:
                self.commit(arrival.entry)
                self.take_in(arrival.entry)
                self.liens.forget(arrival)
            elif due is not None and due <= now:
                self.agenda.run_next()
            else:
                return

    def take_in(self, entry: Entry) -> None:
        """Take one arrival, once: the State shows again what it was not told to forget."""
        self._arrived.add((entry.kind, entry.head["id"]))
        self.receivers[entry.kind](entry)

    def _next_arrival(self, horizon: datetime) -> Arrival | None:
        for arrival in self._liens.arrivals(horizon) if self._liens else ():
            rank = next(self._arrival_ranks)
            heapq.heappush(self._arrivals, (arrival.entry.at, rank, arrival))
        while self._arrivals and self._arrivals[0][0] <= horizon:
            arrival = heapq.heappop(self._arrivals)[2]
            if (arrival.entry.kind, arrival.entry.head["id"]) not in self._arrived:
                return arrival
            self.liens.forget(arrival)
        return None

    def has_room(self, pli: Pli, packed: bytes, at: datetime) -> bool:
        """Whether an archive may leave in the hour of an instant; none may once one could not.

        An archive beyond the quota by itself leaves alone in its hour.
        """
        quota = self.scenario.bytes_per_hour
        if quota is None or pli.id in self._handed:
            return True
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._hour_bytes = hour, 0
        if self._hour_bytes and self._hour_bytes + len(packed) > quota:
            self._hour_bytes = quota  # full, for what comes behind
            return False
        return True

    def send(self, id: int, pli: Pli, packed: bytes, at: datetime) -> bool:
        """Give an archive to the ministry; return whether it was taken.

        :param id: exchange that it belongs to.
        """
        if pli.id in self._handed:
            return True  # several acts in one archive
        liens = self.liens
        answer = self.ask(pli.name, at, lambda: liens.take(pli.name, packed, at))
        if answer == "200":
            self._handed.add(pli.id)
            self._hour_bytes += len(packed)
            self.sent.append(Sending(at=at, transaction=id, pli=pli))
        return answer == "200"

    def drop(self, depot: DepotPes, at: datetime) -> bool:
        """Give a PES to the DGFiP; return whether it was taken."""
        liens = self.liens
        return self.ask(depot.name, at, lambda: liens.drop(depot, at)) == "200"

    def new_id(self) -> int:
        """Return an identifier never given before, for any kind of object."""
        self._next_id += 1
        return self._next_id

    def new_serial(self, sender: str, day: date) -> int:
        """Return the next number of the envelopes of a sender, from 1 again every day."""
        self._serials[sender, day] += 1
        return self._serials[sender, day]

    def open(
        self,
        kind: Kind,
        siren: str,
        step: Step,
        *,
        id: int | None = None,
        depot: Depot | None = None,
        related: int | None = None,
        pli: Pli | None = None,
        courrier: Courrier | None = None,
    ) -> Transaction:
        """Record a new ACTES transaction; a letter of the préfecture is unread.

        :param id: identifier already taken, none for the next one.
        """
        transaction = Transaction(
            id=self.new_id() if id is None else id,
            siren=siren,
            kind=kind,
            history=(step,),
            depot=depot,
            related=related,
            unread=kind in LETTERS and not (courrier and courrier.reply),
            pli=pli,
            courrier=courrier,
        )
        self.transactions[transaction.id] = transaction
        if depot is not None and kind is Kind.ACTE:
            self._numbers[siren, depot.number] = transaction.id
        for file in (*(depot.files if depot else ()), *(pli.files if pli else ())):
            self._holders[str(file.id)] = transaction.id
        if pli is not None:
            self._holders[str(pli.id)] = transaction.id
            self._envelopes.setdefault(pli.envelope.name, []).append(transaction.id)
        if related is not None:
            self._related.setdefault(related, []).append(transaction.id)
        return transaction

    def move(self, id: int, status: int, message: str, at: datetime, xml: bytes = b"") -> None:
        """Add a step to an ACTES transaction."""
        step = Step(status=status, message=message[:_MESSAGE_LIMIT], at=at, xml=xml)
        self.transactions[id] = self.transactions[id].after(step)

    def move_pes(self, id: int, status: int, message: str, at: datetime) -> None:
        """Add a step to a HELIOS transaction."""
        step = Step(status=status, message=message[:_MESSAGE_LIMIT], at=at)
        self.pes[id] = self.pes[id].after(step)

    def act_of(self, transaction: Transaction) -> Transaction:
        """Return the act that an exchange is about, the exchange itself when it names none."""
        while transaction.related is not None:
            transaction = self.transactions[transaction.related]
        return transaction

    def related_to(self, id: int) -> list[Transaction]:
        """Return the exchanges that name a transaction, oldest first."""
        return [self.transactions[other] for other in self._related.get(id, ())]

    def act_by_number(self, siren: str, number: str) -> Transaction | None:
        """Return the act of an authority that has a number."""
        id = self._numbers.get((siren, number))
        return None if id is None else self.transactions[id]

    def holder(self, id: str) -> Transaction | None:
        """Return the transaction that a file, or an archive, belongs to."""
        found = self._holders.get(id)
        return None if found is None else self.transactions[found]

    def in_envelope(self, name: str) -> list[Transaction]:
        """Return what left, or came, under an envelope."""
        return [self.transactions[id] for id in self._envelopes.get(name, ())]

    def siren_of(self, siret: str) -> str:
        """Return the authority to which a SIRET belongs, empty for none or for several.

        Known from the scenario, and from the PES already sent (§1.9.4).
        """
        found = {
            autorite.siren
            for autorite in self.scenario.autorites
            if siret[:9] == autorite.siren or siret in {b.siret for b in autorite.budgets}
        }
        found |= {pes.siren for pes in self.pes.values() if siret and pes.siret == siret}
        return found.pop() if len(found) == 1 else ""

    def mark_read(self, id: int) -> None:
        """Take a letter off the list of unread ones; an unknown identifier changes nothing."""
        if id in self.transactions:
            self.transactions[id] = replace(self.transactions[id], unread=False)

    def number_used(self, siren: str, number: str) -> bool:
        """Whether the authority has ever used this number, whatever became of the act."""
        return (siren, number) in self._numbers

    def hold_classification(self, xml: bytes) -> None:
        """Keep the classification that the ministry sent."""
        found = _DATE.search(xml)
        self.classification = xml
        self.classification_date = date.fromisoformat(found[1].decode()) if found else None

    def ledger(self, now: datetime) -> dict[str, object]:
        """Describe everything that landed, for tests and for the demonstration."""
        return {
            "now": now.isoformat(),
            "day": paris_date(now).isoformat(),
            "actes": [_acte_line(t) for t in self.transactions.values() if t.depot],
            "exchanges": [_acte_line(t) for t in self.transactions.values() if not t.depot],
            "pes": [_pes_line(pes, now) for pes in self.pes.values()],
            "retours": [
                {
                    "id": r.id,
                    "siren": r.siren,
                    "name": r.name,
                    "sha256": hashlib.sha256(r.content).hexdigest(),
                    "unread": r.unread,
                }
                for r in self.retours.values()
            ],
            "error_basket": len(self.error_basket),
            "alarms": list(self.alarms),
            "sent": [_sending_line(sending) for sending in self.sent],
            "mails": [mail_line(mail) for mail in self.mails],
        }


def _acte_line(transaction: Transaction) -> dict[str, object]:
    line: dict[str, object] = {
        "id": transaction.id,
        "type": transaction.kind.value,
        "siren": transaction.siren,
        "status": transaction.status,
        "related": transaction.related,
        "history": _history(transaction.history),
    }
    if transaction.pli is not None:
        line |= _pli_line(transaction.pli)
    if transaction.courrier is not None:
        line["date_courrier"] = transaction.courrier.day.isoformat()
        line["reply"] = transaction.courrier.reply
    depot = transaction.depot
    if depot is not None:
        line |= {
            "id_acte": depot.id_acte,
            "number": depot.number,
            "date": depot.decision_date.isoformat(),
            "nature": depot.nature,
            "matiere": ".".join(str(code) for code in depot.matiere),
            "subject": depot.subject,
            "document_papier": depot.document_papier,
            "classification_date": depot.classification_date.isoformat(),
            "files": _file_lines(depot.files),
        }
    return line


def _pli_line(pli: Pli) -> dict[str, object]:
    return {"archive": pli.name, "root": pli.root, "files": _file_lines(pli.files[1:])}


def _file_lines(files: Sequence[StoredFile]) -> list[dict[str, object]]:
    return [
        {
            "name": file.name,
            "posted_name": file.posted_name,
            "type_pj": file.type_pj,
            "sha256": hashlib.sha256(file.content).hexdigest(),
        }
        for file in files
    ]


def _sending_line(sending: Sending) -> dict[str, object]:
    head = {"at": sending.at.isoformat(), "transaction": sending.transaction}
    return (
        head | _pli_line(sending.pli) | {"message": sending.pli.message.content.decode("latin-1")}
    )


def mail_line(mail: Courriel) -> dict[str, object]:
    """Describe a mail, without its content."""
    return {
        "id": mail.id,
        "at": mail.at.isoformat(),
        "transaction": mail.transaction,
        "subject": mail.subject,
        "names": list(mail.names),
        "sha256": hashlib.sha256(mail.content).hexdigest(),
    }


def _pes_line(pes: PesTransaction, now: datetime) -> dict[str, object]:
    return {
        "id": pes.id,
        "siren": pes.siren,
        "posted_name": pes.posted_name,
        "sha1": pes.sha1,
        "sha256": hashlib.sha256(pes.content).hexdigest(),
        "nom_fic": pes.nom_fic,
        "cod_col": pes.cod_col,
        "status": pes.status,
        "shown_status": pes.shown_status(now),
        "acquit_sha256": hashlib.sha256(pes.acquit).hexdigest() if pes.acquit else "",
        "history": _history(pes.history),
    }


def _history(history: tuple[Step, ...]) -> list[dict[str, object]]:
    return [
        {
            "status": step.status,
            "message": step.message,
            "at": step.at.isoformat(),
            "sha256": hashlib.sha256(step.xml).hexdigest() if step.xml else "",
        }
        for step in history
    ]

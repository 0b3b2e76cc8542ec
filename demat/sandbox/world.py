"""Everything the sandbox holds in memory, and the only place where its records change.

One lock guards it: the servers take it for each request, after the agenda has caught up with the
virtual time.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from demat.clock import Clock, paris_date
from demat.sandbox.courriel import Courriel
from demat.sandbox.helios import Helios
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
from demat.sandbox.virtual import Agenda, PushedClock, VirtualClock

__all__ = ["Sending", "World", "mail_line"]

_MESSAGE_LIMIT = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """One archive that the TdT handed to the ministry."""

    at: datetime
    transaction: int
    """Exchange that it belongs to; the letter, for an automatic receipt."""
    pli: Pli


class World:
    """State of the TdT, of the ministry and of the DGFiP."""

    def __init__(
        self,
        scenario: Scenario,
        machine: Clock,
        *,
        speed: float = 1.0,
        clock: PushedClock | None = None,
    ) -> None:
        """Start from an empty platform.

        :param machine: gives the first instant when the scenario fixes none.
        :param clock: shared with other stand-ins; none for one of its own, at ``speed``.
        """
        self.scenario = scenario
        self.clock = clock or VirtualClock(scenario.start or machine.now(), speed=speed)
        self.agenda = Agenda()
        self.transactions: dict[int, Transaction] = {}
        self.pes: dict[int, PesTransaction] = {}
        self.retours: dict[int, PesRetour] = {}
        self.helios = Helios(scenario.budgets_sans_fonction)
        self.pes_contents: set[str] = set()
        """SHA-1 of every PES taken."""
        self.nom_fics: set[tuple[str, str]] = set()
        """NomFic and CodCol already checked on the platform."""
        self.error_basket: list[bytes] = []
        """Messages of the ministry that could not be applied."""
        self.sent: list[Sending] = []
        """Archives handed to the ministry, oldest first."""
        self.mails: list[Courriel] = []
        """Everything that the ministry wrote, as it would come by e-mail."""
        self.ministry_classification = scenario.ministry_classification
        self._lists = scenario.lists()
        held = scenario.tdt_classification
        self.classification = b"" if held is None else retour_classification(held, self._lists)
        self.classification_date = held
        self.classification_requests: dict[str, datetime] = {}
        self._next_id = 1000 + _derived(scenario.seed, "identifiers")
        self._next_rank = 1000 + _derived(scenario.seed, "ministry")
        self._serials: Counter[tuple[str, date]] = Counter()
        self._numbers: set[tuple[str, str]] = set()
        self._related: dict[int, list[int]] = {}
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    @contextmanager
    def present(self, at: datetime | None = None) -> Iterator[datetime]:
        """Hold the world still, up to date, and give the virtual instant.

        :param at: instant of what is done again; none for that of the clock.
        """
        with self._lock:
            # the machine's clock may have gone back since the last commit: this one never does
            now = self._last = max(self._last, at or self.clock.now())
            self.agenda.run_until(now)
            yield now

    def new_id(self) -> int:
        """Return an identifier never given before, for any kind of object."""
        self._next_id += 1
        return self._next_id

    def new_rank(self) -> int:
        """Return the next number in the ministry's and the DGFiP's file names."""
        self._next_rank += 1
        return self._next_rank

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
            self._numbers.add((siren, depot.number))
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

    def hand_over(self, id: int, pli: Pli, at: datetime) -> None:
        """Record an archive that the TdT gives to the ministry."""
        self.sent.append(Sending(at=at, transaction=id, pli=pli))

    def mark_read(self, id: int) -> None:
        """Take a letter off the list of unread ones; an unknown identifier changes nothing."""
        if id in self.transactions:
            self.transactions[id] = replace(self.transactions[id], unread=False)

    def number_used(self, siren: str, number: str) -> bool:
        """Whether the authority has ever used this number, whatever became of the act."""
        return (siren, number) in self._numbers

    def refresh_classification(self) -> bool:
        """Give the TdT the classification in force; return whether it changed."""
        changed = self.classification_date != self.ministry_classification
        self.classification_date = self.ministry_classification
        self.classification = retour_classification(self.ministry_classification, self._lists)
        return changed

    def ledger(self, now: datetime) -> dict[str, object]:
        """Describe everything that landed, for tests and for the demonstration."""
        return {
            "now": now.isoformat(),
            "day": paris_date(now).isoformat(),
            "actes": [_acte_line(t) for t in self.transactions.values() if t.depot],
            "exchanges": [_acte_line(t) for t in self.transactions.values() if not t.depot],
            "pes": [_pes_line(pes, now) for pes in self.pes.values()],
            "retours": [
                {"id": r.id, "siren": r.siren, "name": r.name, "unread": r.unread}
                for r in self.retours.values()
            ],
            "error_basket": len(self.error_basket),
            "sent": [_sending_line(sending) for sending in self.sent],
            "mails": [mail_line(mail) for mail in self.mails],
        }


def _derived(seed: int, what: str) -> int:
    return int(hashlib.sha256(f"{seed}:{what}".encode()).hexdigest()[:6], 16) % 7000


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
        "history": _history(pes.history),
    }


def _history(history: tuple[Step, ...]) -> list[dict[str, object]]:
    return [
        {"status": step.status, "message": step.message, "at": step.at.isoformat()}
        for step in history
    ]

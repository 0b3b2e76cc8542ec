"""The TdT, the ministry and the DGFiP within one process: what the tests without sockets use."""

from collections.abc import Iterator
from datetime import datetime

from demat.sandbox import reception
from demat.sandbox.dgfip import Dgfip, DropError
from demat.sandbox.liens import FILE, Arrival, DepotPes, Seen, file_entry, mail_entry
from demat.sandbox.ministere import Ministere
from demat.sandbox.ordres import RETOUR, order_dgfip, order_ministere

__all__ = ["LiensLocaux"]


class LiensLocaux:
    """Links that call."""

    def __init__(self, ministere: Ministere, dgfip: Dgfip) -> None:
        self.ministere = ministere
        self.dgfip = dgfip
        self._seen = Seen()

    def take(self, name: str, packed: bytes, at: datetime) -> str:
        """Hand an archive to the ministry."""
        with self.ministere.present(at):
            try:
                reception.take(self.ministere, name, packed, at)
            except reception.ReceptionError:
                return "400"
        return "200"

    def drop(self, depot: DepotPes, at: datetime) -> str:
        """Lay a PES at the DGFiP."""
        with self.dgfip.present(at):
            try:
                self.dgfip.drop(depot.name, depot.commands, depot.content, at)
            except DropError:
                return "400"
        return "200"

    def arrivals(self, until: datetime) -> Iterator[Arrival]:
        """Give what came since the last time."""
        with self.ministere.present(until):
            mails = list(self.ministere.mails(until, self._seen.last))
        for mail in mails:
            self._seen.add(mail.id)
            entry = mail_entry(mail.id, mail.at, mail.subject, mail.names, mail.content)
            yield Arrival(entry=entry)
        with self.dgfip.present(until):
            files = self.dgfip.waiting(until)
        for file in files:
            yield Arrival(entry=file_entry(file.id, file.name, file.at, file.siren, file.content))

    def forget(self, arrival: Arrival) -> None:
        """Take a file out of its folder; mails stay in their box."""
        if arrival.entry.kind == FILE:
            self.dgfip.sortie.pop(int(arrival.entry.head["id"]), None)

    def order(self, what: str, body: bytes, at: datetime) -> dict[str, object]:
        """Pass an order on."""
        if what == RETOUR:
            with self.dgfip.present(at):
                return order_dgfip(self.dgfip, what, body, at)
        with self.ministere.present(at):
            return order_ministere(self.ministere, what, body, at)

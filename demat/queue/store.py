"""The store of all authorities: deposits, transmissions, receipts, journal (architecture §4).

Its parts: ``preparing`` (up to packing), ``sending``, ``following`` (answers of the State),
``courriers`` (what the préfecture writes, what is sent about an acte), ``retours`` (what the
comptable did with each pièce), ``proofs`` (time-stamps, certificates), ``registers`` (numbers,
classifications, runs, publications), ``readings`` (questions), ``measures`` (supervision). States
of deposits and transmissions move in ``moves`` and ``claiming`` only, those of pièces in
``applying``, and only this package reaches the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demat.clock import Clock
from demat.queue.courriers import Courriers
from demat.queue.database import Database
from demat.queue.documents import DocumentStore
from demat.queue.following import Following
from demat.queue.measures import Measuring
from demat.queue.pace import Pace
from demat.queue.proofs import Proofs
from demat.queue.retours import Retours
from demat.queue.sending import Sending
from demat.queue.states import TransitionRefused

__all__ = ["Store", "TransitionRefused"]


class Store(Courriers, Sending, Following, Retours, Proofs, Measuring):
    """One database and one document store; safe between threads and between processes."""

    @classmethod
    def open(cls, url: str, documents: Path, clock: Clock, *, pace: Pace | None = None) -> "Store":
        """Open a store, making or migrating its database.

        :param url: SQLAlchemy address of the database, such as ``sqlite:////data/demat.db`` or
            ``postgresql+psycopg://demat@server/demat``.
        :param documents: folder of the document store.
        :param pace: limits of the sendings; none means that whatever is due may be claimed.
        :raises ConfigurationError: when the address is not one that demat can use.
        :raises FaultError: ``QUE-FOLDER``, ``QUE-DISK``, ``QUE-BUSY``, ``QUE-NEWER``,
            ``QUE-DATABASE_CORRUPT``, ``QUE-DRIVER``, ``QUE-UNREACHABLE``.
        """
        kept = DocumentStore(documents)
        return cls(Database(url), kept, clock, pace)

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Keep other processes from a kind of run; ``False`` when one of them is at it.

        Unlike the lease of a run, the lock needs no room on the disk to be released.
        """
        with self._database.alone(kind) as held:
            yield held

    def close(self) -> None:
        """Close the database."""
        self._database.close()

"""The store of all authorities: deposits, transmissions, receipts, journal (architecture §4).

Its parts: ``preparing`` (up to packing), ``sending``, ``following`` (answers of the State),
``courriers`` (what the préfecture writes, what is sent about an acte), ``retours`` (what the
comptable did with each pièce), ``proofs`` (time-stamps, certificates), ``restoring`` (what a backup
does not know), ``registers`` (numbers, classifications, runs, publications), ``readings``
(questions), ``measures`` (supervision). States of deposits and transmissions move in ``moves`` and
``claiming`` only, those of pièces in ``applying``, and only this package reaches the database.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from demat.clock import Clock
from demat.queue.courriers import Courriers
from demat.queue.database import Database
from demat.queue.documents import DocumentFolder, DocumentStore
from demat.queue.following import Following
from demat.queue.measures import Measuring
from demat.queue.moving import copy_to_file
from demat.queue.pace import Pace
from demat.queue.proofs import Proofs
from demat.queue.restoring import Restoring
from demat.queue.retours import Retours
from demat.queue.sending import Sending
from demat.queue.states import TransitionRefused

__all__ = ["Store", "TransitionRefused"]


class Store(Courriers, Sending, Following, Retours, Proofs, Restoring, Measuring):
    """One database and one document store; safe between threads and between processes."""

    @classmethod
    def open(
        cls, url: str, documents: Path | DocumentStore, clock: Clock, *, pace: Pace | None = None
    ) -> "Store":
        """Open a store, making or migrating its database.

        :param url: SQLAlchemy address of the database, such as ``sqlite:////data/demat.db`` or
            ``postgresql+psycopg://demat@server/demat``.
        :param documents: the document store, or its folder.
        :param pace: limits of the sendings; none means that whatever is due may be claimed.
        :raises ConfigurationError: when the address is not one that demat can use.
        :raises FaultError: ``QUE-FOLDER``, ``QUE-DISK``, ``QUE-BUSY``, ``QUE-NEWER``,
            ``QUE-DATABASE_CORRUPT``, ``QUE-DRIVER``, ``QUE-UNREACHABLE``.
        """
        kept = DocumentFolder(documents) if isinstance(documents, Path) else documents
        return cls(Database(url), kept, clock, pace)

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Keep other processes from a kind of run; ``False`` when one of them is at it.

        Unlike the lease of a run, the lock needs no room on the disk to be released.
        """
        with self._database.alone(kind) as held:
            yield held

    def snapshot(self, target: Path) -> None:
        """Write the last committed state of the database to an SQLite file, while others go on.

        :raises FaultError: ``QUE-DISK``, ``QUE-DATABASE_CORRUPT``, ``QUE-COPY``,
            ``QUE-JOURNAL_BROKEN``, ``QUE-UNREACHABLE``.
        """
        if not self._database.snapshot(target):
            copy_to_file(self._database, target)
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it

    def close(self) -> None:
        """Close the database."""
        self._database.close()

"""The store of all authorities: deposits, transmissions, receipts, journal (architecture §4).

Its parts: ``preparing`` (up to packing), ``sending``, ``following`` (answers of the State),
``courriers`` (what the préfecture writes, what is sent about an acte), ``retours`` (what the
comptable did with each pièce), ``proofs`` (time-stamps, certificates), ``registers`` (numbers,
classifications, runs, publications), ``readings`` (questions). States of deposits and transmissions
move in ``moves`` only, those of pièces in ``applying``, and only this package reaches the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demat.clock import Clock
from demat.queue.courriers import Courriers
from demat.queue.database import Database
from demat.queue.documents import DocumentFolder, DocumentStore
from demat.queue.following import Following
from demat.queue.lock import only_one
from demat.queue.proofs import Proofs
from demat.queue.retours import Retours
from demat.queue.sending import Sending
from demat.queue.states import TransitionRefused

__all__ = ["Store", "TransitionRefused"]


class Store(Courriers, Sending, Following, Retours, Proofs):
    """One database and one document store; safe between threads and between processes."""

    def __init__(
        self, database: Database, documents: DocumentStore, clock: Clock, locks: Path
    ) -> None:
        super().__init__(database, documents, clock)
        self._locks = locks

    @classmethod
    def open(
        cls, url: str, documents: Path | DocumentStore, clock: Clock, *, locks: Path | None = None
    ) -> "Store":
        """Open a store, making or migrating its database.

        :param url: SQLAlchemy address of the database, such as ``sqlite:////data/demat.db``.
        :param documents: the document store, or its folder.
        :param locks: folder of the locks between processes; none means that of the documents.
        :raises ConfigurationError: when the address is not one that demat can use.
        :raises FaultError: ``QUE-FOLDER``, ``QUE-DISK``, ``QUE-BUSY``, ``QUE-NEWER``,
            ``QUE-DATABASE_CORRUPT``.
        """
        kept = DocumentFolder(documents) if isinstance(documents, Path) else documents
        if locks is None:
            if not isinstance(kept, DocumentFolder):
                raise ValueError("documents that are in no folder need a folder for the locks")
            locks = kept.folder
        return cls(Database(url), kept, clock, locks)

    @contextmanager
    def alone(self, kind: str) -> Iterator[bool]:
        """Keep other processes from a kind of run; ``False`` when one of them is at it.

        Unlike the lease of a run, the lock needs no room on the disk to be released.
        """
        with only_one(self._locks / f".{kind}.verrou") as held:
            yield held

    def close(self) -> None:
        """Close the database."""
        self._database.close()

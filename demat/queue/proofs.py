"""Time-stamps, certificates and revocation lists, kept with what they judge (decision 10)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
)

from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import HORODATAGE, JOURNAL, PREUVE, RECEIPT, TRANSMISSION
from demat.queue.moves import NOTHING, locked_transmission, tell
from demat.queue.registers import Registers
from demat.queue.views import NewStamp, ProofView, StampView, TransmissionView, Unstamped

__all__ = ["ANCHOR", "FROZEN", "RECEIVED", "Proofs"]

FROZEN, RECEIVED, ANCHOR = "transmission", "recu", "journal"
"""What a time-stamp may be about: frozen bytes, an answer of the State, the journal."""
ANCHORED = "journal_stamped"
"""Entry of the journal that tells of a time-stamp on the journal."""


class Proofs(Registers):
    """What will prove, years later, what was sent and what was answered."""

    def unstamped(
        self, *, transmission_id: int | None = None, limit: int = 1000
    ) -> tuple[Unstamped, ...]:
        """Return the frozen bytes and the answers that have no time-stamp yet, oldest first."""
        both = union_all(_unstamped_flows(), _unstamped_receipts()).subquery()
        statement = select(both).order_by(both.c.transmission_id, both.c.rank).limit(limit)
        if transmission_id is not None:
            statement = statement.where(both.c.transmission_id == transmission_id)
        with self._database.reading() as connection:
            return tuple(
                Unstamped(objet=row.objet, transmission_id=row.transmission_id, sha256=row.sha256)
                for row in connection.execute(statement)
            )

    def record_stamp(self, stamp: NewStamp, *, proofs: Mapping[str, str] = NOTHING) -> bool:
        """Keep a time-stamp and tell the journal; ``False`` when that digest had one already.

        :param proofs: what else is bound to its transmission, as :meth:`keep_proofs`.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-UNKNOWN_TRANSMISSION``.
        """
        self._require_documents([stamp.token_sha256, *proofs])
        now = self._clock.now()
        row = {
            "objet": stamp.objet,
            "transmission_id": stamp.transmission_id,
            "first_entry": stamp.first_entry,
            "last_entry": stamp.last_entry,
            "sha256": stamp.sha256,
            "token_sha256": stamp.token_sha256,
            "instant": stamp.instant,
            "authority": stamp.authority,
            "at": now,
        }
        told = {
            "objet": stamp.objet,
            "sha256": stamp.sha256,
            "jeton": stamp.token_sha256,
            "instant": stamp.instant.isoformat(),
        }
        with self._database.writing() as connection:
            flow = None
            if stamp.transmission_id is not None:
                flow = locked_transmission(connection, stamp.transmission_id)
                _bind(connection, stamp.transmission_id, proofs, now)
            kept = insert_or_none(
                connection, insert(HORODATAGE).values(**row).returning(HORODATAGE.c.id)
            )
            if kept is None:
                return False
            if flow is not None:
                tell(connection, flow, "stamped", now, detail=told)
            else:
                told |= {"entrees": f"{stamp.first_entry}-{stamp.last_entry}"}
                entry = JournalEntry(at=now, collectivite="", action=ANCHORED, detail=told)
                append(connection, entry)
            return True

    def stamps(self, transmission_id: int) -> tuple[StampView, ...]:
        """Return the time-stamps of a transmission and of its answers, oldest first."""
        return self._stamps(
            select(HORODATAGE)
            .where(HORODATAGE.c.transmission_id == transmission_id)
            .order_by(HORODATAGE.c.id)
        )

    def anchors(self, entries: Iterable[int]) -> tuple[StampView, ...]:
        """Return the time-stamps of the journal under which entries lie, oldest first."""
        ranks = sorted(entries)
        if not ranks:
            return ()
        found = self._stamps(
            select(HORODATAGE)
            .where(
                HORODATAGE.c.objet == ANCHOR,
                HORODATAGE.c.last_entry >= ranks[0],
                HORODATAGE.c.first_entry <= ranks[-1],
            )
            .order_by(HORODATAGE.c.id)
        )
        return tuple(
            one
            for one in found
            if any((one.first_entry or 0) <= rank <= (one.last_entry or 0) for rank in ranks)
        )

    def all_anchors(self) -> tuple[StampView, ...]:
        """Return every time-stamp of the journal, oldest first."""
        mine = select(HORODATAGE).where(HORODATAGE.c.objet == ANCHOR)
        return self._stamps(mine.order_by(HORODATAGE.c.id))

    def unanchored(self) -> tuple[int, tuple[str, ...]]:
        """Return the first entry of the journal under no time-stamp, and the seals from there on.

        The entry that tells of the last time-stamp does not by itself call for another one.
        """
        done = select(func.max(HORODATAGE.c.last_entry)).where(HORODATAGE.c.objet == ANCHOR)
        with self._database.reading() as connection:
            first = (connection.execute(done).scalar() or 0) + 1
            rows = connection.execute(_seals(first, None)).all()
        if all(row.action == ANCHORED for row in rows):
            return first, ()
        return first, tuple(row.hash for row in rows)

    def seals(self, first: int, last: int) -> tuple[str, ...]:
        """Return the seals of the entries of the journal, from one to another."""
        with self._database.reading() as connection:
            return tuple(row.hash for row in connection.execute(_seals(first, last)))

    def keep_proofs(self, transmission_id: int, natures: Mapping[str, str]) -> None:
        """Bind certificates and revocation lists to a transmission; known ones change nothing.

        :param natures: by digest of the document, what it is.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-UNKNOWN_TRANSMISSION``.
        """
        self._require_documents(natures)
        with self._database.writing() as connection:
            locked_transmission(connection, transmission_id)
            _bind(connection, transmission_id, natures, self._clock.now())

    def proofs(self, transmission_id: int) -> tuple[ProofView, ...]:
        """Return the certificates and revocation lists bound to a transmission."""
        statement = (
            select(PREUVE)
            .where(PREUVE.c.transmission_id == transmission_id)
            .order_by(PREUVE.c.nature, PREUVE.c.sha256)
        )
        with self._database.reading() as connection:
            return tuple(
                ProofView(nature=row.nature, sha256=row.sha256, at=row.at)
                for row in connection.execute(statement)
            )

    def without_papers(
        self, collectivite: str, natures: Collection[str], *, since: datetime
    ) -> tuple[TransmissionView, ...]:
        """Return the acts acknowledged of late to which no document of those natures is bound.

        :param since: only those whose AR was recorded from then on.
        """
        bound = exists().where(
            PREUVE.c.transmission_id == RECEIPT.c.transmission_id,
            PREUVE.c.nature.in_(list(natures)),
        )
        acknowledged = select(RECEIPT.c.transmission_id).where(
            RECEIPT.c.received_at >= since, RECEIPT.c.kind == "ARActe", ~bound
        )
        return self._transmissions(collectivite, TRANSMISSION.c.id.in_(acknowledged))

    def _stamps(self, statement: Select[Any]) -> tuple[StampView, ...]:
        with self._database.reading() as connection:
            return tuple(_view(row) for row in connection.execute(statement))


def _bind(
    connection: Connection, transmission_id: int, natures: Mapping[str, str], now: datetime
) -> None:
    for sha256, nature in natures.items():
        row = {"transmission_id": transmission_id, "sha256": sha256}
        statement = insert(PREUVE).values(**row, nature=nature, at=now)
        insert_or_none(connection, statement.returning(PREUVE.c.sha256))


def _unstamped_flows() -> Select[Any]:
    stamped = exists().where(
        HORODATAGE.c.objet == FROZEN, HORODATAGE.c.transmission_id == TRANSMISSION.c.id
    )
    return select(
        literal(FROZEN).label("objet"),
        TRANSMISSION.c.id.label("transmission_id"),
        TRANSMISSION.c.sha256,
        literal(0).label("rank"),
    ).where(~stamped)


def _unstamped_receipts() -> Select[Any]:
    stamped = exists().where(
        HORODATAGE.c.objet == RECEIVED,
        HORODATAGE.c.transmission_id == RECEIPT.c.transmission_id,
        HORODATAGE.c.sha256 == RECEIPT.c.sha256,
    )
    return select(
        literal(RECEIVED).label("objet"),
        RECEIPT.c.transmission_id,
        RECEIPT.c.sha256,
        RECEIPT.c.id.label("rank"),
    ).where(~stamped)


def _seals(first: int, last: int | None) -> Select[Any]:
    before_end = true() if last is None else JOURNAL.c.id <= last
    statement = select(JOURNAL.c.hash, JOURNAL.c.action).where(JOURNAL.c.id >= first, before_end)
    return statement.order_by(JOURNAL.c.id)


def _view(row: Row[Any]) -> StampView:
    return StampView(
        id=row.id,
        objet=row.objet,
        transmission_id=row.transmission_id,
        first_entry=row.first_entry,
        last_entry=row.last_entry,
        sha256=row.sha256,
        token_sha256=row.token_sha256,
        instant=row.instant,
        authority=row.authority,
        at=row.at,
    )

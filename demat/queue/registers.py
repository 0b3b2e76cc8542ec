"""What the store writes down besides states: numbers, classifications, runs, publications."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from demat.faults import FaultError, Faults
from demat.queue.codec import dump, dump_faults
from demat.queue.database import insert_or_none
from demat.queue.documents import document_fault
from demat.queue.journal import JournalEntry, append
from demat.queue.model import (
    AUTHORITY,
    CLASSIFICATION,
    COUNTER,
    PUBLICATION,
    RUN,
    TRANSMISSION,
)
from demat.queue.readings import Readings
from demat.queue.rows import unknown
from demat.queue.states import TransitionRefused

__all__ = ["Registers", "ensure_authority"]

RUN_LEASE = timedelta(hours=6)
"""A run still open after that long is held for dead."""


class Registers(Readings):
    """The writes that move no state."""

    def next_serial(self, collectivite: str, counter: str, period: str) -> int:
        """Return the next number of a series, from 1; it is never given out again.

        :param period: when the series starts again, such as ``2026`` or ``2026-11-22``.
        """
        mine = (
            (COUNTER.c.collectivite == collectivite)
            & (COUNTER.c.counter == counter)
            & (COUNTER.c.period == period)
        )
        step = update(COUNTER).where(mine).values(value=COUNTER.c.value + 1)
        first = insert(COUNTER).values(
            collectivite=collectivite, counter=counter, period=period, value=1
        )
        with self._database.writing() as connection:
            row = connection.execute(step.returning(COUNTER.c.value)).one_or_none()
            if row is None:
                row = insert_or_none(connection, first.returning(COUNTER.c.value))
            if row is None:  # another process opened the series in between
                row = connection.execute(step.returning(COUNTER.c.value)).one()
            return int(row.value)

    def last_serial(self, collectivite: str, counter: str, period: str) -> int:
        """Return the last number that was given out of a series; 0 when none was."""
        statement = select(COUNTER.c.value).where(
            COUNTER.c.collectivite == collectivite,
            COUNTER.c.counter == counter,
            COUNTER.c.period == period,
        )
        with self._database.reading() as connection:
            return int(connection.execute(statement).scalar() or 0)

    def tell(
        self,
        collectivite: str,
        action: str,
        detail: Mapping[str, str],
        *,
        deposit_id: int | None = None,
    ) -> None:
        """Write in the journal something about an authority, or one of its deposits."""
        entry = JournalEntry(
            at=self._clock.now(),
            collectivite=collectivite,
            deposit_id=deposit_id,
            action=action,
            detail=detail,
        )
        with self._database.writing() as connection:
            append(connection, entry)

    def install_classification(self, collectivite: str, day: date, sha256: str) -> None:
        """Make a classification the current one; installing the current one again does nothing.

        :raises FaultError: ``QUE-DOCUMENT_MISSING`` when its bytes are not in the document store.
        """
        self._require_documents([sha256])
        current = self.classification(collectivite)
        if current is not None and (current.day, current.sha256) == (day, sha256):
            return
        now = self._clock.now()
        with self._database.writing() as connection:
            connection.execute(
                insert(CLASSIFICATION).values(
                    collectivite=collectivite, day=day, sha256=sha256, installed_at=now
                )
            )
            detail = {"jour": day.isoformat(), "sha256": sha256}
            append(
                connection,
                JournalEntry(
                    at=now, collectivite=collectivite, action="classification", detail=detail
                ),
            )

    def confirm_classification(self, collectivite: str, *, announced: date | None = None) -> None:
        """Write down that the current classification was found to be in force, or outdated.

        :param announced: date of a newer one; none says that it is still in force.
        """
        current = (
            select(func.max(CLASSIFICATION.c.id))
            .where(CLASSIFICATION.c.collectivite == collectivite)
            .scalar_subquery()
        )
        values = {"announced": announced} if announced else {"checked_at": self._clock.now()}
        with self._database.writing() as connection:
            connection.execute(
                update(CLASSIFICATION).where(CLASSIFICATION.c.id == current).values(**values)
            )

    def begin_run(
        self,
        kind: str,
        scheduled_for: datetime | None,
        *,
        lease: timedelta = RUN_LEASE,
        alone: bool = False,
    ) -> int | None:
        """Open a run, or return ``None``: one is under way, or that scheduled time was done.

        A run whose process died stops counting once its lease is over, and its scheduled time may
        then be run again.

        :param alone: the caller holds the lock of this kind (``Store.alone``): a run that is still
            open is dead, whatever its lease.
        """
        now = self._clock.now()
        dead = (RUN.c.kind == kind) & (RUN.c.running == 1)
        if not alone:
            dead &= RUN.c.lease_until <= now
        opening = insert(RUN).values(
            kind=kind,
            scheduled_for=scheduled_for,
            slot=scheduled_for,
            running=1,
            started_at=now,
            lease_until=now + lease,
            lost=False,
            report="{}",
        )
        with self._database.writing() as connection:
            connection.execute(
                update(RUN).where(dead).values(running=None, slot=None, lost=True, ended_at=now)
            )
            row = insert_or_none(connection, opening.returning(RUN.c.id))
            return None if row is None else int(row.id)

    def end_run(self, run_id: int, report: Mapping[str, Any]) -> None:
        """Close a run with what it did.

        :raises TransitionRefused: when it is closed already, or was held for dead.
        """
        with self._database.writing() as connection:
            ended = connection.execute(
                update(RUN)
                .where(RUN.c.id == run_id, RUN.c.running == 1)
                .values(running=None, ended_at=self._clock.now(), report=dump(dict(report)))
                .returning(RUN.c.id)
            ).one_or_none()
            if ended is None:
                raise TransitionRefused(
                    subject=f"run {run_id}", current="not running", allowed=["running"], to="ended"
                )

    def record_publication(
        self, transmission_id: int, *, first_published: datetime, url: str, sha256: str
    ) -> None:
        """Write down where an acte is on line; the date of the first time is kept for ever.

        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        now = self._clock.now()
        shown = {"url": url, "sha256": sha256, "updated_at": now}
        with self._database.writing() as connection:
            collectivite, deposit_id = _owner(connection, transmission_id)
            inserted = insert_or_none(
                connection,
                insert(PUBLICATION)
                .values(
                    transmission_id=transmission_id,
                    collectivite=collectivite,
                    first_published=first_published,
                    withdrawal_reason="",
                    **shown,
                )
                .returning(PUBLICATION.c.transmission_id),
            )
            if inserted is None:
                connection.execute(
                    update(PUBLICATION)
                    .where(PUBLICATION.c.transmission_id == transmission_id)
                    .values(withdrawn_at=None, withdrawal_reason="", **shown)
                )
            append(
                connection,
                JournalEntry(
                    at=now,
                    collectivite=collectivite,
                    deposit_id=deposit_id,
                    transmission_id=transmission_id,
                    action="published",
                    detail={"url": url, "sha256": sha256},
                ),
            )

    def withdraw_publication(self, transmission_id: int, *, reason: str, who: str) -> None:
        """Write down that an acte was taken off line; what was published stays on record.

        :raises TransitionRefused: when it is not on line.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            collectivite, deposit_id = _owner(connection, transmission_id)
            withdrawn = connection.execute(
                update(PUBLICATION)
                .where(
                    PUBLICATION.c.transmission_id == transmission_id,
                    PUBLICATION.c.withdrawn_at.is_(None),
                )
                .values(withdrawn_at=now, withdrawal_reason=reason, updated_at=now)
                .returning(PUBLICATION.c.transmission_id)
            ).one_or_none()
            if withdrawn is None:
                raise TransitionRefused(
                    subject=f"publication of transmission {transmission_id}",
                    current="not on line",
                    allowed=["published"],
                    to="withdrawn",
                )
            append(
                connection,
                JournalEntry(
                    at=now,
                    collectivite=collectivite,
                    deposit_id=deposit_id,
                    transmission_id=transmission_id,
                    action="withdrawn",
                    detail={"motif": reason, "par": who},
                ),
            )

    def _require_documents(self, digests: Iterable[str]) -> None:
        missing = [sha256 for sha256 in digests if not self.documents.has(sha256)]
        if missing:
            raise FaultError(Faults(document_fault("QUE-DOCUMENT_MISSING", one) for one in missing))


def ensure_authority(connection: Connection, collectivite: str) -> None:
    """Make the row that holds the turn and the pause of an authority, unless it is there."""
    insert_or_none(
        connection,
        insert(AUTHORITY)
        .values(collectivite=collectivite, served_rank=0, pause_fault=dump_faults(Faults()))
        .returning(AUTHORITY.c.collectivite),
    )


def _owner(connection: Connection, transmission_id: int) -> tuple[str, int]:
    row = connection.execute(
        select(TRANSMISSION.c.collectivite, TRANSMISSION.c.deposit_id).where(
            TRANSMISSION.c.id == transmission_id
        )
    ).one_or_none()
    if row is None:
        raise unknown("TRANSMISSION", transmission_id)
    return row.collectivite, row.deposit_id

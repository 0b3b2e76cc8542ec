"""What the supervision asks of the store: how much waits and since when, the end of the journal.

Each question reads what is unfinished, not what is done: it costs the same with a million flows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, or_, select, text, update

from demat.faults import Faults
from demat.queue import journal as chain
from demat.queue.documents import document_fault
from demat.queue.model import (
    AWAITS_ANSWER,
    DEPOSIT,
    DEPOSIT_FILE,
    IS_OPEN,
    IS_UNDELIVERED,
    JOURNAL_HEAD,
    LINE,
    RUN,
    TRANSMISSION,
)
from demat.queue.pace import Plage
from demat.queue.readings import Readings, run_view
from demat.queue.states import DeliveryState
from demat.queue.views import PauseView, RunView

__all__ = ["Backlog", "LineState", "Measures", "Measuring", "Waiting"]

_RECENT_RUNS = 5_000
"""Runs that are looked at: with a thousand authorities, those of the last five nights."""
_END_OF_JOURNAL = 200
"""Entries whose seals are verified at each look."""
_DOUBT = TRANSMISSION.c.unknown_since


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Flows of one authority that wait for the same thing."""

    collectivite: str
    flux: str
    state: str
    """A ``DeliveryState``; ``deposited``: the State has not answered."""
    count: int
    since: datetime
    """Instant of the oldest, UTC: packed, handed over, since when an outcome is unknown, or changed
    for the last time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineState:
    """How one line is."""

    name: str
    failures: int
    """Sendings in a row that it did not answer."""
    shut_until: datetime | None
    """Nothing leaves by it before, UTC."""

    def shut(self, now: datetime) -> bool:
        """Tell whether nothing leaves by it for the moment, because it did not answer."""
        return self.shut_until is not None and self.shut_until > now


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Tasks of one name that could begin, and wait for a worker."""

    task: str
    count: int
    seconds: float
    """How long the oldest of them has waited; 0 when there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measures:
    """One look at the whole store."""

    waiting: tuple[Waiting, ...]
    """By authority, flux and state; ``refused`` and ``abandoned`` are counted too."""
    deposits: dict[str, int]
    """Deposits whose preparation is unfinished, by ``DepositState``."""
    pauses: tuple[PauseView, ...]
    """Authorities whose flows wait, for instance because their certificate was refused."""
    lines: tuple[LineState, ...]
    """Every line."""
    nights: tuple[RunView, ...]
    """The last run of each kind asked for that ended, of late."""
    journal_entries: int
    """How many entries the journal has."""
    transmissions: int
    """Highest number of a transmission: how many there have ever been, or nearly."""


class Measuring(Readings):
    """The questions of the supervision."""

    def measures(self, kind: str) -> Measures:
        """Look at everything at once.

        :param kind: kind of the runs to tell of; ``kind:…`` are told too.
        """
        with self._database.reading() as connection:
            measured = Measures(
                waiting=(*_counted(connection), *_unanswered(connection)),
                deposits=_open_deposits(connection),
                pauses=(),
                lines=tuple(_lines(connection)),
                nights=tuple(_last_runs(connection, kind)),
                journal_entries=connection.execute(select(JOURNAL_HEAD.c.entries)).scalar() or 0,
                transmissions=connection.execute(select(func.max(TRANSMISSION.c.id))).scalar() or 0,
            )
        return replace(measured, pauses=self.pauses())

    def quiet_windows(self, line: str) -> tuple[Plage, ...]:
        """Return the windows during which nothing leaves by a line."""
        return () if self._pace is None else self._pace.of(line).quiet

    def verify_journal_end(self) -> Faults:
        """Verify the last entries of the journal; ``QUE-JOURNAL_BROKEN`` for each altered one.

        Quick, whatever the length of the journal; ``verify_journal`` reads all of it.
        """
        with self._database.reading() as connection:
            return chain.verify_end(connection, _END_OF_JOURNAL)

    def try_documents(self) -> Faults:
        """Look for the document that was kept last; ``QUE-DOCUMENT_MISSING`` when it is gone.

        :raises FaultError: nobody can tell.
        """
        newest = select(func.max(DEPOSIT_FILE.c.deposit_id)).scalar_subquery()
        last = select(DEPOSIT_FILE.c.sha256).where(DEPOSIT_FILE.c.deposit_id == newest).limit(1)
        with self._database.reading() as connection:
            sha256 = connection.execute(last).scalar()
        if sha256 is None or self.documents.has(sha256):
            return Faults()
        return Faults([document_fault("QUE-DOCUMENT_MISSING", sha256)])

    def try_writing(self) -> None:
        """Open a transaction that may write, and change nothing.

        :raises FaultError: ``QUE-DISK``, ``QUE-BUSY``…: nothing can be recorded.
        """
        with self._database.writing() as connection:
            connection.execute(update(JOURNAL_HEAD).where(JOURNAL_HEAD.c.id == 0).values(id=0))


def _counted(connection: Connection) -> Iterator[Waiting]:
    unsent = (DeliveryState.TODO.value, DeliveryState.DOING.value)
    columns = (TRANSMISSION.c.delivery, TRANSMISSION.c.collectivite, TRANSMISSION.c.flux)
    statement = (
        select(
            *columns,
            func.count().label("number"),
            func.min(TRANSMISSION.c.created_at).label("created"),
            func.min(func.coalesce(_DOUBT, TRANSMISSION.c.updated_at)).label("changed"),
        )
        .where(text(IS_UNDELIVERED))
        .group_by(*columns)
    )
    for row in connection.execute(statement):
        yield Waiting(
            collectivite=row.collectivite,
            flux=row.flux,
            state=row.delivery,
            count=row.number,
            since=row.created if row.delivery in unsent else row.changed,
        )


def _unanswered(connection: Connection) -> Iterator[Waiting]:
    columns = (TRANSMISSION.c.collectivite, TRANSMISSION.c.flux)
    statement = (
        select(
            *columns,
            func.count().label("number"),
            func.min(TRANSMISSION.c.deposited_at).label("since"),
        )
        .where(text(AWAITS_ANSWER), TRANSMISSION.c.etat_negative.is_(False))
        .group_by(*columns)
    )
    for row in connection.execute(statement):
        yield Waiting(
            collectivite=row.collectivite,
            flux=row.flux,
            state=DeliveryState.DEPOSITED.value,
            count=row.number,
            since=row.since,
        )


def _lines(connection: Connection) -> Iterator[LineState]:
    for row in connection.execute(select(LINE).order_by(LINE.c.name)):
        yield LineState(name=row.name, failures=row.failures, shut_until=row.shut_until)


def _open_deposits(connection: Connection) -> dict[str, int]:
    state = DEPOSIT.c.state
    statement = select(state, func.count()).where(text(IS_OPEN)).group_by(state)
    return {name: number for name, number in connection.execute(statement)}


def _last_runs(connection: Connection, kind: str) -> Iterator[RunView]:
    recent = (
        RUN.c.id > (connection.execute(select(func.max(RUN.c.id))).scalar() or 0) - _RECENT_RUNS
    )
    last = (
        select(func.max(RUN.c.id))
        .where(
            recent,
            or_(RUN.c.kind == kind, RUN.c.kind.startswith(f"{kind}:", autoescape=True)),
            RUN.c.ended_at.is_not(None),
            RUN.c.lost.is_(False),
        )
        .group_by(RUN.c.kind)
    )
    for row in connection.execute(select(RUN).where(RUN.c.id.in_(last)).order_by(RUN.c.kind)):
        yield run_view(row)

"""What a restored database must not believe: that nothing happened since it was backed up.

Between a backup and a disaster flows leave, numbers are given, answers are taken. So what was to
leave is asked about before it is sent, numbers start again far ahead, and what was perhaps handed
in meanwhile is known by its digest.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, exists, func, insert, not_, or_, select, update

from demat.clock import PARIS
from demat.faults import Fault, Faults
from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import COUNTER, COURRIER, DEPOSIT, DEPOSIT_FILE, DOUTE, RUN, TRANSMISSION
from demat.queue.moves import DeliveryMove, DepositMove, move_delivery, move_deposit
from demat.queue.registers import Registers
from demat.queue.rows import by_keys, delivery_in, floor_of, moved_view
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import DepositView, RestorationView, TransmissionView

__all__ = ["RESTORED", "Restoring"]

RESTORED = "restored"
"""Entry of the journal, and kind of run: the database was restored from a backup."""
AHEAD = 1000
"""How far ahead numbers start again, at least."""
DAILY_AHEAD = 200
"""How far ahead the serial numbers of the day start again: a day has 999 NomFic."""
_BUSY = timedelta(days=31)
"""What was numbered in that time before the backup says how much may have been since."""

_MAY_HAVE_LEFT = frozenset({DeliveryState.TODO, DeliveryState.DOING})
_OPEN = frozenset(state for state in DepositState if not state.final)
_NUMBERED = {
    "deposit": (DEPOSIT, DEPOSIT.c.received_at),
    "transmission": (TRANSMISSION, TRANSMISSION.c.created_at),
    "courrier": (COURRIER, COURRIER.c.received_at),
}


class Restoring(Registers):
    """Restorations."""

    def record_restoration(
        self,
        *,
        backup_at: datetime,
        entries: int,
        doubts: Iterable[str],
        series: Mapping[str, str],
        collectivites: Iterable[str],
    ) -> tuple[TransmissionView, ...]:
        """Make a database that was just copied from a backup fit to be used; all of it or nothing.

        What was to leave, or leaving, is suspended: it is sent again only once the other side says
        that it does not hold it. What was suspended already waits as long before it is asked about:
        it may have been offered again since the backup. Deposits that were being prepared go back
        to their agents: they may have been signed and sent since. What had come back to them before
        may have been handed in again as it was. No number that may have been given is given again.

        :param backup_at: when the backup was made.
        :param entries: how many entries its journal has.
        :param doubts: digests of files that were perhaps handed in since.
        :param series: for each serial number, the period that is running.
        :param collectivites: authorities that may have been given some.
        :returns: what is suspended now.
        """
        now = self._clock.now()
        said = {"sauvegarde_du": backup_at.isoformat(), "entrees": str(entries)}
        with self._database.writing() as connection:
            append(connection, JournalEntry(at=now, collectivite="", action=RESTORED, detail=said))
            connection.execute(
                insert(RUN).values(
                    kind=RESTORED,
                    scheduled_for=backup_at,
                    slot=None,
                    running=None,
                    started_at=now,
                    lease_until=now,
                    ended_at=now,
                    lost=False,
                    report="{}",
                )
            )
            for table, made_at in _NUMBERED.values():
                _start_ahead(connection, table, made_at, backup_at)
            for collectivite in collectivites:
                for counter, period in series.items():
                    _skip(connection, collectivite, counter, period)
            _give_back(connection, backup_at, now)
            _doubt(connection, {*doubts, *_came_back(connection)}, now)
            return _suspend(connection, backup_at, now)

    def restoration(self) -> RestorationView | None:
        """Return the last restoration, if there was one."""
        found = self.last_run(RESTORED)
        if found is None or found.scheduled_for is None:
            return None
        return RestorationView(at=found.started_at, backup_at=found.scheduled_for)

    def doubtful(self, digests: Iterable[str]) -> frozenset[str]:
        """Return which files, of those, were perhaps handed in between a backup and a disaster."""
        with self._database.reading() as connection:
            found = by_keys(connection, select(DOUTE.c.sha256), DOUTE.c.sha256, digests)
            return frozenset(row.sha256 for row in found)

    def given_back(self) -> tuple[DepositView, ...]:
        """Return the deposits that the last restoration gave back and nothing has replaced yet."""
        return tuple(
            deposit
            for deposit in self.deposits(states=(DepositState.RETURNED,))
            if "QUE-RESTORED_DEPOSIT" in deposit.faults.codes and deposit.replaced_by is None
        )


def _suspend(
    connection: Connection, backup_at: datetime, now: datetime
) -> tuple[TransmissionView, ...]:
    connection.execute(
        update(TRANSMISSION).where(delivery_in({DeliveryState.SUSPENDED})).values(updated_at=now)
    )
    waiting = select(TRANSMISSION.c.id).where(delivery_in(_MAY_HAVE_LEFT))
    moved = []
    for number in connection.execute(waiting.order_by(TRANSMISSION.c.id)).scalars().all():
        params = {"numero": str(number), "instant": _moment(backup_at)}
        move = DeliveryMove(
            to=DeliveryState.SUSPENDED,
            sources=_MAY_HAVE_LEFT,
            action=RESTORED,
            faults=Faults([Fault(code="QUE-RESTORED", params=params)]),
        )
        moved.append(moved_view(connection, move_delivery(connection, number, move, now)))
    return tuple(moved)


def _came_back(connection: Connection) -> frozenset[str]:
    """Return the digests of the files that agents had to look at, and that nothing has replaced."""
    newer = DEPOSIT.alias("newer")
    refused = exists().where(
        TRANSMISSION.c.deposit_id == DEPOSIT.c.id,
        or_(
            TRANSMISSION.c.delivery == DeliveryState.REFUSED.value,
            TRANSMISSION.c.etat_negative.is_(True),
        ),
    )
    files = (
        select(DEPOSIT_FILE.c.sha256)
        .join(DEPOSIT, DEPOSIT.c.id == DEPOSIT_FILE.c.deposit_id)
        .where(
            or_(DEPOSIT.c.state == DepositState.RETURNED.value, refused),
            not_(exists().where(newer.c.replaces == DEPOSIT.c.id)),
        )
    )
    return frozenset(connection.execute(files).scalars())


def _give_back(connection: Connection, backup_at: datetime, now: datetime) -> None:
    open_ = select(DEPOSIT.c.id, DEPOSIT.c.name).where(
        DEPOSIT.c.state.in_([state.value for state in _OPEN])
    )
    for row in connection.execute(open_.order_by(DEPOSIT.c.id)).all():
        params = {"name": row.name, "instant": _moment(backup_at)}
        move = DepositMove(
            to=DepositState.RETURNED,
            sources=_OPEN,
            faults=Faults([Fault(code="QUE-RESTORED_DEPOSIT", params=params)]),
        )
        move_deposit(connection, row.id, move, now)


def _start_ahead(connection: Connection, table: Table, made_at: Any, backup_at: datetime) -> None:
    last = connection.execute(select(func.max(table.c.id))).scalar() or 0
    recent = select(func.count()).where(made_at > backup_at - _BUSY)
    made = connection.execute(recent).scalar_one()
    floor = -(-(last + max(AHEAD, made)) // AHEAD) * AHEAD  # a round number, further ahead
    _raise_to(connection, "", floor_of(table), "", max(floor, AHEAD))


def _skip(connection: Connection, collectivite: str, counter: str, period: str) -> None:
    given = select(COUNTER.c.value).where(
        COUNTER.c.collectivite == collectivite,
        COUNTER.c.counter == counter,
        COUNTER.c.period == period,
    )
    value = connection.execute(given).scalar() or 0
    _raise_to(connection, collectivite, counter, period, value + DAILY_AHEAD)


def _raise_to(
    connection: Connection, collectivite: str, counter: str, period: str, value: int
) -> None:
    key = {"collectivite": collectivite, "counter": counter, "period": period}
    made = insert(COUNTER).values(**key, value=value).returning(COUNTER.c.value)
    if insert_or_none(connection, made) is None:
        mine = [getattr(COUNTER.c, name) == text for name, text in key.items()]
        connection.execute(
            update(COUNTER).where(*mine, COUNTER.c.value < value).values(value=value)
        )


def _doubt(connection: Connection, doubts: Iterable[str], now: datetime) -> None:
    wanted = sorted(set(doubts))
    known = {
        row.sha256 for row in by_keys(connection, select(DOUTE.c.sha256), DOUTE.c.sha256, wanted)
    }
    new = [{"sha256": sha256, "at": now} for sha256 in wanted if sha256 not in known]
    if new:
        connection.execute(insert(DOUTE), new)


def _moment(at: datetime) -> str:
    """Say an instant as a person does, in Paris."""
    return f"{at.astimezone(PARIS):%d/%m/%Y à %H:%M}"

"""What can be asked of the store; nothing here writes."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    Row,
    Select,
    and_,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
)

from demat.clock import Clock, paris_date
from demat.faults import Fault, Faults
from demat.helios.pieces import EtatPiece
from demat.queue import journal as chain
from demat.queue.codec import load, load_faults
from demat.queue.database import Database
from demat.queue.documents import DocumentStore, document_fault
from demat.queue.model import (
    AUTHORITY,
    AWAITS_ANSWER,
    CLASSIFICATION,
    DEPOSIT,
    IS_OPEN,
    JOURNAL,
    PIECE,
    PUBLICATION,
    RECEIPT,
    RUN,
    TRANSMISSION,
    USED_KEY,
)
from demat.queue.pace import Pace
from demat.queue.references import references, to_be_sent
from demat.queue.rows import (
    Condition,
    by_keys,
    delivery_in,
    delivery_is,
    deposit_views,
    one_deposit,
    one_transmission,
    publication_view,
    transmission_views,
)
from demat.queue.states import DeliveryState, DepositState, Selection
from demat.queue.views import (
    ClassificationView,
    DepositView,
    JournalView,
    PauseView,
    PublicationView,
    ReceiptView,
    RunView,
    TransmissionView,
    UsedKey,
)

__all__ = ["CLOCK_VERIFIED", "Readings", "run_view", "use_told"]

CLOCK_VERIFIED = "clock_verified"
"""Entry of the journal: somebody vouches for the clock, whatever the instants told before."""
_RECENT = 10_000
"""How many entries of the journal are looked at: a judgment on the clock must stay quick."""

_DEPOSITED = delivery_is(DeliveryState.DEPOSITED)
_AWAITED = cast(Condition, text(AWAITS_ANSWER))  # word for word, as its index has it
_FAVOURABLE = and_(_DEPOSITED, TRANSMISSION.c.etat_negative.is_(False))
_WENT_WRONG = or_(
    TRANSMISSION.c.delivery == literal_column("'refused'"), text("transmission.etat_negative")
)
"""``WENT_WRONG``, whose index serves."""

_SELECTIONS: dict[Selection, Condition] = {
    Selection.WAITING: delivery_in([DeliveryState.TODO, DeliveryState.DOING]),
    Selection.SENT: and_(_AWAITED, TRANSMISSION.c.etat_negative.is_(False)),
    Selection.ACKNOWLEDGED: and_(_FAVOURABLE, TRANSMISSION.c.etat_final.is_(True)),
    Selection.REFUSED: _WENT_WRONG,
    Selection.SUSPENDED: delivery_is(DeliveryState.SUSPENDED),
    Selection.LANDED: delivery_is(DeliveryState.LANDED),
    Selection.ABANDONED: delivery_is(DeliveryState.ABANDONED),
    Selection.ALL: true(),
}


_RETOUR = "PES_Retour du comptable"


def use_told(day: date, by: str) -> str:
    """Say to an agent when and by what a number was used."""
    return f"{day:%d/%m/%Y}, {by}"


class Readings:
    """The questions, on one database and one document store."""

    def __init__(
        self,
        database: Database,
        documents: DocumentStore,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pace = pace
        self.documents = documents
        """Where the bytes are kept."""

    def deposit(self, deposit_id: int) -> DepositView:
        """Return one deposit.

        :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
        """
        with self._database.reading() as connection:
            return one_deposit(connection, deposit_id)

    def deposits(
        self,
        *,
        collectivite: str | None = None,
        states: Iterable[DepositState] | None = None,
    ) -> tuple[DepositView, ...]:
        """Return the deposits, oldest first."""
        conditions: list[Condition] = []
        if collectivite is not None:
            conditions.append(DEPOSIT.c.collectivite == collectivite)
        if states is not None:
            conditions.append(DEPOSIT.c.state.in_([state.value for state in states]))
        with self._database.reading() as connection:
            return deposit_views(connection, *conditions)

    def find_open_return(self, collectivite: str, name: str) -> DepositView | None:
        """Return the deposit that a new one of the same name corrects, if there is one.

        It is the latest of that name that was returned, or of which a transmission was refused or
        got an unfavourable answer, and that nothing has replaced yet.
        """
        newer = DEPOSIT.alias("newer")
        heir = TRANSMISSION.alias("heir")
        gone_wrong = exists().where(
            TRANSMISSION.c.deposit_id == DEPOSIT.c.id,
            _WENT_WRONG,
            ~exists().where(heir.c.supersedes == TRANSMISSION.c.id),
        )
        latest = (
            select(func.max(DEPOSIT.c.id))
            .where(
                DEPOSIT.c.collectivite == collectivite,
                DEPOSIT.c.name == name,
                or_(DEPOSIT.c.state == DepositState.RETURNED.value, gone_wrong),
                ~exists().where(newer.c.replaces == DEPOSIT.c.id),
            )
            .scalar_subquery()
        )
        with self._database.reading() as connection:
            found = connection.execute(select(latest)).scalar()
            return None if found is None else one_deposit(connection, found)

    def transmission(self, transmission_id: int) -> TransmissionView:
        """Return one transmission.

        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        with self._database.reading() as connection:
            return one_transmission(connection, transmission_id)

    def transmissions(
        self,
        *,
        collectivite: str | None = None,
        flux: str | None = None,
        selection: Selection | None = None,
        deposit_id: int | None = None,
    ) -> tuple[TransmissionView, ...]:
        """Return the transmissions, oldest first; those of one deposit are in order of sending."""
        conditions = [_SELECTIONS[selection or Selection.ALL]]
        if deposit_id is not None:
            conditions.append(TRANSMISSION.c.deposit_id == deposit_id)
        if flux is not None:
            conditions.append(TRANSMISSION.c.flux == flux)
        return self._transmissions(collectivite, *conditions)

    def refused_untold(self, collectivite: str, action: str) -> tuple[TransmissionView, ...]:
        """Return what was refused, that nothing corrects yet, and that the journal has no entry of.

        :param action: what is written down (:meth:`note`) once an agent was told of a refusal.
        """
        told = exists().where(
            JOURNAL.c.transmission_id == TRANSMISSION.c.id, JOURNAL.c.action == action
        )
        views = self._transmissions(collectivite, _WENT_WRONG, not_(told))
        return tuple(view for view in views if view.superseded_by is None)

    def awaiting_answer(self, *, collectivite: str | None = None) -> tuple[TransmissionView, ...]:
        """Return what the other side took and the State has not answered for good."""
        return self._transmissions(collectivite, _AWAITED)

    def suspended(self, *, collectivite: str | None = None) -> tuple[TransmissionView, ...]:
        """Return what was perhaps received."""
        return self._transmissions(collectivite, _SELECTIONS[Selection.SUSPENDED])

    def unsettled(self, *, collectivite: str | None = None) -> tuple[TransmissionView, ...]:
        """Return what was perhaps received, and what was under a number that is not known."""
        states = [state.value for state in DeliveryState.unsettled()]
        return self._transmissions(collectivite, TRANSMISSION.c.delivery.in_(states))

    def by_key(self, collectivite: str, flux: str, key: str) -> TransmissionView | None:
        """Return the latest transmission of that IDActe or NomFic."""
        condition = and_(TRANSMISSION.c.flux == flux, TRANSMISSION.c.key == key)
        views = self._transmissions(collectivite, condition)
        return views[-1] if views else None

    def by_reference(self, collectivite: str, flux: str, reference: str) -> TransmissionView | None:
        """Return the transmission that the other side gave that number, if there is one."""
        condition = and_(TRANSMISSION.c.flux == flux, TRANSMISSION.c.reference == reference)
        views = self._transmissions(collectivite, condition)
        return views[-1] if views else None

    def by_file_name(self, collectivite: str, file_name: str) -> TransmissionView | None:
        """Return the transmission that travels under that name, if there is one."""
        views = self._transmissions(collectivite, TRANSMISSION.c.file_name == file_name)
        return views[-1] if views else None

    def receipts(self, transmission_id: int) -> tuple[ReceiptView, ...]:
        """Return the answers of the State, in the order they were recorded."""
        statement = (
            select(RECEIPT)
            .where(RECEIPT.c.transmission_id == transmission_id)
            .order_by(RECEIPT.c.id)
        )
        with self._database.reading() as connection:
            return tuple(
                ReceiptView(
                    id=row.id,
                    transmission_id=row.transmission_id,
                    kind=row.kind,
                    name=row.name,
                    sha256=row.sha256,
                    message_date=row.message_date,
                    received_at=row.received_at,
                    etat=row.etat,
                    faults=load_faults(row.faults),
                    detail=load(row.detail),
                )
                for row in connection.execute(statement)
            )

    def journal(
        self, *, transmission_id: int | None = None, deposit_id: int | None = None
    ) -> tuple[JournalView, ...]:
        """Return the entries, oldest first; those of a transmission also name its deposit."""
        statement = select(JOURNAL).order_by(JOURNAL.c.id)
        if transmission_id is not None:
            statement = statement.where(JOURNAL.c.transmission_id == transmission_id)
        if deposit_id is not None:
            statement = statement.where(JOURNAL.c.deposit_id == deposit_id)
        with self._database.reading() as connection:
            return tuple(chain.view(row) for row in connection.execute(statement))

    def latest_instant(self) -> datetime | None:
        """Return the latest instant that the journal told of late, UTC; ``None`` when it is empty.

        Time goes on from there, unless the clock of this computer was set back. What was told
        before somebody vouched for the clock does not count, nor what is far behind.
        """
        number, recent = JOURNAL.c.id, JOURNAL.c.id > self._count() - _RECENT
        vouched = select(func.max(number)).where(recent, JOURNAL.c.action == CLOCK_VERIFIED)
        since = number >= func.coalesce(vouched.scalar_subquery(), 0)
        with self._database.reading() as connection:
            latest = connection.execute(select(func.max(JOURNAL.c.at)).where(recent, since))
            found = latest.scalar_one()
        return None if found is None else datetime.fromisoformat(found)

    def _count(self) -> int:
        with self._database.reading() as connection:
            return connection.execute(select(func.max(JOURNAL.c.id))).scalar_one() or 0

    def verify_journal(self) -> Faults:
        """Read the whole journal again; ``QUE-JOURNAL_BROKEN`` for each entry that was altered."""
        with self._database.reading() as connection:
            return chain.verify(connection)

    def verify_documents(
        self, *, whole: bool = True, progress: Callable[[int, int], None] | None = None
    ) -> Faults:
        """Look for every document that the store refers to.

        :param whole: read each of them; else those that are still to leave, and see that the others
            are there.
        :param progress: told how many were looked for, of how many.
        :returns: ``QUE-DOCUMENT_…``, by digest; the source is the name of the file.
        :raises FaultError: ``QUE-S3_…`` when nobody can tell.
        """
        with self._database.reading() as connection:
            known = references(connection)
            read = frozenset(known) if whole else to_be_sent(connection)
        faults = []
        for rank, sha256 in enumerate(sorted(known), start=1):
            fault = self._looked_for(sha256, whole=sha256 in read)
            if fault is not None:
                faults.append(fault.within(known[sha256]))
            if progress is not None:
                progress(rank, len(known))
        return Faults(faults)

    def _looked_for(self, sha256: str, *, whole: bool) -> Fault | None:
        try:
            if whole:
                return self.documents.check(sha256)
            there = self.documents.has(sha256)
        except ValueError:  # a forger wrote what is no digest
            there = False
        return None if there else document_fault("QUE-DOCUMENT_MISSING", sha256)

    def orphans(self) -> frozenset[str]:
        """Return the digests of the documents that are kept and that nothing refers to.

        They are no mistake: bytes are kept before they are understood, and a crash, or an answer
        that was read into its parts, leaves some.

        :raises FaultError: ``QUE-FOLDER``, ``QUE-S3_…``.
        """
        return self.unknown(frozenset(self.documents.digests()))  # first: what comes is no orphan

    def unknown(self, digests: Iterable[str]) -> frozenset[str]:
        """Return the digests, among those, that nothing in the database refers to."""
        with self._database.reading() as connection:
            return frozenset(digests) - references(connection).keys()

    def used(self, collectivite: str, kind: str, key: str) -> str | None:
        """Return the day (of Paris) and the label of what uses a number, if anything does.

        A pièce that the comptable knows, and did not reject at visa, uses its number whoever sent
        it (helios dossier §8.3).
        """
        statement = select(USED_KEY).where(
            USED_KEY.c.collectivite == collectivite,
            USED_KEY.c.kind == kind,
            USED_KEY.c.key == key,
        )
        known = select(PIECE.c.day).where(
            PIECE.c.collectivite == collectivite,
            PIECE.c.key == key,
            PIECE.c.etat != EtatPiece.REJETEE.value,
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
            if row is not None:
                return use_told(paris_date(row.used_at), row.label)
            day = connection.execute(known).scalar() if kind == "idpce" else None
        return None if day is None else use_told(day, _RETOUR)

    def used_within(self, collectivite: str, kind: str, scope: str) -> dict[str, str]:
        """Return what :meth:`used` says of every number in use whose key begins with a scope.

        :param scope: beginning of the keys, without the ``/`` that follows it.
        """
        statement = select(USED_KEY.c.key, USED_KEY.c.used_at, USED_KEY.c.label).where(
            USED_KEY.c.collectivite == collectivite,
            USED_KEY.c.kind == kind,
            USED_KEY.c.key.startswith(f"{scope}/", autoescape=True),
        )
        known = select(PIECE.c.key, PIECE.c.day).where(
            PIECE.c.collectivite == collectivite,
            PIECE.c.key.startswith(f"{scope}/", autoescape=True),
            PIECE.c.etat != EtatPiece.REJETEE.value,
        )
        with self._database.reading() as connection:
            pieces = connection.execute(known).all() if kind == "idpce" else ()
            return {
                **{row.key: use_told(row.day, _RETOUR) for row in pieces},
                **{
                    row.key: use_told(paris_date(row.used_at), row.label)
                    for row in connection.execute(statement)
                },
            }

    def holders_within(
        self, collectivite: str, kind: str, scope: str
    ) -> tuple[TransmissionView, ...]:
        """Return the transmissions that use a number whose key begins with a scope."""
        users = select(USED_KEY.c.transmission_id).where(
            USED_KEY.c.collectivite == collectivite,
            USED_KEY.c.kind == kind,
            USED_KEY.c.key.startswith(f"{scope}/", autoescape=True),
        )
        return self._transmissions(collectivite, TRANSMISSION.c.id.in_(users))

    def used_key(self, collectivite: str, kind: str, key: str) -> UsedKey | None:
        """Return what was written down about a number in use, if it is."""
        statement = select(USED_KEY).where(
            USED_KEY.c.collectivite == collectivite,
            USED_KEY.c.kind == kind,
            USED_KEY.c.key == key,
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        return UsedKey(
            kind=row.kind,
            key=row.key,
            label=row.label,
            scope=row.scope,
            amount_cents=row.amount_cents,
        )

    def keys_in(self, collectivite: str, kind: str, scope: str) -> tuple[str, ...]:
        """Return the numbers in use of one scope, oldest first."""
        statement = (
            select(USED_KEY.c.key)
            .where(
                USED_KEY.c.collectivite == collectivite,
                USED_KEY.c.kind == kind,
                USED_KEY.c.scope == scope,
            )
            .order_by(USED_KEY.c.id)
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(statement).scalars())

    def delivered(self, collectivite: str, kind: str, keys: Iterable[str]) -> frozenset[str]:
        """Return the numbers, among those, that are in use by what the other side took."""
        statement = (
            select(USED_KEY.c.key)
            .join(TRANSMISSION, TRANSMISSION.c.id == USED_KEY.c.transmission_id)
            .where(USED_KEY.c.collectivite == collectivite, USED_KEY.c.kind == kind, _DEPOSITED)
        )
        with self._database.reading() as connection:
            return frozenset(
                row.key for row in by_keys(connection, statement, USED_KEY.c.key, keys)
            )

    def holder(self, collectivite: str, kind: str, key: str) -> TransmissionView | None:
        """Return the transmission that uses a number, if one does."""
        user = select(USED_KEY.c.transmission_id).where(
            USED_KEY.c.collectivite == collectivite,
            USED_KEY.c.kind == kind,
            USED_KEY.c.key == key,
        )
        found = self._transmissions(collectivite, TRANSMISSION.c.id.in_(user))
        return found[0] if found else None

    def transmission_keys(self, collectivite: str, flux: str) -> tuple[str, ...]:
        """Return the IDActe or NomFic of everything that was ever packed, oldest first."""
        statement = (
            select(TRANSMISSION.c.key)
            .where(TRANSMISSION.c.collectivite == collectivite, TRANSMISSION.c.flux == flux)
            .order_by(TRANSMISSION.c.id)
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(statement).scalars())

    def open_details(self, collectivite: str) -> tuple[Mapping[str, str], ...]:
        """Return what the steps left for the returned deposits that nothing has replaced yet."""
        newer = DEPOSIT.alias("newer")
        statement = select(DEPOSIT.c.detail).where(
            DEPOSIT.c.collectivite == collectivite,
            DEPOSIT.c.state == DepositState.RETURNED.value,
            ~exists().where(newer.c.replaces == DEPOSIT.c.id),
        )
        with self._database.reading() as connection:
            return tuple(load(detail) for detail in connection.execute(statement).scalars())

    def cumul_cents(self, collectivite: str, scope: str) -> int:
        """Return the sum, in cents, of the numbers in use in one scope."""
        statement = select(func.coalesce(func.sum(USED_KEY.c.amount_cents), 0)).where(
            USED_KEY.c.collectivite == collectivite, USED_KEY.c.scope == scope
        )
        with self._database.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def pauses(self) -> tuple[PauseView, ...]:
        """Return the authorities whose flows wait at this instant."""
        statement = (
            select(AUTHORITY)
            .where(AUTHORITY.c.paused_until > self._clock.now())
            .order_by(AUTHORITY.c.collectivite)
        )
        with self._database.reading() as connection:
            return tuple(
                PauseView(
                    collectivite=row.collectivite,
                    until=row.paused_until,
                    fault=next(iter(load_faults(row.pause_fault)), None),
                )
                for row in connection.execute(statement)
            )

    def classification(
        self, collectivite: str, *, day: date | None = None
    ) -> ClassificationView | None:
        """Return the classification installed last for an authority.

        :param day: only among those of that date; earlier versions are kept for the acts that cite
            them.
        """
        of_day = true() if day is None else CLASSIFICATION.c.day == day
        statement = (
            select(CLASSIFICATION)
            .where(CLASSIFICATION.c.collectivite == collectivite, of_day)
            .order_by(CLASSIFICATION.c.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        return ClassificationView(
            collectivite=row.collectivite,
            day=row.day,
            sha256=row.sha256,
            installed_at=row.installed_at,
            checked_at=row.checked_at or row.installed_at,
            announced=row.announced,
        )

    def last_run(self, kind: str) -> RunView | None:
        """Return the run of a job that started last, ended or not."""
        statement = select(RUN).where(RUN.c.kind == kind).order_by(RUN.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else run_view(row)

    def kinds_run(self, scheduled_for: datetime) -> frozenset[str]:
        """Return the kinds of the runs of one planned instant, ended or under way."""
        statement = select(RUN.c.kind).where(RUN.c.slot == scheduled_for)
        with self._database.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def authorities_at_work(self) -> frozenset[str]:
        """Return the authorities that have a deposit to prepare, or a flow to send, now."""
        ready = [state for state in DepositState if not (state.final or state.needs_person)]
        deposits = select(DEPOSIT.c.collectivite).where(
            text(IS_OPEN), DEPOSIT.c.state.in_([state.value for state in ready])
        )
        with self._database.reading() as connection:
            return frozenset(connection.execute(deposits.union(self._ready())).scalars())

    def ready(self, collectivite: str) -> bool:
        """Whether an authority has a flow to send now, and is not paused."""
        mine = self._ready().where(AUTHORITY.c.collectivite == collectivite)
        with self._database.reading() as connection:
            return connection.execute(mine).one_or_none() is not None

    def _ready(self) -> Select[tuple[str]]:
        now = self._clock.now()
        return select(AUTHORITY.c.collectivite).where(
            AUTHORITY.c.due_at <= now,
            or_(AUTHORITY.c.paused_until.is_(None), AUTHORITY.c.paused_until <= now),
        )

    def publications(self, collectivite: str) -> tuple[PublicationView, ...]:
        """Return what an authority has put on line, withdrawn or not, oldest first."""
        statement = (
            select(PUBLICATION)
            .where(PUBLICATION.c.collectivite == collectivite)
            .order_by(PUBLICATION.c.first_published, PUBLICATION.c.transmission_id)
        )
        with self._database.reading() as connection:
            return tuple(publication_view(row) for row in connection.execute(statement))

    def publication(self, transmission_id: int) -> PublicationView | None:
        """Return what was put on line for one transmission, if anything was."""
        statement = select(PUBLICATION).where(PUBLICATION.c.transmission_id == transmission_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else publication_view(row)

    def _transmissions(
        self, collectivite: str | None, *conditions: Condition
    ) -> tuple[TransmissionView, ...]:
        mine = true() if collectivite is None else TRANSMISSION.c.collectivite == collectivite
        with self._database.reading() as connection:
            return transmission_views(connection, mine, *conditions)


def run_view(row: Row[Any]) -> RunView:
    """Return a run as a plain value."""
    return RunView(
        id=row.id,
        kind=row.kind,
        scheduled_for=row.scheduled_for,
        started_at=row.started_at,
        ended_at=row.ended_at,
        lost=row.lost,
        report=load(row.report),
    )

"""From what a mairie hands in to frozen files in the queue (architecture §1 and §4)."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, tuple_

from demat.faults import Fault, FaultError, Faults
from demat.queue.claiming import expect
from demat.queue.codec import dump, dump_faults
from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import DEPOSIT, DEPOSIT_FILE, TRANSMISSION, USED_KEY
from demat.queue.moves import (
    NO_FAULTS,
    NOTHING,
    DepositMove,
    free_keys,
    locked_deposit,
    locked_transmission,
    move_deposit,
    tell,
)
from demat.queue.registers import Registers
from demat.queue.rows import (
    by_keys,
    deposit_views,
    number_ahead,
    one_deposit,
    one_transmission,
    unknown,
)
from demat.queue.states import DeliveryState, DepositState, TransitionRefused
from demat.queue.views import (
    DepositView,
    NewTransmission,
    ReceivedFile,
    TransmissionView,
    UsedKey,
)

__all__ = ["Preparing", "add_transmission"]


class Preparing(Registers):
    """Deposits, up to their packing."""

    def receive(
        self,
        *,
        collectivite: str,
        name: str,
        files: Sequence[ReceivedFile],
        replaces: int | None = None,
        token: str | None = None,
    ) -> DepositView:
        """Record what a mairie handed in; its files are in the document store already.

        :param replaces: deposit that this one corrects.
        :param token: name of the claim; a claim that is recorded already is returned as it is, so
            that a crash between the claim and this call loses and doubles nothing.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-UNKNOWN_DEPOSIT``, ``QUE-REPLACED``.
        """
        self._require_documents(file.sha256 for file in files)
        now = self._clock.now()
        token = token or secrets.token_hex(8)
        with self._database.writing() as connection:
            known = deposit_views(connection, DEPOSIT.c.token == token)
            if known:
                return known[0]
            if replaces is not None:
                _require_own_deposit(connection, replaces, collectivite)
            row = insert_or_none(
                connection,
                insert(DEPOSIT)
                .values(
                    **number_ahead(connection, DEPOSIT),
                    collectivite=collectivite,
                    name=name,
                    state=DepositState.RECEIVED.value,
                    replaces=replaces,
                    token=token,
                    faults=dump_faults(NO_FAULTS),
                    detail=dump({}),
                    received_at=now,
                    updated_at=now,
                )
                .returning(DEPOSIT.c.id),
            )
            if row is None:  # the token was looked up in this transaction: replaces it is
                raise FaultError(Fault(code="QUE-REPLACED", params={"numero": str(replaces)}))
            _insert_files(connection, row.id, files)
            append(
                connection,
                JournalEntry(
                    at=now,
                    collectivite=collectivite,
                    deposit_id=row.id,
                    action="received",
                    after=DepositState.RECEIVED.value,
                    detail={"nom": name} | _numbered("remplace", replaces),
                ),
            )
            return one_deposit(connection, row.id)

    def advance(
        self,
        deposit_id: int,
        to: DepositState,
        *,
        faults: Faults = NO_FAULTS,
        detail: Mapping[str, str] | None = None,
        kind: str | None = None,
    ) -> DepositView:
        """Move the preparation of a deposit one step; ``pack`` alone moves it to packed.

        :param faults: what was found; it replaces what an earlier move had found.
        :param detail: what later steps need; merged into what earlier moves left.
        :param kind: what the deposit was recognised as.
        :raises TransitionRefused: when its state does not allow the move.
        :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
        """
        move = DepositMove(
            to=to,
            sources=frozenset() if to is DepositState.PACKED else to.predecessors,
            faults=faults,
            detail=detail or {},
            kind=kind,
        )
        with self._database.writing() as connection:
            move_deposit(connection, deposit_id, move, self._clock.now())
            return one_deposit(connection, deposit_id)

    def check(
        self, deposit_id: int, *, kind: str, faults: Faults, detail: Mapping[str, str] = NOTHING
    ) -> DepositView:
        """Record that a deposit was read and that nothing blocks it.

        Two moves in one transaction: nothing happens between them that a crash could lose.

        :param kind: what it was recognised as.
        :param detail: what later steps need.
        :raises TransitionRefused: when it was checked already, or returned.
        :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
        """
        drafted, checked = DepositState.DRAFTED, DepositState.CHECKED
        read = DepositMove(to=drafted, sources=drafted.predecessors, kind=kind, detail=detail)
        passed = DepositMove(to=checked, sources=checked.predecessors, faults=faults)
        now = self._clock.now()
        with self._database.writing() as connection:
            if locked_deposit(connection, deposit_id).state == DepositState.RECEIVED.value:
                move_deposit(connection, deposit_id, read, now)
            move_deposit(connection, deposit_id, passed, now)
            return one_deposit(connection, deposit_id)

    def pack(
        self,
        deposit_id: int,
        parts: Sequence[NewTransmission],
        *,
        faults: Faults = NO_FAULTS,
    ) -> tuple[TransmissionView, ...]:
        """Freeze a deposit into transmissions to be sent; all of them or none.

        :param faults: warnings that the agent should still read.
        :raises TransitionRefused: when the deposit is not ready, or is packed already.
        :raises FaultError: ``QUE-KEY_USED``, ``QUE-SUPERSEDED``, ``QUE-IN_FLIGHT``,
            ``QUE-DOCUMENT_MISSING``, ``QUE-UNKNOWN_DEPOSIT``, ``QUE-UNKNOWN_TRANSMISSION``.
        """
        if not parts:
            raise ValueError("a deposit is packed into at least one transmission")
        self._require_documents(part.sha256 for part in parts)
        now = self._clock.now()
        packed = DepositState.PACKED
        move = DepositMove(to=packed, sources=packed.predecessors, faults=faults)
        with self._database.writing() as connection:
            deposit = move_deposit(connection, deposit_id, move, now)
            expect(connection, deposit.collectivite)
            numbers = [add_transmission(connection, deposit, part, now) for part in parts]
            return tuple(one_transmission(connection, number) for number in numbers)

    def put_away(self, deposit_id: int, *, faults: Faults = NO_FAULTS) -> DepositView:
        """End the preparation of a deposit that holds answers: there is nothing to send.

        :param faults: what the agent should still read.
        :raises TransitionRefused: when the deposit is not ready, or is packed already.
        :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
        """
        packed = DepositState.PACKED
        move = DepositMove(to=packed, sources=packed.predecessors, faults=faults)
        with self._database.writing() as connection:
            move_deposit(connection, deposit_id, move, self._clock.now())
            return one_deposit(connection, deposit_id)

    def release_keys(
        self,
        transmission_id: int,
        kinds: Iterable[str],
        *,
        only: Iterable[tuple[str, str]] | None = None,
    ) -> None:
        """Free the numbers of those kinds, so that the corrected document may bear them again.

        :param only: kinds and keys to free when part of the document was accepted; none means all.

        :raises TransitionRefused: unless the transmission was refused or abandoned, or got an
            unfavourable answer.
        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        gone = [DeliveryState.REFUSED.value, DeliveryState.ABANDONED.value]
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            if row.delivery not in gone and not row.etat_negative:
                raise TransitionRefused(
                    subject=f"numbers of transmission {transmission_id}",
                    current=f"{row.delivery}, {row.etat}",
                    allowed=gone,
                    to="released",
                )
            free_keys(
                connection,
                row,
                self._clock.now(),
                kinds=list(kinds),
                only=None if only is None else list(only),
            )


def add_transmission(
    connection: Connection, deposit: Row[Any], part: NewTransmission, now: datetime
) -> int:
    """Add a transmission to a packed deposit, in the caller's transaction; return its number.

    :raises FaultError: as :meth:`Preparing.pack`.
    """
    if part.supersedes is not None:
        _require_replaceable(connection, part.supersedes, deposit.collectivite)
    row = insert_or_none(
        connection,
        insert(TRANSMISSION)
        .values(
            **number_ahead(connection, TRANSMISSION),
            deposit_id=deposit.id,
            collectivite=deposit.collectivite,
            **_columns(part, now),
        )
        .returning(TRANSMISSION),
    )
    if row is None:  # supersedes is the only unique column
        raise FaultError(Fault(code="QUE-SUPERSEDED", params={"numero": str(part.supersedes)}))
    if part.supersedes is not None and part.used_keys:
        _hand_over(connection, part.supersedes, part.used_keys, now)
    _register_keys(connection, row, part.used_keys, now)
    named = {"fichier": part.file_name, "sha256": part.sha256, "cle": part.key}
    detail = named | {"etat": part.etat} | _numbered("remplace", part.supersedes)
    tell(connection, row, "packed", now, after=DeliveryState.TODO.value, detail=detail)
    return int(row.id)


def _require_own_deposit(connection: Connection, deposit_id: int, collectivite: str) -> None:
    if locked_deposit(connection, deposit_id).collectivite != collectivite:
        raise unknown("DEPOSIT", deposit_id)  # one authority does not learn of another's deposits


def _require_replaceable(connection: Connection, transmission_id: int, collectivite: str) -> None:
    row = locked_transmission(connection, transmission_id)
    if row.collectivite != collectivite:
        raise unknown("TRANSMISSION", transmission_id)
    if DeliveryState(row.delivery).in_flight and not row.etat_negative:
        raise FaultError(Fault(code="QUE-IN_FLIGHT", params={"numero": str(transmission_id)}))


def _insert_files(connection: Connection, deposit_id: int, files: Sequence[ReceivedFile]) -> None:
    for rank, file in enumerate(files, start=1):
        connection.execute(
            insert(DEPOSIT_FILE).values(
                deposit_id=deposit_id,
                rank=rank,
                name=file.name,
                sha256=file.sha256,
                size=file.size,
            )
        )


def _columns(part: NewTransmission, now: datetime) -> dict[str, Any]:
    return {
        "flux": part.flux,
        "file_name": part.file_name,
        "sha256": part.sha256,
        "size": part.size,
        "key": part.key,
        "delivery": DeliveryState.TODO.value,
        "etat": part.etat,
        "etat_final": part.etat_final,
        "etat_negative": part.etat_negative,
        "attempts": 0,
        "created_at": now,
        "updated_at": now,
        "facts": dump(dict(part.facts)),
        "faults": dump_faults(NO_FAULTS),
        "supersedes": part.supersedes,
    }


def _hand_over(
    connection: Connection, superseded: int, wanted: Sequence[UsedKey], now: datetime
) -> None:
    """Take the numbers that a document shares with the rejected one that it replaces.

    Those of a document that is neither rejected nor gone stay with it.
    """
    row = locked_transmission(connection, superseded)
    gone = [DeliveryState.REFUSED.value, DeliveryState.ABANDONED.value]
    if row.etat_negative or row.delivery in gone:
        only = [(used.kind, used.key) for used in wanted]
        held = select(USED_KEY.c.id).where(
            USED_KEY.c.transmission_id == superseded,
            tuple_(USED_KEY.c.kind, USED_KEY.c.key).in_(only),
        )
        if connection.execute(held).first() is not None:
            free_keys(connection, row, now, only=only)


def _register_keys(
    connection: Connection, transmission: Row[Any], wanted: Sequence[UsedKey], now: datetime
) -> None:
    """Take the numbers of a transmission: nobody else writes until the transaction ends."""
    taken = _taken(connection, transmission.collectivite, wanted)
    rows: list[dict[str, Any]] = []
    for used in wanted:
        earlier = taken.get((used.kind, used.key))
        if earlier is not None:
            raise FaultError(_key_used(used, *earlier))
        taken[used.kind, used.key] = (used.label, transmission.id)
        rows.append(
            {
                "collectivite": transmission.collectivite,
                "kind": used.kind,
                "key": used.key,
                "label": used.label,
                "scope": used.scope,
                "amount_cents": used.amount_cents,
                "transmission_id": transmission.id,
                "used_at": now,
            }
        )
    if rows:
        connection.execute(insert(USED_KEY), rows)


def _taken(
    connection: Connection, collectivite: str, wanted: Sequence[UsedKey]
) -> dict[tuple[str, str], tuple[str, int]]:
    """Return what uses those numbers already: kind and key → label and transmission."""
    kinds = sorted({one.kind for one in wanted})
    used = select(USED_KEY).where(
        USED_KEY.c.collectivite == collectivite, USED_KEY.c.kind.in_(kinds)
    )
    return {
        (row.kind, row.key): (row.label, row.transmission_id)
        for row in by_keys(connection, used, USED_KEY.c.key, [one.key for one in wanted])
    }


def _key_used(used: UsedKey, label: str, transmission_id: int) -> Fault:
    params = {
        "famille": used.kind,
        "cle": used.key,
        "libelle": label,
        "numero": str(transmission_id),
    }
    return Fault(code="QUE-KEY_USED", params=params)


def _numbered(name: str, number: int | None) -> dict[str, str]:
    return {} if number is None else {name: str(number)}

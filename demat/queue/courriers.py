"""What the préfecture writes about an acte, and what people tell of it (dossier §1.4, §4.3)."""

import json
import secrets
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from demat.faults import Fault, FaultError
from demat.queue.claiming import expect
from demat.queue.codec import dump, dump_faults, load_faults
from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import COURRIER, DEPOSIT, PUBLICITE
from demat.queue.moves import EtatMove, locked_transmission, move_etat, tell
from demat.queue.preparing import Preparing, add_transmission
from demat.queue.rows import Condition, number_ahead, one_transmission
from demat.queue.states import DepositState
from demat.queue.views import (
    CourrierView,
    NewCourrier,
    NewTransmission,
    PubliciteView,
    ReceivedFile,
    TransmissionView,
)

__all__ = ["Courriers"]


class Courriers(Preparing):
    """Letters, the messages that we send by ourselves about an acte, and publicity."""

    def keep_courrier(self, courrier: NewCourrier) -> tuple[CourrierView, bool]:
        """Keep a message of the préfecture; the same bytes again only fill in what was missing.

        :returns: the message, and whether it is new.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``.
        """
        digests = [courrier.sha256, *(one.sha256 for one in courrier.documents)]
        self._require_documents(digests)
        row = {
            "collectivite": courrier.collectivite,
            "sha256": courrier.sha256,
            "kind": courrier.kind,
            "root": courrier.root,
            "name": courrier.name,
            "id_acte": courrier.id_acte,
            "day": courrier.day,
            "texte": courrier.texte,
            "reference": courrier.reference,
            "documents": _dump_documents(courrier.documents),
            "transmission_id": courrier.transmission_id,
            "received_at": self._clock.now(),
            "faults": dump_faults(courrier.faults),
            "laid": False,
        }
        with self._database.writing() as connection:
            kept = insert_or_none(
                connection,
                insert(COURRIER)
                .values(**row, **number_ahead(connection, COURRIER))
                .returning(COURRIER),
            )
            if kept is not None:
                self._tell_courrier(connection, kept)
                return _view(kept), True
            return _view(_completed(connection, courrier, row)), False

    def courrier(self, collectivite: str, number: int) -> CourrierView:
        """Return one message of the préfecture.

        :raises FaultError: ``QUE-UNKNOWN_COURRIER``.
        """
        found = self._courriers(COURRIER.c.collectivite == collectivite, COURRIER.c.id == number)
        if not found:
            raise FaultError(Fault(code="QUE-UNKNOWN_COURRIER", params={"numero": str(number)}))
        return found[0]

    def courriers(
        self,
        collectivite: str,
        *,
        transmission_id: int | None = None,
        unlaid: bool = False,
        reference: str | None = None,
    ) -> tuple[CourrierView, ...]:
        """Return the messages of the préfecture, oldest first.

        :param transmission_id: only those about that acte.
        :param unlaid: only those that do not lie yet where agents look.
        :param reference: only the one that the other side gives that number.
        """
        conditions: list[Condition] = [COURRIER.c.collectivite == collectivite]
        if transmission_id is not None:
            conditions.append(COURRIER.c.transmission_id == transmission_id)
        if unlaid:
            conditions.append(COURRIER.c.laid.is_(False))
        if reference is not None:
            conditions.append(COURRIER.c.reference == reference)
        return self._courriers(*conditions)

    def mark_laid(self, numbers: Iterable[int]) -> None:
        """Write down that those messages lie where agents look."""
        with self._database.writing() as connection:
            connection.execute(
                update(COURRIER).where(COURRIER.c.id.in_(list(numbers))).values(laid=True)
            )

    def record_publicite(self, transmission_id: int, day: date, mode: str, who: str) -> None:
        """Write down when an acte was made public; a later word corrects an earlier one.

        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        now = self._clock.now()
        told = {"day": day, "mode": mode, "who": who, "recorded_at": now}
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            fresh = insert_or_none(
                connection,
                insert(PUBLICITE)
                .values(transmission_id=transmission_id, **told)
                .returning(PUBLICITE.c.transmission_id),
            )
            if fresh is None:
                connection.execute(
                    update(PUBLICITE)
                    .where(PUBLICITE.c.transmission_id == transmission_id)
                    .values(**told)
                )
            detail = {"jour": day.isoformat(), "mode": mode, "par": who}
            tell(connection, row, "publicite", now, detail=detail)

    def publicite(self, transmission_id: int) -> PubliciteView | None:
        """Return what a person told of the publicity of an acte, if one did."""
        statement = select(PUBLICITE).where(PUBLICITE.c.transmission_id == transmission_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        return PubliciteView(
            transmission_id=row.transmission_id,
            day=row.day,
            mode=row.mode,
            who=row.who,
            recorded_at=row.recorded_at,
        )

    def issue(
        self,
        collectivite: str,
        *,
        name: str,
        kind: str,
        part: NewTransmission,
        about: int | None = None,
        move: EtatMove | None = None,
    ) -> TransmissionView:
        """Queue a message that no agent handed in; the acte that it is about moves with it.

        :param name: what the journal and the lists call it.
        :param about: transmission of the acte whose legal state changes.
        :param move: that change.
        :raises TransitionRefused: when the acte is no longer in the expected state.
        :raises FaultError: ``QUE-KEY_USED``, ``QUE-DOCUMENT_MISSING``,
            ``QUE-UNKNOWN_TRANSMISSION``.
        """
        self._require_documents([part.sha256])
        now = self._clock.now()
        packed = DepositState.PACKED.value
        with self._database.writing() as connection:
            expect(connection, collectivite)
            deposit = connection.execute(
                insert(DEPOSIT)
                .values(
                    **number_ahead(connection, DEPOSIT),
                    collectivite=collectivite,
                    name=name,
                    kind=kind,
                    state=packed,
                    token=secrets.token_hex(8),
                    faults="[]",
                    detail=dump({}),
                    received_at=now,
                    updated_at=now,
                )
                .returning(DEPOSIT)
            ).one()
            entry = JournalEntry(
                at=now,
                collectivite=collectivite,
                deposit_id=deposit.id,
                action="issued",
                after=packed,
                detail={"nom": name, "nature": kind},
            )
            append(connection, entry)
            number = add_transmission(connection, deposit, part, now)
            if about is not None and move is not None:
                move_etat(connection, locked_transmission(connection, about), move, now)
            return one_transmission(connection, number)

    def change_etat(self, transmission_id: int, move: EtatMove) -> None:
        """Move the legal state of an acte because of another message about it.

        :raises TransitionRefused: when it is no longer in the expected state.
        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            move_etat(connection, row, move, self._clock.now())

    def _courriers(self, *conditions: Condition) -> tuple[CourrierView, ...]:
        statement = select(COURRIER).where(*conditions).order_by(COURRIER.c.id)
        with self._database.reading() as connection:
            return tuple(_view(row) for row in connection.execute(statement))

    def _tell_courrier(self, connection: Connection, row: Row[Any]) -> None:
        detail = {"numero": str(row.id), "nature": row.kind, "sha256": row.sha256}
        append(
            connection,
            JournalEntry(
                at=row.received_at,
                collectivite=row.collectivite,
                transmission_id=row.transmission_id,
                action="courrier",
                detail=detail | {"fichier": row.name, "acte": row.id_acte},
            ),
        )


def _completed(connection: Connection, courrier: NewCourrier, row: dict[str, Any]) -> Row[Any]:
    """Fill in what the first way by which a message came did not tell."""
    same = (COURRIER.c.collectivite == courrier.collectivite) & (
        COURRIER.c.sha256 == courrier.sha256
    )
    held = connection.execute(select(COURRIER).where(same).with_for_update()).one()
    missing: dict[str, Any] = {}
    if courrier.documents and held.documents == "[]":
        missing |= {"documents": row["documents"], "laid": False}
    if courrier.reference and not held.reference:
        missing["reference"] = courrier.reference
    if courrier.transmission_id is not None and held.transmission_id is None:
        missing |= {"transmission_id": courrier.transmission_id, "kind": courrier.kind}
    if not missing:
        return held
    statement = update(COURRIER).where(same).values(**missing).returning(COURRIER)
    return connection.execute(statement).one()


def _dump_documents(documents: Iterable[ReceivedFile]) -> str:
    return dump([{"name": one.name, "sha256": one.sha256, "size": one.size} for one in documents])


def _view(row: Row[Any]) -> CourrierView:
    return CourrierView(
        id=row.id,
        collectivite=row.collectivite,
        sha256=row.sha256,
        kind=row.kind,
        root=row.root,
        name=row.name,
        id_acte=row.id_acte,
        day=row.day,
        texte=row.texte,
        reference=row.reference,
        documents=tuple(ReceivedFile(**one) for one in json.loads(row.documents)),
        transmission_id=row.transmission_id,
        received_at=row.received_at,
        faults=load_faults(row.faults),
        laid=row.laid,
    )

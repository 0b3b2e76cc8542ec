"""What the State and the tiers de télétransmission say of what was sent (decision 9)."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, update

from demat.faults import Faults
from demat.queue.codec import dump, dump_faults
from demat.queue.database import insert_or_none
from demat.queue.model import RECEIPT, TRANSMISSION
from demat.queue.moves import (
    NO_FAULTS,
    NOTHING,
    EtatMove,
    locked_transmission,
    move_etat,
    tell,
)
from demat.queue.registers import Registers
from demat.tracing import span

__all__ = ["Following"]


class Following(Registers):
    """Receipts and remote statuses."""

    def record_receipt(
        self,
        transmission_id: int,
        *,
        kind: str,
        name: str,
        sha256: str,
        message_date: date | None,
        etat: str,
        etat_final: bool,
        etat_negative: bool = False,
        faults: Faults = NO_FAULTS,
        detail: Mapping[str, str] = NOTHING,
        etat_before: str | None = None,
        frees: Collection[tuple[str, str]] = (),
        remote_code: str | None = None,
    ) -> bool:
        """Bind an answer of the State to a transmission and move its legal state, only that.

        :param etat_before: legal state from which the caller concluded; when another process has
            moved it meanwhile, nothing is recorded and the caller concludes again.
        :param frees: kinds and keys of what the State did not take, free again with this answer.
        :param remote_code: status that the other side tells with it.
        :returns: ``False`` when those bytes were recorded already: nothing moves.
        :raises TransitionRefused: when the legal state is no longer ``etat_before``.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-UNKNOWN_TRANSMISSION``.
        """
        self._require_documents([sha256])
        now = self._clock.now()
        receipt = {
            "transmission_id": transmission_id,
            "kind": kind,
            "name": name,
            "sha256": sha256,
            "message_date": message_date,
            "received_at": now,
            "etat": etat,
            "faults": dump_faults(faults),
            "detail": dump(dict(detail)),
        }
        told = dict(detail) | {"nature": kind, "fichier": name, "sha256": sha256}
        move = EtatMove(
            to=etat,
            final=etat_final,
            negative=etat_negative,
            before=etat_before,
            faults=faults,
            detail=told,
            frees=frees,
        )
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            inserted = insert_or_none(
                connection, insert(RECEIPT).values(**receipt).returning(RECEIPT.c.id)
            )
            if inserted is None:
                return False
            if remote_code is not None:
                _keep_code(connection, row, remote_code, now)
            move_etat(connection, row, move, now)
        about = {"siren": row.collectivite, "flux": row.flux, "transmission": transmission_id}
        with span("answer", **about) as answer:
            answer.outcome = etat
        return True

    def note(self, transmission_id: int, action: str, detail: Mapping[str, str] = NOTHING) -> None:
        """Write an event in the journal; nothing moves.

        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        with self._database.writing() as connection:
            row = locked_transmission(connection, transmission_id)
            tell(connection, row, action, self._clock.now(), detail=detail)

    def record_remote_code(self, transmission_id: int, code: str) -> None:
        """Keep the status that the other side tells; the journal hears of changes only.

        It is not synced: it says nothing of what was done here, and will be told again.

        :raises FaultError: ``QUE-UNKNOWN_TRANSMISSION``.
        """
        with self._database.writing(lasting=False) as connection:
            row = locked_transmission(connection, transmission_id)
            _keep_code(connection, row, code, self._clock.now())


def _keep_code(connection: Connection, row: Row[Any], code: str, now: datetime) -> None:
    if row.remote_code != code:
        connection.execute(
            update(TRANSMISSION)
            .where(TRANSMISSION.c.id == row.id)
            .values(remote_code=code, updated_at=now)
        )
        tell(connection, row, "remote_code", now, detail={"code": code})

"""One PES_Retour being applied to the pièces that it tells about (helios dossier §8.3)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from demat.clock import paris_date
from demat.helios.pieces import EtatPiece, settled
from demat.queue.codec import dump
from demat.queue.model import PIECE, REGLEMENT, TRANSMISSION, USED_KEY
from demat.queue.moves import free_keys, locked_transmission
from demat.queue.rows import by_keys, chunks
from demat.queue.states import DeliveryState
from demat.queue.views import NewPiece, NewRetour

__all__ = ["UNDATED", "Applying"]

UNDATED = date.min
"""Day of a retour whose date is unreadable: older than any other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holder:
    """The transmission that uses the number of a pièce."""

    id: int
    delivery: str
    sent_on: date


class Applying:
    """One retour being applied, in the transaction of its caller."""

    def __init__(
        self, connection: Connection, retour: NewRetour, retour_id: int, now: datetime
    ) -> None:
        self._connection = connection
        self._retour = retour
        self._retour_id = retour_id
        self._day = retour.day or UNDATED
        self._now = now
        self._pieces = {piece.key: piece for piece in retour.pieces}  # the last one counts
        self._freed: dict[int, list[str]] = defaultdict(list)

    def apply(self) -> int:
        """Move every pièce; return how many changed their state."""
        rows = {row.key: row for row in self._known()}
        holders = self._holders()
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        moved = 0
        for key, piece in self._pieces.items():
            row = rows.get(key)
            values = self._values(piece, row, holders.get(key))
            moved += row is None or values.get("etat", row.etat) != row.etat
            if row is None:
                new.append(values | {"collectivite": self._retour.collectivite, "key": key})
            elif values:
                changed.append(values | {"row": row.id})
        if new:
            self._connection.execute(insert(PIECE), new)
        _update_each(self._connection, changed)
        self._add_reglements({row.key: row.id for row in self._known()})
        self._free()
        return moved

    def _known(self) -> list[Row[Any]]:
        mine = select(PIECE).where(PIECE.c.collectivite == self._retour.collectivite)
        return list(by_keys(self._connection, mine, PIECE.c.key, self._pieces))

    def _holders(self) -> dict[str, _Holder]:
        statement = (
            select(
                USED_KEY.c.key,
                TRANSMISSION.c.id,
                TRANSMISSION.c.delivery,
                TRANSMISSION.c.deposited_at,
                TRANSMISSION.c.created_at,
            )
            .join(TRANSMISSION, TRANSMISSION.c.id == USED_KEY.c.transmission_id)
            .where(USED_KEY.c.collectivite == self._retour.collectivite, USED_KEY.c.kind == "idpce")
        )
        return {
            row.key: _Holder(
                id=row.id,
                delivery=row.delivery,
                sent_on=paris_date(row.deposited_at or row.created_at),
            )
            for row in by_keys(self._connection, statement, USED_KEY.c.key, self._pieces)
        }

    def _values(
        self, piece: NewPiece, row: Row[Any] | None, holder: _Holder | None
    ) -> dict[str, Any]:
        if row is not None and row.day > self._day:
            return _late(piece, row)
        subject = _subject(piece, row, holder)
        same = row is not None and row.transmission_id == subject
        before = row if same else None
        taken_on = piece.taken_on or (before.taken_on if before is not None else None)
        etat = settled(piece.etat, taken_on)
        rejected = etat in (EtatPiece.REJETEE, EtatPiece.REJETEE_APRES)
        if before is not None and before.etat == etat and before.rejected_on == piece.rejected_on:
            to_show = before.to_show
        else:
            to_show = etat.needs_person and subject is not None
        if piece.regularise:
            to_show = True if row is None else row.to_show
        if holder is not None and holder.id == subject and _frees(etat, piece, holder):
            self._freed[holder.id].append(piece.key)
        return {
            "bordereau": piece.bordereau,
            "objet": piece.objet,
            "etat": etat.value,
            "day": self._day,
            "retour_id": self._retour_id,
            "transmission_id": subject,
            "taken_on": taken_on,
            "rejected_on": piece.rejected_on if rejected else None,
            "amount_cents": piece.amount_cents,
            "paid_cents": piece.paid_cents,
            "regularise": piece.regularise,
            "regularised_by": "" if row is None else row.regularised_by,
            "looked_up_to": 0 if row is None else row.looked_up_to,
            "to_show": to_show,
            "detail": dump(dict(piece.detail)),
        }

    def _add_reglements(self, numbers: Mapping[str, int]) -> None:
        """Add the payments that are new: the same one is told by several retours."""
        told: Counter[tuple[int, int, str, date, int]] = Counter()
        wanted: list[tuple[int, int, str, date, int, int]] = []
        for piece in self._retour.pieces:
            for one in piece.reglements:
                same = (numbers[piece.key], one.ligne, one.origine, one.day, one.cents)
                told[same] += 1
                wanted.append((*same, told[same]))
        known: set[tuple[Any, ...]] = set()
        owners = sorted({one[0] for one in wanted})
        for part in chunks(owners):
            found = select(REGLEMENT).where(REGLEMENT.c.piece_id.in_(part))
            known.update(tuple(row) for row in self._connection.execute(found))
        names = [column.name for column in REGLEMENT.columns]
        fresh = [dict(zip(names, one, strict=True)) for one in wanted if one not in known]
        if fresh:
            self._connection.execute(insert(REGLEMENT), fresh)

    def _free(self) -> None:
        for number, keys in self._freed.items():
            row = locked_transmission(self._connection, number)
            for part in chunks(keys):
                only = [("idpce", key) for key in part]
                free_keys(self._connection, row, self._now, only=only)


def _update_each(connection: Connection, changed: Sequence[Mapping[str, Any]]) -> None:
    """Change rows by their ``row``, those that change the same columns in one statement."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for values in changed:
        alike[tuple(sorted(values))].append(values)
    for rows in alike.values():
        connection.execute(update(PIECE).where(PIECE.c.id == bindparam("row")), rows)


def _late(piece: NewPiece, row: Row[Any]) -> dict[str, Any]:
    """Return what an older retour still teaches: that a rejected pièce had been accepted."""
    if piece.taken_on is None or row.taken_on is not None:
        return {}
    etat = settled(EtatPiece(row.etat), piece.taken_on)
    to_show = row.to_show or (etat.value != row.etat and row.transmission_id is not None)
    return {"taken_on": piece.taken_on, "etat": etat.value, "to_show": to_show}


def _frees(etat: EtatPiece, piece: NewPiece, holder: _Holder) -> bool:
    """Tell whether the number may be used again: rejected at visa, on a day that is told."""
    dated = piece.rejected_on is not None and piece.rejected_on >= holder.sent_on
    return etat is EtatPiece.REJETEE and dated


def _subject(piece: NewPiece, row: Row[Any] | None, holder: _Holder | None) -> int | None:
    """Return the transmission that the retour speaks of.

    A rejection that is older than the sending of the number is about the sending before.
    """
    before: int | None = None if row is None else row.transmission_id
    if holder is None or holder.delivery != DeliveryState.DEPOSITED.value:
        return before
    rejected_on = piece.rejected_on if piece.etat.rejected else None
    stale = rejected_on is not None and rejected_on < holder.sent_on
    return before if stale else holder.id

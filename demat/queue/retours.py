"""What the comptable did with each mandat and titre, retour after retour (helios dossier §8.3).

The retour of the latest ``DteStr`` decides, then the one that arrived last; an older one that comes
late adds its payments and never goes back. Money is whole cents.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, bindparam, exists, insert, not_, or_, select, update

from demat.clock import paris_date
from demat.helios.pieces import EtatPiece, settled
from demat.queue.codec import dump, dump_faults, load, load_faults
from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import PIECE, REGLEMENT, RETOUR, TRANSMISSION, USED_KEY
from demat.queue.moves import codes, free_keys, locked_transmission
from demat.queue.registers import Registers
from demat.queue.rows import Condition
from demat.queue.states import DeliveryState
from demat.queue.views import (
    Emission,
    NewPiece,
    NewRetour,
    PieceView,
    ReglementView,
    RetourView,
)

__all__ = ["Retours"]

_CHUNK = 400
"""Values in one question: a database counts its parameters."""
T = TypeVar("T")
_UNDATED = date.min

_REGULARISING = USED_KEY.alias("regularising")
_OPEN = and_(
    PIECE.c.regularise.is_(True),
    PIECE.c.etat.not_in(
        [EtatPiece.REJETEE.value, EtatPiece.REJETEE_APRES.value, EtatPiece.ANNULEE.value]
    ),
    or_(
        PIECE.c.regularised_by == "",
        not_(
            exists().where(
                _REGULARISING.c.collectivite == PIECE.c.collectivite,
                _REGULARISING.c.kind == "idpce",
                _REGULARISING.c.key == PIECE.c.regularised_by,
            )
        ),
    ),
)
"""What still asks for a mandat or a titre: the one that was seen may have been refused since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holder:
    """The transmission that uses the number of a pièce."""

    id: int
    delivery: str
    sent_on: date


class Retours(Registers):
    """PES_Retour: kept once, then applied pièce by pièce in one transaction."""

    def record_retour(self, retour: NewRetour) -> bool:
        """Keep a retour and move the pièces that it tells about.

        A rejection at visa frees the number of the pièce, unless the number was sent again since.
        A retour that fitted no budget, and now fits one, is applied then.

        :returns: ``False`` when those bytes were recorded already: nothing moves.
        :raises FaultError: ``QUE-DOCUMENT_MISSING``.
        """
        self._require_documents([retour.sha256])
        now = self._clock.now()
        row = {
            "collectivite": retour.collectivite,
            "sha256": retour.sha256,
            "name": retour.name,
            "cod_bud": retour.cod_bud,
            "day": retour.day,
            "pieces": len(retour.pieces),
            "received_at": now,
            "faults": dump_faults(retour.faults),
            "told": not retour.faults,
        }
        with self._database.writing() as connection:
            kept = insert_or_none(connection, insert(RETOUR).values(**row).returning(RETOUR.c.id))
            number = kept.id if kept is not None else _attach(connection, retour, row)
            if number is None:
                return False
            moved = _Applying(connection, retour, number, now).apply()
            told = {
                "fichier": retour.name,
                "sha256": retour.sha256,
                "budget": retour.cod_bud,
                "pieces": str(len(retour.pieces)),
                "changees": str(moved),
            }
            append(
                connection,
                JournalEntry(
                    at=now,
                    collectivite=retour.collectivite,
                    action="retour",
                    detail=told | codes(retour.faults),
                ),
            )
            return True

    def pieces(
        self,
        collectivite: str,
        *,
        cod_bud: str = "",
        etat: EtatPiece | None = None,
        keys: Collection[str] | None = None,
        to_show: bool = False,
        to_regularise: bool = False,
    ) -> tuple[PieceView, ...]:
        """Return what the retours say of the pièces of an authority, by key.

        :param keys: ``idpce`` keys; a pièce of which no retour spoke is not returned.
        :param to_show: only those that an agent must still be shown.
        :param to_regularise: only those for which a mandat or a titre is still to be issued.
        """
        conditions: list[Condition] = [PIECE.c.collectivite == collectivite]
        if cod_bud:
            budget = [f"{domaine}/{cod_bud}/" for domaine in ("depense", "recette")]
            conditions.append(or_(*(PIECE.c.key.startswith(one) for one in budget)))
        if etat is not None:
            conditions.append(PIECE.c.etat == etat.value)
        if to_show:
            conditions.append(PIECE.c.to_show.is_(True))
        if to_regularise:
            conditions.append(_OPEN)
        statement = select(PIECE, _OPEN.label("open")).where(*conditions)
        with self._database.reading() as connection:
            if keys is None:
                rows = list(connection.execute(statement))
            else:
                rows = list(_by_keys(connection, statement, PIECE.c.key, keys))
        return tuple(sorted(map(_piece_view, rows), key=_order))

    def of_transmission(self, transmission_id: int) -> tuple[PieceView, ...]:
        """Return what the retours say of the pièces that one transmission carried."""
        statement = select(PIECE, _OPEN.label("open")).where(
            PIECE.c.transmission_id == transmission_id
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return tuple(sorted(map(_piece_view, rows), key=_order))

    def reglements(self, collectivite: str) -> tuple[ReglementView, ...]:
        """Return every dated payment and collection of an authority, oldest first."""
        statement = (
            select(PIECE.c.key, REGLEMENT.c.origine, REGLEMENT.c.day, REGLEMENT.c.cents)
            .join(PIECE, PIECE.c.id == REGLEMENT.c.piece_id)
            .where(PIECE.c.collectivite == collectivite)
            .order_by(REGLEMENT.c.day, PIECE.c.key, REGLEMENT.c.ligne)
        )
        with self._database.reading() as connection:
            return tuple(
                ReglementView(key=row.key, origine=row.origine, day=row.day, cents=row.cents)
                for row in connection.execute(statement)
            )

    def emissions(self, collectivite: str) -> tuple[Emission, ...]:
        """Return the bordereaux and pièces of an authority whose numbers are in use."""
        statement = (
            select(USED_KEY, TRANSMISSION.c.etat_final)
            .join(TRANSMISSION, TRANSMISSION.c.id == USED_KEY.c.transmission_id)
            .where(
                USED_KEY.c.collectivite == collectivite, USED_KEY.c.kind.in_(["idbord", "idpce"])
            )
            .order_by(USED_KEY.c.id)
        )
        with self._database.reading() as connection:
            return tuple(
                Emission(
                    kind=row.kind,
                    key=row.key,
                    used_at=row.used_at,
                    amount_cents=row.amount_cents,
                    transmission_id=row.transmission_id,
                    answered=row.etat_final,
                )
                for row in connection.execute(statement)
            )

    def retours(
        self, collectivite: str, *, untold: bool = False, unattached: bool = False
    ) -> tuple[RetourView, ...]:
        """Return the retours that were kept, in the order of their arrival.

        :param untold: only those with faults that no nightly report told.
        :param unattached: only those that fit no budget.
        """
        conditions: list[Condition] = [RETOUR.c.collectivite == collectivite]
        if untold:
            conditions.append(RETOUR.c.told.is_(False))
        if unattached:
            conditions.append(RETOUR.c.cod_bud == "")
        statement = select(RETOUR).where(*conditions).order_by(RETOUR.c.id)
        with self._database.reading() as connection:
            return tuple(
                RetourView(
                    id=row.id,
                    collectivite=row.collectivite,
                    sha256=row.sha256,
                    name=row.name,
                    cod_bud=row.cod_bud,
                    day=row.day,
                    pieces=row.pieces,
                    received_at=row.received_at,
                    faults=load_faults(row.faults),
                )
                for row in connection.execute(statement)
            )

    def mark_told(self, retours: Iterable[int]) -> None:
        """Note that a nightly report told what is wrong with those retours."""
        self._mark(update(RETOUR).where(RETOUR.c.id == bindparam("row")).values(told=True), retours)

    def mark_shown(self, pieces: Iterable[int]) -> None:
        """Note that an agent was shown the state of those pièces."""
        shown = update(PIECE).where(PIECE.c.id == bindparam("row")).values(to_show=False)
        self._mark(shown, pieces)

    def record_regularisations(
        self, pieces: Sequence[PieceView], found: Mapping[int, str], up_to: int
    ) -> None:
        """Note which pièce regularises which, and how far the transmissions were searched.

        :param found: number of the pièce in the store → ``idpce`` key of what regularises it.
        """
        searched = update(PIECE).where(PIECE.c.id == bindparam("row")).values(looked_up_to=up_to)
        self._mark(searched, [piece.id for piece in pieces])
        with self._database.writing() as connection:
            for number, key in found.items():
                connection.execute(
                    update(PIECE).where(PIECE.c.id == number).values(regularised_by=key)
                )

    def _mark(self, statement: Any, numbers: Iterable[int]) -> None:
        rows = [{"row": number} for number in numbers]
        if rows:
            with self._database.writing() as connection:
                connection.execute(statement, rows)


class _Applying:
    """One retour being applied, in the transaction of its caller."""

    def __init__(
        self, connection: Connection, retour: NewRetour, retour_id: int, now: datetime
    ) -> None:
        self._connection = connection
        self._retour = retour
        self._retour_id = retour_id
        self._day = retour.day or _UNDATED
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
        return list(_by_keys(self._connection, mine, PIECE.c.key, self._pieces))

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
            for row in _by_keys(self._connection, statement, USED_KEY.c.key, self._pieces)
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
        for part in _chunks(owners):
            found = select(REGLEMENT).where(REGLEMENT.c.piece_id.in_(part))
            known.update(tuple(row) for row in self._connection.execute(found))
        names = [column.name for column in REGLEMENT.columns]
        fresh = [dict(zip(names, one, strict=True)) for one in wanted if one not in known]
        if fresh:
            self._connection.execute(insert(REGLEMENT), fresh)

    def _free(self) -> None:
        for number, keys in self._freed.items():
            row = locked_transmission(self._connection, number)
            for part in _chunks(keys):
                only = [("idpce", key) for key in part]
                free_keys(self._connection, row, self._now, only=only)


def _attach(connection: Connection, retour: NewRetour, row: Mapping[str, Any]) -> int | None:
    """Attach to a budget a retour that was kept without any; ``None``: nothing to do."""
    if not retour.cod_bud:
        return None
    found = connection.execute(
        update(RETOUR)
        .where(
            RETOUR.c.collectivite == retour.collectivite,
            RETOUR.c.sha256 == retour.sha256,
            RETOUR.c.cod_bud == "",
        )
        .values({name: row[name] for name in ("cod_bud", "day", "pieces", "faults", "told")})
        .returning(RETOUR.c.id)
    ).one_or_none()
    return None if found is None else int(found.id)


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


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    everything = list(values)
    for start in range(0, len(everything), _CHUNK):
        yield everything[start : start + _CHUNK]


def _by_keys(
    connection: Connection, statement: Any, column: Any, keys: Iterable[str]
) -> Iterator[Row[Any]]:
    for part in _chunks(keys):
        yield from connection.execute(statement.where(column.in_(part)))


def _order(piece: PieceView) -> tuple[str, str, int, str, int]:
    return piece.domaine, piece.cod_bud, piece.exercice, piece.typ_bord, piece.numero


def _piece_view(row: Row[Any]) -> PieceView:
    return PieceView(
        id=row.id,
        key=row.key,
        bordereau=row.bordereau,
        objet=row.objet,
        etat=EtatPiece(row.etat),
        day=None if row.day == _UNDATED else row.day,
        retour_id=row.retour_id,
        transmission_id=row.transmission_id,
        taken_on=row.taken_on,
        rejected_on=row.rejected_on,
        amount_cents=row.amount_cents,
        paid_cents=row.paid_cents,
        regularise=row.regularise,
        to_regularise=bool(row.open),
        looked_up_to=row.looked_up_to,
        detail=load(row.detail),
    )

"""What the comptable did with each mandat and titre, retour after retour (helios dossier §8.3).

The retour of the latest ``DteStr`` decides, then the one that arrived last; an older one that comes
late adds its payments and never goes back. Money is whole cents.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, insert, not_, or_, select, update

from demat.helios.pieces import EtatPiece
from demat.queue.applying import UNDATED, Applying
from demat.queue.codec import dump_faults, load, load_faults
from demat.queue.database import insert_or_none
from demat.queue.journal import JournalEntry, append
from demat.queue.model import PIECE, REGLEMENT, RETOUR, TRANSMISSION, USED_KEY
from demat.queue.moves import codes
from demat.queue.registers import Registers
from demat.queue.rows import Condition, by_keys
from demat.queue.views import (
    Emission,
    NewRetour,
    PieceView,
    ReglementView,
    RetourView,
)

__all__ = ["Retours"]


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
            moved = Applying(connection, retour, number, now).apply()
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
        if to_show:
            conditions.append(PIECE.c.to_show.is_(True))
        if to_regularise:
            conditions.append(_OPEN)
        statement = select(PIECE, _OPEN.label("open")).where(*conditions)
        with self._database.reading() as connection:
            if keys is None:
                rows = list(connection.execute(statement))
            else:
                rows = list(by_keys(connection, statement, PIECE.c.key, keys))
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


def _order(piece: PieceView) -> tuple[str, str, int, str, int]:
    return piece.domaine, piece.cod_bud, piece.exercice, piece.typ_bord, piece.numero


def _piece_view(row: Row[Any]) -> PieceView:
    return PieceView(
        id=row.id,
        key=row.key,
        bordereau=row.bordereau,
        objet=row.objet,
        etat=EtatPiece(row.etat),
        day=None if row.day == UNDATED else row.day,
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

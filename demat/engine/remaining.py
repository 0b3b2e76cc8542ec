"""What a corrected deposit still has to send: what the comptable has is left out (dossier §8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from demat.engine.past import Past
from demat.faults import Fault, Faults, Severity
from demat.helios.model import Bordereau, PieceComptable
from demat.helios.names import number_key
from demat.helios.pieces import EtatPiece
from demat.helios.read import BordereauFacts
from demat.queue.views import TransmissionView

__all__ = ["Remaining", "idbord", "remaining"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remaining:
    """The bordereaux of a corrected deposit, shared between what leaves and what left before."""

    bordereaux: tuple[Bordereau, ...]
    """To send, with the pièces that remain."""
    taken: tuple[Bordereau, ...] = ()
    """Left out, with the pièces that were left out."""
    faults: Faults = field(default_factory=Faults)
    """What is left out, and what cannot be sent as it is."""


def remaining(bordereaux: Sequence[Bordereau], cod_bud: str, past: Past) -> Remaining:
    """Leave out the bordereaux and pièces that the comptable has, or will have.

    * A bordereau whose number is used is left out. When one of its pièces is free (refused at visa,
      or added by the agent), ``INT-BORDEREAU_TAKEN``: Hélios takes a number of bordereau once, the
      pièce needs a new bordereau.
    * In a free bordereau, a pièce whose number is used is left out when its lines have the amounts
      that were sent; with other amounts it is kept, and rule 28 refuses it. A burnt number is
      ``INT-PIECE_BURNT``. The totals are those of the pièces that remain.

    What the comptable refused is free already: its numbers were released with the answer.
    """
    sorting = _Sorting(cod_bud=cod_bud, past=past)
    for bordereau in bordereaux:
        sorting.take(bordereau)
    return Remaining(
        bordereaux=tuple(sorting.kept), taken=tuple(sorting.taken), faults=Faults(sorting.faults)
    )


def idbord(bordereau: Bordereau | BordereauFacts, cod_bud: str) -> str:
    """Return the key of a bordereau, as ``demat.helios.rules.register_keys`` writes it."""
    return _key(bordereau, cod_bud, bordereau.numero)


def _key(bordereau: Bordereau | BordereauFacts, cod_bud: str, numero: int) -> str:
    return number_key(bordereau.domaine, cod_bud, bordereau.exercice, bordereau.typ_bord, numero)


@dataclass(kw_only=True, slots=True)
class _Sorting:
    cod_bud: str
    past: Past
    kept: list[Bordereau] = field(default_factory=list)
    taken: list[Bordereau] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def take(self, bordereau: Bordereau) -> None:
        holder = self._holder("idbord", idbord(bordereau, self.cod_bud))
        if holder is None:
            self._sort_pieces(bordereau)
            return
        self.taken.append(bordereau)
        lost = self._lost_numbers(bordereau)
        free = [
            piece.numero
            for piece in bordereau.pieces
            if piece.numero not in lost and self._used(bordereau, piece) is None
        ]
        if free:
            self._refuse(bordereau, free, holder)
        for numero in lost:
            self._lost(bordereau, numero)
        if not (free or lost):
            self._note(f"Le bordereau {bordereau.numero}", holder)

    def _lost_numbers(self, bordereau: Bordereau) -> list[int]:
        """Return the numbers that the comptable rejected after he had accepted them (§8.3)."""
        keys = {self._key(bordereau, piece): piece.numero for piece in bordereau.pieces}
        told = self.past.office.store.pieces(self.past.authority.siren, keys=keys)
        return [keys[one.key] for one in told if one.etat is EtatPiece.REJETEE_APRES]

    def _sort_pieces(self, bordereau: Bordereau) -> None:
        left, gone = [], []
        lost = self._lost_numbers(bordereau)
        for piece in bordereau.pieces:
            holder = self._used(bordereau, piece)
            if piece.numero in lost:
                self._lost(bordereau, piece.numero)
            elif holder is not None and self._same(bordereau, piece, holder):
                gone.append(piece)
                what = f"La pièce {piece.numero} (bordereau {bordereau.numero})"
                self._note(what, holder)
            else:
                left.append(piece)
        if not gone:
            self.kept.append(bordereau)
            return
        self.taken.append(replace(bordereau, pieces=tuple(gone)))
        if left:
            self.kept.append(replace(bordereau, pieces=tuple(left), mt_cumul_annuel=None))

    def _lost(self, bordereau: Bordereau, numero: int) -> None:
        params = {"piece": str(numero), "bordereau": str(bordereau.numero)}
        self.faults.append(Fault(code="INT-PIECE_BURNT", params=params))

    def _refuse(self, bordereau: Bordereau, free: Iterable[int], holder: TransmissionView) -> None:
        params = {
            "bordereau": str(bordereau.numero),
            "pieces": ", ".join(map(str, free)),
            "key": holder.key,
        }
        self.faults.append(Fault(code="INT-BORDEREAU_TAKEN", params=params))

    def _note(self, what: str, holder: TransmissionView) -> None:
        params = {"what": what, "key": holder.key}
        note = Fault(code="INT-ALREADY_SENT", params=params, severity=Severity.WARNING)
        self.faults.append(note)

    def _key(self, bordereau: Bordereau, piece: PieceComptable) -> str:
        return _key(bordereau, self.cod_bud, piece.numero)

    def _used(self, bordereau: Bordereau, piece: PieceComptable) -> TransmissionView | None:
        return self._holder("idpce", self._key(bordereau, piece))

    def _holder(self, kind: str, key: str) -> TransmissionView | None:
        return self.past.office.store.holder(self.past.authority.siren, kind, key)

    def _same(self, bordereau: Bordereau, piece: PieceComptable, holder: TransmissionView) -> bool:
        """Tell whether a pièce has the lines that were sent under its number."""
        sent = self.past.lines_sent(holder, self._key(bordereau, piece))
        return sent == {str(ligne.numero): ligne.mt_ht for ligne in piece.lignes}

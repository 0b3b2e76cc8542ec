"""Rules that compare a file with what was sent before: 17 (gaps), 24, 49 (helios dossier §9)."""

from collections.abc import Iterator
from decimal import Decimal

from demat.faults import Fault
from demat.helios.model import Domaine
from demat.helios.rule_base import BordereauNode, ContextePes, LigneNode, PieceNode, text
from demat.helios.rules_bordereau import idbord_key
from demat.helios.scalars import read_montant, read_whole

__all__ = ["Origins", "check_history", "origin_key"]

_ORMC = "06"
_FIRST = "1"
_CANCELS = frozenset({"01", "02"})
_SAME = "01"


def check_history(
    bordereaux: list[BordereauNode], cod_bud: str, contexte: ContextePes
) -> Iterator[Fault]:
    """Apply the rules; each is silent about what the past does not tell."""
    yield from _gaps(bordereaux, cod_bud, contexte)
    yield from _cumuls(bordereaux, cod_bud, contexte)


def _scope(cod_bud: str, bordereau: BordereauNode) -> str:
    return idbord_key(cod_bud, bordereau).rpartition("/")[0]


def _gaps(bordereaux: list[BordereauNode], cod_bud: str, contexte: ContextePes) -> Iterator[Fault]:
    """Rule 17, sequence: only where the numbering was followed from its first number."""
    here = {idbord_key(cod_bud, bordereau) for bordereau in bordereaux}
    for bordereau in bordereaux:
        numero, scope = read_whole(bordereau.get("IdBord")) or 0, _scope(cod_bud, bordereau)
        if numero < 2 or bordereau.get("TypBord") == _ORMC:
            continue
        previous = f"{scope}/{numero - 1}"
        followed = f"{scope}/{_FIRST}" in here or contexte.followed(scope)
        if followed and previous not in here and contexte.used("idbord", previous) is None:
            yield bordereau.fault("PES-017_GAP", missing=str(numero - 1))


def _cumuls(
    bordereaux: list[BordereauNode], cod_bud: str, contexte: ContextePes
) -> Iterator[Fault]:
    """Rule 24: the total before this bordereau, plus this bordereau."""
    running: dict[str, Decimal] = {}
    for bordereau in sorted(bordereaux, key=lambda one: read_whole(one.get("IdBord")) or 0):
        announced = read_montant(bordereau.get("MtCumulAnnuel"))
        amount, scope = (
            read_montant(bordereau.get(bordereau.montant_ht)),
            _scope(cod_bud, bordereau),
        )
        if announced is None or amount is None:
            continue
        before = running[scope] if scope in running else contexte.cumul(scope)
        running[scope] = announced
        if before is not None and announced != before + amount:
            yield bordereau.fault(
                "PES-024", announced=f"{announced:.2f}", expected=f"{before + amount:.2f}"
            )


class Origins:
    """Rule 49: what all the lines of the file take from an original line is not more than it."""

    def __init__(self, cod_bud: str, contexte: ContextePes) -> None:
        self._cod_bud = cod_bud
        self._contexte = contexte
        self._left: dict[str, Decimal | None] = {}

    def check(self, piece: PieceNode) -> Iterator[Fault]:
        """Apply the rule to one pièce, after those that came before it in the file."""
        for ligne in piece.lignes:
            if "RattachPiece" in ligne.blocs:
                yield from self._take(ligne)

    def _take(self, ligne: LigneNode) -> Iterator[Fault]:
        key, amount = origin_key(ligne, self._cod_bud), read_montant(ligne.get("MtHT"))
        if not key or amount is None:
            return
        left = self._left
        remaining = left[key] if key in left else self._contexte.montant_origine(key)
        left[key] = None if remaining is None else max(remaining - amount, Decimal(0))
        if remaining is not None and amount > remaining:
            yield ligne.fault(
                "PES-049",
                amount=f"{amount:.2f}",
                remaining=f"{remaining:.2f}",
                origine=text(ligne.blocs["RattachPiece"], "IdPceOrig"),
            )


def origin_key(ligne: LigneNode, cod_bud: str) -> str:
    """Return the key of the line that this one reduces; empty when it reduces none.

    :returns: ``domaine/cod_bud/exercice/pièce/ligne``, the domain being that of the original.
    """
    block = ligne.blocs.get("RattachPiece")
    nature = "" if block is None else text(block, "NatPceOrig")
    if block is None or nature not in _CANCELS:
        return ""
    numbers = [read_whole(text(block, name)) for name in ("ExerRat", "IdPceOrig", "IdLigneOrig")]
    if None in numbers:
        return ""
    other = {Domaine.DEPENSE: Domaine.RECETTE, Domaine.RECETTE: Domaine.DEPENSE}
    domaine = ligne.domaine if nature == _SAME else other[ligne.domaine]
    return "/".join((str(domaine), cod_bud, *map(str, numbers)))

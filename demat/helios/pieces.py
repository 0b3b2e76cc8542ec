"""The life of what a PES carries: file, bordereaux, pièces and attachments, at the comptable's.

The acquit speaks first (helios dossier §8.1), then the retours (§8.3). In a retour two dates decide
before any code: ``DtePceRej`` alone is a rejection at visa (the number may be used again); with
``DtePcePec`` the number is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import BinaryIO

from demat.helios.acquit import Acquit, ErreurAcquit
from demat.helios.lifecycle import (
    decide,
    elements_of,
    is_accepted,
    is_refused,
    refuses_whole_file,
)
from demat.helios.model import Domaine
from demat.helios.names import number_key
from demat.helios.read import BordereauFacts, PesFacts, read_whole
from demat.helios.retour import PieceRetour
from demat.helios.rules import bordereau_keys
from demat.helios.view import EntetePes, VuePiece, read_view

__all__ = [
    "ElementState",
    "EtatPiece",
    "Verdict",
    "element_states",
    "etat_piece",
    "paid_first_key",
    "piece_key",
    "regularised_keys",
    "settled",
]


class EtatPiece(StrEnum):
    """Where a mandat or a titre stands."""

    TRANSMISE = "transmise"
    """Sent; Hélios has not answered."""
    ACQUITTEE = "acquittee"
    """Integrated by the Guichet XML; the comptable has not said more."""
    INSTANCE = "instance"
    """The comptable waits for something."""
    PRISE_EN_CHARGE = "prise_en_charge"
    """Accepted by the comptable."""
    PRISE_EN_CHARGE_PARTIELLE = "prise_en_charge_partielle"
    """Accepted in part (recette)."""
    REJETEE = "rejetee"
    """Rejected at visa: the same number may be sent again."""
    REJETEE_APRES = "rejetee_apres"
    """Rejected after it had been accepted: its number is lost."""
    SOLDEE = "soldee"
    """Wholly paid, collected, or admitted en non-valeur."""
    ANNULEE = "annulee"
    """Cancelled (recette)."""
    INCONNU = "inconnu"
    """A code that the dossier does not list: nothing is concluded."""

    @property
    def rejected(self) -> bool:
        """Whether the comptable said no."""
        return self in {EtatPiece.REJETEE, EtatPiece.REJETEE_APRES}

    @property
    def needs_person(self) -> bool:
        """Whether an agent must act."""
        return self.rejected or self is EtatPiece.INSTANCE


_CODES = {
    Domaine.DEPENSE: {
        "01": EtatPiece.INSTANCE,
        "02": EtatPiece.PRISE_EN_CHARGE,
        "05": EtatPiece.SOLDEE,
    },
    Domaine.RECETTE: {
        "01": EtatPiece.INSTANCE,
        "02": EtatPiece.PRISE_EN_CHARGE,
        "03": EtatPiece.PRISE_EN_CHARGE_PARTIELLE,
        "05": EtatPiece.ANNULEE,
    },
}
_REJETE = "04"
_SOLDEES = frozenset({"05", "06"})
"""``EtatLigPce`` of a line of titre that is settled."""


def etat_piece(piece: PieceRetour) -> EtatPiece:
    """Return the state of a returned pièce.

    A titre has no code for « soldé »: all its lines must be. A rejection that gives no date of
    rejection, of a pièce once accepted, counts as after acceptance: its number is not used again.
    """
    if piece.date_rejet or piece.etat == _REJETE:
        return EtatPiece.REJETEE_APRES if piece.date_prise_en_charge else EtatPiece.REJETEE
    etat = _CODES[piece.domaine].get(piece.etat, EtatPiece.INCONNU)
    settled = bool(piece.lignes) and all(ligne.etat in _SOLDEES for ligne in piece.lignes)
    if piece.domaine is Domaine.RECETTE and etat is EtatPiece.PRISE_EN_CHARGE and settled:
        return EtatPiece.SOLDEE
    return etat


def settled(etat: EtatPiece, taken_on: date | None) -> EtatPiece:
    """Return the state once an earlier retour told that the pièce had been accepted."""
    burnt = etat is EtatPiece.REJETEE and taken_on is not None
    return EtatPiece.REJETEE_APRES if burnt else etat


def piece_key(cod_bud: str, piece: PieceRetour) -> str:
    """Return the ``idpce`` key of a returned pièce, as :func:`demat.helios.rules.register_keys`.

    Never the tiers (trap 22): its identifier may not be the one that was sent.
    """
    return number_key(piece.domaine, cod_bud, piece.exercice, piece.typ_bord, piece.numero)


_PAID_FIRST = "03"
"""``NatPceOrig`` of what was paid or collected before any mandat or titre."""


def paid_first_key(domaine: str, cod_bud: str, exercice: int, numero: int) -> str:
    """Return the key of what was paid or collected first: ``recette/02/2026/417``.

    It has no type of bordereau: what regularises it does not tell it.
    """
    return f"{domaine}/{cod_bud}/{exercice}/{numero}"


def regularised_keys(source: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield what a PES_Aller regularises: the key of its pièce, and that of the earlier one.

    The earlier one is named as :func:`paid_first_key` does.

    :param source: open at its beginning.
    :raises FaultError: ``XML-…``.
    """
    cod_bud = ""
    for one in read_view(source):
        if isinstance(one, EntetePes):
            cod_bud = one.cod_bud
        elif isinstance(one, VuePiece):
            bordereau = one.bordereau
            exercice, numero = (read_whole(it) or 0 for it in (bordereau.exercice, one.numero))
            key = number_key(bordereau.domaine, cod_bud, exercice, bordereau.typ_bord, numero)
            for ligne in one.lignes:
                link = ligne.rattachement
                if link is not None and link.nature == _PAID_FIRST:
                    origin = (read_whole(link.exercice) or exercice, read_whole(link.piece) or 0)
                    yield key, paid_first_key(bordereau.domaine, cod_bud, *origin)


class Verdict(StrEnum):
    """What the acquit says of one element; no answer is neither a yes nor a no."""

    INTEGRE = "integre"
    """Hélios has it."""
    REFUSE = "refuse"
    """Hélios does not have it."""
    SANS_REPONSE = "sans_reponse"
    """The acquit says nothing of it, or there is none yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementState:
    """One element of a sent file, and what the acquit says of it."""

    kind: str
    """``fichier``, or the family of its key: ``idbord``, ``idpce``, ``idunique``."""
    key: str
    """Its key, in the form of :func:`demat.helios.rules.register_keys`."""
    verdict: Verdict
    """What was answered."""
    domaine: Domaine | None = None
    """Mandats or titres; ``None`` for a file or an attachment."""
    numero: int = 0
    """``IdBord`` or ``IdPce``."""
    exercice: int = 0
    """``Exer`` of its bordereau."""
    nom: str = ""
    """``NomPJ`` of an attachment, NomFic of a file."""
    erreurs: tuple[ErreurAcquit, ...] = ()
    """The reasons given for this very element; those of a ligne belong to its pièce."""


def element_states(facts: PesFacts, acquit: Acquit | None) -> tuple[ElementState, ...]:
    """Return every element of a sent file with its verdict, each bordereau before its pièces.

    All the elements of an acquit that concern one bordereau are put together; a pièce has the
    verdict of its bordereau, which Hélios takes or refuses whole (§8.1).
    """
    return (
        _file(facts, acquit),
        *(one for bordereau in facts.bordereaux for one in _bordereau(bordereau, facts, acquit)),
        *_attachments(facts, acquit),
    )


def _file(facts: PesFacts, acquit: Acquit | None) -> ElementState:
    verdict = Verdict.SANS_REPONSE
    erreurs: tuple[ErreurAcquit, ...] = ()
    if acquit is not None:
        taken = decide(acquit, facts).integrated
        verdict = Verdict.INTEGRE if taken else Verdict.REFUSE
        erreurs = tuple(
            erreur
            for element in acquit.elements
            if element.bordereau is None and not element.id_unique
            for erreur in element.erreurs
        )
    key = facts.nom_fic
    return ElementState(kind="fichier", key=key, nom=key, verdict=verdict, erreurs=erreurs)


def _bordereau(
    bordereau: BordereauFacts, facts: PesFacts, acquit: Acquit | None
) -> Iterator[ElementState]:
    verdict = _verdict(acquit, bordereau)
    named = [] if acquit is None else elements_of(acquit, bordereau)
    erreurs = [erreur for element in named if element.bordereau for erreur in element.erreurs]
    idbord, pieces = bordereau_keys(facts, bordereau)

    def state(kind: str, key: str, numero: int, piece: int | None) -> ElementState:
        return ElementState(
            kind=kind,
            key=key,
            verdict=verdict,
            domaine=bordereau.domaine,
            numero=numero,
            exercice=bordereau.exercice,
            erreurs=tuple(erreur for erreur in erreurs if erreur.piece == piece),
        )

    yield state("idbord", idbord, bordereau.numero, None)
    for numero, key in zip(bordereau.pieces, pieces, strict=True):
        yield state("idpce", key, numero, numero)


def _verdict(acquit: Acquit | None, bordereau: BordereauFacts) -> Verdict:
    if acquit is None:
        return Verdict.SANS_REPONSE
    if refuses_whole_file(acquit):
        return Verdict.REFUSE
    if is_accepted(acquit, bordereau):
        return Verdict.INTEGRE
    return Verdict.REFUSE if is_refused(acquit, bordereau) else Verdict.SANS_REPONSE


def _attachments(facts: PesFacts, acquit: Acquit | None) -> Iterator[ElementState]:
    for pj in facts.pieces_jointes:
        elements = [] if acquit is None else acquit.elements
        mine = [element for element in elements if element.id_unique == pj.id_unique]
        verdict = Verdict.INTEGRE if mine else Verdict.SANS_REPONSE
        if not all(element.accepted for element in mine) or (
            acquit is not None and refuses_whole_file(acquit)
        ):
            verdict = Verdict.REFUSE
        yield ElementState(
            kind="idunique",
            key=pj.id_unique,
            nom=pj.name,
            verdict=verdict,
            erreurs=tuple(erreur for element in mine for erreur in element.erreurs),
        )

"""What the pages of an acquit and of a retour show (helios dossier §8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from demat.amounts import total
from demat.faults import Fault, Faults
from demat.helios.acquit import Acquit, ElementAcquit, advice
from demat.helios.libelles import ETATS_LIGNE, OBSERVATIONS, ORIGINES, en_clair
from demat.helios.model import Domaine
from demat.helios.retour import LigneRetour, PieceRetour, Retour

__all__ = [
    "AcquitPage",
    "ElementVue",
    "acquit_page",
    "etat_ligne",
    "named_element",
    "observations",
    "reglements",
    "retour_page",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementVue:
    """One verdict of the comptable, in words."""

    nom: str
    """``Bordereau de dépense n° 31 (2026)``."""
    accepted: bool
    faults: Faults
    """Each reason; its label says what it means, what to do and whom to ask."""


class AcquitPage(TypedDict):
    """The values of the page of an acquit."""

    acquit: Acquit
    elements: tuple[ElementVue, ...]
    refused: int


def acquit_page(acquit: Acquit) -> AcquitPage:
    """Return what the page of an acquit shows."""
    elements = tuple(
        ElementVue(nom=named_element(one), accepted=one.accepted, faults=_reasons(one))
        for one in acquit.elements
    )
    refused = sum(not one.accepted for one in elements)
    return AcquitPage(acquit=acquit, elements=elements, refused=refused)


def _reasons(element: ElementAcquit) -> Faults:
    if element.erreurs:
        return Faults(advice(erreur) for erreur in element.erreurs)
    return Faults() if element.accepted else Faults([Fault(code="PES-ACK_NO_REASON")])


def named_element(element: ElementAcquit) -> str:
    """Name an element of an acquit as the agent knows it."""
    if element.bordereau is not None:
        year = f" ({element.exercice})" if element.exercice else ""
        return f"Bordereau de {element.libelle} n° {element.bordereau}{year}"
    if element.id_unique:
        return f"Pièce jointe {element.id_unique}"
    if element.id_marche:
        return f"Marché {element.id_marche}"
    return element.libelle.capitalize()


_NOMS = {Domaine.DEPENSE: "Mandat", Domaine.RECETTE: "Titre"}
_RESTITUTIONS = {"01": "rejets et mises en instance", "02": "situation périodique", "03": "stock"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceVue:
    """One returned pièce, in words."""

    nom: str
    piece: PieceRetour
    etat: str
    motifs: str
    lignes: tuple[tuple[LigneRetour, str, str], ...]
    """Each line, its state and its payments in words."""
    mt_ht: Decimal
    numero_perdu: bool


def retour_page(retour: Retour) -> Mapping[str, object]:
    """Return what the page of a retour shows."""
    return {
        "retour": retour,
        "restitution": _RESTITUTIONS.get(retour.typ_restit, retour.typ_restit),
        "pieces": tuple(_piece(one) for one in retour.pieces),
        "regle": total(one.mt_regle for one in retour.pieces),
    }


def _piece(piece: PieceRetour) -> PieceVue:
    return PieceVue(
        nom=f"{_NOMS[piece.domaine]} n° {piece.numero}",
        piece=piece,
        etat=piece.etat_libelle or (f"code {piece.etat}" if piece.etat else "non précisé"),
        motifs=observations(piece.domaine, piece.observations),
        lignes=tuple(
            (ligne, etat_ligne(piece.domaine, ligne), reglements(piece.domaine, ligne))
            for ligne in piece.lignes
        ),
        mt_ht=total(one.mt_ht for one in piece.lignes if one.mt_ht is not None),
        numero_perdu=piece.numero_perdu,
    )


def observations(domaine: Domaine, codes: tuple[str, ...]) -> str:
    """Return the reasons of the comptable in words."""
    return ", ".join(OBSERVATIONS[domaine].get(code, f"motif {code}") for code in codes)


def etat_ligne(domaine: Domaine, ligne: LigneRetour) -> str:
    """Return the state of a line in words, with its reasons."""
    code = ligne.etat
    words = ETATS_LIGNE[domaine].get(code, f"code {code}" if code else "")
    reasons = observations(domaine, ligne.observations)
    return " : ".join(part for part in (words, reasons, ligne.commentaire) if part)


def reglements(domaine: Domaine, ligne: LigneRetour) -> str:
    """Return the payments of a line in words: ``paiement le 02/04/2026 : 1800,00``."""
    parts = []
    for one in ligne.reglements:
        origin = ORIGINES[domaine].get(one.origine, f"origine {one.origine}")
        day = f" le {en_clair('', one.date)}" if one.date else ""
        amount = "" if one.montant is None else f" : {one.montant:.2f} €".replace(".", ",")
        parts.append(f"{origin}{day}{amount}")
    return " ; ".join(parts)

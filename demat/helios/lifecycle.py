"""The legal life of a PES_Aller: what the acquit makes of it (helios dossier §8.1, §8.2)."""

from collections.abc import Iterable
from enum import StrEnum

from demat.helios.acquit import Acquit, ElementAcquit, refused_elements
from demat.helios.codes import DomaineAck
from demat.helios.model import Domaine
from demat.helios.read import BordereauFacts, PesFacts

__all__ = [
    "EtatPes",
    "answers",
    "decide",
    "elements_of",
    "is_accepted",
    "is_refused",
    "refused_elements",
    "refuses_whole_file",
]

_DOMAINES = {
    Domaine.DEPENSE: frozenset({DomaineAck.DEPENSE}),
    Domaine.RECETTE: frozenset({DomaineAck.RECETTE, DomaineAck.ROLE}),
}
_ANY_DOMAINE = frozenset(domaine for domaine in DomaineAck if domaine.whole_file) | {
    DomaineAck.SIGNATURE_BORDEREAU
}


class EtatPes(StrEnum):
    """Where a file stands with the comptable."""

    GENERE = "genere"
    """Written, not yet handed over."""
    TRANSMIS = "transmis"
    """Handed over; no acquit yet."""
    ACQUITTE = "acquitte"
    """Everything was integrated by Hélios."""
    ACQUITTE_PARTIEL = "acquitte_partiel"
    """Part was integrated; the rest is to correct and send again in a new file."""
    REFUSE = "refuse"
    """No bordereau was integrated."""

    @property
    def final(self) -> bool:
        """Whether nothing more is expected from the Guichet XML."""
        return self in {EtatPes.ACQUITTE, EtatPes.ACQUITTE_PARTIEL, EtatPes.REFUSE}

    @property
    def integrated(self) -> bool:
        """Whether Hélios has the file, in whole or in part."""
        return self in {EtatPes.ACQUITTE, EtatPes.ACQUITTE_PARTIEL}


def answers(acquit: Acquit, facts: PesFacts) -> bool:
    """Tell whether the acquit is about this file: same NomFic, and same CodCol when it says one.

    Real answers carry ``000`` as CodCol: that says nothing. An empty NomFic never matches.
    """
    if not acquit.nom_fic or acquit.nom_fic != facts.nom_fic:
        return False
    return acquit.cod_col in {"", "000", facts.cod_col}


def decide(acquit: Acquit, facts: PesFacts) -> EtatPes:
    """Return the state that an acquit gives to the file it answers.

    All the elements of a bordereau are put together: one refusal refuses it, and a bordereau
    without any element is not accepted. A refusal of the signature or of the file refuses all.
    Attachments that the acquit does not mention change nothing, except in a file that carries
    nothing else. A refused element that the file does not hold prevents ``ACQUITTE``.
    """
    if refuses_whole_file(acquit):
        return EtatPes.REFUSE
    verdicts = list(_verdicts(acquit, facts))
    if not any(verdicts):
        return EtatPes.REFUSE
    if all(verdicts) and not refused_elements(acquit):
        return EtatPes.ACQUITTE
    return EtatPes.ACQUITTE_PARTIEL


def refuses_whole_file(acquit: Acquit) -> bool:
    """Tell whether an element refuses the file itself: its signature, its form."""
    return any(_refuses_all(element) for element in acquit.elements)


def _refuses_all(element: ElementAcquit) -> bool:
    domaine = DomaineAck.from_code(element.domaine)
    return (
        not element.accepted
        and domaine is not None
        and domaine.whole_file
        and element.bordereau is None
        and not element.id_unique
    )


def _verdicts(acquit: Acquit, facts: PesFacts) -> Iterable[bool]:
    if facts.bordereaux:
        return (is_accepted(acquit, bordereau) for bordereau in facts.bordereaux)
    if facts.pieces_jointes:
        return (_pj_accepted(acquit, pj.id_unique) for pj in facts.pieces_jointes)
    return (element.accepted for element in acquit.elements)


def elements_of(acquit: Acquit, bordereau: BordereauFacts) -> tuple[ElementAcquit, ...]:
    """Return the verdicts that concern a bordereau, in document order."""
    return tuple(element for element in acquit.elements if _concerns(element, bordereau))


def is_accepted(acquit: Acquit, bordereau: BordereauFacts) -> bool:
    """Tell whether Hélios integrated a bordereau: a verdict of its domain, and no refusal."""
    elements = elements_of(acquit, bordereau)
    named = [element for element in elements if element.bordereau is not None]
    integrated = any(element.domaine in _DOMAINES[bordereau.domaine] for element in named)
    return integrated and all(element.accepted for element in elements)


def is_refused(acquit: Acquit, bordereau: BordereauFacts) -> bool:
    """Tell whether Hélios said that it did not integrate a bordereau: silence says nothing."""
    return any(not element.accepted for element in elements_of(acquit, bordereau))


def _concerns(element: ElementAcquit, bordereau: BordereauFacts) -> bool:
    """Tell whether an element is about a bordereau, by domain, number and exercice.

    TypBord is absent from acquits: two bordereaux of one number in one file share their verdicts.
    A refusal without number concerns every bordereau of its domain.
    """
    if element.id_unique or element.id_marche:
        return False
    if element.domaine not in _DOMAINES[bordereau.domaine] | _ANY_DOMAINE:
        return False
    if element.bordereau is None:
        return not element.accepted
    return element.bordereau == bordereau.numero and element.exercice in {
        None,
        bordereau.exercice,
    }


def _pj_accepted(acquit: Acquit, id_unique: str) -> bool:
    elements = [element for element in acquit.elements if element.id_unique == id_unique]
    return bool(elements) and all(element.accepted for element in elements)

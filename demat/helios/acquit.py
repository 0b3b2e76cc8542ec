"""PES_ACQUIT: the answer of Hélios to one PES_Aller, bordereau by bordereau (helios dossier §8.1).

Two forms exist under two namespaces: the old one is flat, the current one nests errors under the
element, the pièce and the ligne. Both are read, every error of every level is kept. A third root,
``PES_NonAcquit``, refuses the whole file (§8.2); no schema of it is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from demat.faults import Fault, FaultError
from demat.helios.codes import ERREURS_ACQUIT, DomaineAck
from demat.helios.read import read_whole
from demat.xmlio import Element, expect_root, line_of, local_name, parse_untrusted, value

__all__ = [
    "ACQUITS",
    "Acquit",
    "ElementAcquit",
    "ErreurAcquit",
    "UndecidedAcquit",
    "advice",
    "parse_acquit",
    "refused_elements",
]

NON_ACQUIT = "PES_NonAcquit"
ACQUITS = frozenset({"PES_ACQUIT", NON_ACQUIT})
"""Roots of the answers of Hélios to a PES_Aller."""
_GENERAL = frozenset({"", "ERREUR_AUTRE"})
_NUMBERED = {"1971": "PES-ACK_1971", "1984": "PES-ACK_1984", "2559": "PES-ACK_2559"}
"""Numbers of the guide of the DGFiP that were seen in real acquits → fault code."""
_TRUE = frozenset({"1", "true"})
_FALSE = frozenset({"0", "false"})


class UndecidedAcquit(FaultError):
    """The acquit neither accepts nor refuses: a person must read it, nothing is concluded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ErreurAcquit:
    """One reason given by Hélios (``Erreur``)."""

    code: str
    """``NumAnoAck``, such as ``ERREUR_DOUBLON_PJ``; may be empty."""
    libelle: str
    """``LibelleAnoAck``, whole; often starts with a four-digit number."""
    path: str
    """Where: ``element``, ``piece 204``, ``piece 204 / ligne 1``."""
    piece: int | None = None
    """``NumPiece``: the mandat or titre concerned."""
    ligne: int | None = None
    """``NumLigne``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementAcquit:
    """The verdict on one bordereau, attachment or contract (``ElementACQUIT``)."""

    domaine: int
    """``DomaineAck``: 5 dépense, 6 recette, 4 PJ, 2 and 3 signature, 0 technical…"""
    libelle: str
    """The domain in words."""
    accepted: bool
    """``EtatAck``: true means integrated by Hélios."""
    bordereau: int | None = None
    """``NumBord``."""
    exercice: int | None = None
    """``ExerciceBord``."""
    id_unique: str = ""
    """``IdUnique``: the attachment concerned."""
    id_marche: str = ""
    """``IdMarche``: the contract concerned."""
    erreurs: tuple[ErreurAcquit, ...] = ()
    """All the errors of the element, its pièces and their lines, in document order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acquit:
    """A PES_ACQUIT as read, nothing lost."""

    nom_fic: str
    """``NomFic`` of the PES_Aller answered; empty in some real answers."""
    cod_col: str
    """``CodCol``; ``000`` in some real answers."""
    elements: tuple[ElementAcquit, ...]
    """Verdicts, in document order; several may concern the same bordereau."""
    id_post: str = ""
    """``IdPost``."""
    cod_bud: str = ""
    """``CodBud``."""
    id_coll: str = ""
    """``IdColl``."""

    @property
    def erreurs(self) -> tuple[ErreurAcquit, ...]:
        """Every error of every element, in document order."""
        return tuple(erreur for element in self.elements for erreur in element.erreurs)


def parse_acquit(content: bytes) -> Acquit:
    """Read an acquit, old or current form, keeping every error at any depth.

    The header is read leniently: real answers carry an empty NomFic or a CodCol ``000``. A
    PES_NonAcquit is read as one element that refuses the file, with every reason found in it.

    :raises UndecidedAcquit: ``PES-ACQUIT_EMPTY``, no element: silence is not consent;
        ``PES-ACQUIT_STATE``, an element whose verdict or domain cannot be read, or that a
        PES_NonAcquit accepts.
    :raises FaultError: ``XML-…`` when it is not XML or has another root.
    """
    root = parse_untrusted(content)
    refuses_all = local_name(root) == NON_ACQUIT
    if not refuses_all:
        expect_root(root, "PES_ACQUIT")
    elements = tuple(_element(node) for node in root.iterfind("ACQUIT/ElementACQUIT"))
    if refuses_all:
        elements = (_whole_file(root), *_refused(root, elements))
    if not elements:
        raise UndecidedAcquit(Fault(code="PES-ACQUIT_EMPTY"))
    return Acquit(
        nom_fic=_text(root, "Enveloppe/Parametres/NomFic"),
        cod_col=_text(root, "EnTetePES/CodCol") or _text(root, "EnTetePES/CodColl"),
        elements=elements,
        id_post=_text(root, "EnTetePES/IdPost"),
        cod_bud=_text(root, "EnTetePES/CodBud"),
        id_coll=_text(root, "EnTetePES/IdColl"),
    )


def _whole_file(root: Element) -> ElementAcquit:
    reason = ErreurAcquit(code=NON_ACQUIT, libelle="", path="element")
    reasons = (
        found
        for node in root.iter("Erreur")
        if next(node.iterancestors("ElementACQUIT"), None) is None
        for found in _reason(node, None, None)
    )
    return ElementAcquit(
        domaine=DomaineAck.TECHNIQUE,
        libelle="fichier entier",
        accepted=False,
        erreurs=(reason, *reasons),
    )


def _refused(root: Element, elements: tuple[ElementAcquit, ...]) -> tuple[ElementAcquit, ...]:
    """Return the elements of a PES_NonAcquit, none of which may be accepted: it would be paid."""
    if any(element.accepted for element in elements):
        params = {"element": "EtatAck", "value": "1"}
        raise UndecidedAcquit(Fault(code="PES-ACQUIT_STATE", params=params, line=line_of(root)))
    return elements


def _element(node: Element) -> ElementAcquit:
    domaine = read_whole(_text(node, "DomaineAck"))
    if domaine is None:
        raise _unreadable(node, "DomaineAck")
    return ElementAcquit(
        domaine=domaine,
        libelle=_libelle_domaine(domaine),
        accepted=_etat(node),
        bordereau=read_whole(_text(node, "NumBord")),
        exercice=read_whole(_text(node, "ExerciceBord")),
        id_unique=_text(node, "IdUnique"),
        id_marche=_text(node, "IdMarche"),
        erreurs=(*_flat_erreurs(node), *_nested_erreurs(node)),
    )


def _libelle_domaine(domaine: int) -> str:
    known = DomaineAck.from_code(domaine)
    return known.libelle if known else str(domaine)  # a later version of the norm: the number


def _etat(node: Element) -> bool:
    """Read ``EtatAck``: ``1`` and ``true`` are the same xs:boolean; nothing is assumed."""
    text = _text(node, "EtatAck").strip()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _unreadable(node, "EtatAck")


def _unreadable(node: Element, name: str) -> UndecidedAcquit:
    return UndecidedAcquit(
        Fault(
            code="PES-ACQUIT_STATE",
            params={"element": name, "value": _text(node, name)},
            line=line_of(node),
        )
    )


def _flat_erreurs(node: Element) -> Iterator[ErreurAcquit]:
    """Read the old form: the reason, the pièce and the line are children of the element."""
    piece, ligne = read_whole(_text(node, "NumPiece")), read_whole(_text(node, "NumLigne"))
    yield from _reason(node, piece, ligne)


def _nested_erreurs(node: Element) -> Iterator[ErreurAcquit]:
    for erreur in node.iterfind("Erreur"):
        yield from _reason(erreur, None, None)
    for detail in node.iterfind("DetailPiece"):
        piece = read_whole(_text(detail, "NumPiece"))
        for erreur in detail.iterfind("Erreur"):
            yield from _reason(erreur, piece, None)
        for line in detail.iterfind("DetailLigne"):
            ligne = read_whole(_text(line, "NumLigne"))
            for erreur in line.iterfind("Erreur"):
                yield from _reason(erreur, piece, ligne)


def _reason(node: Element, piece: int | None, ligne: int | None) -> Iterator[ErreurAcquit]:
    code, libelle = _text(node, "NumAnoAck"), _text(node, "LibelleAnoAck")
    if not (code or libelle):
        return
    where = [f"piece {piece}"] if piece is not None else ["element"]
    if ligne is not None:
        where.append(f"ligne {ligne}")
    yield ErreurAcquit(code=code, libelle=libelle, path=" / ".join(where), piece=piece, ligne=ligne)


def refused_elements(acquit: Acquit) -> tuple[ElementAcquit, ...]:
    """Return the elements that Hélios did not integrate, in document order."""
    return tuple(element for element in acquit.elements if not element.accepted)


def advice(erreur: ErreurAcquit) -> Fault:
    """Return the fault whose French label says what the error means and what to do.

    The code is ``PES-ACK_`` + ``NumAnoAck``, or ``PES-ACK_UNKNOWN`` for a code that no schema
    lists, ``PES-ACK_NON_ACQUIT`` for a file refused as a whole. Under a general code, the number at
    the head of the label tells more, when it is one of those that were seen (helios dossier §8.1).
    """
    if erreur.code == NON_ACQUIT:
        return Fault(code="PES-ACK_NON_ACQUIT", path=erreur.path)
    known = erreur.code in ERREURS_ACQUIT
    code = f"PES-ACK_{erreur.code}" if known else "PES-ACK_UNKNOWN"
    numbered = _NUMBERED.get(erreur.libelle[:4]) if erreur.code in _GENERAL else None
    return Fault(
        code=numbered or code,
        params={
            "code": erreur.code or "aucun",
            "libelle": erreur.libelle or "sans explication",
            "ou": _where(erreur),
        },
        path=erreur.path,
    )


def _where(erreur: ErreurAcquit) -> str:
    """Return the place in the words of the agent."""
    parts = []
    if erreur.piece is not None:
        parts.append(f"pièce {erreur.piece}")
    if erreur.ligne is not None:
        parts.append(f"ligne {erreur.ligne}")
    return ", ".join(parts) or "l'ensemble de l'élément"


def _text(node: Element, path: str) -> str:
    return value(node, path) or ""

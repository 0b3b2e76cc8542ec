"""One pass through a PES_Aller of any size, pièce by pièce, in little memory (dossier §2 to §5).

A file of 20,000 pièces is a tree of 700 MB: nothing here holds more of it than one pièce or one
attachment. What is wrong with the structure is the business of the schemas: the walk is lenient.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from demat.helios.model import Domaine
from demat.helios.rule_base import BordereauNode, PieceNode, text, values_of
from demat.helios.scalars import read_boolean
from demat.xmlio import Element, line_of, stream_untrusted

__all__ = ["DOMAINES", "SIGNATURE", "BordereauEnd", "FileEnd", "PjNode", "Place", "is_role", "walk"]

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
DOMAINES = (
    (Domaine.DEPENSE, "PES_DepenseAller", "EnTeteDepense"),
    (Domaine.RECETTE, "PES_RecetteAller", "EnTeteRecette"),
)
"""Domain, element that holds its bordereaux, element that heads them."""

_ROOT = "PES_Aller"
_BORDEREAUX = {f"{_ROOT}/{branch}/Bordereau": domaine for domaine, branch, _ in DOMAINES}
_PIECES = frozenset(f"{path}/Piece" for path in _BORDEREAUX)
_PATHS = frozenset({*_BORDEREAUX, *_PIECES, f"{_ROOT}/PES_PJ/PJ", _ROOT})
_KEPT = frozenset(
    {"Enveloppe", "EnTetePES", "EnTeteDepense", "EnTeteRecette", "BlocBordereau", "EnTetePES_PJ"}
)
"""Heads that stay where they are until the end."""
_HEADS = {branch: (domaine, head) for domaine, branch, head in DOMAINES}


@dataclass(frozen=True, slots=True)
class BordereauEnd:
    """A bordereau whose pièces have all gone by."""

    bordereau: BordereauNode
    signatures: tuple[Element, ...]
    """Its ``ds:Signature``."""


@dataclass(frozen=True, slots=True)
class PjNode:
    """An attachment (``PES_PJ/PJ``)."""

    node: Element
    bordereaux: list[BordereauNode]
    """Those that came before it."""


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The end of the file."""

    root: Element
    """The root and all that has not gone by: heads, ``PES_Facture``, ``PES_Marche``, signature."""
    bordereaux: list[BordereauNode]
    """All of them, in document order."""


def is_role(root: Element) -> bool:
    """Tell whether a file is one of rôles (ORMC), which leave unsigned (§3.8)."""
    return text(root, "Enveloppe/Parametres/TypFic") == "PESORMC"


Place = PieceNode | BordereauEnd | PjNode | FileEnd


def walk(content: bytes) -> Iterator[Place]:
    """Yield the pièces, the ends of the bordereaux, the attachments and last the end of the file.

    An element may only be looked at until the next one is asked for.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``; what comes
        before the fault has been yielded by then.
    """
    bordereaux: list[BordereauNode] = []
    holder: Element | None = None  # the Bordereau of the pièces that are going by
    for node in stream_untrusted(BytesIO(content), _PATHS, root=_ROOT, keep=_KEPT):
        if node.tag == "Piece":
            parent = node.getparent()
            if parent is not holder and parent is not None:
                holder = parent
                bordereaux.append(_bordereau(parent))
            piece = PieceNode(node, bordereaux[-1])
            piece.bordereau.pieces.append((piece.get("IdPce"), line_of(node)))
            yield piece
        elif node.tag == "Bordereau":
            if node is not holder:  # without any pièce
                bordereaux.append(_bordereau(node))
            signatures = tuple(node.iterchildren(SIGNATURE))
            bordereaux[-1].signatures = len(signatures)
            yield BordereauEnd(bordereaux[-1], signatures)
        elif node.tag == "PJ":
            yield PjNode(node, bordereaux)
        else:
            yield FileEnd(node, bordereaux)


def _bordereau(node: Element) -> BordereauNode:
    branch = node.getparent()
    domaine, head = _HEADS[str(branch.tag) if branch is not None else DOMAINES[0][1]]
    entete = node.find("BlocBordereau")
    flag = "" if branch is None else text(branch, f"{head}/InfoDematerialisee")
    return BordereauNode(
        domaine=domaine,
        dematerialise=read_boolean(flag),
        id=node.get("Id", ""),
        entete=values_of(node if entete is None else entete),
        has_tva=entete is not None and entete.find("MtBordTVA") is not None,
        line=line_of(node),
    )

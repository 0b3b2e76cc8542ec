"""One pass through a PES_Aller of any size, pièce by pièce, in little memory (dossier §2 to §5).

A file of 20,000 pièces is a tree of 700 MB: nothing here holds more of it than one pièce or one
attachment. What is wrong with the structure is the business of the schemas: the walk is lenient.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from demat.helios.model import Domaine
from demat.helios.rule_base import BordereauNode, PieceNode, text, values_of
from demat.helios.scalars import read_boolean
from demat.xmlio import Element, grow_untrusted, line_of

__all__ = ["DOMAINES", "SIGNATURE", "BordereauEnd", "FileEnd", "PjNode", "Place", "is_role", "walk"]

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
DOMAINES = (
    (Domaine.DEPENSE, "PES_DepenseAller", "EnTeteDepense"),
    (Domaine.RECETTE, "PES_RecetteAller", "EnTeteRecette"),
)
"""Domain, element that holds its bordereaux, element that heads them."""

_ROOT = "PES_Aller"
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
    attachments: int
    """How many went by."""


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
    attachments = 0
    last: Element | None = None  # Bordereau of which more pièces may come
    for root in grow_untrusted(content, ("Piece", "PJ"), root=_ROOT):
        for node in _bordereaux_in(root):
            if node is not last:
                bordereaux.append(_bordereau(node))
            last = node
            yield from _pieces(node, bordereaux[-1])
            if _has_ended(node):
                yield _end(node, bordereaux[-1])
        for node in root.findall("PES_PJ/PJ"):
            attachments += 1
            yield PjNode(node, bordereaux)
            _remove(node)
        whole = root
    if last is not None and last.getparent() is not None:
        yield _end(last, bordereaux[-1])
    yield FileEnd(whole, bordereaux, attachments)


def _bordereaux_in(root: Element) -> list[Element]:
    return [
        node for branch in root.iterchildren(*_HEADS) for node in branch.iterchildren("Bordereau")
    ]


def _pieces(node: Element, bordereau: BordereauNode) -> Iterator[PieceNode]:
    for child in node.findall("Piece"):
        piece = PieceNode(child, bordereau)
        bordereau.pieces.append((piece.get("IdPce"), line_of(child)))
        yield piece
        piece.forget_lines()
        node.remove(child)


def _has_ended(node: Element) -> bool:
    """Tell whether something follows a bordereau, in its domain or after."""
    branch = node.getparent()
    return node.getnext() is not None or (branch is not None and branch.getnext() is not None)


def _end(node: Element, bordereau: BordereauNode) -> BordereauEnd:
    signatures = tuple(node.iterchildren(SIGNATURE))
    bordereau.signatures = len(signatures)
    _remove(node)
    return BordereauEnd(bordereau, signatures)


def _remove(node: Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


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

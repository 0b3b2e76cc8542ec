"""The seal of a budget document: verified, and made for fictional documents (actes dossier §7.3).

A seal is no signature: anybody can compute it. It only shows that the file was not changed since
TotEM sealed it. MD5 and SHA-1 are what the format prescribes.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from demat.faults import Fault, FaultError
from demat.xmlio import Element, check_measure, local_name, parse_untrusted

__all__ = [
    "CFU",
    "DOCBUDG",
    "ROOTS",
    "EtatScellement",
    "Scellement",
    "digests",
    "document_of",
    "verify_scellement",
]

DOCBUDG = "http://www.minefi.gouv.fr/cp/demat/docbudgetaire"
"""Namespace of ``DocumentBudgetaire`` (§7.2)."""
CFU = "http://www.minefi.gouv.fr/cp/demat/doccfu"
"""Namespace of ``CompteFinancierUnique`` (§7.2)."""
ROOTS = frozenset({f"{{{DOCBUDG}}}DocumentBudgetaire", f"{{{CFU}}}CompteFinancierUnique"})
"""Root elements of what TotEM seals."""
_BLANK = " \t\r\n"


class EtatScellement(StrEnum):
    """What the seal says of the file."""

    ABSENT = "absent"
    """The document was never sealed, or its seal was taken away."""
    ALTERED = "altered"
    """The file is not the one that was sealed: its content, or the seal itself, was changed."""
    INTACT = "intact"
    """The file is the one that was sealed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scellement:
    """The seal of one document."""

    etat: EtatScellement
    date: str = ""
    """``@date``: when it was sealed, as it is written, with or without a zone; nothing proves it,
    the seal does not cover itself."""


class _Digests:
    """Takes the canonical form piece by piece: it is never held whole."""

    def __init__(self) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha1 = hashlib.sha1(usedforsecurity=False)

    def write(self, chunk: bytes) -> int:
        """Add a piece; return its size."""
        self.md5.update(chunk)
        self.sha1.update(chunk)
        return len(chunk)


def document_of(root: Element) -> Element:
    """Return the ``DocumentBudgetaire`` of a file: its root, or the only one inside a CFU.

    :raises FaultError: ``ACT-BUDGET_ROOT`` for any other root, or a CFU that holds none or several.
    """
    if root.tag not in ROOTS:
        raise FaultError(_wrong_root(root))
    if etree.QName(root).namespace == DOCBUDG:
        return root
    found = root.findall(f"{{{DOCBUDG}}}DocumentBudgetaire")
    if len(found) != 1:
        raise FaultError(_wrong_root(root))
    return found[0]


def _wrong_root(root: Element) -> Fault:
    return Fault(code="ACT-BUDGET_ROOT", params={"root": local_name(root)})


def verify_scellement(content: bytes) -> Scellement:
    """Verify the seal of a budget or of a CFU, by the procedure of §7.3.

    Nothing is repaired: a file that was only indented again is altered too.

    :raises FaultError: ``XML-…`` when it cannot be read; ``ACT-BUDGET_ROOT`` when it is no budget.
    """
    root = parse_untrusted(content)
    check_measure(content, root)
    seals = document_of(root).findall(f"{{{DOCBUDG}}}Scellement")
    if not seals:
        return Scellement(etat=EtatScellement.ABSENT)
    seal = seals[0]
    stated = (seal.get("md5", "").upper(), seal.get("sha1", "").upper())
    try:
        intact = len(seals) == 1 and _is_bare(seal) and stated == digests(root)
    except etree.C14NError:  # a relative namespace has no canonical form: it was never sealed
        intact = False
    etat = EtatScellement.INTACT if intact else EtatScellement.ALTERED
    return Scellement(etat=etat, date=seal.get("date", ""))


def _is_bare(seal: Element) -> bool:
    """Tell whether a seal holds nothing: nothing would cover it, and a reader could find it."""
    return not len(seal) and not (seal.text or "").strip(_BLANK)


def digests(root: Element) -> tuple[str, str]:
    """Return MD5 and SHA-1, in upper-case hexadecimal, of what the seal of a document covers.

    The seal, if there is one, is taken out of the tree that is given, with the blank that follows
    it; what is no blank stays, and is covered.

    :raises etree.C14NError: a namespace of the document is a relative address.
    """
    for seal in document_of(root).findall(f"{{{DOCBUDG}}}Scellement")[:1]:
        _take_out(seal)
    found = _Digests()
    tree = root.getroottree()
    tree.write(
        found,  # type: ignore[arg-type]  # lxml only calls write
        method="c14n",
        exclusive=False,
        with_comments=False,
    )
    return found.md5.hexdigest().upper(), found.sha1.hexdigest().upper()


def _take_out(node: Element) -> None:
    parent, before = node.getparent(), node.getprevious()
    if parent is None:
        return
    kept = (node.tail or "").lstrip(_BLANK)
    if before is not None:
        before.tail = (before.tail or "") + kept
    else:
        parent.text = (parent.text or "") + kept
    node.tail = None
    parent.remove(node)

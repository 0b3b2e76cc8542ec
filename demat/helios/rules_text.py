"""Rules on free texts: 70 (length) and 71 (values that mean nothing) (helios dossier §9, §0.5)."""

import re
from collections.abc import Iterator

from demat.faults import Fault
from demat.helios.codes import LIMITES
from demat.helios.rule_base import BordereauNode
from demat.xmlio import Element, line_of, local_name

__all__ = ["check_header_texts", "check_texts"]

_MEANINGLESS = re.compile(r"^(| |\.|nc|0+)$")
_HEADER = ("Enveloppe", "EnTetePES", "PES_PJ")


def check_header_texts(root: Element) -> Iterator[Fault]:
    """Apply the rules outside the bordereaux."""
    for name in _HEADER:
        for branch in root.iterfind(name):
            for code, params, node in _findings(branch):
                yield Fault(code=code, params={**params, "ou": "en-tête"}, line=line_of(node))


def check_texts(bordereau: BordereauNode) -> Iterator[Fault]:
    """Apply the rules inside a bordereau, naming its pièces."""
    where = f"bordereau n° {bordereau.get('IdBord')}"
    for code, params, node in _findings(bordereau.entete):
        yield bordereau.fault(code, node, ou=where, **params)
    for piece in bordereau.pieces():
        for code, params, node in _findings(piece.node):
            yield piece.fault(code, node, ou=f"{where}, pièce n° {piece.get('IdPce')}", **params)


def _findings(branch: Element) -> Iterator[tuple[str, dict[str, str], Element]]:
    for node in branch.iter("*"):
        name, value = local_name(node), node.get("V")
        limit = LIMITES.get(name)
        if limit is None or value is None:
            continue
        if len(value) > limit:
            params = {"element": name, "value": value, "limit": str(limit)}
            yield "PES-070", params, node
        elif _MEANINGLESS.match(value):
            yield "PES-071", {"element": name, "value": value}, node

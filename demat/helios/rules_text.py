"""Rules on free texts: 70 (length) and 71 (values that mean nothing) (helios dossier §9, §0.5)."""

from collections.abc import Iterator

from demat.faults import Fault
from demat.helios.codes import LIMITES
from demat.helios.rule_base import (
    BordereauNode,
    PieceNode,
    TiersNode,
    Values,
    same_persons,
    text,
)
from demat.xmlio import Element, line_of, local_name

__all__ = [
    "check_attachment_texts",
    "check_bordereau_texts",
    "check_header_texts",
    "check_piece_texts",
]

_HEADER = ("Enveloppe", "EnTetePES", "PES_PJ")
_EMPTY = frozenset({"", " ", ".", "nc"})


def check_header_texts(root: Element) -> Iterator[Fault]:
    """Apply the rules outside the bordereaux, attachments excepted."""
    for name in _HEADER:
        for branch in root.iterfind(name):
            for code, params, node in _findings(branch):
                yield Fault(code=code, params={**params, "ou": "en-tête"}, line=line_of(node))


def check_attachment_texts(piece: Element) -> Iterator[Fault]:
    """Apply the rules to an attachment (``PES_PJ/PJ``)."""
    where = f"pièce jointe {text(piece, 'IdUnique')}"
    for code, params, node in _findings(piece):
        yield Fault(code=code, params={**params, "ou": where}, line=line_of(node))


def check_bordereau_texts(bordereau: BordereauNode) -> Iterator[Fault]:
    """Apply the rules to the head of a bordereau."""
    where = f"bordereau n° {bordereau.get('IdBord')}"
    for name, value in bordereau.entete.items():
        for code, params in _judge(name, value):
            yield bordereau.fault(code, ou=where, **params)


def check_piece_texts(piece: PieceNode) -> Iterator[Fault]:
    """Apply the rules inside a pièce."""
    if not _doubtful(piece):
        return
    where = f"bordereau n° {piece.bordereau.get('IdBord')}, pièce n° {piece.get('IdPce')}"
    for code, params, node in _findings(piece.node):
        yield piece.fault(code, node, ou=where, **params)


def _doubtful(piece: PieceNode) -> bool:
    """Tell whether a pièce must be looked at element by element: most have no doubtful value, nor
    any block that was not read, and that is seen at once."""
    if len(piece.bloc) > len(piece.info):
        return True
    if _breaks(piece.info):
        return True
    known: list[TiersNode] = []
    for ligne in piece.lignes:
        if ligne.blocs or _breaks(ligne.info):
            return True
        if same_persons(ligne.tiers, known):
            continue
        known = ligne.tiers
        for tiers in known:
            if _breaks(tiers.info) or _breaks(tiers.adresse or {}) or _breaks(tiers.compte or {}):
                return True
    return False


def _breaks(values: Values) -> bool:
    """Tell whether a value is too long, or means nothing."""
    for name, value in values.items():
        if name in LIMITES and (
            len(value) > LIMITES[name] or value in _EMPTY or not value.strip("0")
        ):
            return True
    return False


def _findings(branch: Element) -> Iterator[tuple[str, dict[str, str], Element]]:
    for node in branch.iter("*"):
        value = node.get("V")
        if value is not None:
            for code, params in _judge(local_name(node), value):
                yield code, params, node


def _judge(name: str, value: str) -> Iterator[tuple[str, dict[str, str]]]:
    limit = LIMITES.get(name)
    if limit is None:
        return
    if len(value) > limit:
        yield "PES-070", {"element": name, "value": value, "limit": str(limit)}
    elif value in _EMPTY or not value.strip("0"):
        yield "PES-071", {"element": name, "value": value}

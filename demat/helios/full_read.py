"""Reading a whole PES_Aller into the model (helios dossier §2 to §5).

``demat.helios.read`` tells the facts that every use needs, of any file; this reads everything, of a
file that the schemas accept, so that ``demat.helios.build`` can write it back. What is written back
is canonically the same document (exclusive C14N, without comments), save what no part of the norm
looks at:

- blanks between the elements of the norm (in an element that may not hold text);
- declarations of namespaces that nothing uses;
- comments and processing instructions;
- a default namespace: the root then gets the prefix ``n``.

``PES_Facture``, ``PES_Marche`` and signatures are kept as XML, blanks included. An ``xsi``
attribute is kept on the root and refused elsewhere; dates go from year 1 to 9999. The reference is
edition 5.17: an older file without ``Emetteur`` is refused.
"""

from typing import Any

from lxml import etree

from demat.faults import Fault, FaultError
from demat.helios import grammar_depense, grammar_recette
from demat.helios.grammar import Cursor, Scalar, Shape, check_attributes, read_items, take
from demat.helios.grammar_commun import (
    ENTETE_DOMAINE,
    ENTETE_PJ,
    MIME_TYPE,
    PES,
    PIECE_JOINTE,
    ROOT_ID,
    SIGNATURE,
)
from demat.helios.model import (
    NAMESPACE,
    Bordereau,
    Domaine,
    EnTeteDomaine,
    FichierLu,
    PesAller,
    PieceJointe,
    Totaux,
)
from demat.xmlio import Element, line_of, local_name, parse_untrusted

__all__ = ["read_pes_aller"]

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_Values = dict[str, Any]


def read_pes_aller(content: bytes) -> PesAller:
    """Read everything that a PES_Aller says.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Aller``; ``XSD-…``
        for what the schemas would refuse or what the model cannot hold (see the module).
    """
    root = parse_untrusted(content, root="PES_Aller")
    cursor = Cursor(root)
    values = read_items(PES, cursor)
    _root(root, values)
    values["bordereaux"] = (
        *_domain(cursor, Domaine.DEPENSE, values),
        *_domain(cursor, Domaine.RECETTE, values),
    )
    autres = (cursor.take(name) for name in ("PES_Facture", "PES_Marche"))
    values["autres"] = tuple(_verbatim(node) for node in autres if node is not None)
    values |= _pieces_jointes(cursor)
    values["signature"] = _signature(cursor)
    cursor.end()
    return _with_flag(values)


def _root(root: Element, values: _Values) -> None:
    """Read the attributes of the root, and its namespaces under one prefix for the norm's."""
    found = {str(name): str(text) for name, text in root.attrib.items()}
    kept = {name: text for name, text in found.items() if name.startswith(_XSI)}
    check_attributes(root, ("Id", *kept))
    _hold(ROOT_ID, found.get("Id", ""), root, values)
    prefix = root.prefix or "n"
    others = {name: uri for name, uri in root.nsmap.items() if name not in {None, prefix, "xml"}}
    values["attributs"] = tuple(kept.items())
    values["espaces"] = (
        (prefix, NAMESPACE),
        *((name, uri) for name, uri in others.items() if uri != NAMESPACE),
    )


def _hold(attribute: Scalar, text: str, node: Element, values: _Values) -> None:
    formes: list[tuple[str, str]] = []
    if text:
        attribute.hold(text, node, values, formes)
    values.setdefault(attribute.field, "")
    values["formes"] = (*values["formes"], *formes)


def _with_flag(values: _Values) -> PesAller:
    """Sum up the headers of the domains in ``dematerialise``; keep those that say more."""
    heads = {name: values[name] for name in ("entete_depense", "entete_recette")}
    flag = any(head is not None and head.dematerialise for head in heads.values())
    plain = EnTeteDomaine(dematerialise=flag)
    said = {name: None if head == plain else head for name, head in heads.items()}
    return PesAller(**{**values, **said}, dematerialise=flag)


def _domain(cursor: Cursor, domaine: Domaine, values: _Values) -> list[Bordereau]:
    """Read the bordereaux of one domain, and put its header among the values of the file."""
    name = "Depense" if domaine is Domaine.DEPENSE else "Recette"
    values[f"entete_{domaine}"] = None
    branch = cursor.take(f"PES_{name}Aller")
    if branch is None:
        return []
    check_attributes(branch, ())
    inner = Cursor(branch)
    values[f"entete_{domaine}"] = take(ENTETE_DOMAINE, _demand(inner, f"EnTete{name}"))
    found = []
    while (node := inner.take("Bordereau")) is not None:
        found.append(_bordereau(node, domaine))
    inner.end()
    return found


def _bordereau(node: Element, domaine: Domaine) -> Bordereau:
    tables = grammar_depense if domaine is Domaine.DEPENSE else grammar_recette
    check_attributes(node, ("Id",))
    cursor = Cursor(node)
    values = read_items(tables.BORDEREAU, cursor)
    announced = _totaux(values, tables.BORDEREAU, node)
    pieces = []
    while (child := cursor.take("Piece")) is not None:
        pieces.append(take(tables.PIECE, child))
    values |= {"domaine": domaine, "pieces": tuple(pieces), "signature": _signature(cursor)}
    cursor.end()
    summed = Bordereau(**values)
    return summed if summed.announced == announced else Bordereau(**values, totaux=announced)


def _totaux(values: _Values, shape: Shape, node: Element) -> Totaux:
    """Take the announced count and sums out of what was read."""
    said = {name: values.pop(f"announced.{name}", None) for name in ("nbr_pce", "mt_ht", "mt_tva")}
    for name, element in (("nbr_pce", "NbrPce"), ("mt_ht", "MtBordHT")):
        if said[name] is None:
            raise _missing(node, element)
    return Totaux(**said)


def _pieces_jointes(cursor: Cursor) -> _Values:
    branch = cursor.take("PES_PJ")
    if branch is None:
        return {}
    check_attributes(branch, ())
    inner = Cursor(branch)
    head = take(ENTETE_PJ, _demand(inner, "EnTetePES_PJ"))
    found = []
    while (node := inner.take("PJ")) is not None:
        found.append(_piece_jointe(node))
    inner.end()
    return {"entete_pj": head, "pieces_jointes": tuple(found)}


def _piece_jointe(node: Element) -> PieceJointe:
    check_attributes(node, ())
    cursor = Cursor(node)
    contenu = _demand(cursor, "Contenu")
    check_attributes(contenu, ())
    holder = Cursor(contenu)
    fichier = _demand(holder, "Fichier")
    holder.end()
    check_attributes(fichier, ("MIMEType",))
    values = read_items(PIECE_JOINTE, cursor)
    cursor.end()
    _hold(MIME_TYPE, fichier.get("MIMEType", ""), fichier, values)
    return PieceJointe(**values, source=FichierLu(_text(fichier)))


def _text(fichier: Element) -> str:
    """Return the text of an element that may hold nothing else, comments passed over."""
    inner = next(fichier.iterchildren("*"), None)
    if inner is not None:
        params = {"element": local_name(inner), "expected": ""}
        raise FaultError(Fault(code="XSD-UNEXPECTED_ELEMENT", params=params, line=line_of(inner)))
    return (fichier.text or "") + "".join(aside.tail or "" for aside in fichier)


def _signature(cursor: Cursor) -> bytes:
    node = cursor.take(SIGNATURE)
    return b"" if node is None else _verbatim(node)


def _verbatim(node: Element) -> bytes:
    """Return an element as XML, with every namespace that it sees."""
    content = etree.tostring(node, encoding="UTF-8", with_tail=False)
    return content if isinstance(content, bytes) else content.encode()


def _demand(cursor: Cursor, name: str) -> Element:
    node = cursor.take(name)
    if node is None:
        raise _missing(cursor.node, name)
    return node


def _missing(node: Element, name: str) -> FaultError:
    params = {"element": local_name(node), "expected": name}
    return FaultError(Fault(code="XSD-MISSING_ELEMENT", params=params, line=line_of(node)))

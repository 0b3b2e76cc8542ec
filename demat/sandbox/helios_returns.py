"""Files that the DGFiP sends back: PES_ACQUIT in both forms, and their names.

Helios dossier §2.1 (names), §8.1 (PES_ACQUIT); connectors dossier §2.3.
"""

from collections.abc import Iterable
from datetime import date, datetime

from lxml import etree

from demat.clock import PARIS
from demat.sandbox.helios import ElementAck, Erreur, PesLu
from demat.sandbox.xmlout import xml_bytes
from demat.xmlio import Element

__all__ = ["acquit_name", "acquit_v1", "acquit_v2", "acquit_without_block", "non_acquit"]

_RETOUR = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"
_RETOUR_V2 = f"{_RETOUR}/v2"


def acquit_name(id_post: str, instant: datetime, rank: int) -> str:
    """Return the name under which the DGFiP drops an acquit."""
    stamp = instant.astimezone(PARIS).strftime("%y%m%d%H%M%S")
    return f"{id_post}_{stamp}-ACK-{rank}.xml"


def acquit_v2(pes: PesLu, elements: Iterable[ElementAck], day: date) -> bytes:
    """Return the PES_ACQUIT in use, one ElementACQUIT per bordereau and per PJ."""
    root = _head("PES_ACQUIT", _RETOUR_V2, pes, day)
    acquit = _acquit_block(root)
    for element in elements:
        node = _element_head(acquit, element)
        _put(node, "NumBord", element.bordereau)
        _put(node, "ExerciceBord", element.exercice)
        _put(node, "IdUnique", element.id_unique)
        _erreurs(node, element.erreurs)
        _details(node, element)
    return xml_bytes(root, indented=True)


def _details(node: Element, element: ElementAck) -> None:
    for piece in element.pieces:
        detail = etree.SubElement(node, "DetailPiece")
        _put(detail, "NumPiece", piece.number)
        for line in piece.lines:
            place = etree.SubElement(detail, "DetailLigne")
            _put(place, "NumLigne", line.number)
            _erreurs(place, line.erreurs)


def _erreurs(parent: Element, erreurs: Iterable[Erreur]) -> None:
    for erreur in erreurs:
        node = etree.SubElement(parent, "Erreur")
        _put(node, "NumAnoAck", erreur.code)
        _put(node, "LibelleAnoAck", erreur.libelle)


def acquit_v1(pes: PesLu, elements: Iterable[ElementAck], day: date) -> bytes:
    """Return the old, flat PES_ACQUIT: one ElementACQUIT per error, without detail blocks."""
    root = _head("PES_ACQUIT", _RETOUR, pes, day)
    acquit = _acquit_block(root)
    for element in elements:
        for piece, line, erreur in _flat(element):
            node = _element_head(acquit, element)
            _put(node, "ExerciceBord", element.exercice)
            _put(node, "NumBord", element.bordereau)
            _put(node, "NumPiece", piece)
            _put(node, "NumLigne", line)
            _put(node, "IdUnique", element.id_unique)
            if erreur is not None:
                _put(node, "NumAnoAck", erreur.code)
                _put(node, "LibelleAnoAck", erreur.libelle)
    return xml_bytes(root, indented=True)


def _flat(element: ElementAck) -> list[tuple[str, str, Erreur | None]]:
    found: list[tuple[str, str, Erreur | None]] = [("", "", e) for e in element.erreurs]
    for piece in element.pieces:
        for line in piece.lines:
            found.extend((piece.number, line.number, erreur) for erreur in line.erreurs)
    return found or [("", "", None)]


def acquit_without_block(pes: PesLu, day: date) -> bytes:
    """Return a PES_ACQUIT that says nothing (status 4 of the TdT)."""
    return xml_bytes(_head("PES_ACQUIT", _RETOUR_V2, pes, day), indented=True)


def non_acquit(pes: PesLu, day: date) -> bytes:
    """Return a refusal of the flux as a whole (status 6 of the TdT)."""
    return xml_bytes(_head("PES_NonAcquit", _RETOUR_V2, pes, day), indented=True)


def _head(name: str, namespace: str, pes: PesLu, day: date) -> Element:
    root = etree.Element(f"{{{namespace}}}{name}", nsmap={"n": namespace})
    enveloppe = etree.SubElement(root, "Enveloppe")
    parametres = etree.SubElement(enveloppe, "Parametres")
    _put(parametres, "Version", "2")
    _put(parametres, "TypFic", pes.typ_fic or "PESALR2")
    _put(parametres, "NomFic", pes.nom_fic)
    emetteur = etree.SubElement(enveloppe, "Emetteur")
    _put(emetteur, "Sigle", pes.emetteur[0] or "INCONNU")
    _put(emetteur, "Adresse", pes.emetteur[1] or "INCONNU")
    _put(etree.SubElement(enveloppe, "Recepteur"), "Sigle", "HELIOS")
    entete = etree.SubElement(root, "EnTetePES")
    for field, content in {**pes.header, "DteStr": day.isoformat()}.items():
        _put(entete, field, content)
    return root


def _acquit_block(root: Element) -> Element:
    acquit = etree.SubElement(root, "ACQUIT")
    _put(etree.SubElement(acquit, "EnTeteAcquit"), "IdVer", "2")
    return acquit


def _element_head(acquit: Element, element: ElementAck) -> Element:
    node = etree.SubElement(acquit, "ElementACQUIT")
    _put(node, "DomaineAck", str(element.domaine))
    _put(node, "EtatAck", "1" if element.accepted else "0")
    return node


def _put(parent: Element, name: str, content: str) -> None:
    if content:
        etree.SubElement(parent, name).set("V", content)

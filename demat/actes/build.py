"""Writing our messages: 1-1, the answers 2-2 to 4-4, 6-1 and 7-1 (actes dossier §4, §5.4).

ISO-8859-1, numeric references for the rest, every attribute qualified; the same values always give
the same bytes.
"""

from datetime import date

from lxml import etree

from demat.actes.courriers import Reponse, TypeCourrier
from demat.actes.documents import document_names, reponse_names
from demat.actes.messages import ACTES
from demat.actes.model import Acte, Emetteur
from demat.actes.names import IdActe
from demat.actes.text import transliterate_objet
from demat.faults import Fault, FaultError
from demat.xmlio import Element, serialise

__all__ = [
    "ACTES",
    "INSEE",
    "add",
    "build_accuse_courrier",
    "build_annulation",
    "build_demande_classification",
    "build_message_acte",
    "build_reponse",
    "finish",
    "new_root",
    "qualified",
]

INSEE = "http://xml.insee.fr/schema"
"""Namespace of ``@insee:SIREN``."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def build_message_acte(acte: Acte, emetteur: Emetteur) -> bytes:
    """Write the message 1-1 of an act that :func:`demat.actes.rules.check_acte` lets leave.

    The objet is transliterated, as rule 20 told the agent.
    """
    document, *annexes = document_names(acte, emetteur)
    root = new_root("Acte")
    root.set(qualified("Date"), acte.date_decision.isoformat())
    root.set(qualified("NumeroInterne"), acte.numero)
    root.set(qualified("CodeNatureActe"), str(acte.nature.value))
    for level, code in enumerate(acte.matiere, start=1):
        add(root, f"CodeMatiere{level}").set(qualified("CodeMatiere"), str(code))
    add(root, "Objet", transliterate_objet(acte.objet)[0])
    if acte.precedent:
        add(root, "PrecedentIdentifiantActe").set(qualified("IDActe"), acte.precedent)
    add(root, "ClassificationDateVersion", acte.classification_date.isoformat())
    add(add(root, "Document"), "NomFichier", document)
    listed = add(root, "Annexes")
    listed.set(qualified("Nombre"), str(len(annexes)))
    for annexe in annexes:
        add(add(listed, "Annexe"), "NomFichier", annexe)
    add(root, "DocumentPapier", "O" if acte.document_papier else "N")
    return finish(root)


def build_reponse(reponse: Reponse) -> bytes:
    """Write our answer to a letter (2-2, 3-3, 3-4, 4-3 or 4-4, §4.3)."""
    root = _about_courrier(reponse.root, reponse.id_acte, reponse.date_courrier)
    parent = add(root, "Documents") if reponse.several else root
    for name in reponse_names(reponse):
        add(add(parent, "Document"), "NomFichier", name)
    return finish(root)


def build_accuse_courrier(courrier: TypeCourrier, id_acte: IdActe, date_courrier: date) -> bytes:
    """Write the receipt of a letter (3-2 or 4-2, §4.3), which is not the answer to it.

    :param date_courrier: date that the préfecture gave to its letter.
    :raises FaultError: ``ACT-052`` for a letter of which no receipt is sent (2-1, 5-1).
    """
    if not courrier.accuse:
        detail = f"accusé d'un {courrier.libelle}"
        raise FaultError(Fault(code="ACT-052", params={"detail": detail}))
    return finish(_about_courrier(courrier.accuse_root, id_acte, date_courrier))


def _about_courrier(name: str, id_acte: IdActe, date_courrier: date) -> Element:
    root = new_root(name)
    root.set(qualified("IDActe"), str(id_acte))
    root.set(qualified("DateCourrierPref"), date_courrier.isoformat())
    return root


def build_annulation(id_acte: IdActe) -> bytes:
    """Write the message 6-1: cancels the transmission, not the act; no reason, no document."""
    root = new_root("Annulation")
    root.set(qualified("IDActe"), str(id_acte))
    return finish(root)


def build_demande_classification(held: date | None) -> bytes:
    """Write the message 7-1.

    :param held: date of the classification held; ``None`` asks for everything, with the old date
        that every platform accepts (§5.4).
    """
    root = new_root("DemandeClassification")
    add(root, "DateClassification", (held or date(2001, 1, 1)).isoformat())
    return finish(root)


def qualified(name: str, namespace: str = ACTES) -> str:
    """Return a name as lxml wants it; an unqualified attribute is invalid (§3.1)."""
    return f"{{{namespace}}}{name}"


def new_root(name: str) -> Element:
    """Start a document with the three prefixes of the protocol."""
    root = etree.Element(qualified(name), nsmap={"actes": ACTES, "insee": INSEE, "xsi": _XSI})
    root.set(qualified("schemaLocation", _XSI), f"{ACTES} actesv1_1.xsd")
    return root


def add(parent: Element, name: str, text: str | None = None) -> Element:
    """Add a child element of the protocol."""
    child = etree.SubElement(parent, qualified(name))
    child.text = text
    return child


def finish(root: Element) -> bytes:
    """Indent and write a document."""
    etree.indent(root, space=" ")
    return serialise(root)

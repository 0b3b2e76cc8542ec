"""The ministry and the préfecture: what they answer to an act, in their own XML.

Messages 1-2, 1-3, AnomalieEnveloppe, 6-2, 7-2, the letters 2-1 to 5-1, and the 1-1 that the TdT
builds; valid against the XSD of 2017 unless the scenario asks for one of the deviations met in real
files (actes dossier §3–§4, §8; connectors dossier §2.2). Shares no code with the sender.
"""

import re
from collections.abc import Sequence
from datetime import date
from importlib import resources

from lxml import etree

from demat.sandbox.records import Depot, Kind
from demat.sandbox.scenario import Answer, AnswerKind, Autorite, Deviation
from demat.sandbox.xmlout import xml_bytes
from demat.xmlio import Element, parse_untrusted

__all__ = [
    "anomalie_acte",
    "anomalie_enveloppe",
    "ar_acte",
    "ar_annulation",
    "decide",
    "letter",
    "message_acte",
    "nature_types",
    "retour_classification",
]

_NS = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
_INSEE = "http://xml.insee.fr/schema"
_MAP = {"actes": _NS}
_DATE = re.compile(rb"(<actes:DateClassification>)[^<]*(<)")
_LISTS = ("resources", "classification.xml")


def decide(answer: Answer, depot: Depot, in_force: date) -> Answer:
    """Return what the ministry really answers: ``AUTO`` depends on the classification used."""
    if answer.kind is not AnswerKind.AUTO:
        return answer
    if depot.classification_date == in_force:
        return Answer(kind=AnswerKind.AR, minutes=answer.minutes, deviation=answer.deviation)
    return Answer(
        kind=AnswerKind.ANOMALY,
        minutes=answer.minutes,
        nature="002",
        detail=(
            "ODT-VERIF-01 : la date de la classification utilisée "
            f"({depot.classification_date}) n'est pas celle en vigueur ({in_force})"
        ),
        deviation=answer.deviation,
    )


def message_acte(depot: Depot) -> bytes:
    """Return the message 1-1 that the TdT sends for a form."""
    root = _root("Acte")
    _donnees(root, depot, Deviation.NONE)
    return xml_bytes(root)


def ar_acte(
    depot: Depot, reception: date, in_force: date, deviation: Deviation = Deviation.NONE
) -> bytes:
    """Return the acknowledgement 1-2."""
    root = _root("ARActe")
    _set(root, DateReception=reception, IDActe=depot.id_acte)
    return _receipt(root, depot, in_force, deviation)


def anomalie_acte(depot: Depot, day: date, in_force: date, answer: Answer) -> bytes:
    """Return the anomaly 1-3 on one act."""
    root = _root("AnomalieActe")
    _anomaly_head(root, day, answer)
    return _receipt(root, depot, in_force, answer.deviation)


def _receipt(root: Element, depot: Depot, in_force: date, deviation: Deviation) -> bytes:
    windows = deviation is Deviation.WINDOWS_1252
    for name in ("Acte", "ActeRecu", "ActeRecu") if windows else ("ActeRecu",):
        _donnees(_add(root, name), depot, deviation)
    _add(root, "ClassificationDateVersionEnCours", "" if windows else in_force)
    return xml_bytes(root, encoding="windows-1252" if windows else "ISO-8859-1")


def anomalie_enveloppe(
    autorite: Autorite, names: Sequence[str], day: date, answer: Answer
) -> bytes:
    """Return the refusal of a whole archive.

    :param names: message files listed in the refused envelope.
    """
    root = _root("AnomalieEnveloppe", {**_MAP, "insee": _INSEE})
    _anomaly_head(root, day, answer)
    enveloppe = _add(root, "EnveloppeRecue")
    idcl = _add(_add(enveloppe, "Emetteur"), "IDCL")
    idcl.set(f"{{{_INSEE}}}SIREN", autorite.siren)
    _set(
        idcl,
        Departement=autorite.departement,
        Arrondissement=autorite.arrondissement,
        Nature=autorite.nature,
    )
    _add(_add(enveloppe, "AdressesRetour"), "Email", "retour@tdt-fictif.fr")
    formulaires = _add(enveloppe, "FormulairesEnvoyes")
    for name in names:
        _add(_add(formulaires, "Formulaire"), "NomFichier", name)
    return xml_bytes(root)


def ar_annulation(id_acte: str, reception: date) -> bytes:
    """Return the acknowledgement 6-2 of a cancellation."""
    root = _root("ARAnnulation")
    _set(root, DateReception=reception, IDActe=id_acte)
    return xml_bytes(root)


def letter(kind: Kind, id_acte: str, day: date, text: str, document: str) -> bytes:
    """Return a letter of the préfecture.

    :param kind: courrier simple, demande de pièces, lettre d'observations or déféré.
    :param document: name of the file that holds the letter.
    """
    if kind is Kind.DEFERE:
        return _defere(id_acte, day, text, document)
    root = _root(
        {
            Kind.COURRIER_SIMPLE: "CourrierSimple",
            Kind.DEMANDE_PIECES: "DemandePieceComplementaire",
            Kind.LETTRE_OBSERVATIONS: "LettreObservations",
        }[kind]
    )
    _set(root, DateCourrierPref=day, IDActe=id_acte)
    if kind is Kind.DEMANDE_PIECES:
        _add(root, "DescriptionPieces", text)
    elif kind is Kind.LETTRE_OBSERVATIONS:
        _add(root, "Motif", text)
    _add(_add(root, "Document"), "NomFichier", document)
    return xml_bytes(root)


def _defere(id_acte: str, day: date, text: str, document: str) -> bytes:
    root = _root("DefereTA")
    _set(root, IDActe=id_acte)
    _add(root, "DateDepot", day)
    _add(root, "NatureIllegalite", text)
    _add(_add(_add(root, "PiecesJointes"), "PieceJointe"), "NomFichier", document)
    return xml_bytes(root)


def retour_classification(day: date, lists: bytes | None = None) -> bytes:
    """Return the message 7-2 at a date.

    :param lists: another message 7-2, which gives everything but the date; none for the fictional
        classification of the sandbox.
    """
    if lists is None:
        lists = resources.files("demat.sandbox").joinpath(*_LISTS).read_bytes()
    return _DATE.sub(rb"\g<1>" + day.isoformat().encode() + rb"\2", lists, count=1)


def nature_types(classification: bytes, nature: int) -> frozenset[str]:
    """Return the codes of documents that a classification allows for a nature."""
    tree = parse_untrusted(classification, root="RetourClassification")
    return frozenset(
        code
        for node in tree.iter(f"{{{_NS}}}NatureActe")
        if node.get(f"{{{_NS}}}CodeNatureActe") == str(nature)
        for piece in node
        if (code := piece.get(f"{{{_NS}}}CodeTypePJ")) is not None
    )


def _anomaly_head(root: Element, day: date, answer: Answer) -> None:
    _add(root, "Date", day)
    _add(root, "Nature", answer.nature)
    _add(root, "Detail", answer.detail)


def _donnees(node: Element, depot: Depot, deviation: Deviation) -> None:
    _set(node, Date=depot.decision_date, NumeroInterne=depot.number, CodeNatureActe=depot.nature)
    for level, code in enumerate(depot.matiere, start=1):
        _set(_add(node, f"CodeMatiere{level}"), CodeMatiere=code)
    _add(node, "Objet", depot.subject)
    _add(node, "ClassificationDateVersion", depot.classification_date)
    document, annexes = depot.files[1], depot.files[2:]
    _add(_add(node, "Document"), "NomFichier", document.name)
    group = _add(node, "Annexes")
    _set(group, Nombre=len(annexes))
    for annexe in annexes:
        _add(_add(group, "Annexe"), "NomFichier", annexe.name)
    if deviation is Deviation.DOCUMENT_PAPIER_ZERO:
        _add(node, "DocumentPapier", "0")
    elif deviation is not Deviation.NO_DOCUMENT_PAPIER:
        _add(node, "DocumentPapier", "O" if depot.document_papier else "N")


def _root(name: str, namespaces: dict[str, str] | None = None) -> Element:
    return etree.Element(f"{{{_NS}}}{name}", nsmap=namespaces or _MAP)


def _add(parent: Element, name: str, text: object = None) -> Element:
    child = etree.SubElement(parent, f"{{{_NS}}}{name}")
    child.text = None if text is None else str(text)
    return child


def _set(node: Element, **attributes: object) -> None:
    for name, content in attributes.items():
        node.set(f"{{{_NS}}}{name}", str(content))

"""The ministry and the préfecture: what they write about an act, in their own XML.

Messages 1-2, 1-3, AnomalieEnveloppe, 3-5, 4-5, 6-2, 7-2, 7-3, the letters 2-1 to 5-1, the envelope
that carries them, and the 1-1 that the TdT builds; valid against the XSD of 2017 unless the
scenario asks for one of the deviations met in real files (actes dossier §3–§4, §8; connectors
dossier §2.2). Shares no code with the sender.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources

from demat.sandbox.actesxml import (
    NS,
    add,
    echo_enveloppe,
    fichier,
    root,
    set_attributes,
    set_siren,
)
from demat.sandbox.records import Depot, Kind
from demat.sandbox.scenario import Answer, AnswerKind, Autorite, Deviation, Emetteur
from demat.sandbox.xmlout import xml_bytes
from demat.xmlio import Element, parse_untrusted

__all__ = [
    "anomalie_acte",
    "anomalie_enveloppe",
    "ar_acte",
    "ar_annulation",
    "ar_reponse",
    "classification_sans_changement",
    "decide",
    "emetteur_name",
    "enveloppe",
    "letter",
    "message_acte",
    "nature_types",
    "retour_classification",
]

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
    message = root("Acte")
    _donnees(message, depot, Deviation.NONE)
    return xml_bytes(message)


def ar_acte(
    depot: Depot, reception: date, in_force: date, deviation: Deviation = Deviation.NONE
) -> bytes:
    """Return the acknowledgement 1-2."""
    message = root("ARActe")
    set_attributes(message, DateReception=reception, IDActe=depot.id_acte)
    return _receipt(message, depot, in_force, deviation)


def anomalie_acte(depot: Depot, day: date, in_force: date, answer: Answer) -> bytes:
    """Return the anomaly 1-3 on one act."""
    message = root("AnomalieActe")
    _anomaly_head(message, day, answer)
    return _receipt(message, depot, in_force, answer.deviation)


def _receipt(message: Element, depot: Depot, in_force: date, deviation: Deviation) -> bytes:
    windows = deviation is Deviation.WINDOWS_1252
    for name in ("Acte", "ActeRecu", "ActeRecu") if windows else ("ActeRecu",):
        _donnees(add(message, name), depot, deviation)
    add(message, "ClassificationDateVersionEnCours", "" if windows else in_force)
    if deviation is Deviation.ATTRIBUTES:
        for node in message.iter():
            turned = list(reversed(node.attrib.items()))
            node.attrib.clear()
            node.attrib.update(turned)
    return xml_bytes(message, encoding="windows-1252" if windows else "ISO-8859-1")


def anomalie_enveloppe(
    autorite: Autorite, names: Sequence[str], day: date, answer: Answer
) -> bytes:
    """Return the refusal of a whole archive.

    :param names: message files listed in the refused envelope.
    """
    message = root("AnomalieEnveloppe", insee=True)
    _anomaly_head(message, day, answer)
    echo_enveloppe(add(message, "EnveloppeRecue"), autorite, names)
    return xml_bytes(message)


def ar_annulation(id_acte: str, reception: date) -> bytes:
    """Return the acknowledgement 6-2 of a cancellation."""
    message = root("ARAnnulation")
    set_attributes(message, DateReception=reception, IDActe=id_acte)
    return xml_bytes(message)


def ar_reponse(kind: Kind, id_acte: str, letter_day: date, reception: date) -> bytes:
    """Return the receipt 3-5 or 4-5 of a reply, or of a refusal, to a letter.

    :param letter_day: date of the préfecture's letter, the only key that tells two letters of one
        kind on one act apart (actes dossier §4.3).
    """
    name = "ARPieceComplementaire"
    if kind is Kind.LETTRE_OBSERVATIONS:
        name = "ARReponseRejetLettreObservations"
    message = root(name)
    set_attributes(message, DateReception=reception)
    infos = add(message, "InfosCourrierPref")
    set_attributes(infos, IDActe=id_acte, DateCourrierPref=letter_day)
    return xml_bytes(message)


def enveloppe(autorite: Autorite, names: Sequence[str]) -> bytes:
    """Return the EnveloppeMISILLCL of an answer (actes dossier §3.5).

    :param names: message files that come with it.
    """
    message = root("EnveloppeMISILLCL", insee=True)
    identifiant = add(add(message, "Emetteur"), f"ID{autorite.emetteur.value}")
    set_attributes(identifiant, Departement=autorite.departement)
    if autorite.emetteur is Emetteur.SOUS_PREFECTURE:
        set_attributes(identifiant, Arrondissement=autorite.arrondissement)
    formulaires = add(message, "FormulairesEnvoyes")
    for name in names:
        fichier(formulaires, "Formulaire", name)
    set_siren(add(message, "Destinataire"), autorite.siren)
    return xml_bytes(message)


def emetteur_name(autorite: Autorite) -> str:
    """Return how the sender is written in the name of an envelope.

    ``SPREF0991`` was seen; ``PREF099`` and ``SGAR099`` are expected only (actes dossier §2.2).
    """
    name = autorite.emetteur.value.upper().replace("SOUSPREF", "SPREF") + autorite.departement
    if autorite.emetteur is Emetteur.SOUS_PREFECTURE:
        name += autorite.arrondissement
    return name


def letter(kind: Kind, id_acte: str, day: date, text: str, document: str) -> bytes:
    """Return a letter of the préfecture.

    :param kind: courrier simple, demande de pièces, lettre d'observations or déféré.
    :param document: name of the file that holds the letter.
    """
    if kind is Kind.DEFERE:
        return _defere(id_acte, day, text, document)
    message = root(
        {
            Kind.COURRIER_SIMPLE: "CourrierSimple",
            Kind.DEMANDE_PIECES: "DemandePieceComplementaire",
            Kind.LETTRE_OBSERVATIONS: "LettreObservations",
        }[kind]
    )
    set_attributes(message, DateCourrierPref=day, IDActe=id_acte)
    if kind is Kind.DEMANDE_PIECES:
        add(message, "DescriptionPieces", text)
    elif kind is Kind.LETTRE_OBSERVATIONS:
        add(message, "Motif", text)
    fichier(message, "Document", document)
    return xml_bytes(message)


def _defere(id_acte: str, day: date, text: str, document: str) -> bytes:
    message = root("DefereTA")
    set_attributes(message, IDActe=id_acte)
    add(message, "DateDepot", day)
    add(message, "NatureIllegalite", text)
    fichier(add(message, "PiecesJointes"), "PieceJointe", document)
    return xml_bytes(message)


def retour_classification(day: date, lists: bytes | None = None) -> bytes:
    """Return the message 7-2 at a date.

    :param lists: another message 7-2, which gives everything but the date; none for the fictional
        classification of the sandbox.
    """
    if lists is None:
        lists = resources.files("demat.sandbox").joinpath(*_LISTS).read_bytes()
    return _DATE.sub(rb"\g<1>" + day.isoformat().encode() + rb"\2", lists, count=1)


def classification_sans_changement(day: date) -> bytes:
    """Return the message 7-3: the classification of that date is still in force."""
    message = root("ReponseClassificationSansChangement")
    add(message, "DateClassification", day)
    return xml_bytes(message)


@lru_cache(maxsize=32)
def nature_types(classification: bytes, nature: int) -> frozenset[str]:
    """Return the codes of documents that a classification allows for a nature."""
    tree = parse_untrusted(classification, root="RetourClassification")
    return frozenset(
        code
        for node in tree.iter(f"{{{NS}}}NatureActe")
        if node.get(f"{{{NS}}}CodeNatureActe") == str(nature)
        for piece in node
        if (code := piece.get(f"{{{NS}}}CodeTypePJ")) is not None
    )


def _anomaly_head(message: Element, day: date, answer: Answer) -> None:
    add(message, "Date", day)
    add(message, "Nature", answer.nature)
    add(message, "Detail", answer.detail)


def _donnees(node: Element, depot: Depot, deviation: Deviation) -> None:
    day = depot.decision_date
    if deviation is Deviation.OTHER_DATE:
        day -= timedelta(days=1)
    set_attributes(node, Date=day, NumeroInterne=depot.number, CodeNatureActe=depot.nature)
    for level, code in enumerate(depot.matiere, start=1):
        set_attributes(add(node, f"CodeMatiere{level}"), CodeMatiere=code)
    if deviation is Deviation.CODE_MATIERE_5:
        set_attributes(add(node, "CodeMatiere5"), CodeMatiere=0)
    add(node, "Objet", depot.subject)
    add(node, "ClassificationDateVersion", depot.classification_date)
    document, annexes = depot.files[1], depot.files[2:]
    fichier(node, "Document", document.name)
    group = add(node, "Annexes")
    set_attributes(group, Nombre=len(annexes))
    for annexe in annexes:
        fichier(group, "Annexe", annexe.name)
    if deviation is Deviation.DOCUMENT_PAPIER_ZERO:
        add(node, "DocumentPapier", "0")
    elif deviation is Deviation.DOCUMENT_PAPIER_EMPTY:
        add(node, "DocumentPapier")
    elif deviation is not Deviation.NO_DOCUMENT_PAPIER:
        add(node, "DocumentPapier", "O" if depot.document_papier else "N")

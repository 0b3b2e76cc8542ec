"""What the TdT writes to the ministry besides the act: replies, automatic receipts, 6-1, 7-1.

Roots and codes of actes dossier §4.1, contents of §4.3–§4.4, envelope of §3.3. The writers of the
sender are never used: tests compare what these build with what the client believes it sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from demat.sandbox.actesxml import add, echo_enveloppe, fichier, root, set_attributes
from demat.sandbox.records import Kind
from demat.sandbox.scenario import Autorite
from demat.sandbox.xmlout import xml_bytes

__all__ = [
    "AUTOMATIC_RECEIPTS",
    "REFUSALS",
    "REPLIES",
    "Message",
    "annulation",
    "courrier",
    "demande_classification",
    "enveloppe_cl",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Code and root element of one message."""

    code: str
    """Transaction and message, ``3-4``."""
    root: str


AUTOMATIC_RECEIPTS = {
    Kind.DEMANDE_PIECES: Message(code="3-2", root="ARDemandePieceComplementaire"),
    Kind.LETTRE_OBSERVATIONS: Message(code="4-2", root="ARLettreObservations"),
}
"""Receipts that the TdT sends by itself, by kind of letter."""
REFUSALS = {
    Kind.DEMANDE_PIECES: Message(code="3-3", root="RefusPieceComplementaire"),
    Kind.LETTRE_OBSERVATIONS: Message(code="4-3", root="RejetLettreObservations"),
}
"""Explicit refusals (``type_envoie`` 3)."""
REPLIES = {
    Kind.COURRIER_SIMPLE: Message(code="2-2", root="ReponseCourrierSimple"),
    Kind.DEMANDE_PIECES: Message(code="3-4", root="PieceComplementaire"),
    Kind.LETTRE_OBSERVATIONS: Message(code="4-4", root="ReponseLettreObservations"),
}
"""Replies (``type_envoie`` 4)."""


def courrier(name: str, id_acte: str, day: date, documents: Sequence[str]) -> bytes:
    """Return a receipt or a reply about a letter.

    :param name: root element.
    :param day: date written on the letter of the préfecture, copied back.
    :param documents: their names; several in a ``PieceComplementaire`` only, none in a receipt.
    """
    message = root(name)
    set_attributes(message, IDActe=id_acte, DateCourrierPref=day)
    parent = add(message, "Documents") if name == "PieceComplementaire" else message
    for document in documents:
        fichier(parent, "Document", document)
    return xml_bytes(message)


def annulation(id_acte: str) -> bytes:
    """Return the message 6-1."""
    message = root("Annulation")
    set_attributes(message, IDActe=id_acte)
    return xml_bytes(message)


def demande_classification(held: date | None) -> bytes:
    """Return the message 7-1.

    :param held: date of the classification that the TdT has; none asks for everything.
    """
    message = root("DemandeClassification")
    if held is not None:
        add(message, "DateClassification", held)
    return xml_bytes(message)


def enveloppe_cl(autorite: Autorite, names: Sequence[str]) -> bytes:
    """Return the EnveloppeCLMISILL of an archive that leaves.

    :param names: message files that it holds.
    """
    message = root("EnveloppeCLMISILL", insee=True)
    echo_enveloppe(message, autorite, names)
    return xml_bytes(message)

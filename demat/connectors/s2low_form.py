"""The forms of S²LOW, rebuilt from the frozen archive (connectors dossier §1.3, §1.4.1, §1.6.1).

S²LOW builds the ministry's envelope itself: what is posted is the content of ours. Texts are
ISO-8859-1: a field in UTF-8 would put ``Ã©`` in the legal record.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from demat.actes.inbound import ArchiveActes, MessageActe, parse_tolerant, read_archive
from demat.actes.names import IdActe, parse_file_name
from demat.connectors.api import Refused
from demat.connectors.exchange import Part
from demat.faults import Fault, FaultError
from demat.xmlio import Element, local_name

__all__ = [
    "ActeShipment",
    "CancelShipment",
    "ReplyShipment",
    "cancel_form",
    "create_form",
    "import_form",
    "read_shipment",
    "reply_form",
    "text_part",
]

_REFUSAL, _ANSWER = "3", "4"
# root → first figure of the message code, and what S²LOW calls the kind of sending (§1.6.1)
_REPLIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ReponseCourrierSimple": ("2", _ANSWER),
        "RefusPieceComplementaire": ("3", _REFUSAL),
        "PieceComplementaire": ("3", _ANSWER),
        "RejetLettreObservations": ("4", _REFUSAL),
        "ReponseLettreObservations": ("4", _ANSWER),
    }
)
_SEVERAL_DOCUMENTS = "PieceComplementaire"
_SENT_BY_TDT = frozenset(
    {"ARDemandePieceComplementaire", "ARLettreObservations", "DemandeClassification"}
)

_MIME_TYPES = {
    "pdf": "application/pdf",
    "xml": "text/xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ActeShipment:
    """The single act of a frozen archive."""

    id_acte: str
    """``IDActe``, as the name of the message tells it."""
    message: MessageActe
    """Message 1-1, read back."""
    document: tuple[str, bytes]
    """Protocol name and content of the act."""
    annexes: tuple[tuple[str, bytes], ...]
    """Protocol names and contents of the annexes, in order."""

    @property
    def size(self) -> int:
        """Bytes of all the files."""
        return sum(len(content) for _, content in (self.document, *self.annexes))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyShipment:
    """Our reply to a letter of the préfecture (2-2, 3-3, 3-4, 4-3, 4-4)."""

    id_acte: IdActe
    """Act that the letter is about."""
    kind: str
    """First figure of the message code, the same as that of the letter."""
    sending: str
    """``3`` for a refusal, ``4`` for an answer (``type_envoie``).

    Posted for a 2-2 too, which S²LOW would otherwise list among the letters."""
    documents: tuple[tuple[str, bytes], ...]
    """Protocol names and contents, in order; several for pièces complémentaires only."""

    @property
    def size(self) -> int:
        """Bytes of all the files."""
        return sum(len(content) for _, content in self.documents)


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelShipment:
    """The cancellation of the transmission of an act (6-1); it holds nothing else."""

    id_acte: IdActe
    """Act whose transmission is cancelled."""


def read_shipment(content: bytes) -> ActeShipment | ReplyShipment | CancelShipment:
    """Open an archive that we packed, and tell what it is by the root of its message.

    :raises Refused: it is not the archive of one act, one reply or one cancellation
        (``CON-SENT_BY_TDT`` for what S²LOW sends itself); nothing is sent.
    """
    try:
        archive = read_archive(content)
        root = _only_message(archive)
        name = local_name(root) if root is not None else ""
        if name == "Annulation":
            return CancelShipment(id_acte=_id_acte(root))
        if name in _REPLIES:
            return _reply(name, _id_acte(root), archive)
        if name not in _SENT_BY_TDT:
            return _acte(archive)
    except FaultError as error:
        raise Refused(error.faults) from error
    raise Refused(Fault(code="CON-SENT_BY_TDT", params={"message": name}))


def _only_message(archive: ArchiveActes) -> Element | None:
    if len(archive.messages) != 1:
        return None
    (message,) = archive.messages.values()
    return parse_tolerant(message)


def _id_acte(root: Element | None) -> IdActe:
    attributes = root.items() if root is not None else ()
    found = (str(text) for name, text in attributes if str(name).rpartition("}")[2] == "IDActe")
    return IdActe.parse(next(found, ""))


def _reply(root: str, id_acte: IdActe, archive: ArchiveActes) -> ReplyShipment:
    documents = tuple(archive.documents.items())
    if not documents or (len(documents) > 1 and root != _SEVERAL_DOCUMENTS):
        params = {"message": root, "count": str(len(documents))}
        raise FaultError(Fault(code="CON-REPLY_DOCUMENTS", params=params))
    kind, sending = _REPLIES[root]
    return ReplyShipment(id_acte=id_acte, kind=kind, sending=sending, documents=documents)


def _acte(archive: ArchiveActes) -> ActeShipment:
    id_acte, message = archive.acte()
    return ActeShipment(
        id_acte=str(id_acte),
        message=message,
        document=(message.document_name, archive.documents[message.document_name]),
        annexes=tuple((name, archive.documents[name]) for name in message.annexes),
    )


def create_form(
    acte: ActeShipment, *, en_attente: bool, must_signed: bool = False
) -> tuple[Part, ...]:
    """Return the fields of ``actes_transac_create.php``.

    :param en_attente: leave the act in status 17, for an agent to confirm.
    :param must_signed: leave it in status 18, to be signed on the platform.
    :raises Refused: ``CON-ENCODING`` for a text that ISO-8859-1 cannot write,
        ``CON-NO_TYPOLOGY`` for a file without typologie; nothing is sent.
    """
    message = acte.message
    texts = [
        ("api", "1"),
        ("nature_code", str(message.nature)),
        *((f"classif{rank}", str(code)) for rank, code in enumerate(message.matiere, start=1)),
        ("number", message.numero),
        ("decision_date", message.date.isoformat()),
        ("subject", message.objet),
        ("document_papier", "1" if message.document_papier else "0"),
    ]
    if en_attente:
        texts.append(("en_attente", "1"))
    if must_signed:
        texts.append(("must_signed", "1"))
    texts.append(("type_acte", _type_pj(acte.document[0])))
    texts.extend(("type_pj[]", _type_pj(name)) for name, _ in acte.annexes)
    return (
        *(text_part(name, text) for name, text in texts),
        _file_part("acte_pdf_file", *acte.document),
        *(_file_part("acte_attachments[]", name, content) for name, content in acte.annexes),
    )


def reply_form(reply: ReplyShipment, letter: str) -> tuple[Part, ...]:
    """Return the fields of ``actes_transac_reponse_create.php`` (§1.6.1).

    ``api`` is posted: in the address, it asks for another dialect of the answer.

    :param letter: number of the letter at S²LOW.
    :raises Refused: ``CON-NO_TYPOLOGY`` for a file without typologie; nothing is sent.
    """
    document, *pieces = reply.documents
    texts = [
        ("api", "1"),
        ("id", letter),
        ("type_envoie", reply.sending),
        ("type_acte", _type_pj(document[0])),
        *(("type_pj[]", _type_pj(name)) for name, _ in pieces),
    ]
    return (
        *(text_part(name, text) for name, text in texts),
        _file_part("acte_pdf_file", *document),
        *(_file_part("acte_attachments[]", name, content) for name, content in pieces),
    )


def cancel_form(acte: str) -> tuple[Part, ...]:
    """Return the fields of ``actes_transac_cancel.php`` (§1.4.10).

    :param acte: number of the act at S²LOW.
    """
    return text_part("api", "1"), text_part("id", acte)


def import_form(file_name: str, content: bytes) -> Sequence[Part]:
    """Return the fields of ``helios_importer_fichier.php`` (§1.9.1)."""
    return (_file_part("enveloppe", file_name, content),)


def text_part(name: str, text: str) -> Part:
    """Return a text field in the encoding of S²LOW.

    :raises Refused: ``CON-ENCODING`` for a character outside ISO-8859-1.
    """
    try:
        return Part(name=name, value=text.encode("iso-8859-1"))
    except UnicodeEncodeError as error:
        lost = " ".join(sorted({char for char in text if ord(char) > 0xFF}))
        fault = Fault(code="CON-ENCODING", params={"characters": lost, "text": text})
        raise Refused(fault) from error


def _type_pj(name: str) -> str:
    found = parse_file_name(name)
    if found is None or not found.type_pj:
        raise Refused(Fault(code="CON-NO_TYPOLOGY", params={"name": name}))
    return found.type_pj


def _file_part(field: str, name: str, content: bytes) -> Part:
    suffix = PurePosixPath(name).suffix.removeprefix(".").lower()
    return Part(
        name=field,
        value=content,
        file_name=re.sub(r"[^a-zA-Z0-9._ ]", "_", name),
        mime_type=_MIME_TYPES.get(suffix, "application/octet-stream"),
    )

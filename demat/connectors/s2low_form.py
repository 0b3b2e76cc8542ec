"""The create form of S²LOW, rebuilt from the frozen archive (connectors dossier §1.3, §1.4.1).

S²LOW builds the ministry's envelope itself: what is posted is the content of ours. Texts are
ISO-8859-1: a field in UTF-8 would put ``Ã©`` in the legal record.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from demat.actes.inbound import MessageActe, read_archive
from demat.actes.names import parse_file_name
from demat.connectors.api import Refused
from demat.connectors.exchange import Part
from demat.faults import Fault, FaultError

__all__ = ["ActeShipment", "create_form", "import_form", "read_shipment", "text_part"]

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


def read_shipment(content: bytes) -> ActeShipment:
    """Open an archive that we packed.

    :raises Refused: it is not the archive of one act; nothing is sent.
    """
    try:
        archive = read_archive(content)
        id_acte, message = archive.acte()
    except FaultError as error:
        raise Refused(error.faults) from error
    return ActeShipment(
        id_acte=str(id_acte),
        message=message,
        document=(message.document_name, archive.documents[message.document_name]),
        annexes=tuple((name, archive.documents[name]) for name in message.annexes),
    )


def create_form(acte: ActeShipment, *, en_attente: bool) -> tuple[Part, ...]:
    """Return the fields of ``actes_transac_create.php``.

    :param en_attente: leave the act in status 17, for an agent to confirm.
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
    texts.append(("type_acte", _type_pj(acte.document[0])))
    texts.extend(("type_pj[]", _type_pj(name)) for name, _ in acte.annexes)
    return (
        *(text_part(name, text) for name, text in texts),
        _file_part("acte_pdf_file", *acte.document),
        *(_file_part("acte_attachments[]", name, content) for name, content in acte.annexes),
    )


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

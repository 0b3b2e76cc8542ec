"""Whatever carries messages of the State: a mail, an archive, one XML file (dossier §8.4, §9.2).

Reading is lenient and loses nothing; what a message says, and whether it can be said, comes after,
message by message. :func:`message_key` then tells which act, letter or sending it is about.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from demat.actes.archive import MAX_UNPACKED_BYTES, unpack
from demat.actes.contents import Contents, Envelope, sort_files
from demat.actes.documents import detect_type
from demat.actes.inbound import documents_of, parse_inbound
from demat.actes.mail import Courriel, read_mail
from demat.actes.messages import (
    AccuseCourrier,
    ActeRecu,
    Annulation,
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    ARReponse,
    ClassificationSansChangement,
    CourrierPrefecture,
    EnveloppeCL,
    EnveloppePrefecture,
    Inbound,
    MessageActe,
    ReponseCourrier,
)
from demat.actes.names import IdActe, envelope_name, parse_archive_name, parse_file_name
from demat.faults import Fault, FaultError, Faults

__all__ = ["Lot", "MessageKey", "lot_of_files", "message_key", "read_lot"]

_GZIP = b"\x1f\x8b"
_ANO = "ANO_"


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageKey:
    """What binds a message to what was sent, in the order of preference of §8.4.

    A field is empty when neither the message nor what came with it says anything.
    """

    root: str
    """Local name of the root of the message: ``ARActe``, ``LettreObservations``…"""
    siren: str = ""
    """The authority: ``EnveloppeRecue`` or ``Destinataire``, else that of the act."""
    id_acte: str = ""
    """``@actes:IDActe``."""
    date_courrier: datetime.date | None = None
    """``DateCourrierPref`` (or ``DateDepot``): tells two letters on one act apart."""
    numero: str = ""
    """``ActeRecu/@actes:NumeroInterne``, with the date and the nature: the key of a 1-3."""
    date: datetime.date | None = None
    """``ActeRecu/@actes:Date``."""
    nature: int | None = None
    """``ActeRecu/@actes:CodeNatureActe``."""
    document_name: str = ""
    """``ActeRecu/Document/NomFichier``: name of a file that we sent."""
    named: str = ""
    """``IDActe`` in the name of the message itself, to be tried last."""
    envelope_name: str = ""
    """Name of our envelope that was rejected (``ANO_``, or the archive quoted in ``Detail``)."""
    formulaires: tuple[str, ...] = ()
    """Names of our messages that were rejected with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot:
    """The messages received together, and their documents."""

    name: str
    """Name of what was received."""
    envelope: Envelope | None
    """The envelope; ``None`` when there is none, or none that can be used."""
    envelope_name: str
    """Name of its file, or empty."""
    messages: Mapping[str, bytes]
    """The XML messages by name, even those of an unknown root."""
    documents: Mapping[str, bytes]
    """The documents that the messages list, by name."""
    others: Mapping[str, bytes]
    """The other files by name."""
    reminder: str
    """``IDActe`` of a reminder of the paper complement (a mail without message), or empty."""
    mail: Courriel | None
    """The mail, when it was one."""
    faults: Faults
    """Warnings: files listed and absent, there and not listed, unreadable."""

    @property
    def siren(self) -> str:
        """The authority that the envelope is for, or comes from; empty without envelope."""
        return self.envelope.siren if self.envelope is not None else ""

    def documents_of(self, message_name: str) -> Mapping[str, bytes]:
        """Return the documents that one message lists and that are here, in its order.

        :raises KeyError: when there is no such message.
        """
        content = self.messages[message_name]
        try:
            names = documents_of(content)
        except FaultError:
            return {}
        return {name: self.documents[name] for name in names if name in self.documents}

    def key_of(self, message_name: str) -> MessageKey:
        """Read a message and return what binds it to what was sent.

        :raises FaultError: those of :func:`demat.actes.inbound.parse_inbound`.
        :raises KeyError: when there is no such message.
        """
        message = parse_inbound(self.messages[message_name])
        return message_key(message, name=message_name, siren=self.siren)


def read_lot(name: str, content: bytes, *, max_bytes: int = MAX_UNPACKED_BYTES) -> Lot:
    """Read a mail, an archive ``.tar.gz`` or one XML file, told apart by their content.

    :param name: of the file: that of a lone message is part of its meaning (``ANO_…xml``).
    :param max_bytes: size allowed for an archive once uncompressed.
    :raises FaultError: ``ACT-ARCHIVE_…`` for a hostile archive, ``ACT-MAIL_…`` for what is no mail
        or a hostile one, ``ACT-LOT_KIND`` for a file of another format.
    """
    kind = detect_type(content)
    if content.startswith(_GZIP):
        return _lot(name, sort_files(unpack(content, max_bytes=max_bytes)))
    if kind == "xml":
        return _lone(name, content)
    if kind not in ("unknown", "empty"):
        raise FaultError(Fault(code="ACT-LOT_KIND", params={"name": name, "found": kind.upper()}))
    return _from_mail(name, read_mail(content))


def lot_of_files(files: Mapping[str, bytes]) -> Lot:
    """Sort messages and documents that were saved apart, as from a mail.

    :param files: by name; no two names differ by their case alone.
    """
    return _lot(next(iter(files), ""), sort_files(files))


def _lot(name: str, contents: Contents) -> Lot:
    return Lot(
        name=name,
        envelope=contents.envelope,
        envelope_name=contents.envelope_name,
        messages=contents.messages,
        documents=contents.documents,
        others=contents.others,
        reminder="",
        mail=None,
        faults=contents.faults,
    )


def _lone(name: str, content: bytes) -> Lot:
    """Read one XML file: the documents that it lists are not awaited here."""
    contents = sort_files({name: content}, expected=(name,))
    return Lot(
        name=name,
        envelope=contents.envelope,
        envelope_name=contents.envelope_name,
        messages={} if contents.envelope is not None else {name: content},
        documents={},
        others={},
        reminder="",
        mail=None,
        faults=contents.faults,
    )


def _from_mail(name: str, mail: Courriel) -> Lot:
    return Lot(
        name=name,
        envelope=mail.envelope,
        envelope_name=mail.envelope_name,
        messages=mail.messages,
        documents=mail.documents,
        others=mail.others,
        reminder=mail.id_acte_mentioned if mail.reminder else "",
        mail=mail,
        faults=mail.faults,
    )


def message_key(message: Inbound, *, name: str = "", siren: str = "") -> MessageKey:
    """Return what binds a message to what was sent (§8.4).

    :param name: of the file of the message: that of a rejected envelope tells which.
    :param siren: of the envelope that came with it (``Destinataire``).
    """
    found = parse_file_name(name)
    named = str(found.id_acte) if found and found.id_acte else ""
    key = _key(message, _root(message), name)
    own = key.siren or siren or _siren(key.id_acte or named)
    return replace(key, siren=own, named=named)


_ROOTS: Mapping[type, str] = MappingProxyType(
    {
        ClassificationSansChangement: "ReponseClassificationSansChangement",
        EnveloppeCL: "EnveloppeCLMISILL",
        EnveloppePrefecture: "EnveloppeMISILLCL",
        MessageActe: "Acte",
    }
)
"""Roots of the values that are not named after them, nor keep it."""


def _root(message: Inbound) -> str:
    if isinstance(message, ARReponse | AccuseCourrier | CourrierPrefecture | ReponseCourrier):
        return message.root
    return _ROOTS.get(type(message), type(message).__name__)


def _siren(id_acte: str) -> str:
    try:
        return IdActe.parse(id_acte).siren
    except FaultError:
        return ""


def _key(message: Inbound, root: str, name: str) -> MessageKey:
    match message:
        case ARReponse() | ReponseCourrier() | AccuseCourrier():
            return MessageKey(
                root=root, id_acte=message.id_acte, date_courrier=message.date_courrier
            )
        case CourrierPrefecture():
            return MessageKey(root=root, id_acte=message.id_acte, date_courrier=message.date)
        case ARActe():
            return replace(_echo(message.acte_recu, root), id_acte=message.id_acte)
        case ARAnnulation() | Annulation():
            return MessageKey(root=root, id_acte=message.id_acte)
        case AnomalieActe():
            return replace(_echo(message.acte_recu, root), document_name=message.document_name)
        case MessageActe():
            return _echo(message, root)
        case AnomalieEnveloppe():
            return MessageKey(
                root=root,
                siren=message.siren,
                envelope_name=_rejected(name, message.detail),
                formulaires=message.formulaires,
            )
        case EnveloppeCL() | EnveloppePrefecture():
            return MessageKey(root=root, siren=message.siren, formulaires=message.formulaires)
        case _:
            return MessageKey(root=root)


def _echo(acte: ActeRecu | None, root: str) -> MessageKey:
    if acte is None:
        return MessageKey(root=root)
    return MessageKey(
        root=root,
        numero=acte.numero,
        date=acte.date,
        nature=acte.nature,
        document_name=acte.document_name,
    )


_QUOTED = re.compile(
    r"\b(?:[A-Za-z0-9]{3}-)?[A-Z]{4}--\d{9}--\d{8}-\d{1,9}\.(?:tar\.gz|xml)\b", re.ASCII
)


def _rejected(name: str, detail: str) -> str:
    """Return the name of the rejected envelope: from ``ANO_…``, else the archive in ``Detail``."""
    found = parse_archive_name(name)
    if found is not None and found.anomalie:
        return name.removeprefix(_ANO)
    quoted = _QUOTED.search(detail)
    archive = parse_archive_name(quoted[0]) if quoted else None
    if archive is None:
        return ""
    return envelope_name(
        application=archive.application,
        siren=archive.emetteur,
        day=archive.date,
        serial=archive.serial,
    )

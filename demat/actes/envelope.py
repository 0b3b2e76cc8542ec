"""Messages, their envelope and their documents, in an archive ready to leave (dossier §2.5, §3.3).

Deterministic: same messages, same day, same serial number, same bytes. Plain USTAR, flat, without
owner. Every archive consumes a serial number, whatever its messages (§2.2).
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import NamedTuple, TypedDict, Unpack

from demat.actes.build import (
    INSEE,
    add,
    build_accuse_courrier,
    build_annulation,
    build_demande_classification,
    build_message_acte,
    build_reponse,
    finish,
    new_root,
    qualified,
)
from demat.actes.courriers import Reponse, TypeCourrier
from demat.actes.documents import document_names, reponse_names
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.names import (
    IdActe,
    archive_name,
    envelope_name,
    message_name,
    parse_archive_name,
    parse_file_name,
)
from demat.actes.rules import check_names
from demat.faults import Fault, FaultError, Faults
from demat.xmlio import Element

__all__ = [
    "EnveloppeActes",
    "MessageSortant",
    "Packing",
    "build_archive",
    "build_archive_accuse",
    "build_archive_annulation",
    "build_archive_demande_classification",
    "build_archive_lot",
    "build_archive_reponse",
    "build_envelope",
    "pack_messages",
]

MAX_SERIAL = 9999
"""S²LOW refuses more for one authority and one day (§2.2)."""
GZIP_LEVEL = 6
"""The default of gzip: above it PDF files take longer and hardly shrink."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnveloppeActes:
    """An archive ready to be frozen and sent."""

    name: str
    """Name of the archive: ``XYZ-EACT--000000000--20240315-1.tar.gz``."""
    envelope_name: str
    """Name of the envelope inside it."""
    content: bytes
    """The ``.tar.gz``."""
    id_acte: str
    """``IDActe`` of the act concerned; empty when there is none (7-1) or several."""
    id_actes: tuple[str, ...]
    """``IDActe`` of every message, in order; empty when there is none (7-1)."""
    message: str
    """Code of its messages, all of one kind: ``1-1``, ``3-4``, ``6-1``…"""
    members: tuple[str, ...]
    """Names of its files, in order: envelope, then each message and its documents."""


class MessageSortant(NamedTuple):
    """One message to pack, and the documents that go with it."""

    name: str
    """Protocol name of the message: ``099-000000000-20240314-2024_012-DE-1-1_0.xml``."""
    content: bytes
    """Its XML."""
    documents: tuple[tuple[str, bytes], ...] = ()
    """Protocol name and content of each document, in the order of the message."""


class Packing(TypedDict):
    """What an archive is named after."""

    day: date
    """Day of packing, in Europe/Paris; it also dates the members."""
    serial: int
    """Number of the archive that day, from 1; never used twice."""
    trigramme: str
    """Three letters of the tiers de télétransmission."""
    application: str
    """``EACT`` in production, ``TACT`` in test."""


def build_archive(acte: Acte, emetteur: Emetteur, **packing: Unpack[Packing]) -> EnveloppeActes:
    """Pack one act that :func:`demat.actes.rules.check_acte` lets leave (1-1).

    :raises FaultError: ``ACT-051`` when a name does not follow the protocol.
    """
    return build_archive_lot((acte,), emetteur, **packing)


def build_archive_lot(
    actes: Iterable[Acte], emetteur: Emetteur, **packing: Unpack[Packing]
) -> EnveloppeActes:
    """Pack several acts in one archive (§2.5); they are acknowledged one by one.

    :raises FaultError: ``ACT-051`` when a name does not follow the protocol, or serves twice.
    """
    messages = [_message_acte(acte, emetteur) for acte in actes]
    return pack_messages(messages, emetteur, **packing)


def _message_acte(acte: Acte, emetteur: Emetteur) -> MessageSortant:
    return MessageSortant(
        message_name(acte.id_acte(emetteur), 1, 1, 0, "xml"),
        build_message_acte(acte, emetteur),
        _named(document_names(acte, emetteur), (acte.document, *acte.annexes)),
    )


def _named(names: Iterable[str], pieces: Iterable[Piece]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, piece.content) for name, piece in zip(names, pieces, strict=True))


def build_archive_reponse(
    reponse: Reponse, emetteur: Emetteur, **packing: Unpack[Packing]
) -> EnveloppeActes:
    """Pack our answer to a letter (2-2, 3-3, 3-4, 4-3 or 4-4).

    :raises FaultError: ``ACT-051``, also when the act is not one of this authority.
    """
    message = MessageSortant(
        _message_name(reponse.id_acte, reponse.message),
        build_reponse(reponse),
        _named(reponse_names(reponse), reponse.pieces),
    )
    return pack_messages((message,), emetteur, **packing)


def build_archive_accuse(
    courrier: TypeCourrier,
    id_acte: IdActe,
    date_courrier: date,
    emetteur: Emetteur,
    **packing: Unpack[Packing],
) -> EnveloppeActes:
    """Pack the receipt of a letter (3-2 or 4-2), which leaves without human action.

    :raises FaultError: ``ACT-051`` as :func:`build_archive_reponse`; ``ACT-052`` for a letter of
        which no receipt is sent.
    """
    content = build_accuse_courrier(courrier, id_acte, date_courrier)
    message = MessageSortant(_message_name(id_acte, courrier.accuse), content)
    return pack_messages((message,), emetteur, **packing)


def build_archive_annulation(
    id_acte: IdActe, emetteur: Emetteur, **packing: Unpack[Packing]
) -> EnveloppeActes:
    """Pack the cancellation of a transmission (6-1).

    :raises FaultError: ``ACT-051`` as :func:`build_archive_reponse`.
    """
    message = MessageSortant(_message_name(id_acte, "6-1"), build_annulation(id_acte))
    return pack_messages((message,), emetteur, **packing)


def build_archive_demande_classification(
    held: date | None, emetteur: Emetteur, **packing: Unpack[Packing]
) -> EnveloppeActes:
    """Pack the request for the classification (7-1).

    :param held: date of the classification held; ``None`` asks for everything.
    :raises FaultError: ``ACT-051`` when a name does not follow the protocol.
    """
    name = f"{emetteur.departement}-{emetteur.siren}----7-1_0.xml"
    message = MessageSortant(name, build_demande_classification(held))
    return pack_messages((message,), emetteur, **packing)


def _message_name(id_acte: IdActe, code: str) -> str:
    transaction, message = (int(part) for part in code.split("-"))
    return message_name(id_acte, transaction, message, 0, "xml")


def pack_messages(
    messages: Sequence[MessageSortant], emetteur: Emetteur, **packing: Unpack[Packing]
) -> EnveloppeActes:
    """Pack messages of one kind, listed by one envelope, in their order.

    :raises FaultError: ``ACT-051`` when a name does not follow the protocol, serves twice, or is
        that of an act of another authority.
    """
    id_actes, code = _check_messages(messages, emetteur)
    name, envelope = _archive_names(emetteur.siren, packing)
    listed = build_envelope(emetteur, tuple(message.name for message in messages))
    members = ((envelope, listed), *chain.from_iterable(map(_members, messages)))
    return EnveloppeActes(
        name=name,
        envelope_name=envelope,
        content=_pack(members, packing["day"]),
        id_acte=id_actes[0] if len(id_actes) == 1 else "",
        id_actes=id_actes,
        message=code,
        members=tuple(member for member, _ in members),
    )


def _members(message: MessageSortant) -> tuple[tuple[str, bytes], ...]:
    return ((message.name, message.content), *message.documents)


def _check_messages(
    messages: Sequence[MessageSortant], emetteur: Emetteur
) -> tuple[tuple[str, ...], str]:
    """Return the acts concerned and the code of the messages, once the names are checked."""
    names = [parse_file_name(message.name) for message in messages]
    acts = tuple(str(found.id_acte) for found in names if found and found.id_acte)
    codes = {f"{found.transaction}-{found.message}" for found in names if found}
    wrong = [found for found in names if found and found.siren != emetteur.siren]
    written = [name for message in messages for name, _ in _members(message)]
    faults = Faults(fault for id_acte in acts for fault in check_names(id_acte, ()))
    faults += check_names("", written)
    faults += (Fault(code="ACT-051", params={"name": str(found)}) for found in wrong)
    faults.raise_if_blocking()
    if len(codes) != 1:
        raise FaultError(Fault(code="ACT-051", params={"name": ", ".join(sorted(codes)) or "0"}))
    return acts, codes.pop()


def _archive_names(siren: str, packing: Packing) -> tuple[str, str]:
    application, day, serial = packing["application"], packing["day"], packing["serial"]
    envelope = envelope_name(application=application, siren=siren, day=day, serial=serial)
    name = archive_name(
        trigramme=packing["trigramme"],
        application=application,
        siren=siren,
        day=day,
        serial=serial,
    )
    if parse_archive_name(name) is None or not 1 <= serial <= MAX_SERIAL:
        raise FaultError(Fault(code="ACT-051", params={"name": name}))
    return name, envelope


def build_envelope(emetteur: Emetteur, messages: tuple[str, ...]) -> bytes:
    """Write the ``EnveloppeCLMISILL`` that lists the messages of an archive, by name."""
    root = new_root("EnveloppeCLMISILL")
    _add_emetteur(root, emetteur)
    adresses = add(root, "AdressesRetour")
    for adresse in dict.fromkeys(emetteur.adresses_retour):
        add(adresses, "Email", adresse)
    formulaires = add(root, "FormulairesEnvoyes")
    for message in messages:
        add(add(formulaires, "Formulaire"), "NomFichier", message)
    return finish(root)


def _add_emetteur(root: Element, emetteur: Emetteur) -> None:
    parent = add(root, "Emetteur")
    idcl = add(parent, "IDCL")
    idcl.set(qualified("SIREN", INSEE), emetteur.siren)
    idcl.set(qualified("Departement"), emetteur.departement)
    idcl.set(qualified("Arrondissement"), emetteur.arrondissement)
    idcl.set(qualified("Nature"), emetteur.nature)
    details = {
        "Nom": emetteur.referent_nom,
        "Telephone": emetteur.referent_telephone,
        "Email": emetteur.referent_email,  # an empty Email is invalid (§11 trap 34)
    }
    filled = {name: text for name, text in details.items() if text}
    if filled:
        referent = add(parent, "Referent")
        for name, text in filled.items():
            add(referent, name, text)


def _pack(members: Iterable[tuple[str, bytes]], day: date) -> bytes:
    """Write a USTAR straight through gzip: no copy of the documents is made on the way."""
    mtime = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    packed = io.BytesIO()
    with gzip.GzipFile(
        fileobj=packed, mode="wb", compresslevel=GZIP_LEVEL, filename="", mtime=mtime
    ) as stream:
        written = 0
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), 0o644, mtime
            written += stream.write(info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
            written += stream.write(content)
            written += stream.write(bytes(-len(content) % tarfile.BLOCKSIZE))
        end = 2 * tarfile.BLOCKSIZE
        stream.write(bytes(end + -(written + end) % tarfile.RECORDSIZE))
    return packed.getvalue()

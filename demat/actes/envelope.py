"""One act, its envelope and its documents, in an archive ready to leave (actes dossier §2.5, §3.3).

Deterministic: same act, same day, same serial number, same bytes. Plain USTAR, flat, without owner.
"""

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from demat.actes.build import INSEE, add, build_message_acte, finish, new_root, qualified
from demat.actes.documents import document_names
from demat.actes.model import Acte, Emetteur
from demat.actes.names import archive_name, envelope_name, message_name, parse_archive_name
from demat.actes.rules import check_names
from demat.faults import Fault, FaultError
from demat.xmlio import Element

__all__ = ["EnveloppeActes", "build_archive", "build_envelope"]

MAX_SERIAL = 9999
"""S²LOW refuses more for one authority and one day (§2.2)."""


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
    """``IDActe`` of the act, known before sending."""
    members: tuple[str, ...]
    """Names of its files, in order: envelope, message, act, annexes."""


def build_archive(
    acte: Acte, emetteur: Emetteur, *, day: date, serial: int, trigramme: str, application: str
) -> EnveloppeActes:
    """Pack one act that :func:`demat.actes.rules.check_acte` lets leave.

    :param day: day of packing, in Europe/Paris; names the archive and dates its members.
    :param serial: number of the archive that day, from 1; never used twice.
    :raises FaultError: ``ACT-051`` when a name does not follow the protocol.
    """
    id_acte = acte.id_acte(emetteur)
    message = message_name(id_acte, 1, 1, 0, "xml")
    documents = document_names(acte, emetteur)
    check_names(str(id_acte), (message, *documents)).raise_if_blocking()
    envelope = envelope_name(application=application, siren=emetteur.siren, day=day, serial=serial)
    name = archive_name(
        trigramme=trigramme,
        application=application,
        siren=emetteur.siren,
        day=day,
        serial=serial,
    )
    if parse_archive_name(name) is None or not 1 <= serial <= MAX_SERIAL:
        raise FaultError(Fault(code="ACT-051", params={"name": name}))
    pieces = (acte.document, *acte.annexes)
    members = {
        envelope: build_envelope(emetteur, (message,)),
        message: build_message_acte(acte, emetteur),
        **{file: piece.content for file, piece in zip(documents, pieces, strict=True)},
    }
    return EnveloppeActes(
        name=name,
        envelope_name=envelope,
        content=_pack(members, day),
        id_acte=str(id_acte),
        members=tuple(members),
    )


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


def _pack(members: Mapping[str, bytes], day: date) -> bytes:
    mtime = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), 0o644, mtime
            archive.addfile(info, io.BytesIO(content))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=mtime) as stream:
        stream.write(raw.getvalue())
    return packed.getvalue()

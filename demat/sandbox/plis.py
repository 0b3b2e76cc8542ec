"""Archives between the TdT and the ministry: names, contents, ``.tar.gz`` (actes dossier §2, §3).

Outbound ``BAS-EACT--<SIREN>--<date>-<n>.tar.gz``; inbound, the files of one mail, which the TdT
packs under the name of their envelope. Byte-stable: no owner, no time.
"""

import gzip
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from demat.clock import date8, paris_date
from demat.sandbox import outbound, prefecture
from demat.sandbox.ministere import Ministere
from demat.sandbox.records import Depot, Pli, StoredFile
from demat.sandbox.scenario import Autorite
from demat.sandbox.world import World
from demat.xmlio import local_name, parse_untrusted

__all__ = [
    "Contents",
    "file_name",
    "from_ministry",
    "packed_mail",
    "tar_gz",
    "to_ministry",
    "untar",
    "xml_file",
]

_APPLICATION = "EACT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What goes into an archive, envelope apart."""

    autorite: Autorite
    name: str
    """Name of the message."""
    message: bytes
    """XML of the message."""
    documents: tuple[StoredFile, ...] = ()
    """Files that it lists."""


def file_name(depot: Depot, code: str, rank: int, extension: str = "xml") -> str:
    """Return the name of a message or of a document about an act.

    :param code: transaction and message, ``3-1``.
    """
    return f"{depot.id_acte}-{code}_{rank}.{extension}"


def to_ministry(world: World, contents: Contents, at: datetime) -> Pli:
    """Pack what the TdT sends; takes the next serial of the day of the authority."""
    siren, day = contents.autorite.siren, paris_date(at)
    serial = world.new_serial(siren, day)
    stem = f"{_APPLICATION}--{siren}--{date8(day)}-{serial}"
    envelope = outbound.enveloppe_cl(contents.autorite, (contents.name,))
    message = xml_file(contents.name, contents.message, world.new_id())
    files = (xml_file(f"{stem}.xml", envelope, world.new_id()), message, *contents.documents)
    return _pli(world, stem, files)


def from_ministry(ministere: Ministere, contents: Contents, at: datetime) -> tuple[StoredFile, ...]:
    """Return the files of one mail, envelope first; takes the next serial of its sender's day."""
    autorite, day = contents.autorite, paris_date(at)
    sender = prefecture.emetteur_name(autorite)
    serial = ministere.new_serial(sender, day)
    stem = f"{_APPLICATION}--{sender}-{autorite.siren}-{date8(day)}-{serial}"
    envelope = prefecture.enveloppe(autorite, (contents.name,))
    message = xml_file(contents.name, contents.message)
    return (xml_file(f"{stem}.xml", envelope), message, *contents.documents)


def packed_mail(world: World, files: tuple[StoredFile, ...]) -> Pli:
    """Pack what came in a mail, under the name of its envelope, its first file."""
    return _pli(world, files[0].name.removesuffix(".xml"), files)


def _pli(world: World, stem: str, files: tuple[StoredFile, ...]) -> Pli:
    return Pli(
        id=world.new_id(),
        name=f"{world.scenario.trigramme}-{stem}.tar.gz",
        root=local_name(parse_untrusted(files[1].content)),
        files=files,
    )


def xml_file(name: str, content: bytes, id: int = 0) -> StoredFile:
    """Return an XML file that a client did not post."""
    return StoredFile(id=id, name=name, posted_name="", mime_type="text/xml", content=content)


def tar_gz(files: Sequence[StoredFile]) -> bytes:
    """Return the files as a flat, byte-stable archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            header = tarfile.TarInfo(file.name)
            header.size = len(file.content)
            archive.addfile(header, io.BytesIO(file.content))
    return gzip.compress(packed.getvalue(), 6, mtime=0)


def untar(packed: bytes) -> dict[str, bytes]:
    """Return the files of an archive, by name.

    :raises tarfile.TarError: it is none.
    """
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                found[member.name] = stream.read()
    return found

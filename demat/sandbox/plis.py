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
from demat.sandbox.records import Depot, Pli, StoredFile
from demat.sandbox.scenario import Autorite
from demat.sandbox.world import World
from demat.xmlio import local_name, parse_untrusted

__all__ = ["Contents", "file_name", "from_ministry", "tar_gz", "to_ministry", "xml_file"]

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
    envelope = outbound.enveloppe_cl(contents.autorite, (contents.name,))
    return _pack(world, contents, f"{_APPLICATION}--{siren}--{date8(day)}-{serial}", envelope)


def from_ministry(world: World, contents: Contents, at: datetime) -> Pli:
    """Pack what comes in one mail; takes the next serial of the day of the sender."""
    autorite, day = contents.autorite, paris_date(at)
    sender = prefecture.emetteur_name(autorite)
    serial = world.new_serial(sender, day)
    envelope = prefecture.enveloppe(autorite, (contents.name,))
    stem = f"{_APPLICATION}--{sender}-{autorite.siren}-{date8(day)}-{serial}"
    return _pack(world, contents, stem, envelope)


def _pack(world: World, contents: Contents, stem: str, envelope: bytes) -> Pli:
    message = xml_file(world, contents.name, contents.message)
    files = (xml_file(world, f"{stem}.xml", envelope), message, *contents.documents)
    return Pli(
        id=world.new_id(),
        name=f"{world.scenario.trigramme}-{stem}.tar.gz",
        root=local_name(parse_untrusted(contents.message)),
        files=files,
    )


def xml_file(world: World, name: str, content: bytes) -> StoredFile:
    """Return an XML file that a client did not post."""
    return StoredFile(
        id=world.new_id(), name=name, posted_name="", mime_type="text/xml", content=content
    )


def tar_gz(files: Sequence[StoredFile]) -> bytes:
    """Return the files as a flat, byte-stable archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            header = tarfile.TarInfo(file.name)
            header.size = len(file.content)
            archive.addfile(header, io.BytesIO(file.content))
    return gzip.compress(packed.getvalue(), mtime=0)

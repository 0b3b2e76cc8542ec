"""Opening a ``.tar.gz`` that may be hostile: flat, plain files only, bounded (dossier §2.5)."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from typing import Self

from demat.faults import Fault, FaultError

__all__ = ["MAX_NAME_BYTES", "MAX_UNPACKED_BYTES", "unpack"]

MAX_NAME_BYTES = 255
"""Longest file name that common file systems hold."""
MAX_UNPACKED_BYTES = 320 * 1024 * 1024
"""Twice the 150 Mo of the norm, and room for the XML: PDF files hardly compress."""
MAX_MEMBERS = 2000


def unpack(content: bytes, *, max_bytes: int = MAX_UNPACKED_BYTES) -> dict[str, bytes]:
    """Return the files of an archive by name, in their order, without writing anything.

    :raises FaultError: ``ACT-ARCHIVE_UNREADABLE``; ``ACT-ARCHIVE_SIZE`` above ``max_bytes`` once
        uncompressed; ``ACT-ARCHIVE_COUNT``; ``ACT-ARCHIVE_NAME`` for a path; ``ACT-ARCHIVE_KIND``
        for a folder, a link or a device; ``ACT-ARCHIVE_DOUBLE`` for a name given twice.
    """
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    for name, data in _members(_gunzip(content, max_bytes)):
        if name.casefold() in seen:
            raise _fault("DOUBLE", name=name)
        if len(files) == MAX_MEMBERS:
            raise _fault("COUNT", limit=str(MAX_MEMBERS))
        seen.add(name.casefold())
        files[name] = data
    return files


def _fault(kind: str, **params: str) -> FaultError:
    return FaultError(Fault(code=f"ACT-ARCHIVE_{kind}", params=params))


def _gunzip(content: bytes, max_bytes: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _fault("UNREADABLE") from error
    if len(data) > max_bytes:
        raise _fault("SIZE", limit=str(max_bytes // 1_048_576))
    return data


class _Header(tarfile.TarInfo):
    """A header that never sends the reader back: a negative size would make it loop for ever."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        header = super().fromtarfile(archive)
        if header.size < 0 or archive.offset <= header.offset:
            raise tarfile.ReadError("negative size")
        return header


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", tarinfo=_Header) as archive:
            for member in archive:
                _check(member)
                stream = archive.extractfile(member)
                yield member.name, stream.read() if stream else b""
    except (tarfile.TarError, ValueError, RecursionError) as error:
        # forged headers: absurd numbers, or long names nested without end
        raise _fault("UNREADABLE") from error


def _check(member: tarfile.TarInfo) -> None:
    # a sparse file may claim any size from a few bytes
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise _fault("KIND", name=member.name)
    if not _is_flat(member.name):
        raise _fault("NAME", name=member.name)


def _is_flat(name: str) -> bool:
    return (
        name.isascii()
        and name.isprintable()
        and not name.startswith(".")
        and not set(name) & set("/\\:")
        and 0 < len(name) <= MAX_NAME_BYTES
    )

"""Opening a set of schemas, which may be hostile: a folder, a ``.zip`` or a ``.tar.gz``.

Architecture §3: nothing is written here; only the XSD files are kept, by their path in the set.
"""

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from demat.faults import Fault, FaultError

__all__ = ["MAX_BYTES", "MAX_MEMBERS", "is_inside", "read_set"]

MAX_BYTES = 64 * 1024 * 1024
"""Size of a whole set once uncompressed; the published ones are under 2 MB."""
MAX_MEMBERS = 5000
"""Files and folders of an archive."""
_MAX_NAME = 240
_MAX_DEPTH = 20
_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of a set, before its content is read."""

    name: str
    """Path in the set, with ``/``."""
    size: int
    """Size that the archive announces."""
    plain: bool
    """Whether it is an ordinary file: neither a link nor a device."""


def read_set(source: Path) -> dict[str, bytes]:
    """Return the XSD files of a folder or of an archive, by their path in it.

    :raises FaultError: ``INT-PATH``; ``XSD-ARCHIVE_FORMAT`` for what is no archive or is damaged;
        ``XSD-ARCHIVE_NAME`` for a path that leaves the set;
        ``XSD-ARCHIVE_KIND`` for a link or a device; ``XSD-ARCHIVE_DOUBLE``;
        ``XSD-ARCHIVE_SIZE``; ``XSD-ARCHIVE_EMPTY`` when it holds no XSD file.
    """
    try:
        files = _gather(_contents(source))
    except gzip.BadGzipFile as error:  # which the system did not say
        raise _unreadable(source.name) from error
    except OSError as error:
        params = {"path": str(source), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error
    except (ValueError, EOFError, RecursionError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(source.name) from error  # forged headers, encrypted members
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(source.name) from error
    if not files:
        raise FaultError(Fault(code="XSD-ARCHIVE_EMPTY", params={"name": source.name}))
    return files


def is_inside(name: str) -> bool:
    """Whether a path stays under the folder that it is relative to, on any system."""
    parts = name.split("/")
    return (
        name.isprintable()
        and not set(name) & set("\\:")
        and len(name) <= _MAX_NAME
        and len(parts) <= _MAX_DEPTH
        and not {"", ".", ".."} & set(parts)
    )


def _unreadable(name: str) -> FaultError:
    return FaultError(Fault(code="XSD-ARCHIVE_FORMAT", params={"name": name}))


def _contents(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        return _folder(source)
    with source.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    _check_size(len(content))
    if content.startswith(_ZIP):
        return _zip(content)
    return _tar(content if not content.startswith(_GZIP) else _gunzip(content))


def _gather(contents: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    seen: set[str] = set()
    size = 0
    for name, content in contents:
        if name.casefold() in seen:
            raise FaultError(Fault(code="XSD-ARCHIVE_DOUBLE", params={"name": name}))
        seen.add(name.casefold())
        size += len(content)
        _check_size(size)
        files[name] = content
    return dict(sorted(files.items()))


def _wanted(member: _Member) -> bool:
    """Tell whether a member is an XSD file, refusing what no honest archive holds."""
    if not is_inside(member.name):
        raise FaultError(Fault(code="XSD-ARCHIVE_NAME", params={"name": member.name[:80]}))
    if not member.plain:
        raise FaultError(Fault(code="XSD-ARCHIVE_KIND", params={"name": member.name}))
    _check_size(member.size)
    return PurePosixPath(member.name).suffix.lower() == ".xsd"


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise _too_big()


def _too_big() -> FaultError:
    params = {"limit": str(MAX_BYTES // 1_048_576), "files": str(MAX_MEMBERS)}
    return FaultError(Fault(code="XSD-ARCHIVE_SIZE", params=params))


def _folder(source: Path) -> Iterator[tuple[str, bytes]]:
    for rank, path in enumerate(sorted(source.rglob("*")), start=1):
        if rank > MAX_MEMBERS:
            raise _too_big()
        name = path.relative_to(source).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if _wanted(_Member(name, path.lstat().st_size, stat.S_ISREG(mode))):
            yield name, path.read_bytes()


def _zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise _too_big()
        for member in archive.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG)
            if member.is_dir():
                _check_folder(member.filename.rstrip("/"))
            elif _wanted(_Member(member.filename, member.file_size, plain)):
                with archive.open(member) as stream:
                    yield member.filename, _bounded(stream.read(MAX_BYTES + 1))


def _gunzip(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return _bounded(stream.read(MAX_BYTES + 1))


def _bounded(content: bytes) -> bytes:
    _check_size(len(content))
    return content


def _tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    # as a stream ("r|"): a forged size that sends the reader back is an error, not a loop
    with tarfile.open(fileobj=io.BytesIO(content), mode="r|") as archive:
        for rank, member in enumerate(archive, start=1):
            if rank > MAX_MEMBERS:
                raise _too_big()
            name = member.name.removeprefix("./")
            plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
            if member.isdir():
                _check_folder(name)
            elif _wanted(_Member(name, member.size, plain)):
                stream = archive.extractfile(member)
                yield name, stream.read() if stream else b""


def _check_folder(name: str) -> None:
    if name not in ("", ".") and not is_inside(name):
        raise FaultError(Fault(code="XSD-ARCHIVE_NAME", params={"name": name[:80]}))

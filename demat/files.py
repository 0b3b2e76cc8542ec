"""The only writer of files outside the document store: atomic, synced, with safe names."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from demat.faults import Fault

__all__ = [
    "copy_tree",
    "digest_file",
    "free_name",
    "free_names",
    "move",
    "safe_name",
    "storage_fault",
    "sync_file",
    "write_atomic",
    "write_chunks",
]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_CHUNK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def storage_fault(error: OSError) -> Fault:
    """Return what kept a file from being read or written: a disk without room, or something else.

    The codes are ``INT-DISK_FULL`` and ``INT-SYSTEM``.
    """
    path = str(error.filename) if error.filename else "…"
    if error.errno in _FULL:
        return Fault(code="INT-DISK_FULL", params={"path": path})
    reason = error.strerror or str(error) or type(error).__name__
    return Fault(code="INT-SYSTEM", params={"path": path, "reason": reason})


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that readers see it whole or not at all, and that it survives a power cut.

    :raises OSError: folder not writable, disk full…; the old file is then intact.
    """
    write_chunks(path, (content,))


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file as :func:`write_atomic` does, piece by piece: it never has to fit in memory.

    :raises OSError: as above; what ``chunks`` itself raises leaves the old file intact too.
    """
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Have a file that others wrote, and its name, survive a power cut.

    :raises OSError: the disk did not take it.
    """
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)  # else a power cut could take the new folder, files included


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, in lower-case hexadecimal, reading it in pieces."""
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def safe_name(name: str) -> str:
    """Return an ASCII file name without separators, for a folder that any system can read."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("_", plain).strip("._") or "sans-nom"


def free_name(folder: Path, name: str) -> Path:
    """Return a path that does not exist yet, not even as a broken link.

    ``-2``, ``-3``… are added before the suffix.
    """
    candidate = folder / name
    stem, suffix = candidate.stem, candidate.suffix
    rank = 2
    while os.path.lexists(candidate):
        candidate = folder / f"{stem}-{rank}{suffix}"
        rank += 1
    return candidate


def free_names(names: Iterable[str]) -> list[str]:
    """Return those names, told apart: ``-2``, ``-3``… are added before the suffix of doubles."""
    taken: set[str] = set()
    given = []
    for name in names:
        stem, suffix = Path(name).stem, Path(name).suffix
        candidate, rank = name, 2
        while candidate.casefold() in taken:
            candidate, rank = f"{stem}-{rank}{suffix}", rank + 1
        taken.add(candidate.casefold())
        given.append(candidate)
    return given


def move(source: Path, folder: Path) -> Path:
    """Move a file or a folder into ``folder`` without ever overwriting; return where it now is.

    :raises OSError: when it cannot be moved; the source is then still in place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = free_name(folder, source.name)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # another file system: copied instead
            raise
        copy_tree(source, target)
        if source.is_dir():
            shutil.rmtree(source)
        else:
            source.unlink()
    return target


def copy_tree(source: Path, target: Path) -> None:
    """Copy a file or a folder, whose symbolic links stay links."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

"""A share that is a folder of this machine, or a network drive that it has mounted."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demat.connectors.api import ConnectorError, OutcomeUnknown
from demat.connectors.partage import Depose, Trouble, trouble
from demat.faults import Fault
from demat.files import free_name

__all__ = ["DossierPartage"]

_CODES = {
    errno.ENOENT: Trouble.FOLDER,
    errno.ENOTDIR: Trouble.FOLDER,
    errno.EACCES: Trouble.RIGHTS,
    errno.EPERM: Trouble.RIGHTS,
    errno.EROFS: Trouble.RIGHTS,
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EFBIG: Trouble.FULL,
}
# what a renaming that surely did not take place says; ENOENT is not one of them: a network drive
# that asks twice says so of its own success
_NOT_RENAMED = frozenset(_CODES) - {errno.ENOENT}


class DossierPartage:
    """Folders below one folder."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.where = str(base)

    def atomic(self, folder: str) -> bool:
        return True  # rename(2)

    def entries(self, folder: str) -> tuple[Depose, ...]:
        with self._telling(folder), os.scandir(self._base / folder) as found:
            return tuple(one for entry in found if (one := _depose(entry.name, entry)) is not None)

    def look(self, folder: str, name: str) -> Depose | None:
        with self._telling(folder):
            try:
                return _described(name, os.lstat(self._path(folder, name)))
            except FileNotFoundError:
                self._check_folder(folder)
                return None

    def read(self, folder: str, name: str, *, most: int) -> bytes | None:
        # not blocking: a pipe would wait for somebody for ever
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._telling(folder):
            try:
                descriptor = os.open(self._path(folder, name), flags)
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
                    return None
                raise
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                return None
            with os.fdopen(descriptor, "rb") as stream:
                return stream.read(most + 1)

    def write(self, folder: str, name: str, content: bytes) -> None:
        path = self._path(folder, name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._telling(folder):
            descriptor = os.open(path, flags, 0o666)  # the umask says who reads it
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(descriptor)
            except OSError:
                path.unlink(missing_ok=True)  # gives its room back
                raise

    def rename(self, folder: str, name: str, new: str) -> None:
        try:
            self._path(folder, name).rename(self._path(folder, new))
        except OSError as error:
            if error.errno in _NOT_RENAMED:
                raise self._told(error, folder) from error
            raise _lost(error) from error
        try:
            self._sync(folder)
        except OSError as error:
            raise _lost(error) from error

    def remove(self, folder: str, name: str) -> bool:
        with self._telling(folder):
            try:
                self._path(folder, name).unlink()
            except FileNotFoundError:
                return False
            self._sync(folder)
            return True

    def move(self, folder: str, name: str, target: str) -> None:
        with self._telling(target):
            free = free_name(self._base / target, name)
            self._path(folder, name).rename(free)
            self._sync(target)
            self._sync(folder)

    def close(self) -> None:
        """Nothing is held open."""

    def _path(self, folder: str, name: str) -> Path:
        return self._base / folder / name

    def _check_folder(self, folder: str) -> None:
        """Tell a file that is absent from a folder that is: a drive may not be mounted.

        :raises FileNotFoundError: the folder is not there.
        """
        (self._base / folder).stat()

    def _sync(self, folder: str) -> None:
        descriptor = os.open(self._base / folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _telling(self, folder: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._told(error, folder) from error

    def _told(self, error: OSError, folder: str) -> ConnectorError:
        code = _CODES.get(error.errno or 0, Trouble.OTHER)
        return trouble(code, str(self._base / folder), error.strerror or str(error))


def _depose(name: str, entry: "os.DirEntry[str]") -> Depose | None:
    try:
        return _described(name, entry.stat(follow_symlinks=False))
    except FileNotFoundError:  # taken meanwhile
        return None


def _described(name: str, found: os.stat_result) -> Depose:
    return Depose(
        name=name,
        size=found.st_size,
        modified=found.st_mtime_ns,
        plain=stat.S_ISREG(found.st_mode),
    )


def _lost(error: OSError) -> OutcomeUnknown:
    reason = error.strerror or str(error)
    return OutcomeUnknown(Fault(code="CON-LOST_ANSWER", params={"reason": reason}))

"""Documents kept for ever under the digest of their bytes (architecture, decisions 8 and 10).

``DocumentFolder`` keeps them on a disk; ``documents_s3`` in a bucket that several machines share.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from demat.faults import Fault, FaultError
from demat.files import digest_file, write_atomic

__all__ = ["DocumentFolder", "DocumentStore", "document_fault", "document_key"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class DocumentStore(Protocol):
    """Keeps documents under their SHA-256, in lower-case hexadecimal.

    A text that is no digest is a ``ValueError`` everywhere: it would become a path.
    """

    def put(self, content: bytes) -> str:
        """Keep the bytes and return their digest; on return they survive a power cut.

        The same bytes count once; a damaged copy is replaced.

        :raises FaultError: ``QUE-DISK``, ``QUE-S3_…`` when they are not kept.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """Return the bytes, after checking that they are still those that were kept.

        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-DOCUMENT_CORRUPT``,
            ``QUE-DOCUMENT_UNREADABLE``, ``QUE-S3_…``.
        """
        ...

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """Lend the document as a file of this machine, checked, for the length of a block.

        It is for reading in pieces what may not fit in memory; nobody may write to it.

        :raises FaultError: as :meth:`get`.
        """
        ...

    def head(self, sha256: str, size: int) -> bytes:
        """Return its first bytes, unchecked; none when it is not there.

        :raises FaultError: ``QUE-DOCUMENT_UNREADABLE``, ``QUE-S3_…``.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Tell whether a document of that digest was kept, without reading it.

        :raises FaultError: ``QUE-S3_…`` when nobody can tell.
        """
        ...

    def check(self, sha256: str) -> Fault | None:
        """Read a document in pieces and return what is wrong with it, if anything.

        :raises FaultError: ``QUE-S3_…`` when nobody can tell.
        """
        ...

    def digests(self) -> Iterator[str]:
        """Yield the digest of every document that is kept, referred to or not, in no order.

        :raises FaultError: ``QUE-FOLDER``, ``QUE-S3_…``.
        """
        ...


class DocumentFolder:
    """A folder of files named by their SHA-256: ``ab/cdef…``."""

    def __init__(self, folder: Path) -> None:
        """Create the folder when needed.

        :raises FaultError: ``QUE-FOLDER`` when it cannot be made.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _folder_fault(folder, error) from error

    def put(self, content: bytes) -> str:
        """See :meth:`DocumentStore.put`; file and folder are synced."""
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            if self.check(sha256) is not None:
                write_atomic(self.path(sha256), content)
        except OSError as error:
            params = {"raison": _reason(error)}
            raise FaultError(Fault(code="QUE-DISK", params=params)) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """See :meth:`DocumentStore.get`."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise FaultError(document_fault("QUE-DOCUMENT_MISSING", sha256)) from error
        except OSError as error:
            raise FaultError(_unreadable(sha256, error)) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FaultError(document_fault("QUE-DOCUMENT_CORRUPT", sha256))
        return content

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        """See :meth:`DocumentStore.local`; it is the kept file itself."""
        if fault := self.check(sha256):
            raise FaultError(fault)
        yield self.path(sha256)

    def head(self, sha256: str, size: int) -> bytes:
        """See :meth:`DocumentStore.head`."""
        try:
            with self.path(sha256).open("rb") as stream:
                return stream.read(size)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise FaultError(_unreadable(sha256, error)) from error

    def path(self, sha256: str) -> Path:
        """Return where the document is, or would be."""
        return self.folder / document_key(sha256)

    def has(self, sha256: str) -> bool:
        """See :meth:`DocumentStore.has`."""
        return self.path(sha256).is_file()

    def check(self, sha256: str) -> Fault | None:
        """See :meth:`DocumentStore.check`."""
        try:
            found = digest_file(self.path(sha256))
        except FileNotFoundError:
            return document_fault("QUE-DOCUMENT_MISSING", sha256)
        except OSError as error:
            return _unreadable(sha256, error)
        return None if found == sha256 else document_fault("QUE-DOCUMENT_CORRUPT", sha256)

    def digests(self) -> Iterator[str]:
        """See :meth:`DocumentStore.digests`."""
        try:
            for below in sorted(self.folder.iterdir()):
                for path in below.iterdir() if below.is_dir() else ():
                    digest = f"{below.name}{path.name}"
                    if _SHA256.fullmatch(digest):  # a temporary file begins with a dot
                        yield digest
        except OSError as error:
            raise _folder_fault(self.folder, error) from error


def document_key(sha256: str) -> str:
    """Return the name under which a document is kept: ``ab/cdef…``.

    :raises ValueError: when the text is not a digest (it becomes a path: no ``..`` may pass).
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a SHA-256 in lower-case hexadecimal: {sha256!r}")
    return f"{sha256[:2]}/{sha256[2:]}"


def document_fault(code: str, sha256: str) -> Fault:
    """Return a fault that names a document by its digest."""
    return Fault(code=code, params={"empreinte": sha256})


def _folder_fault(folder: Path, error: OSError) -> FaultError:
    params = {"dossier": str(folder), "raison": _reason(error)}
    return FaultError(Fault(code="QUE-FOLDER", params=params))


def _unreadable(sha256: str, error: OSError) -> Fault:
    params = {"empreinte": sha256, "raison": _reason(error)}
    return Fault(code="QUE-DOCUMENT_UNREADABLE", params=params)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__

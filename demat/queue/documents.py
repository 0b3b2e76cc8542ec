"""Documents kept for ever under the digest of their bytes (architecture, decisions 8 and 10)."""

import hashlib
import re
from pathlib import Path

from demat.faults import Fault, FaultError
from demat.files import digest_file, write_atomic

__all__ = ["DocumentStore"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class DocumentStore:
    """A folder of files named by their SHA-256, in lower-case hexadecimal: ``ab/cdef…``."""

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
        """Keep the bytes and return their digest; on return they survive a power cut.

        The same bytes are written once only; a damaged copy is replaced.

        :raises FaultError: ``QUE-DISK`` when the disk does not take them.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            if not self._intact(sha256):
                write_atomic(self.path(sha256), content)
        except OSError as error:
            raise FaultError(Fault(code="QUE-DISK", params={"raison": _reason(error)})) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the bytes, after checking that they are still those that were kept.

        :raises FaultError: ``QUE-DOCUMENT_MISSING``, ``QUE-DOCUMENT_CORRUPT``.
        """
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise FaultError(document_fault("QUE-DOCUMENT_MISSING", sha256)) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FaultError(document_fault("QUE-DOCUMENT_CORRUPT", sha256))
        return content

    def path(self, sha256: str) -> Path:
        """Return where the document is, or would be.

        :raises ValueError: when the text is not a digest (it becomes a path: no ``..`` may pass).
        """
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hexadecimal: {sha256!r}")
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Tell whether a document of that digest was kept, without reading it."""
        return self.path(sha256).is_file()

    def check(self, sha256: str) -> Fault | None:
        """Read a document in pieces and return what is wrong with it, if anything."""
        if not self.has(sha256):
            return document_fault("QUE-DOCUMENT_MISSING", sha256)
        if not self._intact(sha256):
            return document_fault("QUE-DOCUMENT_CORRUPT", sha256)
        return None

    def _intact(self, sha256: str) -> bool:
        return self.has(sha256) and digest_file(self.path(sha256)) == sha256


def document_fault(code: str, sha256: str) -> Fault:
    """Return a fault that names a document by its digest."""
    return Fault(code=code, params={"empreinte": sha256})


def _folder_fault(folder: Path, error: OSError) -> FaultError:
    params = {"dossier": str(folder), "raison": _reason(error)}
    return FaultError(Fault(code="QUE-FOLDER", params=params))


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__

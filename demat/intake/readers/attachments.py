"""Attachments as the comptable receives them: name, kind, and what nobody could open (§5)."""

import mimetypes
import re
from collections.abc import Iterator

from demat.actes.documents import detect_type
from demat.faults import Fault, Severity
from demat.intake.api import InputFile
from demat.intake.readers.texts import plain

__all__ = ["ID_UNIQUE", "kind_faults", "mime_type", "sent_name"]

ID_UNIQUE = re.compile(r"^[0-9A-Za-z]{1,50}$")
"""Form of ``IdUnique`` (§5.1)."""
_UNKNOWN = "application/octet-stream"
_BY_CONTENT = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xml": "application/xml",
    "zip": "application/zip",
}


def sent_name(name: str) -> str:
    """Return the file name as NomPJ admits it: Latin-1, 95 characters, then the extension."""
    stem, dot, suffix = plain(name).rpartition(".")
    return f"{stem[:95]}.{suffix}" if dot else suffix[:95]


def mime_type(file: InputFile) -> str:
    """Return the MIME type from the bytes, from the name only for what the bytes do not tell."""
    found = _BY_CONTENT.get(detect_type(file.head))
    return found or mimetypes.guess_type(file.base)[0] or _UNKNOWN


def kind_faults(file: InputFile) -> Iterator[Fault]:
    """Warn about a document of an unknown kind: which ones the comptable takes is not stated."""
    if mime_type(file) == _UNKNOWN:
        params = {"name": file.name}
        yield Fault(
            code="INT-FILE_KIND", params=params, severity=Severity.WARNING, source=file.base
        )

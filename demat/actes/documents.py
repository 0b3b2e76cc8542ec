"""What the files of an act really are, from their bytes, never from their names (§2.6, §11.27)."""

import io
import re
from dataclasses import dataclass
from typing import Literal

import pikepdf

from demat.actes.courriers import Reponse
from demat.actes.model import Acte, Emetteur
from demat.actes.names import message_name
from demat.actes.natures import NatureActe

__all__ = [
    "DocumentType",
    "PdfFacts",
    "detect_type",
    "document_names",
    "inspect_pdf",
    "reponse_names",
]

DocumentType = Literal["pdf", "png", "jpg", "xml", "zip", "ole", "empty", "unknown"]
"""``zip`` holds DOCX and ODT, ``ole`` the old DOC; the first four are also the extensions."""

_MAGIC: tuple[tuple[bytes, DocumentType], ...] = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\xff\xfe<\x00", "xml"),
    (b"\xfe\xff\x00<", "xml"),
)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\s|<(?!html[\s>])[A-Za-z_][\w.:-]*[\s/>])", re.I)


def detect_type(content: bytes) -> DocumentType:
    """Return the type of a file from its first bytes."""
    if not content:
        return "empty"
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    return "xml" if _XML.match(content[:1024]) else "unknown"


def document_names(acte: Acte, emetteur: Emetteur) -> tuple[str, ...]:
    """Return the protocol names of the act (first) and of its annexes, in order (§2.3).

    The extension comes from the content; the rank starts at 1, the message itself being 0.
    """
    id_acte = acte.id_acte(emetteur)
    return tuple(
        message_name(id_acte, 1, 1, rang, detect_type(piece.content), piece.type_pj)
        for rang, piece in enumerate((acte.document, *acte.annexes), start=1)
    )


def reponse_names(reponse: Reponse) -> tuple[str, ...]:
    """Return the protocol names of the documents of an answer, in order, from rank 1 (§4.3, §6.1).

    A document without type takes the one that its nature proposes: S²LOW refuses an untyped one.

    :raises FaultError: ``ACT-007`` when that is needed and the act is of no known nature.
    """
    transaction, message = (int(part) for part in reponse.message.split("-"))
    return tuple(
        message_name(
            reponse.id_acte,
            transaction,
            message,
            rang,
            detect_type(piece.content),
            piece.type_pj or NatureActe.from_abrege(reponse.id_acte.nature).type_pj_defaut,
        )
        for rang, piece in enumerate(reponse.pieces, start=1)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PdfFacts:
    """What matters about a PDF before it is sent."""

    readable: bool
    """It opens without a password, is not truncated, and its pages can be counted."""
    password: bool = False
    """A password is needed to open it."""
    encrypted: bool = False
    """Restricted by an owner password: it opens, but tools may refuse to stamp it."""
    pages: int = 0
    """Number of pages; 0 when it cannot be read."""
    active: bool = False
    """It runs a script or starts a program: antivirus software may reject it."""


_END = b"%%EOF"
_PROGRAMS = frozenset({"/JavaScript", "/Launch"})


def inspect_pdf(content: bytes) -> PdfFacts:
    """Open a PDF, as the préfecture will, and say what prevents its use."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pages = len(pdf.pages)
            active = _is_active(pdf.Root)
            encrypted = pdf.is_encrypted
    except pikepdf.PasswordError:
        return PdfFacts(readable=False, password=True, encrypted=True)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):
        # qpdf reports broken structures with all of these
        return PdfFacts(readable=False)
    # qpdf repairs a truncated file by guessing: what remains is not what was signed
    complete = _END in content[-1024:]
    return PdfFacts(
        readable=pages > 0 and complete, encrypted=encrypted, pages=pages, active=active
    )


def _is_active(catalog: pikepdf.Object) -> bool:
    actions = [catalog.get("/OpenAction"), *_values(catalog.get("/AA"))]
    scripts = _entry(catalog.get("/Names"), "/JavaScript")
    return scripts is not None or any(str(_entry(action, "/S")) in _PROGRAMS for action in actions)


def _entry(found: object, key: str) -> object:
    return found.get(key) if isinstance(found, pikepdf.Dictionary) else None


def _values(found: object) -> list[object]:
    return list(found.values()) if isinstance(found, pikepdf.Dictionary) else []

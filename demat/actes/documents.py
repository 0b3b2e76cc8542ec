"""What the files of an act really are, from their bytes, never from their names (§2.6, §11.27)."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pikepdf
from pikepdf import settings

from demat.actes.courriers import Reponse
from demat.actes.model import Acte, Emetteur
from demat.actes.names import message_name
from demat.actes.natures import NatureActe
from demat.faults import FaultError
from demat.xmlio import parse_untrusted

__all__ = [
    "BROKEN",
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
    """It opens without a password, is not truncated, and has at least one page."""
    password: bool = False
    """A password is needed to open it."""
    encrypted: bool = False
    """Restricted by an owner password: it opens, but tools may refuse to stamp it."""
    no_page: bool = False
    """It opens, and has no page at all."""
    pages: int = 0
    """Number of pages; 0 when it cannot be read."""
    active: bool = False
    """It runs a script or starts a program: antivirus software may reject it."""
    xfa: bool = False
    """It is an XFA form: most readers show « please wait » instead of the pages."""
    embedded: int = 0
    """Files attached inside it, which nobody may open."""
    pdfa: str = ""
    """Part and level of PDF/A that it claims, such as ``2b``; nobody has verified them."""
    signed: bool = False
    """It holds an electronic signature, good or bad."""


MAX_OBJECTS = 50_000
"""Objects of a PDF looked at one by one (some 3 s); beyond, only its bytes are searched."""
MAX_DECODED = 64 * 1024 * 1024
"""Bytes that one compressed stream may become: more is a bomb, and the PDF counts as unreadable."""
MAX_XMP = 1024 * 1024
MAX_NESTING = 50
"""Levels of dictionaries and of name trees followed inside one object."""

settings.set_qpdf_limits(
    flate_max_memory=MAX_DECODED,
    run_length_max_memory=MAX_DECODED,
    png_max_memory=MAX_DECODED,
    tiff_max_memory=MAX_DECODED,
)

_END = b"%%EOF"
_PROGRAMS = frozenset({"/JavaScript", "/Launch", "/ImportData"})
_HINT = re.compile(rb"/(?:JavaScript|JS|Launch|ImportData|URI)\b")
_ADDRESS = re.compile(r"\s*(?:javascript|vbscript|file)\s*:", re.I)
"""Addresses that start a program instead of a page of the web."""
_SIGNATURE = re.compile(rb"/ByteRange\s*\[")
_RAW_PROGRAM = re.compile(rb"/S\s*/(?:JavaScript|Launch|ImportData)\b")
_PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
BROKEN = (
    pikepdf.PdfError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    IndexError,
)
"""What qpdf reports broken structures with."""


def inspect_pdf(content: bytes) -> PdfFacts:
    """Open a PDF, as the préfecture will, and say what prevents or endangers its use."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            facts = _facts(pdf, content)
    except pikepdf.PasswordError:
        return PdfFacts(readable=False, password=True, encrypted=True)
    except BROKEN:
        return PdfFacts(readable=False)
    # qpdf repairs a truncated file by guessing: what remains is not what was signed
    complete = _END in content[-1024:]
    return replace(facts, readable=facts.pages > 0 and complete, no_page=facts.pages == 0)


def _facts(pdf: pikepdf.Pdf, content: bytes) -> PdfFacts:
    root = pdf.Root
    return PdfFacts(
        readable=True,
        encrypted=pdf.is_encrypted,
        pages=len(pdf.pages),
        active=_entry(_entry(root, "/Names"), "/JavaScript") is not None or _runs(pdf, content),
        xfa=_entry(_entry(root, "/AcroForm"), "/XFA") is not None,
        embedded=_embedded(root),
        pdfa=_pdfa(root),
        signed=_SIGNATURE.search(content) is not None,  # never inside a compressed object
    )


def _runs(pdf: pikepdf.Pdf, content: bytes) -> bool:
    """Look for an action that runs something: catalog, pages, annotations, fields, bookmarks."""
    if int(pdf.trailer.get("/Size", 0)) > MAX_OBJECTS:
        return _RAW_PROGRAM.search(content) is not None
    for item in pdf.objects:
        found = item.stream_dict if isinstance(item, pikepdf.Stream) else item
        # written out, names are spelled one way only, and the search is in C
        if _HINT.search(found.unparse(resolved=True)) and _is_active(found, MAX_NESTING):
            return True
    return False


def _is_active(found: object, depth: int) -> bool:
    """Whether a dictionary, or one written inside it, is such an action."""
    inside: Iterable[object] = ()
    if isinstance(found, pikepdf.Dictionary):
        if str(found.get("/S")) in _PROGRAMS or "/JS" in found:
            return True
        if _ADDRESS.match(_text(found.get("/URI"))):
            return True
        inside = found.values()
    elif isinstance(found, pikepdf.Array):
        inside = found
    return depth > 0 and any(
        _is_active(item, depth - 1)
        for item in inside
        if isinstance(item, pikepdf.Object) and not item.is_indirect  # those have their own turn
    )


def _text(found: object) -> str:
    return str(found) if isinstance(found, pikepdf.String) else ""


def _embedded(root: pikepdf.Object) -> int:
    """Count the files attached to the document, through the tree that names them."""
    waiting: list[tuple[object, int]] = [(_entry(_entry(root, "/Names"), "/EmbeddedFiles"), 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        names, kids = _entry(node, "/Names"), _entry(node, "/Kids")
        if isinstance(names, pikepdf.Array):
            count += len(names) // 2
        if isinstance(kids, pikepdf.Array) and depth < MAX_NESTING and len(waiting) < MAX_OBJECTS:
            waiting += [(kid, depth + 1) for kid in kids]
        if count > MAX_OBJECTS:
            break
    return count


def _pdfa(root: pikepdf.Object) -> str:
    """Return what the metadata claim, whichever of the two spellings of RDF they use."""
    metadata = root.get("/Metadata")
    if not isinstance(metadata, pikepdf.Stream):
        return ""
    try:
        xmp = parse_untrusted(metadata.read_bytes(), huge=False, max_bytes=MAX_XMP)
    except (FaultError, *BROKEN):  # metadata that cannot be read claim nothing
        return ""
    said = {"part": "", "conformance": ""}
    for name in said:
        for node in xmp.iter("*"):
            own = node.text if node.tag == _PDFA + name else node.get(_PDFA + name)
            said[name] = said[name] or (own or "").strip()[:2]
    return f"{said['part']}{said['conformance'].lower()}" if said["part"] else ""


def _entry(found: object, key: str) -> object:
    return found.get(key) if isinstance(found, pikepdf.Dictionary) else None

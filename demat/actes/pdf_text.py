"""The text of a PDF, to see whether it looks signed (rule 37); the only place that extracts it.

PDFium reads whatever a page draws, without limit of time or memory: forms that call each other a
billion times, content of gigabytes. So it is given a PDF only when nothing can surprise: drawn
directly on the page, few bytes, written anew by qpdf. Of anything else we say nothing: a scanned
page, a logo, an annotation may be the signature that we look for.
"""

import io
import re
import unicodedata
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING

import pikepdf

from demat.actes.documents import BROKEN

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

__all__ = ["looks_signed", "read_text"]

MAX_PAGES = 60
MAX_STREAMS = 8 * 1024 * 1024
"""Bytes of all that the file holds, fonts included, once expanded."""
MAX_DRAWN = 1024 * 1024
"""Bytes of drawing instructions of all pages (PDFium: some 2 s); an act of 60 pages has half."""
MAX_OBJECTS = 20_000
_PLAIN_ANNOTATIONS = frozenset({"/Link"})
_PLAIN_FONTS = frozenset({"/Type1", "/TrueType", "/Type0", "/MMType1"})
_WORDS = re.compile(
    r"\b(?:maire|maires?[- ]adjoint|adjointe?|president|presidente|vice[- ]presidente?|directeur"
    r"|directrice|secretaire|delegue|deleguee|signe|signee|signes|signees|signature|signataires?"
    r"|pour (?:extrait|copie|ampliation|expedition)|certifie|cachet)\b"
)
"""Words that surround a signature at the foot of an act."""
_PDFIUM = Lock()
"""PDFium bears one thread at a time."""


def read_text(content: bytes) -> str | None:
    """Return the text that the pages of a readable PDF show, or none when it proves nothing.

    ``""`` means that every page is blank. None means that something else than text is drawn, or
    that the file is too long or too complex to be looked into.
    """
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            plain = _rewritten(pdf) if _is_plain(pdf) else None
    except (pikepdf.PasswordError, *BROKEN):
        return None
    return _extracted(plain) if plain is not None else None


def looks_signed(text: str) -> bool:
    """Whether a text has words that surround a signature: « Le maire », « Pour extrait »…"""
    flat = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(char for char in flat if not unicodedata.combining(char))
    return _WORDS.search(" ".join(letters.split())) is not None


def _is_plain(pdf: pikepdf.Pdf) -> bool:
    if len(pdf.pages) > MAX_PAGES or int(pdf.trailer.get("/Size", 0)) > MAX_OBJECTS:
        return False
    return all(_is_plain_page(page) for page in pdf.pages) and _is_small(pdf) and _is_short(pdf)


def _is_short(pdf: pikepdf.Pdf) -> bool:
    """Count what each page draws: the same instructions may serve many pages."""
    drawn = 0
    for page in pdf.pages:
        contents = page.obj.get("/Contents")
        for part in contents if isinstance(contents, pikepdf.Array) else (contents,):
            drawn += len(part.read_bytes()) if isinstance(part, pikepdf.Stream) else 0
            if drawn > MAX_DRAWN:
                return False
    return True


def _is_plain_page(page: pikepdf.Page) -> bool:
    resources = _inherited(page.obj, "/Resources")
    for kind in ("/XObject", "/Pattern", "/Shading"):
        if isinstance(resources, pikepdf.Dictionary) and resources.get(kind):
            return False
    annotations = page.obj.get("/Annots")
    if isinstance(annotations, pikepdf.Array):
        return all(_kind(one) in _PLAIN_ANNOTATIONS for one in annotations)
    return annotations is None


def _inherited(page: pikepdf.Object, key: str) -> object:
    node: object = page
    for _ in range(MAX_PAGES):
        if not isinstance(node, pikepdf.Dictionary):
            break
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None


def _kind(found: object) -> str:
    return str(found.get("/Subtype")) if isinstance(found, pikepdf.Dictionary) else ""


def _is_small(pdf: pikepdf.Pdf) -> bool:
    """Measure everything that PDFium could expand; drawn fonts (Type 3) are programs: not plain."""
    total = 0
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream):
            if len(item.read_raw_bytes()) > MAX_STREAMS:
                return False
            total += len(item.read_bytes())  # qpdf stops at a bomb, and calls it broken
            if total > MAX_STREAMS:
                return False
        elif _is_odd_font(item):
            return False
    return True


def _is_odd_font(found: object) -> bool:
    if not isinstance(found, pikepdf.Dictionary) or found.get("/Type") != pikepdf.Name.Font:
        return False
    return _kind(found) not in _PLAIN_FONTS | {"/CIDFontType0", "/CIDFontType2"}


def _rewritten(pdf: pikepdf.Pdf) -> bytes:
    """Write what qpdf understood: PDFium then cannot understand something else."""
    stream = io.BytesIO()
    pdf.save(stream, encryption=False)
    return stream.getvalue()


def _extracted(plain: bytes) -> str | None:
    import pypdfium2

    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(plain)
            try:
                texts = list(_page_texts(document))
            finally:
                document.close()
        except (pypdfium2.PdfiumError, ValueError, RuntimeError):
            return None
    if None in texts:
        return None
    return "\n".join(filter(None, texts)).strip()


def _page_texts(document: "PdfDocument") -> Iterator[str | None]:
    """Yield the text of each page; none for a page on which something else is drawn instead."""
    from pypdfium2 import raw

    for page in document:
        textpage = page.get_textpage()
        text: str = textpage.get_text_range()
        textpage.close()
        drawn = {item.type for item in page.get_objects(max_depth=1)}
        page.close()
        images = raw.FPDF_PAGEOBJ_IMAGE in drawn
        yield None if images or (drawn and not text.strip()) else text

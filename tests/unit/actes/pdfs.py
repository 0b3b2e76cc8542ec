"""Real PDFs for the rules on files: made by fpdf2, or by hand where no library would."""

import io
from datetime import UTC, datetime

import pikepdf
from fpdf import FPDF

from tests.unit.actes.factories import pdf_bytes

__all__ = [
    "BLANK",
    "SIGNED_BY_WORDS",
    "UNSIGNED",
    "image_pdf",
    "signed_pdf",
    "text_pdf",
    "with_xmp",
]

DAY = datetime(2024, 3, 14, 9, 0, tzinfo=UTC)


def text_pdf(*pages: str) -> bytes:
    """Make a PDF with one page per text; an empty text is a blank page."""
    pdf = _new()
    for text in pages:
        pdf.add_page()
        if text:
            pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def image_pdf(text: str = "") -> bytes:
    """Make a page with an image: a scan, a logo, the picture of a signature."""
    pdf = _new()
    pdf.add_page()
    if text:
        pdf.multi_cell(0, 8, text)
    pdf.image(_dot(), x=20, y=200, w=40)
    return bytes(pdf.output())


def _new() -> FPDF:
    pdf = FPDF()
    pdf.set_creation_date(DAY)
    pdf.set_font("Helvetica", size=12)
    return pdf


def _dot() -> io.BytesIO:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "navy").save(stream, "PNG")
    stream.seek(0)
    return stream


def signed_pdf() -> bytes:
    """Make a PDF that holds a signature dictionary; nobody asks here what it is worth."""
    pdf = pikepdf.open(io.BytesIO(pdf_bytes("signé")))
    value = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]), Contents=b"\x30\x00"
        )
    )
    signature = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="Signature1", V=value)
    fields = pikepdf.Array([pdf.make_indirect(signature)])
    pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=fields, SigFlags=3)
    stream = io.BytesIO()
    pdf.save(stream, deterministic_id=True)
    return stream.getvalue()


def with_xmp(xmp: bytes) -> bytes:
    """Make a PDF with these metadata."""
    pdf = pikepdf.open(io.BytesIO(pdf_bytes()))
    stream = pdf.make_stream(xmp)
    stream["/Type"], stream["/Subtype"] = pikepdf.Name.Metadata, pikepdf.Name.XML
    pdf.Root["/Metadata"] = stream
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, fix_metadata_version=False, preserve_pdfa=False)
    return out.getvalue()


SIGNED_BY_WORDS = text_pdf(
    "Le conseil fixe les tarifs de la salle.", "Pour extrait conforme,\nLe maire"
)
UNSIGNED = text_pdf("Le conseil fixe les tarifs de la salle.", "Article 2 : une caution est due.")
BLANK = text_pdf("", "")

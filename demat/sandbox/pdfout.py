"""The letters of the préfecture as PDF: one page of Helvetica, written by hand, byte-stable."""

import textwrap
from collections.abc import Sequence

__all__ = ["letter_pdf"]

_WIDTH = 88
_LINES = 52
_FIRST = "BT /F1 10.5 Tf 60 780 Td 14 TL"
_ESCAPES = str.maketrans({"\\": r"\\", "(": r"\(", ")": r"\)"})


def letter_pdf(paragraphs: Sequence[str]) -> bytes:
    """Return a one-page PDF that holds these paragraphs, wrapped; what overflows the page is cut.

    Characters that Windows-1252 lacks become question marks, as in the ministry's own files.
    """
    lines = [line for text in paragraphs for line in textwrap.wrap(text, _WIDTH) or [""]]
    shown = [f"({line.translate(_ESCAPES)}) Tj T*" for line in lines[:_LINES]]
    stream = "\n".join((_FIRST, *shown, "ET")).encode("cp1252", "replace")
    return _assemble(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )


def _assemble(*objects: bytes) -> bytes:
    content = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(content))
    )

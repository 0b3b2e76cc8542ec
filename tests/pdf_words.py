"""The words of a PDF, as a reader shows them."""

from pathlib import Path

import pypdfium2

__all__ = ["text_of"]


def text_of(path: Path) -> str:
    """Return the text of every page, every blank made one plain space."""
    document = pypdfium2.PdfDocument(path.read_bytes())
    try:
        texts = []
        for page in document:
            words = page.get_textpage()
            texts.append(words.get_text_bounded())
            words.close()
            page.close()
        return " ".join(" ".join(texts).split())
    finally:
        document.close()

"""The text of one PDF, in a process of its own: ``python -m demat.intake.readers.pdf_worker``.

A PDF comes from anywhere, and the library that reads it is written in C: what makes it crash, hang
or swell must not take the service with it. Bytes come in on standard input, one JSON object goes
out.
"""

import json
import sys

import pypdfium2

__all__ = ["MAX_CHARS", "MAX_PAGES", "main", "read_pages"]

MAX_PAGES = 3
"""Pages that are read: what identifies an act stands on the first ones."""
MAX_CHARS = 8_000
"""Characters of one page that are read."""
MEMORY = 1 << 30
"""Bytes of memory that the process may take, where the system can hold it to that."""
SECONDS = 20
"""Seconds of computing that it may take."""


def read_pages(content: bytes) -> list[str]:
    """Return the text of the first pages; a page that cannot be read gives none.

    :raises pypdfium2.PdfiumError: damaged, or protected by a password.
    """
    document = pypdfium2.PdfDocument(content)
    try:
        return [_page(document, rank) for rank in range(min(len(document), MAX_PAGES))]
    finally:
        document.close()


def _page(document: pypdfium2.PdfDocument, rank: int) -> str:
    try:
        page = document[rank]
        try:
            text = page.get_textpage()
            try:
                return str(text.get_text_range(0, min(text.count_chars(), MAX_CHARS)))
            finally:
                text.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""


def main() -> int:
    """Read standard input, write ``{"pages": [...]}``, or ``{}`` when it cannot be read."""
    _limit()
    try:
        answer = {"pages": read_pages(sys.stdin.buffer.read())}
    except pypdfium2.PdfiumError:
        answer = {}
    sys.stdout.buffer.write(json.dumps(answer).encode("ascii"))
    return 0


def _limit() -> None:
    """Hold this process to its memory and time; Windows has no such means."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())

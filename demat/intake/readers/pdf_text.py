"""The text of the first pages of a PDF, read out of this process (see ``pdf_worker``)."""

import json
import subprocess
import sys
from dataclasses import dataclass

from demat.intake.api import InputFile

__all__ = ["PdfText", "read_text"]

COMMAND = (sys.executable, "-m", "demat.intake.readers.pdf_worker")
TIMEOUT = 30
"""Seconds, start of the process included, after which a PDF is given up."""
MAX_BYTES = 100_000_000
"""A PDF above this is not read: it would have to fit in memory twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PdfText:
    """What could be read of a PDF."""

    text: str
    """Text of its first pages; empty for a scanned document."""
    readable: bool = True
    """False when it could not be opened, was too big, or took too long."""


UNREADABLE = PdfText(text="", readable=False)


def read_text(file: InputFile, *, timeout: float = TIMEOUT) -> PdfText:
    """Read the first pages of a PDF; whatever it is, this process goes on.

    :raises FaultError: ``INT-PATH`` when the kept file cannot be read any more.
    """
    content = file.content
    if len(content) > MAX_BYTES:
        return UNREADABLE
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            COMMAND, input=content, capture_output=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return UNREADABLE
    if done.returncode != 0:
        return UNREADABLE
    pages = json.loads(done.stdout).get("pages")
    if pages is None:
        return UNREADABLE
    text = "\n\n".join(pages)
    return PdfText(text=text if any(map(str.isalnum, text)) else "")

"""What S²LOW makes of an acknowledged act: list of its files, stamped copies, bordereau (§1.4.8).

Bytes in, values out. The scripts were written for browsers: they say no by a redirect.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from demat.connectors.s2low_answers import Unreadable, parse_verdict, refuse_page, unreadable
from demat.connectors.s2low_ko import Ko
from demat.faults import Fault

__all__ = ["ListedFile", "check_pdf", "parse_files", "parse_labels"]

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_TAIL = 1024
"""Bytes at the end of a PDF among which it says that it is whole."""
_REVISION = re.compile(rb"^(%|[0-9]+ [0-9]+ obj\b)", re.MULTILINE)
"""What begins in a PDF after the end of the revision before: a stamp is often one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFile:
    """One line of ``actes_transac_get_files_list.php``."""

    reference: str
    """Number of the file."""
    is_pdf: bool
    """Whether it has a stamped copy."""


def parse_files(body: bytes) -> tuple[ListedFile, ...] | Ko:
    """Read the files of an act in the order in which they were posted; the message is left out.

    :raises Unreadable: not that JSON.
    """
    refuse_page(body)
    if body.lstrip().startswith(b"KO"):
        verdict = parse_verdict(body)
        if isinstance(verdict, Ko):
            return verdict
    found = _json(body)
    if not isinstance(found, list) or not all(isinstance(line, dict) for line in found):
        raise unreadable(body)
    if not all(_NUMBER.fullmatch(str(line.get("id", ""))) for line in found):
        raise unreadable(body)
    ordered = sorted(found, key=lambda line: int(str(line["id"])))
    return tuple(
        ListedFile(reference=str(line["id"]), is_pdf="pdf" in str(line.get("mimetype", "")).lower())
        for line in ordered[1:]  # the first one is the message, which nobody posted
    )


def parse_labels(body: bytes) -> Mapping[str, str]:
    """Read the names of the statuses, by number (``actes_status.php``).

    :raises Unreadable: not that JSON.
    """
    refuse_page(body)
    found = _json(body)
    if not isinstance(found, dict):
        raise unreadable(body)
    return {str(code): str(label) for code, label in found.items()}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # covers wrong UTF-8
        raise unreadable(body) from error


def check_pdf(body: bytes) -> None:
    """Check that a body is a whole PDF, by its first and last bytes.

    :raises Unreadable: it is a page, nothing, something else, or cut.
    """
    refuse_page(body)
    if not body.startswith(b"%PDF-"):
        raise unreadable(body)
    _, whole, after = body[-_TAIL:].rpartition(b"%%EOF")
    if not whole or _REVISION.search(after):
        raise Unreadable(Fault(code="CON-TRUNCATED_ANSWER"))

"""Cells as Hélios can read them: ISO-8859-1, within the limits of the schemas."""

from demat.helios.text import transliterate
from demat.intake.readers.tables import Row

__all__ = ["limited", "plain"]

NAME = 38
"""Longest name or line of address."""


def limited(row: Row, column: str, limit: int, *, required: bool = False) -> str:
    """Return a cell as Hélios can read it, measured after: ``œ`` has become ``oe``."""
    value = plain(row.text(column, required=required))
    if len(value) > limit:
        params = {"value": value, "limit": str(limit), "size": str(len(value))}
        row.fault("INT-TOO_LONG", column, **params)
    return value


def plain(text: str) -> str:
    """Replace what ISO-8859-1 lacks; most cells are plain already."""
    is_plain = text.isascii() and text.isprintable() and "  " not in text and text == text.strip()
    return text if is_plain else transliterate(text)[0]

"""File names of a deposit: which are no part of it, which mean one file, what a cell lists."""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = [
    "ORIGIN",
    "PROPOSALS",
    "SHEET",
    "annexe_of",
    "files_below",
    "is_noise",
    "name_key",
    "readable",
    "split_names",
    "stem_key",
]

SHEET = "A-LIRE.html"
"""Name of the sheet that goes back with a returned deposit; it is never part of a deposit."""
PROPOSALS = "propositions.csv"
"""Name of the list that a person confirms: it is read in the place of what it was made from."""
ORIGIN = ".origine"
"""What is added to the name of a data file that a list of proposals has replaced."""

_NOISE = frozenset({SHEET.lower(), "thumbs.db", "desktop.ini", "@eadir", "__macosx"})
"""What Windows, macOS and file servers scatter, in lower case."""
_APOSTROPHES = str.maketrans("‘’ʼ`´", "'''''")


def is_noise(parts: Iterable[str]) -> bool:
    """Tell whether a path, given by its parts, is no part of a deposit: hidden, lock, our sheet."""
    return any(part.startswith((".", "~$")) or part.lower() in _NOISE for part in parts)


def files_below(entry: Path, *, onerror: Callable[[OSError], object] | None = None) -> list[Path]:
    """Return the files of an entry, itself or everything below it; no link is followed.

    :param onerror: called for a folder that cannot be listed; it may raise.
    """
    if entry.is_symlink() or not entry.is_dir():
        return [entry]
    walk = os.walk(entry, onerror=onerror)
    return sorted(Path(folder, name) for folder, _, names in walk for name in names)


def readable(name: str) -> str:
    """Return a file name as text, even when an old system wrote it in Windows-1252."""
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8, kept aside by Python
        return os.fsencode(name).decode("cp1252", errors="replace")
    return name


def name_key(name: str) -> str:
    """Return what two names have in common when only case, accents or blanks differ."""
    plain = unicodedata.normalize("NFKD", readable(name).translate(_APOSTROPHES))
    kept = "".join(part for part in plain if not unicodedata.combining(part))
    return " ".join(kept.casefold().split())


_ANNEXE = re.compile(
    r"(?P<main>.*?)\b(?:(?<!budget )(?<!budgets )annexes?|pieces? jointes?|pj)\b.*"
)
"""A « budget annexe » is a budget, not an annexe."""


def annexe_of(stem: str) -> str | None:
    """Return, as :func:`stem_key` writes it, the name that an annexe is named after.

    ``2026_041-annexe-2`` is an annexe of ``2026_041``; empty when it is named after nothing, and
    ``None`` for the name of no annexe.
    """
    found = _ANNEXE.fullmatch(stem_key(stem))
    return None if found is None else found["main"].strip(" .")


def stem_key(stem: str) -> str:
    """Return what the stems of two documents have in common when only their signs differ."""
    return " ".join(re.split(r"[\s_-]+", name_key(stem))).strip(" .")


def split_names(text: str, *, blanks: bool = False) -> tuple[str, ...]:
    """Split a cell that lists several names, by ``|``, else by line, by ``;`` or by ``,``.

    :param blanks: keep the empty places, where the position means something.
    """
    separator = next((mark for mark in "|\n;," if mark in text), "|")
    parts = (part.strip() for part in text.split(separator))
    return tuple(part for part in parts if part or blanks)

"""Bringing texts into the character set of Hélios, ISO-8859-1 (helios dossier §2.2)."""

import re
import unicodedata

__all__ = ["is_transmissible", "transliterate"]

_REPLACEMENTS = {
    "€": "EUR",
    "œ": "oe",
    "Œ": "OE",
    "ĳ": "ij",
    "Ÿ": "Y",
    "š": "s",
    "Š": "S",
    "ž": "z",
    "Ž": "Z",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "‘": "'",
    "’": "'",
    "‚": "'",
    "‛": "'",
    "ʼ": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "″": '"',
    "‹": "<",
    "›": ">",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "―": "-",
    "−": "-",
    "…": "...",
    "•": "-",
    "™": "TM",
    "№": "N°",
    "⁄": "/",
}
_FORBIDDEN = re.compile("[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u00ff]")
_BLANKS = re.compile(r"\s+")


def is_transmissible(text: str) -> bool:
    """Tell whether every character is printable ISO-8859-1 (no control, no tab, no line break)."""
    return not _FORBIDDEN.search(text)


def transliterate(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text in printable ISO-8859-1, and the characters that had to be replaced.

    Blanks of any kind become one plain space; accents of French stay. A letter that has no near
    form (Greek, Cyrillic…) becomes ``?`` so that a person sees it; a symbol such as an emoji goes.

    :returns: the text, then the replaced characters, each once, in order of appearance.
    """
    composed = unicodedata.normalize("NFC", text)
    replaced: list[str] = []
    pieces: list[str] = []
    for character in composed:
        near = _near(character)
        pieces.append(near)
        if near != character and not character.isspace():
            replaced.append(character)
    return _BLANKS.sub(" ", "".join(pieces)).strip(), tuple(dict.fromkeys(replaced))


def _near(character: str) -> str:
    if character.isspace():
        return " "
    if character in _REPLACEMENTS:
        return _REPLACEMENTS[character]
    if is_transmissible(character):
        return character
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    if plain and all(is_transmissible(part) for part in plain):
        return plain
    return "?" if unicodedata.category(character).startswith(("L", "N")) else ""

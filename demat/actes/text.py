"""Text that the protocol can carry: objets, numbers and file names (actes dossier §2.4, §2.7)."""

import re
import unicodedata

__all__ = ["safe_file_name", "simplified", "suggest_numero", "transliterate_objet"]

# What office software types by itself: plain equivalents lose nothing (§2.7).
_TYPOGRAPHY = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "Ÿ": "Y",
        "€": "EUR",
        "…": "...",
        "‘": "'",
        "’": "'",
        "‚": "'",
        "‛": "'",
        "′": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "″": '"',
        "‹": "«",
        "›": "»",
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "–": "-",
        "—": "-",
        "―": "-",
        "−": "-",
        "•": "-",
        "™": "(TM)",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬀ": "ff",
        "\u00ad": "",
        "\u200b": "",
        "\u200c": "",
        "\u200d": "",
        "\u2060": "",
        "\ufeff": "",
    }
)
# Bytes of windows-1252 read as Latin-1 by another program: \x92 is an apostrophe.
_C1 = {code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0xA0)}
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
_MAX_NUMERO = 15
_MAX_FILE_NAME = 120


def transliterate_objet(text: str) -> tuple[str, tuple[str, ...]]:
    """Make a text writable in ISO-8859-1, on one line, without double blanks.

    Typographic characters become their plain equivalents, which loses nothing; any other character
    outside Latin-1 becomes its closest ASCII or ``?``.

    :returns: the text, and those other characters, once each, in order.
    """
    plain = unicodedata.normalize("NFC", text).translate(_C1).translate(_CONTROLS)
    plain = plain.translate(_TYPOGRAPHY)
    others = (letter for letter in plain if not _is_latin1(letter) and not letter.isspace())
    replaced = tuple(dict.fromkeys(others))
    return " ".join("".join(_closest(letter) for letter in plain).split()), replaced


def simplified(text: str) -> tuple[str, ...]:
    """Return what :func:`transliterate_objet` writes more plainly and loses nothing of.

    Typographic characters outside ISO-8859-1, once each, in order, and ``↵`` for a line break.
    """
    plain = unicodedata.normalize("NFC", text.strip()).translate(_C1)
    shown = {ord("\n"): "↵", ord("\r"): "↵", ord("\u2028"): "↵"}
    changed = (
        shown.get(ord(letter), letter)
        for letter in plain
        if ord(letter) in shown or (ord(letter) in _TYPOGRAPHY and letter.isprintable())
    )
    return tuple(dict.fromkeys(changed))


def _is_latin1(letter: str) -> bool:
    return ord(letter) < 0x100


def _closest(letter: str) -> str:
    if _is_latin1(letter) or letter.isspace():
        return letter
    return _ascii(letter) or "?"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def suggest_numero(text: str) -> str:
    """Return the closest number that every platform accepts (2 to 15 of ``A-Z 0-9 _``), or ``""``.

    When it is too long the words shrink before the digits: the digits tell acts apart.
    """
    words = [word for word in re.split(r"[^A-Z0-9]+", _ascii(text).upper()) if word]
    while len("_".join(words)) > _MAX_NUMERO:
        letters = [word for word in words if word.isalpha() and len(word) > 1]
        if not letters:
            return "_".join(words)[:_MAX_NUMERO].rstrip("_")
        rank = words.index(max(letters, key=len))
        words[rank] = words[rank][:-1]
    numero = "_".join(words)
    return numero.zfill(2) if numero else ""


def safe_file_name(name: str) -> str:
    """Return an ASCII name without path or blank, its extension in lower case, for other systems.

    >>> safe_file_name("Délibération n° 12 & annexe.PDF")
    'Deliberation_n_12_annexe.pdf'
    """
    base = re.split(r"[/\\]", name)[-1]
    stem, dot, extension = base.rpartition(".")
    if not dot:
        stem, extension = base, ""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", _ascii(stem)).strip("._-")[:_MAX_FILE_NAME]
    extension = re.sub(r"[^a-z0-9]", "", _ascii(extension).lower())[:10]
    return (stem or "document") + (f".{extension}" if extension else "")

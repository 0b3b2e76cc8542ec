"""The text of a document made comparable: one kind of blank, and a twin without case nor accents.

PDF files give ligatures, capitals spaced by hand, soft hyphens and several kinds of apostrophes.
"""

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Texte"]

MAX_CHARS = 20_000
"""Longest text that is looked at: what identifies an act stands on its first pages."""
_EXCERPT = 160
_EQUIVALENTS = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼ´`′", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("“”„″", '"'),
        "º": "°",
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)
_HYPHENATED = re.compile(r"(?<=[^\W\d_])-\n(?=[a-zà-ÿ])|[\x02\u00ad\ufffe]\n?")
_SPACED = re.compile(r"(?<!\S)(?:[^\W\d_] ){4,}[^\W\d_](?!\S)")
"""A heading whose letters are set apart by blanks."""
_LOST = re.compile(r"(?<=[a-z])[?\ufffd](?=[a-z\s,.;:]|$)")
"""A letter that was lost with its accent: it was nearly always an e."""
_BLANKS = re.compile(r"[^\S\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Texte:
    """A text and its twin, character for character."""

    text: str
    """As it stands in the document, with plain blanks, hyphens and apostrophes."""
    plain: str
    """The same without case nor accents; as long as ``text``."""

    @staticmethod
    def of(raw: str) -> "Texte":
        """Prepare the text of a document; only its beginning is kept when it is long."""
        text = _HYPHENATED.sub("", raw[:MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n"))
        text = unicodedata.normalize("NFKC", text.translate(_EQUIVALENTS))
        text = _BLANKS.sub(" ", _CONTROLS.sub(" ", text))
        text = _SPACED.sub(lambda found: found[0].replace(" ", ""), text)
        text = "\n".join(line.strip() for line in text.split("\n"))
        return Texte(text, _LOST.sub("e", "".join(map(_plain, text))))

    def part(self, start: int, end: int) -> "Texte":
        """Return a piece of it."""
        return Texte(self.text[start:end], self.plain[start:end])

    def words(self, start: int, end: int) -> str:
        """Return the words of the document between two places, on one line, cut when long."""
        shown = " ".join(self.text[start:end].split())
        return shown if len(shown) <= _EXCERPT else f"{shown[: _EXCERPT - 1].rstrip()}…"

    def line_start(self, place: int) -> int:
        """Return where the line of a place begins."""
        return self.plain.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """Return where the line of a place ends."""
        end = self.plain.find("\n", place)
        return len(self.plain) if end < 0 else end

    def __bool__(self) -> bool:
        return bool(self.plain.strip())


def _plain(letter: str) -> str:
    """Return one character for one: ``É`` is ``e``."""
    return unicodedata.normalize("NFD", letter)[0].lower()[:1] or letter

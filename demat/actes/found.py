"""A value that was found in the text of a document, how sure it is, and the words it comes from."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["NOTHING", "Confidence", "Found"]


class Confidence(StrEnum):
    """How sure a proposed value is."""

    CERTAIN = "certain"
    """Read as such: a person only has to see it."""
    LIKELY = "likely"
    """Deduced from the words around it."""
    GUESS = "guess"
    """One of several possible values."""
    NONE = "none"
    """Nothing was found: a person must fill it in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One value, proposed; never a decision."""

    value: str = ""
    """As a cell of the list of a séance; empty when nothing was found."""
    confidence: Confidence = Confidence.NONE
    words: str = ""
    """The words of the document that it comes from, blanks apart."""
    note: str = ""
    """What a person must know besides, in French; often empty."""


NOTHING = Found()
"""Nothing was found."""

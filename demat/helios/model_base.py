"""What every part of a PES remembers of the way a file wrote it (helios dossier §0.4, §0.5).

The norm allows one value to be written in several ways: ``1`` and ``true``, ``60.0`` and
``60.00``, ``0417`` and ``417``, an empty text and no text. The model holds the value; the few forms
that we would have written otherwise are kept beside it, so that a file is written back as it was.
"""

from dataclasses import dataclass, field

__all__ = ["EcritAutrement", "Formes"]

Formes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EcritAutrement:
    """Base of the parts of a PES: it holds the forms that differ from ours."""

    formes: Formes = field(default=(), repr=False)
    """Element (``IdPce``; ``@Id`` for an attribute) and its text, for each value that the file read
    did not write as we do. A form counts only while it still says the value of the field: change
    the field, and the new value is written in our way."""

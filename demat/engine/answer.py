"""What one returned document means for the flow that it answers, once it is understood."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from demat.faults import Fault, FaultError, Faults
from demat.queue.views import TransmissionView

__all__ = ["Answer", "unbound"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The meaning of one answer of the State."""

    kind: str
    """What it is, for the receipts: ``ARActe``, ``PES_ACQUIT``…"""
    etat: str
    """Legal state after it."""
    final: bool
    """Whether the State has no further word to say."""
    negative: bool
    """Whether that state is unfavourable."""
    message_date: date | None
    """Date that the State wrote in it."""
    faults: Faults
    """What the State found, and what is odd."""
    rows: Sequence[tuple[str, str]]
    """What the agent reads about it."""
    frees: tuple[tuple[str, str], ...] = ()
    """Kinds and keys that may be used again (helios dossier §8.1)."""
    announced: date | None = None
    """Date of the classification in force at the préfecture, when the answer tells it."""
    conflict: bool = False
    """Whether it disagrees with an earlier answer, which stays the one that counts."""
    cancels: str = ""
    """IDActe of the act whose transmission it cancels; empty when it cancels none."""


def unbound(found: str, transmission: TransmissionView) -> FaultError:
    """Return the error for an answer that is about something else than what was sent."""
    params = {"found": found, "expected": transmission.key}
    return FaultError(Fault(code="QUE-UNBOUND_ANSWER", params=params))

"""A part: one document that is going to be frozen into one transmission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demat.connectors.api import Flux
from demat.faults import Faults
from demat.intake.api import Proposal
from demat.queue.documents import DocumentStore
from demat.queue.views import NewTransmission, UsedKey

__all__ = ["Part", "Preparation", "frozen"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One archive or PES file, built, checked, and signed when it must be."""

    flux: Flux
    file_name: str
    content: bytes
    key: str
    """IDActe or NomFic."""
    etat: str
    """Legal state in which it starts."""
    facts: Mapping[str, Any]
    """What the later steps need to know, as JSON."""
    used_keys: Sequence[UsedKey]
    sign_ids: tuple[str, ...] = ()
    """Ids of the elements that await a signature."""
    supersedes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What one deposit becomes, or why it cannot."""

    kind: str
    parts: tuple[Part, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    """What a person must confirm before anything is prepared."""
    faults: Faults = field(default_factory=Faults)


def frozen(part: Part, documents: DocumentStore) -> NewTransmission:
    """Keep the bytes of a part and return what the store queues under their digest."""
    return NewTransmission(
        flux=part.flux.value,
        file_name=part.file_name,
        sha256=documents.put(part.content),
        size=len(part.content),
        key=part.key,
        etat=part.etat,
        facts=part.facts,
        used_keys=part.used_keys,
        supersedes=part.supersedes,
    )

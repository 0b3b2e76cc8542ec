"""A part: one document that is going to be frozen into one transmission."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from demat.actes.archive import unpack
from demat.connectors.api import Flux
from demat.faults import Faults
from demat.helios.model import Domaine
from demat.intake.api import Proposal
from demat.queue.claiming import INTENT
from demat.queue.documents import DocumentStore
from demat.queue.views import NewTransmission, UsedKey

__all__ = ["Part", "Preparation", "ToSign", "frozen"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToSign:
    """One bordereau that awaits a signature, as its file announces it."""

    id: str
    """``@Id`` of the element."""
    budget: str
    """``demat.helios.plan.plan_key`` of its budget."""
    libelle: str
    """Label of that budget, as the file says it."""
    domaine: Domaine
    """Mandats or titres."""
    exercice: int
    """``Exer``."""
    numero: int
    """``IdBord``."""
    typ_bord: str
    """``TypBord``."""
    pieces: int
    """How many pièces it holds."""
    mt_ht: Decimal | None
    """``MtBordHT``, in euros; ``None`` when unreadable, or when its lines say otherwise."""
    mt_tva: Decimal
    """``MtBordTVA``, in euros; 0 when there is none."""

    @property
    def total(self) -> Decimal | None:
        """What it commits to, in euros, TVA included; ``None`` when it cannot be told."""
        return None if self.mt_ht is None else self.mt_ht + self.mt_tva


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
    to_sign: tuple[ToSign, ...] = ()
    """The bordereaux that await a signature."""
    supersedes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What one deposit becomes, or why it cannot."""

    kind: str
    parts: tuple[Part, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    """What a person must confirm before anything is prepared."""
    faults: Faults = field(default_factory=Faults)

    @property
    def to_sign(self) -> tuple[ToSign, ...]:
        """Every bordereau that awaits a signature."""
        return tuple(one for part in self.parts for one in part.to_sign)


def frozen(part: Part, documents: DocumentStore) -> NewTransmission:
    """Keep the bytes of a part and return what the store queues under their digest."""
    return NewTransmission(
        flux=part.flux.value,
        file_name=part.file_name,
        sha256=documents.put(part.content),
        size=len(part.content),
        key=part.key,
        etat=part.etat,
        facts={**part.facts, INTENT: _intent(part)},
        used_keys=part.used_keys,
        supersedes=part.supersedes,
    )


_OF_AN_ACTE = ("numero", "date", "nature", "classification")


def _intent(part: Part) -> dict[str, str]:
    """Return what the record of each sending tells besides the digest (connectors dossier §9.2).

    An archive travels in pieces: the digest of each is what tells two acts apart for good.
    """
    if part.flux is not Flux.ACTES:
        return {}
    files = sorted(unpack(part.content).items())
    told = {name: str(part.facts[name]) for name in _OF_AN_ACTE if name in part.facts}
    digests = (f"{name}:{hashlib.sha256(content).hexdigest()}" for name, content in files)
    return told | {"pieces": " ".join(digests)}

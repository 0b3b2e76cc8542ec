"""A deposit that leaves in several PES files stays one thing: order of sending, and how it stands.

The files of a deposit are sent in their order. A file that cites attachments of another one waits
until that one has left (helios dossier §5.2: attachments first).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from demat.connectors.api import Flux
from demat.engine.office import Office
from demat.engine.parts import Part
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView

__all__ = ["AFTER", "file_of", "missing_attachment", "progress", "ranked"]

AFTER = "apres"
"""Fact of a PES: IdUnique of the attachments that must have left before it."""
RANK = "fichier"
"""Fact of a PES: its rank among the PES files of its deposit, and how many they are (``2/3``)."""
_WORDS = {
    "accepté": "acceptés",
    "accepté en partie": "acceptés en partie",
    "refusé": "refusés",
    "en attente": "en attente",
}
"""Singular and plural, in the order in which they are told."""


def ranked(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Number the PES files of a deposit, when there are several."""
    if len(parts) < 2:
        return tuple(parts)
    return tuple(
        replace(part, facts={**part.facts, RANK: f"{rank}/{len(parts)}"})
        for rank, part in enumerate(parts, start=1)
    )


def file_of(flow: TransmissionView) -> str:
    """Say which file of its deposit a transmission is; empty when it is the only one."""
    rank, _, count = str(flow.facts.get(RANK, "")).partition("/")
    return f"fichier {rank} sur {count}" if count else ""


def missing_attachment(flow: TransmissionView, office: Office) -> str | None:
    """Return an IdUnique that a file cites and that has not left yet; ``None`` when it may leave.

    An attachment that was refused has not left: the file waits for the corrected deposit.
    """
    names = [str(name) for name in flow.facts.get(AFTER, ())]
    left = office.store.delivered(flow.collectivite, "idunique", names)
    return next((name for name in names if name not in left), None)


def progress(flows: Iterable[TransmissionView]) -> str:
    """Say in one sentence where the PES files of a deposit are; empty when there is only one."""
    files = [flow for flow in flows if flow.flux == Flux.HELIOS]
    if len(files) < 2:
        return ""
    found = [_word(flow) for flow in files]
    counts = {word: found.count(word) for word in _WORDS}
    words = ", ".join(
        f"{count} {word if count == 1 else _WORDS[word]}" for word, count in counts.items() if count
    )
    return f"Ce dépôt est parti en {len(files)} fichiers : {words}."


def _word(flow: TransmissionView) -> str:
    if flow.delivery in (DeliveryState.REFUSED, DeliveryState.ABANDONED):
        return "refusé"
    if flow.etat_negative:
        return "accepté en partie" if flow.etat == "acquitte_partiel" else "refusé"
    return "accepté" if flow.etat_final else "en attente"

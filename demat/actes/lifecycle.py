"""Legal life of an act: states, and what each answer of the State does (dossier §4.5, §8.5).

Answers arrive in any order, twice, or late: whatever the order, the same answers lead to the same
state.
"""

from enum import StrEnum

from demat.actes.messages import (
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    Inbound,
)

__all__ = ["EtatActe", "next_etat"]


class EtatActe(StrEnum):
    """Where an act stands towards the préfecture."""

    PREPARE = "prepare"
    """Ready, not transmitted yet."""
    TRANSMIS = "transmis"
    """Handed over; no answer yet. Proves nothing."""
    ACQUITTE = "acquitte"
    """The accusé de réception (1-2) is there: transmission is proved."""
    EN_ANOMALIE = "en_anomalie"
    """Rejected (1-3, or its whole archive): correct and send again."""
    ANNULATION_DEMANDEE = "annulation_demandee"
    """A cancellation (6-1) has left; no receipt yet."""
    ANNULE = "annule"
    """The transmission is cancelled (6-2); the number stays burnt."""

    @property
    def final(self) -> bool:
        """Whether no answer can change this state any more."""
        return self is EtatActe.ANNULE

    @property
    def acknowledged(self) -> bool:
        """Whether the préfecture has acknowledged the act, even if a cancellation is pending."""
        return self in {EtatActe.ACQUITTE, EtatActe.ANNULATION_DEMANDEE}

    @property
    def cancellable(self) -> bool:
        """Whether a cancellation may be asked: only after an AR, and once (§8.6)."""
        return self is EtatActe.ACQUITTE


def next_etat(current: EtatActe, message: Inbound) -> EtatActe:
    """Return the state of an act after an answer about it (table of §4.5, priorities of §8.5).

    A receipt of cancellation wins over all; an AR wins over an anomaly, before or after it; an
    anomaly counts only while nothing better is known. Letters and classifications change nothing.
    """
    if current.final or isinstance(message, ARAnnulation):
        return EtatActe.ANNULE if isinstance(message, ARAnnulation) else current
    if current.acknowledged:
        return current
    if isinstance(message, ARActe):
        return EtatActe.ACQUITTE
    if isinstance(message, AnomalieActe | AnomalieEnveloppe):
        return EtatActe.EN_ANOMALIE
    return current

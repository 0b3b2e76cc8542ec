"""Legal life of an act (actes dossier §4.5, §8.5)."""

from datetime import date
from functools import reduce
from itertools import permutations

import pytest

from demat.actes.inbound import (
    AnomalieActe,
    AnomalieEnveloppe,
    ARActe,
    ARAnnulation,
    CourrierPrefecture,
    Inbound,
    RetourClassification,
)
from demat.actes.lifecycle import EtatActe, next_etat

DAY = date(2024, 3, 15)
AR = ARActe(id_acte="x", date_reception=DAY, acte_recu=None, classification_en_cours=None)
ANOMALIE = AnomalieActe(
    date=DAY, nature="002", detail="", acte_recu=None, classification_en_cours=None
)
ANO = AnomalieEnveloppe(date=DAY, nature="005", detail="", siren="", formulaires=())
AR_ANNULATION = ARAnnulation(id_acte="x", date_reception=DAY)
LETTRE = CourrierPrefecture(
    root="LettreObservations", id_acte="x", date=DAY, texte="", documents=()
)
CLASSIFICATION = RetourClassification(date=DAY)

P, T, A, E, D, N = EtatActe


@pytest.mark.parametrize(
    ("message", "after"),
    [
        # from:      PREPARE, TRANSMIS, ACQUITTE, EN_ANOMALIE, ANNULATION_DEMANDEE, ANNULE
        (AR, (A, A, A, A, D, N)),
        (ANOMALIE, (E, E, A, E, D, N)),
        (ANO, (E, E, A, E, D, N)),
        (AR_ANNULATION, (N, N, N, N, N, N)),
        (LETTRE, (P, T, A, E, D, N)),
        (CLASSIFICATION, (P, T, A, E, D, N)),
    ],
)
def test_every_transition(message: Inbound, after: tuple[EtatActe, ...]) -> None:
    assert tuple(next_etat(current, message) for current in EtatActe) == after


@pytest.mark.parametrize(
    ("messages", "final"),
    [
        ((AR, ANOMALIE), A),
        ((ANOMALIE, ANO), E),
        ((AR, ANOMALIE, LETTRE), A),
        ((AR, AR, ANO, AR_ANNULATION), N),
    ],
)
def test_the_order_of_arrival_changes_nothing(
    messages: tuple[Inbound, ...], final: EtatActe
) -> None:
    for order in permutations(messages):
        assert reduce(next_etat, order, EtatActe.TRANSMIS) is final


def test_questions_that_a_state_answers() -> None:
    assert [etat for etat in EtatActe if etat.final] == [N]
    assert [etat for etat in EtatActe if etat.acknowledged] == [A, D]
    assert [etat for etat in EtatActe if etat.cancellable] == [A]
    assert [etat.value for etat in EtatActe] == [
        "prepare",
        "transmis",
        "acquitte",
        "en_anomalie",
        "annulation_demandee",
        "annule",
    ]

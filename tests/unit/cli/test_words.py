"""Every state and every event that the store knows has French words."""

import pytest

from demat.actes.lifecycle import EtatActe
from demat.cli.words import DELIVERY_FR, DEPOSIT_FR, ETAT_FR, VERDICT_FR, plural
from demat.helios.lifecycle import EtatPes
from demat.queue.states import DeliveryState, DepositState
from demat.signing.verdict import Verdict


def test_no_state_is_left_in_english() -> None:
    assert set(DELIVERY_FR) == {state.value for state in DeliveryState}
    assert set(DEPOSIT_FR) == {state.value for state in DepositState}
    assert set(ETAT_FR) == {state.value for state in (*EtatActe, *EtatPes)}
    assert set(VERDICT_FR) == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 acte"), (1, "1 acte"), (2, "2 actes"), (10, "10 actes")]
)
def test_zero_and_one_are_singular(count: int, words: str) -> None:
    assert plural(count, "acte") == words

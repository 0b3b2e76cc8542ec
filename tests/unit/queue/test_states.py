"""The transition tables, member by member."""

import pytest

from demat.labels_fr.queue import DELIVERY_STATES, DEPOSIT_STATES, SELECTIONS
from demat.queue.states import DeliveryState, DepositState, Selection, TransitionRefused

DEPOSIT = {
    "received": {"drafted", "returned"},
    "drafted": {"checked", "returned"},
    "checked": {"signed", "awaiting_signature", "packed", "returned"},
    "awaiting_signature": {"signed", "returned"},
    "signed": {"packed", "awaiting_signature", "returned"},
    "packed": set(),
    "returned": set(),
}
DELIVERY = {
    "todo": {"doing", "suspended", "abandoned"},
    "doing": {"deposited", "suspended", "landed", "refused", "todo"},
    "deposited": set(),
    "suspended": {"deposited", "landed", "todo", "refused", "abandoned"},
    "landed": {"deposited", "abandoned"},
    "refused": set(),
    "abandoned": set(),
}


def test_the_tables_are_those_of_the_architecture() -> None:
    assert {state.value: {to.value for to in state.successors} for state in DepositState} == DEPOSIT
    assert {
        state.value: {to.value for to in state.successors} for state in DeliveryState
    } == DELIVERY


@pytest.mark.parametrize("states", [DepositState, DeliveryState])
def test_predecessors_mirror_successors(
    states: type[DepositState] | type[DeliveryState],
) -> None:
    for before in states:
        for after in states:
            assert (after in before.successors) == (before in after.predecessors)


def test_questions() -> None:
    assert {state for state in DepositState if state.final} == {
        DepositState.PACKED,
        DepositState.RETURNED,
    }
    assert {state for state in DeliveryState if state.final} == {
        DeliveryState.DEPOSITED,
        DeliveryState.REFUSED,
        DeliveryState.ABANDONED,
    }
    assert {state for state in DepositState if state.needs_person} == {
        DepositState.AWAITING_SIGNATURE,
        DepositState.RETURNED,
    }
    assert {state for state in DeliveryState if state.needs_person} == {
        DeliveryState.SUSPENDED,
        DeliveryState.LANDED,
        DeliveryState.REFUSED,
    }
    assert {state for state in DeliveryState if state.in_flight} == {
        DeliveryState.TODO,
        DeliveryState.DOING,
        DeliveryState.SUSPENDED,
        DeliveryState.LANDED,
    }


def test_every_state_has_a_french_name() -> None:
    assert set(DEPOSIT_STATES) == {state.value for state in DepositState}
    assert set(DELIVERY_STATES) == {state.value for state in DeliveryState}
    assert set(SELECTIONS) == {selection.value for selection in Selection}


def test_the_refusal_says_which_one_and_from_where() -> None:
    error = TransitionRefused(
        subject="transmission 12",
        current="deposited",
        allowed=["todo", "suspended"],
        to="abandoned",
    )
    assert str(error) == (
        "transmission 12: deposited -> abandoned refused (allowed from: suspended, todo)"
    )
    assert (error.subject, error.current, error.to) == ("transmission 12", "deposited", "abandoned")

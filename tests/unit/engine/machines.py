"""How a state machine of Hypothesis is played."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

__all__ = ["play"]


def play(
    machine: Callable[[], RuleBasedStateMachine],
    request: pytest.FixtureRequest,
    *,
    steps: int,
    examples: int,
    deep: int,
) -> None:
    """Play so many stories.

    :param steps: of one story, at most.
    :param deep: how many stories with ``--deep``.
    """
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=deep if request.config.getoption("--deep") else examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )

from datetime import datetime, timedelta

import pytest

from demat.sandbox.virtual import Agenda, VirtualClock
from tests.unit.sandbox.helpers import START


def test_the_clock_runs_at_its_speed_and_jumps() -> None:
    seconds = iter((100.0, 100.0, 130.0, 130.0))
    clock = VirtualClock(START, speed=10, elapsed=lambda: next(seconds))
    assert clock.now() == START
    assert clock.now() == START + timedelta(seconds=300)
    clock.push(2)
    assert clock.now() == START + timedelta(seconds=420)


def test_the_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="never goes back"):
        VirtualClock(START).push(-1)


def test_the_agenda_does_what_is_due_oldest_first_with_what_that_adds() -> None:
    agenda, done = Agenda(), []

    def first(due: datetime) -> None:
        done.append(("first", due))
        agenda.add(due + timedelta(minutes=1), lambda at: done.append(("added", at)))

    agenda.add(START + timedelta(minutes=5), lambda at: done.append(("second", at)))
    agenda.add(START, first)
    agenda.add(START + timedelta(minutes=9), lambda at: done.append(("too early", at)))
    agenda.run_until(START + timedelta(minutes=8))
    assert done == [
        ("first", START),
        ("added", START + timedelta(minutes=1)),
        ("second", START + timedelta(minutes=5)),
    ]

"""Several authorities on several lines: what stops one of them stops no other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.connectors.api import Refused
from demat.connectors.memory import ScriptedConnector
from demat.engine.collect import SLICE
from demat.engine.nightly import (
    Visit,
    by_turns,
    collect_answers,
    collect_from_comptable,
    collect_from_prefecture,
    intake,
    look,
)
from demat.engine.reconcile import reconcile_all
from demat.engine.transmit import transmit_due
from demat.engine.waits import why_waiting
from demat.faults import Fault
from demat.queue.pace import LinePace, Pace, parse_plage
from demat.queue.retry import RetryPolicy
from demat.queue.states import DeliveryState
from demat.queue.store import Store
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    REFUSED,
    SETTLE,
    SIREN,
    START,
    TRANSIENT,
    UNKNOWN,
    UNREACHABLE,
    VOISINE,
    Town,
    authority_of,
    collect_all,
    titre,
    titres,
    town_of,
)

LINE, OTHER_LINE = "tdt.example", "autre.example"
TIERCE = "000000026"
PAUSE = timedelta(minutes=5)
NIGHT = LinePace(quiet=(parse_plage("22:00-06:00"),))
PACE = Pace(
    failures=2,
    reopening=RetryPolicy(base=PAUSE, cap=timedelta(hours=1)),
    lines={"nuit.example": NIGHT, "quota.example": LinePace(bytes_per_hour=1)},
    jitter=lambda: 0.0,
)
ASKED: Mapping[str, Callable[[Visit], object]] = {
    "status": lambda visit: collect_all(visit.authority, visit.office),
    "courriers": collect_from_prefecture,
    "retours": collect_from_comptable,
}
"""The questions of the connector, and what asks them."""


@pytest.fixture
def towns(tmp_path: Path, clock: FixedClock) -> list[Town]:
    """Two towns on one line, each with its account, and a third one on another line."""
    return made(tmp_path, clock, PACE)


def made(tmp_path: Path, clock: FixedClock, pace: Pace) -> list[Town]:
    url = f"sqlite:///{tmp_path / 'data' / 'paced.db'}"
    store = Store.open(url, tmp_path / "documents", clock, pace=pace)
    found = []
    for siren, line in ((SIREN, LINE), (VOISINE, LINE), (TIERCE, OTHER_LINE)):
        connector = ScriptedConnector()
        authority = replace(authority_of(tmp_path / siren, connector, siren=siren), line=line)
        found.append(town_of(store, clock, authority, connector))
    authorities = tuple(town.authority for town in found)
    office = replace(found[0].office, authorities=authorities)
    return [replace(town, office=office) for town in found]


def on(town: Town, line: str) -> Town:
    """Put a town on another line."""
    authority = replace(town.authority, line=line)
    return replace(town, authority=authority, office=replace(town.office, authorities=(authority,)))


def states(town: Town) -> list[str]:
    return [flow.delivery.value for flow in town.flows()]


def codes(town: Town) -> tuple[str, ...]:
    return why_waiting(town.authority, town.office).codes


def hand_in(towns: list[Town]) -> None:
    for town in towns:
        town.fixture("seance-2026-10-08")  # two acts


@pytest.mark.parametrize("error", [UNREACHABLE, UNKNOWN, TRANSIENT])
def test_a_line_that_does_not_answer_is_left_alone_and_the_other_goes_on(
    towns: list[Town], error: Exception
) -> None:
    hand_in(towns)
    for town in towns[:2]:
        town.connector.fail_next("deposit", error)  # type: ignore[arg-type]  # a connector's error
    transmit_due(towns[0].office)
    assert [len(town.connector.shipments) for town in towns] == [1, 1, 2]
    assert states(towns[2]) == ["deposited"] * 2
    assert codes(towns[0]) == codes(towns[1]) == ("QUE-LINE_SHUT",)
    assert codes(towns[2]) == ()
    (fault,) = why_waiting(towns[0].authority, towns[0].office)
    assert fault.params == {"ligne": LINE, "heure": "23/11/2026 à 02:35"}
    towns[0].clock.instant += timedelta(days=1)
    transmit_due(towns[0].office)
    assert towns[0].connector.held
    assert not codes(towns[0])


def test_a_dead_certificate_stops_its_authority_only(towns: list[Town]) -> None:
    hand_in(towns)
    for _ in range(5):
        towns[0].connector.fail_next("deposit", AUTHENTICATION)
    for _ in range(5):
        transmit_due(towns[0].office)
    assert states(towns[0]) == ["todo"] * 2
    assert states(towns[1]) == states(towns[2]) == ["deposited"] * 2
    assert codes(towns[0]) == ("QUE-PAUSED",)


def test_a_refusal_is_an_answer(towns: list[Town]) -> None:
    hand_in(towns)
    towns[0].connector.fail_next("deposit", UNREACHABLE)
    towns[1].connector.fail_next("deposit", REFUSED)
    transmit_due(towns[0].office)
    assert states(towns[0]) == ["todo", "deposited"]
    assert towns[0].store.stops() == {}


def test_a_quiet_window_stops_sendings_and_not_questions(towns: list[Town]) -> None:
    town = on(towns[0], "nuit.example")
    town.fixture("seance-2026-10-08")
    assert codes(town) == ("QUE-LINE_QUIET",)  # though nothing has left by it yet
    assert transmit_due(town.office) == 0  # START: 02:30 in Paris
    (fault,) = why_waiting(town.authority, town.office)
    assert fault.params == {"ligne": "nuit.example", "heure": "23/11/2026 à 06:00"}
    town.clock.instant = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert transmit_due(town.office) == 2
    assert codes(town) == ()
    town.clock.instant = START + timedelta(days=1)
    assert collect_all(town.authority, town.office) == 0
    assert [name for name, _ in town.connector.calls].count("status") == 2


def test_the_bytes_of_the_hour_are_told(towns: list[Town]) -> None:
    town = on(towns[0], "quota.example")
    town.fixture("seance-2026-10-08")
    assert transmit_due(town.office) == 1
    assert codes(town) == ("QUE-LINE_BYTES",)


def test_the_share_of_the_hour_is_told(tmp_path: Path, clock: FixedClock) -> None:
    town = made(tmp_path, clock, replace(PACE, per_hour=1))[0]
    town.fixture("seance-2026-10-08")
    assert transmit_due(town.office) == 1
    assert codes(town) == ("QUE-HOUR_SPENT",)
    report = town.night(after=timedelta(0))
    (item, *_) = report.authorities
    assert item.notices[0].startswith("Les envois attendent 03:00")
    town.clock.instant += timedelta(hours=1)
    assert transmit_due(town.office) == 1


def test_a_line_that_answers_no_question_is_not_asked_by_the_others(towns: list[Town]) -> None:
    hand_in(towns)
    transmit_due(towns[0].office)
    for town in towns:
        for _ in range(4):
            town.connector.fail_next("status", UNREACHABLE)
        town.connector.calls.clear()
    for town in towns[:2]:
        visit = Visit.of(town.authority, town.office)
        try:
            list(collect_answers(visit))
        except type(UNREACHABLE):
            pass
        collect_from_comptable(visit)
    assert [name for name, _ in towns[0].connector.calls] == ["status"] * 2
    assert towns[1].connector.calls == []


def test_a_line_shut_while_asking_is_asked_no_further(towns: list[Town]) -> None:
    """Each further question would cost a whole time-out: flows without end, hours of them."""
    town = towns[0]
    hand_in([town])
    for name in ("seance-2026-11-05", "titres-cantine.csv", "titres-eau.csv"):
        town.fixture(name)
    sent = transmit_due(town.office)
    assert sent > 2 * PACE.failures
    for _ in range(sent):
        town.connector.fail_next("status", UNREACHABLE)
    with pytest.raises(type(UNREACHABLE)):
        collect_all(town.authority, town.office)
    assert [name for name, _ in town.connector.calls].count("status") == PACE.failures


def test_an_answer_between_two_silences_counts_anew(towns: list[Town]) -> None:
    town = towns[0]
    hand_in(towns)
    transmit_due(town.office)
    for _ in range(2):
        town.connector.fail_next("status", UNREACHABLE)
        collect_all(town.authority, town.office)
    assert town.store.stops() == {}


@pytest.mark.parametrize("question", ASKED)
def test_a_round_that_was_answered_counts_anew(towns: list[Town], question: str) -> None:
    town = towns[0]
    town.fixture("titres-eau.csv")
    transmit_due(town.office)
    asked = partial(ASKED[question], Visit.of(town.authority, town.office))
    not_answered(town, question, asked)
    asked()
    not_answered(town, question, asked)
    assert town.store.stops() == {}
    not_answered(town, question, asked)
    assert set(town.store.stops()) == {LINE}


def test_what_is_not_asked_is_not_answered(towns: list[Town]) -> None:
    """An authority without budgets asks for no retours: nothing shows that its line is open."""
    town = towns[0]
    town.fixture("titres-eau.csv")
    transmit_due(town.office)
    asked = partial(collect_all, town.authority, town.office)
    not_answered(town, "status", asked)
    without = replace(town.authority, budgets=())
    collect_from_comptable(Visit.of(without, town.office))
    not_answered(town, "status", asked)
    assert set(town.store.stops()) == {LINE}


def not_answered(town: Town, question: str, asked: Callable[[], object]) -> None:
    town.connector.fail_next(question, UNREACHABLE)
    with pytest.raises(type(UNREACHABLE)):
        asked()


def test_what_nobody_knows_is_not_asked_about_while_its_line_is_shut(towns: list[Town]) -> None:
    hand_in(towns[:2])
    for town in towns[:2]:
        town.connector.fail_next("deposit", UNKNOWN)
    transmit_due(towns[0].office)
    towns[0].store.line_silent(LINE, None)
    towns[0].clock.instant += PAUSE - timedelta(seconds=1)
    assert reconcile_all(towns[0].office) == 0
    towns[0].clock.instant += timedelta(hours=1)
    assert reconcile_all(towns[0].office) == 2


def test_outcomes_are_not_asked_of_a_dead_line_one_after_the_other(towns: list[Town]) -> None:
    """Each question would cost a whole time-out, before anybody's sendings."""
    hand_in(towns[:2])
    for town in towns[:2]:
        for _ in range(2):
            town.connector.fail_next("deposit", UNKNOWN)
            town.connector.fail_next("find", UNREACHABLE)
    for _ in range(4):  # the line, which was silent, lets one try at a time
        transmit_due(towns[0].office)
        towns[0].clock.instant += timedelta(hours=2)
    assert states(towns[0]) + states(towns[1]) == ["suspended"] * 4
    assert reconcile_all(towns[0].office) == 0
    asked = [name for town in towns for name, _ in town.connector.calls if name == "find"]
    assert asked == ["find"]  # the line had not answered before either
    assert LINE in towns[0].store.stops()


def test_an_outcome_that_is_told_ends_the_silence_of_a_line(towns: list[Town]) -> None:
    town = towns[0]
    town.fixture("seance-2026-11-05")  # one act
    for _ in range(2):
        town.connector.fail_next("deposit", UNKNOWN)
        assert transmit_due(town.office) == 1
        assert town.store.stops() == {}
        town.clock.instant += timedelta(hours=2)
        assert reconcile_all(town.office) == 1


REFUSING = Refused(Fault(code="CON-NOT_RGS", params={"message": "x"}), account=True)


def test_acts_that_the_account_may_not_send_wait_under_their_numbers(towns: list[Town]) -> None:
    town = towns[0]
    hand_in(towns[:1])
    town.fixture("titres-eau.csv")
    keys = [flow.key for flow in town.flows()]
    town.connector.fail_next("deposit", REFUSING)
    assert transmit_due(town.office) == 2
    assert states(town) == ["todo", "todo", "deposited"]  # the PES is nobody's affair
    assert not town.store.ready(SIREN)
    assert "CON-NOT_RGS" in [code for flow in town.flows() for code in flow.faults.codes]
    assert town.tree(town.folders.a_corriger) == []
    (item, *_) = town.night(after=timedelta(hours=1)).authorities
    assert [("certificat RGS" in sentence) for sentence in item.errors] == [True]
    town.clock.instant += town.office.settings.auth_pause
    assert transmit_due(town.office) == 2
    assert states(town) == ["deposited"] * 3
    assert [flow.key for flow in town.flows()] == keys


def dropped(town: Town, count: int) -> Visit:
    """Lay files in the folder of a town, which nobody has changed since."""
    town.folders.make()
    for rank in range(count):
        town.write(f"{rank:03d}.csv", titres(titre(400 + rank, 1 + rank)))
    visit = Visit.of(town.authority, town.office)
    look(visit)
    return visit


def test_who_hands_in_one_file_does_not_wait_for_the_hundreds_of_another(
    towns: list[Town],
) -> None:
    large, small = towns[:2]
    visits = [dropped(large, 2 * SLICE + 1), dropped(small, 1)]
    large.clock.instant += SETTLE
    work = by_turns(visits, intake)
    seen = []
    for _ in work:
        seen.append(len(small.flows()))
        transmit_due(large.office, limit=SLICE)
    assert seen[0] == 1
    assert small.flow().delivery is DeliveryState.DEPOSITED
    assert len(large.flows()) == 2 * SLICE + 1
    transmit_due(large.office)
    for town in (large, small):
        town.connector.calls.clear()
    asked = by_turns(
        [Visit.of(town.authority, town.office) for town in (large, small)], collect_answers
    )
    next(asked)
    calls = [len(town.connector.calls) for town in (large, small)]
    assert calls == [SLICE, 1]
    list(asked)
    assert len(large.connector.calls) == 2 * SLICE + 1


def test_a_pes_is_not_offered_again_in_a_quiet_window(towns: list[Town]) -> None:
    town = on(towns[0], "nuit.example")
    town.clock.instant = datetime(2026, 11, 23, 20, 50, tzinfo=UTC)
    town.fixture("titres-eau.csv")
    town.connector.fail_next("deposit", UNKNOWN)
    assert transmit_due(town.office) == 1
    town.clock.instant += timedelta(minutes=10)  # 22:00 in Paris
    assert reconcile_all(town.office) == 1
    assert transmit_due(town.office) == 0
    assert len(town.connector.shipments) == 1
    town.clock.instant += timedelta(hours=8)
    assert transmit_due(town.office) == 1
    assert town.flow().delivery is DeliveryState.DEPOSITED

"""The service: when it starts what, and that it survives what a machine goes through."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from watchfiles import Change

from demat.cli import runs, service
from demat.cli.service import Service, planned
from demat.clock import PARIS, FixedClock
from demat.compose import open_office
from demat.config import load_config
from demat.connectors.api import InboundDocument
from demat.connectors.memory import ScriptedConnector
from demat.engine.nightly import KIND
from demat.engine.office import Office
from tests.unit.cli.conftest import Town

NIGHT = datetime(2026, 11, 22, 2, 30, 5, tzinfo=PARIS)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NIGHT)


@pytest.fixture
def office(town: Town, clock: FixedClock) -> Iterator[Office]:
    with open_office(load_config(town.config), clock=clock) as opened:
        yield opened


def _service(office: Office) -> Service:
    return Service(office, nightly_at="02:30", stop=threading.Event())


@pytest.mark.parametrize(
    ("now", "nightly_at", "due"),
    [
        ("2026-11-22T02:30:00+01:00", "02:30", "2026-11-22T02:30:00+01:00"),
        ("2026-11-22T02:30:05+01:00", "02:30", "2026-11-22T02:30:00+01:00"),
        ("2026-11-22T01:31:00+00:00", "02:30", "2026-11-22T02:30:00+01:00"),
        # the run before it lasted past midnight
        ("2026-11-23T00:10:00+01:00", "23:59", "2026-11-22T23:59:00+01:00"),
        ("2026-11-22T02:29:59+01:00", "02:30", "2026-11-21T02:30:00+01:00"),
        # the hour that comes twice: both are the same plan
        ("2026-10-25T00:30:10+00:00", "02:30", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30:10+00:00", "02:30", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_the_plan_is_the_last_instant_that_was_due(now: str, nightly_at: str, due: str) -> None:
    found = planned(datetime.fromisoformat(now), nightly_at)
    assert found.timestamp() == datetime.fromisoformat(due).timestamp()


def test_the_jobs_start_at_their_hours(office: Office) -> None:
    night, day = _service(office).jobs()
    assert (night.name, day.name) == ("night", "day")
    fires = night.trigger.get_next_fire_time(None, NIGHT)
    assert fires == datetime(2026, 11, 23, 2, 30, tzinfo=PARIS)
    first = day.trigger.get_next_fire_time(NIGHT, NIGHT)
    assert first - NIGHT == timedelta(minutes=15)


def test_by_day_the_retours_are_fetched(office: Office) -> None:
    connector = ScriptedConnector()
    retour = InboundDocument(name="retour.xml", content=b"<PES_Retour/>")
    connector.held_retours["7"] = retour
    authority = replace(office.authorities[0], connector=connector)
    _service(replace(office, authorities=(authority,))).by_day()
    assert connector.read_retours == ["7"]
    assert [one.name for one in office.store.retours(authority.siren)] == ["retour.xml"]


def test_the_night_is_run_once(office: Office, clock: FixedClock) -> None:
    one, other = _service(office), _service(office)
    made = [_run(service, office, clock) for service in (one, one, other)]
    assert made == [made[0]] * 3
    clock.instant += timedelta(days=1)
    assert _run(other, office, clock) != made[0]


def _run(service: Service, office: Office, clock: FixedClock) -> int:
    """Start the job of the night, and return the number of the last run."""
    clock.instant += timedelta(minutes=5)
    service.at_night()
    last = office.store.last_run(KIND)
    assert last is not None
    assert last.ended_at is not None
    return last.id


@pytest.mark.parametrize(("stopping", "attempts"), [(True, 0), (False, 1)])
def test_a_service_that_is_asked_to_stop_sends_nothing_more(
    acte: Town, stopping: bool, attempts: int
) -> None:
    stop = threading.Event()
    if stopping:
        stop.set()
    with acte.office() as office:
        Service(office, nightly_at="02:30", stop=stop).arrivals()
        assert [flow.attempts for flow in office.store.transmissions()] == [attempts]


def test_a_step_that_fails_does_not_end_the_service(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    looks: list[int] = []

    def fails(_visit: object) -> None:
        looks.append(1)
        if len(looks) == 3:
            stop.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(service, "intake", fails)
    Service(office, nightly_at="02:30", stop=stop).run()
    assert len(looks) == 3


def test_a_share_that_is_away_does_not_end_the_service(
    office: Office, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    looks: list[bool] = []
    away = town.root / "mairie"
    away.write_text("in the way")

    def look(_visit: object) -> Iterator[None]:
        looks.append((away / "a-deposer").is_dir())
        if len(looks) == 2:
            away.unlink()
            (away / "a-deposer").mkdir(parents=True)
        elif len(looks) == 4:
            stop.set()
        return iter(())

    monkeypatch.setattr(service, "intake", look)
    monkeypatch.setattr(Service, "at_night", lambda _self: None)
    Service(office, nightly_at="02:30", stop=stop).run()
    assert looks[:4] == [False, False, True, True]


def test_our_own_probe_does_not_wake_us_up() -> None:
    assert not service._visible(Change.added, "/mairie/a-deposer/.demat-ecriture")
    assert service._visible(Change.added, "/mairie/a-deposer/titres.csv")


def test_a_look_keeps_no_old_story(office: Office, town: Town) -> None:
    town_service = _service(office)
    (town.root / "mairie").write_text("in the way")
    for _ in range(3):
        town_service.arrivals()
    assert [visit.item.errors for visit in town_service._visits] == [[]]
    assert Path("mairie").is_file()


def test_a_signal_in_the_middle_of_a_wait_is_heard() -> None:
    """The handler runs in the very thread that may hold the lock of the event."""
    with runs._stop_on_signal() as stop:
        with stop._cond:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)  # the handler has run
        assert stop.wait(5)

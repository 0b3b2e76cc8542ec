"""What the workers of a centre plan every minute, and what their tasks do."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demat.cli.worker import AGAIN, BATCH, Workers
from demat.clock import PARIS, FixedClock
from demat.compose import open_office
from demat.config import load_config
from demat.connectors.api import InboundDocument
from demat.connectors.memory import ScriptedConnector
from demat.engine.nightly import STAMPS, kind_of
from demat.engine.office import Office
from demat.faults import Fault
from demat.intake.folders import Folders
from demat.queue.states import DepositState
from demat.queue.views import NewTransmission, ReceivedFile
from tests.unit.cli.conftest import Town

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=PARIS)
REFUSED = Fault(code="CON-AUTHENTICATION", params={"message": "certificat inconnu"})
FIRST, SECOND = "000000000", "000000018"


class Tasks:
    """Remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.actions: dict[str, Callable[..., None]] = {}

    def declare(self, name: str, action: Callable[..., None]) -> None:
        self.actions[name] = action

    def every_minute(self, plan: Callable[[datetime], None]) -> None:
        self.plan = plan

    def defer(
        self, name: str, *, lock: str, priority: int = 0, seconds: int = 0, **arguments: str
    ) -> bool:
        self.asked.append((name, lock))
        self.last = arguments
        self.seconds = seconds
        return True

    def take(self) -> list[tuple[str, str]]:
        """Return what was asked for since the last time."""
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def office(town: Town, clock: FixedClock, tmp_path: Path) -> Iterator[Office]:
    with open_office(load_config(town.config), clock=clock) as opened:
        (one,) = opened.authorities
        one = replace(one, connector=ScriptedConnector())
        folders = Folders(tmp_path / "voisine")
        other = replace(one, siren=SECOND, connector=ScriptedConnector(), folders=folders)
        for authority in (one, other):
            authority.folders.make()
        yield replace(opened, authorities=(one, other))


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
def workers(office: Office, tasks: Tasks) -> Workers:
    stop = threading.Event()
    return Workers(office, tasks, nightly_at="02:30", stop=stop)  # type: ignore[arg-type]  # a fake


def _quiet(workers: Workers, tasks: Tasks, minute: datetime) -> list[tuple[str, str]]:
    """Plan one minute and return what was asked for, but for the answers."""
    workers.plan(minute)
    return [asked for asked in tasks.take() if asked[0] != "answers"]


def _nights_done(office: Office, workers: Workers, minute: datetime) -> None:
    slot = minute.replace(hour=2, minute=30).isoformat()
    for authority in office.authorities:
        workers.night(authority.siren, slot)


def test_every_authority_has_its_night_once_and_the_stamps_come_last(
    office: Office, workers: Workers, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = NOON.replace(hour=2, minute=31)
    assert _quiet(workers, tasks, minute) == [("night", FIRST), ("night", SECOND)]
    slot = tasks.last["slot"]
    workers.night(FIRST, slot)
    assert _quiet(workers, tasks, minute) == [("night", SECOND)]
    workers.night(SECOND, slot)
    assert _quiet(workers, tasks, minute) == [("stamps", "stamps")]
    workers.stamps(slot)
    assert _quiet(workers, tasks, minute) == []
    assert office.store.kinds_run(datetime.fromisoformat(slot)) == {
        *map(kind_of, (FIRST, SECOND)),
        STAMPS,
    }
    workers.night(FIRST, slot)  # a task that comes twice
    last = office.store.last_run(kind_of(FIRST))
    assert last is not None
    first_of_both = office.store.last_run(kind_of(SECOND))
    assert first_of_both is not None
    assert last.id < first_of_both.id


def test_a_night_that_was_missed_is_made_up_for_until_the_next_is_near(
    workers: Workers, tasks: Tasks
) -> None:
    evening = NOON.replace(hour=22)
    assert ("night", FIRST) in _quiet(workers, tasks, evening)
    late = (NOON + timedelta(days=1)).replace(hour=0)
    assert ("night", FIRST) not in _quiet(workers, tasks, late)


def test_answers_are_asked_for_once_in_a_round_at_a_minute_of_ones_own(
    office: Office, workers: Workers, tasks: Tasks
) -> None:
    _nights_done(office, workers, NOON)
    asked: list[tuple[str, str]] = []
    minutes: dict[str, int] = {}
    for minute in range(15):
        workers.plan(NOON + timedelta(minutes=minute))
        found = [one for one in tasks.take() if one[0] == "answers"]
        asked += found
        minutes |= {siren: minute for _, siren in found}
    assert sorted(asked) == [("answers", FIRST), ("answers", SECOND)]
    assert minutes[FIRST] != minutes[SECOND]


def test_only_authorities_with_something_to_do_are_visited(
    office: Office, workers: Workers, tasks: Tasks
) -> None:
    _nights_done(office, workers, NOON)
    tasks.take()
    workers.stamps(NOON.replace(hour=2, minute=30).isoformat())
    assert _quiet(workers, tasks, NOON) == []
    (office.authorities[1].folders.a_deposer / "acte.pdf").write_bytes(b"%PDF-1.4")
    assert _quiet(workers, tasks, NOON) == [("arrivals", SECOND)]
    _pack(office, FIRST, 1)
    assert _quiet(workers, tasks, NOON) == [("arrivals", FIRST), ("arrivals", SECOND)]


def test_a_folder_out_of_reach_keeps_nobody_else_from_being_visited(
    office: Office, workers: Workers, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nights_done(office, workers, NOON)
    workers.stamps(NOON.replace(hour=2, minute=30).isoformat())
    gone, here = (authority.folders.a_deposer for authority in office.authorities)
    (here / "acte.pdf").write_bytes(b"%PDF-1.4")
    shutil.rmtree(gone)
    gone.symlink_to(gone)  # a loop: every look at it fails
    assert _quiet(workers, tasks, NOON) == [("arrivals", SECOND)]


def test_a_task_sends_a_batch_and_asks_for_its_next_turn(
    office: Office, workers: Workers, tasks: Tasks
) -> None:
    _pack(office, FIRST, BATCH + 2)
    _pack(office, SECOND, 1)
    workers.sending(FIRST)
    assert tasks.take() == [("sending", FIRST)]
    assert _sent(office) == (BATCH, 0)
    workers.sending(FIRST)
    assert tasks.take() == []
    assert _sent(office) == (BATCH + 2, 0)
    workers.arrivals(SECOND)
    assert _sent(office) == (BATCH + 2, 1)


def test_an_authority_that_finds_no_room_on_the_line_asks_again_soon(
    office: Office, workers: Workers, tasks: Tasks
) -> None:
    room = 4  # sendings at the same time, by default
    others = [f"{rank:09d}" for rank in range(100, 100 + room)]
    for siren in (FIRST, *others):
        _pack(office, siren, 1)
    office.store.declare_lines(dict.fromkeys((FIRST, *others), office.authorities[0].line))
    for siren in others:
        assert office.store.claim("elsewhere", lease=timedelta(minutes=5), collectivites=[siren])
    workers.sending(FIRST)
    assert _sent(office) == (0, 0)
    assert (tasks.take(), tasks.seconds) == ([("sending", FIRST)], AGAIN)
    office.store.pause_collectivite(FIRST, office.clock.now() + timedelta(hours=1), REFUSED)
    workers.sending(FIRST)
    assert tasks.take() == []


def test_answers_are_those_of_one_authority(office: Office, workers: Workers) -> None:
    for authority in office.authorities:
        connector = authority.connector
        assert isinstance(connector, ScriptedConnector)
        connector.held_retours["7"] = InboundDocument(name="retour.xml", content=b"<PES_Retour/>")
    workers.answers(SECOND)
    assert [len(office.store.retours(siren)) for siren in (FIRST, SECOND)] == [0, 1]


def _sent(office: Office) -> tuple[int, ...]:
    return tuple(
        sum(flow.attempts for flow in office.store.transmissions(collectivite=siren))
        for siren in (FIRST, SECOND)
    )


def _pack(office: Office, siren: str, count: int) -> None:
    store = office.store
    for number in range(count):
        content = f"<PES_Aller>{siren} {number}</PES_Aller>".encode()
        sha256 = store.documents.put(content)
        file = ReceivedFile(name=f"{number}.xml", sha256=sha256, size=len(content))
        deposit = store.receive(collectivite=siren, name=file.name, files=[file], replaces=None)
        for state in (DepositState.DRAFTED, DepositState.CHECKED):
            store.advance(deposit.id, state)
        part = NewTransmission(
            flux="HELIOS",
            file_name=file.name,
            sha256=sha256,
            size=len(content),
            key=f"PES-{siren}-{number}",
            etat="genere",
        )
        store.pack(deposit.id, [part])

"""Whose turn it is: order, fairness, limits, windows, and lines that are shut."""

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from demat.clock import FixedClock
from demat.faults import Fault, Faults
from demat.queue.model import AUTHORITY, DEPOSIT, TRANSMISSION
from demat.queue.pace import LinePace, Pace, parse_plage
from demat.queue.retry import RetryPolicy
from demat.queue.states import DeliveryState
from demat.queue.store import Store
from demat.queue.views import Claim, Heard, Stop
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, make_packed

LEASE = timedelta(minutes=15)
FAULT = Fault(code="CON-UNREACHABLE", params={"reason": "délai dépassé"})
LINE = "tdt.example"
OTHER_LINE = "autre.example"
TIERCE = "000000026"
PAUSE = timedelta(minutes=5)
PACE = Pace(
    failures=3,
    reopening=RetryPolicy(base=PAUSE, cap=timedelta(hours=1)),
    jitter=lambda: 0.0,
)

Opened = Callable[[Pace], Store]


@pytest.fixture
def opened(
    store: Store, database_url: str, documents_folder: Path, clock: FixedClock
) -> Iterator[Opened]:
    """Open the store again with limits."""
    stores: list[Store] = []

    def again(pace: Pace) -> Store:
        stores.append(Store.open(database_url, documents_folder, clock, pace=pace))
        return stores[-1]

    yield again
    for one in stores:
        one.close()


def pack(store: Store, siren: str, count: int = 1, *, size: int = 100) -> list[int]:
    """Let an authority pack flows; return their numbers."""
    return [
        make_packed(
            store, collectivite=siren, name=f"{siren}-{rank}", key=f"{siren}-{rank}", size=size
        ).id
        for rank in range(count)
    ]


def take(store: Store, **wanted: object) -> Claim:
    claim = store.claim("worker", lease=LEASE, **wanted)  # type: ignore[arg-type]  # a helper
    assert claim is not None
    return claim


def nothing(store: Store) -> bool:
    return store.claim("worker", lease=LEASE) is None


def send(store: Store) -> int:
    claim = take(store)
    store.deposited(claim, str(claim.transmission.id))
    return claim.transmission.id


# order and fairness


def test_authorities_take_turns_and_each_keeps_its_order(opened: Opened) -> None:
    store = opened(PACE)
    first = pack(store, EXEMPLE, 4)
    second = pack(store, VOISINE, 2)
    order = [send(store) for _ in range(6)]
    assert order == [first[0], second[0], first[1], second[1], first[2], first[3]]
    assert nothing(store)


def test_an_authority_with_10_000_flows_does_not_delay_the_others(
    opened: Opened, clock: FixedClock
) -> None:
    store = opened(PACE)
    pack(store, EXEMPLE)
    with store._database.writing() as connection:
        row = dict(connection.execute(select(TRANSMISSION)).one()._mapping)
        deposit = dict(connection.execute(select(DEPOSIT)).one()._mapping)
        numbers = range(2, 10_001)
        connection.execute(
            insert(DEPOSIT), [deposit | {"id": one, "token": str(one)} for one in numbers]
        )
        connection.execute(
            insert(TRANSMISSION), [row | {"id": one, "deposit_id": one} for one in numbers]
        )
        if connection.dialect.name == "postgresql":
            for table in ("deposit", "transmission"):
                connection.exec_driver_sql(f"SELECT setval('{table}_id_seq', 10000)")
    small = pack(store, VOISINE, 3) + pack(store, TIERCE, 3)
    served = [take(store) for _ in range(3)]
    assert [claim.transmission.collectivite for claim in served] == [EXEMPLE, VOISINE, TIERCE]
    for claim in served:
        store.deposited(claim, "1")
    order = [store.transmission(send(store)).collectivite for _ in range(6)]
    assert order == [EXEMPLE, VOISINE, TIERCE] * 2
    assert {store.transmission(one).delivery for one in small} == {DeliveryState.DEPOSITED}


def test_what_waits_lets_the_following_ones_pass(opened: Opened, clock: FixedClock) -> None:
    store = opened(PACE)
    first, second = pack(store, EXEMPLE, 2)
    claim = take(store)
    store.postpone(claim, fault=FAULT, until=START + timedelta(minutes=1))
    assert claim.transmission.id == first
    assert send(store) == second
    assert nothing(store)
    clock.instant += timedelta(minutes=1)
    assert send(store) == first


def test_of_two_whose_wait_is_over_the_one_packed_first_leaves_first(
    opened: Opened, clock: FixedClock
) -> None:
    store = opened(PACE)
    first, second = pack(store, EXEMPLE, 2)
    for minutes in (2, 1):
        store.postpone(take(store), fault=FAULT, until=START + timedelta(minutes=minutes))
    clock.instant += timedelta(minutes=3)
    assert [send(store), send(store)] == [first, second]


def test_what_is_settled_or_given_up_is_due_or_not_at_once(opened: Opened) -> None:
    store = opened(PACE)
    (number,) = pack(store, EXEMPLE)
    store.suspend(take(store), fault=FAULT)
    assert nothing(store)
    store.resolve_not_landed(number)
    assert take(store).transmission.id == number
    (other,) = pack(store, VOISINE)
    store.abandon(other, "doublon", "Mme Martin")
    assert nothing(store)


def test_some_authorities_may_be_left_out(opened: Opened) -> None:
    store = opened(PACE)
    pack(store, EXEMPLE)
    (other,) = pack(store, VOISINE)
    assert store.authorities_but({VOISINE}) == {EXEMPLE}
    assert store.authorities_but(()) == {EXEMPLE, VOISINE}
    assert store.authorities_but((TIERCE,)) == {EXEMPLE, VOISINE}  # it has packed nothing
    assert take(store, but_not={EXEMPLE}).transmission.id == other
    assert store.claim("worker", lease=LEASE, but_not={EXEMPLE}) is None


def test_one_flow_alone_may_be_asked_for(opened: Opened) -> None:
    store = opened(PACE)
    first, second = pack(store, EXEMPLE, 2)
    assert take(store, transmission=second).transmission.id == second
    assert store.claim("worker", lease=LEASE, transmission=first) is None  # its account is busy
    assert store.claim("worker", lease=LEASE, transmission=second) is None


def test_a_clock_that_is_set_back_does_not_hold_what_was_due(
    opened: Opened, clock: FixedClock
) -> None:
    store = opened(PACE)
    (number,) = pack(store, EXEMPLE)
    clock.instant -= timedelta(days=400)
    assert take(store).transmission.id == number


# limits


def test_an_account_sends_one_flow_at_a_time(opened: Opened, clock: FixedClock) -> None:
    store = opened(PACE)
    pack(store, EXEMPLE, 2)
    claim = take(store)
    assert nothing(store)
    store.deposited(claim, "1")
    take(store)
    assert nothing(store)
    pack(store, EXEMPLE)
    clock.instant += LEASE  # the process that was sending is dead: the account is free again
    assert take(store).transmission.id == 3


def test_an_authority_sends_so_many_in_one_hour(opened: Opened, clock: FixedClock) -> None:
    store = opened(replace(PACE, per_hour=2))
    pack(store, EXEMPLE, 4)
    other = pack(store, VOISINE)
    assert sorted([send(store), send(store), send(store)]) == [1, 2, *other]
    assert nothing(store)
    assert store.spent() == {EXEMPLE}
    clock.instant = START.replace(minute=59)
    assert nothing(store)
    clock.instant = START + timedelta(hours=1)
    assert store.spent() == frozenset()
    assert [send(store), send(store)] == [3, 4]


def test_what_was_not_tried_does_not_count(opened: Opened) -> None:
    store = opened(replace(PACE, per_hour=1, line=LinePace(bytes_per_hour=100)))
    pack(store, EXEMPLE, 2)
    store.declare_lines({EXEMPLE: LINE})
    store.postpone(take(store), fault=FAULT, until=START + timedelta(minutes=15), tried=False)
    assert send(store) == 2
    assert nothing(store)
    assert store.stops()[LINE].why is Stop.BYTES


def test_a_line_bears_so_many_sendings_at_a_time(opened: Opened, clock: FixedClock) -> None:
    store = opened(
        replace(PACE, line=LinePace(simultaneous=2), lines={OTHER_LINE: LinePace(simultaneous=1)})
    )
    sirens = [f"{rank:09d}" for rank in range(1, 6)]
    for siren in sirens:
        pack(store, siren)
    store.declare_lines(
        {siren: LINE for siren in sirens[:3]} | dict.fromkeys(sirens[3:], OTHER_LINE)
    )
    served = [take(store) for _ in range(3)]
    assert [claim.transmission.collectivite for claim in served] == [*sirens[:2], sirens[3]]
    assert [claim.line for claim in served] == [LINE, LINE, OTHER_LINE]
    assert nothing(store)
    store.refuse(served[0], faults=Faults([FAULT]))
    assert take(store).transmission.collectivite == sirens[2]
    assert nothing(store)
    clock.instant += LEASE  # whoever was sending is dead
    assert take(store).transmission.collectivite == sirens[4]


def test_a_line_bears_so_many_bytes_in_one_hour(opened: Opened, clock: FixedClock) -> None:
    store = opened(replace(PACE, line=LinePace(bytes_per_hour=150)))
    pack(store, EXEMPLE, 2, size=100)
    pack(store, VOISINE, 1, size=900)
    store.declare_lines({EXEMPLE: LINE, VOISINE: LINE})
    assert [send(store), send(store)] == [1, 3]  # the last one may exceed it
    assert nothing(store)
    stop = store.stops()[LINE]
    assert (stop.why, stop.until) == (Stop.BYTES, START + timedelta(hours=1))
    clock.instant += timedelta(hours=1)
    assert send(store) == 2


def test_nothing_leaves_in_a_quiet_window(opened: Opened, clock: FixedClock) -> None:
    night = LinePace(quiet=(parse_plage("22:00-06:00"),))
    store = opened(replace(PACE, lines={LINE: night}))
    pack(store, EXEMPLE)
    other = pack(store, VOISINE, 2)
    store.declare_lines({EXEMPLE: LINE, VOISINE: OTHER_LINE})
    clock.instant = START.replace(hour=21)  # 22:00 in Paris
    assert [send(store), send(store)] == other
    assert nothing(store)
    stop = store.stops()[LINE]
    assert (stop.why, stop.until) == (Stop.QUIET, START.replace(day=24, hour=5))
    clock.instant = stop.until
    assert send(store) == 1


# which line is whose


def lines_of(store: Store) -> dict[str, str]:
    """Return by which line each authority sends, as the database holds it."""
    with store._database.reading() as connection:
        rows = connection.execute(select(AUTHORITY.c.collectivite, AUTHORITY.c.line))
        return {row.collectivite: row.line for row in rows}


def test_authorities_that_are_not_named_keep_their_line(store: Store) -> None:
    for siren in (EXEMPLE, VOISINE, TIERCE):
        pack(store, siren)
    store.declare_lines({EXEMPLE: LINE, VOISINE: LINE})
    assert lines_of(store) == {EXEMPLE: LINE, VOISINE: LINE, TIERCE: ""}
    store.declare_lines({VOISINE: OTHER_LINE})  # it has another tiers de télétransmission now
    assert lines_of(store) == {EXEMPLE: LINE, VOISINE: OTHER_LINE, TIERCE: ""}
    store.declare_lines({TIERCE: LINE, "000000034": OTHER_LINE})  # the last has packed nothing
    store.declare_lines({})
    assert lines_of(store) == {EXEMPLE: LINE, VOISINE: OTHER_LINE, TIERCE: LINE}
    assert [take(store).line for _ in range(3)] == [LINE, OTHER_LINE, LINE]


def test_so_many_lines_may_be_declared_at_once(store: Store) -> None:
    sirens = [f"{rank:09d}" for rank in range(1, 1202)]
    pack(store, sirens[-1])
    store.declare_lines({siren: f"tdt-{siren}.example" for siren in sirens})
    assert take(store).line == f"tdt-{sirens[-1]}.example"


# lines that are shut


@pytest.fixture
def line(opened: Opened) -> Store:
    """Two authorities that share a line, and a third one by itself, with two flows each."""
    store = opened(PACE)
    for siren in (EXEMPLE, VOISINE, TIERCE):
        pack(store, siren, 2)
    store.declare_lines({EXEMPLE: LINE, VOISINE: LINE, TIERCE: OTHER_LINE})
    for _ in range(3):
        send(store)
    return store


def of(store: Store, *sirens: str) -> Claim | None:
    return store.claim("worker", lease=LEASE, collectivites=sirens)


def shut_line(store: Store, clock: FixedClock) -> None:
    for siren in (EXEMPLE, VOISINE, EXEMPLE):
        claim = of(store, siren)
        assert claim is not None
        store.postpone(claim, fault=FAULT, until=clock.now(), heard=Heard.SILENCE)


def test_failures_in_a_row_shut_a_line_for_all_its_authorities_and_no_other(
    line: Store, clock: FixedClock
) -> None:
    shut_line(line, clock)
    assert of(line, EXEMPLE, VOISINE) is None
    stop = line.stops()
    assert {name: (one.why, one.until) for name, one in stop.items()} == {
        LINE: (Stop.SHUT, START + PAUSE)
    }
    assert of(line, TIERCE) is not None
    last = line.journal()[-2]
    assert (last.action, last.detail) == (
        "line_shut",
        {"ligne": LINE, "jusqu_a": (START + PAUSE).isoformat(), "codes": "CON-UNREACHABLE"},
    )


def test_an_answer_in_between_counts_anew(line: Store, clock: FixedClock) -> None:
    for _ in range(2):
        claim = of(line, EXEMPLE)
        assert claim is not None
        line.postpone(claim, fault=FAULT, until=clock.now(), heard=Heard.SILENCE)
    claim = of(line, VOISINE)
    assert claim is not None
    line.postpone(claim, fault=FAULT, until=clock.now(), heard=Heard.ANSWER)  # a dead certificate
    for _ in range(2):
        claim = of(line, EXEMPLE)
        assert claim is not None
        line.postpone(claim, fault=FAULT, until=clock.now(), heard=Heard.SILENCE)
    assert line.stops() == {}


def test_after_the_pause_one_flow_tries_and_an_answer_opens_the_line(
    line: Store, clock: FixedClock
) -> None:
    shut_line(line, clock)
    clock.instant += PAUSE
    claim = of(line, EXEMPLE, VOISINE)
    assert claim is not None
    assert claim.trying
    assert of(line, EXEMPLE, VOISINE) is None  # one alone
    line.deposited(claim, "4711")
    following = of(line, EXEMPLE, VOISINE)
    assert following is not None
    assert not following.trying
    assert line.stops() == {}


def test_a_failed_try_shuts_the_line_for_longer(line: Store, clock: FixedClock) -> None:
    shut_line(line, clock)
    clock.instant += PAUSE
    claim = of(line, EXEMPLE, VOISINE)
    assert claim is not None
    line.suspend(claim, fault=FAULT, heard=Heard.SILENCE)
    assert line.stops()[LINE].until == clock.now() + 2 * PAUSE


def test_a_try_that_asked_nothing_lets_the_next_one_try(line: Store, clock: FixedClock) -> None:
    shut_line(line, clock)
    clock.instant += PAUSE
    claim = of(line, EXEMPLE)
    assert claim is not None
    line.postpone(claim, fault=FAULT, until=clock.now() + PAUSE, tried=False)
    following = of(line, VOISINE)
    assert following is not None
    assert following.trying


def test_a_process_that_dies_while_it_tries_does_not_keep_the_line_shut(
    line: Store, clock: FixedClock
) -> None:
    shut_line(line, clock)
    clock.instant += PAUSE
    dead = of(line, EXEMPLE)
    assert dead is not None
    clock.instant += LEASE - timedelta(seconds=1)
    assert of(line, VOISINE) is None
    clock.instant += timedelta(seconds=1)
    following = of(line, VOISINE)
    assert following is not None
    assert following.trying
    line.deposited(following, "4711")
    assert line.stops() == {}


def test_what_was_under_way_does_not_shut_a_line_for_longer(line: Store, clock: FixedClock) -> None:
    under_way = of(line, VOISINE)
    assert under_way is not None
    for _ in range(3):
        claim = of(line, EXEMPLE)
        assert claim is not None
        line.postpone(claim, fault=FAULT, until=clock.now(), heard=Heard.SILENCE)
    clock.instant += timedelta(minutes=1)
    line.suspend(under_way, fault=FAULT, heard=Heard.SILENCE)
    assert line.stops()[LINE].until == START + PAUSE


def test_questions_count_too(line: Store) -> None:
    for _ in range(2):
        line.line_silent(LINE, FAULT)
    line.line_answered(LINE)
    for _ in range(2):
        line.line_silent(LINE, FAULT)
    assert line.stops() == {}
    line.line_silent(LINE, FAULT)
    assert line.stops()[LINE].until == START + PAUSE
    line.line_silent("unknown.example", FAULT)
    assert set(line.stops()) == {LINE}


def test_without_limits_whatever_is_due_may_be_claimed(store: Store) -> None:
    pack(store, EXEMPLE, 3)
    store.declare_lines({EXEMPLE: LINE})
    claims = [take(store) for _ in range(3)]
    for claim in claims:
        store.postpone(claim, fault=FAULT, until=START, heard=Heard.SILENCE)
    store.line_silent(LINE, FAULT)
    assert (store.stops(), store.spent()) == ({}, frozenset())
    assert take(store).transmission.id == 1


# two processes


def test_the_limits_hold_between_processes(
    opened: Opened, database_url: str, documents_folder: Path
) -> None:
    store = opened(PACE)
    sirens = [f"{rank:09d}" for rank in range(1, 13)]
    for siren in sirens:
        pack(store, siren, 2)
    store.declare_lines(dict.fromkeys(sirens, LINE))
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        taken = pool.starmap(_claim_all, [(database_url, documents_folder)] * 3, chunksize=1)
    claimed = [number for numbers in taken for number in numbers]
    assert len(claimed) == len(set(claimed)) == 5
    owners = [store.transmission(number).collectivite for number in claimed]
    assert len(set(owners)) == 5


def _claim_all(url: str, documents: Path) -> list[int]:
    pace = Pace(line=LinePace(simultaneous=5))
    store = Store.open(url, documents, FixedClock(START), pace=pace)
    numbers = []
    while (claim := store.claim("worker", lease=LEASE)) is not None:
        numbers.append(claim.transmission.id)
    store.close()
    return numbers


def due(store: Store) -> dict[str, bool]:
    """Return which authorities the database believes to have something to send."""
    with store._database.reading() as connection:
        rows = connection.execute(select(AUTHORITY.c.collectivite, AUTHORITY.c.due_at))
        return {row.collectivite: row.due_at is not None for row in rows}


def test_an_authority_that_sent_everything_is_not_looked_at(opened: Opened) -> None:
    store = opened(PACE)
    pack(store, EXEMPLE)
    assert due(store) == {EXEMPLE: True}
    claim = take(store)
    assert due(store) == {EXEMPLE: False}
    store.postpone(claim, fault=FAULT, until=START + PAUSE)
    assert due(store) == {EXEMPLE: True}

"""What runs every night, and at every sending, reads no table of flows from one end to the other.

The plans of SQLite are looked at, not times: a plan that scans is one that grows with what is done.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from demat.clock import FixedClock
from demat.faults import Fault
from demat.queue.pace import LinePace, Pace
from demat.queue.states import DepositState, Selection
from demat.queue.store import Store
from demat.queue.views import Heard
from tests.unit.queue.conftest import EXEMPLE, START, make_packed

LEASE = timedelta(minutes=15)
FAULT = Fault(code="CON-UNREACHABLE", params={"reason": "délai dépassé"})
PACE = Pace(per_hour=1000, line=LinePace(simultaneous=4, bytes_per_hour=10**9))
UNFINISHED = [state for state in DepositState if not state.final]
_BIG = ("transmission", "flow", "sent", "deposit", "journal", "used_key", "receipt")


@pytest.fixture
def paced(sqlite_url: str, documents_folder: Path) -> Iterator[Store]:
    store = Store.open(sqlite_url, documents_folder, FixedClock(START), pace=PACE)
    for rank in range(3):
        make_packed(store, name=f"depot-{rank}", key=f"key-{rank}")
    store.declare_lines({EXEMPLE: "tdt.example"})
    yield store
    store.close()


@pytest.fixture
def plans(paced: Store) -> list[str]:
    """Gather the plan of every statement."""
    found: list[str] = []

    def explain(
        connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object
    ) -> None:
        driver = connection.connection.driver_connection
        if driver is not None and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            found.extend(
                row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            )

    event.listen(paced._database._backend.writer, "before_cursor_execute", explain)
    return found


def send(store: Store) -> None:
    claim = store.claim("worker", lease=LEASE)
    assert claim is not None
    store.deposited(claim, "4711")


def wait(store: Store) -> None:
    claim = store.claim("worker", lease=LEASE, collectivites=[EXEMPLE])
    assert claim is not None
    store.postpone(claim, fault=FAULT, until=START, heard=Heard.SILENCE)


DAILY: dict[str, Callable[[Store], object]] = {
    "send": send,
    "wait": wait,
    "recover": Store.recover_expired,
    "at work": Store.authorities_at_work,
    "suspended": Store.suspended,
    "awaiting": lambda store: store.awaiting_answer(collectivite=EXEMPLE),
    "unfinished": lambda store: store.deposits(collectivite=EXEMPLE, states=UNFINISHED),
    **{
        selection.value: lambda store, one=selection: store.transmissions(
            collectivite=EXEMPLE, selection=one
        )
        for selection in (Selection.WAITING, Selection.SUSPENDED, Selection.REFUSED, Selection.SENT)
    },
}


@pytest.mark.parametrize("name", list(DAILY))
def test_no_table_of_flows_is_read_whole(name: str, paced: Store, plans: list[str]) -> None:
    DAILY[name](paced)
    assert plans
    scans = tuple(f"SCAN {table}" for table in _BIG)
    assert [plan for plan in plans if plan.startswith(scans)] == []


def test_a_claim_goes_by_the_indexes_of_what_is_unfinished(paced: Store, plans: list[str]) -> None:
    send(paced)
    turn = "USING INDEX ix_transmission_undelivered (delivery=? AND collectivite=?)"
    assert {f"SEARCH flow {turn}", f"SEARCH sent {turn}"} <= set(plans)
    assert "SCAN authority USING INDEX ix_authority_turn" in plans

"""What the supervision asks: counts and ages of what is unfinished, by indexes only."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.measures import Waiting
from demat.queue.states import DepositState
from demat.queue.store import Store
from demat.queue.views import TransmissionView
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, NewDeposit, Packed

HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=15)
UNKNOWN = Fault(code="CON-LOST_ANSWER")
NIGHT = "nightly"


def _sent(
    store: Store, flow: TransmissionView, *, final: bool = False, negative: bool = False
) -> None:
    claim = store.claim("w", lease=LEASE, collectivites=[flow.collectivite])
    assert claim is not None
    assert claim.transmission.id == flow.id
    store.deposited(claim, f"R{flow.id}")
    if final or negative:
        store.record_receipt(
            flow.id,
            kind="acquit",
            name="acquit.xml",
            sha256=store.documents.put(b"acquit %d" % flow.id),
            message_date=None,
            etat="acquitte" if final else "en_anomalie",
            etat_final=final,
            etat_negative=negative,
        )


def _waiting(store: Store) -> set[Waiting]:
    return set(store.measures(NIGHT).waiting)


def test_an_empty_store(store: Store) -> None:
    found = store.measures(NIGHT)
    assert (found.waiting, found.deposits, found.pauses, found.nights) == ((), {}, (), ())
    assert (found.journal_entries, found.transmissions) == (0, 0)
    assert store.verify_journal_end() == Faults()


def test_what_waits_is_counted_with_its_oldest(
    store: Store, packed: Packed, clock: FixedClock
) -> None:
    for rank in range(6):
        clock.instant = START + rank * HOUR
        packed(key=f"PES{rank}", file_name=f"PES{rank}.xml", name=f"{rank}.csv")
    other = packed(
        collectivite=VOISINE, flux="ACTES", key="ACTE", file_name="a.tar.gz", etat="prepare"
    )
    flows = [store.transmission(number) for number in range(1, 7)]
    clock.instant = START + 10 * HOUR
    _sent(store, flows[0], final=True)
    clock.instant = START + 11 * HOUR
    _sent(store, flows[1])
    clock.instant = START + 12 * HOUR
    _sent(store, other)
    suspended = store.claim("w", lease=LEASE, collectivites=[EXEMPLE])
    assert suspended is not None
    store.suspend(suspended, fault=UNKNOWN)
    clock.instant = START + 13 * HOUR
    landed = store.claim("w", lease=LEASE, collectivites=[EXEMPLE])
    assert landed is not None
    store.landed(landed, fault=UNKNOWN)
    clock.instant = START + 14 * HOUR
    store.record_remote_code(suspended.transmission.id, "4")  # changed; as unknown as before
    assert store.claim("w", lease=LEASE, collectivites=[EXEMPLE]) is not None

    def waiting(state: str, count: int, hours: int, siren: str = EXEMPLE, flux: str = "HELIOS"):
        return Waiting(
            collectivite=siren, flux=flux, state=state, count=count, since=START + hours * HOUR
        )

    assert _waiting(store) == {
        waiting("todo", 1, 5),
        waiting("doing", 1, 4),
        waiting("landed", 1, 13),
        waiting("suspended", 1, 12),
        waiting("deposited", 1, 11),
        waiting("deposited", 1, 12, VOISINE, "ACTES"),
    }
    assert store.measures(NIGHT).transmissions == 7
    assert store.measures(NIGHT).journal_entries == len(store.journal())


def test_an_act_in_anomaly_awaits_a_person_not_the_state(store: Store, packed: Packed) -> None:
    _sent(store, packed(flux="ACTES", key="ACTE", etat="prepare"), negative=True)
    assert _waiting(store) == set()
    assert len(store.awaiting_answer()) == 1


def test_deposits_are_counted_until_their_preparation_ends(
    store: Store, new_deposit: NewDeposit, packed: Packed
) -> None:
    packed()
    for state in (DepositState.RETURNED, DepositState.AWAITING_SIGNATURE, DepositState.RECEIVED):
        new_deposit(name=f"{state}.csv", state=state)
    assert store.measures(NIGHT).deposits == {"awaiting_signature": 1, "received": 1}


def test_the_last_night_of_each_kind_that_ended(store: Store, clock: FixedClock) -> None:
    def night(kind: str, hours: int, *, ends: bool = True) -> None:
        clock.instant = START + hours * HOUR
        run = store.begin_run(kind, None, lease=HOUR)
        assert run is not None
        if ends:
            store.end_run(run, {"outcome": f"after {hours}"})

    night(NIGHT, 0)
    night(NIGHT, 2)
    night(f"{NIGHT}:{VOISINE}", 3)
    night(f"{NIGHT}x", 4)
    night(NIGHT, 5, ends=False)
    found = store.measures(NIGHT).nights
    assert [(run.kind, run.report["outcome"], run.ended_at) for run in found] == [
        (NIGHT, "after 2", START + 2 * HOUR),
        (f"{NIGHT}:{VOISINE}", "after 3", START + 3 * HOUR),
    ]
    night(NIGHT, 8, ends=False)  # the one before is held for dead, and does not count
    assert store.measures(NIGHT).nights[0].ended_at == START + 2 * HOUR


def test_paused_authorities_are_told(store: Store, packed: Packed) -> None:
    packed()
    store.pause_collectivite(EXEMPLE, START + HOUR, UNKNOWN)
    assert [pause.collectivite for pause in store.measures(NIGHT).pauses] == [EXEMPLE]


@pytest.mark.parametrize(
    ("forgery", "broken"),
    [
        ("UPDATE journal SET action = 'x' WHERE id = 299", ["299"]),
        ("UPDATE journal SET action = 'x' WHERE id = 2", []),  # doctor reads the whole of it
        ("DELETE FROM journal WHERE id = 300", ["300"]),
        ("DELETE FROM journal WHERE id = 100", ["100"]),
        ("DELETE FROM journal", ["300"]),
        ("UPDATE journal_head SET hash = 'x'", ["300"]),
    ],
)
def test_the_end_of_the_journal_is_verified(
    store: Store, raw: Engine, forgery: str, broken: list[str]
) -> None:
    for _ in range(300):
        store.tell(EXEMPLE, "test", {})
    assert store.verify_journal_end() == Faults()
    with raw.begin() as connection:
        connection.execute(text(forgery))
    assert [dict(fault.params)["entree"] for fault in store.verify_journal_end()] == broken


def test_the_document_that_was_kept_last_is_looked_for(
    store: Store, new_deposit: NewDeposit
) -> None:
    assert store.try_documents() == Faults()
    new_deposit(name="a.csv", content=b"first")
    file = new_deposit(name="b.csv", content=b"last").files[0]
    assert store.try_documents() == Faults()
    (store.documents.folder / file.sha256[:2] / file.sha256[2:]).unlink()
    (gone,) = store.try_documents()
    assert gone == Fault(code="QUE-DOCUMENT_MISSING", params={"empreinte": file.sha256})


def test_writing_is_tried_and_changes_nothing(store: Store, raw: Engine) -> None:
    store.tell(EXEMPLE, "test", {})
    store.try_writing()
    assert len(store.journal()) == 1
    assert store.verify_journal() == Faults()


@pytest.fixture
def sqlite_store(sqlite_url: str, documents_folder: Path, clock: FixedClock) -> Iterator[Store]:
    opened = Store.open(sqlite_url, documents_folder, clock)
    yield opened
    opened.close()


def test_a_database_that_takes_nothing_shows(sqlite_store: Store) -> None:
    def refuse(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON")

    event.listen(sqlite_store._database._backend.writer, "begin", refuse)
    with pytest.raises(FaultError) as caught:
        sqlite_store.try_writing()
    assert caught.value.faults.codes == ("QUE-DISK",)


BY_INDEX = {"transmission", "deposit", "deposit_file", "journal"}
"""Tables that grow for ever: none is read whole."""


def test_every_question_goes_by_an_index(sqlite_store: Store) -> None:
    plans: list[str] = []

    def explain(
        connection: Connection, cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            rows = connection.connection.cursor().execute(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
            plans.extend(row[3] for row in rows)

    event.listen(sqlite_store._database._backend.reader, "before_cursor_execute", explain)
    sqlite_store.measures(NIGHT)
    sqlite_store.verify_journal_end()
    sqlite_store.try_documents()
    sqlite_store.awaiting_answer(collectivite=EXEMPLE)
    assert len(plans) > 8
    scanned = [plan for plan in plans if plan.startswith("SCAN")]
    assert {plan for plan in scanned if plan.split()[1] in BY_INDEX} == {
        "SCAN deposit USING COVERING INDEX ix_deposit_open",  # partial ones, whose rows are few
        "SCAN transmission USING INDEX ix_transmission_undelivered",
    }
    used = [plan for plan in plans if "ix_transmission_awaited" in plan]
    assert len(used) == 2, "\n".join(plans)
    assert [plan for plan in plans if "ix_deposit_open" in plan]

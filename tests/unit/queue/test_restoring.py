"""What a restored database must not believe, on both databases."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.database import Database
from demat.queue.moving import move_everything
from demat.queue.restoring import AHEAD, DAILY_AHEAD
from demat.queue.states import DeliveryState, DepositState
from demat.queue.store import Store
from demat.queue.views import NewCourrier, TransmissionView
from tests.unit.queue.conftest import (
    EXEMPLE,
    START,
    VOISINE,
    NewDeposit,
    Packed,
    make_packed,
    make_part,
)

HOUR = timedelta(hours=1)
ENDS = ("doing", "deposited", "refused", "suspended")
SERIES = {"nomfic": "2026-11-23", "enveloppe": "20261123"}


def restore(store: Store, *doubts: str) -> tuple[TransmissionView, ...]:
    return store.record_restoration(
        backup_at=START,
        entries=len(store.journal()),
        doubts=doubts,
        series=SERIES,
        collectivites=[EXEMPLE],
    )


def test_what_was_to_leave_is_asked_about_first(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    flows = [packed(content=name.encode(), collectivite=VOISINE) for name in ENDS]
    for flow, end in zip(flows, ENDS, strict=True):
        claim = store.claim("w", lease=HOUR, transmission=flow.id)
        assert claim is not None
        fault = Fault(code="QUE-BUSY", params={"raison": "x"})
        if end == "deposited":
            store.deposited(claim, "1")
        elif end == "refused":
            store.refuse(claim, faults=Faults([fault]))
        elif end == "suspended":
            store.suspend(claim, fault=fault)
    gone = packed(content=b"abandoned")
    store.abandon(gone.id, "double", "essai")
    todo = packed(content=b"todo")
    clock.instant += HOUR
    before = {flow.id: flow for flow in store.transmissions()}

    moved = restore(store)

    assert [flow.id for flow in moved] == [flows[0].id, todo.id]
    told = {"instant": "23/11/2026 à 08:00"}
    for flow in moved:
        assert flow.delivery is DeliveryState.SUSPENDED
        expected = Fault(code="QUE-RESTORED", params={"numero": str(flow.id), **told})
        assert flow.faults == Faults([expected])
        last = store.journal(transmission_id=flow.id)[-1]
        assert (last.action, last.after) == ("restored", "suspended")
    after = {flow.id: flow for flow in store.transmissions()}
    assert after[flows[3].id] == replace(before[flows[3].id], updated_at=clock.now())
    unmoved = {flow.id for flow in (*flows[1:3], gone)}
    assert {number: after[number] for number in unmoved} == {
        number: before[number] for number in unmoved
    }
    assert store.claim("w", lease=HOUR) is None
    entry = next(one for one in store.journal() if one.action == "restored")
    assert (entry.collectivite, dict(entry.detail)["sauvegarde_du"]) == ("", START.isoformat())
    assert store.verify_journal() == Faults()
    store.resolve_not_landed(todo.id)
    claim = store.claim("w", lease=HOUR)
    assert claim is not None
    assert claim.transmission.id == todo.id


def test_what_was_doubtful_already_waits_as_if_it_had_just_been_sent(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    """It may have been offered again since the backup: its last sending is not the one we know."""
    packed()
    claim = store.claim("w", lease=HOUR)
    assert claim is not None
    store.suspend(claim, fault=Fault(code="QUE-BUSY", params={"raison": "x"}))
    since = store.transmission(1).unknown_since
    clock.instant += HOUR
    restore(store)
    flow = store.transmission(1)
    assert (flow.updated_at, flow.unknown_since) == (clock.now(), since)


def test_what_was_being_prepared_goes_back(store: Store, new_deposit: NewDeposit) -> None:
    states = [state for state in DepositState if state is not DepositState.PACKED]
    made = [new_deposit(name=f"{state}.csv", state=state) for state in states]
    restore(store)
    back = store.given_back()
    assert [one.name for one in back] == [
        f"{state}.csv" for state in states if state is not DepositState.RETURNED
    ]
    for deposit in back:
        assert deposit.state is DepositState.RETURNED
        params = {"name": deposit.name, "instant": "23/11/2026 à 08:00"}
        assert deposit.faults == Faults([Fault(code="QUE-RESTORED_DEPOSIT", params=params)])
    (was,) = (one for one in made if one.state is DepositState.RETURNED)
    assert store.deposit(was.id) == was
    new_deposit(name="received.csv", replaces=back[0].id)
    assert back[0].id not in {one.id for one in store.given_back()}


def test_no_number_is_given_again(store: Store, clock: FixedClock, packed: Packed) -> None:
    first = packed()
    assert store.next_serial(EXEMPLE, "nomfic", "2026-11-23") == 1
    assert store.next_serial(VOISINE, "nomfic", "2026-11-23") == 1
    restore(store)
    assert store.next_serial(EXEMPLE, "nomfic", "2026-11-23") == 2 + DAILY_AHEAD
    assert store.next_serial(EXEMPLE, "enveloppe", "20261123") == 1 + DAILY_AHEAD
    assert store.next_serial(EXEMPLE, "nomfic", "2026-11-24") == 1
    assert store.next_serial(VOISINE, "nomfic", "2026-11-23") == 2
    numbers = []
    for rank in range(2):
        flow = make_packed(store, content=str(rank).encode())
        letter, _ = store.keep_courrier(
            NewCourrier(
                collectivite=EXEMPLE,
                sha256=store.documents.put(f"lettre {rank}".encode()),
                kind="quarantaine",
                name="c.xml",
            )
        )
        numbers.append((flow.id, flow.deposit_id, letter.id))
    assert first.id == 1
    top = 2 * AHEAD  # above 1 + AHEAD, a round number
    assert numbers == [(top + 1, top + 1, AHEAD + 1), (top + 2, top + 2, AHEAD + 2)]


def test_a_restored_database_that_moves_keeps_its_numbers_ahead(
    sqlite_url: str, postgres_ready: Callable[[], str], documents_folder: Path, clock: FixedClock
) -> None:
    store = Store.open(sqlite_url, documents_folder, clock)
    make_packed(store)
    restore(store)
    url = postgres_ready()
    target = Database(url)
    move_everything(store._database, target, url, START)
    target.close()
    store.close()
    moved = Store.open(url, documents_folder, clock)
    assert [make_packed(moved, content=str(rank).encode()).id for rank in range(2)] == [
        2 * AHEAD + 1,
        2 * AHEAD + 2,
    ]
    moved.close()


def test_a_second_restoration_goes_further(store: Store, packed: Packed) -> None:
    packed()
    restore(store)
    assert packed(content=b"2").id == 2 * AHEAD + 1
    restore(store)
    assert packed(content=b"3").id == 4 * AHEAD + 1
    assert store.verify_journal() == Faults()


def test_a_busy_centre_goes_further_ahead(
    store: Store, packed: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demat.queue.restoring.AHEAD", 2)
    for rank in range(7):
        packed(content=str(rank).encode())
    restore(store)
    assert packed(content=b"new").id == 15  # as many again as were made in the last month


def test_what_was_perhaps_handed_in_is_known(store: Store, clock: FixedClock) -> None:
    assert store.restoration() is None
    assert store.doubtful(["a" * 64]) == frozenset()
    clock.instant += HOUR
    restore(store, "a" * 64, "b" * 64)
    restore(store, "b" * 64, "c" * 64)
    assert store.doubtful(["a" * 64, "c" * 64, "d" * 64]) == {"a" * 64, "c" * 64}
    found = store.restoration()
    assert found is not None
    assert (found.at, found.backup_at) == (START + HOUR, START)


def test_what_had_come_back_was_perhaps_handed_in_again(
    store: Store, new_deposit: NewDeposit
) -> None:
    """Nothing may have been wrong with its files; those that were corrected are not asked about."""
    returned = DepositState.RETURNED
    corrected = new_deposit(name="a.csv", content=b"corrected", state=returned)
    new_deposit(name="a.csv", content=b"better", replaces=corrected.id)
    new_deposit(name="b.csv", content=b"returned", state=returned)
    new_deposit(name="c.csv", content=b"given back", state=DepositState.AWAITING_SIGNATURE)
    ends = ("refused", "rejected", "deposited")
    for end in ends:
        made = new_deposit(name=f"{end}.csv", content=end.encode(), state=DepositState.CHECKED)
        part = make_part(store, content=f"<{end}/>".encode(), key=end)
        (flow,) = store.pack(made.id, [part])
        claim = store.claim("w", lease=HOUR, transmission=flow.id)
        assert claim is not None
        if end == "refused":
            store.refuse(claim, faults=Faults([Fault(code="CON-RIGHTS")]))
            continue
        store.deposited(claim, end)
        if end == "rejected":
            store.record_receipt(
                flow.id,
                kind="PES_ACQUIT",
                name="acquit.xml",
                sha256=store.documents.put(b"<PES_ACQUIT/>"),
                message_date=None,
                etat="refuse",
                etat_final=True,
                etat_negative=True,
            )
    restore(store)
    back = ("better", "returned", "given back", "refused", "rejected")
    names = ("corrected", "deposited", *back)
    digests = {hashlib.sha256(name.encode()).hexdigest(): name for name in names}
    assert {digests[one] for one in store.doubtful(digests)} == set(back)


def test_all_of_it_or_nothing(
    store: Store, packed: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed()
    before = len(store.journal())

    def die(*_: object) -> None:
        raise FaultError(Fault(code="QUE-DISK", params={"raison": "plein"}))

    with monkeypatch.context() as patch:
        patch.setattr("demat.queue.restoring._suspend", die)
        with pytest.raises(FaultError):
            restore(store, "a" * 64)
    assert store.restoration() is None
    assert store.doubtful(["a" * 64]) == frozenset()
    assert len(store.journal()) == before

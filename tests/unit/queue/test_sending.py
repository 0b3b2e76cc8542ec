"""Claims, outcomes and reconciliation."""

import multiprocessing
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DeliveryState, DepositState, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import Claim, TransmissionView, UsedKey
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, NewPart, Packed, make_deposit

LEASE = timedelta(minutes=10)
FAULT = Fault(code="CON-TIMEOUT", params={"serveur": "tdt.example"})


def claimed(store: Store) -> Claim:
    claim = store.claim("worker-1", lease=LEASE)
    assert claim is not None
    return claim


def bring(store: Store, state: DeliveryState) -> Claim:
    """Bring the only transmission of the store to a state; return a claim on it, maybe lost."""
    if state in (DeliveryState.TODO, DeliveryState.ABANDONED):
        claim = claimed(store)
        store.postpone(claim, fault=FAULT, until=START)
        if state is DeliveryState.ABANDONED:
            store.abandon(claim.transmission.id, "erreur", "la secrétaire")
        return claim
    claim = claimed(store)
    if state is DeliveryState.DEPOSITED:
        store.deposited(claim, "4711")
    elif state is DeliveryState.SUSPENDED:
        store.suspend(claim, fault=FAULT)
    elif state is DeliveryState.LANDED:
        store.landed(claim, fault=FAULT)
    elif state is DeliveryState.REFUSED:
        store.refuse(claim, faults=Faults([FAULT]))
    return claim


Move = Callable[[Store, Claim], TransmissionView]
DOING, SUSPENDED = DeliveryState.DOING, DeliveryState.SUSPENDED
MOVES: dict[str, tuple[set[DeliveryState], Move]] = {
    "deposited": ({DOING}, lambda store, claim: store.deposited(claim, "4711")),
    "postpone": (
        {DOING},
        lambda store, claim: store.postpone(claim, fault=FAULT, until=START),
    ),
    "suspend": ({DOING}, lambda store, claim: store.suspend(claim, fault=FAULT)),
    "landed": ({DOING}, lambda store, claim: store.landed(claim, fault=FAULT)),
    "refuse": ({DOING}, lambda store, claim: store.refuse(claim, faults=Faults([FAULT]))),
    "resolve_landed": (
        {SUSPENDED, DeliveryState.LANDED},
        lambda store, claim: store.resolve_landed(claim.transmission.id, "4711", {}),
    ),
    "resolve_unidentified": (
        {SUSPENDED},
        lambda store, claim: store.resolve_unidentified(claim.transmission.id, fault=FAULT),
    ),
    "resolve_not_landed": (
        {SUSPENDED},
        lambda store, claim: store.resolve_not_landed(claim.transmission.id, {}),
    ),
    "resolve_refused": (
        {SUSPENDED},
        lambda store, claim: store.resolve_refused(
            claim.transmission.id, faults=Faults([FAULT]), detail={}
        ),
    ),
    "offer_again": (
        {SUSPENDED},
        lambda store, claim: store.offer_again(claim.transmission.id, {}),
    ),
}


@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("name", list(MOVES))
def test_each_move_starts_from_its_states_only(
    store: Store, packed: Packed, state: DeliveryState, name: str
) -> None:
    packed()
    claim = bring(store, state)
    sources, move = MOVES[name]
    before = (store.transmission(1), store.journal())
    if state in sources:
        after = move(store, claim)
        assert after == store.transmission(1)
        assert after.delivery in state.successors
        last = store.journal(transmission_id=1)[-1]
        assert (last.before, last.after) == (state.value, after.delivery.value)
    else:
        with pytest.raises(TransitionRefused, match=f"transmission 1: {state} "):
            move(store, claim)
        assert (store.transmission(1), store.journal()) == before
    assert store.verify_journal() == Faults()


@pytest.mark.parametrize("state", list(DeliveryState))
def test_abandon_follows_the_table(store: Store, packed: Packed, state: DeliveryState) -> None:
    packed()
    bring(store, state)
    if DeliveryState.ABANDONED in state.successors:
        after = store.abandon(1, "doublon", "Mme Martin")
        assert after.delivery is DeliveryState.ABANDONED
        detail = store.journal(transmission_id=1)[-1].detail
        assert detail == {"motif": "doublon", "par": "Mme Martin"}
    else:
        with pytest.raises(TransitionRefused, match=f"{state} -> abandoned refused"):
            store.abandon(1, "doublon", "Mme Martin")


@pytest.mark.parametrize("state", list(DeliveryState))
def test_only_todo_is_claimed(store: Store, packed: Packed, state: DeliveryState) -> None:
    packed()
    bring(store, state)
    claim = store.claim("worker-2", lease=LEASE)
    assert (claim is not None) == (state is DeliveryState.TODO)


def test_claim_writes_the_intent_first(store: Store, packed: Packed) -> None:
    sent = packed()
    claim = claimed(store)
    seen = store.transmission(sent.id)
    assert claim.transmission == seen
    assert (seen.delivery, seen.attempts) == (DeliveryState.DOING, 1)
    assert (claim.worker, claim.lease_until) == ("worker-1", START + LEASE)
    assert seen.lease_until == START + LEASE
    assert (claim.content_sha256, claim.attempt) == (sent.sha256, 1)
    last = store.journal(transmission_id=sent.id)[-1]
    assert (last.action, last.before, last.after) == ("claimed", "todo", "doing")
    assert last.detail.items() >= {"par": "worker-1", "tentative": "1"}.items()


def test_a_lease_lasts(store: Store) -> None:
    with pytest.raises(ValueError, match="a lease lasts"):
        store.claim("worker-1", lease=timedelta(0))


def test_deposited(store: Store, clock: FixedClock, packed: Packed) -> None:
    packed()
    claim = claimed(store)
    clock.instant += timedelta(minutes=1)
    after = store.deposited(claim, "4711")
    assert (after.delivery, after.reference) == (DeliveryState.DEPOSITED, "4711")
    assert (after.deposited_at, after.lease_until) == (clock.instant, None)
    assert after.faults == Faults()


def test_postponed_waits_until_its_time(store: Store, clock: FixedClock, packed: Packed) -> None:
    packed()
    until = START + timedelta(minutes=3)
    after = store.postpone(claimed(store), fault=FAULT, until=until)
    assert (after.delivery, after.next_attempt_at) == (DeliveryState.TODO, until)
    assert after.faults == Faults([FAULT])
    assert store.claim("worker-1", lease=LEASE) is None
    clock.instant = until
    claim = claimed(store)
    assert (claim.attempt, claim.transmission.next_attempt_at) == (2, None)


@pytest.mark.parametrize("late", [LEASE, LEASE * 2])
def test_an_expired_claim_is_refused(
    store: Store, clock: FixedClock, packed: Packed, late: timedelta
) -> None:
    packed()
    claim = claimed(store)
    clock.instant += late
    with pytest.raises(TransitionRefused, match=r"doing \(claim lost or expired\) -> deposited"):
        store.deposited(claim, "4711")


def test_the_claim_of_an_earlier_attempt_is_refused(store: Store, packed: Packed) -> None:
    packed()
    first = claimed(store)
    store.postpone(first, fault=FAULT, until=START)
    claimed(store)
    with pytest.raises(TransitionRefused, match="claim lost or expired"):
        store.deposited(first, "4711")


def test_a_worker_that_dies_leaves_a_doubt(store: Store, clock: FixedClock, packed: Packed) -> None:
    packed()
    claim = claimed(store)
    clock.instant += LEASE - timedelta(seconds=1)
    assert store.recover_expired() == ()
    clock.instant += timedelta(seconds=1)
    (recovered,) = store.recover_expired()
    assert recovered == store.transmission(1)
    assert recovered.delivery is DeliveryState.SUSPENDED  # never straight back to todo
    assert recovered.faults == Faults([Fault(code="QUE-LEASE_EXPIRED", params={"numero": "1"})])
    assert store.suspended() == (recovered,)
    assert store.suspended(collectivite=VOISINE) == ()
    assert store.claim("worker-2", lease=LEASE) is None
    with pytest.raises(TransitionRefused, match="suspended -> deposited"):
        store.deposited(claim, "4711")
    assert store.recover_expired() == ()
    assert store.journal(transmission_id=1)[-1].detail == {
        "par": "worker-1",
        "codes": "QUE-LEASE_EXPIRED",
    }


def test_a_process_killed_while_sending_leaves_a_doubt(
    store: Store, clock: FixedClock, packed: Packed, database_url: str, documents_folder: Path
) -> None:
    packed()
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    process = context.Process(target=_claim_and_hang, args=(database_url, documents_folder, told))
    process.start()
    assert told.wait(30)
    process.kill()
    process.join()
    assert store.transmission(1).delivery is DeliveryState.DOING
    clock.instant += LEASE
    (recovered,) = store.recover_expired()
    assert recovered.delivery is DeliveryState.SUSPENDED
    assert store.resolve_not_landed(1, {"sonde": "absent"}).delivery is DeliveryState.TODO
    assert claimed(store).attempt == 2


def _claim_and_hang(url: str, documents: Path, told: threading.Event) -> None:
    opened = Store.open(url, documents, FixedClock(START))
    claimed(opened)
    told.set()
    threading.Event().wait(60)


def test_landed_without_a_number(store: Store, packed: Packed) -> None:
    packed()
    bring(store, DeliveryState.SUSPENDED)
    after = store.resolve_landed(1, None, {"sonde": "doublon"})
    assert (after.delivery, after.reference) == (DeliveryState.DEPOSITED, None)
    assert (after.deposited_at, after.faults) == (START, Faults())
    entry = store.journal(transmission_id=1)[-1]
    assert (entry.action, entry.detail) == ("resolved_landed", {"sonde": "doublon"})


def test_unknown_transmission(store: Store) -> None:
    for question in (
        lambda: store.transmission(9),
        lambda: store.abandon(9, "", ""),
        lambda: store.resolve_landed(9, "1", {}),
        lambda: store.note(9, "x", {}),
        lambda: store.release_keys(9, []),
    ):
        with pytest.raises(FaultError) as caught:
            question()
        assert list(caught.value.faults) == [
            Fault(code="QUE-UNKNOWN_TRANSMISSION", params={"numero": "9"})
        ]


def test_claiming_is_fair_between_authorities(
    store: Store, new_part: NewPart, packed: Packed
) -> None:
    big = make_deposit(store, state=DepositState.CHECKED)
    store.pack(big.id, [new_part()] * 1000)
    small = [packed(collectivite=VOISINE), packed(collectivite=VOISINE)]
    order = [claimed(store).transmission for _ in range(6)]
    assert [one.collectivite for one in order] == [
        EXEMPLE,
        VOISINE,
        EXEMPLE,
        VOISINE,
        EXEMPLE,
        EXEMPLE,
    ]
    assert [one.id for one in order if one.collectivite == VOISINE] == [one.id for one in small]
    assert [one.id for one in order if one.collectivite == EXEMPLE] == [1, 2, 3, 4]


def test_past_turns_give_a_newcomer_neither_delay_nor_privilege(
    store: Store, packed: Packed
) -> None:
    for _ in range(3):
        packed()
        claimed(store)
    for collectivite in (EXEMPLE, VOISINE, VOISINE):
        packed(collectivite=collectivite)
    order = [claimed(store).transmission.collectivite for _ in range(3)]
    assert order == [VOISINE, EXEMPLE, VOISINE]


def test_a_worker_may_serve_some_authorities_only(store: Store, packed: Packed) -> None:
    packed()
    assert store.claim("w", lease=LEASE, collectivites=[]) is None
    assert store.claim("w", lease=LEASE, collectivites=[VOISINE]) is None
    claim = store.claim("w", lease=LEASE, collectivites=iter([VOISINE, EXEMPLE]))
    assert claim is not None


def test_a_pause_stops_one_authority_only(store: Store, clock: FixedClock, packed: Packed) -> None:
    paused = packed()
    packed(collectivite=VOISINE)
    until = START + timedelta(hours=1)
    fault = Fault(code="CON-AUTHENTICATION")
    store.pause_collectivite(EXEMPLE, until, fault)
    (pause,) = store.pauses()
    assert (pause.collectivite, pause.until, pause.fault) == (EXEMPLE, until, fault)
    assert claimed(store).transmission.collectivite == VOISINE
    assert store.claim("w", lease=LEASE) is None
    assert store.transmission(paused.id).delivery is DeliveryState.TODO
    clock.instant = until
    assert store.pauses() == ()
    assert claimed(store).transmission.id == paused.id
    entry = next(entry for entry in store.journal() if entry.action == "paused")
    assert entry.detail == {"jusqu_a": until.isoformat(), "codes": "CON-AUTHENTICATION"}


@pytest.mark.parametrize("conclude", ["offer_again", "resolve_not_landed", "resolve_refused"])
def test_what_is_known_of_one_sending_says_nothing_of_the_next(
    store: Store, packed: Packed, conclude: str
) -> None:
    """Two processes ask; one offers it again and it is sent, before the other concludes."""
    packed()
    lost = Fault(code="CON-LOST_ANSWER")
    faults = {"faults": Faults([lost])} if conclude == "resolve_refused" else {}
    store.suspend(claimed(store), fault=lost)
    store.offer_again(1, attempt=1)
    store.suspend(claimed(store), fault=lost)
    with pytest.raises(TransitionRefused):
        getattr(store, conclude)(1, attempt=1, **faults)
    assert store.transmission(1).delivery is DeliveryState.SUSPENDED
    getattr(store, conclude)(1, attempt=2, **faults)
    assert store.transmission(1).delivery is not DeliveryState.SUSPENDED


def test_what_is_held_is_one_kind_of_one_authority(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    held = [packed(flux="ACTES"), packed(flux="ACTES")]
    others = [packed(flux="HELIOS"), packed(flux="ACTES", collectivite=VOISINE)]
    until = START + timedelta(hours=1)
    store.hold(EXEMPLE, "ACTES", until, Fault(code="CON-NOT_RGS"))
    claims = [claimed(store) for _ in others]
    assert {claim.transmission.id for claim in claims} == {one.id for one in others}
    for rank, claim in enumerate(claims):
        store.deposited(claim, str(rank))
    assert (store.claim("w", lease=LEASE), store.ready(EXEMPLE)) == (None, False)
    entry = next(entry for entry in store.journal() if entry.action == "held")
    assert entry.detail == {
        "flux": "ACTES",
        "envois": "2",
        "jusqu_a": until.isoformat(),
        "codes": "CON-NOT_RGS",
    }
    clock.instant = until
    assert claimed(store).transmission.id == held[0].id


def test_a_pause_may_come_before_the_first_flow_and_end_early(store: Store, packed: Packed) -> None:
    fault = Fault(code="CON-AUTHENTICATION")
    store.pause_collectivite(EXEMPLE, START + timedelta(hours=1), fault)
    packed()
    assert store.claim("w", lease=LEASE) is None
    store.pause_collectivite(EXEMPLE, START, fault)
    assert store.claim("w", lease=LEASE) is not None


def test_threads_never_claim_the_same_row(store: Store, new_part: NewPart) -> None:
    deposit = make_deposit(store, state=DepositState.CHECKED)
    store.pack(deposit.id, [new_part()] * 60)
    taken: list[int] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while claim := store.claim(name, lease=LEASE):
            taken.append(claim.transmission.id)
            store.deposited(claim, f"ref-{claim.transmission.id}")

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 61))
    assert store.verify_journal() == Faults()


def test_processes_never_claim_the_same_row(
    store: Store, new_part: NewPart, database_url: str, documents_folder: Path
) -> None:
    deposit = make_deposit(store, state=DepositState.CHECKED)
    store.pack(deposit.id, [new_part()] * 60)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        shares = pool.starmap(_claim_all, [(database_url, documents_folder)] * 2, chunksize=1)
    assert sorted(shares[0] + shares[1]) == list(range(1, 61))
    assert store.verify_journal() == Faults()


def _claim_all(url: str, documents: Path) -> list[int]:
    opened = Store.open(url, documents, FixedClock(START))
    taken = []
    while claim := opened.claim("w", lease=LEASE):
        taken.append(claim.transmission.id)
    opened.close()
    return taken


def test_a_refusal_frees_numbers_in_the_same_breath(store: Store, packed: Packed) -> None:
    packed(used_keys=[UsedKey(kind=kind, key="1", label="L") for kind in ("nomfic", "idbord")])
    store.refuse(claimed(store), faults=Faults([FAULT]), frees=["idbord"])
    used = [kind for kind in ("nomfic", "idbord") if store.used(EXEMPLE, kind, "1")]
    assert used == ["nomfic"]
    assert store.journal(transmission_id=1)[-1].action == "keys_released"


# since when nobody knows (connectors dossier §9.2, step 7)


def test_the_instant_of_the_doubt_lasts_until_it_is_settled(
    store: Store, packed: Packed, clock: FixedClock
) -> None:
    packed()
    first = claimed(store)
    assert store.transmission(1).unknown_since is None
    clock.instant += timedelta(minutes=1)
    began = clock.now()
    store.suspend(first, fault=FAULT)
    for _ in range(2):  # offered again, lost again: it is the same doubt
        clock.instant += timedelta(hours=1)
        store.offer_again(1)
        assert store.transmission(1).unknown_since == began
        store.suspend(claimed(store), fault=FAULT)
        assert store.transmission(1).unknown_since == began
    store.resolve_unidentified(1, fault=FAULT)
    assert store.transmission(1).unknown_since == began
    store.resolve_landed(1, "4711")
    assert store.transmission(1).unknown_since is None


def test_a_doubt_that_is_settled_is_over(store: Store, packed: Packed) -> None:
    packed()
    store.suspend(claimed(store), fault=FAULT)
    store.resolve_not_landed(1)
    assert store.transmission(1).unknown_since is None
    store.suspend(claimed(store), fault=FAULT)
    store.offer_again(1)
    store.deposited(claimed(store), "4711")
    assert store.transmission(1).unknown_since is None


def test_why_nothing_is_known_is_written_once(store: Store, packed: Packed) -> None:
    packed()
    store.suspend(claimed(store), fault=FAULT)
    clash = Faults([Fault(code="CON-NUMBER_CLASH")])
    for _ in range(2):
        store.doubt(1, clash)
    assert store.transmission(1).faults == clash
    assert [entry.action for entry in store.journal(transmission_id=1)].count("doubted") == 1
    store.resolve_landed(1, "4711")
    with pytest.raises(TransitionRefused, match="doubt about transmission 1"):
        store.doubt(1, clash)


# the record of the intent (§9.2, step 1)


def test_the_intent_is_written_before_anything_is_sent(store: Store, new_part: NewPart) -> None:
    intent = {"numero": "2026_012", "date": "2026-03-14", "pieces": "acte.pdf:0a1b"}
    deposit = make_deposit(store, state=DepositState.CHECKED)
    (sent,) = store.pack(deposit.id, [new_part(facts={"intention": intent})])
    for attempt in (1, 2):
        claim = claimed(store)
        entry = store.journal(transmission_id=sent.id)[-1]
        assert (entry.action, entry.collectivite) == ("claimed", EXEMPLE)
        assert entry.detail == {
            "par": "worker-1",
            "tentative": str(attempt),
            "cle": sent.key,
            "fichier": sent.file_name,
            "sha256": sent.sha256,
            **intent,
        }
        store.postpone(claim, fault=FAULT, until=START)

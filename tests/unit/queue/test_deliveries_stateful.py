"""Any order of events: a transmission is taken by the other side once at most."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, insert

from demat.clock import FixedClock
from demat.faults import Fault, Faults
from demat.queue.journal import GENESIS
from demat.queue.model import JOURNAL_HEAD, METADATA
from demat.queue.states import DeliveryState, Selection, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import Claim
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, make_packed

LEASE = timedelta(minutes=10)
FAULT = Fault(code="CON-TIMEOUT")
OUTCOMES = ["deposited", "postpone", "suspend", "landed", "refuse"]
DECISIONS = ["landed", "not_landed", "offer_again", "unidentified", "abandon"]
NUMBERS = st.integers(min_value=0, max_value=9)


class Deliveries(RuleBasedStateMachine):
    """Workers that die, come back late, and try everything; a person who decides at random."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        super().__init__()
        self.clock = clock
        self.clock.instant = START
        self.store = store
        make_empty(store)
        self.claims: list[Claim] = []
        self.landed: Counter[int] = Counter()
        self.seen_landed: set[int] = set()

    def teardown(self) -> None:
        assert self.store.verify_journal() == Faults()

    @initialize()
    def begin(self) -> None:
        make_packed(self.store)

    @rule(collectivite=st.sampled_from([EXEMPLE, VOISINE]))
    def pack(self, collectivite: str) -> None:
        make_packed(self.store, collectivite=collectivite)

    @rule()
    def claim(self) -> None:
        claim = self.store.claim("worker", lease=LEASE)
        if claim is not None:
            held = {one.transmission.id for one in self.claims if self.alive(one)}
            assert claim.transmission.id not in held
            self.claims.append(claim)

    @rule()
    def try_again(self) -> None:
        """Make old claims common: they are what could send twice."""
        if self.claims and self.alive(self.claims[-1]):
            self.store.postpone(self.claims[-1], fault=FAULT, until=self.clock.now())
            self.claim()

    @rule()
    def ghosts_speak(self) -> None:
        for claim in self.claims:
            if not self.alive(claim):
                with pytest.raises(TransitionRefused):
                    self.store.deposited(claim, "4711")

    @rule(number=NUMBERS, outcome=st.sampled_from(OUTCOMES))
    def conclude(self, number: int, outcome: str) -> None:
        if not self.claims:
            return
        claim = self.claims[number % len(self.claims)]
        alive = self.alive(claim)
        try:
            if outcome == "deposited":
                self.store.deposited(claim, "4711")
                self.landed[claim.transmission.id] += 1
            elif outcome == "postpone":
                self.store.postpone(claim, fault=FAULT, until=self.clock.now())
            elif outcome == "suspend":
                self.store.suspend(claim, fault=FAULT)
            elif outcome == "landed":
                self.store.landed(claim, fault=FAULT)
            else:
                self.store.refuse(claim, faults=Faults([FAULT]))
        except TransitionRefused:
            assert not alive
        else:
            assert alive

    @rule(number=NUMBERS, decision=st.sampled_from(DECISIONS))
    def decide(self, number: int, decision: str) -> None:
        transmissions = self.store.transmissions()
        if not transmissions:
            return
        chosen = transmissions[number % len(transmissions)]
        try:
            if decision == "landed":
                self.store.resolve_landed(chosen.id, "4711", {})
                self.landed[chosen.id] += 1
            elif decision == "not_landed":
                self.store.resolve_not_landed(chosen.id, {})
            elif decision == "offer_again":
                self.store.offer_again(chosen.id)
            elif decision == "unidentified":
                self.store.resolve_unidentified(chosen.id, fault=FAULT)
            else:
                self.store.abandon(chosen.id, "décision", "la secrétaire")
        except TransitionRefused:
            assert chosen.delivery is not DeliveryState.SUSPENDED

    @invariant()
    def what_landed_is_never_due_again(self) -> None:
        """Nothing but a number, or a person who gives up, ends the state « landed »."""
        for one in self.store.transmissions(selection=Selection.LANDED):
            assert one.unknown_since is not None
            self.seen_landed.add(one.id)
        for number in self.seen_landed:
            assert self.store.transmission(number).delivery in (
                DeliveryState.LANDED,
                DeliveryState.DEPOSITED,
                DeliveryState.ABANDONED,
            )

    @rule(minutes=st.sampled_from([1, 9, 10]))
    def time_passes(self, minutes: int) -> None:
        self.clock.instant += timedelta(minutes=minutes)

    @rule()
    def recover(self) -> None:
        for transmission in self.store.recover_expired():
            assert transmission.delivery is DeliveryState.SUSPENDED

    @invariant()
    def taken_once_at_most(self) -> None:
        assert all(count == 1 for count in self.landed.values())
        deposited = {
            one.id for one in self.store.transmissions() if one.delivery is DeliveryState.DEPOSITED
        }
        assert deposited == set(self.landed)

    def alive(self, claim: Claim) -> bool:
        """Tell whether a claim should still hold, from the outside."""
        now = self.store.transmission(claim.transmission.id)
        return (
            now.delivery is DeliveryState.DOING
            and now.attempts == claim.attempt
            and self.clock.now() < claim.lease_until
        )


def make_empty(store: Store) -> None:
    """Empty the tables; quicker than another database for each example."""
    with store._database.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))
        connection.execute(insert(JOURNAL_HEAD).values(id=1, entries=0, hash=GENESIS))


def test_any_order_of_events(store: Store, clock: FixedClock) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Deliveries(store, clock),
        settings=settings(
            max_examples=50,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )

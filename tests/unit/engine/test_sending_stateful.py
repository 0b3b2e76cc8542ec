"""Any interleaving of several processes around each sending: the ledger of the other side and ours
say the same, and every flow ends.

What is real: the store, its claims and leases, ``transmit_due`` and ``reconcile_all``. While a
request is on its way, before and after its effect, other processes claim, send, reconcile, and the
clock jumps; a process may die there, its answer may be lost. The other side keeps the rules of
§9.1: an act lands once per number, a PES once per bytes, and nothing protects a reply.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import Flux, OutcomeUnknown, Refused, Shipment
from demat.connectors.memory import ScriptedConnector
from demat.engine.office import Office
from demat.engine.reconcile import reconcile_all, to_settle
from demat.engine.transmit import transmit_due
from demat.faults import Fault, Faults
from demat.helios.lifecycle import EtatPes
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    TRANSIENT,
    UNKNOWN,
    UNREACHABLE,
    Crash,
    Town,
)
from tests.unit.engine.machines import play
from tests.unit.queue.conftest import START, make_packed
from tests.unit.queue.test_deliveries_stateful import make_empty

CLASH = Refused(Fault(code="CON-NUMBER_CLASH", params={"numero": "1"}))
CLOSED = Refused(Fault(code="CON-RIGHTS", params={"message": "Accès refusé"}), inconclusive=True)
WRONG = Refused(Fault(code="CON-NUMBER", params={"message": "numéro"}))

KINDS = ("acte", "acte", "pes", "pes", "reply", "clash", "wrong")
BLOWS = (
    "",
    "",
    "",
    "unreachable",
    "module",
    "lost before",
    "lost after",
    "dies before",
    "dies after",
)
BY_BYTES = ("pes", "made")
"""What the other side knows again by its bytes: a PES sent as it is, or made from a table."""
MEANWHILE = ("send", "reconcile", "late", "early", "closed", "open")
_CROSSINGS = st.one_of(
    st.just([]),
    st.lists(st.sampled_from(MEANWHILE), min_size=1, max_size=4),
    # the lease of the sender ends, another process asks, and sends in its place
    st.sampled_from([["late", "reconcile", "late", "reconcile", "send"], ["late", "reconcile"]]),
)


class OtherSide(ScriptedConnector):
    """A tiers de télétransmission that keeps an account of what landed."""

    def __init__(self) -> None:
        super().__init__()
        self.landed: list[tuple[str, str]] = []
        """Key and digest, in order; the place is the reference."""
        self.closed = False
        self.unknown_account = False
        self.blows: deque[str] = deque()
        self.before: deque[str] = deque()
        self.after: deque[str] = deque()
        self.meanwhile: Callable[[str], None] = lambda _what: None

    def deposit(self, shipment: Shipment) -> str:
        blow = self.blows.popleft() if self.blows else ""
        if self.unknown_account:
            raise AUTHENTICATION
        if blow == "unreachable":
            raise UNREACHABLE
        self._others(self.before)
        if blow == "lost before":
            raise UNKNOWN
        if blow == "dies before":
            raise Crash
        if blow == "module":
            raise TRANSIENT
        verdict = self._verdict(shipment)
        if verdict is None:
            self.landed.append((shipment.key, _digest(shipment)))
        reference = str(len(self.landed))
        self._others(self.after)
        if blow == "lost after":
            raise UNKNOWN
        if blow == "dies after":
            raise Crash
        if verdict is not None:
            raise verdict
        return reference

    def _verdict(self, shipment: Shipment) -> Refused | None:
        if self.closed:
            return CLOSED
        kind = shipment.key.split("-")[0]
        if kind == "wrong":
            return WRONG
        known = kind == "clash" or any(
            _digest(shipment) == digest if kind in BY_BYTES else shipment.key == key
            for key, digest in self.landed
        )
        if not known or kind == "reply":
            return None
        code = "CON-DUPLICATE_PES" if kind in BY_BYTES else "CON-DUPLICATE_NUMBER"
        return Refused(Fault(code=code, params={"message": "existe déjà"}), duplicate=True)

    def find(self, shipment: Shipment) -> str | None:
        blow = self.blows.popleft() if self.blows else ""
        if self.unknown_account:
            raise AUTHENTICATION
        if blow:
            raise UNREACHABLE
        if shipment.flux is Flux.HELIOS:
            raise OutcomeUnknown(Fault(code="CON-NO_SEARCH", params={"key": shipment.key}))
        references = [
            str(rank) for rank, (key, _) in enumerate(self.landed, 1) if key == shipment.key
        ]
        self._others(self.after)  # its answer is old when it comes
        if shipment.key.startswith("clash"):
            raise CLASH
        if shipment.key.startswith("reply") and len(references) != 1:
            raise OutcomeUnknown(Fault(code="CON-REPLY_UNKNOWN", params={"key": shipment.key}))
        return references[0] if references else None

    def _others(self, what: deque[str]) -> None:
        while what:
            self.meanwhile(what.popleft())


def what_leaves(key: str) -> dict[str, Any]:
    """Return what the store is told of a flow; its kind is the first word of its key."""
    kind = key.split("-")[0]
    pes = kind in BY_BYTES
    return {
        "flux": Flux.HELIOS if pes else Flux.ACTES,
        "key": key,
        "file_name": key,
        "content": key.encode(),
        "etat": EtatPes.GENERE if pes else EtatActe.PREPARE,
        "facts": {} if pes else {"message": "3-4" if kind == "reply" else "1-1", "numero": key},
    }


def _digest(shipment: Shipment) -> str:
    return hashlib.sha256(shipment.content).hexdigest()


class Sendings(RuleBasedStateMachine):
    """Several processes, one other side."""

    crossings: ClassVar[Counter[str]] = Counter()
    """What was done while a request was on its way, over all the examples."""

    def __init__(self, town: Town, other: OtherSide) -> None:
        super().__init__()
        self.clock, self.store = town.clock, town.store
        self.clock.instant = START
        make_empty(self.store)
        other.__init__()  # type: ignore[misc]  # a new other side in the same connector
        other.meanwhile = self.meanwhile
        self.other = other
        authority = replace(town.authority, connector=other)
        self.office: Office = replace(town.office, authorities=(authority,))
        self.count = 0

    @initialize()
    def begin(self) -> None:
        self.pack("acte")
        self.pack("pes")
        self.pack("reply")

    @rule(kind=st.sampled_from(KINDS))
    def pack(self, kind: str) -> None:
        self.count += 1
        make_packed(self.store, **what_leaves(f"{kind}-{self.count}"))

    @rule(
        blow=st.sampled_from(BLOWS),
        before=_CROSSINGS,
        after=_CROSSINGS,
        inner=st.sampled_from(BLOWS),
    )
    def send(self, blow: str, before: list[str], after: list[str], inner: str) -> None:
        self._plan(blow, before, after, inner)
        self.clock.instant += timedelta(minutes=7)  # what was postponed is due
        self._send()
        self.other.closed = False

    @rule(
        blow=st.sampled_from(("", "", "unreachable")),
        after=_CROSSINGS,
        inner=st.sampled_from(BLOWS),
    )
    def reconcile(self, blow: str, after: list[str], inner: str) -> None:
        self._plan(blow, [], after, inner)
        self.clock.instant += timedelta(minutes=7)
        self._reconcile()
        self.other.closed = False

    @rule(minutes=st.sampled_from([-300, -4, 1, 4, 6, 16, 400, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.clock.instant += timedelta(minutes=minutes)

    @rule()
    def account_refused(self) -> None:
        self.other.unknown_account = True
        self._send()
        self.other.unknown_account = False
        self.clock.instant += self.office.settings.auth_pause

    def meanwhile(self, what: str) -> None:
        """Another process works, or the clock jumps, while a request is on its way."""
        self.crossings[what] += 1
        if what == "send":
            self._send()
        elif what == "reconcile":
            self._reconcile()
        elif what in ("late", "early"):
            self.clock.instant += timedelta(minutes=16 if what == "late" else -16)
        else:
            self.other.closed = what == "closed"

    def _plan(self, blow: str, before: list[str], after: list[str], inner: str) -> None:
        self.other.blows = deque([blow, inner])
        self.other.before, self.other.after = deque(before), deque(after)

    def _send(self) -> None:
        try:
            transmit_due(self.office, limit=1)
        except Crash:
            self.crossings["died"] += 1

    def _reconcile(self) -> None:
        try:
            reconcile_all(self.office)
        except Crash:
            self.crossings["died"] += 1

    @invariant()
    def the_two_ledgers_agree(self) -> None:
        landed = Counter(key for key, _ in self.other.landed)
        assert all(count == 1 for count in landed.values()), landed
        for flow in self.store.transmissions():
            self._agrees(flow, landed[flow.key])

    def _agrees(self, flow: TransmissionView, landed: int) -> None:
        if flow.delivery in (DeliveryState.DEPOSITED, DeliveryState.LANDED):
            assert landed == 1, flow
        if flow.delivery is DeliveryState.REFUSED:
            assert landed == 0, flow
        if flow.reference is not None:
            assert self.other.landed[int(flow.reference) - 1][0] == flow.key

    def teardown(self) -> None:
        """The weather clears: everything ends, or is told to a person."""
        self.other.closed = self.other.unknown_account = False
        self._plan("", [], [], "")
        for _ in range(8):
            self.clock.instant += timedelta(hours=25)
            self._reconcile()
            transmit_due(self.office)
        self.the_two_ledgers_agree()
        for flow in self.store.transmissions():
            if flow.delivery is DeliveryState.SUSPENDED:
                assert flow.key.split("-")[0] in ("reply", "clash"), flow
                assert to_settle(flow, self.office).codes == ("QUE-TO_SETTLE",)
            else:
                ended = (DeliveryState.DEPOSITED, DeliveryState.LANDED, DeliveryState.REFUSED)
                assert flow.delivery in ended, flow
        assert self.store.verify_journal() == Faults()


def test_any_interleaving(town: Town, request: pytest.FixtureRequest) -> None:
    Sendings.crossings.clear()
    other = OtherSide()
    play(
        lambda: Sendings(town, other),
        request,
        steps=30,
        examples=200,
        deep=3000,
    )
    assert Sendings.crossings.total() > 500, Sendings.crossings
    assert {*MEANWHILE, "died"} <= Sendings.crossings.keys()

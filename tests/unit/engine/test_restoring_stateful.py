"""An older backup comes back in the middle of any interleaving: nothing leaves twice, and every
flow ends.

The machine of ``test_sending_stateful`` goes on, with a disk that dies at any moment, even while a
request is on its way. What the other side holds stays; what agents hand in lies in « transmis »,
and they hand in again what demat does not know any more. One who is told that a deposit may have
left looks on the other side first, where the same bytes, or the same number, would land twice.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from demat.connectors.api import Shipment
from demat.engine.parts import Part, Preparation
from demat.engine.restored import after_restoration, perhaps_sent
from demat.engine.transmit import transmit_due
from demat.faults import Fault, Faults
from demat.queue.states import DeliveryState, DepositState, Selection
from demat.queue.views import DepositView, ReceivedFile, UsedKey
from tests.unit.engine.backups_support import forget_documents, put_back
from tests.unit.engine.conftest import SIREN, Crash, Town
from tests.unit.engine.machines import play
from tests.unit.engine.test_sending_stateful import (
    BLOWS,
    MEANWHILE,
    OtherSide,
    Sendings,
    what_leaves,
)
from tests.unit.queue.conftest import make_part

KINDS = ("acte", "acte", "pes", "made", "made", "reply", "reply", "clash", "wrong")
AS_IT_IS = ("acte", "pes", "clash", "wrong")
"""What the other side knows again when it is handed in again: its number, or its bytes."""
HOW = ("now", "now", "signed later", "returned at first")
LOST = ("database", "all")
ELSEWHERE = Faults([Fault(code="INT-FOLDER", params={"dossier": "x", "raison": "y"})])
"""Why a deposit came back although nothing is wrong with its files."""
_CROSSINGS = st.one_of(
    st.just([]),
    st.lists(st.sampled_from((*MEANWHILE, "disaster")), min_size=1, max_size=4),
    st.sampled_from([["disaster"], ["disaster", "late", "reconcile"], ["disaster", "send"]]),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What agents and the other side do on one day."""

    new: tuple[tuple[str, str], ...] = ()
    """What is handed in for the first time, and how."""
    looks: int = 1
    """How often agents look at what they have handed in."""
    signs: bool = True
    """Whether what waits since the day before is signed."""
    closed: bool = False
    """Whether the other side refuses all that comes."""


_DAYS = st.builds(
    Day,
    new=st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(HOW)), min_size=1, max_size=3
    ).map(tuple),
    looks=st.sampled_from((1, 1, 2, 0)),
    signs=st.sampled_from((True, True, False)),
    closed=st.sampled_from((False, False, False, True)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What a backup tells of itself."""

    at: datetime
    entries: int
    orphans: frozenset[str]
    digests: frozenset[str]


class Lasting(OtherSide):
    """The other side outlives the disaster; the process that was asking does not."""

    def __init__(self) -> None:
        super().__init__()
        self.disasters = 0

    def deposit(self, shipment: Shipment) -> str:
        with self._dies_with_the_disk():
            return super().deposit(shipment)

    def find(self, shipment: Shipment) -> str | None:
        with self._dies_with_the_disk():
            return super().find(shipment)

    @contextmanager
    def _dies_with_the_disk(self) -> Iterator[None]:
        before = self.disasters
        try:
            yield
        finally:
            if self.disasters > before:
                raise Crash


class Restorations(Sendings):
    """Several processes, one other side, a backup that may be old."""

    crossings: ClassVar[Counter[str]] = Counter()

    def __init__(self, town: Town, other: Lasting) -> None:
        forget_documents(town.store, frozenset())
        self.folders = town.folders
        shutil.rmtree(self.folders.root, ignore_errors=True)
        self.folders.make()
        super().__init__(town, other)
        self.latest = self.clock.instant
        self.authority = self.office.authorities[0]
        self.base = self.folders.root.with_name("sauvegarde.sqlite3")
        self.saved: Saved | None = None
        self.handed_in: list[str] = []
        self.made = 0
        self.told: set[str] = set()
        """What agents were told, since the last disaster, that it may have left."""

    # --------------------------------------------------------------- what agents do

    @rule(kind=st.sampled_from(KINDS), how=st.sampled_from(HOW))
    def pack(self, kind: str, how: str = "now") -> None:
        self.count += 1
        self.handed_in.append(f"{kind}-{self.count}")
        self._hand_in(self.handed_in[-1], how)

    def _hand_in(self, matter: str, how: str = "now", replaces: int | None = None) -> None:
        self._time_goes_on()
        content = f"fichier de {matter}".encode()
        file = ReceivedFile(
            name=matter, sha256=self.store.documents.put(content), size=len(content)
        )
        deposit = self.store.receive(
            collectivite=SIREN, name=matter, files=[file], replaces=replaces
        )
        (self.folders.transmis / matter).write_bytes(content)
        faults = ELSEWHERE if how == "returned at first" else self._doubts(deposit, matter)
        if faults:
            self.crossings.update(faults.codes)
            if "INT-MAYBE_SENT" in faults.codes:
                self.told.add(matter)
            self.store.advance(deposit.id, DepositState.RETURNED, faults=faults)
            return
        self.store.check(deposit.id, kind="x", faults=Faults())
        if how == "now":
            self._sign(deposit)

    def _doubts(self, deposit: DepositView, matter: str) -> Faults:
        known = what_leaves(matter)
        numbered = matter.split("-")[0] in ("acte", "clash", "wrong")
        used = [UsedKey(kind="numero", key=matter, label=matter)] if numbered else []
        part = Part(**known, used_keys=used)
        return perhaps_sent(deposit, Preparation(kind="x", parts=(part,)), self.office)

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.back_up()

    @rule(day=_DAYS)
    def a_day_goes_by(self, day: Day) -> None:
        """Agents sign, look, hand in; what is ready leaves, or is refused with all the rest."""
        if day.signs:
            self._sign_all()
        for _ in range(day.looks):
            self._look()
        for kind, how in day.new:
            self.pack(kind, how)
        self._plan("", [], [], "")
        self.other.closed = day.closed
        self.clock.instant += timedelta(minutes=7)
        transmit_due(self.office)
        self.other.closed = False

    @rule(before=_DAYS, saves=st.booleans(), since=_DAYS, lost=st.sampled_from(LOST), after=_DAYS)
    def some_days_are_lost(
        self, before: Day, saves: bool, since: Day, lost: str, after: Day
    ) -> None:
        self.a_day_goes_by(before)
        if saves:
            self.back_up()
        self.a_day_goes_by(since)
        self.disaster(lost)
        self.a_day_goes_by(after)

    def _sign_all(self) -> None:
        for deposit in self.store.deposits(states=(DepositState.CHECKED,)):
            self._sign(deposit)

    def _sign(self, deposit: DepositView) -> None:
        key = deposit.name
        if key.split("-")[0] not in AS_IT_IS:  # what is made anew is another file each time
            self.made += 1
            key = f"{key}-{self.made}"
        self.store.pack(deposit.id, [make_part(self.store, **what_leaves(key))])

    def _look(self) -> None:
        """Hand in again what came back, what was refused, and what is not known."""
        last = {deposit.name: deposit for deposit in self.store.deposits()}
        for matter in self.handed_in:
            if self._is_missing(matter, last.get(matter)):
                if (
                    matter in self.told
                    and matter.split("-")[0] not in AS_IT_IS
                    and self._landed()[matter]
                ):
                    self.crossings["looked and left"] += 1
                    continue
                self.crossings["handed in again"] += 1
                returned = matter in last and last[matter].state is DepositState.RETURNED
                self._hand_in(matter, replaces=last[matter].id if returned else None)

    def _is_missing(self, matter: str, deposit: DepositView | None) -> bool:
        if deposit is None or deposit.state is DepositState.RETURNED:
            return True
        if matter.split("-")[0] in AS_IT_IS:  # refused, it needs another number
            return False
        return any(
            flow.delivery is DeliveryState.REFUSED
            for flow in self.store.transmissions(deposit_id=deposit.id)
        )

    def _time_goes_on(self) -> None:
        """A clock that was set back is right again when a person is there."""
        self.latest = max(self.latest, self.clock.instant) + timedelta(seconds=1)
        self.clock.instant = self.latest

    # --------------------------------------------------------------- the disk

    @rule()
    def back_up(self) -> None:
        orphans = self.store.orphans()
        self.store.snapshot(self.base)
        documents = frozenset(self.store.documents.digests())
        self.saved = Saved(
            at=self.clock.now(),
            entries=len(self.store.journal()),
            orphans=orphans,
            digests=documents - orphans,
        )

    @rule(lost=st.sampled_from(LOST))
    def disaster(self, lost: str) -> None:
        """The disk dies; the backup is put back."""
        assert self.saved is not None  # the first backup is made at the beginning
        assert isinstance(self.other, Lasting)
        self.other.disasters += 1
        self._time_goes_on()
        self.crossings[f"lost {lost}"] += 1
        if lost == "all":
            forget_documents(self.store, self.saved.digests)
        put_back(self.store, self.base)
        done = after_restoration(
            self.office,
            backup_at=self.saved.at,
            entries=self.saved.entries,
            orphans=self.saved.orphans,
        )
        self.told = {deposit.name for deposit in self.store.given_back()}
        self.crossings["suspended"] += done.suspended
        self.crossings["given back"] += done.given_back
        assert not self.store.transmissions(selection=Selection.WAITING)

    @rule(
        blow=st.sampled_from(BLOWS),
        before=_CROSSINGS,
        after=_CROSSINGS,
        inner=st.sampled_from(BLOWS),
    )
    def send(self, blow: str, before: list[str], after: list[str], inner: str) -> None:
        super().send(blow, before, after, inner)

    def meanwhile(self, what: str) -> None:
        if what == "disaster":
            self.crossings["disaster"] += 1
            self.disaster("all")
        else:
            super().meanwhile(what)

    # --------------------------------------------------------------- what must hold

    def _landed(self) -> Counter[str]:
        return Counter("-".join(key.split("-")[:2]) for key, _ in self.other.landed)

    def has_landed(self, matter: str) -> bool:
        return self._landed()[matter] > 0

    @invariant()
    def nothing_landed_twice(self) -> None:
        landed = self._landed()
        assert all(count == 1 for count in landed.values()), landed

    def teardown(self) -> None:
        """Everybody looks twice: what came back, and what is asked about."""
        for _ in range(2):
            self._look()
            self._sign_all()
        super().teardown()
        self.nothing_landed_twice()
        last = {deposit.name: deposit for deposit in self.store.deposits()}
        for matter in self.handed_in:
            assert last[matter].state is DepositState.PACKED or matter in self.told, last[matter]


def test_an_older_backup_in_any_interleaving(town: Town, request: pytest.FixtureRequest) -> None:
    Restorations.crossings.clear()
    other = Lasting()
    play(
        lambda: Restorations(town, other),
        request,
        steps=15,
        examples=40,
        deep=1500,
    )
    played = Restorations.crossings
    assert played["lost all"] + played["lost database"] > 12, played
    assert played["handed in again"] > 25, played
    assert played["suspended"] > 15, played
    assert {"INT-MAYBE_SENT", "looked and left"} <= (+played).keys(), played


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_disaster_while_a_request_is_on_its_way(town: Town, when: str) -> None:
    """The process that asked dies too; what it was sending may have landed or not."""
    story = Restorations(town, Lasting())
    story.begin()
    story.back_up()
    before = ["disaster"] if when == "before" else []
    story.send("", before, [] if before else ["disaster"], "")
    assert story.other.disasters == 1
    assert len(story.other.landed) == 1
    assert not story.store.transmissions(selection=Selection.WAITING)
    story.teardown()


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("why", ["returned at first", "refused"])
def test_what_came_back_before_the_backup_may_have_left_after_it(
    town: Town, why: str, lost: str
) -> None:
    """Nothing is wrong with its files: they are handed in again as they are."""
    story = Restorations(town, Lasting())
    story.begin()
    if why == "refused":
        story.a_day_goes_by(Day(new=(("made", "now"),), looks=0, closed=True))
    else:
        story.a_day_goes_by(Day(new=(("made", why),), looks=0))
    story.back_up()
    story.a_day_goes_by(Day())
    assert story.has_landed("made-4")
    story.disaster(lost)
    story.a_day_goes_by(Day())
    story.nothing_landed_twice()
    assert "made-4" in story.told
    story.teardown()


@pytest.mark.parametrize("how", ["now", "signed later"])
def test_a_line_that_is_closed_says_nothing_of_an_act_that_was_forgotten(
    town: Town, how: str
) -> None:
    story = Restorations(town, Lasting())
    story.begin()
    story.pack("acte", how)
    if how == "signed later":
        story.back_up()
    story.a_day_goes_by(Day())
    assert story.has_landed("acte-4")
    story.disaster("all")
    story.a_day_goes_by(Day(closed=True))
    story.the_two_ledgers_agree()
    assert [flow.key for flow in story.store.suspended()][-1] == "acte-4"
    story.teardown()


def test_the_question_is_asked_again_after_another_disaster(town: Town) -> None:
    """The agent insisted, since it had not left; it has since."""
    story = Restorations(town, Lasting())
    story.begin()
    story.pack("made", "signed later")
    story.disaster("all")
    story.a_day_goes_by(Day(signs=False))
    assert "made-4" in story.told
    story.back_up()
    story.a_day_goes_by(Day())
    assert story.has_landed("made-4")
    story.disaster("all")
    story.a_day_goes_by(Day())
    story.nothing_landed_twice()
    assert "made-4" in story.told
    story.teardown()

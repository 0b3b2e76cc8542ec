"""Answers that come in any order, twice, late, or are hidden again for a while: each is kept once,
none is marked as read before it is stored and synced, and what the State decided is what we say.

What is real: the store, its documents, and the steps by which a round asks for everything. Any
exchange may fail before or after its effect, the process may die there, or at any effect of its own
(the writing of a document, a commit); meanwhile other processes collect, answers arrive, and the
clock jumps.
"""

import hashlib
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from demat.actes.archive import unpack
from demat.actes.lifecycle import EtatActe
from demat.connectors.api import (
    Flux,
    InboundDocument,
    RemoteCourrier,
    RemoteProgress,
    RemoteRetour,
    RemoteStatus,
)
from demat.connectors.memory import ScriptedConnector
from demat.engine.nightly import Visit
from demat.engine.office import Office
from demat.engine.rounds import asking
from demat.engine.transmit import transmit_due
from demat.faults import Faults
from demat.queue.database import Database
from demat.queue.documents import DocumentFolder
from demat.queue.views import TransmissionView
from tests.unit.engine.backups_support import forget_documents, put_back
from tests.unit.engine.conftest import (
    SIREN,
    UNREACHABLE,
    Crash,
    Town,
    Verdict,
    acquit,
    anomaly,
    ar,
    titre,
    titres,
)
from tests.unit.engine.machines import play
from tests.unit.engine.prefecture_support import Kind, archive, enveloppe, letter_files
from tests.unit.engine.test_collect_order import two_letters
from tests.unit.engine.test_retours import piece, retour

BLOWS = ("", "", "", "", "unreachable", "lost", "dies before", "dies after")
MEANWHILE = ("collect", "late", "early", "no status", "no list", "shown")
BORDEREAUX = ((12, 13), (22, 23))
"""Those of the PES whose acquit comes with its status, and of that whose acquit comes as a file."""
LETTERS = (Kind.COURRIER_SIMPLE, Kind.DEMANDE_PIECES, Kind.LETTRE_OBSERVATIONS, Kind.DEFERE)
_TWO = st.integers(0, 1)
WAYS = ("status", "status", "status", "file", "lot")
_OF_AN_ACT = st.tuples(
    st.just("préfecture_answers"),
    st.tuples(_TWO, st.booleans(), _TWO, st.sampled_from(WAYS), st.booleans()),
)
_ANSWERS = st.one_of(
    _OF_AN_ACT,
    _OF_AN_ACT,
    st.tuples(
        st.just("préfecture_writes"), st.tuples(_TWO, st.sampled_from(LETTERS), st.booleans())
    ),
    st.tuples(
        st.just("hélios_answers"),
        st.tuples(
            _TWO,
            st.tuples(st.booleans(), st.booleans()),
            st.sampled_from(((0, 1), (0,), (1,))),
            _TWO,
            st.booleans(),
        ),
    ),
    st.tuples(
        st.just("comptable_writes"),
        st.tuples(
            st.sampled_from((417, 418)),
            st.sampled_from(("01", "02", "03")),
            st.integers(20, 23),
            st.sampled_from(("00", "00", "07")),
        ),
    ),
    st.tuples(st.just("stranger_writes"), st.just(())),
)
"""What is answered, and how: a method of the machine."""
_BLOWS = st.lists(st.sampled_from(BLOWS), max_size=12)
_CROSSINGS = st.lists(st.sampled_from(MEANWHILE), max_size=4)
_RANKS = st.sampled_from((0, 0, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12))
_Result = TypeVar("_Result")


@dataclass(kw_only=True, slots=True)
class Power:
    """What dies before, or after, one of the next effects; and what was synced to the disk."""

    left: int = 0
    """How many effects there are before; none dies when it is 0."""
    rival: int = 0
    """At which of the next transactions another process is faster; none when it is 0."""
    be_faster: Callable[[], None] = lambda: None
    synced: set[int] = field(default_factory=set)
    """Files and folders, by inode."""

    def hesitate(self) -> None:
        self.rival -= 1
        if self.rival == 0:
            self.be_faster()

    def strike(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class State(ScriptedConnector):
    """A tiers de télétransmission whose every exchange may go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, list[InboundDocument]] = {}
        """What a status shows, by reference."""
        self.hidden = ""
        """What it does not show for a while: ``no status``, ``no list``."""
        self.blows: deque[str] = deque()
        self.crossings: deque[str] = deque()
        self.meanwhile: Callable[[str], None] = lambda _what: None
        self.require_kept: Callable[[InboundDocument], None] = lambda _document: None

    def _exchange(self, effect: Callable[[], _Result]) -> _Result:
        blow = self.blows.popleft() if self.blows else ""
        if blow == "unreachable":
            raise UNREACHABLE
        if blow == "dies before":
            raise Crash
        result = effect()
        if self.crossings:
            self.meanwhile(self.crossings.popleft())
        if blow == "lost":
            raise UNREACHABLE
        if blow == "dies after":
            raise Crash
        return result

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        return self._exchange(lambda: self._status(reference))

    def _status(self, reference: str) -> RemoteStatus:
        documents = () if self.hidden == "no status" else tuple(self.told.get(reference, ()))
        if not documents:
            return RemoteStatus(progress=RemoteProgress.TRANSMITTED, code="3", message="")
        return RemoteStatus(
            progress=RemoteProgress.ANSWERED, code="4", message="", documents=documents
        )

    def retours(self) -> tuple[RemoteRetour, ...]:
        shown = self.hidden != "no list"
        return self._exchange(lambda: super(State, self).retours() if shown else ())

    def retour(self, reference: str) -> InboundDocument:
        return self._exchange(lambda: super(State, self).retour(reference))

    def mark_read(self, reference: str) -> None:
        self.require_kept(self.held_retours[reference])
        self._exchange(lambda: super(State, self).mark_read(reference))

    def courriers(self) -> tuple[RemoteCourrier, ...]:
        shown = self.hidden != "no list"
        return self._exchange(lambda: super(State, self).courriers() if shown else ())

    def courrier(self, reference: str) -> InboundDocument:
        return self._exchange(lambda: super(State, self).courrier(reference))

    def mark_courrier_read(self, reference: str) -> None:
        self.require_kept(self.held_courriers[reference][1])
        self._exchange(lambda: super(State, self).mark_courrier_read(reference))


class Collectings(RuleBasedStateMachine):
    """One town that awaits answers, several processes that ask for them."""

    crossings: ClassVar[Counter[str]] = Counter()
    """What was played, over all the examples."""

    def __init__(self, town: Town, state: State, power: Power, start: "Start") -> None:
        super().__init__()
        self.clock, self.store = town.clock, town.store
        self.clock.instant = start.instant
        put_back(self.store, start.base)
        forget_documents(self.store, start.digests)
        shutil.rmtree(town.folders.root)
        town.folders.make()
        state.__init__()  # type: ignore[misc]  # a new other side in the same connector
        state.meanwhile, state.require_kept = self.meanwhile, self.require_kept
        self.state, self.power = state, power
        power.left = power.rival = 0
        power.be_faster = self.be_faster
        power.synced.clear()
        authority = replace(town.authority, connector=state)
        self.authority = authority
        self.office: Office = replace(town.office, authorities=(authority,))
        self.acts, self.pes = start.acts, start.pes
        self.posted = 0
        self.answered: Counter[int] = Counter()
        """Acts that the préfecture has acknowledged (2), or rejected so far (1)."""
        self.decided: dict[int, tuple[bool, bool]] = {}
        """What Hélios took of each PES, bordereau by bordereau; it does not change its mind."""
        self.said: dict[int, dict[int, bool]] = {0: {}, 1: {}}
        """What of that its acquits told."""
        self.expected: dict[str, Counter[str]] = {
            "retours": Counter(),
            "letters": Counter(),
            "receipts": Counter(),
        }
        self.strangers: set[str] = set()
        """Acquits of files that this town has not sent: they stay unread."""
        self.acknowledged: set[int] = set()

    # --------------------------------------------------------------- what the State answers

    def préfecture_answers(
        self, rank: int, good: bool, version: int, way: str, first: bool
    ) -> None:
        """An AR or an anomaly, that another of the same act may follow or have followed."""
        flow = self.acts[rank]
        content = (
            ar(flow, day=f"2026-11-2{4 + version}")
            if good
            else anomaly(flow, detail=f"Motif {version}")
        )
        self.answered[flow.id] = max(self.answered[flow.id], 1 + good)
        if way == "status":
            self._tell(flow, content, first=first)
            return
        self._count("receipts", content)
        name = f"{flow.key}-1-{3 - good}_{version}.xml"
        if way == "lot":
            envelope = f"EACT--SPREF0991-{SIREN}-20261125-4{version}.xml"
            self._post_letter(archive({envelope: enveloppe(SIREN, name), name: content}))
        else:
            self._post_letter(content, name=name)

    def préfecture_writes(self, rank: int, kind: Kind, lot: bool) -> None:
        """A letter, or a lot of two; the same one may come again under another number."""
        key = self.acts[rank].key
        files = two_letters(key) if lot else letter_files(key, kind=kind)
        for name, content in files.items():
            if name.startswith(key) and name.endswith(".xml"):
                self._count("letters", content)
        self._post_letter(archive(files))

    def hélios_answers(
        self,
        rank: int,
        taken: tuple[bool, bool],
        about: tuple[int, ...],
        version: int,
        first: bool,
    ) -> None:
        """An acquit; where they come as files, one may tell what another left unsaid."""
        flow, numbers = self.pes[rank], BORDEREAUX[rank]
        taken = self.decided.setdefault(rank, taken)
        about = about if rank else (0, 1)
        verdicts = [Verdict(bordereau=numbers[one], accepted=taken[one]) for one in about]
        self.said[rank] |= {numbers[one]: taken[one] for one in about}
        content = acquit(flow, verdicts) + b"\n" * version
        if rank == 0:
            self._tell(flow, content, first=first)
        else:
            self._count("receipts", content)
            self._post_file(content)

    def comptable_writes(self, numero: int, etat: str, day: int, budget: str) -> None:
        """A retour, of a budget that may not be ours; the same bytes may come again."""
        content = retour(piece(numero, etat), day=f"2026-11-{day}", cod_bud=budget)
        self._count("retours", content)
        self._post_file(content)

    def stranger_writes(self) -> None:
        """An acquit that answers the file of another software."""
        self.strangers.add(self._post_file(acquit("PESALR2_AUTRE", [Verdict(bordereau=12)])))

    def _tell(self, flow: TransmissionView, content: bytes, *, first: bool) -> None:
        assert flow.reference is not None
        self.posted += 1
        told = self.state.told.setdefault(flow.reference, [])
        document = InboundDocument(name=f"reponse-{self.posted}.xml", content=content)
        self.crossings["told twice"] += any(one.content == content for one in told)
        told.insert(0 if first else len(told), document)

    def _post_file(self, content: bytes) -> str:
        self.posted += 1
        reference = f"f{self.posted}"
        document = InboundDocument(name=f"{reference}.xml", content=content)
        self.state.held_retours[reference] = document
        return reference

    def _post_letter(self, content: bytes, name: str = "courrier.tar.gz") -> None:
        self.posted += 1
        remote = RemoteCourrier(reference=f"c{self.posted}", kind="3", about="1", id_acte="")
        document = InboundDocument(name=name, content=content)
        self.state.held_courriers[remote.reference] = (remote, document)

    def _count(self, what: str, content: bytes) -> None:
        digest = digest_of(content)
        self.crossings["posted twice"] += digest in self.expected[what]
        self.expected[what][digest] = 1

    # --------------------------------------------------------------- what is done here

    @rule(
        answers=st.lists(_ANSWERS, min_size=1, max_size=4),
        blows=_BLOWS,
        crossings=_CROSSINGS,
        dies_at=_RANKS,
        rival_at=_RANKS,
    )
    def a_round(
        self,
        answers: list[tuple[str, tuple[Any, ...]]],
        blows: list[str],
        crossings: list[str],
        dies_at: int,
        rival_at: int,
    ) -> None:
        """Something is answered, then all is asked for."""
        for name, how in answers:
            getattr(self, name)(*how)
        self.state.blows, self.state.crossings = deque(blows), deque(crossings)
        self.power.left, self.power.rival = dies_at, rival_at
        self.clock.instant += timedelta(minutes=16)
        self._collect()
        self.power.left = self.power.rival = 0
        self.state.hidden = ""

    @rule(minutes=st.sampled_from([-300, -16, 4, 400]))
    def time_passes(self, minutes: int) -> None:
        self.clock.instant += timedelta(minutes=minutes)

    def meanwhile(self, what: str) -> None:
        self.crossings[what] += 1
        if what == "collect":
            self._collect()
        elif what in ("late", "early"):
            self.clock.instant += timedelta(minutes=16 if what == "late" else -16)
        else:
            self.state.hidden = what.removeprefix("shown")

    def be_faster(self) -> None:
        """Another process collects, and does not see all that this one has seen."""
        self.meanwhile("no status")
        self.meanwhile("collect")
        self.meanwhile("shown")

    def _collect(self) -> None:
        try:
            list(asking([Visit.of(self.authority, self.office)], self.office))
        except Crash:
            self.crossings["died"] += 1

    # --------------------------------------------------------------- what must hold

    def require_kept(self, document: InboundDocument) -> None:
        """Require that what is about to be marked as read is here, bound, and synced."""
        self.crossings["marked"] += 1
        assert self.is_kept(document), document.name

    def is_kept(self, document: InboundDocument) -> bool:
        digests = self._bound(document.content)
        return bool(digests) and all(map(self._is_synced, digests))

    def _is_synced(self, digest: str) -> bool:
        assert isinstance(self.store.documents, DocumentFolder)
        path = self.store.documents.path(digest)
        inodes = {one.stat().st_ino for one in (path, path.parent)}
        return self.store.documents.check(digest) is None and inodes <= self.power.synced

    def _bound(self, content: bytes) -> set[str]:
        """Return what of a document is bound to something; nothing when a part of it is not."""
        digests = {digest_of(content)}
        if content.startswith(b"\x1f\x8b"):
            digests = {digest_of(one) for one in messages_of(content)}
        kept = self._kept()
        here = kept["retours"] | kept["letters"] | kept["receipts"]
        return digests if digests <= here.keys() else set()

    def _kept(self) -> dict[str, Counter[str]]:
        store = self.store
        flows = (*self.acts, *self.pes)
        return {
            "retours": Counter(one.sha256 for one in store.retours(SIREN)),
            "letters": Counter(one.sha256 for one in store.courriers(SIREN)),
            "receipts": Counter(one.sha256 for flow in flows for one in store.receipts(flow.id)),
        }

    @invariant()
    def each_is_kept_once(self) -> None:
        for digests in self._kept().values():
            assert all(count == 1 for count in digests.values()), digests

    @invariant()
    def what_is_acknowledged_stays_so(self) -> None:
        for flow in self.acts:
            if self.store.transmission(flow.id).etat == EtatActe.ACQUITTE:
                self.acknowledged.add(flow.id)
            else:
                assert flow.id not in self.acknowledged

    @invariant()
    def what_is_read_is_kept(self) -> None:
        for reference in self.state.read_retours:
            assert self.is_kept(self.state.held_retours[reference])
        for reference in self.state.read_courriers:
            assert self.is_kept(self.state.held_courriers[reference][1])
        assert self.strangers.isdisjoint(self.state.read_retours)

    def teardown(self) -> None:
        """The weather clears: everything is read, and is what the State decided."""
        for _ in range(3):
            self.clock.instant += timedelta(minutes=61)
            self.a_round([], [], [], 0, 0)
        self.each_is_kept_once()
        self.what_is_acknowledged_stays_so()
        self.what_is_read_is_kept()
        assert set(self.state.read_retours) == self.state.held_retours.keys() - self.strangers
        assert set(self.state.read_courriers) == self.state.held_courriers.keys()
        kept = self._kept()
        assert kept["retours"] == self.expected["retours"]
        assert kept["letters"] == self.expected["letters"]
        assert self.expected["receipts"].keys() <= kept["receipts"].keys()
        for flow in self.acts:
            etats = (flow.etat, EtatActe.EN_ANOMALIE, EtatActe.ACQUITTE)
            assert self.store.transmission(flow.id).etat == etats[self.answered[flow.id]]
        for rank in self.said:
            self._says_what_hélios_decided(rank)
        assert self.store.verify_journal() == Faults()

    def _says_what_hélios_decided(self, rank: int) -> None:
        said, flow = self.said[rank], self.store.transmission(self.pes[rank].id)
        taken = [number for number in BORDEREAUX[rank] if said.get(number)]
        etat = self.pes[rank].etat
        if said:
            etat = {0: "refuse", 1: "acquitte_partiel", 2: "acquitte"}[len(taken)]
        assert (flow.etat, "PES-ACQUIT_CONFLICT" in flow.faults.codes) == (etat, False)
        for number in BORDEREAUX[rank]:
            used = self.store.used(SIREN, "idbord", f"recette/00/2026/01/{number}") is not None
            assert used is said.get(number, True), number


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def messages_of(content: bytes) -> list[bytes]:
    """Return the messages of a lot, its envelope left out."""
    return [
        one
        for name, one in unpack(content).items()
        if name.endswith(".xml") and not name.startswith("EACT")
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What every example begins with: two acts and two PES that were handed over."""

    instant: Any
    base: Path
    digests: frozenset[str]
    acts: tuple[TransmissionView, ...]
    pes: tuple[TransmissionView, ...]


@pytest.fixture
def start(town: Town, tmp_path: Path) -> Start:
    town.fixture("seance-2026-10-08")
    for rank, (one, other) in enumerate(BORDEREAUX):
        rows = (titre(417 + 10 * rank, one), titre(418 + 10 * rank, other))
        town.write(f"titres-{rank}.csv", titres(*rows))
        town.intake()
    transmit_due(town.office)
    base = tmp_path / "debut.sqlite3"
    town.store.snapshot(base)
    acts = town.flows(flux=Flux.ACTES)
    pes = town.flows(flux=Flux.HELIOS)
    assert (len(acts), len(pes)) == (2, 2)
    digests = frozenset(town.store.documents.digests())
    return Start(instant=town.clock.instant, base=base, digests=digests, acts=acts, pes=pes)


@pytest.fixture
def power(monkeypatch: pytest.MonkeyPatch) -> Power:
    """Let the power fail at any effect, and write down what was synced instead of syncing."""
    power = Power()
    put, writing = DocumentFolder.put, Database.writing

    def mortal_put(self: DocumentFolder, content: bytes) -> str:
        power.strike()
        return put(self, content)

    @contextmanager
    def mortal_writing(self: Database, **how: bool) -> Iterator[Any]:
        power.hesitate()
        with writing(self, **how) as connection:
            yield connection
            power.strike()  # before the commit, which the error then undoes
        power.strike()

    monkeypatch.setattr(DocumentFolder, "put", mortal_put)
    monkeypatch.setattr(Database, "writing", mortal_writing)
    monkeypatch.setattr(os, "fsync", lambda handle: power.synced.add(os.fstat(handle).st_ino))
    return power


def test_any_order_of_answers(
    town: Town, start: Start, power: Power, request: pytest.FixtureRequest
) -> None:
    Collectings.crossings.clear()
    state = State()
    play(
        lambda: Collectings(town, state, power, start),
        request,
        steps=10,
        examples=100,
        deep=1000,
    )
    played = Collectings.crossings
    assert played["marked"] > 75, played
    assert played["posted twice"] + played["told twice"] > 30, played
    assert played["died"] > 20, played
    assert {*MEANWHILE, "posted twice", "told twice"} <= played.keys(), played


def test_another_process_that_was_faster_is_not_undone(
    town: Town, start: Start, power: Power
) -> None:
    """It takes the AR while we conclude from the anomaly that came before."""
    for rival_at in range(1, 6):
        story = Collectings(town, State(), power, start)
        story.préfecture_answers(0, good=False, version=0, way="status", first=True)
        story.préfecture_answers(0, good=True, version=0, way="file", first=True)
        story.a_round([], [], [], dies_at=0, rival_at=rival_at)
        story.teardown()

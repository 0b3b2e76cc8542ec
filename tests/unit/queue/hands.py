"""Hands that do with a store whatever comes next, without a look at what other hands do."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from demat.faults import Fault, FaultError, Faults
from demat.helios.pieces import EtatPiece
from demat.queue.states import DepositState, TransitionRefused
from demat.queue.store import Store
from demat.queue.views import (
    NewCourrier,
    NewPiece,
    NewReglement,
    NewRetour,
    NewStamp,
    ReceivedFile,
    UsedKey,
)
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, make_deposit, make_part

LEASE = timedelta(minutes=10)
FAULT = Fault(code="CON-TIMEOUT")
EXPECTED = {"QUE-KEY_USED", "QUE-SUPERSEDED", "QUE-IN_FLIGHT", "QUE-REPLACED"}
"""What one is told who comes second."""

__all__ = ["Hand", "Told"]


@dataclass
class Told:
    """What the store told all threads."""

    serials: list[int] = field(default_factory=list)
    deposits: dict[str, set[int]] = field(default_factory=dict)
    claims: list[tuple[int, int]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Hand:
    """One thread: it takes what comes, without a look at what others do."""

    def __init__(self, store: Store, told: Told, seed: int) -> None:
        self.store = store
        self.told = told
        self.random = random.Random(seed)  # noqa: S311 - which step comes next
        self.steps: list[Callable[[], None]] = [
            self.count,
            self.receive,
            self.pack,
            self.pack,
            self.send,
            self.send,
            self.answer,
            self.retour,
            self.courrier,
            self.stamp,
            self.decide,
            self.run,
            self.pause,
            self.prove,
            self.show,
        ]

    def work(self, rounds: int) -> None:
        for _ in range(rounds):
            try:
                self.random.choice(self.steps)()
            except TransitionRefused:
                pass  # another thread moved it first
            except FaultError as error:
                if not EXPECTED.issuperset(error.faults.codes):
                    raise
                self.told.refused.update(error.faults.codes)

    def count(self) -> None:
        self.told.serials.append(self.store.next_serial(EXEMPLE, "pes", "2026"))

    def receive(self) -> None:
        token = f"prise-{self.random.randrange(20)}"
        content = token.encode()
        file = ReceivedFile(name=token, sha256=self.store.documents.put(content), size=len(content))
        deposit = self.store.receive(collectivite=EXEMPLE, name=token, files=[file], token=token)
        with self.told.lock:
            self.told.deposits.setdefault(token, set()).add(deposit.id)

    def pack(self) -> None:
        collectivite = self.random.choice([EXEMPLE, VOISINE, f"{self.random.randrange(9):09}"])
        known = self.store.transmissions(collectivite=collectivite)
        supersedes = self.random.choice([None, *(one.id for one in known[-4:])])
        deposit = make_deposit(self.store, collectivite=collectivite, state=DepositState.CHECKED)
        numbers = self.random.sample(range(12), 3)
        keys = [
            UsedKey(kind="idpce", key=key(n), label=f"mandat {n}", scope="", amount_cents=100)
            for n in numbers
        ]
        part = make_part(self.store, used_keys=tuple(keys), supersedes=supersedes)
        self.store.pack(deposit.id, [part])

    def send(self) -> None:
        claim = self.store.claim("main", lease=LEASE)
        if claim is None:
            return
        self.told.claims.append((claim.transmission.id, claim.attempt))
        outcome = self.random.choice(["deposited", "postpone", "suspend", "refuse"])
        if outcome == "deposited":
            self.store.deposited(claim, "4711")
            self.told.sent.append(claim.transmission.id)
        elif outcome == "postpone":
            self.store.postpone(claim, fault=FAULT, until=START)
        elif outcome == "suspend":
            self.store.suspend(claim, fault=FAULT)
        else:
            self.store.refuse(claim, faults=Faults([FAULT]), frees=["idpce"])

    def answer(self) -> None:
        pending = self.store.awaiting_answer()
        if pending:
            sent = self.random.choice(pending)
            self.store.record_receipt(
                sent.id,
                kind="acquit",
                name="acquit.xml",
                sha256=self.store.documents.put(b"<PES_ACQUIT/>"),
                message_date=None,
                etat="anomalie",
                etat_final=True,
                etat_negative=True,
                etat_before=sent.etat,
                frees=[("idpce", key(n)) for n in range(12)],
            )

    def retour(self) -> None:
        pieces = [
            NewPiece(
                key=key(n),
                bordereau=1,
                objet="",
                etat=EtatPiece.REJETEE,
                taken_on=None,
                rejected_on=START.date(),
                amount_cents=100,
                paid_cents=0,
                regularise=False,
                reglements=(NewReglement(ligne=1, origine="01", day=START.date(), cents=n),),
            )
            for n in self.random.sample(range(12), 6)
        ]
        content = f"<PES_Retour n='{self.random.randrange(40)}'/>".encode()
        self.store.record_retour(
            NewRetour(
                collectivite=self.random.choice([EXEMPLE, VOISINE]),
                sha256=self.store.documents.put(content),
                name="retour.xml",
                cod_bud="01",
                day=START.date(),
                pieces=tuple(pieces),
            )
        )

    def courrier(self) -> None:
        sha256 = self.store.documents.put(f"<Lettre n='{self.random.randrange(5)}'/>".encode())
        self.store.keep_courrier(
            NewCourrier(collectivite=EXEMPLE, sha256=sha256, kind="3", name="lettre.xml")
        )

    def stamp(self) -> None:
        for one in self.store.unstamped(limit=2):
            token = self.store.documents.put(f"jeton {one.sha256}".encode())
            self.store.record_stamp(
                NewStamp(
                    objet=one.objet,
                    sha256=one.sha256,
                    token_sha256=token,
                    instant=START,
                    authority="TSA",
                    transmission_id=one.transmission_id,
                )
            )

    def prove(self) -> None:
        sha256 = self.store.documents.put(f"certificat {self.random.randrange(9)}".encode())
        self.store.install_classification(EXEMPLE, START.date(), sha256)
        for one in self.store.transmissions()[-2:]:
            self.store.keep_proofs(one.id, {sha256: "certificat"})
        self.store.declare_lines({EXEMPLE: f"ligne-{self.random.randrange(3)}"})

    def show(self) -> None:
        for one in self.store.transmissions()[-2:]:
            self.store.record_publication(
                one.id, first_published=START, url="https://ville.example/1", sha256=one.sha256
            )
            self.store.record_publicite(one.id, START.date(), "affichage", "Camille Dupré")

    def decide(self) -> None:
        for one in self.store.suspended()[:1]:
            self.store.resolve_not_landed(one.id)

    def run(self) -> None:
        run = self.store.begin_run("nightly", None)
        if run is not None:
            self.told.runs.append(run)
            assert self.store.begin_run("nightly", None) is None
            self.store.end_run(run, {})

    def pause(self) -> None:
        self.store.pause_collectivite(f"{self.random.randrange(9):09}", START, FAULT)


def key(number: int) -> str:
    return f"depense/01/2026/01/{number}"

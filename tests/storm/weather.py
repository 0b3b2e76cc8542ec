"""The storm itself: engines and sandbox that die, a line that lies, a disk that fills, a clock that
jumps. Everything is drawn from one seed.
"""

import contextlib
import multiprocessing
import os
import resource
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from demat.actes.courriers import TypeCourrier
from demat.actes.lifecycle import EtatActe
from demat.compose import open_office
from demat.config import load_config
from demat.connectors.api import Flux
from demat.engine.office import Office
from demat.engine.reconcile import to_settle
from demat.engine.settle import settle_not_landed
from demat.queue.states import DeliveryState
from demat.sandbox.client import Sandbox
from demat.sandbox.pki import Identity
from tests.postgres import PostgresServer
from tests.storm import engine
from tests.storm.engine import PushedClock
from tests.storm.load import DYING, Handed, Load, Town, reponse, retour, scenario

EMBEDDED = ("night", "day", "day")
"""The engines that work at the same time on one SQLite."""
CENTRE = ("worker", "worker", "worker")
"""Those that share a PostgreSQL."""
SENDINGS = "transac_create|importer_fichier|reponse_create"
LETTERS = (TypeCourrier.COURRIER_SIMPLE, TypeCourrier.DEMANDE_PIECES)
LINE = (
    *("close", "reset", "truncate", "cut", "503", "502", "html200", "empty200", "module", "slow"),
    *("close", "truncate", "html200", "hang"),
)
"""Faults of the line, the long ones less often."""
READ_SECONDS = 2.0
MOSTLY_UP = 15
"""A sandbox that plays twenty thousand flows again takes a while: it is killed less often, for
nothing lands, and nothing can go wrong, while it is down."""
IN_FLIGHT = 6.0
"""Seconds between two pushes of the clock, at least. An engine looks whether something landed once
a request has had the time to be processed; were that time pushed away while the request is on its
way, it would look too early: one jump may happen to a machine, not two in the time of an exchange.
"""
ROUND_SECONDS = 15.0
"""How long the engines work before the clock is pushed, once all is calm: it is not pushed for
nothing, for a late AR is not awaited for ever (§8.5)."""
_PROCESSES = multiprocessing.get_context("forkserver")  # imports are made once, in the server
_PROCESSES.set_forkserver_preload(["tests.storm.engine"])

TOWN = """
[[collectivites]]
nom = "Commune {town.rank}"
siren = "{town.siren}"
siret = "{town.siret}"
dossier = "{town.folder}"
departement = "099"
arrondissement = "1"
adresses_retour = ["retour@tdt-fictif.fr"]

[collectivites.tampon]
actif = false

[collectivites.tdt]
type = "s2low"
url = "{url}"
certificat = "secrets/client-{town.rank}.pem"
cle = "secrets/client-{town.rank}.cle"
mot_de_passe = "secrets/client-{town.rank}.passe"
autorite = "{autorite}"
identifiant = "{town.login}"
mot_de_passe_compte = "secrets/compte-{town.rank}.passe"
delai_lecture_secondes = {read}
"""
BUDGET = """
[[collectivites.budgets]]
libelle = "SAINT-EXEMPLE-LES-FICTION"
siret = "{siret}"
id_post = "099012"
cod_col = "{cod_col}"
cod_bud = "{cod_bud}"
"""


@dataclass(kw_only=True)
class Place:
    """Where the storm blows: the configuration, the processes, what was done to them."""

    root: Path
    load: Load
    sandbox: Sandbox
    random: Random
    server: PostgresServer | None = None
    """The database server of a centre; none for SQLite."""
    base: str = ""
    """Address of the database; empty for SQLite."""
    engines: list[ForkServerProcess] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    """How often each thing was done."""
    struck: Counter[str] = field(default_factory=Counter)
    """Faults of the line that struck, as the sandbox counted them before it died."""
    waiting: list[Handed] = field(default_factory=list)
    shift: float = 0.0
    pushed: float = 0.0
    """When the clock last jumped, on the machine's monotonic counter."""
    sandbox_up: float = 0.0
    """When the sandbox was last ready, on the machine's monotonic counter."""
    sandbox_start: float = 0.0
    """Seconds that it took."""
    answered: dict[str, str] = field(default_factory=dict)
    """The letters that agents answered, by their number at the TdT: the key of the answer."""

    @property
    def config(self) -> Path:
        return self.root / "demat.toml"

    @property
    def data(self) -> Path:
        return self.root / "donnees"

    @property
    def offset(self) -> Path:
        return self.root / "decalage"

    def install(self) -> None:
        """Write the configuration, the secrets and the watched folders."""
        (self.root / "secrets").mkdir()
        url, autorite = self.sandbox.url, self.sandbox.pki.ca_bundle
        text = f'donnees = "donnees"\nbase = "{self.base}"\n'
        text += "stabilite_secondes = 0.05\nenvoi_attente_secondes = 1.0\n"
        text += "conserver_echanges = false\n[rythme]\nbail_secondes = 20\nprocessus_secondes = 4\n"
        text += "pause_secondes = 2\n"  # a line that rests is not under fire
        for town in self.load.towns:
            text += TOWN.format(town=town, url=url, autorite=autorite, read=READ_SECONDS)
            for cod_bud in ("00", "02"):
                text += BUDGET.format(siret=town.siret, cod_col=town.cod_col, cod_bud=cod_bud)
            self.certify(town, self.sandbox.pki.client)
            self.secret(f"compte-{town.rank}.passe", f"secret-{town.rank}\n")
            (town.folder / "a-deposer").mkdir(parents=True)
        self.config.write_text(text, "utf-8")
        self.push_clock(0)
        self.waiting = list(self.load.deposits)

    def secret(self, name: str, text: str) -> None:
        path = self.root / "secrets" / name
        path.write_text(text, "utf-8")
        path.chmod(0o600)

    def certify(self, town: Town, identity: Identity) -> None:
        """Give an authority a certificate for the line."""
        self.secret(f"client-{town.rank}.pem", identity.certificate.read_text("ascii"))
        self.secret(f"client-{town.rank}.cle", identity.key.read_text("ascii"))
        self.secret(f"client-{town.rank}.passe", f"{identity.passphrase}\n")

    @property
    def may_push(self) -> bool:
        """Whether no request that is on its way has seen the clock jump."""
        return time.monotonic() - self.pushed > IN_FLIGHT

    def push_clock(self, hours: float) -> None:
        """Make the clock of every engine jump."""
        self.pushed = time.monotonic()
        self.shift += hours * 3600
        new = self.offset.with_suffix(".neuf")
        new.write_text(str(self.shift), "ascii")
        new.replace(self.offset)

    def start(self, rank: int) -> None:
        """Start an engine, or start it again."""
        place = (self.config, self.offset, self.root / "moteurs.log", os.getpid())
        process = _PROCESSES.Process(target=engine.main, args=(self.modes[rank], *place))
        process.start()
        self.engines[rank : rank + 1] = [process]

    @property
    def modes(self) -> tuple[str, ...]:
        """The engines that work at the same time."""
        return EMBEDDED if self.server is None else CENTRE

    def kill(self, rank: int) -> None:
        """End an engine wherever it is."""
        self.engines[rank].kill()
        self.engines[rank].join()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the tables from aside: the store would read twenty thousand flows each time."""
        if self.server is not None:
            with psycopg.connect(self.base.replace("+psycopg", "")) as connection:
                return connection.execute(query.encode()).fetchall()
        address = f"file:{self.data / 'demat.sqlite3'}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(query).fetchall()

    def sending(self) -> bool:
        """Whether an engine has said that it is going to send something."""
        return bool(self.rows("SELECT 1 FROM transmission WHERE delivery = 'doing' LIMIT 1"))

    def landed(self) -> int:
        """How many flows have left."""
        ((count,),) = self.rows("SELECT count(*) FROM transmission WHERE delivery = 'deposited'")
        return int(count)

    def hand_in(self, count: int) -> None:
        """Do as the agents: put deposits in the watched folders."""
        for _ in range(min(count, len(self.waiting))):
            self._lay(self.waiting.pop())

    def _lay(self, handed: Handed) -> None:
        for name, content in handed.files.items():
            path = handed.town.folder / "a-deposer" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    def answer_letters(self) -> None:
        """Do as the agents: answer, once, each letter that asks for pieces."""
        towns = {town.siren: town for town in self.load.towns}
        asked = f"kind = '{TypeCourrier.DEMANDE_PIECES}' AND laid"
        for number, siren, reference, id_acte in self.rows(
            f"SELECT id, collectivite, reference, id_acte FROM courrier WHERE {asked}"  # noqa: S608
        ):
            if reference not in self.answered:
                handed = reponse(towns[siren], number, id_acte)
                self.answered[reference] = handed.flows[0].key
                self.load.deposits.append(handed)
                self._lay(handed)

    @contextlib.contextmanager
    def office(self) -> Iterator[Office]:
        """Look at the store from here."""
        with open_office(load_config(self.config), clock=PushedClock(self.offset)) as office:
            yield office


def storm(place: Place, seconds: float) -> int:
    """Hand everything in under the worst weather, and go on until most flows have left.

    :returns: how many had.
    """
    random = place.random
    for rank in range(len(place.modes)):
        place.start(rank)
    deposits = len(place.waiting)
    # a machine that holds thousands takes longer to start again: it needs time to send as well
    lull = max(1.0, len(place.load.flows) / 2_000) ** 0.5
    wave = max(1, min(deposits // 300, round(5 * lull)))  # small: who only prepares sends nothing
    dying = place.load.towns[DYING]
    deeds = EMBEDDED_DEEDS if place.server is None else CENTRE_DEEDS
    orders(place)
    ends = time.monotonic() + seconds
    total = len(place.load.flows)
    while time.monotonic() < ends and (place.waiting or place.landed() < total * 0.9):
        place.hand_in(wave)
        if place.done["certificate died"] == 0 and len(place.waiting) < deposits * 0.75:
            place.certify(dying, place.sandbox.pki.expired_client)
            place.done["certificate died"] += 1
        if place.done["certificate renewed"] == 0 and len(place.waiting) < deposits * 0.25:
            place.certify(dying, place.sandbox.pki.client)
            place.done["certificate renewed"] += 1
        (deed,) = random.choices(tuple(deeds), tuple(deeds.values()))
        deed(place)
        if not place.sandbox.alive:
            restart_sandbox(place)
        state_writes(place)
        place.answer_letters()
        time.sleep(random.uniform(0.05, 0.6) * lull)
    place.hand_in(len(place.waiting))
    place.certify(dying, place.sandbox.pki.client)
    return place.landed()


def orders(place: Place) -> None:
    """Have a share of the requests struck; a sandbox that starts again has forgotten it."""
    seed = place.random.randrange(1 << 30)
    place.sandbox.random_faults(LINE, seed=seed, rate=0.06, seconds=READ_SECONDS + 0.5)


def kill_engine(place: Place) -> None:
    rank = place.random.randrange(len(place.modes))
    place.kill(rank)
    place.start(rank)
    place.done["engine killed"] += 1


def cut_power(place: Place) -> None:
    """Kill every engine at once, in the middle of a sending if there is one soon."""
    _comes(place.sending, seconds=2)
    for rank in range(len(place.modes)):
        place.kill(rank)
    for rank in range(len(place.modes)):
        place.start(rank)
    place.done["power cut"] += 1


def _comes(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is true; tell whether it became so."""
    ends = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < ends:
        time.sleep(0.005)
    return true


def kill_sandbox(place: Place) -> None:
    if time.monotonic() - place.sandbox_up < MOSTLY_UP * place.sandbox_start:
        return
    place.struck.update(place.sandbox.struck())
    if place.random.random() < 0.5:
        place.sandbox.kill()
    else:  # in the middle of a sending, on either side of the commit
        when = place.random.choice(("before", "after"))
        place.sandbox.fault(SENDINGS, kind="kill", when=when)
        time.sleep(0.5)
        place.sandbox.kill()
    time.sleep(place.random.uniform(0, 0.5))
    restart_sandbox(place)
    place.done["sandbox killed"] += 1


def restart_sandbox(place: Place) -> None:
    begun = time.monotonic()
    place.sandbox.restart()
    place.sandbox_up = time.monotonic()
    place.sandbox_start = place.sandbox_up - begun
    orders(place)


def refuse_handshake(place: Place) -> None:
    """A certificate that is not wanted for once: the engine leaves that authority alone for hours,
    which is why it happens less often than the rest."""
    place.sandbox.fault("", kind="tls")
    place.done["handshakes to refuse"] += 1


def lose_answers(place: Place) -> None:
    if not _comes(place.sending, seconds=1):
        return  # orders that heap up would keep the line shut
    kind = place.random.choice(LINE)
    seconds = READ_SECONDS + 0.5
    count = place.random.randint(1, 2)
    place.sandbox.fault(SENDINGS, kind=kind, when="after", seconds=seconds, count=count)
    place.done["answers of sendings to lose"] += count


def jump(place: Place) -> None:
    if not place.may_push:
        return
    back = place.done["clock set back"] * 3 <= place.done["clock pushed"]
    hours = place.random.choice((-1, -0.02) if back else (0.02, 0.2, 1, 3, 26))
    place.push_clock(hours)
    place.done["clock pushed" if hours > 0 else "clock set back"] += 1


def fill_disk(place: Place) -> None:
    """No file of an engine grows beyond a size for a while: real errors of the system."""
    pid = place.random.choice(place.engines).pid or 0
    size = place.random.choice((0, 20_000, 200_000))
    with contextlib.suppress(ProcessLookupError):  # the one that works by night may end meanwhile
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        time.sleep(place.random.uniform(0.2, 1.0))
        place.done["disk full"] += 1
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def read_only(place: Place) -> None:
    """The database cannot be written for a while; an engine is started in the middle of it."""
    files = [path for path in place.data.glob("demat.sqlite3*") if path.is_file()]
    place.data.chmod(0o555)
    for path in files:
        path.chmod(0o444)
    try:
        kill_engine(place)
        time.sleep(place.random.uniform(0.5, 1.5))
    finally:
        place.data.chmod(0o755)
        for path in files:
            if path.exists():
                path.chmod(0o644)
    place.done["database read-only"] += 1


def kill_database(place: Place) -> None:
    """The database server dies as in a power cut, and comes back."""
    assert place.server is not None
    place.server.kill()
    time.sleep(place.random.uniform(0, 1))
    place.server.start()
    place.done["database killed"] += 1


def state_writes(place: Place) -> None:
    """Have the DGFiP drop a PES_Retour, sometimes the same again, or the préfecture write."""
    draw = place.random.random()
    if draw < 0.2:
        rank = place.random.randrange(12)
        place.sandbox.send_pes_retour(*retour(place.load.towns[0], rank))
        place.done["PES_Retour dropped"] += 1
    elif draw < 0.4:
        acts = place.rows(
            f"SELECT key FROM transmission WHERE flux = '{Flux.ACTES}'"  # noqa: S608 - ours
            f" AND etat = '{EtatActe.ACQUITTE}' AND key LIKE '%-DE' ORDER BY id"
        )
        if acts:
            (key,) = place.random.choice(acts)
            kind = place.random.choice(LETTERS)
            place.sandbox.send_letter(key.split("-")[3], kind)
            place.done[f"letters of the préfecture, type {kind}"] += 1


def pass_time(place: Place) -> None:
    if not place.may_push:
        return
    minutes = place.random.choice((45, 240, 480))
    place.sandbox.advance(minutes)
    place.push_clock(minutes / 60)


_EVERYWHERE: Mapping[Callable[[Place], None], int] = {
    kill_sandbox: 1,  # its processes take a while to start again
    lose_answers: 5,
    refuse_handshake: 1,
    jump: 4,
    fill_disk: 2,
}
EMBEDDED_DEEDS = {**_EVERYWHERE, kill_engine: 2, cut_power: 2, read_only: 1, pass_time: 5}
"""What is done to the engines of one machine, and how often."""
CENTRE_DEEDS = {**_EVERYWHERE, kill_engine: 1, cut_power: 1, kill_database: 1, pass_time: 14}
"""What is done to workers: rarer deaths, for the locks of a dead worker are freed by the minute."""


def calm(place: Place, office: Office, *, patience: float) -> str:
    """Stop all faults, let the engines finish while time passes quickly, then end them.

    :param patience: seconds without any progress after which we look at what there is.
    :returns: what is stuck; empty when all is over.
    """
    place.struck.update(place.sandbox.struck())
    place.sandbox.restart()
    for rank in range(len(place.modes)):
        place.kill(rank)
        place.start(rank)
    left, seen, since, pushed = "not looked at", "", time.monotonic(), 0.0
    while time.monotonic() - since < patience and all(one.is_alive() for one in place.engines):
        if time.monotonic() - pushed > ROUND_SECONDS:
            place.sandbox.advance(700)
            if time.monotonic() - since > ROUND_SECONDS:  # what is left waits for its time
                place.push_clock(7)
            pushed = time.monotonic()
        time.sleep(1)
        person(place, office)
        place.answer_letters()
        left = unfinished(place, office)
        if not left:
            break
        if left != seen:
            seen, since = left, time.monotonic()
    for process in place.engines:
        process.terminate()
        process.join(60)
        place.done["engine that did not end by itself"] += process.exitcode != 0
    return left


def person(place: Place, office: Office) -> None:
    """Do what the engine asks a person: look on the site of the TdT for a PES whose number is not
    known, and for an answer to a letter, which is never sent twice without being asked for."""
    asked = [(flow, to_settle(flow, office).codes) for flow in office.store.unsettled()]
    told = [(flow, codes[0]) for flow, codes in asked if codes]
    if not told:
        return
    ledger = place.sandbox.ledger()
    pes = {(one["siren"], one["nom_fic"]): one["id"] for one in ledger["pes"]}
    answers = {place.answered[str(one["related"])]: one["id"] for one in replies(ledger)}
    for flow, code in told:
        if code == "QUE-LANDED":
            found = pes[flow.collectivite, flow.key]
        elif "courrier" in flow.facts:
            found = answers.get(flow.key)
        else:
            continue  # an engine settles the rest by itself
        if found is None:
            settle_not_landed(flow, office, who="la tempête")
            place.done["answer not found by a person"] += 1
        else:
            office.store.resolve_landed(flow.id, str(found), {"par": "la tempête"})
            place.done["number looked up by a person"] += 1


def letters(ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the letters of the préfecture that the TdT holds."""
    sent = [one for one in ledger["exchanges"] if one["type"] in LETTERS]
    return [one for one in sent if not one.get("reply")]


def replies(ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the answers to letters that the TdT holds."""
    return [one for one in ledger["exchanges"] if one.get("reply")]


def unfinished(place: Place, office: Office) -> str:
    """Tell what is not over yet; empty when all is."""
    expected = place.load.flows
    found = place.rows(
        "SELECT delivery, etat, count(*) FROM transmission GROUP BY 1, 2 ORDER BY 1, 2"
    )
    etats = Counter(one.etat for one in expected.values())
    if dict(etats) != {
        etat: count for delivery, etat, count in found if delivery == DeliveryState.DEPOSITED
    }:
        return str(found)
    flows = office.store.transmissions()
    unanswered = sum(1 for flow in flows if flow.etat != expected[flow.collectivite, flow.key].etat)
    lying = sum(
        1
        for town in place.load.towns
        for name in ("a-deposer", "en-cours")
        for path in (town.folder / name).glob("*")
        if not path.name.startswith(".")
    )
    theirs = place.sandbox.ledger()
    unread = sum(1 for one in theirs["retours"] if one["unread"])
    kept = sum(len(office.store.courriers(town.siren)) for town in place.load.towns)
    unread += len(letters(theirs)) - kept
    left = (unanswered, lying, unread)
    return "" if not any(left) else str(left)


def put_away(place: Place) -> None:
    """End whatever still runs, however the test ended."""
    for process in place.engines:
        process.kill()
        process.join()
    with contextlib.suppress(OSError):
        place.data.chmod(0o755)
    shutil.rmtree(place.root / "bac-a-sable", ignore_errors=True)


__all__ = ["Place", "calm", "letters", "put_away", "replies", "scenario", "storm"]

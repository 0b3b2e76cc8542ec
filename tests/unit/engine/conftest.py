"""A town hall with a real store, a connector that plays a script, and the fictional fixtures."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from demat.actes.model import Emetteur
from demat.clock import FixedClock
from demat.connectors.api import (
    AuthenticationRefused,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    Refused,
    RemoteProgress,
    RemoteStatus,
    Unreachable,
)
from demat.connectors.memory import ScriptedConnector
from demat.engine.classification import install
from demat.engine.collect import collecting
from demat.engine.nightly import Visit, nightly, prepare_arrivals
from demat.engine.office import Authority, Office, Settings
from demat.engine.process import process
from demat.engine.receive import receive_one
from demat.engine.report import Report
from demat.engine.sign import opened
from demat.engine.sign_session import sign_waiting, waiting_deposits
from demat.engine.signataires import Person, Signataire
from demat.faults import Fault, Faults
from demat.helios.model import Budget, EmetteurPes
from demat.intake.claim import claim_copies
from demat.intake.folders import Folders
from demat.labels_fr.catalogue import explain
from demat.queue.retry import RetryPolicy
from demat.queue.store import Store
from demat.queue.views import DepositView, TransmissionView
from demat.sandbox.pki import Identity, Pki, make_pki
from demat.sandbox.prefecture import retour_classification
from demat.signing.keys import Signer, load_pkcs12
from demat.signing.policy import SignatureOptions
from demat.signing.trust import TrustStore

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "saint-exemple"
START = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
SIREN = "000000000"
VOISINE = "000000018"
SIRET = "21990123800010"
SETTLE = timedelta(seconds=2)
BASE = timedelta(minutes=1)
LEASE = timedelta(minutes=15)
PAUSE = timedelta(hours=6)
ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
RETOUR = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2"
INSTALLED = date(2026, 1, 1)
"""Date of the classification that both towns hold at first."""

UNREACHABLE = Unreachable(Fault(code="CON-UNREACHABLE", params={"reason": "délai dépassé"}))
UNKNOWN = OutcomeUnknown(Fault(code="CON-ANSWER_LOST", params={"reason": "réponse coupée"}))
AUTHENTICATION = AuthenticationRefused(
    Fault(code="CON-AUTHENTICATION", params={"message": "certificat inconnu"})
)
REFUSED = Refused(Fault(code="CON-SIZE", params={"message": "200 Mo"}))
TRANSIENT = Refused(
    Fault(code="CON-KO", params={"message": "Module en maintenance"}), transient=True
)
DUPLICATE = Refused(
    Fault(code="CON-DUPLICATE_NUMBER", params={"message": "existe déjà"}), duplicate=True
)


class Crash(BaseException):
    """The process dies here."""


@dataclass(kw_only=True, slots=True)
class Town:
    """One town hall, its agents and its clock."""

    office: Office
    authority: Authority
    clock: FixedClock
    connector: ScriptedConnector
    _visit: Visit | None = field(default=None)

    @property
    def store(self) -> Store:
        return self.office.store

    @property
    def folders(self) -> Folders:
        return self.authority.folders

    # what agents do

    def drop(self, *names: str) -> None:
        """Copy fixtures into ``a-deposer``."""
        self.folders.make()
        for name in names:
            copy(FIXTURES / name, self.folders.a_deposer / name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file into ``a-deposer``."""
        path = self.folders.a_deposer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def hand_in(self, *paths: Path) -> DepositView:
        """Deposit files at once, as ``demat deposit`` does."""
        self.folders.make()
        claimed = claim_copies(paths, self.folders)
        received = receive_one(claimed, self.authority, self.office)
        return process(received, self.authority, self.office)

    def fixture(self, *names: str) -> DepositView:
        return self.hand_in(*(FIXTURES / name for name in names))

    # what the engine does

    def night(self, *, after: timedelta = timedelta(minutes=20)) -> Report:
        """Let time pass, then make one run."""
        self.clock.instant += after
        report = nightly(self.office, pause=self.pause)
        assert report is not None
        return report

    def pause(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    def intake(self) -> Visit:
        """Receive and prepare what lies in ``a-deposer``; nothing is sent."""
        self.folders.make()
        visit = Visit.of(self.authority, self.office)
        prepare_arrivals([visit])
        self.pause(SETTLE.total_seconds())
        prepare_arrivals([visit])
        return visit

    # what can be seen

    def flows(self, **selection: Any) -> tuple[TransmissionView, ...]:
        return self.store.transmissions(collectivite=self.authority.siren, **selection)

    def flow(self, number: int = 1) -> TransmissionView:
        return self.store.transmission(number)

    def by_numero(self, numero: str) -> TransmissionView:
        (found,) = (flow for flow in self.flows() if flow.facts.get("numero") == numero)
        return found

    def actions(self, number: int = 1) -> list[str]:
        return [entry.action for entry in self.store.journal(transmission_id=number)]

    def tree(self, folder: Path) -> list[str]:
        """Return the files of a folder, hidden ones left out."""
        return sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )

    # what the other side says

    def answer(
        self,
        flow: TransmissionView,
        *contents: bytes,
        progress: RemoteProgress = RemoteProgress.ANSWERED,
        code: str = "4",
        message: str = "",
        name: str = "reponse",
    ) -> None:
        documents = tuple(
            InboundDocument(name=f"{name}-{rank}.xml", content=content)
            for rank, content in enumerate(contents, start=1)
        )
        status = RemoteStatus(progress=progress, code=code, message=message, documents=documents)
        assert flow.reference is not None
        self.connector.answer(flow.reference, [status])


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def settings() -> Settings:
    return Settings(
        trigramme="DMT",
        application="TACT",
        emetteur_pes=EmetteurPes(sigle="DEMAT", adresse="demat test"),
        settle=SETTLE,
        retry=RetryPolicy(base=BASE, cap=timedelta(hours=1), max_attempts=5),
        max_actes_bytes=150_000_000,
        max_pes_bytes=128_000_000,
        max_pj_bytes=20_000_000,
        lease=LEASE,
        auth_pause=PAUSE,
    )


def authority_of(
    root: Path, connector: ScriptedConnector, *, siren: str = SIREN, nom: str = "Saint-Exemple"
) -> Authority:
    return Authority(
        nom=nom,
        siren=siren,
        siret=SIRET,
        folders=Folders(root),
        emetteur=Emetteur(
            siren=siren,
            departement="099",
            arrondissement="1",
            nature="31",
            adresses_retour=("retour@tdt-fictif.fr",),
        ),
        budgets=tuple(
            Budget(id_post="099012", siret=SIRET, cod_col="045", cod_bud=code, libelle=libelle)
            for code, libelle in (("00", "SAINT-EXEMPLE-LES-FICTION"), ("02", "EAU SAINT-EXEMPLE"))
        ),
        civilites={"M": "M", "MME": "MME"},
        connector=connector,
        trust=TrustStore(),
        publication=None,
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    opened = Store.open(
        f"sqlite:///{tmp_path / 'data' / 'demat.db'}", tmp_path / "documents", clock
    )
    yield opened
    opened.close()


@pytest.fixture
def town(tmp_path: Path, store: Store, clock: FixedClock) -> Town:
    """A town that signs nothing."""
    connector = ScriptedConnector()
    authority = authority_of(tmp_path / "mairie", connector)
    return town_of(store, clock, authority, connector)


def town_of(
    store: Store, clock: FixedClock, authority: Authority, connector: ScriptedConnector
) -> Town:
    office = Office(
        store=store, clock=clock, settings=settings(), explain=explain, authorities=(authority,)
    )
    return with_classification(
        Town(office=office, authority=authority, clock=clock, connector=connector)
    )


def with_classification(town: Town) -> Town:
    install(retour_classification(INSTALLED), town.authority, town.office)
    return town


@pytest.fixture
def two_towns(tmp_path: Path, town: Town) -> tuple[Town, Town]:
    """Two towns in one office."""
    connector = ScriptedConnector()
    other = authority_of(tmp_path / "voisine", connector, siren=VOISINE, nom="Voisine")
    office = replace(town.office, authorities=(town.authority, other))
    return (
        replace(town, office=office),
        with_classification(
            Town(office=office, authority=other, clock=town.clock, connector=connector)
        ),
    )


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=START)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFile:
    """Opens the key of an identity; counts how often, and says what was asked."""

    identity: Identity
    passphrase: str = ""
    """Instead of the right one."""
    typed: bool = False
    opened: list[str] = field(default_factory=list)

    @contextmanager
    def open(self, person: Person | None) -> Iterator[Signer]:
        secret = self.passphrase or self.identity.passphrase
        if self.typed:
            secret = person.ask("Mot de passe : ") if person else ""
        path = self.identity.p12
        signer = load_pkcs12(path.read_bytes(), secret, name=path.name)
        self.opened.append(path.name)
        yield signer


def signataire_of(identity: Identity, **values: Any) -> Signataire:
    """Declare a signataire; what is given by name replaces the ordinary."""
    key = KeyFile(identity=identity, passphrase=values.pop("passphrase", ""))
    declared: dict[str, Any] = {
        "nom": "Camille Dupré",
        "options": SignatureOptions(
            role=values.pop("qualite", "Maire"),
            city="SAINT-EXEMPLE",
            postal_code="99120",
            country="FRANCE",
        ),
        "open": key.open,
        "public": lambda: None,
    }
    return Signataire(**(declared | values))


def declare(town: Town, *signataires: Signataire) -> Town:
    """Give the town other signataires."""
    authority = replace(town.authority, signataires=signataires)
    office = replace(town.office, authorities=(authority,))
    return replace(town, office=office, authority=authority)


@pytest.fixture
def seal(town: Town, pki: Pki) -> Callable[..., Town]:
    """Give the town one signataire: a seal or a person, with a chosen identity or passphrase."""

    def give(*, unattended: bool = True, identity: str = "maire", **values: Any) -> Town:
        signataire = signataire_of(getattr(pki, identity), unattended=unattended, **values)
        authority = replace(town.authority, trust=TrustStore.from_folder(pki.trust_folder))
        return declare(replace(town, authority=authority), signataire)

    return give


def sign_all(town: Town) -> dict[int, DepositView]:
    """Sign all that waits with the first signataire, as a session does; by number of deposit."""
    waiting = waiting_deposits(town.authority, town.office)
    with opened(town.authority.signataires[0], town.authority, town.office) as pen:
        return {
            item.deposit.id: sign_waiting(item, pen, town.authority, town.office)
            for item in waiting
        }


def sign_now(town: Town, deposit: DepositView) -> DepositView:
    """Sign all that waits, and return one of them."""
    return sign_all(town)[deposit.id]


@pytest.fixture
def die(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the process die once, before or after a call of something."""

    def arm(owner: Any, name: str, *, after: bool, nth: int = 1) -> None:
        real = getattr(owner, name)
        calls = 0

        def dying(*args: Any, **values: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls != nth:
                return real(*args, **values)
            if after:
                real(*args, **values)
            raise Crash(name)

        monkeypatch.setattr(owner, name, dying)

    return arm


# --------------------------------------------------------------------- answers of the State


def recu(flow: TransmissionView, **changes: str) -> str:
    facts = {**flow.facts, **changes}
    levels = "".join(
        f'<actes:CodeMatiere{rank} actes:CodeMatiere="{code}"/>'
        for rank, code in enumerate(str(facts["matiere"]).split("."), start=1)
    )
    return (
        f'<actes:ActeRecu actes:Date="{facts["date"]}" actes:NumeroInterne="{facts["numero"]}" '
        f'actes:CodeNatureActe="{facts["nature"]}">{levels}'
        f"<actes:Objet>{escape(str(facts['objet']))}</actes:Objet>"
        f"<actes:ClassificationDateVersion>{facts['classification']}"
        "</actes:ClassificationDateVersion>"
        f"<actes:Document><actes:NomFichier>99_DE-{flow.key}-1-1_1.pdf</actes:NomFichier>"
        '</actes:Document><actes:Annexes actes:Nombre="0"/></actes:ActeRecu>'
    )


def ar(
    flow: TransmissionView,
    *,
    id_acte: str = "",
    day: str = "2026-11-24",
    en_cours: str = "2026-01-01",
    **echo: str,
) -> bytes:
    """Write an accusé de réception (1-2)."""
    return (
        f'<actes:ARActe xmlns:actes="{ACTES}" actes:DateReception="{day}" '
        f'actes:IDActe="{id_acte or flow.key}">{recu(flow, **echo)}'
        f"<actes:ClassificationDateVersionEnCours>{en_cours}"
        "</actes:ClassificationDateVersionEnCours></actes:ARActe>"
    ).encode()


def anomaly(
    flow: TransmissionView,
    *,
    detail: str = "Document illisible",
    en_cours: str = "2026-01-01",
    **echo: str,
) -> bytes:
    """Write an anomaly on one act (1-3)."""
    return (
        f'<actes:AnomalieActe xmlns:actes="{ACTES}"><actes:Date>2026-11-24</actes:Date>'
        f"<actes:Nature>002</actes:Nature><actes:Detail>{escape(detail)}</actes:Detail>"
        f"{recu(flow, **echo)}<actes:ClassificationDateVersionEnCours>{en_cours}"
        "</actes:ClassificationDateVersionEnCours></actes:AnomalieActe>"
    ).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One ElementACQUIT."""

    domaine: int = 6
    accepted: bool = True
    bordereau: int | None = None
    exercice: int | None = 2026
    id_unique: str = ""
    error: str = ""
    libelle: str = ""
    piece: int | None = None

    def xml(self) -> str:
        fields = [("DomaineAck", self.domaine), ("EtatAck", int(self.accepted))]
        if self.bordereau is not None:
            fields.append(("NumBord", self.bordereau))
            if self.exercice is not None:
                fields.append(("ExerciceBord", self.exercice))
        inside = "".join(f'<{name} V="{text}"/>' for name, text in fields)
        if self.id_unique:
            inside += f'<IdUnique V="{self.id_unique}"/>'
        return f"<ElementACQUIT>{inside}{self._error()}</ElementACQUIT>"

    def _error(self) -> str:
        if not self.error:
            return ""
        error = f'<Erreur><NumAnoAck V="{self.error}"/><LibelleAnoAck V="{self.libelle}"/></Erreur>'
        if self.piece is None:
            return error
        return f'<DetailPiece><NumPiece V="{self.piece}"/>{error}</DetailPiece>'


def acquit(
    flow: TransmissionView | str, verdicts: Iterable[Verdict], *, cod_col: str = "045"
) -> bytes:
    """Write a PES_ACQUIT."""
    name = flow if isinstance(flow, str) else flow.key
    elements = "".join(verdict.xml() for verdict in verdicts)
    return (
        f'<n:PES_ACQUIT xmlns:n="{RETOUR}"><Enveloppe><Parametres><Version V="2"/>'
        f'<TypFic V="PESALR2"/><NomFic V="{name}"/></Parametres></Enveloppe>'
        f'<EnTetePES><CodCol V="{cod_col}"/></EnTetePES>'
        f'<ACQUIT><EnTeteAcquit><IdVer V="2"/></EnTeteAcquit>{elements}</ACQUIT></n:PES_ACQUIT>'
    ).encode()


def collect_all(
    authority: Authority, office: Office, *, tell: Callable[[Faults], None] | None = None
) -> int:
    """Ask about every flow of an authority, without a pause; return how many answers were new."""
    work = collecting(authority, office, tell=tell)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return int(end.value)


def accept_all(flow: TransmissionView) -> bytes:
    """Accept every bordereau and attachment of a PES."""
    verdicts = [
        Verdict(
            domaine=5 if item["domaine"] == "depense" else 6,
            bordereau=item["numero"],
            exercice=item["exercice"],
        )
        for item in flow.facts["bordereaux"]
    ]
    verdicts += [Verdict(domaine=4, id_unique=one) for one in flow.facts["pieces_jointes"]]
    return acquit(flow, verdicts)


# ------------------------------------------------------------------------------ deposits

TITRES = (
    "exercice;num_bordereau;date_bordereau;num_titre;type;objet;detail;code_produit;compte;"
    "fonction;montant_ht;budget;type_tiers;civilite;nom;prenom;siret;adresse;cp;ville;"
    "code_tiers;date_asap"
)


def titre(
    numero: int, bordereau: int, *, montant: str = "86,40", budget: str = "00", fonction: str = ""
) -> str:
    return (
        f"2026;{bordereau};12/10/2026;{numero};titre;CANTINE;18 repas;CANT;7067;{fonction};"
        f"{montant};{budget};particulier;Mme;ARDOISIER;LUCILE;;14 RUE DU LAVOIR;99120;"
        "SAINT-EXEMPLE;FAM00231;16/10/2026"
    )


def titres(*rows: str) -> bytes:
    """Write an export of titres."""
    return "\r\n".join((TITRES, *rows, "")).encode("cp1252")


def codes(deposit: DepositView) -> Sequence[str]:
    return deposit.faults.codes


def numeros(flows: Iterable[TransmissionView]) -> list[str]:
    return [str(flow.facts["numero"]) for flow in flows]


def landed(town: Town, flux: Flux) -> list[str]:
    """Return the keys that the other side holds, in order."""
    return [held.key for held in town.connector.held.values() if held.flux is flux]

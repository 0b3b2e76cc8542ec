"""What every step works with: the authority, its means, and the services of the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from demat.actes.model import Emetteur
from demat.actes.numerotation import Numerotation
from demat.actes.tampon import ReglageTampon
from demat.clock import Clock
from demat.connectors.api import Connector
from demat.connectors.revocation import Fetched
from demat.engine.signataires import Signataire
from demat.faults import Fault, Severity
from demat.helios.asap import ReglagesAsap
from demat.helios.model import Budget, Domaine, EmetteurPes
from demat.helios.plan import PlanBudget
from demat.intake.folders import Folders
from demat.intake.mapping import ExportMapping
from demat.queue.retry import RetryPolicy
from demat.queue.store import Store
from demat.schemas.catalogue import Catalogue
from demat.signing.certificate import Certificate
from demat.signing.revocation_folder import RevocationFolder
from demat.signing.trust import TrustStore

__all__ = [
    "Antivirus",
    "Authority",
    "Explanation",
    "Office",
    "PublicationTarget",
    "Revocation",
    "RevocationSource",
    "Settings",
    "StampingMeans",
    "TimeStamping",
]


class Explanation(Protocol):
    """A fault in words, for an agent."""

    @property
    def where(self) -> str:
        """File, row or line, column or element."""
        ...

    @property
    def sentence(self) -> str:
        """What is wrong and which one."""
        ...

    @property
    def remedy(self) -> str:
        """What to do."""
        ...

    @property
    def ask(self) -> str:
        """Who can answer a question about it."""
        ...


class Antivirus(Protocol):
    """Looks for viruses; ``demat.connectors.clamd.AntivirusUnusable`` when it cannot."""

    def test(self) -> None:
        """Check that it works."""
        ...

    def scan(self, source: BinaryIO, name: str) -> str:
        """Return the name of the virus found in a file; empty when it is clean."""
        ...


class RevocationSource(Protocol):
    """Asks the authorities of certification; each failure is a ``FaultError``."""

    def fetch(self, address: str, *, etag: str = "", modified: str = "") -> Fetched:
        """Return the list that an address gives, unless it is the one that is held."""
        ...

    def ask(self, address: str, question: bytes) -> bytes:
        """Return the answer of an address to a question (OCSP)."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Revocation:
    """How the revocation of certificates is known."""

    folder: RevocationFolder
    source: RevocationSource


class TimeStamping(Protocol):
    """A time-stamping authority; ``demat.connectors.tsa.TsaUnusable`` when it gives no token."""

    def stamp(self, sha256: str) -> bytes:
        """Return a token on a digest, DER."""
        ...


REST = timedelta(minutes=10)
"""How long an authority that gave no token is left alone: a batch must not wait for it."""


@dataclass(kw_only=True, slots=True)
class StampingMeans:
    """How time-stamps are obtained and judged."""

    authority: TimeStamping
    trust: TrustStore
    """Who is trusted for time-stamps."""
    _silent_until: datetime | None = None

    def rest(self, now: datetime) -> None:
        """Leave the authority alone for a while."""
        self._silent_until = now + REST

    def resting(self, now: datetime) -> bool:
        """Whether it is left alone at that instant."""
        return self._silent_until is not None and now < self._silent_until


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicationTarget:
    """Where the public acts of an authority go."""

    folder: Path
    url: str
    signataire: str
    qualite: str


def _unknown() -> date | None:
    return None


def _nothing() -> tuple[Certificate, ...]:
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """One authority, with everything that acts in its name."""

    nom: str
    siren: str
    siret: str
    folders: Folders
    emetteur: Emetteur
    budgets: tuple[Budget, ...]
    civilites: Mapping[str, str]
    connector: Connector
    trust: TrustStore
    publication: PublicationTarget | None
    signataires: tuple[Signataire, ...] = ()
    """Who signs its bordereaux; none: they leave unsigned, and are signed on paper."""
    plans: Mapping[str, PlanBudget] = field(default_factory=dict)
    """How each budget is kept, by ``demat.helios.plan.plan_key``; what is absent is unknown."""
    asap: Mapping[str, ReglagesAsap] = field(default_factory=dict)
    """What the avis des sommes à payer of each budget need, by ``plan_key``; absent: none."""
    line_expires: Callable[[], date | None] = _unknown
    """Returns the last day of the certificate shown to the other side; ``None``: not known."""
    line_certificates: Callable[[], tuple[Certificate, ...]] = _nothing
    """Returns that certificate, then those of its authorities; empty: not known."""
    mappings: tuple[ExportMapping, ...] = ()
    """The layouts of business software that were declared."""
    numerotation: Numerotation | None = None
    """How the acts are numbered; none means that no number is proposed."""
    tampon: ReglageTampon | None = None
    """How the copies of acknowledged acts are stamped; ``None``: they are not."""
    line: str = ""
    """Name of the tiers de télétransmission, which several authorities may share."""
    exchanges: Path | None = None
    """Folder of the raw copies of the exchanges with the other side; ``None``: none are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Settings of the engine that do not depend on the authority."""

    trigramme: str
    application: str
    emetteur_pes: EmetteurPes
    settle: timedelta
    retry: RetryPolicy
    max_actes_bytes: int
    max_pes_bytes: int
    max_pj_bytes: int
    pes_levels: Mapping[str, Severity] = field(default_factory=dict)
    grille_triplets: frozenset[tuple[Domaine, str, str, str]] = frozenset()
    """« Annexe 2 » of the DGFiP, when it was added."""
    grille_tiers: frozenset[tuple[str, str]] = frozenset()
    """« Annexe 3 » of the DGFiP, when it was added."""
    lease: timedelta = timedelta(minutes=15)
    """How long a sending may take before its outcome counts as unknown."""
    processing: timedelta = timedelta(minutes=5)
    """How long the other side may still be working on a call whose answer was lost (§9.2, step
    2)."""
    collecting: timedelta = timedelta(minutes=15)
    """How often the answers are asked for by day (§7)."""
    auth_pause: timedelta = timedelta(hours=6)
    """How long an authority waits after its certificate was refused."""
    late_answer: timedelta = timedelta(days=30)
    """How long a rejected act is still asked about: a late AR wins (actes dossier §8.5)."""


def _never() -> bool:
    return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """The services of the engine, made once by ``demat.compose``."""

    store: Store
    clock: Clock
    settings: Settings
    explain: Callable[[Fault], Explanation]
    authorities: tuple[Authority, ...]
    catalogue: Catalogue = field(default_factory=Catalogue.default)
    """The schemas that judge what leaves: ours, and the official editions that were installed."""
    stopping: Callable[[], bool] = _never
    """Whether to stop after the exchange under way; what is left waits for the next run."""
    revocation: Revocation | None = None
    """Fetches and keeps the lists of revocation; ``None``: only the trust folders tell."""
    antivirus: Antivirus | None = None
    """Looks at every deposited file before it is read; none: nobody does."""
    stamping: StampingMeans | None = None
    """Gives time-stamps; none: nothing is time-stamped."""

    def authority(self, siren: str) -> Authority:
        """Return an authority by its SIREN.

        :raises KeyError: when it is not configured.
        """
        for authority in self.authorities:
            if authority.siren == siren:
                return authority
        raise KeyError(siren)

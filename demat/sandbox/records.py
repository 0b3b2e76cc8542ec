"""What the TdT remembers: acts, letters and PES with the history of their statuses.

Values are frozen; a step of the history makes a new value (connectors dossier §1.7, §1.9.5).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from demat.clock import date8
from demat.sandbox.scenario import Autorite

__all__ = [
    "LETTERS",
    "NATURES",
    "Courrier",
    "Depot",
    "Kind",
    "PesRetour",
    "PesTransaction",
    "Pli",
    "Step",
    "StoredFile",
    "Transaction",
]

NATURES = {
    1: ("DE", "Délibérations"),
    2: ("AR", "Actes réglementaires"),
    3: ("AI", "Actes individuels"),
    4: ("CC", "Contrats, conventions et avenants"),
    5: ("BF", "Documents budgétaires et financiers"),
    6: ("AU", "Autres"),
}
"""Letters and label of each nature (actes dossier §5.1)."""


class Kind(StrEnum):
    """Type of an ACTES transaction: the first figure of its message codes."""

    ACTE = "1"
    COURRIER_SIMPLE = "2"
    DEMANDE_PIECES = "3"
    LETTRE_OBSERVATIONS = "4"
    DEFERE = "5"
    ANNULATION = "6"
    CLASSIFICATION = "7"


LETTERS = frozenset(
    {Kind.COURRIER_SIMPLE, Kind.DEMANDE_PIECES, Kind.LETTRE_OBSERVATIONS, Kind.DEFERE}
)
"""What the préfecture writes of its own accord."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line of a history."""

    status: int
    message: str
    """Words of the workflow, cut at 512 characters by the real server."""
    at: datetime
    xml: bytes = b""
    """Message of the ministry that caused the step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """One file of an archive."""

    id: int
    name: str
    """Name inside the archive."""
    posted_name: str
    """Name given by the client; empty for what the TdT or the State wrote."""
    mime_type: str
    content: bytes
    type_pj: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Depot:
    """An act as the TdT recorded it: what the ministry will receive."""

    autorite: Autorite
    number: str
    decision_date: date
    nature: int
    matiere: tuple[int, ...]
    subject: str
    document_papier: bool
    classification_date: date
    files: tuple[StoredFile, ...] = ()
    """Message 1-1, act, annexes, in this order."""

    @property
    def id_acte(self) -> str:
        """Unique identifier of the act."""
        return "-".join(
            (
                self.autorite.departement,
                self.autorite.siren,
                date8(self.decision_date),
                self.number,
                NATURES[self.nature][0],
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pli:
    """One archive between the TdT and the ministry, in either direction."""

    id: int
    """Identifier of the envelope (``env=`` of the download script)."""
    name: str
    """Name of the ``.tar.gz``, trigramme included."""
    root: str
    """Root element of its message."""
    files: tuple[StoredFile, ...]
    """Envelope, message, documents, in this order."""

    @property
    def envelope(self) -> StoredFile:
        """File that lists the messages."""
        return self.files[0]

    @property
    def message(self) -> StoredFile:
        """The one message."""
        return self.files[1]

    @property
    def documents(self) -> tuple[StoredFile, ...]:
        """What the message lists, and the page of the mail when it was packed as well."""
        return self.files[2:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Courrier:
    """What makes a transaction a letter of the préfecture, or a reply to one."""

    day: date
    """``DateCourrierPref`` of the letter, which its replies copy."""
    text: str = ""
    """Pieces asked for, or ground."""
    reply: bool = False
    """Reply of the authority; its ``related`` is the letter, whose kind it shares."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One ACTES exchange: an act, a cancellation, a letter, a request for the classification."""

    id: int
    siren: str
    kind: Kind
    history: tuple[Step, ...]
    depot: Depot | None = None
    related: int | None = None
    """The act that a cancellation or a letter is about; the letter that a reply answers."""
    pli: Pli | None = None
    """The archive by which it left, or came."""
    courrier: Courrier | None = None
    """For a letter or a reply to one."""
    unread: bool = False
    """Letter not yet marked as read."""

    @property
    def status(self) -> int:
        """Current status."""
        return self.history[-1].status

    @property
    def submitted_at(self) -> datetime:
        """When it reached the TdT."""
        return self.history[0].at

    def after(self, step: Step) -> "Transaction":
        """Return the transaction with one more step."""
        return replace(self, history=(*self.history, step))

    def answer(self) -> bytes:
        """Return the last receipt (status 4), empty when there is none."""
        received = [step.xml for step in self.history if step.status == 4 and step.xml]
        return received[-1] if received else b""


@dataclass(frozen=True, kw_only=True, slots=True)
class PesTransaction:
    """One PES posted by a client."""

    id: int
    siren: str
    posted_name: str
    content: bytes
    sha1: str
    history: tuple[Step, ...]
    nom_fic: str = ""
    cod_col: str = ""
    siret: str = ""
    """IdColl of its header."""
    acquit: bytes = b""
    acquit_name: str = ""
    hidden: tuple[datetime, datetime] | None = None
    """Between these instants the acquit cannot be served."""

    @property
    def status(self) -> int:
        """Real status, before masking."""
        return self.history[-1].status

    def after(self, step: Step) -> "PesTransaction":
        """Return the transaction with one more step."""
        return replace(self, history=(*self.history, step))

    def served(self, now: datetime) -> bool:
        """Whether the acquit can be downloaded now."""
        if not self.acquit:
            return False
        return self.hidden is None or not self.hidden[0] <= now < self.hidden[1]

    def shown_status(self, now: datetime) -> int:
        """Status given to the client: 3 hides an acquit that cannot be served (§1.9.2)."""
        masked = self.status in (4, 6, 8) and not self.served(now)
        return 3 if masked else self.status


@dataclass(frozen=True, kw_only=True, slots=True)
class PesRetour:
    """One PES_Retour waiting for the authority."""

    id: int
    siren: str
    name: str
    content: bytes
    at: datetime
    unread: bool = True
    file: int = 0
    """Number that it had in the folder of the DGFiP."""

"""The plain values that go into the store and come out of it; nothing here knows the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

from demat.actes.courriers import TypeCourrier
from demat.faults import Fault, Faults
from demat.helios.model import Domaine
from demat.helios.pieces import EtatPiece
from demat.queue.states import DeliveryState, DepositState

__all__ = [
    "Claim",
    "ClassificationView",
    "CourrierView",
    "DepositView",
    "Emission",
    "Heard",
    "JournalView",
    "NewCourrier",
    "NewPiece",
    "NewReglement",
    "NewRetour",
    "NewStamp",
    "NewTransmission",
    "PauseView",
    "PieceView",
    "ProofView",
    "PublicationView",
    "PubliciteView",
    "ReceiptView",
    "ReceivedFile",
    "ReglementView",
    "RestorationView",
    "RetourView",
    "RunView",
    "StampView",
    "Stop",
    "StopView",
    "TransmissionView",
    "Unstamped",
    "UsedKey",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedFile:
    """One file of a deposit, as it was handed in."""

    name: str
    """Name that the agent gave it."""
    sha256: str
    """Its digest, under which the document store keeps the bytes."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedKey:
    """A number that the authority may use only once, such as the numéro of an acte or an IdBord."""

    kind: str
    """Family of the number (``numero``, ``nomfic``, ``idbord``…)."""
    key: str
    """The number itself, in the form that its family compares."""
    label: str
    """What carries it, in the agent's words."""
    scope: str = ""
    """Group in which it is found again: the cumulative total that it counts in (budget, exercice,
    domaine), the content of an attachment; empty when none."""
    amount_cents: int = 0
    """What it adds to that total, in cents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTransmission:
    """One frozen file that is to be sent."""

    flux: str
    """``ACTES`` or ``HELIOS``."""
    file_name: str
    """Name under which it travels, at every attempt."""
    sha256: str
    """Digest of the bytes, already in the document store."""
    size: int
    """Bytes."""
    key: str
    """Business key: the IDActe (ACTES) or the NomFic (HELIOS)."""
    etat: str
    """Legal state in which it starts."""
    etat_final: bool = False
    """Whether the State has no further word to say in that state."""
    etat_negative: bool = False
    """Whether that state is unfavourable."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What later steps need to know of it: JSON values only."""
    used_keys: Sequence[UsedKey] = ()
    """Numbers that it uses up."""
    supersedes: int | None = None
    """Transmission that it replaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepositView:
    """What a mairie handed in, and how far its preparation is."""

    id: int
    """Number of the deposit."""
    collectivite: str
    """Authority it belongs to."""
    name: str
    """Name of the file or folder that was dropped."""
    kind: str | None
    """What it was recognised as; ``None`` before it is read."""
    state: DepositState
    """How far its preparation is."""
    files: tuple[ReceivedFile, ...]
    """The files, in the order they were handed in."""
    faults: Faults
    """What was found at the last move."""
    detail: Mapping[str, str]
    """What the steps left for the next ones; a later value replaces an earlier one."""
    token: str
    """What its claim in the watched folder is called: the same token is recorded once."""
    replaces: int | None
    """Deposit that this one corrects."""
    replaced_by: int | None
    """Deposit that corrects this one."""
    received_at: datetime
    """Instant of reception, UTC."""
    updated_at: datetime
    """Instant of the last move, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TransmissionView:
    """One frozen file: its sending and its legal life."""

    id: int
    """Number of the transmission."""
    deposit_id: int
    """Deposit it comes from."""
    collectivite: str
    """Authority that sends it."""
    flux: str
    """``ACTES`` or ``HELIOS``."""
    file_name: str
    """Name under which it travels."""
    sha256: str
    """Digest of the frozen bytes."""
    size: int
    """Bytes."""
    key: str
    """Business key: the IDActe (ACTES) or the NomFic (HELIOS)."""
    delivery: DeliveryState
    """Where its sending has come to."""
    etat: str
    """Its legal state (``EtatActe`` or ``EtatPes``)."""
    etat_final: bool
    """Whether the State has given its last word."""
    etat_negative: bool
    """Whether its legal state is unfavourable."""
    reference: str | None
    """Number that the other side gave it; ``None`` when unknown."""
    remote_code: str | None
    """Last status that the other side told, in its own numbering."""
    attempts: int
    """How many times somebody set out to send it."""
    next_attempt_at: datetime | None
    """Not to be sent before this instant, UTC."""
    lease_until: datetime | None
    """While being sent: when the worker is held for dead, UTC."""
    created_at: datetime
    """Instant of packing, UTC."""
    deposited_at: datetime | None
    """Instant at which we learned that the other side took it, UTC."""
    unknown_since: datetime | None
    """Since when nobody knows what became of a sending, UTC; ``None`` once that is settled. A flow
    that is offered again in order to know keeps it."""
    updated_at: datetime
    """Instant of the last change, UTC."""
    facts: Mapping[str, Any]
    """What the packing step wrote down for later steps."""
    faults: Faults
    """Faults of the last outcome of a sending or of the last receipt."""
    supersedes: int | None
    """Transmission that this one replaces."""
    superseded_by: int | None
    """Transmission that replaces this one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right of one worker to send one transmission, for a while."""

    transmission: TransmissionView
    """What is to be sent."""
    token: str
    """Proof of the right; it dies with the lease."""
    worker: str
    """Who holds it."""
    lease_until: datetime
    """Until when, UTC."""
    line: str = ""
    """Line by which it leaves."""
    doubted: bool = False
    """Whether that line did not answer of late."""
    trying: bool = False
    """Whether it is the one flow that tries a line that was shut."""

    @property
    def content_sha256(self) -> str:
        """Digest of the bytes to send."""
        return self.transmission.sha256

    @property
    def attempt(self) -> int:
        """Rank of this attempt, from 1."""
        return self.transmission.attempts


class Heard(Enum):
    """What a sending tells about the line that it took."""

    ANSWER = auto()
    """It answered, be it to refuse."""
    SILENCE = auto()
    """It did not, or cannot work for the moment."""
    NOTHING = auto()
    """It was not asked."""


class Stop(Enum):
    """Why nothing leaves by a line for a while."""

    SHUT = auto()
    """It did not answer several times in a row."""
    QUIET = auto()
    """It is in a quiet window."""
    BYTES = auto()
    """It took its bytes of this hour."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopView:
    """A line by which nothing leaves for a while."""

    line: str
    why: Stop
    until: datetime
    """UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptView:
    """One answer of the State, bound to its transmission."""

    id: int
    """Number of the receipt."""
    transmission_id: int
    """Transmission that it answers."""
    kind: str
    """What it is (``ar``, ``anomalie``, ``acquit``…)."""
    name: str
    """Name of the file that carried it."""
    sha256: str
    """Digest of its untouched bytes."""
    message_date: date | None
    """Date that the State wrote in it (``DateReception`` of an AR)."""
    received_at: datetime
    """Instant at which we recorded it, UTC."""
    etat: str
    """Legal state after it."""
    faults: Faults
    """What the State found."""
    detail: Mapping[str, str]
    """What else is worth showing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalView:
    """One entry of the journal."""

    id: int
    """Rank in the chain, from 1 without a gap."""
    at: datetime
    """Instant, UTC."""
    collectivite: str
    """Authority concerned."""
    deposit_id: int | None
    """Deposit concerned."""
    transmission_id: int | None
    """Transmission concerned."""
    action: str
    """What happened."""
    before: str
    """State before; empty when nothing moved."""
    after: str
    """State after; empty when nothing moved."""
    detail: Mapping[str, str]
    """What else is known."""
    previous_hash: str
    """Seal of the entry before it."""
    hash: str
    """Digest that seals this entry and all those before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseView:
    """An authority whose flows wait, for instance because its certificate was refused."""

    collectivite: str
    """Authority concerned."""
    until: datetime
    """When its flows may leave again, UTC."""
    fault: Fault | None
    """Why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassificationView:
    """A classification of the préfecture, as installed for one authority (message 7-2)."""

    collectivite: str
    """Authority concerned."""
    day: date
    """Date of the classification, as the préfecture wrote it."""
    sha256: str
    """Digest of the untouched message."""
    installed_at: datetime
    """Instant of installation, UTC."""
    checked_at: datetime
    """Instant at which it was last found to be in force, UTC."""
    announced: date | None
    """Date of a newer one that the préfecture told of and that is not installed yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    """One run of a periodic job."""

    id: int
    """Number of the run."""
    kind: str
    """Which job."""
    scheduled_for: datetime | None
    """Instant that it was due, UTC; ``None`` when a person started it."""
    started_at: datetime
    """Instant of the start, UTC."""
    ended_at: datetime | None
    """Instant of the end, UTC; ``None`` while it runs."""
    lost: bool
    """Whether its process died before the end."""
    report: Mapping[str, Any]
    """What it did; empty before the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestorationView:
    """One restoration of a backup."""

    at: datetime
    """Instant of the restoration, UTC."""
    backup_at: datetime
    """Instant of the backup, UTC: what happened since is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicationView:
    """What was put on line for one transmission (CGCT L2131-1: the first date is the legal one)."""

    transmission_id: int
    """Transmission whose acte is published."""
    collectivite: str
    """Authority that publishes."""
    first_published: datetime
    """Instant of the first publication, UTC; it never changes."""
    url: str
    """Where."""
    sha256: str
    """Digest of what is published."""
    updated_at: datetime
    """Instant of the last change, UTC."""
    withdrawn_at: datetime | None
    """Instant at which it was taken down, UTC."""
    withdrawal_reason: str
    """Why it was taken down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PubliciteView:
    """When an acte was made public, as a person told it (CGCT L2131-1)."""

    transmission_id: int
    """Transmission whose acte it is."""
    day: date
    """Legal day."""
    mode: str
    """How: posted, notified, put on line…"""
    who: str
    """Who told it."""
    recorded_at: datetime
    """Instant at which it was told, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCourrier:
    """A message of the préfecture that is no receipt, its bytes already in the document store."""

    collectivite: str
    """Authority that it is for."""
    sha256: str
    """Digest of the message, or of the whole mail when it holds none."""
    kind: str
    """``TypeCourrier``, ``rappel`` (paper that is awaited) or ``quarantaine``."""
    name: str
    """Name of the file that carried it."""
    root: str = ""
    """Local name of its root; empty when it is no XML."""
    id_acte: str = ""
    """IDActe that it names; empty when it names none."""
    day: date | None = None
    """Date of the letter, or of the déféré."""
    texte: str = ""
    """Its own words."""
    reference: str = ""
    """Its number on the other side; empty when it came by another way."""
    documents: tuple[ReceivedFile, ...] = ()
    """What came with it."""
    transmission_id: int | None = None
    """Acte that it is about; ``None``: not sent by demat."""
    faults: Faults = field(default_factory=Faults)
    """What is odd about it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CourrierView:
    """A message of the préfecture that was kept."""

    id: int
    """Its number here, which agents use."""
    collectivite: str
    """Authority that it is for."""
    sha256: str
    """Digest of its untouched bytes."""
    kind: str
    """``TypeCourrier``, ``rappel`` or ``quarantaine``."""
    root: str
    """Local name of its root; empty when it is no XML."""
    name: str
    """Name of the file that carried it."""
    id_acte: str
    """IDActe that it names; empty when it names none."""
    day: date | None
    """Date of the letter, or of the déféré."""
    texte: str
    """Its own words."""
    reference: str
    """Its number on the other side; empty when unknown."""
    documents: tuple[ReceivedFile, ...]
    """What came with it."""
    transmission_id: int | None
    """Acte that it is about; ``None``: not sent by demat."""
    received_at: datetime
    """Instant of reception, UTC."""
    faults: Faults
    """What is odd about it."""
    laid: bool
    """Whether its folder lies where agents look."""

    @property
    def type(self) -> TypeCourrier | None:
        """What letter it is; ``None`` for a reminder and for what is in quarantine."""
        return TypeCourrier(self.kind) if self.kind in set(TypeCourrier) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewReglement:
    """One payment or collection that a retour tells."""

    ligne: int
    """``IdLigne``."""
    origine: str
    """``OrgEma``, as coded."""
    day: date
    """``DtePay`` or ``DteReco``."""
    cents: int
    """``MtPay`` or ``MtReco``, in cents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPiece:
    """What one retour says of one mandat or titre."""

    key: str
    """``idpce`` key: ``domaine/cod_bud/exercice/typ_bord/numero``."""
    bordereau: int
    """``IdBord``."""
    objet: str
    """``Obj``."""
    etat: EtatPiece
    """State that this retour alone gives."""
    taken_on: date | None
    """``DtePcePec``."""
    rejected_on: date | None
    """``DtePceRej``."""
    amount_cents: int
    """Total of its lines, TVA included."""
    paid_cents: int
    """Paid or collected so far."""
    regularise: bool
    """Whether a mandat or a titre is to be issued for it."""
    reglements: tuple[NewReglement, ...] = ()
    """Its payments or collections, as far as they are dated."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """What an agent may have to read or copy: JSON values only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRetour:
    """One PES_Retour, its bytes already in the document store."""

    collectivite: str
    """Authority whose account or folder it came by."""
    sha256: str
    """Digest of the bytes."""
    name: str
    """Name under which it came."""
    cod_bud: str = ""
    """Budget; empty when it fits none of the authority, and then nothing else counts."""
    day: date | None = None
    """``DteStr``; ``None`` when unreadable: then it is older than any other."""
    pieces: tuple[NewPiece, ...] = ()
    """What it says."""
    faults: Faults = field(default_factory=Faults)
    """What is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetourView:
    """One PES_Retour that was kept."""

    id: int
    """Its number."""
    collectivite: str
    """Authority whose account or folder it came by."""
    sha256: str
    """Digest of the bytes, which the document store keeps."""
    name: str
    """Name under which it came."""
    cod_bud: str
    """Budget; empty when it fits none."""
    day: date | None
    """``DteStr``."""
    pieces: int
    """How many pièces it tells about."""
    received_at: datetime
    """Instant of reception, UTC."""
    faults: Faults
    """What is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceView:
    """Where one mandat or titre stands, by the retours."""

    id: int
    """Its number in the store."""
    key: str
    """``idpce`` key: ``domaine/cod_bud/exercice/typ_bord/numero``."""
    bordereau: int
    """``IdBord``."""
    objet: str
    """``Obj``."""
    etat: EtatPiece
    """Its state."""
    day: date | None
    """Date of the retour that decided; ``None`` when unreadable."""
    retour_id: int
    """Retour that decided."""
    transmission_id: int | None
    """Transmission that carried it; ``None``: not sent by demat."""
    taken_on: date | None
    """Day of acceptance."""
    rejected_on: date | None
    """Day of rejection."""
    amount_cents: int
    """Its amount, TVA included."""
    paid_cents: int
    """Paid or collected so far."""
    regularise: bool
    """Whether it came without any mandat or titre (TypBord 04/05, TypPce 12/13)."""
    to_regularise: bool
    """Whether a mandat or a titre is still to be issued for it."""
    looked_up_to: int
    """Last transmission that was searched for what regularises it."""
    detail: Mapping[str, Any]
    """Reasons, comment, lines."""

    @property
    def domaine(self) -> Domaine:
        """Mandat or titre."""
        return Domaine(self.key.split("/")[0])

    @property
    def cod_bud(self) -> str:
        """``CodBud``."""
        return self.key.split("/")[1]

    @property
    def exercice(self) -> int:
        """``Exer``."""
        return int(self.key.split("/")[2])

    @property
    def typ_bord(self) -> str:
        """``TypBord``."""
        return self.key.split("/")[3]

    @property
    def numero(self) -> int:
        """``IdPce``."""
        return int(self.key.split("/")[4])


@dataclass(frozen=True, kw_only=True, slots=True)
class ReglementView:
    """One payment or collection of a pièce."""

    key: str
    """``idpce`` key of the pièce."""
    origine: str
    """``OrgEma``, as coded."""
    day: date
    """Its day."""
    cents: int
    """Its amount."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """A bordereau or a pièce that was sent and whose number is in use."""

    kind: str
    """``idbord`` or ``idpce``."""
    key: str
    """Its key."""
    used_at: datetime
    """Instant at which it was frozen to be sent, UTC."""
    amount_cents: int
    """MtBordHT of a bordereau; 0 for a pièce."""
    transmission_id: int
    """Transmission that carries it."""
    answered: bool
    """Whether Hélios has answered: what it did not take no longer uses its number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unstamped:
    """Bytes that still await their time-stamp."""

    objet: str
    """``transmission`` or ``recu``."""
    transmission_id: int
    """Transmission that it is, or that it answers."""
    sha256: str
    """Digest of the bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewStamp:
    """A time-stamp that was obtained, its token already in the document store."""

    objet: str
    """``transmission``, ``recu`` or ``journal``."""
    sha256: str
    """Digest that was stamped."""
    token_sha256: str
    """Digest of the token."""
    instant: datetime
    """Instant that it proves, aware."""
    authority: str
    """Who made it."""
    transmission_id: int | None = None
    """Transmission concerned; ``None`` for the journal."""
    first_entry: int | None = None
    """First entry of the journal under it; ``None`` unless it is about the journal."""
    last_entry: int | None = None
    """Last one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StampView:
    """A time-stamp that was kept."""

    id: int
    """Its number."""
    objet: str
    """``transmission``, ``recu`` or ``journal``."""
    transmission_id: int | None
    """Transmission concerned; ``None`` for the journal."""
    first_entry: int | None
    """First entry of the journal under it."""
    last_entry: int | None
    """Last entry of the journal under it."""
    sha256: str
    """Digest that was stamped."""
    token_sha256: str
    """Digest of the token, which the document store keeps."""
    instant: datetime
    """Instant that it proves, UTC."""
    authority: str
    """Who made it."""
    at: datetime
    """Instant at which it was kept, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofView:
    """A certificate or a revocation list that was known when a transmission was frozen."""

    nature: str
    """``racine``, ``certificat``, ``liste``, ``ocsp``, ``bordereau_tdt`` or ``tampon_tdt``."""
    sha256: str
    """Digest of the document, which the document store keeps."""
    at: datetime
    """Instant at which it was kept, UTC."""

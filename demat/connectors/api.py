"""The interface of every connector; the four outcomes of a sending (connectors dossier §9.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from demat.errors import DematError
from demat.faults import Fault, FaultError, Faults

__all__ = [
    "AuthenticationRefused",
    "Connector",
    "ConnectorError",
    "Flux",
    "InboundDocument",
    "OutcomeUnknown",
    "PaperKind",
    "Refused",
    "RemoteCourrier",
    "RemotePaper",
    "RemoteProgress",
    "RemoteRetour",
    "RemoteStatus",
    "Shipment",
    "Unreachable",
]


class Flux(StrEnum):
    """Which State application a transmission is for."""

    ACTES = "ACTES"
    """Contrôle de légalité, préfecture."""
    HELIOS = "HELIOS"
    """Comptable public, DGFiP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipment:
    """What is handed to the other side: exactly the bytes frozen at packing time."""

    flux: Flux
    file_name: str
    """Name of the ACTES archive (``….tar.gz``) or of the PES file."""
    content: bytes
    key: str
    """Business key: the IDActe (ACTES) or the NomFic (HELIOS)."""
    about: str = ""
    """Reference, on the other side, of the letter that it answers or of the act that it cancels;
    empty for an act or a PES."""


class RemoteProgress(StrEnum):
    """Where the other side is with a shipment, whatever its own numbering."""

    PENDING = "pending"
    """Taken, not yet handed to the State."""
    TRANSMITTED = "transmitted"
    """Handed to the State, no answer yet."""
    ANSWERED = "answered"
    """The State has answered; ``documents`` holds what it said, or will at the next poll."""
    ERROR = "error"
    """Rejected by the tiers de télétransmission or by the State."""
    CANCELLED = "cancelled"
    """The transmission was cancelled."""
    WAITING_FOR_PERSON = "waiting_for_person"
    """A person must confirm or sign on the other side."""
    UNRECOGNISED = "unrecognised"
    """A status that we do not know: keep polling and alert, never conclude."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundDocument:
    """A document that came back, untouched."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteStatus:
    """One answer of the other side about one shipment."""

    progress: RemoteProgress
    code: str
    """Status as the other side numbers it."""
    message: str
    """Its own words, in full; may be empty."""
    documents: Sequence[InboundDocument] = ()
    earlier_copy: bool = False
    """Whether it was put in error because an earlier copy of the same file is the one that counts
    (§9.3): nothing of it was refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteRetour:
    """A PES_Retour that the other side holds and that nobody has marked as read."""

    reference: str
    """Its number on the other side."""
    name: str
    """Its file name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteCourrier:
    """A letter of the préfecture that the other side holds and that nobody has marked as read."""

    reference: str
    """Its number on the other side."""
    kind: str
    """First figure of the message code: ``2`` courrier simple, ``3`` demande de pièces, ``4``
    lettre d'observations, ``5`` déféré."""
    about: str
    """Reference, on the other side, of the act that it is about; empty when not told."""
    id_acte: str
    """``IDActe`` of that act, or empty when not told."""


class PaperKind(StrEnum):
    """What the other side makes of an acknowledged act for those who sent it."""

    BORDEREAU = "bordereau"
    """Its own bordereau d'acquittement."""
    TAMPON = "tampon"
    """A copy of a file of the act, with the stamp of its transmission."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RemotePaper:
    """One such paper, untouched."""

    kind: PaperKind
    """What it is."""
    rank: int
    """Rank of the file that is stamped, 0 for the act itself; 0 for a bordereau."""
    content: bytes = field(repr=False)
    """A PDF."""


class ConnectorError(DematError):
    """The other side did not do what was asked."""


class Unreachable(FaultError, ConnectorError):
    """Surely not received: sending again is safe."""


class AuthenticationRefused(Unreachable):
    """Surely not received, and will not be before a person renews a certificate or a right."""


class OutcomeUnknown(FaultError, ConnectorError):
    """Perhaps received: ask before sending again."""


class Refused(FaultError, ConnectorError):
    """Received and rejected: a person must act, unless ``transient``."""

    def __init__(
        self,
        faults: Faults | Fault,
        *,
        transient: bool = False,
        duplicate: bool = False,
        inconclusive: bool = False,
        account: bool = False,
    ) -> None:
        super().__init__(faults)
        self.transient = transient
        """The other side asks to come back later; nothing was kept."""
        self.duplicate = duplicate
        """The other side already holds this number or these bytes: reconcile (§9.2, §9.3)."""
        self.inconclusive = inconclusive
        """It is not about what was sent (a right that was taken away, words that we do not know):
        an earlier sending of the same, of unknown outcome, may have been accepted."""
        self.account = account
        """The account may not send, whatever is sent: nothing is wrong with what was, and its
        number was not taken."""


class Connector(Protocol):
    """What the engine asks of a tiers de télétransmission; one instance per authority."""

    name: str
    acknowledges_courriers: bool
    """Whether the other side itself sends the receipts 3-2 and 4-2 of the letters."""
    keeps_refused_numbers: bool
    """Whether the number of an act that the préfecture rejected serves no more on the other side
    (actes dossier §10 rule 12, §12.3): the act then leaves again under another."""

    papers_offered: frozenset[PaperKind]
    """What the other side makes of an acknowledged act, and is to be fetched."""

    def test(self) -> str:
        """Check certificate and account; return the other side's words.

        :raises ConnectorError: with the reason.
        """
        ...

    def deposit(self, shipment: Shipment) -> str:
        """Hand over the frozen bytes and return the reference that the other side gives.

        :raises Unreachable: surely not received.
        :raises OutcomeUnknown: perhaps received.
        :raises Refused: received and rejected.
        """
        ...

    def find(self, shipment: Shipment) -> str | None:
        """Look for a shipment whose outcome is unknown, without sending anything.

        :returns: its reference, or ``None`` when the other side surely does not hold it.
        :raises Unreachable: the question could not be asked.
        :raises OutcomeUnknown: the other side cannot say (HELIOS: no search exists).
        """
        ...

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        """Ask where a shipment is; read only, safe to repeat.

        :raises Unreachable: the question could not be asked.
        """
        ...

    def papers(self, reference: str, *, affichage: date | None = None) -> Sequence[RemotePaper]:
        """Return the papers of an acknowledged act, all that are offered or none; read only.

        :param affichage: day of its publication, for the stamp; ``None`` when not known.
        :raises Unreachable: they cannot be had now; ask again later.
        """
        ...

    def person_page(self, flux: Flux, reference: str, code: str) -> str:
        """Return the address where a person must act, in a browser; empty when nobody must.

        :param code: last status that the other side told.
        """
        ...

    def classification(self) -> bytes:
        """Return the préfecture's current classification (message 7-2), untouched.

        :raises Refused: the other side holds none.
        """
        ...

    def request_classification(self, held: date | None) -> None:
        """Ask the préfecture for a newer classification (message 7-1)."""
        ...

    def retours(self) -> Sequence[RemoteRetour]:
        """List the PES_Retour that were not marked as read; read only.

        Where answers come as files, the acquits are listed with them.

        :raises Unreachable: the question could not be asked.
        """
        ...

    def retour(self, reference: str) -> InboundDocument:
        """Return a PES_Retour, untouched; it stays unread until :meth:`mark_read`.

        :raises Refused: the other side does not hold it.
        :raises Unreachable: the question could not be asked.
        """
        ...

    def mark_read(self, reference: str) -> None:
        """Say that a PES_Retour was stored durably: it is not listed any more. Safe to repeat.

        :raises Refused: the other side does not hold it.
        :raises Unreachable: the answer is not known; ask again.
        """
        ...

    def courriers(self) -> Sequence[RemoteCourrier]:
        """List the letters of the préfecture that were not marked as read; read only.

        Where answers come as files, every other message of hers is listed with them.

        :raises Unreachable: the question could not be asked.
        """
        ...

    def courrier(self, reference: str) -> InboundDocument:
        """Return a letter, untouched; it stays unread until :meth:`mark_courrier_read`.

        :returns: the ``.tar.gz``: envelope, message, documents; or a message that came alone.
        :raises Refused: the other side does not give it.
        :raises Unreachable: the question could not be asked.
        """
        ...

    def mark_courrier_read(self, reference: str) -> None:
        """Say that a letter was stored durably: it is not listed any more. Safe to repeat.

        :raises Unreachable: the answer is not known; ask again.
        """
        ...

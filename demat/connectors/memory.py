"""A connector that plays a script, for the tests of the engine; same contract tests as S²LOW."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from demat.connectors.api import (
    ConnectorError,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    PaperKind,
    Refused,
    RemoteCourrier,
    RemotePaper,
    RemoteProgress,
    RemoteRetour,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.faults import Fault

__all__ = ["Failure", "ScriptedConnector"]

_PENDING = RemoteStatus(progress=RemoteProgress.PENDING, code="1", message="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What happens at one future call."""

    error: ConnectorError
    """Raised to the caller."""
    landed: bool = False
    """Whether a deposit was nevertheless received: the answer alone is lost (fault F8)."""


class ScriptedConnector:
    """Holds what is deposited, and fails when told to.

    Without a script: a deposit is taken once per key (ACTES: acts, replies and cancellations, whose
    archives are not opened) or per bytes (HELIOS), a status is ``PENDING`` until :meth:`answer` is
    called, and no classification is held.
    """

    name = "scripted"

    def __init__(self, *, acknowledges_courriers: bool = False) -> None:
        self.acknowledges_courriers = acknowledges_courriers
        self.keeps_refused_numbers = True
        self.papers_offered: frozenset[PaperKind] = frozenset()
        self.held_papers: dict[str, tuple[RemotePaper, ...]] = {}
        """Papers of acknowledged acts, by reference; put there by the test."""
        self.shipments: list[Shipment] = []
        """Every shipment handed to ``deposit``, refused ones included, in order."""
        self.held: dict[str, Shipment] = {}
        """What the other side holds, by reference."""
        self.calls: list[tuple[str, str]] = []
        """Every call: the method, and the key or the reference that it was about."""
        self.held_classification: bytes | None = None
        """Classification that the other side holds."""
        self.classification_requests: list[date | None] = []
        """Date given with each request for a classification."""
        self.held_retours: dict[str, InboundDocument] = {}
        """PES_Retour that the other side holds, by reference; put there by the test."""
        self.read_retours: list[str] = []
        """References of those that were marked as read, in order."""
        self.held_courriers: dict[str, tuple[RemoteCourrier, InboundDocument]] = {}
        """Letters of the préfecture that the other side holds, by reference; put there by the test
        (see :meth:`hold_courrier`)."""
        self.read_courriers: list[str] = []
        """References of the letters that were marked as read, in order."""
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._answers: defaultdict[str, deque[RemoteStatus]] = defaultdict(deque)

    def fail_next(self, method: str, error: ConnectorError, *, landed: bool = False) -> None:
        """Make a future call of ``method`` raise; several failures are played in order.

        :param landed: for ``deposit``, keep the shipment all the same.
        """
        self._failures[method].append(Failure(error=error, landed=landed))

    def answer(self, reference: str, statuses: Iterable[RemoteStatus]) -> None:
        """Program the next answers about a reference; the last one is repeated."""
        self._answers[reference] = deque(statuses)

    def hold_courrier(self, courrier: RemoteCourrier, archive: bytes) -> None:
        """Have the préfecture write: the letter is listed until it is marked as read."""
        document = InboundDocument(name=f"{courrier.reference}-courrier.tar.gz", content=archive)
        self.held_courriers[courrier.reference] = (courrier, document)

    def test(self) -> str:
        self._play("test", "")
        return "OK"

    def deposit(self, shipment: Shipment) -> str:
        self.shipments.append(shipment)
        self.calls.append(("deposit", shipment.key))
        failure = self._next_failure("deposit")
        if failure is not None and not failure.landed:
            raise failure.error
        reference = self._take(shipment)
        if failure is not None:
            raise failure.error
        return reference

    def find(self, shipment: Shipment) -> str | None:
        self._play("find", shipment.key)
        if shipment.flux is Flux.HELIOS:
            raise OutcomeUnknown(Fault(code="CON-NO_SEARCH", params={"key": shipment.key}))
        return self._reference_of(shipment)

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        self._play("status", reference)
        known = self.held.get(reference)
        if known is None or known.flux is not flux:
            message = "Numéro de transaction invalide"
            return RemoteStatus(progress=RemoteProgress.UNRECOGNISED, code="KO", message=message)
        answers = self._answers[reference]
        if not answers:
            return _PENDING
        return answers.popleft() if len(answers) > 1 else answers[0]

    def papers(self, reference: str, *, affichage: date | None = None) -> tuple[RemotePaper, ...]:
        self._play("papers", reference)
        if reference not in self.held_papers:
            raise Unreachable(Fault(code="CON-EMPTY_ANSWER"))
        return self.held_papers[reference]

    def person_page(self, flux: Flux, reference: str, code: str) -> str:
        return f"https://tdt.invalid/confirmer?id={reference}" if code == "17" else ""

    def classification(self) -> bytes:
        self._play("classification", "")
        if self.held_classification is None:
            message = "Aucune dernière classification"
            raise Refused(Fault(code="CON-NO_CLASSIFICATION", params={"message": message}))
        return self.held_classification

    def request_classification(self, held: date | None) -> None:
        self._play("request_classification", "")
        self.classification_requests.append(held)

    def retours(self) -> tuple[RemoteRetour, ...]:
        self._play("retours", "")
        return tuple(
            RemoteRetour(reference=reference, name=document.name)
            for reference, document in self.held_retours.items()
            if reference not in self.read_retours
        )

    def retour(self, reference: str) -> InboundDocument:
        self._play("retour", reference)
        return self._retour(reference)

    def mark_read(self, reference: str) -> None:
        self._play("mark_read", reference)
        self._retour(reference)
        self.read_retours.append(reference)

    def courriers(self) -> tuple[RemoteCourrier, ...]:
        self._play("courriers", "")
        return tuple(
            courrier
            for reference, (courrier, _) in self.held_courriers.items()
            if reference not in self.read_courriers
        )

    def courrier(self, reference: str) -> InboundDocument:
        self._play("courrier", reference)
        if reference not in self.held_courriers:
            params = {"reference": reference, "message": "Document introuvable"}
            raise Refused(Fault(code="CON-NO_COURRIER", params=params))
        return self.held_courriers[reference][1]

    def mark_courrier_read(self, reference: str) -> None:
        self._play("mark_courrier_read", reference)
        self.read_courriers.append(reference)

    def _retour(self, reference: str) -> InboundDocument:
        if reference not in self.held_retours:
            params = {"reference": reference, "message": "PES_Retour introuvable"}
            raise Refused(Fault(code="CON-NO_RETOUR", params=params))
        return self.held_retours[reference]

    def _play(self, method: str, about: str) -> None:
        self.calls.append((method, about))
        failure = self._next_failure(method)
        if failure is not None:
            raise failure.error

    def _next_failure(self, method: str) -> Failure | None:
        failures = self._failures[method]
        return failures.popleft() if failures else None

    def _take(self, shipment: Shipment) -> str:
        there = self._reference_of(shipment)
        if there is not None and shipment.key.endswith("-6-1"):
            return there  # a cancellation that is there already is the one (§9.1)
        if there is not None:
            raise Refused(_duplicate(shipment.flux), duplicate=True)
        reference = str(len(self.held) + 1)
        self.held[reference] = shipment
        return reference

    def _reference_of(self, shipment: Shipment) -> str | None:
        for reference, held in self.held.items():
            if self._identity(held) == self._identity(shipment):
                return reference
        return None

    def _identity(self, shipment: Shipment) -> tuple[Flux, str, str]:
        # an act is known by its number (by its archive where a rejected number serves again), a PES
        # by its bytes (connectors dossier §9.1); what is about something else is known by its key
        # among all that is about the same thing
        if shipment.flux is Flux.ACTES:
            key = shipment.key if self.keeps_refused_numbers else shipment.file_name
            return shipment.flux, key, shipment.about
        return shipment.flux, hashlib.sha256(shipment.content).hexdigest(), ""


def _duplicate(flux: Flux) -> Fault:
    code = "CON-DUPLICATE_NUMBER" if flux is Flux.ACTES else "CON-DUPLICATE_PES"
    return Fault(code=code, params={"message": "existe déjà"})

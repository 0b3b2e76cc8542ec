"""Two connectors as one: acts go through the first, accounts through the second.

A town whose tiers de télétransmission carries the acts may lay its PES at the gateway of the DGFiP.
"""

from collections.abc import Sequence
from datetime import date

from demat.connectors.api import (
    Connector,
    Flux,
    InboundDocument,
    RemoteCourrier,
    RemotePaper,
    RemoteRetour,
    RemoteStatus,
    Shipment,
)

__all__ = ["ParFlux"]


class ParFlux:
    """Sends each flux its own way; what each method raises is what its connector does."""

    def __init__(self, actes: Connector, helios: Connector) -> None:
        self._actes = actes
        self._helios = helios
        self.name = f"{actes.name}+{helios.name}"
        self.acknowledges_courriers = actes.acknowledges_courriers
        self.keeps_refused_numbers = actes.keeps_refused_numbers
        self.papers_offered = actes.papers_offered

    def _of(self, flux: Flux) -> Connector:
        return self._actes if flux is Flux.ACTES else self._helios

    def test(self) -> str:
        return f"{self._actes.test()} ; {self._helios.test()}"

    def deposit(self, shipment: Shipment) -> str:
        return self._of(shipment.flux).deposit(shipment)

    def find(self, shipment: Shipment) -> str | None:
        return self._of(shipment.flux).find(shipment)

    def status(self, flux: Flux, reference: str) -> RemoteStatus:
        return self._of(flux).status(flux, reference)

    def papers(self, reference: str, *, affichage: date | None = None) -> Sequence[RemotePaper]:
        return self._actes.papers(reference, affichage=affichage)

    def person_page(self, flux: Flux, reference: str, code: str) -> str:
        return self._of(flux).person_page(flux, reference, code)

    def classification(self) -> bytes:
        return self._actes.classification()

    def request_classification(self, held: date | None) -> None:
        self._actes.request_classification(held)

    def retours(self) -> Sequence[RemoteRetour]:
        return self._helios.retours()

    def retour(self, reference: str) -> InboundDocument:
        return self._helios.retour(reference)

    def mark_read(self, reference: str) -> None:
        self._helios.mark_read(reference)

    def courriers(self) -> Sequence[RemoteCourrier]:
        return self._actes.courriers()

    def courrier(self, reference: str) -> InboundDocument:
        return self._actes.courrier(reference)

    def mark_courrier_read(self, reference: str) -> None:
        self._actes.mark_courrier_read(reference)

"""A test PKI, a scripted server, and a connector that talks to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from demat.actes.envelope import build_archive
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.natures import NatureActe
from demat.clock import SystemClock
from demat.connectors.api import Flux, Shipment
from demat.connectors.http import Timeouts
from demat.connectors.s2low import S2lowConnector, S2lowSettings
from demat.sandbox.pki import Pki, make_pki
from tests.unit.connectors.server import RawServer

DAY = date(2026, 3, 17)
PDF = b"%PDF-1.4\n" + bytes(range(256)) + b"\n%%EOF\n"


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"), now=SystemClock().now())


@pytest.fixture
def server(pki: Pki) -> Iterator[RawServer]:
    with RawServer(pki) as running:
        yield running


@pytest.fixture
def certificate(pki: Pki) -> Callable[[], tuple[Path, Path, str]]:
    return lambda: (pki.client.certificate, pki.client.key, pki.client.passphrase)


@pytest.fixture
def settings(server, pki, certificate) -> S2lowSettings:
    return S2lowSettings(
        base_url=server.url,
        client_certificate=certificate,
        ca_file=pki.ca_bundle,
        credentials=lambda: ("mairie", "secret-fictif"),
        timeouts=Timeouts(connect=5, read=5, upload=20),
    )


@pytest.fixture
def connector(settings) -> S2lowConnector:
    return S2lowConnector(settings)


@pytest.fixture
def instant() -> datetime:
    return datetime(2026, 3, 17, 9, 30, tzinfo=UTC)


def make_acte(**changes: object) -> Shipment:
    """Return an act ready to be sent, as the engine freezes it."""
    values: dict[str, object] = {
        "numero": "2026_012",
        "date_decision": date(2026, 3, 14),
        "nature": NatureActe.DELIBERATION,
        "matiere": (7, 10),
        "objet": "Tarifs 2026 de la salle des fêtes",
        "document": Piece(name="délib n°12.pdf", content=PDF, type_pj="99_DE"),
        "annexes": (Piece(name="plan.PDF", content=PDF + b"annexe", type_pj="70_DE"),),
        "classification_date": date(2025, 9, 1),
        **changes,
    }
    emetteur = Emetteur(
        siren="000000000",
        departement="099",
        arrondissement="1",
        nature="31",
        adresses_retour=("mairie@saint-exemple.fr",),
    )
    packed = build_archive(
        Acte(**values), emetteur, day=DAY, serial=1, trigramme="XYZ", application="EACT"
    )
    return Shipment(
        flux=Flux.ACTES, file_name=packed.name, content=packed.content, key=packed.id_acte
    )


PES = (
    b'<?xml version="1.0" encoding="ISO-8859-1"?><n:PES_Aller xmlns:n="urn:test">'
    b'<Enveloppe><Parametres><NomFic V="PESALR2_21990123800010_260317_001"/></Parametres>'
    b"</Enveloppe></n:PES_Aller>"
)


@pytest.fixture
def acte() -> Shipment:
    return make_acte()


@pytest.fixture
def pes() -> Shipment:
    return Shipment(
        flux=Flux.HELIOS,
        file_name="PESALR2_21990123800010_260317_001.xml",
        content=PES,
        key="PESALR2_21990123800010_260317_001",
    )

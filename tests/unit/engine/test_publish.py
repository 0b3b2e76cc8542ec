"""Publication: what goes on line, what does not, what is taken off; on a real store."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demat.actes.envelope import build_archive
from demat.actes.lifecycle import EtatActe
from demat.actes.model import Acte, Emetteur, Piece, format_matiere, parse_matiere
from demat.actes.natures import NatureActe
from demat.clock import FixedClock
from demat.engine.office import Authority, Office, PublicationTarget, Settings
from demat.engine.publish import Published, publish
from demat.faults import FaultError
from demat.helios.model import EmetteurPes
from demat.intake.folders import Folders
from demat.labels_fr.catalogue import explain
from demat.publish.scdl import check_csv
from demat.publish.writer import MANIFEST
from demat.queue.retry import RetryPolicy
from demat.queue.states import DepositState
from demat.queue.store import Store
from demat.queue.views import NewTransmission, ReceivedFile
from demat.signing.trust import TrustStore
from tests.unit.actes.factories import pdf_bytes

SIREN = "000000000"
SIRET = "21990123800010"
START = datetime(2026, 3, 20, 22, 30, tzinfo=UTC)  # 23:30 in Paris, still the 20th
EMETTEUR = Emetteur(
    siren=SIREN,
    departement="099",
    arrondissement="1",
    nature="31",
    adresses_retour=("retour@tdt-fictif.fr",),
)
URL = "https://actes.saint-exemple.fr"


@dataclass(slots=True)
class Town:
    """A town with a store, a folder for its site, and what it has transmitted."""

    store: Store
    clock: FixedClock
    authority: Authority
    office: Office
    folder: Path
    serial: int = 0

    def publish(self) -> Published:
        return publish(self.authority, self.office)

    def acknowledged(self, **values: Any) -> int:
        """Transmit an act and receive its AR; return the transmission."""
        number = self.transmit(**values)
        self.answer(number, EtatActe.ACQUITTE, values.get("ar", date(2026, 3, 16)))
        return number

    def transmit(
        self,
        *,
        numero: str = "2026_031",
        nature: NatureActe = NatureActe.DELIBERATION,
        matiere: str = "7.1",
        objet: str = "Vote du budget primitif 2026",
        jour: date = date(2026, 3, 12),
        annexes: tuple[bytes, ...] = (),
        extra: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
        ar: date | None = None,
    ) -> int:
        self.serial += 1
        pieces = [Piece(name="x.pdf", content=one, type_pj="99_DE") for one in annexes]
        acte = Acte(
            numero=numero,
            date_decision=jour,
            nature=nature,
            matiere=parse_matiere(matiere),
            objet=objet,
            document=Piece(
                name="Dupont.pdf", content=pdf_bytes(numero), type_pj=nature.type_pj_defaut
            ),
            annexes=tuple(pieces),
            classification_date=date(2023, 9, 1),
        )
        archive = build_archive(
            acte, EMETTEUR, day=jour, serial=self.serial, trigramme="XYZ", application="TACT"
        )
        told = {
            "numero": numero,
            "date": jour.isoformat(),
            "nature": nature.value,
            "matiere": format_matiere(acte.matiere),
            "objet": objet,
            "id_acte": archive.id_acte,
            "extra": dict(extra or {}),
            **(facts or {}),
        }
        deposit = self.store.receive(
            collectivite=SIREN, name=f"depot-{self.serial}", files=[self._file(archive.content)]
        )
        for step in (DepositState.DRAFTED, DepositState.CHECKED):
            self.store.advance(deposit.id, step)
        part = NewTransmission(
            flux="ACTES",
            file_name=archive.name,
            sha256=self.store.documents.put(archive.content),
            size=len(archive.content),
            key=archive.id_acte,
            etat=EtatActe.PREPARE,
            facts=told,
        )
        (transmission,) = self.store.pack(deposit.id, [part])
        claim = self.store.claim("essai", lease=timedelta(minutes=5))
        assert claim is not None
        self.store.deposited(claim, str(transmission.id))
        return transmission.id

    def _file(self, content: bytes) -> ReceivedFile:
        digest = self.store.documents.put(content)
        return ReceivedFile(name="acte.pdf", sha256=digest, size=len(content))

    def answer(self, number: int, etat: EtatActe, day: date | None) -> None:
        content = f"{etat} {number}".encode()
        self.store.record_receipt(
            number,
            kind="ARActe",
            name="ar.xml",
            sha256=self.store.documents.put(content),
            message_date=day,
            etat=etat,
            etat_final=True,
        )

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def page(self, numero: str = "2026_031") -> str:
        return (self.folder / "actes/2026/DE" / numero / "index.html").read_text("utf-8")

    def table(self) -> list[list[str]]:
        content = (self.folder / "donnees/deliberations-2026.csv").read_bytes()
        assert not check_csv(content)
        return [line.split(",") for line in content.decode().splitlines()]


class NoConnector:
    """Publication asks nothing of the tiers de télétransmission."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = FixedClock(START)
    store = Store.open(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents", clock)
    folder = tmp_path / "site"
    authority = Authority(
        nom="Commune de Saint-Exemple-lès-Fiction",
        siren=SIREN,
        siret=SIRET,
        folders=Folders.of(tmp_path / "commune") if hasattr(Folders, "of") else Folders(tmp_path),
        emetteur=EMETTEUR,
        budgets=(),
        civilites={},
        connector=NoConnector(),  # type: ignore[arg-type]  # never called
        signing=None,
        trust=TrustStore(),
        publication=PublicationTarget(
            folder=folder, url=URL, signataire="Camille Dupré", qualite="Maire"
        ),
    )
    office = Office(
        store=store,
        clock=clock,
        settings=Settings(
            trigramme="XYZ",
            application="TACT",
            emetteur_pes=EmetteurPes(sigle="SEF", adresse="1 place de la Mairie"),
            settle=timedelta(0),
            retry=RetryPolicy(),
            max_actes_bytes=1,
            max_pes_bytes=1,
            max_pj_bytes=1,
        ),
        explain=explain,
        authorities=(authority,),
    )
    yield Town(store=store, clock=clock, authority=authority, office=office, folder=folder)
    store.close()


def test_first_publication(town: Town):
    number = town.acknowledged(annexes=(b"%PDF annexe",))

    assert town.publish() == Published(online=1, new=1, held_back=())

    folder = "actes/2026/DE/2026_031"
    assert set(town.files()) == {
        MANIFEST,
        "accessibilite.html",
        "actes/2026/index.html",
        f"{folder}/2026_031-annexe-1.pdf",
        f"{folder}/2026_031.pdf",
        f"{folder}/index.html",
        "donnees/deliberations-2026.csv",
        "index.html",
        "mentions-legales.html",
        "style.css",
    }
    assert town.files()[f"{folder}/2026_031.pdf"] == pdf_bytes("2026_031")
    (publication,) = town.store.publications(SIREN)
    assert (publication.transmission_id, publication.url) == (number, f"{URL}/{folder}/")
    assert publication.first_published == START

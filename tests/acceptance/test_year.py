"""A year in the life of an act, and of a refused one, against the sandbox: every exchange of §4.1.

The engine's clock and the sandbox's are pushed together; the line is the real one (HTTPS, client
certificate).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pikepdf
import pytest

from demat.actes.delais import add_months
from demat.actes.lifecycle import EtatActe
from demat.clock import FixedClock, SystemClock, paris_date
from demat.compose import open_office
from demat.config import load_config
from demat.engine.acte_life import life_of
from demat.engine.cancel import cancel
from demat.engine.nightly import nightly
from demat.engine.office import Authority, Office
from demat.engine.publicity import record_publicity
from demat.engine.report import AuthorityReport
from demat.queue.states import DepositState
from demat.queue.views import TransmissionView
from tests.acceptance.conftest import Mairie, OpenMairie, page_text
from tests.pdf_words import text_of

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "saint-exemple"
PDF = FIXTURES / "seance-2026-11-05" / "voirie.pdf"
OTHER = FIXTURES / "seance-2026-10-08" / "tarifs-salle.pdf"
HEAD = "numero;date;nature;matiere;objet;fichier"


@dataclass(kw_only=True, slots=True)
class Year:
    """One mairie whose days are counted."""

    mairie: Mairie
    office: Office
    clock: FixedClock
    reports: list[AuthorityReport] = field(default_factory=list)

    @property
    def authority(self) -> Authority:
        return self.office.authorities[0]

    @property
    def today(self) -> date:
        return paris_date(self.clock.now())

    def night(self) -> AuthorityReport:
        report = nightly(self.office, pause=self._pause)
        assert report is not None
        (item,) = report.authorities
        self.reports.append(item)
        return item

    def _pause(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    def wait(self, *, days: int = 0, hours: int = 0) -> None:
        """Let the same time pass on both sides."""
        passed = timedelta(days=days, hours=hours)
        self.clock.instant += passed
        self.mairie.advance(passed.total_seconds() / 60)

    def exchange(self) -> None:
        """Send what is due and come back for the answer."""
        self.night()
        self.wait(hours=6)
        self.night()

    def flow(self, numero: str, message: str = "1-1") -> TransmissionView:
        """Return the last transmission of that message about an act."""
        found = [
            flow
            for flow in self.office.store.transmissions()
            if (flow.facts["numero"], flow.facts["message"]) == (numero, message)
        ]
        return found[-1]

    def laid(self, folder: str, pattern: str) -> Path:
        (found,) = (self.mairie.folder / folder).glob(pattern)
        return found


@pytest.fixture
def year(open_mairie: OpenMairie) -> Iterator[Year]:
    mairie = open_mairie(scenario="annee-d-un-acte")
    with counted(mairie) as found:
        yield found


@contextmanager
def counted(mairie: Mairie) -> Iterator[Year]:
    clock = FixedClock(SystemClock().now())
    with open_office(load_config(mairie.config), clock=clock) as office:
        yield Year(mairie=mairie, office=office, clock=clock)


def hand_in(year: Year, numero: str, *, objet: str) -> None:
    """Lay the list of a séance with one act."""
    name = f"seance-{numero}"
    day = f"{year.today - timedelta(days=1):%d/%m/%Y}"
    row = f"{numero};{day};DE;7.10;{objet};{PDF.name}"
    year.mairie.drop(PDF, into=name)
    year.mairie.write(f"{name}/actes.csv", f"{HEAD}\r\n{row}\r\n".encode())


def test_a_year_of_an_act(year: Year) -> None:
    numero = f"{year.today.year}_ANNEE"
    start = year.today

    # sent, and acknowledged
    hand_in(year, numero, objet="Tarifs de la salle des fêtes")
    year.exchange()
    acte = year.flow(numero)
    assert acte.etat == EtatActe.ACQUITTE
    life = life_of(acte, year.office)
    received = life.received_on
    assert received is not None
    assert life.delais.executoire_depuis is None  # nobody has made it public yet
    assert life.delais.defere_jusqu_au == add_months(received, 2)
    check_papers(year, acte)

    # made public: exécutoire
    posted = f"{year.today:%d/%m/%Y}"
    life = record_publicity(acte, posted, "affichage", year.authority, year.office, who="essai")
    assert life.delais.executoire_depuis == year.today
    assert life.delais.recours_jusqu_au == add_months(year.today, 2)
    assert "Publié le" in text_of(stamped(year, acte))

    # 3-1 comes, the TdT sends 3-2, we send the pieces (3-4), 3-5 comes back
    year.wait(days=21)
    assert year.night().courriers == 1
    folder = year.laid("courriers", "1-*")
    assert "Grille tarifaire" in page_text(folder / "A-LIRE.html")
    assert len(list(folder.glob("*.pdf"))) == 1
    year.mairie.drop(PDF, OTHER, into="reponse-1")
    year.exchange()
    pieces = year.flow(numero, "3-4")
    assert (pieces.etat, len(pieces.facts["documents"])) == (EtatActe.ACQUITTE, 2)
    (exchange,) = life_of(acte, year.office).exchanges
    answered = exchange.acknowledged_on
    assert answered is not None
    life = life_of(acte, year.office)
    assert life.delais.defere_jusqu_au == add_months(answered, 2)  # a new two months

    # 4-1 comes, we justify (4-4), 4-5 comes back
    year.wait(days=15)
    assert year.night().courriers == 1
    assert "base légale" in page_text(year.laid("courriers", "2-*") / "A-LIRE.html")
    year.mairie.drop(PDF, into="reponse-2")
    year.exchange()
    assert year.flow(numero, "4-4").etat == EtatActe.ACQUITTE
    letters = life_of(acte, year.office).exchanges
    assert [one.courrier.type.message if one.courrier.type else "" for one in letters] == [
        "3-1",
        "4-1",
    ]
    assert not any(one.awaits_answer for one in letters)
    assert life_of(acte, year.office).delais.defere_jusqu_au > life.delais.defere_jusqu_au

    # months later its transmission is cancelled, on the advice of the préfecture
    year.wait(days=200)
    asked = cancel(
        year.flow(numero), year.authority, year.office, confirm=lambda told: bool(told.codes)
    )
    assert asked is not None
    assert year.flow(numero).etat == EtatActe.ANNULATION_DEMANDEE
    year.exchange()
    assert year.flow(numero, "6-1").etat == EtatActe.ACQUITTE
    cancelled = year.flow(numero)
    assert (cancelled.etat, cancelled.etat_final) == (EtatActe.ANNULE, True)
    assert life_of(cancelled, year.office).delais.executoire_depuis is None

    # the number stays burnt
    year.wait(days=100)
    hand_in(year, numero, objet="Un autre acte")
    year.night()
    deposit = year.office.store.deposits()[-1]
    assert (deposit.state, deposit.faults.blocking.codes) == (
        DepositState.RETURNED,
        ("ACT-012",),
    )

    # the ministry received each message once; nothing failed all year long
    assert (year.today - start).days > 330
    assert received_by_the_ministry(year) == [
        "Acte",
        "ARDemandePieceComplementaire",
        "PieceComplementaire",
        "ARLettreObservations",
        "ReponseLettreObservations",
        "Annulation",
    ]
    assert [report.errors for report in year.reports if report.errors] == []
    assert not year.office.store.verify_journal()
    assert not year.office.store.verify_documents()


def check_papers(year: Year, acte: TransmissionView) -> None:
    """The stamped copy and the bordereau lie beside the AR; the original is as it was."""
    folder = year.mairie.folder / "accuses" / acte.key
    assert "Reçu en préfecture le" in text_of(stamped(year, acte))
    with pikepdf.open(folder / "bordereau-acquittement.pdf") as bordereau:
        assert len(bordereau.pages) >= 1
    assert acte.key in text_of(folder / "bordereau-acquittement.pdf")
    deposit = year.office.store.deposit(acte.deposit_id)
    kept = {file.name.rpartition("/")[2]: file.sha256 for file in deposit.files}
    assert year.office.store.documents.get(kept[PDF.name]) == PDF.read_bytes()


def stamped(year: Year, acte: TransmissionView) -> Path:
    return year.mairie.folder / "accuses" / acte.key / "tamponnes" / PDF.name


def received_by_the_ministry(year: Year) -> list[str]:
    """Return the roots of what the TdT sent for us, in order; it writes the receipts itself."""
    return [str(one["root"]) for one in year.mairie.sandbox.ledger()["sent"]]


def test_a_refused_act_is_corrected_and_leaves_under_another_number(year: Year) -> None:
    numero = f"{year.today.year}_REFUS"
    hand_in(year, numero, objet="Subventions")
    year.exchange()
    refused = year.flow(numero)
    assert refused.etat == EtatActe.EN_ANOMALIE
    sheet = page_text(year.laid("a-corriger", "*/A-LIRE.html"))
    assert "préfecture" in sheet
    returned = year.laid("a-corriger", "seance-*")
    returned.rename(year.mairie.folder / "a-deposer" / returned.name)
    year.exchange()
    again = year.flow(f"{numero}_R1")
    assert (again.etat, again.supersedes) == (EtatActe.ACQUITTE, refused.id)
    assert list((year.mairie.folder / "a-corriger").glob("seance-*")) == []
    with pytest.raises(Exception, match="ACT-054"):
        cancel(refused, year.authority, year.office, confirm=lambda told: True)

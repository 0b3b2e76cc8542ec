"""Publication: what goes on line, what does not, what is taken off; on a real store."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
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
from demat.publish.decision import assess
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
START = datetime(2026, 3, 20, 23, 30, tzinfo=UTC)  # the 21st in Paris
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

    def acknowledged(self, *, ar: date = date(2026, 3, 16), **values: Any) -> int:
        """Transmit an act and receive its AR; return the transmission."""
        number = self.transmit(**values)
        self.answer(number, EtatActe.ACQUITTE, ar)
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

    def table(self) -> list[dict[str, str]]:
        content = (self.folder / "donnees/deliberations-2026.csv").read_bytes()
        assert not check_csv(content)
        return list(csv.DictReader(io.StringIO(content.decode(), newline="")))

    @property
    def target(self) -> PublicationTarget:
        assert self.authority.publication is not None
        return self.authority.publication


class NoConnector:
    """Publication asks nothing of the tiers de télétransmission."""

    name = "aucun"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = FixedClock(START)
    store = Store.open(f"sqlite:///{tmp_path / 'demat.db'}", tmp_path / "documents", clock)
    folder = tmp_path / "site"
    authority = Authority(
        nom="Commune de Saint-Exemple-lès-Fiction",
        siren=SIREN,
        siret=SIRET,
        folders=Folders(tmp_path / "commune"),
        emetteur=EMETTEUR,
        budgets=(),
        civilites={},
        connector=NoConnector(),  # type: ignore[arg-type]  # never called
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


FOLDER = "actes/2026/DE/2026_031"


def test_the_first_publication_writes_the_whole_site(town: Town):
    number = town.acknowledged(annexes=(pdf_bytes("annexe"),))

    assert town.publish() == Published(online=1, new=1, held_back=())

    files = town.files()
    assert set(files) == {
        MANIFEST,
        "accessibilite.html",
        "actes/2026/index.html",
        f"{FOLDER}/2026_031-annexe-1.pdf",
        f"{FOLDER}/2026_031.pdf",
        f"{FOLDER}/index.html",
        "donnees/deliberations-2026.csv",
        "index.html",
        "mentions-legales.html",
        "style.css",
    }
    assert files[f"{FOLDER}/2026_031.pdf"] == pdf_bytes("2026_031")
    assert files[f"{FOLDER}/2026_031-annexe-1.pdf"] == pdf_bytes("annexe")
    (publication,) = town.store.publications(SIREN)
    assert publication.transmission_id == number
    assert publication.url == f"{URL}/{FOLDER}/"
    assert publication.first_published == START
    assert publication.sha256 == sha256(pdf_bytes("2026_031")).hexdigest()


def test_the_table_holds_what_is_known(town: Town):
    votes = {"vote_effectif": "27", "vote_reel": "25", "vote_pour": "22", "vote_contre": "1"}
    budget = {"budget_annee": "2026", "budget_nom": "Budget principal"}
    town.acknowledged(matiere="7.1.2", extra={**votes, "vote_abstention": "2", **budget})

    town.publish()

    (row,) = town.table()
    assert row == {
        "COLL_NOM": "Commune de Saint-Exemple-lès-Fiction",
        "COLL_SIRET": SIRET,
        "DELIB_ID": "2026_031",
        "DELIB_DATE": "2026-03-12",
        "DELIB_MATIERE_CODE": "7.1",
        "DELIB_MATIERE_NOM": "finances locales/décisions budgétaires",
        "DELIB_OBJET": "Vote du budget primitif 2026",
        "BUDGET_ANNEE": "2026",
        "BUDGET_NOM": "Budget principal",
        "PREF_ID": "",
        "PREF_DATE": "2026-03-16",
        "VOTE_EFFECTIF": "27",
        "VOTE_REEL": "25",
        "VOTE_POUR": "22",
        "VOTE_CONTRE": "1",
        "VOTE_ABSTENTION": "2",
        "DELIB_URL": f"{URL}/{FOLDER}/",
    }


def test_the_page_tells_the_author_the_receipt_and_the_day_in_paris(town: Town):
    town.acknowledged(extra={"signataire": "Dominique Martin", "qualite": "Première adjointe"})

    town.publish()

    page = town.page()
    for text in (
        "Dominique Martin, Première adjointe",
        "16 mars 2026",
        "099-000000000-20260312-2026_031-DE",
        "21 mars 2026",
        "21 mai 2026",
    ):
        assert text in page


def test_a_second_call_changes_nothing(town: Town):
    town.acknowledged()
    town.publish()
    files, journal = town.files(), town.store.journal()
    stamps = {path: path.stat().st_mtime_ns for path in town.folder.rglob("*")}

    town.clock.instant += timedelta(days=3)

    assert town.publish() == Published(online=1, new=0, held_back=())
    assert town.files() == files
    assert {path: path.stat().st_mtime_ns for path in town.folder.rglob("*")} == stamps
    assert town.store.journal() == journal


def test_a_later_act_joins_the_first_whose_day_stays(town: Town):
    town.acknowledged()
    town.publish()
    town.clock.instant += timedelta(days=30)
    town.acknowledged(numero="2026_032", objet="Tarifs de la cantine")

    assert town.publish() == Published(online=2, new=1, held_back=())
    assert "21 mars 2026" in town.page()
    assert [row["DELIB_ID"] for row in town.table()] == ["2026_031", "2026_032"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"nature": NatureActe.INDIVIDUEL, "matiere": "4.1", "numero": "2026_040"},
            "L'acte 2026_040 n'est pas publié : c'est un acte individuel, qui se notifie à la "
            "personne concernée et ne se publie jamais.",
        ),
        (
            {"nature": NatureActe.REGLEMENTAIRE, "matiere": "6.1"},
            "L'acte 2026_031 n'est pas publié : ce site ne publie que les délibérations.",
        ),
        (
            {"matiere": "3.1"},
            "L'acte 2026_031 n'est pas publié : sa matière (3.1 Acquisitions) touche souvent des "
            "personnes, et quelqu'un doit d'abord valider une version publique.",
        ),
        (
            {"matiere": "6.5"},
            "L'acte 2026_031 n'est pas publié : pour sa nature et sa matière (6.5 Actes pris au "
            "nom de l'État et soumis au contrôle hiérarchique), la décision revient à une "
            "personne.",
        ),
        (
            {"matiere": "7.5", "objet": "Subvention à M. Secret"},
            "L'acte 2026_031 n'est pas publié : son objet semble contenir le nom d'une personne.",
        ),
        (
            {"facts": {"nature": "1"}},
            "L'acte 2026_031 n'est pas publié : pour sa nature et sa matière (7.1 Décisions "
            "budgétaires), la décision revient à une personne.",
        ),
        (
            {"facts": {"matiere": "12.7"}},
            "L'acte 2026_031 n'est pas publié : pour sa nature et sa matière (12.7), la décision "
            "revient à une personne.",
        ),
        (
            {"facts": {"numero": "../../x"}},
            "L'acte ../../x n'est pas publié : son numéro ne peut pas figurer dans une adresse de "
            "site.",
        ),
        (
            # facts that contradict the name of the files: the file is not what they say
            {"nature": NatureActe.INDIVIDUEL, "facts": {"nature": 1}},
            "L'acte 2026_031 n'est pas publié : son texte n'a pas été transmis en PDF.",
        ),
    ],
)
def test_what_may_not_be_shown_is_held_back_and_named(
    town: Town, values: dict[str, Any], sentence: str
):
    town.acknowledged(**values)

    assert town.publish() == Published(online=0, new=0, held_back=(sentence,))
    assert {path for path in town.files() if path.startswith(("actes", "donnees"))} == set()
    assert town.store.publications(SIREN) == ()


def test_an_individual_act_is_in_no_byte_of_the_site(town: Town):
    town.acknowledged()
    town.acknowledged(
        numero="2026_AI_7",
        nature=NatureActe.INDIVIDUEL,
        matiere="4.1",
        objet="Nomination de Madame Secrète",
        annexes=(pdf_bytes("piece secrete"),),
    )

    published = town.publish()

    assert (published.online, len(published.held_back)) == (1, 1)
    secrets = (b"2026_AI_7", "Secrète".encode(), pdf_bytes("2026_AI_7"), pdf_bytes("piece secrete"))
    for path, content in town.files().items():
        assert "2026_AI_7" not in path
        assert not any(secret in content for secret in secrets), path


@pytest.mark.parametrize("etat", [EtatActe.EN_ANOMALIE, EtatActe.TRANSMIS, EtatActe.ANNULE])
def test_only_acknowledged_acts_go_on_line(town: Town, etat: EtatActe):
    number = town.transmit()
    if etat is not EtatActe.TRANSMIS:
        town.answer(number, etat, date(2026, 3, 16))

    assert town.publish() == Published(online=0, new=0, held_back=())


def test_a_cancelled_act_leaves_a_tombstone_without_its_objet(town: Town):
    number = town.acknowledged(objet="Objet à oublier")
    town.publish()
    town.answer(number, EtatActe.ANNULE, date(2026, 4, 2))
    town.clock.instant += timedelta(days=14)

    assert town.publish() == Published(online=0, new=0, held_back=())

    (publication,) = town.store.publications(SIREN)
    assert publication.withdrawn_at == town.clock.instant
    assert publication.withdrawal_reason == "annulation"
    files = town.files()
    assert f"{FOLDER}/2026_031.pdf" not in files
    assert "donnees/deliberations-2026.csv" not in files
    assert not any(b"oublier" in content for content in files.values())
    page = town.page()
    for text in ("Acte retiré", "annulée", "21 mars 2026", "4 avril 2026", "2026_031"):
        assert text in page
    again = town.files()
    assert town.publish() == Published(online=0, new=0, held_back=())
    assert town.files() == again


def test_a_cancellation_that_is_only_asked_for_changes_nothing(town: Town):
    number = town.acknowledged()
    town.publish()
    town.answer(number, EtatActe.ANNULATION_DEMANDEE, None)

    assert town.publish() == Published(online=1, new=0, held_back=())
    assert "16 mars 2026" in town.page()


def test_what_a_person_took_off_is_not_put_back(town: Town):
    number = town.acknowledged(objet="Objet à oublier")
    town.publish()
    town.store.withdraw_publication(number, reason="demande de Mme Secrète", who="secrétaire")

    assert town.publish() == Published(
        online=0,
        new=0,
        held_back=(
            "L'acte 2026_031 n'est plus en ligne : il a été retiré du site, et n'y est pas remis "
            "tout seul.",
        ),
    )
    words = (b"oublier", "Secrète".encode())
    assert not any(word in content for content in town.files().values() for word in words)


def test_an_act_that_may_no_longer_be_shown_is_withdrawn(town: Town, monkeypatch):
    town.acknowledged()
    town.publish()
    refused = assess(numero="2026_031", nature=6, matiere="7.1", objet="")
    monkeypatch.setattr("demat.engine.publish.assess", lambda **_: refused)

    assert town.publish().online == 0
    assert town.store.publications(SIREN)[0].withdrawal_reason == "decision"


def test_a_number_used_again_does_not_take_the_address_of_another_act(town: Town):
    first = town.acknowledged()
    town.publish()
    town.answer(first, EtatActe.ANNULE, date(2026, 4, 2))
    town.acknowledged(objet="Un autre acte")

    assert town.publish() == Published(
        online=0,
        new=0,
        held_back=(
            "L'acte 2026_031 n'est pas publié une seconde fois : un acte du même numéro et de la "
            "même année est déjà en ligne.",
        ),
    )


@pytest.mark.parametrize(
    ("extra", "sentence", "columns"),
    [
        (
            {"vote_pour": "22"},
            "L'acte 2026_031 est publié sans les résultats du vote : les cinq nombres sont "
            "incomplets ou ne s'accordent pas entre eux.",
            ("VOTE_EFFECTIF", "VOTE_REEL", "VOTE_POUR", "VOTE_CONTRE", "VOTE_ABSTENTION"),
        ),
        (
            {
                **{"vote_effectif": "27", "vote_reel": "25", "vote_pour": "22"},
                **{"vote_contre": "2", "vote_abstention": "2"},
            },
            "L'acte 2026_031 est publié sans les résultats du vote : les cinq nombres sont "
            "incomplets ou ne s'accordent pas entre eux.",
            ("VOTE_EFFECTIF", "VOTE_REEL", "VOTE_POUR", "VOTE_CONTRE", "VOTE_ABSTENTION"),
        ),
        (
            {"budget_nom": "Budget principal"},
            "L'acte 2026_031 est publié sans la mention du budget : l'année et le nom du budget "
            "vont ensemble, et l'année s'écrit 2026 ou 2026/2027.",
            ("BUDGET_ANNEE", "BUDGET_NOM"),
        ),
        (
            {"budget_nom": "Budget principal", "budget_annee": "2027/2026"},
            "L'acte 2026_031 est publié sans la mention du budget : l'année et le nom du budget "
            "vont ensemble, et l'année s'écrit 2026 ou 2026/2027.",
            ("BUDGET_ANNEE", "BUDGET_NOM"),
        ),
    ],
)
def test_doubtful_figures_do_not_keep_an_act_off_line(
    town: Town, extra: dict[str, str], sentence: str, columns: tuple[str, ...]
):
    town.acknowledged(extra=extra)

    assert town.publish() == Published(online=1, new=1, held_back=(sentence,))
    (row,) = town.table()
    assert {row[column] for column in columns} == {""}
    assert "pour," not in town.page()


def test_an_ar_older_than_the_act_is_not_repeated(town: Town):
    town.acknowledged(ar=date(2026, 3, 1))

    assert town.publish().held_back == (
        "L'acte 2026_031 est publié sans la date de réception en préfecture : celle de l'accusé "
        "est antérieure à la date de l'acte.",
    )
    assert town.table()[0]["PREF_DATE"] == ""


def test_an_act_without_author_waits(town: Town):
    town.acknowledged()
    target = replace(town.target, signataire="")
    town.authority = replace(town.authority, publication=target)

    assert town.publish() == Published(
        online=0,
        new=0,
        held_back=(
            "L'acte 2026_031 n'est pas publié : le prénom, le nom et la qualité de son auteur ne "
            "sont pas connus, alors qu'ils doivent figurer sur la publication.",
        ),
    )


def test_an_author_lost_from_the_configuration_takes_nothing_off_line(town: Town):
    town.acknowledged()
    town.publish()
    files = town.files()
    town.authority = replace(town.authority, publication=replace(town.target, qualite=""))

    with pytest.raises(FaultError) as caught:
        town.publish()

    assert caught.value.faults.codes == ("PUB-AUTEUR",)
    assert town.files() == files
    assert town.store.publications(SIREN)[0].withdrawn_at is None


def test_without_a_folder_nothing_is_published(town: Town):
    town.acknowledged()
    town.authority = replace(town.authority, publication=None)

    assert town.publish() == Published(
        online=0,
        new=0,
        held_back=(
            "Aucun acte de Commune de Saint-Exemple-lès-Fiction n'est publié : aucun dossier de "
            "publication n'est configuré.",
        ),
    )
    assert not town.folder.exists()


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"siret": "21990123800011"}, ("PUB-SIRET",)),
        ({"nom": " "}, ("PUB-SCDL_EMPTY",)),
    ],
)
def test_a_fault_of_the_table_writes_nothing(
    town: Town, change: dict[str, str], codes: tuple[str, ...]
):
    town.acknowledged()
    town.authority = replace(town.authority, **change)

    with pytest.raises(FaultError) as caught:
        town.publish()

    assert caught.value.faults.codes == codes
    assert not town.folder.exists()
    assert town.store.publications(SIREN) == ()


def test_an_address_with_a_blank_is_a_fault(town: Town):
    town.acknowledged()
    target = replace(town.target, url="https://actes.fr/mes actes")
    town.authority = replace(town.authority, publication=target)

    with pytest.raises(FaultError) as caught:
        town.publish()

    assert caught.value.faults.codes == ("PUB-SCDL_URL",)


def test_the_day_is_recorded_after_the_files(town: Town, monkeypatch):
    """A power cut in between may tell a later day, never an earlier one."""
    town.acknowledged()

    def cut(*_: object) -> int:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("demat.engine.publish.write_site", cut)
        with pytest.raises(OSError, match="disk full"):
            town.publish()
    assert town.store.publications(SIREN) == ()
    town.clock.instant += timedelta(days=1)

    assert town.publish().new == 1
    assert "22 mars 2026" in town.page()


def test_another_authority_is_not_shown(town: Town):
    town.acknowledged()
    town.authority = replace(town.authority, siren="000000018")

    assert town.publish() == Published(online=0, new=0, held_back=())


def test_the_outcome_is_plain_json():
    published = Published(online=2, new=1, held_back=("Une phrase.",))

    told = {"online": 2, "new": 1, "held_back": ["Une phrase."]}
    assert json.loads(json.dumps(published.as_json())) == told

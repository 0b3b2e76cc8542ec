"""What every connector does: one suite, run on the scripted one, on S²LOW over real TLS, and on
the folder exchange, in a folder and through a real OpenSSH server.

A bench hides how each other side is told to misbehave; the behaviours are those of
``demat.connectors.api`` and of the connectors dossier (§8.3, §9).
"""

import errno
import itertools
import os
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from demat.actes.envelope import build_archive
from demat.actes.inbound import ARActe, ARAnnulation, parse_inbound
from demat.actes.messages import AnomalieEnveloppe
from demat.actes.model import Acte, Emetteur, Piece
from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from demat.actes.rejections import advice
from demat.clock import FixedClock
from demat.connectors.api import (
    AuthenticationRefused,
    Connector,
    Flux,
    InboundDocument,
    OutcomeUnknown,
    PaperKind,
    Refused,
    RemoteCourrier,
    RemoteProgress,
    RemoteStatus,
    Shipment,
    Unreachable,
)
from demat.connectors.dump import FolderDump
from demat.connectors.echange import EchangeConnector, EchangeSettings
from demat.connectors.http import ClientBundle, Timeouts
from demat.connectors.memory import ScriptedConnector
from demat.connectors.partage import Depose, Partage
from demat.connectors.partage_dossier import DossierPartage
from demat.connectors.partage_sftp import SftpPartage, SftpSettings
from demat.connectors.s2low import S2lowConnector, S2lowSettings
from demat.faults import Fault
from demat.helios.acquit import parse_acquit
from demat.sandbox.client import Sandbox
from demat.sandbox.passerelle import Passerelle
from demat.sandbox.pki import Identity
from demat.sandbox.records import Kind
from demat.sandbox.scenarios import SCENARIOS
from demat.signing.keys import repack_pkcs12
from tests.openssh import Openssh, make_key, running_sshd
from tests.unit.connectors.archives import exchange_archive, make_exchange

DAY = date(2026, 3, 17)
NOW = datetime(2026, 3, 17, 9, tzinfo=UTC)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"


class Bench(Protocol):
    """One connector, and a hand on its other side."""

    connector: Connector
    same_again_is_the_same: bool
    """Whether what is offered again while it is there is taken for what it is, not refused."""
    finds_pes: bool
    """Whether a PES whose outcome is unknown can be looked for."""
    lists_answers: bool
    """Whether the answers about our acts are listed with the letters."""
    tells_about: bool
    """Whether a letter comes with the reference of the act that it is about."""

    def lose_answer(self, flux: Flux) -> None:
        """The next deposit is received, and its answer lost."""

    def lose_request(self, flux: Flux) -> None:
        """The next deposit fails after it began, without having been received."""

    def be_down(self, flux: Flux) -> None:
        """The next deposit meets a server that is surely not there."""

    def refuse_certificate(self) -> Connector:
        """Return a connector whose certificate is not accepted."""

    def have_trouble(self, flux: Flux) -> None:
        """The next deposit is refused for a temporary reason."""

    def fail_status(self, flux: Flux) -> None:
        """The next status cannot be asked."""

    def let_the_state_answer(self, shipment: Shipment, reference: str) -> None:
        """The State answers to what was deposited."""

    def send_retour(self, content: bytes) -> str:
        """The comptable drops a PES_Retour; return its reference."""

    def send_letter(self, acte: Shipment, reference: str, kind: str) -> str:
        """The préfecture writes about an act that was deposited; return the letter's reference."""

    def held(self, flux: Flux) -> int:
        """Return how many shipments the other side has taken since the bench was made."""


def answered(bench: Bench, shipment: Shipment) -> str:
    """Deposit something and let the State answer it; return its reference."""
    reference = bench.connector.deposit(shipment)
    bench.let_the_state_answer(shipment, reference)
    return reference


class ScriptedBench:
    """The scripted connector."""

    same_again_is_the_same = False
    finds_pes, lists_answers, tells_about = False, False, True

    def __init__(self) -> None:
        self.connector = self.scripted = ScriptedConnector()
        self.scripted.held_classification = f'<a:RetourClassification xmlns:a="{ACTES}"/>'.encode()

    def lose_answer(self, flux: Flux) -> None:
        self._fail(OutcomeUnknown(_fault("CON-LOST_ANSWER")), landed=True)

    def lose_request(self, flux: Flux) -> None:
        self._fail(OutcomeUnknown(_fault("CON-LOST_ANSWER")))

    def be_down(self, flux: Flux) -> None:
        self._fail(Unreachable(_fault("CON-UNREACHABLE")))

    def refuse_certificate(self) -> Connector:
        self._fail(AuthenticationRefused(_fault("CON-CLIENT_CERTIFICATE")))
        return self.scripted

    def have_trouble(self, flux: Flux) -> None:
        self._fail(Refused(Fault(code="CON-MODULE", params={"message": "module"}), transient=True))

    def fail_status(self, flux: Flux) -> None:
        self.scripted.fail_next("status", Unreachable(_fault("CON-UNREACHABLE")))

    def let_the_state_answer(self, shipment: Shipment, reference: str) -> None:
        name, template = ("AR", AR) if shipment.flux is Flux.ACTES else ("PES_ACQUIT", ACQUIT)
        key = shipment.key
        if key.endswith("-6-1"):
            key, template = key.removesuffix("-6-1"), template.replace("ARActe", "ARAnnulation")
        content = template.replace("KEY", key).encode()
        document = InboundDocument(name=f"{reference}-{name}.xml", content=content)
        status = RemoteStatus(
            progress=RemoteProgress.ANSWERED, code="4", message="", documents=(document,)
        )
        self.scripted.answer(reference, [status])

    def send_retour(self, content: bytes) -> str:
        reference = str(len(self.scripted.held_retours) + 1)
        document = InboundDocument(name=f"{reference}-PES_Retour.xml", content=content)
        self.scripted.held_retours[reference] = document
        return reference

    def send_letter(self, acte: Shipment, reference: str, kind: str) -> str:
        letter = str(500 + len(self.scripted.held_courriers))
        self.scripted.hold_courrier(
            RemoteCourrier(reference=letter, kind=kind, about=reference, id_acte=acte.key),
            exchange_archive("CourrierSimple", id_acte=acte.key),
        )
        return letter

    def held(self, flux: Flux) -> int:
        return sum(1 for shipment in self.scripted.held.values() if shipment.flux is flux)

    def _fail(self, error: Unreachable | OutcomeUnknown | Refused, *, landed: bool = False) -> None:
        self.scripted.fail_next("deposit", error, landed=landed)


def _fault(code: str) -> Fault:
    return Fault(code=code, params={"reason": "ordered by the test"})


AR = f'<a:ARActe xmlns:a="{ACTES}" a:DateReception="2026-03-17" a:IDActe="KEY"/>'
ACQUIT = (
    '<n:PES_ACQUIT xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour/v2">'
    '<Enveloppe><Parametres><NomFic V="KEY"/></Parametres></Enveloppe>'
    '<EnTetePES><CodCol V="123"/></EnTetePES><ACQUIT><ElementACQUIT>'
    '<DomaineAck V="5"/><EtatAck V="1"/><NumBord V="31"/><ExerciceBord V="2026"/>'
    "</ElementACQUIT></ACQUIT></n:PES_ACQUIT>"
)


ASKED = exchange_archive("DemandeClassification")
TIMEOUTS = Timeouts(connect=10, read=10, upload=30)
SCRIPTS = {
    Flux.ACTES: ("actes_transac_create", "actes_transac_get_status"),
    Flux.HELIOS: ("helios_importer_fichier", "helios_transac_get_status"),
}


class S2lowBench:
    """S²LOW against a sandbox in its own process, over TLS with client certificates."""

    same_again_is_the_same = False
    finds_pes, lists_answers, tells_about = False, False, True

    def __init__(
        self, sandbox: Sandbox, dump: FolderDump, *, papers: frozenset[PaperKind] = frozenset()
    ) -> None:
        self.sandbox = sandbox
        self._papers = papers
        self._before = {flux: self._count(flux) for flux in Flux}
        self._dump = dump
        self.connector = self._connect(sandbox.url)

    def hurried(self, timeouts: Timeouts) -> S2lowConnector:
        """Return a connector that waits less."""
        return self._connect(self.sandbox.url, timeouts=timeouts)

    def _connect(
        self, url: str, *, unknown: bool = False, timeouts: Timeouts = TIMEOUTS
    ) -> S2lowConnector:
        identity = self.sandbox.pki.unknown_client if unknown else self.sandbox.pki.client
        settings = S2lowSettings(
            base_url=url,
            client_certificate=lambda: (identity.certificate, identity.key, identity.passphrase),
            ca_file=self.sandbox.pki.ca_bundle,
            timeouts=timeouts,
            papers=self._papers,
        )
        return S2lowConnector(settings, dump=self._dump)

    def lose_answer(self, flux: Flux) -> None:
        self.sandbox.fault(SCRIPTS[flux][0], kind="close", when="after")

    def lose_request(self, flux: Flux) -> None:
        self.sandbox.fault(SCRIPTS[flux][0], kind="503", when="before")

    def be_down(self, flux: Flux) -> None:
        self.sandbox.fault("test-connexion", kind="html200")

    def refuse_certificate(self) -> Connector:
        return self._connect(self.sandbox.url, unknown=True)

    def have_trouble(self, flux: Flux) -> None:
        self.sandbox.fault(SCRIPTS[flux][0], kind="module")

    def fail_status(self, flux: Flux) -> None:
        self.sandbox.fault(SCRIPTS[flux][1], kind="truncate")

    def let_the_state_answer(self, shipment: Shipment, reference: str) -> None:
        self.sandbox.advance(24 * 60)

    def send_retour(self, content: bytes) -> str:
        return str(self.sandbox.send_pes_retour("PES2R_DEP_R_118.xml", content))

    def send_letter(self, acte: Shipment, reference: str, kind: str) -> str:
        return str(self.sandbox.send_letter(IdActe.parse(acte.key).numero, kind))

    def held(self, flux: Flux) -> int:
        return self._count(flux) - self._before[flux]

    def _count(self, flux: Flux) -> int:
        return len(self.sandbox.ledger()["actes" if flux is Flux.ACTES else "pes"])


class ExchangeBench:
    """The folder exchange, with a gateway that takes and answers when it is told to."""

    same_again_is_the_same = True
    finds_pes, lists_answers, tells_about = True, True, False

    def __init__(self, base: Path, share: Partage) -> None:
        self.gateway = Passerelle(base=base)
        self.gateway.send_classification(NOW)
        self.connector = self._connect(share)

    def _connect(self, share: Partage) -> EchangeConnector:
        settings = EchangeSettings(
            sirens=frozenset({"000000000", "219901238"}),
            ask_classification=lambda held: ("XYZ-EACT--000000000--20260317-99.tar.gz", ASKED),
            settle=timedelta(0),
            relist=timedelta(0),
        )
        return EchangeConnector(share, settings, FixedClock(NOW))

    def let_the_state_answer(self, shipment: Shipment, reference: str) -> None:
        self.gateway.take()
        self.gateway.answer(NOW)

    def send_retour(self, content: bytes) -> str:
        name = self.gateway.lay(f"PES2R_DEP_P_{next(_numbers)}.xml", content)
        return next(one.reference for one in self.connector.retours() if one.name == name)

    def send_letter(self, acte: Shipment, reference: str, kind: str) -> str:
        name = self.gateway.send_letter(Kind(kind), acte.key, NOW)
        listed = self.connector.courriers()
        return next(one.reference for one in listed if one.reference.startswith(f"{name}:"))

    def held(self, flux: Flux) -> int:
        ends = ".tar.gz" if flux is Flux.ACTES else ".xml"
        waiting = [path.name for path in (self.gateway.base / "entree").iterdir()]
        names = [*waiting, *(pris.name for pris in self.gateway.taken)]
        return sum(1 for name in names if name.endswith(ends))


class Capricious(DossierPartage):
    """A folder whose disk fails when told to."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.failures: list[tuple[str, int]] = []

    def _play(self, method: str, folder: str) -> None:
        if self.failures and self.failures[0][0] == method:
            _, number = self.failures.pop(0)
            with self._telling(folder):
                raise OSError(number, os.strerror(number))

    def entries(self, folder: str) -> tuple[Depose, ...]:
        self._play("entries", folder)
        return super().entries(folder)

    def look(self, folder: str, name: str) -> Depose | None:
        self._play("look", folder)
        return super().look(folder, name)

    def write(self, folder: str, name: str, content: bytes) -> None:
        self._play("write", folder)
        super().write(folder, name, content)

    def _sync(self, folder: str) -> None:
        if self.failures and self.failures[0][0] == "sync":
            raise OSError(self.failures.pop(0)[1], "ordered by the test")
        super()._sync(folder)

    def rename(self, folder: str, name: str, new: str) -> None:
        if self.failures and self.failures[0][0] == "rename":
            self.failures.pop(0)
            name = f"{name}-absent"  # « no such file », which proves nothing
        super().rename(folder, name, new)


class FolderBench(ExchangeBench):
    """A folder of this machine."""

    def __init__(self, base: Path) -> None:
        self.share = Capricious(base)
        super().__init__(base, self.share)

    def lose_answer(self, flux: Flux) -> None:
        self.share.failures.append(("sync", errno.EIO))

    def lose_request(self, flux: Flux) -> None:
        self.share.failures.append(("rename", errno.ENOENT))

    def be_down(self, flux: Flux) -> None:
        self.share.failures.append(("write", errno.EIO))

    def refuse_certificate(self) -> Connector:
        self.share.failures.append(("look", errno.EACCES))
        return self.connector

    def have_trouble(self, flux: Flux) -> None:
        self.share.failures.append(("write", errno.ENOSPC))

    def fail_status(self, flux: Flux) -> None:
        self.share.failures.append(("entries", errno.EIO))


class SftpBench(ExchangeBench):
    """The same, through OpenSSH on loopback."""

    def __init__(self, base: Path, server: Openssh) -> None:
        self.server = server
        self._base = base
        super().__init__(base, self._share(server.key.read_bytes(), server.passphrase))

    def _share(self, key: bytes, passphrase: str) -> SftpPartage:
        server = self.server
        settings = SftpSettings(
            host=server.host,
            port=server.port,
            user=server.user,
            base=str(self._base),
            known_hosts=server.known_hosts,
            key=lambda: ("client", key, passphrase),
        )
        return SftpPartage(settings)

    def lose_answer(self, flux: Flux) -> None:
        self.server.fail("rename", "after")

    def lose_request(self, flux: Flux) -> None:
        self.server.fail("rename", "before")

    def be_down(self, flux: Flux) -> None:
        self.server.fail("write", "before")

    def refuse_certificate(self) -> Connector:
        other = self.server.folder / "other"
        if not other.exists():
            make_key(other)
        return self._connect(self._share(other.read_bytes(), ""))

    def have_trouble(self, flux: Flux) -> None:
        self.server.fail("write", "full")

    def fail_status(self, flux: Flux) -> None:
        self.server.fail("opendir", "before")


@pytest.fixture(scope="session")
def pki_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bac-a-sable")


@pytest.fixture
def new_sandbox(pki_folder: Path) -> Iterator[Callable[..., Sandbox]]:
    running: list[Sandbox] = []

    def start(scenario: str) -> Sandbox:
        running.append(Sandbox.start(pki_folder, scenario=scenario, max_seconds=300))
        return running[-1]

    yield start
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def dump(tmp_path: Path) -> FolderDump:
    return FolderDump(tmp_path / "echanges", FixedClock(NOW))


@pytest.fixture(scope="session")
def nominal(pki_folder: Path) -> Iterator[Sandbox]:
    """One process for all the tests that use new numbers and leave no fault behind."""
    with Sandbox.start(pki_folder, max_seconds=600) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openssh]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(params=["scripted", "s2low", "folder", "sftp"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "scripted":
        yield ScriptedBench()
    elif request.param == "s2low":
        sandbox = request.getfixturevalue("nominal")
        yield S2lowBench(sandbox, request.getfixturevalue("dump"))
    else:
        base = request.getfixturevalue("tmp_path") / "partage"
        if request.param == "folder":
            made: FolderBench | SftpBench = FolderBench(base)
        else:
            made = SftpBench(base, request.getfixturevalue("openssh"))
        yield made
        made.connector.close()


_numbers = itertools.count(1)


def make_acte(
    objet: str = "Tarifs 2026 de la salle des fêtes", numero: str = "", document: bytes = PDF
) -> Shipment:
    emetteur = Emetteur(
        siren="000000000",
        departement="099",
        arrondissement="1",
        nature="31",
        adresses_retour=("mairie@saint-exemple.fr",),
    )
    acte = Acte(
        numero=numero or f"2026_{next(_numbers):03d}",
        date_decision=date(2026, 3, 14),
        nature=NatureActe.DELIBERATION,
        matiere=(7, 10),
        objet=objet,
        document=Piece(name="délib.pdf", content=document, type_pj="99_DE"),
        annexes=(Piece(name="plan.pdf", content=PDF, type_pj="99_DE"),),
        classification_date=date(2025, 9, 1),
    )
    packed = build_archive(acte, emetteur, day=DAY, serial=1, trigramme="XYZ", application="EACT")
    return Shipment(
        flux=Flux.ACTES, file_name=packed.name, content=packed.content, key=packed.id_acte
    )


def make_pes() -> Shipment:
    bordereau = next(_numbers)
    nom_fic = f"PESALR2_21990123800010_260317_{bordereau:03d}"
    content = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<n:PES_Aller xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller">
<Enveloppe><Parametres><Version V="2"/><TypFic V="PESALR2"/><NomFic V="{nom_fic}"/></Parametres>
<Emetteur><Sigle V="EDITEUR"/><Adresse V="LOGICIEL 1.0"/></Emetteur></Enveloppe>
<EnTetePES><DteStr V="2026-03-02"/><IdPost V="099001"/><IdColl V="21990123800010"/>
<CodCol V="123"/><CodBud V="00"/><LibelleColBud V="SAINT EXEMPLE"/></EnTetePES>
<PES_DepenseAller><EnTeteDepense><IdVer V="2"/><InfoDematerialisee V="0"/></EnTeteDepense>
<Bordereau Id="B1"><BlocBordereau><Exer V="2026"/><IdBord V="{bordereau}"/>
<DteBordEm V="2026-03-02"/><TypBord V="01"/><NbrPce V="1"/><MtBordHT V="10.00"/></BlocBordereau>
<Piece><BlocPiece><InfoPce><IdPce V="204"/><TypPce V="01"/><NatPce V="01"/></InfoPce></BlocPiece>
<LigneDePiece><BlocLignePiece><InfoLignePce><IdLigne V="1"/><Nature V="6064"/><MtHT V="10.00"/>
</InfoLignePce></BlocLignePiece></LigneDePiece></Piece></Bordereau></PES_DepenseAller>
</n:PES_Aller>
""".encode("iso-8859-1")
    return Shipment(flux=Flux.HELIOS, file_name=f"{nom_fic}.xml", content=content, key=nom_fic)


@pytest.fixture(params=[Flux.ACTES, Flux.HELIOS])
def shipment(request: pytest.FixtureRequest) -> Shipment:
    return make_acte() if request.param is Flux.ACTES else make_pes()


def test_account_is_accepted(bench: Bench):
    assert bench.connector.test().startswith("OK")


def test_deposit_then_answer_of_the_state(bench: Bench, shipment: Shipment):
    reference = bench.connector.deposit(shipment)
    assert reference
    assert bench.held(shipment.flux) == 1
    before = bench.connector.status(shipment.flux, reference)
    assert before.progress is RemoteProgress.PENDING
    assert before.documents == ()
    bench.let_the_state_answer(shipment, reference)
    after = bench.connector.status(shipment.flux, reference)
    assert after.progress is RemoteProgress.ANSWERED
    (document,) = after.documents
    if shipment.flux is Flux.ACTES:
        assert document.name == f"{reference}-AR.xml"
        received = parse_inbound(document.content)
        assert isinstance(received, ARActe)
        assert received.id_acte == shipment.key
    else:
        assert document.name == f"{reference}-PES_ACQUIT.xml"
        assert parse_acquit(document.content).nom_fic == shipment.key


def offer_again(bench: Bench, shipment: Shipment) -> None:
    """What the other side holds is never taken twice."""
    if bench.same_again_is_the_same:
        assert bench.connector.deposit(shipment) == bench.connector.find(shipment)
        return
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(shipment)
    assert caught.value.duplicate
    assert not caught.value.transient


def test_second_deposit_is_a_duplicate(bench: Bench, shipment: Shipment):
    bench.connector.deposit(shipment)
    offer_again(bench, shipment)
    assert bench.held(shipment.flux) == 1


def test_lost_answer_is_unknown_and_the_act_is_found(bench: Bench):
    """Scenario 3: one act only."""
    acte = make_acte()
    bench.lose_answer(Flux.ACTES)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(acte)
    reference = bench.connector.find(acte)
    assert reference is not None
    assert bench.connector.status(Flux.ACTES, reference).progress is RemoteProgress.PENDING
    offer_again(bench, acte)
    assert bench.held(Flux.ACTES) == 1


def test_lost_request_is_unknown_and_the_act_is_not_found(bench: Bench):
    """Scenario 4: it can be sent again."""
    acte = make_acte()
    bench.lose_request(Flux.ACTES)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(acte)
    assert bench.connector.find(acte) is None
    assert bench.connector.deposit(acte)
    assert bench.held(Flux.ACTES) == 1


def test_lost_answer_about_a_pes(bench: Bench):
    """Scenario 12: the same bytes are a duplicate; the reference is lost where nothing is found."""
    pes = make_pes()
    bench.lose_answer(Flux.HELIOS)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(pes)
    if bench.finds_pes:
        assert bench.connector.find(pes)
    else:
        with pytest.raises(OutcomeUnknown) as unknown:
            bench.connector.find(pes)
        assert unknown.value.faults.codes == ("CON-NO_SEARCH",)
    offer_again(bench, pes)
    assert bench.held(Flux.HELIOS) == 1


def test_nothing_is_received_by_a_server_that_is_down(bench: Bench, shipment: Shipment):
    bench.be_down(shipment.flux)
    with pytest.raises(Unreachable) as caught:
        bench.connector.deposit(shipment)
    assert caught.type is Unreachable
    assert bench.held(shipment.flux) == 0
    assert bench.connector.deposit(shipment)


def test_refused_certificate_is_not_a_mere_breakdown(bench: Bench, shipment: Shipment):
    with pytest.raises(AuthenticationRefused):
        bench.refuse_certificate().deposit(shipment)
    assert bench.held(shipment.flux) == 0


def test_temporary_trouble(bench: Bench, shipment: Shipment):
    bench.have_trouble(shipment.flux)
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(shipment)
    assert (caught.value.transient, caught.value.duplicate) == (True, False)
    assert bench.held(shipment.flux) == 0
    assert bench.connector.deposit(shipment)


def test_status_that_fails_can_be_asked_again(bench: Bench, shipment: Shipment):
    reference = bench.connector.deposit(shipment)
    bench.fail_status(shipment.flux)
    with pytest.raises(Unreachable):
        bench.connector.status(shipment.flux, reference)
    assert bench.connector.status(shipment.flux, reference).progress is RemoteProgress.PENDING


@pytest.mark.parametrize("flux", list(Flux))
def test_unknown_reference_concludes_nothing(bench: Bench, flux: Flux):
    assert bench.connector.status(flux, "999999").progress is RemoteProgress.UNRECOGNISED


def test_classification_is_that_of_the_prefecture(bench: Bench):
    assert b"RetourClassification" in bench.connector.classification()
    bench.connector.request_classification(None)


PES_RETOUR = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<n:PES_Retour xmlns:n="http://www.minefi.gouv.fr'
    '/cp/helios/pes_v2/Rev0/retour"><EnTetePES><LibellePoste V="TRÉSORERIE"/></EnTetePES>'
    "</n:PES_Retour>"
).encode("latin-1")


def test_retour_is_listed_until_it_is_marked_as_read(bench: Bench):
    connector = bench.connector
    before = [one.reference for one in connector.retours()]
    first, second = bench.send_retour(PES_RETOUR), bench.send_retour(PES_RETOUR + b"\n")
    assert [one.reference for one in connector.retours()] == [*before, first, second]
    assert connector.retour(first).content == PES_RETOUR
    assert connector.retour(first).name.endswith(".xml")
    connector.mark_read(first)
    connector.mark_read(first)
    assert [one.reference for one in connector.retours()] == [*before, second]
    assert connector.retour(second).content == PES_RETOUR + b"\n"


def test_retour_that_nobody_holds(bench: Bench):
    for ask in (bench.connector.retour, bench.connector.mark_read):
        with pytest.raises(Refused) as caught:
            ask("999999")
        assert caught.value.faults.codes == ("CON-NO_RETOUR",)


# letters and cancellations


@pytest.mark.parametrize("kind", ["2", "3", "4", "5"])
def test_letter_is_listed_until_it_is_marked_as_read(bench: Bench, kind: str):
    connector = bench.connector
    before = connector.courriers()
    acte = make_acte()
    reference = connector.deposit(acte)
    bench.let_the_state_answer(acte, reference)
    assert bench.lists_answers or connector.courriers() == before
    before = connector.courriers()
    first, second = (bench.send_letter(acte, reference, kind) for _ in range(2))
    letters = [
        RemoteCourrier(
            reference=letter,
            kind=kind,
            about=reference if bench.tells_about else "",
            id_acte=acte.key,
        )
        for letter in (first, second)
    ]
    assert list(connector.courriers()) == [*before, *letters]
    assert list(connector.courriers()) == [*before, *letters]  # to look at it is not to read it
    connector.mark_courrier_read(first)
    connector.mark_courrier_read(first)
    assert list(connector.courriers()) == [*before, letters[1]]
    connector.mark_courrier_read(second)
    assert connector.courriers() == before


def test_letter_that_nobody_holds_can_be_marked(bench: Bench):
    before = bench.connector.courriers()
    bench.connector.mark_courrier_read("999999")
    assert bench.connector.courriers() == before


def test_cancellation_then_answer_of_the_state(bench: Bench):
    connector = bench.connector
    acte = make_acte()
    reference = connector.deposit(acte)
    bench.let_the_state_answer(acte, reference)
    cancellation = make_exchange("Annulation", about=reference, id_acte=acte.key)
    asked = connector.deposit(cancellation)
    assert asked != reference
    before = connector.status(Flux.ACTES, asked)
    assert (before.progress, before.documents) == (RemoteProgress.PENDING, ())
    assert connector.deposit(cancellation) == asked  # asked once, whoever asks again
    bench.let_the_state_answer(cancellation, asked)
    after = connector.status(Flux.ACTES, asked)
    assert after.progress is RemoteProgress.ANSWERED
    (document,) = after.documents
    assert document.name == f"{asked}-AR.xml"
    received = parse_inbound(document.content)
    assert isinstance(received, ARAnnulation)
    assert received.id_acte == acte.key


# what only a real exchange can show


def test_cancelled_act(nominal: Sandbox, dump: FolderDump):
    """Only an act that has its AR, and only once (§1.4.10)."""
    bench = S2lowBench(nominal, dump)
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    cancellation = make_exchange("Annulation", about=reference, id_acte=acte.key)
    with pytest.raises(Refused) as early:
        bench.connector.deposit(cancellation)
    assert early.value.faults.codes == ("CON-CANCEL_STATE",)
    bench.let_the_state_answer(acte, reference)
    asked = bench.connector.deposit(cancellation)
    bench.let_the_state_answer(cancellation, asked)
    assert bench.connector.status(Flux.ACTES, reference).progress is RemoteProgress.CANCELLED
    again = make_exchange("Annulation", about=asked, id_acte=acte.key)
    with pytest.raises(Refused) as wrong:
        bench.connector.deposit(again)
    assert wrong.value.faults.codes == ("CON-CANCEL_KIND",)


def test_accents_reach_the_legal_record(nominal: Sandbox, dump: FolderDump):
    bench = S2lowBench(nominal, dump)
    acte = make_acte(objet="Fête du cœur à 3 €, élèves")
    reference = answered(bench, acte)
    (document,) = bench.connector.status(Flux.ACTES, reference).documents
    received = parse_inbound(document.content)
    assert isinstance(received, ARActe)
    assert received.acte_recu is not None
    assert received.acte_recu.objet == "Fête du coeur à 3 EUR, élèves"


@pytest.mark.parametrize("numero", ["2026_WIN", "2026_DOUBLE", "2026_ANOAR"])
def test_deviations_of_the_answers(new_sandbox: Callable[..., Sandbox], dump, numero: str):
    """AR in windows-1252, twice, after an anomaly."""
    bench = S2lowBench(new_sandbox("demo"), dump)
    acte = make_acte(numero=numero)
    reference = answered(bench, acte)
    status = bench.connector.status(Flux.ACTES, reference)
    assert status.progress is RemoteProgress.ANSWERED
    assert isinstance(parse_inbound(status.documents[0].content), ARActe)


@pytest.mark.parametrize(
    ("numero", "documents", "words"),
    [("2026_ANO", 1, "ODT-VERIF-02"), ("2026_TDT", 0, "PAdES"), ("2026_ENV", 1, "PREF-VERIF-02")],
)
def test_errors(new_sandbox, dump, numero: str, documents: int, words: str):
    bench = S2lowBench(new_sandbox("demo"), dump)
    acte = make_acte(numero=numero)
    reference = answered(bench, acte)
    status = bench.connector.status(Flux.ACTES, reference)
    assert status.progress is RemoteProgress.ERROR
    assert [document.name for document in status.documents] == (
        [f"{reference}-anomalie.xml"] * documents
    )
    said = status.message + "".join(d.content.decode("latin-1") for d in status.documents)
    assert words in said


def test_an_act_that_the_antivirus_of_the_platform_refuses(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("virus"), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    status = bench.connector.status(Flux.ACTES, reference)
    assert (status.progress, status.documents) == (RemoteProgress.ERROR, ())
    assert status.message.startswith("Fichier infecté : ")


def test_a_nature_outside_the_norm_is_understood(new_sandbox, dump):
    """§2.2: 999, although the XSD stops at 100."""
    bench = S2lowBench(new_sandbox("transaction-inconnue"), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    (document,) = bench.connector.status(Flux.ACTES, reference).documents
    received = parse_inbound(document.content)
    assert isinstance(received, AnomalieEnveloppe)
    assert (received.nature, advice(received).code) == ("999", "ACT-ODT_VERIF_17")


def test_an_ar_tells_that_a_newer_classification_is_in_force(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("ar-classification-ancienne"), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    (document,) = bench.connector.status(Flux.ACTES, reference).documents
    received = parse_inbound(document.content)
    assert isinstance(received, ARActe)
    assert received.acte_recu is not None
    dates = (received.acte_recu.classification_date, received.classification_en_cours)
    assert dates == (date(2025, 9, 1), date(2026, 1, 15))


def test_act_archived_before_the_first_poll_has_its_ar(new_sandbox, dump):
    """Scenario 8."""
    bench = S2lowBench(new_sandbox("archive-directe"), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    status = bench.connector.status(Flux.ACTES, reference)
    assert status.code != "4"
    assert status.progress is RemoteProgress.ANSWERED
    assert isinstance(parse_inbound(status.documents[0].content), ARActe)
    assert bench.connector.find(acte) == reference


def test_an_act_on_its_way_to_the_archive_has_its_ar(new_sandbox, dump):
    """§1.7: to wait for exactly 4 is to wait for ever."""
    bench = S2lowBench(new_sandbox("archivage-lent"), dump)
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    bench.sandbox.advance(90)
    for code in ("19", "12", "15", "13"):
        status = bench.connector.status(Flux.ACTES, reference)
        assert (status.code, status.progress) == (code, RemoteProgress.ANSWERED)
        (document,) = status.documents
        assert isinstance(parse_inbound(document.content), ARActe)
        assert bench.connector.find(acte) == reference
        bench.sandbox.advance(4 * 60)


def test_act_that_a_person_must_confirm(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("a-confirmer"), dump)
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    status = bench.connector.status(Flux.ACTES, reference)
    assert (status.progress, status.code) == (RemoteProgress.WAITING_FOR_PERSON, "17")
    assert bench.connector.find(acte) == reference


@pytest.mark.parametrize(
    ("scenario", "code"), [("papier", "CON-PAPER_MODE"), ("sans-rgs", "CON-NOT_RGS")]
)
def test_refusals_of_the_platform(new_sandbox, dump, scenario: str, code: str):
    bench = S2lowBench(new_sandbox(scenario), dump)
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(make_acte())
    assert caught.value.faults.codes == (code,)


def test_platform_without_classification(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("classification-absente"), dump)
    with pytest.raises(Refused) as caught:
        bench.connector.classification()
    assert caught.value.faults.codes == ("CON-NO_CLASSIFICATION",)
    bench.connector.request_classification(None)
    with pytest.raises(Refused) as again:
        bench.connector.request_classification(None)
    assert again.value.faults.codes == ("CON-CLASSIFICATION_DAILY",)


def test_certificate_of_several_accounts_needs_a_login(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("deux-comptes"), dump)
    with pytest.raises(AuthenticationRefused) as caught:
        bench.connector.test()
    assert caught.value.faults.codes == ("CON-LOGIN_NEEDED",)
    with pytest.raises(AuthenticationRefused):
        bench.connector.deposit(make_acte())
    assert bench.held(Flux.ACTES) == 0


def test_pkcs12_login_and_pinned_server_together(new_sandbox, dump):
    """What authorities that share a certificate use; none of the three is there for show."""
    sandbox = new_sandbox("deux-comptes")
    ours, neighbour = SCENARIOS["deux-comptes"].comptes
    server = load_pem_x509_certificate(sandbox.pki.server.certificate.read_bytes())
    settings = S2lowSettings(
        base_url=sandbox.url,
        client_certificate=lambda: opened(sandbox.pki.client),
        ca_file=sandbox.pki.ca_bundle,
        credentials=lambda: (ours.login, ours.password),
        pinned=frozenset({server.fingerprint(SHA256()).hex()}),
    )
    acte = make_acte()
    reference = S2lowConnector(settings, dump=dump).deposit(acte)
    sandbox.advance(24 * 60)
    (document,) = S2lowConnector(settings, dump=dump).status(Flux.ACTES, reference).documents
    received = parse_inbound(document.content)
    assert isinstance(received, ARActe)
    assert received.id_acte == acte.key
    other = replace(settings, credentials=lambda: (neighbour.login, neighbour.password))
    shown = S2lowConnector(other, dump=dump).status(Flux.ACTES, reference)
    assert shown.progress is RemoteProgress.UNRECOGNISED  # the login says whose acts they are
    for wrong in (
        replace(settings, credentials=lambda: (ours.login, "faux")),
        replace(settings, pinned=frozenset({"0" * 64})),
        replace(settings, client_certificate=lambda: opened(sandbox.pki.unknown_client)),
    ):
        with pytest.raises(AuthenticationRefused):
            S2lowConnector(wrong, dump=dump).test()


def opened(identity: Identity) -> ClientBundle:
    """Return the PKCS#12 of an identity as a connection takes it."""
    file = identity.p12
    pem, secret = repack_pkcs12(file.read_bytes(), identity.passphrase, name=file.name)
    return ClientBundle(pem=pem, passphrase=secret)


def test_number_of_another_act_is_a_conflict_for_a_person(nominal, dump):
    bench = S2lowBench(nominal, dump)
    bench.connector.deposit(make_acte(objet="Un premier acte", numero="2026_CONFLIT"))
    with pytest.raises(Refused) as caught:
        bench.connector.find(make_acte(objet="Un autre acte", numero="2026_CONFLIT"))
    assert caught.value.faults.codes == ("CON-NUMBER_CLASH",)


FAULTS = ["html200", "502", "503", "504", "empty200", "truncate", "cut", "hang", "close"]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("flux", list(Flux))
def test_each_fault_after_the_commit_is_unknown(nominal, dump, kind: str, flux: Flux):
    """F3 to F8."""
    bench = S2lowBench(nominal, dump)
    shipment = make_acte() if flux is Flux.ACTES else make_pes()
    bench.sandbox.fault(SCRIPTS[flux][0], kind=kind, when="after", seconds=0.1)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(shipment)
    assert bench.held(flux) == 1


@pytest.mark.parametrize("kind", ["502", "504", "cut"])
@pytest.mark.parametrize("flux", list(Flux))
def test_a_page_instead_of_the_answer_is_unknown_even_when_nothing_was_done(
    nominal, dump, kind: str, flux: Flux
):
    """F4: the page of a proxy says nothing of what the server behind it did."""
    bench = S2lowBench(nominal, dump)
    shipment = make_acte() if flux is Flux.ACTES else make_pes()
    bench.sandbox.fault(SCRIPTS[flux][0], kind=kind)
    with pytest.raises(OutcomeUnknown):
        bench.connector.deposit(shipment)
    assert bench.held(flux) == 0
    assert bench.connector.deposit(shipment)


def test_a_refusal_that_is_cut_is_no_success(nominal, dump):
    bench = S2lowBench(nominal, dump)
    acte = make_acte()
    bench.connector.deposit(acte)
    bench.sandbox.fault(SCRIPTS[Flux.ACTES][0], kind="cut", when="after")
    with pytest.raises(Refused) as caught:
        bench.connector.deposit(acte)
    assert caught.value.inconclusive
    assert bench.held(Flux.ACTES) == 1


@pytest.mark.parametrize(
    ("scenario", "progress", "root"),
    [
        ("nominal", RemoteProgress.ANSWERED, b"ARActe"),
        ("anomalie", RemoteProgress.ERROR, b"AnomalieActe"),
    ],
)
def test_an_answer_that_is_cut_is_asked_for_again(
    new_sandbox, dump, scenario: str, progress: RemoteProgress, root: bytes
):
    """F6: under a length that agrees, the content alone tells; half an anomaly is not the words of
    a refusal."""
    bench = S2lowBench(new_sandbox(scenario), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    bench.sandbox.fault("actes_transac_get_status", kind="cut", when="after")
    with pytest.raises(Unreachable):
        bench.connector.status(Flux.ACTES, reference)
    status = bench.connector.status(Flux.ACTES, reference)
    (document,) = status.documents
    assert (status.progress, root in document.content) == (progress, True)


def test_an_ar_of_an_archived_act_that_is_cut_is_asked_for_again(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("archive-directe"), dump)
    acte = make_acte()
    reference = answered(bench, acte)
    bench.sandbox.fault("get_ARActe", kind="cut", when="after")
    assert bench.connector.status(Flux.ACTES, reference).documents == ()
    (document,) = bench.connector.status(Flux.ACTES, reference).documents
    assert isinstance(parse_inbound(document.content), ARActe)


def test_an_acquit_that_is_cut_is_asked_for_again(nominal, dump):
    bench = S2lowBench(nominal, dump)
    pes = make_pes()
    reference = answered(bench, pes)
    bench.sandbox.fault("helios_download_acquit", kind="cut", when="after")
    status = bench.connector.status(Flux.HELIOS, reference)
    assert (status.progress, status.documents) == (RemoteProgress.TRANSMITTED, ())
    (document,) = bench.connector.status(Flux.HELIOS, reference).documents
    assert parse_acquit(document.content).nom_fic == pes.key


@pytest.mark.parametrize("script", ["actes_create_pdf", "actes_download_file"])
@pytest.mark.parametrize("size", [0, 20_000])
def test_a_paper_that_is_cut_is_asked_for_again(nominal, dump, script: str, size: int):
    """Half of a small act that is stamped still holds the end of the act."""
    bench = S2lowBench(nominal, dump, papers=frozenset(PaperKind))
    acte = make_acte(document=PDF.replace(b"trailer", b" " * size + b"trailer"))
    reference = answered(bench, acte)
    bench.sandbox.fault(script, kind="cut", when="after")
    with pytest.raises(Unreachable) as caught:
        bench.connector.papers(reference)
    assert caught.value.faults.codes == ("CON-TRUNCATED_ANSWER",)
    assert len(bench.connector.papers(reference)) == 3


def test_a_letter_or_a_retour_that_is_cut_stays_to_be_read(nominal, dump):
    """What is marked as read is no longer listed: half of it would be all that is left."""
    bench = S2lowBench(nominal, dump)
    acte = make_acte()
    reference = answered(bench, acte)
    letter = bench.send_letter(acte, reference, "3")
    retour = bench.send_retour(PES_RETOUR + b"\n\n")
    for script, fetch, number in (
        ("actes_download_file", bench.connector.courrier, letter),
        ("helios_get_retour", bench.connector.retour, retour),
    ):
        whole = fetch(number)
        bench.sandbox.fault(script, kind="cut", when="after")
        with pytest.raises(Unreachable):
            fetch(number)
        assert fetch(number) == whole


def test_a_slow_upload_has_the_time_of_an_upload(nominal, dump):
    """F9: each of its silences lasts longer than the opening of a connection may."""
    bench = S2lowBench(nominal, dump)
    pes = heavy(Flux.HELIOS)
    connector = bench.hurried(Timeouts(connect=1.5, read=10, upload=60))
    bench.sandbox.fault(SCRIPTS[Flux.HELIOS][0], kind="slow_upload", seconds=8)
    assert connector.deposit(pes)
    assert bench.held(Flux.HELIOS) == 1


@pytest.mark.parametrize("flux", list(Flux))
def test_an_upload_that_lasts_too_long_is_unknown(nominal, dump, flux: Flux):
    bench = S2lowBench(nominal, dump)
    shipment = heavy(flux)
    connector = bench.hurried(Timeouts(connect=10, read=10, upload=1))
    bench.sandbox.fault(SCRIPTS[flux][0], kind="slow_upload", seconds=20)
    with pytest.raises(OutcomeUnknown) as caught:
        connector.deposit(shipment)
    assert caught.value.faults.codes == ("CON-LOST_ANSWER",)
    assert bench.held(flux) == 0
    assert bench.connector.deposit(shipment)


def heavy(flux: Flux) -> Shipment:
    """Return some megabytes, which no buffer of the system swallows."""
    blank = b" " * 8_000_000
    if flux is Flux.ACTES:
        return make_acte(document=PDF.replace(b"trailer", blank + b"trailer"))
    pes = make_pes()
    return replace(pes, content=pes.content.replace(b"</n:PES_Aller>", blank + b"</n:PES_Aller>"))


def test_flickering_acquit(new_sandbox, dump):
    """S²LOW shows 3 while the acquit cannot be served: 8, 3, 8."""
    bench = S2lowBench(new_sandbox("helios-clignotant"), dump)
    reference = bench.connector.deposit(make_pes())
    seen = []
    for _ in range(20):
        bench.sandbox.advance(5)
        seen.append(bench.connector.status(Flux.HELIOS, reference).progress)
    changes = [new for old, new in zip([None, *seen], seen, strict=False) if new is not old]
    answered, transmitted = RemoteProgress.ANSWERED, RemoteProgress.TRANSMITTED
    assert changes[-3:] == [answered, transmitted, answered]


# what S²LOW makes for people


def test_papers_of_an_acknowledged_act(nominal, dump):
    bench = S2lowBench(nominal, dump, papers=frozenset(PaperKind))
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    with pytest.raises(Unreachable):  # not before the AR
        bench.connector.papers(reference)
    bench.let_the_state_answer(acte, reference)
    bordereau, act, annexe = bench.connector.papers(reference, affichage=DAY)
    assert (bordereau.kind, act.kind, annexe.kind) == (PaperKind.BORDEREAU, *[PaperKind.TAMPON] * 2)
    assert [act.rank, annexe.rank] == [0, 1]
    assert act.content.startswith(PDF)
    assert "Publié le 2026-03-17".encode("latin-1") in act.content
    status = bench.connector.status(Flux.ACTES, reference)
    assert status.progress is RemoteProgress.ANSWERED


def test_the_page_that_is_shown_to_an_agent_confirms_the_act(new_sandbox, dump):
    bench = S2lowBench(new_sandbox("a-confirmer"), dump)
    acte = make_acte()
    reference = bench.connector.deposit(acte)
    page = bench.connector.person_page(Flux.ACTES, reference, "17")
    context = bench.sandbox.client_context()
    with urllib.request.urlopen(page, context=context) as answer:  # noqa: S310 - our own sandbox
        assert urlsplit(answer.url).path == "/modules/actes/index.php"
        assert "error=0" in answer.url
    assert bench.connector.status(Flux.ACTES, reference).progress is RemoteProgress.PENDING
    bench.let_the_state_answer(acte, reference)
    assert bench.connector.status(Flux.ACTES, reference).progress is RemoteProgress.ANSWERED


@pytest.mark.parametrize(("scenario", "rgs"), [("nominal", "oui"), ("sans-rgs", "non")])
def test_the_connection_says_what_it_is_worth(new_sandbox, dump, scenario: str, rgs: str):
    words = S2lowBench(new_sandbox(scenario), dump).connector.test()
    assert words.startswith("OK")
    assert f"certificat RGS : {rgs}" in words
    assert "siren : 000000000" in words


def test_a_cancellation_asked_for_twice_is_one(nominal, dump):
    """§9.1, scenario 9 of §8.3: the second call is refused, and finds the first."""
    bench = S2lowBench(nominal, dump)
    acte = make_acte()
    reference = answered(bench, acte)
    cancellation = make_exchange("Annulation", id_acte=acte.key, about=reference)
    first = bench.connector.deposit(cancellation)
    assert bench.connector.deposit(cancellation) == first
    bench.let_the_state_answer(cancellation, first)
    assert bench.connector.deposit(cancellation) == first  # the act is « not in a state » now
    assert bench.connector.find(cancellation) == first

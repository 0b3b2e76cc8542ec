"""A mairie whose tiers de télétransmission works by folders: everything goes and comes back, once.

The gateway is the sandbox's stand-in; the share is a folder, or the same folder behind OpenSSH.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demat.actes.lifecycle import EtatActe
from demat.clock import FixedClock, SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.engine.nightly import nightly
from demat.engine.office import Office
from demat.helios.lifecycle import EtatPes
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView
from demat.sandbox.passerelle import Passerelle
from demat.sandbox.records import Kind
from demat.sandbox.scenario import Autorite
from tests.acceptance.bad_input import HEAD, PDF, PES, csv
from tests.acceptance.conftest import Mairie
from tests.openssh import Openssh, running_sshd

RETOUR = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<n:PES_Retour xmlns:n="http://www.minefi.gouv.fr'
    '/cp/helios/pes_v2/Rev0/retour"><EnTetePES><IdPost V="099012"/><IdColl V="21990123800010"/>'
    '<CodColl V="045"/><CodBud V="00"/></EnTetePES></n:PES_Retour>'
).encode("latin-1")


@dataclass(kw_only=True)
class Town:
    """The mairie, its engine, and the gateway that it exchanges with."""

    mairie: Mairie
    office: Office
    clock: FixedClock
    gateway: Passerelle
    server: Openssh | None

    def night(self, minutes: float = 0) -> dict[str, Any]:
        """Make a nightly run, some minutes later."""
        self.clock.instant += timedelta(minutes=minutes)
        report = nightly(self.office, pause=self._pause)
        assert report is not None
        return dict(report.as_json())

    def _pause(self, seconds: float) -> None:
        self.clock.instant += timedelta(seconds=seconds)

    def entree(self) -> list[Path]:
        """Return what lies where files are laid."""
        return list((self.gateway.base / "entree").iterdir())

    def gateway_works(self) -> None:
        """The gateway takes what is ready, and the State answers."""
        self.gateway.take()
        self.gateway.answer(self.clock.now())

    def hand_in(self) -> None:
        """Lay one act and one PES."""
        day = f"{self.clock.now() - timedelta(days=1):%d/%m/%Y}"
        row = f"{self.clock.now().year}_090;{day};DE;7.10;Tarifs de la salle;acte.pdf"
        self.mairie.write("seance/actes.csv", csv(HEAD, row))
        self.mairie.write("seance/acte.pdf", PDF)
        self.mairie.write("flux.xml", PES)

    def flow(self, message: str) -> TransmissionView:
        """Return the last transmission of a message of ACTES, or the PES for ``PES``."""
        found = [
            flow
            for flow in self.office.store.transmissions()
            if flow.facts.get("message", "PES") == message
        ]
        return found[-1]

    def landed(self) -> Counter[str]:
        """Return how many times the gateway took each name."""
        return Counter(pris.name for pris in self.gateway.taken)


def exchange_table(mairie: Mairie, table: str, keys: str) -> None:
    """Replace a table of the configuration by an exchange of these keys."""
    text = mairie.config.read_text("utf-8")
    start = text.index("[collectivites.tdt]")
    end = text.index("[[collectivites.signataires]]")
    kept = text[start:end] if table != "tdt" else ""
    made = f'{kept}[collectivites.{table}]\ntype = "echange"\ntraites = "traites"\n{keys}\n'
    mairie.config.write_text(text[:start] + made + text[end:], "utf-8")


def sftp_keys(mairie: Mairie, server: Openssh, base: Path) -> str:
    """Return the keys of a configuration that reaches a folder through OpenSSH."""
    mairie.secret("passerelle", server.passphrase)
    return (
        f'url = "sftp://{server.user}@{server.host}:{server.port}{base}"\n'
        f'empreinte_hote = ["{server.fingerprint}"]\n'
        f'cle = "{server.key}"\nmot_de_passe = "secrets/passerelle.passe"\n'
    )


@pytest.fixture(scope="module")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openssh]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@contextmanager
def opened(mairie: Mairie, gateway: Passerelle, server: Openssh | None) -> Iterator[Town]:
    clock = FixedClock(SystemClock().now())
    with open_office(load_config(mairie.config), clock=clock) as office:
        yield Town(mairie=mairie, office=office, clock=clock, gateway=gateway, server=server)


def gateway_of(mairie: Mairie, **options: Any) -> Passerelle:
    autorite = Autorite(siren="000000000")
    return Passerelle(base=mairie.root / "partage", autorite=autorite, **options)


@pytest.fixture(params=["folder", "sftp"])
def town(request: pytest.FixtureRequest, strict_mairie: Mairie) -> Iterator[Town]:
    gateway = gateway_of(strict_mairie, bare=request.param == "sftp")
    server = request.getfixturevalue("openssh") if request.param == "sftp" else None
    keys = f'url = "file://{gateway.base}"'
    if server is not None:
        keys = sftp_keys(strict_mairie, server, gateway.base)
    exchange_table(strict_mairie, "tdt", keys)
    with opened(strict_mairie, gateway, server) as found:
        yield found


def test_an_act_and_a_pes_go_and_their_answers_come_back_once(town: Town) -> None:
    assert town.mairie.demat("doctor").code == 0
    town.hand_in()
    town.night()  # the act waits for the préfecture's list, which is asked for
    assert town.entree()
    town.gateway_works()
    town.night(10)
    town.night(10)
    assert {flow.delivery for flow in town.office.store.transmissions()} == {
        DeliveryState.DEPOSITED
    }
    town.gateway_works()
    for _ in range(3):
        town.night(10)
    assert town.flow("1-1").etat == EtatActe.ACQUITTE
    assert town.flow("PES").etat == EtatPes.ACQUITTE
    assert set(town.landed().values()) == {1}
    assert len(town.gateway.taken) == 3  # 7-1, act, PES
    kinds = [receipt.kind for receipt in town.office.store.receipts(town.flow("1-1").id)]
    assert kinds == ["ARActe"]
    kinds = [receipt.kind for receipt in town.office.store.receipts(town.flow("PES").id)]
    assert kinds == ["PES_ACQUIT"]
    assert list(town.gateway.sortie.iterdir()) == []
    assert len(list((town.gateway.base / "traites").iterdir())) == 3  # 7-2, AR, acquit
    assert not town.office.store.verify_journal()
    assert not town.office.store.verify_documents()
    for message in ("1-1", "PES"):
        number = str(town.flow(message).id)
        proof = town.mairie.root / f"preuve-{number}.zip"
        assert town.mairie.demat("evidence", number, "--sortie", proof).code == 0
        assert proof.stat().st_size > 1000
        assert town.mairie.show(int(number))["remote_code"] == "répondu"


def test_a_letter_is_acknowledged_and_answered(town: Town) -> None:
    town.gateway.send_classification(town.clock.now())
    town.night()
    town.hand_in()
    town.night(10)
    town.gateway_works()
    town.night(10)
    id_acte = town.flow("1-1").key
    town.gateway.send_letter(Kind.DEMANDE_PIECES, id_acte, town.clock.now())
    town.gateway.lay("PES2R_DEP_P_045_00_099012.xml", RETOUR)
    report = town.night(10)
    assert report["authorities"][0]["courriers"] == 1
    assert report["authorities"][0]["retours"] == 1
    town.night(10)  # the receipt 3-2 leaves by itself
    (folder,) = (town.mairie.folder / "courriers").iterdir()
    assert len(list(folder.glob("*.pdf"))) == 1
    town.mairie.write("reponse-1/piece.pdf", PDF)
    town.night(10)
    town.night(10)
    town.gateway_works()
    town.night(10)
    town.night(10)
    assert town.flow("3-2").etat == EtatActe.TRANSMIS
    assert town.flow("3-4").etat == EtatActe.ACQUITTE
    assert set(town.landed().values()) == {1}
    assert list(town.gateway.sortie.iterdir()) == []


@pytest.mark.parametrize("taken", [False, True], ids=["still there", "taken"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_that_dies_at_the_renaming_doubles_nothing(
    strict_mairie: Mairie, openssh: Openssh, when: str, taken: bool
) -> None:
    gateway = gateway_of(strict_mairie)
    exchange_table(strict_mairie, "tdt", sftp_keys(strict_mairie, openssh, gateway.base))
    with opened(strict_mairie, gateway, openssh) as town:
        town.gateway.send_classification(town.clock.now())
        town.night()
        openssh.fail("rename", when, times=2)
        town.hand_in()
        town.night(10)
        assert openssh.obeyed()
        assert {flow.delivery for flow in town.office.store.transmissions()} == {
            DeliveryState.SUSPENDED
        }
        if taken:
            town.gateway.take()
        for _ in range(3):
            town.night(10)
        town.gateway_works()
        for _ in range(3):
            town.night(10)
        assert {flow.delivery for flow in town.office.store.transmissions()} == {
            DeliveryState.DEPOSITED
        }
        assert (town.flow("1-1").etat, town.flow("PES").etat) == (
            EtatActe.ACQUITTE,
            EtatPes.ACQUITTE,
        )
        assert len(town.landed()) == 2
        assert set(town.landed().values()) == {1}


def test_what_was_taken_and_is_never_answered_is_left_to_a_person(
    strict_mairie: Mairie, openssh: Openssh
) -> None:
    """The connection died at the renaming and the gateway took the file: nothing is sent again."""
    gateway = gateway_of(strict_mairie)
    exchange_table(strict_mairie, "tdt", sftp_keys(strict_mairie, openssh, gateway.base))
    with opened(strict_mairie, gateway, openssh) as town:
        town.gateway.send_classification(town.clock.now())
        town.night()
        openssh.fail("rename", "after", times=2)
        town.hand_in()
        town.night(10)
        town.gateway.take()
        told = town.night(60)["authorities"][0]
        assert not any("demat settle" in words for words in told["errors"] + told["notices"])
        told = town.night(25 * 60)["authorities"][0]
        asked = [words for words in told["errors"] + told["notices"] if "demat settle" in words]
        assert len(asked) == 2  # the act and the PES
        assert set(town.landed().values()) == {1}
        assert town.entree() == []


def test_acts_through_s2low_and_pes_through_the_gateway(mairie: Mairie) -> None:
    gateway = gateway_of(mairie, extension=".txt", keep=True)
    keys = (
        f'url = "file://{gateway.base}"\npris = "pris"\naccompagnement = "site"\n'
        'p_dest = "VHPCE11"\np_msg = "TypFic"'
    )
    exchange_table(mairie, "tdt_helios", keys)
    assert mairie.nightly().code == 0
    mairie.write("seance/actes.csv", csv(HEAD, "2026_090;08/10/2026;DE;3.2;Tarifs;acte.pdf"))
    mairie.write("seance/acte.pdf", PDF)
    mairie.write("flux.xml", PES)
    assert mairie.nightly().code == 0
    assert len(mairie.sandbox.ledger()["actes"]) == 1
    assert mairie.sandbox.ledger()["pes"] == []
    (pris,) = gateway.take()
    assert pris.beside == (
        b"SITE P_DEST VHPCE11\nSITE P_APPLI GHELPES2\nSITE P_MSG PESALR2#045#099012#00\n"
    )
    gateway.answer(SystemClock().now())
    mairie.advance(24 * 60)
    assert mairie.nightly().code == 0
    assert {flow["etat"] for flow in mairie.flows()} == {"acquitte"}
    assert mairie.demat("doctor").code == 0

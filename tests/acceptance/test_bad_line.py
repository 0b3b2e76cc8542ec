"""The other side does not answer, or answers something else: nothing is lost, nothing is doubled.

Faults strike before what was asked is done, or after: then it is done and the answer is lost.
"""

from datetime import timedelta
from typing import Any

import pytest

from demat.clock import FixedClock, SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.connectors.api import Flux, Shipment
from demat.engine.nightly import nightly
from demat.sandbox.client import Sandbox
from tests.acceptance.bad_input import (
    PDF,
    PES,
    Files,
    assert_kept,
    changed,
    contents,
    deposit,
    seance,
)
from tests.acceptance.conftest import Mairie, unfolded

TEST = "test-connexion"
CREATE = "actes_transac_create"
IMPORT = "helios_importer_fichier"
SILENT = (
    "Le tiers de télétransmission ne répond pas ; rien n'a été envoyé.",
    "l'envoi sera tenté de nouveau tout seul",
)
PAGE = (
    "Le tiers de télétransmission a répondu par une page web au lieu d'une réponse (maintenance "
    "probable).",
    "demat recommencera ou vérifiera tout seul",
)
LOST = (
    "La connexion s'est coupée pendant l'envoi : on ne sait pas si le tiers de télétransmission "
    "l'a reçu.",
    "Ne renvoyez pas le document vous-même",
)
STATUS = (
    "Le serveur du tiers de télétransmission est en difficulté (réponse 504).",
    "demat recommencera ou vérifiera tout seul",
)
CUT = (
    "La réponse du tiers de télétransmission est arrivée incomplète.",
    "Ne renvoyez pas le document vous-même",
)
BOTH: Files = {"flux.xml": PES, **seance(PDF)}
SENT = sorted(BOTH.values())
NOM_FIC = "SAINTEX-20261022-D0032"
"""That of the PES."""


def errors(report: Any) -> str:
    """The sentences of a report."""
    (authority,) = report["authorities"]
    return " ".join(authority["errors"])


def notices(report: Any) -> str:
    """What a report says that somebody should know."""
    (authority,) = report["authorities"]
    return " ".join(authority["notices"])


def later_night(mairie: Mairie, minutes: float) -> dict[str, Any]:
    """Make a nightly run some minutes later, by a clock of ours."""
    clock = FixedClock(SystemClock().now() + timedelta(minutes=minutes))

    def pause(seconds: float) -> None:
        clock.instant += timedelta(seconds=seconds)

    with open_office(load_config(mairie.config), clock=clock) as office:
        report = nightly(office, pause=pause)
    assert report is not None
    return dict(report.as_json())


@pytest.fixture
def ready(mairie: Mairie) -> Mairie:
    """A mairie that holds the préfecture's list already, and that is not patient for long."""
    mairie.edit("envoi_attente_secondes = 0.0", "envoi_attente_secondes = 60.0")
    mairie.edit('type = "s2low"', 'type = "s2low"\ndelai_lecture_secondes = 0.3')
    assert mairie.nightly().code == 0
    return mairie


def test_a_sandbox_that_is_stopped(ready: Mairie) -> None:
    deposit(ready, BOTH)
    ready.sandbox.stop()
    night = ready.nightly()
    assert night.code == 3
    for words in (*SILENT, "la connexion est refusée"):
        assert words in errors(night.json)
    assert len(ready.flows("waiting")) == 2
    assert contents(ready.folder / "transmis") == SENT
    assert_kept(ready, BOTH)
    assert ready.demat("doctor").code == 3
    with Sandbox.start(ready.sandbox.pki.folder, speed=0, max_seconds=120) as back:
        ready.edit(ready.sandbox.url, back.url)
        assert later_night(ready, 6)["outcome"] == "done"
        ledger = back.ledger()
        assert (len(ledger["actes"]), len(ledger["pes"])) == (1, 1)


@pytest.mark.parametrize(
    "kind", ["hang", "html200", "502", "503", "504", "close", "empty200", "truncate", "cut"]
)
def test_a_fault_before_anything_is_sent(ready: Mairie, kind: str) -> None:
    """The connection is tried first: what fails there leaves the flows to be sent."""
    ready.sandbox.fault(TEST, kind=kind, count=2)
    deposit(ready, BOTH)
    night = ready.nightly()
    assert night.code in (1, 3)
    assert "télétransmission" in errors(night.json)
    assert len(ready.flows("waiting")) == 2
    assert ready.landed() == 0
    assert contents(ready.folder / "transmis") == SENT
    assert later_night(ready, 6)["outcome"] == "done"
    assert (ready.landed(), len(ready.flows("sent"))) == (2, 2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "sentences"),
    [("html200", PAGE), ("504", STATUS), ("cut", CUT), ("hang", LOST), ("close", LOST)],
)
def test_an_act_of_unknown_outcome_lands_once(
    ready: Mairie, kind: str, sentences: tuple[str, ...], when: str
) -> None:
    if (kind, when) == ("cut", "before"):
        sentences = PAGE  # half of a page
    ready.sandbox.fault(CREATE, kind=kind, when=when, seconds=2)
    deposit(ready, seance(PDF))
    night = ready.nightly()
    assert night.code == 1
    for words in sentences:
        assert words in errors(night.json)
    if kind == "hang":  # it is the client that gave up, after the delay that is configured
        assert "la réponse n'est pas venue à temps" in errors(night.json)
    (flow,) = ready.flows("suspended")
    told = ready.show(flow["id"])["faults"]
    assert any(sentences[0] in fault["message"] for fault in told)
    assert ready.landed() == (1 if when == "after" else 0)
    assert ready.nightly().code == 1  # too early to ask: nothing is sent again
    assert ready.landed() == (1 if when == "after" else 0)
    report = later_night(ready, 6)
    assert (report["settled"], report["outcome"]) == (1, "done")
    assert [item["delivery"] for item in ready.flows()] == ["deposited"]
    assert ready.landed() == 1
    assert_kept(ready, seance(PDF))
    ready.advance(60)
    later_night(ready, 70)
    assert [item["etat"] for item in ready.flows()] == ["acquitte"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["html200", "close"])
def test_a_pes_of_unknown_outcome_lands_once(ready: Mairie, kind: str, when: str) -> None:
    """No search exists for a PES: the same bytes are offered again, a duplicate is refused."""
    ready.sandbox.fault(IMPORT, kind=kind, when=when)
    deposit(ready, {"flux.xml": PES})
    night = ready.nightly()
    assert night.code == 1
    assert (PAGE if kind == "html200" else LOST)[0] in errors(night.json)
    assert len(ready.flows("suspended")) == 1
    for minutes in (6, 12, 60):
        later_night(ready, minutes)
        assert ready.landed() == 1
    (flow,) = ready.flows()
    # after a lost answer its reference is lost too: a person looks it up, nothing is sent again
    assert flow["delivery"] == ("landed" if when == "after" else "deposited")
    assert_kept(ready, {"flux.xml": PES})


def test_what_landed_is_followed_once_a_person_has_given_its_number(ready: Mairie) -> None:
    """Scenario 12 of the connectors dossier (§8.3): landed, number unknown, human task."""
    ready.sandbox.fault(IMPORT, kind="close", when="after")
    deposit(ready, {"flux.xml": PES})
    assert ready.nightly().code == 1
    for minutes in (6, 12):
        later_night(ready, minutes)
    (flow,) = ready.flows("landed")
    number = str(flow["id"])
    assert f"demat settle {number} --reference NUMÉRO" in errors(later_night(ready, 18))
    (pes,) = ready.sandbox.ledger()["pes"]
    wrong = ready.demat("settle", number, "--reference", "999999")
    assert wrong.code == 1
    assert "ne connaît pas le numéro de transaction 999999" in unfolded(wrong.stderr)
    assert ready.demat("settle", number, "--not-landed").code == 1
    assert ready.demat("settle", number, "--reference", str(pes["id"])).code == 0
    ready.advance(24 * 60)
    assert ready.nightly().code == 0
    (flow,) = ready.flows()
    assert (flow["delivery"], flow["etat"]) == ("deposited", "acquitte")
    assert (flow["reference"], ready.landed()) == (str(pes["id"]), 1)


def test_a_pes_that_was_on_the_platform_already_is_the_one_that_counts(ready: Mairie) -> None:
    """§9.3: ours is put aside by the platform; nothing is refused, and no number is free again."""
    earlier = Shipment(
        flux=Flux.HELIOS, file_name=f"{NOM_FIC}.xml", content=PES + b"\n", key=NOM_FIC
    )
    with open_office(load_config(ready.config)) as office:
        connector = office.authorities[0].connector
        reference = connector.deposit(earlier)
        deposit(ready, {"flux.xml": PES})
        assert ready.nightly().code == 0
        ready.advance(60)
        (acquit,) = connector.status(Flux.HELIOS, reference).documents
    assert "Ne renvoyez rien, sous aucun nom" in notices(ready.nightly().json)
    assert "Ne renvoyez rien, sous aucun nom" in notices(ready.nightly().json)  # until it is done
    (flow,) = ready.flows()
    assert (flow["delivery"], flow["etat"]) == ("deposited", "genere")
    assert (ready.returned(), contents(ready.folder / "a-corriger")) == ([], [])
    deposit(ready, {"encore.xml": changed(PES, NOM_FIC, f"{NOM_FIC}-BIS")})
    assert ready.nightly().code == 1
    assert "Le bordereau n° 32 de l'exercice 2026 a déjà été envoyé" in ready.sheet("encore")
    assert ready.landed() == 2
    deposit(ready, {"acquit.xml": acquit.content})
    assert notices(ready.nightly().json) == ""
    assert [one["etat"] for one in ready.flows()] == ["acquitte"]


@pytest.mark.parametrize("kind", ["html200", "504", "cut"])
def test_a_status_that_is_not_had_changes_nothing(ready: Mairie, kind: str) -> None:
    deposit(ready, BOTH)
    assert ready.nightly().code == 0
    ready.advance(60)
    ready.sandbox.fault("get_status", kind=kind, when="after", count=2)
    ready.nightly()
    assert {flow["etat"] for flow in ready.flows()} == {"prepare", "genere"}
    assert ready.nightly().code == 0
    assert {flow["etat"] for flow in ready.flows()} == {"acquitte"}
    assert ready.landed() == 2

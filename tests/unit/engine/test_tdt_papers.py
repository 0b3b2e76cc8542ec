"""The papers of the platform: kept, laid, asked for again, and never at the cost of the AR."""

from datetime import timedelta

import pytest

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import (
    ConnectorError,
    PaperKind,
    RemotePaper,
    RemoteProgress,
    RemoteStatus,
)
from demat.engine.transmit import transmit_due
from tests.unit.engine.conftest import AUTHENTICATION, UNREACHABLE, Town, accept_all, ar

ACTE = "seance-2026-11-05"
PAPERS = (
    RemotePaper(kind=PaperKind.BORDEREAU, rank=0, content=b"%PDF-1.4 bordereau %%EOF"),
    RemotePaper(kind=PaperKind.TAMPON, rank=0, content=b"%PDF-1.4 acte %%EOF"),
    RemotePaper(kind=PaperKind.TAMPON, rank=9, content=b"%PDF-1.4 autre %%EOF"),
)


@pytest.fixture
def sent(town: Town) -> Town:
    """An act whose AR comes with the next night; its platform makes papers."""
    town.connector.papers_offered = frozenset(PaperKind)
    town.fixture(ACTE)
    transmit_due(town.office)
    town.answer(town.flow(1), ar(town.flow(1)))
    return town


def laid(town: Town) -> dict[str, bytes]:
    folder = town.folders.accuses / town.flow(1).key / "plate-forme"
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_the_papers_come_with_the_ar_and_are_kept(sent: Town) -> None:
    sent.connector.held_papers["1"] = PAPERS
    sent.night()
    given = str(sent.flow(1).facts["documents"][0]).rpartition("/")[2]
    assert laid(sent) == {
        "bordereau-acquittement.pdf": PAPERS[0].content,
        given: PAPERS[1].content,
        "piece-9.pdf": PAPERS[2].content,
    }
    kept = sent.store.proofs(1)
    assert {one.nature for one in kept} == {"bordereau_tdt", "tampon_tdt"}
    assert {sent.store.documents.get(one.sha256) for one in kept} == {
        paper.content for paper in PAPERS
    }
    assert sent.store.verify_documents().codes == ()
    for _ in range(2):  # once is enough
        sent.night(after=timedelta(days=1))
    assert sent.connector.calls.count(("papers", "1")) == 1


@pytest.mark.parametrize("error", [UNREACHABLE, AUTHENTICATION])
def test_papers_that_cannot_be_had_cost_nothing_to_the_ar(
    sent: Town, error: ConnectorError
) -> None:
    sent.connector.held_papers["1"] = PAPERS
    for _ in range(2):  # with the AR, then once more by night
        sent.connector.fail_next("papers", error)
    report = sent.night()
    assert report.authorities[0].errors == []
    assert sent.flow(1).etat == EtatActe.ACQUITTE
    assert laid(sent) == {}
    sent.night(after=timedelta(days=1))
    assert len(laid(sent)) == len(PAPERS)


def test_papers_that_never_come_are_given_up(sent: Town) -> None:
    for _ in range(10):
        sent.night(after=timedelta(days=1))
    assert 7 <= sent.connector.calls.count(("papers", "1")) <= 9
    assert sent.flow(1).etat == EtatActe.ACQUITTE


def test_a_full_disk_is_tried_again(sent: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    import demat.engine.tdt_papers as module

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    sent.connector.held_papers["1"] = PAPERS
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_atomic", full)
        sent.night()
    assert sent.flow(1).etat == EtatActe.ACQUITTE
    assert laid(sent) == {}
    sent.night(after=timedelta(days=1))
    assert len(laid(sent)) == len(PAPERS)


def test_a_platform_that_makes_none_is_not_asked(sent: Town) -> None:
    sent.connector.papers_offered = frozenset()
    sent.night()
    assert ("papers", "1") not in sent.connector.calls


def test_only_acts_have_papers(town: Town) -> None:
    town.connector.papers_offered = frozenset(PaperKind)
    town.fixture("titres-cantine.csv")
    transmit_due(town.office)
    town.answer(town.flow(1), accept_all(town.flow(1)))
    town.night()
    assert town.flow(1).etat == "acquitte"
    assert ("papers", "1") not in town.connector.calls


# what a person must do on the platform


def test_an_act_that_waits_for_an_agent_is_told_every_night_with_its_page(town: Town) -> None:
    town.fixture(ACTE)
    transmit_due(town.office)
    town.answer(town.flow(1), progress=RemoteProgress.WAITING_FOR_PERSON, code="17")
    for _ in range(2):
        (sentence,) = town.night().authorities[0].errors
    assert "attend qu'un agent le confirme" in sentence
    assert sentence.endswith("https://tdt.invalid/confirmer?id=1")
    town.answer(town.flow(1), progress=RemoteProgress.TRANSMITTED, code="3")
    assert town.night().authorities[0].errors == []


def test_a_status_that_we_do_not_know_is_told_and_asked_about_again(town: Town) -> None:
    """§10, rule 4: keep polling and alert, never an error."""
    town.fixture(ACTE)
    transmit_due(town.office)
    strange = RemoteStatus(progress=RemoteProgress.UNRECOGNISED, code="77", message="Relu")
    town.connector.answer("1", [strange])
    (sentence,) = town.night().authorities[0].errors
    assert "77 « Relu »" in sentence
    assert town.flow(1).etat_negative is False
    town.answer(town.flow(1), ar(town.flow(1)))
    town.night()
    assert town.flow(1).etat == EtatActe.ACQUITTE

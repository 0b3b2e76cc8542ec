"""The return rules of connectors dossier §1.8, seen through the history of an act."""

import pytest

from demat.sandbox.scenario import Answer, AnswerKind, Delays, RegleActe, Scenario
from demat.sandbox.scenarios import SCENARIOS
from tests.unit.sandbox.helpers import Platform

AR = Answer(kind=AnswerKind.AR)
ANOMALY = Answer(kind=AnswerKind.ANOMALY, nature="002", detail="ODT-VERIF-02 : acte illisible")


def statuses(platform: Platform) -> list[int]:
    (transaction,) = platform.world.transactions.values()
    return [step.status for step in transaction.history]


@pytest.mark.parametrize(
    ("number", "history", "basket"),
    [
        ("N1", [1, 2, 3, 4], 0),
        ("N1_TARD", [1, 2, 3, 4], 0),
        ("N1_DOUBLE", [1, 2, 3, 4, 4], 0),
        ("N1_ANO", [1, 2, 3, -1], 0),
        ("N1_ANOAR", [1, 2, 3, -1, 4], 0),
        ("N1_ARANO", [1, 2, 3, 4], 1),
        ("N1_ENV", [1, 2, 3, -1], 0),
        ("N1_WIN", [1, 2, 3, 4], 0),
        ("N1_MUET", [1, 2, 3], 0),
        ("N1_TDT", [1, -1], 0),
    ],
)
def test_the_suffixes_of_the_demonstration(number: str, history: list[int], basket: int) -> None:
    platform = Platform(SCENARIOS["demo"])
    platform.posted_acte(number=number)
    platform.advance(30 * 24 * 60)
    assert (statuses(platform), len(platform.world.error_basket)) == (history, basket)


def test_a_late_ar_comes_late() -> None:
    platform = Platform(SCENARIOS["ar-tardif"])
    id = platform.posted_acte()
    seen = []
    for minutes in (1, 8 * 60 - 1, 1, 6 * 24 * 60 - 1, 1):
        platform.advance(minutes)
        seen.append(platform.acte_status(id))
    assert seen == ["2", "2", "3", "3", "4"]


def test_an_act_may_be_archived_before_anybody_looks() -> None:
    platform = Platform(SCENARIOS["archive-directe"])
    id = platform.posted_acte()
    platform.advance(60)
    body = platform.get("/modules/actes/actes_transac_get_status.php", transaction=id).body
    assert body == b"OK\n13\n"
    alone = platform.get("/modules/actes/actes_transac_get_ARActe.php", id=id).body
    assert b"ARActe" in alone
    assert statuses(platform) == [1, 2, 3, 4, 19, 12, 15, 13]


@pytest.mark.parametrize("failure", [14, 20, 22])
def test_an_archiving_fails_after_its_delay(failure: int) -> None:
    regle = RegleActe(number="", archive_minutes=0, archive_failure=failure)
    platform = Platform(Scenario(regles_actes=(regle,), delays=Delays(archive=30)))
    platform.posted_acte()
    platform.advance(37)
    assert statuses(platform) == [1, 2, 3, 4, 19]
    platform.advance(1)
    assert statuses(platform) == [1, 2, 3, 4, 19, failure]


def test_a_corrupted_pdf_is_found_by_the_analysis() -> None:
    platform = Platform()
    platform.posted_acte(file=b"%PDF-1.4\ncut")
    platform.advance(60)
    (transaction,) = platform.world.transactions.values()
    assert transaction.status == -1
    assert transaction.history[-1].message == (
        "Enveloppe invalide : le fichier acte.pdf est corrompu"
    )


def test_an_ar_after_the_cancellation_changes_nothing() -> None:
    regle = RegleActe(number="", answers=(AR, Answer(kind=AnswerKind.AR, minutes=600)))
    platform = Platform(Scenario(regles_actes=(regle,)))
    id = platform.posted_acte()
    platform.advance(30)
    world = platform.world
    with world.present() as now:
        world.move(int(id), 0, "Annulé", now)
    platform.advance(1000)
    assert platform.acte_status(id) == "0"
    assert len(world.error_basket) == 1


def test_messages_are_cut_at_512_characters() -> None:
    regle = RegleActe(number="", answers=(Answer(kind=AnswerKind.ANOMALY, detail="x" * 600),))
    platform = Platform(Scenario(regles_actes=(regle,), delays=Delays(acte_answer=0)))
    platform.posted_acte()
    platform.advance(3)
    (transaction,) = platform.world.transactions.values()
    assert len(transaction.history[-1].message) == 512


def test_steps_carry_the_instant_they_were_due() -> None:
    platform = Platform()
    platform.posted_acte()
    start = platform.world.clock.now()
    platform.advance(10_000)
    with platform.world.present():
        (transaction,) = platform.world.transactions.values()
    minutes = [(step.at - start).total_seconds() / 60 for step in transaction.history]
    assert minutes == [0, 1, 3, 8]

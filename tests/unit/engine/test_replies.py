"""Answers to the letters of the préfecture: from a folder, once, until their own receipt."""

from datetime import date, timedelta

import pytest

from demat.actes.inbound import parse_inbound, read_archive
from demat.actes.lifecycle import EtatActe
from demat.actes.messages import ReponseCourrier
from demat.connectors.api import RemoteProgress
from demat.engine.acte_life import exchange_of, life_of
from demat.engine.collect import Round
from demat.engine.inbox import collect_courriers
from demat.engine.replies import answered_courrier
from demat.engine.transmit import transmit_due
from demat.faults import Faults
from demat.queue.states import DeliveryState, DepositState
from demat.queue.views import DepositView, TransmissionView
from tests.unit.engine.conftest import REFUSED, Town, ar, collect_all
from tests.unit.engine.prefecture_support import Kind, post_letter, reply_received

LETTER_DAY = date(2026, 11, 25)
FIXTURE = "seance-2026-11-05/voirie.pdf"


@pytest.fixture
def acte(town: Town) -> TransmissionView:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, ar(flow))
    collect_all(town.authority, town.office)
    return town.flow(1)


def receive(town: Town, acte: TransmissionView, **changes: object) -> None:
    post_letter(town, acte.key, **changes)
    collect_courriers(town.authority, town.office, Round())


def pdf(town: Town) -> bytes:
    from tests.unit.engine.conftest import FIXTURES

    return (FIXTURES / FIXTURE).read_bytes()


def answer(town: Town, name: str, *files: str) -> DepositView:
    """Lay a folder that answers a letter, with one PDF per name."""
    for rank, file in enumerate(files or ("reponse.pdf",)):
        town.write(f"{name}/{file}", pdf(town) + b"%" * rank)
    town.intake()
    return town.store.deposits()[-1]


def message(flow: TransmissionView, town: Town) -> ReponseCourrier:
    archive = read_archive(town.store.documents.get(flow.sha256))
    (content,) = archive.messages.values()
    parsed = parse_inbound(content)
    assert isinstance(parsed, ReponseCourrier)
    return parsed


@pytest.mark.parametrize(
    ("kind", "name", "code", "root"),
    [
        (Kind.COURRIER_SIMPLE, "reponse-1", "2-2", "ReponseCourrierSimple"),
        (Kind.DEMANDE_PIECES, "refus-1", "3-3", "RefusPieceComplementaire"),
        (Kind.DEMANDE_PIECES, "reponse-1", "3-4", "PieceComplementaire"),
        (Kind.LETTRE_OBSERVATIONS, "rejet-1", "4-3", "RejetLettreObservations"),
        (Kind.LETTRE_OBSERVATIONS, "Réponse n° 1", "4-4", "ReponseLettreObservations"),
    ],
)
def test_a_folder_named_after_a_letter_answers_it(
    town: Town, acte: TransmissionView, kind: Kind, name: str, code: str, root: str
) -> None:
    receive(town, acte, kind=kind)
    deposit = answer(town, name)
    assert (deposit.state, deposit.kind) == (DepositState.PACKED, "reponse")
    flow = town.flows()[-1]
    assert flow.facts["message"] == code
    assert f"{acte.key}-{code}_0.xml" in flow.facts["members"]
    sent = message(flow, town)
    # the date of the préfecture's letter, never ours (§11 trap 18)
    assert (sent.root, sent.id_acte, sent.date_courrier) == (root, acte.key, LETTER_DAY)
    assert sent.documents == (f"99_DE-{acte.key}-{code}_1.pdf",)
    transmit_due(town.office)
    assert town.connector.shipments[-1].about == "881"


def test_several_pieces_leave_in_the_order_of_their_names(
    town: Town, acte: TransmissionView
) -> None:
    receive(town, acte)
    answer(town, "reponse-1", "b-plan.pdf", "a-grille.pdf")
    flow = town.flows()[-1]
    assert flow.facts["documents"] == ["a-grille.pdf", "b-plan.pdf"]
    assert len(message(flow, town).documents) == 2


@pytest.mark.parametrize(
    ("kind", "name", "files", "code"),
    [
        (Kind.COURRIER_SIMPLE, "refus-1", ("r.pdf",), "ACT-057_REFUSAL"),
        (Kind.DEFERE, "reponse-1", ("r.pdf",), "ACT-057_DEFERE"),
        (Kind.LETTRE_OBSERVATIONS, "reponse-1", ("a.pdf", "b.pdf"), "ACT-057_SEVERAL"),
        (Kind.DEMANDE_PIECES, "reponse-9", ("r.pdf",), "ACT-057_UNKNOWN"),
    ],
)
def test_what_cannot_be_answered_goes_back(
    town: Town, acte: TransmissionView, kind: Kind, name: str, files: tuple[str, ...], code: str
) -> None:
    receive(town, acte, kind=kind)
    deposit = answer(town, name, *files)
    assert (deposit.state, deposit.faults.codes) == (DepositState.RETURNED, (code,))
    assert len(town.flows()) == 1


def test_a_word_file_is_no_answer(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    town.write("reponse-1/lettre.pdf", b"PK\x03\x04 un document Word")
    town.intake()
    deposit = town.store.deposits()[-1]
    assert (deposit.state, deposit.faults.codes) == (DepositState.RETURNED, ("ACT-033",))


def test_a_letter_is_answered_once(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    answer(town, "reponse-1")
    deposit = answer(town, "refus-1")
    assert (deposit.state, deposit.faults.codes) == (DepositState.RETURNED, ("ACT-057_DONE",))


def test_two_letters_of_one_kind_are_answered_apart(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    receive(town, acte, reference="882", day=date(2026, 11, 27), rank=20)
    answer(town, "reponse-1")
    answer(town, "reponse-2")
    first, second = town.flows()[1:]
    assert [message(flow, town).date_courrier for flow in (first, second)] == [
        LETTER_DAY,
        date(2026, 11, 27),
    ]
    transmit_due(town.office)
    town.answer(town.flow(second.id), reply_received(acte.key, date(2026, 11, 27)))
    collect_all(town.authority, town.office)
    assert town.flow(first.id).etat == EtatActe.PREPARE
    assert town.flow(second.id).etat == EtatActe.ACQUITTE


def test_the_receipt_of_the_answer_restarts_the_limit(town: Town, acte: TransmissionView) -> None:
    town.clock.instant += timedelta(days=3)
    receive(town, acte)
    before = life_of(acte, town.office).delais.defere_jusqu_au
    answer(town, "reponse-1")
    transmit_due(town.office)
    flow = town.flows()[-1]
    town.answer(flow, reply_received(acte.key, LETTER_DAY, day=date(2026, 12, 4)))
    collect_all(town.authority, town.office)
    after = life_of(town.flow(1), town.office)
    assert before != date(2027, 2, 4) == after.delais.defere_jusqu_au
    (exchange,) = after.exchanges
    assert exchange.acknowledged_on == date(2026, 12, 4)
    assert not exchange.awaits_answer
    page = (town.folders.accuses / flow.key / "A-LIRE.html").read_text("utf-8")
    assert "04/12/2026" in page


def test_the_receipt_of_another_letter_is_not_ours(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    answer(town, "reponse-1")
    transmit_due(town.office)
    flow = town.flows()[-1]
    told: list[Faults] = []
    town.answer(flow, reply_received(acte.key, date(2026, 11, 1)))
    collect_all(town.authority, town.office, tell=told.append)
    assert town.flow(flow.id).etat == EtatActe.PREPARE
    assert told[0].codes == ("QUE-UNBOUND_ANSWER",)


def test_an_answer_to_a_simple_letter_awaits_nothing(town: Town, acte: TransmissionView) -> None:
    receive(town, acte, kind=Kind.COURRIER_SIMPLE)
    answer(town, "reponse-1")
    transmit_due(town.office)
    flow = town.flows()[-1]
    town.answer(flow, progress=RemoteProgress.TRANSMITTED, code="3")
    collect_all(town.authority, town.office)
    handed = town.flow(flow.id)
    assert (handed.etat, handed.etat_final) == (EtatActe.TRANSMIS, True)
    assert flow.id not in [one.id for one in town.store.awaiting_answer()]


def test_a_refused_answer_may_be_made_again(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    answer(town, "reponse-1")
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    assert town.flows()[-1].delivery is DeliveryState.REFUSED
    (courrier,) = town.store.courriers(town.authority.siren)
    assert exchange_of(courrier, town.office).awaits_answer
    town.clock.instant += timedelta(minutes=5)
    assert answer(town, "reponse-1").state is DepositState.PACKED


def test_an_answer_after_its_term_is_warned_about(town: Town, acte: TransmissionView) -> None:
    receive(town, acte)
    town.clock.instant += timedelta(days=90)
    deposit = answer(town, "reponse-1")
    assert (deposit.state, deposit.faults.codes) == (DepositState.PACKED, ("ACT-058",))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("reponse-12", 12),
        ("refus 3", 3),
        ("réponse n°7", 7),
        ("REPONSE_8", 8),
        ("reponse-12-2", 12),
    ],
)
def test_the_names_of_answers(town: Town, name: str, number: int) -> None:
    town.write(f"{name}/a.pdf", pdf(town))
    town.intake()
    wanted = answered_courrier(town.store.deposits()[-1])
    assert wanted is not None
    assert wanted.number == number


@pytest.mark.parametrize("name", ["reponses-12", "seance-12", "reponse", "12", "reponse-a"])
def test_other_names_answer_nothing(town: Town, name: str) -> None:
    town.write(f"{name}/a.pdf", pdf(town))
    town.intake()
    assert answered_courrier(town.store.deposits()[-1]) is None

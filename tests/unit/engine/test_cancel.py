"""Cancelling the transmission of an act: after its AR, once, and what every answer does to it."""

from collections.abc import Callable
from datetime import date

import pytest

from demat.actes.lifecycle import EtatActe
from demat.connectors.api import RemoteProgress
from demat.engine.acte_life import life_of
from demat.engine.cancel import cancel
from demat.engine.collect import Round
from demat.engine.inbox import collect_courriers
from demat.engine.transmit import transmit_due
from demat.faults import FaultError, Faults
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView
from tests.unit.engine.conftest import REFUSED, UNREACHABLE, Town, ar, collect_all
from tests.unit.engine.prefecture_support import annulation_received, post_letter

Ask = Callable[..., TransmissionView | None]


@pytest.fixture
def acte(town: Town) -> TransmissionView:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    flow = town.flow(1)
    town.answer(flow, ar(flow))
    collect_all(town.authority, town.office)
    return town.flow(1)


@pytest.fixture
def ask(town: Town) -> Ask:
    def asked(number: int = 1, *, confirm: bool = True) -> TransmissionView | None:
        return cancel(town.flow(number), town.authority, town.office, confirm=lambda told: confirm)

    return asked


def refusal(ask: Ask, number: int = 1) -> tuple[str, ...]:
    with pytest.raises(FaultError) as caught:
        ask(number)
    return caught.value.faults.codes


def test_the_cancellation_leaves_like_any_other_message(
    town: Town, acte: TransmissionView, ask: Ask
) -> None:
    made = ask()
    assert made is not None
    assert made.facts["members"][1] == f"{acte.key}-6-1_0.xml"
    assert town.flow(1).etat == EtatActe.ANNULATION_DEMANDEE
    transmit_due(town.office)
    shipment = town.connector.shipments[-1]
    assert (shipment.key, shipment.about) == (f"{acte.key}-6-1", acte.reference)
    town.answer(town.flow(made.id), annulation_received(acte.key))
    collect_all(town.authority, town.office)
    assert town.flow(made.id).etat == EtatActe.ACQUITTE
    cancelled = town.flow(1)
    assert (cancelled.etat, cancelled.etat_final) == (EtatActe.ANNULE, True)
    assert [one.kind for one in town.store.receipts(1)] == ["ARActe", "ARAnnulation"]
    assert life_of(cancelled, town.office).received_on is None  # nothing is transmitted any more
    used = town.store.used(town.authority.siren, "numero", str(acte.facts["numero"]))
    assert used is not None  # the number is burnt (§8.6)


def test_an_act_without_ar_is_not_cancelled(town: Town, ask: Ask) -> None:
    town.fixture("seance-2026-11-05")
    transmit_due(town.office)
    assert refusal(ask) == ("ACT-054",)
    assert len(town.flows()) == 1


def test_an_act_is_cancelled_once(town: Town, acte: TransmissionView, ask: Ask) -> None:
    made = ask()
    assert made is not None
    assert refusal(ask) == ("ACT-055",)
    transmit_due(town.office)
    town.answer(town.flow(made.id), annulation_received(acte.key))
    collect_all(town.authority, town.office)
    assert refusal(ask) == ("ACT-055",)
    assert refusal(ask, made.id) == ("ACT-CANCEL_KIND",)


def test_a_letter_of_the_prefecture_is_told_before(town: Town, acte: TransmissionView) -> None:
    post_letter(town, acte.key)
    collect_courriers(town.authority, town.office, Round())
    told: list[Faults] = []

    def confirm(faults: Faults) -> bool:
        told.append(faults)
        return False

    assert cancel(town.flow(1), town.authority, town.office, confirm=confirm) is None
    assert told[0].codes == ("ACT-056",)
    assert town.flow(1).etat == EtatActe.ACQUITTE
    assert len(town.flows()) == 1


def test_the_act_keeps_its_ar_when_the_platform_refuses(
    town: Town, acte: TransmissionView, ask: Ask
) -> None:
    made = ask()
    assert made is not None
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    assert town.flow(made.id).delivery is DeliveryState.REFUSED
    back = town.flow(1)
    assert (back.etat, back.faults.codes) == (EtatActe.ACQUITTE, ("CON-SIZE",))
    assert ask() is not None  # it may be asked again


def test_the_act_keeps_its_ar_when_the_platform_fails_later(
    town: Town, acte: TransmissionView, ask: Ask
) -> None:
    made = ask()
    assert made is not None
    transmit_due(town.office)
    town.answer(
        town.flow(made.id), progress=RemoteProgress.ERROR, code="-1", message="refus du ministère"
    )
    collect_all(town.authority, town.office)
    assert town.flow(1).etat == EtatActe.ACQUITTE
    assert ask() is not None


def test_a_line_that_is_down_cancels_later(town: Town, acte: TransmissionView, ask: Ask) -> None:
    made = ask()
    assert made is not None
    town.connector.fail_next("deposit", UNREACHABLE)
    transmit_due(town.office)
    assert town.flow(made.id).delivery is DeliveryState.TODO
    assert town.flow(1).etat == EtatActe.ANNULATION_DEMANDEE


def test_the_receipt_of_another_act_cancels_nothing(
    town: Town, acte: TransmissionView, ask: Ask
) -> None:
    made = ask()
    assert made is not None
    transmit_due(town.office)
    other = annulation_received("099-000000000-20200102-2020_001-DE", date(2026, 12, 1))
    town.answer(town.flow(made.id), other)
    collect_all(town.authority, town.office)
    assert town.flow(1).etat == EtatActe.ANNULATION_DEMANDEE

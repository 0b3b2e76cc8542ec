"""A person says what became of a sending: their word is checked, and written with their name."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from demat.actes.lifecycle import EtatActe
from demat.engine.cancel import cancel
from demat.engine.reconcile import reconcile_all
from demat.engine.settle import settle_abandoned, settle_landed, settle_not_landed
from demat.engine.transmit import transmit_due
from demat.faults import Fault, FaultError, Faults
from demat.queue.states import DeliveryState
from demat.queue.views import TransmissionView
from tests.unit.engine.conftest import UNKNOWN, Town, ar

ACTE, PES = "seance-2026-11-05", "titres-cantine.csv"


def lose(town: Town, fixture: str, *, received: bool) -> None:
    town.fixture(fixture)
    town.connector.fail_next("deposit", UNKNOWN, landed=received)
    transmit_due(town.office)


def looked(town: Town) -> None:
    """As long after the sending as a request may still be on its way."""
    town.clock.instant += town.office.settings.processing


def landed_pes(town: Town) -> None:
    """A PES that the other side holds, under a number that it does not tell."""
    lose(town, PES, received=True)
    looked(town)
    reconcile_all(town.office)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.LANDED


def test_the_number_that_a_person_found_is_followed(town: Town) -> None:
    landed_pes(town)
    settled = settle_landed(town.flow(1), "1", town.authority, town.office, who="Camille")
    assert (settled.delivery, settled.reference) == (DeliveryState.DEPOSITED, "1")
    entry = town.store.journal(transmission_id=1)[-1]
    assert (entry.action, entry.before) == ("resolved_landed", "landed")
    assert entry.detail == {"asked": "person", "par": "Camille", "reference": "1"}


def test_a_number_that_the_other_side_does_not_know_settles_nothing(town: Town) -> None:
    landed_pes(town)
    with pytest.raises(FaultError) as caught:
        settle_landed(town.flow(1), "4711", town.authority, town.office, who="Camille")
    assert caught.value.faults.codes == ("QUE-REFERENCE_UNKNOWN",)
    assert town.flow(1).delivery is DeliveryState.LANDED


def test_the_number_of_another_flow_settles_nothing(town: Town) -> None:
    town.fixture(ACTE)
    transmit_due(town.office)
    lose(town, "seance-2026-10-08", received=False)
    (lost,) = town.store.suspended()
    with pytest.raises(FaultError) as caught:
        settle_landed(lost, "1", town.authority, town.office, who="Camille")
    assert caught.value.faults.codes == ("QUE-REFERENCE_TAKEN",)
    assert town.flow(lost.id).delivery is DeliveryState.SUSPENDED


def test_what_a_person_did_not_find_leaves_again_unchanged(town: Town) -> None:
    lose(town, ACTE, received=False)
    looked(town)
    settled = settle_not_landed(town.flow(1), town.office, who="Camille")
    assert (settled.delivery, settled.unknown_since) == (DeliveryState.TODO, None)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.DEPOSITED
    first, second = town.connector.shipments
    assert first == second


def test_what_the_other_side_says_it_holds_is_not_sent_again(town: Town) -> None:
    landed_pes(town)
    with pytest.raises(FaultError) as caught:
        settle_not_landed(town.flow(1), town.office, who="Camille")
    assert caught.value.faults.codes == ("QUE-HELD",)
    assert transmit_due(town.office) == 0


DECISIONS: dict[str, Callable[[Town], TransmissionView]] = {
    "landed": lambda t: settle_landed(t.flow(1), "1", t.authority, t.office, who="Camille"),
    "not_landed": lambda town: settle_not_landed(town.flow(1), town.office, who="Camille"),
    "abandoned": lambda town: settle_abandoned(town.flow(1), "motif", town.office, who="Camille"),
}


@pytest.mark.parametrize("decision", ["not_landed", "abandoned"])
def test_what_may_still_be_on_its_way_is_not_settled(town: Town, decision: str) -> None:
    """A person who looks at once finds nothing, and the request may arrive a minute later: what
    nothing protects on the other side, as an answer to a letter, would be there twice."""
    lose(town, ACTE, received=False)
    town.clock.instant += town.office.settings.processing - timedelta(seconds=90)
    before = town.flow(1)
    with pytest.raises(FaultError) as caught:
        DECISIONS[decision](town)
    (fault,) = caught.value.faults
    assert (fault.code, fault.params["minutes"]) == ("QUE-TOO_EARLY", "2")
    assert town.flow(1) == before


def test_two_people_who_looked_at_the_same_sending_do_not_send_it_twice(town: Town) -> None:
    """What the second one saw says nothing of what the first one had sent since."""
    lose(town, ACTE, received=False)
    looked(town)
    settle_not_landed(town.flow(1), town.office, who="Camille")
    town.connector.fail_next("deposit", UNKNOWN, landed=False)
    transmit_due(town.office)
    with pytest.raises(FaultError) as caught:
        settle_not_landed(town.flow(1), town.office, who="Dominique")
    assert caught.value.faults.codes == ("QUE-TOO_EARLY",)
    assert transmit_due(town.office) == 0


def test_the_number_of_another_act_is_settled_as_soon_as_it_is_told(town: Town) -> None:
    """The other side was asked late enough: its answer may be acted upon at once."""
    lose(town, ACTE, received=False)
    looked(town)
    clash = Faults([Fault(code="CON-NUMBER_CLASH", params={"key": town.flow(1).key})])
    town.store.doubt(1, clash)
    given_up = settle_abandoned(town.flow(1), "autre acte", town.office, who="Camille")
    assert given_up.delivery is DeliveryState.ABANDONED


@pytest.mark.parametrize("decision", list(DECISIONS))
def test_what_is_settled_already_is_left_alone(town: Town, decision: str) -> None:
    town.fixture(ACTE)
    transmit_due(town.office)
    before = town.flow(1)
    with pytest.raises(FaultError) as caught:
        DECISIONS[decision](town)
    assert caught.value.faults.codes == ("QUE-NOTHING_TO_SETTLE",)
    assert town.flow(1) == before


def test_a_sending_that_is_given_up_keeps_its_number(town: Town) -> None:
    lose(town, ACTE, received=False)
    numero = str(town.flow(1).facts["numero"])
    looked(town)
    given_up = settle_abandoned(town.flow(1), "autre acte", town.office, who="Camille")
    assert given_up.delivery is DeliveryState.ABANDONED
    assert town.store.used(town.authority.siren, "numero", numero)
    town.clock.instant += timedelta(days=2)
    assert reconcile_all(town.office) == transmit_due(town.office) == 0


def test_a_cancellation_that_is_given_up_gives_its_receipt_back_to_the_act(town: Town) -> None:
    town.fixture(ACTE)
    transmit_due(town.office)
    town.answer(town.flow(1), ar(town.flow(1)))
    town.night()
    assert town.flow(1).etat == EtatActe.ACQUITTE
    made = cancel(town.flow(1), town.authority, town.office, confirm=lambda _: True)
    assert made is not None
    town.connector.fail_next("deposit", UNKNOWN)
    transmit_due(town.office)
    assert town.flow(1).etat == EtatActe.ANNULATION_DEMANDEE
    looked(town)
    settle_abandoned(town.flow(made.id), "plus utile", town.office, who="Camille")
    assert town.flow(1).etat == EtatActe.ACQUITTE
    again = cancel(town.flow(1), town.authority, town.office, confirm=lambda _: True)
    assert again is not None

"""What was perhaps received is asked about, and sent again only when it surely did not land."""

from datetime import timedelta

import pytest

from demat.connectors.api import Flux, OutcomeUnknown, Refused
from demat.engine.nightly import nightly
from demat.engine.reconcile import reconcile_all
from demat.engine.transmit import transmit_due
from demat.faults import Fault
from demat.queue.states import DeliveryState
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    LEASE,
    REFUSED,
    TRANSIENT,
    UNKNOWN,
    UNREACHABLE,
    Town,
    landed,
)

ACTE, PES = "seance-2026-11-05", "titres-cantine.csv"


def unsure(town: Town, fixture: str, *, received: bool) -> Town:
    """Send something of which the answer is lost."""
    town.fixture(fixture)
    town.connector.fail_next("deposit", UNKNOWN, landed=received)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.SUSPENDED
    town.clock.instant += town.office.settings.processing
    return town


def delivery(town: Town) -> tuple[DeliveryState, str | None]:
    flow = town.flow(1)
    return flow.delivery, flow.reference


def test_the_other_side_is_given_time_to_finish(town: Town) -> None:
    unsure(town, ACTE, received=True)
    town.clock.instant -= timedelta(seconds=1)
    assert reconcile_all(town.office) == 0
    assert ("find", town.flow(1).key) not in town.connector.calls


@pytest.mark.parametrize("received", [True, False])
def test_an_act_is_looked_for(town: Town, received: bool) -> None:
    unsure(town, ACTE, received=received)
    assert reconcile_all(town.office) == 1
    expected = DeliveryState.DEPOSITED if received else DeliveryState.TODO
    assert delivery(town) == (expected, "1" if received else None)
    assert transmit_due(town.office) == (0 if received else 1)
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")
    assert landed(town, Flux.ACTES) == [town.flow(1).key]
    assert len({shipment.content for shipment in town.connector.shipments}) == 1


def test_a_duplicate_at_the_second_attempt_is_found(town: Town) -> None:
    unsure(town, ACTE, received=True)
    town.store.resolve_not_landed(1)  # somebody was wrong
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    town.clock.instant += town.office.settings.processing
    assert reconcile_all(town.office) == 1
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")


def test_a_pes_that_did_not_land_is_offered_again_with_the_same_bytes(town: Town) -> None:
    unsure(town, PES, received=False)
    assert reconcile_all(town.office) == 1
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")
    first, second = town.connector.shipments
    assert first == second


def test_a_pes_that_landed_stays_for_a_person_and_is_not_offered_for_ever(town: Town) -> None:
    unsure(town, PES, received=True)
    assert reconcile_all(town.office) == 0
    assert len(town.connector.shipments) == 2
    for _ in range(3):
        town.clock.instant += timedelta(days=1)
        report = nightly(town.office, pause=town.pause)
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert len(town.connector.shipments) == 2
    assert town.actions().count("landed_unidentified") == 1
    assert report is not None
    (sentence,) = report.authorities[0].errors
    assert sentence.startswith(f"Le tiers de télétransmission a bien reçu « {town.flow(1).key} »")
    # the person has found it
    town.store.resolve_landed(1, "4711", {"par": "Camille"})
    assert delivery(town) == (DeliveryState.DEPOSITED, "4711")


def test_a_pes_that_is_refused_when_offered_again_goes_back_to_the_agent(town: Town) -> None:
    unsure(town, PES, received=False)
    town.connector.fail_next("deposit", REFUSED)
    assert reconcile_all(town.office) == 1
    assert delivery(town) == (DeliveryState.REFUSED, None)
    assert "titres-cantine/A-LIRE.html" in town.tree(town.folders.a_corriger)
    assert town.store.used(town.authority.siren, "idbord", "recette/00/2026/01/12") is None


@pytest.mark.parametrize("error", [UNREACHABLE, UNKNOWN, TRANSIENT])
def test_a_pes_that_cannot_be_offered_waits(town: Town, error: OutcomeUnknown | Refused) -> None:
    unsure(town, PES, received=False)
    for _ in range(2):
        town.connector.fail_next("deposit", error)
        assert reconcile_all(town.office) == 0
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert town.actions().count("reconcile_failed") == 1  # the same reason is told once
    assert reconcile_all(town.office) == 1


@pytest.mark.parametrize(
    "error",
    [
        UNREACHABLE,
        OutcomeUnknown(Fault(code="CON-LANDED_NO_ID", params={"key": "x"})),
        Refused(Fault(code="CON-NUMBER_CLASH", params={"numero": "2026_050"})),
    ],
)
def test_an_act_that_cannot_be_looked_for_is_never_sent_again(
    town: Town, error: OutcomeUnknown | Refused
) -> None:
    unsure(town, ACTE, received=True)
    town.connector.fail_next("find", error)
    assert reconcile_all(town.office) == 0
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert len(town.connector.shipments) == 1
    assert reconcile_all(town.office) == 1


def test_a_refused_certificate_pauses_the_authority_alone(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    for one in (town, other):
        one.fixture("seance-2026-10-08")
        for _ in range(2):
            one.connector.fail_next("deposit", UNKNOWN, landed=True)
    transmit_due(town.office)
    town.clock.instant += town.office.settings.processing
    town.connector.fail_next("find", AUTHENTICATION)
    assert reconcile_all(town.office) == 2
    assert [call for call in town.connector.calls if call[0] == "find"] == [
        ("find", town.flows()[0].key)
    ]
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.DEPOSITED] * 2
    assert [pause.collectivite for pause in town.store.pauses()] == [town.authority.siren]


def test_what_a_dead_worker_was_sending_is_asked_about(town: Town) -> None:
    town.fixture(ACTE)
    assert town.store.claim("mort", lease=LEASE)
    town.clock.instant += LEASE
    reconcile_all(town.office)  # held for dead now
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    town.clock.instant += town.office.settings.processing
    reconcile_all(town.office)
    assert delivery(town) == (DeliveryState.TODO, None)


def test_a_document_that_the_disk_lost_does_not_stop_the_others(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    for _ in range(2):
        town.connector.fail_next("deposit", UNKNOWN, landed=True)
    transmit_due(town.office)
    town.store.documents.path(town.flow(1).sha256).unlink()
    town.clock.instant += town.office.settings.processing
    assert reconcile_all(town.office) == 1
    assert [flow.delivery for flow in town.flows()] == [
        DeliveryState.SUSPENDED,
        DeliveryState.DEPOSITED,
    ]


def test_a_reference_that_is_already_that_of_another_flow_settles_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side has no memory of our answers: it may show an earlier one."""
    town.fixture(ACTE)
    transmit_due(town.office)
    town.fixture("seance-2026-10-08")
    town.connector.fail_next("deposit", UNKNOWN, landed=False)
    transmit_due(town.office)
    (unsettled,) = town.store.suspended()
    town.clock.instant += town.office.settings.processing
    monkeypatch.setattr(town.connector, "find", lambda _shipment: town.flow(1).reference)
    assert reconcile_all(town.office) == 0
    kept = town.flow(unsettled.id)
    assert (kept.delivery, kept.reference) == (DeliveryState.SUSPENDED, None)
    assert "CON-LANDED_NO_ID" in town.store.journal(transmission_id=kept.id)[-1].detail["reason"]

"""What was perhaps received is asked about, and sent again only when it surely did not land."""

import random
from datetime import timedelta

import pytest

from demat.connectors.api import Flux, OutcomeUnknown, Refused, Shipment
from demat.engine.collect import take_acquit
from demat.engine.nightly import nightly
from demat.engine.reconcile import reconcile_all, to_settle
from demat.engine.transmit import transmit_due
from demat.faults import Fault
from demat.queue.states import DeliveryState
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    BASE,
    DUPLICATE,
    LEASE,
    REFUSED,
    TRANSIENT,
    UNKNOWN,
    UNREACHABLE,
    Town,
    accept_all,
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
    began = town.flow(1).unknown_since
    assert reconcile_all(town.office) == 1
    assert delivery(town) == (DeliveryState.TODO, None)
    assert town.flow(1).unknown_since == began  # nothing is known yet
    assert transmit_due(town.office) == 1
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")
    first, second = town.connector.shipments
    assert first == second
    # the second sending has its own intent, of the same bytes
    claimed = [one for one in town.store.journal(transmission_id=1) if one.action == "claimed"]
    assert [one.detail["tentative"] for one in claimed] == ["1", "2"]
    assert len({one.detail["sha256"] for one in claimed}) == 1


def told(town: Town) -> list[str]:
    """Let a day pass; return what the night then says that a person must do."""
    town.clock.instant += timedelta(days=1)
    report = nightly(town.office, pause=town.pause)
    assert report is not None
    return report.authorities[0].errors


def test_a_pes_that_landed_stays_for_a_person_and_is_not_offered_for_ever(town: Town) -> None:
    """§9.3: landed, unidentified; scenario 12 of §8.3."""
    unsure(town, PES, received=True)
    reconcile_all(town.office)
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.LANDED, None)
    assert len(town.connector.shipments) == 2
    for _ in range(3):
        (sentence,) = told(town)
    assert delivery(town) == (DeliveryState.LANDED, None)
    assert len(town.connector.shipments) == 2
    assert sentence.startswith(f"L'envoi n° 1 (« {town.flow(1).key} ») est bien arrivé")
    assert sentence.endswith("demat settle 1 --reference NUMÉRO.")
    # the person has found it
    town.store.resolve_landed(1, "1", {"par": "Camille"})
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")
    assert told(town) == []


def test_a_pes_that_is_refused_when_offered_again_goes_back_to_the_agent(town: Town) -> None:
    unsure(town, PES, received=False)
    reconcile_all(town.office)
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.REFUSED, None)
    assert "titres-cantine/A-LIRE.html" in town.tree(town.folders.a_corriger)
    assert town.store.used(town.authority.siren, "idbord", "recette/00/2026/01/12") is None


@pytest.mark.parametrize("error", [UNREACHABLE, UNKNOWN, TRANSIENT])
def test_a_pes_that_cannot_be_offered_waits(town: Town, error: OutcomeUnknown | Refused) -> None:
    unsure(town, PES, received=False)
    began = town.flow(1).unknown_since
    for _ in range(2):
        town.connector.fail_next("deposit", error)
        reconcile_all(town.office)
        transmit_due(town.office)
        assert town.flow(1).delivery in (DeliveryState.TODO, DeliveryState.SUSPENDED)
        assert town.flow(1).unknown_since == began
        town.clock.instant += timedelta(hours=2)
    for _ in range(3):  # what failed twice is offered again a little later
        reconcile_all(town.office)
        town.clock.instant += timedelta(hours=2)
        transmit_due(town.office)
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")


INCONCLUSIVE = Refused(
    Fault(code="CON-RIGHTS", params={"message": "Accès refusé"}), inconclusive=True
)


@pytest.mark.parametrize("fixture", [PES, ACTE])
def test_a_right_that_was_taken_away_says_nothing_of_what_was_sent_before(
    town: Town, fixture: str
) -> None:
    """Refused for its account when offered again: the first sending may have been accepted."""
    unsure(town, fixture, received=fixture == PES)
    reconcile_all(town.office)
    town.connector.fail_next("deposit", INCONCLUSIVE)
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert town.tree(town.folders.a_corriger) == []
    town.clock.instant += timedelta(hours=2)
    reconcile_all(town.office)
    town.clock.instant += timedelta(hours=2)
    transmit_due(town.office)
    expected = DeliveryState.LANDED if fixture == PES else DeliveryState.DEPOSITED
    assert town.flow(1).delivery is expected


def test_the_same_bytes_are_offered_ever_later(town: Town) -> None:
    unsure(town, PES, received=False)
    waits = []
    for _ in range(4):
        town.connector.fail_next("deposit", UNKNOWN)
        reconcile_all(town.office)
        due = town.flow(1).next_attempt_at
        waits.append((due or town.clock.now()) - town.clock.now())
        town.clock.instant += waits[-1]
        transmit_due(town.office)
        town.clock.instant += town.office.settings.processing
    assert waits[0] == timedelta(0)
    assert waits == sorted(waits)
    assert waits[-1] >= BASE * 4


def test_what_was_lost_together_is_not_offered_again_together(town: Town) -> None:
    random.seed(0)
    town.fixture(PES)
    town.fixture("titres-eau.csv")
    for _ in range(2):  # the first time, it is offered again at once
        for _ in range(2):
            town.connector.fail_next("deposit", UNKNOWN)
        assert transmit_due(town.office) == 2
        town.clock.instant += town.office.settings.processing
        assert reconcile_all(town.office) == 2
    first, second = [flow.next_attempt_at for flow in town.flows()]
    assert first is not None
    assert second is not None
    assert first != second


def test_a_pes_of_which_the_acquit_came_by_another_way_is_not_offered_again(town: Town) -> None:
    unsure(town, PES, received=True)
    reconcile_all(town.office)
    assert delivery(town) == (DeliveryState.TODO, None)
    take_acquit(accept_all(town.flow(1)), "acquit.xml", town.authority, town.office)
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.DEPOSITED, None)
    assert len(town.connector.shipments) == 1


def test_an_acquit_settles_what_landed_under_no_number(town: Town) -> None:
    unsure(town, PES, received=True)
    reconcile_all(town.office)
    transmit_due(town.office)
    take_acquit(accept_all(town.flow(1)), "acquit.xml", town.authority, town.office)
    assert delivery(town) == (DeliveryState.DEPOSITED, None)
    assert told(town) == []


# an act that the probes do not settle (§9.2)


def test_an_act_that_cannot_be_looked_for_is_never_sent_again(town: Town) -> None:
    unsure(town, ACTE, received=True)
    town.connector.fail_next("find", UNREACHABLE)
    assert reconcile_all(town.office) == 0
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert len(town.connector.shipments) == 1
    assert reconcile_all(town.office) == 1


def test_an_act_that_is_known_but_not_listed_is_landed_and_looked_for_again(town: Town) -> None:
    unsure(town, ACTE, received=True)
    unlisted = OutcomeUnknown(Fault(code="CON-LANDED_NO_ID", params={"key": "x"}))
    for _ in range(2):
        town.connector.fail_next("find", unlisted)
        assert reconcile_all(town.office) == 0
        assert delivery(town) == (DeliveryState.LANDED, None)
        town.clock.instant += town.office.settings.processing
    assert transmit_due(town.office) == 0
    assert reconcile_all(town.office) == 1
    assert delivery(town) == (DeliveryState.DEPOSITED, "1")
    assert len(town.connector.shipments) == 1


def test_what_landed_and_is_forgotten_by_the_other_side_is_not_sent_again(town: Town) -> None:
    unsure(town, ACTE, received=False)
    town.connector.fail_next(
        "find", OutcomeUnknown(Fault(code="CON-LANDED_NO_ID", params={"key": "x"}))
    )
    reconcile_all(town.office)
    town.clock.instant += town.office.settings.processing
    assert reconcile_all(town.office) == 0  # nothing is found any more
    assert transmit_due(town.office) == 0
    assert delivery(town) == (DeliveryState.LANDED, None)


def test_a_number_that_is_that_of_another_act_is_a_conflict_for_a_person(town: Town) -> None:
    """§9.2, step 5: a mismatch is never a success, and never another number by ourselves."""
    unsure(town, ACTE, received=False)
    params = {"numero": "2026_050", "reference": "9", "date": "2026-01-05", "objet": "Autre"}
    town.connector.fail_next("find", Refused(Fault(code="CON-NUMBER_CLASH", params=params)))
    assert reconcile_all(town.office) == 0
    for _ in range(2):
        clash, settle = told(town)
        assert "transaction 9" in clash
        assert "demat settle 1 --abandon" in settle
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    assert len(town.flows()) == 1
    assert len(town.connector.shipments) == 1
    assert [call[0] for call in town.connector.calls].count("find") == 1  # nothing more to ask


def test_a_number_in_use_that_nothing_shows_is_not_sent_a_third_time(town: Town) -> None:
    """Probe C says that it is there; B does not show it: back to B, until a person says."""
    unsure(town, ACTE, received=False)
    reconcile_all(town.office)
    town.connector.fail_next("deposit", DUPLICATE)
    transmit_due(town.office)
    assert delivery(town) == (DeliveryState.SUSPENDED, None)
    for _ in range(4):
        town.clock.instant += town.office.settings.processing
        assert reconcile_all(town.office) == 0
    assert len(town.connector.shipments) == 2
    sentences = told(town)
    assert sentences[0].startswith("Le tiers de télétransmission connaît déjà un acte")
    assert "demat settle 1 --not-landed" in sentences[-1]


@pytest.mark.parametrize("hours", [23, 24])
def test_a_person_is_asked_after_a_day(town: Town, hours: int) -> None:
    """§9.2, step 7."""
    unsure(town, ACTE, received=True)
    since = town.flow(1).unknown_since
    assert since is not None
    town.clock.instant = since + timedelta(hours=hours)
    asked = to_settle(town.flow(1), town.office)
    assert asked.codes == (("QUE-TO_SETTLE",) if hours == 24 else ())
    assert delivery(town) == (DeliveryState.SUSPENDED, None)


def test_a_refused_certificate_pauses_the_authority_alone(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    for one in (town, other):
        one.fixture("seance-2026-10-08")
        for _ in range(2):
            one.connector.fail_next("deposit", UNKNOWN, landed=True)
    transmit_due(town.office)
    town.clock.instant += town.office.settings.processing
    town.connector.fail_next("find", AUTHENTICATION)
    assert [reconcile_all(town.office) for _ in range(2)] == [2, 0]  # nothing is asked meanwhile
    assert [call for call in town.connector.calls if call[0] == "find"] == [
        ("find", town.flows()[0].key)
    ]
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.DEPOSITED] * 2
    assert [pause.collectivite for pause in town.store.pauses()] == [town.authority.siren]
    town.clock.instant += town.office.settings.auth_pause
    assert reconcile_all(town.office) == 2


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
    assert "CON-OTHER_SHOWN" in town.store.journal(transmission_id=kept.id)[-1].detail["reason"]


def test_a_look_that_another_sending_overtakes_concludes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes look; the other one sends it again, and that one lands, before we conclude."""
    town.fixture("seance-2026-11-05")
    town.connector.fail_next("deposit", UNKNOWN)
    transmit_due(town.office)
    town.clock.instant += timedelta(hours=1)
    find = town.connector.find

    def overtaken(shipment: Shipment) -> str | None:
        found = find(shipment)
        town.store.offer_again(1)
        town.connector.fail_next("deposit", UNKNOWN, landed=True)
        transmit_due(town.office)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(town.connector, "find", overtaken)
        assert reconcile_all(town.office) == 0
    assert town.flow().delivery is DeliveryState.SUSPENDED
    assert "reconcile_failed" not in town.actions()
    town.clock.instant += timedelta(hours=1)
    assert reconcile_all(town.office) == 1
    assert town.flow().delivery is DeliveryState.DEPOSITED
    assert len(town.connector.held) == 1

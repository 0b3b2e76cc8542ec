"""Each outcome of a sending has its own future (connectors dossier §9.5)."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from demat.connectors.api import Flux, OutcomeUnknown, Refused, Shipment
from demat.connectors.memory import ScriptedConnector
from demat.engine.classification import install
from demat.engine.transmit import BUCKET_WAIT, transmit, transmit_due
from demat.faults import Fault, FaultError
from demat.queue.model import AUTHORITY, LINE
from demat.queue.states import DeliveryState, Selection
from demat.queue.store import Store
from demat.queue.views import TransmissionView
from demat.sandbox.prefecture import retour_classification
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    BASE,
    DUPLICATE,
    LEASE,
    PAUSE,
    REFUSED,
    START,
    TRANSIENT,
    UNKNOWN,
    UNREACHABLE,
    Crash,
    Town,
    landed,
)

NEWER = date(2026, 11, 20)
"""Date of a classification that comes after the act was prepared."""


@pytest.fixture
def acte(town: Town) -> TransmissionView:
    town.fixture("seance-2026-11-05")
    return town.flow(1)


def test_what_was_frozen_is_sent(town: Town, acte: TransmissionView) -> None:
    assert transmit_due(town.office) == 1
    (sent,) = town.connector.shipments
    frozen = town.store.documents.get(acte.sha256)
    assert sent == Shipment(flux=Flux.ACTES, file_name=acte.file_name, content=frozen, key=acte.key)
    flow = town.flow(1)
    assert (flow.delivery, flow.reference, flow.attempts) == (DeliveryState.DEPOSITED, "1", 1)
    assert transmit_due(town.office) == 0


def test_unreachable_waits_longer_each_time_and_sends_the_same_bytes(
    town: Town, acte: TransmissionView
) -> None:
    for rank in range(3):
        town.connector.fail_next("deposit", UNREACHABLE)
        assert transmit_due(town.office) == 1
        flow = town.flow(1)
        assert flow.delivery is DeliveryState.TODO
        assert flow.next_attempt_at is not None
        wait = flow.next_attempt_at - town.clock.instant
        assert BASE * 2**rank <= wait <= BASE * 2**rank * 1.5
        assert transmit_due(town.office) == 0  # not before its time
        town.clock.instant = flow.next_attempt_at
    assert transmit_due(town.office) == 1
    assert town.flow(1).delivery is DeliveryState.DEPOSITED
    assert len({shipment.content for shipment in town.connector.shipments}) == 1


def test_what_failed_together_does_not_come_back_together(town: Town) -> None:
    """A platform that comes back is not met by all that waited for it in the same second."""
    random.seed(0)
    town.fixture("seance-2026-10-08")  # two acts
    for _ in range(2):
        town.connector.fail_next("deposit", UNREACHABLE)
    assert transmit_due(town.office) == 2
    first, second = [flow.next_attempt_at for flow in town.flows()]
    assert first is not None
    assert second is not None
    assert first != second


def test_after_the_last_attempt_it_still_waits(town: Town, acte: TransmissionView) -> None:
    for _ in range(6):
        town.connector.fail_next("deposit", UNREACHABLE)
        transmit_due(town.office)
        flow = town.flow(1)
        assert flow.next_attempt_at is not None
        town.clock.instant = flow.next_attempt_at
    assert (flow.delivery, flow.attempts) == (DeliveryState.TODO, 6)
    assert flow.next_attempt_at - flow.updated_at == PAUSE


def test_a_transient_refusal_waits(town: Town, acte: TransmissionView) -> None:
    town.connector.fail_next("deposit", TRANSIENT)
    transmit_due(town.office)
    flow = town.flow(1)
    assert (flow.delivery, flow.faults) == (DeliveryState.TODO, TRANSIENT.faults)
    assert town.tree(town.folders.a_corriger) == []
    town.clock.instant += timedelta(minutes=2)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.DEPOSITED


def test_a_refusal_goes_back_to_the_agent(town: Town, acte: TransmissionView) -> None:
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    flow = town.flow(1)
    assert (flow.delivery, flow.faults) == (DeliveryState.REFUSED, REFUSED.faults)
    assert town.tree(town.folders.a_corriger) == [
        "seance-2026-11-05/A-LIRE.html",
        "seance-2026-11-05/actes.ods",
        "seance-2026-11-05/voirie.pdf",
    ]
    sheet = (town.folders.a_corriger / "seance-2026-11-05" / "A-LIRE.html").read_text("utf-8")
    assert "Votre tiers de télétransmission a refusé" in sheet
    assert acte.key in sheet
    assert "200 Mo" in sheet
    assert transmit_due(town.office) == 0


def test_an_act_of_an_old_classification_is_kept_back(town: Town, acte: TransmissionView) -> None:
    install(retour_classification(NEWER), town.authority, town.office)
    transmit_due(town.office)
    flow = town.flow(1)
    assert (flow.delivery, flow.faults.codes) == (DeliveryState.REFUSED, ("ACT-026_VERSION",))
    assert town.connector.shipments == []
    sheet = (town.folders.a_corriger / "seance-2026-11-05" / "A-LIRE.html").read_text("utf-8")
    assert "a pas envoyé" in sheet
    assert f"celle du {NEWER:%d/%m/%Y}" in sheet


def test_an_act_that_perhaps_landed_is_not_kept_back(town: Town, acte: TransmissionView) -> None:
    town.connector.fail_next("deposit", UNKNOWN)
    transmit_due(town.office)
    town.store.offer_again(acte.id)
    install(retour_classification(NEWER), town.authority, town.office)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.DEPOSITED
    assert len(town.connector.shipments) == 2


def test_an_agent_who_took_the_sheet_away_does_not_get_it_again(
    town: Town, acte: TransmissionView
) -> None:
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    laid = town.folders.a_corriger / "seance-2026-11-05"
    laid.rename(town.folders.root / "bureau")
    town.night()
    assert town.tree(town.folders.a_corriger) == []


def test_two_refusals_of_one_deposit_are_one_folder(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    town.connector.fail_next("deposit", REFUSED)
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    (folder,) = town.folders.a_corriger.iterdir()
    sheet = (folder / "A-LIRE.html").read_text("utf-8")
    assert all(flow.key in sheet for flow in town.flows())


def test_a_refused_pes_may_use_its_numbers_again_but_its_nomfic(town: Town) -> None:
    town.fixture("mandats-2026-10")
    keys = {
        "nomfic": town.flow(1).key,
        "idbord": "depense/00/2026/01/31",
        "idpce": "depense/00/2026/01/204",
        "idunique": town.flow(1).facts["pieces_jointes"][0],
    }
    siren = town.authority.siren
    assert all(town.store.used(siren, kind, key) for kind, key in keys.items())
    town.connector.fail_next("deposit", REFUSED)
    transmit_due(town.office)
    used = {kind for kind, key in keys.items() if town.store.used(siren, kind, key)}
    assert used == {"nomfic"}


def test_a_folder_out_of_reach_does_not_stop_the_others(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    town.fixture("seance-2026-11-05")
    other.fixture("seance-2026-11-05")
    lose(town)
    town.connector.fail_next("deposit", REFUSED)
    assert transmit_due(town.office) == 2
    assert town.flows()[0].delivery is DeliveryState.REFUSED
    assert other.flows()[0].delivery is DeliveryState.DEPOSITED
    find_again(town)
    town.night()
    assert "seance-2026-11-05/A-LIRE.html" in town.tree(town.folders.a_corriger)


def lose(town: Town) -> None:
    """Put a file where the folder of a town was: nothing can be written there."""
    town.folders.root.rename(town.folders.root.with_name("ailleurs"))
    town.folders.root.write_bytes(b"")


def find_again(town: Town) -> None:
    town.folders.root.unlink()
    town.folders.root.with_name("ailleurs").rename(town.folders.root)


def test_an_authority_whose_certificate_is_refused_waits_and_the_other_goes_on(
    two_towns: tuple[Town, Town],
) -> None:
    town, other = two_towns
    town.fixture("seance-2026-10-08")
    other.fixture("seance-2026-10-08")
    town.connector.fail_next("deposit", AUTHENTICATION)
    assert transmit_due(town.office) == 3  # one try for the first town, both acts of the other
    assert len(town.connector.shipments) == 1
    assert [flow.delivery for flow in town.flows()] == [DeliveryState.TODO] * 2
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.DEPOSITED] * 2
    (pause,) = town.store.pauses()
    assert (pause.collectivite, pause.fault) == (
        town.authority.siren,
        next(iter(AUTHENTICATION.faults)),
    )
    town.clock.instant += PAUSE
    assert transmit_due(town.office) == 2
    assert [flow.delivery for flow in town.flows()] == [DeliveryState.DEPOSITED] * 2


def test_only_the_authorities_that_are_asked_for_are_served(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    town.fixture("seance-2026-10-08")
    other.fixture("seance-2026-10-08")
    assert transmit_due(town.office, collectivites=[other.authority.siren]) == 2
    assert [flow.delivery for flow in town.flows()] == [DeliveryState.TODO] * 2
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.DEPOSITED] * 2


@contextmanager
def steps(store: Store) -> Iterator[list[int]]:
    """Gather the steps of SQLite of each statement: they grow with the rows that are looked at."""
    counted: list[int] = []
    watched: list[Any] = []

    def one_more() -> int:
        counted[-1] += 1
        return 0

    def watch(connection: Connection, *_statement: object) -> None:
        counted.append(0)
        watched.append(connection.connection.driver_connection)
        watched[-1].set_progress_handler(one_more, 1)

    engine = store._database._backend.writer
    event.listen(engine, "before_cursor_execute", watch)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", watch)
        for driver in watched:
            driver.set_progress_handler(None, 1)


def test_one_authority_costs_the_same_among_many(town: Town, acte: TransmissionView) -> None:
    """A worker serves one authority at a time, thousands of times a night."""
    only = [town.authority.siren]
    transmit_due(town.office, collectivites=only)  # its line is written down
    with steps(town.store) as alone:
        transmit_due(town.office, collectivites=only)
    assert len(alone) > 2
    first = {"failures": 0, "openings": 0, "fault": "[]", "hour_bytes": 0}
    with town.store._database.writing() as connection:
        others = [{"collectivite": f"{rank:09d}", "due_at": START} for rank in range(100, 400)]
        connection.execute(insert(AUTHORITY), others)
        lines = [{"name": f"tdt-{rank}.example", **first} for rank in range(300)]
        connection.execute(insert(LINE), lines)
    with steps(town.store) as among_many:
        transmit_due(town.office, collectivites=only)
    assert among_many == alone


def test_an_authority_that_is_not_configured_here_is_left_to_others(
    two_towns: tuple[Town, Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, other = two_towns
    office = replace(town.office, authorities=(town.authority,))
    other.fixture("seance-2026-10-08")
    assert transmit_due(office) == 0
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.TODO] * 2
    monkeypatch.setattr(town.store, "authorities_but", lambda _sirens: ())  # it packs just now
    assert transmit_due(office) == 0
    assert other.connector.shipments == []
    assert [flow.delivery for flow in other.flows()] == [DeliveryState.DOING, DeliveryState.TODO]


@pytest.mark.parametrize("error", [UNKNOWN, DUPLICATE])
def test_what_was_perhaps_received_is_not_sent_again(
    town: Town, acte: TransmissionView, error: OutcomeUnknown | Refused
) -> None:
    if error is DUPLICATE:  # at a second attempt, the first may have landed
        town.connector.fail_next("deposit", UNREACHABLE)
        transmit_due(town.office)
        town.clock.instant += timedelta(minutes=2)
    town.connector.fail_next("deposit", error)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.SUSPENDED
    sent = len(town.connector.shipments)
    town.clock.instant += timedelta(days=1)
    assert transmit_due(town.office) == 0
    assert len(town.connector.shipments) == sent
    assert town.tree(town.folders.a_corriger) == []


def test_a_number_in_use_at_the_first_attempt_is_a_clash(
    town: Town, acte: TransmissionView
) -> None:
    town.connector.fail_next("deposit", DUPLICATE)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.REFUSED


def test_the_same_pes_there_already_is_never_a_licence_to_send_again(town: Town) -> None:
    town.fixture("titres-cantine.csv")
    town.connector.fail_next("deposit", DUPLICATE)
    transmit_due(town.office)
    assert town.flow(1).delivery is DeliveryState.LANDED
    assert town.store.used(town.authority.siren, "idbord", "recette/00/2026/01/12")


class Slow(ScriptedConnector):
    """Answers after the lease."""

    def __init__(self, town: Town, error: Refused | None = None) -> None:
        super().__init__()
        self.town = town
        self.error = error

    def deposit(self, shipment: Shipment) -> str:
        if self.error is not None:
            self.fail_next("deposit", self.error)
        self.town.clock.instant += LEASE + timedelta(seconds=1)
        return super().deposit(shipment)


def with_connector(town: Town, connector: ScriptedConnector) -> Town:
    authority = replace(town.authority, connector=connector)
    office = replace(town.office, authorities=(authority,))
    return replace(town, authority=authority, office=office, connector=connector)


def test_a_success_after_the_lease_keeps_its_reference(town: Town, acte: TransmissionView) -> None:
    town = with_connector(town, Slow(town))
    assert transmit_due(town.office) == 1
    flow = town.flow(1)
    assert (flow.delivery, flow.reference) == (DeliveryState.DEPOSITED, "1")


def test_another_outcome_after_the_lease_is_asked_about(town: Town, acte: TransmissionView) -> None:
    town = with_connector(town, Slow(town, REFUSED))
    assert transmit_due(town.office) == 1
    town.store.recover_expired()
    assert town.flow(1).delivery is DeliveryState.SUSPENDED


def test_a_document_that_the_disk_lost_does_not_stop_the_others(town: Town) -> None:
    town.fixture("seance-2026-10-08")
    town.store.documents.path(town.flow(1).sha256).write_bytes(b"")
    assert transmit_due(town.office) == 2
    assert [flow.delivery for flow in town.flows()] == [
        DeliveryState.TODO,
        DeliveryState.DEPOSITED,
    ]
    assert town.flow(1).faults.codes == ("QUE-DOCUMENT_CORRUPT",)


def test_documents_that_are_out_of_reach_are_waited_for(
    town: Town, acte: TransmissionView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_sha256: str) -> bytes:
        raise FaultError(Fault(code="QUE-S3_UNREACHABLE", params={"lieu": "s3://seau"}))

    with monkeypatch.context() as patch:
        patch.setattr(town.store.documents, "get", away)
        assert transmit_due(town.office) == 1
    flow = town.flow(1)
    assert (flow.delivery, flow.attempts) == (DeliveryState.TODO, 0)
    assert flow.next_attempt_at == town.clock.instant + BUCKET_WAIT
    town.clock.instant += BUCKET_WAIT
    assert transmit_due(town.office) == 1
    assert town.flow(1).delivery is DeliveryState.DEPOSITED


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [("store", "claim", True), ("connector", "deposit", True), ("store", "deposited", True)],
)
def test_a_crash_while_sending_an_act_makes_no_double(
    town: Town,
    acte: TransmissionView,
    die: Callable[..., None],
    owner: str,
    name: str,
    after: bool,
) -> None:
    die(getattr(town, owner), name, after=after)
    with pytest.raises(Crash):
        transmit_due(town.office)
    for _ in range(3):
        town.night()
    assert landed(town, Flux.ACTES) == [acte.key]
    flow = town.flow(1)
    assert (flow.delivery, flow.reference) == (DeliveryState.DEPOSITED, "1")


def test_a_crash_between_the_refusal_and_its_sheet_hides_nothing(
    town: Town, acte: TransmissionView, die: Callable[..., None]
) -> None:
    town.connector.fail_next("deposit", REFUSED)
    die(town.store, "refuse", after=True)
    with pytest.raises(Crash):
        transmit_due(town.office)
    town.night()
    assert "seance-2026-11-05/A-LIRE.html" in town.tree(town.folders.a_corriger)


def test_a_crash_after_the_sheet_does_not_lay_it_twice(
    town: Town, acte: TransmissionView, die: Callable[..., None]
) -> None:
    town.connector.fail_next("deposit", REFUSED)
    die(town.store, "note", after=False)
    with pytest.raises(Crash):
        transmit_due(town.office)
    town.night()
    assert [path.name for path in town.folders.a_corriger.iterdir()] == ["seance-2026-11-05"]


def test_claims_of_authorities_that_are_not_configured_are_left_alone(town: Town) -> None:
    town.fixture("seance-2026-11-05")
    assert transmit_due(replace(town.office, authorities=())) == 0
    assert town.flows(selection=Selection.WAITING)


def test_transmit_stops_when_asked_to(town: Town, acte: TransmissionView) -> None:
    assert transmit_due(replace(town.office, stopping=lambda: True)) == 0
    assert transmit_due(town.office, limit=0) == 0


def test_one_claim(town: Town, acte: TransmissionView) -> None:
    claim = town.store.claim("ouvrier", lease=LEASE)
    assert claim is not None
    transmit(claim, town.office)
    assert town.flow(1).delivery is DeliveryState.DEPOSITED
    assert Fault(code="CON-SIZE") not in town.flow(1).faults

"""One run does all that is due; a second one, a crash or a neighbour's trouble doubles nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from demat.connectors.api import Flux, RemoteProgress
from demat.engine import give_back, receive
from demat.engine.nightly import KIND, Visit, nightly, prepare_arrivals, visit_each
from demat.queue.states import DeliveryState, DepositState
from demat.sandbox.prefecture import retour_classification
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    SETTLE,
    UNKNOWN,
    UNREACHABLE,
    Crash,
    Town,
    accept_all,
    anomaly,
    ar,
    landed,
    numeros,
    titre,
    titres,
)

EVERYTHING = ("seance-2026-10-08", "arrete-individuel", "mandats-2026-10", "titres-cantine.csv")


def test_one_night(town: Town) -> None:
    town.drop(*EVERYTHING)
    report = town.night()
    (item,) = report.authorities
    assert (item.received, item.packed, item.returned, item.answers) == (4, 4, 0, 0)
    assert (report.sent, report.settled, report.outcome, item.errors) == (5, 0, "done", [])
    last = town.store.last_run(KIND)
    assert last is not None
    assert last.report == report.as_json()
    assert (len(landed(town, Flux.ACTES)), len(landed(town, Flux.HELIOS))) == (3, 2)


def test_a_second_night_does_nothing_twice(town: Town) -> None:
    town.drop(*EVERYTHING)
    town.night()
    for flow in town.flows():
        town.answer(flow, ar(flow) if flow.flux == "ACTES" else accept_all(flow))
    assert town.night().authorities[0].answers == 5
    before = (town.flows(), town.store.deposits(), list(town.connector.shipments))
    tree, entries = town.tree(town.folders.root), len(town.store.journal())
    report = town.night()
    (item,) = report.authorities
    assert (item.received, item.packed, item.answers, report.sent) == (0, 0, 0, 0)
    assert (town.flows(), town.store.deposits(), town.connector.shipments) == before
    assert (town.tree(town.folders.root), len(town.store.journal())) == (tree, entries)


def test_a_file_that_is_still_being_copied_waits_for_the_next_night(town: Town) -> None:
    town.write("titres.csv", titres(titre(417, 12)))

    def copying(seconds: float) -> None:
        town.pause(seconds)
        town.write("titres.csv", titres(titre(417, 12), titre(418, 12)))

    nightly(town.office, pause=copying)
    assert town.store.deposits() == ()
    town.night()
    assert town.flow(1).facts["bordereaux"][0]["pieces"] == 2


def test_two_runs_at_once_are_one(town: Town) -> None:
    town.drop("seance-2026-11-05")
    inner: list[object] = []

    def meanwhile(seconds: float) -> None:
        inner.append(nightly(town.office, pause=lambda _: None))
        town.pause(seconds)

    assert nightly(town.office, pause=meanwhile) is not None
    assert inner == [None]
    assert len(town.connector.shipments) == 1


def test_a_planned_instant_runs_once(town: Town) -> None:
    planned = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert nightly(town.office, scheduled_for=planned, pause=town.pause) is not None
    assert nightly(town.office, scheduled_for=planned, pause=town.pause) is None


def test_a_run_that_was_cut_does_not_keep_the_next_from_starting(
    town: Town, die: Callable[..., None]
) -> None:
    die(town.store, "claim", after=False)
    with pytest.raises(Crash):
        nightly(town.office, pause=town.pause)
    assert nightly(town.office, pause=town.pause) is not None


def test_two_processes_prepare_the_same_deposit_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps of one process, another does the whole work."""
    town.write("titres.csv", titres(titre(417, 12)))
    real = town.store.check
    nested: list[int] = []

    def check(*args: object, **values: object) -> object:
        if not nested:
            nested.append(1)
            prepare_arrivals([Visit.of(town.authority, town.office)])
        return real(*args, **values)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(town.store, "check", check)
    visit = town.intake()
    assert nested == [1]
    assert (len(town.flows()), visit.item.errors) == (1, [])
    (deposit,) = town.store.deposits()
    assert deposit.state is DepositState.PACKED
    assert town.tree(town.folders.transmis) == ["titres/titres.csv"]


def test_a_folder_that_is_gone_does_not_stop_the_other_town(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    town.folders.root.write_bytes(b"")  # a file stands where the folder was
    other.drop("seance-2026-11-05")
    report = town.night()
    broken, good = report.authorities
    assert (report.outcome, len(broken.errors), good.errors) == ("done_with_errors", 1, [])
    assert "ne peut pas être utilisé" in broken.errors[0]
    assert (good.packed, report.sent) == (1, 1)
    town.folders.root.unlink()
    town.drop("arrete-individuel")
    assert town.night().outcome == "done"
    assert len(town.flows()) == 1


def test_a_wrong_passphrase_delays_the_bordereaux_alone(seal: Callable[..., Town]) -> None:
    town = seal(passphrase="faux")
    town.drop("titres-cantine.csv", "seance-2026-11-05")
    report = town.night()
    assert [flow.flux for flow in town.flows()] == ["ACTES"]
    (sentence,) = report.authorities[0].errors
    assert "mot de passe" in sentence
    assert town.tree(town.folders.a_corriger) == []  # the agent has nothing to correct
    (waiting,) = town.store.deposits(states=[DepositState.CHECKED])
    repaired = seal()
    assert repaired.night().sent == 1
    assert town.store.deposit(waiting.id).state is DepositState.PACKED


def test_a_deposit_that_waits_for_a_technician_uses_up_one_nomfic(
    seal: Callable[..., Town],
) -> None:
    town = seal(passphrase="faux")
    town.drop("titres-cantine.csv")
    for _ in range(5):
        town.night()
    town = seal()
    town.night()
    assert town.flow(1).key == "PESALR2_21990123800010_261123_001"


def test_a_platform_out_of_reach_is_told_and_nothing_is_lost(town: Town) -> None:
    town.drop("seance-2026-11-05")
    town.connector.fail_next("deposit", UNREACHABLE)
    report = town.night()
    assert (report.outcome, report.sent) == ("done_with_errors", 1)
    assert len(report.authorities[0].errors) == 1
    town.night()
    assert town.flow(1).delivery is DeliveryState.DEPOSITED


def test_a_refused_certificate_is_told_once(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    town.drop("seance-2026-11-05")
    other.drop("seance-2026-11-05")
    for method in ("classification", "deposit", "status"):
        town.connector.fail_next(method, AUTHENTICATION)
    report = town.night()
    broken, good = report.authorities
    assert len(broken.errors) == 1
    assert good.errors == []
    assert other.flows()[0].delivery is DeliveryState.DEPOSITED


def test_an_unknown_outcome_is_settled_the_next_night(town: Town) -> None:
    town.drop("seance-2026-11-05")
    town.connector.fail_next("deposit", UNKNOWN, landed=True)
    assert town.night().outcome == "done_with_errors"
    report = town.night()
    assert (report.settled, report.sent, report.outcome) == (1, 0, "done")
    assert town.flow(1).delivery is DeliveryState.DEPOSITED


def test_the_classification_is_refreshed_before_the_acts_are_prepared(town: Town) -> None:
    town.drop("seance-2026-11-05")
    town.connector.held_classification = retour_classification(date(2026, 11, 1))
    town.night()
    assert town.flow(1).facts["classification"] == "2026-11-01"


def test_bordereaux_that_a_person_signs_wait(seal: Callable[..., Town]) -> None:
    town = seal(unattended=False)
    town.drop("titres-cantine.csv", "seance-2026-11-05")
    for _ in range(2):
        report = town.night()
        assert report.authorities[0].awaiting_signature == 1
    assert [flow.flux for flow in town.flows()] == ["ACTES"]


def test_returned_deposits_are_counted(town: Town) -> None:
    town.write("titres.csv", titres(titre(417, 12, montant="douze")))
    report = town.night()
    assert (report.authorities[0].returned, report.outcome) == (1, "done_with_errors")


# every place where the process may die during a séance of which one act is refused
POINTS = [
    *(("receive", "claim", after, 1) for after in (True,)),
    *(("documents", "put", after, nth) for nth in (1, 4, 5) for after in (False, True)),
    *(("store", "receive", after, 1) for after in (False, True)),
    *(("store", "check", after, 1) for after in (False, True)),
    *(("store", "pack", after, 1) for after in (False, True)),
    *(("give_back", "leave", after, 1) for after in (False, True)),
    *(("store", "claim", after, nth) for nth in (1, 2) for after in (False, True)),
    *(("connector", "deposit", after, nth) for nth in (1, 2) for after in (False, True)),
    *(("store", "deposited", after, nth) for nth in (1, 2) for after in (False, True)),
    *(("store", "end_run", after, 1) for after in (False, True)),
]


@pytest.mark.parametrize(("owner", "name", "after", "nth"), POINTS)
def test_a_crash_anywhere_loses_nothing_and_doubles_nothing(
    town: Town, die: Callable[..., None], owner: str, name: str, after: bool, nth: int
) -> None:
    owners = {
        "receive": receive,
        "give_back": give_back,
        "store": town.store,
        "documents": town.store.documents,
        "connector": town.connector,
    }
    town.drop("seance-2026-10-08")
    die(owners[owner], name, after=after, nth=nth)
    with pytest.raises(Crash):
        town.night()
    for _ in range(3):
        town.clock.instant += timedelta(hours=7)  # a run that could not end counts as dead
        town.night()
    assert numeros(town.flows()) == ["2026_041", "2026_042"]
    assert sorted(landed(town, Flux.ACTES)) == [flow.key for flow in town.flows()]
    assert [flow.delivery for flow in town.flows()] == [DeliveryState.DEPOSITED] * 2
    references = {flow.reference: flow.key for flow in town.flows()}
    assert references == {ref: held.key for ref, held in town.connector.held.items()}
    assert len(town.store.deposits()) == 1
    assert town.tree(town.folders.en_cours) == []
    assert town.tree(town.folders.transmis) == [
        f"seance-2026-10-08/{name}"
        for name in ("actes.xlsx", "subventions-tableau.pdf", "subventions.pdf", "tarifs-salle.pdf")
    ]
    good, bad = town.flows()
    town.answer(good, ar(good))
    town.answer(bad, anomaly(bad), progress=RemoteProgress.ERROR)
    town.night()
    assert [flow.etat for flow in town.flows()] == ["acquitte", "en_anomalie"]
    assert not town.store.verify_journal()
    assert not town.store.verify_documents()


def test_a_step_that_fails_is_told_in_words_and_the_next_authority_is_visited(
    two_towns: tuple[Town, Town],
) -> None:
    town, other = two_towns
    visits = [Visit.of(one.authority, one.office) for one in (town, other)]
    seen: list[str] = []

    def step(visit: Visit) -> None:
        seen.append(visit.item.nom)
        if visit.item.nom == "Saint-Exemple":
            raise OSError(28, "No space left on device", "/x/y")

    visit_each(visits, step)
    visit_each(visits, step)
    assert seen == ["Saint-Exemple", "Voisine"] * 2
    (sentence,) = visits[0].item.errors  # told once
    assert "disque est plein" in sentence
    assert visits[1].item.errors == []


def test_the_pause_is_the_settling_time(town: Town) -> None:
    pauses: list[float] = []
    nightly(replace(town.office), pause=pauses.append)
    assert pauses == [SETTLE.total_seconds()]

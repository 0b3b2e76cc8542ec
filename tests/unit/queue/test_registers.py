"""Serial numbers, classifications, runs, publications."""

import multiprocessing
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.queue import readings
from demat.queue.readings import CLOCK_VERIFIED
from demat.queue.states import TransitionRefused
from demat.queue.store import Store
from demat.queue.views import ClassificationView, PublicationView, RunView
from tests.unit.queue.conftest import EXEMPLE, START, VOISINE, NewDeposit, Packed

HOUR = timedelta(hours=1)


def test_serials_start_at_one_in_each_series(store: Store) -> None:
    assert [store.next_serial(EXEMPLE, "pes", "2026-11-23") for _ in range(3)] == [1, 2, 3]
    assert store.next_serial(VOISINE, "pes", "2026-11-23") == 1
    assert store.next_serial(EXEMPLE, "actes", "2026-11-23") == 1
    assert store.next_serial(EXEMPLE, "pes", "2026-11-24") == 1
    assert store.next_serial(EXEMPLE, "pes", "2026-11-23") == 4


def test_two_processes_never_get_the_same_serial(
    store: Store, database_url: str, documents_folder: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = [(database_url, documents_folder)] * 2
    with context.Pool(2) as pool:
        first, second = pool.starmap(_take_serials, arguments, chunksize=1)
    assert sorted(first + second) == list(range(1, 81))
    assert store.next_serial(EXEMPLE, "pes", "2026") == 81


def _take_serials(url: str, documents: Path) -> list[int]:
    opened = Store.open(url, documents, FixedClock(START))
    serials = [opened.next_serial(EXEMPLE, "pes", "2026") for _ in range(40)]
    opened.close()
    return serials


def test_the_latest_classification_counts_and_all_are_kept(store: Store, clock: FixedClock) -> None:
    assert store.classification(EXEMPLE) is None
    old, new = store.documents.put(b"<old/>"), store.documents.put(b"<new/>")
    store.install_classification(EXEMPLE, date(2026, 1, 1), old)
    store.install_classification(EXEMPLE, date(2026, 6, 1), new)
    clock.instant += HOUR
    store.install_classification(EXEMPLE, date(2026, 6, 1), new)  # the same again
    assert store.classification(EXEMPLE) == ClassificationView(
        collectivite=EXEMPLE,
        day=date(2026, 6, 1),
        sha256=new,
        installed_at=START,
        checked_at=START,
        announced=None,
    )
    assert store.classification(VOISINE) is None
    told = [entry.detail for entry in store.journal()]
    assert told == [
        {"jour": "2026-01-01", "sha256": old},
        {"jour": "2026-06-01", "sha256": new},
    ]
    with pytest.raises(FaultError) as caught:
        store.install_classification(EXEMPLE, date(2026, 7, 1), "0" * 64)
    assert caught.value.faults.codes == ("QUE-DOCUMENT_MISSING",)


def test_earlier_classifications_are_found_by_their_date(store: Store) -> None:
    old, new = (store.documents.put(text) for text in (b"<old/>", b"<new/>"))
    store.install_classification(EXEMPLE, date(2026, 1, 1), old)
    store.install_classification(EXEMPLE, date(2026, 6, 1), new)
    earlier = store.classification(EXEMPLE, day=date(2026, 1, 1))
    assert earlier is not None
    assert earlier.sha256 == old
    assert store.classification(EXEMPLE, day=date(2025, 1, 1)) is None


def test_a_classification_is_confirmed_or_known_to_be_outdated(
    store: Store, clock: FixedClock
) -> None:
    store.install_classification(EXEMPLE, date(2026, 1, 1), store.documents.put(b"<old/>"))
    clock.instant += HOUR
    store.confirm_classification(EXEMPLE)
    store.confirm_classification(EXEMPLE, announced=date(2026, 6, 1))
    current = store.classification(EXEMPLE)
    assert current is not None
    assert (current.checked_at, current.announced) == (START + HOUR, date(2026, 6, 1))
    store.install_classification(EXEMPLE, date(2026, 6, 1), store.documents.put(b"<new/>"))
    newer = store.classification(EXEMPLE)
    assert newer is not None
    assert newer.announced is None


def test_a_scheduled_time_is_run_once(store: Store, clock: FixedClock) -> None:
    assert store.last_run("nightly") is None
    run = store.begin_run("nightly", START)
    assert run is not None
    assert store.begin_run("nightly", START) is None
    assert store.begin_run("nightly", START + HOUR) is None  # one is under way
    assert store.begin_run("nightly", None) is None
    assert store.begin_run("publish", START) is not None  # another job
    clock.instant += HOUR
    store.end_run(run, {"envoyes": 3, "erreurs": []})
    assert store.last_run("nightly") == RunView(
        id=run,
        kind="nightly",
        scheduled_for=START,
        started_at=START,
        ended_at=START + HOUR,
        lost=False,
        report={"envoyes": 3, "erreurs": []},
    )
    assert store.begin_run("nightly", START) is None  # done
    assert store.begin_run("nightly", START + timedelta(days=1)) is not None


def test_a_person_may_run_as_often_as_wanted(store: Store) -> None:
    for _ in range(2):
        run = store.begin_run("nightly", None)
        assert run is not None
        store.end_run(run, {})


def test_a_run_ends_once(store: Store) -> None:
    run = store.begin_run("nightly", None)
    assert run is not None
    store.end_run(run, {})
    with pytest.raises(TransitionRefused, match="run 1: not running -> ended"):
        store.end_run(run, {})


def test_a_killed_run_does_not_block_for_ever(store: Store, clock: FixedClock) -> None:
    dead = store.begin_run("nightly", START, lease=HOUR)
    assert dead is not None
    clock.instant += HOUR - timedelta(seconds=1)
    assert store.begin_run("nightly", START, lease=HOUR) is None
    clock.instant += timedelta(seconds=1)
    other = store.begin_run("nightly", START, lease=HOUR)  # it was not done
    assert other not in (None, dead)
    with pytest.raises(TransitionRefused):
        store.end_run(dead, {})
    last = store.last_run("nightly")
    assert last is not None
    assert (last.id, last.ended_at, last.lost) == (other, None, False)


def test_a_lost_run_is_told(store: Store, clock: FixedClock, raw: Engine) -> None:
    dead = store.begin_run("nightly", START, lease=HOUR)
    clock.instant += HOUR
    assert store.begin_run("publish", None) is not None  # another job changes nothing
    assert store.begin_run("nightly", START, lease=HOUR) is not None
    with raw.begin() as connection:
        lost = connection.execute(text("SELECT id FROM run WHERE lost")).scalars().all()
    assert lost == [dead]


def test_two_processes_do_not_run_together(
    store: Store, database_url: str, documents_folder: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = [(database_url, documents_folder)] * 2
    with context.Pool(2) as pool:
        runs = pool.starmap(_begin, arguments, chunksize=1)
    assert [run for run in runs if run is not None] == [1]


def _begin(url: str, documents: Path) -> int | None:
    opened = Store.open(url, documents, FixedClock(START))
    run = opened.begin_run("nightly", START)
    opened.close()
    return run


def test_the_first_date_of_publication_never_changes(
    store: Store, clock: FixedClock, packed: Packed
) -> None:
    acte = packed(flux="ACTES")
    url = "https://saint-exemple.example/actes/1"
    store.record_publication(acte.id, first_published=START, url=url, sha256="a" * 64)
    clock.instant += HOUR
    store.record_publication(
        acte.id, first_published=START + HOUR, url=url + "-bis", sha256="b" * 64
    )
    (published,) = store.publications(EXEMPLE)
    assert published == PublicationView(
        transmission_id=acte.id,
        collectivite=EXEMPLE,
        first_published=START,
        url=url + "-bis",
        sha256="b" * 64,
        updated_at=START + HOUR,
        withdrawn_at=None,
        withdrawal_reason="",
    )
    assert store.publications(VOISINE) == ()


def test_withdrawing_keeps_the_record(store: Store, clock: FixedClock, packed: Packed) -> None:
    acte = packed(flux="ACTES")
    with pytest.raises(TransitionRefused, match="not on line -> withdrawn"):
        store.withdraw_publication(acte.id, reason="données personnelles", who="Mme Martin")
    store.record_publication(acte.id, first_published=START, url="u", sha256="a" * 64)
    clock.instant += HOUR
    store.withdraw_publication(acte.id, reason="données personnelles", who="Mme Martin")
    (withdrawn,) = store.publications(EXEMPLE)
    assert withdrawn.first_published == START
    assert withdrawn.withdrawn_at == START + HOUR
    assert withdrawn.withdrawal_reason == "données personnelles"
    with pytest.raises(TransitionRefused):
        store.withdraw_publication(acte.id, reason="encore", who="Mme Martin")
    store.record_publication(acte.id, first_published=clock.instant, url="u", sha256="c" * 64)
    (back,) = store.publications(EXEMPLE)
    assert (back.first_published, back.withdrawn_at) == (START, None)
    actions = [entry.action for entry in store.journal(transmission_id=acte.id)][1:]
    assert actions == ["published", "withdrawn", "published"]


def test_only_what_exists_is_published(store: Store) -> None:
    with pytest.raises(FaultError) as caught:
        store.record_publication(9, first_published=START, url="u", sha256="a" * 64)
    assert caught.value.faults.codes == ("QUE-UNKNOWN_TRANSMISSION",)
    assert store.verify_journal() == Faults()


def test_verify_documents(store: Store, packed: Packed) -> None:
    packed()
    content = b"<RetourClassification/>"
    sha256 = store.documents.put(content)
    store.install_classification(EXEMPLE, date(2026, 1, 1), sha256)
    assert store.verify_documents() == Faults()
    store.documents.path(sha256).unlink()
    sent = store.transmission(1).sha256
    store.documents.path(sent).write_bytes(b"tampered")
    faults = {
        sha256: Fault(code="QUE-DOCUMENT_MISSING", params={"empreinte": sha256}),
        sent: Fault(
            code="QUE-DOCUMENT_CORRUPT",
            params={"empreinte": sent},
            source="PESALR2_21990123800010_261123_001.xml",
        ),
    }
    assert store.verify_documents() == Faults(faults[digest] for digest in sorted(faults))


def test_what_concerns_an_authority_is_told_to_the_journal(
    store: Store, clock: FixedClock, new_deposit: NewDeposit
) -> None:
    store.tell(EXEMPLE, "key_unusable", {"signataire": "Camille Dupré"})
    deposit = new_deposit()
    store.tell(EXEMPLE, "key_unusable", {"codes": "SIG-EXPIRED"}, deposit_id=deposit.id)
    first, last = store.journal()[0], store.journal(deposit_id=deposit.id)[-1]
    assert (first.collectivite, first.deposit_id, first.action, first.after) == (
        EXEMPLE,
        None,
        "key_unusable",
        "",
    )
    assert dict(first.detail) == {"signataire": "Camille Dupré"}
    assert dict(last.detail) == {"codes": "SIG-EXPIRED"}
    assert not store.verify_journal()


def test_time_goes_on_from_the_latest_instant(store: Store, clock: FixedClock) -> None:
    assert store.latest_instant() is None
    store.tell(EXEMPLE, "received", {})
    clock.instant = START + HOUR
    store.tell(VOISINE, "received", {})
    clock.instant = START - HOUR
    store.tell(EXEMPLE, "received", {})
    assert store.latest_instant() == START + HOUR
    store.tell(EXEMPLE, CLOCK_VERIFIED, {})
    assert store.latest_instant() == START - HOUR
    clock.instant = START
    store.tell(EXEMPLE, "received", {})
    assert store.latest_instant() == START


def test_what_is_far_behind_does_not_count(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_RECENT", 3)
    clock.instant = START + HOUR
    store.tell(EXEMPLE, "received", {})
    clock.instant = START
    for _ in range(2):
        store.tell(EXEMPLE, "received", {})
    assert store.latest_instant() == START + HOUR
    store.tell(EXEMPLE, "received", {})
    assert store.latest_instant() == START

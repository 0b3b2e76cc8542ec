"""What the supervision finds: each check with its limits, its sentence and the authority."""

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demat.engine import health
from demat.engine.health import (
    Check,
    Ending,
    Figures,
    Level,
    Limits,
    Lists,
    judge,
    look,
    overall,
)
from demat.faults import Fault, FaultError, Faults
from demat.labels_fr.catalogue import explain
from demat.queue.measures import LineState, Measures, Waiting
from demat.queue.pace import parse_plage
from demat.queue.views import PauseView
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from tests.unit.engine.conftest import (
    AUTHENTICATION,
    SIREN,
    UNKNOWN,
    VOISINE,
    Town,
    accept_all,
    declare,
    signataire_of,
)

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)  # a Thursday
HOUR = timedelta(hours=1)
EMPTY = Measures(
    waiting=(), deposits={}, pauses=(), lines=(), nights=(), journal_entries=0, transmissions=0
)
WELL = Figures(
    at=NOW,
    measures=EMPTY,
    disk_free=50_000_000_000,
    disk_total=100_000_000_000,
    nights={SIREN: NOW - 6 * HOUR},
)
LIMITS = Limits()


def waiting(state: str, hours: float, *, flux: str = "HELIOS", siren: str = SIREN) -> Waiting:
    return Waiting(
        collectivite=siren, flux=flux, state=state, count=2, since=NOW - timedelta(hours=hours)
    )


def with_flows(*flows: Waiting) -> Figures:
    return replace(WELL, measures=replace(EMPTY, waiting=flows))


def checked(figures: Figures, name: str, limits: Limits = LIMITS) -> Check:
    (found,) = [check for check in judge(figures, limits) if check.name == name]
    return found


def test_all_is_well() -> None:
    checks = judge(WELL, LIMITS)
    assert {check.level for check in checks} == {Level.GOOD}
    assert [check.fault for check in checks] == [None] * len(checks)
    assert overall(checks) is Level.GOOD
    assert {"database", "documents", "journal", "disk", "night"} <= {one.name for one in checks}


GOOD, WATCH, DOWN = Level
AGES = [
    ("unsent", "todo", "HELIOS", 3.9, GOOD, ""),
    ("unsent", "todo", "HELIOS", 4, WATCH, "SUP-UNSENT"),
    ("unsent", "doing", "ACTES", 24, DOWN, "SUP-UNSENT"),
    ("unsent", "refused", "ACTES", 2400, GOOD, ""),
    ("unknown", "suspended", "ACTES", 23, GOOD, ""),
    ("unknown", "suspended", "ACTES", 25, WATCH, "SUP-UNKNOWN"),
    ("unknown", "suspended", "ACTES", 73, DOWN, "SUP-UNKNOWN"),
    ("landed", "landed", "HELIOS", 0.1, WATCH, "SUP-LANDED"),
    ("unanswered_actes", "deposited", "ACTES", 23, GOOD, ""),
    ("unanswered_actes", "deposited", "ACTES", 25, WATCH, "SUP-UNANSWERED_ACTES"),
    ("unanswered_actes", "deposited", "HELIOS", 47, GOOD, ""),
    ("unanswered_pes", "deposited", "HELIOS", 47, GOOD, ""),
    ("unanswered_pes", "deposited", "HELIOS", 49, WATCH, "SUP-UNANSWERED_PES"),
    ("unanswered_pes", "deposited", "HELIOS", 7 * 24 + 1, DOWN, "SUP-UNANSWERED_PES"),
]


@pytest.mark.parametrize(("name", "state", "flux", "hours", "level", "code"), AGES)
def test_what_waits_too_long_is_told(
    name: str, state: str, flux: str, hours: float, level: Level, code: str
) -> None:
    neighbour = waiting(state, hours / 2, flux=flux, siren=VOISINE)
    figures = with_flows(neighbour, waiting(state, hours, flux=flux))
    check = checked(figures, name)
    assert check.level is level
    assert (check.fault.code if check.fault else "") == code
    if check.fault:
        assert check.collectivite == SIREN
        assert check.fault.params["siren"] == SIREN
        assert check.fault.params["count"] == "4"
    others = {one.level for one in judge(figures, LIMITS) if one.name != name}
    assert Level.DOWN not in others


@pytest.mark.parametrize(
    ("hours", "level", "counted"),
    [(14, GOOD, 3), (15.5, WATCH, 4.5), (0.5, GOOD, 0.5), (24 * 8, DOWN, 104)],
)
def test_a_quiet_window_is_no_delay(hours: float, level: Level, counted: float) -> None:
    """It is 10 in Paris; nothing leaves between 20 and 7, as on every day."""
    quiet = {SIREN: (parse_plage("20:00-07:00"),)}
    figures = replace(with_flows(waiting("todo", hours)), quiet=quiet)
    check = checked(figures, "unsent")
    assert (check.level, check.value) == (level, counted)
    neighbour = replace(figures, quiet={VOISINE: quiet[SIREN]})
    assert checked(neighbour, "unsent").value == hours


def test_a_weekend_is_no_delay() -> None:
    """Handed over on Friday evening, a flow has waited 14 working hours on Monday morning."""
    monday = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    sent = Waiting(
        collectivite=SIREN,
        flux="HELIOS",
        state="deposited",
        count=1,
        since=datetime(2026, 11, 27, 17, 0, tzinfo=UTC),
    )
    figures = replace(with_flows(sent), at=monday, nights={SIREN: monday})
    check = checked(figures, "unanswered_pes")
    assert (check.level, check.value) == (Level.GOOD, 15)


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [
        (10_100, 100_000, GOOD),
        (9_900, 100_000, WATCH),
        (2_900, 100_000, DOWN),
        (2_100, 4_000, GOOD),
        (1_900, 4_000, WATCH),
        (400, 1_000, DOWN),
    ],
)
def test_the_room_on_the_disk(free: int, total: int, level: Level) -> None:
    check = checked(replace(WELL, disk_free=free * 1_000_000, disk_total=total * 1_000_000), "disk")
    assert check.level is level
    assert (check.fault is None) is (level is Level.GOOD)


@pytest.mark.parametrize(
    ("nights", "level", "code", "siren"),
    [
        ({SIREN: 25, VOISINE: 1}, GOOD, "", SIREN),
        ({SIREN: 1, VOISINE: 27}, WATCH, "SUP-NIGHT", VOISINE),
        ({SIREN: 51, VOISINE: 27}, DOWN, "SUP-NIGHT", SIREN),
        ({SIREN: 1, VOISINE: None}, WATCH, "SUP-NIGHT_NEVER", VOISINE),
    ],
)
def test_the_last_night(
    nights: dict[str, float | None], level: Level, code: str, siren: str
) -> None:
    ends = {one: None if hours is None else NOW - hours * HOUR for one, hours in nights.items()}
    check = checked(replace(WELL, nights=ends), "night")
    assert (check.level, check.collectivite) == (level, siren)
    assert (check.fault.code if check.fault else "") == code


@pytest.mark.parametrize(
    ("days", "level", "code"),
    [
        (31, GOOD, ""),
        (30, WATCH, "SUP-CERTIFICATE"),
        (0, WATCH, "SUP-CERTIFICATE"),
        (-1, DOWN, "SUP-CERTIFICATE_ENDED"),
    ],
)
def test_the_certificate_that_ends_first(days: int, level: Level, code: str) -> None:
    first = Ending(collectivite=VOISINE, use="line", last_day=date(2026, 11, 26) + timedelta(days))
    later = Ending(collectivite=SIREN, use="signature", last_day=date(2030, 1, 1))
    check = checked(replace(WELL, endings=(later, first)), "certificates")
    assert (check.level, check.value, check.collectivite) == (level, days, VOISINE)
    assert (check.fault.code if check.fault else "") == code
    if check.fault:
        assert "de télétransmission de 000000018" in explain(check.fault).sentence


@pytest.mark.parametrize(
    ("until", "missing", "code"),
    [(1, 0, ""), (None, 0, ""), (-1, 2, "SUP-LIST_STALE"), (1, 2, "SUP-LIST_NONE")],
)
def test_the_revocation_lists_are_never_a_failure(
    until: int | None, missing: int, code: str
) -> None:
    end = None if until is None else NOW + timedelta(days=until)
    found = Lists(collectivite=SIREN, made=NOW, until=end, missing=missing)
    check = checked(replace(WELL, lists=(found,)), "revocation_lists")
    assert check.level is (Level.WATCH if code else Level.GOOD)
    assert (check.fault.code if check.fault else "") == code


def test_a_list_that_may_be_old_for_some_days() -> None:
    found = Lists(collectivite=SIREN, made=NOW, until=NOW - timedelta(days=1), missing=0)
    check = checked(replace(WELL, lists=(found,)), "revocation_lists", Limits(list_days=2))
    assert (check.level, check.value) == (Level.GOOD, 1)


def test_a_paused_authority_is_told() -> None:
    pause = PauseView(collectivite=VOISINE, until=NOW + HOUR, fault=None)
    check = checked(replace(WELL, measures=replace(EMPTY, pauses=(pause,))), "paused")
    assert (check.level, check.collectivite) == (Level.WATCH, VOISINE)


@pytest.mark.parametrize(("minutes", "level"), [(None, GOOD), (-1, GOOD), (5, WATCH)])
def test_a_line_that_is_shut_is_told(minutes: int | None, level: Level) -> None:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    line = LineState(name="tdt.exemple", failures=5, shut_until=until)
    check = checked(replace(WELL, measures=replace(EMPTY, lines=(line,))), "lines")
    assert check.level is level
    assert (check.fault is None) is (level is GOOD)


@pytest.mark.parametrize("name", ["database", "documents", "journal", "disk"])
def test_what_does_not_work_is_a_failure(name: str) -> None:
    fault = Fault(code="QUE-DISK", params={"raison": "x"})
    changes: dict[str, Any] = {name: Faults([fault]), "disk_total": 0 if name == "disk" else 10**12}
    checks = judge(replace(WELL, **changes, disk_free=10**11), LIMITS)
    assert [(one.name, one.fault) for one in checks if one.level is Level.DOWN] == [(name, fault)]
    assert overall(checks) is Level.DOWN


def test_without_database_only_the_machine_is_judged() -> None:
    silent = replace(WELL, measures=None, database=Faults([Fault(code="QUE-BUSY")]), nights={})
    assert [check.name for check in judge(silent, LIMITS)] == ["database", "disk"]


# ------------------------------------------------------------------ looking at a real store


def test_a_town_that_was_just_installed(town: Town, tmp_path: Path) -> None:
    checks = judge(look(town.office, tmp_path), LIMITS)
    assert {one.name: one.level for one in checks if one.level is not GOOD} == {"night": WATCH}


def test_a_night_leaves_what_the_supervision_needs(town: Town, pki: Pki, tmp_path: Path) -> None:
    town = declare(town, signataire_of(pki.maire, unattended=True))
    authority = replace(town.authority, trust=TrustStore.from_folder(pki.trust_folder))
    town = replace(town, office=replace(town.office, authorities=(authority,)))
    town.drop("arrete-individuel", "titres-cantine.csv")
    town.night()
    figures = look(town.office, tmp_path)
    assert figures.nights == {SIREN: town.clock.now()}
    assert figures.measures is not None
    assert {(one.flux, one.state, one.count) for one in figures.measures.waiting} == {
        ("ACTES", "deposited", 1),
        ("HELIOS", "deposited", 1),
    }
    (ending,) = figures.endings
    assert (ending.collectivite, ending.use) == (SIREN, "signature")
    assert ending.last_day > date(2027, 1, 1)
    (lists,) = figures.lists
    assert lists.missing == 0
    assert lists.made is not None
    assert overall(judge(figures, LIMITS)) is Level.GOOD
    for flow in town.flows():
        if flow.flux == "HELIOS":
            town.answer(flow, accept_all(flow))
    town.clock.instant += timedelta(days=2)
    figures = look(town.office, tmp_path)
    found = {one.name: one.level for one in judge(figures, LIMITS) if one.level is not GOOD}
    assert found == {
        "night": WATCH,
        "unanswered_actes": WATCH,
        "unanswered_pes": WATCH,  # the answer is there; no night has fetched it
    } | ({"revocation_lists": WATCH} if "revocation_lists" in found else {})
    town.night()
    assert checked(look(town.office, tmp_path), "unanswered_pes").level is GOOD


def test_the_line_is_read_live_and_the_night_tells_the_rest(town: Town, tmp_path: Path) -> None:
    day = date(2026, 12, 1)
    authority = replace(town.authority, line_expires=lambda: day)
    figures = look(replace(town.office, authorities=(authority,)), tmp_path)
    assert figures.endings == (Ending(collectivite=SIREN, use="line", last_day=day),)


def test_unknown_outcomes_and_pauses_of_a_real_town(town: Town, tmp_path: Path) -> None:
    town.drop("arrete-individuel", "titres-cantine.csv")
    town.connector.fail_next("deposit", UNKNOWN)
    town.connector.fail_next("deposit", AUTHENTICATION)
    town.night()
    town.clock.instant += timedelta(hours=25)
    found = {one.name for one in judge(look(town.office, tmp_path), LIMITS) if one.fault}
    assert {"unknown", "unsent"} <= found


def test_a_journal_and_documents_that_were_touched(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.drop("arrete-individuel")
    town.night()
    shutil.rmtree(town.store.documents.folder)
    broken = Faults([Fault(code="QUE-JOURNAL_BROKEN", params={"entree": "3"})])
    monkeypatch.setattr(town.store, "verify_journal_end", lambda: broken)
    checks = judge(look(town.office, tmp_path), LIMITS)
    assert {one.name: one.fault.code for one in checks if one.fault} == {
        "documents": "QUE-DOCUMENT_MISSING",
        "journal": "QUE-JOURNAL_BROKEN",
    }


def test_a_database_that_does_not_answer(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise FaultError(Fault(code="QUE-BUSY", params={"raison": "database is locked"}))

    monkeypatch.setattr(town.store, "try_writing", busy)
    check = checked(look(town.office, tmp_path), "database")
    assert (check.level, check.fault and check.fault.code) == (Level.DOWN, "QUE-BUSY")
    monkeypatch.setattr(town.store, "measures", busy)
    assert [one.name for one in judge(look(town.office, tmp_path), LIMITS)] == ["database", "disk"]


def test_the_disk_is_that_of_the_data(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage(100, 98, 2))
    assert checked(look(town.office, tmp_path), "disk").level is DOWN
    monkeypatch.undo()
    absent = checked(look(town.office, tmp_path / "absent"), "disk")
    assert absent.fault is not None
    assert absent.fault.code == "INT-SYSTEM"

"""The préfecture's list: held, refreshed, asked for, never replaced by an older one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from demat.actes.classification import NATIONALE
from demat.connectors.api import ConnectorError, Refused, Unreachable
from demat.engine.classification import (
    LOOK_MINUTES,
    ensure,
    held,
    install,
    refresh,
    request_newer,
)
from demat.faults import Fault, FaultError
from demat.sandbox.prefecture import retour_classification
from tests.unit.engine.conftest import INSTALLED, UNREACHABLE, Crash, Town

NEWER, OLDER = date(2026, 11, 1), date(2025, 1, 1)


def day(town: Town) -> date:
    return held(town.authority, town.office).date


def offer(town: Town, content: bytes | None) -> bool:
    town.connector.held_classification = content
    return refresh(town.authority, town.office)


def test_the_national_list_serves_before_the_first_message(two_towns: tuple[Town, Town]) -> None:
    stranger = replace(two_towns[0].authority, siren="000000026")
    assert held(stranger, two_towns[0].office) is NATIONALE


def test_what_is_installed_is_in_force_for_that_town_alone(two_towns: tuple[Town, Town]) -> None:
    town, other = two_towns
    content = retour_classification(NEWER)
    assert install(content, town.authority, town.office)
    assert not install(content, town.authority, town.office)  # already in force
    assert (day(town), day(other)) == (NEWER, INSTALLED)


def test_what_is_not_a_classification_changes_nothing(town: Town) -> None:
    with pytest.raises(FaultError):
        install(b"<html/>", town.authority, town.office)
    assert day(town) == INSTALLED


@pytest.mark.parametrize(
    ("content", "installed", "expected"),
    [
        (None, False, INSTALLED),
        (b"<html/>", False, INSTALLED),
        (retour_classification(INSTALLED), False, INSTALLED),
        (retour_classification(NEWER), True, NEWER),
        (retour_classification(OLDER), False, INSTALLED),  # a person installed a newer one
    ],
)
def test_refresh(town: Town, content: bytes | None, installed: bool, expected: date) -> None:
    assert offer(town, content) is installed
    assert day(town) == expected


def test_a_person_may_install_an_older_one(town: Town) -> None:
    assert install(retour_classification(OLDER), town.authority, town.office)
    assert day(town) == OLDER


def test_refresh_tells_when_it_could_not_ask(town: Town) -> None:
    town.connector.fail_next("classification", UNREACHABLE)
    with pytest.raises(Unreachable):
        refresh(town.authority, town.office)


@pytest.mark.parametrize(
    ("method", "error", "installed"),
    [
        ("none", None, True),
        ("request_classification", Refused(Fault(code="CON-CLASSIFICATION_DAILY")), True),
        ("request_classification", UNREACHABLE, True),
        ("classification", UNREACHABLE, False),
    ],
)
def test_request_newer(
    town: Town, method: str, error: ConnectorError | None, installed: bool
) -> None:
    town.connector.held_classification = retour_classification(NEWER)
    if error is not None:
        town.connector.fail_next(method, error)
    assert request_newer(town.authority, town.office) is installed
    asked = [] if method == "request_classification" else [INSTALLED]
    assert town.connector.classification_requests == asked


def test_a_first_list_is_looked_for_every_few_minutes_only(two_towns: tuple[Town, Town]) -> None:
    """A deposit that waits is prepared again every few seconds by the service."""
    town = two_towns[0]
    new = replace(town.authority, siren="000000026")
    for _ in range(3):
        ensure(new, town.office)
    looks = [call[0] for call in town.connector.calls]
    assert looks.count("classification") == 2  # once before the request, once after it
    assert looks.count("request_classification") == 1
    town.connector.held_classification = retour_classification(NEWER)
    town.clock.instant += timedelta(minutes=LOOK_MINUTES)
    ensure(new, town.office)
    assert held(new, town.office).date == NEWER


def test_the_list_is_asked_for_once_a_day(town: Town) -> None:
    """§9.1: a second request of the day is refused by the other side."""
    for hours in (0, 2, 20, 4):  # from 02:30 in Paris: the last one is tomorrow
        town.clock.instant += timedelta(hours=hours)
        request_newer(town.authority, town.office)
    assert town.connector.classification_requests == [INSTALLED, INSTALLED]


@pytest.mark.parametrize(
    ("error", "times"),
    [(UNREACHABLE, 2), (Refused(Fault(code="CON-CLASSIFICATION_DAILY")), 1)],
)
def test_a_request_that_did_not_leave_is_made_again(
    town: Town, error: ConnectorError, times: int
) -> None:
    town.connector.fail_next("request_classification", error)
    for _ in range(2):
        request_newer(town.authority, town.office)
    assert [call[0] for call in town.connector.calls].count("request_classification") == times


@pytest.mark.parametrize(("owner", "name"), [("documents", "put"), ("store", "put")])
def test_a_crash_leaves_the_old_one_whole(
    town: Town, die: Callable[..., None], owner: str, name: str
) -> None:
    if owner == "documents":
        die(town.store.documents, name, after=True)
    else:
        die(town.store, "install_classification", after=False)
    with pytest.raises(Crash):
        offer(town, retour_classification(NEWER))
    assert day(town) == INSTALLED
    assert offer(town, retour_classification(NEWER))
    assert day(town) == NEWER

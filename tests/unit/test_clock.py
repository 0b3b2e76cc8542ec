"""Instants in UTC, legal days in Paris."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from demat.clock import PARIS, FixedClock, SystemClock, date8, paris_date


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 1, 15, 22, 59, 59, tzinfo=UTC), date(2026, 1, 15)),
        (datetime(2026, 1, 15, 23, 0, tzinfo=UTC), date(2026, 1, 16)),
        (datetime(2026, 7, 15, 21, 59, 59, tzinfo=UTC), date(2026, 7, 15)),
        (datetime(2026, 7, 15, 22, 0, tzinfo=UTC), date(2026, 7, 16)),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 8, 1, 0, tzinfo=PARIS), date(2026, 10, 8)),
        (datetime(2026, 10, 8, 1, tzinfo=timezone(timedelta(hours=9))), date(2026, 10, 7)),
    ],
)
def test_the_legal_day_is_that_of_paris(instant, day):
    assert paris_date(instant) == day


def test_an_instant_without_zone_is_refused():
    naive = datetime(2026, 10, 8)  # noqa: DTZ001 - what is being refused
    with pytest.raises(ValueError, match="zone"):
        paris_date(naive)
    with pytest.raises(ValueError, match="zone"):
        FixedClock(naive)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2024, 12, 29), "20241229"),
        (date(2024, 12, 30), "20241230"),  # week-year 2025
        (date(2024, 12, 31), "20241231"),
        (date(2027, 1, 1), "20270101"),  # week-year 2026
        (date(2026, 3, 5), "20260305"),
        (date(804, 1, 2), "08040102"),
    ],
)
def test_days_in_protocol_names(day, text):
    assert date8(day) == text


def test_a_fixed_clock_is_moved_by_hand():
    clock = FixedClock(datetime(2026, 10, 8, 14, 0, tzinfo=PARIS))
    assert clock.now() == datetime(2026, 10, 8, 12, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    clock.instant += timedelta(days=1)
    assert clock.now() == datetime(2026, 10, 9, 12, 0, tzinfo=UTC)


def test_the_clock_of_the_machine_is_in_utc():
    assert SystemClock().now().tzinfo is UTC

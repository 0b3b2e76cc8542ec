"""The pure policy: quiet windows on every kind of day, and how long a line stays shut."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from demat.queue.pace import LinePace, Pace, always_quiet, hour_of, parse_plage, quiet_until
from demat.queue.retry import RetryPolicy


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("plages", "now", "end"),
    [
        # in winter Paris is one hour ahead of UTC
        (["22:00-06:00"], "2026-11-23 20:59", None),
        (["22:00-06:00"], "2026-11-23 21:00", "2026-11-24 05:00"),
        (["22:00-06:00"], "2026-11-24 04:59", "2026-11-24 05:00"),
        (["22:00-06:00"], "2026-11-24 05:00", None),
        (["12:00-13:30"], "2026-11-24 12:29", "2026-11-24 12:30"),
        # in summer, two
        (["22:00-06:00"], "2026-07-01 20:00", "2026-07-02 04:00"),
        # a whole day, some days, a window that begins on its day and ends on the next
        (["dim"], "2026-11-22 12:00", "2026-11-22 23:00"),
        (["dim"], "2026-11-23 12:00", None),
        (["lun-ven 12:00-13:30"], "2026-11-27 11:30", "2026-11-27 12:30"),
        (["lun-ven 12:00-13:30"], "2026-11-28 11:30", None),
        (["ven-lun 12:00-13:30"], "2026-11-23 11:30", "2026-11-23 12:30"),
        (["ven-lun 12:00-13:30"], "2026-11-24 11:30", None),
        (["sam 20:00-08:00"], "2026-11-29 06:30", "2026-11-29 07:00"),
        (["sam 12:00-24:00"], "2026-11-28 22:59", "2026-11-28 23:00"),
        # windows that touch one another end together
        (["sam", "dim", "22:00-06:00"], "2026-11-27 21:30", "2026-11-30 05:00"),
        # 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC
        (["22:00-06:00"], "2026-03-29 03:59", "2026-03-29 04:00"),
        (["01:00-02:30"], "2026-03-29 00:59", "2026-03-29 01:30"),
        (["02:30-04:00"], "2026-03-29 00:30", "2026-03-29 02:00"),
        (["03:00-04:00"], "2026-03-29 00:59", None),
        # 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC, and 02:30 comes twice
        (["22:00-06:00"], "2026-10-25 04:30", "2026-10-25 05:00"),
        (["01:00-02:30"], "2026-10-25 00:45", "2026-10-25 01:30"),
        (["02:30-04:00"], "2026-10-25 00:30", "2026-10-25 03:00"),
        (["02:30-04:00"], "2026-10-25 00:29", None),
        ([], "2026-11-23 12:00", None),
    ],
)
def test_the_end_of_the_windows_around_an_instant(
    plages: list[str], now: str, end: str | None
) -> None:
    found = quiet_until(map(parse_plage, plages), utc(now))
    assert found == (None if end is None else utc(end))


@pytest.mark.parametrize(
    "text",
    ["", "22:00", "25:00-06:00", "22:00-24:30", "dimanche", "lun-", "22h-6h", "jeu 9:00-10:00"],
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="lun-ven 12:00-13:30"):
        parse_plage(text)


@pytest.mark.parametrize(
    ("plages", "always"),
    [
        (["lun-dim"], True),
        (["00:00-12:00", "12:00-24:00"], True),
        (["lun-sam", "dim 00:00-23:59"], False),
        ([], False),
    ],
)
def test_windows_that_leave_no_moment(plages: list[str], always: bool) -> None:
    assert always_quiet(map(parse_plage, plages)) is always


def test_a_line_stays_shut_for_longer_each_time() -> None:
    reopening = RetryPolicy(base=timedelta(minutes=5), cap=timedelta(minutes=30))
    pace = Pace(reopening=reopening, jitter=lambda: 0.0)
    waits = [pace.shut_for(openings) // timedelta(minutes=1) for openings in range(1, 6)]
    assert waits == [5, 10, 20, 30, 30]
    spread = Pace(reopening=reopening, jitter=lambda: 1.0)
    assert spread.shut_for(1) == timedelta(minutes=7, seconds=30)


def test_two_lines_shut_together_do_not_open_together() -> None:
    """As configured: nothing but the pace itself spreads them."""
    random.seed(0)
    pace = Pace(reopening=RetryPolicy(base=timedelta(minutes=5)))
    first, second = pace.shut_for(1), pace.shut_for(1)
    assert first != second
    assert all(timedelta(minutes=5) <= one <= timedelta(minutes=7.5) for one in (first, second))


def test_a_line_that_is_not_named_bears_what_the_others_do() -> None:
    night = LinePace(simultaneous=1)
    pace = Pace(line=LinePace(simultaneous=4), lines={"tdt.example": night})
    assert (pace.of("tdt.example"), pace.of("other.example").simultaneous) == (night, 4)


def test_what_leaves_is_counted_from_the_beginning_of_the_hour() -> None:
    assert hour_of(utc("2026-11-23 07:59:59")) == utc("2026-11-23 07:00")

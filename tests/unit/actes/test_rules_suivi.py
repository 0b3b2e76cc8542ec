"""Rules 60 to 62: a certificate near its end, an act that waits for its AR (actes dossier §10)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from demat.actes.rules_suivi import check_attente, check_certificat, working_time

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expires", "codes"),
    [
        (date(2027, 2, 22), ()),
        (date(2027, 2, 21), ("ACT-060",)),
        (date(2026, 11, 22), ("ACT-060",)),
    ],
)
def test_a_certificate_near_its_end_is_told(expires: date, codes: tuple[str, ...]) -> None:
    faults = check_certificat(expires, today=date(2026, 11, 23))
    assert faults.codes == codes
    assert not faults.blocking


@pytest.mark.parametrize(
    ("sent", "waited", "codes"),
    [
        (MONDAY, timedelta(hours=3, minutes=59), ()),
        (MONDAY, timedelta(hours=4), ("ACT-061",)),
        (MONDAY, timedelta(hours=23), ("ACT-061",)),
        (MONDAY, timedelta(hours=24), ("ACT-062",)),
        (FRIDAY, timedelta(days=2), ("ACT-061",)),  # a week-end is no delay
        (FRIDAY, timedelta(days=2, hours=23), ("ACT-061",)),
        (FRIDAY, timedelta(days=3), ("ACT-062",)),
    ],
)
def test_an_act_without_ar(sent: datetime, waited: timedelta, codes: tuple[str, ...]) -> None:
    faults = check_attente("2026_041", sent=sent, now=sent + waited)
    assert faults.codes == codes
    assert not faults.blocking


def test_the_week_end_of_paris_does_not_count() -> None:
    """Friday 23:30 UTC is Saturday in Paris."""
    friday_night = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)
    monday = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    assert working_time(friday_night, monday) <= timedelta(hours=1)

"""The only reader of the time: instants are aware, in UTC; legal days are those of Europe/Paris."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["PARIS", "Clock", "FixedClock", "SystemClock", "date8", "paris_date"]

PARIS = ZoneInfo("Europe/Paris")


class Clock(Protocol):
    """Tells the present instant; passed to whoever needs it."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that tests set and move by hand."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("an instant carries its zone")
        self.instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self.instant


def paris_date(instant: datetime) -> date:
    """Return the legal day of an aware instant: the day in Europe/Paris.

    :raises ValueError: when the instant carries no zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant carries its zone")
    return instant.astimezone(PARIS).date()


def date8(day: date) -> str:
    """Format a day as ``AAAAMMJJ``, as in protocol names (calendar year, never week-year)."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"

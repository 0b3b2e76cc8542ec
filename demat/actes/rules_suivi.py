"""Rules 60 to 62 of the actes dossier (§10): what is to be watched once an act has left."""

from datetime import date, datetime, timedelta

from demat.actes.contexte import french_date, warning
from demat.clock import paris_date
from demat.faults import Faults

__all__ = ["check_attente", "check_certificat", "working_time"]

SOON = timedelta(hours=4)
"""After this long an agent may wonder."""
LATE = timedelta(hours=24)
"""After this long, working days only, something is wrong."""
BEFORE_EXPIRY = timedelta(days=90)
_SATURDAY = 5


def check_certificat(expires: date, *, today: date) -> Faults:
    """Check that the certificate of the transmission lives longer than 90 days (rule 60)."""
    if expires - today > BEFORE_EXPIRY:
        return Faults()
    return Faults([warning(60, date=french_date(expires))])


def check_attente(numero: str, *, sent: datetime, now: datetime) -> Faults:
    """Check how long an act that the ministry took has been waiting for its AR (rules 61, 62).

    :param sent: instant of the deposit, aware; hours of Saturday and Sunday (Paris) do not count
        for the second limit.
    """
    if now - sent < SOON:
        return Faults()
    if working_time(sent, now) < LATE:
        return Faults([warning(61, numero=numero)])
    return Faults([warning(62, numero=numero, date=french_date(paris_date(sent)))])


def working_time(start: datetime, end: datetime, *, most: timedelta = LATE) -> timedelta:
    """Return the time between two instants, without the Saturdays and Sundays of Paris.

    :param most: counting stops there.
    """
    total, hour = timedelta(), timedelta(hours=1)
    while start < end and total < most:
        if paris_date(start).weekday() < _SATURDAY:
            total += min(hour, end - start)
        start += hour
    return total

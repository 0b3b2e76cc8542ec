"""Telling in time that a certificate ends: a new one takes weeks to be had."""

from collections.abc import Mapping
from datetime import date
from enum import Enum

from demat.faults import Fault, Faults, Severity

__all__ = ["Held", "expiry"]


class Held(Enum):
    """What a certificate whose end is watched is for."""

    SIGNATURE = "signature"
    """Somebody signs with it."""
    LINE = "line"
    """It opens the line to the tiers de télétransmission."""
    AUTHORITY = "authority"
    """It vouches for others, from the trust folder."""


_ENDED = -1
_EXPIRY: Mapping[Held, tuple[tuple[int, str], ...]] = {
    Held.SIGNATURE: (
        (_ENDED, "SIG-EXPIRY_PAST"),
        (7, "SIG-EXPIRY_7"),
        (30, "SIG-EXPIRY_30"),
        (60, "SIG-EXPIRY_60"),
    ),
    Held.LINE: (
        (_ENDED, "SIG-LINE_EXPIRY_PAST"),
        (7, "SIG-LINE_EXPIRY_7"),
        (30, "SIG-LINE_EXPIRY_30"),
        (60, "SIG-LINE_EXPIRY_60"),
    ),
    Held.AUTHORITY: (
        (_ENDED, ""),  # kept on purpose, for what was signed in its time
        (7, "SIG-AUTHORITY_EXPIRY_7"),
        (30, "SIG-AUTHORITY_EXPIRY_30"),
        (60, "SIG-AUTHORITY_EXPIRY_60"),
    ),
}
"""Days left at most → what is said: the words grow more urgent; nothing is said before 60 days."""


def expiry(holder: str, last_day: date, today: date, kind: Held = Held.SIGNATURE) -> Faults:
    """Tell that a certificate ends within 60, 30 or 7 days, or has ended.

    :param holder: whose it is, for the sentence.
    :param last_day: last legal day of its validity (of Paris).
    :param today: legal day.
    :return: one warning at most; an authority that has ended is not told.
    """
    days = (last_day - today).days
    code = next((code for limit, code in _EXPIRY[kind] if days <= limit), "")
    if not code:
        return Faults()
    params = {"holder": holder, "date": last_day.strftime("%d/%m/%Y"), "days": str(days)}
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])

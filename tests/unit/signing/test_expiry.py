"""The end of a certificate is told in time, in words that grow more urgent."""

from datetime import date, timedelta

import pytest

from demat.faults import Severity
from demat.signing.expiry import Held, expiry
from tests.unit.signing.factory import sentence


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (61, ""),
        (60, "60"),
        (31, "60"),
        (30, "30"),
        (8, "30"),
        (7, "7"),
        (0, "7"),
        (-1, "PAST"),
        (-400, "PAST"),
    ],
)
def test_the_end_of_a_certificate_is_told_in_time(days: int, code: str) -> None:
    end = date(2026, 11, 21)
    today = end - timedelta(days=days)
    wanted = {Held.SIGNATURE: "SIG-EXPIRY_", Held.LINE: "SIG-LINE_EXPIRY_"}
    for kind, family in wanted.items():
        faults = expiry("Camille Dupré", end, today, kind)
        assert faults.codes == ((family + code,) if code else ())
        for fault in faults:
            assert fault.severity is Severity.WARNING
            assert "21/11/2026" in sentence(fault)
            assert days <= 7 or f" {days} jours" in sentence(fault)
    authority = expiry("AC", end, today, Held.AUTHORITY).codes
    told = code and code != "PAST"  # what has ended is kept for what was signed in its time
    assert authority == ((f"SIG-AUTHORITY_EXPIRY_{code}",) if told else ())


def test_the_words_grow_more_urgent() -> None:
    today = date(2026, 11, 21)
    said = [
        sentence(next(iter(expiry("Camille Dupré", today + timedelta(days=days), today))))
        for days in (50, 20, 5, -5)
    ]
    assert said == [
        "Le certificat de signature de « Camille Dupré » prendra fin le 10/01/2027, dans 50 jours.",
        "Il ne reste que 20 jours au certificat de signature de « Camille Dupré », qui prendra fin "
        "le 11/12/2026.",
        "Urgent : le certificat de signature de « Camille Dupré » prend fin le 26/11/2026, dans "
        "moins de huit jours ; « Camille Dupré » ne pourra plus signer ensuite.",
        "Le certificat de signature de « Camille Dupré » a pris fin le 16/11/2026 : il ne permet "
        "plus de signer.",
    ]

"""The end of certificates is told in time: of those who sign, of the line, of the trust folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from demat.clock import paris_date
from demat.engine.certificates import ending, ending_line, held_by
from demat.engine.signataires import Signataire
from demat.faults import Fault, FaultError
from demat.sandbox.pki import Pki
from demat.signing.trust import TrustStore
from tests.fictional_authority import FictionalAuthority, der, new_key
from tests.unit.engine.conftest import START, Town, declare, signataire_of
from tests.unit.engine.test_revocation import OPTIONS

AC = FictionalAuthority(START)
KEY = new_key()


def signataire(days: int, **values: Any) -> Signataire:
    """Declare somebody whose certificate lies beside the key."""
    certificate = AC.issue("Un autre nom", days=(-30, days), key=KEY)

    @contextmanager
    def shut(_: object) -> Iterator[Any]:
        raise FaultError(Fault(code="SIG-PASSPHRASE", params={"name": "x"}))
        yield

    declared: dict[str, Any] = {"public": lambda: certificate, "open": shut, **values}
    return Signataire(nom="Camille Dupré", options=OPTIONS, **declared)


@pytest.mark.parametrize(
    ("days", "codes"),
    [
        (61, ()),
        (60, ("SIG-EXPIRY_60",)),
        (20, ("SIG-EXPIRY_30",)),
        (3, ("SIG-EXPIRY_7",)),
        (-2, ("SIG-EXPIRY_PAST",)),
    ],
)
def test_the_certificate_of_each_signataire(town: Town, days: int, codes) -> None:
    found = declare(town, signataire(days), signataire(300))
    faults = ending(found.authority, found.office)
    assert faults.codes == codes
    assert all(fault.params["holder"] == "Camille Dupré" for fault in faults)


def test_a_key_that_opens_alone_is_opened(town: Town, pki: Pki) -> None:
    found = declare(town, signataire_of(pki.expired))
    assert ending(found.authority, found.office).codes == ("SIG-EXPIRY_PAST",)
    (held,) = held_by(found.authority)
    assert len(held.chain) == 2


def test_a_key_whose_secret_is_typed_is_left_alone(town: Town, pki: Pki) -> None:
    found = declare(town, signataire_of(pki.expired, typed=True))
    assert ending(found.authority, found.office).codes == ()
    assert held_by(found.authority) == ()


def test_a_key_that_cannot_be_opened_is_told_elsewhere(town: Town) -> None:
    found = declare(town, signataire(3, public=lambda: None))
    assert ending(found.authority, found.office).codes == ()


@pytest.mark.parametrize(
    ("days", "codes"),
    [
        (91, ()),
        (90, ("ACT-060",)),
        (61, ("ACT-060",)),
        (60, ("SIG-LINE_EXPIRY_60",)),
        (30, ("SIG-LINE_EXPIRY_30",)),
        (7, ("SIG-LINE_EXPIRY_7",)),
        (-1, ("SIG-LINE_EXPIRY_PAST",)),
    ],
)
def test_the_certificate_of_the_line_is_told_once(town: Town, days: int, codes) -> None:
    last = paris_date(START) + timedelta(days=days)
    authority = replace(town.authority, line_expires=lambda: last)
    assert ending_line(authority, town.office).codes == codes
    assert ending_line(town.authority, town.office).codes == ()


@pytest.mark.parametrize(
    ("days", "codes"),
    [(90, ()), (59, ("SIG-AUTHORITY_EXPIRY_60",)), (-1, ())],
)
def test_the_authorities_of_the_trust_folder(town: Town, days: int, codes) -> None:
    middle = FictionalAuthority(START, name="AC fille", parent=AC, days=(-300, days))
    trust = TrustStore(roots=(der(AC.certificate),), intermediates=(der(middle.certificate),))
    authority = replace(town.authority, trust=trust)
    faults = ending(authority, town.office)
    assert faults.codes == codes
    assert all(fault.params["holder"] == "AC fille" for fault in faults)


def test_a_night_says_it_in_words(town: Town) -> None:
    found = declare(town, signataire(20))
    (notice,) = found.night().authorities[0].notices
    assert notice.startswith(
        "Il ne reste que 20 jours au certificat de signature de « Camille Dupré », qui prendra fin "
        "le 13/12/2026."
    )
    assert "il prend plusieurs semaines" in notice
    assert found.night().authorities[0].notices == [notice]  # every night, until it is done

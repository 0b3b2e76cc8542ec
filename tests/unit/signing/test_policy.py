"""Signature policies and what a signature claims."""

from dataclasses import replace
from datetime import date

import pytest

from demat.errors import ConfigurationError
from demat.signing.algorithms import SHA1, SHA256
from demat.signing.policy import (
    HELIOS_1_4,
    HELIOS_1_7,
    KNOWN_POLICIES,
    SignatureOptions,
    is_known,
)


def test_the_record_that_we_refer_to() -> None:
    assert HELIOS_1_7.identifier == "urn:oid:1.2.250.1.131.1.5.18.21.1.7"
    assert HELIOS_1_7.digest_value == "roF9+cfRHNPtVJolhdqfIqGMVuUXX8aR4rpiquf0u5E="
    assert HELIOS_1_7.digest_algorithm == SHA256
    assert HELIOS_1_7.description == "Politique de signature Helios de la DGFiP"
    assert SignatureOptions(role="Maire").policy is HELIOS_1_7


@pytest.mark.parametrize(
    ("identifier", "algorithm", "value", "known"),
    [
        *((p.identifier, p.digest_algorithm, p.digest_value, True) for p in KNOWN_POLICIES),
        (HELIOS_1_7.identifier, SHA256, HELIOS_1_4.digest_value, False),
        (HELIOS_1_7.identifier, SHA1, HELIOS_1_7.digest_value, False),
        ("urn:oid:1.2.3", SHA256, HELIOS_1_7.digest_value, False),
        ("", "", "", False),
    ],
)
def test_a_policy_is_known_by_identifier_and_digest(identifier, algorithm, value, known) -> None:
    assert is_known(identifier, algorithm, value) is known


@pytest.mark.parametrize(
    ("day", "in_force"),
    [
        (date(2019, 12, 31), False),
        (date(2020, 1, 1), True),
        (date(2021, 6, 30), True),
        (date(2021, 7, 1), False),
    ],
)
def test_a_policy_has_a_first_and_a_last_day(day: date, in_force: bool) -> None:
    policy = replace(HELIOS_1_7, effective=date(2020, 1, 1), ended=date(2021, 6, 30))
    assert policy.in_force(day) is in_force
    assert HELIOS_1_7.in_force(day)


def test_options_are_checked_when_made() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        SignatureOptions(role="  ")
    with pytest.raises(ConfigurationError, match=r"v1\.4\.1"):
        SignatureOptions(role="Maire", namespace="v1.4.1")  # type: ignore[arg-type] # what a file may say
    assert SignatureOptions(role="Maire", city="Ici").place == {
        "City": "Ici",
        "CountryName": "France",
    }

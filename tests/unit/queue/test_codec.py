"""Values as canonical JSON."""

from decimal import Decimal

import pytest

from demat.faults import Fault, Faults, Severity
from demat.queue.codec import dump, dump_faults, load, load_faults

FAULTS = Faults(
    [
        Fault(code="ACT-010"),
        Fault(
            code="XSD-VALUE",
            params={"element": "Montant", "valeur": "12,5 €"},
            severity=Severity.WARNING,
            path="PES_Aller/Bordereau",
            line=12,
            source="mandats.xml",
        ),
    ]
)


@pytest.mark.parametrize("faults", [Faults(), FAULTS])
def test_faults_come_back_equal(faults: Faults) -> None:
    assert load_faults(dump_faults(faults)) == faults


def test_the_same_value_gives_the_same_text() -> None:
    assert dump({"b": 1, "a": ["é", None, True]}) == dump({"a": ["é", None, True], "b": 1})
    assert dump({"b": 1, "a": "é"}) == '{"a":"é","b":1}'


@pytest.mark.parametrize("value", [Decimal("1.50"), b"bytes", {1}])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        dump({"value": value})


def test_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump({"value": float("nan")})


def test_load_wants_an_object() -> None:
    with pytest.raises(ValueError, match="a JSON object was expected"):
        load("[1]")

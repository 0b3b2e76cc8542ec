"""Findings on a document."""

import pytest

from demat.errors import DematError
from demat.faults import Fault, FaultError, Faults, Severity

BLOCKING = Fault(code="ACT-010", params={"numero": "1"})
WARNING = Fault(code="PES-030_EDITION", severity=Severity.WARNING, source="a.xml", line=3)


@pytest.mark.parametrize(
    "code", ["ACT-010", "PES-030_EDITION", "INT-TABLE", "XSD-VALUE", "SIG-EXPIRED", "QUE-1"]
)
def test_codes(code):
    assert Fault(code=code).code == code


@pytest.mark.parametrize(
    "code",
    ["", "ACT", "ACT-", "act-010", "ACT-010a", "ABC-010", "ACT 010", "ACT-01.0", "ACT-010\n"],
)
def test_malformed_codes(code):
    with pytest.raises(ValueError, match="malformed fault code"):
        Fault(code=code)


def test_a_fault_blocks_unless_said_otherwise():
    assert (BLOCKING.blocking, WARNING.blocking) == (True, False)


def test_a_fault_is_attributed_to_a_file_once():
    assert BLOCKING.within("b.xml") == Fault(code="ACT-010", params={"numero": "1"}, source="b.xml")
    assert WARNING.within("b.xml") is WARNING
    assert [fault.source for fault in Faults([BLOCKING, WARNING]).within("b.xml")] == [
        "b.xml",
        "a.xml",
    ]


def test_a_collection_keeps_order_and_repeats():
    faults = Faults([BLOCKING]) + Faults([WARNING]) + [BLOCKING]
    assert list(faults) == [BLOCKING, WARNING, BLOCKING]
    assert (len(faults), faults.codes) == (3, ("ACT-010", "PES-030_EDITION", "ACT-010"))
    assert faults.blocking == Faults([BLOCKING, BLOCKING])
    assert faults.warnings == Faults([WARNING])
    assert repr(Faults([WARNING])) == f"Faults([{WARNING!r}])"


def test_equality_and_hash():
    assert Faults([BLOCKING]) == Faults([Fault(code="ACT-010", params={"numero": "1"})])
    assert Faults([BLOCKING]) != Faults([WARNING])
    assert Faults([BLOCKING]) != [BLOCKING]
    assert hash(Faults([BLOCKING])) == hash(Faults([BLOCKING]))
    assert not Faults()


def test_only_blocking_faults_stop_and_the_others_are_told_with_them():
    Faults().raise_if_blocking()
    Faults([WARNING]).raise_if_blocking()
    with pytest.raises(FaultError) as caught:
        Faults([WARNING, BLOCKING]).raise_if_blocking()
    assert caught.value.faults == Faults([WARNING, BLOCKING])
    assert str(caught.value) == "PES-030_EDITION {}; ACT-010 {'numero': '1'}"
    assert isinstance(caught.value, DematError)


def test_an_error_carries_one_fault_as_a_collection():
    assert FaultError(BLOCKING).faults == Faults([BLOCKING])


def test_what_repeats_itself_is_counted():
    many = [
        Fault(code="INT-CP", params={"value": str(n)}, line=n, source="a.csv") for n in range(5)
    ]
    told = Faults([many[0], WARNING, *many[1:]]).summarised(2)
    more = Fault(code="INT-MORE", params={"code": "INT-CP", "more": "3"}, source="a.csv")
    assert list(told) == [many[0], WARNING, many[1], more]
    assert Faults(many).summarised(5) == Faults(many)
    assert Faults([WARNING] * 3).summarised(1).blocking == Faults()

"""Amounts in euros."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.amounts import AmountError, cents, from_cents, parse_montant, total


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("86,40", "86.40"),
        ("86.40", "86.40"),
        ("86,4", "86.40"),
        ("1234.5", "1234.50"),
        ("1 240,00", "1240.00"),
        ("1\u00a0240,00", "1240.00"),
        ("1\u202f240,00", "1240.00"),
        ("1 234 567,89", "1234567.89"),
        ("1 234", "1234.00"),
        ("86,40 €", "86.40"),
        ("86,40\u00a0€", "86.40"),
        (" 5 ", "5.00"),
        ("-5", "-5.00"),
        ("-1 234,5", "-1234.50"),
        ("0", "0.00"),
        ("007", "7.00"),
        ("999999999999999,99", "999999999999999.99"),
    ],
)
def test_amounts_that_can_be_read_in_one_way(text, amount):
    found = parse_montant(text)
    assert (found, str(found)) == (Decimal(amount), amount)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "€", "gratuit", "1,234", "1.234", "1.234,50", "1,234.50", "12,345", "1.5.2"),
        *("1 2", "12 34", "1234 567", "1  234", "1 2345", "5-", "+5", "--5", "−5", "5,", ",5"),
        *("5%", "1e3", "NaN", "Infinity", "٣", "²", "1\n2", "1_000", "9" * 16, "9" * 40),
        "1 234 567 890 123 456",
    ],
)
def test_amounts_that_are_refused_rather_than_guessed(text):
    with pytest.raises(AmountError):
        parse_montant(text)


@given(st.text(alphabet="0123456789 ,.-€\u00a0\u202f", max_size=30))
def test_any_text_is_an_amount_or_a_refusal(text):
    try:
        amount = parse_montant(text)
    except AmountError:
        return
    assert amount == amount.quantize(Decimal("0.01"))


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_cents_and_euros_are_the_same_amount(value):
    assert cents(from_cents(value)) == value
    assert from_cents(value) == Decimal(value).scaleb(-2)


def test_a_sum_is_exact():
    assert str(total([Decimal("0.10")] * 3)) == "0.30"
    assert str(total([])) == "0.00"
    assert total([Decimal("12.30"), Decimal("-2.30")]) == Decimal("10.00")


def test_a_fraction_of_a_cent_cannot_be_kept():
    with pytest.raises(AmountError, match="fraction of a cent"):
        cents(Decimal("0.001"))
    assert cents(Decimal("1.5")) == 150

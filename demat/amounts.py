"""Amounts in euros: ``Decimal`` with two places, never a float."""

import re
from collections.abc import Iterable
from decimal import Decimal

__all__ = ["CENT", "AmountError", "cents", "euros", "from_cents", "parse_montant", "total"]

CENT = Decimal("0.01")
"""The smallest amount."""
_SPACE, _THIN = "\u00a0", "\u202f"
_SPACES = re.compile("[\\s\u00a0\u202f]")
_PLAIN = re.compile(r"-?\d{1,15}([.,]\d{1,2})?", re.ASCII)
_THOUSANDS = re.compile(r"-?\d{1,3}([ \u00a0\u202f]\d{3}){1,4}([.,]\d{1,2})?", re.ASCII)


class AmountError(ValueError):
    """The text is not an amount that can be read in one way only."""


def parse_montant(text: str) -> Decimal:
    """Read an amount as a French export writes it: ``1234.5``, ``1 234,50``, ``86,40``.

    A comma is read as the decimal separator when one or two digits follow it. ``1,234`` and
    ``1.234,50`` could mean two amounts: they are refused rather than guessed.

    :returns: euros, two places.
    :raises AmountError: when the text is not an unambiguous amount.
    """
    stripped = text.strip().removesuffix("€").strip()
    if not (_PLAIN.fullmatch(stripped) or _THOUSANDS.fullmatch(stripped)):
        raise AmountError(f"not an amount: {text!r}")
    return Decimal(_SPACES.sub("", stripped).replace(",", ".")).quantize(CENT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, in euros with two places."""
    return sum(amounts, Decimal(0)).quantize(CENT)


def cents(amount: Decimal) -> int:
    """Return the amount in whole cents, the form in which the store keeps money.

    :raises AmountError: when the amount has a fraction of a cent.
    """
    if amount != amount.quantize(CENT):
        raise AmountError(f"fraction of a cent: {amount}")
    return int(amount * 100)


def from_cents(value: int) -> Decimal:
    """Return euros from whole cents."""
    return (Decimal(value) / 100).quantize(CENT)


def euros(amount: Decimal | None) -> str:
    """Write an amount as it is read in France: ``1 234,50 €``; empty when there is none."""
    if amount is None:
        return ""
    return f"{amount:,.2f}".replace(",", _THIN).replace(".", ",") + f"{_SPACE}€"

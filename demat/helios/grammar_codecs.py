"""How the values of a PES are written in its attributes ``V`` (helios dossier §0.4, §0.5).

Each codec reads every form that the norm allows for a value and writes one, ours. A form that is
not ours is remembered by the model (``demat.helios.model_base``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from demat.amounts import cents

__all__ = [
    "ANNEE",
    "BOOLEEN",
    "DATE",
    "ENTIER",
    "INVERSE",
    "MONTANT",
    "TEXTE",
    "TVA",
    "Codec",
]

_BLANKS = " \t\r\n"
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})" + _ZONE)
_ANNEE = re.compile(r"(-?[0-9]{4,9})" + _ZONE)
_BOOLEENS = {"0": False, "false": False, "1": True, "true": True}


@dataclass(frozen=True, slots=True)
class Codec:
    """One kind of value."""

    read: Callable[[str], Any]
    """Text to value; raises ``ValueError`` for a text that the kind does not have."""
    write: Callable[[Any], str | None]
    """Value to text; ``None`` when there is nothing to write."""
    builtin: str
    """The type of XML Schema that the kind restricts, for the message on an unreadable text."""


def _read_decimal(text: str) -> Decimal:
    stripped = text.strip(_BLANKS)
    if not _DECIMAL.fullmatch(stripped):
        raise ValueError(f"not a decimal: {text!r}")
    return Decimal(stripped)


def _read_entier(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    number = _read_decimal(text)
    if number != int(number):
        raise ValueError(f"not a whole number: {text!r}")
    return int(number)


def _read_date(text: str) -> date:
    found = _DATE.fullmatch(text.strip(_BLANKS))
    if found is None:
        raise ValueError(f"not a date: {text!r}")
    return date(int(found[1]), int(found[2]), int(found[3]))


def _read_annee(text: str) -> int:
    found = _ANNEE.fullmatch(text.strip(_BLANKS))
    if found is None:
        raise ValueError(f"not a year: {text!r}")
    return int(found[1])


def _read_booleen(text: str) -> bool:
    try:
        return _BOOLEENS[text.strip(_BLANKS)]
    except KeyError:
        raise ValueError(f"not a boolean: {text!r}") from None


def _read_inverse(text: str) -> bool:
    return not _read_booleen(text)


def _write_texte(text: str) -> str | None:
    return text or None


def _write_entier(number: int | None) -> str | None:
    return None if number is None else str(number)


def _write_annee(year: int | None) -> str | None:
    return None if year is None else f"{year:04d}"


def _write_date(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _write_montant(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{Decimal(cents(amount)) / 100:.2f}"


def _write_tva(amount: Decimal | None) -> str | None:
    return _write_montant(amount or None)


def _write_booleen(flag: bool | None) -> str | None:
    return None if flag is None else "1" if flag else "0"


def _write_inverse(flag: bool) -> str:
    return "0" if flag else "1"


TEXTE = Codec(str, _write_texte, "string")
"""Text, codes, and numbers whose leading zeros matter."""
ENTIER = Codec(_read_entier, _write_entier, "decimal")
"""Whole number: in the schemas a decimal, so ``417.0`` passes."""
ANNEE = Codec(_read_annee, _write_annee, "gYear")
"""Year."""
DATE = Codec(_read_date, _write_date, "date")
"""Day, from year 1 to 9999; a time zone passes the schemas and says nothing."""
BOOLEEN = Codec(_read_booleen, _write_booleen, "boolean")
"""Yes or no, written 1 or 0."""
INVERSE = Codec(_read_inverse, _write_inverse, "boolean")
"""A boolean whose 0 means yes."""
MONTANT = Codec(_read_decimal, _write_montant, "decimal")
"""Amount or rate, written with two decimals."""
TVA = Codec(_read_decimal, _write_tva, "decimal")
"""Amount of TVA: a zero is omitted, the norm wants it positive or absent (rule 22)."""

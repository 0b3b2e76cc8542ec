"""Identifiers of the field, checked by their keys (INSEE, ISO 7064, ISO 9362): python-stdnum."""

import re
from functools import lru_cache

from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

__all__ = [
    "is_bic",
    "is_departement",
    "is_iban",
    "is_siren",
    "is_siret",
    "squeeze",
]

_REMEMBERED = 4096
"""Numbers whose verdict is kept: the same creditor comes back on hundreds of lines."""
_DEPARTEMENT = re.compile(r"0(0[1-9]|[1-8]\d|9[0-59]|2[AB])|9[78]\d", re.ASCII)


def squeeze(text: str) -> str:
    """Remove every blank, as people write SIRET and IBAN in groups."""
    return re.sub("[\\s\u00a0\u202f]", "", text)


@lru_cache(maxsize=_REMEMBERED)
def is_siren(text: str) -> bool:
    """Tell whether the text is nine digits with a right key, without blanks."""
    return text.isascii() and text.isdigit() and _valid(stdnum_siren.validate, text)


@lru_cache(maxsize=_REMEMBERED)
def is_siret(text: str) -> bool:
    """Tell whether the text is fourteen digits with right keys (La Poste's own rule included)."""
    return text.isascii() and text.isdigit() and _valid(stdnum_siret.validate, text)


@lru_cache(maxsize=_REMEMBERED)
def is_iban(text: str) -> bool:
    """Tell whether the text is an IBAN: capitals, no blank, length of its country, right key."""
    return _is_capitals(text) and _valid(_iban_without_national_key, text)


@lru_cache(maxsize=_REMEMBERED)
def is_bic(text: str) -> bool:
    """Tell whether the text is a BIC of 8 or 11 characters in capitals."""
    return _is_capitals(text) and _valid(stdnum_bic.validate, text)


def _is_capitals(text: str) -> bool:
    """Tell whether it is only capitals and digits: the library ignores blanks and hyphens."""
    return text.isascii() and text.isalnum() and text == text.upper()


def is_departement(text: str) -> bool:
    """Tell whether the text is a département on three characters: ``007``, ``02A``, ``974``.

    ``099`` is admitted: fictional authorities of the sandbox use it.
    """
    return _DEPARTEMENT.fullmatch(text) is not None


def _iban_without_national_key(text: str) -> str:
    return str(stdnum_iban.validate(text, check_country=False))


def _valid(validate: object, text: str) -> bool:
    if not callable(validate):
        raise TypeError("a validator is called")
    try:
        validate(text)
    except ValidationError:
        return False
    return True

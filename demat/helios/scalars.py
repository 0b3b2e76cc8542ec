"""The values of a PES as the norm writes them: whole numbers, amounts, booleans (§0.4, §0.5).

The reading is lenient: what cannot be read is ``None``, which the schemas and the rules report.
"""

import re
from decimal import Decimal
from functools import lru_cache

__all__ = ["read_boolean", "read_montant", "read_whole"]

_WHOLE = re.compile(r"^[0-9]{1,18}$")
_MONTANT = re.compile(r"^[0-9]{1,14}(\.[0-9]*)?$")


@lru_cache(maxsize=16_384)
def read_whole(text: str) -> int | None:
    """Return a whole number of at most 18 digits, ``None`` for anything else."""
    stripped = text.strip()
    return int(stripped) if _WHOLE.match(stripped) else None


@lru_cache(maxsize=16_384)
def read_montant(text: str) -> Decimal | None:
    """Return an amount in euros, written as the norm says (dot, no sign); else ``None``."""
    stripped = text.strip()
    return Decimal(stripped) if _MONTANT.match(stripped) else None


def read_boolean(text: str) -> bool:
    """Tell whether an ``xs:boolean`` is true: ``1`` and ``true`` are the same value."""
    return text.strip() in {"1", "true"}

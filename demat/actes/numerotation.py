"""The pattern of an authority's act numbers: written, read back, checked (actes dossier §2.4).

A pattern such as ``{annee}_{rang:03d}`` gives ``2026_041``. Numbers are used once, for ever, all
years and natures together: the year and the rank are always there.
"""

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass

from demat.actes.natures import NatureActe

__all__ = ["MAX_NUMERO", "Numerotation", "check_pattern"]

MAX_NUMERO = 15
"""Characters of a number (actes dossier §2.4)."""
_SAFE = re.compile(r"[A-Z0-9][A-Z0-9_]{0,13}[A-Z0-9]", re.ASCII)
"""What every platform accepts (§2.4, safe intersection)."""
_LARGEST = 9_999
"""Rank up to which the numbers of a year must fit."""
_SPECS = {"annee": r"", "rang": r"(?:0[1-6]d)?", "nature": r""}
_RESENT = r"(?:_R[1-9]\d?)?"
"""What the resubmission of a refused act adds."""


@dataclass(frozen=True, slots=True)
class Numerotation:
    """How an authority numbers its acts; its pattern was checked."""

    pattern: str
    """Capitals, digits and ``_``, with ``{annee}``, ``{rang:03d}`` and, if wanted, ``{nature}``."""

    def format(self, annee: int, rang: int, nature: NatureActe) -> str:
        """Write a number; empty when it would be longer than the protocol admits."""
        numero = self.pattern.format(annee=annee, rang=rang, nature=nature.abrege)
        return numero if len(numero) <= MAX_NUMERO else ""

    def rang(self, numero: str, annee: int, nature: NatureActe) -> int | None:
        """Read the rank back; ``None`` for a number of another year, nature or pattern."""
        parts = []
        for text, field, _, _ in string.Formatter().parse(self.pattern):
            parts.append(re.escape(text))
            if field == "annee":
                parts.append(str(annee))
            elif field == "nature":
                parts.append(nature.abrege)
            elif field == "rang":
                parts.append(r"(?P<rang>\d{1,6})")
        found = re.fullmatch("".join((*parts, _RESENT)), numero, re.ASCII)
        return int(found["rang"]) if found else None

    def next(self, annee: int, nature: NatureActe, used: Iterable[str]) -> str:
        """Return the number that follows the highest one in use; no gap is filled.

        A gap may be the number of an act that was not transmitted.
        """
        ranks = (self.rang(numero, annee, nature) for numero in used)
        return self.format(annee, max((rank for rank in ranks if rank), default=0) + 1, nature)


def check_pattern(text: str) -> str:
    """Return a pattern that is right.

    :raises ValueError: in French, saying what is wrong: it stands in the configuration.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError("les accolades ne vont pas par deux") from error
    fields = {field: spec or "" for _, field, spec, _ in parts if field is not None}
    conversions = [conversion for _, _, _, conversion in parts if conversion]
    for field, spec in fields.items():
        if conversions or field not in _SPECS or not re.fullmatch(_SPECS[field], spec):
            raise ValueError("les champs admis sont {annee}, {rang}, {rang:03d} et {nature}")
    counts = [field for _, field, _, _ in parts if field is not None]
    if sorted({"annee", "rang"} & set(counts)) != ["annee", "rang"]:
        raise ValueError("{annee} et {rang} sont obligatoires : un numéro ne sert qu'une fois")
    if len(counts) != len(set(counts)):
        raise ValueError("un champ y figure deux fois")
    for rang in (1, _LARGEST):
        numero = text.format(annee=2026, rang=rang, nature="DE")
        if not _SAFE.fullmatch(numero):
            raise ValueError(
                f"il donnerait « {numero} » : il faut 2 à 15 majuscules, chiffres et tirets bas, "
                "sans tiret bas au début ni à la fin"
            )
    return text

"""Days as French acts write them: in figures, with the month in words, or all in words."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from demat.actes.lecture_text import Texte

__all__ = ["Jour", "find_days", "number_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Jour:
    """A day that a text tells."""

    day: datetime.date
    start: int
    """Where its words begin."""
    end: int
    solemn: bool = False
    """Told as « L'an deux mille vingt-six, le huit octobre »."""
    clear: bool = True
    """Whether no figure had to be guessed behind a badly read letter."""


_SMALL = (
    *("zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    *("onze", "douze", "treize", "quatorze", "quinze", "seize"),
)
_VALUES = {
    **{word: value for value, word in enumerate(_SMALL)},
    "premier": 1,
    "une": 1,
    "vingt": 20,
    "vingts": 20,
    "trente": 30,
    "quarante": 40,
    "cinquante": 50,
    "soixante": 60,
    "septante": 70,
    "nonante": 90,
}


def number_of(words: str) -> int:
    """Return the number that French words, without accents, tell: ``deux mille vingt-six``."""
    total = current = 0
    for word in re.findall(r"[a-z]+", words):
        if word in ("mille", "mil"):
            total, current = max(current, 1) * 1000, 0
        elif word in ("cent", "cents"):
            current = max(current, 1) * 100
        elif word in ("vingt", "vingts") and current % 100 == 4:
            current += 76  # quatre-vingts
        else:
            current += _VALUES.get(word, 0)
    return total + current


_MONTHS = (
    *("janv(?:ier)?", "f.?vr(?:ier)?", "mars", "avril", "mai", "juin", "juil(?:l?et)?", "ao.?t"),
    *("sept(?:embre)?", "oct(?:[o0]bre)?", "n[o0]v(?:embre)?", "d.?c(?:embre)?"),
)
"""Accents may be lost, a question mark in their place."""
_NUMBER = rf"(?:{'|'.join((*_VALUES, 'cents?', 'mille', 'mil'))})"
_WORDS = rf"{_NUMBER}(?:(?:[\s-]+et)?[\s-]+{_NUMBER}\b){{0,8}}"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})\b\.?"
_DAY = rf"(?P<day>[\dOoIl]{{1,2}}(?=\D)|\b{_WORDS}\b)(?:\s?er)?"
_YEAR = rf"(?P<year>[12][\dOo]{{3}}\b|\bdeux[\s-]+mil(?:le)?\b(?:[\s-]+{_WORDS}\b)?)"
_WEEKDAY = r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+)?"
_OF_MONTH = r"(?:(?:jour\s+)?du\s+mois\s+d[e'\s]\s?)?"
_SOLEMN = re.compile(
    rf"\bl'?\s?an\s+{_YEAR}[\s,;]*(?:et\s+)?(?:le\s+)?{_WEEKDAY}{_DAY}\s+{_OF_MONTH}{_MONTH}"
)
_WRITTEN = re.compile(rf"{_DAY}\s+{_OF_MONTH}{_MONTH}\s*(?:de\s+l'an\s+)?{_YEAR}")
_FIGURES = re.compile(
    r"(?<![\d/.-])(?P<day>\d{1,2})\s?(?P<mark>[/.-])\s?(?P<month>\d{1,2})\s?(?P=mark)\s?"
    r"(?P<year>\d{4}|\d{2})(?![\d/-])"
)
_ISO = re.compile(r"(?<![\d-])(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?![\d-])")
_MISREAD = str.maketrans("oOIil", "00111")


def find_days(texte: Texte) -> tuple[Jour, ...]:
    """Return the real days that a text tells, in their order."""
    solemn = list(_matches(_SOLEMN, texte, solemn=True))
    taken = [(one.start, one.end) for one in solemn]
    others = [
        one
        for pattern in (_WRITTEN, _FIGURES, _ISO)
        for one in _matches(pattern, texte)
        if not any(start < one.end and one.start < end for start, end in taken)
    ]
    return tuple(sorted([*solemn, *others], key=lambda one: one.start))


def _matches(pattern: re.Pattern[str], texte: Texte, *, solemn: bool = False) -> Iterator[Jour]:
    for found in pattern.finditer(texte.plain):
        year, day = _read(found["year"]), _read(found["day"])
        try:
            read = datetime.date(year + 2000 if year < 100 else year, _month(found["month"]), day)
        except ValueError:
            continue
        clear = not any(map(_is_misread, (found["year"], found["day"])))
        yield Jour(day=read, start=found.start(), end=found.end(), solemn=solemn, clear=clear)


def _is_misread(text: str) -> bool:
    """Tell whether letters stand among the figures of a number."""
    return bool(re.search(r"\d", text) and re.search(r"[a-z]", text))


def _read(text: str) -> int:
    figures = text.translate(_MISREAD)
    return int(figures) if figures.isdigit() else number_of(text)


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return next(rank for rank, name in enumerate(_MONTHS, start=1) if re.fullmatch(name, text))

"""The number of an act from its text (actes dossier §2.4)."""

import datetime
import re
from collections.abc import Iterator

from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture_text import Texte
from demat.actes.text import suggest_numero

__all__ = ["find_numero"]

_HEAD = 4000
"""Characters in which the number is looked for."""
_MARK = r"(?:n\s?[°o0*'.]{1,2}|numero|num\.?|n(?=\s?:)|n(?=\s\d))"
_NUMERO = (
    r"(?P<numero>[a-z]{0,6}(?:\s?[-_/.]\s?[a-z]{1,6}){0,2}\s?[-_/.]?\s?\d[\da-z]*"
    r"(?:(?<=\b20\d\d)\s?[-_/.]\s?\d[\da-z]*)?(?:[-_/.][\da-z]+)*)"
)
_NAMED = re.compile(
    rf"\b(?:deliberation|decision|arrete|acte|convention|contrat|avenant)s?\b"
    rf"(?:\s+(?:du|de\s+la|de\s+l'|municipale?|communautaire|reglementaire|individuel|permanent"
    rf"|temporaire|maire|president\w*|conseil|bureau|monsieur|madame|le|comite|syndical)\b)*"
    rf"\s*[:-]?\s*{_MARK}\s*:?\s*{_NUMERO}"
)
_AT_LINE = re.compile(
    rf"(?m)^\W*(?:ref(?:erence|\.)?\s*(?:de\s+l'acte)?\s*:?\s*)?{_MARK}\s*(?:d'ordre\s*)?(?:de\s+(?:l'acte|la\s+deliberation|l'arrete|la\s+decision)\s*)?:?\s*{_NUMERO}"
)
_REFERENCE = re.compile(rf"(?m)^\W*ref(?:erence|\.)?\s*(?:de\s+l'acte)?\s*:\s*{_NUMERO}")
_BARE = re.compile(
    r"(?:^|\n|[-|:,]\s)\W*(?:deliberation|decision|arrete)s?(?:\s+(?:du\s+maire|municipale?))?\s*:?\s*"
    r"(?P<numero>(?:[a-z]{1,4}[-_/.]?)?(?:20)?\d\d\s?[-_/.]\s?\d{1,4})\b(?!\s?[-_/.]\s?\d)"
)
_HEADED = re.compile(
    r"(?m)^\W*(?P<numero>(?:[a-z]{1,4}[-_/.]?)?20\d\d[-_/.]\d[\w./-]*|\d{1,3}[-/.]20\d\d)\s*[:-]\s+[^\W\d]"
)
"""A number before its title: « 2026-04 - Tarifs »."""
_ELSEWHERE = re.compile(
    r"\b(?:vu|considerant|par|la|sa|cette|ladite|precedente|l'|modifi\w+|abrog\w+|rapport\w+|annul\w+"
    r"|prefectoral|loi|decret)\s*(?:(?:de|par|du|et)\s+)?(?:la\s+|l')?$"
)
"""What stands before the mention of another act."""
_CITATION = re.compile(
    r"\s*(?:vu|considerant|rappel|loi|decret|article|l'ordonnance)\b|.*\b(?:loi|decret|siret|siren|tel)\b"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIGURE_LIKE = str.maketrans("oOlI", "0011")
_NO_NUMBER = re.compile(r"(?:du|de|le|en|et|a)\b", re.IGNORECASE)


def find_numero(texte: Texte, day: datetime.date | None) -> Found:
    """Return the number that an act gives itself, made acceptable to every platform.

    :param day: day of the act: a number that tells no year gets its own, being used once for ever.
    """
    head = texte.part(0, _HEAD)
    for pattern, confidence in (
        (_NAMED, Confidence.CERTAIN),
        (_AT_LINE, Confidence.LIKELY),
        (_REFERENCE, Confidence.LIKELY),
        (_BARE, Confidence.LIKELY),
        (_HEADED, Confidence.LIKELY),
    ):
        found = {written: place for written, place in _own_numbers(pattern, head)}
        if found:
            written, (start, end) = next(iter(found.items()))
            sure = confidence if len(found) == 1 else Confidence.GUESS
            return _proposed(written, head.words(start, end), sure, day)
    return NOTHING


def _own_numbers(pattern: re.Pattern[str], head: Texte) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the numbers that a text gives to itself, not to the acts that it cites."""
    for found in pattern.finditer(head.plain):
        start = head.line_start(found.start() + len(found[0]) - len(found[0].lstrip()))
        line = head.plain[start : head.line_end(found.start("numero"))]
        before = head.plain[max(0, found.start() - 40) : found.start()].rpartition("\n")[2]
        if _CITATION.match(line) or _ELSEWHERE.search(before):
            continue
        written = head.text[slice(*found.span("numero"))].strip(" .-_/")
        if not _NO_NUMBER.match(written):
            yield written, found.span()


def _proposed(written: str, words: str, confidence: Confidence, day: datetime.date | None) -> Found:
    read, note = _figures(written), ""
    if read != written:
        confidence = Confidence.GUESS
        note = f"Lu « {written} » : des lettres ont été prises pour des chiffres."
    numero = suggest_numero(read)
    if day is not None and not _tells_year(read, day):
        numero = suggest_numero(f"{day.year}_{read}")
        note = "L'année a été ajoutée : un numéro ne sert qu'une fois, toutes années confondues."
    if confidence is Confidence.CERTAIN and numero != written:
        confidence = Confidence.LIKELY
        note = note or "Les signes que les plateformes refusent sont devenus des tirets bas."
    return Found(value=numero, confidence=confidence, words=words, note=note)


def _figures(written: str) -> str:
    """Put figures back where letters that look like them stand among figures: ``2O26-O41``."""
    return re.sub(
        r"[A-Za-z\d]+",
        lambda part: (
            part[0].translate(_FIGURE_LIKE)
            if re.fullmatch(r"[\doOlI]*\d[\doOlI]*|[oO][\doOlI]{2,}", part[0])
            else part[0]
        ),
        written,
    )


def _tells_year(numero: str, day: datetime.date) -> bool:
    parts = re.findall(r"\d+", numero)
    short = f"{day.year % 100:02d}"
    return bool(_YEAR.search(numero)) or (
        (len(parts) > 1 and short in (parts[0], parts[-1])) or any(len(part) >= 8 for part in parts)
    )

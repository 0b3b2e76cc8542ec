"""What the text of an act says of it: text in, proposals out, nothing decided (actes dossier §2.4).

A value comes with its confidence and with the words of the document that it was read in; a person
confirms each of them before anything leaves.
"""

import datetime
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from demat.actes.classification import Classification
from demat.actes.contexte import french_date
from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture_dates import Jour, find_days
from demat.actes.lecture_matieres import find_matiere
from demat.actes.lecture_nature import find_nature
from demat.actes.lecture_numero import find_numero
from demat.actes.lecture_objet import find_objet
from demat.actes.lecture_text import Texte

__all__ = ["COLUMNS", "find_date", "looks_like_acte", "read_acte"]

COLUMNS = ("numero", "date", "nature", "matiere", "objet")
"""What is proposed from a text, by column of the list of a séance."""


_NAMED = re.compile(r"\b(?:m\.|mr|mme|mlle|madame|monsieur|mademoiselle)\s+[a-z]")
_PERSON_NOTE = "L'objet peut devenir public : retirez-en le nom de la personne."


def read_acte(
    text: str, *, classification: Classification, today: datetime.date
) -> Mapping[str, Found]:
    """Propose the number, the day, the nature, the matière and the objet of an act.

    :param text: its first pages, as they were extracted; empty for a scanned document.
    :param today: a later day cannot be that of an act that is to be sent.
    """
    texte = Texte.of(text)
    if not texte:
        return dict.fromkeys(COLUMNS, NOTHING)
    objet = find_objet(texte)
    nature = find_nature(texte, objet.value)
    date = find_date(texte, seance=nature.value in ("", "Délibération"), today=today)
    if date.value and not nature.value:  # the day of what is perhaps no act at all
        date = replace(date, confidence=Confidence.GUESS)
    if nature.value == "Arrêté individuel" and _NAMED.search(Texte.of(objet.value).plain):
        objet = replace(objet, note=_PERSON_NOTE)
    day = _day(date.value)
    return {
        "numero": find_numero(texte, day),
        "date": date,
        "nature": nature,
        "matiere": find_matiere(texte, objet.value, classification),
        "objet": objet,
    }


def looks_like_acte(found: Mapping[str, Found]) -> bool:
    """Tell whether a document is an act of its own rather than the annexe of another."""
    others = ("numero", "date", "objet")
    return bool(found["nature"].value) and any(found[column].value for column in others)


def _day(text: str) -> datetime.date | None:
    if not text:
        return None
    day, month, year = map(int, text.split("/"))
    return datetime.date(year, month, day)


# ------------------------------------------------------------------------------- the day

_KINDS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("seance", r"\b(?:seances?|reunions?|reuni(?:e|s)?|sessions?|assemblees?)\b"),
        (
            "acte",
            r"\b(?:date\s+(?:de\s+(?:la\s+)?(?:decision|deliberation|signature)|de\s+l'\s?(?:acte|arrete))"
            r"|en\s+date\s+du|(?:deliberation|decision|arrete)(?:\s+n[^\n]{1,25})?\s+du\s*$|date\s*:\s*$)",
        ),
        (
            "signature",
            r"\b(?:fait\s+(?:et\s+\w+\s+)?(?:a\b|en\s+mairie|les?\b)|signe(?:e|s)?\s+(?:a|le)\b"
            r"|a\s+[a-z' -]{3,40},\s*le\s*$)",
        ),
        (
            "ailleurs",
            r"\b(?:convo\w+|affich\w+|publi\w+|transmis\w*|transmission|recu\w*|reception|notifi\w+"
            r"|nee?\s+le|vu\b|loi\b|decret|ordonnance|code\b|depuis|a\s+compter|jusqu|avant\s+le|envoye\w*|expir\w+"
            r"|echeance|effet|prefecture|valable|modifi\w+|prefectoral|permis|demande\s+d\w*|deposee?"
            r"|au\s*$|et\s+le\s*$|(?:par|la)\s+deliberation[^\n]{0,30}\s+du\s*$)",
        ),
    )
)
_BEFORE = 110
"""Characters before a day among which the word that explains it is looked for."""
_ORDER = {True: ("seance", "acte", "signature"), False: ("signature", "acte", "seance")}
"""Kinds of days by preference, for an act of a séance and for another."""
_CITING = re.compile(r"\W*(?:vu|considerant|attendu)\b")


def find_date(texte: Texte, *, seance: bool, today: datetime.date) -> Found:
    """Return the day of an act: that of its séance, or that of its signature.

    :param seance: whether the act was voted.
    """
    days = [(one, _kind(one, texte)) for one in find_days(texte)]
    for kind in _ORDER[seance]:
        if told := [one for one, found in days if found == kind]:
            sure = kind == _ORDER[seance][0] or kind == "acte"
            return _chosen(told, texte, today, sure=sure)
    if others := [one for one, found in days if not found]:
        return _chosen(others[:1], texte, today, sure=False, guess=True)
    return NOTHING


def _kind(one: Jour, texte: Texte) -> str:
    """Return what the nearest word before a day says of it; empty when none does."""
    if one.solemn:
        return "seance"
    start = texte.line_start(one.start)
    if _CITING.match(texte.plain, start):
        return "ailleurs"
    before = texte.plain[max(0, one.start - _BEFORE) : one.start]
    before = re.split(r"\n\s*\n|[;.]\s", before)[-1]
    hits = [(found.end(), kind) for kind, pattern in _KINDS for found in pattern.finditer(before)]
    return max(hits)[1] if hits else ""


def _chosen(
    days: Sequence[Jour],
    texte: Texte,
    today: datetime.date,
    *,
    sure: bool,
    guess: bool = False,
) -> Found:
    """Propose the day that is told most often, the first one among equals."""
    counts = Counter(one.day for one in days)
    best = max(counts, key=lambda day: counts[day])  # the first of the most frequent
    one = next(one for one in days if one.day == best)
    others = [day for day in counts if day != best]
    confidence = Confidence.CERTAIN if sure and one.clear else Confidence.LIKELY
    note = ""
    if others:
        confidence = Confidence.GUESS
        note = f"Le texte donne aussi : {', '.join(map(french_date, others))}."
    if best > today:
        confidence = Confidence.GUESS
        note = "Cette date est à venir."
    if guess:
        confidence = Confidence.GUESS
    start = max(texte.line_start(one.start), one.start - 60)
    return Found(
        value=french_date(best),
        confidence=confidence,
        words=texte.words(start, one.end),
        note=note,
    )

"""The objet of an act from its text: « Objet : », else its title (actes dossier §4.2)."""

import re
from collections.abc import Sequence

from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture_text import Texte
from demat.actes.text import transliterate_objet

__all__ = ["find_objet"]

MAX_OBJET = 499
_MAX_LINES = 6
_LABEL = re.compile(
    r"(?m)^\W{0,3}(?:(?:[o0]b[ji]et|intitule)\s*(?:de\s+(?:la\s+(?:deliberation|decision|convention)|l'\s?(?:arrete|acte)))?"
    r"\s*(?P<mark>[:;=-]|$)|(?P<bare>objet)\s+(?=\S))"
)
_NEXT = re.compile(
    r"\W*(?:vu\b|vus\b|considerant\b|l'\s?an\b|le\s+(?:maire|conseil|president|bureau|comite|quorum)\b"
    r"|la\s+(?:maire|presidente|seance|convocation)\b|seance\b|nombre\s+d|nb\s+de|membres?\b|rapporteur\b"
    r"|present(?:s|e|es)?\b|etaient\b|absent|excuse|pouvoir|secretaire\b|date\b|convocation\b|affich"
    r"|monsieur\b|madame\b|m\.\s|mme\b|sur\s+(?:la\s+|le\s+)?(?:propos|rapport)|effectif|votants?\b|vote\b"
    r"|en\s+exercice|article\b|exposes?\b|rappel\b|nous\b|numero\b|n\s?°|deliberation\b|domaine\b"
    r"|nomenclature\b|matiere\b|classification\b|nature\b|entre\b|il\s+est\s+propose|acte\s+rendu"
    r"|arrete\b|decide\b|page\b|pour\s*:|contre\s*:|adopte|ref(?:erence)?\b|commune\s+d|departement\b"
    r"|(?:fonctionnement|investissement|montant|total|recettes|depenses)\s*:|.*\d,\d\d\b"
    r"|arrondissement\b|canton\b|republique\b|a\s+l'unanimite|dossier\b|service\b|apres\b|par\s+suite\b)"
)
"""How the line that follows an objet begins."""
_TITLE_NUMBER = re.compile(
    r"(?m)^.{0,30}\b(?:deliberation|decision|arrete)\b[^\n]{0,40}?n\s?[°o0*'.]{1,2}\s*:?\s*[\w./-]+\s*[:-]\s+(?P<objet>\S)"
)
_PORTANT = re.compile(
    r"(?:^|\n)\W*(?P<objet>(?:(?:arrete|decision)\b[^\n]{0,60}?\b)?(?:portant|relatif|relative|autorisant|accordant|interdisant|reglementant|fixant|instituant)\b)"
)
_CONTRACT = re.compile(r"(?:^|\n)\W*(?P<objet>(?:convention|contrat|avenant|bail|protocole)\b)")
_QUOTES = re.compile(r'^["«\s]+|["»\s]+$')
_HEADED = re.compile(
    r"(?m)^\W*(?:(?:point|question|rapport|affaire)\s+(?:n\s?[°o]\s*)?\d+"
    r"|(?:[a-z]{1,4}[-_/.]?)?20\d\d[-_/.]\d[\w./-]*|\d{1,3}[-/.]20\d\d)\s*[:-]\s+(?P<objet>[^\W\d])"
)
"""A title that follows a number: « Point 5 : … », « 2026-04 - … »."""
_BELOW = re.compile(
    r"(?m)^\W*(?:(?:arrete|decision|deliberation)\b[^\n]*|n\s?[°o.]{1,2}\s*:?\s*[\w./-]+)\s*\n+"
    r"(?P<objet>[^\W\d])"
)
"""A title that stands below the kind of the act, or below its number."""


def find_objet(texte: Texte) -> Found:
    """Return what an act says that it is about, on one line, at most 499 characters."""
    for found in _LABEL.finditer(texte.plain):
        confidence = Confidence.CERTAIN if found["mark"] else Confidence.LIKELY
        if (objet := _from(texte, found.end(), confidence)).value:
            return objet
    for pattern, confidence in (
        (_TITLE_NUMBER, Confidence.LIKELY),
        (_PORTANT, Confidence.LIKELY),
        (_CONTRACT, Confidence.LIKELY),
        (_HEADED, Confidence.LIKELY),
        (_BELOW, Confidence.GUESS),
    ):
        for title in pattern.finditer(texte.plain):
            place = title.start("objet")
            objet = _from(texte, place, confidence)
            is_next = pattern is not _PORTANT and _NEXT.match(texte.plain, place)
            if not is_next and len(objet.value.split()) > 1:
                return objet
    return NOTHING


def _from(texte: Texte, start: int, confidence: Confidence) -> Found:
    """Read from a place on, up to a blank line or to what comes next in an act."""
    kept: list[str] = []
    end = start
    plain = texte.plain[start:].split("\n")
    for rank, line in enumerate(texte.text[start:].split("\n")[: _MAX_LINES + 2]):
        if _is_over(plain[rank], kept, rank):
            break
        end += len(line) + 1
        if line.strip():
            kept.append(line.strip())
    value, cut = _cleaned(kept)
    if len(value) < 4:
        return NOTHING
    if cut or len(kept) > _MAX_LINES - 1:
        confidence = Confidence.GUESS
    return Found(value=value, confidence=confidence, words=texte.words(start, end))


def _is_over(plain: str, kept: Sequence[str], rank: int) -> bool:
    if len(kept) >= _MAX_LINES:
        return True
    if not plain.strip():
        return bool(kept) or rank > 1
    return rank > 0 and bool(_NEXT.match(plain))


def _cleaned(lines: Sequence[str]) -> tuple[str, bool]:
    """Join the lines of an objet; tell whether it had to be cut."""
    joined = " ".join(_QUOTES.sub("", " ".join(lines)).lstrip(":;=- ").split())
    value = transliterate_objet(joined)[0].rstrip(" .;,")
    if len(value) <= MAX_OBJET:
        return value, False
    return value[:MAX_OBJET].rpartition(" ")[0], True

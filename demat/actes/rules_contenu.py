"""Rules 8 to 26, 44, 53 and 59 of the actes dossier (§10): number, date, objet, matière."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from demat.actes.classification import NATIONALE
from demat.actes.contexte import ContexteActe, blocking, french_date, warning
from demat.actes.model import MAX_LEVELS, Acte, format_matiere
from demat.actes.natures import NatureActe
from demat.actes.text import simplified, suggest_numero, transliterate_objet
from demat.faults import Fault

__all__ = ["check_contenu"]

MAX_NUMERO = 15
MAX_OBJET = 499
"""The XSD admits 500; the platforms stop at 499."""
DAYS_TO_TRANSMIT_INDIVIDUAL = 15
DAYS_BETWEEN_CLASSIFICATIONS = 30
FIRST_YEAR = 1982
"""The contrôle de légalité dates from the law of 2 March 1982: no older act is transmitted."""

_FORBIDDEN_IN_NUMERO = re.compile(r"[^A-Z0-9_]")
# A year alone (2024_012) or at the head of a day (CL20171227_06), not the digits of a series.
_YEAR_IN_NUMERO = re.compile(r"(?<!\d)(20\d\d)(?:(?!\d)|(?=\d{4}(?!\d)))")
_PRECEDENT = re.compile(r"[09]\d[\dAB]-\d{9}-\d{8}-[A-Za-z0-9_]{1,15}-[A-Z]{2}", re.ASCII)

# What betrays a person in the objet of an individual act (rule 21).
_PERSON = re.compile(r"\b(M\.|MM\.|Mr|Mme|Mmes|Mlle|Monsieur|Madame|Mademoiselle)\s+[A-ZÀ-ÖØ-Þ]")
_PRIVATE_LIFE = re.compile(
    r"\b(nee? le|maladie|medical|invalidite|handicap|maternite|licenciement|revocation|radiation"
    r"|sanction|disciplin\w*|exclusion temporaire|blame|aide sociale|secours exceptionnel|divorce"
    r"|deces)\b"
)

# Acts that are not to be transmitted (§1.6): category shown to the agent, words of the objet.
_NOT_TRANSMITTED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (category, re.compile(pattern))
    for category, pattern in (
        (
            "tarifs de voirie ou de stationnement",
            r"\b(tarif|droit|redevance)\w*\b.*\b(voirie|stationnement|parking)\b",
        ),
        (
            "circulation ou stationnement",
            r"\b(reglement\w*|interdi\w*|restriction|arrete|modifi\w*|deviation|alternat\w*)\b"
            r".*\b(circulation|stationnement)\b|^(circulation|stationnement)\b",
        ),
        (
            "débit de boissons temporaire",
            r"\bdebits? (temporaires? )?de boissons?\b.*\btemporaire|"
            r"\bdebits? temporaires? de boissons?\b|\bbuvettes? temporaires?\b",
        ),
        (
            "classement, déclassement ou alignement de voies",
            r"\b(classement|declassement|alignement)\b.*\b(voies?|voirie|rues?|chemins?|routes?)\b",
        ),
        (
            "ratios de promotion",
            r"\b(ratios?|taux)\b.*\bpromo(tion|uvables?|uvus|us)\b|\bratios? promus\b",
        ),
        ("affiliation à un centre de gestion", r"\baffiliation\b.*\bcentre de gestion\b"),
        (
            "recrutement saisonnier ou temporaire",
            r"\b(recrutement|emplois?|agents?)\b.*\b(saisonnier|temporaire|occasionnel"
            r"|accroissement (saisonnier|temporaire))",
        ),
        (
            "marché au-dessous du seuil de transmission",
            r"\bmarches?\b.*\b(inferieur|au[- ]dessous|en dessous)\b.*\bseuil",
        ),
    )
)


def check_contenu(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    """Check what the message says of the act."""
    yield from _check_numero(acte, contexte)
    yield from _check_date(acte, contexte.today)
    yield from _check_objet(acte)
    yield from _check_matiere(acte, contexte)
    yield from _check_classification(acte, contexte)
    if acte.document_papier:
        yield warning(44)
    yield from _check_not_transmitted(acte)
    yield from _check_precedent(acte, contexte)


def _check_precedent(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    """An act that was sent before demat is unknown here, and may well exist: that only warns."""
    id_acte = acte.precedent
    if not id_acte:
        return
    ours = f"{contexte.emetteur.departement}-{contexte.emetteur.siren}-"
    if not _PRECEDENT.fullmatch(id_acte) or not id_acte.startswith(ours):
        yield blocking(59, id_acte=id_acte)
    elif contexte.precedent_sent is not None and not contexte.precedent_sent(id_acte):
        yield warning("059_UNKNOWN", id_acte=id_acte)


def _check_numero(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    numero = acte.numero
    if not numero.strip():
        yield blocking(8)
        return
    proposition = suggest_numero(numero)
    if len(numero) > MAX_NUMERO:
        yield blocking(9, numero=numero, length=str(len(numero)), proposition=proposition)
    if _FORBIDDEN_IN_NUMERO.search(numero):
        forbidden = " ".join(dict.fromkeys(_FORBIDDEN_IN_NUMERO.findall(numero)))
        yield blocking(
            10, numero=numero, forbidden=forbidden.strip() or "espace", proposition=proposition
        )
    if len(numero) < 2 or "_" in (numero[0], numero[-1]):
        yield blocking(11, numero=numero, proposition=proposition)
    earlier = contexte.numero_used(numero)
    if earlier is not None:
        yield blocking(12, numero=numero, earlier=earlier)
    identical = contexte.identical_sent(acte) if contexte.identical_sent else None
    if identical is not None:
        yield warning(13, sent=identical)


def _check_date(acte: Acte, today: date) -> Iterator[Fault]:
    day = acte.date_decision
    if day.year < FIRST_YEAR:
        yield blocking(14, date=french_date(day))
        return
    if day > today:
        yield blocking(15, date=french_date(day), today=french_date(today))
        return
    if _older_than_a_year(day, today) or _years(acte.numero) - {day.year}:
        yield warning(16, date=french_date(day), numero=acte.numero)
    age = (today - day).days
    if acte.nature is NatureActe.INDIVIDUEL and age > DAYS_TO_TRANSMIT_INDIVIDUAL:
        yield warning(17, date=french_date(day), days=str(age))


def _older_than_a_year(day: date, today: date) -> bool:
    return (day.year + 1, day.month, day.day) < (today.year, today.month, today.day)


def _years(numero: str) -> set[int]:
    return {int(year) for year in _YEAR_IN_NUMERO.findall(numero)}


def _check_objet(acte: Acte) -> Iterator[Fault]:
    objet, replaced = transliterate_objet(acte.objet)
    if not objet:
        yield blocking(18)
        return
    if len(objet) > MAX_OBJET:
        yield blocking(19, length=str(len(objet)), maximum=str(MAX_OBJET))
    if replaced:
        yield warning(20, characters=" ".join(replaced), objet=objet)
    elif plain := simplified(acte.objet):
        yield warning("020_TYPOGRAPHY", characters=" ".join(plain), objet=objet)
    if acte.nature is NatureActe.INDIVIDUEL and _looks_private(objet):
        yield warning(21, objet=objet)


def _looks_private(objet: str) -> bool:
    return bool(_PERSON.search(objet) or _PRIVATE_LIFE.search(_fold(objet)))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.lower()


def _check_matiere(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    matiere, classification = acte.matiere, contexte.classification
    if not 2 <= len(matiere) <= MAX_LEVELS:
        yield blocking(22, matiere=format_matiere(matiere))
        return
    if classification.date == NATIONALE.date:
        # the levels of the préfecture are not known yet (rule 25): the first two are the same
        if not classification.knows(matiere[:2]):
            yield blocking(23, matiere=format_matiere(matiere), date="liste nationale")
        return
    shown = format_matiere(matiere)
    if not classification.knows(matiere):
        yield blocking(23, matiere=shown, date=french_date(classification.date))
    elif children := classification.children(matiere):
        codes = ", ".join(f"{format_matiere(c)} {classification.matieres[c]}" for c in children)
        yield warning(24, matiere=f"{shown} {classification.matieres[matiere]}", choices=codes)


def _check_classification(acte: Acte, contexte: ContexteActe) -> Iterator[Fault]:
    current = contexte.classification.date
    if current == NATIONALE.date:
        yield blocking(25)
        return
    announced = contexte.classification_announced
    if announced is not None and announced > current:
        yield warning("026_ANNOUNCED", announced=french_date(announced), date=french_date(current))
    checked = contexte.classification_checked
    if checked and (contexte.today - checked).days > DAYS_BETWEEN_CLASSIFICATIONS:
        yield warning(26, checked=french_date(checked), date=french_date(current))
    if acte.classification_date != current:
        yield warning(
            "026_VERSION", used=french_date(acte.classification_date), date=french_date(current)
        )


def _check_not_transmitted(acte: Acte) -> Iterator[Fault]:
    objet = _fold(transliterate_objet(acte.objet)[0])
    for category, pattern in _NOT_TRANSMITTED:
        if pattern.search(objet):
            yield warning(53, category=category)
            return

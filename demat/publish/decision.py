"""May an act be put on line? Nature × matière as data, then the words of its objet (dossier §1.5).

Fail closed: whatever the table does not know, and whatever only a person can tell, is not
published.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from demat.actes.model import Matiere, format_matiere, parse_matiere
from demat.actes.national import MATIERES
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults, Severity

__all__ = ["Assessment", "Decision", "assess", "decide", "level_2", "screen_objet"]


class Decision(StrEnum):
    """What may be done with an act."""

    PUBLISH = "publish"
    """It goes on line as it is."""
    OCCULT = "occult"
    """A person must first validate a public version of it."""
    HUMAN = "human"
    """A person must decide."""
    NEVER = "never"
    """It is notified to the person concerned, never published (CGCT L.2131-1 II)."""


_PUBLISH, _OCCULT, _HUMAN, _NEVER = (
    Decision.PUBLISH,
    Decision.OCCULT,
    Decision.HUMAN,
    Decision.NEVER,
)

_Row = tuple[Decision, Decision, Decision]
"""Délibération, acte réglementaire, contrat. Acts of nature 3 have no column: never."""

_ROWS: Mapping[str, _Row] = {
    # Where the dossier says « publish if… » of something that only a reader can tell (a private
    # party, a named agent), the row holds the careful answer.
    "1.1 1.2 1.3 1.4 1.6 1.7": (_PUBLISH, _PUBLISH, _OCCULT),
    "1.5": (_OCCULT, _OCCULT, _OCCULT),
    "2.1": (_PUBLISH, _PUBLISH, _PUBLISH),
    "2.2": (_OCCULT, _PUBLISH, _OCCULT),
    "2.3": (_OCCULT, _PUBLISH, _OCCULT),
    "3.1 3.2 3.3": (_OCCULT, _PUBLISH, _OCCULT),
    "3.4 3.5 3.6": (_PUBLISH, _PUBLISH, _OCCULT),
    "4.1 4.2 4.3 4.4": (_OCCULT, _PUBLISH, _NEVER),
    "4.5": (_PUBLISH, _PUBLISH, _HUMAN),
    "5.1 5.2 5.3 5.4 5.5 5.6 5.7": (_PUBLISH, _PUBLISH, _PUBLISH),
    "5.8": (_OCCULT, _OCCULT, _HUMAN),
    "6.1 6.2 6.3 6.4": (_PUBLISH, _PUBLISH, _HUMAN),
    "6.5": (_HUMAN, _HUMAN, _HUMAN),
    "7.1 7.2 7.3 7.6 7.8 7.9": (_PUBLISH, _PUBLISH, _PUBLISH),
    "7.4 7.5": (_PUBLISH, _PUBLISH, _OCCULT),
    "7.7 7.10": (_OCCULT, _PUBLISH, _HUMAN),
    "8.1 8.3 8.4 8.5 8.6 8.7 8.8 8.9": (_PUBLISH, _PUBLISH, _OCCULT),
    "8.2": (_OCCULT, _PUBLISH, _NEVER),
    "9.1 9.2 9.3 9.4": (_PUBLISH, _PUBLISH, _PUBLISH),
}


def _table() -> Mapping[tuple[NatureActe, Matiere], Decision]:
    table: dict[tuple[NatureActe, Matiere], Decision] = {}
    for codes, (deliberation, reglementaire, contrat) in _ROWS.items():
        for code in codes.split():
            matiere = parse_matiere(code)
            table[NatureActe.DELIBERATION, matiere] = deliberation
            table[NatureActe.REGLEMENTAIRE, matiere] = reglementaire
            table[NatureActe.CONTRAT, matiere] = contrat
            # budget documents follow the screen of the délibération that votes them
            table[NatureActe.BUDGETAIRE, matiere] = deliberation
    return MappingProxyType(table)


_TABLE = _table()


def level_2(matiere: str) -> Matiere | None:
    """Return the level 2 of a code such as ``7.10`` or ``4.1.1``; ``None`` when it is unknown."""
    try:
        found = parse_matiere(matiere)[:2]
    except FaultError:
        return None
    return found if len(found) == 2 and found in MATIERES else None


def decide(nature: int | None, matiere: str) -> Decision:
    """Return what may be done with an act of this nature and matière (dossier §1.5).

    :param nature: ``@actes:CodeNatureActe``; ``None`` when unknown.
    :param matiere: dotted code of two levels or more.
    """
    if nature == NatureActe.INDIVIDUEL:
        return Decision.NEVER  # whatever its matière, even unknown
    found = level_2(matiere)
    known = next((one for one in NatureActe if one == nature), None)
    if found is None or known is None:
        return Decision.HUMAN
    return _TABLE.get((known, found), Decision.HUMAN)


# ------------------------------------------------------------------------- the words of the objet

_TITLES = (
    "maire adjoint adjointe préfet préfète sous-préfet sous-préfète président présidente "
    "vice-président vice-présidente trésorier trésorière comptable receveur receveuse conseiller "
    "conseillère député députée sénateur sénatrice ministre procureur commissaire directeur "
    "directrice secrétaire membre membres élu élue élus élues et ou"
)
_FUNCTIONS = "|".join(sorted(_TITLES.split(), key=len, reverse=True))
_ARTICLE = r"(?:l['’]\s*|le\s+|la\s+|les\s+|du\s+|de\s+|des\s+|d['’]\s*)"
_NAME = rf"(?!{_ARTICLE}*(?:{_FUNCTIONS})\b){_ARTICLE}*[^\W\d_]"
_CAPITAL_NAME = rf"(?!(?i:{_ARTICLE}*(?:{_FUNCTIONS})\b))(?i:{_ARTICLE})*[A-ZÀ-ÖØ-Þ]"

_SIGNS: Mapping[str, re.Pattern[str]] = {
    "CIVILITE": re.compile(
        # written in full, the word leaves no doubt, whatever the case of the name
        rf"(?i:\b(?:mmes?|mlles?|mrs?|monsieur|messieurs|madame|mesdames|mademoiselle"
        rf"|mesdemoiselles)\b\.?\s*{_NAME})"
        # the bare letter counts before a capital only: « 12 m. de large », « M57 »
        rf"|\bMM?\b\.?\s*{_CAPITAL_NAME}"
        rf"|(?i:\b(?:époux|épouse|veuve|consorts?|famille|succession|indivision|héritiers?))\s+"
        rf"{_CAPITAL_NAME}"
    ),
    "NAISSANCE": re.compile(r"(?i:\bnée?s?\s+(?:le|en|à)\b)"),
    "COURRIEL": re.compile(r"[\w.+-]+@[\w-]+\.\w"),
    "TELEPHONE": re.compile(
        r"(?<!\d)(?:(?:\+|00)33[\s.-]?(?:\(0\))?|0)[\s.-]?[1-9](?:[\s.-]?\d\d){4}(?!\d)"
    ),
    "NIR": re.compile(
        r"(?<!\d)[1-478][\s.-]?\d\d[\s.-]?\d\d[\s.-]?(?:\d\d|2[AB])[\s.-]?\d{3}[\s.-]?\d{3}"
        r"(?:[\s.-]?\d\d)?(?!\d)"
    ),
}


def screen_objet(text: str) -> tuple[str, ...]:
    """Return the kinds of personal data that an objet seems to hold, in a fixed order.

    They are the endings of the codes ``PUB-OBJET_…``; the data itself is not repeated. The screen
    would rather stop a harmless objet than let a name through (dossier §1.4).
    """
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", text)
        if unicodedata.category(letter) != "Cf"  # invisible signs would split a name
    )
    return tuple(kind for kind, pattern in _SIGNS.items() if pattern.search(plain))


# ------------------------------------------------------------------------------------- in words


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """A decision about one act, with its reasons."""

    decision: Decision
    """What may be done."""
    reasons: Faults
    """Why it is not published; empty when it is."""


_REASONS: Mapping[Decision, str] = {
    Decision.NEVER: "PUB-NEVER",
    Decision.HUMAN: "PUB-HUMAN",
    Decision.OCCULT: "PUB-OCCULT",
}


def assess(*, numero: str, nature: int | None, matiere: str, objet: str) -> Assessment:
    """Decide about one act, its objet included, and say why.

    :param numero: named in the reasons; the objet never is.
    """
    decision = decide(nature, matiere)
    if decision is not Decision.PUBLISH:
        code = "PUB-INDIVIDUEL" if nature == NatureActe.INDIVIDUEL else _REASONS[decision]
        return Assessment(decision=decision, reasons=Faults([_reason(code, numero, matiere)]))
    signs = screen_objet(objet)
    if signs:
        return Assessment(decision=Decision.OCCULT, reasons=Faults(_objet(signs, numero)))
    return Assessment(decision=decision, reasons=Faults())


def _reason(code: str, numero: str, matiere: str) -> Fault:
    found = level_2(matiere)
    shown = f"{format_matiere(found)} {MATIERES[found]}" if found else matiere.strip() or "?"
    params = {"numero": numero, "matiere": shown}
    return Fault(code=code, params=params, severity=Severity.WARNING)


def _objet(signs: Iterable[str], numero: str) -> Iterable[Fault]:
    for sign in signs:
        params = {"numero": numero}
        yield Fault(code=f"PUB-OBJET_{sign}", params=params, severity=Severity.WARNING)

"""The nature of an act from its text (actes dossier §5.1)."""

import re

from demat.actes.found import NOTHING, Confidence, Found
from demat.actes.lecture_text import Texte
from demat.actes.natures import NatureActe

__all__ = ["find_nature"]

_HEAD_LINES = 30
_TITLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"\W*(?:{pattern})"))
    for kind, pattern in (
        (
            "deliberation",
            r"(?:extrait\s+)?(?:du\s+)?registre\s+des\s+delib|projet\s+de\s+delib|deliberations?\b"
            r"|extrait\s+du\s+proces[- ]verbal|.{0,40}deliberation\s+(?:du\s+conseil|n\W)",
        ),
        (
            "decision",
            r"(?:registre\s+des\s+)?decisions?\s+(?:du|de\s+la|de\s+monsieur|n|mun|\d)|decision\W*$",
        ),
        ("arrete", r"(?:extrait\s+)?(?:du\s+)?(?:registre\s+des\s+)?arretes?\b"),
        (
            "contrat",
            r"(?:convention|contrat|avenant|bail|protocole|acte\s+d'engagement|accord-cadre)\b",
        ),
    )
)
_NOT_A_TITLE = re.compile(r"\W*(?:objet|vu|considerant|article)\b")
_DELIBERE = re.compile(
    r"apres\s+(?:en\s+)?avoir\s+delibere|ont?\s+delibere|le\s+conseil\s+\w+,?\s+a\s+l'unanimite"
)
_ARRETE = re.compile(r"(?:^|\n)\W*(?:arrete|arretons)\s*:?\s*(?:\n|article|$)")
_DECIDE = re.compile(r"(?:^|\n)\W*decide\b")
_PARTIES = re.compile(
    r"\bentre\s*(?:les\s+soussignes)?\b.{0,1500}?\b(?:d'une\s+part|et\s*:|ci-apres)", re.DOTALL
)
_L2122 = re.compile(r"2122[-\s]*22")

_ONE_PERSON = re.compile(
    r"\b(?:nomination|nommant|avancement|titularisation|recrut\w+|mutation|detachement|promotion"
    r"|disponibilite|conge|temps\s+partiel|radiation|admission\s+a\s+la\s+retraite|reclassement"
    r"|echelon|stagiaire|attribution\s+(?:de\s+l'|d'une\s+|du\s+)(?:ifse|indemnite|regime)"
    r"|permis\s+de\s+(?:construire|demolir|amenager)|declaration\s+prealable|certificat\s+d'urbanisme"
    r"|non[- ]opposition|alignement\s+individuel|permission\s+de\s+voirie)\b"
)
_EVERYBODY = re.compile(
    r"\b(?:reglement\w*|circulation|stationnement|interdi\w+|horaires?|police|regie|fermeture"
    r"|numerotage|denomination|limitation|baignade|chiens|animaux|bruit|cimetiere|delegation"
    r"|debits?\s+de\s+boissons?|marches?\s+(?:hebdomadaire|de\s+plein|forain))"
)
_PERSON = re.compile(
    r"\b(?:M\.|MM\.|Mme|Mmes|Mlle|Monsieur|Madame)\s+(?!le\b|la\b|l'|les\b|Le\b|La\b|L')[A-ZÀ-Þ]"
)


def find_nature(texte: Texte, objet: str) -> Found:
    """Return the two letters of the nature that a text shows.

    :param objet: its objet, which tells whether an arrêté is about one person.
    """
    kind, words = _title(texte)
    body = texte.plain
    if kind == "deliberation":
        return _found("DE", words, sure=bool(_DELIBERE.search(body)))
    if kind == "decision":
        note = "Une décision prise par délégation du conseil a la nature « délibération »."
        return _found("DE", words, sure=False, note=note if _L2122.search(body) else "")
    if kind == "contrat":
        return _found("CC", words, sure=bool(_PARTIES.search(body)))
    if kind == "arrete":
        return _arrete(texte, objet, words)
    return _from_body(texte, objet)


def _title(texte: Texte) -> tuple[str, str]:
    """Return which kind of act the first title names, and its words."""
    place = 0
    for line in texte.plain.split("\n")[:_HEAD_LINES]:
        if not _NOT_A_TITLE.match(line):
            for kind, pattern in _TITLES:
                if pattern.match(line):
                    return kind, texte.words(place, place + len(line))
        place += len(line) + 1
    return "", ""


def _from_body(texte: Texte, objet: str) -> Found:
    for pattern, kind in ((_DELIBERE, "DE"), (_ARRETE, "arrete"), (_DECIDE, "DE")):
        if found := pattern.search(texte.plain):
            words = texte.words(found.start(), found.end())
            if kind == "arrete":
                return _arrete(texte, objet, words)
            return _found(kind, words, sure=False)
    return NOTHING


def _found(letters: str, words: str, *, sure: bool, note: str = "") -> Found:
    confidence = Confidence.CERTAIN if sure else Confidence.LIKELY
    return Found(value=_word(letters), confidence=confidence, words=words, note=note)


def _word(letters: str) -> str:
    """Write a nature as agents do: the plural of the official label is for lists."""
    return _WORDS[NatureActe.from_abrege(letters)]


_WORDS = {
    NatureActe.DELIBERATION: "Délibération",
    NatureActe.REGLEMENTAIRE: "Arrêté réglementaire",
    NatureActe.INDIVIDUEL: "Arrêté individuel",
    NatureActe.CONTRAT: "Convention",
    NatureActe.BUDGETAIRE: "Document budgétaire",
    NatureActe.AUTRE: "Autre",
}


def _arrete(texte: Texte, objet: str, words: str) -> Found:
    """Tell an arrêté about one person from one of general scope."""
    about = Texte.of(objet) if objet else texte.part(0, 800)
    one, all_ = _ONE_PERSON.search(about.plain), _EVERYBODY.search(about.plain)
    person = _PERSON.search(about.text)
    if (one or person) and not (all_ and not one):
        shown = one or person
        return _told("AI", about.words(*shown.span()) if shown else words, sure=not all_)
    if all_:
        return _told("AR", about.words(*all_.span()), sure=not person)
    return Found(
        value=_word("AR"),
        confidence=Confidence.GUESS,
        words=words,
        note="Rien ne dit s'il est réglementaire (de portée générale) ou individuel.",
    )


def _told(letters: str, words: str, *, sure: bool) -> Found:
    confidence = Confidence.LIKELY if sure else Confidence.GUESS
    return Found(value=_word(letters), confidence=confidence, words=words)

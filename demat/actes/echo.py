"""What the préfecture understood of an act, compared with what was sent (actes dossier §8.1)."""

import html
import unicodedata
from collections.abc import Callable, Iterator

from demat.actes.contexte import french_date, warning
from demat.actes.messages import ActeRecu, MessageActe
from demat.actes.model import format_matiere
from demat.actes.natures import NatureActe
from demat.actes.text import transliterate_objet
from demat.faults import Fault, FaultError, Faults

__all__ = ["compare_echo"]

_LOST = frozenset("?¿�")
"""What some writers put in the place of a character that they could not write (§11 trap 5)."""
_LONGER = 8
"""How many characters one may have become, at most: ``&#8217;``."""


def compare_echo(sent: MessageActe, recu: ActeRecu) -> Faults:
    """Compare an act with its echo in an AR; one warning ``ACT-ECHO_…`` per field that differs.

    Tolerant of what transport does to a text: blanks, case, accents, characters lost. A date of
    classification that the echo does not repeat is no difference; paper ``N``, ``0``, empty or
    absent is the same.
    """
    return Faults(_differences(sent, recu))


def _differences(sent: MessageActe, recu: ActeRecu) -> Iterator[Fault]:
    if sent.numero != recu.numero:
        yield warning("ECHO_NUMERO", sent=sent.numero, received=recu.numero)
    for code, shown in _FIELDS.items():
        one, other = shown(sent), shown(recu)
        if not _SAME.get(code, str.__eq__)(one, other):
            yield warning(code, numero=sent.numero, sent=one or "–", received=other or "–")


def _nature(acte: ActeRecu) -> str:
    try:
        nature = NatureActe.from_code(str(acte.nature))
    except FaultError:
        return str(acte.nature)
    return f"{nature.value} ({nature.libelle})"


def _classification(acte: ActeRecu) -> str:
    return french_date(acte.classification_date) if acte.classification_date else ""


_FIELDS: dict[str, Callable[[ActeRecu], str]] = {
    "ECHO_DATE": lambda acte: french_date(acte.date),
    "ECHO_NATURE": _nature,
    "ECHO_MATIERE": lambda acte: format_matiere(acte.matiere),
    "ECHO_OBJET": lambda acte: acte.objet,
    "ECHO_DOCUMENT": lambda acte: acte.document_name,
    "ECHO_ANNEXES": lambda acte: ", ".join(acte.annexes),
    "ECHO_PAPIER": lambda acte: "oui" if acte.document_papier else "non",
    "ECHO_CLASSIFICATION": _classification,
    "ECHO_PRECEDENT": lambda acte: acte.precedent,
}
"""What an agent reads of each field."""


def _same_name(sent: str, received: str) -> bool:
    return sent.casefold() == received.casefold()  # upper-case extensions (§11 trap 7)


def _absent_or_same(sent: str, received: str) -> bool:
    return not received or sent == received


def _same_text(sent: str, received: str) -> bool:
    """Tell whether two texts are the same but for what transport does to them."""
    lost = sum(letter in _LOST for letter in received)
    if len(received) > _LONGER * (len(sent) + 1) or 2 * lost > len(received):
        return False  # too long to be the same, or nothing left to recognise
    wanted = _plain(sent)
    return any(_matches(wanted, _plain(text)) for text in _readings(received))


def _readings(text: str) -> Iterator[str]:
    """A text as it is, and as it was if its UTF-8 was read as Latin-1 (§11 trap 4)."""
    yield text
    for encoding in ("latin-1", "cp1252"):
        try:
            yield text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue


def _plain(text: str) -> str:
    """Return a text without accents, case, doubled blanks nor character references."""
    writable, _ = transliterate_objet(_keep_lost(html.unescape(text)))
    letters = unicodedata.normalize("NFKD", writable)
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(kept.casefold().split())


def _keep_lost(text: str) -> str:
    return "".join("?" if letter in _LOST else letter for letter in text)


def _matches(sent: str, received: str) -> bool:
    """Tell whether a text is the other, each ``?`` standing for one character of it, or none.

    All the places reached so far are followed together: no text makes it slow.
    """
    reached = {0}
    for letter in received:
        stepped = {
            place + 1
            for place in reached
            if place < len(sent) and (letter == "?" or sent[place] == letter)
        }
        reached = stepped | (reached if letter == "?" else set())
        if not reached:
            return False
    return len(sent) in reached


_SAME: dict[str, Callable[[str, str], bool]] = {
    "ECHO_OBJET": _same_text,
    "ECHO_DOCUMENT": _same_name,
    "ECHO_ANNEXES": _same_name,
    "ECHO_CLASSIFICATION": _absent_or_same,
}
"""How the fields compare that need not be the same to the letter."""

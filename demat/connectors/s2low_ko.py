"""How S²LOW says no: its sentences and what each means (connectors dossier §1.3, §1.4.2,
§1.4.10, §1.9.1).

Sentences are ISO-8859-1, often HTML-escaped; their wording is stable but not contractual: fragments
are matched, and the whole text is kept.
"""

import html
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from demat.faults import Fault

__all__ = ["MAX_MESSAGE", "Ko", "KoKind", "classify_ko", "decode", "fold"]

MAX_MESSAGE = 4000
"""Longest message kept, in characters."""


class KoKind(StrEnum):
    """What a KO means for the next try."""

    PERMANENT = "permanent"
    """A person must act."""
    ACCOUNT = "account"
    """The account may not send, whatever is sent: a person must act."""
    TRANSIENT = "transient"
    """The module has trouble: come back later."""
    DUPLICATE = "duplicate"
    """This number, these bytes or this cancellation are already there (§9.2, §9.3)."""
    AUTHENTICATION = "authentication"
    """The certificate or the login is not accepted."""
    UNKNOWN_REFERENCE = "unknown_reference"
    """No transaction answers to this number, or it belongs to somebody else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ko:
    """A refusal in the other side's words."""

    code: str
    """Our fault code; ``CON-KO`` for a wording that we do not know."""
    kind: KoKind
    """What it means for the next try."""
    message: str
    """The words of S²LOW, decoded and unescaped, in full."""

    @property
    def fault(self) -> Fault:
        """The refusal as a finding."""
        return Fault(code=self.code, params={"message": self.message or "KO"})


# Markers are compared without accents, capitals, nor kinds of apostrophes; the first match wins.
_CATALOGUE: tuple[tuple[str, str, KoKind], ...] = (
    ("echec de l'authentification", "CON-AUTHENTICATION", KoKind.AUTHENTICATION),
    ("meme numero interne existe deja", "CON-DUPLICATE_NUMBER", KoKind.DUPLICATE),
    ("avec le meme numero existe deja", "CON-DUPLICATE_NUMBER", KoKind.DUPLICATE),
    ("doublon detecte", "CON-DUPLICATE_PES", KoKind.DUPLICATE),
    ("initialisation du module", "CON-MODULE", KoKind.TRANSIENT),
    ("erreur consultation statut", "CON-MODULE", KoKind.TRANSIENT),
    ("numero de transaction", "CON-UNKNOWN_REFERENCE", KoKind.UNKNOWN_REFERENCE),
    ("enveloppe invalide", "CON-UNKNOWN_REFERENCE", KoKind.UNKNOWN_REFERENCE),
    ("acces refuse", "CON-RIGHTS", KoKind.ACCOUNT),
    ("mode « papier »", "CON-PAPER_MODE", KoKind.ACCOUNT),
    ("certificat rgs", "CON-NOT_RGS", KoKind.ACCOUNT),
    ("certificat n'est pas rgs", "CON-NOT_RGS", KoKind.ACCOUNT),
    ("taille totale des fichiers", "CON-SIZE", KoKind.PERMANENT),
    ("superieure a la limite", "CON-SIZE", KoKind.PERMANENT),
    ("nombre d'annexes", "CON-ANNEXES", KoKind.PERMANENT),
    ("numero n'est pas correct", "CON-NUMBER", KoKind.PERMANENT),
    ("date dans le futur", "CON-FUTURE_DATE", KoKind.PERMANENT),
    ("aucun fichier acte", "CON-NO_DOCUMENT", KoKind.PERMANENT),
    ("typologie absente", "CON-TYPOLOGY", KoKind.PERMANENT),
    ("doit faire 5 caracteres", "CON-TYPOLOGY", KoKind.PERMANENT),
    ("deux premiers niveaux de classification", "CON-CLASSIFICATION", KoKind.PERMANENT),
    ("annulation est deja en cours", "CON-CANCEL_ASKED", KoKind.DUPLICATE),
    ("n'est pas en etat", "CON-CANCEL_STATE", KoKind.PERMANENT),
    ("ne peut pas etre annule", "CON-CANCEL_KIND", KoKind.PERMANENT),
    ("moins d'un jour", "CON-CLASSIFICATION_DAILY", KoKind.PERMANENT),
    ("derniere classification", "CON-NO_CLASSIFICATION", KoKind.PERMANENT),
    ("aucune enveloppe trouvee", "CON-NO_FILE", KoKind.PERMANENT),
    ("erreur lors du telechargement", "CON-UPLOAD", KoKind.TRANSIENT),
    ("vide (0 octet)", "CON-EMPTY_FILE", KoKind.PERMANENT),
    ("type mime", "CON-FILE_TYPE", KoKind.PERMANENT),
    ("format pdf", "CON-FILE_TYPE", KoKind.PERMANENT),
    ("format du fichier", "CON-FILE_TYPE", KoKind.PERMANENT),
    ("n'est pas un pdf", "CON-FILE_TYPE", KoKind.PERMANENT),
)


def classify_ko(message: str) -> Ko:
    """Return the class of a refusal; an unknown wording is a permanent ``CON-KO`` (§1.4.2)."""
    folded = fold(message)
    for marker, code, kind in _CATALOGUE:
        if marker in folded:
            return Ko(code=code, kind=kind, message=message)
    return Ko(code="CON-KO", kind=KoKind.PERMANENT, message=message)


def fold(text: str) -> str:
    """Return a text without accents, capitals, doubled blanks, nor kinds of apostrophes."""
    # « and » have no decomposition: they survive; NFKD turns a no-break space into a space
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'").replace("`", "'"))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


def decode(content: bytes) -> str:
    """Return the words of an answer, unescaped: ISO-8859-1, unless they are proper UTF-8 (§1.3)."""
    try:
        text = content.decode("utf-8")  # accented Latin-1 practically never passes for UTF-8
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return html.unescape(text).strip()[:MAX_MESSAGE]

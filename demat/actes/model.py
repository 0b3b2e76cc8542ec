"""The values that describe an act before it is sent (actes dossier §3.3, §4.2)."""

import re
from dataclasses import dataclass
from datetime import date

from demat.actes.names import IdActe
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError

__all__ = [
    "Acte",
    "Emetteur",
    "Matiere",
    "Piece",
    "format_matiere",
    "parse_matiere",
]

Matiere = tuple[int, ...]
"""Codes of the levels of a matière, from the first; ``7.10`` is ``(7, 10)``, never a decimal."""

MAX_LEVELS = 5
_MATIERE = re.compile(r"^\d{1,4}(\.\d{1,4}){0,4}$", re.ASCII)


def parse_matiere(text: str) -> Matiere:
    """Read dotted codes such as ``7.10`` (one to five levels).

    :raises FaultError: ``ACT-MATIERE_FORMAT`` when the text is not dotted codes.
    """
    compact = re.sub(r"\s", "", text).rstrip(".")
    if not _MATIERE.match(compact):
        raise FaultError(Fault(code="ACT-MATIERE_FORMAT", params={"matiere": text.strip()}))
    return tuple(int(level) for level in compact.split("."))


def format_matiere(matiere: Matiere) -> str:
    """Write a matière as screens and stamps show it: ``7.10``."""
    return ".".join(str(level) for level in matiere)


@dataclass(frozen=True, kw_only=True, slots=True)
class Emetteur:
    """The authority that transmits, as the préfecture registered it (``Emetteur`` of §3.3)."""

    siren: str
    """``IDCL/@insee:SIREN``: nine digits."""
    departement: str
    """``IDCL/@actes:Departement``: three characters."""
    arrondissement: str
    """``IDCL/@actes:Arrondissement``: one digit; decides préfecture or sous-préfecture."""
    nature: str
    """``IDCL/@actes:Nature``: two digits, a key of ``NATURES_COLLECTIVITE``."""
    adresses_retour: tuple[str, ...]
    """``AdressesRetour/Email``: who receives the answers; the mailbox of the TdT is among them."""
    referent_nom: str = ""
    """``Referent/Nom``: the person that the préfecture may call."""
    referent_telephone: str = ""
    """``Referent/Telephone``."""
    referent_email: str = ""
    """``Referent/Email``; the element is omitted when empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One file of an act: the act itself or an annexe."""

    name: str
    """Original file name, as the agent knows it; never used in the protocol names."""
    content: bytes
    """The file, untouched."""
    type_pj: str = ""
    """Typologie (five characters such as ``99_DE``), put in front of the protocol name (§6)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acte:
    """One act to transmit (message 1-1, ``DonneesActe`` of §4.2)."""

    numero: str
    """``@actes:NumeroInterne``: given by the authority, used once for ever (§2.4)."""
    date_decision: date
    """``@actes:Date``: day of the séance, or of the signature of an arrêté."""
    nature: NatureActe
    """``@actes:CodeNatureActe``."""
    matiere: Matiere
    """``CodeMatiere1`` to ``CodeMatiere5``: two to five levels."""
    objet: str
    """``Objet``: at most 499 characters, may become public."""
    document: Piece
    """``Document``: the act itself."""
    annexes: tuple[Piece, ...] = ()
    """``Annexes``, in order."""
    document_papier: bool = False
    """``DocumentPapier``: part of the file follows on paper (multi-canal)."""
    classification_date: date
    """``ClassificationDateVersion``: date of the classification used to choose the matière."""
    precedent: str = ""
    """``PrecedentIdentifiantActe/@actes:IDActe``: act already sent that this one completes."""

    def id_acte(self, emetteur: Emetteur) -> IdActe:
        """Return the identifier that the State will confirm (§1.1)."""
        return IdActe(
            departement=emetteur.departement,
            siren=emetteur.siren,
            date=self.date_decision,
            numero=self.numero,
            nature=self.nature.abrege,
        )

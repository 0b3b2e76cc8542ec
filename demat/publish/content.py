"""What is put on line: public acts, tombstones of withdrawn ones, and where each of them is."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from urllib.parse import quote

from demat.actes.natures import NatureActe
from demat.clock import paris_date
from demat.publish.decision import level_2

__all__ = [
    "ActeRetire",
    "MotifRetrait",
    "PublicActe",
    "PublicDocument",
    "SiteContent",
    "Votes",
    "acte_folder",
    "add_months",
    "is_public_numero",
]

_NUMERO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}", re.ASCII)
_EXTENSION = re.compile(r"pdf|png|jpe?g", re.ASCII)
PUBLICITY_MONTHS = 2
"""Least time that an act stays on line (CGCT R.2131-1); the recours runs as long."""


def is_public_numero(numero: str) -> bool:
    """Whether a number can name a folder and be part of an address."""
    return _NUMERO.fullmatch(numero) is not None


def add_months(day: date, months: int) -> date:
    """Add calendar months; 31 December and two months give the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _require_publishable(nature: int, numero: str) -> None:
    if nature == NatureActe.INDIVIDUEL:
        raise ValueError("an individual act is never published")
    if nature not in list(NatureActe):
        raise ValueError(f"no such nature: {nature}")
    if not is_public_numero(numero):
        raise ValueError(f"a number that cannot be part of an address: {numero!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Votes:
    """The figures of a vote (SCDL columns 12 to 16)."""

    effectif: int
    """Members of the assembly who may vote."""
    reel: int
    """Votes cast, proxies included: ``pour + contre + abstention``."""
    pour: int
    """For."""
    contre: int
    """Against."""
    abstention: int
    """Abstentions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicDocument:
    """One file of an act, as it was transmitted: never rewritten."""

    content: bytes
    """The file."""
    extension: str
    """``pdf``, ``png`` or ``jpg``, without the dot."""

    def __post_init__(self) -> None:
        if not _EXTENSION.fullmatch(self.extension):
            raise ValueError(f"not a public format: {self.extension!r}")

    @property
    def sha256(self) -> str:
        """Digest, in lower-case hexadecimal: what a reader compares with the file."""
        return sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicActe:
    """One act on line (dossier §5.1)."""

    numero: str
    """Numéro interne: given by the authority, used once for ever."""
    date_decision: date
    """Date de décision."""
    nature: int
    """``@actes:CodeNatureActe``; 3 (individual) is refused."""
    matiere: str
    """Code of level 2; deeper levels belong to each préfecture and are cut."""
    objet: str
    """Objet, as the authority wrote it; screened before it comes here."""
    signataire: str
    """Prénom and nom of the author (CGCT R.2131-1)."""
    qualite: str
    """Qualité of the author (CGCT R.2131-1)."""
    mise_en_ligne: datetime
    """Instant of the first mise en ligne; shown as a day of Europe/Paris."""
    ar_identifiant: str
    """``@actes:IDActe`` of the accusé de réception."""
    ar_date: date | None
    """``@actes:DateReception``: day of reception by the préfecture."""
    documents: tuple[PublicDocument, ...]
    """The act, then its annexes."""
    votes: Votes | None = None
    """Figures of the vote; ``None`` when they are not known."""
    budget_annee: str = ""
    """Exercice, ``2026`` or ``2026/2027``; empty when the act is not about a budget."""
    budget_nom: str = ""
    """Budget concerned."""

    def __post_init__(self) -> None:
        _require_publishable(self.nature, self.numero)
        if level_2(self.matiere) is None:
            raise ValueError(f"unknown matière: {self.matiere!r}")
        if not self.documents:
            raise ValueError("a public act is published in full: at least one document")

    @property
    def folder(self) -> str:
        """Folder of the act in the site; never used for anything else."""
        return acte_folder(self.date_decision.year, self.nature, self.numero)

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of its documents; those that the agents gave are not shown."""
        first, *others = self.documents
        annexes = (
            f"{self.numero}-annexe-{rank}.{document.extension}"
            for rank, document in enumerate(others, start=1)
        )
        return (f"{self.numero}.{first.extension}", *annexes)

    @property
    def jour_mise_en_ligne(self) -> date:
        """Legal day of the first mise en ligne, in Europe/Paris."""
        return paris_date(self.mise_en_ligne)

    @property
    def fin_publicite(self) -> date:
        """Last day of the least time on line, counted in calendar months."""
        return add_months(self.jour_mise_en_ligne, PUBLICITY_MONTHS)


class MotifRetrait(StrEnum):
    """Why an act is no longer on line, without detail: the detail may be personal."""

    ANNULATION = "annulation"
    """Its transmission was cancelled by the authority (message 6-1)."""
    DECISION = "decision"
    """The authority took it off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActeRetire:
    """What remains of a withdrawn act: a page at its address, without its objet."""

    numero: str
    """Numéro interne."""
    date_decision: date
    """Date de décision."""
    nature: int
    """``@actes:CodeNatureActe``."""
    mise_en_ligne: datetime
    """Instant of the first mise en ligne: proof of the publicity that was given."""
    retrait: datetime
    """Instant of the withdrawal."""
    motif: MotifRetrait
    """Why."""

    def __post_init__(self) -> None:
        _require_publishable(self.nature, self.numero)

    @property
    def folder(self) -> str:
        """Folder that the act had."""
        return acte_folder(self.date_decision.year, self.nature, self.numero)

    @property
    def jour_mise_en_ligne(self) -> date:
        """Legal day of the first mise en ligne, in Europe/Paris."""
        return paris_date(self.mise_en_ligne)

    @property
    def jour_retrait(self) -> date:
        """Legal day of the withdrawal, in Europe/Paris."""
        return paris_date(self.retrait)


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteContent:
    """Everything that the site of one authority shows."""

    nom: str
    """Official name of the authority."""
    siret: str
    """Fourteen digits."""
    url: str
    """Address of the root of the site, without a final slash."""
    responsable: str = ""
    """Prénom and nom of the director of the publication."""
    qualite: str = ""
    """Qualité of that director."""
    actes: tuple[PublicActe, ...] = ()
    """Acts on line, in any order."""
    retires: tuple[ActeRetire, ...] = ()
    """Acts taken off line, in any order."""

    def __post_init__(self) -> None:
        # a web server on some systems does not tell capitals from small letters
        folders = {one.folder.casefold() for one in self.addressed}
        if len(folders) != len(self.addressed):
            raise ValueError("two acts at one address")

    @property
    def addressed(self) -> tuple[PublicActe | ActeRetire, ...]:
        """Everything that has an address: the acts on line, then the withdrawn ones."""
        return (*self.actes, *self.retires)

    def permalink(self, acte: PublicActe | ActeRetire) -> str:
        """Return the address of an act, which never changes."""
        return f"{self.url}/{quote(acte.folder)}/"


def acte_folder(year: int, nature: int, numero: str) -> str:
    """Return the folder of an act: ``actes/2026/DE/2026_031``."""
    return f"actes/{year}/{NatureActe(nature).abrege}/{numero}"

"""File names of the protocol, which identify everything: format and parse (actes dossier §2).

A name is ASCII, lower-case in its extension, and dated with the calendar year.
"""

import datetime
import re
from dataclasses import dataclass

from demat.clock import date8
from demat.faults import Fault, FaultError

__all__ = [
    "ArchiveName",
    "FileName",
    "IdActe",
    "archive_name",
    "envelope_name",
    "message_name",
    "parse_archive_name",
    "parse_file_name",
]

# fmt: off
_ID_ACTE = re.compile(
    r"(?P<dep>[09]\d[\dAB])-(?P<siren>\d{9})-(?P<date>\d{8})-(?P<num>[^/\\\s]{1,15})-(?P<nat>[A-Z]{2})",
    re.ASCII,
)
_FILE = re.compile(
    r"(?:(?P<pj>[A-Z0-9]{2}_[A-Z0-9]{2})-)?(?P<dep>[09]\d[\dAB])-(?P<siren>\d{9})-(?P<date>\d{8}|)"
    r"-(?P<num>[^/\\]*)-(?P<nat>[A-Z]{2}|)-(?P<t>[1-7])-(?P<m>[1-9])_(?P<rang>\d{1,9})\.(?P<ext>[A-Za-z0-9]+)",
    re.ASCII,
)
_ARCHIVE = re.compile(
    r"(?P<ano>ANO_)?(?:(?P<tri>[A-Za-z0-9]{3})-)?(?P<appli>[A-Z]{4})-(?P<res>[^-]*)-(?P<emetteur>[^-]*)"
    r"-(?P<dest>[^-]*)-(?P<date>\d{8})-(?P<n>\d{1,9})\.(?P<ext>xml|tar\.gz)",
    re.ASCII,
)
# fmt: on


@dataclass(frozen=True, kw_only=True, slots=True)
class IdActe:
    """The unique identifier of an act, known before sending (``@actes:IDActe``, §1.1)."""

    departement: str
    """Three characters."""
    siren: str
    """Nine digits."""
    date: datetime.date
    """Date de décision, never the day of packing."""
    numero: str
    """Numéro interne; acts of others may hold a hyphen (§11 trap 6)."""
    nature: str
    """Two capitals: ``DE``, ``AR``, ``AI``, ``CC``, ``BF`` or ``AU``."""

    def __str__(self) -> str:
        return "-".join((self.departement, self.siren, date8(self.date), self.numero, self.nature))

    @staticmethod
    def parse(text: str) -> "IdActe":
        """Read an identifier such as ``099-000000000-20240314-2024_012-DE``.

        :raises FaultError: ``ACT-ID_ACTE`` when the text is no identifier.
        """
        found = _ID_ACTE.fullmatch(text.strip())
        day = _date8(found["date"]) if found else None
        if found is None or day is None:
            raise FaultError(Fault(code="ACT-ID_ACTE", params={"id_acte": text.strip()}))
        return IdActe(
            departement=found["dep"],
            siren=found["siren"],
            date=day,
            numero=found["num"],
            nature=found["nat"],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class FileName:
    """The name of a message or of a document, taken apart (§2.3)."""

    type_pj: str
    """Typologie in front of a document; empty for a message, and before 2017."""
    departement: str
    """Three characters."""
    siren: str
    """Nine digits."""
    date: datetime.date | None
    """Date de décision; absent from messages without act (7-x, some 1-3)."""
    numero: str
    """Numéro interne; empty in messages without act."""
    nature: str
    """Two capitals; empty in messages without act."""
    transaction: int
    """1 to 7."""
    message: int
    """1 to 5 in the protocol; any digit is read."""
    rang: int
    """Outbound: 0 for the XML, 1 for the act, 2… for the annexes; any number inbound."""
    extension: str
    """Lower-case, without the dot."""

    @property
    def id_acte(self) -> IdActe | None:
        """The act concerned, or ``None`` when the name holds none."""
        if self.date is None or not self.numero or not self.nature:
            return None
        return IdActe(
            departement=self.departement,
            siren=self.siren,
            date=self.date,
            numero=self.numero,
            nature=self.nature,
        )

    def __str__(self) -> str:
        prefix = f"{self.type_pj}-" if self.type_pj else ""
        day = date8(self.date) if self.date else ""
        act = "-".join((self.departement, self.siren, day, self.numero, self.nature))
        code = f"{self.transaction}-{self.message}_{self.rang}"
        return f"{prefix}{act}-{code}.{self.extension}"


def message_name(
    id_acte: IdActe, transaction: int, message: int, rang: int, ext: str, type_pj: str = ""
) -> str:
    """Return the name of a message (without type) or of a document (with its type), §2.3."""
    prefix = f"{type_pj}-" if type_pj else ""
    return f"{prefix}{id_acte}-{transaction}-{message}_{rang}.{ext.lower()}"


def parse_file_name(name: str) -> FileName | None:
    """Take apart the name of a message or of a document; ``None`` when it is not one."""
    found = _FILE.fullmatch(name)
    if found is None or (found["date"] and _date8(found["date"]) is None):
        return None
    return FileName(
        type_pj=found["pj"] or "",
        departement=found["dep"],
        siren=found["siren"],
        date=_date8(found["date"]),
        numero=found["num"],
        nature=found["nat"],
        transaction=int(found["t"]),
        message=int(found["m"]),
        rang=int(found["rang"]),
        extension=found["ext"].lower(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveName:
    """The name of an archive or of an envelope, taken apart (§2.2)."""

    anomalie: bool
    """The name of an ``AnomalieEnveloppe``: ``ANO_`` and the name of the rejected envelope."""
    trigramme: str
    """Three letters of the TdT; archives only."""
    application: str
    """``EACT`` in production, ``TACT`` in test."""
    emetteur: str
    """SIREN outbound; ``SPREF0991`` and the like inbound."""
    destinataire: str
    """SIREN of the authority inbound; empty outbound."""
    date: datetime.date
    """Day of packing."""
    serial: int
    """Serial number of the day."""
    extension: str
    """``xml`` or ``tar.gz``."""


def envelope_name(*, application: str, siren: str, day: datetime.date, serial: int) -> str:
    """Return the name of the envelope of an outbound archive."""
    return f"{application}--{siren}--{date8(day)}-{serial}.xml"


def archive_name(
    *, trigramme: str, application: str, siren: str, day: datetime.date, serial: int
) -> str:
    """Return the name of an outbound archive."""
    return f"{trigramme}-{application}--{siren}--{date8(day)}-{serial}.tar.gz"


def parse_archive_name(name: str) -> ArchiveName | None:
    """Take apart the name of an archive or of an envelope; ``None`` when it is not one."""
    found = _ARCHIVE.fullmatch(name)
    day = _date8(found["date"]) if found else None
    if found is None or day is None:
        return None
    return ArchiveName(
        anomalie=bool(found["ano"]),
        trigramme=found["tri"] or "",
        application=found["appli"],
        emetteur=found["emetteur"],
        destinataire=found["dest"],
        date=day,
        serial=int(found["n"]),
        extension=found["ext"],
    )


def _date8(text: str) -> datetime.date | None:
    try:
        return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None

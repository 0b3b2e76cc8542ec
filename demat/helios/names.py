"""The names and keys of what is sent: NomFic, Id and number (helios dossier §2.1, §8)."""

import re
from dataclasses import dataclass
from datetime import date

__all__ = ["NomFic", "bordereau_id", "nom_fic", "number_key", "parse"]

_NOM_FIC = re.compile(r"^PESALR2_(\d{14})_(\d{6})_(\d{3})$")
_SIRET = re.compile(r"^[0-9]{14}$")
_LETTRES = {"depense": "D", "recette": "R"}


@dataclass(frozen=True, kw_only=True, slots=True)
class NomFic:
    """The parts of a NomFic of ours."""

    siret: str
    """SIRET of the budget."""
    day: date
    """Day of packing, in Europe/Paris."""
    serial: int
    """Daily counter of the authority, 1 to 999."""

    def __str__(self) -> str:
        return nom_fic(self.siret, self.day, self.serial)


def nom_fic(siret: str, day: date, serial: int) -> str:
    """Return ``PESALR2_<SIRET>_<AAMMJJ>_<NNN>``, without extension.

    :raises ValueError: when the SIRET has not 14 digits or the counter is not within 1 and 999.
    """
    if not _SIRET.match(siret):
        raise ValueError(f"a NomFic carries a SIRET of 14 digits, not {siret!r}")
    if not 1 <= serial <= 999:
        raise ValueError(f"the daily counter of a NomFic goes from 1 to 999, not {serial}")
    return f"PESALR2_{siret}_{day.year % 100:02d}{day.month:02d}{day.day:02d}_{serial:03d}"


def parse(text: str) -> NomFic | None:
    """Read a NomFic of ours; ``None`` for any other name, which stays an opaque key."""
    found = _NOM_FIC.match(text)
    if not found:
        return None
    siret, day, serial = found.groups()
    try:
        when = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return None
    return NomFic(siret=siret, day=when, serial=int(serial))


def number_key(domaine: str, cod_bud: str, exercice: int, typ_bord: str, numero: int) -> str:
    """Return the key of a bordereau, or of a mandat or titre: ``depense/00/2026/01/31``.

    All but the last part is the scope in which it is numbered.
    """
    return f"{domaine}/{cod_bud}/{exercice}/{typ_bord}/{numero}"


def bordereau_id(domaine: str, exercice: str, numero: str) -> str:
    """Return the technical Id of a bordereau, such as ``BRD2026D0031`` (an ``xs:ID``).

    :param domaine: ``depense`` or ``recette``.
    """
    return f"BRD{exercice}{_LETTRES[domaine]}{numero.zfill(4)}"

"""Closed lists of the protocol: natures of acts and of authorities (actes dossier §3.4, §5.1)."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from demat.faults import Fault, FaultError

__all__ = ["NATURES_COLLECTIVITE", "NatureActe"]


class _Detail(NamedTuple):
    abrege: str
    libelle: str
    type_pj_defaut: str


class NatureActe(IntEnum):
    """Nature of an act; the value is ``@actes:CodeNatureActe``."""

    DELIBERATION = 1
    """Votes of the assembly, and decisions taken by its delegation."""
    REGLEMENTAIRE = 2
    """Arrêtés of general scope."""
    INDIVIDUEL = 3
    """Decisions about one person: staff, urbanisme permits."""
    CONTRAT = 4
    """Marchés, leases, conventions and their avenants."""
    BUDGETAIRE = 5
    """Budget documents: BP, BS, DM, CA, CFU."""
    AUTRE = 6
    """The rest."""

    @property
    def abrege(self) -> str:
        """The two letters used in ``IDActe`` and in file names (``TypeAbrege``)."""
        return _DETAILS[self].abrege

    @property
    def libelle(self) -> str:
        """The official label, in French, as the préfectures spell it."""
        return _DETAILS[self].libelle

    @property
    def type_pj_defaut(self) -> str:
        """The type of document proposed when the agent chooses none."""
        return _DETAILS[self].type_pj_defaut

    @classmethod
    def from_code(cls, text: str) -> "NatureActe":
        """Read a code such as ``1`` or ``01``.

        :raises FaultError: ``ACT-007`` when no nature has this code.
        """
        code = text.strip().lstrip("0")
        for nature in cls:
            if code == str(nature.value):
                return nature
        raise _unknown(text)

    @classmethod
    def from_abrege(cls, text: str) -> "NatureActe":
        """Read the two letters of a nature, whatever their case.

        :raises FaultError: ``ACT-007`` when no nature has these letters.
        """
        for nature, detail in _DETAILS.items():
            if detail.abrege == text.strip().upper():
                return nature
        raise _unknown(text)


def _unknown(text: str) -> FaultError:
    known = ", ".join(f"{nature.value} ({nature.abrege})" for nature in NatureActe)
    return FaultError(Fault(code="ACT-007", params={"nature": text.strip(), "known": known}))


_DETAILS: Mapping[NatureActe, _Detail] = MappingProxyType(
    {
        NatureActe.DELIBERATION: _Detail("DE", "Délibérations", "99_DE"),
        NatureActe.REGLEMENTAIRE: _Detail("AR", "Actes réglementaires", "99_AR"),
        NatureActe.INDIVIDUEL: _Detail("AI", "Actes individuels", "99_AI"),
        NatureActe.CONTRAT: _Detail("CC", "Contrats, conventions et avenants", "99_DC"),
        NatureActe.BUDGETAIRE: _Detail("BF", "Documents budgétaires et financiers", "99_BU"),
        NatureActe.AUTRE: _Detail("AU", "Autres", "99_AU"),
    }
)

NATURES_COLLECTIVITE: Mapping[str, str] = MappingProxyType(
    {
        "11": "Conseil régional",
        "12": "Établissement public local d'enseignement (région)",
        "13": "Autre établissement public (région)",
        "14": "Société d'économie mixte locale (région)",
        "21": "Conseil départemental",
        "22": "Établissement public de santé (département)",
        "23": "Établissement public local d'enseignement (département)",
        "24": "Autre établissement public (département)",
        "25": "Société d'économie mixte locale (département)",
        "31": "Commune",
        "32": "Établissement public de santé (commune)",
        "33": "Autre établissement public (CCAS, caisse des écoles…)",
        "34": "Société d'économie mixte locale (commune)",
        "41": "Syndicat de communes ou syndicat mixte fermé",
        "42": "Syndicat mixte ouvert",
        "43": "Syndicat d'agglomération nouvelle",
        "44": "Communauté de communes",
        "45": "Communauté urbaine",
        "46": "Communauté d'agglomération",
        "47": "Société d'économie mixte locale (groupement)",
        "51": "Service départemental d'incendie et de secours",
        "52": "Entente interdépartementale",
        "53": "Entente interrégionale",
        "54": "Autre société d'économie mixte locale",
        "55": "Autre",
    }
)
"""Kinds of authorities: the code of ``IDCL/@actes:Nature`` and its label (dossier §3.4)."""

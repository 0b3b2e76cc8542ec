"""The budget chapitres: which section each belongs to, and its name.

The table is what the published nomenclatures M14, M4, M52, M57, M61 and M71 say alike (exercices
2021 and 2025). Other instructions (M21, M22…) give other meanings to some of these codes: there the
section is known from the class of the account only.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

__all__ = ["Section", "libelle_chapitre", "norme_of", "section_of_chapitre", "section_of_compte"]


class Section(StrEnum):
    """One of the two parts of a budget, each balanced by itself."""

    FONCTIONNEMENT = "fonctionnement"
    """Current expenses and resources; called exploitation in M4."""
    INVESTISSEMENT = "investissement"
    """What changes what the authority owns or owes."""
    INCONNUE = "inconnue"
    """The file does not say, and nothing sure can be deduced."""

    def libelle(self, nomenclature: str) -> str:
        """Return the name of the section in a nomenclature such as ``M4-M43_D``."""
        if self is Section.FONCTIONNEMENT and norme_of(nomenclature) == "M4":
            return "exploitation"
        return self.value


_NORMES = frozenset({"M14", "M4", "M52", "M57", "M61", "M71"})
_FONCTIONNEMENT = frozenset(
    {"002", "011", "012", "013", "014", "015", "016", "017", "022", "023", "042", "043"}
)
_INVESTISSEMENT = frozenset({"001", "010", "018", "020", "021", "024", "040", "041"})
_BEGINNINGS: tuple[tuple[str, Section], ...] = (
    ("1", Section.INVESTISSEMENT),
    ("2", Section.INVESTISSEMENT),
    ("45", Section.INVESTISSEMENT),
    ("6", Section.FONCTIONNEMENT),
    ("7", Section.FONCTIONNEMENT),
)
"""Chapitres by nature have the code of their accounts."""
_FUNCTIONS: tuple[tuple[str, Section], ...] = (
    ("90", Section.INVESTISSEMENT),
    ("93", Section.FONCTIONNEMENT),
)
"""Chapitres of a budget voted by function; those from 91 and 92 change with the nomenclature."""


def norme_of(nomenclature: str) -> str:
    """Return the accounting instruction of a nomenclature: ``M57`` for ``M57-M57_A`` (§7.2)."""
    return nomenclature.partition("-")[0].strip().upper()


def section_of_chapitre(code: str, nomenclature: str) -> Section:
    """Return the section of a chapitre."""
    if norme_of(nomenclature) not in _NORMES:
        return Section.INCONNUE
    if code in _FONCTIONNEMENT:
        return Section.FONCTIONNEMENT
    if code in _INVESTISSEMENT:
        return Section.INVESTISSEMENT
    if code.startswith("9"):
        return _first(code, _FUNCTIONS)
    return _first(code, _BEGINNINGS)


def section_of_compte(compte: str) -> Section:
    """Return the section of a line from the class of its account, when it decides."""
    return _first(compte, _BEGINNINGS)


def _first(code: str, beginnings: tuple[tuple[str, Section], ...]) -> Section:
    return next((section for start, section in beginnings if code.startswith(start)), _UNKNOWN)


_UNKNOWN = Section.INCONNUE

_LIBELLES: Mapping[str, str] = MappingProxyType(
    {
        "001": "Solde d'exécution reporté",
        "002": "Résultat reporté",
        "011": "Charges à caractère général",
        "012": "Charges de personnel",
        "013": "Atténuations de charges",
        "014": "Atténuations de produits",
        "020": "Dépenses imprévues",
        "021": "Virement de l'autre section",
        "022": "Dépenses imprévues",
        "023": "Virement à la section d'investissement",
        "024": "Produits des cessions",
        "040": "Opérations d'ordre entre sections",
        "041": "Opérations patrimoniales",
        "042": "Opérations d'ordre entre sections",
        "043": "Opérations d'ordre dans la section",
        "10": "Dotations, fonds et réserves",
        "13": "Subventions d'investissement",
        "16": "Emprunts et dettes",
        "18": "Compte de liaison",
        "20": "Immobilisations incorporelles",
        "204": "Subventions d'équipement versées",
        "21": "Immobilisations corporelles",
        "22": "Immobilisations reçues en affectation",
        "23": "Immobilisations en cours",
        "26": "Participations",
        "27": "Autres immobilisations financières",
        "65": "Autres charges de gestion courante",
        "66": "Charges financières",
        "75": "Autres produits de gestion courante",
        "76": "Produits financiers",
    }
)
_LIBELLES_NORME: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "M57": {
            "67": "Charges spécifiques",
            "68": "Dotations aux provisions",
            "70": "Produits des services et du domaine",
            "73": "Impôts et taxes",
            "731": "Fiscalité locale",
            "74": "Dotations et participations",
            "77": "Produits spécifiques",
            "78": "Reprises sur provisions",
        },
        "M14": {
            "010": "Stocks",
            "67": "Charges exceptionnelles",
            "68": "Dotations aux provisions",
            "70": "Produits des services et du domaine",
            "73": "Impôts et taxes",
            "74": "Dotations et participations",
            "77": "Produits exceptionnels",
            "78": "Reprises sur provisions",
        },
        "M4": {
            "67": "Charges exceptionnelles",
            "68": "Dotations aux provisions",
            "69": "Impôts sur les bénéfices",
            "70": "Ventes et prestations de services",
            "73": "Produits issus de la fiscalité",
            "74": "Subventions d'exploitation",
            "77": "Produits exceptionnels",
            "78": "Reprises sur provisions",
        },
    }
)


def libelle_chapitre(code: str, nomenclature: str) -> str:
    """Return a short name of a chapitre; empty when the nomenclatures do not agree on one."""
    norme = norme_of(nomenclature)
    if norme not in _NORMES:
        return ""
    if code.startswith("45"):
        return "Opérations pour compte de tiers"
    return _LIBELLES_NORME.get(norme, {}).get(code, "") or _LIBELLES.get(code, "")

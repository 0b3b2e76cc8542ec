"""The closed lists of the norm and the two grids that we only know in part (helios dossier §3–§8).

Each grid entry carries its evidence: ``D`` stated by DGFiP, ``C`` read in published code, ``F``
seen in a file, ``U`` plausible. The official grids (annexes 2 and 3) were not found (§13): a
combination that is missing here deserves a warning, and the configuration may add it.
"""

from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from typing import Self, TypeVar

from demat.helios.model import Domaine

__all__ = [
    "BORDEREAU_ROLE",
    "CAT_TIERS",
    "CIVILITES",
    "CIVILITES_REFUSED",
    "ERREURS_ACQUIT",
    "LIMITES",
    "NAT_JUR",
    "NAT_PCE",
    "PAIE",
    "PAIRES_TIERS",
    "PERSONNE_PHYSIQUE",
    "TRIPLETS",
    "TYP_BORD",
    "TYP_PCE",
    "DomaineAck",
    "ModRegl",
    "NatIdTiers",
    "TypTiers",
    "TypePJ",
    "UsageCompte",
]

Triplet = tuple[str, str, str]
"""TypBord, TypPce, NatPce."""

PERSONNE_PHYSIQUE = "01"
"""``CatTiers`` of a natural person."""

BORDEREAU_ROLE = "06"
"""``TypBord`` of a rôle (ORMC), sent unsigned and apart from the rest (§3.8)."""

PAIE = "11"
"""``NatPce`` of pay (dépense)."""


_Code = TypeVar("_Code", bound=Enum)


def _member(codes: type[_Code], code: object) -> _Code | None:
    """Return the member whose value is ``code``: the members take more than that to be called."""
    found = codes._value2member_map_.get(code)
    return found if isinstance(found, codes) else None


class DomaineAck(IntEnum):
    """What an element of an acquit is about (``DomaineAck``, §8.1)."""

    libelle: str
    """The domain in words."""

    def __new__(cls, number: int, libelle: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.libelle = libelle
        return member

    @classmethod
    def from_code(cls, code: int) -> Self | None:
        """Return the member of this code, ``None`` for a code of a later version."""
        return _member(cls, code)

    TECHNIQUE = 0, "technique"
    SIGNATURE_TECHNIQUE = 1, "signature technique"
    SIGNATURE_GLOBALE = 2, "signature globale"
    SIGNATURE_BORDEREAU = 3, "signature du bordereau"
    PIECE_JOINTE = 4, "pièce jointe"
    DEPENSE = 5, "dépense"
    RECETTE = 6, "recette"
    ROLE = 7, "rôle"
    BUDGET = 8, "budget"
    ETAT_ACTIF = 9, "état de l'actif"
    ETAT_PASSIF = 10, "état du passif"
    MARCHE = 11, "marché"
    FACTURE = 12, "facture"
    RETOUR_DEPENSE = 13, "retour de dépense"
    RETOUR_RECETTE = 14, "retour de recette"
    PARAMETRAGE = 99, "paramétrage"

    @property
    def whole_file(self) -> bool:
        """Whether a refusal in this domain refuses the whole file."""
        return self in {
            DomaineAck.TECHNIQUE,
            DomaineAck.SIGNATURE_TECHNIQUE,
            DomaineAck.SIGNATURE_GLOBALE,
            DomaineAck.PARAMETRAGE,
        }


class UsageCompte(StrEnum):
    """What a mode of payment demands of ``CpteBancaire``."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


class ModRegl(StrEnum):
    """How a mandat is paid (``ModRegl``, §4.3)."""

    libelle: str
    """The mode in words."""
    compte: UsageCompte
    """Whether the tiers must, may or must not carry a bank account."""

    def __new__(cls, code: str, libelle: str, compte: UsageCompte) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.libelle = libelle
        member.compte = compte
        return member

    @classmethod
    def from_code(cls, code: str) -> Self | None:
        """Return the member of this code, ``None`` for a code of a later version."""
        return _member(cls, code)

    NUMERAIRE = "01", "numéraire", UsageCompte.FORBIDDEN
    CHEQUE = "02", "chèque", UsageCompte.FORBIDDEN
    VIREMENT = "03", "virement", UsageCompte.REQUIRED
    VIREMENT_EXTERNE = "04", "virement par une application externe", UsageCompte.FORBIDDEN
    VIREMENT_GROS_MONTANT = "05", "virement de gros montant", UsageCompte.REQUIRED
    VIREMENT_ETRANGER = "06", "virement à l'étranger", UsageCompte.OPTIONAL
    BUDGET_RATTACHE = "07", "opération sur budget rattaché", UsageCompte.FORBIDDEN
    OPERATION_ORDRE = "08", "opération d'ordre", UsageCompte.FORBIDDEN
    AVIS_REGLEMENT = "09", "avis de règlement", UsageCompte.FORBIDDEN
    PRELEVEMENT = "10", "prélèvement", UsageCompte.OPTIONAL
    VIREMENT_INTERNE = "11", "virement interne", UsageCompte.FORBIDDEN


class TypePJ(StrEnum):
    """Kind of attachment: a processing switch, not a nomenclature of documents (§5.3)."""

    libelle: str
    """The kind in words."""
    domaines: frozenset[str]
    """Values of ``RefCompta/Domaine`` that agree with it: 01 dépense, 02 recette, 04, 06."""

    def __new__(cls, code: str, libelle: str, domaines: tuple[str, ...]) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.libelle = libelle
        member.domaines = frozenset(domaines)
        return member

    @classmethod
    def from_code(cls, code: str) -> Self | None:
        """Return the member of this code, ``None`` for a code of a later version."""
        return _member(cls, code)

    BUDGET = "001", "document budgétaire", ("04",)
    RECETTE = "002", "justificatif de recette", ("02",)
    DEPENSE = "003", "justificatif de dépense", ("01",)
    PAYE = "004", "état de paye", ("01",)
    AIDE_SOCIALE = "005", "état d'aide sociale", ("01",)
    PES_FACTURE = "006", "PES_Facture", ("01", "02")
    FACTURE_ORMC_CHORUS = "007", "facture ORMC Chorus Pro", ("02",)
    COMPLEMENT_CHORUS = "008", "document complémentaire Chorus Pro", ("02",)
    MARCHE = "009", "pièce contractuelle de marché", ("06",)
    FACTURE_ORMC_ENSU = "010", "facture ORMC à éditer", ("02",)
    COMPLEMENT_ENSU = "011", "document complémentaire à l'avis", ("02",)
    CFU = "012", "compte financier unique", ("04",)
    CFU_ANNEXES = "013", "annexes du compte financier unique", ("04",)


class NatIdTiers(StrEnum):
    """Kind of identifier of a tiers (``NatIdTiers``, §3.6)."""

    libelle: str
    """The kind in words."""

    def __new__(cls, code: str, libelle: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.libelle = libelle
        return member

    @classmethod
    def from_code(cls, code: str) -> Self | None:
        """Return the member of this code, ``None`` for a code of a later version."""
        return _member(cls, code)

    SIRET = "01", "SIRET"
    SIREN = "02", "SIREN"
    FINESS = "03", "FINESS"
    NIR = "04", "NIR"
    TVA = "05", "numéro de TVA intracommunautaire"
    HORS_UE = "06", "identifiant hors Union européenne"
    TAHITI = "07", "numéro TAHITI"
    RIDET = "08", "RIDET"
    EN_COURS = "09", "immatriculation en cours"
    FRWF = "10", "FRWF"
    IREP = "11", "IREP"
    NFP = "12", "NFP"


class TypTiers(StrEnum):
    """Part of a person in a titre (``TypTiers``, recette): the values that rules look at."""

    DEBITEUR_PRINCIPAL = "01"
    SOLIDAIRE = "03"
    CO_DEBITEUR = "04"


TYP_BORD: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "ordinaire",
        "02": "annulation ou réduction",
        "03": "ordres de paiement",
    },
    Domaine.RECETTE: {
        "01": "ordinaire",
        "02": "annulation ou réduction",
        "03": "ordres de recette",
        "06": "ordres de recette multi-créanciers (ORMC)",
    },
}
"""``TypBord`` that an ordonnateur may send; 04 and 05 only come back in retours (§3.2, §4.2)."""

TYP_PCE: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "mandat ordinaire",
        "02": "mandat correctif",
        "03": "mandat d'ordre budgétaire",
        "04": "mandat d'ordre mixte",
        "05": "mandat émis après paiement",
        "06": "mandat global",
        "07": "mandat d'admission en non-valeurs",
        "08": "mandat collectif",
        "09": "mandat sur marché",
        "10": "mandat de rattachement",
        "11": "ordre de paiement",
        "13": "charges constatées d'avance",
    },
    Domaine.RECETTE: {
        "01": "titre ordinaire",
        "02": "titre correctif",
        "03": "titre d'ordre budgétaire",
        "04": "titre d'ordre mixte",
        "05": "titre émis après encaissement",
        "06": "titre récapitulatif avec rôle",
        "07": "titre récapitulatif sans rôle",
        "09": "titre de majoration",
        "10": "titre en plusieurs années",
        "11": "titre de rattachement",
        "12": "ordre de recette ordonnateur",
        "14": "produits constatés d'avance",
        "15": "titre ORMC",
    },
}
"""``TypPce`` of an aller."""

NAT_PCE: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "fonctionnement",
        "02": "investissement",
        "03": "inventaire",
        "04": "emprunt",
        "05": "régie",
        "06": "annulation-réduction",
        "07": "complémentaire",
        "08": "réémis",
        "09": "annulant un titre",
        "10": "annulation du mandat de rattachement",
        "11": "paie",
        "12": "retenue de garantie",
        "13": "dernier acompte sur marché",
        "14": "avance forfaitaire",
        "18": "opération d'ordre liée aux cessions",
    },
    Domaine.RECETTE: {
        "01": "fonctionnement",
        "02": "investissement",
        "03": "inventaire",
        "04": "emprunt",
        "05": "régie",
        "06": "annulation-réduction",
        "07": "complémentaire",
        "08": "réémis",
        "09": "annulant un mandat",
        "10": "annulation du titre de rattachement",
        "11": "marché",
        "18": "opération d'ordre liée aux cessions",
    },
}
"""``NatPce``."""

TRIPLETS: Mapping[Domaine, Mapping[Triplet, str]] = {
    Domaine.DEPENSE: {
        ("01", "01", "01"): "D",
        ("01", "06", "01"): "D",
        ("01", "07", "01"): "D",
        ("01", "09", "01"): "D",
        ("01", "13", "01"): "D",
        ("01", "02", "09"): "D",
        ("02", "02", "06"): "D",
        ("02", "02", "10"): "D",
        ("01", "01", "02"): "U",
        ("01", "01", "03"): "U",
        ("01", "01", "05"): "U",
        ("01", "01", "11"): "U",
        ("01", "08", "01"): "U",
        ("01", "08", "11"): "U",
        ("01", "09", "02"): "U",
        ("01", "03", "01"): "U",
        ("01", "03", "02"): "U",
    },
    Domaine.RECETTE: {
        ("01", "06", "01"): "D",
        ("01", "09", "01"): "D",
        ("01", "10", "01"): "D",
        ("01", "10", "02"): "D",
        ("01", "14", "01"): "D",
        ("01", "02", "09"): "D",
        ("02", "02", "06"): "D",
        ("02", "02", "10"): "D",
        ("06", "15", "01"): "C",
        ("01", "01", "01"): "U",
        ("01", "01", "02"): "U",
        ("01", "05", "01"): "U",
    },
}
"""Known combinations and their evidence (« annexe 2 », quoted in the notes, §3.2, §4.2, §10.2)."""

CAT_TIERS: Mapping[str, str] = {
    "01": "personnes physiques",
    "20": "État et établissements publics nationaux",
    "21": "régions",
    "22": "départements",
    "23": "communes",
    "24": "groupements de collectivités",
    "25": "caisses des écoles",
    "26": "CCAS",
    "27": "établissements publics de santé",
    "28": "école nationale de la santé publique",
    "29": "autres établissements publics, organismes internationaux",
    "50": "personnes morales de droit privé",
    "60": "sécurité sociale, régime général",
    "61": "sécurité sociale, régime agricole",
    "62": "sécurité sociale, travailleurs non salariés",
    "63": "autres régimes obligatoires",
    "64": "mutuelles et assurances",
    "65": "autres tiers payants",
    "70": "CNRACL",
    "71": "IRCANTEC",
    "72": "ASSEDIC",
    "73": "caisses mutualistes de retraite complémentaire",
    "74": "autres organismes sociaux",
}
"""``CatTiers`` as practised; the labels printed in the XSD are shifted by one from 50 on (§3.6)."""

NAT_JUR: Mapping[str, str] = {
    "01": "particuliers",
    "02": "artisan, commerçant, agriculteur",
    "03": "société",
    "04": "CAM ou caisse assimilée",
    "05": "caisse complémentaire",
    "06": "association",
    "07": "État ou organisme d'État",
    "08": "établissement public national",
    "09": "collectivité, établissement public local ou de santé",
    "10": "État étranger, ambassade",
    "11": "CAF",
}
"""``NatJur``."""

PAIRES_TIERS: Mapping[tuple[str, str], str] = {
    ("01", "01"): "F",
    ("20", "07"): "F",
    ("22", "09"): "F",
    ("50", "03"): "F",
    ("01", "02"): "U",
    ("21", "09"): "U",
    ("23", "09"): "U",
    ("24", "09"): "U",
    ("25", "09"): "U",
    ("26", "09"): "U",
    ("27", "09"): "U",
    ("29", "09"): "U",
    ("20", "08"): "U",
    ("50", "06"): "U",
    ("60", "11"): "U",
}
"""Known pairs CatTiers, NatJur and their evidence (« annexe 3 », §3.6)."""

CIVILITES: frozenset[str] = frozenset({"M", "M.", "MR", "MME", "MRS", "MMES", "M OU MME"})
"""``Civilite`` seen in files and notes, in capitals; the closed list was not found (§13)."""

CIVILITES_REFUSED: frozenset[str] = frozenset({"MLE", "MLLE", "MLLE.", "MELLE", "MADEMOISELLE"})
"""Forms that Hélios refuses (§3.6)."""

LIMITES: Mapping[str, int] = {
    "Sigle": 32,
    "Adresse": 38,
    "NomFic": 100,
    "LibelleColBud": 38,
    "CodServ": 10,
    "Affect": 10,
    "Obj": 100,
    "ObjPce": 160,
    "ObjLignePce": 160,
    "Objet": 160,
    "Facture": 20,
    "LibVir1": 70,
    "LibVir2": 70,
    "RefTiers": 30,
    "Civilite": 10,
    "Nom": 38,
    "ComplNom": 38,
    "Prenom": 38,
    "Adr1": 38,
    "Adr2": 38,
    "Adr3": 38,
    "Ville": 38,
    "LibBanc": 24,
    "TitCpte": 32,
    "Description": 250,
    "IdConv": 25,
    "IdMarche": 30,
    "IdEmpruntOrdo": 24,
    "IdActif": 25,
    "IdRegie": 10,
}
"""Longest value of the free texts, by element name (schemas, all versions; rules 70 and 71)."""

ERREURS_ACQUIT: frozenset[str] = frozenset(
    f"ERREUR_{name}"
    for name in [
        "AUTRE",
        "CERTIFICAT",
        "CODE_COLLECTIVITE_BUDGET",
        "CODIFICATION",
        "CODIQUE",
        "CONNECTION_IMPOSSIBLE_A_LA_BASE",
        "CUMUL_MONTANTS",
        "DOUBLON_BORDEREAU",
        "DOUBLON_LIGNE",
        "DOUBLON_PIECE",
        "DOUBLON_PJ",
        "ENCODING",
        "FLUX_VIDE",
        "MONTANT_TVA_ZERO_NEGATIF",
        "PES_PARAM",
        "PES_PARAM_SIGNATURE",
        "PES_SIGNATURE",
        "PJ",
        "PJ_SIGNEE",
        "SCHEMA_INCOMPLET",
        "SIGNATURE_BORDEREAU_ILLISIBLE",
        "SIGNATURE_BORDEREAU_INCOMPLETE",
        "SIGNATURE_BORDEREAU_INVALIDE",
        "SIGNATURE_EXTERNE",
        "SIGNATURE_ILLISIBLE",
        "SIGNATURE_INCOMPLETE",
        "SIGNATURE_INVALIDE",
        "SIRET",
        "TAILLE_BORDEREAUX",
        "TAILLE_LIGNE",
        "TAILLE_PIECE",
        "TIMEOUT",
        "VERSION_PES",
        "VERSION_PJ",
    ]
)
"""``NumAnoAck``: the codes that the schemas of the acquit list (§8.1)."""

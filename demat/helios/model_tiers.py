"""The persons of a PES: debtors and creditors, their addresses and accounts (dossier §3.6, §4.4).

An empty text or ``None`` means that the element is omitted.
"""

from dataclasses import dataclass
from datetime import date

from demat.helios.model_base import EcritAutrement

__all__ = ["Adresse", "Compte", "LieuNaissance", "Tiers"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adresse(EcritAutrement):
    """The address of a tiers (§3.6)."""

    type_adresse: str = "1"
    """``TypAdr``: 0 not said, 1 main, 2 secondary."""
    adr1: str = ""
    """``Adr1``: complement, such as the building."""
    adr2: str
    """``Adr2``: number and street; the norm demands it."""
    adr3: str = ""
    """``Adr3``: lieu-dit."""
    cp: str
    """``CP``: five digits, ``99999`` abroad."""
    ville: str
    """``Ville``: town, with the foreign postal code when abroad."""
    non_resident: bool = False
    """``CodRes``: true (1) means *not* resident in France."""
    code_pays: str = ""
    """``CodPays``: INSEE number of the country, demanded for a non-resident."""
    date_adresse: date | None = None
    """``DteAdr``: day since which the address is valid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compte(EcritAutrement):
    """The bank account of a tiers (``CpteBancaire``): an IBAN, or the older RIB, never both."""

    iban: str = ""
    """``IBAN``: capitals, no blank; empty when the account is given as a RIB."""
    bic: str = ""
    """``BIC``: 8 or 11 characters; the 2015 schemas demand it."""
    titulaire: str
    """``TitCpte``: holder as the bank writes it, at most 32 characters."""
    pays_international: str = ""
    """``IdPayInt`` (RIB): country and key of the international identifier."""
    banque_internationale: str = ""
    """``IdBancInt`` (RIB): international identifier of the bank, with ``pays_international``."""
    code_etablissement: str = ""
    """``CodeEtab`` (RIB): bank, five characters."""
    code_guichet: str = ""
    """``CodeGuic`` (RIB): branch, five characters."""
    numero_compte: str = ""
    """``IdCpte`` (RIB): account, eleven characters."""
    cle_rib: str = ""
    """``CleRib`` (RIB): two digits."""
    banque: str = ""
    """``LibBanc``: name of the bank, at most 24 characters."""
    date_compte: date | None = None
    """``DteBanc``: day since which the account is valid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LieuNaissance(EcritAutrement):
    """Where a natural person was born (``LieuNaissance``, recette, since 5.11).

    In France: ``departement`` and perhaps the commune; abroad: one of the two country fields.
    """

    ne_en_france: bool
    """``NeEnFrance``."""
    departement: str = ""
    """``MetropoleDomCom/CodeDeptDomCom``: ``2A``, ``75``, ``974``…"""
    code_commune: str = ""
    """``MetropoleDomCom/CodeCommune``: two or three digits."""
    commune: str = ""
    """``MetropoleDomCom/LibelleCommune``: capitals."""
    code_pays: str = ""
    """``Etranger/CodePays``: three digits."""
    pays: str = ""
    """``Etranger/LibellePays``: capitals, when the code is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiers(EcritAutrement):
    """The creditor of a mandat or the debtor of a titre (``Tiers``, §3.6)."""

    id_tiers: str = ""
    """``IdTiers``: SIRET, SIREN… as ``nat_id_tiers`` says; both or none."""
    nat_id_tiers: str = ""
    """``NatIdTiers``: 01 SIRET, 02 SIREN, 03 FINESS, 04 NIR…"""
    date_id_tiers: date | None = None
    """``DteIdTiers``: day since which the identifier is valid."""
    ref_tiers: str = ""
    """``RefTiers``: key of the person in the business software; groups the debts."""
    cat_tiers: str
    """``CatTiers``: 01 natural person, 50 private company, 23 commune…"""
    nat_jur: str
    """``NatJur``: 01 particulier, 03 société, 09 collectivité…; a pair with CatTiers."""
    typ_tiers: str = "01"
    """``TypTiers`` (recette only): 01 main debtor, 03 solidary, 04 co-debtor…"""
    civilite: str = ""
    """``Civilite``: demanded for a natural person, forbidden for others in dépense."""
    nom: str
    """``Nom``: family name or name of the body, at most 38 characters."""
    compl_nom: str = ""
    """``ComplNom``: rest of the name."""
    prenom: str = ""
    """``Prenom``: as ``civilite``."""
    date_naissance: date | None = None
    """``DteNaissance`` (recette, natural persons)."""
    lieu_naissance: LieuNaissance | None = None
    """``LieuNaissance`` (recette, natural persons)."""
    adresse: Adresse | None = None
    """``Adresse``; the norm demands it in recette and lets it be absent in dépense."""
    compte: Compte | None = None
    """``CpteBancaire``."""

"""The lines of mandats and titres, and what hangs on one line (helios dossier §3.4, §3.5, §4.3).

An empty text or ``None`` means that the element is omitted.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from demat.helios.model_base import EcritAutrement
from demat.helios.model_pj import PJRef
from demat.helios.model_tiers import Tiers

__all__ = [
    "Assure",
    "CollectiviteBeneficiaire",
    "Ligne",
    "OperationSpecifique",
    "Prelevement",
    "PrelevementSepa",
    "RattachPiece",
    "Recouvrement",
    "TvaHlm",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class RattachPiece(EcritAutrement):
    """The earlier pièce that this line reduces, cancels or regularises (§3.4, §4.3)."""

    nature: str
    """``NatPceOrig``: 01 is a titre in recette and a **mandat** in dépense; 02 is the converse."""
    exercice: int
    """``ExerRat``."""
    piece: int
    """``IdPceOrig``: number of the original pièce."""
    ligne: int | None = None
    """``IdLigneOrig``; ``None`` when the kind of attachment forbids it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectiviteBeneficiaire(EcritAutrement):
    """The other budget that a line of an ORMC is for (``InfoCollBen``, recette)."""

    siret: str
    """``IdCollBen``: SIRET of the beneficiary budget."""
    cod_col: str
    """``CodCollBen``: its code at the poste."""
    cod_bud: str = ""
    """``CodBudBen``: absent stands for ``00``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prelevement(EcritAutrement):
    """A debit that the authority hands to its bank (``InfoPrelevement``, recette, §3.5)."""

    nature: str
    """``NatPrel``: 01 by the Trésor, 02 by the authority."""
    periodicite: str
    """``PerPrel``: 01 to 07; 07 (once) is preferred."""
    date_prelevement: date
    """``DtePrel``: day of the debit."""
    montant: Decimal
    """``MtPrel``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrelevementSepa(Prelevement):
    """A SEPA debit made by the Trésor (``InfoPrelevementSEPA``, recette, §3.5)."""

    sequence: str
    """``SequencePres``: 01 OOFF, 02 FRST, 03 RCUR, 04 FNAL."""
    date_signature: date
    """``DateSignMandat``: day when the debtor signed the SEPA mandate."""
    rum: str
    """``RefUniMdt``: reference of the SEPA mandate, at most 35 characters."""
    libelle: str = ""
    """``LibPrel``: text on the debtor's statement, at most 140 characters."""
    ancienne_rum: str = ""
    """``AncienRUM``: former reference of the mandate."""
    ancien_ics: str = ""
    """``AncienICS``: former NNE (6 digits) or former ICS (13 characters)."""
    ancien_creancier: str = ""
    """``AncienTiersCreancier``: former name of the creditor."""
    ancienne_banque: bool | None = None
    """``AncienneBanque``: the debtor changed bank."""
    ancien_iban: str = ""
    """``AncienIBAN``: former account of the debtor."""
    titulaire_different: bool | None = None
    """``TitCpteDiff``: the holder of the account is not the debtor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assure(EcritAutrement):
    """Health insurance of a patient (``InfoAssure``, recette, hospitals)."""

    debiteur_assure: str
    """``CodAssDeb``: whether the debtor is the insured: 1 yes, 2 no, 3 unknown."""
    ayant_droit: str = ""
    """``CodAyantDroit``: 01 spouse, 02 child, 03 others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recouvrement(EcritAutrement):
    """A collection (``Recouvrement``, recette): the norm has it, no ordonnateur sends it."""

    type_flux: str
    """``TypFlux``: 01 or 02."""
    mode_reglement: str
    """``ModRegl``: 01 to 09."""
    date_recouvrement: date
    """``DteReco``."""
    encaissement: int
    """``IdEncaissement``: number of the collection."""
    montant: Decimal
    """``MtReco``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TvaHlm(EcritAutrement):
    """TVA of social housing bodies (``InfoTVAHLM``, dépense, M31 only)."""

    recuperation: bool
    """``RecTVA``: the TVA can be recovered."""
    mt_ht_restant: Decimal
    """``MtHtRes``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationSpecifique(EcritAutrement):
    """A special operation (``OpSpec``, dépense)."""

    code: str
    """``CodOpSpec``: 01 to 05; the norm gives no labels."""
    identifiant: str
    """``IdOpSpec``: at most 15 letters and digits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ligne(EcritAutrement):
    """One line of a pièce: one imputation, one tiers (``LigneDePiece``)."""

    numero: int
    """``IdLigne``, from 1."""
    objet: str = ""
    """``ObjLignePce`` (recette only), at most 160 characters."""
    nature: str
    """``Nature``: account, digits only."""
    fonction: str = ""
    """``Fonction``: digits; leading zeros matter."""
    operation: str = ""
    """``Operation``: ten characters; digits only in dépense."""
    code_produit: str = ""
    """``CodProdLoc`` (recette, mandatory there): local product code, four characters."""
    finess_geographique: str = ""
    """``FinGeo`` (recette, hospitals): FINESS of the site."""
    code_etablissement: str = ""
    """``CodEtGeo`` (recette, hospitals): local code of the site."""
    compte_analytique: str = ""
    """``CptAna`` (dépense): analytic account."""
    mt_ht: Decimal
    """``MtHT``: the whole amount when there is no TVA."""
    mt_tva: Decimal | None = None
    """``MtTVA``."""
    tx_tva: Decimal | None = None
    """``TxTva`` (recette), in percent."""
    majoration: bool = False
    """``Majo`` (recette): the line is a surcharge, with its date and rate."""
    date_majoration: date | None = None
    """``DteMajo`` (recette)."""
    tx_majoration: Decimal | None = None
    """``TxMajo`` (recette), in percent."""
    mt_non_majorable: Decimal | None = None
    """``MtNonMajo`` (recette): part on which no surcharge is counted, in euros."""
    tva_intracommunautaire: bool = False
    """``TvaIntraCom`` (recette) or ``TVAIntraCom`` (dépense)."""
    compte_tiers: str = ""
    """``CpteTiers``: account received in the retour that this line regularises."""
    mt_facture_ht: Decimal | None = None
    """``MtFactHT`` (dépense): amount of the invoice when it differs from ``MtHT``."""
    mode_reglement: str = ""
    """``ModRegl`` (dépense): 03 transfer, 01 cash… (§4.3)."""
    facture: str = ""
    """``Facture`` (dépense): number of the supplier's invoice, at most 20 characters."""
    lib_vir1: str = ""
    """``LibVir1`` (dépense): text on the beneficiary's statement, at most 70 characters."""
    lib_vir2: str = ""
    """``LibVir2`` (dépense): rest of that text."""
    beneficiaire: CollectiviteBeneficiaire | None = None
    """``InfoCollBen`` (recette, ORMC of several authorities)."""
    pj: tuple[PJRef, ...] = ()
    """``PJRef`` of the line itself."""
    prelevement: Prelevement | None = None
    """``InfoPrelevement`` (recette); never together with ``prelevement_sepa``."""
    prelevement_sepa: PrelevementSepa | None = None
    """``InfoPrelevementSEPA`` (recette)."""
    assure: Assure | None = None
    """``InfoAssure`` (recette, hospitals)."""
    tva_hlm: TvaHlm | None = None
    """``InfoTVAHLM`` (dépense)."""
    operation_specifique: OperationSpecifique | None = None
    """``OpSpec`` (dépense)."""
    tiers: tuple[Tiers, ...]
    """One in dépense; in recette the main debtor first, then the co-debtors."""
    rattachement: RattachPiece | None = None
    """``RattachPiece``."""
    marche: str = ""
    """``IdMarche``: number of the contract at Hélios."""
    caution: str = ""
    """``IdCaution`` (recette): guarantee."""
    regie: str = ""
    """``IdRegie``."""
    emprunt: str = ""
    """``IdEmpruntOrdo``."""
    inventaire: str = ""
    """``IdActif``."""
    convention: str = ""
    """``IdConv``: number that Hélios gave to the agreement."""
    recouvrements: tuple[Recouvrement, ...] = ()
    """``Recouvrement`` (recette): internal to the administration."""

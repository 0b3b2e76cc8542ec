"""What a PES_Aller says, as values: budget, bordereaux, pièces, lignes, tiers, pièces jointes.

Fields carry the content of one element of the norm (helios dossier §2 to §5). An empty text or
``None`` means that the element is omitted: in a PES an absent element and an empty one differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from demat.amounts import total

__all__ = [
    "Adresse",
    "Bordereau",
    "Budget",
    "Compte",
    "Dgp",
    "Domaine",
    "EmetteurPes",
    "Ligne",
    "PJRef",
    "PesAller",
    "PieceComptable",
    "PieceJointe",
    "RattachPiece",
    "Tiers",
]


class Domaine(StrEnum):
    """Which half of the accounts a bordereau belongs to."""

    DEPENSE = "depense"
    """Mandats: ``PES_DepenseAller``."""
    RECETTE = "recette"
    """Titres: ``PES_RecetteAller``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One budget as the comptable knows it: one file carries exactly one (``EnTetePES``, §2.6)."""

    id_post: str
    """``IdPost``: codique of the poste comptable, 6 or 7 characters."""
    siret: str
    """``IdColl``: SIRET of the budget, 14 digits."""
    cod_col: str
    """``CodCol``: code of the authority at the poste, three digits; given by the comptable."""
    cod_bud: str
    """``CodBud``: code of the budget, ``00`` for the main one; given by the comptable."""
    libelle: str
    """``LibelleColBud``: name of the authority or budget, at most 38 characters."""
    fin_jur: str = ""
    """``FinJur``: FINESS of a health establishment (M21, M22); empty for everybody else."""

    @property
    def codes(self) -> tuple[str, str, str]:
        """The three codes by which Hélios finds the budget: poste, collectivité, budget."""
        return (self.id_post, self.cod_col, self.cod_bud)


@dataclass(frozen=True, kw_only=True, slots=True)
class EmetteurPes:
    """Who made the file (``Enveloppe/Emetteur``)."""

    sigle: str
    """``Sigle``: the software editor, at most 32 characters."""
    adresse: str
    """``Adresse``: name and version of the software, at most 38 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceJointe:
    """One attachment carried by the file (``PES_PJ/PJ``, §5.1)."""

    id_unique: str
    """``IdUnique``: letters and digits, unique for ever in the authority."""
    name: str
    """``NomPJ``: file name with an extension of 2 to 4 characters, at most 100."""
    content: bytes
    """The original file; the writer compresses and encodes it."""
    mime_type: str
    """``Fichier/@MIMEType``, such as ``application/pdf``."""
    type_pj: str
    """``TypePJ``: ``002`` supporting document of a titre, ``003`` of a mandat… (§5.3)."""
    description: str
    """``Description``: what the document is, at most 250 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PJRef:
    """A pointer from a pièce to one of its supporting documents (§5.2)."""

    support: str = "01"
    """``Support``: 01 electronic, 02 paper, 03 disc."""
    id_unique: str
    """``IdUnique`` of the attachment."""
    name: str
    """``NomPJ``: free name, at most 100 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adresse:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Compte:
    """The bank account of a tiers (``CpteBancaire``, IBAN branch)."""

    iban: str
    """``IBAN``: capitals, no blank."""
    bic: str = ""
    """``BIC``: 8 or 11 characters; the 2015 schemas demand it."""
    titulaire: str
    """``TitCpte``: holder as the bank writes it, at most 32 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiers:
    """The creditor of a mandat or the debtor of a titre (``Tiers``, §3.6)."""

    id_tiers: str = ""
    """``IdTiers``: SIRET, SIREN… as ``nat_id_tiers`` says; both or none."""
    nat_id_tiers: str = ""
    """``NatIdTiers``: 01 SIRET, 02 SIREN, 03 FINESS, 04 NIR…"""
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
    adresse: Adresse
    """``Adresse``."""
    compte: Compte | None = None
    """``CpteBancaire``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RattachPiece:
    """The earlier pièce that this line reduces, cancels or regularises (§3.4, §4.3)."""

    nature: str
    """``NatPceOrig``: 01 is a titre in recette and a **mandat** in dépense; 02 is the converse."""
    exercice: int
    """``ExerRat``."""
    piece: int
    """``IdPceOrig``: number of the original pièce."""
    ligne: int | None
    """``IdLigneOrig``; ``None`` when the kind of attachment forbids it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ligne:
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
    mt_ht: Decimal
    """``MtHT``: the whole amount when there is no TVA."""
    mt_tva: Decimal | None = None
    """``MtTVA``."""
    tx_tva: Decimal | None = None
    """``TxTva`` (recette), in percent."""
    mode_reglement: str = ""
    """``ModRegl`` (dépense): 03 transfer, 01 cash… (§4.3)."""
    facture: str = ""
    """``Facture`` (dépense): number of the supplier's invoice, at most 20 characters."""
    lib_vir1: str = ""
    """``LibVir1`` (dépense): text on the beneficiary's statement, at most 70 characters."""
    lib_vir2: str = ""
    """``LibVir2`` (dépense)."""
    tiers: tuple[Tiers, ...]
    """One in dépense; in recette the main debtor first, then the co-debtors."""
    rattachement: RattachPiece | None = None
    """``RattachPiece``."""
    marche: str = ""
    """``IdMarche``: number of the contract at Hélios."""
    regie: str = ""
    """``IdRegie``."""
    emprunt: str = ""
    """``IdEmpruntOrdo``."""
    inventaire: str = ""
    """``IdActif``."""
    convention: str = ""
    """``IdConv``: number that Hélios gave to the agreement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dgp:
    """The legal time limit for paying a supplier (``DGP``, dépense)."""

    debut: date
    """``DteDebDgp``: reception of the invoice or service rendered."""
    fin: date
    """``DteFinDgp``: last day to pay, suspensions included."""
    duree: int
    """``DureeDgp``: days, suspensions excluded."""
    eligible: bool = True
    """``Dgp``: written 0 when the payment *is* subject to the limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceComptable:
    """One mandat or one titre."""

    numero: int
    """``IdPce``: number of the mandat or titre in the exercice."""
    typ_pce: str
    """``TypPce``: 01 ordinary, 02 corrective… (§3.2, §4.2)."""
    nat_pce: str
    """``NatPce``: 01 fonctionnement, 02 investissement, 06 annulation-réduction…"""
    objet: str
    """``Obj`` (dépense, 100 characters) or ``ObjPce`` (recette, 160)."""
    service: str = ""
    """``CodServ``: issuing service, at most 10 characters."""
    date_asap: date | None = None
    """``DteAsp`` (recette): day the authority itself sends the avis des sommes à payer."""
    pj: tuple[PJRef, ...] = ()
    """``PJRef``."""
    lignes: tuple[Ligne, ...]
    """``LigneDePiece``, at least one."""
    dgp: Dgp | None = None
    """``DGP`` (dépense)."""
    edition: str = ""
    """``Edition`` (recette): who prints the avis; the 2015 schemas only know ``01`` (§3.7)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bordereau:
    """One bordereau récapitulatif: the unit that the ordonnateur signs and that Hélios accepts."""

    id: str
    """``@Id``: what the signature points to; starts with a letter, unique in the file."""
    domaine: Domaine
    """Mandats or titres."""
    exercice: int
    """``Exer``: year of the accounts."""
    numero: int
    """``IdBord``: unique per exercice, ``typ_bord`` and budget."""
    date_emission: date
    """``DteBordEm``."""
    typ_bord: str
    """``TypBord``: 01 ordinary, 02 annulation-réduction, 03 orders…"""
    mt_cumul_annuel: Decimal | None = None
    """``MtCumulAnnuel``: total issued in the exercice, this bordereau included; signed flows."""
    pieces: tuple[PieceComptable, ...]
    """``Piece``, at least one."""

    @property
    def mt_ht(self) -> Decimal:
        """The total of the lines' ``MtHT``, in euros."""
        return total(ligne.mt_ht for ligne in self._lignes())

    @property
    def mt_tva(self) -> Decimal:
        """The total of the lines' ``MtTVA``, in euros; zero when no line carries any."""
        return total(ligne.mt_tva for ligne in self._lignes() if ligne.mt_tva is not None)

    def _lignes(self) -> Iterator[Ligne]:
        return (ligne for piece in self.pieces for ligne in piece.lignes)


@dataclass(frozen=True, kw_only=True, slots=True)
class PesAller:
    """One file for the comptable: one budget, one domain, its bordereaux and attachments."""

    nom_fic: str
    """``NomFic``: the key by which the acquit is matched, never used twice."""
    typ_fic: str = "PESALR2"
    """``TypFic``: ``PESALR2``, or ``PESORMC`` for a rôle."""
    id: str
    """``@Id`` of the root."""
    emetteur: EmetteurPes
    """Who made the file."""
    budget: Budget
    """Whose accounts."""
    date: date
    """``DteStr``: day the file was made."""
    dematerialise: bool
    """``InfoDematerialisee``: true if and only if the file is going to be signed (§7.3)."""
    bordereaux: tuple[Bordereau, ...]
    """Bordereaux, all of the same domain."""
    pieces_jointes: tuple[PieceJointe, ...] = ()
    """Attachments carried by this file."""

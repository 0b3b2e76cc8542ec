"""What a PES_Aller says, as values: budget, bordereaux, pièces, lignes, tiers, pièces jointes.

Fields carry the content of one element of the norm (helios dossier §2 to §5). An empty text or
``None`` means that the element is omitted: in a PES an absent element and an empty one differ; an
element that a file gave empty is remembered by ``formes`` (``demat.helios.model_base``).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from demat.amounts import total
from demat.helios.model_base import EcritAutrement
from demat.helios.model_lignes import (
    Assure,
    CollectiviteBeneficiaire,
    Ligne,
    OperationSpecifique,
    Prelevement,
    PrelevementSepa,
    RattachPiece,
    Recouvrement,
    TvaHlm,
)
from demat.helios.model_pj import EnTetePJ, FichierLu, PieceJointe, PJRef, RefCompta
from demat.helios.model_tiers import Adresse, Compte, LieuNaissance, Tiers

__all__ = [
    "NAMESPACE",
    "Adresse",
    "Assure",
    "Bordereau",
    "Budget",
    "CollectiviteBeneficiaire",
    "Compte",
    "Dgp",
    "Domaine",
    "EmetteurPes",
    "EnTeteDomaine",
    "EnTetePJ",
    "FichierLu",
    "LieuNaissance",
    "Ligne",
    "OperationSpecifique",
    "PJRef",
    "PesAller",
    "PieceComptable",
    "PieceJointe",
    "Prelevement",
    "PrelevementSepa",
    "RattachPiece",
    "RecepteurPes",
    "Recouvrement",
    "RefCompta",
    "Tiers",
    "Totaux",
    "TvaHlm",
]

NAMESPACE = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"


class Domaine(StrEnum):
    """Which half of the accounts a bordereau belongs to."""

    DEPENSE = "depense"
    """Mandats: ``PES_DepenseAller``."""
    RECETTE = "recette"
    """Titres: ``PES_RecetteAller``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget(EcritAutrement):
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
    libelle_poste: str = ""
    """``LibellePoste``: name of the poste comptable."""

    @property
    def codes(self) -> tuple[str, str, str]:
        """The three codes by which Hélios finds the budget: poste, collectivité, budget."""
        return (self.id_post, self.cod_col, self.cod_bud)


@dataclass(frozen=True, kw_only=True, slots=True)
class EmetteurPes(EcritAutrement):
    """Who made the file (``Enveloppe/Emetteur``)."""

    sigle: str
    """``Sigle``: the software editor, at most 32 characters."""
    adresse: str
    """``Adresse``: name and version of the software, at most 38 characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecepteurPes(EcritAutrement):
    """Who is to read the file (``Enveloppe/Recepteur``); free, often absent."""

    sigle: str = ""
    """``Sigle``: such as ``HELIOS``."""
    adresse: str = ""
    """``Adresse``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnTeteDomaine(EcritAutrement):
    """The header of the dépense or recette part (``EnTeteDepense``, ``EnTeteRecette``)."""

    version: int = 2
    """``IdVer``: 2, else the file is refused."""
    dematerialise: bool | None = None
    """``InfoDematerialisee``; absent counts as false."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dgp(EcritAutrement):
    """The legal time limit for paying a supplier (``DGP``, dépense)."""

    debut: date
    """``DteDebDgp``: reception of the invoice or service rendered."""
    fin: date
    """``DteFinDgp``: last day to pay, suspensions included."""
    duree: int
    """``DureeDgp``: days, suspensions excluded."""
    eligible: bool = True
    """``Dgp``: written 0 when the payment *is* subject to the limit."""
    code_interets: str = ""
    """``CodIntMor``: rate of the interest on late payment: 01 legal, 02 ECB, 03 other."""
    taux_interets: Decimal | None = None
    """``TxIntMor``: that rate, in percent, below 100."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceComptable(EcritAutrement):
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
    affectation: str = ""
    """``Affect``: routing key agreed with the comptable, at most 10 characters."""
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
    role: int | None = None
    """``IdRol`` (recette, triplet 01-06-01): number of the rôle, its ``IdBord``."""
    debut_facturation: date | None = None
    """``DebFact`` (recette, M21 and M22 only)."""
    fin_facturation: date | None = None
    """``FinFact`` (recette, M21 and M22 only)."""
    num_dette: str = ""
    """``NumDette`` (ORMC): number of the invoice, at most 15 digits."""
    periode: str = ""
    """``Per`` (ORMC): period, one digit."""
    cle1: str = ""
    """``Cle1`` (ORMC): key, one digit (§3.8)."""
    cle2: str = ""
    """``Cle2`` (ORMC): key, one letter."""
    numero_facture: str = ""
    """``NumeroFacture`` (recette, Chorus Pro): demanded with Edition 02 and 03."""
    numero_marche: str = ""
    """``NumeroMarche`` (recette, Chorus Pro)."""
    numero_engagement: str = ""
    """``NumeroEngagement`` (recette, Chorus Pro)."""
    code_service: str = ""
    """``CodeService`` (recette, Chorus Pro): service of the debtor."""
    nom_service: str = ""
    """``NomService`` (recette, Chorus Pro)."""
    date_echeance: date | None = None
    """``DteEch`` (dépense): day on which payment is wished."""
    pj_papier: str = ""
    """``PJ`` (dépense): free text that lists supporting documents on paper."""
    carte_achat: bool | None = None
    """``CarteAchatNiveau1`` (dépense): paid by purchase card, level 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Totaux:
    """The count and sums that a bordereau announces."""

    nbr_pce: int
    """``NbrPce``."""
    mt_ht: Decimal
    """``MtBordHT`` or ``MtBordHt``, in euros."""
    mt_tva: Decimal | None
    """``MtBordTVA``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bordereau(EcritAutrement):
    """One bordereau récapitulatif: the unit that the ordonnateur signs and that Hélios accepts."""

    id: str
    """``@Id``: what the signature points to; starts with a letter, unique in the file; empty when
    the element has none."""
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
    totaux: Totaux | None = None
    """What a file announces when its pièces add up to something else; ``None``: their sums."""
    date_asap: date | None = None
    """``DteAsp`` (recette, ORMC): day of the avis for the articles that give none."""
    objet: str = ""
    """``Objet`` (recette, ORMC): object of the rôle, at most 160 characters."""
    signature: bytes = b""
    """``ds:Signature`` as XML. It holds for the bytes that it was read from: a file written anew
    has other blanks, so it must be signed anew."""

    @property
    def mt_ht(self) -> Decimal:
        """The total of the lines' ``MtHT``, in euros."""
        return total(ligne.mt_ht for ligne in self._lignes())

    @property
    def mt_tva(self) -> Decimal:
        """The total of the lines' ``MtTVA``, in euros; zero when no line carries any."""
        return total(ligne.mt_tva for ligne in self._lignes() if ligne.mt_tva is not None)

    @property
    def announced(self) -> Totaux:
        """The count and sums to write."""
        summed = Totaux(nbr_pce=len(self.pieces), mt_ht=self.mt_ht, mt_tva=self.mt_tva or None)
        return self.totaux or summed

    def _lignes(self) -> Iterator[Ligne]:
        return (ligne for piece in self.pieces for ligne in piece.lignes)


@dataclass(frozen=True, kw_only=True, slots=True)
class PesAller(EcritAutrement):
    """One file for the comptable: one budget, its bordereaux and attachments."""

    nom_fic: str
    """``NomFic``: the key by which the acquit is matched, never used twice."""
    typ_fic: str = "PESALR2"
    """``TypFic``: ``PESALR2``, or ``PESORMC`` for a rôle."""
    version: int = 2
    """``Version`` of the protocol: 2."""
    id: str
    """``@Id`` of the root; empty when it has none."""
    emetteur: EmetteurPes
    """Who made the file."""
    recepteur: RecepteurPes | None = None
    """Who is to read it."""
    budget: Budget
    """Whose accounts."""
    date: date
    """``DteStr``: day the file was made."""
    dematerialise: bool
    """``InfoDematerialisee``: true if and only if the file is going to be signed (§7.3)."""
    entete_depense: EnTeteDomaine | None = None
    """``EnTeteDepense`` when it says something else than version 2 and ``dematerialise``."""
    entete_recette: EnTeteDomaine | None = None
    """``EnTeteRecette``, likewise."""
    bordereaux: Iterable[Bordereau]
    """Bordereaux, all of the same domain as a rule. An iterator is read once while writing, so that
    a file needs no more memory than its largest bordereau; it gives dépense before recette."""
    autres: tuple[bytes, ...] = ()
    """``PES_Facture`` then ``PES_Marche`` as XML: transported, not interpreted."""
    entete_pj: EnTetePJ | None = None
    """``EnTetePES_PJ``; ``None``: version 1 if there are attachments, no ``PES_PJ`` if none."""
    pieces_jointes: Iterable[PieceJointe] = ()
    """Attachments carried by this file; an iterator is read once while writing."""
    signature: bytes = b""
    """``ds:Signature`` of the whole file, as XML; see ``Bordereau.signature``."""
    espaces: tuple[tuple[str, str], ...] = (("n", NAMESPACE),)
    """Namespaces declared on the root: prefix, URI; one prefix for the namespace of the norm."""
    attributs: tuple[tuple[str, str], ...] = ()
    """Attributes ``xsi:…`` of the root, names in ``{URI}name`` form."""

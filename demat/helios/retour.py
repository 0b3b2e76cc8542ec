"""PES_Retour: what the comptable did with the pièces, as far as an agent wants to see it (§8.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from demat.amounts import CENT, total
from demat.helios.model import Domaine
from demat.helios.read import read_montant, read_whole
from demat.xmlio import Element, line_of, parse_untrusted, value, values

__all__ = ["LigneRetour", "PieceRetour", "Reglement", "Retour", "TiersRetour", "parse_retour"]

_BRANCHES = (
    (Domaine.DEPENSE, "PES_DepenseRetour", "EnTeteDepense", "InfoPiece"),
    (Domaine.RECETTE, "PES_RecetteRetour", "EnTeteRecette", "BlocPiece"),
)
_ETATS_PIECE = {
    Domaine.DEPENSE: {
        "01": "en instance",
        "02": "prise en charge",
        "04": "rejetée",
        "05": "soldée",
    },
    Domaine.RECETTE: {
        "01": "en instance",
        "02": "prise en charge",
        "03": "prise en charge partielle",
        "04": "rejetée",
        "05": "annulée",
    },
}
_PAID = {
    Domaine.DEPENSE: "BlocLignePiece/InfoPaiement/MtPayTot",
    Domaine.RECETTE: "BlocLignePiece/InfoRecouvrement/MtRecoTot",
}


_REGULARISATIONS = {Domaine.DEPENSE: ("04", "12"), Domaine.RECETTE: ("05", "13")}
"""TypBord and TypPce of what was paid before its mandat, or collected before its titre."""
_REGLEMENTS = {
    Domaine.DEPENSE: ("PaiementEmargement", "DtePay", "MtPay"),
    Domaine.RECETTE: ("EncaissementEmargement", "DteReco", "MtReco"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reglement:
    """One payment (dépense) or one collection (recette) on a line."""

    origine: str
    """``OrgEma``, as coded."""
    date: str
    """``DtePay`` or ``DteReco``, as written."""
    montant: Decimal | None
    """``MtPay`` or ``MtReco``, in euros."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TiersRetour:
    """Who pays or is paid, as the comptable knows them: a help to write a régularisation.

    Never a key: ``IdTiers`` may have been replaced by a number of the administration (§8.3).
    """

    nom: str
    """``Nom``."""
    prenom: str = ""
    """``Prenom``."""
    cat_tiers: str = ""
    """``CatTiers``."""
    nat_jur: str = ""
    """``NatJur``."""
    civilite: str = ""
    """``Civilite``."""
    ref_tiers: str = ""
    """``RefTiers``: code of the tiers in the software of the authority."""
    adresse: tuple[str, str, str] = ("", "", "")
    """``Adr1``, ``Adr2``, ``Adr3``; empty when the comptable took it from La Poste."""
    cp: str = ""
    """``CP``."""
    ville: str = ""
    """``Ville``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LigneRetour:
    """One line of a returned pièce."""

    numero: int
    """``IdLigne``; 0 when unreadable."""
    etat: str
    """``EtatLigPce``, as coded."""
    observations: tuple[str, ...]
    """``ObsEtat``: codes of the reasons."""
    commentaire: str
    """``Commentaire`` of the comptable."""
    mt_ht: Decimal | None
    """``MtHT``, in euros."""
    mt_regle: Decimal | None
    """Paid (dépense) or collected (recette) so far, in euros."""
    reglements: tuple[Reglement, ...] = ()
    """Each payment or collection, in document order."""
    mt_tva: Decimal | None = None
    """``MtTVA``, in euros."""
    cpte_tiers: str = ""
    """``CpteTiers``: account that a régularisation must repeat."""
    tiers: TiersRetour | None = None
    """The first ``Tiers`` of the line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceRetour:
    """One returned mandat or titre."""

    domaine: Domaine
    """Mandat or titre."""
    exercice: int
    """``Exer`` of its bordereau; 0 when unreadable."""
    bordereau: int
    """``IdBord``; 0 when unreadable."""
    typ_bord: str
    """``TypBord``: 04 and 05 ask for a régularisation."""
    numero: int
    """``IdPce``; 0 when unreadable."""
    objet: str
    """``Obj``."""
    etat: str
    """``EtatPce``, as coded."""
    etat_libelle: str
    """The state in words; empty for a code that we do not know."""
    date_prise_en_charge: str
    """``DtePcePec``, as written; empty when never taken in charge."""
    date_rejet: str
    """``DtePceRej``, as written; empty when not rejected."""
    observations: tuple[str, ...]
    """``ObsEtat`` of the pièce: codes of the reasons."""
    commentaire: str
    """``Commentaire`` of the comptable on the pièce."""
    lignes: tuple[LigneRetour, ...]
    """``LigneDePiece``."""
    line: int | None = None
    """Line of the file where the pièce starts."""
    typ_pce: str = ""
    """``TypPce``: 12 (dépense) and 13 (recette) ask for a mandat or a titre."""
    nat_pce: str = ""
    """``NatPce``."""

    @property
    def mt_ttc(self) -> Decimal:
        """Total of the lines, TVA included, in euros."""
        amounts = [one for ligne in self.lignes for one in (ligne.mt_ht, ligne.mt_tva)]
        return total(one for one in amounts if one is not None)

    @property
    def a_regulariser(self) -> bool:
        """Whether money moved first: a mandat or a titre must now be issued (§8.3)."""
        bord, pce = _REGULARISATIONS[self.domaine]
        return self.typ_bord == bord or self.typ_pce == pce

    @property
    def numero_perdu(self) -> bool:
        """Whether the number can never be used again: rejected after having been accepted."""
        return bool(self.date_prise_en_charge and self.date_rejet)

    @property
    def mt_regle(self) -> Decimal:
        """Total paid or collected on the pièce, in euros."""
        return total(ligne.mt_regle for ligne in self.lignes if ligne.mt_regle is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retour:
    """A PES_Retour: for whom, and the state of each pièce."""

    nom_fic: str
    """``NomFic`` of the retour itself: not a key to any file sent."""
    typ_fic: str
    """``TypFic``."""
    date: str
    """``DteStr``, as written."""
    id_post: str
    """``IdPost``."""
    id_coll: str
    """``IdColl``: SIRET."""
    cod_col: str
    """``CodColl`` (spelled so in retours)."""
    cod_bud: str
    """``CodBud``."""
    typ_restit: str
    """``TypRestit``: 01 rejets and instances of the day, 02 periodic, 03 stock."""
    pieces: tuple[PieceRetour, ...]
    """All pièces, dépense then recette."""


def parse_retour(content: bytes) -> Retour:
    """Read a PES_Retour leniently: real ones carry codes that the schemas do not list.

    :raises FaultError: ``XML-…`` when it is not XML or its root is not ``PES_Retour``.
    """
    root = parse_untrusted(content, root="PES_Retour")
    restit = [
        found
        for _, branch, head, _ in _BRANCHES
        for found in values(root, f"{branch}/{head}/TypRestit")
    ]
    return Retour(
        nom_fic=_text(root, "Enveloppe/Parametres/NomFic"),
        typ_fic=_text(root, "Enveloppe/Parametres/TypFic"),
        date=_text(root, "EnTetePES/DteStr"),
        id_post=_text(root, "EnTetePES/IdPost"),
        id_coll=_text(root, "EnTetePES/IdColl"),
        cod_col=_text(root, "EnTetePES/CodColl") or _text(root, "EnTetePES/CodCol"),
        cod_bud=_text(root, "EnTetePES/CodBud"),
        typ_restit=restit[0] if restit else "",
        pieces=tuple(_pieces(root)),
    )


def _pieces(root: Element) -> Iterator[PieceRetour]:
    for domaine, branch, _, bloc in _BRANCHES:
        for bordereau in root.iterfind(f"{branch}/Bordereau"):
            for node in bordereau.iterfind("Piece"):
                yield _piece(node, bordereau, domaine, bloc + "/")


def _piece(node: Element, bordereau: Element, domaine: Domaine, bloc: str) -> PieceRetour:
    etat = _text(node, bloc + "EtatPce")
    return PieceRetour(
        domaine=domaine,
        exercice=read_whole(_text(bordereau, "BlocBordereau/Exer")) or 0,
        bordereau=read_whole(_text(bordereau, "BlocBordereau/IdBord")) or 0,
        typ_bord=_text(bordereau, "BlocBordereau/TypBord"),
        numero=read_whole(_text(node, bloc + "IdPce")) or 0,
        objet=_text(node, bloc + "Obj") or _text(node, bloc + "ObjPce"),
        etat=etat,
        etat_libelle=_ETATS_PIECE[domaine].get(etat, ""),
        date_prise_en_charge=_text(node, bloc + "DtePcePec"),
        date_rejet=_text(node, bloc + "DtePceRej"),
        observations=_observations(_text(node, bloc + "ObsEtat")),
        commentaire=_text(node, bloc + "Commentaire"),
        lignes=tuple(_ligne(ligne, domaine) for ligne in node.iterfind("LigneDePiece")),
        line=line_of(node),
        typ_pce=_text(node, bloc + "TypPce"),
        nat_pce=_text(node, bloc + "NatPce"),
    )


def _ligne(node: Element, domaine: Domaine) -> LigneRetour:
    info = "BlocLignePiece/InfoLignePiece/"
    return LigneRetour(
        numero=read_whole(_text(node, info + "IdLigne")) or 0,
        etat=_text(node, info + "EtatLigPce"),
        observations=_observations(_text(node, info + "ObsEtat")),
        commentaire=_text(node, info + "Commentaire"),
        mt_ht=_signed(_text(node, info + "MtHT")),
        mt_regle=_signed(_text(node, _PAID[domaine])),
        reglements=tuple(_reglements(node, domaine)),
        mt_tva=_signed(_text(node, info + "MtTVA")),
        cpte_tiers=_text(node, info + "CpteTiers"),
        tiers=_tiers(node),
    )


def _signed(text: str) -> Decimal | None:
    """Return an amount to the cent; retours, unlike allers, may carry negative ones."""
    stripped = text.strip()
    amount = read_montant(stripped.removeprefix("-"))
    if amount is None:
        return None
    return (-amount if stripped.startswith("-") else amount).quantize(CENT)


def _tiers(node: Element) -> TiersRetour | None:
    found = node.find("Tiers")
    if found is None:
        return None
    info, adresse = "InfoTiers/", "Adresse/"
    return TiersRetour(
        nom=_text(found, info + "Nom"),
        prenom=_text(found, info + "Prenom"),
        cat_tiers=_text(found, info + "CatTiers"),
        nat_jur=_text(found, info + "NatJur"),
        civilite=_text(found, info + "Civilite"),
        ref_tiers=_text(found, info + "RefTiers"),
        adresse=(
            _text(found, adresse + "Adr1").strip(),
            _text(found, adresse + "Adr2").strip(),
            _text(found, adresse + "Adr3").strip(),
        ),
        cp=_text(found, adresse + "CP"),
        ville=_text(found, adresse + "Ville"),
    )


def _reglements(node: Element, domaine: Domaine) -> Iterator[Reglement]:
    block, day, amount = _REGLEMENTS[domaine]
    for found in node.iterfind(block):
        yield Reglement(
            origine=_text(found, "OrgEma"),
            date=_text(found, day),
            montant=_signed(_text(found, amount)),
        )


def _observations(text: str) -> tuple[str, ...]:
    """Split codes joined by dashes, as ``01-06``."""
    return tuple(code.strip() for code in text.split("-") if code.strip())


def _text(node: Element, path: str) -> str:
    return value(node, path) or ""

"""Tables of ``PES_DepenseAller`` (helios dossier §4)."""

from demat.helios.grammar import Block, Part, Scalar, Shape
from demat.helios.grammar_codecs import ANNEE, BOOLEEN, DATE, ENTIER, INVERSE, MONTANT, TVA
from demat.helios.grammar_commun import ADRESSE, COMPTE, PJ_REF, RATTACHEMENT
from demat.helios.model import (
    Bordereau,
    Dgp,
    Ligne,
    OperationSpecifique,
    PieceComptable,
    Tiers,
    TvaHlm,
)

__all__ = ["BORDEREAU", "PIECE"]

_DGP = Shape(
    Dgp,
    (
        Scalar("Dgp", "eligible", INVERSE),
        Scalar("DteDebDgp", "debut", DATE),
        Scalar("DteFinDgp", "fin", DATE),
        Scalar("DureeDgp", "duree", ENTIER),
        Scalar("CodIntMor", "code_interets"),
        Scalar("TxIntMor", "taux_interets", MONTANT),
    ),
)
_TVA_HLM = Shape(
    TvaHlm,
    (
        Scalar("RecTVA", "recuperation", BOOLEEN),
        Scalar("MtHtRes", "mt_ht_restant", MONTANT),
    ),
)
_OP_SPEC = Shape(
    OperationSpecifique,
    (
        Scalar("CodOpSpec", "code"),
        Scalar("IdOpSpec", "identifiant"),
    ),
)
_TIERS = Shape(
    Tiers,
    (
        Block(
            "InfoTiers",
            (
                Scalar("IdTiers", "id_tiers"),
                Scalar("NatIdTiers", "nat_id_tiers"),
                Scalar("DteIdTiers", "date_id_tiers", DATE),
                Scalar("RefTiers", "ref_tiers"),
                Scalar("CatTiers", "cat_tiers"),
                Scalar("NatJur", "nat_jur"),
                Scalar("Civilite", "civilite"),
                Scalar("Nom", "nom"),
                Scalar("ComplNom", "compl_nom"),
                Scalar("Prenom", "prenom"),
            ),
        ),
        Part("Adresse", "adresse", ADRESSE),
        Part("CpteBancaire", "compte", COMPTE),
    ),
)
_LIGNE = Shape(
    Ligne,
    (
        Block(
            "BlocLignePiece",
            (
                Block(
                    "InfoLignePce",
                    (
                        Scalar("IdLigne", "numero", ENTIER),
                        Scalar("Nature", "nature"),
                        Scalar("Fonction", "fonction"),
                        Scalar("Operation", "operation"),
                        Scalar("CptAna", "compte_analytique"),
                        Scalar("Facture", "facture"),
                        Scalar("LibVir1", "lib_vir1"),
                        Scalar("LibVir2", "lib_vir2"),
                        Scalar("ModRegl", "mode_reglement"),
                        Scalar("TVAIntraCom", "tva_intracommunautaire", BOOLEEN),
                        Scalar("CpteTiers", "compte_tiers"),
                        Scalar("MtHT", "mt_ht", MONTANT),
                        Scalar("MtTVA", "mt_tva", TVA),
                        Scalar("MtFactHT", "mt_facture_ht", MONTANT),
                        Part("PJRef", "pj", PJ_REF, repeated=True),
                    ),
                ),
                Part("InfoTVAHLM", "tva_hlm", _TVA_HLM),
                Part("OpSpec", "operation_specifique", _OP_SPEC),
                Part("RattachPiece", "rattachement", RATTACHEMENT),
                Block(
                    "LiensIdent",
                    (
                        Scalar("IdConv", "convention"),
                        Scalar("IdMarche", "marche"),
                        Scalar("IdEmpruntOrdo", "emprunt"),
                        Scalar("IdActif", "inventaire"),
                        Scalar("IdRegie", "regie"),
                    ),
                ),
            ),
        ),
        Part("Tiers", "tiers", _TIERS, repeated=True),
    ),
)
PIECE = Shape(
    PieceComptable,
    (
        Block(
            "BlocPiece",
            (
                Block(
                    "InfoPce",
                    (
                        Scalar("CodServ", "service"),
                        Scalar("Affect", "affectation"),
                        Scalar("IdPce", "numero", ENTIER),
                        Scalar("TypPce", "typ_pce"),
                        Scalar("NatPce", "nat_pce"),
                        Scalar("Obj", "objet"),
                        Scalar("DteEch", "date_echeance", DATE),
                        Part("PJRef", "pj", PJ_REF, repeated=True),
                        Scalar("PJ", "pj_papier"),
                        Scalar("CarteAchatNiveau1", "carte_achat", BOOLEEN),
                    ),
                ),
                Part("DGP", "dgp", _DGP),
            ),
        ),
        Part("LigneDePiece", "lignes", _LIGNE, repeated=True),
    ),
)
"""A mandat."""
BORDEREAU = Shape(
    Bordereau,
    (
        Scalar("@Id", "id"),
        Block(
            "BlocBordereau",
            (
                Scalar("Exer", "exercice", ANNEE),
                Scalar("IdBord", "numero", ENTIER),
                Scalar("DteBordEm", "date_emission", DATE),
                Scalar("TypBord", "typ_bord"),
                Scalar("NbrPce", "announced.nbr_pce", ENTIER),
                Scalar("MtCumulAnnuel", "mt_cumul_annuel", MONTANT),
                Scalar("MtBordHT", "announced.mt_ht", MONTANT),
                Scalar("MtBordTVA", "announced.mt_tva", TVA),
            ),
        ),
    ),
)
"""The head of a bordereau; its pièces and its signature are read and written one by one."""

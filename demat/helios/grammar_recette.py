"""Tables of ``PES_RecetteAller`` (helios dossier §3)."""

from demat.helios.grammar import Block, Part, Scalar, Shape
from demat.helios.grammar_codecs import BOOLEEN, DATE, ENTIER, MONTANT, TVA
from demat.helios.grammar_commun import ADRESSE, COMPTE, PJ_REF, RATTACHEMENT
from demat.helios.model import (
    Assure,
    Bordereau,
    CollectiviteBeneficiaire,
    LieuNaissance,
    Ligne,
    PieceComptable,
    Prelevement,
    PrelevementSepa,
    Recouvrement,
    Tiers,
)

__all__ = ["BORDEREAU", "PIECE"]

_BENEFICIAIRE = Shape(
    CollectiviteBeneficiaire,
    (
        Scalar("IdCollBen", "siret"),
        Scalar("CodCollBen", "cod_col"),
        Scalar("CodBudBen", "cod_bud"),
    ),
)
_PRELEVEMENT_ITEMS = (
    Scalar("NatPrel", "nature"),
    Scalar("PerPrel", "periodicite"),
    Scalar("DtePrel", "date_prelevement", DATE),
    Scalar("MtPrel", "montant", MONTANT),
)
_PRELEVEMENT = Shape(Prelevement, _PRELEVEMENT_ITEMS)
_PRELEVEMENT_SEPA = Shape(
    PrelevementSepa,
    (
        *_PRELEVEMENT_ITEMS,
        Scalar("SequencePres", "sequence"),
        Scalar("DateSignMandat", "date_signature", DATE),
        Scalar("RefUniMdt", "rum"),
        Scalar("LibPrel", "libelle"),
        Scalar("AncienRUM", "ancienne_rum"),
        Scalar("AncienICS", "ancien_ics"),
        Scalar("AncienTiersCreancier", "ancien_creancier"),
        Scalar("AncienneBanque", "ancienne_banque", BOOLEEN),
        Scalar("AncienIBAN", "ancien_iban"),
        Scalar("TitCpteDiff", "titulaire_different", BOOLEEN),
    ),
)
_ASSURE = Shape(
    Assure,
    (
        Scalar("CodAssDeb", "debiteur_assure"),
        Scalar("CodAyantDroit", "ayant_droit"),
    ),
)
_LIEU_NAISSANCE = Shape(
    LieuNaissance,
    (
        Scalar("NeEnFrance", "ne_en_france", BOOLEEN),
        Block(
            "MetropoleDomCom",
            (
                Scalar("CodeDeptDomCom", "departement"),
                Scalar("CodeCommune", "code_commune"),
                Scalar("LibelleCommune", "commune"),
            ),
        ),
        Block(
            "Etranger",
            (
                Scalar("CodePays", "code_pays"),
                Scalar("LibellePays", "pays"),
            ),
        ),
    ),
)
_TIERS = Shape(
    Tiers,
    (
        Block(
            "InfoTiers",
            (
                Scalar("IdTiers", "id_tiers"),
                Scalar("DteNaissance", "date_naissance", DATE),
                Scalar("NatIdTiers", "nat_id_tiers"),
                Scalar("DteIdTiers", "date_id_tiers", DATE),
                Scalar("RefTiers", "ref_tiers"),
                Scalar("CatTiers", "cat_tiers"),
                Scalar("NatJur", "nat_jur"),
                Scalar("TypTiers", "typ_tiers"),
                Scalar("Civilite", "civilite"),
                Scalar("Nom", "nom"),
                Scalar("ComplNom", "compl_nom"),
                Scalar("Prenom", "prenom"),
                Part("LieuNaissance", "lieu_naissance", _LIEU_NAISSANCE),
            ),
        ),
        Part("Adresse", "adresse", ADRESSE),
        Part("CpteBancaire", "compte", COMPTE),
    ),
)
_RECOUVREMENT = Shape(
    Recouvrement,
    (
        Scalar("TypFlux", "type_flux"),
        Scalar("ModRegl", "mode_reglement"),
        Scalar("DteReco", "date_recouvrement", DATE),
        Scalar("IdEncaissement", "encaissement", ENTIER),
        Scalar("MtReco", "montant", MONTANT),
    ),
)
_LIGNE = Shape(
    Ligne,
    (
        Block(
            "BlocLignePiece",
            (
                Block(
                    "InfoLignePiece",
                    (
                        Scalar("IdLigne", "numero", ENTIER),
                        Scalar("ObjLignePce", "objet"),
                        Scalar("CodProdLoc", "code_produit"),
                        Scalar("FinGeo", "finess_geographique"),
                        Scalar("CodEtGeo", "code_etablissement"),
                        Scalar("Nature", "nature"),
                        Scalar("Fonction", "fonction"),
                        Scalar("Operation", "operation"),
                        Scalar("TxTva", "tx_tva", MONTANT),
                        Scalar("Majo", "majoration", BOOLEEN),
                        Scalar("DteMajo", "date_majoration", DATE),
                        Scalar("TxMajo", "tx_majoration", MONTANT),
                        Scalar("CpteTiers", "compte_tiers"),
                        Scalar("TvaIntraCom", "tva_intracommunautaire", BOOLEEN),
                        Scalar("MtHT", "mt_ht", MONTANT),
                        Scalar("MtTVA", "mt_tva", TVA),
                        Scalar("MtNonMajo", "mt_non_majorable", MONTANT),
                        Part("InfoCollBen", "beneficiaire", _BENEFICIAIRE),
                        Part("PJRef", "pj", PJ_REF, repeated=True),
                    ),
                ),
                Part("InfoPrelevement", "prelevement", _PRELEVEMENT),
                Part("InfoPrelevementSEPA", "prelevement_sepa", _PRELEVEMENT_SEPA),
                Part("InfoAssure", "assure", _ASSURE),
                Part("RattachPiece", "rattachement", RATTACHEMENT),
                Block(
                    "LiensIdent",
                    (
                        Scalar("IdConv", "convention"),
                        Scalar("IdMarche", "marche"),
                        Scalar("IdCaution", "caution"),
                        Scalar("IdEmpruntOrdo", "emprunt"),
                        Scalar("IdActif", "inventaire"),
                        Scalar("IdRegie", "regie"),
                    ),
                ),
            ),
        ),
        Part("Tiers", "tiers", _TIERS, repeated=True),
        Part("Recouvrement", "recouvrements", _RECOUVREMENT, repeated=True),
    ),
)
PIECE = Shape(
    PieceComptable,
    (
        Block(
            "BlocPiece",
            (
                Scalar("CodServ", "service"),
                Scalar("Affect", "affectation"),
                Scalar("IdPce", "numero", ENTIER),
                Scalar("TypPce", "typ_pce"),
                Scalar("NatPce", "nat_pce"),
                Scalar("IdRol", "role", ENTIER),
                Scalar("DteAsp", "date_asap", DATE),
                Scalar("Edition", "edition"),
                Scalar("ObjPce", "objet"),
                Scalar("DebFact", "debut_facturation", DATE),
                Scalar("FinFact", "fin_facturation", DATE),
                Scalar("NumDette", "num_dette"),
                Scalar("Per", "periode"),
                Scalar("Cle1", "cle1"),
                Scalar("Cle2", "cle2"),
                Part("PJRef", "pj", PJ_REF, repeated=True),
                Scalar("NumeroFacture", "numero_facture"),
                Scalar("NumeroMarche", "numero_marche"),
                Scalar("NumeroEngagement", "numero_engagement"),
                Scalar("CodeService", "code_service"),
                Scalar("NomService", "nom_service"),
            ),
        ),
        Part("LigneDePiece", "lignes", _LIGNE, repeated=True),
    ),
)
"""A titre."""
BORDEREAU = Shape(
    Bordereau,
    (
        Scalar("@Id", "id"),
        Block(
            "BlocBordereau",
            (
                Scalar("Exer", "exercice", ENTIER),
                Scalar("IdBord", "numero", ENTIER),
                Scalar("DteBordEm", "date_emission", DATE),
                Scalar("TypBord", "typ_bord"),
                Scalar("NbrPce", "announced.nbr_pce", ENTIER),
                Scalar("MtCumulAnnuel", "mt_cumul_annuel", MONTANT),
                Scalar("MtBordHt", "announced.mt_ht", MONTANT),
                Scalar("MtBordTVA", "announced.mt_tva", TVA),
                Scalar("DteAsp", "date_asap", DATE),
                Scalar("Objet", "objet"),
            ),
        ),
    ),
)
"""The head of a bordereau; its pièces and its signature are read and written one by one."""

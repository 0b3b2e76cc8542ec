"""Tables of the parts that dépense and recette share, and of attachments (dossier §2, §3.6, §5)."""

from demat.helios.grammar import Block, Part, Scalar, Shape
from demat.helios.grammar_codecs import ANNEE, BOOLEEN, DATE, ENTIER
from demat.helios.model import (
    Adresse,
    Budget,
    Compte,
    EmetteurPes,
    EnTeteDomaine,
    EnTetePJ,
    PesAller,
    PieceJointe,
    PJRef,
    RattachPiece,
    RecepteurPes,
    RefCompta,
)

__all__ = [
    "ADRESSE",
    "COMPTE",
    "ENTETE_DOMAINE",
    "ENTETE_PJ",
    "MIME_TYPE",
    "PES",
    "PIECE_JOINTE",
    "PJ_REF",
    "RATTACHEMENT",
    "ROOT_ID",
    "SIGNATURE",
]

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"

PJ_REF = Shape(
    PJRef,
    (
        Scalar("Support", "support"),
        Scalar("IdUnique", "id_unique"),
        Scalar("NomPJ", "name"),
        Scalar("TypePJ", "type_pj"),
    ),
)
ADRESSE = Shape(
    Adresse,
    (
        Scalar("TypAdr", "type_adresse"),
        Scalar("Adr1", "adr1"),
        Scalar("Adr2", "adr2"),
        Scalar("Adr3", "adr3"),
        Scalar("CP", "cp"),
        Scalar("Ville", "ville"),
        Scalar("CodRes", "non_resident", BOOLEEN),
        Scalar("CodPays", "code_pays"),
        Scalar("DteAdr", "date_adresse", DATE),
    ),
)
COMPTE = Shape(
    Compte,
    (
        Scalar("IdPayInt", "pays_international"),
        Scalar("IdBancInt", "banque_internationale"),
        Scalar("CodeEtab", "code_etablissement"),
        Scalar("CodeGuic", "code_guichet"),
        Scalar("IdCpte", "numero_compte"),
        Scalar("CleRib", "cle_rib"),
        Scalar("BIC", "bic"),
        Scalar("IBAN", "iban"),
        Scalar("LibBanc", "banque"),
        Scalar("TitCpte", "titulaire"),
        Scalar("DteBanc", "date_compte", DATE),
    ),
)
ENTETE_DOMAINE = Shape(
    EnTeteDomaine,
    (
        Scalar("IdVer", "version", ENTIER),
        Scalar("InfoDematerialisee", "dematerialise", BOOLEEN),
    ),
)
_EMETTEUR = Shape(EmetteurPes, (Scalar("Sigle", "sigle"), Scalar("Adresse", "adresse")))
_RECEPTEUR = Shape(RecepteurPes, (Scalar("Sigle", "sigle"), Scalar("Adresse", "adresse")))
_BUDGET = Shape(
    Budget,
    (
        Scalar("IdPost", "id_post"),
        Scalar("LibellePoste", "libelle_poste"),
        Scalar("IdColl", "siret"),
        Scalar("FinJur", "fin_jur"),
        Scalar("CodCol", "cod_col"),
        Scalar("CodBud", "cod_bud"),
        Scalar("LibelleColBud", "libelle"),
    ),
)
PES = Shape(
    PesAller,
    (
        Block(
            "Enveloppe",
            (
                Block(
                    "Parametres",
                    (
                        Scalar("Version", "version", ENTIER),
                        Scalar("TypFic", "typ_fic"),
                        Scalar("NomFic", "nom_fic"),
                    ),
                ),
                Part("Emetteur", "emetteur", _EMETTEUR),
                Part("Recepteur", "recepteur", _RECEPTEUR),
            ),
        ),
        Block("EnTetePES", (Scalar("DteStr", "date", DATE), Part("", "budget", _BUDGET))),
    ),
)
"""Envelope and header; the rest of the root is read and written in pieces."""

ROOT_ID = Scalar("@Id", "id")
"""Attribute of the root."""
ENTETE_PJ = Shape(EnTetePJ, (Scalar("IdVer", "version", ENTIER),))
_REF_COMPTA = Shape(
    RefCompta,
    (
        Scalar("Domaine", "domaine"),
        Scalar("Exercice", "exercice", ANNEE),
        Scalar("TypeObjet", "type_objet"),
        Scalar("Identifiant", "identifiant"),
        Scalar("ComplementIdentifiant", "complement"),
        Scalar("IdTiers", "id_tiers"),
    ),
)
PIECE_JOINTE = Shape(
    PieceJointe,
    (
        Scalar("IdUnique", "id_unique"),
        Scalar("ServeurId", "serveur"),
        Scalar("NomPJ", "name"),
        Scalar("TypePJ", "type_pj"),
        Scalar("Description", "description"),
        Part("RefCompta", "references", _REF_COMPTA, repeated=True),
    ),
)
"""What follows ``Contenu`` in an attachment."""
MIME_TYPE = Scalar("@MIMEType", "mime_type")
"""Attribute of ``Contenu/Fichier``."""
RATTACHEMENT = Shape(
    RattachPiece,
    (
        Scalar("NatPceOrig", "nature"),
        Scalar("ExerRat", "exercice", ANNEE),
        Scalar("IdPceOrig", "piece", ENTIER),
        Scalar("IdLigneOrig", "ligne", ENTIER),
    ),
)
"""The earlier pièce; what the codes 01 and 02 of its nature mean differs by domain (§3.4, §4.3)."""

"""What a list of titres, or of mandats, may say: its columns and the words of its cells.

Columns: helios dossier §10.2 (titres) and §10.3 (mandats). Words stand for the codes of the norm;
a triplet that no word names may be written as it is, in the column ``triplet``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from demat.helios.model import Domaine

__all__ = [
    "AMOUNTS",
    "CIVILITES",
    "COLUMNS",
    "DEBITEURS",
    "EDITIONS",
    "LAYOUTS",
    "MANDATS",
    "PERIODICITES",
    "REGLEMENTS",
    "REQUIRED",
    "SEQUENCES",
    "TIERS",
    "TITRES",
    "Layout",
]


def _codes(first: int, last: int) -> dict[str, str]:
    """Return the codes themselves, with and without their zero."""
    codes = [f"{code:02d}" for code in range(first, last + 1)]
    return dict(zip(codes, codes, strict=True)) | {code.lstrip("0"): code for code in codes}


TIERS: Mapping[str, str] = {
    "particulier": "01+01",
    "personne": "01+01",
    "artisan": "01+02",
    "entreprise": "50+03",
    "societe": "50+03",
    "association": "50+06",
    "commune": "23+09",
    "departement": "22+09",
    "region": "21+09",
    "groupement": "24+09",
    "caisse_des_ecoles": "25+09",
    "ccas": "26+09",
    "etat": "20+07",
    "etablissement_public_national": "20+08",
    "caf": "60+11",
    "urssaf": "60+04",
    "mutuelle": "64+05",
    "cnracl": "70+05",
    "ircantec": "71+05",
}
"""What the agent writes → CatTiers + NatJur (helios dossier §3.6, §10.2). The pairs of the social
bodies are plausible only: an unknown one is a warning of rule 56."""

CIVILITES: Mapping[str, str] = {
    **dict.fromkeys(("m", "mr", "monsieur"), "M"),
    **dict.fromkeys(("mme", "madame", "mlle", "mademoiselle"), "MME"),
}

REGLEMENTS: Mapping[str, str] = {
    "numeraire": "01",
    "especes": "01",
    "cheque": "02",
    "virement": "03",
    "virement_appli_externe": "04",
    "virement_gros_montant": "05",
    "virement_etranger": "06",
    "budget_rattache": "07",
    "operation_ordre": "08",
    "operation_d_ordre": "08",
    "avis_de_reglement": "09",
    "prelevement": "10",
    "virement_interne": "11",
    **_codes(1, 11),
}
"""Words or codes of an export → ModRegl (helios dossier §4.3)."""

EDITIONS: Mapping[str, str] = {
    "centralisee": "01",
    "chorus": "02",
    "role_chorus": "03",
    "locale": "04",
    "patients": "05",
    "role_centralisee": "06",
    **_codes(1, 6),
}
"""Who prints the avis des sommes à payer → Edition (helios dossier §3.7)."""

DEBITEURS: Mapping[str, str] = {
    "principal": "01",
    "regles_particulieres": "02",
    "solidaire": "03",
    "codebiteur": "04",
    "co_debiteur": "04",
    **_codes(1, 4),
}
"""Part of a person in a titre → TypTiers (helios dossier §3.6)."""

SEQUENCES: Mapping[str, str] = {
    **{"ooff": "01", "unique": "01"},
    **{"frst": "02", "premier": "02"},
    **{"rcur": "03", "recurrent": "03"},
    **{"fnal": "04", "dernier": "04"},
    **_codes(1, 4),
}
"""Rank of a debit → SequencePres (helios dossier §3.5)."""
PERIODICITES: Mapping[str, str] = {
    "bimestrielle": "01",
    "mensuelle": "02",
    "bimensuelle": "03",
    "trimestrielle": "04",
    "semestrielle": "05",
    "annuelle": "06",
    "unique": "07",
    **_codes(1, 7),
}
"""PerPrel (helios dossier §3.5); 07 is preferred."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What differs between titres and mandats."""

    kind: str
    """``titres`` or ``mandats``."""
    domaine: Domaine
    """Half of the accounts."""
    number: str
    """Column of the number of the pièce."""
    required: tuple[str | tuple[str, ...], ...]
    """Columns that the list must have; one of a tuple is enough."""
    triplets: Mapping[str, str]
    """Words of the column ``type`` → TypBord-TypPce-NatPce (§3.2, §4.2)."""
    origins: Mapping[str, str]
    """Column of the number of an earlier pièce → NatPceOrig (§3.4, §4.3)."""
    with_line: frozenset[str]
    """NatPceOrig whose line is said too."""
    regulated: str
    """Column of what a pièce of TypPce 05 regularises."""
    must_cite: Mapping[str, str]
    """Triplet that demands an earlier pièce → the column to fill."""
    objet_limit: int
    """Longest objet of a pièce."""
    letters: tuple[str, str]
    """Letters of the identifiers of bordereaux and attachments: domain and pièce."""
    type_pj: str
    """TypePJ of an attachment that says none."""

    def cited_column(self, triplet: str) -> str:
        """Return the column that a triplet demands; empty when it demands no earlier pièce."""
        return self.regulated if triplet[3:5] == "05" else self.must_cite.get(triplet, "")


_COMMON = (
    *("exercice", "num_bordereau", "date_bordereau", "objet", "compte"),
    *("nom", "adresse2", "cp", "ville"),
    ("montant_ht", "montant_ttc"),
)
_REDUCTION, _CLOSED, _REVERSAL = "02-02-06", "01-02-09", "02-02-10"
_ORDERS: Mapping[str, str] = {
    "ordre": "01-03-01",
    "ordre_investissement": "01-03-02",
    "ordre_mixte": "01-04-01",
    "ordre_mixte_investissement": "01-04-02",
}
_CORRECTIONS: Mapping[str, str] = {
    "annulation": _REDUCTION,
    "reduction": _REDUCTION,
    "contre_passation": _REVERSAL,
    "annulation_rattachement": _REVERSAL,
}

TITRES = Layout(
    kind="titres",
    domaine=Domaine.RECETTE,
    number="num_titre",
    required=("num_titre", "code_produit", *_COMMON),
    triplets={
        "titre": "01-01-01",
        "ordinaire": "01-01-01",
        "fonctionnement": "01-01-01",
        "investissement": "01-01-02",
        "emprunt": "01-01-04",
        "regie": "01-01-05",
        "regularisation": "01-05-01",
        "apres_encaissement": "01-05-01",
        "recapitulatif": "01-06-01",
        "majoration": "01-09-01",
        "plusieurs_annees": "01-10-01",
        "rattachement": "01-11-01",
        "produit_constate_d_avance": "01-14-01",
        "annulation_mandat": _CLOSED,
        "role": "06-15-01",
        **_CORRECTIONS,
        **_ORDERS,
    },
    origins={
        "titre_origine": "01",
        "mandat_origine": "02",
        "encaissement_origine": "03",
        "liste_majoration": "05",
    },
    with_line=frozenset({"01", "02"}),
    regulated="encaissement_origine",
    must_cite={
        _REDUCTION: "titre_origine",
        _REVERSAL: "titre_origine",
        _CLOSED: "mandat_origine",
        "01-14-01": "titre_origine",
        "01-09-01": "liste_majoration",
    },
    objet_limit=160,
    letters=("R", "T"),
    type_pj="002",
)
MANDATS = Layout(
    kind="mandats",
    domaine=Domaine.DEPENSE,
    number="num_mandat",
    required=("num_mandat", *_COMMON),
    triplets={
        "mandat": "01-01-01",
        "ordinaire": "01-01-01",
        "fonctionnement": "01-01-01",
        "investissement": "01-01-02",
        "emprunt": "01-01-04",
        "regie": "01-01-05",
        "paie": "01-01-11",
        "regularisation": "01-05-01",
        "apres_paiement": "01-05-01",
        "global": "01-06-01",
        "non_valeur": "01-07-01",
        "collectif": "01-08-01",
        "paie_collective": "01-08-11",
        "marche": "01-09-01",
        "marche_investissement": "01-09-02",
        "retenue_garantie": "01-09-12",
        "retenue_de_garantie": "01-09-12",
        "dernier_acompte": "01-09-13",
        "avance": "01-09-14",
        "rattachement": "01-10-01",
        "charge_constatee_d_avance": "01-13-01",
        "annulation_titre": _CLOSED,
        **_CORRECTIONS,
        **_ORDERS,
    },
    origins={
        "mandat_origine": "01",
        "titre_origine": "02",
        "paiement_origine": "03",
        "liste_non_valeur": "04",
        "ordre_paiement": "05",
    },
    with_line=frozenset({"01", "02", "05"}),
    regulated="paiement_origine",
    must_cite={
        _REDUCTION: "mandat_origine",
        _REVERSAL: "mandat_origine",
        _CLOSED: "titre_origine",
        "01-13-01": "mandat_origine",
        "01-07-01": "liste_non_valeur",
    },
    objet_limit=100,
    letters=("D", "M"),
    type_pj="003",
)
LAYOUTS: Mapping[str, Layout] = {layout.kind: layout for layout in (TITRES, MANDATS)}
REQUIRED: Mapping[str, tuple[str | tuple[str, ...], ...]] = {
    kind: layout.required for kind, layout in LAYOUTS.items()
}
"""Kind of list → the columns that it must have; one of a tuple is enough."""

AMOUNTS = frozenset(
    {"montant_ht", "montant_tva", "montant_ttc", "cumul_annuel"}
    | {"montant_preleve", "montant_non_majorable"}
)
"""Columns that hold euros."""
_TIERS_COLUMNS = frozenset(
    {"type_tiers", "siret", "siren", "code_tiers", "civilite", "nom", "nom2", "prenom"}
    | {"adresse1", "adresse2", "adresse3", "cp", "ville", "pays", "iban", "bic", "titulaire"}
)
_SHARED = frozenset(
    {"exercice", "num_bordereau", "date_bordereau", "cumul_annuel", "num_ligne", "type", "triplet"}
    | {"objet", "code_produit", "compte", "fonction", "operation", "service", "affectation"}
    | {"budget", "montant_ht", "montant_tva", "montant_ttc", "compte_tiers", "num_facture"}
    | {"marche", "regie", "emprunt", "inventaire", "convention"}
    | {"exercice_origine", "ligne_origine"}
    | {"pj_fichier", "pj_id_unique", "pj_type", "pj_libelle"}
    | _TIERS_COLUMNS
)
COLUMNS: Mapping[str, frozenset[str]] = {
    "titres": _SHARED
    | TITRES.origins.keys()
    | {"num_titre", "detail", "taux_tva", "date_asap", "edition", "date_naissance", "caution"}
    | {"type_debiteur", "num_role", "num_dette", "periode", "cle1", "cle2"}
    | {"objet_role", "date_asap_role", "num_marche", "num_engagement", "code_service"}
    | {"nom_service", "date_majoration", "taux_majoration", "montant_non_majorable"}
    | {"rum", "date_mandat", "sequence", "periodicite", "date_prelevement", "montant_preleve"}
    | {"libelle_prelevement"},
    "mandats": _SHARED
    | MANDATS.origins.keys()
    | {"num_mandat", "mode_reglement", "libelle_virement", "libelle_virement2"}
    | {"date_reception", "date_limite", "delai", "date_echeance", "pj_papier"}
    | {f"beneficiaire_{column}" for column in _TIERS_COLUMNS},
}
"""The columns that a list of titres, or of mandats, may have (helios dossier §10.2, §10.3)."""

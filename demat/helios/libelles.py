"""Elements and codes of a PES in the words of an agent (helios dossier §2 to §6).

An element or a code that is not here is shown as the file writes it: nothing is hidden.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from demat.helios.codes import (
    CAT_TIERS,
    NAT_JUR,
    NAT_PCE,
    TYP_BORD,
    TYP_PCE,
    ModRegl,
    NatIdTiers,
    TypePJ,
)
from demat.helios.model import Domaine
from demat.helios.view import masked

__all__ = [
    "ETATS_PIECE",
    "REMEDES",
    "VALEURS",
    "en_clair",
    "libelle",
    "nature_bordereau",
    "nature_piece",
    "nature_rattachement",
]

_LIBELLES: Mapping[str, str] = {
    "AdrTipi": "Adresse de paiement en ligne",
    "Affect": "Code d'affectation",
    "AncienIBAN": "Ancien IBAN",
    "AncienRUM": "Ancienne référence de mandat de prélèvement",
    "CarteAchatNiveau1": "Carte d'achat de niveau 1",
    "Cle1": "Clé 1",
    "Cle2": "Clé 2",
    "CodEtGeo": "Code de l'établissement",
    "CodIntMor": "Intérêts moratoires",
    "CodPays": "Code du pays",
    "CodProdLoc": "Code produit",
    "CodRes": "Non-résident",
    "CodServ": "Service",
    "CodBudBen": "Budget bénéficiaire",
    "CodColBen": "Collectivité bénéficiaire",
    "CodeService": "Code du service Chorus Pro",
    "ComplementIdentifiant": "Ligne visée",
    "CpteTiers": "Compte de tiers",
    "CptAna": "Compte analytique",
    "DateSignMandat": "Mandat de prélèvement signé le",
    "DebFact": "Facturé du",
    "Dgp": "Délai global de paiement",
    "Domaine": "Domaine visé",
    "DteAdr": "Adresse valable au",
    "DteAsp": "Avis des sommes à payer envoyé le",
    "DteBanc": "Compte valable au",
    "DteDebDgp": "Début du délai de paiement",
    "DteEch": "Échéance",
    "DteFinDgp": "Fin du délai de paiement",
    "DteIdTiers": "Identifiant valable au",
    "DteMajo": "Majoration au",
    "DteNaissance": "Né(e) le",
    "DtePrel": "Prélèvement le",
    "DureeDgp": "Délai de paiement (jours)",
    "Edition": "Édition de l'avis",
    "Exercice": "Exercice visé",
    "Facture": "Facture n°",
    "FinFact": "Facturé jusqu'au",
    "FinGeo": "FINESS géographique",
    "FinJur": "FINESS juridique",
    "IdActif": "N° d'inventaire",
    "IdCaution": "N° de caution",
    "IdColBen": "Collectivité bénéficiaire (SIRET)",
    "IdCollBen": "Collectivité bénéficiaire (SIRET)",
    "IdConv": "Convention",
    "IdEmpruntOrdo": "Emprunt",
    "IdMarche": "Marché",
    "IdOpSpec": "Opération particulière",
    "IdRegie": "Régie",
    "IdRol": "Rôle n°",
    "Identifiant": "Objet visé",
    "LibBanc": "Banque",
    "LibPrel": "Libellé du prélèvement",
    "LibVir1": "Libellé du virement",
    "LibVir2": "Libellé du virement, suite",
    "LibelleCommune": "Commune de naissance",
    "LibellePays": "Pays de naissance",
    "Majo": "Majoration",
    "ModRegl": "Règlement",
    "MtFactHT": "Montant HT de la facture",
    "MtNonMajo": "Montant non majoré",
    "MtPrel": "Montant prélevé",
    "NatPrel": "Prélèvement fait par",
    "NomService": "Service Chorus Pro",
    "NumDette": "Référence de la dette",
    "NumeroEngagement": "Engagement n°",
    "NumeroFacture": "Facture n°",
    "NumeroMarche": "Marché n°",
    "Objet": "Objet",
    "PJ": "Justificatifs sur papier",
    "Per": "Période",
    "PerPrel": "Périodicité du prélèvement",
    "RefTiers": "Votre référence",
    "RefUniMdt": "Référence du mandat de prélèvement (RUM)",
    "SequencePres": "Rang du prélèvement",
    "ServeurId": "Serveur",
    "TitCpteDiff": "Titulaire différent du débiteur",
    "TvaIntraCom": "TVA intracommunautaire",
    "TVAIntraCom": "TVA intracommunautaire",
    "TxMajo": "Taux de majoration (%)",
    "TxTva": "Taux de TVA (%)",
    "TypAdr": "Type d'adresse",
    "TypeObjet": "Nature de l'objet visé",
}
_SANS_INTERET = {"TypAdr": "1", "Majo": "0", "CodRes": "0", "TvaIntraCom": "0", "TVAIntraCom": "0"}
_BOOLEENS = frozenset(
    {"CarteAchatNiveau1", "CodRes", "Majo", "TitCpteDiff", "TVAIntraCom", "TvaIntraCom"}
)
_MONTANTS = frozenset({"MtFactHT", "MtNonMajo", "MtPrel", "MtReco", "MtHtRes"})
_BANQUE = frozenset({"AncienIBAN", "AncienRUM", "RefUniMdt"})
_PRELEVEMENT = {
    "01": "bimestrielle",
    "02": "mensuelle",
    "03": "bimensuelle",
    "04": "trimestrielle",
    "05": "semestrielle",
    "06": "annuelle",
    "07": "unique",
}
VALEURS: Mapping[str, Mapping[str, str]] = {
    "CatTiers": CAT_TIERS,
    "NatJur": NAT_JUR,
    "NatIdTiers": {str(one): one.libelle for one in NatIdTiers},
    "ModRegl": {str(one): one.libelle for one in ModRegl},
    "TypePJ": {str(one): one.libelle for one in TypePJ},
    "Support": {"01": "électronique", "02": "papier", "03": "cédérom ou DVD"},
    "TypAdr": {"0": "non précisé", "1": "principale", "2": "secondaire"},
    "Dgp": {"0": "applicable", "1": "non applicable"},
    "CodIntMor": {"01": "taux légal", "02": "taux BCE", "03": "autre taux"},
    "PerPrel": _PRELEVEMENT,
    "NatPrel": {"01": "le comptable public", "02": "la collectivité"},
    "SequencePres": {
        "01": "unique (OOFF)",
        "02": "premier (FRST)",
        "03": "récurrent (RCUR)",
        "04": "dernier (FNAL)",
    },
    "Domaine": {"01": "dépense", "02": "recette", "04": "budget", "06": "marché"},
    "Edition": {
        "01": "avis imprimé par l'État (ENSU)",
        "02": "avis par Chorus Pro",
        "03": "ORMC par Chorus Pro",
        "04": "sans traitement, visible du comptable",
        "05": "avis aux patients",
        "06": "ORMC imprimé par l'État",
    },
    "TypTiers": {
        "01": "débiteur principal",
        "02": "débiteur à règles particulières",
        "03": "débiteur solidaire",
        "04": "co-débiteur",
        "05": "employeur",
        "06": "malade",
        "07": "assuré",
        "30": "logement",
    },
}
"""Closed lists by the name of their element, where the domain does not change the meaning."""

_RATTACHEMENTS: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.RECETTE: {
        "01": "titre",
        "02": "mandat",
        "03": "encaissement",
        "05": "liste de majoration",
    },
    Domaine.DEPENSE: {
        "01": "mandat",
        "02": "titre",
        "03": "paiement",
        "04": "liste de non-valeurs",
        "05": "ordre de paiement",
    },
}
ETATS_LIGNE: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "prise en charge",
        "02": "rejetée",
        "03": "en cours de contrôle",
        "04": "en cours de contrôle",
        "05": "en cours de contrôle",
        "06": "en cours de contrôle",
        "07": "prise en charge, avec anomalies",
        "08": "prise en charge, sans anomalie",
        "09": "rejetée",
        "10": "rejetée",
        "15": "prise en charge",
        "16": "en instance",
    },
    Domaine.RECETTE: {
        "01": "rejetée",
        "02": "annulée",
        "03": "en instance",
        "04": "non soldée",
        "05": "soldée",
        "06": "soldée en non-valeur",
    },
}
"""``EtatLigPce`` (§8.3)."""
OBSERVATIONS: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "pièces justificatives absentes",
        "02": "pièces justificatives insuffisantes",
        "03": "crédits insuffisants",
        "04": "erreur de liquidation",
        "05": "service fait ou caractère exécutoire",
        "06": "autre motif",
        "07": "double paiement",
        "09": "coordonnées bancaires",
        "10": "avance",
        "11": "incompétence du signataire",
        "13": "prescription",
        "16": "mauvais créancier",
        "23": "imputation",
        "24": "motif technique",
    },
    Domaine.RECETTE: {
        "01": "caractère exécutoire",
        "02": "créance",
        "03": "débiteur",
        "04": "imputation",
        "05": "prescription",
        "06": "autre motif",
        "07": "pièce d'origine",
        "09": "exercice",
        "11": "montant du bordereau",
        "12": "signature",
        "13": "TVA",
        "15": "pièces justificatives",
        "16": "pièces justificatives",
        "17": "coordonnées bancaires",
        "18": "bordereau en double",
        "19": "complément demandé",
        "28": "article",
        "30": "code produit",
    },
}
"""``ObsEtat``: the reasons of the comptable that the dossier lists (§8.3)."""
ORIGINES: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "paiement",
        "06": "ordre de reversement",
        "07": "mandat correctif",
        "09": "titre correctif",
        "12": "encaissement",
        "15": "divers",
    },
    Domaine.RECETTE: {
        "01": "encaissement avant émission",
        "02": "encaissement",
        "03": "flux d'encaissement",
        "04": "mandat correctif",
        "06": "admission en non-valeur",
        "07": "titre correctif",
        "10": "paiement en ligne (PayFiP)",
        "12": "divers",
    },
}
"""``OrgEma``: where a payment or a collection comes from (§8.3)."""
REMEDES: Mapping[Domaine, Mapping[str, str]] = {
    Domaine.DEPENSE: {
        "01": "PES-OBS_PJ",
        "02": "PES-OBS_PJ",
        "03": "PES-OBS_CREDITS",
        "04": "PES-OBS_LIQUIDATION",
        "05": "PES-OBS_SERVICE_FAIT",
        "07": "PES-OBS_DOUBLE",
        "09": "PES-OBS_BANQUE",
        "10": "PES-OBS_LIQUIDATION",
        "11": "PES-OBS_SIGNATURE",
        "13": "PES-OBS_PRESCRIPTION",
        "16": "PES-OBS_TIERS",
        "23": "PES-OBS_IMPUTATION",
        "24": "PES-OBS_TECHNIQUE",
    },
    Domaine.RECETTE: {
        "01": "PES-OBS_SERVICE_FAIT",
        "02": "PES-OBS_LIQUIDATION",
        "03": "PES-OBS_TIERS",
        "04": "PES-OBS_IMPUTATION",
        "05": "PES-OBS_PRESCRIPTION",
        "07": "PES-OBS_ORIGINE",
        "09": "PES-OBS_IMPUTATION",
        "11": "PES-OBS_MONTANT",
        "12": "PES-OBS_SIGNATURE",
        "13": "PES-OBS_MONTANT",
        "15": "PES-OBS_PJ",
        "16": "PES-OBS_PJ",
        "17": "PES-OBS_BANQUE",
        "18": "PES-OBS_DOUBLE",
        "19": "PES-OBS_PJ",
        "28": "PES-OBS_IMPUTATION",
        "30": "PES-OBS_IMPUTATION",
    },
}
"""``ObsEtat`` → fault code whose label says what to do; any other is ``PES-OBS_AUTRE``."""
ETATS_PIECE: Mapping[str, str] = {
    "transmise": "transmise",
    "acquittee": "intégrée par Hélios",
    "instance": "en instance",
    "prise_en_charge": "prise en charge",
    "prise_en_charge_partielle": "prise en charge en partie",
    "rejetee": "rejetée au visa",
    "rejetee_apres": "rejetée après prise en charge",
    "soldee": "soldée",
    "annulee": "annulée",
    "inconnu": "état inconnu",
}
"""``EtatPiece`` in words."""
_JOUR = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def libelle(name: str) -> str:
    """Return an element in words; its own name when the list above does not have it."""
    return _LIBELLES.get(name, name)


def en_clair(name: str, value: str) -> str:
    """Return a value as it is read: a code in words, a day, a yes, an amount, a masked account."""
    if name in _BANQUE:
        return masked(value)
    if name in _BOOLEENS:
        return {"0": "non", "false": "non", "1": "oui", "true": "oui"}.get(value, value)
    if name in _MONTANTS:
        return value.replace(".", ",") + "\u00a0€"
    if day := _JOUR.fullmatch(value):
        return "/".join(day.group(3, 2, 1))
    known = VALEURS.get(name, {})
    return known.get(value, value)


def nature_piece(domaine: Domaine, typ_pce: str, nat_pce: str) -> str:
    """Return what a pièce is: ``mandat sur marché, investissement``."""
    words = (
        TYP_PCE[domaine].get(typ_pce, f"type {typ_pce}" if typ_pce else ""),
        NAT_PCE[domaine].get(nat_pce, f"nature {nat_pce}" if nat_pce else ""),
    )
    return ", ".join(word for word in words if word)


def nature_bordereau(domaine: Domaine, typ_bord: str) -> str:
    """Return what a bordereau is."""
    return TYP_BORD[domaine].get(typ_bord, f"type {typ_bord}" if typ_bord else "type non précisé")


def nature_rattachement(domaine: Domaine, nature: str) -> str:
    """Return the kind of the earlier pièce: the codes are not the same in both domains (§4.3)."""
    return _RATTACHEMENTS[domaine].get(nature, f"pièce de nature {nature}")


def remarkable(champs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the values worth reading, label and value in words: not what every file repeats."""
    for name, value in champs:
        if _SANS_INTERET.get(name) != {"false": "0", "true": "1"}.get(value, value):
            yield libelle(name), en_clair(name, value)

"""The national part of the classification: matières of levels 1 and 2, usual types (§5.3, §6.2)."""

from collections.abc import Mapping
from types import MappingProxyType

from demat.actes.model import Matiere
from demat.actes.natures import NatureActe

__all__ = ["MATIERES", "TYPES"]

_COMPETENCES = "Autres domaines de compétences"

_LEVELS: Mapping[str, tuple[str, ...]] = {
    "Commande publique": (
        "Marchés publics",
        "Délégation de service public",
        "Conventions de mandat",
        "Autres types de contrats",
        "Transactions / protocole d'accord transactionnel",
        "Actes relatifs à la maîtrise d'œuvre",
        "Actes spéciaux et divers",
    ),
    "Urbanisme": (
        "Documents d'urbanisme",
        "Actes relatifs au droit d'occupation ou d'utilisation des sols",
        "Droit de préemption urbain",
    ),
    "Domaine et patrimoine": (
        "Acquisitions",
        "Aliénations",
        "Locations",
        "Limites territoriales",
        "Autres actes de gestion du domaine public",
        "Autres actes de gestion du domaine privé",
    ),
    "Fonction publique": (
        "Personnel titulaires et stagiaires de la F.P.T.",
        "Personnel contractuel",
        "Fonction publique hospitalière",
        "Autres catégories de personnels",
        "Régime indemnitaire",
    ),
    "Institutions et vie politique": (
        "Élection exécutif",
        "Fonctionnement des assemblées",
        "Désignation de représentants",
        "Délégation de fonctions",
        "Délégation de signature",
        "Exercice des mandats locaux",
        "Intercommunalité",
        "Décision d'ester en justice",
    ),
    "Libertés publiques et pouvoirs de police": (
        "Police municipale",
        "Pouvoir du président du conseil général",
        "Pouvoir du président du conseil régional",
        "Autres actes réglementaires",
        "Actes pris au nom de l'État et soumis au contrôle hiérarchique",
    ),
    "Finances locales": (
        "Décisions budgétaires",
        "Fiscalité",
        "Emprunts",
        "Interventions économiques",
        "Subventions",
        "Contributions budgétaires",
        "Avances",
        "Fonds de concours",
        "Prise de participation (SEM, etc.)",
        "Divers",
    ),
    "Domaines de compétences par thèmes": (
        "Enseignement",
        "Aide sociale",
        "Voirie",
        "Aménagement du territoire",
        "Politique de la ville-habitat-logement",
        "Emploi-formation professionnelle",
        "Transports",
        "Environnement",
        "Culture",
    ),
    _COMPETENCES: (
        f"{_COMPETENCES} des communes",
        f"{_COMPETENCES} des départements",
        f"{_COMPETENCES} des régions",
        "Vœux et motions",
    ),
}


def _matieres() -> Mapping[Matiere, str]:
    nodes: dict[Matiere, str] = {}
    for first, (label, children) in enumerate(_LEVELS.items(), start=1):
        nodes[(first,)] = label
        nodes.update({(first, second): child for second, child in enumerate(children, start=1)})
    return MappingProxyType(nodes)


MATIERES: Mapping[Matiere, str] = _matieres()
"""The 9 matières of level 1 and the 57 of level 2."""

_SIGNATURE = {"99_SE": "Signature électronique"}

TYPES: Mapping[NatureActe, Mapping[str, str]] = MappingProxyType(
    {
        NatureActe.DELIBERATION: {
            "99_DE": "Délibération",
            "21_DA": "Décision arrêtant le projet",
            "21_DB": "Débat sur le PADD",
            "21_DE": "Délibération de prescription",
            "21_DO": "Document d'orientation",
            "21_EP": "Enquête publique",
            "21_PA": "PADD",
            "21_RP": "Rapport de présentation",
            "23_DE": "Délibération (droit de préemption)",
            "23_IA": "Déclaration d'intention d'aliéner",
            "31_DE": "Délibération autorisant l'acquisition",
            "31_DP": "Documents pré-contractuels",
            "32_DP": "Documents pré-contractuels",
            "41_RA": "Rapport biennal",
            "42_AC": "Avenant au contrat",
            "42_DE": "Délibération",
            "43_AC": "Avenant",
            "70_DE": "Délibération",
            **_SIGNATURE,
        },
        NatureActe.REGLEMENTAIRE: {
            "99_AR": "Acte réglementaire",
            "21_DA": "Décision arrêtant le projet",
            "21_DB": "Débat sur le PADD",
            "21_DE": "Délibération de prescription",
            "21_DO": "Document d'orientation",
            "21_EP": "Enquête publique",
            "21_PA": "PADD",
            "21_RP": "Rapport de présentation",
            **_SIGNATURE,
        },
        NatureActe.INDIVIDUEL: {
            "99_AI": "Acte individuel",
            "22_AC": "Accord d'une autorité",
            "22_AG": "Agrément ou certificat",
            "22_AR": "Accusé de réception",
            "22_AT": "Attestation",
            "22_AV": "Avis",
            "22_CO": "Convention",
            "22_DD": "Demande",
            "22_DN": "Décision",
            "22_DP": "Document photographique",
            "22_LE": "Lettre",
            "22_NE": "Notice explicative",
            "22_PE": "Présentation des états initiaux et futurs",
            "22_PN": "Plans",
            "22_RE": "Rapport d'étude",
            "22_TA": "Tableau",
            "23_PR": "Décision de préempter",
            "41_AT": "Attestation",
            "41_AV": "Avis de vacance",
            "41_CA": "Avis de commission administrative paritaire",
            "41_CM": "Avis de commission mixte",
            "41_DA": "Demande de l'agent",
            "41_DE": "Délibération établissant la liste de postes à pourvoir",
            "41_IC": "Information du centre de gestion",
            "41_IN": "Inscription sur la liste d'aptitude",
            "41_NC": "Notification de création ou de vacance de poste",
            "42_AT": "Attestation",
            "43_AC": "Avenant",
            "43_AT": "Attestation",
            "43_AV": "Avis de vacance",
            "43_CA": "Avis de commission administrative paritaire",
            "43_CM": "Avis de commission mixte",
            "43_DA": "Demande de l'agent",
            "43_IN": "Inscription sur la liste d'aptitude",
            "43_LI": "Liste de postes",
            "43_NC": "Notification de création ou de vacance de poste",
            **_SIGNATURE,
        },
        NatureActe.CONTRAT: {
            "99_DC": "Document contractuel",
            "10_AV": "Avenant au contrat",
            "10_DE": "Délibération autorisant à passer le contrat",
            "11_AC": "Avis d'appel public à concurrence",
            "11_AE": "Acte d'engagement",
            "11_AP": "Cahier des clauses administratives particulières",
            "11_AT": "Renseignements et attestations de l'attributaire",
            "11_AV": "Avis du jury de concours",
            "11_IN": "Invitation des candidats à soumissionner",
            "11_JU": "Rapport justifiant le choix du marché",
            "11_PV": "Procès-verbal de la commission d'appel d'offres",
            "11_RA": "Rapport de la commission d'appel d'offres",
            "11_RC": "Règlement de consultation",
            "11_RP": "Rapport de présentation",
            "11_TP": "Cahier des clauses techniques particulières",
            "12_AD": "Avis de délégation",
            "12_CC": "Cahier des charges",
            "12_CD": "Contrat de délégation",
            "12_CR": "Courriers de rejet des offres",
            "12_DA": "Déclarations de l'attributaire",
            "12_DC": "Documents de consultation",
            "12_IP": "Invitation à présenter une offre",
            "12_NR": "Notification du rejet des offres",
            "12_RS": "Rapport de sélection du délégataire",
            "12_ST": "Spécifications techniques et fonctionnelles",
            "15_JU": "Jugement d'homologation",
            "17_CE": "Demande de cautionnement",
            "17_GA": "Garantie d'emprunt",
            "17_RC": "Règlement de concours",
            "31_AA": "Avis de l'autorité de l'État",
            "31_CO": "Contrat",
            "31_DE": "Délibération autorisant l'acquisition",
            "31_DP": "Documents pré-contractuels",
            "32_AA": "Avis de l'autorité de l'État",
            "32_CV": "Contrat de vente",
            "32_DC": "Délibération constatant la désaffectation",
            "32_DE": "Délibération de déclassement",
            "32_DP": "Documents pré-contractuels",
            "33_AC": "Avis",
            "33_AO": "Autorisation d'occupation",
            "33_CC": "Contrat de concession",
            "42_AC": "Avenant au contrat",
            "42_AT": "Attestation",
            "42_AV": "Avis de vacance",
            "42_DE": "Délibération",
            "43_AC": "Avenant",
            **_SIGNATURE,
        },
        NatureActe.BUDGETAIRE: {
            "99_BU": "Document budgétaire",
            "70_DE": "Délibération",
            **_SIGNATURE,
        },
        NatureActe.AUTRE: {"99_AU": "Autre document", **_SIGNATURE},
    }
)
"""Usual types of documents by nature: default first, then those of the samples of 2017 to 2019."""

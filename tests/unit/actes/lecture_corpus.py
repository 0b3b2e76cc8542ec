"""Fictional acts as town halls lay them out, with what a secrétaire reads in each.

Everything is invented. A case gives the text as a PDF gives it, and the values that are right; an
empty value is one that the text does not tell, which must not be invented.
"""

from dataclasses import dataclass

__all__ = ["CASES", "Case"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One act."""

    name: str
    text: str
    numero: str
    date: str
    nature: str
    matiere: str
    objet: str


DE, AR, AI, CC = "Délibération", "Arrêté réglementaire", "Arrêté individuel", "Convention"

CASES = (
    Case(
        name="classic",
        text="""République Française
Département 099
COMMUNE DE SAINT-EXEMPLE-LÈS-FICTION
EXTRAIT DU REGISTRE DES DÉLIBÉRATIONS DU CONSEIL MUNICIPAL
Séance du 8 octobre 2026
L'an deux mille vingt-six, le huit octobre à dix-neuf heures, le conseil municipal s'est réuni.
Date de convocation : 2 octobre 2026
Délibération n° 2026-041
Objet : Tarifs 2027 de la salle des fêtes

Vu le code général des collectivités territoriales,
Le conseil municipal, après en avoir délibéré, à l'unanimité, fixe les tarifs.
Fait et délibéré les jour, mois et an que dessus. Affiché le 12 octobre 2026.
""",
        numero="2026_041",
        date="08/10/2026",
        nature=DE,
        matiere="7.10",
        objet="Tarifs 2027 de la salle des fêtes",
    ),
    Case(
        name="two columns in the header",
        text="""Nombre de membres
En exercice : 15   Présents : 12
Votants : 13
Date de la convocation
02/10/2026
Date d'affichage
02/10/2026
Objet de la délibération
DEMANDE DE SUBVENTION AU TITRE DE LA DETR
POUR LA RÉNOVATION DE L'ÉCOLE
DÉLIBÉRATION DU CONSEIL MUNICIPAL
N° 2026/055
Séance du 05/11/2026
L'an deux mille vingt six et le cinq novembre, le Conseil Municipal de cette commune,
régulièrement convoqué, s'est réuni au nombre prescrit par la loi.
Après en avoir délibéré, le conseil sollicite une subvention.
""",
        numero="2026_055",
        date="05/11/2026",
        nature=DE,
        matiere="7.5",
        objet="DEMANDE DE SUBVENTION AU TITRE DE LA DETR POUR LA RÉNOVATION DE L'ÉCOLE",
    ),
    Case(
        name="capitals, slashes and letters in the number",
        text="""MAIRIE DE BELLOMBRE
DELIBERATION DU CONSEIL MUNICIPAL
N° : DEL/2026/12
SEANCE DU 12 MARS 2026
OBJET - VOTE DES TAUX D'IMPOSITION 2026
LE CONSEIL MUNICIPAL,
APRES EN AVOIR DELIBERE, DECIDE DE FIXER LES TAUX.
""",
        numero="DEL_2026_12",
        date="12/03/2026",
        nature=DE,
        matiere="7.2",
        objet="VOTE DES TAUX D'IMPOSITION 2026",
    ),
    Case(
        name="accents lost",
        text="""D?partement 099
Commune de Saint-Exemple
EXTRAIT DU REGISTRE DES D?LIB?RATIONS
DELIBERATION N 2026-018
S?ance du 12 f?vrier 2026
Objet : Cr?ation d'un emploi permanent d'adjoint technique
Le conseil, apr?s en avoir d?lib?r?, d?cide de cr?er cet emploi.
""",
        numero="2026_018",
        date="12/02/2026",
        nature=DE,
        matiere="4.1",
        objet="Cr?ation d'un emploi permanent d'adjoint technique",
    ),
    Case(
        name="ligatures, no-break spaces and soft hyphens",
        text="""Délibération n°\u00a02026-060
Séance du 5\u00a0novembre\u00a02026
Objet\u00a0: Mission de maîtrise d’œuvre pour la réfec\u00ad
tion de l’ofﬁce de tourisme

Vu le code de la commande publique,
Le conseil municipal, après en avoir délibéré, approuve la mission.
""",
        numero="2026_060",
        date="05/11/2026",
        nature=DE,
        matiere="1.6",
        objet="Mission de maîtrise d'oeuvre pour la réfection de l'office de tourisme",
    ),
    Case(
        name="date all in words, objet on several lines",
        text="""COMMUNE DE BELLOMBRE - DELIBERATION N° 2026.07.003
L'AN DEUX MILLE VINGT-SIX, LE PREMIER JUILLET
LE CONSEIL MUNICIPAL DÛMENT CONVOQUÉ LE VINGT-SIX JUIN DEUX MILLE VINGT-SIX
OBJET : ACQUISITION DE LA PARCELLE CADASTRÉE SECTION AB N° 112
EN VUE DE L'ÉLARGISSEMENT DU CHEMIN
DES PRÉS

Considérant l'offre du propriétaire,
Le conseil, après en avoir délibéré, décide d'acquérir la parcelle.
""",
        numero="2026_07_003",
        date="01/07/2026",
        nature=DE,
        matiere="3.1",
        objet="ACQUISITION DE LA PARCELLE CADASTRÉE SECTION AB N° 112 EN VUE DE L'ÉLARGISSEMENT DU "
        "CHEMIN DES PRÉS",
    ),
    Case(
        name="number without a year",
        text="""Délibération n° 12
Réunion du 15 juin 2026
Objet : Désignation d'un délégué au syndicat des eaux
Le conseil municipal, après en avoir délibéré, désigne Mme TÉMOIN.
""",
        numero="2026_12",
        date="15/06/2026",
        nature=DE,
        matiere="5.3",
        objet="Désignation d'un délégué au syndicat des eaux",
    ),
    Case(
        name="noise of character recognition",
        text="""DELlBERATlON DU CONSEIL MUNICIPAL
Délibération n° 2O26-O33
Séance du 9 avril 2O26
0bjet : Adoption du compte financier unique 2025
Vu le C.G.C.T.
Le Conseil municipal, après en avoir délibéré, adopte le compte.
""",
        numero="2026_033",
        date="09/04/2026",
        nature=DE,
        matiere="7.1",
        objet="Adoption du compte financier unique 2025",
    ),
    Case(
        name="several dates, acts cited in the visas",
        text="""DÉLIBÉRATION N° D2026-071
Conseil municipal - séance ordinaire du jeudi 8 octobre 2026
Convocation adressée le 1er octobre 2026
Objet : Garantie d'emprunt - modification
Vu la loi n° 82-213 du 2 mars 1982,
Vu la délibération n° 2024-015 du 14 mars 2024 accordant la garantie,
Vu l'arrêté préfectoral n° 2020-77 du 3 janvier 2020,
Le conseil, après en avoir délibéré, modifie la garantie.
Transmis au contrôle de légalité le 12 octobre 2026
""",
        numero="D2026_071",
        date="08/10/2026",
        nature=DE,
        matiere="7.3",
        objet="Garantie d'emprunt - modification",
    ),
    Case(
        name="letters set apart in the title",
        text="""D É L I B É R A T I O N
N° 2026-081
Séance du 10 septembre 2026
Objet : Convention de mise à disposition d'un local à l'association des aînés

Le conseil municipal, après en avoir délibéré, approuve la convention.
""",
        numero="2026_081",
        date="10/09/2026",
        nature=DE,
        matiere="3.3",
        objet="Convention de mise à disposition d'un local à l'association des aînés",
    ),
    Case(
        name="objet in the title",
        text="""Délibération n° 2026-090 : Instauration du RIFSEEP
Séance du 24 septembre 2026
Présents : 11
Vu le code général de la fonction publique,
Après en avoir délibéré, le conseil instaure le régime.
""",
        numero="2026_090",
        date="24/09/2026",
        nature=DE,
        matiere="4.5",
        objet="Instauration du RIFSEEP",
    ),
    Case(
        name="objet on the line below its label",
        text="""EXTRAIT DU REGISTRE DES DELIBERATIONS
2026-044
Séance du 02/06/2026
OBJET

Plan local d'urbanisme : prescription de la révision

L'an deux mille vingt-six, le deux juin,
Le conseil, après en avoir délibéré, prescrit la révision.
""",
        numero="",
        date="02/06/2026",
        nature=DE,
        matiere="2.1",
        objet="Plan local d'urbanisme : prescription de la révision",
    ),
    Case(
        name="décision of the mayor by delegation",
        text="""DÉCISION DU MAIRE N° DEC_2026_009
prise par délégation du conseil municipal (article L. 2122-22 du CGCT)
Objet : Attribution du marché de travaux de voirie 2026
Le maire,
Vu la délibération n° 2026-002 du 20 mars 2026 portant délégation,
DÉCIDE : le marché est attribué à TRAVAUX DU VALLON.
Fait à Saint-Exemple, le 3 août 2026
""",
        numero="DEC_2026_009",
        date="03/08/2026",
        nature=DE,
        matiere="1.1",
        objet="Attribution du marché de travaux de voirie 2026",
    ),
    Case(
        name="arrêté of general scope",
        text="""ARRÊTÉ MUNICIPAL N° 2026-AR-031
portant réglementation de la circulation rue du Lavoir
Le maire de Saint-Exemple-lès-Fiction,
Vu le code de la route,
Vu l'arrêté du 24 novembre 1967 relatif à la signalisation,
ARRÊTE
Article 1er : La circulation est interdite du 14 au 18 septembre 2026.
Fait à Saint-Exemple-lès-Fiction, le 7 septembre 2026
Le maire, Camille DUPRÉ
""",
        numero="2026_AR_031",
        date="07/09/2026",
        nature=AR,
        matiere="6.1",
        objet="portant réglementation de la circulation rue du Lavoir",
    ),
    Case(
        name="arrêté about an agent",
        text="""ARRÊTÉ N° AI-2026-017
PORTANT NOMINATION DE MADAME ALIX FICTIF
ADJOINT TECHNIQUE STAGIAIRE
Le maire,
Vu le code général de la fonction publique,
Vu la déclaration de vacance du 2 janvier 2026,
ARRÊTE :
Article 1 : Madame Alix FICTIF, née le 4 mai 1990, est nommée à compter du 1er octobre 2026.
Fait à Bellombre, le 21 septembre 2026.
""",
        numero="AI_2026_017",
        date="21/09/2026",
        nature=AI,
        matiere="4.1",
        objet="PORTANT NOMINATION DE MADAME ALIX FICTIF ADJOINT TECHNIQUE STAGIAIRE",
    ),
    Case(
        name="arrêté of urbanisme",
        text="""COMMUNE DE BELLOMBRE
Dossier n° PC 099 000 26 00012
Déposé le 12/05/2026
ARRÊTÉ accordant un permis de construire au nom de la commune
Le maire,
Vu la demande présentée le 12/05/2026 par M. OCTAVE TUILLIER,
ARRÊTE
Article 1 : Le permis de construire est ACCORDÉ.
À Bellombre, le 3 juillet 2026
""",
        numero="",
        date="03/07/2026",
        nature=AI,
        matiere="2.2",
        objet="ARRÊTÉ accordant un permis de construire au nom de la commune",
    ),
    Case(
        name="convention",
        text="""CONVENTION D'OCCUPATION DU DOMAINE PUBLIC
ENTRE LES SOUSSIGNÉS
La commune de Saint-Exemple-lès-Fiction, représentée par son maire, d'une part,
ET : l'association Les Cordes du Lavoir, d'autre part,
Il a été convenu ce qui suit.
Fait à Saint-Exemple en deux exemplaires, le 18 mai 2026
""",
        numero="",
        date="18/05/2026",
        nature=CC,
        matiere="3.5",
        objet="CONVENTION D'OCCUPATION DU DOMAINE PUBLIC",
    ),
    Case(
        name="avenant to a marché",
        text="""AVENANT N° 2 AU MARCHÉ DE TRAVAUX
Réfection de la toiture de l'école - lot 3
Entre la commune de Bellombre, d'une part, et l'entreprise TRAVAUX DU VALLON, d'autre part,
il a été arrêté ce qui suit.
Signé le 6 février 2026
""",
        numero="2026_2",
        date="06/02/2026",
        nature=CC,
        matiere="1.1",
        objet="AVENANT N° 2 AU MARCHÉ DE TRAVAUX Réfection de la toiture de l'école - lot 3",
    ),
    Case(
        name="communauté de communes, figures in dots",
        text="""Communauté de communes du Val Fictif
Extrait du registre des délibérations du conseil communautaire
Délibération n°2026.10.104 - Séance du 15.10.2026
Objet : Fonds de concours à la commune de Bellombre
Le conseil communautaire, après en avoir délibéré, attribue le fonds de concours.
""",
        numero="2026_10_104",
        date="15/10/2026",
        nature=DE,
        matiere="7.8",
        objet="Fonds de concours à la commune de Bellombre",
    ),
    Case(
        name="contractuel",
        text="""Séance du 29 janvier 2026 - Délibération 2026-005
OBJET : Recrutement d'un agent contractuel pour accroissement temporaire d'activité

Le Maire rappelle à l'assemblée que la loi le permet.
Le Conseil municipal, après en avoir délibéré, autorise ce recrutement.
""",
        numero="2026_005",
        date="29/01/2026",
        nature=DE,
        matiere="4.2",
        objet="Recrutement d'un agent contractuel pour accroissement temporaire d'activité",
    ),
    Case(
        name="scan",
        text="\n\n  \n",
        numero="",
        date="",
        nature="",
        matiere="",
        objet="",
    ),
    Case(
        name="an annexe",
        text="""Tableau des emprunts garantis
Organisme Montant Taux
Office fictif 250 000 1,75 %
Total 250 000
""",
        numero="",
        date="",
        nature="",
        matiere="7.3",
        objet="",
    ),
    Case(
        name="an invoice",
        text="""FOURNITURES LERAND - 22 avenue des Forges - 99200 Clairvallon
FACTURE N° 2026-0912
Date : 12/09/2026
Papier 240,00 euros
""",
        numero="",
        date="12/09/2026",
        nature="",
        matiere="",
        objet="",
    ),
    Case(
        name="budget vote, figures everywhere",
        text="""DÉLIBÉRATION N° 2026-021 DU CONSEIL MUNICIPAL
L'an 2026 et le jeudi 2 avril à 18 heures 30, le conseil municipal s'est réuni.
Nombre de conseillers : 15
OBJET : Vote du budget primitif 2026 - budget annexe de l'eau
Fonctionnement : 412 000,00 ; investissement : 98 500,00
Le conseil municipal, après en avoir délibéré, vote le budget.
""",
        numero="2026_021",
        date="02/04/2026",
        nature=DE,
        matiere="7.1",
        objet="Vote du budget primitif 2026 - budget annexe de l'eau",
    ),
    Case(
        name="motion",
        text="""CONSEIL MUNICIPAL DU 17 NOVEMBRE 2026
Délibération n° 2026-110
Objet : Motion pour le maintien de la trésorerie
Le conseil, après en avoir délibéré, adopte la motion.
""",
        numero="2026_110",
        date="17/11/2026",
        nature=DE,
        matiere="9.4",
        objet="Motion pour le maintien de la trésorerie",
    ),
    Case(
        name="droit de préemption",
        text="""Acte n° 2026_DIA_003
DÉCISION DE LA MAIRE
Objet : Renonciation au droit de préemption urbain, 3 impasse de la Forge
Décide de ne pas préempter.
Saint-Exemple, le 4 septembre 2026
""",
        numero="2026_DIA_003",
        date="04/09/2026",
        nature=DE,
        matiere="2.3",
        objet="Renonciation au droit de préemption urbain, 3 impasse de la Forge",
    ),
    Case(
        name="vente, objet stopped by the rapporteur",
        text="""Commune de Bellombre
Délibération n°2026-067 - Séance du vendredi 26 juin 2026
Objet : Vente d'un terrain communal, lieu-dit Les Prés
Rapporteur : M. TUILLIER
Monsieur le rapporteur expose que le terrain n'est plus utile.
Après en avoir délibéré, le conseil décide de vendre.
""",
        numero="2026_067",
        date="26/06/2026",
        nature=DE,
        matiere="3.2",
        objet="Vente d'un terrain communal, lieu-dit Les Prés",
    ),
    Case(
        name="règlement, arrêté permanent with articles",
        text="""Arrêté du maire n° 2026/45
Objet : Règlement du cimetière communal
Nous, maire de la commune de Bellombre,
Vu le code général des collectivités territoriales,
ARRÊTONS
Article 1 - Le présent règlement s'applique au cimetière.
Fait en mairie le 30 janvier 2026
""",
        numero="2026_45",
        date="30/01/2026",
        nature=AR,
        matiere="6.4",
        objet="Règlement du cimetière communal",
    ),
    Case(
        name="indemnités of the elected",
        text="""DELIBERATION N°2026-004
L'an deux mil vingt-six et le vingt-deux du mois de mars, à 10 heures,
Objet : Indemnités de fonction du maire et des adjoints

Vu les articles L. 2123-20 et suivants,
Le conseil, après en avoir délibéré, fixe les indemnités.
""",
        numero="2026_004",
        date="22/03/2026",
        nature=DE,
        matiere="5.6",
        objet="Indemnités de fonction du maire et des adjoints",
    ),
    Case(
        name="cantine, theme and action",
        text="""Registre des délibérations
Délibération n° 2026-073
Réunion du conseil municipal du mardi 7 juillet 2026
Objet : Participation des familles à la cantine scolaire

Le conseil municipal, après en avoir délibéré, fixe la participation.
Acte rendu exécutoire après transmission en préfecture le 10/07/2026
""",
        numero="2026_073",
        date="07/07/2026",
        nature=DE,
        matiere="7.10",
        objet="Participation des familles à la cantine scolaire",
    ),
    Case(
        name="number and title on one line",
        text="""DEPARTEMENT DE LA FICTION
ARRONDISSEMENT DE BELLOMBRE
MAIRIE DE CLAIRVALLON
Extrait du registre des délibérations du Conseil Municipal
Séance ordinaire du mercredi 16 septembre 2026 à 20h30
Nombre de conseillers en exercice : 19
Étaient présents : Mmes et MM. DUPRÉ, ARDOISIER, TUILLIER
Absents excusés : M. TÉMOIN
Secrétaire de séance : Mme ARDOISIER
2026-09-16/04 - Admission en non-valeur de créances irrécouvrables
Monsieur le Maire informe l'assemblée de la demande du comptable.
Le Conseil Municipal, après en avoir délibéré, à l'unanimité, admet en non-valeur.
""",
        numero="2026_09_16_04",
        date="16/09/2026",
        nature=DE,
        matiere="7.10",
        objet="Admission en non-valeur de créances irrécouvrables",
    ),
    Case(
        name="syndicat",
        text="""Syndicat intercommunal des eaux fictives
COMITÉ SYNDICAL - Réunion du 3 décembre 2025
DÉLIBÉRATION n°2025-22
Objet : Rapport sur le prix et la qualité du service public d'eau potable 2024
Le comité syndical, après en avoir délibéré, prend acte du rapport.
""",
        numero="2025_22",
        date="03/12/2025",
        nature=DE,
        matiere="8.8",
        objet="Rapport sur le prix et la qualité du service public d'eau potable 2024",
    ),
    Case(
        name="arrêté, number before the year",
        text="""ARRETE DU MAIRE
N° 58/2026
OBJET : Interdiction de stationnement place de la Mairie - fête patronale
Le Maire de la commune de Clairvallon
Vu le Code de la Route
CONSIDERANT qu'il y a lieu d'assurer la sécurité
ARRETE
ARTICLE 1 : Le stationnement sera interdit du samedi 15 août 2026 au dimanche 16 août 2026.
Fait à CLAIRVALLON, le 10 août 2026.
""",
        numero="58_2026",
        date="10/08/2026",
        nature=AR,
        matiere="6.1",
        objet="Interdiction de stationnement place de la Mairie - fête patronale",
    ),
    Case(
        name="congé of an agent",
        text="""ARRÊTÉ n° 2026-P-09
Portant attribution d'un congé de longue maladie
à Monsieur Félix EXEMPLE, attaché
Le Président du centre communal d'action sociale,
Vu l'avis du conseil médical du 4 mars 2026,
Arrête :
Article 1er : un congé est accordé à compter du 15 mars 2026.
Fait à Bellombre, le 12/03/2026
""",
        numero="2026_P_09",
        date="12/03/2026",
        nature=AI,
        matiere="4.1",
        objet="Portant attribution d'un congé de longue maladie à Monsieur Félix EXEMPLE, attaché",
    ),
    Case(
        name="contrat without number",
        text="""CONTRAT DE PRESTATION DE SERVICES
Entretien des chaudières communales
Entre : La Commune de Clairvallon, ci-après « la commune », et : la société CHAUFFAGE FICTIF,
Article 1 - Objet du contrat
Le présent contrat a pour objet l'entretien des chaudières.
Fait à Clairvallon le 1er juillet 2026
""",
        numero="",
        date="01/07/2026",
        nature=CC,
        matiere="1.4",
        objet="CONTRAT DE PRESTATION DE SERVICES Entretien des chaudières communales",
    ),
    Case(
        name="staff, number without a year",
        text="""COMMUNE DE BELLOMBRE
Conseil municipal
Séance du 20/05/2026
Délibération N°7
OBJET : PERSONNEL COMMUNAL - CREATION D'UN POSTE DE REDACTEUR
L'an deux mille vingt-six, le vingt du mois de mai à vingt heures, le Conseil Municipal
Après avoir entendu l'exposé de M. le Maire et après en avoir délibéré
DECIDE la création d'un poste.
""",
        numero="2026_7",
        date="20/05/2026",
        nature=DE,
        matiere="4.1",
        objet="PERSONNEL COMMUNAL - CREATION D'UN POSTE DE REDACTEUR",
    ),
    Case(
        name="stamps of the transmission",
        text="""Envoyé en préfecture le 14/04/2026
Reçu en préfecture le 14/04/2026
Publié le 15/04/2026
ID : 099-219901238-20260409-D202614-DE
VILLE DE FICTION-SUR-MER
DÉLIBÉRATION DU CONSEIL MUNICIPAL
SÉANCE DU JEUDI 9 AVRIL 2026
N° D2026-14
FINANCES - Approbation du règlement budgétaire et financier
Rapporteur : Mme la première adjointe
Le Conseil Municipal, après en avoir délibéré, APPROUVE le règlement.
""",
        numero="D2026_14",
        date="09/04/2026",
        nature=DE,
        matiere="7.1",
        objet="FINANCES - Approbation du règlement budgétaire et financier",
    ),
    Case(
        name="décision of a president without objet",
        text="""DÉCISION N° 2026-15
Le Président de la communauté de communes,
Vu l'article L.5211-10 du CGCT,
Vu la délibération n° 2026-03 du 9 avril 2026,
DÉCIDE
Article 1 : de contracter auprès de la Banque Fictive un emprunt de 300 000 euros.
Fait à Bellombre, le 2 juin 2026
""",
        numero="2026_15",
        date="02/06/2026",
        nature=DE,
        matiere="7.3",
        objet="",
    ),
    Case(
        name="point of the agenda",
        text="""Conseil municipal du 30 juin 2026
Point 5 : Convention avec le SDIS pour la défense incendie
Délibération n°26-051
Le Conseil, après en avoir délibéré, approuve la convention.
""",
        numero="26_051",
        date="30/06/2026",
        nature=DE,
        matiere="",
        objet="Convention avec le SDIS pour la défense incendie",
    ),
    Case(
        name="procès-verbal",
        text="""PROCÈS-VERBAL DE LA COMMISSION D'APPEL D'OFFRES
Réunion du 4 mai 2026
La commission classe les offres.
""",
        numero="",
        date="04/05/2026",
        nature="",
        matiere="1.1",
        objet="",
    ),
    Case(
        name="arrêté permanent",
        text="""Mairie de Clairvallon
Arrêté municipal permanent n° 2026-12
Objet : limitation de vitesse à 30 km/h dans le bourg
Vu le code de la route, Considérant la sécurité, Arrête
Article 1 : La vitesse est limitée à 30 km/h.
Clairvallon, le 5 mai 2026.
""",
        numero="2026_12",
        date="05/05/2026",
        nature=AR,
        matiere="6.1",
        objet="limitation de vitesse à 30 km/h dans le bourg",
    ),
    Case(
        name="ccas",
        text="""DELIBERATION DU CONSEIL D'ADMINISTRATION DU CCAS
Séance du 18 février 2026
Délibération n°2026_CCAS_03
Objet : attribution de secours exceptionnels
Le conseil d'administration, après en avoir délibéré, attribue les secours.
""",
        numero="2026_CCAS_03",
        date="18/02/2026",
        nature=DE,
        matiere="8.2",
        objet="attribution de secours exceptionnels",
    ),
    Case(
        name="session, number before the year",
        text="""REPUBLIQUE FRANÇAISE
Département de la Fiction
VILLE DE CLAIRVALLON
--------
DELIBERATION DU CONSEIL MUNICIPAL
Session ordinaire du 22 JANVIER 2026
L'an deux mille vingt-six, le vingt-deux janvier, à dix-huit heures trente
Délibération n° 01/2026
Objet : Ouverture anticipée de crédits d'investissement avant le vote du budget
Monsieur le Maire rappelle les dispositions de l'article L 1612-1.
Après en avoir délibéré, le conseil municipal autorise.
""",
        numero="01_2026",
        date="22/01/2026",
        nature=DE,
        matiere="7.1",
        objet="Ouverture anticipée de crédits d'investissement avant le vote du budget",
    ),
    Case(
        name="intitulé",
        text="""COMMUNE DE BELLOMBRE
CONSEIL MUNICIPAL - SEANCE DU 11 DECEMBRE 2025
DELIBERATION N° CM-2025-12-007
INTITULÉ : Convention d'adhésion au service de médecine préventive du centre de gestion
Le Conseil Municipal,
VU le code général de la fonction publique ;
Après en avoir délibéré, DÉCIDE d'adhérer.
""",
        numero="CM_2025_12_007",
        date="11/12/2025",
        nature=DE,
        matiere="4.1",
        objet="Convention d'adhésion au service de médecine préventive du centre de gestion",
    ),
    Case(
        name="delegation of signature",
        text="""Arrêté n°2026-101
portant délégation de signature à Mme Lucile ARDOISIER, directrice générale des services
Le maire de Clairvallon,
Vu l'article L. 2122-19 du code général des collectivités territoriales,
ARRÊTE
Article 1er. Délégation de signature est donnée.
Fait à Clairvallon, le 8 avril 2026.
""",
        numero="2026_101",
        date="08/04/2026",
        nature=AR,
        matiere="5.5",
        objet="portant délégation de signature à Mme Lucile ARDOISIER, directrice générale des "
        "services",
    ),
    Case(
        name="bail",
        text="""BAIL COMMERCIAL
Entre les soussignés : la Commune de Bellombre, bailleur, d'une part,
et la société BOULANGERIE FICTIVE, preneur, d'autre part,
Le loyer annuel est de 4 800 euros.
Fait à Bellombre, le 02/02/2026
""",
        numero="",
        date="02/02/2026",
        nature=CC,
        matiere="3.3",
        objet="BAIL COMMERCIAL",
    ),
    Case(
        name="labels in the feminine",
        text="""EXTRAIT DU REGISTRE DES DÉLIBÉRATIONS
du conseil communautaire de Val Fictif
Séance du lundi 29 juin 2026
Numéro de la délibération : 2026_06_088
Objet de la délibération : Transfert de la compétence eau - procès-verbaux de mise à disposition
Date de la convocation : 23 juin 2026
Le conseil communautaire, à l'unanimité, approuve.
""",
        numero="2026_06_088",
        date="29/06/2026",
        nature=DE,
        matiere="5.7",
        objet="Transfert de la compétence eau - procès-verbaux de mise à disposition",
    ),
    Case(
        name="a letter",
        text="""Mairie de Saint-Exemple
N/Réf : CD/2026/114
Monsieur le Préfet,
Vous trouverez ci-joint la délibération du 8 octobre 2026.
Saint-Exemple, le 12 octobre 2026
""",
        numero="",
        date="12/10/2026",
        nature="",
        matiere="",
        objet="",
    ),
    Case(
        name="blanks in the number",
        text="""DÉLIBÉRATION 2026 - 039
Conseil Municipal du 28 mai 2026
Objet : Cession d'un délaissé de voirie à M. et Mme TUILLIER
Exposé des motifs : le délaissé n'a plus d'utilité.
Délibéré : le conseil municipal, après en avoir délibéré, cède.
""",
        numero="2026_039",
        date="28/05/2026",
        nature=DE,
        matiere="3.2",
        objet="Cession d'un délaissé de voirie à M. et Mme TUILLIER",
    ),
    Case(
        name="décision of a ccas",
        text="""CCAS DE BELLOMBRE
Extrait du registre des décisions du président
Décision n°2026/3
Objet : signature d'un contrat d'assurance dommages aux biens
Le président, DÉCIDE de signer.
Fait le 19 janvier 2026
""",
        numero="2026_3",
        date="19/01/2026",
        nature=DE,
        matiere="1.4",
        objet="signature d'un contrat d'assurance dommages aux biens",
    ),
)

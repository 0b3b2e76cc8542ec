"""French sentences on PES files and on the answers of Hélios (helios dossier §8.1, §9)."""

import re
from collections.abc import Mapping

from demat.labels_fr.label import COMPTABLE, EDITEUR, MAIRIE, TDT, Label

__all__ = ["LABELS", "complete"]

_LIGNE = "bordereau n° {bordereau}, pièce n° {piece}, ligne {ligne}"
_PIECE = "bordereau n° {bordereau}, pièce n° {piece}"
_CORRIGEZ = "Corrigez-le dans votre logiciel de gestion financière, puis exportez de nouveau."

_FICHIER: Mapping[str, Label] = {
    "PES-001": Label(
        "Le caractère « {character} » (élément {element}) ne peut pas être transmis à Hélios.",
        remedy="Écrivez-le autrement (« EUR » pour le signe de l'euro, « oe », une apostrophe "
        "droite, un tiret simple), puis exportez de nouveau.",
    ),
    "PES-001_ENCODING": Label(
        "Le fichier est écrit en « {encoding} » alors que Hélios n'accepte que « ISO-8859-1 », "
        "annoncé au tout début du fichier.",
        remedy="Demandez un export PES en ISO-8859-1.",
        ask=EDITEUR,
    ),
    "PES-001_MOJIBAKE": Label(
        "Les accents du fichier semblent écrits en UTF-8 alors qu'il s'annonce en ISO-8859-1 : le "
        "comptable lirait « Ã© » au lieu de « é ».",
        remedy="Demandez un export dont les accents sont corrects.",
        ask=EDITEUR,
    ),
    "PES-001_WINDOWS": Label(
        "Le fichier s'annonce en ISO-8859-1 mais contient un caractère de Windows "
        "(« {character} ») que le comptable ne lira pas.",
        remedy="Demandez un export en ISO-8859-1, ou remplacez ce caractère dans votre logiciel : "
        "apostrophe droite, « oe » en deux lettres, « EUR » en toutes lettres.",
        ask=EDITEUR,
    ),
    "PES-003": Label(
        "Le numéro de version {element} vaut « {value} » alors que Hélios attend « {expected} ».",
        remedy="Faites régler la version du PES dans votre logiciel.",
        ask=EDITEUR,
    ),
    "PES-004": Label(
        "Le type de fichier « {typ_fic} » ne va pas avec le type de bordereau « {typ_bord} » : un "
        "fichier PESORMC ne contient que des rôles (type 06), et un fichier de rôles est un "
        "PESORMC.",
        remedy="Exportez les rôles et les autres bordereaux dans des fichiers séparés.",
        ask=EDITEUR,
    ),
    "PES-005": Label(
        "Le nom de fichier « {nom_fic} » a déjà servi ({earlier}) : Hélios ne pourrait pas savoir "
        "auquel des deux il répond.",
        remedy="Exportez de nouveau pour obtenir un nouveau nom, après avoir vérifié que ce n'est "
        "pas un second envoi du même bordereau.",
    ),
    "PES-005_LENGTH": Label(
        "Le nom interne du fichier (« {nom_fic} ») doit compter de 1 à 100 caractères.",
        remedy="Faites corriger le nom que le logiciel donne au fichier.",
        ask=EDITEUR,
    ),
    "PES-005_MISSING": Label(
        "Le fichier ne contient pas l'élément NomFic : Hélios ne pourrait pas répondre.",
        remedy="Demandez un export PES complet.",
        ask=EDITEUR,
    ),
    "PES-006": Label(
        "L'émetteur du fichier n'est pas renseigné (élément {element}) : l'éditeur et la version "
        "du logiciel sont obligatoires.",
        remedy="Faites renseigner l'émetteur dans les paramètres du logiciel.",
        ask=EDITEUR,
    ),
    "PES-007": Label(
        "Le code du poste comptable « {value} » n'est celui d'aucun budget configuré "
        "(connu : {expected}).",
        remedy="Vérifiez que le fichier est bien celui de votre collectivité ; si le poste a "
        "changé, faites mettre à jour la configuration.",
        ask=COMPTABLE,
    ),
    "PES-008": Label(
        "Le SIRET « {value} » du fichier n'est pas celui du budget configuré ({expected}).",
        remedy="Corrigez le SIRET dans le logiciel ou dans la configuration du budget.",
    ),
    "PES-008_KEY": Label(
        "La clé du SIRET « {value} » est fausse, bien que ce soit le SIRET configuré.",
        remedy="Vérifiez ce numéro sur l'avis de situation de l'INSEE, puis corrigez-le des deux "
        "côtés.",
    ),
    "PES-009": Label(
        "Le couple collectivité/budget « {value} » n'est pas connu à ce poste comptable "
        "(connu : {expected}).",
        remedy="Vérifiez ces codes auprès du comptable, puis corrigez-les dans le logiciel ou dans "
        "la configuration.",
        ask=COMPTABLE,
    ),
    "PES-010": Label(
        "Le FINESS juridique « {value} » n'est pas celui qui est configuré pour ce budget "
        "(« {expected} », vide s'il n'en a pas) ; il est réservé aux établissements de santé.",
        remedy="Supprimez-le ou corrigez-le dans les paramètres du logiciel.",
        ask=EDITEUR,
    ),
    "PES-010_MISSING": Label(
        "Le FINESS juridique de ce budget de santé manque dans le fichier (attendu : {expected}).",
        remedy="Renseignez-le dans les paramètres du logiciel, tel que le comptable le connaît.",
        ask=COMPTABLE,
    ),
    "PES-010_NOMENCLATURE": Label(
        "Le FINESS juridique « {value} » est interdit pour un budget tenu en {expected} : il est "
        "réservé aux établissements de santé (M21, M22).",
        remedy="Supprimez-le dans les paramètres du logiciel, ou faites corriger la nomenclature "
        "du budget dans la configuration.",
        ask=EDITEUR,
    ),
    "PES-011": Label(
        "Le fichier ne contient ni bordereau ni pièce jointe : il n'y a rien à envoyer.",
        remedy="Exportez de nouveau, en choisissant au moins un bordereau.",
    ),
    "PES-011_DOMAINS": Label(
        "Le fichier mélange des mandats (dépense) et des titres (recette).",
        remedy="Exportez un fichier pour les mandats et un autre pour les titres.",
    ),
    "PES-012": Label(
        "Le fichier pèse {size} Mo, au-delà des {limit} Mo prévus. Il a été préparé par un autre "
        "logiciel : il ne peut pas être découpé ici.",
        remedy="Exportez les bordereaux en plusieurs fichiers ; si votre logiciel ne sait pas le "
        "faire, demandez-le à son éditeur.",
        ask=EDITEUR,
    ),
    "PES-012_PJ": Label(
        "La pièce jointe « {nom} » ({id_unique}) dépasse les {limit} Mo prévus.",
        remedy="Numérisez-la avec une résolution plus faible ou en plusieurs fichiers.",
    ),
    "PES-013": Label(
        "Le fichier se déclare dématérialisé (InfoDematerialisee = 1) mais n'est pas signé.",
        remedy="Faites-le signer, ou exportez-le comme non dématérialisé.",
    ),
    "PES-013_SIGNED": Label(
        "Le fichier est signé ou va l'être, alors qu'il se déclare non dématérialisé "
        "(InfoDematerialisee = 0).",
        remedy="Exportez-le comme dématérialisé ; un fichier déjà signé doit être signé de "
        "nouveau après correction.",
        ask=EDITEUR,
    ),
    "PES-014": Label(
        "Le bordereau n° {bordereau} porte {count} signature(s) : il en faut exactement une.",
        remedy="Faites signer de nouveau tous les bordereaux du fichier.",
    ),
    "PES-014_MIXED": Label(
        "Le fichier porte à la fois une signature d'ensemble et des signatures de bordereaux, ou "
        "plusieurs signatures d'ensemble.",
        remedy="Exportez-le de nouveau, puis ne le faites signer qu'une fois.",
    ),
    "PES-015": Label(
        "L'identifiant technique « {id} » du bordereau n° {bordereau} manque ou est mal formé : "
        "la signature ne peut pas le désigner.",
        remedy="Demandez un export où chaque bordereau porte un Id qui commence par une lettre.",
        ask=EDITEUR,
    ),
    "PES-015_DOUBLE": Label(
        "L'identifiant technique « {id} » du bordereau n° {bordereau} sert deux fois dans le "
        "fichier.",
        remedy="Demandez un export où chaque bordereau porte un Id différent.",
        ask=EDITEUR,
    ),
    "PES-015_ROOT": Label(
        "L'identifiant technique « {id} » du fichier manque, est mal formé ou sert aussi à un "
        "bordereau : la signature d'ensemble ne peut pas le désigner.",
        remedy="Demandez un export dont la racine porte un Id qui commence par une lettre, puis "
        "faites-le signer de nouveau.",
        ask=EDITEUR,
    ),
    "PES-016": Label(
        "La date de signature « {value} » manque ou n'est pas écrite en temps universel, "
        "terminée par Z ({ou}).",
        remedy="Faites signer de nouveau le fichier avec un outil de signature à jour.",
        ask=EDITEUR,
    ),
    "PES-016_ROLE": Label(
        "La qualité du signataire (« Maire », « Président »…) manque dans la signature ({ou}).",
        remedy="Faites-la renseigner dans l'outil de signature, puis signez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-016_POLICY": Label(
        "La politique de signature de la DGFiP, ou son empreinte, n'est pas citée dans la "
        "signature ({ou}).",
        remedy="Faites régler l'outil de signature pour Hélios, puis signez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-016_CERTIFICATE": Label(
        "La signature ne désigne pas le certificat du signataire parmi ce qu'elle protège ({ou}).",
        remedy="Faites régler l'outil de signature pour Hélios, puis signez de nouveau.",
        ask=EDITEUR,
    ),
}

_BORDEREAUX: Mapping[str, Label] = {
    "PES-017": Label(
        "Le bordereau n° {bordereau} de l'exercice {exercice} a déjà été envoyé ({earlier}).",
        remedy="N'envoyez pas une seconde fois : regardez d'abord la réponse du comptable au "
        "premier envoi.",
    ),
    "PES-017_DOUBLE": Label(
        "Le bordereau n° {bordereau} de l'exercice {exercice} figure deux fois dans le fichier.",
        remedy="Supprimez ou renumérotez l'un des deux.",
    ),
    "PES-017_GAP": Label(
        "Le bordereau n° {missing}, qui précède le bordereau n° {bordereau}, n'a pas été envoyé "
        "d'ici : la numérotation aurait un trou.",
        remedy="Envoyez d'abord le bordereau manquant, ou vérifiez le numéro de celui-ci.",
    ),
    "PES-018": Label(
        "Le type « {typ_bord} » du bordereau n° {bordereau} n'est pas admis à l'envoi.",
        remedy="Choisissez ordinaire (01), annulation ou réduction (02), ordres (03), ou rôle (06) "
        "pour des titres seulement.",
        ask=EDITEUR,
    ),
    "PES-019": Label(
        "Le bordereau n° {bordereau} annonce {announced} pièce(s) mais en contient {found}.",
        remedy="Exportez de nouveau le bordereau entier.",
        ask=EDITEUR,
    ),
    "PES-020": Label(
        "Le total hors taxes annoncé du bordereau n° {bordereau} ({announced} €) n'est pas la "
        "somme de ses lignes ({found} €).",
        remedy="Vérifiez les lignes du bordereau, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-021": Label(
        "Le total de TVA annoncé du bordereau n° {bordereau} ({announced} €) n'est pas la somme "
        "de ses lignes ({found} €).",
        remedy="Vérifiez la TVA des lignes, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-020_ROLE": Label(
        "Le total hors taxes annoncé du rôle n° {bordereau} ({announced} €) n'est pas la somme de "
        "ses articles ({found} €).",
        remedy="Vérifiez les articles du rôle, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-021_ROLE": Label(
        "Le total de TVA annoncé du rôle n° {bordereau} ({announced} €) n'est pas la somme de ses "
        "articles ({found} €).",
        remedy="Vérifiez la TVA des articles, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-022": Label(
        "Le bordereau n° {bordereau} annonce de la TVA alors qu'aucune de ses lignes n'en porte.",
        remedy="Renseignez la TVA des lignes concernées ou supprimez le total de TVA.",
    ),
    "PES-022_MISSING": Label(
        "Des lignes du bordereau n° {bordereau} portent de la TVA mais son total de TVA manque.",
        remedy="Exportez de nouveau avec le total de TVA du bordereau.",
        ask=EDITEUR,
    ),
    "PES-022_ZERO": Label(
        "Le total de TVA du bordereau de titres n° {bordereau} vaut zéro : il doit être absent.",
        remedy="Exportez de nouveau sans total de TVA.",
        ask=EDITEUR,
    ),
    "PES-023": Label(
        "Le cumul annuel du bordereau n° {bordereau} manque : il est obligatoire pour un bordereau "
        "signé.",
        remedy="Renseignez le montant cumulé des bordereaux de l'exercice, celui-ci compris.",
    ),
    "PES-024": Label(
        "Le cumul annuel du bordereau n° {bordereau} ({announced} €) n'est pas le cumul précédent "
        "augmenté de ce bordereau ({expected} €).",
        remedy="Vérifiez le cumul et qu'aucun bordereau ne manque entre les deux.",
    ),
    "PES-025": Label(
        "Le bordereau n° {bordereau}, émis le {date}, sort de l'exercice {exercice} et de sa "
        "journée complémentaire (31 janvier).",
        remedy="Vérifiez la date d'émission et l'exercice.",
    ),
    "PES-025_FUTURE": Label(
        "Le bordereau n° {bordereau} est daté du {date}, dans le futur.",
        remedy="Vérifiez la date d'émission du bordereau.",
    ),
    "PES-026": Label(
        f"La combinaison bordereau-type-nature « {{triplet}} » ({_PIECE}) n'est pas dans notre "
        "liste, qui est incomplète.",
        remedy="Si ce type d'opération est inhabituel, faites-le confirmer avant l'envoi.",
        ask=COMPTABLE,
    ),
    "PES-026_GRID": Label(
        f"La combinaison bordereau-type-nature « {{triplet}} » ({_PIECE}) n'existe pas dans la "
        "grille de la DGFiP installée ici.",
        remedy="Corrigez le type ou la nature de la pièce ; si elle vous semble juste, faites "
        "mettre à jour la grille.",
        ask=COMPTABLE,
    ),
    "PES-027": Label(
        f"Le type de pièce « {{typ_pce}} » ne va pas avec le type de bordereau « {{typ_bord}} » "
        f"({_PIECE}) : un titre de rôle (15) exige un bordereau de rôle (06), et inversement.",
        remedy="Séparez les rôles des autres titres dans le logiciel.",
        ask=EDITEUR,
    ),
    "PES-028": Label(
        "La pièce n° {piece} (bordereau n° {bordereau}) a déjà été envoyée ({earlier}).",
        remedy="Donnez-lui un nouveau numéro, sauf si le comptable l'a rejetée avant prise en "
        "charge.",
    ),
    "PES-028_DOUBLE": Label(
        "La pièce n° {piece} figure plusieurs fois dans le fichier (bordereau n° {bordereau}).",
        remedy="Supprimez ou renumérotez la pièce en double.",
    ),
    "PES-028_MISSING": Label(
        "Une pièce du bordereau n° {bordereau} n'a pas de numéro de mandat ou de titre valable "
        "(« {piece} »).",
        remedy="Numérotez la pièce à partir de 1.",
    ),
    "PES-029": Label(
        f"Le numéro de ligne « {{ligne}} » n'est pas valable ou sert deux fois ({_PIECE}).",
        remedy="Numérotez les lignes de la pièce à partir de 1.",
        ask=EDITEUR,
    ),
    "PES-030": Label(
        f"L'avis des sommes à payer ({_PIECE}) serait envoyé le {{date}}, avant l'émission du "
        "bordereau ({emission}).",
        remedy="Choisissez une date d'envoi égale ou postérieure à l'émission.",
    ),
    "PES-030_ROLE": Label(
        "La date d'envoi des avis du rôle n° {bordereau} ({date}) précède son émission "
        "({emission}).",
        remedy="Choisissez une date d'envoi égale ou postérieure à l'émission.",
    ),
    "PES-030_ROLE_ONLY": Label(
        "L'information {element} du bordereau n° {bordereau} est réservée aux rôles (type 06).",
        remedy="Supprimez-la : la date d'envoi et l'objet se donnent titre par titre.",
        ask=EDITEUR,
    ),
    "PES-030_EDITION": Label(
        f"Une date d'envoi de l'avis est inutile : la DGFiP l'envoie elle-même ({_PIECE}, mode "
        "d'édition {edition}).",
        remedy="Supprimez la date d'envoi ou le mode d'édition.",
    ),
    "PES-031": Label(
        f"Le mode d'édition de l'avis « {{edition}} » ne va pas avec le type de titre "
        f"« {{typ_pce}} » ({_PIECE}).",
        remedy="Choisissez 03 ou 06 pour un rôle, un autre mode pour un titre.",
    ),
    "PES-032": Label(
        f"L'avis édité par la DGFiP (mode {{edition}}) exige un seul débiteur ({_PIECE}).",
        remedy="Faites un titre par débiteur ou éditez l'avis vous-même.",
    ),
    "PES-032_PJ": Label(
        f"L'avis édité par la DGFiP (mode {{edition}}) exige une pièce jointe ({_PIECE}).",
        remedy="Joignez l'avis ou l'état de facturation à ce titre.",
    ),
    "PES-033": Label(
        f"Pour un envoi par Chorus Pro, le débiteur « {{tiers}} » doit avoir un SIRET valable ; le "
        f"fichier donne « {{value}} » ({_PIECE}).",
        remedy="Renseignez son SIRET à 14 chiffres.",
    ),
    "PES-033_PJ": Label(
        f"Pour un envoi par Chorus Pro (mode {{edition}}), la facture du rôle doit être jointe "
        f"({_PIECE}).",
        remedy="Joignez la facture (type 007) à cet article, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-033_INVOICE": Label(
        f"Pour un envoi par Chorus Pro (mode {{edition}}), le numéro de facture est obligatoire "
        f"({_PIECE}).",
        remedy="Renseignez le numéro de facture du titre.",
    ),
    "PES-034": Label(
        f"Un avis « patient » exige un débiteur qui soit une personne physique ({_PIECE}).",
        remedy="Choisissez un autre mode d'édition ou corrigez la catégorie du débiteur.",
    ),
    "PES-035": Label(
        f"La facture à éditer avec le rôle (type de pièce jointe 010) n'est pas référencée "
        f"({_PIECE}).",
        remedy="Joignez la facture à cet article du rôle, avec son type.",
        ask=EDITEUR,
    ),
    "PES-036": Label(
        f"Le numéro de rôle « {{role}} » n'est pas admis pour ce titre ({_PIECE}).",
        remedy="Supprimez-le : il est réservé au titre récapitulatif avec rôle (01-06-01).",
        ask=EDITEUR,
    ),
}

_ROLES_ET_SANTE: Mapping[str, Label] = {
    "PES-037": Label(
        f"L'information {{element}} est réservée aux établissements de santé : elle est interdite "
        f"en {{nomenclature}} ({_PIECE}).",
        remedy="Supprimez-la de l'export.",
        ask=EDITEUR,
    ),
    "PES-037_LINE": Label(
        f"L'information {{element}} est réservée aux établissements de santé : elle est interdite "
        f"en {{nomenclature}} ({_LIGNE}).",
        remedy="Supprimez-la de la fiche du tiers ou de la ligne.",
    ),
    "PES-037_NIR": Label(
        f"« {{tiers}} » est désigné par son numéro de sécurité sociale, ce qui n'est admis que "
        f"pour un mandat correctif annulant un titre ({_LIGNE}).",
        remedy="Supprimez ce numéro de la fiche du tiers.",
    ),
    "PES-038": Label(
        f"L'article de rôle est incomplet, il manque : {{missing}} ({_PIECE}).",
        remedy="Renseignez le numéro de facture et la période de chaque article.",
        ask=EDITEUR,
    ),
    "PES-038_CLE1": Label(
        f"La première clé de contrôle de l'article de rôle est « {{value}} », nous calculons "
        f"« {{expected}} » ({_PIECE}) ; la règle de calcul n'est pas connue avec certitude.",
        remedy="Faites vérifier le calcul de la clé avant l'envoi.",
        ask=EDITEUR,
    ),
    "PES-038_CLE2": Label(
        f"La seconde clé de contrôle de l'article de rôle est « {{value}} » au lieu de "
        f"« {{expected}} » ({_PIECE}).",
        remedy="Faites corriger le calcul de la clé, puis exportez de nouveau.",
        ask=EDITEUR,
    ),
    "PES-038_DEBTOR": Label(
        f"L'article de rôle compte {{count}} débiteur(s) : il en faut exactement un ({_PIECE}).",
        remedy="Faites un article par débiteur.",
    ),
    "PES-038_NATURE": Label(
        f"Le compte « {{value}} » n'est pas celui des rôles, qui est toujours 588 ({_LIGNE}).",
        remedy="Faites corriger le compte des articles de rôle.",
        ask=EDITEUR,
    ),
    "PES-038_SEPA": Label(
        f"Les lignes de l'article de rôle ne répètent pas le même prélèvement ({_PIECE}).",
        remedy="Faites porter le même mandat et la même date à toutes les lignes ; seul le montant "
        "change.",
        ask=EDITEUR,
    ),
}

_LIGNES: Mapping[str, Label] = {
    "PES-039": Label(
        f"Le compte « {{value}} » est inconnu dans le plan de comptes de {{nomenclature}} "
        f"({_LIGNE}).",
        remedy="Choisissez un compte du plan ; s'il est nouveau, faites-le ajouter à la "
        "configuration.",
    ),
    "PES-039_DIGITS": Label(
        f"Le compte « {{value}} » doit être composé de 1 à 12 chiffres ({_LIGNE}).",
        remedy=_CORRIGEZ,
    ),
    "PES-040": Label(
        f"Le code fonction « {{value}} » est interdit pour un budget tenu en {{nomenclature}} "
        f"({_LIGNE}).",
        remedy="Supprimez le code fonction de la ligne.",
    ),
    "PES-040_MISSING": Label(
        f"Le code fonction manque, alors que ce budget est voté par fonction ({_LIGNE}).",
        remedy="Renseignez la fonction de la ligne.",
    ),
    "PES-041": Label(
        f"Le code opération « {{value}} » doit être composé de chiffres en dépense ({_LIGNE}).",
        remedy=_CORRIGEZ,
    ),
    "PES-041_NOMENCLATURE": Label(
        f"Le code opération « {{value}} » n'existe pas pour un budget tenu en {{nomenclature}} "
        f"({_LIGNE}).",
        remedy="Supprimez le code opération de la ligne.",
    ),
    "PES-042": Label(
        f"Le montant hors taxes « {{value}} » doit être supérieur à zéro ({_LIGNE}).",
        remedy="Pour une diminution, émettez un bordereau d'annulation ou de réduction.",
    ),
    "PES-042_ZERO": Label(
        f"Le montant hors taxes de la ligne vaut zéro ({_LIGNE}).",
        remedy="Vérifiez que cette ligne est voulue.",
    ),
    "PES-043": Label(
        f"La TVA ({{tva}} €) ne correspond pas au taux de {{rate}} %, qui donne {{expected}} € "
        f"({_LIGNE}).",
        remedy="Vérifiez le montant de TVA et le taux.",
    ),
    "PES-043_RATE": Label(
        f"La TVA ({{tva}} €) est indiquée sans son taux ({_LIGNE}).",
        remedy="Renseignez le taux de TVA.",
    ),
    "PES-043_ZERO": Label(
        f"Le montant de TVA d'un titre ne peut pas valoir zéro ({_LIGNE}).",
        remedy="Supprimez la TVA de la ligne.",
        ask=EDITEUR,
    ),
    "PES-044": Label(
        f"La majoration est déclarée sans sa date ou son taux ({_LIGNE}).",
        remedy="Renseignez la date et le taux de majoration.",
    ),
    "PES-044_UNEXPECTED": Label(
        f"Une date ou un taux de majoration figure sur une ligne sans majoration ({_LIGNE}).",
        remedy="Supprimez-les ou déclarez la majoration.",
    ),
    "PES-044_ORIGIN": Label(
        f"Une majoration exige un titre de majoration (01-09-01) rattaché à une liste de "
        f"majoration (05) ({_LIGNE}).",
        remedy="Corrigez le type du titre et son rattachement.",
    ),
    "PES-045": Label(
        f"Cette pièce de type {{triplet}} doit désigner la pièce d'origine, avec son numéro et son "
        f"exercice ({_LIGNE}).",
        remedy="Indiquez la pièce à annuler, réduire ou régulariser.",
    ),
    "PES-046": Label(
        f"La nature de la pièce d'origine « {{value}} » n'est pas admise ici (attendu : "
        f"{{expected}}) ({_LIGNE}).",
        remedy="Faites corriger ce code ; attention : 01 est un titre en recette mais un mandat en "
        "dépense.",
        ask=EDITEUR,
    ),
    "PES-047": Label(
        f"Une réduction de l'exercice {{exercice}} ne peut pas viser une pièce de l'exercice "
        f"{{origine}} ({_LIGNE}).",
        remedy="Pour un exercice clos, utilisez un mandat ou un titre correctif (01-02-09).",
    ),
    "PES-047_SAME_YEAR": Label(
        f"Une annulation sur exercice clos ne peut pas viser l'exercice {{origine}} depuis "
        f"l'exercice {{exercice}} ({_LIGNE}).",
        remedy="Pour la même année, utilisez un bordereau d'annulation ou réduction (02-02-06).",
    ),
    "PES-048": Label(
        f"La ligne de la pièce d'origine manque ({_LIGNE}).",
        remedy="Indiquez la ligne à annuler ou réduire (1 si la pièce n'en a qu'une).",
    ),
    "PES-048_UNEXPECTED": Label(
        f"Ce rattachement ne doit pas désigner de ligne d'origine ({_LIGNE}).",
        remedy="Supprimez le numéro de ligne d'origine.",
        ask=EDITEUR,
    ),
    "PES-049": Label(
        f"La réduction ({{amount}} €) dépasse ce qui reste de la ligne d'origine de la pièce n° "
        f"{{origine}} ({{remaining}} €) ({_LIGNE}).",
        remedy="Vérifiez le montant et la pièce d'origine.",
    ),
    "PES-050": Label(
        f"Le numéro de convention donné par Hélios est obligatoire pour une pièce de type "
        f"{{triplet}} ({_LIGNE}).",
        remedy="Demandez ce numéro, puis renseignez-le.",
        ask=COMPTABLE,
    ),
    "PES-051": Label(
        f"La référence « {{reference}} » manque ({_LIGNE}).",
        remedy="Renseignez-la : sans elle, le comptable devra la rechercher.",
    ),
    "PES-052": Label(
        f"Le code produit local « {{value}} » ne figure pas parmi ceux de ce budget ({_LIGNE}).",
        remedy="Choisissez un code déclaré au comptable ; s'il est nouveau, faites-le ajouter à la "
        "configuration.",
        ask=COMPTABLE,
    ),
    "PES-052_FORM": Label(
        f"Le code produit local « {{value}} » doit compter de 1 à 4 lettres ou chiffres "
        f"({_LIGNE}).",
        remedy=_CORRIGEZ,
    ),
    "PES-053": Label(
        f"Le mode de règlement « {{mode}} » exige les coordonnées bancaires de « {{tiers}} » "
        f"({_LIGNE}).",
        remedy="Renseignez son IBAN ou choisissez un autre mode de règlement.",
    ),
    "PES-053_UNEXPECTED": Label(
        f"Le mode de règlement « {{mode}} » interdit les coordonnées bancaires, or « {{tiers}} » "
        f"en a ({_LIGNE}).",
        remedy="Supprimez l'IBAN de cette ligne ou choisissez un virement.",
    ),
    "PES-054": Label(
        f"Le délai global de paiement est incomplet, il manque : {{missing}} ({_PIECE}).",
        remedy="Renseignez la date de départ, la date limite et le nombre de jours.",
    ),
    "PES-054_DATES": Label(
        f"La date limite de paiement précède son point de départ ({_PIECE}).",
        remedy="Vérifiez les dates du délai global de paiement.",
    ),
}

_TIERS: Mapping[str, Label] = {
    "PES-055": Label(
        f"La ligne ne désigne aucun tiers ({_LIGNE}).",
        remedy="Indiquez le créancier ou le débiteur, sauf pour une opération d'ordre.",
    ),
    "PES-055_MAIN": Label(
        f"Il faut un seul débiteur principal par ligne ; celle-ci en compte {{count}} ({_LIGNE}).",
        remedy="Désignez un débiteur principal (01) ; les autres sont solidaires ou codébiteurs.",
    ),
    "PES-056": Label(
        "La catégorie « {categorie} » et la nature juridique « {nature} » de « {tiers} » ne sont "
        f"pas ensemble dans notre liste, qui est incomplète ({_LIGNE}).",
        remedy="Vérifiez la fiche de ce tiers ; en cas de doute, faites confirmer avant l'envoi.",
        ask=COMPTABLE,
    ),
    "PES-056_GRID": Label(
        "La catégorie « {categorie} » et la nature juridique « {nature} » de « {tiers} » ne vont "
        f"pas ensemble dans la grille de la DGFiP installée ici ({_LIGNE}).",
        remedy="Corrigez la fiche de ce tiers.",
        ask=COMPTABLE,
    ),
    "PES-057": Label(
        f"La civilité et le prénom sont obligatoires pour une personne physique : {{element}} "
        f"manque pour « {{tiers}} » ({_LIGNE}).",
        remedy="Complétez la fiche de cette personne.",
    ),
    "PES-058": Label(
        f"« {{tiers}} » n'est pas une personne physique : l'information {{element}} est interdite "
        f"({_LIGNE}).",
        remedy="Supprimez-la ou corrigez la catégorie du tiers.",
    ),
    "PES-059": Label(
        f"La civilité « {{value}} » de « {{tiers}} » est refusée par Hélios ({_LIGNE}).",
        remedy="Utilisez la civilité de Madame (MME).",
    ),
    "PES-059_UNKNOWN": Label(
        f"La civilité « {{value}} » de « {{tiers}} » n'est pas habituelle ({_LIGNE}).",
        remedy="Utilisez M ou MME.",
    ),
    "PES-060": Label(
        f"Le {{kind}} « {{value}} » de « {{tiers}} » est faux : longueur ou clé ({_LIGNE}).",
        remedy="Vérifiez ce numéro avec la personne ou sur l'annuaire des entreprises.",
    ),
    "PES-060_PAIR": Label(
        "L'identifiant « {value} » de « {tiers} » et sa nature « {kind} » doivent être donnés "
        f"ensemble ({_LIGNE}).",
        remedy="Renseignez les deux ou aucun des deux.",
    ),
    "PES-061": Label(
        f"Le SIRET de « {{tiers}} » manque ({_LIGNE}) ; la qualité du tiers en souffre.",
        remedy="Ajoutez-le dans la fiche de cet organisme.",
    ),
    "PES-061_NAME": Label(
        f"Le nom « {{tiers}} » n'est pas écrit comme Hélios le recommande ({_LIGNE}).",
        remedy="Écrivez-le en capitales, sans « M. » ni « Mme », sans « DIVERS », « NÉE » ni "
        "« SUCCESSION », sans caractère spécial ni double espace.",
    ),
    "PES-062": Label(
        f"L'adresse de « {{tiers}} » est incomplète, il manque : {{element}} ({_LIGNE}).",
        remedy="Complétez l'adresse : voie en Adr2, code postal, ville.",
    ),
    "PES-062_CP": Label(
        f"Le code postal « {{value}} » de « {{tiers}} » doit compter 5 chiffres ({_LIGNE}).",
        remedy="Corrigez-le ; à l'étranger, écrivez 99999 et le code étranger dans la ville.",
    ),
    "PES-062_ABROAD": Label(
        f"« {{tiers}} » est à l'étranger mais son code postal est « {{value}} » ({_LIGNE}).",
        remedy="Écrivez 99999, et le code postal étranger devant la ville.",
    ),
    "PES-063": Label(
        f"Le pays de « {{tiers}} », non-résident, est obligatoire ({_LIGNE}).",
        remedy="Renseignez le code INSEE du pays.",
    ),
    "PES-063_RESIDENT": Label(
        f"« {{tiers}} » est déclaré résident en France mais son pays est « {{value}} » ({_LIGNE}).",
        remedy="Corrigez le pays ou déclarez cette personne non résidente.",
    ),
    "PES-064": Label(
        f"L'IBAN « {{value}} » de « {{tiers}} » est faux : capitales, longueur ou clé ({_LIGNE}).",
        remedy="Recopiez l'IBAN du relevé d'identité bancaire.",
    ),
    "PES-064_RIB": Label(
        f"La clé du RIB « {{value}} » de « {{tiers}} » est fausse ({_LIGNE}).",
        remedy="Recopiez les coordonnées du relevé d'identité bancaire.",
    ),
    "PES-065": Label(
        f"Le BIC « {{value}} » de « {{tiers}} » est faux : 8 ou 11 caractères ({_LIGNE}).",
        remedy="Recopiez le BIC du relevé d'identité bancaire.",
    ),
    "PES-065_MISSING": Label(
        f"Le BIC est obligatoire pour le compte à l'étranger « {{value}} » de « {{tiers}} » "
        f"({_LIGNE}).",
        remedy="Ajoutez le BIC du relevé d'identité bancaire.",
    ),
    "PES-065_COUNTRY": Label(
        f"Le BIC « {{value}} » de « {{tiers}} » n'est pas du pays de l'IBAN ({{country}}) "
        f"({_LIGNE}).",
        remedy="Vérifiez le BIC et l'IBAN sur le relevé d'identité bancaire.",
    ),
    "PES-066": Label(
        f"Le titulaire du compte de « {{tiers}} » manque ({_LIGNE}).",
        remedy="Renseignez le titulaire tel que la banque l'écrit, en 32 caractères au plus.",
    ),
    "PES-067": Label(
        f"Le prélèvement SEPA de « {{tiers}} » n'a pas de compte bancaire ({_LIGNE}).",
        remedy="Ajoutez l'IBAN du débiteur, ou supprimez le prélèvement.",
    ),
    "PES-067_BLOCK": Label(
        f"La nature de prélèvement « {{value}} » exige le bloc {{expected}} ({_LIGNE}).",
        remedy="Faites corriger l'export du prélèvement.",
        ask=EDITEUR,
    ),
    "PES-068": Label(
        f"Le montant prélevé ({{amount}} €) ne va pas avec la somme due ({{due}} €) ({_PIECE}).",
        remedy="Prélevez plus de zéro et au plus la somme due ; pour un rôle, la somme exacte.",
    ),
    "PES-068_DATE": Label(
        f"La date de prélèvement ({{date}}) est trop proche : le {{earliest}} au plus tôt "
        f"({_LIGNE}).",
        remedy="Choisissez une date plus tardive.",
        ask=COMPTABLE,
    ),
    "PES-069": Label(
        f"L'ancien identifiant de créancier SEPA « {{value}} » doit compter 6 chiffres ou 13 "
        f"caractères ({_LIGNE}).",
        remedy="Recopiez l'ancien identifiant, ou supprimez-le s'il n'a pas changé.",
    ),
    "PES-069_BANK": Label(
        f"Le changement de banque et l'ancien IBAN sont donnés ensemble ({_LIGNE}).",
        remedy="Ne gardez que l'un des deux.",
        ask=EDITEUR,
    ),
    "PES-069_RUM": Label(
        f"La référence de mandat « {{value}} » doit compter de 1 à 35 caractères, sans accent ni "
        f"tiret bas ({_LIGNE}).",
        remedy="Recopiez la référence du mandat de prélèvement signé par le débiteur.",
    ),
}

_TEXTES_ET_PJ: Mapping[str, Label] = {
    "PES-070": Label(
        "Le texte « {value} » ({element}, {ou}) dépasse {limit} caractères.",
        remedy="Raccourcissez-le dans votre logiciel : il n'est jamais coupé sans votre accord.",
    ),
    "PES-071": Label(
        "La valeur « {value} » ({element}, {ou}) ne veut rien dire pour Hélios, qui la refuse.",
        remedy="Renseignez une vraie valeur ou laissez l'information absente.",
    ),
    "PES-072": Label(
        "La pièce jointe « {nom} » ({id_unique}) est annoncée mais n'est ni dans le fichier ni "
        "déjà envoyée.",
        remedy="Joignez-la, ou indiquez qu'elle est transmise sur papier.",
    ),
    "PES-072_PAPER": Label(
        "La pièce jointe « {nom} » ({id_unique}) est annoncée sur papier ou sur disque mais se "
        "trouve aussi dans le fichier.",
        remedy="Choisissez l'un des deux.",
        ask=EDITEUR,
    ),
    "PES-073": Label(
        "La pièce jointe « {nom} » ({id_unique}) a déjà été envoyée ({earlier}).",
        remedy="N'envoyez que le bordereau corrigé : il peut garder la référence à cette pièce.",
    ),
    "PES-073_DOUBLE": Label(
        "Deux pièces jointes du fichier portent l'identifiant {id_unique} (« {nom} »).",
        remedy="Demandez un identifiant différent pour chaque pièce jointe.",
        ask=EDITEUR,
    ),
    "PES-073_FORM": Label(
        "L'identifiant « {id_unique} » de la pièce jointe « {nom} » doit compter de 1 à 50 lettres "
        "ou chiffres, sans tiret, espace ni accent.",
        remedy="Faites corriger l'identifiant.",
        ask=EDITEUR,
    ),
    "PES-074": Label(
        "La pièce jointe « {nom} » ({id_unique}) est vide.",
        remedy="Joignez de nouveau le document.",
    ),
    "PES-074_NAME": Label(
        "Le nom « {nom} » de la pièce jointe {id_unique} doit finir par une extension comme "
        "« .pdf ».",
        remedy="Renommez le document, puis joignez-le de nouveau.",
    ),
    "PES-074_ENCODING": Label(
        "La pièce jointe « {nom} » ({id_unique}) est illisible dans le fichier.",
        remedy="Exportez de nouveau ; si le défaut revient, signalez-le.",
        ask=EDITEUR,
    ),
    "PES-074_TYPE": Label(
        "La pièce jointe « {nom} » ({id_unique}) n'est pas du type annoncé ({type}).",
        remedy="Ouvrez le document dans le logiciel où il a été écrit, enregistrez-le au format "
        "annoncé, le plus souvent PDF (le renommer ne suffit pas), puis joignez-le de nouveau.",
    ),
    "PES-075": Label(
        "La référence comptable de la pièce jointe « {nom} » ({id_unique}) est incomplète.",
        remedy="Indiquez l'exercice et le numéro de la pièce concernée.",
        ask=EDITEUR,
    ),
    "PES-075_DOMAIN": Label(
        "La pièce jointe « {nom} » ({id_unique}), de type « {type} », ne va pas avec le domaine "
        "{domaine}.",
        remedy="Corrigez le type de la pièce jointe.",
        ask=EDITEUR,
    ),
    "PES-076": Label(
        "La pièce jointe « {nom} » ({id_unique}) n'est rattachée à aucun mandat ni titre.",
        remedy="Rattachez-la, ou retirez-la du fichier.",
    ),
}

_AVIS = "avis des sommes à payer {facture} ({ou})"
_ASAP: Mapping[str, Label] = {
    "PES-077": Label(
        f"Il manque à l'{_AVIS} : {{missing}}.",
        remedy="Complétez le titre ou la fiche du débiteur, puis exportez de nouveau.",
    ),
    "PES-077_AMOUNT": Label(
        f"Le montant « {{value}} » ({{element}}) de l'{_AVIS} doit être supérieur à zéro.",
        remedy="Écrivez une remise sur sa propre ligne, avec un montant positif.",
        ask=EDITEUR,
    ),
    "PES-077_DATE": Label(
        f"La date de l'{_AVIS}, le {{date}}, n'est pas celle du titre n° {{titre}}, le "
        "{emission}.",
        remedy="Faites éditer l'avis à la date du titre.",
        ask=EDITEUR,
    ),
    "PES-077_DOUBLE": Label(
        f"Le titre n° {{titre}} figure deux fois : de nouveau dans l'{_AVIS}.",
        remedy="Gardez un seul avis par titre.",
        ask=EDITEUR,
    ),
    "PES-077_ISSUER": Label(
        "Il manque à l'émetteur des avis des sommes à payer ({ou}) : {missing}.",
        remedy="Faites renseigner l'émetteur et le signataire dans les paramètres du logiciel.",
        ask=EDITEUR,
    ),
    "PES-077_LINE": Label(
        f"L'{_AVIS} doit désigner la ligne 1 du titre n° {{titre}}.",
        remedy="Faites corriger l'export des avis.",
        ask=EDITEUR,
    ),
    "PES-077_PARTY": Label(
        "Les avis des sommes à payer ({ou}) comptent {count} tiers « {partie} » (type "
        "{typ_tiers}) : il en faut exactement un.",
        remedy="Faites renseigner le centre d'encaissement et la trésorerie.",
        ask=EDITEUR,
    ),
    "PES-077_PARTY_DATA": Label(
        "Le tiers « {partie} » (type {typ_tiers}) des avis des sommes à payer ({ou}) n'est pas "
        "écrit comme la DGFiP le demande.",
        remedy="Faites reprendre le nom et l'adresse donnés par le comptable.",
        ask=COMPTABLE,
    ),
    "PES-077_PATIENT": Label(
        f"L'{_AVIS} est destiné à un patient : il se paie avec un talon, jamais avec un TIP.",
        remedy="Faites choisir le mode de recouvrement par talon.",
        ask=EDITEUR,
    ),
    "PES-077_TALON": Label(
        f"Le talon de paiement de l'{_AVIS} doit tenir en deux lignes d'au plus 60 capitales, "
        "chiffres ou espaces.",
        remedy="Faites corriger les lignes du talon.",
        ask=EDITEUR,
    ),
    "PES-077_TIP": Label(
        f"Le total de l'{_AVIS}, {{amount}} €, dépasse les 150 000 € qu'un TIP peut encaisser.",
        remedy="Faites choisir le mode de recouvrement par talon.",
        ask=EDITEUR,
    ),
    "PES-077_TIPI": Label(
        "Le code et l'adresse du paiement en ligne des avis des sommes à payer ({ou}) doivent être "
        "donnés ensemble.",
        remedy="Renseignez les deux ou aucun des deux dans les paramètres du logiciel.",
        ask=EDITEUR,
    ),
    "PES-077_UNREADABLE": Label(
        "La pièce jointe « {ou} » est annoncée comme un PES_Facture mais n'en est pas un.",
        remedy="Faites corriger le type de la pièce jointe ou son contenu.",
        ask=EDITEUR,
    ),
}


def _family(remedy: str, ask: str, sentences: Mapping[str, str]) -> dict[str, Label]:
    """Return the labels of codes of an acquit that call for the same action."""
    return {
        f"PES-ACK_ERREUR_{name}": Label(
            f"{sentence} ({{ou}}). Hélios dit : « {{libelle}} ».", remedy=remedy, ask=ask
        )
        for name, sentence in sentences.items()
    }


_ACQUITS: Mapping[str, Label] = {
    **_family(
        "Le fichier n'est pas en cause : envoyez-le de nouveau plus tard, tel quel.",
        TDT,
        {
            "CONNECTION_IMPOSSIBLE_A_LA_BASE": "Hélios n'a pas pu consulter sa base de données",
            "TIMEOUT": "Hélios n'a pas répondu à temps",
        },
    ),
    **_family(
        "Faites corriger l'export, puis envoyez un nouveau fichier sous un nouveau nom.",
        EDITEUR,
        {
            "ENCODING": "Hélios n'a pas pu lire les caractères du fichier",
            "FLUX_VIDE": "Hélios n'a rien trouvé à intégrer dans le fichier",
            "SCHEMA_INCOMPLET": "Hélios a trouvé le fichier non conforme au schéma PES",
            "VERSION_PES": "Hélios n'accepte pas la version du PES",
            "VERSION_PJ": "Hélios n'accepte pas la version des pièces jointes",
            "CODIFICATION": "Hélios ne connaît pas un des codes employés",
        },
    ),
    **_family(
        "Vérifiez ces codes avec le comptable, faites-les corriger, puis envoyez un nouveau "
        "fichier.",
        COMPTABLE,
        {
            "CODIQUE": "Hélios ne connaît pas le poste comptable indiqué",
            "SIRET": "Hélios refuse un SIRET",
            "CODE_COLLECTIVITE_BUDGET": "Hélios ne connaît pas cette collectivité ou ce budget",
            "PES_PARAM": "Hélios n'est pas paramétré pour recevoir ce fichier",
        },
    ),
    **_family(
        "Faites signer de nouveau le fichier d'origine, sans le modifier ensuite, puis envoyez-le "
        "sous un nouveau nom ; si le refus se répète, faites contrôler la signature.",
        TDT,
        {
            "SIGNATURE_INVALIDE": "La signature du fichier n'est pas valable",
            "SIGNATURE_ILLISIBLE": "La signature du fichier est illisible",
            "SIGNATURE_INCOMPLETE": "La signature du fichier est incomplète",
            "SIGNATURE_BORDEREAU_INVALIDE": "La signature du bordereau n'est pas valable",
            "SIGNATURE_BORDEREAU_ILLISIBLE": "La signature du bordereau est illisible",
            "SIGNATURE_BORDEREAU_INCOMPLETE": "La signature du bordereau est incomplète",
            "PES_SIGNATURE": "La signature et la déclaration de dématérialisation ne vont pas "
            "ensemble",
            "SIGNATURE_EXTERNE": "La signature d'un document externe n'est pas valable",
            "PJ_SIGNEE": "La signature d'une pièce jointe n'est pas valable",
        },
    ),
    **_family(
        "Vérifiez la date de fin du certificat et la délégation du signataire auprès du comptable.",
        COMPTABLE,
        {
            "CERTIFICAT": "Le certificat du signataire est refusé",
            "PES_PARAM_SIGNATURE": "Le comptable n'a pas enregistré la signature électronique "
            "pour ce flux",
        },
    ),
    **_family(
        "N'envoyez rien de nouveau sans vérifier : comparez avec la réponse à l'envoi précédent.",
        MAIRIE,
        {
            "DOUBLON_BORDEREAU": "Ce bordereau est déjà dans Hélios",
            "DOUBLON_PIECE": "Cette pièce est déjà dans Hélios",
            "DOUBLON_LIGNE": "Cette ligne est déjà dans Hélios",
            "DOUBLON_PJ": "Cette pièce jointe est déjà dans Hélios",
        },
    ),
    **_family(
        "Répartissez le contenu en plusieurs bordereaux ou fichiers, puis envoyez de nouveau.",
        EDITEUR,
        {
            "TAILLE_BORDEREAUX": "Le bordereau est trop volumineux",
            "TAILLE_PIECE": "La pièce est trop volumineuse",
            "TAILLE_LIGNE": "La ligne est trop volumineuse",
        },
    ),
    **_family(
        "Corrigez les montants dans le logiciel, puis envoyez un nouveau fichier.",
        MAIRIE,
        {
            "MONTANT_TVA_ZERO_NEGATIF": "Un montant de TVA est nul ou négatif",
            "CUMUL_MONTANTS": "Le cumul annuel ou un total est incohérent",
        },
    ),
    **_family(
        "Lisez le motif ci-dessus, corrigez, puis envoyez un nouveau fichier sans les pièces déjà "
        "acceptées.",
        COMPTABLE,
        {
            "PJ": "Hélios refuse une pièce jointe",
            "AUTRE": "Hélios refuse un élément du fichier",
        },
    ),
    "PES-ACK_1971": Label(
        "Hélios refuse la fonction donnée à une ligne ({ou}) : ce budget ne se tient pas par "
        "fonction. Hélios dit : « {libelle} ».",
        remedy="Videz la colonne « fonction » de cette ligne, puis envoyez de nouveau ; si le "
        "logiciel la remplit seul, faites corriger son paramétrage.",
        ask=EDITEUR,
    ),
    "PES-ACK_1984": Label(
        "Cette pièce jointe est déjà dans Hélios ({ou}). Hélios dit : « {libelle} ».",
        remedy="Ne la renvoyez pas : renvoyez le bordereau corrigé sans elle ; il peut garder la "
        "référence à cette pièce jointe.",
        ask=MAIRIE,
    ),
    "PES-ACK_2559": Label(
        "Le service Chorus Pro du débiteur est inconnu ou fermé ({ou}). Hélios dit : "
        "« {libelle} ».",
        remedy="Demandez au débiteur son code de service à jour sur Chorus Pro, corrigez le titre, "
        "puis envoyez de nouveau.",
        ask=MAIRIE,
    ),
    "PES-ACK_UNKNOWN": Label(
        "Hélios refuse un élément du fichier ({ou}) avec le code « {code} », que nous ne "
        "connaissons pas : « {libelle} ».",
        remedy="Lisez le motif et demandez ce qu'il faut corriger.",
        ask=COMPTABLE,
    ),
    "PES-ACK_NON_ACQUIT": Label(
        "Hélios a refusé le fichier entier (PES_NonAcquit) : aucun bordereau n'a été intégré.",
        remedy="Corrigez ce qui est en cause, puis déposez de nouveau ; si aucune raison n'est "
        "donnée, demandez-la d'abord.",
        ask=COMPTABLE,
    ),
    "PES-ACQUIT_EMPTY": Label(
        "La réponse de Hélios ne contient aucun résultat : elle n'accepte ni ne refuse rien.",
        remedy="Ne renvoyez rien ; demandez si le fichier a été intégré.",
        ask=COMPTABLE,
    ),
    "PES-ACQUIT_STATE": Label(
        "La réponse de Hélios est illisible : {element} vaut « {value} ».",
        remedy="Ne renvoyez rien ; demandez si le fichier a été intégré.",
        ask=COMPTABLE,
    ),
}

LABELS: dict[str, Label] = {
    **_FICHIER,
    **_BORDEREAUX,
    **_ROLES_ET_SANTE,
    **_LIGNES,
    **_TIERS,
    **_TEXTES_ET_PJ,
    **_ASAP,
    **_ACQUITS,
}
"""Label of every code of this family."""

_NUMBER = re.compile(r"^[0-9]+\.[0-9]+$")
_NUMBERS = frozenset(
    {"amount", "announced", "due", "expected", "found", "rate", "remaining", "tva"}
)


def complete(params: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a sentence, its amounts and rates written with a comma."""
    return {
        name: value.replace(".", ",") if name in _NUMBERS and _NUMBER.match(value) else value
        for name, value in params.items()
    }

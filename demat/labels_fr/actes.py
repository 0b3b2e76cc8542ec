"""Sentences about acts and the préfecture (codes ``ACT-…``; actes dossier §8.3 and §10)."""

from demat.labels_fr.label import EDITEUR, PREFECTURE, TDT, TECHNICIEN, Label

__all__ = ["LABELS"]

_CONVENTION = (
    "Reprenez la valeur inscrite dans votre convention de télétransmission et corrigez-la dans la"
    " fiche de la collectivité."
)
_INTERNAL = "Vous n'avez rien à corriger : transmettez ce message tel quel à votre technicien."
_NOTHING_LOST = "Ne renvoyez rien pour l'instant : le fichier reçu est conservé tel quel."
_ECHO = (
    "L'accusé de réception existe : ne renvoyez pas l'acte. Appelez la préfecture pour lui"
    " signaler la différence."
)

LABELS: dict[str, Label] = {
    # the authority
    "ACT-001": Label(
        "Le numéro SIREN de la collectivité, « {siren} », est incorrect : neuf chiffres sont"
        " attendus, sans espace, et leur clé de contrôle doit être juste.",
        remedy=_CONVENTION,
    ),
    "ACT-002": Label(
        "Le code du département, « {departement} », est incorrect : trois caractères sont"
        " attendus, par exemple 007, 02A ou 974.",
        remedy=_CONVENTION,
    ),
    "ACT-003": Label(
        "Le numéro d'arrondissement, « {arrondissement} », est incorrect : un seul chiffre est"
        " attendu.",
        remedy="C'est la préfecture qui vous l'a donné : reprenez-le dans votre convention.",
        ask=PREFECTURE,
    ),
    "ACT-004": Label(
        "Le type de collectivité, « {nature} », n'existe pas.",
        remedy="Choisissez-le dans la liste : 31 pour une commune, 33 pour un CCAS, 44 pour une"
        " communauté de communes.",
    ),
    "ACT-005": Label(
        "L'adresse électronique de retour « {adresse} » n'est pas acceptée par la préfecture.",
        remedy="Utilisez une adresse simple, sans accent ni « + », avec une terminaison de six"
        " lettres au plus (.fr, .bzh, mais pas .corsica).",
    ),
    "ACT-005_NONE": Label(
        "Aucune adresse électronique de retour n'est indiquée : la préfecture ne saurait pas où"
        " répondre.",
        remedy="Indiquez au moins l'adresse de votre tiers de télétransmission.",
        ask=TDT,
    ),
    "ACT-006": Label(
        "L'adresse électronique de la personne à contacter, « {adresse} », n'est pas valide.",
        remedy="Corrigez-la, ou laissez ce champ vide : il n'est pas obligatoire.",
    ),
    # nature and number
    "ACT-007": Label(
        "La nature de l'acte, « {nature} », n'existe pas.",
        remedy="Choisissez l'une de celles-ci : {known}.",
    ),
    "ACT-008": Label(
        "L'acte n'a pas de numéro.",
        remedy="Donnez-lui un numéro qui n'a jamais servi, par exemple l'année suivie d'un rang"
        " : 2024_012.",
    ),
    "ACT-009": Label(
        "Le numéro « {numero} » compte {length} caractères ; le maximum est de 15.",
        remedy="Raccourcissez-le. Proposition : « {proposition} ».",
    ),
    "ACT-010": Label(
        "Le numéro « {numero} » contient des caractères interdits ({forbidden}). Seuls sont"
        " admis les lettres majuscules sans accent, les chiffres et le tiret bas « _ ».",
        remedy="Corrigez-le. Proposition : « {proposition} ».",
    ),
    "ACT-011": Label(
        "Le numéro « {numero} » doit compter au moins deux caractères, et commencer et finir"
        " par une lettre ou un chiffre.",
        remedy="Corrigez-le. Proposition : « {proposition} ».",
    ),
    "ACT-012": Label(
        "Le numéro « {numero} » a déjà servi : {earlier}. Un numéro ne sert qu'une fois, même"
        " les années suivantes et même si l'acte a été annulé.",
        remedy="S'il s'agit du même acte, ne le renvoyez pas. Sinon, donnez un autre numéro,"
        " par exemple en ajoutant l'année ou un suffixe.",
    ),
    "ACT-013": Label(
        "Un acte de même date, de même nature et de même objet a déjà été envoyé : {sent}.",
        remedy="Vérifiez qu'il ne s'agit pas du même acte avant de l'envoyer.",
    ),
    # dates
    "ACT-014": Label(
        "La date de la décision, {date}, n'est pas plausible.",
        remedy="Indiquez le jour de la séance du conseil ou de la signature de l'arrêté, avec"
        " une année à quatre chiffres.",
    ),
    "ACT-015": Label(
        "La date de la décision, {date}, n'est pas encore arrivée (nous sommes le {today}).",
        remedy="Corrigez la date, ou attendez que la décision soit prise pour l'envoyer.",
    ),
    "ACT-016": Label(
        "La date de la décision, {date}, est ancienne ou ne correspond pas à l'année du numéro"
        " « {numero} ».",
        remedy="Vérifiez la date et le numéro ; s'ils sont exacts, il n'y a rien à changer.",
    ),
    "ACT-017": Label(
        "Cette décision individuelle du {date} a {days} jours. Les décisions individuelles se"
        " transmettent dans les quinze jours suivant leur signature.",
        remedy="Envoyez-la sans tarder.",
        ask=PREFECTURE,
    ),
    # objet
    "ACT-018": Label(
        "L'acte n'a pas d'objet.",
        remedy="Décrivez l'acte en une phrase, par exemple « Tarifs 2024 de la salle des fêtes ».",
    ),
    "ACT-019": Label(
        "L'objet compte {length} caractères ; le maximum est de {maximum}.",
        remedy="Résumez-le : le détail est dans le document.",
    ),
    "ACT-020": Label(
        "La préfecture ne sait pas lire certains caractères de l'objet ({characters}) ; ils ont"
        " été remplacés. L'objet envoyé sera : « {objet} ».",
        remedy="Relisez-le et corrigez-le s'il n'est plus compréhensible.",
    ),
    "ACT-021": Label(
        "L'objet « {objet} » semble parler d'une personne ou de sa vie privée, alors qu'il peut"
        " être rendu public.",
        remedy="Retirez le nom et la situation de la personne : ils figurent dans le document.",
    ),
    # matière and classification
    "ACT-022": Label(
        "La matière de l'acte (« {matiere} ») est absente ou incomplète : il faut de deux à"
        " cinq niveaux.",
        remedy="Choisissez une matière avec au moins deux niveaux, par exemple 7.10.",
    ),
    "ACT-023": Label(
        "La matière {matiere} n'existe pas dans la nomenclature de votre préfecture (version du"
        " {date}).",
        remedy="Choisissez-en une autre. Attention : 7.1 et 7.10 sont deux matières différentes"
        " ; un tableur les confond parfois.",
    ),
    "ACT-024": Label(
        "Votre préfecture demande plus de précision que la matière {matiere}.",
        remedy="Choisissez une sous-matière : {choices}.",
    ),
    "ACT-025": Label(
        "La nomenclature de la préfecture n'a pas encore été reçue : les actes envoyés sans"
        " elle sont rejetés.",
        remedy="Elle est demandée. Un dépôt sans autre faute attend qu'elle arrive, puis part tout"
        " seul : ne le redéposez pas. Au bout de deux jours, appelez votre opérateur.",
        ask=TDT,
    ),
    "ACT-026": Label(
        "La nomenclature de la préfecture (version du {date}) n'a pas été vérifiée depuis le"
        " {checked}.",
        remedy="Demandez une mise à jour avant d'envoyer : un acte qui cite une version"
        " dépassée est rejeté.",
        ask=TDT,
    ),
    "ACT-026_VERSION": Label(
        "La matière a été choisie dans la nomenclature du {used}, mais celle du {date} est en"
        " vigueur.",
        remedy="Vérifiez la matière et les types de documents, puis préparez de nouveau l'acte.",
    ),
    # files
    "ACT-027": Label(
        "Le document de l'acte manque.",
        remedy="Joignez la délibération, l'arrêté ou le contrat, en PDF.",
    ),
    "ACT-028": Label(
        "Le fichier « {name} » n'est pas un PDF : son contenu est d'un autre format ({found}),"
        " quel que soit son nom.",
        remedy="Ouvrez-le dans le logiciel où il a été écrit, enregistrez-le au format PDF et"
        " joignez ce PDF.",
    ),
    "ACT-029": Label(
        "Le fichier « {name} » est au format XML, réservé aux documents budgétaires ; cet acte"
        " est de nature « {nature} ».",
        remedy="Joignez l'acte en PDF, ou changez la nature s'il s'agit d'un budget.",
    ),
    "ACT-030": Label(
        "Le fichier « {name} » est un budget en XML, mais l'acte est classé en matière {matiere}.",
        remedy="Classez-le en matière 7.1 « Décisions budgétaires ».",
    ),
    "ACT-031": Label(
        "Le budget « {name} » est seul : la délibération qui l'adopte manque.",
        remedy="Déposez-la en PDF avec le budget, dans un même dossier.",
    ),
    "ACT-032": Label(
        "L'annexe « {name} » n'est pas un PDF : c'est le seul format admis à côté d'un budget"
        " en XML.",
        remedy="Convertissez-la en PDF.",
    ),
    "ACT-033": Label(
        "L'annexe « {name} » est dans un format que la préfecture n'accepte pas ({found}).",
        remedy="Enregistrez-la en PDF ; les images JPG et PNG et les fichiers XML sont aussi"
        " admis.",
    ),
    "ACT-034": Label(
        "Le fichier « {name} » est vide.",
        remedy="Reprenez l'original : la copie a sans doute été interrompue.",
    ),
    "ACT-035": Label(
        "Le PDF « {name} » est abîmé ou incomplet : il ne peut pas être lu.",
        remedy="Ouvrez l'original et enregistrez-le de nouveau en PDF, de préférence PDF/A.",
    ),
    "ACT-035_PASSWORD": Label(
        "Le PDF « {name} » est protégé par un mot de passe : la préfecture ne pourrait pas"
        " l'ouvrir.",
        remedy="Enregistrez-le de nouveau sans mot de passe.",
    ),
    "ACT-PDF_ACTIVE": Label(
        "Le PDF « {name} » contient un programme : un antivirus peut le refuser en chemin.",
        remedy="Si vous le pouvez, imprimez-le vers un nouveau PDF et joignez celui-ci.",
    ),
    "ACT-PDF_XFA": Label(
        "Le PDF « {name} » est un formulaire dynamique (XFA) : la plupart des lecteurs n'en"
        " montrent pas les pages.",
        remedy="Ouvrez-le là où il a été rempli, imprimez-le vers un nouveau PDF et joignez"
        " celui-ci.",
    ),
    "ACT-PDF_EMBEDDED": Label(
        "Le PDF « {name} » contient {count} fichier(s) joint(s) à l'intérieur, que la préfecture"
        " risque de ne pas ouvrir.",
        remedy="S'ils font partie de l'acte, déposez-les comme annexes, un fichier pour chacun.",
    ),
    "ACT-EXTENSION": Label(
        "Le nom du fichier « {name} » finit par « {extension} », mais son contenu est d'un autre"
        " format ({found}). Il est envoyé d'après son contenu.",
        remedy="Vérifiez que c'est le bon fichier ; corrigez son nom la prochaine fois.",
    ),
    "ACT-035_NO_PAGE": Label(
        "Le PDF « {name} » ne contient aucune page.",
        remedy="Ouvrez l'original et enregistrez-le de nouveau en PDF, de préférence PDF/A.",
    ),
    "ACT-036_UNDECIDED": Label(
        "La signature électronique de « {name} » n'a pas pu être vérifiée jusqu'au bout. {reason}",
        remedy="Si vous savez qui a signé, le fichier peut partir tel quel ; au moindre doute,"
        " faites signer de nouveau le document d'origine.",
    ),
    "ACT-037_BLANK": Label(
        "Le PDF « {name} » ne montre rien : ni texte, ni image.",
        remedy="Ouvrez-le pour vérifier, et joignez la version signée de l'acte.",
    ),
    "ACT-036": Label(
        "La signature électronique de « {name} » n'est pas valide. {reason}",
        remedy="Signez de nouveau le document d'origine, sans le modifier ensuite.",
    ),
    "ACT-037": Label(
        "Aucune signature n'a été trouvée dans « {name} » : ni signature électronique, ni image,"
        " ni mention du signataire.",
        remedy="Vérifiez que c'est bien la version signée qui est jointe.",
    ),
    "ACT-038": Label(
        "Les fichiers « {other} » et « {name} » sont identiques : le même document est joint"
        " deux fois.",
        remedy="Retirez l'un des deux, ou remplacez-le par le bon document.",
    ),
    "ACT-039": Label(
        "Le type du document « {name} » n'est pas indiqué.",
        remedy="Choisissez-le dans la liste proposée pour la nature de l'acte.",
    ),
    "ACT-040": Label(
        "Le type {type}, donné au document « {name} », ne convient pas à un acte de nature"
        " « {nature} ».",
        remedy="Choisissez un type de la liste proposée pour cette nature. Si vous avez changé"
        " la nature de l'acte, les types sont à choisir de nouveau.",
    ),
    "ACT-041": Label(
        "Le type {type}, donné au document « {name} », concerne la matière {of_type} et non la"
        " matière choisie, {matiere}.",
        remedy="Vérifiez la matière et le type ; s'ils sont voulus, il n'y a rien à changer.",
    ),
    "ACT-042": Label(
        "L'envoi pèse {size} Mo ; le maximum est de {maximum} Mo.",
        remedy="Allégez les annexes (numérisation en noir et blanc, moins de points par pouce)"
        " ou annoncez un complément sur papier.",
    ),
    "ACT-043": Label(
        "L'envoi pèse {size} Mo, près du maximum de {maximum} Mo.",
        remedy="Il peut partir tel quel ; il sera plus sûr si vous allégez les annexes.",
    ),
    "ACT-044": Label(
        "Vous annoncez un complément sur papier.",
        remedy="Déposez-le sans tarder à la préfecture : le contrôle commence quand il est reçu.",
        ask=PREFECTURE,
    ),
    # budget documents
    "ACT-045": Label(
        "Le fichier « {name} » n'est pas un document budgétaire produit par TotEM.",
        remedy="Dans TotEM, exportez le budget scellé et joignez ce fichier sans l'ouvrir"
        " ailleurs.",
    ),
    "ACT-046": Label(
        "Le budget « {name} » n'est pas scellé.",
        remedy="Scellez-le dans TotEM, exportez-le et joignez ce nouveau fichier.",
    ),
    "ACT-047": Label(
        "Le budget « {name} » a été modifié après son scellement.",
        remedy="Dans TotEM, scellez-le et exportez-le de nouveau, sans l'ouvrir ensuite dans un"
        " autre logiciel.",
    ),
    "ACT-048": Label(
        "Le budget « {name} » appartient à une autre collectivité (SIRET {siret}).",
        remedy="Joignez le budget de la collectivité qui envoie, ou envoyez-le depuis l'autre"
        " collectivité.",
    ),
    "ACT-049": Label(
        "Le fichier « {name} » est un document « {stage} » de l'exercice {exercice} : cela ne"
        " semble pas correspondre à l'objet ou à la date de l'acte.",
        remedy="Vérifiez que c'est le bon fichier.",
    ),
    "ACT-045_SCHEMA": Label(
        "Le budget « {name} » ne respecte pas le format des documents budgétaires : la préfecture"
        " et le comptable ne pourraient pas le lire.",
        remedy="Dans TotEM, contrôlez le budget, scellez-le et exportez-le de nouveau ; si le"
        " défaut revient, transmettez ces messages à l'éditeur du logiciel.",
        ask=EDITEUR,
    ),
    "ACT-048_NONE": Label(
        "Le budget « {name} » ne dit pas à quelle collectivité il appartient (SIRET absent).",
        remedy="Vérifiez que c'est bien celui de votre collectivité ; le comptable public demande"
        " que le SIRET y figure.",
    ),
    "ACT-BUDGET_CFU": Label(
        "Le compte financier unique « {name} » n'a pas été comparé à son format, que demat ne"
        " connaît pas ; son scellement et son en-tête ont été vérifiés.",
        remedy="Il n'y a rien à faire : il part tel que TotEM l'a scellé.",
    ),
    "ACT-BUDGET_ROOT": Label(
        "Ce fichier commence par l'élément {root} : ce n'est pas un document budgétaire de TotEM.",
        remedy="Dans TotEM, exportez le budget scellé et joignez ce fichier sans l'ouvrir"
        " ailleurs.",
    ),
    "ACT-BUDGET_VALUE": Label(
        "Ligne {line} du budget : le montant « {value} » ({element}) n'a pas pu être lu ; il"
        " manque dans les totaux.",
        remedy="Dans TotEM, contrôlez cette ligne, puis scellez et exportez de nouveau le budget.",
        ask=EDITEUR,
    ),
    "ACT-050": Label(
        "L'antivirus a trouvé un virus ({virus}) dans le fichier « {name} » ; rien n'a été envoyé.",
        remedy="N'ouvrez plus ce fichier, et prévenez votre technicien.",
        ask=TECHNICIEN,
    ),
    # our own mistakes
    "ACT-051": Label(
        "Erreur interne : le nom « {name} », préparé pour l'envoi, ne suit pas la norme.",
        remedy=_INTERNAL,
        ask=TECHNICIEN,
    ),
    "ACT-052": Label(
        "Erreur interne : le message préparé pour l'envoi n'est pas conforme ({detail}).",
        remedy=_INTERNAL,
        ask=TECHNICIEN,
    ),
    "ACT-053": Label(
        "D'après son objet, cet acte est d'une catégorie qui n'est en principe pas à"
        " transmettre ({category}).",
        remedy="S'il l'est bien, ne l'envoyez pas : il est exécutoire dès sa publication ou sa"
        " notification.",
        ask=PREFECTURE,
    ),
    # cancellation and replies
    "ACT-054": Label(
        "L'acte {numero} n'a pas reçu d'accusé de réception : il ne peut pas être annulé.",
        remedy="Attendez l'accusé de réception, puis demandez l'annulation.",
    ),
    "ACT-055": Label(
        "L'annulation de l'acte {numero} a déjà été demandée le {date}.",
        remedy="Il n'y a rien à faire : attendez la réponse de la préfecture.",
    ),
    "ACT-056": Label(
        "La préfecture vous a écrit à propos de l'acte {numero}.",
        remedy="Appelez-la avant d'annuler la transmission.",
        ask=PREFECTURE,
    ),
    "ACT-057": Label(
        "La réponse à la préfecture est incomplète : il faut choisir le courrier auquel vous"
        " répondez et joindre un document.",
        remedy="Choisissez le courrier dans la liste et joignez votre réponse en PDF.",
    ),
    "ACT-058": Label(
        "Le délai de deux mois pour répondre au courrier du {date} est passé : le silence vaut"
        " en principe refus.",
        remedy="Appelez la préfecture avant d'envoyer votre réponse.",
        ask=PREFECTURE,
    ),
    "ACT-059": Label(
        "L'identifiant de l'acte précédent, « {id_acte} », est inconnu ou mal écrit.",
        remedy="Recopiez-le depuis l'accusé de réception de cet acte, par exemple"
        " 099-000000000-20240314-2024_012-DE, ou laissez le champ vide.",
    ),
    "ACT-CANCEL_KIND": Label(
        "L'envoi n° {numero} n'est pas la transmission d'un acte : il ne peut pas être annulé.",
        remedy="Choisissez l'envoi de l'acte lui-même dans la liste (demat flows).",
    ),
    "ACT-057_UNKNOWN": Label(
        "Il n'y a pas de courrier de la préfecture n° {numero} auquel répondre.",
        remedy="Donnez au dossier le nom écrit sur la fiche du courrier, par exemple"
        " « reponse-12 » ou « refus-12 ».",
    ),
    "ACT-057_DONE": Label(
        "Vous avez déjà répondu au courrier n° {courrier} (envoi n° {envoi}).",
        remedy="S'il faut compléter cette réponse, appelez la préfecture.",
        ask=PREFECTURE,
    ),
    "ACT-LOT_OTHER": Label(
        "« {name} » est un message de la préfecture pour une autre collectivité (SIREN {siren}).",
        remedy="Déposez-le dans le dossier de cette collectivité, ou supprimez-le.",
    ),
    "ACT-LOT_TEST": Label(
        "« {name} » vient d'un système d'essai de la préfecture : il n'a aucun effet ici.",
        remedy="Il est seulement conservé. Demandez à votre opérateur d'où il vient.",
        ask=TDT,
    ),
    "ACT-LOT_TAKEN": Label(
        "Ce que la préfecture a envoyé est enregistré ({names}).",
        remedy="Rien à faire de plus ici : voyez « accuses » et « courriers ».",
    ),
    "ACT-LOT_KNOWN": Label(
        "Ce message de la préfecture était déjà enregistré ({names}).",
        remedy="Rien à faire.",
    ),
    "ACT-COURRIER_NEW": Label(
        "La préfecture vous a écrit : {titre}.",
        remedy="Ouvrez le dossier « {dossier} » dans « courriers » : sa fiche dit quoi faire.",
    ),
    "ACT-COURRIER_QUARANTINE": Label(
        "La préfecture a envoyé un message qui n'a pu être rattaché à aucun envoi : {titre}.",
        remedy="Il est conservé dans « courriers », dossier « {dossier} » : lisez-le et appelez la"
        " préfecture s'il vous concerne.",
        ask=PREFECTURE,
    ),
    "ACT-COURRIER_DUE": Label(
        "La préfecture attend votre réponse avant le {date} au courrier n° {courrier} ({titre}).",
        remedy="Déposez votre réponse dans un dossier nommé « reponse-{courrier} ».",
    ),
    "ACT-COURRIER_LATE": Label(
        "Le délai pour répondre au courrier n° {courrier} ({titre}) est passé depuis le {date}.",
        remedy="Votre silence vaut en principe refus : appelez la préfecture avant d'agir.",
        ask=PREFECTURE,
    ),
    "ACT-PUBLICITE_KIND": Label(
        "L'envoi n° {numero} n'est pas la transmission d'un acte : il ne se publie pas.",
        remedy="Choisissez l'envoi de l'acte lui-même dans la liste (demat flows).",
    ),
    "ACT-PUBLICITE_DATE": Label(
        "La date de publicité « {date} » ne peut pas être lue.",
        remedy="Écrivez-la jour, mois, année, par exemple 14/03/2026.",
    ),
    "ACT-PUBLICITE_FUTURE": Label(
        "La date de publicité ({date}) n'est pas encore arrivée.",
        remedy="Notez la publicité le jour où elle a lieu.",
    ),
    "ACT-PUBLICITE_BEFORE": Label(
        "La date de publicité ({date}) est antérieure à la décision elle-même ({decision}).",
        remedy="Vérifiez les deux dates.",
    ),
    "ACT-PUBLICITE_MODE": Label(
        "« {mode} » n'est pas une façon de rendre un acte public.",
        remedy="Choisissez parmi : {known}.",
    ),
    "ACT-PUBLICITE_MODE_NATURE": Label(
        "La publicité « {mode} » ne convient pas à un acte de nature « {nature} ».",
        remedy="Un acte individuel se notifie à la personne ; un acte réglementaire se publie.",
    ),
    "ACT-059_UNKNOWN": Label(
        "L'acte précédent, « {id_acte} », n'a pas été envoyé avec demat : il n'a pas pu être"
        " vérifié.",
        remedy="Comparez-le à l'accusé de réception de cet acte.",
    ),
    "ACT-026_ANNOUNCED": Label(
        "Une nomenclature plus récente, du {announced}, existe ; la vôtre est du {date}.",
        remedy="Elle est demandée à la préfecture. Si l'acte revient rejeté, renvoyez-le quand elle"
        " sera arrivée (demat classification).",
        ask=TDT,
    ),
    "ACT-020_TYPOGRAPHY": Label(
        "L'objet part sous cette forme, sans les signes que la préfecture ne reçoit pas"
        " ({characters}) : « {objet} ».",
        remedy="Rien à faire si le texte vous convient : rien n'y est perdu.",
    ),
    # following the sending
    "ACT-060": Label(
        "Le certificat de télétransmission expire le {date}.",
        remedy="Demandez son renouvellement dès maintenant : il prend plusieurs semaines.",
        ask=TDT,
    ),
    "ACT-061": Label(
        "Il n'y a pas encore d'accusé de réception pour l'acte {numero}.",
        remedy="Rien à faire pour l'instant ; ne renvoyez pas l'acte.",
        ask=TDT,
    ),
    "ACT-062": Label(
        "La préfecture n'a pas répondu pour l'acte {numero} depuis le {date}.",
        remedy="Appelez votre tiers de télétransmission avant tout nouvel envoi.",
        ask=TDT,
    ),
    # reading what people and the State give
    "ACT-ID_ACTE": Label(
        "« {id_acte} » n'est pas l'identifiant d'un acte.",
        remedy="Recopiez celui de l'accusé de réception, par exemple"
        " 099-000000000-20240314-2024_012-DE.",
    ),
    "ACT-MATIERE_FORMAT": Label(
        "La matière « {matiere} » ne peut pas être lue.",
        remedy="Écrivez les numéros de ses niveaux séparés par des points, par exemple 7.10 ou"
        " 8.1.3.",
    ),
    "ACT-CLASSIFICATION": Label(
        "Le fichier reçu n'est pas une nomenclature de préfecture (trouvé : {found}).",
        remedy="Demandez de nouveau la nomenclature à votre tiers de télétransmission.",
        ask=TDT,
    ),
    "ACT-INBOUND_ROOT": Label(
        "Un message reçu n'est d'aucune sorte connue (« {root} »).",
        remedy=_NOTHING_LOST,
        ask=TECHNICIEN,
    ),
    "ACT-INBOUND_CONTENT": Label(
        "Un message reçu ({root}) est incomplet ou mal écrit : « {element} » vaut « {value} ».",
        remedy=_NOTHING_LOST,
        ask=TECHNICIEN,
    ),
    "ACT-ARCHIVE_UNREADABLE": Label(
        "L'archive ne peut pas être ouverte : elle est abîmée, ou ce n'est pas un fichier .tar.gz.",
        remedy="Demandez qu'elle soit produite de nouveau.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_SIZE": Label(
        "L'archive, une fois ouverte, dépasse {limit} Mo : elle a été refusée.",
        remedy="Vérifiez d'où elle vient ; n'essayez pas de l'ouvrir vous-même.",
        ask=TECHNICIEN,
    ),
    "ACT-ARCHIVE_COUNT": Label(
        "L'archive contient plus de {limit} fichiers : elle a été refusée.",
        remedy="Vérifiez d'où elle vient ; n'essayez pas de l'ouvrir vous-même.",
        ask=TECHNICIEN,
    ),
    "ACT-ARCHIVE_NAME": Label(
        "L'archive contient un nom de fichier dangereux ou interdit (« {name} ») : elle a été"
        " refusée.",
        remedy="Vérifiez d'où elle vient ; n'essayez pas de l'ouvrir vous-même.",
        ask=TECHNICIEN,
    ),
    "ACT-ARCHIVE_KIND": Label(
        "L'archive contient autre chose que des fichiers (« {name} » est un dossier ou un"
        " lien) : elle a été refusée.",
        remedy="Demandez qu'elle soit produite de nouveau, sans dossier.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_DOUBLE": Label(
        "L'archive contient deux fois le fichier « {name} » : elle a été refusée.",
        remedy="Demandez qu'elle soit produite de nouveau.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_ENVELOPE": Label(
        "L'archive doit contenir une seule enveloppe (trouvé : {found}).",
        remedy="Demandez qu'elle soit produite de nouveau.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_MISSING": Label(
        "Des fichiers annoncés manquent dans l'archive : {members}.",
        remedy="Demandez qu'elle soit produite de nouveau.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_EXTRA": Label(
        "L'archive contient des fichiers qui ne sont annoncés nulle part : {members}.",
        remedy="Demandez qu'elle soit produite de nouveau, sans ces fichiers.",
        ask=EDITEUR,
    ),
    "ACT-ARCHIVE_ACTE": Label(
        "L'archive n'est pas celle d'un seul acte, ou ses noms de fichiers ne correspondent pas"
        " à son contenu (trouvé : {found}).",
        remedy="Demandez qu'elle soit produite de nouveau.",
        ask=EDITEUR,
    ),
    # answers to the letters of the préfecture
    "ACT-057_DEFERE": Label(
        "Un déféré au tribunal administratif n'appelle pas de réponse à la préfecture.",
        remedy="Confiez-le à l'avocat de la collectivité : la réponse se fait devant le tribunal.",
    ),
    "ACT-057_REFUSAL": Label(
        "Un courrier simple de la préfecture ne se refuse pas : on y répond, ou non.",
        remedy="Choisissez « réponse » au lieu de « refus ».",
    ),
    "ACT-057_NONE": Label(
        "La réponse à la préfecture ({courrier}) n'a pas de document.",
        remedy="Joignez votre réponse, par exemple une lettre en PDF : même un refus se motive"
        " par écrit.",
    ),
    "ACT-057_SEVERAL": Label(
        "La réponse à la préfecture ({courrier}) compte {count} documents ; un seul est admis.",
        remedy="Réunissez-les dans un seul PDF. Seules les pièces complémentaires peuvent être"
        " plusieurs.",
    ),
    # what carries the messages of the State
    "ACT-LOT_KIND": Label(
        "Le fichier « {name} » ({found}) n'est ni un courriel, ni une archive .tar.gz, ni un"
        " message XML de la préfecture.",
        remedy="Déposez le courriel entier (.eml), l'archive ou le fichier XML tels que vous les"
        " avez reçus.",
    ),
    "ACT-LOT_MISSING": Label(
        "Un envoi de la préfecture annonce des fichiers qui ne sont pas arrivés : {members}.",
        remedy="Ce qui est arrivé est conservé. Demandez à la préfecture de renvoyer le reste.",
        ask=PREFECTURE,
    ),
    "ACT-LOT_EXTRA": Label(
        "Un envoi de la préfecture contient des fichiers qu'il n'annonce pas : {members}.",
        remedy="Ils sont conservés à part : ouvrez-les seulement si vous savez ce qu'ils sont.",
        ask=PREFECTURE,
    ),
    "ACT-LOT_DOUBLE": Label(
        "Deux fichiers différents sont arrivés sous le même nom, « {name} » ; le second est"
        " conservé sous le nom « {kept} ».",
        remedy="Ouvrez les deux, et demandez à la préfecture lequel est le bon.",
        ask=PREFECTURE,
    ),
    "ACT-LOT_ENVELOPE": Label(
        "L'enveloppe d'un envoi de la préfecture est illisible, ou il y en a plusieurs"
        " ({found}) : la collectivité concernée n'est pas certaine.",
        remedy=_NOTHING_LOST,
        ask=TECHNICIEN,
    ),
    "ACT-LOT_XML": Label(
        "Le fichier « {name} », reçu de la préfecture, n'est pas un fichier XML lisible"
        " ({detail}).",
        remedy=_NOTHING_LOST,
        ask=TECHNICIEN,
    ),
    "ACT-MAIL_FORMAT": Label(
        "Le fichier n'est pas un courriel.",
        remedy="Enregistrez le courriel entier, avec ses pièces jointes, au format .eml.",
    ),
    "ACT-MAIL_SIZE": Label(
        "Le courriel dépasse {limit} Mo : il a été refusé.",
        remedy="Vérifiez d'où il vient ; n'ouvrez pas ses pièces jointes vous-même.",
        ask=TECHNICIEN,
    ),
    "ACT-MAIL_PARTS": Label(
        "Le courriel compte trop de parties ou de lignes (plus de {limit}) : il a été refusé.",
        remedy="Vérifiez d'où il vient ; n'ouvrez pas ses pièces jointes vous-même.",
        ask=TECHNICIEN,
    ),
    # what the préfecture understood of an act
    "ACT-ECHO_NUMERO": Label(
        "L'acte est parti sous le numéro « {sent} », mais la préfecture a enregistré"
        " « {received} ».",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_DATE": Label(
        "L'acte {numero} est parti avec la date du {sent}, mais la préfecture a enregistré le"
        " {received}.",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_NATURE": Label(
        "L'acte {numero} est parti avec la nature {sent}, mais la préfecture a enregistré"
        " {received}.",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_MATIERE": Label(
        "L'acte {numero} est parti en matière {sent}, mais la préfecture a enregistré {received}.",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_OBJET": Label(
        "L'acte {numero} est parti avec l'objet « {sent} », mais la préfecture a enregistré"
        " « {received} ».",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_DOCUMENT": Label(
        "Le document de l'acte {numero} est parti sous le nom « {sent} », mais la préfecture a"
        " enregistré « {received} ».",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_ANNEXES": Label(
        "L'acte {numero} est parti avec ces annexes : {sent}. La préfecture a enregistré"
        " : {received}.",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_PAPIER": Label(
        "Complément sur papier de l'acte {numero} : vous avez annoncé « {sent} », mais la"
        " préfecture a enregistré « {received} ».",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_CLASSIFICATION": Label(
        "L'acte {numero} cite la nomenclature du {sent}, mais la préfecture a enregistré celle"
        " du {received}.",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    "ACT-ECHO_PRECEDENT": Label(
        "L'acte {numero} complète l'acte « {sent} », mais la préfecture a enregistré"
        " « {received} ».",
        remedy=_ECHO,
        ask=PREFECTURE,
    ),
    # rejections of the State
    "ACT-ODT_VERIF_01": Label(
        "La préfecture a rejeté l'acte le {date} : il cite une nomenclature qui n'est plus en"
        " vigueur. Message reçu : « {detail} ».",
        remedy="La nouvelle nomenclature est demandée automatiquement. Vérifiez la matière et les"
        " types de documents, puis remettez l'acte dans « a-deposer » : il repartira sous un"
        " nouveau numéro.",
        ask=TDT,
    ),
    "ACT-ODT_VERIF_17": Label(
        "Le ministère a rejeté l'envoi le {date} : un nom de message n'a pas été reconnu."
        " Message reçu : « {detail} ».",
        remedy="C'est un défaut du logiciel, vous n'avez rien à corriger : prévenez votre"
        " technicien.",
        ask=TECHNICIEN,
    ),
    "ACT-PREF_VERIF_02": Label(
        "Le ministère a rejeté l'envoi le {date} : votre collectivité n'est pas connue de"
        " l'application @CTES. Message reçu : « {detail} ».",
        remedy="Vérifiez le SIREN, le département, l'arrondissement et le type de collectivité"
        " ; demandez à la préfecture si votre convention est active, puis renvoyez l'acte.",
        ask=PREFECTURE,
    ),
    "ACT-ANOMALIE": Label(
        "L'envoi a été rejeté le {date} (motif n° {nature}). Message reçu : « {detail} ».",
        remedy="Lisez le message : s'il désigne un fichier ou une information, corrigez-les et"
        " renvoyez l'acte ; sinon, appelez avant tout nouvel envoi.",
        ask=TDT,
    ),
    "ACT-TAMPON_ENCRYPTED": Label(
        "Le PDF est protégé par un mot de passe ou par une interdiction de le modifier : le tampon"
        " de la préfecture n'a pas pu y être posé. Le fichier d'origine vous est remis tel quel.",
        remedy="L'acte est bien transmis : l'accusé de réception et le bordereau d'acquittement en"
        " font foi. La prochaine fois, enregistrez le PDF sans protection.",
    ),
    "ACT-TAMPON_BROKEN": Label(
        "Le PDF est abîmé ou d'une forme inhabituelle : le tampon de la préfecture n'a pas pu y"
        " être posé. Le fichier d'origine vous est remis tel quel.",
        remedy="L'acte est bien transmis : l'accusé de réception et le bordereau d'acquittement en"
        " font foi. La prochaine fois, enregistrez de nouveau le PDF avant de le déposer.",
    ),
    "ACT-TAMPON_SIGNED": Label(
        "Ce PDF porte une signature électronique ; sur la copie tamponnée, elle n'est plus"
        " valable.",
        remedy="Gardez le fichier d'origine, sans tampon : c'est lui qui est signé. La copie"
        " tamponnée sert à l'affichage et à la remise aux habitants.",
    ),
    "ACT-CERTIFICAT_KIND": Label(
        "L'envoi n° {numero} n'est pas la transmission d'un acte : il n'a pas de certificat.",
        remedy="Choisissez l'envoi de l'acte lui-même dans la liste (demat flows).",
    ),
    "ACT-CERTIFICAT_AR": Label(
        "Le certificat ne peut pas être fait : la préfecture n'a pas encore accusé réception de"
        " l'acte n° {numero}.",
        remedy="Attendez l'accusé de réception, puis demandez de nouveau le certificat.",
    ),
    "ACT-CERTIFICAT_PUBLICITE": Label(
        "Le certificat ne peut pas être fait : la date de publication de l'acte n° {numero} n'est"
        " pas connue.",
        remedy="Indiquez le jour où l'acte a été mis en ligne, affiché, publié sur papier ou remis"
        " à la personne concernée, puis demandez de nouveau le certificat.",
    ),
    "ACT-CERTIFICAT_MODE": Label(
        "Le certificat ne peut pas être fait : l'acte n° {numero} ({nature}) a été porté à la"
        " connaissance du public par « {mode} », ce qui ne suffit pas pour un acte de cette"
        " nature.",
        remedy="Une décision qui vise une personne lui est notifiée ; un règlement est publié."
        " Indiquez le jour de cette formalité, puis demandez de nouveau le certificat.",
    ),
    "ACT-CERTIFICAT_FUTUR": Label(
        "Le certificat ne peut pas être fait : l'acte n° {numero} ne s'applique qu'à partir du"
        " {date}.",
        remedy="Vérifiez la date de publication ; si elle est juste, attendez ce jour.",
    ),
    "ACT-CERTIFICAT_ANNULE": Label(
        "Le certificat ne peut pas être fait : la transmission de l'acte n° {numero} a été"
        " annulée, ou son annulation est demandée.",
        remedy="Transmettez de nouveau l'acte sous un autre numéro, s'il doit s'appliquer.",
        ask=PREFECTURE,
    ),
}
"""One label per code ``ACT-…``."""

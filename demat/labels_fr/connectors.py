"""Sentences about what a tiers de télétransmission answers, or does not (connectors dossier §1)."""

from demat.labels_fr.label import MAIRIE, TDT, TECHNICIEN, Label

__all__ = ["LABELS"]

_REVOCATION = (
    "Ne faites rien si une liste à jour est déjà là : demat essaiera de nouveau la nuit prochaine. "
    "Si cela dure, vérifiez que ce serveur peut joindre cette adresse."
)

LABELS: dict[str, Label] = {
    # the authorities of certification
    "CON-REV_ADDRESS": Label(
        "L'adresse « {address} », donnée par un certificat, ne peut pas être interrogée : demat ne "
        "connaît que http et https.",
        remedy="Déposez la liste de révocation (.crl) de cette autorité dans le dossier des "
        "autorités de confiance, puis renouvelez-la avant sa fin.",
        ask=TECHNICIEN,
    ),
    "CON-REV_UNREACHABLE": Label(
        "« {address} » ne répond pas sur la révocation des certificats. Détail technique : "
        "{reason}.",
        remedy=_REVOCATION,
        ask=TECHNICIEN,
    ),
    "CON-REV_STATUS": Label(
        "« {address} » n'a pas donné ce qu'on lui demandait sur la révocation des certificats "
        "(réponse {status}).",
        remedy=_REVOCATION,
        ask=TECHNICIEN,
    ),
    "CON-REV_SIZE": Label(
        "Ce que « {address} » donne sur la révocation des certificats est trop gros : plus de "
        "{limit} octets.",
        remedy=_REVOCATION,
        ask=TECHNICIEN,
    ),
    # the connection
    "CON-UNREACHABLE": Label(
        "Le tiers de télétransmission ne répond pas ; rien n'a été envoyé. "
        "Détail technique : {reason}.",
        remedy="Ne faites rien : l'envoi sera tenté de nouveau tout seul. Si cela dure plus d'une "
        "journée, vérifiez la connexion à Internet de la mairie.",
        ask=TECHNICIEN,
    ),
    "CON-LOST_ANSWER": Label(
        "La connexion s'est coupée pendant l'envoi : on ne sait pas si le tiers de "
        "télétransmission l'a reçu. Détail technique : {reason}.",
        remedy="Ne renvoyez pas le document vous-même : demat demande d'abord au tiers de "
        "télétransmission s'il l'a reçu, puis ne renvoie que si ce n'est pas le cas.",
        ask=TDT,
    ),
    "CON-CLIENT_CERTIFICATE": Label(
        "Le tiers de télétransmission refuse le certificat de la collectivité ({reason}) ; rien "
        "n'a été envoyé.",
        remedy="Vérifiez que le certificat n'est ni expiré ni révoqué et qu'il est déclaré chez le "
        "tiers de télétransmission ; les envois reprendront ensuite tout seuls.",
        ask=TDT,
    ),
    "CON-CLIENT_KEY": Label(
        "Le certificat de la collectivité ne peut pas être ouvert sur cette machine ; rien n'a été "
        "envoyé. Détail technique : {reason}.",
        remedy="Vérifiez l'emplacement des fichiers du certificat et la phrase secrète inscrits "
        "dans la configuration.",
        ask=TECHNICIEN,
    ),
    "CON-SERVER_CERTIFICATE": Label(
        "Le serveur du tiers de télétransmission présente un certificat qui n'est pas reconnu ; "
        "par sécurité, rien n'a été envoyé. Détail technique : {reason}.",
        remedy="Demandez au tiers de télétransmission s'il a changé son certificat ; le technicien "
        "mettra ensuite la configuration à jour.",
        ask=TDT,
    ),
    "CON-NO_ACCOUNT": Label(
        "Le certificat de la collectivité ne correspond à aucun compte chez le tiers de "
        "télétransmission.",
        remedy="Faites associer ce certificat à votre compte, surtout s'il vient d'être renouvelé.",
        ask=TDT,
    ),
    "CON-LOGIN_NEEDED": Label(
        "Plusieurs comptes du tiers de télétransmission utilisent ce certificat : {logins}.",
        remedy="Faites inscrire dans la configuration l'identifiant et le mot de passe du compte à "
        "utiliser.",
        ask=TECHNICIEN,
    ),
    "CON-LOGIN_PAGE": Label(
        "Le tiers de télétransmission demande de s'identifier (réponse {status}) ; la demande n'a "
        "pas été traitée.",
        remedy="Vérifiez que le certificat est bien associé à un seul compte actif, ou faites "
        "inscrire l'identifiant et le mot de passe dans la configuration.",
        ask=TDT,
    ),
    "CON-AUTHENTICATION": Label(
        "Le tiers de télétransmission n'accepte pas le certificat ou l'identifiant de la "
        "collectivité : « {message} ».",
        remedy="Faites vérifier le certificat, l'identifiant et le mot de passe ; les envois "
        "reprendront ensuite tout seuls.",
        ask=TDT,
    ),
    "CON-RIGHTS": Label(
        "Le compte de la collectivité n'a pas le droit de faire cette opération : « {message} ».",
        remedy="Demandez que ce compte reçoive les droits sur le module concerné (ACTES ou "
        "HELIOS) de votre collectivité.",
        ask=TDT,
    ),
    "CON-NOT_RGS": Label(
        "Le tiers de télétransmission exige un certificat RGS : « {message} ».",
        remedy="Utilisez un certificat RGS, ou faites régler demat pour laisser les actes en "
        "attente : un agent muni d'un certificat RGS les confirmera sur le site.",
        ask=TDT,
    ),
    "CON-DUMP": Label(
        "La copie de l'échange ne peut pas être conservée sur le disque ; rien n'a été envoyé. "
        "Détail technique : {reason}.",
        remedy="Libérez de la place sur le disque ; l'envoi sera tenté de nouveau tout seul.",
        ask=TECHNICIEN,
    ),
    # the antivirus
    "CON-ANTIVIRUS_AWAY": Label(
        "L'antivirus ({address}) ne répond pas ({reason}) : les dépôts attendent, car rien n'est lu"
        " sans lui.",
        remedy="Remettez en marche clamd, ou corrigez son adresse dans la configuration ; les "
        "dépôts repartiront tout seuls.",
        ask=TECHNICIEN,
    ),
    "CON-ANTIVIRUS_SIZE": Label(
        "Le fichier « {name} » est trop gros pour l'antivirus ({address}) : le dépôt attend.",
        remedy="Augmentez StreamMaxLength, MaxFileSize et MaxScanSize dans clamd.conf, puis "
        "relancez clamd ; le dépôt repartira tout seul.",
        ask=TECHNICIEN,
    ),
    "CON-ANTIVIRUS_ANSWER": Label(
        "La réponse de l'antivirus ({address}) n'est pas comprise : « {answer} ». Les dépôts "
        "attendent.",
        remedy="Vérifiez que cette adresse est bien celle de clamd ; les dépôts repartiront tout "
        "seuls.",
        ask=TECHNICIEN,
    ),
    # time-stamps
    "CON-TSA_AWAY": Label(
        "Le service d'horodatage ({url}) ne répond pas. Les envois continuent sans lui. "
        "Détail technique : {reason}.",
        remedy="Ne faites rien : demat redemandera les horodatages la nuit prochaine. Si cela dure,"
        " vérifiez l'adresse du service et la connexion.",
        ask=TECHNICIEN,
    ),
    "CON-TSA_ANSWER": Label(
        "Le service d'horodatage ({url}) a répondu autre chose qu'un horodatage ({reason}). Les "
        "envois continuent sans lui.",
        remedy="Vérifiez l'adresse et le compte du service ; demat redemandera les horodatages la "
        "nuit prochaine.",
        ask=TECHNICIEN,
    ),
    # answers that say nothing
    "CON-HTML_PAGE": Label(
        "Le tiers de télétransmission a répondu par une page web au lieu d'une réponse "
        "(maintenance probable).",
        remedy="Ne faites rien : demat recommencera ou vérifiera tout seul. Si cela dure plus "
        "d'une journée, signalez-le.",
        ask=TDT,
    ),
    "CON-HTTP_STATUS": Label(
        "Le serveur du tiers de télétransmission est en difficulté (réponse {status}).",
        remedy="Ne faites rien : demat recommencera ou vérifiera tout seul. Si cela dure plus "
        "d'une journée, signalez-le.",
        ask=TDT,
    ),
    "CON-REDIRECT": Label(
        "Le tiers de télétransmission renvoie vers une autre page (« {location} ») au lieu de "
        "répondre.",
        remedy="Ne renvoyez pas le document vous-même : demat vérifiera s'il a été reçu. Si cela "
        "se répète, faites contrôler l'adresse du serveur et la taille des fichiers.",
        ask=TDT,
    ),
    "CON-EMPTY_ANSWER": Label(
        "Le tiers de télétransmission a répondu par une page vide.",
        remedy="Ne renvoyez pas le document vous-même : demat recommencera ou vérifiera tout seul.",
        ask=TDT,
    ),
    "CON-TRUNCATED_ANSWER": Label(
        "La réponse du tiers de télétransmission est arrivée incomplète.",
        remedy="Ne renvoyez pas le document vous-même : demat recommencera ou vérifiera tout seul.",
        ask=TDT,
    ),
    "CON-UNREADABLE_ANSWER": Label(
        "La réponse du tiers de télétransmission n'est pas comprise. Elle commence par : "
        "« {excerpt} ».",
        remedy="Ne renvoyez pas le document vous-même : demat recommencera ou vérifiera tout seul. "
        "Si cela se répète, transmettez ce message.",
        ask=TECHNICIEN,
    ),
    # refusals of a sending
    "CON-KO": Label(
        "Le tiers de télétransmission a refusé l'envoi : « {message} ».",
        remedy="Corrigez ce que ce message demande puis déposez de nouveau ; s'il n'est pas clair, "
        "transmettez-le tel quel.",
        ask=TDT,
    ),
    "CON-MODULE": Label(
        "Le tiers de télétransmission est momentanément en difficulté : « {message} ».",
        remedy="Ne faites rien : l'envoi sera tenté de nouveau tout seul.",
        ask=TDT,
    ),
    "CON-DUPLICATE_NUMBER": Label(
        "Le tiers de télétransmission connaît déjà un acte qui porte ce numéro : « {message} ».",
        remedy="Si cet acte a déjà été envoyé par un autre moyen, ne le renvoyez pas. Sinon, "
        "donnez à l'acte un numéro jamais utilisé et déposez-le de nouveau.",
        ask=MAIRIE,
    ),
    "CON-DUPLICATE_PES": Label(
        "Le tiers de télétransmission a déjà reçu exactement ce fichier PES : « {message} ».",
        remedy="Ne le renvoyez pas. Retrouvez-le sur le site du tiers de télétransmission pour "
        "suivre son acquittement.",
        ask=TDT,
    ),
    "CON-NUMBER": Label(
        "Le tiers de télétransmission refuse le numéro de l'acte : « {message} ».",
        remedy="Utilisez 15 caractères au plus : capitales, chiffres et tirets bas, sans tiret bas "
        "au début ni à la fin.",
        ask=MAIRIE,
    ),
    "CON-FUTURE_DATE": Label(
        "La date de décision de l'acte est dans le futur : « {message} ».",
        remedy="Corrigez la date de décision, ou attendez ce jour pour déposer l'acte.",
        ask=MAIRIE,
    ),
    "CON-SIZE": Label(
        "Les fichiers sont trop volumineux pour le tiers de télétransmission : « {message} ».",
        remedy="Réduisez la taille des fichiers (numérisation moins fine, PDF optimisé) ou "
        "répartissez-les.",
        ask=MAIRIE,
    ),
    "CON-ANNEXES": Label(
        "L'acte a trop d'annexes pour le tiers de télétransmission : « {message} ».",
        remedy="Regroupez plusieurs annexes dans un même PDF.",
        ask=MAIRIE,
    ),
    "CON-NO_DOCUMENT": Label(
        "Le tiers de télétransmission n'a pas trouvé le fichier de l'acte : « {message} ».",
        remedy="Vérifiez que le fichier de l'acte n'est pas vide puis déposez-le de nouveau.",
        ask=TECHNICIEN,
    ),
    "CON-FILE_TYPE": Label(
        "Un fichier n'est pas du type attendu : « {message} ».",
        remedy="Remplacez ce fichier par un vrai PDF (le renommer ne suffit pas) puis déposez de "
        "nouveau.",
        ask=MAIRIE,
    ),
    "CON-TYPOLOGY": Label(
        "Le type d'un document ne convient pas à la nature de l'acte : « {message} ».",
        remedy="Choisissez, pour le fichier cité, un type de document proposé pour cette nature "
        "d'acte.",
        ask=MAIRIE,
    ),
    "CON-NO_TYPOLOGY": Label(
        "Le fichier « {name} » n'a pas de type de document.",
        remedy="Indiquez le type de ce document puis déposez l'acte de nouveau.",
        ask=MAIRIE,
    ),
    "CON-CLASSIFICATION": Label(
        "La matière de l'acte n'est pas acceptée : « {message} ».",
        remedy="Choisissez une matière avec au moins deux niveaux, comme 7.10, dans la liste "
        "fournie par la préfecture.",
        ask=MAIRIE,
    ),
    "CON-PAPER_MODE": Label(
        "Le tiers de télétransmission a basculé votre collectivité en mode papier : « {message} ».",
        remedy="Envoyez l'acte sur papier, ou faites rétablir la télétransmission.",
        ask=TDT,
    ),
    "CON-ENCODING": Label(
        "Le texte « {text} » contient des caractères que l'on ne peut pas transmettre : "
        "{characters}.",
        remedy="Remplacez ces caractères par des lettres ordinaires puis déposez de nouveau.",
        ask=MAIRIE,
    ),
    "CON-NO_FILE": Label(
        "Le tiers de télétransmission n'a pas reçu le fichier PES : « {message} ».",
        remedy="Le fichier est sans doute trop volumineux : faites-le découper en plusieurs "
        "envois.",
        ask=TECHNICIEN,
    ),
    "CON-EMPTY_FILE": Label(
        "Le fichier PES est vide : « {message} ».",
        remedy="Exportez de nouveau ce fichier depuis votre logiciel de comptabilité.",
        ask=MAIRIE,
    ),
    "CON-UPLOAD": Label(
        "Le tiers de télétransmission n'a pas pu enregistrer le fichier : « {message} ».",
        remedy="Ne faites rien : l'envoi sera tenté de nouveau tout seul.",
        ask=TDT,
    ),
    # reconciling and asking
    "CON-UNKNOWN_REFERENCE": Label(
        "Le tiers de télétransmission ne connaît pas cette transaction : « {message} ».",
        remedy="Cherchez l'envoi sur le site du tiers de télétransmission avant toute autre "
        "action.",
        ask=TDT,
    ),
    "CON-NO_SEARCH": Label(
        "On ne sait pas si le PES « {key} » a été reçu, et le tiers de télétransmission n'offre "
        "aucun moyen de le demander.",
        remedy="Cherchez ce fichier sur le site du tiers de télétransmission. S'il n'y est pas, "
        "relancez l'envoi du même fichier, sans rien y changer.",
        ask=TDT,
    ),
    "CON-LANDED_NO_ID": Label(
        "Le tiers de télétransmission a bien reçu « {key} », mais son numéro de "
        "transaction n'a pas été retrouvé.",
        remedy="Ne le renvoyez pas. Cherchez-le sur le site du tiers de télétransmission, notez "
        "son numéro de transaction, puis donnez-le avec « demat settle ».",
        ask=TDT,
    ),
    "CON-OTHER_SHOWN": Label(
        "Le tiers de télétransmission ne montre que la transaction {reference}, qui est celle d'un "
        "autre envoi : on ne sait pas si « {key} » a été reçu.",
        remedy="Attendez : demat le redemandera. Si cela dure plus d'une journée, cherchez-le sur "
        "le site du tiers de télétransmission, puis tapez « demat settle ».",
        ask=TDT,
    ),
    "CON-NUMBER_CLASH": Label(
        "Le numéro {numero} est déjà celui d'un autre acte chez le tiers de télétransmission : "
        "« {objet} » du {date} (transaction {reference}).",
        remedy="Regardez cette transaction sur le site du tiers de télétransmission : est-ce votre "
        "acte ? demat ne le renverra pas, ni sous ce numéro ni sous un autre, avant que vous ne "
        "l'ayez dit avec « demat settle ».",
        ask=MAIRIE,
    ),
    "CON-NO_RETOUR": Label(
        "Le tiers de télétransmission ne donne pas le PES_Retour n° {reference} qu'il annonce : "
        "« {message} ».",
        remedy="Téléchargez ce PES_Retour depuis le site du tiers de télétransmission et mettez-le "
        "dans « a-deposer », ou signalez-lui le problème.",
        ask=TDT,
    ),
    # letters of the préfecture, replies and cancellations
    "CON-NO_COURRIER": Label(
        "Le tiers de télétransmission ne donne pas le courrier de la préfecture n° {reference} "
        "qu'il annonce : « {message} ».",
        remedy="Lisez ce courrier sur le site du tiers de télétransmission : un délai de réponse "
        "peut courir. Signalez-lui le problème.",
        ask=TDT,
    ),
    "CON-NO_ABOUT": Label(
        "« {key} » n'a pas été envoyé : on ne connaît pas le numéro que le tiers de "
        "télétransmission donne au courrier auquel il faut répondre, ou à l'acte à annuler.",
        remedy="Faites cette réponse ou cette annulation sur le site du tiers de "
        "télétransmission, à partir du courrier ou de l'acte concerné.",
        ask=TDT,
    ),
    "CON-SENT_BY_TDT": Label(
        "Le message « {message} » n'a pas été envoyé : le tiers de télétransmission s'en charge "
        "lui-même.",
        remedy="Ne faites rien. Pour demander la classification de la préfecture, utilisez la "
        "commande prévue dans demat.",
        ask=TECHNICIEN,
    ),
    "CON-REPLY_DOCUMENTS": Label(
        "La réponse à la préfecture (« {message} ») n'a pas été envoyée : elle contient {count} "
        "document(s). Il en faut un seul, sauf pour un envoi de pièces complémentaires, qui peut "
        "en contenir plusieurs.",
        remedy="Regroupez les documents dans un même PDF, ou ajoutez celui qui manque, puis "
        "refaites la réponse.",
        ask=MAIRIE,
    ),
    "CON-REPLY_UNKNOWN": Label(
        "On ne sait pas si la réponse « {key} » à la préfecture a été reçue par le tiers de "
        "télétransmission, qui n'offre aucun moyen sûr de le vérifier.",
        remedy="Cherchez cette réponse sur le site du tiers de télétransmission, dans l'acte "
        "concerné. Ne la renvoyez que si elle n'y est pas : rien n'empêche un double envoi.",
        ask=TDT,
    ),
    "CON-CANCEL_ASKED": Label(
        "L'annulation de cet acte a déjà été demandée : « {message} ».",
        remedy="Ne la demandez pas de nouveau : attendez l'accusé de réception de l'annulation.",
        ask=TDT,
    ),
    "CON-CANCEL_STATE": Label(
        "Cet acte ne peut pas, ou ne peut plus, être annulé chez le tiers de télétransmission : "
        "« {message} ».",
        remedy="Seul un acte acquitté et pas encore archivé peut l'être. Appelez la préfecture ; "
        "pour retirer l'acte lui-même, il faut un nouvel acte.",
        ask=TDT,
    ),
    "CON-CANCEL_KIND": Label(
        "Le tiers de télétransmission n'annule pas ce genre d'envoi : « {message} ».",
        remedy="Seule la transmission d'un acte peut être annulée. Appelez la préfecture pour "
        "corriger une réponse.",
        ask=TDT,
    ),
    "CON-NO_CLASSIFICATION": Label(
        "Le tiers de télétransmission n'a pas de classification de votre préfecture : "
        "« {message} ».",
        remedy="Demandez-la depuis le site du tiers de télétransmission ou avec demat, puis "
        "attendez la réponse de la préfecture.",
        ask=TDT,
    ),
    "CON-CLASSIFICATION_DAILY": Label(
        "La classification a déjà été demandée aujourd'hui : « {message} ».",
        remedy="Attendez demain : une seule demande par jour est admise.",
        ask=TDT,
    ),
}

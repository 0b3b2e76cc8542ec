"""French sentences of the store: codes ``QUE-…``, and the names of the states."""

from demat.labels_fr.label import MAIRIE, TDT, TECHNICIEN, Label

__all__ = ["DELIVERY_STATES", "DEPOSIT_STATES", "LABELS", "SELECTIONS"]

LABELS: dict[str, Label] = {
    "QUE-FOLDER": Label(
        "Le dossier « {dossier} » ne peut pas être utilisé : {raison}.",
        remedy="Vérifiez que ce dossier existe et que le programme a le droit d'y écrire.",
        ask=TECHNICIEN,
    ),
    "QUE-DISK": Label(
        "L'ordinateur n'arrive plus à enregistrer ({raison}). Rien n'a été perdu de ce qui était "
        "déjà enregistré.",
        remedy="Libérez de la place sur le disque, ou rendez-le accessible en écriture, "
        "puis recommencez.",
        ask=TECHNICIEN,
    ),
    "QUE-BUSY": Label(
        "Un autre programme occupe les données depuis trop longtemps ({raison}).",
        remedy="Attendez quelques minutes, puis recommencez. Si cela dure, redémarrez le service.",
        ask=TECHNICIEN,
    ),
    "QUE-UNREACHABLE": Label(
        "Le serveur de base de données ne répond pas, ou refuse l'accès ({raison}).",
        remedy="Vérifiez que ce serveur fonctionne et que le réseau passe, puis l'adresse "
        "(« base »), le nom et le mot de passe du fichier demat.toml. Rien n'a été perdu de ce qui "
        "était déjà enregistré : le travail reprendra où il en était.",
        ask=TECHNICIEN,
    ),
    "QUE-TASKS": Label(
        "Les tâches que les « demat worker » se partagent sont hors d'atteinte ({raison}).",
        remedy="Vérifiez que le serveur PostgreSQL fonctionne, puis redémarrez « demat worker » : "
        "il refait les tables de ces tâches si elles manquent. Rien d'autre n'y est gardé.",
        ask=TECHNICIEN,
    ),
    "QUE-MOVED": Label(
        "Les données ont été déplacées : elles sont maintenant dans « {vers} ». Cette base-ci est "
        "fermée, pour que rien ne soit envoyé deux fois.",
        remedy="Mettez cette adresse dans « base », dans le fichier demat.toml, puis relancez le "
        "service. Gardez l'ancienne base comme archive.",
        ask=TECHNICIEN,
    ),
    "QUE-MOVING": Label(
        "Le déplacement des données vers « {vers} » a été interrompu ; rien ne part d'ici là.",
        remedy="Relancez « demat migrate-store » avec la même adresse : il reprendra où il en "
        "était. N'utilisez pas encore l'autre base.",
        ask=TECHNICIEN,
    ),
    "QUE-NOT_EMPTY": Label(
        "La base « {vers} » contient déjà des données : rien n'y a été copié.",
        remedy="Donnez l'adresse d'une base neuve.",
        ask=TECHNICIEN,
    ),
    "QUE-SENDING": Label(
        "Des flux sont en cours d'envoi (n° {numeros}) : les données ne peuvent pas être "
        "déplacées maintenant.",
        remedy="Arrêtez le service et attendez la fin de ces envois, puis recommencez. S'il a été "
        "arrêté brutalement, recommencez dans un quart d'heure.",
        ask=TECHNICIEN,
    ),
    "QUE-RUNNING": Label(
        "Un traitement est en cours : les données ne peuvent pas être déplacées maintenant.",
        remedy="Attendez sa fin, ou arrêtez le service, puis recommencez.",
        ask=TECHNICIEN,
    ),
    "QUE-COPY": Label(
        "La copie des données n'est pas identique à l'original (table {table}) : elle a été "
        "annulée, et l'original sert toujours.",
        remedy="Recommencez ; si cela se répète, gardez les deux bases et faites-les examiner.",
        ask=TECHNICIEN,
    ),
    "QUE-ENCODING": Label(
        "La base de données ne peut pas contenir tous les caractères (encodage {encodage}).",
        remedy="Créez une base neuve avec l'encodage UTF8 : CREATE DATABASE demat OWNER demat "
        "ENCODING 'UTF8' TEMPLATE template0.",
        ask=TECHNICIEN,
    ),
    "QUE-DRIVER": Label(
        "Le programme ne sait pas encore se servir de PostgreSQL : il lui manque un composant.",
        remedy="Installez demat avec son complément « centre » : pip install 'demat[centre]'.",
        ask=TECHNICIEN,
    ),
    "QUE-DATABASE_CORRUPT": Label(
        "Le fichier des données est abîmé et ne peut plus être lu ({raison}).",
        remedy="N'y touchez plus : gardez-en une copie, puis remettez en place "
        "la dernière sauvegarde.",
        ask=TECHNICIEN,
    ),
    "QUE-NEWER": Label(
        "Les données ont été enregistrées par une version plus récente du programme "
        "(version {revision} des données).",
        remedy="Installez la dernière version du programme ; l'ancienne ne doit plus servir.",
        ask=TECHNICIEN,
    ),
    "QUE-KEY_USED": Label(
        "Le numéro « {cle} » a déjà été utilisé : « {libelle} » (flux n° {numero}).",
        remedy="Donnez un autre numéro à ce document, ou vérifiez s'il n'a pas déjà été transmis.",
        ask=MAIRIE,
    ),
    "QUE-SUPERSEDED": Label(
        "Le flux n° {numero} a déjà été remplacé par un autre.",
        remedy="Affichez-le pour voir lequel ; si une nouvelle correction est nécessaire, "
        "corrigez ce dernier.",
        ask=MAIRIE,
    ),
    "QUE-IN_FLIGHT": Label(
        "Le flux n° {numero} ne peut pas encore être remplacé : il est en attente ou en cours "
        "d'envoi, ou bien on ne sait pas s'il a été reçu.",
        remedy="Attendez la fin de son envoi, ou abandonnez-le d'abord.",
        ask=MAIRIE,
    ),
    "QUE-REPLACED": Label(
        "Le dépôt n° {numero} a déjà été corrigé par un autre dépôt.",
        remedy="Vérifiez que vous n'avez pas déposé deux fois la même correction.",
        ask=MAIRIE,
    ),
    "QUE-UNKNOWN_DEPOSIT": Label(
        "Il n'existe pas de dépôt n° {numero} pour cette collectivité.",
        remedy="Vérifiez le numéro dans la liste des dépôts.",
        ask=MAIRIE,
    ),
    "QUE-UNKNOWN_COURRIER": Label(
        "Il n'existe pas de courrier de la préfecture n° {numero} pour cette collectivité.",
        remedy="Vérifiez le numéro dans la liste des courriers (demat courriers).",
        ask=MAIRIE,
    ),
    "QUE-UNKNOWN_TRANSMISSION": Label(
        "Il n'existe pas de flux n° {numero} pour cette collectivité.",
        remedy="Vérifiez le numéro dans la liste des flux.",
        ask=MAIRIE,
    ),
    "QUE-DOCUMENT_MISSING": Label(
        "Un document conservé a disparu (empreinte {empreinte}).",
        remedy="Remettez-le en place à partir de la dernière sauvegarde : il sert de preuve.",
        ask=TECHNICIEN,
    ),
    "QUE-DOCUMENT_CORRUPT": Label(
        "Un document conservé n'est plus celui qui avait été enregistré (empreinte {empreinte}).",
        remedy="Remettez-le en place à partir de la dernière sauvegarde, et faites vérifier "
        "le disque.",
        ask=TECHNICIEN,
    ),
    "QUE-DOCUMENT_UNREADABLE": Label(
        "Un document conservé ne peut plus être lu (empreinte {empreinte}, {raison}).",
        remedy="Faites vérifier le disque, puis remettez ce document en place à partir de la "
        "dernière sauvegarde.",
        ask=TECHNICIEN,
    ),
    "QUE-BACKUP_PLACE": Label(
        "La sauvegarde ne peut pas se faire dans « {dossier} » : ce dossier contient autre chose "
        "qu'une sauvegarde, ou fait partie des données ({nom}).",
        remedy="Donnez un dossier vide, ou celui d'une sauvegarde précédente, sur un autre disque.",
        ask=TECHNICIEN,
    ),
    "QUE-BACKUP_BUSY": Label(
        "Une autre sauvegarde est en cours dans « {dossier} ».",
        remedy="Attendez qu'elle finisse, puis recommencez.",
        ask=TECHNICIEN,
    ),
    "QUE-BACKUP_ABSENT": Label(
        "Aucune sauvegarde complète de demat ne se trouve dans « {dossier} ».",
        remedy="Donnez le dossier qui contient « manifeste.json ».",
        ask=TECHNICIEN,
    ),
    "QUE-BACKUP_DAMAGED": Label(
        "La sauvegarde est abîmée : « {fichier} » manque ou a changé.",
        remedy="Prenez une autre copie de cette sauvegarde, ou une sauvegarde plus ancienne.",
        ask=TECHNICIEN,
    ),
    "QUE-RESTORE_NOT_EMPTY": Label(
        "Les données de « {base} » existent déjà : rien n'a été touché.",
        remedy="Si elles doivent vraiment être remplacées, recommencez avec --remplacer : elles "
        "seront mises de côté, à côté des nouvelles.",
        ask=TECHNICIEN,
    ),
    "QUE-RESTORE_BUSY": Label(
        "Un programme se sert encore des données de « {base} » : rien n'a été touché.",
        remedy="Arrêtez demat (serve, watch, nightly, worker), puis recommencez.",
        ask=TECHNICIEN,
    ),
    "QUE-RESTORED": Label(
        "L'envoi n° {numero} attendait quand la sauvegarde du {instant} a été faite : il a pu "
        "partir depuis.",
        remedy="Rien à faire pour l'instant : demat demande d'abord à l'autre côté s'il l'a reçu, "
        "et ne le renvoie que s'il n'y est pas.",
        ask=TECHNICIEN,
    ),
    "QUE-RESTORED_DEPOSIT": Label(
        "« {name} » était en préparation quand la sauvegarde du {instant} a été faite : il a pu "
        "être envoyé depuis.",
        remedy="Regardez sur le site du tiers de télétransmission s'il y est. S'il n'y est pas, "
        "remettez ce dossier dans « a-deposer ».",
        ask=TECHNICIEN,
    ),
    "QUE-S3_UNREACHABLE": Label(
        "Le stockage des documents « {lieu} » ne répond pas, ou sa réponse n'a pas de sens. Rien "
        "n'a été perdu : ce qui n'a pas pu être conservé attend.",
        remedy="Vérifiez l'adresse de [documents_s3], le réseau et l'état du service ; demat "
        "réessaie au passage suivant.",
        ask=TECHNICIEN,
    ),
    "QUE-S3_REFUSED": Label(
        "Le stockage des documents « {lieu} » refuse l'opération ({detail}).",
        remedy="Vérifiez la clé d'accès, son secret, ses droits (lire, écrire, lister) et la "
        "région dans [documents_s3].",
        ask=TECHNICIEN,
    ),
    "QUE-S3_BUCKET": Label(
        "Le seau du stockage des documents « {lieu} » n'existe pas.",
        remedy="Vérifiez le nom donné à « documents » ; s'il est juste, faites rétablir le seau "
        "avant tout : les documents conservés y sont.",
        ask=TECHNICIEN,
    ),
    "QUE-JOURNAL_BROKEN": Label(
        "Le journal a été modifié après coup : l'entrée n° {entree} ne correspond plus "
        "à son empreinte.",
        remedy="Gardez une copie des données en l'état et comparez-les avec une sauvegarde : "
        "depuis cette entrée, le journal ne fait plus preuve.",
        ask=TECHNICIEN,
    ),
    "QUE-LEASE_EXPIRED": Label(
        "L'envoi du flux n° {numero} a été interrompu : on ne sait pas s'il a été reçu.",
        remedy="Rien à faire dans l'immédiat : le programme va demander si ce flux est arrivé "
        "avant de le renvoyer. Si cela dure plus d'une journée, posez la question.",
        ask=TDT,
    ),
}

DEPOSIT_STATES: dict[str, str] = {
    "received": "reçu",
    "drafted": "lu",
    "checked": "contrôlé",
    "awaiting_signature": "attend une signature",
    "signed": "signé",
    "packed": "préparé",
    "returned": "à corriger",
}
"""What an agent reads for each ``DepositState``."""

DELIVERY_STATES: dict[str, str] = {
    "todo": "à envoyer",
    "doing": "en cours d'envoi",
    "deposited": "remis au tiers de télétransmission",
    "suspended": "issue inconnue, à vérifier",
    "landed": "arrivé, sous un numéro à retrouver",
    "refused": "refusé par le tiers de télétransmission",
    "abandoned": "abandonné",
}
"""What an agent reads for each ``DeliveryState``."""

SELECTIONS: dict[str, str] = {
    "waiting": "à envoyer",
    "sent": "remis, sans réponse définitive",
    "acknowledged": "acquittés",
    "refused": "refusés ou en anomalie",
    "suspended": "peut-être reçus, à vérifier",
    "landed": "arrivés, sous un numéro à retrouver",
    "abandoned": "abandonnés",
    "all": "tous",
}
"""What an agent reads for each ``Selection``."""

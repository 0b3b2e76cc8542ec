"""Labels of the configuration faults; a technician reads them."""

from demat.labels_fr.label import TECHNICIEN, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    "CFG-ABSENT": Label(
        "Le fichier de configuration « {path} » n'existe pas.",
        remedy="Lancez « demat init » pour en créer un, ou indiquez-le avec --config.",
        ask=TECHNICIEN,
    ),
    "CFG-UNREADABLE": Label(
        "Le fichier de configuration « {path} » est illisible : {reason}.",
        remedy="Corrigez la ligne indiquée, ou repartez d'une copie.",
        ask=TECHNICIEN,
    ),
    "CFG-UNKNOWN_KEY": Label(
        "Le réglage « {key} » n'existe pas.",
        remedy="Vérifiez son orthographe ou supprimez-le.",
        ask=TECHNICIEN,
    ),
    "CFG-MISSING_KEY": Label(
        "Le réglage « {key} » manque.",
        remedy="Ajoutez-le dans le fichier de configuration.",
        ask=TECHNICIEN,
    ),
    "CFG-VALUE": Label(
        "Le réglage « {key} » a une valeur qui ne convient pas (« {value} »).",
        remedy="Corrigez-la. Détail pour le technicien : {reason}.",
        ask=TECHNICIEN,
    ),
    "CFG-SIREN": Label(
        "Le SIREN « {value} » est incorrect : 9 chiffres avec une clé juste sont attendus.",
        remedy="Reprenez le SIREN de la collectivité sur son avis de situation INSEE.",
        ask=TECHNICIEN,
    ),
    "CFG-DEPARTEMENT": Label(
        "Le code de département « {value} » est incorrect.",
        remedy="Écrivez-le sur 3 caractères : 007, 02A, 974.",
        ask=TECHNICIEN,
    ),
    "CFG-DOUBLE_COLLECTIVITE": Label(
        "La collectivité « {nom} » a le même SIREN ou le même dossier qu'une autre.",
        remedy="Gardez une seule section par SIREN, avec un dossier surveillé à elle.",
        ask=TECHNICIEN,
    ),
    "CFG-SECRET_MISSING": Label(
        "Le fichier de mot de passe « {path} » est absent ou illisible.",
        remedy="Créez-le : mot de passe sur une seule ligne, lisible par demat seul (chmod 600).",
        ask=TECHNICIEN,
    ),
    "CFG-SECRET_MODE": Label(
        "Le fichier de mot de passe « {path} » peut être lu par d'autres utilisateurs.",
        remedy="Protégez-le : chmod 600 {path}",
        ask=TECHNICIEN,
    ),
    "CFG-SECRET_EMPTY": Label(
        "Le fichier de mot de passe « {path} » est vide, ou contient plusieurs lignes.",
        remedy="Écrivez-y le mot de passe ou le code PIN, sur une seule ligne.",
        ask=TECHNICIEN,
    ),
    "CFG-SECRET_SOURCE": Label(
        "« {value} » ne dit pas d'où vient le mot de passe ou le code PIN.",
        remedy="Écrivez « invite » (une personne le tape), « trousseau:SERVICE/COMPTE » ou le "
        "chemin d'un fichier.",
        ask=TECHNICIEN,
    ),
    "CFG-SECRET_TYPED": Label(
        "Rien n'a été enregistré : les deux saisies sont différentes, ou rien n'a été tapé.",
        remedy="Recommencez, en tapant deux fois la même chose.",
        ask=TECHNICIEN,
    ),
    "CFG-KEYRING": Label(
        "Le trousseau de l'ordinateur ne peut pas être ouvert pour y lire « {entry} » (détail "
        "technique : {reason}).",
        remedy="Ouvrez la session du compte qui lance demat, ou utilisez un fichier (chmod 600).",
        ask=TECHNICIEN,
    ),
    "CFG-KEYRING_ENTRY": Label(
        "Le trousseau de l'ordinateur ne contient pas « {entry} ».",
        remedy="Enregistrez-y le mot de passe ou le code PIN, sous le compte qui lance demat : "
        "« demat secret {argument} ».",
        ask=TECHNICIEN,
    ),
    "CFG-KEY_FILE": Label(
        "Le certificat ou la clé « {path} » est absent ou illisible.",
        remedy="Vérifiez son emplacement et ses droits dans le fichier de configuration.",
        ask=TECHNICIEN,
    ),
    "CFG-TO_COMPLETE": Label(
        "Le réglage « {key} » n'a pas encore été complété.",
        remedy="Remplacez « A-COMPLETER » par la vraie valeur.",
        ask=TECHNICIEN,
    ),
    "CFG-EXISTS": Label(
        "Le fichier « {path} » existe déjà : il n'a pas été remplacé.",
        remedy="Choisissez un autre dossier, ou modifiez ce fichier.",
        ask=TECHNICIEN,
    ),
    "CFG-SIRET": Label(
        "Le SIRET « {value} » du budget « {libelle} » a une clé fausse.",
        remedy="Reprenez-le auprès de votre comptable public.",
        ask=TECHNICIEN,
    ),
    "CFG-S3_LIBRARY": Label(
        "Les documents doivent être gardés dans « {lieu} », mais le module qui parle à ce stockage "
        "n'est pas installé.",
        remedy="Installez demat avec son option « centre » : pip install 'demat[centre]'.",
        ask=TECHNICIEN,
    ),
    "CFG-S3_SECRET": Label(
        "La clé d'accès du stockage des documents est donnée à moitié : « cle_acces » et "
        "« secret » vont ensemble, et le secret ne peut pas être tapé (« invite »).",
        remedy="Renseignez les deux dans la table [documents_s3] (fichier ou trousseau), ou aucun "
        "des deux : l'environnement les donne alors.",
        ask=TECHNICIEN,
    ),
    "CFG-S3_UNUSED": Label(
        "La table [documents_s3] est remplie, mais « documents » ne désigne aucun stockage.",
        remedy="Donnez à la clé « documents », en tête du fichier, l'adresse s3://SEAU/PREFIXE, ou "
        "retirez cette table.",
        ask=TECHNICIEN,
    ),
    "CFG-BASE_SECRET": Label(
        "L'adresse de la base de données (« base ») contient un mot de passe, que tous ceux qui "
        "lisent ce fichier peuvent voir.",
        remedy="Retirez-le de l'adresse, changez-le sur le serveur, et mettez le nouveau dans un "
        "fichier protégé (droits 600) que désigne « base_mot_de_passe ».",
        ask=TECHNICIEN,
    ),
    "CFG-BASE_PASSWORD": Label(
        "« base_mot_de_passe » ne sert qu'avec un serveur PostgreSQL, et « base » n'en désigne "
        "aucun.",
        remedy="Donnez l'adresse du serveur dans « base », ou retirez « base_mot_de_passe ».",
        ask=TECHNICIEN,
    ),
    "CFG-TDT_CERTIFICATE": Label(
        "Le certificat de télétransmission de « {nom} » n'est pas donné comme il faut.",
        remedy="Dans la table [collectivites.tdt], donnez soit « certificat » et « cle », soit "
        "« certificat_p12 », mais pas les deux.",
        ask=TECHNICIEN,
    ),
    "CFG-TDT_LOGIN": Label(
        "Le compte de « {nom} » chez le tiers de télétransmission est donné à moitié : "
        "« identifiant » et « mot_de_passe_compte » vont ensemble.",
        remedy="Renseignez les deux dans la table [collectivites.tdt], ou aucun des deux.",
        ask=TECHNICIEN,
    ),
    "CFG-TSA_LOGIN": Label(
        "Le compte du service d'horodatage est donné à moitié : « identifiant » et "
        "« mot_de_passe » vont ensemble.",
        remedy="Renseignez les deux dans la table [horodatage], ou aucun des deux.",
        ask=TECHNICIEN,
    ),
    "CFG-TSA_HTTPS": Label(
        "Le mot de passe du service d'horodatage partirait en clair : son adresse « {url} » ne "
        "commence pas par https://.",
        remedy="Donnez l'adresse en https:// du service, ou retirez le compte.",
        ask=TECHNICIEN,
    ),
    "CFG-ASAP_TIPI": Label(
        "Le paiement en ligne du budget « {budget} » est donné à moitié : « code_tipi » et "
        "« adresse_tipi » vont ensemble.",
        remedy="Renseignez les deux dans la table [collectivites.budgets.asap], ou aucun des deux.",
        ask=TECHNICIEN,
    ),
    "CFG-ASAP_ICS": Label(
        "Le mode de recouvrement « tip » du budget « {budget} » exige « ics », l'identifiant de "
        "créancier SEPA.",
        remedy="Renseignez-le dans la table [collectivites.budgets.asap], ou choisissez « talon ».",
        ask=TECHNICIEN,
    ),
    "CFG-SIGNATURE_TABLE": Label(
        "La section [collectivites.signature] de « {nom} » n'existe plus : les signataires sont "
        "déclarés un par un.",
        remedy="Remplacez-la par [[collectivites.signataires]] avec « nom » en plus, et mettez "
        "certificat et mot de passe dans [collectivites.signataires.cle] : type vaut « pkcs12 », "
        "fichier vaut l'ancien certificat, secret vaut l'ancien mot_de_passe.",
        ask=TECHNICIEN,
    ),
    "CFG-SIGNATAIRE_DOUBLE": Label(
        "Deux signataires de « {collectivite} » portent le même nom : « {nom} ».",
        remedy="Gardez une seule section par signataire, ou distinguez-les par leur nom.",
        ask=TECHNICIEN,
    ),
    "CFG-SIGNATAIRE_PROMPT": Label(
        "Le signataire « {nom} » de « {collectivite} » signe sans surveillance, mais son mot de "
        "passe est demandé à quelqu'un (secret vaut « invite »).",
        remedy="Donnez-lui un fichier de mot de passe ou une entrée du trousseau, ou retirez "
        "« sans_surveillance ».",
        ask=TECHNICIEN,
    ),
    "CFG-SIGNATAIRE_BUDGET": Label(
        "Le budget « {budget} » du signataire « {nom} » n'est pas un budget de « {collectivite} » "
        "(connus : {known}).",
        remedy="Écrivez « cod_col/cod_bud » ou le libellé d'un budget déclaré.",
        ask=TECHNICIEN,
    ),
    "CFG-DELEGATION_DATES": Label(
        "La délégation du signataire « {nom} » de « {collectivite} » finit le {fin}, avant de "
        "commencer le {debut}.",
        remedy="Corrigez « debut » ou « fin ».",
        ask=TECHNICIEN,
    ),
    "CFG-DELEGATION_CEILING": Label(
        "Le plafond de la délégation du signataire « {nom} » de « {collectivite} » ({plafond}) "
        "n'est pas un montant positif.",
        remedy="Corrigez « plafond », ou retirez-le s'il n'y en a pas.",
        ask=TECHNICIEN,
    ),
    "CFG-COLLECTIVITE": Label(
        "La collectivité « {value} » n'est pas dans la configuration (connues : {known}).",
        remedy="Indiquez l'un des SIREN connus.",
        ask=TECHNICIEN,
    ),
    "CFG-WORKER_DATABASE": Label(
        "« demat worker » partage le travail entre plusieurs machines : il lui faut une base "
        "PostgreSQL, et la configuration n'en donne pas.",
        remedy="Sur une seule machine, lancez « demat serve ». Sinon, indiquez la base PostgreSQL "
        "avec la clé « base », après y avoir recopié les données (demat migrate-store).",
        ask=TECHNICIEN,
    ),
    "CFG-WORKER_LIBRARY": Label(
        "Il manque à cette installation la bibliothèque « {bibliotheque} », dont « demat worker » "
        "se sert.",
        remedy="Installez demat avec son complément « centre » : pip install 'demat[centre]'.",
        ask=TECHNICIEN,
    ),
    "CFG-LISTEN": Label(
        "L'adresse « {address} » de la surveillance ne peut pas être écoutée : {reason}.",
        remedy="Donnez à « ecoute », dans la table [supervision] ou par l'option --ecoute, une "
        "adresse de cet ordinateur et un port libre : chaque « demat serve » ou « demat worker » "
        "veut le sien.",
        ask=TECHNICIEN,
    ),
    "CFG-TRACES_LIBRARY": Label(
        "Il manque à cette installation la bibliothèque « {bibliotheque} », qui envoie les traces.",
        remedy="Installez demat avec son complément « traces » : pip install 'demat[traces]', ou "
        "retirez « traces » de la table [supervision].",
        ask=TECHNICIEN,
    ),
    "CFG-GRID_FILE": Label(
        "La table « {path} » est absente ou illisible.",
        remedy="Vérifiez son emplacement et ses droits dans le fichier de configuration.",
        ask=TECHNICIEN,
    ),
    "CFG-GRID_COLUMN": Label(
        "La première ligne de la table doit nommer les colonnes « {expected} », il manque : "
        "{column}.",
        remedy="Ajoutez cette ligne de titres, avec des points-virgules entre les colonnes.",
        ask=TECHNICIEN,
    ),
    "CFG-GRID_ROW": Label(
        "La valeur « {value} » ne convient pas dans la colonne « {column} » de la table.",
        remedy="Corrigez cette ligne de la table.",
        ask=TECHNICIEN,
    ),
    "CFG-GRID_EMPTY": Label(
        "La table ne contient aucune ligne.",
        remedy="Complétez-la, ou retirez ce réglage de la configuration.",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_FILE": Label(
        "La correspondance « {path} » est absente ou illisible.",
        remedy="Vérifiez son emplacement et ses droits dans le fichier de configuration.",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_TOML": Label(
        "La correspondance n'est pas un fichier TOML correct : {reason}.",
        remedy="Corrigez le fichier à l'endroit indiqué.",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_KEY": Label(
        "La clé « {key} » de la correspondance n'est pas connue.",
        remedy="Choisissez parmi : {known}.",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_VALUE": Label(
        "La clé « {key} » de la correspondance n'a pas la forme attendue.",
        remedy="Écrivez {expected}.",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_MISSING": Label(
        "Il manque « {key} » dans la correspondance.",
        remedy="Donnez le titre de la colonne de l'export, ou une valeur fixe sous [constantes].",
        ask=TECHNICIEN,
    ),
    "CFG-MAPPING_DOUBLE": Label(
        "La clé « {key} » de la correspondance redit « {value} », déjà donné plus haut.",
        remedy="Gardez une seule des deux, ou ajoutez une table [valeurs] pour la seconde.",
        ask=TECHNICIEN,
    ),
}

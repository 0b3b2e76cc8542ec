"""Sentences about a share: a folder or an SFTP server where files are laid and picked up (§5.3)."""

from demat.labels_fr.label import TDT, TECHNICIEN, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    # the configuration
    "CFG-ECHANGE_HOST": Label(
        "Rien ne dit comment reconnaître le serveur SFTP de « {nom} ».",
        remedy="Ajoutez « empreinte_hote » (donnée par l'opérateur, vérifiée par téléphone) ou "
        "« hotes_connus » (un fichier known_hosts).",
        ask=TECHNICIEN,
    ),
    "CFG-ECHANGE_LOGIN": Label(
        "Rien ne dit comment se connecter au serveur SFTP de « {nom} ».",
        remedy="Ajoutez « cle » (une clé privée OpenSSH, chmod 600) ou « mot_de_passe_compte » (un "
        "fichier qui contient le mot de passe).",
        ask=TECHNICIEN,
    ),
    "CFG-ECHANGE_FOLDERS": Label(
        "Deux des dossiers d'échange de « {nom} » (entree, sortie, traites, pris) sont le même.",
        remedy="Donnez à chacun un dossier à lui.",
        ask=TECHNICIEN,
    ),
    "CFG-ECHANGE_DEST": Label(
        "Le fichier d'accompagnement des PES de « {nom} » n'a pas de destination.",
        remedy="Ajoutez « p_dest », le code du serveur de la DGFiP pour votre département.",
        ask=TECHNICIEN,
    ),
    # reaching the share
    "CON-SSH_HOSTS": Label(
        "Le fichier des serveurs connus « {path} » ne peut pas être lu. Détail technique : "
        "{reason}.",
        remedy="Vérifiez le réglage « hotes_connus », et que demat peut lire ce fichier.",
        ask=TECHNICIEN,
    ),
    "CON-SSH_HOST_UNKNOWN": Label(
        "Le serveur d'échange « {host} » n'est pas connu : il montre la clé {found}. Rien n'a été "
        "envoyé.",
        remedy="Demandez à l'opérateur l'empreinte de son serveur, par un autre moyen. Si c'est la "
        "même, écrivez-la dans « empreinte_hote ».",
        ask=TECHNICIEN,
    ),
    "CON-SSH_HOST_CHANGED": Label(
        "Le serveur d'échange « {host} » montre la clé {found}, et non celle qui est connue "
        "({expected}) : quelqu'un se fait peut-être passer pour lui. Rien n'a été envoyé.",
        remedy="Appelez l'opérateur. S'il a bien changé la clé de son serveur, remplacez son "
        "empreinte dans la configuration ; sinon ne touchez à rien.",
        ask=TDT,
    ),
    "CON-SSH_KEY": Label(
        "La clé privée « {path} », qui ouvre le serveur d'échange, ne peut pas être utilisée : "
        "{reason}.",
        remedy="Vérifiez les réglages « cle » et « mot_de_passe » : il faut une clé OpenSSH et, si "
        "elle est chiffrée, le fichier de son mot de passe.",
        ask=TECHNICIEN,
    ),
    "CON-SSH_LOGIN": Label(
        "Le serveur d'échange « {host} » refuse le compte « {user} ». Détail technique : {reason}.",
        remedy="Vérifiez le nom du compte, et que l'opérateur a bien enregistré la clé publique ou "
        "le mot de passe de ce compte ; les envois reprendront ensuite tout seuls.",
        ask=TDT,
    ),
    # using it
    "CON-SHARE_FOLDER": Label(
        "Le dossier d'échange « {folder} » n'est pas là ; rien n'a été envoyé. Détail technique : "
        "{reason}.",
        remedy="Vérifiez que le lecteur réseau est branché et que ce dossier existe ; les envois "
        "reprendront ensuite tout seuls.",
        ask=TECHNICIEN,
    ),
    "CON-SHARE_RIGHTS": Label(
        "Le compte de demat n'a pas le droit de se servir du dossier d'échange « {folder} » ; rien "
        "n'a été envoyé. Détail technique : {reason}.",
        remedy="Faites donner à ce compte le droit de lire, d'écrire et de supprimer dans ce "
        "dossier ; les envois reprendront ensuite tout seuls.",
        ask=TECHNICIEN,
    ),
    "CON-SHARE_FULL": Label(
        "Il n'y a plus de place dans le dossier d'échange « {folder} » ; rien n'a été envoyé. "
        "Détail technique : {reason}.",
        remedy="Faites libérer de la place ou relever le quota ; l'envoi sera tenté de nouveau "
        "tout seul.",
        ask=TECHNICIEN,
    ),
    "CON-SHARE_WRITE": Label(
        "Le dossier d'échange « {folder} » n'a pas gardé le fichier entier : disque plein, quota "
        "atteint ou panne. Rien n'a été envoyé. Détail technique : {reason}.",
        remedy="Faites vérifier la place qui reste ; l'envoi sera tenté de nouveau tout seul.",
        ask=TECHNICIEN,
    ),
    "CON-SHARE_TROUBLE": Label(
        "Le dossier d'échange « {folder} » ne répond pas correctement ; rien n'a été envoyé. "
        "Détail technique : {reason}.",
        remedy="Ne faites rien : l'envoi sera tenté de nouveau tout seul. Si cela dure, faites "
        "vérifier ce dossier.",
        ask=TECHNICIEN,
    ),
    # what lies in it
    "CON-SHARE_NAME": Label(
        "« {name} » ne peut pas être déposé sous ce nom : il faut des lettres sans accent, des "
        "chiffres, des points, des tirets et des soulignements seulement.",
        remedy="Changez le nom du fichier (le NomFic d'un PES) dans votre logiciel, puis "
        "déposez-le de nouveau.",
    ),
    "CON-SHARE_CLASH": Label(
        "Un autre fichier porte le nom « {name} » dans le dossier d'échange ; rien n'a été "
        "remplacé.",
        remedy="Faites chercher d'où vient cet autre fichier avant d'y toucher : il est peut-être "
        "en cours d'envoi.",
        ask=TECHNICIEN,
    ),
    "CON-SHARE_TAKEN": Label(
        "On ne sait pas si « {name} » a été pris : la connexion s'est coupée au dernier moment et "
        "il n'est plus dans le dossier d'échange.",
        remedy="Ne le renvoyez pas : une réponse le dira. Sans réponse après une journée, demandez "
        "à l'opérateur s'il a reçu ce fichier.",
        ask=TDT,
    ),
}

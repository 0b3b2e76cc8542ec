"""Labels of what the engine itself finds: answers, our own signatures, second opinions."""

from demat.labels_fr.label import COMPTABLE, MAIRIE, TDT, TECHNICIEN, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    "CON-REMOTE_ERROR": Label(
        "Le tiers de télétransmission a mis l'envoi en erreur : « {message} ».",
        remedy="Corrigez ce qu'il indique, puis redéposez les fichiers ; un acte corrigé porte un "
        "nouveau numéro.",
        ask=TDT,
    ),
    "CON-TO_CONFIRM": Label(
        "« {key} » n'est pas encore parti : il attend qu'un agent le confirme, ou le signe, sur le "
        "site du tiers de télétransmission.",
        remedy="Ouvrez cette adresse dans le navigateur où est votre certificat : {page}",
        ask=TDT,
    ),
    "CON-UNKNOWN_STATUS": Label(
        "Le tiers de télétransmission dit de « {key} » (transaction {reference}) un état que demat "
        "ne connaît pas : {code} « {message} ». Rien n'en est conclu, et demat continue de "
        "demander.",
        remedy="Regardez cette transaction sur le site du tiers de télétransmission, et signalez "
        "cet état à votre technicien.",
        ask=TDT,
    ),
    "QUE-PJ_FIRST": Label(
        "Cet envoi attend : sa pièce jointe {id_unique} doit partir avant lui, dans un autre "
        "fichier du même dépôt.",
        remedy="Si cet autre fichier a été refusé, corrigez-le ; sinon rien à faire.",
    ),
    "QUE-UNBOUND_ANSWER": Label(
        "La réponse reçue concerne « {found} » et non « {expected} » : elle est gardée à part.",
        remedy="Rien à faire ; un technicien doit regarder cette réponse.",
        ask=TECHNICIEN,
    ),
    "QUE-LANDED": Label(
        "L'envoi n° {numero} (« {key} ») est bien arrivé chez le tiers de télétransmission, mais "
        "sous un numéro qu'il n'a pas donné : demat ne peut pas suivre ses réponses (depuis le "
        "{since}).",
        remedy="Ne le renvoyez pas. Cherchez « {key} » sur le site du tiers de télétransmission, "
        "notez son numéro de transaction, puis tapez : demat settle {numero} --reference NUMÉRO.",
        ask=TDT,
    ),
    "QUE-TO_SETTLE": Label(
        "On ne sait pas si l'envoi n° {numero} (« {key} ») est arrivé chez le tiers de "
        "télétransmission : demat n'a pas pu le savoir tout seul (depuis le {since}).",
        remedy="Ne le renvoyez pas autrement. Cherchez « {key} » sur le site du tiers de "
        "télétransmission. S'il y est : demat settle {numero} --reference NUMÉRO. S'il n'y est "
        "pas : demat settle {numero} --not-landed. Si son numéro est celui d'un autre acte : "
        "demat settle {numero} --abandon « le motif », puis déposez-le sous un autre numéro.",
        ask=TDT,
    ),
    "QUE-NOTHING_TO_SETTLE": Label(
        "L'envoi n° {numero} n'attend rien de vous : on sait s'il est arrivé.",
        remedy="Vérifiez le numéro (demat flows --state suspended, puis --state landed).",
        ask=MAIRIE,
    ),
    "QUE-HELD": Label(
        "L'envoi n° {numero} (« {key} ») ne peut pas être renvoyé : le tiers de télétransmission "
        "dit qu'il le détient déjà, et refuserait une deuxième copie.",
        remedy="Cherchez-le sur son site, y compris parmi les envois en erreur et ceux de l'an "
        "passé, puis tapez : demat settle {numero} --reference NUMÉRO.",
        ask=TDT,
    ),
    "QUE-TOO_EARLY": Label(
        "L'envoi n° {numero} (« {key} ») est peut-être encore en chemin : ce qu'on voit chez le "
        "tiers de télétransmission ne prouve encore rien.",
        remedy="Attendez {minutes} min, cherchez « {key} » de nouveau sur le site du tiers de "
        "télétransmission, puis retapez la commande s'il n'y est toujours pas.",
        ask=MAIRIE,
    ),
    "QUE-REFERENCE_TAKEN": Label(
        "Le numéro de transaction {reference} est déjà celui de l'envoi n° {autre} : ce n'est pas "
        "celui de l'envoi n° {numero}.",
        remedy="Relisez le numéro sur le site du tiers de télétransmission.",
        ask=MAIRIE,
    ),
    "QUE-REFERENCE_UNKNOWN": Label(
        "Le tiers de télétransmission ne connaît pas le numéro de transaction {reference}, ou ne "
        "le montre pas à cette collectivité : « {message} ».",
        remedy="Relisez le numéro sur son site : c'est celui de la transaction, pas celui de "
        "l'acte ni celui du bordereau.",
        ask=TDT,
    ),
    "QUE-PAUSED": Label(
        "Vos envois attendent jusqu'au {heure} : le tiers de télétransmission a refusé le "
        "certificat ou le compte de la collectivité.",
        remedy="Faites renouveler le certificat ou rétablir le compte ; les envois repartiront "
        "ensuite d'eux-mêmes.",
        ask=TECHNICIEN,
    ),
    "QUE-LINE_SHUT": Label(
        "Les envois attendent : le tiers de télétransmission « {ligne} » ne répond plus. "
        "Prochain essai le {heure}.",
        remedy="Rien à faire pour le moment : les envois repartiront d'eux-mêmes. Si cela dure, "
        "demandez au tiers de télétransmission s'il est en panne ou en maintenance.",
        ask=TDT,
    ),
    "QUE-LINE_QUIET": Label(
        "Les envois attendent jusqu'au {heure} : rien n'est transmis à « {ligne} » pendant cette "
        "plage horaire.",
        remedy="Rien à faire : les envois partiront d'eux-mêmes. La plage est un réglage "
        "(plages_muettes).",
        ask=TECHNICIEN,
    ),
    "QUE-LINE_BYTES": Label(
        "Les envois attendent jusqu'au {heure} : le volume permis par heure vers « {ligne} » est "
        "atteint.",
        remedy="Rien à faire : les envois partiront d'eux-mêmes. Ce volume est un réglage "
        "(octets_par_heure).",
        ask=TECHNICIEN,
    ),
    "QUE-HOUR_SPENT": Label(
        "Les envois attendent {heure} : le nombre permis par heure pour la collectivité est "
        "atteint.",
        remedy="Rien à faire : les envois partiront d'eux-mêmes. Ce nombre est un réglage "
        "(envois_par_heure).",
        ask=TECHNICIEN,
    ),
    "QUE-ANSWERED": Label(
        "La préfecture a déjà accusé réception de « {key} » : il n'est pas renvoyé.",
        remedy="Rien à faire.",
    ),
    "INT-ASAP_CONFIG": Label(
        "L'avis des sommes à payer ne peut pas être écrit (titres n° {titres}) : le budget "
        "« {budget} » n'a pas de table [collectivites.budgets.asap] dans « demat.toml ».",
        remedy="Demandez au comptable le centre d'encaissement, la référence Banque de France, le "
        "modèle du talon et le code PayFiP, puis faites compléter ce fichier par votre "
        "technicien ; ou joignez vous-même l'avis, en pièce jointe de type 006.",
        ask=COMPTABLE,
    ),
    "INT-ASAP_NOTHING_DUE": Label(
        "Aucun avis des sommes à payer n'est écrit pour ces titres, qui annulent, réduisent ou "
        "constatent une somme déjà encaissée : n° {titres}.",
        remedy="Retirez-leur le mode d'édition de l'avis ; ou joignez vous-même l'avis, en pièce "
        "jointe de type 006.",
        ask=MAIRIE,
    ),
    "INT-ASAP_TALON": Label(
        "Le modèle du talon ne convient pas au titre n° {titre} (bordereau n° {bordereau}) : sa "
        "ligne {ligne} serait « {value} ».",
        remedy="Faites corriger « talon » dans la table [collectivites.budgets.asap] de "
        "« demat.toml » : 60 capitales, chiffres ou espaces au plus, chaque nombre dans sa place.",
        ask=TECHNICIEN,
    ),
    "INT-PES_CUT": Label(
        "Ce dépôt part en {count} fichiers, pour que chacun reste sous les {limit} Mo d'un envoi.",
        remedy="Rien à faire : c'est toujours un seul dépôt. Chaque fichier a son accusé.",
    ),
    "INT-BORDEREAU_TOO_BIG": Label(
        "Le bordereau n° {bordereau} ({pieces} pièces) pèse {size} Mo sans ses pièces jointes : "
        "un envoi ne peut pas dépasser {limit} Mo.",
        remedy="Répartissez ses mandats ou ses titres sur plusieurs bordereaux, puis redéposez le "
        "tout.",
    ),
    "INT-PJ_TOO_BIG": Label(
        "La pièce jointe « {nom} » ({id_unique}) prend {size} Mo une fois préparée : un envoi ne "
        "peut pas dépasser {limit} Mo.",
        remedy="Numérisez-la avec une résolution plus faible ou en plusieurs fichiers, puis "
        "redéposez le tout.",
    ),
    "INT-BORDEREAU_TAKEN": Label(
        "Le bordereau n° {bordereau} a déjà été transmis ({key}) : son numéro ne sert qu'une fois. "
        "Ces pièces ne peuvent pas partir sous ce numéro : {pieces}.",
        remedy="Mettez ce qui est à renvoyer dans un nouveau bordereau, avec un nouveau numéro de "
        "bordereau ; retirez le reste.",
        ask=COMPTABLE,
    ),
    "INT-PIECE_BURNT": Label(
        "Le numéro de la pièce {piece} (bordereau n° {bordereau}) est perdu : le comptable a "
        "rejeté cette pièce après l'avoir prise en charge.",
        remedy="Donnez un nouveau numéro à ce mandat ou à ce titre, dans un nouveau bordereau.",
        ask=COMPTABLE,
    ),
    "PES-ACK_NO_REASON": Label(
        "Le comptable a refusé une partie de l'envoi sans en donner la raison.",
        remedy="Demandez-lui la raison avant de corriger.",
        ask=COMPTABLE,
    ),
    "SIG-OURS": Label(
        "La signature faite à l'instant sur « {element} » ne se vérifie pas : rien n'est parti.",
        remedy="Vérifiez le certificat de signature et les autorités reconnues.",
        ask=TECHNICIEN,
    ),
    "SIG-NONE": Label(
        "Ce fichier ne porte aucune signature.",
        remedy="Vérifiez que c'est bien la version signée.",
    ),
    "INT-ONE_DOCUMENT": Label(
        "L'option --signature désigne la signature d'un document : elle va avec un seul fichier.",
        remedy="Vérifiez les documents un par un.",
    ),
    "SIG-ALONE": Label(
        "« {name} » est une signature séparée : le document qu'elle signe n'est pas là.",
        remedy="Donnez aussi le document signé, par exemple : demat verify acte.pdf acte.pdf.p7s "
        "(ou --signature FICHIER si les noms ne se ressemblent pas).",
    ),
    "XSD-SECOND_OPINION": Label(
        "Un autre programme de contrôle ne juge pas ce fichier comme nous.",
        remedy="Transmettez ce fichier à votre technicien avant de l'envoyer.",
        ask=TECHNICIEN,
    ),
    "SIG-SECOND_OPINION": Label(
        "Une autre bibliothèque ne juge pas comme nous la signature de « {element} » : {detail}.",
        remedy="N'envoyez pas ce fichier ; transmettez-le à votre technicien.",
        ask=TECHNICIEN,
    ),
}

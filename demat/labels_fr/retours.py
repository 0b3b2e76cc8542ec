"""What the comptable says of the pièces after the acquit (PES_Retour), and what to do about it."""

from demat.labels_fr.label import COMPTABLE, EDITEUR, MAIRIE, TDT, Label

__all__ = ["LABELS"]

_MOTIF = "Motif du comptable pour le {nom} n° {numero} : {motif}."

LABELS: dict[str, Label] = {
    "PES-RETOUR_REJECTED": Label(
        "Le comptable a rejeté au visa, le {date}, le {nom} n° {numero} « {objet} » : "
        "{commentaire}.",
        remedy="Corrigez ce {nom} et renvoyez-le dans un nouveau bordereau ; il peut garder son "
        "numéro.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_BURNT": Label(
        "Le comptable a rejeté, le {date}, le {nom} n° {numero} « {objet} » après l'avoir pris en "
        "charge : {commentaire}.",
        remedy="Corrigez-le et renvoyez-le sous un nouveau numéro, dans un nouveau bordereau : le "
        "n° {numero} est perdu et ne doit plus servir.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_UNDATED": Label(
        "Le comptable a rejeté, sans en dire le jour, le {nom} n° {numero} « {objet} » (retour du "
        "{date}) : {commentaire}.",
        remedy="Demandez si le n° {numero} peut resservir ; dans le doute, corrigez et renvoyez "
        "sous un nouveau numéro, dans un nouveau bordereau.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_INSTANCE": Label(
        "Le comptable a mis en instance le {nom} n° {numero} « {objet} » ({date}) : {commentaire}.",
        remedy="Ne renvoyez pas ce {nom} : donnez au comptable ce qu'il attend.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_TITRE": Label(
        "L'encaissement n° {numero} ({exercice}, budget {budget}) « {objet} », de {montant} €, "
        "attend un titre.",
        remedy="Complétez sa ligne du tableau, puis déposez le tableau.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_MANDAT": Label(
        "Le paiement n° {numero} ({exercice}, budget {budget}) « {objet} », de {montant} €, attend "
        "un mandat.",
        remedy="Complétez sa ligne du tableau, puis déposez le tableau.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_BUDGET": Label(
        "Le PES_Retour « {name} » (SIRET {siret}, poste {poste}, collectivité {col}, budget "
        "{budget}) ne va avec aucun budget de {nom} : il est gardé, mais n'a rien changé.",
        remedy="Comparez ces codes avec ceux de la configuration ; une fois la configuration "
        "corrigée, ce retour sera repris tout seul.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_UNREADABLE": Label(
        "Le PES_Retour « {name} » ne peut pas être lu : il est gardé, mais n'a rien changé.",
        remedy="Demandez au comptable de l'envoyer de nouveau.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_PIECES": Label(
        "Le PES_Retour « {name} » parle de pièces dont l'exercice, le type de bordereau ou le "
        "numéro est illisible ({count}) : elles ont été laissées de côté.",
        remedy="Ouvrez ce retour avec « demat show » et voyez avec le comptable de quelles pièces "
        "il s'agit.",
        ask=COMPTABLE,
    ),
    "PES-RETOUR_TAKEN": Label(
        "Le PES_Retour « {name} » est enregistré (pièces dont il parle : {count}).",
        remedy="Rien d'autre à faire ; « demat retours » montre l'état de chaque pièce.",
        ask=MAIRIE,
    ),
    "PES-RETOUR_KNOWN": Label(
        "La réponse « {name} » était déjà enregistrée : rien n'a changé.",
        remedy="Rien à faire.",
        ask=MAIRIE,
    ),
    "PES-ACQUIT_TAKEN": Label(
        "L'acquittement « {name} » est enregistré pour l'envoi n° {numero} ({key}).",
        remedy="Rien d'autre à faire ; « demat show {numero} » montre ce qu'il dit.",
        ask=MAIRIE,
    ),
    "PES-ACQUIT_UNSENT": Label(
        "L'acquittement « {name} » répond au fichier « {nom_fic} », que demat n'a pas envoyé.",
        remedy="Vérifiez qu'il s'agit de votre collectivité ; si un autre logiciel a envoyé ce "
        "fichier, c'est à lui qu'il faut donner cet acquittement.",
        ask=EDITEUR,
    ),
    "PES-ACK_SILENT": Label(
        "La réponse de Hélios ne dit rien du {nom} : on ne sait pas s'il a été intégré.",
        remedy="Ne le renvoyez pas : demandez s'il est dans Hélios. Si vous recevez un autre "
        "acquittement, mettez-le dans « a-deposer ».",
        ask=COMPTABLE,
    ),
    "PES-ACQUIT_CONFLICT": Label(
        "Deux acquittements du comptable se contredisent sur « {key} » : {elements}. Le premier "
        "compte toujours ; le second, « {name} », est gardé, mais n'a rien changé.",
        remedy="Ne renvoyez rien avant d'avoir demandé ce qui est réellement dans Hélios.",
        ask=COMPTABLE,
    ),
    "PES-EARLIER_COPY": Label(
        "Le tiers de télétransmission avait déjà un fichier « {key} » : c'est lui qui compte, "
        "l'envoi de demat a été mis de côté (« {message} »).",
        remedy="Ne renvoyez rien, sous aucun nom : le comptable pourrait payer deux fois. "
        "Téléchargez l'acquittement de ce fichier sur le site du tiers de télétransmission et "
        "mettez-le dans « a-deposer ».",
        ask=TDT,
    ),
    "PES-OBS_PJ": Label(
        _MOTIF,
        remedy="Joignez les pièces justificatives demandées (facture, contrat, délibération…).",
        ask=COMPTABLE,
    ),
    "PES-OBS_CREDITS": Label(
        _MOTIF,
        remedy="Vérifiez les crédits votés ; au besoin, faites voter une décision modificative "
        "avant de renvoyer.",
        ask=MAIRIE,
    ),
    "PES-OBS_LIQUIDATION": Label(
        _MOTIF,
        remedy="Refaites le calcul du montant d'après la pièce justificative, puis corrigez.",
        ask=MAIRIE,
    ),
    "PES-OBS_SERVICE_FAIT": Label(
        _MOTIF,
        remedy="Vérifiez que le service est fait et attesté, et que l'acte qui fonde la pièce est "
        "exécutoire (transmis à la préfecture, publié).",
        ask=MAIRIE,
    ),
    "PES-OBS_DOUBLE": Label(
        _MOTIF,
        remedy="Cherchez la première pièce avant tout ; si c'est bien un double, ne renvoyez rien.",
        ask=COMPTABLE,
    ),
    "PES-OBS_BANQUE": Label(
        _MOTIF,
        remedy="Demandez un RIB à jour au tiers et corrigez son IBAN et son BIC.",
        ask=MAIRIE,
    ),
    "PES-OBS_SIGNATURE": Label(
        _MOTIF,
        remedy="Vérifiez qui signe le bordereau et que sa délégation est connue du comptable.",
        ask=COMPTABLE,
    ),
    "PES-OBS_PRESCRIPTION": Label(
        _MOTIF,
        remedy="La dette ou la créance est trop ancienne : voyez avec le comptable s'il reste "
        "possible de la payer ou de la recouvrer.",
        ask=COMPTABLE,
    ),
    "PES-OBS_TIERS": Label(
        _MOTIF,
        remedy="Vérifiez le nom, le numéro SIRET et l'adresse du tiers sur la pièce "
        "justificative, puis corrigez.",
        ask=MAIRIE,
    ),
    "PES-OBS_IMPUTATION": Label(
        _MOTIF,
        remedy="Corrigez l'exercice, le compte, la fonction ou le code produit.",
        ask=COMPTABLE,
    ),
    "PES-OBS_MONTANT": Label(
        _MOTIF,
        remedy="Vérifiez le montant du bordereau et la TVA, ligne par ligne.",
        ask=EDITEUR,
    ),
    "PES-OBS_ORIGINE": Label(
        _MOTIF,
        remedy="Vérifiez le numéro et l'exercice de la pièce d'origine.",
        ask=MAIRIE,
    ),
    "PES-OBS_TECHNIQUE": Label(
        _MOTIF,
        remedy="Demandez le détail au comptable, puis faites corriger l'export.",
        ask=COMPTABLE,
    ),
    "PES-OBS_AUTRE": Label(
        _MOTIF,
        remedy="Lisez le commentaire du comptable et demandez-lui ce qu'il faut corriger.",
        ask=COMPTABLE,
    ),
}

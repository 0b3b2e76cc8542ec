"""Labels of what is wrong with a deposit: files, spreadsheets, cells, attachments."""

from demat.labels_fr.label import COMPTABLE, EDITEUR, MAIRIE, TECHNICIEN, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    # --------------------------------------------------------------- the deposit as a whole
    "INT-EMPTY": Label(
        "Le dépôt ne contient aucun fichier.",
        remedy="Vérifiez la copie, puis déposez de nouveau le dossier complet.",
    ),
    "INT-FILE_EMPTY": Label(
        "Le fichier « {name} » est vide (0 octet).",
        remedy="Exportez-le ou enregistrez-le de nouveau, puis redéposez le tout.",
    ),
    "INT-TOO_BIG": Label(
        "Le dépôt est trop volumineux ({files} fichier(s), {size} Mo).",
        remedy="Déposez-le en plusieurs fois.",
    ),
    "INT-UNREADABLE": Label(
        "Aucun de ces fichiers n'est d'un format connu ici, ou leurs colonnes ne sont pas "
        "reconnues : {names}.",
        remedy="Déposez un tableau (CSV, XLSX ou ODS) avec les PDF qu'il cite, un PDF avec sa "
        "fiche, ou un fichier PES (.xml) de votre logiciel.",
    ),
    "INT-BUDGET_SEVERAL": Label(
        "Plusieurs budgets sont déposés ensemble sans tableau qui les décrive : {names}.",
        remedy="Déposez chaque budget dans son propre dossier, avec sa délibération en PDF ; ou "
        "ajoutez un tableau avec une ligne par budget.",
    ),
    "INT-WORD_PROCESSING": Label(
        "Un document de traitement de texte ne peut pas être envoyé tel quel : {names}.",
        remedy="Enregistrez-le au format PDF, puis déposez ce PDF avec un tableau ou une fiche "
        "« même nom.json » qui donne le numéro, la date, la nature, la matière et l'objet de "
        "l'acte.",
    ),
    "INT-MORE": Label(
        "Le même point se retrouve encore {more} fois dans ce dépôt (code {code}).",
        remedy="La cause est sans doute la même partout : un réglage du logiciel ou une colonne à "
        "corriger. Corrigez-la, puis redéposez le tout.",
        ask=EDITEUR,
    ),
    "INT-NOTHING_TO_SEND": Label(
        "Rien dans ce dépôt n'est à envoyer : tout a déjà été transmis.",
        remedy="Consultez le dossier « accuses ». Si vous attendiez un renvoi, vérifiez les "
        "numéros.",
    ),
    "INT-FOLDER": Label(
        "Le dossier « {folder} » ne peut pas être utilisé : {reason}.",
        remedy="Vérifiez qu'il existe, que demat a le droit d'y écrire et qu'il reste de la place "
        "sur le disque ; le prochain passage reprendra où il en était.",
        ask=TECHNICIEN,
    ),
    "INT-DISK_FULL": Label(
        "Le disque est plein : « {path} » n'a pas pu être enregistré. Rien n'est perdu.",
        remedy="Libérez de la place sur le disque, puis recommencez : le prochain passage "
        "reprendra où il en était.",
        ask=TECHNICIEN,
    ),
    "INT-SYSTEM": Label(
        "Le fichier ou dossier « {path} » ne peut pas être utilisé : {reason}. Rien n'est perdu.",
        remedy="Vérifiez qu'il existe et que demat a le droit d'y écrire, puis recommencez.",
        ask=TECHNICIEN,
    ),
    # ------------------------------------------------------------------------- spreadsheets
    "INT-TABLE": Label(
        "Le tableau ne peut pas être ouvert ({reason}).",
        remedy="Ouvrez-le dans votre tableur, enregistrez-le de nouveau en CSV, XLSX ou ODS, sans "
        "mot de passe, puis redéposez-le.",
    ),
    "INT-TABLE_EMPTY": Label(
        "Le tableau ne contient aucune ligne sous ses titres de colonnes.",
        remedy="Vérifiez que la première feuille est la bonne et qu'elle est remplie.",
    ),
    "INT-TABLE_SEVERAL": Label(
        "Le dépôt contient plusieurs tableaux : {names}.",
        remedy="Déposez un seul tableau à la fois, avec les fichiers qu'il cite.",
    ),
    "INT-SHEET_SEVERAL": Label(
        "Plusieurs feuilles du classeur pourraient être lues : {names}. Une seule le serait, les "
        "autres seraient oubliées.",
        remedy="Gardez une seule de ces feuilles par fichier, ou faites nommer la bonne par la clé "
        "« feuille » de la correspondance.",
        ask=TECHNICIEN,
    ),
    "INT-TABLE_UNKNOWN": Label(
        "Les colonnes du tableau ne sont ni celles d'une liste d'actes, ni celles de titres ou de "
        "mandats (colonnes lues : {columns}).",
        remedy="Comparez la première ligne de la première feuille avec le modèle donné dans le "
        "guide.",
        ask=EDITEUR,
    ),
    "INT-TABLE_LONG": Label(
        "Le tableau dépasse {limit} lignes.",
        remedy="Exportez-le en plusieurs fichiers.",
    ),
    "INT-COLUMN_MISSING": Label(
        "La colonne « {column} » manque (colonnes lues : {present}).",
        remedy="Ajoutez cette colonne, ou corrigez son titre sur la première ligne.",
        ask=EDITEUR,
    ),
    "INT-TABLE_WIDE": Label(
        "Le tableau s'étend jusqu'à la colonne {last} et la ligne {row} : une case isolée y est "
        "remplie par erreur.",
        remedy="Videz les cases éloignées (sélectionnez-les, puis « Supprimer »), enregistrez, "
        "puis redéposez le tout.",
    ),
    "INT-ROW_SHIFTED": Label(
        "La ligne compte plus de cases que le tableau n'a de colonnes (« {value} » est en trop) : "
        "elle est sans doute décalée.",
        remedy="Si un texte contient le caractère qui sépare les colonnes, mettez-le entre "
        "guillemets, ou déposez le tableau en XLSX ou ODS.",
        ask=EDITEUR,
    ),
    "INT-COLUMN_DOUBLE": Label(
        "Deux colonnes disent la même chose : « {column} ».",
        remedy="Gardez-en une seule.",
        ask=EDITEUR,
    ),
    "INT-CELL_EMPTY": Label(
        "La case « {column} » est vide.",
        remedy="Remplissez-la.",
    ),
    "INT-TOO_LONG": Label(
        "La case « {column} » compte {size} caractères ; le maximum est de {limit}.",
        remedy="Raccourcissez le texte « {value} ».",
    ),
    "INT-NUMBER": Label(
        "La case « {column} » contient « {value} » : un nombre entier est attendu.",
        remedy="Écrivez seulement des chiffres.",
    ),
    "INT-DATE": Label(
        "La case « {column} » contient « {value} », qui n'est pas une date possible.",
        remedy="Écrivez la date sous la forme 31/12/2026.",
    ),
    "INT-AMOUNT": Label(
        "La case « {column} » contient « {value} », qui ne se lit pas comme un montant sûr.",
        remedy="Écrivez le montant avec une virgule et deux décimales, sans séparateur ambigu : "
        "1234,50.",
    ),
    "INT-CENTS": Label(
        "La case « {column} » contient « {value} » : un nombre entier de centimes est attendu.",
        remedy="Écrivez 8640 pour 86,40 euros, ou faites corriger la correspondance.",
        ask=TECHNICIEN,
    ),
    "INT-MAPPING_SEVERAL": Label(
        "Plusieurs correspondances reconnaissent ce tableau : {names}.",
        remedy="Ajoutez à « reconnaitre » un titre de colonne qui les distingue.",
        ask=TECHNICIEN,
    ),
    "INT-NEGATIVE": Label(
        "Le montant {value} est négatif.",
        remedy="Une réduction s'écrit avec un montant positif et le type « réduction », en citant "
        "la pièce d'origine.",
    ),
    "INT-CHOICE": Label(
        "La case « {column} » contient « {value} », qui n'est pas un mot connu.",
        remedy="Choisissez parmi : {known}.",
    ),
    # ----------------------------------------------------------------------------- documents
    "INT-FILE_MISSING": Label(
        "Le fichier « {name} », cité dans la colonne « {column} », n'est pas dans le dépôt.",
        remedy="Ajoutez-le, ou corrigez son nom dans le tableau.",
    ),
    "INT-FILE_AMBIGUOUS": Label(
        "Plusieurs fichiers différents du dépôt peuvent être « {name} » : {found}.",
        remedy="Donnez-leur des noms différents, ou écrivez le dossier devant le nom.",
    ),
    "INT-FILE_TWICE": Label(
        "Deux des fichiers à déposer portent le même nom : « {name} ».",
        remedy="Renommez l'un des deux, ou déposez-les séparément.",
    ),
    "INT-FILE_ORPHAN": Label(
        "Le fichier « {name} » est dans le dépôt mais « {sheet} » ne le cite pas.",
        remedy="Citez-le à la ligne qui le concerne, ou retirez-le.",
    ),
    "INT-FILE_KIND": Label(
        "Le fichier « {name} » est d'un format inconnu : le comptable ne pourra peut-être pas "
        "l'ouvrir.",
        remedy="Enregistrez-le en PDF, puis redéposez le tout.",
        ask=COMPTABLE,
    ),
    "INT-FOLDER_AMBIGUOUS": Label(
        "Le fichier « {name} » est dans un dossier numéroté {numero}, mais {count} pièces de ce "
        "dépôt portent ce numéro.",
        remedy="Citez-le dans la colonne « pj_fichier », à la ligne de la pièce qu'il justifie.",
    ),
    "INT-ID_UNIQUE": Label(
        "La case « {column} » contient « {value} » : un identifiant de pièce jointe compte au plus "
        "50 lettres et chiffres, sans tiret ni espace.",
        remedy="Corrigez l'identifiant, et nommez le fichier de même, ou citez le fichier par son "
        "nom dans « pj_fichier ».",
        ask=EDITEUR,
    ),
    "INT-PDF_PASSWORD": Label(
        "Le PDF « {name} » est protégé par un mot de passe : le comptable ne pourrait pas "
        "l'ouvrir.",
        remedy="Enregistrez-le de nouveau sans mot de passe, ou demandez-en un autre au "
        "fournisseur.",
    ),
    "INT-PDF_DAMAGED": Label(
        "Le PDF « {name} » est abîmé ou incomplet : il ne peut pas être lu.",
        remedy="Ouvrez l'original et enregistrez-le de nouveau en PDF, ou demandez-en un autre au "
        "fournisseur.",
    ),
    "INT-JSON": Label(
        "La fiche de l'acte est illisible : {reason}.",
        remedy="Repartez du modèle de fiche donné dans le guide.",
    ),
    "INT-NOT_AN_ACT": Label(
        "Le fichier « {name} » n'est pas la fiche d'un acte.",
        remedy="Déposez la fiche (message 1-1) que votre logiciel a produite avec le PDF.",
        ask=EDITEUR,
    ),
    # ---------------------------------------------------------------------------------- acts
    "INT-MATIERE": Label(
        "La matière « {value} » ne se lit pas.",
        remedy="Écrivez le code de la nomenclature, par exemple 7.10 (au format texte).",
    ),
    "INT-MATIERE_NUMBER": Label(
        "La matière « {value} » a été enregistrée comme un nombre : 7.10 y devient 7.1.",
        remedy="Vérifiez la matière, et mettez la colonne au format texte.",
    ),
    "INT-TYPES_COUNT": Label(
        "La case « {column} » donne plus de types de document ({types}) qu'il n'y a d'annexes "
        "({annexes}).",
        remedy="Donnez un type par annexe, dans le même ordre ; laissez une place vide pour le "
        "type habituel.",
    ),
    "INT-NUMBER_TWICE": Label(
        "Le numéro {numero} est donné deux fois (déjà vu : {first}).",
        remedy="Donnez un numéro différent à chaque acte.",
    ),
    "INT-RENUMBERED": Label(
        "L'acte {old} avait été refusé : il est renvoyé sous le numéro {new}, car un numéro déjà "
        "présenté ne peut pas resservir.",
        remedy="Notez le nouveau numéro dans votre registre.",
    ),
    "INT-ALREADY_SENT": Label(
        "{what} a déjà été transmis ({key}) : il n'est pas renvoyé.",
        remedy="Rien à faire.",
    ),
    "INT-MAYBE_SENT": Label(
        "Un fichier de « {name} » a déjà été déposé entre la sauvegarde du {backup} et la "
        "restauration du {restored} : cet envoi est peut-être déjà parti.",
        remedy="Regardez sur le site du tiers de télétransmission, ou demandez au comptable. S'il "
        "n'y est pas, remettez ce dossier dans « a-deposer » : il sera alors envoyé.",
        ask=COMPTABLE,
    ),
    # ------------------------------------------------------------------- titres and mandats
    "INT-BUDGET_UNSAID": Label(
        "La ligne ne dit pas de quel budget elle relève.",
        remedy="Remplissez la colonne « budget » avec l'un de ces codes : {known}.",
    ),
    "INT-BUDGET_UNKNOWN": Label(
        "Le budget « {value} » n'est pas connu.",
        remedy="Écrivez l'un de ces codes : {known}.",
    ),
    "INT-PIECE_MIXED": Label(
        "La pièce n° {numero} porte des lignes de types différents.",
        remedy="Donnez le même type à toutes ses lignes, ou un autre numéro de pièce.",
    ),
    "INT-TRIPLET": Label(
        "La case « {column} » contient « {value} », qui n'est pas un type de bordereau, un type et "
        "une nature de pièce connus.",
        remedy="Écrivez trois codes de deux chiffres, par exemple 01-09-02, ou videz la case et "
        "remplissez la colonne « type ».",
        ask=COMPTABLE,
    ),
    "INT-ORIGIN_DOUBLE": Label(
        "La ligne cite plusieurs pièces d'origine ({columns}) : une seule est possible.",
        remedy="Ne gardez que le numéro de la pièce qui est corrigée ou régularisée.",
    ),
    "INT-CODEBTOR_ALONE": Label(
        "La ligne ajoute un codébiteur au titre n° {numero}, dont le débiteur principal n'est pas "
        "encore donné.",
        remedy="Placez d'abord la ligne du débiteur principal, avec le même numéro de titre et de "
        "ligne.",
    ),
    "INT-CODEBTOR_AMOUNT": Label(
        "Le codébiteur porte un montant de {value}, alors que la ligne du titre est de {due} : "
        "chacun doit la même somme.",
        remedy="Répétez le montant de la ligne, ou laissez la case vide ; pour partager la somme, "
        "émettez un titre par débiteur.",
    ),
    "INT-BORDEREAU_DATES": Label(
        "Le bordereau n° {numero} porte deux dates : {first}, puis {value}.",
        remedy="Donnez la même date à toutes ses lignes, ou un autre numéro de bordereau.",
    ),
    "INT-TTC": Label(
        "Les montants ne s'accordent pas : {ht} hors taxes et {tva} de TVA ne font pas {ttc} TTC.",
        remedy="Corrigez le montant qui est faux ; sans TVA, laissez les autres colonnes vides.",
    ),
    "INT-FONCTION_NUMBER": Label(
        "La fonction « {value} » a été enregistrée comme un nombre : 020 y devient 20.",
        remedy="Vérifiez la fonction, et mettez la colonne au format texte.",
    ),
    "INT-SIRET": Label(
        "Le SIRET « {value} » est incorrect : il faut 14 chiffres dont la clé est juste.",
        remedy="Reprenez-le sur la facture ou sur l'avis de situation INSEE du tiers.",
    ),
    "INT-SIREN": Label(
        "Le SIREN « {value} » est incorrect : il faut 9 chiffres dont la clé est juste.",
        remedy="Reprenez-le sur la facture ou sur l'avis de situation INSEE du tiers.",
    ),
    "INT-IBAN": Label(
        "L'IBAN « {value} » est incorrect : sa clé ou sa longueur ne convient pas.",
        remedy="Recopiez-le depuis le relevé d'identité bancaire du tiers.",
    ),
    "INT-BIC": Label(
        "Le BIC « {value} » est incorrect.",
        remedy="Recopiez-le depuis le relevé d'identité bancaire du tiers (8 ou 11 caractères).",
    ),
    "INT-CP": Label(
        "Le code postal « {value} » est incorrect : 5 chiffres sont attendus.",
        remedy="Mettez la colonne au format texte (01000 et non 1000) ; à l'étranger : 99999, et "
        "le code local devant la ville.",
    ),
    "INT-COUNTRY": Label(
        "Le pays « {value} » doit être donné par son numéro INSEE.",
        remedy="Laissez la case vide pour la France ; sinon écrivez le numéro (109 : Allemagne).",
    ),
    "INT-TIERS_TYPE": Label(
        "La ligne ne dit pas quel type de tiers elle concerne.",
        remedy="Remplissez la colonne « type_tiers » avec l'un de ces mots : {known}.",
    ),
    "INT-PES_COMPLETED": Label(
        "Le fichier PES a été complété avant signature ({change}) ; rien d'autre n'a été modifié.",
        remedy="Rien à faire. Votre éditeur peut régler son logiciel pour le remplir lui-même.",
        ask=EDITEUR,
    ),
    # -------------------------------------------------------------------------- resubmission
    "INT-NOT_REFUSED": Label(
        "L'envoi « {key} » n'a pas été refusé (état : {etat}) : il ne peut pas être renvoyé.",
        remedy="Un double envoi est dangereux : attendez la réponse.",
        ask=MAIRIE,
    ),
    "INT-SUPERSEDED": Label(
        "L'envoi « {key} » a déjà été renvoyé (envoi n° {by}).",
        remedy="Consultez l'envoi n° {by}.",
    ),
    "INT-REPLACEMENT": Label(
        "Le fichier « {name} » ne remplace aucun fichier de ce dépôt ({known}).",
        remedy="Donnez-lui le nom du fichier à remplacer.",
        ask=TECHNICIEN,
    ),
    "INT-DEMO_DIR": Label(
        "Le dossier « {path} » n'est pas vide : la démonstration n'y touche pas.",
        remedy="Choisissez un dossier vide ou qui n'existe pas encore.",
        ask=TECHNICIEN,
    ),
    "INT-CONFIRM_CANCEL": Label(
        "Personne n'est là pour confirmer l'annulation de {key}.",
        remedy="Relancez la commande dans un terminal, ou ajoutez --yes si vous êtes sûr.",
    ),
    "INT-CONFIRM": Label(
        "Rien n'a été signé : {count} dépôt(s) attendent une confirmation, et personne n'est là "
        "pour la donner.",
        remedy="Lancez « demat sign » dans un terminal, ou ajoutez --yes si vous êtes sûr.",
        ask=TECHNICIEN,
    ),
    "INT-RESTORE_POSTGRESQL": Label(
        "Les données sont dans PostgreSQL, que demat ne restaure pas lui-même.",
        remedy="Sans relancer demat, restaurez la base avec pg_restore, puis lancez « demat "
        "restore --depuis INSTANT » avec l'instant de la sauvegarde, avant de le relancer.",
        ask=TECHNICIEN,
    ),
    "INT-RESTORE_SINCE": Label(
        "« {texte} » n'est pas un instant passé.",
        remedy="Écrivez l'instant de la sauvegarde, à l'heure de Paris, comme 2026-11-30T02:30.",
        ask=TECHNICIEN,
    ),
    "INT-RESTORE_WHAT": Label(
        "Il faut soit le dossier d'une sauvegarde, soit --depuis.",
        remedy="Donnez le dossier de la sauvegarde ; --depuis est pour une base qu'un autre outil "
        "a restaurée.",
        ask=TECHNICIEN,
    ),
    "INT-SCENARIO": Label(
        "Le scénario « {value} » n'existe pas et n'est pas un fichier lisible.",
        remedy="Choisissez parmi : {known} ; ou donnez un fichier JSON. "
        "« demat sandbox --scenario liste » dit ce que chacun montre.",
        ask=TECHNICIEN,
    ),
    "INT-SANDBOX": Label(
        "Le bac à sable du dossier « {path} » ne démarre pas : il tourne déjà, il a été commencé "
        "avec un autre scénario ou une autre graine, ou le port demandé est pris.",
        remedy="Arrêtez celui qui tourne, choisissez un autre --dir ou un autre --port, ou ajoutez "
        "--neuf pour oublier ce qui s'y est passé.",
        ask=TECHNICIEN,
    ),
    "INT-SETTLE": Label(
        "Il faut dire une seule chose de l'envoi n° {numero}.",
        remedy="Ajoutez --reference et son numéro s'il est arrivé, --not-landed s'il n'est pas "
        "arrivé, ou --abandon et le motif si vous y renoncez.",
        ask=TECHNICIEN,
    ),
    "INT-STATE": Label(
        "L'état « {value} » n'existe pas.",
        remedy="Choisissez parmi : {known}.",
        ask=TECHNICIEN,
    ),
    "INT-MONTH": Label(
        "Le mois « {value} » n'est pas écrit comme il faut.",
        remedy="Écrivez l'année puis le mois, comme 2026-03.",
        ask=MAIRIE,
    ),
    "INT-BUDGET_CODE": Label(
        "Le budget « {value} » n'existe pas dans la configuration.",
        remedy="Choisissez parmi : {known}.",
        ask=TECHNICIEN,
    ),
    "INT-PATH": Label(
        "Le fichier « {path} » ne peut pas être lu : {reason}.",
        remedy="Vérifiez son nom et ses droits.",
        ask=TECHNICIEN,
    ),
    "INT-TO_CONFIRM": Label(
        "Rien n'a été envoyé : demat a proposé les données de {count} acte(s) et attend votre "
        "accord.",
        remedy="Dans « a-corriger », ouvrez « propositions.csv », corrigez les cases, tapez "
        "« oui » dans la colonne « confirme » de chaque ligne, puis remettez le dossier dans "
        "« a-deposer ».",
    ),
    "INT-NOT_CONFIRMED": Label(
        "Cette ligne n'est pas confirmée (colonne « {column} » : « {value} »).",
        remedy="Vérifiez toutes ses cases, puis tapez « oui » dans cette colonne. Pour ne pas "
        "envoyer l'acte, supprimez sa ligne et retirez ses fichiers.",
    ),
    "INT-NOT_TO_CONFIRM": Label(
        "Le dépôt D{numero} n'attend pas de confirmation (état : {etat}).",
        remedy="S'il vous a été rendu, corrigez-le dans « a-corriger » et remettez-le dans "
        "« a-deposer » ; s'il a été remplacé, regardez le dépôt qui le corrige.",
    ),
    "INT-CONFIRM_NOBODY": Label(
        "Rien n'a été confirmé : {count} acte(s) attendent l'accord d'une personne, et personne "
        "n'est là pour le donner.",
        remedy="Lancez « demat confirm » dans un terminal, ou ajoutez --yes si vous avez tout "
        "vérifié.",
        ask=TECHNICIEN,
    ),
    "INT-SET": Label(
        "La correction « {value} » ne peut pas être faite : {reason}.",
        remedy="Écrivez --set colonne=valeur, ou --set 2.colonne=valeur pour le deuxième acte ; "
        "les colonnes sont : {known}.",
        ask=TECHNICIEN,
    ),
    "INT-ENVELOPE_SENDER": Label(
        "L'enveloppe n'est pas celle de votre collectivité : {what} y est {found} au lieu de "
        "{expected}.",
        remedy="Vérifiez que l'enveloppe a été faite pour votre collectivité ; si c'est le cas, "
        "faites corriger le logiciel qui l'a produite.",
        ask=EDITEUR,
    ),
    "INT-ENVELOPE_COUNT": Label(
        "L'acte {numero} de l'enveloppe annonce {announced} annexe(s) et en liste {found}.",
        remedy="Une annexe a peut-être été oubliée : produisez l'enveloppe de nouveau, ou déposez "
        "l'acte et ses annexes avec un tableau.",
        ask=EDITEUR,
    ),
    "INT-ENVELOPE_NAME": Label(
        "Dans l'enveloppe, le nom « {name} » ne s'accorde pas avec l'acte : {reason}.",
        remedy="Produisez l'enveloppe de nouveau, ou déposez l'acte avec un tableau.",
        ask=EDITEUR,
    ),
    "INT-ENVELOPE_CANCEL": Label(
        "L'enveloppe contient une demande d'annulation (« {name} ») : un dépôt n'envoie que des "
        "actes.",
        remedy="Annulez l'acte avec la commande « demat cancel », suivie du numéro de son envoi.",
        ask=TECHNICIEN,
    ),
    "INT-ENVELOPE_REPLY": Label(
        "L'enveloppe contient une réponse à un courrier de la préfecture (« {name} ») : un dépôt "
        "n'envoie que des actes.",
        remedy="Répondez avec la commande « demat reply », suivie du numéro du courrier (« demat "
        "courriers » les liste).",
        ask=TECHNICIEN,
    ),
    "INT-ENVELOPE_ASK": Label(
        "L'enveloppe contient une demande de nomenclature (« {name} ») : un dépôt n'envoie que des "
        "actes.",
        remedy="Rien à déposer : demat la demande de lui-même ; la commande « demat "
        "classification » montre celle qui est en vigueur.",
        ask=TECHNICIEN,
    ),
    "INT-ENVELOPE_RECEIVED": Label(
        "L'enveloppe contient des messages de la préfecture, ou d'un genre inconnu : ce n'est pas "
        "un envoi d'actes.",
        remedy="Les réponses de la préfecture arrivent d'elles-mêmes dans « accuses » ; pour lire "
        "ce fichier : « demat show FICHIER ».",
    ),
}

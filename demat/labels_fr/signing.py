"""French sentences of the codes ``SIG-…``: keys, certificates, signing, verification, trust."""

from demat.labels_fr.label import COMPTABLE, EDITEUR, TDT, TECHNICIEN, Label

__all__ = ["LABELS"]

_RENEW = (
    "Utilisez le certificat en cours de validité du signataire, ou demandez son renouvellement "
    "à l'autorité de certification."
)
_SIGN_AGAIN = (
    "Ne transmettez pas ce fichier : reprenez le fichier d'origine et faites-le signer de nouveau."
)
_TOOL = "Faites signer de nouveau le fichier avec un outil conforme à la politique de la DGFiP."
_OF = "de « {element} » n° « {id} »"

_KEYS: dict[str, Label] = {
    "SIG-PKCS12": Label(
        "Le fichier de certificat « {name} » est illisible : ce n'est pas un fichier .p12 ou .pfx, "
        "ou il est abîmé.",
        remedy="Exportez de nouveau le certificat avec sa clé privée, au format PKCS#12 (.p12).",
        ask=TECHNICIEN,
    ),
    "SIG-PASSPHRASE": Label(
        "Le mot de passe du fichier de certificat « {name} » est faux.",
        remedy="Vérifiez les majuscules et saisissez de nouveau le mot de passe reçu avec le "
        "certificat.",
    ),
    "SIG-PKCS12_ALGORITHM": Label(
        "Le fichier de certificat « {name} » n'a pas pu être ouvert : son mot de passe est "
        "faux, ou il est protégé par un procédé trop ancien (RC2 ou RC4).",
        remedy="Vérifiez le mot de passe. S'il est juste, convertissez le fichier : tapez "
        "« openssl pkcs12 -legacy -in {file} -out provisoire.pem && openssl pkcs12 -export "
        "-in provisoire.pem -out certificat-converti.p12 ; rm -f provisoire.pem » dans un "
        "terminal, et indiquez le nouveau fichier.",
        ask=TECHNICIEN,
    ),
    "SIG-PASSPHRASE_MISSING": Label(
        "La clé « {name} » est protégée par un mot de passe, qui n'est pas indiqué.",
        remedy="Indiquez dans la configuration d'où vient ce mot de passe : un fichier, le "
        "trousseau de l'ordinateur ou une personne.",
        ask=TECHNICIEN,
    ),
    "SIG-PEM": Label(
        "Le fichier de clé « {name} » est illisible : ce n'est pas une clé au format PEM, ou il "
        "est abîmé.",
        remedy="Exportez de nouveau le certificat avec sa clé privée, au format PKCS#12 (.p12).",
        ask=TECHNICIEN,
    ),
    "SIG-PEM_ALGORITHM": Label(
        "La clé « {name} » est protégée par un procédé que demat ne sait pas ouvrir.",
        remedy="Tapez « openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default "
        "-in {file} -out cle-convertie.pem » dans un terminal, et indiquez le nouveau fichier.",
        ask=TECHNICIEN,
    ),
    "SIG-NO_KEY": Label(
        "Le fichier de certificat « {name} » ne contient pas de clé privée : il ne permet pas de "
        "signer.",
        remedy="Exportez de nouveau le certificat en cochant « exporter la clé privée ».",
        ask=TECHNICIEN,
    ),
    "SIG-NO_CERTIFICATE": Label(
        "Le fichier « {name} » contient une clé privée mais aucun certificat.",
        remedy="Exportez ensemble la clé privée et le certificat, au format PKCS#12 (.p12).",
        ask=TECHNICIEN,
    ),
    "SIG-KEY_MISMATCH": Label(
        "La clé privée et le certificat de « {name} » ne vont pas ensemble.",
        remedy="Exportez de nouveau le certificat du signataire avec sa propre clé privée.",
        ask=TECHNICIEN,
    ),
}
_TOKEN: dict[str, Label] = {
    "SIG-NOBODY": Label(
        "La signature attend un code ou un mot de passe que personne n'a tapé.",
        remedy="Lancez « demat sign » et tapez-le : les dépôts attendent d'ici là.",
    ),
    "SIG-TOKEN_MODULE": Label(
        "Le pilote de la clé ou de la carte à puce « {path} » est absent ou inutilisable "
        "(détail technique : {reason}).",
        remedy="Installez le pilote PKCS#11 du fabricant et indiquez son emplacement dans la "
        "configuration.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_NONE": Label(
        "Aucune clé ni carte à puce n'est branchée.",
        remedy="Branchez celle du signataire, puis recommencez : les dépôts attendent d'ici là.",
    ),
    "SIG-TOKEN_NOT_FOUND": Label(
        "La clé ou carte à puce « {wanted} » n'est pas branchée. Trouvé à la place : {found}.",
        remedy="Branchez celle du signataire, ou corrigez son nom dans la configuration.",
    ),
    "SIG-TOKEN_SEVERAL": Label(
        "Plusieurs clés ou cartes à puce sont branchées, et la configuration « {wanted} » ne dit "
        "pas laquelle prendre : {found}.",
        remedy="Précisez le nom et le numéro de série dans la configuration, ou débranchez les "
        "autres.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_PIN_REFUSED": Label(
        "Le code PIN enregistré pour « {token} » est faux : il ne sera plus essayé, pour ne pas "
        "bloquer la clé ou la carte.",
        remedy="Enregistrez le bon code (dans son fichier, ou avec « demat secret »), ou lancez "
        "« demat sign » et tapez-le.",
    ),
    "SIG-TOKEN_WRONG_PINS": Label(
        "Plusieurs codes PIN essayés sur « {token} » n'ont pas été acceptés : demat s'arrête là, "
        "pour ne pas bloquer la clé ou la carte.",
        remedy="Retrouvez le bon code, puis lancez « demat sign --dernier-essai ».",
    ),
    "SIG-TOKEN_FINAL_TRY": Label(
        "Il ne reste qu'un essai avant que « {token} » se bloque : demat ne l'utilise pas de "
        "lui-même.",
        remedy="Retrouvez le bon code, puis lancez « demat sign --dernier-essai ».",
    ),
    "SIG-TOKEN_LOCKED": Label(
        "« {token} » est bloquée : trop de codes PIN faux ont été tapés.",
        remedy="Débloquez-la avec le logiciel fourni et son code de déblocage (PUK), ou "
        "demandez-en une autre à l'autorité de certification.",
    ),
    "SIG-TOKEN_PIN_CHANGE": Label(
        "Le code PIN de « {token} » doit d'abord être choisi ou changé.",
        remedy="Changez-le avec le logiciel fourni avec la clé ou la carte, puis recommencez.",
    ),
    "SIG-TOKEN_OTHER_PIN": Label(
        "« {token} » demande pour signer un autre code PIN que celui qui l'ouvre : demat ne "
        "l'essaiera plus.",
        remedy="Demandez au fabricant comment signer avec un seul code PIN.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_EACH_TIME": Label(
        "« {token} » veut son code PIN à chaque signature, sur le clavier du lecteur : demat ne "
        "sait pas le demander ainsi.",
        remedy="Branchez la clé ou la carte sur un lecteur sans clavier : le code est alors tapé "
        "une seule fois, à l'écran.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_BUSY": Label(
        "« {token} » est déjà utilisée par un autre programme.",
        remedy="Fermez les autres logiciels qui s'en servent, puis recommencez.",
    ),
    "SIG-TOKEN_REMOVED": Label(
        "« {token} » ne répond plus : elle a été retirée, ou le lecteur est débranché "
        "(détail technique : {reason}).",
        remedy="Vérifiez que la clé USB ou la carte est bien branchée, puis recommencez.",
    ),
    "SIG-TOKEN_ERROR": Label(
        "« {token} » n'a pas pu signer (détail technique : {reason}).",
        remedy="Débranchez-la, rebranchez-la et recommencez. Si rien ne change, faites vérifier le "
        "pilote.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_NO_KEY": Label(
        "« {token} » ne contient pas la clé privée attendue : elle ne permet pas de signer.",
        remedy="Vérifiez que c'est la bonne clé ou carte, et le nom de la clé dans la "
        "configuration.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_KEY_ID": Label(
        "L'identifiant de clé « {id} » n'est pas une suite de chiffres hexadécimaux.",
        remedy="Recopiez l'identifiant (CKA_ID) tel que l'affiche le logiciel du fabricant.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_KEYS": Label(
        "« {token} » contient plusieurs clés de signature : {found}.",
        remedy="Indiquez dans la configuration celle qu'il faut prendre.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_NO_CERTIFICATE": Label(
        "« {token} » contient une clé privée mais aucun certificat.",
        remedy="Indiquez dans la configuration le fichier du certificat du signataire.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_CERTIFICATE": Label(
        "Le fichier indiqué comme certificat de la clé ou de la carte à puce est illisible.",
        remedy="Indiquez dans la configuration le certificat du signataire, au format PEM ou DER.",
        ask=TECHNICIEN,
    ),
    "SIG-TOKEN_KEY_MISMATCH": Label(
        "Aucun certificat de « {token} » ne va avec sa clé privée.",
        remedy="Indiquez dans la configuration le fichier du certificat du signataire.",
        ask=TECHNICIEN,
    ),
}
_CERTIFICATE: dict[str, Label] = {
    "SIG-EXPIRED": Label(
        "Le certificat de « {holder} » n'était plus valable à la date de signature : il a pris fin "
        "le {date}.",
        remedy=_RENEW,
    ),
    "SIG-NOT_YET_VALID": Label(
        "Le certificat de « {holder} » n'était pas encore valable à la date de signature : il ne "
        "l'est qu'à partir du {date}.",
        remedy="Attendez cette date, ou vérifiez la date et l'heure de l'ordinateur qui signe.",
    ),
    "SIG-OTHER_AUTHORITY": Label(
        "Le certificat de « {holder} » a été délivré pour une autre collectivité (SIREN {siren}).",
        remedy="Utilisez le certificat délivré pour la collectivité qui signe : le même élu en a "
        "un par collectivité.",
    ),
    "SIG-NO_AUTHORITY": Label(
        "Le certificat de « {holder} » ne dit pas pour quelle collectivité il a été délivré.",
        remedy="Vérifiez auprès de l'autorité de certification qu'il convient : un certificat RGS "
        "porte le SIREN ou le SIRET de la collectivité.",
    ),
    "SIG-KEY_USAGE": Label(
        "Le certificat de « {holder} » n'est pas fait pour signer des documents.",
        remedy="Utilisez le certificat de signature (et non celui d'authentification ou de "
        "connexion).",
    ),
    "SIG-NO_KEY_USAGE": Label(
        "Le certificat de « {holder} » ne dit pas s'il est fait pour signer des documents.",
        remedy="Vérifiez auprès de l'autorité de certification qu'il s'agit d'un certificat de "
        "signature.",
    ),
    "SIG-KEY_SIZE": Label(
        "La clé du certificat de « {holder} » est trop courte : {bits} bits au lieu de {minimum}.",
        remedy="Demandez un nouveau certificat à l'autorité de certification.",
    ),
    "SIG-KEY_TYPE": Label(
        "La clé de « {holder} » n'est pas de type RSA, le seul que la DGFiP accepte.",
        remedy="Demandez à l'autorité de certification un certificat à clé RSA.",
        ask=TECHNICIEN,
    ),
    "SIG-KEY_EXPONENT": Label(
        "La clé du certificat de « {holder} » est trop facile à contrefaire (exposant trop petit).",
        remedy="Demandez un nouveau certificat à l'autorité de certification.",
    ),
    "SIG-AUTHORITY": Label(
        "Le certificat de « {holder} » est celui d'une autorité de certification : une personne "
        "ne signe pas avec.",
        remedy="Faites signer avec le certificat de signature de la personne.",
    ),
    "SIG-PROFILE": Label(
        "Le certificat de « {holder} » n'est pas régulier : son nom est vide, démesuré ou contient "
        "des caractères invisibles, ou son numéro ne suit pas la norme.",
        remedy="Demandez au signataire d'où vient ce certificat ; n'acceptez pas ce fichier.",
        ask=TECHNICIEN,
    ),
}
_START = (
    "Préparez le dossier de renouvellement auprès de l'autorité qui l'a délivré : pièces, "
    "rendez-vous et remise prennent plusieurs semaines."
)
_CALL = (
    "Appelez aujourd'hui l'autorité qui l'a délivré, et prévoyez un autre signataire ou la "
    "signature sur papier jusqu'au nouveau certificat."
)
_LINE_CALL = (
    "Appelez aujourd'hui votre tiers de télétransmission : un nouveau certificat prend plusieurs "
    "semaines, et rien ne partira sans lui."
)
_AUTHORITY = (
    "Téléchargez le nouveau certificat sur le site officiel de cette autorité et ajoutez-le au "
    "dossier des autorités de confiance, sans retirer l'ancien."
)
_EXPIRY: dict[str, Label] = {
    "SIG-EXPIRY_60": Label(
        "Le certificat de signature de « {holder} » prendra fin le {date}, dans {days} jours.",
        remedy=_START,
    ),
    "SIG-EXPIRY_30": Label(
        "Il ne reste que {days} jours au certificat de signature de « {holder} », qui prendra fin "
        "le {date}.",
        remedy="Si le renouvellement n'est pas demandé, demandez-le cette semaine à l'autorité qui "
        "l'a délivré : il prend plusieurs semaines.",
    ),
    "SIG-EXPIRY_7": Label(
        "Urgent : le certificat de signature de « {holder} » prend fin le {date}, dans moins de "
        "huit jours ; « {holder} » ne pourra plus signer ensuite.",
        remedy=_CALL,
    ),
    "SIG-EXPIRY_PAST": Label(
        "Le certificat de signature de « {holder} » a pris fin le {date} : il ne permet plus de "
        "signer.",
        remedy=_CALL,
    ),
    "SIG-LINE_EXPIRY_60": Label(
        "Le certificat de télétransmission prendra fin le {date}, dans {days} jours.",
        remedy="Demandez son renouvellement dès maintenant : il prend plusieurs semaines.",
        ask=TDT,
    ),
    "SIG-LINE_EXPIRY_30": Label(
        "Il ne reste que {days} jours au certificat de télétransmission, qui prendra fin le "
        "{date}.",
        remedy="Si le renouvellement n'est pas demandé, demandez-le cette semaine : il prend "
        "plusieurs semaines.",
        ask=TDT,
    ),
    "SIG-LINE_EXPIRY_7": Label(
        "Urgent : le certificat de télétransmission prend fin le {date}, dans moins de huit "
        "jours ; plus rien ne partira ensuite.",
        remedy=_LINE_CALL,
        ask=TDT,
    ),
    "SIG-LINE_EXPIRY_PAST": Label(
        "Le certificat de télétransmission a pris fin le {date} : plus rien ne peut partir.",
        remedy=_LINE_CALL,
        ask=TDT,
    ),
    "SIG-AUTHORITY_EXPIRY_60": Label(
        "Le certificat de l'autorité « {holder} » prendra fin le {date}, dans {days} jours : les "
        "signatures faites ensuite ne pourront plus être vérifiées avec lui.",
        remedy=_AUTHORITY,
        ask=TECHNICIEN,
    ),
    "SIG-AUTHORITY_EXPIRY_30": Label(
        "Il ne reste que {days} jours au certificat de l'autorité « {holder} », qui prendra fin le "
        "{date}.",
        remedy=_AUTHORITY,
        ask=TECHNICIEN,
    ),
    "SIG-AUTHORITY_EXPIRY_7": Label(
        "Urgent : le certificat de l'autorité « {holder} » prend fin le {date}, dans moins de huit "
        "jours ; les signatures faites ensuite ne pourront plus être vérifiées avec lui.",
        remedy=_AUTHORITY,
        ask=TECHNICIEN,
    ),
}
_SIGN: dict[str, Label] = {
    "SIG-NOTHING_TO_SIGN": Label(
        "Il n'y a rien à signer dans ce fichier : aucun bordereau n'a été désigné.",
        remedy="Vérifiez que l'export contient au moins un bordereau.",
        ask=EDITEUR,
    ),
    "SIG-NO_ELEMENT": Label(
        "Aucun élément du fichier ne porte l'identifiant « {id} » à signer.",
        remedy="Exportez de nouveau le fichier : chaque bordereau doit porter un attribut « Id ».",
        ask=EDITEUR,
    ),
    "SIG-DUPLICATE_ID": Label(
        "L'identifiant « {id} » est présent plusieurs fois dans le fichier : on ne peut pas savoir "
        "ce qui est signé.",
        remedy="Exportez de nouveau le fichier avec un identifiant propre à chaque bordereau.",
        ask=EDITEUR,
    ),
    "SIG-BAD_ID": Label(
        "L'identifiant « {id} » ne peut pas être signé : il doit commencer par une lettre et ne "
        "contenir ni espace ni signe spécial.",
        remedy="Exportez de nouveau le fichier avec des identifiants conformes.",
        ask=EDITEUR,
    ),
    "SIG-ALREADY_SIGNED": Label(
        "L'élément n° « {id} » est déjà signé, ou fait partie d'un ensemble signé.",
        remedy="Transmettez le fichier tel quel, ou repartez du fichier non signé.",
    ),
    "SIG-NESTED": Label(
        "L'élément n° « {id} » est à l'intérieur d'un autre élément à signer.",
        remedy="Choisissez : une signature par bordereau, ou une seule pour tout le fichier.",
    ),
    "SIG-EMPTY_ELEMENT": Label(
        "L'élément n° « {id} » est vide : il n'y a rien à signer dedans.",
        remedy="Exportez de nouveau le fichier : ce bordereau ne contient aucune pièce.",
        ask=EDITEUR,
    ),
    "SIG-ENCODING": Label(
        "Le fichier est écrit avec l'encodage « {encoding} », qui n'est pas admis dans un fichier "
        "signé.",
        remedy="Exportez de nouveau le fichier en « ISO-8859-1 ».",
        ask=EDITEUR,
    ),
    "SIG-CANONICAL": Label(
        "Le fichier emploie un espace de noms XML invalide : sa signature ne peut être ni faite ni "
        "vérifiée.",
        remedy="Exportez de nouveau le fichier : il n'est pas conforme au format PES.",
        ask=EDITEUR,
    ),
    "SIG-POLICY_DATE": Label(
        "La politique de signature « {policy} » n'est pas en vigueur le {date}.",
        remedy="Mettez à jour la politique de signature dans la configuration.",
        ask=TECHNICIEN,
    ),
}
_PLACE: dict[str, Label] = {
    "SIG-UNSIGNED": Label(
        "« {element} » n° « {id} » n'est pas signé.",
        remedy="Faites signer tous les bordereaux du fichier avant de le transmettre.",
    ),
    "SIG-PLACE": Label(
        "Une signature se trouve à un endroit inattendu : dans « {element} » n° « {id} ».",
        remedy=_SIGN_AGAIN,
        ask=EDITEUR,
    ),
    "SIG-SEVERAL": Label(
        f"Il y a plusieurs signatures {_OF} : une seule est permise.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-MIXED": Label(
        f"La signature {_OF} se trouve sous une autre signature, qui porte sur tout le fichier.",
        remedy="Vérifiez que la seconde est bien celle de votre plateforme de transmission.",
    ),
    "SIG-STRUCTURE": Label(
        f"La signature {_OF} est incomplète ou contient un doublon : « {{name}} ».",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-ALGORITHM": Label(
        f"La signature {_OF} emploie un procédé qui n'est pas admis : « {{algorithm}} ».",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-REFERENCES": Label(
        f"La signature {_OF} porte sur {{count}} parties du fichier au lieu des deux attendues.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-REFERENCE": Label(
        f"La signature {_OF} porte en réalité sur autre chose : « {{uri}} ».",
        remedy=_SIGN_AGAIN,
        ask=EDITEUR,
    ),
    "SIG-TRANSFORM": Label(
        f"La signature {_OF} modifie le contenu avant de le signer, ce qui n'est pas admis : "
        "« {algorithm} ».",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-COMMENT": Label(
        f"Dans le contenu ou la signature {_OF}, un commentaire coupe un texte en deux : d'autres "
        "logiciels liraient autre chose que ce qui est signé.",
        remedy=_SIGN_AGAIN,
        ask=EDITEUR,
    ),
    "SIG-MANY_CERTIFICATES": Label(
        f"La signature {_OF} est accompagnée de {{count}} certificats : c'est trop pour être "
        "honnête.",
        remedy=_SIGN_AGAIN,
        ask=EDITEUR,
    ),
    "SIG-BASE64": Label(
        f"La signature {_OF} est abîmée : la partie « {{name}} » est illisible.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-CERTIFICATE": Label(
        f"La signature {_OF} n'est pas accompagnée d'un certificat lisible.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-PROPERTIES": Label(
        f"La signature {_OF} ne contient pas, ou contient plusieurs fois, les mentions "
        "obligatoires (date, certificat, politique, qualité du signataire).",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-TARGET": Label(
        f"Les mentions de la signature {_OF} se rapportent à une autre signature.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
}
_CONTENT: dict[str, Label] = {
    "SIG-DIGEST": Label(
        "« {element} » n° « {id} » a été modifié après sa signature.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-PROPERTIES_DIGEST": Label(
        f"Les mentions de la signature {_OF} (date, certificat, qualité du signataire) ont été "
        "modifiées après coup.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-VALUE": Label(
        f"La signature {_OF} n'a pas été faite avec le certificat qui l'accompagne, ou elle a été "
        "modifiée.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-SHA1": Label(
        f"La signature {_OF} emploie SHA-1, un procédé trop faible pour prouver quoi que ce soit "
        "aujourd'hui.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-NO_TIME": Label(
        f"La signature {_OF} n'est pas datée.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-TIME": Label(
        f"La date de la signature {_OF} n'est pas écrite en temps universel : « {{time}} ».",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-NO_POLICY": Label(
        f"La signature {_OF} ne cite aucune politique de signature.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-POLICY_UNKNOWN": Label(
        f"La signature {_OF} cite une politique de signature inconnue : « {{policy}} ».",
        remedy="Demandez à votre comptable public si cette politique est acceptée.",
        ask=COMPTABLE,
    ),
    "SIG-POLICY_DIGEST": Label(
        f"La signature {_OF} cite la politique « {{policy}} », mais avec l'empreinte d'un autre "
        "document.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-FUTURE": Label(
        f"La signature {_OF} porte une date qui n'est pas encore arrivée : « {{time}} ».",
        remedy="Vérifiez la date et l'heure de cet ordinateur, puis de celui qui a signé.",
        ask=TECHNICIEN,
    ),
    "SIG-NO_ROLE": Label(
        f"La signature {_OF} ne dit pas en quelle qualité la personne signe (maire, adjoint…).",
        remedy="Indiquez la qualité du signataire dans l'outil de signature et signez de nouveau.",
    ),
    "SIG-NO_SIGNING_CERTIFICATE": Label(
        f"La signature {_OF} ne désigne pas lisiblement le certificat du signataire parmi les "
        "mentions signées.",
        remedy=_TOOL,
        ask=EDITEUR,
    ),
    "SIG-CERT_DIGEST": Label(
        f"Le certificat joint à la signature {_OF} n'est pas celui que le signataire a désigné.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-ISSUER_SERIAL": Label(
        f"Le numéro ou l'émetteur du certificat désigné par la signature {_OF} ne correspondent "
        "pas au certificat joint.",
        remedy=_SIGN_AGAIN,
    ),
    "SIG-CERT_DIGEST_SHA1": Label(
        f"La signature {_OF} désigne le certificat au moyen de SHA-1, un procédé ancien encore "
        "toléré à cet endroit.",
        remedy="Il n'y a rien à faire pour ce fichier ; mettez à jour l'outil de signature.",
        ask=EDITEUR,
    ),
}
_TRUST: dict[str, Label] = {
    "SIG-UNTRUSTED": Label(
        "Le certificat de « {holder} » vient d'une autorité qui ne figure pas parmi celles que "
        "vous avez déclarées : on ne peut pas conclure.",
        remedy="Si cette autorité est reconnue (RGS ou DGFiP), ajoutez ses certificats au dossier "
        "des autorités de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-NO_CRL": Label(
        "On ne peut pas savoir si le certificat de « {holder} » avait été révoqué : aucune liste "
        "de révocation ne permet de le dire.",
        remedy="Attendez la prochaine nuit, où demat cherche les listes, ou déposez la liste de "
        "révocation (.crl) de l'autorité dans le dossier des autorités de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-CRL_STALE": Label(
        "On ne peut pas savoir si le certificat de « {holder} » avait été révoqué : la dernière "
        "liste de révocation obtenue ne valait que jusqu'au {date}, {days} jour(s) plus tôt.",
        remedy="Lancez « demat doctor --rafraichir » pour chercher une liste plus récente, puis "
        "recommencez la vérification.",
        ask=TECHNICIEN,
    ),
    "SIG-CRL_TOO_LATE": Label(
        "On ne peut pas savoir si le certificat de « {holder} », qui a pris fin le {date}, avait "
        "été révoqué : les listes de révocation obtenues ont été faites après sa fin, et ne sont "
        "plus tenues de le citer.",
        remedy="Si vous avez gardé une liste de révocation d'avant cette date, déposez-la (.crl) "
        "dans le dossier des autorités de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-REVOKED": Label(
        "Le certificat de « {holder} » avait été révoqué le {date}, avant la signature.",
        remedy="Faites signer par une personne dont le certificat est valable. Si le document est "
        "déjà parti, prévenez son destinataire : le comptable public pour un bordereau, la "
        "préfecture pour un acte.",
    ),
    "SIG-CHAIN_DATES": Label(
        "L'une des autorités qui garantissent le certificat de « {holder} » n'était pas valable à "
        "la date de signature.",
        remedy=_RENEW,
    ),
    "SIG-CHAIN_ALGORITHM": Label(
        "Le certificat de « {holder} » est garanti par un procédé trop faible : on ne peut pas "
        "conclure.",
        remedy=_RENEW,
    ),
    "SIG-CHAIN": Label(
        "Le certificat de « {holder} » n'est pas régulièrement garanti par son autorité "
        "(détail technique : {reason}).",
        remedy=_RENEW,
        ask=TECHNICIEN,
    ),
    "SIG-TRUST_FOLDER": Label(
        "Le dossier des autorités de confiance « {folder} » n'existe pas.",
        remedy="Créez ce dossier et déposez-y les certificats des autorités, ou corrigez la "
        "configuration.",
        ask=TECHNICIEN,
    ),
    "SIG-RGS_FILE": Label(
        "La table des politiques RGS « {name} » ne peut pas être lue (détail technique : "
        "{reason}).",
        remedy="Corrigez-la sur le modèle du guide de maintenance, ou retirez-la du dossier des "
        "autorités de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-TRUST_FILE": Label(
        "Le fichier « {name} » du dossier des autorités de confiance est illisible.",
        remedy="Remplacez-le par le certificat ou la liste de révocation, au format PEM ou DER.",
        ask=TECHNICIEN,
    ),
}

_NOTHING_TO_DO = (
    "Il n'y a rien à faire si une liste à jour est déjà là ; sinon, signalez-le à l'autorité de "
    "certification."
)
_REVOCATION: dict[str, Label] = {
    "SIG-CRL_UNREADABLE": Label(
        "Ce que « {address} » a donné n'est pas une liste de révocation lisible.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-CRL_ISSUER": Label(
        "La liste de révocation de « {address} » est celle d'une autre autorité que "
        "« {authority} ».",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-CRL_SIGNATURE": Label(
        "La liste de révocation de « {address} » n'a pas été signée par l'autorité « {authority} » "
        ": demat ne la croit pas.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-CRL_PARTIAL": Label(
        "La liste de révocation de « {address} » n'est qu'une partie de celle de « {authority} » : "
        "demat ne sait pas s'en servir.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-CRL_FUTURE": Label(
        "La liste de révocation de « {address} » est datée d'un jour qui n'est pas encore arrivé "
        "({date}).",
        remedy="Vérifiez la date et l'heure de l'ordinateur où demat est installé.",
        ask=TECHNICIEN,
    ),
    "SIG-LIST_NONE": Label(
        "Aucune liste de révocation de l'autorité « {authority} » n'a pu être obtenue : on ne peut "
        "pas savoir si les certificats qu'elle a délivrés ont été révoqués.",
        remedy="Vérifiez que ce serveur peut joindre les adresses de cette autorité, puis lancez "
        "« demat doctor --rafraichir » ; ou déposez sa liste (.crl) dans le dossier des autorités "
        "de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-LIST_STALE": Label(
        "La liste de révocation de l'autorité « {authority} » n'est plus à jour depuis le {date} "
        "({days} jour(s)) : les signatures faites depuis ne peuvent pas être vérifiées "
        "entièrement.",
        remedy="Vérifiez que ce serveur peut joindre les adresses de cette autorité, puis lancez "
        "« demat doctor --rafraichir » ; ou déposez sa nouvelle liste (.crl) dans le dossier des "
        "autorités de confiance.",
        ask=TECHNICIEN,
    ),
    "SIG-LIST_ENDING": Label(
        "La liste de révocation de l'autorité « {authority} » n'a pas pu être renouvelée ; celle "
        "qui est gardée ne vaut que jusqu'au {date}.",
        remedy="Ne faites rien si cela n'arrive qu'une fois : demat essaiera de nouveau. Sinon, "
        "vérifiez que ce serveur peut joindre les adresses de cette autorité.",
        ask=TECHNICIEN,
    ),
    "SIG-ANSWER_NONE": Label(
        "Rien ne dit si le certificat de « {holder} » a été révoqué : l'autorité « {authority} » "
        "n'a pas répondu, et ne publie pas de liste de révocation à jour.",
        remedy="Vérifiez que ce serveur peut joindre les adresses de cette autorité, puis lancez "
        "« demat doctor --rafraichir ».",
        ask=TECHNICIEN,
    ),
    "SIG-OWN_REVOKED": Label(
        "Le certificat de « {holder} » a été révoqué le {date} par son autorité : ce qui serait "
        "signé ou transmis avec lui serait refusé.",
        remedy="Ne l'utilisez plus. Appelez l'autorité qui l'a délivré pour en savoir la raison et "
        "en demander un nouveau.",
    ),
    "SIG-OCSP_UNREADABLE": Label(
        "Ce que « {address} » a répondu sur le certificat de « {holder} » est illisible.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-OCSP_REFUSED": Label(
        "« {address} » n'a pas voulu répondre sur le certificat de « {holder} » (détail technique "
        ": {reason}).",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-OCSP_OTHER": Label(
        "« {address} » a répondu sur un autre certificat que celui de « {holder} ».",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-OCSP_SIGNER": Label(
        "La réponse de « {address} » sur le certificat de « {holder} » n'est pas signée par "
        "l'autorité « {authority} » ni par qui elle a désigné : demat ne la croit pas.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-OCSP_UNKNOWN": Label(
        "« {address} » ne connaît pas le certificat de « {holder} », que l'autorité « {authority} "
        "» a pourtant délivré.",
        remedy=_NOTHING_TO_DO,
        ask=TECHNICIEN,
    ),
    "SIG-OCSP_DATE": Label(
        "La réponse de « {address} » sur le certificat de « {holder} » n'est pas d'aujourd'hui "
        "(elle est du {date}).",
        remedy="Vérifiez la date et l'heure de l'ordinateur où demat est installé.",
        ask=TECHNICIEN,
    ),
}
_SIGN_DOCUMENT_AGAIN = (
    "Reprenez le document d'origine, faites-le signer de nouveau, puis ne le modifiez plus : ni "
    "tampon, ni annotation, ni nouvel enregistrement."
)
_JUDGE_YOURSELF = (
    "Ouvrez-le dans un lecteur qui vérifie les signatures. Si vous savez d'où il vient, il peut "
    "partir tel quel."
)
_DOCUMENT: dict[str, Label] = {
    "SIG-PDF_ALTERED": Label(
        "Le document a été modifié après la signature de « {holder} ».",
        remedy=_SIGN_DOCUMENT_AGAIN,
    ),
    "SIG-PDF_VALUE": Label(
        "La signature de « {holder} » n'a pas été faite avec le certificat qui l'accompagne, ou "
        "elle a été modifiée.",
        remedy=_SIGN_DOCUMENT_AGAIN,
    ),
    "SIG-PDF_CHANGED": Label(
        "Après la signature de « {holder} », on a ajouté au document autre chose que ce qu'une "
        "signature permet (autre signature, champ rempli).",
        remedy=_SIGN_DOCUMENT_AGAIN,
    ),
    "SIG-PDF_PARTIAL": Label(
        "La signature de « {holder} » ne porte que sur une partie du document.",
        remedy=_SIGN_DOCUMENT_AGAIN,
    ),
    "SIG-PDF_UNREADABLE": Label(
        "Une signature électronique du document est illisible (détail technique : {reason}).",
        remedy=_JUDGE_YOURSELF,
    ),
    "SIG-PDF_KIND": Label(
        "Une signature électronique du document est d'un ancien procédé, que demat ne sait pas "
        "vérifier.",
        remedy=_JUDGE_YOURSELF,
    ),
    "SIG-PDF_WEAK": Label(
        "La signature de « {holder} » emploie un procédé trop faible (SHA-1 ou MD5) pour prouver "
        "quoi que ce soit aujourd'hui.",
        remedy="Faites signer de nouveau le document avec un outil à jour.",
        ask=EDITEUR,
    ),
    "SIG-PDF_NO_TIME": Label(
        "La signature de « {holder} » n'est pas datée : son certificat a été vérifié à la date "
        "d'aujourd'hui.",
        remedy=_JUDGE_YOURSELF,
    ),
    "SIG-PDF_FUTURE": Label(
        "La signature de « {holder} » porte une date qui n'est pas encore arrivée ({date}).",
        remedy="Faites vérifier la date et l'heure de l'ordinateur qui a signé.",
        ask=TECHNICIEN,
    ),
    "SIG-PDF_REMOVED": Label(
        "Le document garde la trace d'une signature électronique qui n'y figure plus.",
        remedy="Vérifiez que c'est bien la version signée ; reprenez au besoin le document signé "
        "d'origine.",
    ),
    "SIG-PDF_MANY": Label(
        "Le document porte {count} signatures : demat n'a vérifié que les premières.",
        remedy=_JUDGE_YOURSELF,
    ),
}

_ANOTHER_STAMP = (
    "Rien n'est bloqué : demat redemandera un horodatage la nuit prochaine. Si cela se répète, "
    "signalez-le au service d'horodatage."
)
_STAMPS: dict[str, Label] = {
    "SIG-TSA_UNREADABLE": Label(
        "L'horodatage est illisible : ce n'est pas un jeton RFC 3161, ou il est abîmé (détail "
        "technique : {reason}).",
        remedy=_ANOTHER_STAMP,
        ask=TECHNICIEN,
    ),
    "SIG-TSA_REFUSED": Label(
        "Le service d'horodatage a refusé d'horodater (sa réponse : {reason}).",
        remedy="Vérifiez l'adresse, le compte et la politique du service d'horodatage. Rien n'est "
        "bloqué : demat redemandera la nuit prochaine.",
        ask=TECHNICIEN,
    ),
    "SIG-TSA_NONCE": Label(
        "La réponse du service d'horodatage ne répond pas à notre demande (numéro de demande "
        "différent) : elle a pu être rejouée.",
        remedy=_ANOTHER_STAMP,
        ask=TECHNICIEN,
    ),
    "SIG-TSA_POLICY": Label(
        "Le service d'horodatage a appliqué une autre politique que celle qui est demandée : "
        "« {policy} ».",
        remedy="Corrigez « politique » dans la configuration, ou demandez au service d'horodatage "
        "d'appliquer celle de votre contrat.",
        ask=TECHNICIEN,
    ),
    "SIG-TSA_SIGNER": Label(
        "L'horodatage ne désigne pas clairement le certificat du service qui l'a fait.",
        remedy=_ANOTHER_STAMP,
        ask=TECHNICIEN,
    ),
    "SIG-TSA_IMPRINT": Label(
        "L'horodatage porte sur autre chose que sur ce document : l'un des deux a été changé.",
        remedy="Reprenez le document et son horodatage tels que demat les a conservés.",
        ask=TECHNICIEN,
    ),
    "SIG-TSA_USAGE": Label(
        "Le certificat de « {holder} » n'est pas fait pour horodater : ce jeton ne prouve pas "
        "la date.",
        remedy="Vérifiez l'adresse du service d'horodatage dans la configuration.",
        ask=TECHNICIEN,
    ),
    "SIG-TSA_VALUE": Label(
        "L'horodatage a été modifié, ou n'a pas été fait avec le certificat qui l'accompagne.",
        remedy=_ANOTHER_STAMP,
        ask=TECHNICIEN,
    ),
    "SIG-TSA_WEAK": Label(
        "L'horodatage emploie un procédé trop faible ({algorithm}) pour prouver quoi que ce soit.",
        remedy="Demandez au service d'horodatage un jeton signé avec SHA-256 ou mieux.",
        ask=TECHNICIEN,
    ),
}

LABELS: dict[str, Label] = {
    **_KEYS,
    **_TOKEN,
    **_CERTIFICATE,
    **_EXPIRY,
    **_SIGN,
    **_PLACE,
    **_CONTENT,
    **_TRUST,
    **_REVOCATION,
    **_DOCUMENT,
    **_STAMPS,
}

"""Labels about who may sign: delegations, the session of a signataire, refusals, the clock."""

from demat.labels_fr.label import MAIRIE, TECHNICIEN, Label

__all__ = ["LABELS"]

_DELEGATION = (
    "Faites signer une autre personne habilitée (demat sign --signataire). Si la délégation a "
    "changé, le technicien la corrige dans la configuration."
)

LABELS: dict[str, Label] = {
    "INT-NO_SIGNER": Label(
        "Aucun signataire n'est déclaré pour {nom}.",
        remedy="Déclarez-le dans la configuration : une section [[collectivites.signataires]].",
        ask=TECHNICIEN,
    ),
    "INT-SIGNER_BUDGET": Label(
        "{nom} ne signe pas pour le budget {budget} ({libelle}).",
        remedy=_DELEGATION,
    ),
    "INT-SIGNER_FLUX": Label(
        "La délégation de {nom} ({reference}) ne couvre pas les {what}.",
        remedy=_DELEGATION,
    ),
    "INT-SIGNER_NOT_BEGUN": Label(
        "La délégation de {nom} ({reference}) ne commence que le {date}.",
        remedy=_DELEGATION,
    ),
    "INT-SIGNER_ENDED": Label(
        "La délégation de {nom} ({reference}) a pris fin le {date}.",
        remedy=_DELEGATION,
    ),
    "INT-SIGNER_CEILING": Label(
        "Le bordereau n° {bordereau} s'élève à {total} : la délégation de {nom} ({reference}) "
        "s'arrête à {plafond} par bordereau.",
        remedy=_DELEGATION,
    ),
    "INT-SIGNER_AMOUNT": Label(
        "Le montant du bordereau n° {bordereau} est illisible, ou n'est pas la somme de ses "
        "lignes : la délégation de {nom} ({reference}) s'arrête à {plafond} par bordereau.",
        remedy="Faites signer ce dépôt par une personne dont la délégation n'a pas de plafond.",
    ),
    "INT-SIGNER_NOBODY": Label(
        "Aucun signataire déclaré pour {nom} ne peut signer ce qui attend.",
        remedy="Lisez ci-dessus pourquoi. Un dépôt qui mêle ce que signent deux personnes se "
        "refuse, et se redépose en deux.",
        ask=TECHNICIEN,
    ),
    "INT-SIGNER_MISSING": Label(
        "Personne ne peut signer aujourd'hui les {what} du budget « {budget} ».",
        remedy="Déclarez un signataire pour ce budget, ou vérifiez les dates des délégations.",
        ask=TECHNICIEN,
    ),
    "INT-SIGNER_UNKNOWN": Label(
        "« {value} » n'est pas un signataire déclaré (connus : {known}).",
        remedy="Écrivez son nom comme dans la configuration.",
    ),
    "INT-SIGNER_WHICH": Label(
        "Plusieurs signataires sont déclarés pour {nom} : {known}.",
        remedy="Dites qui signe : --signataire, puis son nom entre guillemets.",
    ),
    "INT-SIGN_CHANGED": Label(
        "Le dépôt {depot} « {name} » a changé depuis qu'il a été affiché : il n'a pas été signé.",
        remedy="Relancez « demat sign » pour le relire tel qu'il est, puis signez-le.",
    ),
    "INT-SIGN_REFUSED": Label(
        "{signataire} ({qualite}) a refusé de signer ce dépôt. Motif : {motif}",
        remedy="Corrigez ce qui est demandé, puis remettez le tout dans « a-deposer ».",
        ask=MAIRIE,
    ),
    "INT-SIGN_MOTIF": Label(
        "Un refus de signer s'accompagne d'un motif.",
        remedy="Ajoutez le motif, que la personne qui a déposé lira : --motif, puis le motif entre "
        "guillemets.",
    ),
    "INT-SIGN_BOTH": Label(
        "« --refuser D12 » et « --motif » vont ensemble, et sans dépôt à signer.",
        remedy="Lancez une commande pour le refus, puis une autre pour la signature.",
    ),
    "INT-SIGN_ELSEWHERE": Label(
        "Le dépôt {depot} est celui d'une autre collectivité : {nom}.",
        remedy="Donnez le SIREN de cette collectivité, ou retirez --siren.",
    ),
    "INT-NOT_AWAITING": Label(
        "Le dépôt {depot} « {name} » n'attend pas de signature.",
        remedy="Cherchez son numéro parmi ceux qui attendent (demat flows --state "
        "awaiting_signature).",
    ),
    "SIG-CLOCK_BACK": Label(
        "L'horloge de cet ordinateur indique le {now}, mais le journal contient déjà un événement "
        "du {latest} : elle a été reculée, ou était en avance. "
        "Rien n'est signé à une heure fausse.",
        remedy="Mettez l'ordinateur à l'heure. Si elle est juste maintenant, signez une fois avec "
        "« demat sign --horloge-verifiee ».",
        ask=TECHNICIEN,
    ),
    "SIG-NOT_SEAL": Label(
        "Le certificat « {holder} », avec lequel demat signe sans surveillance, est celui d'une "
        "personne : ce n'est pas un cachet de la collectivité.",
        remedy="Déclarez un certificat de cachet, ou laissez cette personne signer elle-même : "
        "retirez « sans_surveillance ».",
        ask=TECHNICIEN,
    ),
    "SIG-FINGERPRINT": Label(
        "Le certificat trouvé (« {holder} ») n'est pas celui qui est déclaré pour {nom} : son "
        "empreinte est différente.",
        remedy="Utilisez le bon certificat ; s'il a été renouvelé, mettez à jour « empreinte » "
        "dans la configuration.",
        ask=TECHNICIEN,
    ),
}

"""French sentences of the publication: codes ``PUB-…``."""

from demat.labels_fr.label import EDITEUR, MAIRIE, TECHNICIEN, Label

__all__ = ["LABELS"]

_SPREADSHEET = "Corrigez cette donnée dans le tableau de la séance."
_OBJET = (
    "Relisez l'acte : s'il nomme une personne privée, préparez une version sans son nom ; "
    "sinon, décidez de le publier vous-même."
)
_WITHHELD = "L'acte {numero} n'est pas publié : son objet semble contenir"

LABELS: dict[str, Label] = {
    # ------------------------------------------------------------------------------ decision
    "PUB-INDIVIDUEL": Label(
        "L'acte {numero} n'est pas publié : c'est un acte individuel, qui se notifie à la personne "
        "concernée et ne se publie jamais.",
        remedy="Il n'y a rien à faire sur le site ; pensez à la notification.",
    ),
    "PUB-NEVER": Label(
        "L'acte {numero} n'est pas publié : sa matière ({matiere}) ne se publie pas pour un acte "
        "de cette nature.",
        remedy="Il n'y a rien à faire sur le site.",
    ),
    "PUB-OCCULT": Label(
        "L'acte {numero} n'est pas publié : sa matière ({matiere}) touche souvent des personnes, "
        "et quelqu'un doit d'abord valider une version publique.",
        remedy="Relisez l'acte, masquez ce qui ne doit pas être rendu public, puis publiez-le "
        "vous-même.",
    ),
    "PUB-HUMAN": Label(
        "L'acte {numero} n'est pas publié : pour sa nature et sa matière ({matiere}), la décision "
        "revient à une personne.",
        remedy="Décidez s'il doit être rendu public, et publiez-le alors vous-même.",
    ),
    "PUB-NATURE": Label(
        "L'acte {numero} n'est pas publié : ce site ne publie que les délibérations.",
        remedy="Publiez cet acte sur le site de la collectivité.",
    ),
    "PUB-OBJET_CIVILITE": Label(f"{_WITHHELD} le nom d'une personne.", remedy=_OBJET),
    "PUB-OBJET_NAISSANCE": Label(
        f"{_WITHHELD} la date ou le lieu de naissance d'une personne.", remedy=_OBJET
    ),
    "PUB-OBJET_COURRIEL": Label(f"{_WITHHELD} une adresse de courriel.", remedy=_OBJET),
    "PUB-OBJET_TELEPHONE": Label(f"{_WITHHELD} un numéro de téléphone.", remedy=_OBJET),
    "PUB-OBJET_NIR": Label(f"{_WITHHELD} un numéro de sécurité sociale.", remedy=_OBJET),
    # ---------------------------------------------------------------------------- this authority
    "PUB-NO_TARGET": Label(
        "Aucun acte de {nom} n'est publié : aucun dossier de publication n'est configuré.",
        remedy="Demandez à votre technicien d'indiquer le dossier et l'adresse du site.",
        ask=TECHNICIEN,
    ),
    "PUB-SIRET": Label(
        "Rien n'est publié pour {nom} : son numéro SIRET « {siret} » est faux.",
        remedy="Vérifiez les quatorze chiffres du SIRET dans la configuration.",
        ask=TECHNICIEN,
    ),
    # ----------------------------------------------------------------------------- this act
    "PUB-AUTEUR": Label(
        "L'acte {numero} n'est pas publié : le prénom, le nom et la qualité de son auteur ne sont "
        "pas connus, alors qu'ils doivent figurer sur la publication.",
        remedy="Indiquez le signataire et sa qualité dans la configuration de la publication.",
        ask=TECHNICIEN,
    ),
    "PUB-NUMERO": Label(
        "L'acte {numero} n'est pas publié : son numéro ne peut pas figurer dans une adresse de "
        "site.",
        remedy="N'utilisez que des lettres sans accent, des chiffres et le tiret bas.",
    ),
    "PUB-DOUBLE": Label(
        "L'acte {numero} n'est pas publié une seconde fois : un acte du même numéro et de la même "
        "année est déjà en ligne.",
        remedy="Vérifiez lequel des deux est le bon, et annulez l'autre.",
    ),
    "PUB-FORMAT": Label(
        "L'acte {numero} n'est pas publié : son texte n'a pas été transmis en PDF.",
        remedy="Publiez vous-même une version PDF de cet acte.",
    ),
    "PUB-RETIRE": Label(
        "L'acte {numero} n'est plus en ligne : il a été retiré du site, et n'y est pas remis tout "
        "seul.",
        remedy="Il n'y a rien à faire, sauf si ce retrait est une erreur.",
    ),
    "PUB-VOTES": Label(
        "L'acte {numero} est publié sans les résultats du vote : les cinq nombres sont incomplets "
        "ou ne s'accordent pas entre eux.",
        remedy="À l'avenir, indiquez l'effectif, les votants, les pour, les contre et les "
        "abstentions, ou laissez les cinq cases vides.",
    ),
    "PUB-BUDGET": Label(
        "L'acte {numero} est publié sans la mention du budget : l'année et le nom du budget vont "
        "ensemble, et l'année s'écrit 2026 ou 2026/2027.",
        remedy="À l'avenir, remplissez les deux cases ou laissez les deux vides.",
    ),
    "PUB-DATE_AR": Label(
        "L'acte {numero} est publié sans la date de réception en préfecture : celle de l'accusé "
        "est antérieure à la date de l'acte.",
        remedy="Vérifiez la date de l'acte.",
    ),
    # --------------------------------------------------------------------------------- the folder
    "PUB-FOREIGN": Label(
        "Le site n'a pas été écrit : le fichier « {fichier} » se trouve déjà dans le dossier de "
        "publication et ne vient pas de ce logiciel.",
        remedy="Indiquez un dossier réservé à la publication des actes, ou déplacez ce fichier.",
        ask=TECHNICIEN,
    ),
    "PUB-MANIFEST": Label(
        "Le site n'a pas été écrit : la liste des fichiers publiés ({fichier}) est abîmée.",
        remedy="Remettez en place la sauvegarde de ce fichier.",
        ask=TECHNICIEN,
    ),
    # ------------------------------------------------------------------------------ the open data
    "PUB-SCDL_ENCODING": Label(
        "Le fichier des délibérations n'est pas enregistré en UTF-8.",
        remedy="Enregistrez-le de nouveau en choisissant l'encodage UTF-8.",
    ),
    "PUB-SCDL_CSV": Label(
        "Le fichier des délibérations n'est pas un fichier CSV lisible ({raison}).",
        remedy="Produisez ce fichier de nouveau.",
        ask=EDITEUR,
    ),
    "PUB-SCDL_COLUMNS": Label(
        "Les colonnes du fichier des délibérations ne sont pas les dix-sept colonnes attendues, "
        "dans l'ordre (manquantes : {missing} ; en trop : {extra}).",
        remedy="Gardez toutes les colonnes, même vides, dans l'ordre du modèle.",
        ask=EDITEUR,
    ),
    "PUB-SCDL_CELLS": Label(
        "Une ligne du fichier des délibérations a {cells} cases au lieu de {expected}.",
        remedy="Produisez ce fichier de nouveau.",
        ask=EDITEUR,
    ),
    "PUB-SCDL_EMPTY": Label(
        "La colonne {column} est vide, alors qu'elle est obligatoire.", remedy=_SPREADSHEET
    ),
    "PUB-SCDL_CONTROL": Label(
        "La colonne {column} contient un caractère invisible qui n'est pas admis.",
        remedy="Effacez ce texte et saisissez-le de nouveau au clavier.",
    ),
    "PUB-SCDL_SIRET": Label(
        "Le numéro SIRET « {value} » est faux.",
        remedy="Vérifiez ses quatorze chiffres, sans espace.",
        ask=TECHNICIEN,
    ),
    "PUB-SCDL_DATE": Label(
        "La date « {value} » de la colonne {column} n'est pas une date écrite AAAA-MM-JJ.",
        remedy=_SPREADSHEET,
    ),
    "PUB-SCDL_INTEGER": Label(
        "La valeur « {value} » de la colonne {column} n'est pas un nombre entier.",
        remedy=_SPREADSHEET,
    ),
    "PUB-SCDL_MATIERE": Label(
        "Le code de matière « {value} » n'est pas un des 57 codes à deux niveaux.",
        remedy="Utilisez un code tel que 7.1 ou 7.10.",
    ),
    "PUB-SCDL_LABEL": Label(
        "Le nom de matière « {value} » ne correspond pas au code, qui demande « {expected} ».",
        remedy="Reprenez le nom attendu.",
    ),
    "PUB-SCDL_YEARS": Label(
        "L'année de budget « {value} » ne s'écrit ni 2026 ni 2026/2027.", remedy=_SPREADSHEET
    ),
    "PUB-SCDL_TOGETHER": Label(
        "Des colonnes qui vont ensemble ne sont remplies qu'en partie (vides : {empty}).",
        remedy="Remplissez-les toutes, ou aucune.",
    ),
    "PUB-SCDL_COMPARE": Label(
        "La valeur {value} de la colonne {column} est inférieure à celle de la colonne {other} "
        "({floor}).",
        remedy=_SPREADSHEET,
    ),
    "PUB-SCDL_SUM": Label(
        "Le nombre de votants ({value}) n'est pas la somme des pour, des contre et des abstentions "
        "({sum}).",
        remedy="Comptez les procurations parmi les votants, et laissez de côté ceux qui n'ont pas "
        "pris part au vote.",
    ),
    "PUB-SCDL_DUPLICATE": Label(
        "Le numéro de délibération « {numero} » figure déjà à la ligne {first}.",
        remedy="Donnez à chaque délibération son propre numéro.",
        ask=MAIRIE,
    ),
    "PUB-SCDL_PREF": Label(
        "L'identifiant de préfecture « {value} » ne s'écrit pas PREF099, SPREF0991 ou SGAR099.",
        remedy="Corrigez-le, ou laissez la case vide.",
    ),
    "PUB-SCDL_URL": Label(
        "L'adresse « {value} » n'est pas une adresse complète de page : elle commence par https:// "
        "et n'a ni espace ni accent.",
        remedy="Corrigez l'adresse du site dans la configuration.",
        ask=TECHNICIEN,
    ),
}

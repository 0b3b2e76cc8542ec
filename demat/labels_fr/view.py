"""Labels of what is found while a PES is shown or searched, without being judged."""

from demat.labels_fr.label import EDITEUR, MAIRIE, TECHNICIEN, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    "INT-VIEW_KIND": Label(
        "Le fichier « {name} » ({kind}) n'est ni un PES envoyé, ni un acquittement, ni un retour, "
        "ni un budget : il n'a pas de page à montrer.",
        remedy="Sans --html ni --csv, « demat show » dit ce qu'est ce fichier.",
        ask=TECHNICIEN,
    ),
    "INT-VIEW_OUT": Label(
        "La page ou le tableau ne peut pas être écrit dans « {path} » : c'est le fichier à montrer "
        "lui-même, ou le même pour les deux.",
        remedy="Donnez un autre nom.",
        ask=MAIRIE,
    ),
    "INT-VIEW_RAW": Label(
        "La pièce jointe « {nom} » ({id_unique}) n'est pas compressée : le comptable peut la "
        "refuser.",
        remedy="Exportez de nouveau ; si le défaut revient, signalez-le.",
        ask=EDITEUR,
    ),
    "INT-VIEW_TYPE": Label(
        "Le nom de la pièce jointe « {nom} » ({id_unique}) ne dit pas ce qu'elle est : {found}.",
        remedy="Vérifiez que c'est le bon document, puis renommez-le avec la bonne extension.",
        ask=MAIRIE,
    ),
    "INT-VIEW_ARCHIVE": Label(
        "La pièce jointe « {nom} » ({id_unique}) est une archive illisible ou démesurée une fois "
        "ouverte : elle n'a pas été extraite.",
        remedy="Ne l'ouvrez pas ; demandez les documents un par un à celui qui l'a faite.",
        ask=TECHNICIEN,
    ),
    "INT-VIEW_ROOM": Label(
        "La pièce jointe « {nom} » ({id_unique}) n'a pas été extraite : les documents de ce "
        "fichier prennent trop de place ensemble.",
        remedy="Ouvrez le fichier sur un poste qui a plus de place.",
        ask=TECHNICIEN,
    ),
    "INT-SEARCH": Label(
        "La recherche « {text} » ne contient rien à chercher.",
        remedy="Écrivez par exemple « titre 417 », « 86,40 », un nom ou un objet.",
        ask=MAIRIE,
    ),
}

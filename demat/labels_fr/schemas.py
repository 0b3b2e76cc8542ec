"""Sentences about the official schemas that are installed (``demat.schemas.installed``)."""

from demat.labels_fr.label import TECHNICIEN, Label

__all__ = ["LABELS"]

_SOURCE = "Téléchargez de nouveau le fichier sur le site de l'État, puis recommencez."

LABELS: dict[str, Label] = {
    "XSD-ARCHIVE_FORMAT": Label(
        "« {name} » n'est pas une archive de schémas, ou elle est abîmée.",
        remedy="Donnez un dossier, un fichier .zip ou un fichier .tar.gz qui contient les "
        "fichiers XSD de l'État.",
        ask=TECHNICIEN,
    ),
    "XSD-ARCHIVE_EMPTY": Label(
        "« {name} » ne contient aucun fichier XSD.",
        remedy="Vérifiez que vous avez indiqué les schémas eux-mêmes, et non leur notice.",
        ask=TECHNICIEN,
    ),
    "XSD-ARCHIVE_NAME": Label(
        "Les schémas contiennent un fichier dont le nom n'est pas sûr : « {name} ».",
        remedy=_SOURCE,
        ask=TECHNICIEN,
    ),
    "XSD-ARCHIVE_KIND": Label(
        "Dans les schémas, « {name} » est un lien ou un fichier spécial : rien n'a été installé.",
        remedy=_SOURCE,
        ask=TECHNICIEN,
    ),
    "XSD-ARCHIVE_DOUBLE": Label(
        "Les schémas contiennent deux fois le fichier « {name} ».",
        remedy=_SOURCE,
        ask=TECHNICIEN,
    ),
    "XSD-ARCHIVE_SIZE": Label(
        "Les schémas dépassent {limit} Mo une fois ouverts, ou {files} fichiers : "
        "rien n'a été installé.",
        remedy="Vérifiez que vous avez indiqué le dossier des schémas seul.",
        ask=TECHNICIEN,
    ),
    "XSD-SET_NO_ROOT": Label(
        "Ces schémas ne décrivent aucun des documents que demat connaît (PES_Aller, PES_ACQUIT, "
        "PES_Retour, messages ACTES).",
        remedy="Vérifiez que vous avez indiqué un jeu de schémas complet du PES v2 ou d'ACTES.",
        ask=TECHNICIEN,
    ),
    "XSD-SET_TWICE": Label(
        "Ces schémas décrivent plusieurs fois « {root} » : {files}.",
        remedy="Installez une seule version à la fois.",
        ask=TECHNICIEN,
    ),
    "XSD-SET_MISSING": Label(
        "Le schéma « {name} » a besoin de « {location} », qui n'est pas dans le jeu de schémas.",
        remedy="Donnez le jeu complet, avec tous ses sous-dossiers.",
        ask=TECHNICIEN,
    ),
    "XSD-SET_COMPILE": Label(
        "Le schéma « {name} » ne peut pas servir : rien n'a été installé "
        "(détail technique : {detail}).",
        remedy=_SOURCE,
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_NAME": Label(
        "« {edition} » ne peut pas être le nom d'une version de schémas.",
        remedy="Choisissez un nom court, en lettres sans accent, chiffres, points et tirets : "
        "par exemple 4.7.1.",
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_EXISTS": Label(
        "La version de schémas « {edition} » est déjà installée : elle n'a pas été remplacée.",
        remedy="Donnez un autre nom à la nouvelle.",
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_UNKNOWN": Label(
        "La version de schémas « {edition} » n'est pas installée (connues : {known}).",
        remedy="Installez-la avec « demat schemas install », ou choisissez-en une connue avec "
        "« demat schemas use ».",
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_FLUX": Label(
        "La version de schémas « {edition} » ne décrit pas « {flux} » (elle décrit : {known}).",
        remedy="Indiquez l'un des documents qu'elle décrit.",
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_ALTERED": Label(
        "Le schéma « {name} » de la version « {edition} » a été modifié ou supprimé depuis son "
        "installation : cette version n'est pas utilisée.",
        remedy="Supprimez le dossier de cette version, puis installez-la de nouveau.",
        ask=TECHNICIEN,
    ),
    "CFG-SCHEMA_MANIFEST": Label(
        "Le fichier « {path} », qui décrit des schémas installés, est abîmé.",
        remedy="Reprenez-le dans une sauvegarde ; sinon, supprimez ce qu'il décrit et "
        "installez-le de nouveau.",
        ask=TECHNICIEN,
    ),
}

"""Sentences about files that are not readable XML (``demat.xmlio``)."""

from demat.labels_fr.label import EDITEUR, Label

__all__ = ["LABELS"]

LABELS: dict[str, Label] = {
    "XML-EMPTY": Label(
        "Le fichier est vide.",
        remedy="Exportez-le de nouveau depuis votre logiciel métier, puis déposez-le.",
    ),
    "XML-SIZE": Label(
        "Le fichier pèse {size} Mo : il est trop gros pour être lu.",
        remedy="Répartissez son contenu en plusieurs fichiers, ou allégez les pièces jointes.",
    ),
    "XML-DTD": Label(
        "Le fichier contient une définition de document (DTD ou entité), refusée par sécurité.",
        remedy="Demandez à l'éditeur un export sans cette définition ; ne modifiez rien à la main.",
        ask=EDITEUR,
    ),
    "XML-SYNTAX": Label(
        "Le fichier est abîmé ou incomplet : il ne peut pas être lu (détail technique : {reason}).",
        remedy="Exportez-le de nouveau depuis votre logiciel métier, sans l'ouvrir ni le modifier.",
        ask=EDITEUR,
    ),
    "XML-ENCODING": Label(
        "Les caractères du fichier ne correspondent pas au codage annoncé ({encoding}).",
        remedy="Exportez-le de nouveau sans l'enregistrer depuis un autre logiciel : "
        "un éditeur de texte change souvent le codage des accents.",
        ask=EDITEUR,
    ),
    "XML-EXCESS": Label(
        "Un élément du fichier porte plus de {limit} attributs ou espaces de noms : son contenu "
        "n'a pas été vérifié.",
        remedy="Aucun logiciel de gestion n'écrit un tel fichier : demandez d'où il vient.",
        ask=EDITEUR,
    ),
    "XML-ROOT": Label(
        "Ce n'est pas le type de fichier attendu : il commence par l'élément {found} "
        "au lieu de {expected}.",
        remedy="Vérifiez que vous avez déposé le bon fichier dans le bon dossier.",
    ),
}

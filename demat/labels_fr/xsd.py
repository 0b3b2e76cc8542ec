"""Sentences about documents that their schema refuses (``demat.schemas.validate``).

Elements that agents meet are named by what they mean, with the name of the norm between brackets
(helios dossier §3 to §6, actes dossier §4).
"""

import re
from collections.abc import Callable, Mapping

from demat.labels_fr.label import EDITEUR, Label

__all__ = ["LABELS", "MEANINGS", "complete"]

_EXPORT = (
    "Corrigez cette information dans votre logiciel métier, puis exportez le fichier de nouveau."
)
_EDITOR = "Le logiciel qui a produit le fichier est en cause : signalez l'erreur à son éditeur."

LABELS: dict[str, Label] = {
    "XSD-MISSING_ATTRIBUTE": Label(
        "Pour {designation}, il manque {missing}.", remedy=_EXPORT, ask=EDITEUR
    ),
    "XSD-MISSING_ELEMENT": Label(
        "Dans {designation}, il manque {expected_names}.", remedy=_EXPORT, ask=EDITEUR
    ),
    "XSD-UNEXPECTED_ELEMENT": Label(
        "{Designation} n'est pas à sa place{instead}.", remedy=_EDITOR, ask=EDITEUR
    ),
    "XSD-UNEXPECTED_ATTRIBUTE": Label(
        "Pour {designation}, l'attribut {attribute} n'est pas prévu par le format.",
        remedy=_EDITOR,
        ask=EDITEUR,
    ),
    "XSD-VALUE": Label(
        "Pour {subject}, {quoted} n'est pas admise : {reason}.", remedy=_EXPORT, ask=EDITEUR
    ),
    "XSD-TEXT": Label(
        "{Designation} contient le texte « {value} », alors qu'aucun texte n'est admis ici.",
        remedy=_EDITOR,
        ask=EDITEUR,
    ),
    "XSD-DUPLICATE_ID": Label(
        "L'identifiant « {value} » sert plusieurs fois dans le fichier, en particulier pour "
        "{designation} ; chaque identifiant doit être unique.",
        remedy=_EDITOR,
        ask=EDITEUR,
    ),
    "XSD-OTHER": Label(
        "{Designation} ne respecte pas le format (détail technique : {detail}).",
        remedy=_EDITOR,
        ask=EDITEUR,
    ),
    "XSD-UNKNOWN_ROOT": Label(
        "Ce fichier n'est ni un flux PES ni un message ACTES connu : il commence par l'élément "
        "{root} (espace de noms « {namespace} »).",
        remedy="Vérifiez que vous avez déposé le bon fichier.",
        ask=EDITEUR,
    ),
    "XSD-MORE": Label(
        "Le contrôle s'est arrêté après {shown} erreurs ; il en reste au moins {more}.",
        remedy="Corrigez d'abord les erreurs listées, qui ont souvent une même cause, "
        "puis déposez le fichier de nouveau.",
    ),
}

MEANINGS: Mapping[str, str] = {
    # PES: envelope and header
    "Enveloppe": "l'enveloppe",
    "Parametres": "les paramètres de l'enveloppe",
    "Version": "la version",
    "TypFic": "le type de fichier",
    "NomFic": "le nom du fichier",
    "Sigle": "le sigle",
    "EnTetePES": "l'en-tête du flux",
    "DteStr": "la date du flux",
    "IdPost": "le code du poste comptable",
    "IdColl": "le SIRET de la collectivité",
    "CodCol": "le code collectivité",
    "FinJur": "l'identifiant juridique",
    "CodBud": "le code budget",
    "LibelleColBud": "le libellé du budget",
    "InfoDematerialisee": "l'indicateur de dématérialisation",
    "PES_DepenseAller": "la partie dépense",
    "PES_RecetteAller": "la partie recette",
    "PES_PJ": "la partie des pièces jointes",
    # PES: bordereau
    "Bordereau": "le bordereau",
    "BlocBordereau": "l'en-tête du bordereau",
    "Exer": "l'exercice",
    "IdBord": "le numéro de bordereau",
    "DteBordEm": "la date d'émission du bordereau",
    "DteAsp": "la date d'avis des sommes à payer",
    "TypBord": "le type de bordereau",
    "NbrPce": "le nombre de pièces du bordereau",
    "MtCumulAnnuel": "le montant cumulé de l'année",
    "MtBordHT": "le montant hors taxes du bordereau",
    "MtBordHt": "le montant hors taxes du bordereau",
    "MtBordTVA": "le montant de TVA du bordereau",
    # PES: pièce (mandat ou titre) and ligne
    "Piece": "la pièce (mandat ou titre)",
    "BlocPiece": "l'en-tête de la pièce",
    "InfoPce": "les informations de la pièce",
    "IdPce": "le numéro de pièce",
    "TypPce": "le type de pièce",
    "NatPce": "la nature de pièce",
    "Obj": "l'objet de la pièce",
    "ObjPce": "l'objet de la pièce",
    "IdPceOrig": "le numéro de la pièce d'origine",
    "IdLigneOrig": "le numéro de la ligne d'origine",
    "LigneDePiece": "la ligne de pièce",
    "BlocLignePiece": "le détail de la ligne",
    "InfoLignePce": "les informations de la ligne",
    "InfoLignePiece": "les informations de la ligne",
    "IdLigne": "le numéro de ligne",
    "ObjLignePce": "l'objet de la ligne",
    "CodProdLoc": "le code produit local",
    "Nature": "la nature",
    "Fonction": "la fonction",
    "Operation": "l'opération",
    "LibVir1": "le libellé du virement",
    "LibVir2": "la suite du libellé du virement",
    "ModRegl": "le mode de règlement",
    "TVAIntraCom": "l'indicateur de TVA intracommunautaire",
    "TvaIntraCom": "l'indicateur de TVA intracommunautaire",
    "TxTva": "le taux de TVA",
    "MtHT": "le montant hors taxes",
    "MtTVA": "le montant de TVA",
    # PES: tiers
    "Tiers": "le tiers",
    "InfoTiers": "l'identité du tiers",
    "IdTiers": "l'identifiant du tiers",
    "NatIdTiers": "la nature de l'identifiant du tiers",
    "RefTiers": "la référence du tiers",
    "CatTiers": "la catégorie du tiers",
    "NatJur": "la nature juridique du tiers",
    "TypTiers": "le type de tiers",
    "Civilite": "la civilité",
    "Nom": "le nom",
    "Prenom": "le prénom",
    "Adresse": "l'adresse",
    "TypAdr": "le type d'adresse",
    "CP": "le code postal",
    "Ville": "la ville",
    "CodRes": "le code de résidence",
    "CodPays": "le code du pays",
    "CpteBancaire": "le compte bancaire",
    "IBAN": "l'IBAN",
    "BIC": "le BIC",
    "TitCpte": "le titulaire du compte",
    # PES: pièces jointes
    "PJ": "la pièce jointe",
    "PJRef": "le renvoi à une pièce jointe",
    "NomPJ": "le nom de la pièce jointe",
    "IdUnique": "l'identifiant unique de la pièce jointe",
    "TypePJ": "le type de pièce jointe",
    "Contenu": "le contenu de la pièce jointe",
    "Fichier": "le fichier joint",
    "Signature": "la signature électronique",
    # ACTES
    "Acte": "l'acte",
    "ActeRecu": "l'acte reçu",
    "CodeMatiere1": "la matière de niveau 1",
    "CodeMatiere2": "la matière de niveau 2",
    "CodeMatiere3": "la matière de niveau 3",
    "CodeMatiere4": "la matière de niveau 4",
    "CodeMatiere5": "la matière de niveau 5",
    "Objet": "l'objet",
    "PrecedentIdentifiantActe": "l'identifiant de l'acte précédent",
    "ClassificationDateVersion": "la date de la classification",
    "DateClassification": "la date de la classification",
    "Document": "le document",
    "Annexes": "la liste des annexes",
    "Annexe": "l'annexe",
    "NomFichier": "le nom du fichier",
    "DocumentPapier": "l'annonce d'un complément papier",
    "IDCL": "l'identité de la collectivité",
    "Email": "l'adresse électronique",
    "Telephone": "le téléphone",
    "AdressesRetour": "les adresses de retour",
    "FormulairesEnvoyes": "la liste des formulaires envoyés",
    # budget
    "EnTeteDocBudgetaire": "l'en-tête du budget",
    "LibellePoste": "le nom du poste comptable",
    "LibelleColl": "le nom de la collectivité",
    "Scellement": "le scellement",
    "NatDec": "l'étape budgétaire",
    "NumDec": "le numéro de la décision",
    "DteDec": "la date de la décision",
    "CodTypBud": "le type de budget (principal ou annexe)",
    "Nomenclature": "la nomenclature comptable",
    "LibelleEtab": "le nom du budget",
    "LigneBudget": "la ligne de budget",
    "ContNat": "le chapitre",
    "CodRD": "le sens (recette ou dépense)",
    "MtPrev": "le montant voté",
    "MtRARPrec": "les restes à réaliser",
    "OpBudg": "le genre d'opération (réelle ou d'ordre)",
}
_ATTRIBUTES: Mapping[str, str] = {
    "Date": "la date de la décision",
    "NumeroInterne": "le numéro de l'acte",
    "CodeNatureActe": "la nature de l'acte",
    "CodeMatiere": "le code de la matière",
    "IDActe": "l'identifiant de l'acte",
    "SIREN": "le SIREN",
    "Departement": "le département",
    "Arrondissement": "l'arrondissement",
    "DateReception": "la date de réception",
    "DateCourrierPref": "la date du courrier de la préfecture",
}
_DECIMALS = frozenset({"decimal", "float", "double"})
_TYPES = {
    **dict.fromkeys(_DECIMALS, "un nombre est attendu, sans espace, avec un point décimal"),
    "integer": "un nombre entier est attendu",
    "nonNegativeInteger": "un nombre entier positif ou nul est attendu",
    "positiveInteger": "un nombre entier supérieur à zéro est attendu",
    "int": "un nombre entier est attendu",
    "date": "une date réelle est attendue, sous la forme AAAA-MM-JJ",
    "dateTime": "une date et une heure sont attendues, sous la forme AAAA-MM-JJThh:mm:ss",
    "gYear": "une année sur quatre chiffres est attendue",
    "boolean": "« 0 », « 1 », « true » ou « false » est attendu",
    "base64Binary": "un contenu codé en base64 est attendu",
    "ID": "un identifiant commence par une lettre et n'a ni espace ni signe particulier",
}
_COMMA = re.compile(r"-?\d[\d  ]*,\d+")
_FRENCH_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_AMOUNT = re.compile(r"(Mt|Tx)[A-Z]")


def complete(params: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the sentence: those of the fault, and the French words made of them."""
    element = params.get("element", "")
    named = _designation(element)
    return {
        **params,
        "designation": named,
        "Designation": named[:1].upper() + named[1:],
        "missing": _missing(params.get("attribute", "")),
        "expected_names": _one_of(params.get("expected", "")) or "un élément obligatoire",
        "instead": _instead(params.get("expected", "")),
        "subject": _subject(element, params.get("attribute", "")),
        "quoted": f"la valeur « {value} »" if (value := params.get("value")) else "une valeur vide",
        "reason": _reason(params),
    }


def _designation(element: str) -> str:
    meaning = MEANINGS.get(element)
    return f"{meaning} ({element})" if meaning else f"l'élément {element}"


def _subject(element: str, attribute: str) -> str:
    if attribute in ("", "V"):  # the PES carries every value in an attribute V
        return _designation(element)
    meaning = _ATTRIBUTES.get(attribute)
    name = f"{meaning} ({attribute})" if meaning else f"l'attribut {attribute}"
    return f"{name} de l'élément {element}"


def _missing(attribute: str) -> str:
    if attribute == "V":
        return "la valeur (attribut V), qui est obligatoire"
    return f"l'attribut {attribute}, qui est obligatoire"


def _one_of(expected: str) -> str:
    if "," in expected:
        return f"l'un des éléments {expected}"
    return _designation(expected) if expected else ""


def _instead(expected: str) -> str:
    names = _one_of(expected)
    return f" : le format attend ici {names}" if names else ""


def _reason(params: Mapping[str, str]) -> str:
    reason = _REASONS.get(params.get("constraint", ""), _type_reason)
    return reason(params)


def _type_reason(params: Mapping[str, str]) -> str:
    value, kind = params.get("value", ""), params.get("type", "")
    amount = kind in _DECIMALS or (not kind and _AMOUNT.match(params.get("element", "")))
    if amount and _COMMA.fullmatch(value):
        repaired = re.sub(r"[  ]", "", value).replace(",", ".")
        return f"écrivez un point à la place de la virgule, soit {repaired}"
    if kind == "date" and (found := _FRENCH_DATE.fullmatch(value)):
        return f"écrivez la date sous la forme AAAA-MM-JJ, soit {found[3]}-{found[2]}-{found[1]}"
    return _TYPES.get(kind, "sa forme ne convient pas")


def _enumeration_reason(params: Mapping[str, str]) -> str:
    expected = params.get("expected", "")
    if "," in expected:
        return f"les valeurs possibles sont {expected}"
    return f"la seule valeur possible est {expected}"


def _counted(limit: str, noun: str) -> str:
    """Return ``15 chiffres``, ``1 décimale``: French plural starts at two."""
    return f"{limit} {noun}" if limit in ("0", "1") else f"{limit} {noun}s"


_REASONS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "type": _type_reason,
    "enumeration": _enumeration_reason,
    "pattern": lambda p: f"elle ne suit pas le modèle prévu ({p.get('limit', '')})",
    "length": lambda p: f"il faut exactement {_counted(p.get('limit', ''), 'caractère')}",
    "min_length": lambda p: f"il faut au moins {_counted(p.get('limit', ''), 'caractère')}",
    "max_length": lambda p: f"il faut au plus {_counted(p.get('limit', ''), 'caractère')}",
    "digits": lambda p: f"il faut au plus {_counted(p.get('limit', ''), 'chiffre')}",
    "decimals": lambda p: f"il faut au plus {_counted(p.get('limit', ''), 'décimale')}",
    "minimum": lambda p: f"elle est trop petite (limite : {p.get('limit', '')})",
    "maximum": lambda p: f"elle est trop grande (limite : {p.get('limit', '')})",
}

"""French sentences of the codes ``PRV-…``: the evidence of a transmission and its verification."""

from collections.abc import Mapping

from demat.labels_fr.label import MAIRIE, TECHNICIEN, Label

__all__ = ["LABELS", "complete"]

_ANOTHER = (
    "Ne vous fiez pas à ce fichier : reprenez l'original, ou refaites la preuve avec "
    "« demat evidence »."
)
_LOOK = "Comparez avec l'original de la preuve, ou refaites-la avec « demat evidence »."

_WHY = {
    "SIG-TSA_UNREADABLE": "il est illisible",
    "SIG-TSA_SIGNER": "il ne désigne pas clairement le service qui l'a fait",
    "SIG-TSA_IMPRINT": "il porte sur autre chose, ou ce qu'il scelle a été changé",
    "SIG-TSA_USAGE": "son certificat n'est pas fait pour horodater",
    "SIG-TSA_VALUE": "il a été changé",
    "SIG-TSA_WEAK": "son procédé est trop faible",
    "SIG-UNTRUSTED": "l'autorité du service n'est pas parmi celles que vous reconnaissez",
    "SIG-NO_CRL": "aucune liste de révocation valable à sa date n'est là",
    "SIG-CHAIN_ALGORITHM": "un certificat de son autorité emploie un procédé qui n'est plus admis",
    "SIG-REVOKED": "le certificat du service était révoqué à sa date",
    "SIG-EXPIRED": "le certificat du service n'était plus valable à sa date",
    "SIG-NOT_YET_VALID": "le certificat du service n'était pas encore valable à sa date",
    "SIG-CHAIN_DATES": "un certificat de son autorité n'était pas valable à sa date",
}
"""Reasons for which a time-stamp is not accepted, in the middle of a sentence."""


def complete(params: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a sentence, the codes of its reasons put in words."""
    codes = params.get("raison", "").split()
    words = [_WHY.get(code, "son autorité ne peut pas être jugée") for code in codes]
    return {**params, "pourquoi": " ; ".join(dict.fromkeys(words)) or "raison inconnue"}


LABELS: dict[str, Label] = {
    "PRV-SIZE": Label(
        "La preuve est trop grosse pour un seul fichier ({octets} octets).",
        remedy="Demandez à votre technicien de retirer de la preuve les échanges bruts.",
        ask=TECHNICIEN,
    ),
    "PRV-NOT_SEALED": Label(
        "Rien d'extérieur ne scelle cette preuve : aucun horodatage ne porte sur son manifeste. "
        "L'empreinte du manifeste est {empreinte}.",
        remedy="Comparez cette empreinte à celle que demat a affichée et notée dans son journal "
        "quand la preuve a été faite. Pour les prochaines, configurez un service d'horodatage.",
        ask=TECHNICIEN,
    ),
    "PRV-FORMAT": Label(
        "Ce fichier n'est pas une preuve que cette version de demat sait lire ({raison}).",
        remedy="Vérifiez que c'est bien le zip écrit par « demat evidence », et que demat est à "
        "jour.",
        ask=TECHNICIEN,
    ),
    "PRV-ZIP_ENTRY": Label(
        "L'entrée « {nom} » du zip a été changée, ou son enveloppe dans le zip.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-ZIP_NAME": Label(
        "Une entrée du zip porte un nom que demat n'écrit jamais (« {nom} »).",
        remedy="N'ouvrez pas ce zip : il a été fabriqué ou changé.",
        ask=TECHNICIEN,
    ),
    "PRV-ZIP_DOUBLE": Label(
        "Deux entrées du zip portent le même nom (« {nom} »).",
        remedy=_ANOTHER,
        ask=TECHNICIEN,
    ),
    "PRV-ZIP_END": Label(
        "La fin du zip a été changée, ou quelque chose y a été ajouté.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-CHANGED": Label(
        "Le fichier « {nom} » de la preuve a été changé : son empreinte n'est plus celle du "
        "manifeste.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-CHANGED_PAIR": Label(
        "Le fichier « {nom} » de la preuve, ou « manifeste.sha256 » qui donne son empreinte, a été "
        "changé : l'un ne va plus avec l'autre.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-MISSING": Label(
        "Le fichier « {nom} » manque dans la preuve.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-ADDED": Label(
        "Le fichier « {nom} » a été ajouté à la preuve : le manifeste ne le nomme pas.",
        remedy=_ANOTHER,
        ask=MAIRIE,
    ),
    "PRV-STAMP": Label(
        "L'horodatage ({nom}) ne prouve rien : {pourquoi}.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-STAMP_DOUBT": Label(
        "L'horodatage ({nom}) n'a pas pu être entièrement vérifié : {pourquoi}.",
        remedy="Donnez avec --confiance le dossier des autorités d'horodatage que vous "
        "reconnaissez.",
        ask=TECHNICIEN,
    ),
    "PRV-STAMP_ABOUT": Label(
        "L'horodatage « {nom} » ne porte sur aucun document de la preuve.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-DOCUMENT": Label(
        "Le document « {nom} » n'est pas celui que le journal dit avoir figé.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-JOURNAL": Label(
        "L'extrait du journal ne tient pas à l'entrée {entree} : elle a été changée, retirée ou "
        "déplacée.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-JOURNAL_STAMP": Label(
        "Les entrées {entrees} du journal ne sont plus celles que l'horodatage de nuit a scellées.",
        remedy="Arrêtez tout, gardez une copie des données, puis restaurez une sauvegarde : "
        "quelqu'un a récrit le journal.",
        ask=TECHNICIEN,
    ),
    "PRV-ANCHOR": Label(
        "L'entrée {entree} du journal n'est pas sous l'horodatage auquel elle prétend se "
        "rattacher.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-RECEIPT": Label(
        "La réponse « {nom} » n'est pas de celles que le journal a notées pour cet envoi.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-RECEIPT_MISSING": Label(
        "Le journal a noté la réponse « {nom} », qui n'est pas dans la preuve.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-RECEIPT_OTHER": Label(
        "La réponse « {nom} » parle d'un autre envoi (« {trouve} » au lieu de « {attendu} »).",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-CERTIFICATE": Label(
        "Le certificat ou la liste de révocation « {nom} » n'a pas servi : illisible, ou un de "
        "trop.",
        remedy=_LOOK,
        ask=TECHNICIEN,
    ),
    "PRV-SIGNED_WHEN": Label(
        "Rien ne prouve que « {signataire} » a signé pendant que son certificat était valable : "
        "au {date}, il ne l'était plus.",
        remedy="Un horodatage fait lors de l'envoi l'aurait prouvé : configurez un service "
        "d'horodatage pour les prochains.",
        ask=TECHNICIEN,
    ),
    "PRV-SIGNED_AFTER": Label(
        "La signature de « {signataire} » se dit postérieure à l'horodatage du document signé, du "
        "{date}.",
        remedy="Faites vérifier l'heure de l'ordinateur qui a signé.",
        ask=TECHNICIEN,
    ),
}

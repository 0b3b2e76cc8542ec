"""French sentences of the supervision: codes ``SUP-…``, names of the checks and of their levels."""

from collections.abc import Mapping

from demat.labels_fr.label import PREFECTURE, TDT, TECHNICIEN, Label

__all__ = ["CHECKS", "LABELS", "LEVELS", "complete", "measured"]

LABELS: dict[str, Label] = {
    "SUP-DISK": Label(
        "Le disque des données se remplit : il reste {percent} % de sa place, soit {megabytes} Mo.",
        remedy="Libérez de la place ou agrandissez le disque : quand il sera plein, plus rien ne "
        "partira. Ne supprimez rien dans le dossier des données.",
        ask=TECHNICIEN,
    ),
    "SUP-NIGHT": Label(
        "Le dernier passage de nuit de {who} est fini depuis {hours} heures.",
        remedy="Vérifiez que « demat serve », ou la tâche planifiée qui lance « demat nightly », "
        "est en marche, puis lisez son journal.",
        ask=TECHNICIEN,
    ),
    "SUP-NIGHT_NEVER": Label(
        "Aucun passage de nuit n'est encore allé au bout pour {count} collectivité(s), dont {who}.",
        remedy="Si demat vient d'être installé, attendez la prochaine nuit ; sinon vérifiez que "
        "« demat serve » ou « demat nightly » est bien lancé.",
        ask=TECHNICIEN,
    ),
    "SUP-UNSENT": Label(
        "Un envoi de {who} attend de partir depuis {hours} heures ({count} "
        "envoi(s) en attente en tout).",
        remedy="« demat flows --state waiting » dit ce qui les retient ; « demat doctor » essaie "
        "la liaison.",
        ask=TECHNICIEN,
    ),
    "SUP-PAUSED": Label(
        "Les envois de {count} collectivité(s), dont {who}, sont en pause : leur certificat ou "
        "leur compte a été refusé.",
        remedy="« demat doctor » dit lequel et pourquoi ; renouvelez-le, les envois repartiront "
        "d'eux-mêmes.",
        ask=TECHNICIEN,
    ),
    "SUP-LINE_SHUT": Label(
        "La liaison « {line} » ne répond plus : les envois par elle sont suspendus ({count} "
        "liaison(s) dans ce cas).",
        remedy="Attendez : demat la réessaie. Si cela dure, demandez au tiers de télétransmission "
        "s'il est en maintenance.",
        ask=TDT,
    ),
    "SUP-UNKNOWN": Label(
        "Depuis {hours} heures, on ne sait pas si un envoi de {who} a été reçu ({count} en tout).",
        remedy="Ne le renvoyez pas : demandez au tiers de télétransmission s'il l'a reçu. "
        "« demat flows --state suspended » donne les numéros, « demat settle » prend la réponse.",
        ask=TDT,
    ),
    "SUP-LANDED": Label(
        "{count} envoi(s), dont un de {who}, ont été reçus sous un numéro que le "
        "tiers de télétransmission n'a pas dit : leur réponse ne peut pas être relevée.",
        remedy="Cherchez ce numéro dans l'interface du tiers de télétransmission, puis donnez-le : "
        "« demat settle N° --reference NUMÉRO » (« demat flows --state landed » les liste).",
        ask=TDT,
    ),
    "SUP-UNANSWERED_ACTES": Label(
        "Un acte de {who} attend son accusé de réception depuis {hours} heures "
        "ouvrées ({count} sans réponse en tout).",
        remedy="Demandez à la préfecture si elle l'a reçu : sans accusé, il n'est pas exécutoire.",
        ask=PREFECTURE,
    ),
    "SUP-UNANSWERED_PES": Label(
        "Un flux PES de {who} attend son acquittement depuis {hours} heures "
        "ouvrées ({count} sans réponse en tout).",
        remedy="Demandez au tiers de télétransmission s'il l'a remis à Hélios ; ne le renvoyez "
        "pas, il pourrait être payé deux fois.",
        ask=TDT,
    ),
    "SUP-CERTIFICATE": Label(
        "Le certificat {usage} de {who} finit le {date}, dans {days} jour(s).",
        remedy="Commandez son remplaçant maintenant : il faut souvent trois semaines.",
        ask=TECHNICIEN,
    ),
    "SUP-CERTIFICATE_ENDED": Label(
        "Le certificat {usage} de {who} a pris fin le {date}.",
        remedy="Remplacez-le : rien ne peut plus se faire avec lui.",
        ask=TECHNICIEN,
    ),
    "SUP-LIST_STALE": Label(
        "Une liste de révocation de {who} n'est plus valable depuis le {date} : "
        "les signatures des autres restent sans verdict.",
        remedy="« demat doctor --rafraichir » dit laquelle et pourquoi elle n'a pas été "
        "renouvelée.",
        ask=TECHNICIEN,
    ),
    "SUP-LIST_NONE": Label(
        "{count} liste(s) de révocation de {who} n'ont jamais pu être obtenues.",
        remedy="« demat doctor --rafraichir » dit lesquelles et pourquoi.",
        ask=TECHNICIEN,
    ),
    "SUP-SILENT": Label(
        "L'état de demat n'a pas pu être relevé en {seconds} secondes : la base de données ou le "
        "disque est occupé, ou ne répond plus.",
        remedy="Regardez de nouveau dans une minute. Si cela dure, vérifiez le disque et le "
        "serveur de base de données, puis redémarrez le service.",
        ask=TECHNICIEN,
    ),
}

CHECKS: dict[str, str] = {
    "database": "Base de données",
    "disk": "Place sur le disque",
    "documents": "Documents conservés",
    "journal": "Fin du journal",
    "night": "Passage de nuit",
    "unsent": "Envois en attente",
    "paused": "Collectivités en pause",
    "lines": "Liaisons avec les tiers de télétransmission",
    "unknown": "Envois à l'issue inconnue",
    "landed": "Envois reçus sous un numéro inconnu",
    "unanswered_actes": "Actes sans accusé de réception",
    "unanswered_pes": "Flux PES sans acquittement",
    "certificates": "Certificats",
    "revocation_lists": "Listes de révocation",
    "answer": "Relevé de l'état",
    "installation": "Installation",
}
"""What a person reads for each check."""

LEVELS: dict[str, str] = {"good": "en ordre", "watch": "à surveiller", "down": "en panne"}
"""What a person reads for each ``Level``."""

_USES = {"line": "de télétransmission", "signature": "de signature"}
_UNITS = {"hours": "h", "days": "j", "percent": "%", "flows": "envoi(s)"}


def complete(params: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a fault, with the use of a certificate in words."""
    return {**params, "usage": _USES.get(params.get("use", ""), "")}


def measured(value: float | None, unit: str) -> str:
    """Return a value and its unit, as a person writes them; empty when nothing was measured."""
    if value is None:
        return ""
    digits = f"{value:.1f}".removesuffix(".0").replace(".", ",")
    return f"{digits} {_UNITS.get(unit, unit)}".strip()

"""The French words for states, answers and events, as the commands show them."""

from typing import TYPE_CHECKING

from demat.labels_fr.queue import DELIVERY_STATES as DELIVERY_FR
from demat.labels_fr.queue import DEPOSIT_STATES as DEPOSIT_FR

if TYPE_CHECKING:
    from demat.queue.views import DepositView, JournalView, TransmissionView

__all__ = [
    "DELIVERY_FR",
    "DEPOSIT_FR",
    "ETAT_FR",
    "FLUX_FR",
    "KIND_FR",
    "RECEIPT_FR",
    "VERDICT_ACK_FR",
    "VERDICT_FR",
    "deposit_fr",
    "event_fr",
    "plural",
    "state_fr",
    "subject",
]

ETAT_FR = {
    "prepare": "remis, sans réponse",
    "genere": "remis, sans réponse",
    "transmis": "transmis",
    "acquitte": "acquitté",
    "acquitte_partiel": "accepté en partie",
    "en_anomalie": "rejeté par la préfecture",
    "refuse": "refusé par le comptable",
    "annulation_demandee": "annulation demandée",
    "annule": "annulé",
}
FLUX_FR = {"ACTES": "acte", "HELIOS": "PES"}
KIND_FR = {
    "titres": "titres de recette",
    "mandats": "mandats de dépense",
    "seance": "actes d'une séance",
    "pdf": "actes en PDF, sans données",
    "enveloppe": "enveloppe d'actes toute prête",
    "acte": "acte",
    "budget": "budget",
    "pes": "PES d'un logiciel comptable",
    "reponses": "réponses de l'État",
    "reponse": "réponse à la préfecture",
    "annulation": "annulation d'un acte",
    "accuse_courrier": "accusé de réception d'un courrier",
}
RECEIPT_FR = {
    "ARActe": "accusé de réception de la préfecture",
    "ARAnnulation": "accusé d'annulation de la préfecture",
    "AnomalieActe": "anomalie signalée par la préfecture",
    "AnomalieEnveloppe": "anomalie d'enveloppe signalée par la préfecture",
    "ARReponse": "accusé de votre réponse par la préfecture",
    "PES_ACQUIT": "acquittement du comptable (PES_ACQUIT)",
    "error": "erreur du tiers de télétransmission",
}
VERDICT_ACK_FR = {
    "integre": "intégré par Hélios",
    "refuse": "non intégré par Hélios",
    "sans_reponse": "sans réponse",
}
VERDICT_FR = {"accepted": "conforme", "refused": "non conforme", "undecided": "indécis"}
_EVENT_FR = {
    "stamped": "horodaté",
    "evidence": "preuve établie",
    "issued": "préparé par demat",
    "courrier": "courrier de la préfecture",
    "publicite": "publicité notée",
    "cancellation_asked": "annulation demandée",
    "cancellation_refused": "annulation refusée : l'accusé de réception tient",
    "handed_over": "remis à la préfecture",
    "received": "déposé",
    "drafted": "lu",
    "checked": "contrôlé",
    "awaiting_signature": "mis en attente de signature",
    "signed": "signé",
    "key_unusable": "clé de signature inutilisable",
    "signing_refused": "signature non faite",
    "clock_verified": "horloge vérifiée par une personne",
    "returned": "rendu pour correction",
    "packed": "figé, mis dans la file d'envoi",
    "claimed": "envoi commencé",
    "deposited": "remis au tiers de télétransmission",
    "postponed": "envoi remis à plus tard",
    "suspended": "issue inconnue",
    "refused": "refusé par le tiers de télétransmission",
    "abandoned": "abandonné",
    "lease_expired": "envoi interrompu, issue inconnue",
    "restored": "données restaurées : il a pu partir depuis la sauvegarde",
    "resolved_landed": "vérifié : il était bien arrivé",
    "resolved_not_landed": "vérifié : il n'était pas arrivé",
    "resolved_refused": "vérifié : il avait été refusé",
    "remote_code": "état relevé chez le tiers de télétransmission",
    "receipt": "réponse enregistrée",
    "keys_released": "numéros rendus disponibles",
    "store_moving": "données en cours de déplacement vers une autre base",
    "store_reopened": "déplacement des données abandonné",
    "published": "mis en ligne",
    "withdrawn": "retiré du site",
    "answer_unbound": "réponse reçue qui concerne autre chose",
    "retour": "retour du comptable enregistré",
    "sheet_laid": "fiche remise dans « a-corriger »",
    "landed": "arrivé, mais sous un numéro inconnu : une personne doit le retrouver",
    "landed_unidentified": "arrivé, mais sous un numéro inconnu : une personne doit le retrouver",
    "offered_again": "pas retrouvé : proposé de nouveau, à l'identique, pour savoir",
    "doubted": "une personne doit dire s'il est arrivé",
    "reconcile_failed": "vérification sans résultat",
    "reconcile_refused": "vérification sans résultat",
}


def deposit_fr(deposit: "DepositView") -> str:
    """Say in a few words where a deposit is; answers that were handed in are not sent."""
    if deposit.kind == "reponses" and deposit.state == "packed":
        return "enregistré, rien à envoyer"
    if deposit.state == "returned" and "INT-TO_CONFIRM" in deposit.faults.codes:
        return "attend votre confirmation, dans « a-corriger »"
    return DEPOSIT_FR[deposit.state]


def state_fr(flow: "TransmissionView") -> str:
    """Say in a few words where a transmission is."""
    words = DELIVERY_FR[flow.delivery]
    if flow.delivery == "deposited":
        words = ETAT_FR.get(flow.etat, flow.etat)
    if flow.superseded_by:
        return f"{words} (remplacé par {flow.superseded_by})"
    return f"{words} (remplace {flow.supersedes})" if flow.supersedes else words


def subject(flow: "TransmissionView") -> str:
    """Return what a transmission is about: the objet of an acte, the budget of a PES."""
    return str(flow.facts.get("objet") or flow.facts.get("libelle") or "")


def event_fr(entry: "JournalView") -> str:
    """Say in a few words what happened."""
    words = _EVENT_FR.get(entry.action, entry.action)
    if entry.action == "receipt":
        return f"{words} : {ETAT_FR.get(entry.after, entry.after)}"
    if entry.action == "remote_code":
        return f"{words} : {entry.detail.get('code', '')}"
    return words


def plural(count: int, word: str) -> str:
    """Count things; zero and one are singular in French."""
    return f"{count} {word}" if count < 2 else f"{count} {word}s"

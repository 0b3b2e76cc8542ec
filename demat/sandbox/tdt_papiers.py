"""What the TdT makes for people: its bordereau, stamped copies, words on the connection, the page
where an agent confirms (connectors dossier §1.2.1, §1.4.8, §1.4.9, §1.5)."""

import re
from datetime import date, datetime
from urllib.parse import quote

from demat.clock import paris_date
from demat.sandbox import pipeline
from demat.sandbox.answers import Refusal, Request, Response, attachment, json_answer, ok, redirect
from demat.sandbox.pdfout import letter_pdf
from demat.sandbox.records import NATURES, Depot, Kind, StoredFile, Transaction
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World

__all__ = ["bordereau", "confirm", "info", "rgs", "stamped", "status_labels"]

_LABELS = {
    "-1": "Erreur",
    "0": "Annulé",
    "1": "Posté",
    "2": "En attente de transmission",
    "3": "Transmis",
    "4": "Acquittement reçu",
    "5": "Validé",
    "6": "Refusé",
    "7": "Document reçu",
    "8": "Acquittement envoyé",
    "9": "Document envoyé",
    "10": "Refus d'envoi",
    "11": "Acquittement de document reçu",
    "12": "Envoyé au SAE",
    "13": "Archivé par le SAE",
    "14": "Erreur lors de l'archivage",
    "15": "Reçu par le SAE",
    "16": "Détruite",
    "17": "En attente d'être postée",
    "18": "En attente d'être signée",
    "19": "En attente de transmission au SAE",
    "20": "Erreur lors de l'envoi au SAE",
    "21": "Document reçu (pas d'AR)",
    "22": "Document indisponible pour l'envoi au SAE",
}


def rgs(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Tell whether the connection is of RGS grade."""
    if not world.scenario.rgs:
        raise Refusal("Le certificat n'est pas RGS")
    return ok("Le certificat est RGS")


def info(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Tell which account the connection opens."""
    return ok(f"login : {compte.login}", f"siren : {compte.siren}")


def status_labels(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the name of every status."""
    return json_answer(_LABELS)


def bordereau(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the bordereau d'acquittement of an act that has its AR."""
    act, depot = _acknowledged(world, request.parameter("trans_id"), compte)
    paragraphs = [
        "Bordereau d'acquittement",
        f"Collectivité : {depot.autorite.siren}",
        f"Identifiant unique : {depot.id_acte}",
        f"Nature : {NATURES[depot.nature][1]}",
        f"Objet : {depot.subject}",
        *(f"{step.at:%Y-%m-%d} : {step.message}" for step in act.history),
    ]
    name = f"bordereau-{depot.number}.pdf"
    return attachment(letter_pdf(paragraphs), name, "application/pdf")


def _acknowledged(world: World, id: str, compte: Compte) -> tuple[Transaction, Depot]:
    act = world.transactions.get(int(id)) if re.fullmatch(r"[0-9]{1,12}", id) else None
    if act is None or act.siren != compte.siren or act.depot is None or not act.answer():
        raise Refusal("Pas d'acquittement recu")
    return act, act.depot


def stamped(act: Transaction, file: StoredFile, request: Request) -> Response:
    """Return a PDF with the stamp of its transmission; the bytes before the stamp are untouched.

    :raises Refusal: it is no PDF, or the act has no AR.
    """
    if file.mime_type != "application/pdf" or act.depot is None or not act.answer():
        raise Refusal("Le tampon n'est pas disponible")
    received = next(step.at for step in act.history if step.status == 4)
    words = [
        f"Envoyé en préfecture le {paris_date(act.submitted_at)}",
        f"Reçu en préfecture le {paris_date(received)}",
        f"ID : {act.depot.id_acte}",
    ]
    shown = request.parameter("date_affichage")
    if shown:
        words.insert(2, f"Publié le {_day(shown)}")
    stamp = "".join(f"% {line}\n" for line in words).encode("iso-8859-1", "replace")
    return attachment(file.content + b"\n" + stamp + b"%%EOF\n", file.name, file.mime_type)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("La date d'affichage n'est pas correcte") from error


def confirm(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Post an act that waited for an agent, then send the browser back with what became of it."""
    try:
        message = _confirm(world, request.parameter("id"), compte, now)
        error = "0"
    except Refusal as refusal:
        error, message = "1", str(refusal)
    back = request.parameter("url_return")
    if not back:
        raise Refusal(message)
    said = back.replace("%%ERROR%%", error).replace("%%MESSAGE%%", quote(message))
    return redirect(said)


def _confirm(world: World, id: str, compte: Compte, now: datetime) -> str:
    act = world.transactions.get(int(id)) if re.fullmatch(r"[0-9]{1,12}", id) else None
    if act is None or act.siren != compte.siren or act.kind is not Kind.ACTE:
        raise Refusal("Numéro de transaction invalide")
    if act.status != 17:
        raise Refusal("La transaction n'est pas en attente d'être postée")
    if not world.scenario.rgs:
        raise Refusal("La télétransmission d'un acte nécessite un certificat RGS")
    pipeline.retransmit(world, act.id, now)
    return "La transaction a été postée"

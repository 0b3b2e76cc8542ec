"""The HELIOS scripts of the TdT, with the quirks of their small XML (connectors dossier §1.9)."""

import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta

from demat.clock import PARIS
from demat.sandbox import pipeline
from demat.sandbox.answers import Refusal, Request, Response, attachment, small_xml
from demat.sandbox.records import PesRetour, PesTransaction, Step
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World

__all__ = ["change_status", "download_acquit", "get_list", "get_retour", "get_status", "import_pes"]

_XML = "text/xml"


def import_pes(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Take a PES, or say why not, in XML either way."""
    try:
        transaction = _import(world, request, compte, now)
    except Refusal as refusal:
        body = small_xml("import", encoding="UTF-8", id="", resultat="KO", message=str(refusal))
    else:
        body = small_xml(
            "import",
            encoding="UTF-8",
            id=str(transaction.id),
            resultat="OK",
            message="Import du fichier réussi",
        )
    return attachment(body, "import.xml", _XML)


def _import(world: World, request: Request, compte: Compte, now: datetime) -> PesTransaction:
    if not world.scenario.rgs:
        raise Refusal("Le certificat n'est pas RGS : la télétransmission est impossible")
    upload = request.form.upload("enveloppe")
    if upload is None:
        raise Refusal("Aucune enveloppe trouvée")
    if not upload.content:
        raise Refusal("Le fichier est vide (0 octet)")
    if len(upload.content) > world.scenario.max_files_bytes:
        raise Refusal("La taille du fichier est supérieure à la limite autorisée")
    sha1 = hashlib.sha1(upload.content, usedforsecurity=False).hexdigest()
    if sha1 in world.pes_contents:
        raise Refusal(f"Fichier {upload.name} : doublon détecté, ce contenu a déjà été transmis")
    signed = request.form.text("must_signed") == "1"
    status, message = (13, "En attente de signature") if signed else (1, "Posté")
    transaction = PesTransaction(
        id=world.new_id(),
        siren=compte.siren,
        posted_name=upload.name,
        content=upload.content,
        sha1=sha1,
        history=(Step(status=status, message=message, at=now),),
    )
    world.pes[transaction.id] = transaction
    world.pes_contents.add(sha1)
    if not signed:
        pipeline.post_pes(world, transaction.id, now)
    return transaction


def _owned(world: World, id: str, compte: Compte) -> PesTransaction:
    if not id:
        raise Refusal("Pas de numéro de transaction")
    transaction = world.pes.get(int(id)) if re.fullmatch(r"[0-9]{1,12}", id) else None
    if transaction is None:
        raise Refusal("Numéro de transaction invalide")
    if transaction.siren != compte.siren:
        raise Refusal("Accès refusé")
    return transaction


def get_status(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the status shown, masked to 3 while the acquit cannot be served."""
    id = request.parameter("transaction")
    try:
        transaction = _owned(world, id, compte)
    except Refusal as refusal:
        parts = {"id": id, "resultat": "KO", "message": str(refusal), "status": ""}
    else:
        shown = transaction.shown_status(now)
        message = transaction.history[-1].message if shown == transaction.status else ""
        parts = {"id": id, "resultat": "OK", "message": message, "status": str(shown)}
    body = small_xml("transaction", stray=" ", **parts)
    return Response(body=body, content_type=f"{_XML}; charset=ISO-8859-1")


def download_acquit(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the PES_ACQUIT."""
    transaction = _owned(world, request.parameter("id"), compte)
    if not transaction.served(now):
        raise Refusal("Le fichier PES_ACQUIT n'est pas disponible")
    return attachment(transaction.acquit, transaction.acquit_name, _XML)


def get_list(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the unread PES_Retour; ``resultat`` stays empty on success."""
    unread = [r for r in world.retours.values() if r.siren == compte.siren and r.unread]
    head = small_xml(
        "liste", idColl=compte.siren, resultat="", message="", dateDemande=_twelve_hours(world, now)
    )
    lines = b"".join(
        _without_declaration(
            small_xml("pes_retour", id=str(r.id), nom=r.name, date=_twelve_hours(world, r.at))
        )
        for r in unread
    )
    body = head.replace(b"</liste>", lines + b"</liste>")
    return Response(body=body, content_type=f"{_XML}; charset=ISO-8859-1")


def _without_declaration(document: bytes) -> bytes:
    return document.partition(b"?>\n")[2].strip()


def _twelve_hours(world: World, instant: datetime) -> str:
    shown = instant + timedelta(minutes=world.scenario.skew_minutes)
    return shown.astimezone(PARIS).strftime("%Y-%m-%d %I:%M:%S")


def _retour(world: World, request: Request, compte: Compte) -> PesRetour | None:
    id = request.parameter("id")
    retour = world.retours.get(int(id)) if re.fullmatch(r"[0-9]{1,12}", id) else None
    return retour if retour is not None and retour.siren == compte.siren else None


def get_retour(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return one PES_Retour."""
    retour = _retour(world, request, compte)
    if retour is not None:
        return attachment(retour.content, retour.name, _XML)
    body = small_xml(
        "get_retour",
        id=request.parameter("id"),
        resultat="KO",
        message="PES_Retour introuvable",
    )
    return Response(body=body, content_type=_XML)


def change_status(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Mark one PES_Retour as read."""
    retour = _retour(world, request, compte)
    if retour is not None:
        world.retours[retour.id] = replace(retour, unread=False)
    body = small_xml(
        "transaction",
        idRetour=request.parameter("id"),
        resultat="KO" if retour is None else "OK",
        message="PES_Retour introuvable" if retour is None else "",
    )
    return Response(body=body, content_type=_XML)

"""What the messages of the ministry do to the transactions of the TdT (connectors dossier §1.8)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from demat.clock import paris_date
from demat.sandbox import courriers, plis
from demat.sandbox.actesxml import INSEE, NS
from demat.sandbox.boite import Retour, read_mail
from demat.sandbox.courriel import Courriel
from demat.sandbox.depart import later
from demat.sandbox.journal import Entry
from demat.sandbox.records import Kind, StoredFile, Transaction
from demat.sandbox.world import World
from demat.xmlio import Element, parse_untrusted

__all__ = ["receive_mail"]

_ARCHIVED: tuple[tuple[int, str], ...] = (
    (19, "En attente de transmission au SAE"),
    (12, "Envoyé"),
    (15, "Reçu"),
    (13, "Archivé"),
)
_ON_THE_WAY = (2, 3)
"""Statuses of what the ministry may answer: 2 when its own answer to the sending was lost."""
_BODY = "message_body.html"
_LETTERS = {
    "CourrierSimple": Kind.COURRIER_SIMPLE,
    "DemandePieceComplementaire": Kind.DEMANDE_PIECES,
    "LettreObservations": Kind.LETTRE_OBSERVATIONS,
    "DefereTA": Kind.DEFERE,
}
_RECEIPTS = {
    "ARPieceComplementaire": Kind.DEMANDE_PIECES,
    "ARReponseRejetLettreObservations": Kind.LETTRE_OBSERVATIONS,
}


def receive_mail(world: World, mail: Entry) -> None:
    """Take what a mail brings; a mail that brings nothing is only kept."""
    found = 0
    for retour in read_mail(mail.body):
        about = _apply(world, retour, mail.at)
        if about is None:
            world.error_basket.append(retour.xml)
        else:
            found = about
    world.mails.append(
        Courriel(
            id=int(mail.head["id"]),
            at=mail.at,
            subject=mail.head["subject"],
            names=tuple(json.loads(mail.head["names"])),
            content=mail.body,
            transaction=found,
        )
    )


def _apply(world: World, retour: Retour, at: datetime) -> int | None:
    """Apply one message; return the exchange it is about, none when it cannot be applied."""
    if retour.is_refusal:
        return _refused(world, retour, at)
    if retour.name in _LETTERS:
        return _letter(world, retour, at)
    if retour.name in _RECEIPTS:
        return _receipt(world, retour, at)
    steps: dict[str, Callable[[World, Retour, datetime], int | None]] = {
        "ARActe": _ar,
        "AnomalieActe": _anomaly,
        "ARAnnulation": _cancelled,
        "RetourClassification": _classified,
        "ReponseClassificationSansChangement": _classified,
    }
    return steps[retour.name](world, retour, at) if retour.name in steps else None


def _text(node: Element, name: str) -> str:
    return str(node.get(f"{{{NS}}}{name}", ""))


def _siren(retour: Retour) -> str:
    """Return the receiver that the envelope names."""
    envelope = parse_untrusted(retour.files[0].content)
    nodes = envelope.iter(f"{{{NS}}}Destinataire")
    return next((str(node.get(f"{{{INSEE}}}SIREN", "")) for node in nodes), "")


def _act(world: World, retour: Retour) -> Transaction | None:
    """Return the act that a message is about: by SIREN and numéro interne, last submitted first."""
    parts = _text(retour.root, "IDActe").split("-")
    if len(parts) == 5:
        return world.act_by_number(parts[1], parts[3])
    nodes = retour.root.iter(f"{{{NS}}}ActeRecu")
    number = next((_text(node, "NumeroInterne") for node in nodes), "")
    return world.act_by_number(_siren(retour), number)


def _ar(world: World, retour: Retour, at: datetime) -> int | None:
    act = _act(world, retour)
    if act is None or act.status not in (*_ON_THE_WAY, 4, -1):
        return None
    world.move(act.id, 4, f"Acquittement reçu le {paris_date(at)}", at, retour.xml)
    depot = act.depot
    regle = world.scenario.regle_acte(depot.number) if depot else None
    if regle is not None and regle.archive_minutes is not None:
        steps = _ARCHIVED
        if regle.archive_failure:
            steps = (*_ARCHIVED[:1], (regle.archive_failure, "Échec de l'archivage"))
        later(world, at, regle.archive_minutes, partial(_archive, world, act.id, 4, steps))
    return act.id


def _archive(
    world: World, id: int, before: int, steps: tuple[tuple[int, str], ...], at: datetime
) -> None:
    """Take an act one step further to the SAE, unless something else became of it."""
    if world.transactions[id].status != before:
        return
    (status, message), *left = steps
    world.move(id, status, message, at)
    if left:
        again = partial(_archive, world, id, status, tuple(left))
        later(world, at, world.scenario.delays.archive, again)


def _words(root: Element) -> str:
    nature = root.findtext(f"{{{NS}}}Nature") or ""
    return f"Anomalie reçue : nature {nature}, {root.findtext(f'{{{NS}}}Detail') or ''}"


def _anomaly(world: World, retour: Retour, at: datetime) -> int | None:
    act = _act(world, retour)
    # an anomaly on an act that is no longer « transmis » is left to an administrator (§1.8)
    if act is None or act.status not in _ON_THE_WAY:
        return None
    world.move(act.id, -1, _words(retour.root), at, retour.xml)
    return act.id


def _refused(world: World, retour: Retour, at: datetime) -> int | None:
    """Close everything that left in the refused archive and still waits."""
    struck = [found for found in world.in_envelope(retour.refused) if found.status in _ON_THE_WAY]
    for found in struck:
        world.move(found.id, -1, _words(retour.root), at, retour.xml)
    return struck[0].id if struck else None


def _cancelled(world: World, retour: Retour, at: datetime) -> int | None:
    act = _act(world, retour)
    if act is None:
        return None
    for found in world.related_to(act.id):
        if found.kind is Kind.ANNULATION and found.status in _ON_THE_WAY:
            day = paris_date(at)
            world.move(found.id, 4, f"Acquittement reçu le {day}", at, retour.xml)
            world.move(act.id, 0, "Annulé", at)
            return found.id
    return None


def _classified(world: World, retour: Retour, at: datetime) -> int | None:
    siren = _siren(retour)
    waiting = (
        found
        for found in world.transactions.values()
        if found.kind is Kind.CLASSIFICATION and found.siren == siren and found.status != 4
    )
    request = next(waiting, None)
    if request is None:
        return None
    message = "Classification sans changement"
    if retour.name == "RetourClassification":
        message = "Nouvelle classification reçue"
        world.hold_classification(retour.xml)
    world.move(request.id, 4, message, at, retour.xml)
    return request.id


def _filed(world: World, retour: Retour) -> tuple[StoredFile, ...]:
    """Return the files of a mail as the TdT keeps them, each with an identifier."""
    files = retour.files
    if world.scenario.mail_body_in_archives:
        page = plis.xml_file(_BODY, retour.page)
        files = (*files, replace(page, mime_type="text/html"))
    return tuple(replace(file, id=world.new_id()) for file in files)


def _letter(world: World, retour: Retour, at: datetime) -> int | None:
    act = _act(world, retour)
    if act is None:
        return None
    day = _text(retour.root, "DateCourrierPref") or (
        retour.root.findtext(f"{{{NS}}}DateDepot") or ""
    )
    text = "".join(
        retour.root.findtext(f"{{{NS}}}{name}") or ""
        for name in ("DescriptionPieces", "Motif", "NatureIllegalite")
    )
    pli = plis.packed_mail(world, _filed(world, retour))
    lettre = courriers.Lettre(
        kind=_LETTERS[retour.name], day=date.fromisoformat(day), text=text, pli=pli
    )
    return courriers.receive(world, act, lettre, at).id


def _receipt(world: World, retour: Retour, at: datetime) -> int | None:
    """Acknowledge the reply to the letter of that kind and date."""
    kind = _RECEIPTS[retour.name]
    infos = next(retour.root.iter(f"{{{NS}}}InfosCourrierPref"), None)
    if infos is None:
        return None
    parts = _text(infos, "IDActe").split("-")
    act = world.act_by_number(parts[1], parts[3]) if len(parts) == 5 else None
    letters = [
        found
        for found in (world.related_to(act.id) if act else ())
        if found.kind is kind
        and found.courrier is not None
        and found.courrier.day.isoformat() == _text(infos, "DateCourrierPref")
    ]
    replies = [reply for letter in letters for reply in world.related_to(letter.id)]
    waiting = [reply for reply in replies if reply.status in _ON_THE_WAY]
    answered = [reply for reply in replies if reply.status == 4]
    reply = next(iter((*waiting, *answered[-1:])), None)
    if reply is None or reply.related is None:
        return None
    day = paris_date(at)
    world.move(reply.id, 4, f"Acquittement reçu le {day}", at, retour.xml)
    world.move(reply.related, 11, f"Réponse acquittée le {day}", at)
    return reply.id

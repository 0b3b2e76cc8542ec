"""The scripts of the TdT about the letters of the préfecture (connectors dossier §1.6)."""

import re
from datetime import datetime

from demat.sandbox import courriers, outbound, plis
from demat.sandbox.acte_form import check_type, file_type, store
from demat.sandbox.answers import Refusal, Request, Response, json_answer, ok, one_line, redirect
from demat.sandbox.multipart import Form, Upload
from demat.sandbox.records import LETTERS, Courrier, Depot, Kind, Step, StoredFile, Transaction
from demat.sandbox.scenario import Compte
from demat.sandbox.tdt_actes import owned
from demat.sandbox.world import World

__all__ = ["get_document", "list_letters", "mark_as_read", "reply"]

_PDF = "application/pdf"


def list_letters(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the unread letters of the préfecture."""
    return json_answer(
        [
            _letter_line(world, transaction)
            for transaction in world.transactions.values()
            if transaction.siren == compte.siren and transaction.unread
        ]
    )


def _letter_line(world: World, letter: Transaction) -> dict[str, str]:
    act = world.act_of(letter)
    return {
        "id": str(letter.id),
        "type": letter.kind.value,
        "related_transaction_id": str(act.id),
        "number": act.depot.number if act.depot else "",
        "unique_id": act.depot.id_acte if act.depot else "",
        "last_status_id": str(letter.status),
    }


def mark_as_read(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Take a letter off the list; says ok even for an unknown one."""
    id = request.parameter("transaction_id")
    if re.fullmatch(r"[0-9]{1,12}", id):
        world.mark_read(int(id))
    return json_answer({"result": "ok"})


def get_document(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """List what is about an act, or send to the archive of any other exchange.

    A letter that was replied to shows through its replies: their status and identifier, with the
    type of the letter. The address of the archive is relative to this script.
    """
    transaction = owned(world, request.parameter("id"), compte)
    if transaction.kind is Kind.ACTE:
        lines = [_related_line(found) for found in _related(world, transaction.id)]
        return Response(body="".join(lines).encode("ascii"))
    envelope = transaction.pli.id if transaction.pli else ""
    return redirect(f"actes_download_file.php?env={envelope}")


def _related(world: World, act: int) -> list[Transaction]:
    found: list[Transaction] = []
    for exchange in world.related_to(act):
        found += world.related_to(exchange.id) or [exchange]
    return found


def _related_line(transaction: Transaction) -> str:
    return f"{transaction.kind.value}-{transaction.status}-{transaction.id}\n"


def reply(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Take a reply to a letter; a second one is taken as well (§1.6.1)."""
    form = request.form
    letter = owned(world, form.text("id"), compte)
    if letter.kind not in LETTERS or letter.courrier is None or letter.courrier.reply:
        raise Refusal("Cette transaction n'est pas un courrier de la préfecture")
    message = _message(letter.kind, form.text("type_envoie"))
    depot = world.act_of(letter).depot
    if depot is None:
        raise Refusal("Transaction inconnue")
    documents = _documents(world, form, depot, message)
    names = [document.name for document in documents]
    contents = plis.Contents(
        autorite=depot.autorite,
        name=plis.file_name(depot, message.code, 0),
        message=outbound.courrier(message.root, depot.id_acte, letter.courrier.day, names),
        documents=documents,
    )
    posted = world.open(
        letter.kind,
        letter.siren,
        Step(status=1, message="Réponse postée", at=now),
        related=letter.id,
        pli=plis.to_ministry(world, contents, now),
        courrier=Courrier(day=letter.courrier.day, reply=True),
    )
    courriers.post_reply(world, posted, now)
    if request.parameter("api"):
        return one_line(f"OK : id généré : {posted.id}")
    return ok(str(posted.id))


def _message(kind: Kind, type_envoie: str) -> outbound.Message:
    if kind is Kind.DEFERE:
        raise Refusal("Un déféré n'admet pas de réponse")
    if kind is Kind.COURRIER_SIMPLE:
        return outbound.REPLIES[kind]
    if type_envoie not in ("3", "4"):
        raise Refusal("Le type d'envoi n'est pas correct (3 pour un refus, 4 pour une réponse)")
    return (outbound.REFUSALS if type_envoie == "3" else outbound.REPLIES)[kind]


def _documents(
    world: World, form: Form, depot: Depot, message: outbound.Message
) -> tuple[StoredFile, ...]:
    answer = form.upload("acte_pdf_file")
    attachments = form.uploads.get("acte_attachments[]", [])
    if answer is None or not answer.content:
        raise Refusal("Aucun fichier de réponse n'a été transmis")
    if attachments and message != outbound.REPLIES[Kind.DEMANDE_PIECES]:
        raise Refusal("Seul un envoi de pièces complémentaires admet plusieurs fichiers")
    uploads = [answer, *attachments]
    types = [form.text("type_acte"), *form.texts.get("type_pj[]", [])]
    types += [""] * (len(uploads) - len(types))
    for upload, code in zip(uploads, types, strict=False):
        check_type(upload, code, None)
    mimes = [_answer_type(answer), *(file_type(upload) for upload in attachments)]
    stem = f"{depot.id_acte}-{message.code}"
    return tuple(store(world, stem, uploads, types, mimes))


def _answer_type(answer: Upload) -> str:
    mime = file_type(answer)
    if mime != _PDF:
        raise Refusal(f"Le fichier {answer.name} n'est pas un PDF (type détecté : {mime})")
    return mime

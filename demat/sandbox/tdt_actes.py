"""The ACTES scripts of the TdT (connectors dossier §1.4–§1.6)."""

import re
from datetime import date, datetime, timedelta

from demat.clock import paris_date
from demat.sandbox import pipeline, plis, tdt_papiers
from demat.sandbox.acte_form import initial_status, read_acte_form
from demat.sandbox.answers import (
    Refusal,
    Request,
    Response,
    attachment,
    json_answer,
    ok,
    redirect,
)
from demat.sandbox.records import NATURES, Kind, Step, StoredFile, Transaction
from demat.sandbox.scenario import Compte
from demat.sandbox.world import World

__all__ = [
    "cancel",
    "classification_fetch",
    "classification_request",
    "create",
    "download_file",
    "get_ar",
    "get_files_list",
    "get_status",
    "get_tampon",
    "list_actes",
    "number_actes",
    "owned",
]

_PAGE = 100
_UNIQUE_ID = re.compile(r"^(?P<acte>.+?)(?P<message>-\d-\d(_\d+)?(\.xml)?)?$")


def create(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Take an act."""
    status = initial_status(request.form, compte, rgs=world.scenario.rgs)
    autorite = world.scenario.autorite(compte.siren)
    depot = read_acte_form(request.form, autorite, world, now)
    message = {1: "Posté", 17: "En attente d'être postée", 18: "En attente d'être signée"}[status]
    step = Step(status=status, message=message, at=now)
    first, documents = depot.files[0], depot.files[1:]
    contents = plis.Contents(
        autorite=autorite, name=first.name, message=first.content, documents=documents
    )
    pli = plis.to_ministry(world, contents, now)
    transaction = world.open(Kind.ACTE, compte.siren, step, depot=depot, pli=pli)
    if status == 1:
        pipeline.post_acte(world, transaction.id, now)
    return ok(str(transaction.id), "")


def classification_fetch(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the classification that the TdT holds."""
    if not world.classification:
        raise Refusal("Impossible de récupérer la dernière classification de la collectivité")
    return attachment(world.classification, "classification.xml", "text/xml; charset=ISO-8859-1")


def classification_request(
    world: World, request: Request, compte: Compte, now: datetime
) -> Response:
    """Ask the ministry for the classification, once a day."""
    last = world.classification_requests.get(compte.siren)
    if last is not None and now - last < timedelta(days=1):
        raise Refusal("La dernière demande de classification date de moins d'un jour")
    world.classification_requests[compte.siren] = now
    return ok(str(pipeline.request_classification(world, compte.siren, now).id))


def get_status(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the status of a transaction, and what came back with it."""
    unique_id = request.parameter("unique_id")
    if unique_id:
        transaction = _by_unique_id(world, unique_id, compte)
    else:
        transaction = owned(world, request.parameter("transaction"), compte)
    head = ok(str(transaction.status))
    return Response(body=head.body + _tail(transaction), content_type=head.content_type)


def _tail(transaction: Transaction) -> bytes:
    if transaction.status == 4:
        return transaction.answer()
    if transaction.status == -1:
        last = transaction.history[-1]
        return last.xml + last.message.encode("iso-8859-1", "replace")  # glued, as the real one
    return b""


def _by_unique_id(world: World, unique_id: str, compte: Compte) -> Transaction:
    found = _UNIQUE_ID.match(unique_id)
    wanted = found.group("acte") if found else unique_id
    by_file = bool(found and found.group("message"))
    for number in wanted.split("-")[3:4]:
        transaction = world.act_by_number(compte.siren, number)
        depot = transaction.depot if transaction else None
        if transaction is None or depot is None or depot.id_acte != wanted:
            continue
        # the IDActe itself is only known to the TdT once the ministry has confirmed it
        if by_file or transaction.answer():
            return transaction
    raise Refusal("Numéro de transaction invalide")


def owned(world: World, id: str, compte: Compte) -> Transaction:
    """Return a transaction of the account's authority.

    :raises Refusal: unknown, or of another authority.
    """
    transaction = world.transactions.get(int(id)) if re.fullmatch(r"[0-9]{1,12}", id) else None
    if transaction is None:
        raise Refusal("Numéro de transaction invalide")
    if transaction.siren != compte.siren:
        raise Refusal("Accès refusé")
    return transaction


def get_files_list(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the files of an act, its message first, or of another exchange that has any."""
    transaction = owned(world, request.parameter("transaction"), compte)
    if {step.status for step in transaction.history} <= {1, 2, 3}:
        raise Refusal("Pas d'acquittement recu")
    if _files_are_late(world, transaction, now):
        return json_answer([])
    files = _files(transaction)
    return json_answer([_file_line(file) for file in files])


def _files_are_late(world: World, transaction: Transaction, now: datetime) -> bool:
    depot = transaction.depot
    late = world.scenario.regle_acte(depot.number).files_minutes if depot else 0
    received = next((step.at for step in transaction.history if step.status == 4), None)
    return received is not None and now < received + timedelta(minutes=late)


def _files(transaction: Transaction) -> tuple[StoredFile, ...]:
    if transaction.depot is not None:
        return transaction.depot.files
    return transaction.pli.files[1:] if transaction.pli else ()


def _file_line(file: StoredFile) -> dict[str, str]:
    return {
        "id": str(file.id),
        "name": file.name,
        "posted_filename": file.posted_name,
        "mimetype": file.mime_type,
        "size": str(len(file.content)),
        "sign": "",
        "code_pj": file.type_pj,
    }


def download_file(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return one file, its stamped copy, or a whole archive."""
    transaction = world.holder(request.parameter("env") or request.parameter("file"))
    if transaction is None or transaction.siren != compte.siren:
        raise Refusal("Fichier introuvable")
    pli, file = transaction.pli, request.parameter("file")
    if pli is not None and str(pli.id) == request.parameter("env"):
        return attachment(plis.tar_gz(pli.files), pli.name)
    stored = next((one for one in _files(transaction) if str(one.id) == file), None)
    if stored is None:
        raise Refusal("Fichier introuvable")
    if request.parameter("tampon") == "true":
        return tdt_papiers.stamped(transaction, stored, request)
    return attachment(stored.content, stored.name, stored.mime_type)


def get_tampon(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Send to the stamped copy of an act: the old way."""
    transaction = owned(world, request.parameter("transaction"), compte)
    if transaction.depot is None:
        raise Refusal("Fichier introuvable")
    return redirect(f"actes_download_file.php?file={transaction.depot.files[1].id}&tampon=true")


def get_ar(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the acknowledgement alone."""
    transaction = owned(world, request.parameter("id"), compte)
    if not transaction.answer():
        raise Refusal("Pas d'acquittement recu")
    return Response(body=transaction.answer(), content_type="application/xml")


def cancel(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Ask for the cancellation of an act that has its AR."""
    original = owned(world, request.form.text("id"), compte)
    if original.kind is not Kind.ACTE:
        raise Refusal("Ce type de transaction ne peut pas être annulé")
    if pipeline.pending_cancellation(world, original.id) is not None:
        raise Refusal("Une demande d'annulation est déjà en cours pour cette transaction")
    if original.status != 4:
        raise Refusal("La transaction n'est pas en état d'être annulée")
    return ok(str(pipeline.cancel(world, original, now).id))


def _in_status(world: World, request: Request, compte: Compte) -> list[Transaction]:
    wanted = request.parameter("status_id")
    if not re.fullmatch(r"-?[0-9]{1,4}", wanted):
        raise Refusal("Le paramètre status_id est obligatoire")
    since, until = _day(request, "min_date", date.min), _day(request, "max_date", date.max)
    return [
        transaction
        for transaction in reversed(world.transactions.values())
        if transaction.siren == compte.siren
        and transaction.status == int(wanted)
        and since <= paris_date(transaction.submitted_at) <= until
    ]


def _day(request: Request, name: str, default: date) -> date:
    text = request.parameter(name)
    try:
        return date.fromisoformat(text) if text else default
    except ValueError as error:
        raise Refusal(f"Le paramètre {name} n'est pas une date") from error


def list_actes(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return the transactions in a status, last submitted first, a hundred at most."""
    found = _in_status(world, request, compte)
    offset, limit = _count(request, "offset", 0), min(_count(request, "limit", _PAGE), _PAGE)
    return json_answer(
        {
            "status_id": request.parameter("status_id"),
            "authority_id": _authority_id(world, compte),
            "offset": str(offset),
            "limit": str(limit),
            "transactions": [
                _list_line(world, transaction) for transaction in found[offset : offset + limit]
            ],
        }
    )


def _count(request: Request, name: str, default: int) -> int:
    text = request.parameter(name)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default


def _authority_id(world: World, compte: Compte) -> str:
    sirens = [autorite.siren for autorite in world.scenario.autorites]
    return str(sirens.index(compte.siren) + 1)


def _list_line(world: World, transaction: Transaction) -> dict[str, str]:
    depot = world.act_of(transaction).depot
    line = {"id": str(transaction.id), "type": transaction.kind.value}
    for name in ("subject", "number", "date", "nature_descr", "classification"):
        line[name] = ""
    if depot is not None:
        line |= {
            "subject": depot.subject,
            "number": depot.number,
            "date": depot.decision_date.isoformat(),
            "nature_descr": NATURES[depot.nature][1],
            "classification": ".".join(str(code) for code in depot.matiere),
        }
    return line


def number_actes(world: World, request: Request, compte: Compte, now: datetime) -> Response:
    """Return how many transactions are in a status."""
    return json_answer(
        {
            "status_id": request.parameter("status_id"),
            "authority_id": _authority_id(world, compte),
            "nb_transactions": str(len(_in_status(world, request, compte))),
        }
    )

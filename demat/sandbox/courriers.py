"""The life of a letter of the préfecture and of the replies to it.

Status 21 for types 2 and 5; 7 then 8 for types 3 and 4, once the TdT has sent the receipt 3-2 or
4-2 by itself; 11 once the reply is acknowledged. A reply goes 1 → 2 → 3, then 4 with its 3-5 or
4-5; a 2-2 gets no receipt and stays in 3 (actes dossier §4; connectors dossier §1.6, §1.7).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from demat.clock import paris_date
from demat.sandbox import ministere, outbound, pdfout, plis, prefecture
from demat.sandbox.depart import Trajet, later, leave
from demat.sandbox.ministere import Envoi
from demat.sandbox.records import Courrier, Depot, Kind, Step, StoredFile, Transaction
from demat.sandbox.scenario import Answer, AnswerKind, LettrePrevue, Since
from demat.sandbox.world import World

__all__ = ["Lettre", "plan", "post_reply", "receive"]

_TITLES = {
    Kind.COURRIER_SIMPLE: "Courrier",
    Kind.DEMANDE_PIECES: "Demande de pièces complémentaires",
    Kind.LETTRE_OBSERVATIONS: "Lettre d'observations",
    Kind.DEFERE: "Déféré au tribunal administratif",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lettre:
    """One letter as the préfecture writes it."""

    kind: Kind
    day: date
    """Date written on it."""
    text: str
    rank: int | None = None
    """Place in the rule that planned it; none for one ordered by the control."""


def receive(world: World, act: Transaction, lettre: Lettre, at: datetime) -> Transaction:
    """Have a letter arrive at the TdT, whatever the state of the act."""
    depot, id = _depot(act), world.new_id()
    code = f"{lettre.kind.value}-1"
    document = _document(world, depot, code, lettre)
    envoi = Envoi(
        code=code,
        message=prefecture.letter(
            lettre.kind, depot.id_acte, lettre.day, lettre.text, document.name
        ),
        autorite=depot.autorite,
        transaction=id,
        depot=depot,
        documents=(document,),
    )
    pli = ministere.deliver(world, envoi, at)
    with_receipt = lettre.kind in outbound.AUTOMATIC_RECEIPTS
    message = "Document reçu par le TdT" if with_receipt else "Document reçu par le TdT (pas d'AR)"
    step = Step(status=7 if with_receipt else 21, message=message, at=at, xml=pli.message.content)
    courrier = Courrier(day=lettre.day, text=lettre.text, rank=lettre.rank)
    letter = world.open(
        lettre.kind, act.siren, step, id=id, related=act.id, pli=pli, courrier=courrier
    )
    if with_receipt:
        wait = world.scenario.delays.letter_ar
        later(world, at, wait, partial(_acknowledge, world, id))
    return letter


def _depot(act: Transaction) -> Depot:
    if act.depot is None:
        raise KeyError(f"transaction {act.id} holds no act")
    return act.depot


def _document(world: World, depot: Depot, code: str, lettre: Lettre) -> StoredFile:
    paragraphs = (
        depot.autorite.nom,
        f"Le {lettre.day:%d/%m/%Y}",
        "",
        f"{_TITLES[lettre.kind]} au sujet de l'acte {depot.id_acte}",
        depot.subject,
        "",
        lettre.text,
    )
    return StoredFile(
        id=world.new_id(),
        name=plis.file_name(depot, code, world.new_rank(), "pdf"),
        posted_name="",
        mime_type="application/pdf",
        content=pdfout.letter_pdf(paragraphs),
    )


def _acknowledge(world: World, id: int, at: datetime) -> None:
    """Send the receipt 3-2 or 4-2, without any human hand."""
    letter = world.transactions[id]
    depot, day = _depot(world.act_of(letter)), _day(letter)
    kind = outbound.AUTOMATIC_RECEIPTS[letter.kind]
    contents = plis.Contents(
        autorite=depot.autorite,
        name=plis.file_name(depot, kind.code, 0),
        message=outbound.courrier(kind.root, depot.id_acte, day, ()),
    )
    world.hand_over(id, plis.to_ministry(world, contents, at), at)
    # the receipt of a reply may have come before: it stays the last word
    if letter.status == 7:
        world.move(id, 8, "Acquittement envoyé", at)


def _day(letter: Transaction) -> date:
    if letter.courrier is None:
        raise KeyError(f"transaction {letter.id} is no letter")
    return letter.courrier.day


def plan(world: World, act: Transaction, since: Since, rank: int, at: datetime) -> None:
    """Plan the letters of the act's rule that an event starts.

    :param rank: place of the letter that was replied to; -1 for the AR of the act.
    """
    letters = world.scenario.regle_acte(_depot(act).number).letters
    for place, prevue in enumerate(letters):
        follows = prevue.since is since and (since is Since.AR or place == rank + 1)
        if follows or (place == 0 and rank == -1):
            minutes = prevue.days * 24 * 60
            later(world, at, minutes, partial(_arrive, world, act.id, prevue, place))


def _arrive(world: World, act: int, prevue: LettrePrevue, rank: int, at: datetime) -> None:
    day = paris_date(at) - timedelta(days=prevue.dated_before)
    lettre = Lettre(kind=Kind(prevue.type.value), day=day, text=prevue.text, rank=rank)
    receive(world, world.transactions[act], lettre, at)


def post_reply(world: World, reply: Transaction, at: datetime) -> None:
    """Start the life of a reply that was just posted."""
    leave(world, Trajet(id=reply.id, then=partial(_replied, world, reply.id)), at)


def _replied(world: World, id: int, at: datetime) -> None:
    reply = world.transactions[id]
    if reply.kind not in outbound.AUTOMATIC_RECEIPTS:
        return  # no receipt of a 2-2 exists
    depot = _depot(world.act_of(reply))
    for answer in world.scenario.regle_acte(depot.number).replies:
        usual = world.scenario.delays.reply_answer
        minutes = usual if answer.minutes is None else answer.minutes
        later(world, at, minutes, partial(_answer, world, id, answer))


def _answer(world: World, id: int, answer: Answer, at: datetime) -> None:
    reply = world.transactions[id]
    depot, reception = _depot(world.act_of(reply)), paris_date(at)
    envoi = Envoi(
        code=f"{reply.kind.value}-5",
        message=prefecture.ar_reponse(reply.kind, depot.id_acte, _day(reply), reception),
        autorite=depot.autorite,
        transaction=id,
        depot=depot,
    )
    if answer.kind in (AnswerKind.ANOMALY, AnswerKind.ENVELOPE_ANOMALY):
        if reply.pli is not None:
            xml = ministere.refuse_archive(world, reply.pli, envoi, answer, at)
            world.move(id, -1, ministere.refusal_words(answer), at, xml)
        return
    xml = ministere.deliver(world, envoi, at).message.content
    world.move(id, 4, f"Acquittement reçu le {reception}", at, xml)
    _close_letter(world, reply, at)


def _close_letter(world: World, reply: Transaction, at: datetime) -> None:
    letter = world.transactions[reply.related or 0]
    known = letter.status == 11
    world.move(letter.id, 11, f"Réponse acquittée le {paris_date(at)}", at)
    if not known and letter.courrier is not None and letter.courrier.rank is not None:
        plan(world, world.act_of(letter), Since.REPLY, letter.courrier.rank, at)

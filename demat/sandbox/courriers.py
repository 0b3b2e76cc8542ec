"""The life of a letter of the préfecture at the TdT, and of the replies to it.

Status 21 for types 2 and 5; 7 then 8 for types 3 and 4, once the TdT has sent the receipt 3-2 or
4-2 by itself; 11 once the reply is acknowledged. A reply goes 1 → 2 → 3, then 4 with its 3-5 or
4-5; a 2-2 gets no receipt and stays in 3 (actes dossier §4; connectors dossier §1.6, §1.7).
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from demat.sandbox import outbound, plis
from demat.sandbox.depart import Trajet, hand_over, later, leave
from demat.sandbox.records import Courrier, Depot, Kind, Pli, Step, Transaction
from demat.sandbox.world import World

__all__ = ["Lettre", "post_reply", "receive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lettre:
    """One letter as it came."""

    kind: Kind
    day: date
    """Date written on it."""
    text: str
    pli: Pli
    """Files of its mail."""


def receive(world: World, act: Transaction, lettre: Lettre, at: datetime) -> Transaction:
    """Have a letter arrive, whatever the state of the act."""
    with_receipt = lettre.kind in outbound.AUTOMATIC_RECEIPTS
    message = "Document reçu par le TdT" if with_receipt else "Document reçu par le TdT (pas d'AR)"
    xml = lettre.pli.message.content
    step = Step(status=7 if with_receipt else 21, message=message, at=at, xml=xml)
    courrier = Courrier(day=lettre.day, text=lettre.text)
    letter = world.open(
        lettre.kind, act.siren, step, related=act.id, pli=lettre.pli, courrier=courrier
    )
    if with_receipt:
        wait = world.scenario.delays.letter_ar
        later(world, at, wait, partial(_acknowledge, world, letter.id))
    return letter


def _depot(act: Transaction) -> Depot:
    if act.depot is None:
        raise KeyError(f"transaction {act.id} holds no act")
    return act.depot


def _acknowledge(world: World, id: int, at: datetime) -> None:
    """Send the receipt 3-2 or 4-2, without any human hand."""
    letter = world.transactions[id]
    depot = _depot(world.act_of(letter))
    if letter.courrier is None:
        raise KeyError(f"transaction {letter.id} is no letter")
    kind = outbound.AUTOMATIC_RECEIPTS[letter.kind]
    contents = plis.Contents(
        autorite=depot.autorite,
        name=plis.file_name(depot, kind.code, 0),
        message=outbound.courrier(kind.root, depot.id_acte, letter.courrier.day, ()),
    )
    hand_over(world, id, plis.to_ministry(world, contents, at), partial(_sent, world, id), at)


def _sent(world: World, id: int, at: datetime) -> None:
    # the receipt of a reply may have come before: it stays the last word
    if world.transactions[id].status == 7:
        world.move(id, 8, "Acquittement envoyé", at)


def post_reply(world: World, reply: Transaction, at: datetime) -> None:
    """Start the life of a reply that was just posted."""
    leave(world, Trajet(id=reply.id), at)

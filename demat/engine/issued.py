"""The messages that we send about an act: queued, and what their fate does to it (§4.3, §8.6)."""

from collections.abc import Callable
from typing import Any

from demat.actes.envelope import EnveloppeActes, Packing
from demat.actes.lifecycle import EtatActe
from demat.connectors.api import Flux, InboundDocument
from demat.engine.acte_answers import ANNULATION, message_of
from demat.engine.answer import Answer
from demat.engine.archives import next_packing, validate_archive
from demat.engine.office import Authority, Office
from demat.engine.parts import Part
from demat.faults import Faults
from demat.queue.moves import EtatMove
from demat.queue.views import TransmissionView, UsedKey

__all__ = [
    "ACCUSE",
    "act_cancelled",
    "cancellation_refused",
    "expects_no_answer",
    "message_part",
    "sent_for_good",
]

ACCUSE = "accuse"
"""Kind of the key of the receipt of a letter: a person has nothing to do about one that failed."""
_NO_ANSWER = frozenset({"2-2", "3-2", "4-2"})
"""Messages to which the ministry answers nothing (§4.1)."""


def message_part(
    build: Callable[[Packing], EnveloppeActes],
    *,
    key: str,
    facts: dict[str, Any],
    used: UsedKey,
    authority: Authority,
    office: Office,
) -> Part:
    """Build and validate a message about an act, ready to be frozen.

    :param facts: what later steps need; the code of the message and its files are added.
    :param used: what keeps a second one of the same from leaving.
    :raises FaultError: ``XSD-…``, ``ACT-051``: our own mistake.
    """
    archive = build(next_packing(authority, office))
    validate_archive(archive, office.catalogue).raise_if_blocking()
    return Part(
        flux=Flux.ACTES,
        file_name=archive.name,
        content=archive.content,
        key=key,
        etat=EtatActe.PREPARE,
        facts={
            **facts,
            "message": archive.message,
            "id_acte": archive.id_acte,
            "members": list(archive.members),
            "frees": [] if used.kind == ACCUSE else [[used.kind, used.key]],
        },
        used_keys=(used,),
    )


def expects_no_answer(transmission: TransmissionView) -> bool:
    """Whether the ministry answers nothing to that message."""
    return transmission.flux == Flux.ACTES and message_of(transmission) in _NO_ANSWER


def sent_for_good(transmission: TransmissionView, office: Office) -> None:
    """Write down that a message that awaits no answer has reached the ministry."""
    move = EtatMove(
        to=EtatActe.TRANSMIS,
        final=True,
        negative=False,
        before=transmission.etat,
        faults=Faults(),
        detail={},
        action="handed_over",
    )
    office.store.change_etat(transmission.id, move)


def act_cancelled(
    answer: Answer, document: InboundDocument, authority: Authority, office: Office
) -> None:
    """Move the act whose transmission the préfecture has just cancelled (6-2)."""
    acte = office.store.by_key(authority.siren, Flux.ACTES, answer.cancels)
    if acte is None:
        return
    office.store.record_receipt(
        acte.id,
        kind=answer.kind,
        name=document.name,
        sha256=office.store.documents.put(document.content),
        message_date=answer.message_date,
        etat=EtatActe.ANNULE,
        etat_final=True,
    )


def cancellation_refused(transmission: TransmissionView, faults: Faults, office: Office) -> None:
    """Give its AR back to an act whose cancellation was refused, or never left."""
    about = transmission.facts.get("about")
    if message_of(transmission) != ANNULATION or about is None:
        return
    acte = office.store.transmission(int(about))
    if acte.etat != EtatActe.ANNULATION_DEMANDEE:
        return
    move = EtatMove(
        to=EtatActe.ACQUITTE,
        final=True,
        negative=False,
        before=EtatActe.ANNULATION_DEMANDEE,
        faults=acte.faults + faults,
        detail={"envoi": str(transmission.id)},
        action="cancellation_refused",
    )
    office.store.change_etat(acte.id, move)

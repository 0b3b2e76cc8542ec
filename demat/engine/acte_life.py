"""Where an act stands in law: received, public, exécutoire, open to a déféré (§1.4, §1.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from demat.actes.courriers import TypeCourrier
from demat.actes.delais import (
    Delais,
    Evenement,
    ModePublicite,
    Publicite,
    TypeEvenement,
    calculer_delais,
)
from demat.actes.lifecycle import EtatActe
from demat.actes.natures import NatureActe
from demat.clock import paris_date
from demat.engine import replies
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.office import Office
from demat.queue.views import CourrierView, TransmissionView

__all__ = ["Exchange", "Life", "events_of", "exchange_of", "life_of"]

_LETTERS = {
    TypeCourrier.COURRIER_SIMPLE: TypeEvenement.COURRIER_SIMPLE,
    TypeCourrier.DEMANDE_PIECES: TypeEvenement.DEMANDE_PIECES,
    TypeCourrier.LETTRE_OBSERVATIONS: TypeEvenement.LETTRE_OBSERVATIONS,
}
_ANSWERS = {
    "3-3": TypeEvenement.REFUS_PIECES,
    "3-4": TypeEvenement.PIECES_RECUES,
    "4-3": TypeEvenement.REPONSE_OBSERVATIONS,
    "4-4": TypeEvenement.REPONSE_OBSERVATIONS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A letter of the préfecture and what became of our answer."""

    courrier: CourrierView
    """The letter."""
    answer: TransmissionView | None
    """Our answer, when there is one."""
    acknowledged_on: date | None
    """``DateReception`` of its receipt (3-5, 4-5)."""

    @property
    def awaits_answer(self) -> bool:
        """Whether the préfecture waits for us."""
        kind = self.courrier.type
        return kind is not None and kind.months is not None and self.answer is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """The legal life of one act."""

    received_on: date | None
    """``DateReception`` of its AR; ``None`` once its transmission was cancelled."""
    publicite: Publicite | None
    """When and how it was made public."""
    delais: Delais
    """The dates that follow, all indicative."""
    exchanges: tuple[Exchange, ...]
    """The letters of the préfecture about it, oldest first."""


def life_of(acte: TransmissionView, office: Office) -> Life:
    """Gather what is known of an act.

    :raises ValueError: when the transmission is not that of an act.
    """
    if message_of(acte) != ACTE:
        raise ValueError(f"transmission {acte.id} carries {message_of(acte)}")
    letters = office.store.courriers(acte.collectivite, transmission_id=acte.id)
    exchanges = tuple(exchange_of(letter, office) for letter in letters)
    received_on = _received_on(acte, office)
    publicite = _publicite(acte, office)
    return Life(
        received_on=received_on,
        publicite=publicite,
        delais=calculer_delais(
            nature=NatureActe(acte.facts["nature"]),
            reception=received_on,
            publicite=publicite,
            evenements=[event for one in exchanges for event in _events(one)],
        ),
        exchanges=exchanges,
    )


def events_of(life: Life) -> Iterator[Evenement]:
    """Yield what moved the dates of an act: its letters, and their answers once received."""
    for exchange in life.exchanges:
        yield from _events(exchange)


def exchange_of(courrier: CourrierView, office: Office) -> Exchange:
    """Return a letter with the answer that was made to it."""
    answer = office.store.holder(courrier.collectivite, replies.KIND, str(courrier.id))
    return Exchange(
        courrier=courrier,
        answer=answer,
        acknowledged_on=_date_of(answer, "ARReponse", office) if answer else None,
    )


def _received_on(acte: TransmissionView, office: Office) -> date | None:
    if acte.etat == EtatActe.ANNULE:
        return None
    return _date_of(acte, "ARActe", office)


def _date_of(flow: TransmissionView, kind: str, office: Office) -> date | None:
    days = [one.message_date for one in office.store.receipts(flow.id) if one.kind == kind]
    return next((day for day in days if day is not None), None)


def _publicite(acte: TransmissionView, office: Office) -> Publicite | None:
    """Return what a person told, else the first day on our site."""
    told = office.store.publicite(acte.id)
    if told is not None:
        return Publicite(date=told.day, mode=ModePublicite(told.mode))
    shown = office.store.publication(acte.id)
    if shown is None:
        return None
    return Publicite(date=paris_date(shown.first_published), mode=ModePublicite.MISE_EN_LIGNE)


def _events(exchange: Exchange) -> Iterator[Evenement]:
    kind = exchange.courrier.type
    if kind in _LETTERS:
        yield Evenement(kind=_LETTERS[kind], date=paris_date(exchange.courrier.received_at))
    if exchange.answer is not None and exchange.acknowledged_on is not None:
        event = _ANSWERS.get(message_of(exchange.answer))
        if event is not None:
            yield Evenement(kind=event, date=exchange.acknowledged_on)

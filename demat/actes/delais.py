"""The dates that follow the transmission of an act (actes dossier §1.4, §1.5).

Every end is **indicative**: whether the limit is a « délai franc » and whether it moves to the next
working day are not settled (§1.5). Where a text leaves a doubt the later date is given: believing
too early that an act can no longer be attacked is the costly mistake.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, date
from enum import StrEnum

from demat.actes.natures import NatureActe

__all__ = [
    "Delais",
    "Evenement",
    "ModePublicite",
    "Publicite",
    "TypeEvenement",
    "add_months",
    "calculer_delais",
    "repondre_avant",
]

DEFERE_MONTHS = 2
RECOURS_MONTHS = 2
"""Recours of third parties: [U] in the dossier."""
BUDGET_MONTHS = 1
SILENCE_MONTHS = 2
"""Silence on a letter of the préfecture is a refusal after this many months."""


class ModePublicite(StrEnum):
    """How an act was made public (CGCT L2131-1, R2131-1; §1.4)."""

    MISE_EN_LIGNE = "mise_en_ligne"
    """On the site of the authority: the rule since 1 July 2022."""
    AFFICHAGE = "affichage"
    """At the mairie; communes under 3,500 inhabitants that chose it by délibération."""
    NOTIFICATION = "notification"
    """Handed or sent to the person concerned: the publicity of an individual decision."""
    PAPIER = "papier"
    """Published on paper; communes under 3,500 inhabitants that chose it by délibération."""

    def suits(self, nature: NatureActe) -> bool:
        """Whether this is the publicity that the law asks for an act of this nature.

        An individual decision is notified, a réglementaire act is published. The other natures of
        the protocol hold both kinds (a délibération may be individual): each mode suits them.
        """
        if nature is NatureActe.INDIVIDUEL:
            return self is ModePublicite.NOTIFICATION
        return nature is not NatureActe.REGLEMENTAIRE or self is not ModePublicite.NOTIFICATION


@dataclass(frozen=True, kw_only=True, slots=True)
class Publicite:
    """When and how an act was made public: local data, in no message of the protocol (§1.4)."""

    date: date
    """Day of the publicity, in Europe/Paris; never ``DateReception`` (§11 trap 30)."""
    mode: ModePublicite
    """How."""


class TypeEvenement(StrEnum):
    """What may happen to an act after its reception (§1.5, §4.3)."""

    DEMANDE_PIECES = "demande_pieces"
    """The authority received a demande de pièces complémentaires (3-1)."""
    PIECES_RECUES = "pieces_recues"
    """The préfecture received the pieces (3-4), or the last of them."""
    REFUS_PIECES = "refus_pieces"
    """The préfecture received the explicit refusal to give them (3-3)."""
    LETTRE_OBSERVATIONS = "lettre_observations"
    """The authority received a lettre d'observations asking to withdraw or change the act (4-1)."""
    REPONSE_OBSERVATIONS = "reponse_observations"
    """The préfecture received the reply to it, refusal (4-3) or not (4-4)."""
    COURRIER_SIMPLE = "courrier_simple"
    """A letter (2-1), or a vague request for explanations: it restarts nothing (CE n° 357031)."""

    @property
    def answers(self) -> frozenset["TypeEvenement"]:
        """What answers a letter whose answer restarts the limit; empty for anything else."""
        return _ANSWERS.get(self, frozenset())


_ANSWERS = {
    TypeEvenement.DEMANDE_PIECES: frozenset(
        {TypeEvenement.PIECES_RECUES, TypeEvenement.REFUS_PIECES}
    ),
    TypeEvenement.LETTRE_OBSERVATIONS: frozenset({TypeEvenement.REPONSE_OBSERVATIONS}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evenement:
    """One dated event in the life of an act."""

    kind: TypeEvenement
    """What happened."""
    date: date
    """Day when its addressee received it, in Europe/Paris."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delais:
    """The dates to watch; each is ``None`` as long as what starts it is not known."""

    executoire_depuis: date | None
    """Later of transmission and publicity, in either order (§1.4)."""
    defere_jusqu_au: date | None
    """Last day of the déféré of the préfet, the letters taken into account (CGCT L2131-6)."""
    recours_jusqu_au: date | None
    """Last day of the recours of third parties, from the publicity [U]."""
    controle_budgetaire_jusqu_au: date | None
    """Last day of the contrôle budgétaire; ``None`` too for an act that is no budget."""


def calculer_delais(
    *,
    nature: NatureActe,
    reception: date | None,
    publicite: Publicite | None,
    evenements: Iterable[Evenement] = (),
) -> Delais:
    """Return the dates of an act (§1.4, §1.5), all indicative, all days of Europe/Paris.

    :param reception: ``DateReception`` of the accusé de réception; ``None`` before it.
    :param publicite: day and mode; a mode that does not suit the nature counts as none.
    :param evenements: the letters and their answers, in any order.
    """
    shown = publicite.date if publicite and publicite.mode.suits(nature) else None
    budget = reception if nature is NatureActe.BUDGETAIRE else None
    return Delais(
        executoire_depuis=max(reception, shown) if reception and shown else None,
        defere_jusqu_au=_defere(reception, evenements) if reception else None,
        recours_jusqu_au=add_months(shown, RECOURS_MONTHS) if shown else None,
        controle_budgetaire_jusqu_au=add_months(budget, BUDGET_MONTHS) if budget else None,
    )


def _defere(reception: date, evenements: Iterable[Evenement]) -> date:
    """Return the end of the déféré: only a letter received before it, once answered, moves it."""
    ordered = sorted(evenements, key=lambda one: one.date)
    end = add_months(reception, DEFERE_MONTHS)
    for letter in ordered:
        if letter.kind.answers and reception <= letter.date <= end:
            end = max(end, _end_after(letter, ordered))
    return end


def _end_after(letter: Evenement, ordered: Iterable[Evenement]) -> date:
    """Return the end of the two months that the answer to a letter, or the silence on it, starts.

    Pieces that arrive in several times, or an explicit answer after the silence, start two months
    again if the previous ones still ran: the later date, as the module says.
    """
    answers = [one.date for one in ordered if one.kind in letter.kind.answers]
    answers = [day for day in answers if day >= letter.date]
    start = min([add_months(letter.date, SILENCE_MONTHS), *answers])
    for day in answers:
        if start <= day <= add_months(start, DEFERE_MONTHS):
            start = day
    return add_months(start, DEFERE_MONTHS)


def repondre_avant(courrier: Evenement) -> date | None:
    """Return the day when silence on a letter becomes a refusal; ``None`` when silence is harmless.

    Two months (§1.5), for a lettre d'observations as for a demande de pièces complémentaires.
    """
    return add_months(courrier.date, SILENCE_MONTHS) if courrier.kind.answers else None


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of that month when it has no such day.

    31 December and two months is 28 or 29 February. Beyond the calendar it is ``date.max``.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > MAXYEAR:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

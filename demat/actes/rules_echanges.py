"""Rules 54 to 58 of the actes dossier (§10): cancelling an act, answering the préfecture."""

from collections.abc import Iterable
from datetime import date

from demat.actes.contexte import blocking, french_date, warning
from demat.actes.courriers import Reponse
from demat.actes.delais import add_months
from demat.actes.lifecycle import EtatActe
from demat.actes.rules_pieces import check_files
from demat.faults import Fault, Faults

__all__ = ["check_annulation", "check_reponse"]


def check_annulation(
    etat: EtatActe, *, numero: str, asked_on: date | None, courriers: Iterable[date]
) -> Faults:
    """Check that the transmission of an act may be cancelled (§4.5, §8.6; rules 54 to 56).

    :param asked_on: day when its cancellation was asked for, if it was.
    :param courriers: dates of the letters that the préfecture wrote about it.
    """
    if asked_on is not None or etat in (EtatActe.ANNULATION_DEMANDEE, EtatActe.ANNULE):
        return Faults(
            [blocking(55, numero=numero, date=french_date(asked_on) if asked_on else "…")]
        )
    if not etat.cancellable:
        return Faults([blocking(54, numero=numero)])
    if list(courriers):
        return Faults([warning(56, numero=numero)])
    return Faults()


def check_reponse(reponse: Reponse, *, today: date, max_bytes: int) -> Faults:
    """Check an answer to a letter before it is packed (rules 33 to 35, 38, 42 and 58).

    What the protocol has no message for is refused when the answer is made (``ACT-057_…``).
    """
    faults: list[Fault] = list(check_files(reponse.pieces, max_bytes))
    months = reponse.courrier.months
    if months is not None and today > add_months(reponse.date_courrier, months):
        faults.append(warning(58, date=french_date(reponse.date_courrier)))
    return Faults(faults)

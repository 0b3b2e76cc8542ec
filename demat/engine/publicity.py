"""A person tells when and how an act was made public (CGCT L2131-1; actes dossier §1.4)."""

from datetime import date

from demat.actes.contexte import french_date
from demat.actes.delais import ModePublicite
from demat.actes.lifecycle import EtatActe
from demat.actes.natures import NatureActe
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.acte_file import lay_papers
from demat.engine.acte_life import Life, life_of
from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.intake.readers.tables import read_date
from demat.queue.views import TransmissionView

__all__ = ["record_publicity"]


def record_publicity(
    acte: TransmissionView, day: str, mode: str, authority: Authority, office: Office, *, who: str
) -> Life:
    """Write down the publicity of an act and return its life since.

    :param day: as an agent writes it: ``14/03/2026`` or ``2026-03-14``.
    :param mode: a value of ``ModePublicite``.
    :raises FaultError: ``ACT-PUBLICITE_…``; nothing is written.
    """
    if acte.flux != Flux.ACTES or message_of(acte) != ACTE:
        raise _fault("KIND", numero=str(acte.id))
    told, how = _day(day), _mode(mode)
    nature = NatureActe(acte.facts["nature"])
    decided = date.fromisoformat(str(acte.facts["date"]))
    if not how.suits(nature):
        raise _fault("MODE_NATURE", mode=how.value, nature=nature.libelle)
    if told > paris_date(office.clock.now()):
        raise _fault("FUTURE", date=french_date(told))
    if told < decided:
        raise _fault("BEFORE", date=french_date(told), decision=french_date(decided))
    office.store.record_publicite(acte.id, told, how.value, who)
    if EtatActe(acte.etat).acknowledged:
        lay_papers(acte, authority, office)  # the stamp tells the day
    return life_of(acte, office)


def _day(text: str) -> date:
    found = read_date(text)
    if found is None:
        raise _fault("DATE", date=text)
    return found


def _mode(text: str) -> ModePublicite:
    try:
        return ModePublicite(text.strip().lower().replace(" ", "_").replace("-", "_"))
    except ValueError as error:
        known = ", ".join(mode.value for mode in ModePublicite)
        raise _fault("MODE", mode=text, known=known) from error


def _fault(kind: str, **params: str) -> FaultError:
    return FaultError(Faults([Fault(code=f"ACT-PUBLICITE_{kind}", params=params)]))

"""Cancel the transmission of an act (6-1): only after its AR, once (actes dossier §8.6)."""

from collections.abc import Callable

from demat.actes.envelope import build_archive_annulation
from demat.actes.lifecycle import EtatActe
from demat.actes.names import IdActe
from demat.actes.rules_echanges import check_annulation
from demat.clock import paris_date
from demat.connectors.api import Flux
from demat.engine.acte_answers import ACTE, message_of
from demat.engine.issued import message_part
from demat.engine.office import Authority, Office
from demat.engine.parts import frozen
from demat.faults import Fault, FaultError, Faults
from demat.queue.moves import EtatMove
from demat.queue.views import TransmissionView, UsedKey

__all__ = ["KIND", "cancel"]

KIND = "annulation"
"""Kind of the deposit, and of the key that keeps an act from being cancelled twice."""


def cancel(
    acte: TransmissionView,
    authority: Authority,
    office: Office,
    *,
    confirm: Callable[[Faults], bool],
) -> TransmissionView | None:
    """Queue the cancellation of an act; it leaves at the next run, the act itself remains.

    :param confirm: asked once the rules let it pass, with what should be known before; ``False``
        gives up.
    :returns: the cancellation, or ``None`` when it was given up.
    :raises FaultError: ``ACT-054``, ``ACT-055``, ``ACT-CANCEL_KIND``; ``QUE-…``.
    """
    if acte.flux != Flux.ACTES or message_of(acte) != ACTE:
        raise FaultError(Fault(code="ACT-CANCEL_KIND", params={"numero": str(acte.id)}))
    numero = str(acte.facts.get("numero", acte.key))
    pending = office.store.holder(authority.siren, KIND, acte.key)
    letters = office.store.courriers(authority.siren, transmission_id=acte.id)
    faults = check_annulation(
        EtatActe(acte.etat),
        numero=numero,
        asked_on=paris_date(pending.created_at) if pending else None,
        courriers=[one.day for one in letters if one.day],
    )
    faults.raise_if_blocking()
    if not confirm(faults):
        return None
    part = message_part(
        lambda packing: build_archive_annulation(
            IdActe.parse(acte.key), authority.emetteur, **packing
        ),
        key=f"{acte.key}-6-1",
        facts={
            "numero": numero,
            "objet": f"Annulation de la transmission de l'acte {numero}",
            "about": acte.id,
            "about_reference": acte.reference or "",
        },
        used=UsedKey(kind=KIND, key=acte.key, label=f"annulation de {numero}"),
        authority=authority,
        office=office,
    )
    move = EtatMove(
        to=EtatActe.ANNULATION_DEMANDEE,
        final=True,
        negative=False,
        before=EtatActe.ACQUITTE,
        faults=acte.faults,
        detail={},
        action="cancellation_asked",
    )
    return office.store.issue(
        authority.siren,
        name=f"Annulation de {numero}",
        kind=KIND,
        part=frozen(part, office.store.documents),
        about=acte.id,
        move=move,
    )

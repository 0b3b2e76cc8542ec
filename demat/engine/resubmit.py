"""Send again what was refused: a new deposit corrects the old one, whose bytes never change."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from demat.engine.office import Authority, Office
from demat.engine.process import kept_files, process
from demat.engine.receive import LINK, last_of_chain, receive_one
from demat.engine.transmit import FREED
from demat.faults import Fault, FaultError
from demat.files import write_atomic
from demat.intake.api import InputFile
from demat.intake.claim import Claimed
from demat.queue.states import DeliveryState
from demat.queue.views import DepositView, TransmissionView

__all__ = ["Resubmitted", "hand_in", "resubmit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resubmitted:
    """What a resubmission became."""

    deposit: DepositView
    transmissions: tuple[TransmissionView, ...]
    """The new transmissions that supersede refused ones; empty when the deposit was returned."""


def resubmit(
    transmission: TransmissionView,
    *,
    replacements: Sequence[InputFile],
    authority: Authority,
    office: Office,
) -> Resubmitted:
    """Prepare a refused transmission again, under a number or NomFic that the other side will take.

    A PES that was accepted, and of which the comptable rejected pièces since, can be corrected too:
    what he has is left out, what he rejected needs a bordereau of a new number (§8.3).

    :param replacements: corrected files; each takes the place of the file of the same name, or of
        the only file of the deposit. Empty: the same files, with today's classification and rules.
    :raises FaultError: ``INT-NOT_REFUSED``, ``INT-SUPERSEDED``, ``INT-REPLACEMENT``.
    """
    _refuse_unless_refused(transmission, office)
    old = last_of_chain(transmission.deposit_id, office)
    if transmission.delivery is DeliveryState.ABANDONED:
        office.store.release_keys(transmission.id, FREED[transmission.flux])
    with kept_files(old, office) as kept:
        files = _merged(kept, replacements)
        claimed = hand_in(old.name, files, authority, corrects=old.id)
    deposit = receive_one(claimed, authority, office)
    processed = process(deposit, authority, office)
    made = office.store.transmissions(collectivite=old.collectivite, deposit_id=processed.id)
    return Resubmitted(deposit=processed, transmissions=made)


def hand_in(
    name: str, files: Sequence[InputFile], authority: Authority, *, corrects: int | None = None
) -> Claimed:
    """Lay the files in ``en-cours`` as if an agent had dropped them: a crash loses nothing.

    :param name: of the folder that the agent would have dropped.
    :param corrects: number of the deposit that this one corrects.
    """
    authority.folders.make()
    token = secrets.token_hex(6)
    half = authority.folders.en_cours / f".copie-{token}"
    for file in files:
        write_atomic(half / file.name, file.content)
    if corrects is not None:
        write_atomic(half / LINK, f"{corrects}\n".encode("ascii"))
    folder = half.rename(authority.folders.en_cours / f"{name}~{token}")
    return Claimed(name=name, token=token, folder=folder)


def _refuse_unless_refused(transmission: TransmissionView, office: Office) -> None:
    refused = transmission.etat_negative or transmission.delivery in (
        DeliveryState.REFUSED,
        DeliveryState.ABANDONED,
    )
    rejected = any(one.etat.rejected for one in office.store.of_transmission(transmission.id))
    if not (refused or rejected):
        params = {"key": transmission.key, "etat": transmission.etat}
        raise FaultError(Fault(code="INT-NOT_REFUSED", params=params))
    if transmission.superseded_by is not None:
        params = {"key": transmission.key, "by": str(transmission.superseded_by)}
        raise FaultError(Fault(code="INT-SUPERSEDED", params=params))


def _merged(kept: Sequence[InputFile], replacements: Sequence[InputFile]) -> list[InputFile]:
    files = {file.name: file for file in kept}
    for replacement in replacements:
        same = [name for name in files if name.rpartition("/")[2] == replacement.base]
        if not same and len(files) == 1:
            same = list(files)
        if not same:
            known = ", ".join(files)
            params = {"name": replacement.base, "known": known}
            raise FaultError(Fault(code="INT-REPLACEMENT", params=params))
        files[same[0]] = InputFile(name=same[0], data=replacement.data)
    return list(files.values())

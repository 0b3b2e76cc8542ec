"""Send again what was refused: a new deposit corrects the old one, whose bytes never change."""

from collections.abc import Sequence
from dataclasses import dataclass

from demat.engine.office import Authority, Office
from demat.engine.process import process
from demat.faults import Fault, FaultError
from demat.intake.api import InputFile
from demat.queue.states import DeliveryState
from demat.queue.views import DepositView, ReceivedFile, TransmissionView

__all__ = ["Resubmitted", "resubmit"]


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

    :param replacements: corrected files; each takes the place of the file of the same name, or of
        the only file of the deposit. Empty: the same files, with today's classification and rules.
    :raises FaultError: ``INT-NOT_REFUSED``, ``INT-SUPERSEDED``, ``INT-REPLACEMENT``.
    """
    _refuse_unless_refused(transmission)
    old = _last_of_chain(transmission.deposit_id, office)
    files = [
        ReceivedFile(
            name=file.name, sha256=office.store.documents.put(file.content), size=len(file.content)
        )
        for file in _merged(old, replacements, office)
    ]
    deposit = office.store.receive(
        collectivite=old.collectivite,
        name=old.name,
        token=f"resubmit-{transmission.id}-{office.clock.now().isoformat()}",
        files=files,
        replaces=old.id,
    )
    processed = process(deposit, authority, office)
    made = [
        sent
        for sent in office.store.transmissions(collectivite=old.collectivite)
        if sent.deposit_id == processed.id
    ]
    return Resubmitted(deposit=processed, transmissions=tuple(made))


def _last_of_chain(deposit_id: int, office: Office) -> DepositView:
    """Follow the corrections that were tried already: the last one is what we correct now."""
    deposit = office.store.deposit(deposit_id)
    while deposit.replaced_by is not None:
        deposit = office.store.deposit(deposit.replaced_by)
    return deposit


def _refuse_unless_refused(transmission: TransmissionView) -> None:
    refused = transmission.etat_negative or transmission.delivery in (
        DeliveryState.REFUSED,
        DeliveryState.ABANDONED,
    )
    if not refused:
        params = {"key": transmission.key, "etat": transmission.etat}
        raise FaultError(Fault(code="INT-NOT_REFUSED", params=params))
    if transmission.superseded_by is not None:
        params = {"key": transmission.key, "by": str(transmission.superseded_by)}
        raise FaultError(Fault(code="INT-SUPERSEDED", params=params))


def _merged(old: DepositView, replacements: Sequence[InputFile], office: Office) -> list[InputFile]:
    files = {
        file.name: InputFile(name=file.name, content=office.store.documents.get(file.sha256))
        for file in old.files
    }
    for replacement in replacements:
        same = [name for name in files if name.rpartition("/")[2] == replacement.base]
        if not same and len(files) == 1:
            same = list(files)
        if not same:
            known = ", ".join(files)
            params = {"name": replacement.base, "known": known}
            raise FaultError(Fault(code="INT-REPLACEMENT", params=params))
        files[same[0]] = InputFile(name=same[0], content=replacement.content)
    return list(files.values())

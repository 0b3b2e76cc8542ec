"""Bring one deposit from received to packed, or back to its agent with the reasons.

Each move is recorded before the next; after a crash the same call goes on from where it was, since
a deposit is read again from the bytes that were kept.
"""

import logging

from demat.engine.classification import held
from demat.engine.give_back import lay_returned, lay_transmitted, put_away_corrected
from demat.engine.office import Authority, Office, SigningMeans
from demat.engine.parts import Part, Preparation
from demat.engine.prepare_actes import acte_parts
from demat.engine.prepare_pes import pes_parts
from demat.engine.sign import sign_parts
from demat.faults import Fault, FaultError, Faults
from demat.intake.api import ActeDraft, InputFile, ReadContext, Reader, Reading
from demat.intake.readers.acte_sidecar import ActeSidecar
from demat.intake.readers.ecritures import Mandats, Titres
from demat.intake.readers.pes_file import PesFile
from demat.intake.readers.seance import Seance
from demat.queue.states import DepositState
from demat.queue.views import DepositView, NewTransmission

__all__ = ["READERS", "process", "read_deposit", "sign_waiting"]

logger = logging.getLogger(__name__)

READERS: tuple[Reader, ...] = (Titres(), Mandats(), Seance(), ActeSidecar(), PesFile())
"""Tried in this order; the first that recognises a deposit reads it."""

_OPEN = (DepositState.RECEIVED, DepositState.DRAFTED, DepositState.CHECKED, DepositState.SIGNED)


def process(deposit: DepositView, authority: Authority, office: Office) -> DepositView:
    """Read, check, build, validate, sign and freeze one deposit, as far as it can go alone.

    Nothing is sent here. A deposit that awaits a person's signature stops there.
    """
    if deposit.state not in _OPEN:
        return deposit
    try:
        preparation = _prepare(deposit, authority, office)
    except FaultError as error:
        return _return(deposit, error.faults, authority, office)
    if preparation.faults.blocking:
        return _return(deposit, preparation.faults, authority, office)
    deposit = _reach(deposit, DepositState.DRAFTED, office, kind=preparation.kind)
    deposit = _reach(deposit, DepositState.CHECKED, office, faults=preparation.faults)
    means = authority.signing
    if means is not None and _needs_signature(preparation):
        if not means.unattended:
            return office.store.advance(deposit.id, DepositState.AWAITING_SIGNATURE)
        return _sign_and_pack(deposit, preparation, means, authority, office)
    return _pack(deposit, preparation.parts, preparation.faults, authority, office)


def sign_waiting(deposit: DepositView, authority: Authority, office: Office) -> DepositView:
    """Sign, with the person's key, a deposit that awaits it, then freeze it.

    :raises FaultError: ``SIG-…``; the deposit still awaits its signature.
    """
    if authority.signing is None:
        raise FaultError(Fault(code="INT-NO_SIGNER", params={"nom": authority.nom}))
    preparation = _prepare(deposit, authority, office)
    if preparation.faults.blocking:  # the world has moved since: a number was used, a list changed
        return _return(deposit, preparation.faults, authority, office)
    parts = sign_parts(preparation.parts, authority.signing, authority, office)
    deposit = _reach(deposit, DepositState.SIGNED, office)
    return _pack(deposit, parts, preparation.faults, authority, office)


def read_deposit(deposit: DepositView, authority: Authority, office: Office) -> Reading:
    """Read the kept files of a deposit with the reader that recognises them.

    :raises FaultError: ``INT-UNREADABLE`` when none does.
    """
    files = [
        InputFile(name=file.name, content=office.store.documents.get(file.sha256))
        for file in deposit.files
    ]
    _refuse_empty(files)
    context = ReadContext(
        siren=authority.siren,
        siret=authority.siret,
        classification=held(authority, office),
        budgets=authority.budgets,
        civilites=authority.civilites,
    )
    for reader in READERS:
        if reader.recognises(files):
            return reader.read(files, context)
    raise FaultError(_unreadable(files))


def _refuse_empty(files: list[InputFile]) -> None:
    empty = [
        Fault(code="INT-FILE_EMPTY", params={"name": file.base}, source=file.base)
        for file in files
        if not file.content
    ]
    Faults(empty).raise_if_blocking()


def _unreadable(files: list[InputFile]) -> Fault:
    """Say why no reader took the deposit, as closely as the files allow."""
    names = ", ".join(file.base for file in files)
    suffixes = {file.suffix for file in files}
    if suffixes == {".pdf"}:
        return Fault(code="INT-PDF_ALONE", params={"names": names})
    return Fault(code="INT-UNREADABLE", params={"names": names})


def _prepare(deposit: DepositView, authority: Authority, office: Office) -> Preparation:
    reading = read_deposit(deposit, authority, office)
    if reading.faults.blocking:
        return Preparation(kind=reading.kind, faults=reading.faults)
    actes = [draft for draft in reading.drafts if isinstance(draft, ActeDraft)]
    pes = [draft for draft in reading.drafts if not isinstance(draft, ActeDraft)]
    acte_made, acte_faults = acte_parts(actes, deposit, held(authority, office), authority, office)
    pes_made, pes_faults = pes_parts(pes, deposit, authority, office)
    parts = (*acte_made, *pes_made)
    faults = reading.faults + acte_faults + pes_faults
    if not parts and not faults.blocking:
        faults += [Fault(code="INT-NOTHING_TO_SEND", source=deposit.name)]
    return Preparation(kind=reading.kind, parts=parts, faults=faults)


def _needs_signature(preparation: Preparation) -> bool:
    return any(part.sign_ids for part in preparation.parts)


def _sign_and_pack(
    deposit: DepositView,
    preparation: Preparation,
    means: SigningMeans,
    authority: Authority,
    office: Office,
) -> DepositView:
    try:
        parts = sign_parts(preparation.parts, means, authority, office)
    except FaultError as error:
        return _return(deposit, error.faults, authority, office)
    deposit = _reach(deposit, DepositState.SIGNED, office)
    return _pack(deposit, parts, preparation.faults, authority, office)


def _pack(
    deposit: DepositView,
    parts: tuple[Part, ...],
    faults: Faults,
    authority: Authority,
    office: Office,
) -> DepositView:
    """Freeze: bytes first, then one transaction that names them all."""
    new = [
        NewTransmission(
            flux=part.flux.value,
            file_name=part.file_name,
            sha256=office.store.documents.put(part.content),
            size=len(part.content),
            key=part.key,
            etat=part.etat,
            facts=part.facts,
            used_keys=part.used_keys,
            supersedes=part.supersedes,
        )
        for part in parts
    ]
    try:
        office.store.pack(deposit.id, new, faults=faults)
    except FaultError as error:  # somebody used the same number meanwhile
        return _return(deposit, error.faults, authority, office)
    lay_transmitted(deposit, authority)
    if deposit.replaces is not None:
        put_away_corrected(deposit, authority)
    logger.info(
        "packed %d transmissions", len(new), extra={"action": "packed", "deposit": deposit.id}
    )
    return office.store.deposit(deposit.id)


def _return(
    deposit: DepositView, faults: Faults, authority: Authority, office: Office
) -> DepositView:
    returned = office.store.advance(deposit.id, DepositState.RETURNED, faults=faults)
    lay_returned(returned, authority, office)
    logger.info("returned", extra={"action": "returned", "deposit": deposit.id})
    return returned


_ORDER = (
    DepositState.RECEIVED,
    DepositState.DRAFTED,
    DepositState.CHECKED,
    DepositState.AWAITING_SIGNATURE,
    DepositState.SIGNED,
)


def _reach(
    deposit: DepositView,
    state: DepositState,
    office: Office,
    *,
    faults: Faults | None = None,
    kind: str | None = None,
) -> DepositView:
    """Advance to a state unless a run before a crash already did."""
    if _ORDER.index(deposit.state) >= _ORDER.index(state):
        return deposit
    return office.store.advance(deposit.id, state, faults=faults or Faults(), kind=kind)

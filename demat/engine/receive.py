"""Take complete deposits out of the watched folders and keep them, untouched, before all else."""

import logging

from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.intake.claim import Claimed, claim, pending, restore_half_claimed
from demat.intake.watch import Tracker
from demat.queue.states import DepositState
from demat.queue.views import DepositView, ReceivedFile

__all__ = ["receive_all", "receive_one"]

logger = logging.getLogger(__name__)

LINK = ".demat-depot"
"""Hidden file of a returned folder: the number of the deposit that it corrects."""


def receive_all(authority: Authority, office: Office, tracker: Tracker) -> tuple[DepositView, ...]:
    """Claim and keep every deposit that is complete; finish what a crash left half done."""
    authority.folders.make()
    restore_half_claimed(authority.folders)
    taken = [receive_one(claimed, authority, office) for claimed in pending(authority.folders)]
    for arrival in tracker.poll(office.clock.now()):
        claimed = claim(arrival, authority.folders)
        if claimed is not None:
            taken.append(receive_one(claimed, authority, office))
    return tuple(taken)


def receive_one(claimed: Claimed, authority: Authority, office: Office) -> DepositView:
    """Keep the bytes of a claimed deposit and record it; the same token is recorded once."""
    store = office.store
    try:
        files = claimed.files()
        faults = Faults() if files else Faults([Fault(code="INT-EMPTY", source=claimed.name)])
    except FaultError as error:
        files, faults = (), error.faults
    kept = [
        ReceivedFile(
            name=file.name, sha256=store.documents.put(file.content), size=len(file.content)
        )
        for file in files
    ]
    deposit = store.receive(
        collectivite=authority.siren,
        name=claimed.name,
        token=claimed.token,
        files=kept,
        replaces=_corrected(claimed, authority, office),
    )
    if faults and deposit.state is DepositState.RECEIVED:
        deposit = store.advance(deposit.id, DepositState.RETURNED, faults=faults)
    logger.info("received %s", claimed.name, extra={"action": "received", "deposit": deposit.id})
    return deposit


def _corrected(claimed: Claimed, authority: Authority, office: Office) -> int | None:
    """Find the deposit that this one corrects: by the hidden link, else by its name."""
    links = sorted(claimed.folder.rglob(LINK))
    if links:
        text = links[0].read_text(encoding="ascii", errors="replace").strip()
        if text.isascii() and text.isdigit():
            found = _known(int(text), office)
            if found and found.collectivite == authority.siren and found.replaced_by is None:
                return found.id
    named = office.store.find_open_return(authority.siren, claimed.name)
    return named.id if named else None


def _known(number: int, office: Office) -> DepositView | None:
    """Return the deposit that a link names; an agent may have changed the link."""
    try:
        return office.store.deposit(number)
    except FaultError:
        return None

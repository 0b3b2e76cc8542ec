"""Take complete deposits out of the watched folders and keep them, untouched, before all else."""

import logging
from collections.abc import Iterator
from pathlib import Path

from demat.engine.office import Authority, Office
from demat.faults import Fault, FaultError, Faults
from demat.intake.claim import Claimed, claim, pending, restore_half_claimed
from demat.intake.watch import Tracker
from demat.queue.states import DepositState
from demat.queue.views import DepositView, ReceivedFile

__all__ = ["LINK", "last_of_chain", "receive_all", "receive_one"]

logger = logging.getLogger(__name__)

LINK = ".demat-depot"
"""Hidden file of a returned folder: the number of the deposit that it corrects."""
MAX_DIGITS = 18
"""Digits of the largest number that a database holds for sure."""

_OPEN = tuple(state for state in DepositState if not state.final)


def receive_all(authority: Authority, office: Office, tracker: Tracker) -> Iterator[DepositView]:
    """Claim and keep every deposit that is complete; finish what a crash left half done.

    :raises FaultError: ``INT-PATH`` after all the others, for a deposit that cannot be moved.
    """
    authority.folders.make()
    restore_half_claimed(authority.folders)
    known = {
        deposit.token: deposit
        for deposit in office.store.deposits(collectivite=authority.siren, states=_OPEN)
    }
    for claimed in pending(authority.folders):
        yield known.get(claimed.token) or receive_one(claimed, authority, office)
    stuck = Faults()
    for arrival in tracker.poll(office.clock.now()):
        try:
            taken = claim(arrival, authority.folders)
        except FaultError as error:
            stuck += error.faults
            continue
        if taken is not None:
            yield receive_one(taken, authority, office)
    stuck.raise_if_blocking()


def receive_one(claimed: Claimed, authority: Authority, office: Office) -> DepositView:
    """Keep the bytes of a claimed deposit and record it; the same token is recorded once."""
    store = office.store
    try:
        files = claimed.files()
        faults = Faults() if files else Faults([Fault(code="INT-EMPTY", source=claimed.name)])
    except FaultError as error:
        files, faults = (), error.faults
    kept = []
    for file in files:
        try:
            content = file.content
        except FaultError as error:  # the others are kept: what is on a sick disk may not last
            faults += error.faults
            continue
        sha256 = store.documents.put(content)
        kept.append(ReceivedFile(name=file.name, sha256=sha256, size=len(content)))
    deposit = store.receive(
        collectivite=authority.siren,
        name=claimed.name,
        token=claimed.token,
        files=kept,
        replaces=_corrected(claimed, authority, office),
    )
    if faults and deposit.state is DepositState.RECEIVED:
        deposit = store.advance(deposit.id, DepositState.RETURNED, faults=faults)
    logger.info("received", extra={"action": "received", "deposit": deposit.id})
    return deposit


def _corrected(claimed: Claimed, authority: Authority, office: Office) -> int | None:
    """Find the deposit that this one corrects: by the hidden link, else by its name."""
    links = sorted(claimed.folder.rglob(LINK))
    if links:
        found = _linked(links[0], office)
        if found and found.collectivite == authority.siren:
            return found.id
    named = office.store.find_open_return(authority.siren, claimed.name)
    return named.id if named else None


def _linked(link: Path, office: Office) -> DepositView | None:
    """Return the deposit that a link names, or the last one that was tried in its place.

    An agent may have changed the link.
    """
    text = link.read_text(encoding="ascii", errors="replace").strip()
    if not (text.isdigit() and len(text) <= MAX_DIGITS):
        return None
    try:
        return last_of_chain(int(text), office)
    except FaultError:
        return None


def last_of_chain(deposit_id: int, office: Office) -> DepositView:
    """Follow the corrections that were tried already: the last one is what is corrected now.

    :raises FaultError: ``QUE-UNKNOWN_DEPOSIT``.
    """
    deposit = office.store.deposit(deposit_id)
    while deposit.replaced_by is not None:
        deposit = office.store.deposit(deposit.replaced_by)
    return deposit

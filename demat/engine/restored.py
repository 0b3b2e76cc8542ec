"""After a restoration: what is asked again, what is found again, what a person must look at.

A restored database does not know what happened since its backup. The documents that nothing names
any more tell part of it: files that were handed in, answers that were marked as read.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demat.actes.lot import Lot, read_lot
from demat.actes.messages import EnveloppePrefecture
from demat.clock import date8, paris_date
from demat.connectors.api import InboundDocument
from demat.engine.archives import ENVELOPPE
from demat.engine.collect import Round, take_acquit
from demat.engine.give_back import lay_returned
from demat.engine.inbox import take_lot
from demat.engine.office import Authority, Office
from demat.engine.parts import Part, Preparation
from demat.engine.prepare_pes import NOMFIC
from demat.engine.retours import is_of, take_retour
from demat.faults import Fault, FaultError, Faults
from demat.files import digest_file
from demat.helios.acquit import ACQUITS
from demat.intake.names import SHEET, files_below
from demat.queue.views import DepositView

__all__ = ["Restored", "after_restoration", "perhaps_sent"]

logger = logging.getLogger(__name__)

MAYBE_SENT = "INT-MAYBE_SENT"
_ASKED = frozenset({MAYBE_SENT, "QUE-RESTORED_DEPOSIT"})
"""What tells an agent that a deposit may have left."""
_HEAD = 4096
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was done, and what a person should look at."""

    suspended: int
    """Flows that the other side is asked about before they leave."""
    given_back: int
    """Deposits that went back to their agents."""
    answers: int
    """Answers that were found again."""
    handed_in: tuple[Path, ...]
    """What lies in « transmis » or « en-cours » and that the database does not know."""


def after_restoration(
    office: Office, *, backup_at: datetime, entries: int, orphans: frozenset[str]
) -> Restored:
    """Make a restored database fit to be used; nothing is sent.

    :param backup_at: when the backup was made.
    :param entries: how many entries its journal has.
    :param orphans: documents that nothing named already then.
    :raises FaultError: ``QUE-…``: the restoration is to be made again.
    """
    store, today = office.store, paris_date(office.clock.now())
    forgotten = store.orphans() - orphans
    laid = {path: digest_file(path) for one in office.authorities for path in _taken(one)}
    unknown = store.unknown(laid.values())
    suspended = store.record_restoration(
        backup_at=backup_at,
        entries=entries,
        doubts=forgotten | unknown,
        series={ENVELOPPE: date8(today), NOMFIC: today.isoformat()},
        collectivites=[authority.siren for authority in office.authorities],
    )
    answers = sum(_take_again(sha256, office) for sha256 in sorted(forgotten))
    return Restored(
        suspended=len(suspended),
        given_back=_lay_given_back(office),
        answers=answers,
        handed_in=tuple(sorted(path for path, sha256 in laid.items() if sha256 in unknown)),
    )


def _taken(authority: Authority) -> Iterator[Path]:
    """Yield every file that agents handed in and that was taken."""
    for folder in (authority.folders.transmis, authority.folders.en_cours):
        if folder.is_dir():
            files = files_below(folder)
            yield from (one for one in files if one.name != SHEET and not one.name.startswith("."))


def _lay_given_back(office: Office) -> int:
    known = {authority.siren: authority for authority in office.authorities}
    given_back = [one for one in office.store.given_back() if one.collectivite in known]
    for deposit in given_back:
        authority = known[deposit.collectivite]
        authority.folders.make()
        lay_returned(deposit, authority, office)
    return len(given_back)


def _take_again(sha256: str, office: Office) -> bool:
    """Take an answer whose bytes are here and that the database has forgotten."""
    head = office.store.documents.head(sha256, _HEAD)
    try:
        if head.startswith(_GZIP):
            return _take_lot(sha256, office)
        if any(root.encode() in head for root in ACQUITS):
            return _take_acquit(sha256, office)
        if b"PES_Retour" in head:
            return _take_retour(sha256, office)
    except FaultError as error:  # no answer, or one that is lost with what it answers
        logger.info("not taken again: %s", error, extra={"action": "restored"})
    return False


def _take_lot(sha256: str, office: Office) -> bool:
    name = f"{sha256[:12]}.tar.gz"
    content = office.store.documents.get(sha256)
    lot: Lot = read_lot(name, content)
    if not isinstance(lot.envelope, EnveloppePrefecture):  # ours, on its way out
        return False
    round_ = Round()
    for authority in office.authorities:
        if authority.siren == lot.siren:
            raw = InboundDocument(name=name, content=content)
            take_lot(lot, raw, authority, office, round_)
    return round_.new > 0


def _take_acquit(sha256: str, office: Office) -> bool:
    content = office.store.documents.get(sha256)
    for authority in office.authorities:
        try:
            take_acquit(content, f"{sha256[:12]}.xml", authority, office)
        except FaultError as error:
            if "PES-ACQUIT_UNSENT" not in error.faults.codes:
                raise
        else:
            return True
    return False


def _take_retour(sha256: str, office: Office) -> bool:
    content = office.store.documents.get(sha256)
    mine = [authority for authority in office.authorities if is_of(content, authority)]
    return any([take_retour(content, f"{sha256[:12]}.xml", one, office).fresh for one in mine])


def perhaps_sent(deposit: DepositView, preparation: Preparation, office: Office) -> Faults:
    """Ask about a deposit whose files were perhaps handed in between a backup and a disaster.

    An act is not asked about: its number keeps a second one from landing, and the other side says
    whether it is the same. Nothing keeps a PES that is made anew, nor a reply, from leaving twice.

    :returns: one ``INT-MAYBE_SENT``, or nothing; the same deposit handed in again is not asked
        about twice, but for another disaster: it may have left after the first question.
    """
    restoration = office.store.restoration()
    if restoration is None or all(map(_guarded, preparation.parts)):
        return Faults()
    found = office.store.doubtful({file.sha256 for file in deposit.files})
    if not found or _was_asked(deposit, restoration.at, office):
        return Faults()
    params = {
        "name": deposit.name,
        "backup": f"{paris_date(restoration.backup_at):%d/%m/%Y}",
        "restored": f"{paris_date(restoration.at):%d/%m/%Y}",
    }
    return Faults([Fault(code=MAYBE_SENT, params=params, source=deposit.name)])


def _guarded(part: Part) -> bool:
    return any(used.kind == "numero" for used in part.used_keys)


def _was_asked(deposit: DepositView, since: datetime, office: Office) -> bool:
    older = deposit.replaces
    while older is not None:
        corrected = office.store.deposit(older)
        if not _ASKED.isdisjoint(corrected.faults.codes) and corrected.updated_at >= since:
            return True
        older = corrected.replaces
    return False

"""Time-stamps on what was frozen, on what the State answered, and on the journal, once a night.

Nothing legal waits for them: an authority that does not answer is left alone for a while, and what
lacks its time-stamp is known from the store, so that the nightly run asks again.
"""

import logging
from datetime import datetime
from hashlib import sha256

from demat.engine import proofs
from demat.engine.merkle import root_of
from demat.engine.office import Office
from demat.faults import Fault, FaultError, Faults
from demat.queue.proofs import ANCHOR
from demat.queue.views import NewStamp, StampView, Unstamped
from demat.signing.timestamp import StampReport, check_token
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = [
    "anchor_journal",
    "stamp_bytes",
    "stamp_flow",
    "stamp_pending",
    "try_stamp",
    "verify_anchors",
]

logger = logging.getLogger(__name__)

BATCH = 1000
"""Time-stamps asked for in one night: the rest waits for the next one."""


def stamp_flow(transmission_id: int, office: Office) -> None:
    """Stamp what awaits it of one transmission, unless the authority was silent a moment ago."""
    means = office.stamping
    if means is None or means.resting(office.clock.now()):
        return
    try:
        for item in office.store.unstamped(transmission_id=transmission_id):
            _stamp(item, office)
    except FaultError as error:
        means.rest(office.clock.now())
        extra = {"action": "stamp", "transmission": transmission_id}
        logger.warning("not stamped: %s", error, extra=extra)


def stamp_pending(office: Office) -> tuple[int, Faults]:
    """Stamp all that awaits it, then the journal; return how many, and why it stopped."""
    if office.stamping is None:
        return 0, Faults()
    made = 0
    try:
        for item in office.store.unstamped(limit=BATCH):
            made += _stamp(item, office)
        made += anchor_journal(office)
    except FaultError as error:
        office.stamping.rest(office.clock.now())
        logger.warning("not stamped: %s", error, extra={"action": "stamp"})
        return made, error.faults
    return made, Faults()


def verify_anchors(office: Office) -> Faults:
    """Compare the whole journal with its time-stamps; ``PRV-JOURNAL_STAMP`` for each that differs.

    Whoever can write in the database can make the whole chain again, but not its time-stamps.
    """
    trust = office.stamping.trust if office.stamping else TrustStore()
    return Faults(
        Fault(code="PRV-JOURNAL_STAMP", params={"entrees": _range(stamp)})
        for stamp in office.store.all_anchors()
        if not _still_holds(stamp, trust, office)
    )


def _still_holds(stamp: StampView, trust: TrustStore, office: Office) -> bool:
    first, last = stamp.first_entry or 0, stamp.last_entry or 0
    seals = office.store.seals(first, last)
    if len(seals) != last - first + 1 or root_of(seals) != stamp.sha256:
        return False
    try:
        token = office.store.documents.get(stamp.token_sha256)
    except FaultError:
        return False
    return check_token(token, sha256=stamp.sha256, trust=trust).verdict is not Verdict.REFUSED


def _range(stamp: StampView) -> str:
    return f"{stamp.first_entry} à {stamp.last_entry}"


def stamp_bytes(digest: str, office: Office) -> tuple[bytes, datetime | None, Faults]:
    """Return a token on a digest and its instant, or nothing and why (warnings)."""
    means = office.stamping
    if means is None or means.resting(office.clock.now()):
        return b"", None, Faults()
    try:
        token, report = _obtain(digest, office)
    except FaultError as error:
        means.rest(office.clock.now())
        return b"", None, error.faults.as_warnings()
    return token, report.instant, Faults()


def try_stamp(office: Office) -> Faults:
    """Ask for a token that nobody keeps, and return what is wrong with it."""
    try:
        _, report = _obtain(sha256(b"demat doctor").hexdigest(), office)
    except FaultError as error:
        return error.faults
    return report.reasons


def anchor_journal(office: Office) -> bool:
    """Put the entries of the journal that are under no time-stamp under one; whether there were.

    The last of them seals all those before it: whoever holds the journal can prove all of it.

    :raises FaultError: no time-stamp was obtained.
    """
    first, seals = office.store.unanchored()
    if not seals:
        return False
    root = root_of(seals)
    token, report = _obtain(root, office)
    return office.store.record_stamp(
        NewStamp(
            objet=ANCHOR,
            sha256=root,
            token_sha256=office.store.documents.put(token),
            instant=_instant(report),
            authority=report.authority,
            first_entry=first,
            last_entry=first + len(seals) - 1,
        )
    )


def _stamp(item: Unstamped, office: Office) -> bool:
    token, report = _obtain(item.sha256, office)
    return office.store.record_stamp(
        NewStamp(
            objet=item.objet,
            transmission_id=item.transmission_id,
            sha256=item.sha256,
            token_sha256=office.store.documents.put(token),
            instant=_instant(report),
            authority=report.authority,
        ),
        proofs=proofs.kept_of_stamp(report, office),
    )


def _obtain(digest: str, office: Office) -> tuple[bytes, StampReport]:
    """Ask for a token and judge it: one that is proven wrong is not kept."""
    means = office.stamping
    if means is None:
        raise ValueError("no time-stamping authority is configured")
    token = means.authority.stamp(digest)
    report = check_token(token, sha256=digest, trust=means.trust)
    if report.verdict is Verdict.REFUSED:
        raise FaultError(report.reasons)
    return token, report


def _instant(report: StampReport) -> datetime:
    if report.instant is None:
        raise FaultError(Fault(code="SIG-TSA_UNREADABLE", params={"reason": "genTime"}))
    return report.instant

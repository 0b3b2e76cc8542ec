"""Keep the lists of revocation fresh: fetched by night, told only when what is held will not do.

A failure stops nothing: a list that is still good does its work, and the next night tries again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from demat.engine.certificates import held_by
from demat.engine.office import Authority, Office, Revocation
from demat.faults import FaultError, Faults
from demat.signing.freshness import (
    ListState,
    Watched,
    newest_of,
    no_answer,
    revoked_today,
    watched,
)
from demat.signing.revocation import Subject, ocsp_question
from demat.signing.revocation_folder import Memo, RevocationFolder
from demat.signing.trust import TrustStore

__all__ = ["lists_of", "refresh", "revoked"]

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(hours=1)
"""How long an address is left alone once it was asked: several authorities share a list."""
Point = tuple[str, ...]


def refresh(authority: Authority, office: Office) -> Faults:
    """Fetch the lists and the answers on the certificates of an authority.

    :return: warnings on what is missing, stale, or about to be, each with what went wrong; and
        which of its own certificates are then known as revoked.
    :raises OSError: what was fetched cannot be kept.
    """
    now, told, held = office.clock.now(), Faults(), held_by(authority)
    if office.revocation is not None and authority.trust.roots:  # else nothing can be judged
        work = _Refresh(means=office.revocation, trust=authority.trust, now=now)
        aloud = _watched(held, authority, office)
        told += work.on(aloud)
        every = (replace(one, quiet=False) for one in held)
        quiet = (*_watched(every, authority, office), *_stampers(office))
        work.on(one for one in quiet if one not in aloud)
    return told + revoked_today(authority.trust, held, now)


def revoked(authority: Authority, office: Office) -> Faults:
    """Tell which certificates of the authority itself are known as revoked; nothing is fetched."""
    return revoked_today(authority.trust, held_by(authority), office.clock.now())


def lists_of(authority: Authority, office: Office) -> tuple[ListState, ...]:
    """Return what is held of each list that matters to an authority; nothing is fetched."""
    if not authority.trust.roots:  # no chain can be judged anyway
        return ()
    folder = office.revocation.folder if office.revocation else None
    states: dict[tuple[str, Point], ListState] = {}
    for subject in _watched(held_by(authority), authority, office):
        for point in subject.points or ((),):
            state = _state(subject, point, authority.trust, folder, office.clock.now())
            states.setdefault((subject.issuer_key, point), state)
    return tuple(states.values())


def _watched(held: Iterable[Watched], authority: Authority, office: Office) -> tuple[Subject, ...]:
    now = office.clock.now()
    wanted = office.revocation.folder.wanted(now) if office.revocation else ()
    return watched(authority.trust, (one for one in held if not one.quiet), wanted, now)


def _stampers(office: Office) -> tuple[Subject, ...]:
    """Return the certificates that make time-stamps, as far as they were met."""
    if office.stamping is None or office.revocation is None:
        return ()
    now = office.clock.now()
    return watched(office.stamping.trust, (), office.revocation.folder.wanted(now), now)


def _state(
    subject: Subject,
    point: Point,
    trust: TrustStore,
    folder: RevocationFolder | None,
    now: datetime,
) -> ListState:
    fetched = folder.newest_list(subject, point) if folder and point else None
    newest = newest_of(subject, trust.crls, fetched, now)
    return ListState(authority=subject.authority, newest=newest)


@dataclass(kw_only=True, slots=True)
class _Refresh:
    """One refresh for one authority: each list is looked for once."""

    means: Revocation
    trust: TrustStore
    now: datetime
    _seen: set[tuple[str, Point]] = field(default_factory=set)

    def on(self, subjects: Iterable[Subject]) -> Faults:
        """Fetch all that tells of some certificates, and say what is wrong with what is held."""
        faults = Faults()
        for subject in subjects:
            for point in subject.points:
                faults += self.list_of(subject, point)
            faults += self.answer_on(subject)
        return faults

    def list_of(self, subject: Subject, point: Point) -> Faults:
        """Fetch one list, and say what is wrong with what is then held."""
        key = (subject.issuer_key, point)
        if key in self._seen:
            return Faults()
        self._seen.add(key)
        failed, reasons = self._fetch(subject, point)
        faults = self._state(subject, point).faults(self.now, failed=failed)
        return faults + reasons if faults else faults

    def _state(self, subject: Subject, point: Point) -> ListState:
        return _state(subject, point, self.trust, self.means.folder, self.now)

    def _fetch(self, subject: Subject, point: Point) -> tuple[bool, Faults]:
        """Ask the addresses of a list in turn; return whether all failed, and why."""
        lately = [memo for memo in map(self._memo, point) if self._lately(memo)]
        if lately:
            return all(memo.failed for memo in lately), Faults()
        reasons = Faults()
        held = self.means.folder.newest_list(subject, point) is not None
        for address in point:
            memo = self._memo(address)
            try:
                self._fetch_from(subject, point, address, memo if held else Memo())
            except FaultError as error:
                reasons += self._failed(address, memo, error)
            else:
                return False, Faults()
        return True, reasons

    def _fetch_from(self, subject: Subject, point: Point, address: str, memo: Memo) -> None:
        found = self.means.source.fetch(address, etag=memo.etag, modified=memo.modified)
        if found.content is not None:
            self.means.folder.keep_list(subject, point, found.content, address=address, at=self.now)
            memo = Memo(etag=found.etag, modified=found.modified)
        self._remember(address, replace(memo, failed=""))

    def answer_on(self, subject: Subject) -> Faults:
        """Ask about one certificate; silence matters only where no list is fresh."""
        reasons = self._ask(subject)
        if not subject.responders or self._answered(subject):
            return Faults()
        states = [self._state(subject, point) for point in subject.points or ((),)]
        if all(state.newest is not None and not state.stale(self.now) for state in states):
            return Faults()
        return no_answer(subject) + reasons

    def _ask(self, subject: Subject) -> Faults:
        reasons = Faults()
        for address in subject.responders:
            name = f"{address} {subject.issuer_key} {subject.certificate.serial_number}"
            memo = self._memo(name)
            if self._lately(memo):
                return Faults()
            try:
                answer = self.means.source.ask(address, ocsp_question(subject))
                self.means.folder.keep_answer(subject, answer, address=address, at=self.now)
            except FaultError as error:
                reasons += self._failed(name, memo, error)
            else:
                self._remember(name, Memo())
                return Faults()
        return reasons

    def _answered(self, subject: Subject) -> bool:
        """Whether an answer that is held is still good."""
        found = self.means.folder.newest_answer(subject)
        return found is not None and (found.next_update or found.this_update) >= self.now

    def _memo(self, address: str) -> Memo:
        return self.means.folder.memo(address)

    def _lately(self, memo: Memo) -> bool:
        return bool(memo.asked) and self.now - datetime.fromisoformat(memo.asked) < ASK_AGAIN

    def _remember(self, address: str, memo: Memo) -> None:
        self.means.folder.remember(address, replace(memo, asked=self.now.isoformat()))

    def _failed(self, address: str, memo: Memo, error: FaultError) -> Faults:
        logger.info("no revocation data: %s", error, extra={"action": "revocation_failed"})
        self._remember(address, replace(memo, failed=error.faults.codes[0]))
        return error.faults.as_warnings()

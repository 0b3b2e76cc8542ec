"""Which certificates are watched, how fresh is what is known of their revocation, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.certificate import readable
from demat.signing.revocation import RevocationList, Subject, read_list, subjects_of
from demat.signing.trust import TrustStore
from demat.signing.verdict import Verdict

__all__ = [
    "ListState",
    "Watched",
    "newest_of",
    "no_answer",
    "revoked_today",
    "watched",
]

SOON = timedelta(hours=24)
"""How long before its end a list that could not be renewed is told."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A certificate that an authority holds, with those that came with it."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    quiet: bool = False
    """Whether others judge it: what is missing on it is then nobody's worry here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListState:
    """What is known of one list."""

    authority: str
    """Name of the authority that makes it."""
    newest: RevocationList | None
    """``None``: none was ever had."""

    def stale(self, now: datetime) -> bool:
        """Whether the list should have been replaced by now."""
        until = self.newest.next_update if self.newest else None
        return until is not None and until <= now

    def faults(self, now: datetime, *, failed: bool) -> Faults:
        """Return what somebody should know, as a warning.

        :param failed: whether a newer list was looked for in vain: one that ends soon is then told.
        """
        params = {"authority": self.authority}
        if self.newest is None:
            return _warn("SIG-LIST_NONE", params)
        until = self.newest.next_update
        if until is None:
            return Faults()
        dated = {**params, "date": f"{paris_date(until):%d/%m/%Y}"}
        if until <= now:
            days = str((paris_date(now) - paris_date(until)).days)
            return _warn("SIG-LIST_STALE", {**dated, "days": days})
        if failed and until <= now + SOON:
            return _warn("SIG-LIST_ENDING", dated)
        return Faults()


def watched(
    trust: TrustStore, held: Iterable[Watched], wanted: Iterable[bytes], at: datetime
) -> tuple[Subject, ...]:
    """Return the certificates whose revocation is asked about, with their issuers; ended ones not.

    :param held: what the authority holds: its own chains are believed.
    :param wanted: certificates of others, DER: only what the trust folder vouches for is asked
        about, since the addresses to ask are in them.
    """
    known = trust.authorities()
    subjects = [*subjects_of(known, known)]
    for one in held:
        subjects += subjects_of((one.certificate, *one.chain), (*known, *one.chain))
    others = tuple(readable(wanted))
    vouched = [one.certificate for one in subjects_of(others, known) if one.is_authority]
    subjects += subjects_of(others, (*known, *vouched))
    return tuple(one for one in dict.fromkeys(subjects) if one.not_after >= at)


def newest_of(
    subject: Subject, lists: Iterable[bytes], other: RevocationList | None, at: datetime
) -> RevocationList | None:
    """Return the newest list of the issuer of a certificate.

    :param lists: DER, of any authority: those of the trust folder.
    :param other: the one that was fetched.
    """
    found = [other] if other else []
    for content in lists:
        try:
            found.append(read_list(content, subject.issuer, address="", at=at))
        except FaultError:  # of another authority
            continue
    return max(found, key=lambda one: one.this_update, default=None)


def no_answer(subject: Subject) -> Faults:
    """Tell that nothing says whether one certificate was revoked."""
    return _warn("SIG-ANSWER_NONE", {"holder": subject.holder, "authority": subject.authority})


def revoked_today(trust: TrustStore, held: Iterable[Watched], now: datetime) -> Faults:
    """Tell which certificates of the authority are revoked: they are of no use any more."""
    faults = Faults()
    for one in held:
        verdict, reasons = trust.check_chain(one.certificate, one.chain, now)
        if verdict is Verdict.REFUSED and reasons.codes == ("SIG-REVOKED",):
            faults += [Fault(code="SIG-OWN_REVOKED", params=next(iter(reasons)).params)]
    return faults


def _warn(code: str, params: dict[str, str]) -> Faults:
    return Faults([Fault(code=code, params=params, severity=Severity.WARNING)])

"""The certificates that an authority lives by: what it holds, and when they end."""

from collections.abc import Iterator
from datetime import date

from demat.actes.rules_suivi import check_certificat
from demat.clock import paris_date
from demat.engine.office import Authority, Office
from demat.engine.signataires import Signataire
from demat.faults import FaultError, Faults
from demat.signing.certificate import describe
from demat.signing.expiry import Held, expiry
from demat.signing.freshness import Watched

__all__ = [
    "ending",
    "ending_authorities",
    "ending_line",
    "ending_signataires",
    "held_by",
    "last_days",
]


def ending(authority: Authority, office: Office) -> Faults:
    """Tell which certificates end soon or have ended, in words that grow more urgent."""
    return (
        ending_signataires(authority, office)
        + ending_line(authority, office)
        + ending_authorities(authority, office)
    )


def ending_signataires(authority: Authority, office: Office) -> Faults:
    """Tell the end of the certificates of those who sign."""
    today, faults = paris_date(office.clock.now()), Faults()
    for signataire in authority.signataires:
        if (found := _of_signataire(signataire)) is not None:
            last = paris_date(describe(found.certificate).not_after)
            faults += expiry(signataire.nom, last, today)
    return faults


def ending_line(authority: Authority, office: Office) -> Faults:
    """Tell the end of the certificate shown to the other side: once, 90 days before (rule 60)."""
    last, today = authority.line_expires(), paris_date(office.clock.now())
    if last is None:
        return Faults()
    return expiry(authority.nom, last, today, Held.LINE) or check_certificat(last, today=today)


def ending_authorities(authority: Authority, office: Office) -> Faults:
    """Tell the end of the certificates of the trust folder."""
    today, faults = paris_date(office.clock.now()), Faults()
    for certificate in authority.trust.authorities():
        facts = describe(certificate)
        faults += expiry(facts.holder, paris_date(facts.not_after), today, Held.AUTHORITY)
    return faults


def held_by(authority: Authority) -> tuple[Watched, ...]:
    """Return the certificates that an authority signs and transmits with, as far as can be read."""
    return tuple(_held(authority))


def last_days(authority: Authority) -> dict[str, date]:
    """Return the last legal day of the certificate that ends first, by use.

    ``line``: towards the other side; ``signature``: of those who sign, as far as can be read.
    """
    found: dict[str, date] = {}
    for one in held_by(authority):
        use = "line" if one.quiet else "signature"
        day = paris_date(describe(one.certificate).not_after)
        found[use] = min(day, found.get(use, day))
    return found


def _held(authority: Authority) -> Iterator[Watched]:
    for signataire in authority.signataires:
        if (found := _of_signataire(signataire)) is not None:
            yield found
    line = authority.line_certificates()
    if line:
        yield Watched(line[0], line[1:], quiet=True)  # the other side judges it


def _of_signataire(signataire: Signataire) -> Watched | None:
    """Return the certificate of a signataire; what keeps it from being read is told elsewhere."""
    try:
        beside = signataire.public()
        if beside is not None:
            return Watched(beside)
        if signataire.typed:
            return None
        with signataire.open(None) as signer:
            return Watched(signer.certificate, signer.chain)
    except FaultError:
        return None

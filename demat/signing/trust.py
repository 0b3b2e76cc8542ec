"""The authorities that we trust, their revocation lists, and the judgment of a chain at an instant.

Explicit trust roots only, never those of the system, and never the network (architecture, decision
17): lists and answers are fetched elsewhere and kept in a folder. A revocation list published after
the signature is good evidence: the revocation date counts.

The library finds the path and judges it; what it leaves open is judged here. It asks no list once
an answer (OCSP) is good, it takes no notice of a list that is stale, although a revocation stays,
and it believes the silence of a list on what had ended before. An answer counts for it only when
the certificate names a responder, and one that a responder signed whose own revocation is unknown
(no *nocheck* extension, RFC 6960 §4.2.2.2.1, and no list) counts for nothing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathError,
    RevokedError,
    StaleRevinfoError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.ascent import leading_up
from demat.signing.certificate import check_validity, describe, readable
from demat.signing.revocation import Subject, proves, revoked_at, subjects_of
from demat.signing.rgs import PolitiqueRgs, read_policies, shipped
from demat.signing.verdict import Verdict

__all__ = ["TrustStore"]

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".crl"})


class Evidence(Protocol):
    """Lists and answers kept from before, and from before that."""

    def evidence(self, subject: Subject, at: datetime) -> tuple[list[bytes], list[bytes]]:
        """Return the lists and the answers that may tell of a certificate at an instant."""
        ...

    def want(self, certificates: Iterable[bytes]) -> None:
        """Take note of certificates, DER, on which there is not enough."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """What is at hand for one chain, DER."""

    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustStore:
    """What we believe, as DER."""

    roots: tuple[bytes, ...] = ()
    """Certificates of the root authorities: trusted because they are here."""
    intermediates: tuple[bytes, ...] = ()
    """Certificates of the authorities between a root and a person: helpers, not trusted alone."""
    crls: tuple[bytes, ...] = ()
    """Revocation lists, of any authority and any date."""
    ocsps: tuple[bytes, ...] = ()
    """Answers of authorities on one certificate (OCSP), such as a signed PDF carries."""
    policies: tuple[PolitiqueRgs, ...] = field(default_factory=shipped)
    """The policies of the RGS that are known: those of the project, and of ``rgs.toml``."""
    kept: Evidence | None = None
    """Where more lists and answers are kept; ``None``: nowhere."""

    @classmethod
    def from_folder(cls, folder: Path) -> "TrustStore":
        """Read every certificate and revocation list of a folder, in PEM or DER.

        A self-issued certificate is taken for a root: who may write in this folder decides whom we
        trust. ``rgs.toml`` adds policies of the RGS, or replaces ours. Files with another suffix
        than ``.pem .crt .cer .der .crl`` are left alone.

        :raises FaultError: ``SIG-TRUST_FOLDER``, ``SIG-TRUST_FILE``, ``SIG-RGS_FILE``.
        """
        if not folder.is_dir():
            raise FaultError(Fault(code="SIG-TRUST_FOLDER", params={"folder": str(folder)}))
        roots: list[bytes] = []
        intermediates: list[bytes] = []
        crls: list[bytes] = []
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in _SUFFIXES or not path.is_file():
                continue
            for found in _read(path):
                if isinstance(found, asn1_crl.CertificateList):
                    crls.append(found.dump())
                elif found.issuer == found.subject:
                    roots.append(found.dump())
                else:
                    intermediates.append(found.dump())
        return cls(
            roots=tuple(roots),
            intermediates=tuple(intermediates),
            crls=tuple(crls),
            policies=_policies(folder / "rgs.toml"),
        )

    def check_chain(
        self, certificate: x509.Certificate, others: Iterable[x509.Certificate], at: datetime
    ) -> tuple[Verdict, Faults]:
        """Judge whether a trusted authority vouched for a certificate at an instant.

        :param others: certificates that came with the signature; helpers, never trusted.
        :param at: aware instant of the signature.
        :return: refused with ``SIG-EXPIRED``, ``SIG-NOT_YET_VALID``, ``SIG-REVOKED``,
            ``SIG-CHAIN_DATES`` or ``SIG-CHAIN``; undecided with a warning ``SIG-UNTRUSTED``,
            ``SIG-NO_CRL``, ``SIG-CRL_STALE``, ``SIG-CRL_TOO_LATE`` or ``SIG-CHAIN_ALGORITHM``;
            accepted with no fault.
        """
        dates = check_validity(certificate, at)
        if dates:
            return Verdict.REFUSED, dates
        helpers = tuple(leading_up(certificate, others))
        evidence = self._evidence(certificate, helpers, at)
        holder = describe(certificate).holder
        try:
            path = asyncio.run(self._validate(certificate, helpers, evidence, at))
        except (InsufficientRevinfoError, RevokedError) as error:
            found = _shown(error.original_path, evidence, at)
            if found is None and self.kept is not None:
                self.kept.want(one.dump() for one in error.original_path.iter_certs(False))
            return found or _judge(error, holder, at)
        except (PathError, ValidationError) as error:
            return _judge(error, holder, at)
        return _shown(path, evidence, at) or _unproven(path, evidence, at)

    def authorities(self) -> tuple[x509.Certificate, ...]:
        """Return the authorities of the store, roots first; what is malformed is left out."""
        return tuple(readable((*self.roots, *self.intermediates)))

    def _evidence(
        self, certificate: x509.Certificate, others: tuple[x509.Certificate, ...], at: datetime
    ) -> _Evidence:
        crls, ocsps = list(self.crls), list(self.ocsps)
        if self.kept is not None:
            known = (*self.authorities(), *others)
            for subject in subjects_of((certificate, *known), known, signed=False):
                more_crls, more_ocsps = self.kept.evidence(subject, at)
                crls += more_crls
                ocsps += more_ocsps
        return _Evidence(crls=tuple(dict.fromkeys(crls)), ocsps=tuple(dict.fromkeys(ocsps)))

    async def _validate(
        self,
        certificate: x509.Certificate,
        others: tuple[x509.Certificate, ...],
        evidence: _Evidence,
        at: datetime,
    ) -> ValidationPath:
        helpers = [other.public_bytes(Encoding.DER) for other in others]
        context = ValidationContext(
            trust_roots=[asn1.Certificate.load(root) for root in self.roots],
            other_certs=[asn1.Certificate.load(c) for c in (*self.intermediates, *helpers)],
            crls=[asn1_crl.CertificateList.load(crl) for crl in evidence.crls],
            ocsps=[asn1_ocsp.OCSPResponse.load(answer) for answer in evidence.ocsps],
            moment=at,
            allow_fetching=False,
            revocation_mode="require",
            retroactive_revinfo=True,
        )
        subject = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
        validator = CertificateValidator(subject, validation_context=context)
        return await validator.async_validate_path()


def _subjects(path: ValidationPath) -> tuple[Subject, ...]:
    """Return every certificate of a path with its issuer, but for the root."""
    chain = tuple(readable(one.dump() for one in path.iter_certs(include_root=True)))
    return tuple(Subject(child, parent) for parent, child in pairwise(chain))


def _shown(
    path: ValidationPath, evidence: _Evidence, at: datetime
) -> tuple[Verdict, Faults] | None:
    """Refuse what any evidence, even a stale list, shows as revoked before the instant."""
    for subject in _subjects(path):
        revoked = revoked_at(subject, evidence.crls, evidence.ocsps)
        if revoked is not None and revoked <= at:
            return _refused("SIG-REVOKED", {"holder": subject.holder, "date": _day(revoked)})
    return None


def _unproven(path: ValidationPath, evidence: _Evidence, at: datetime) -> tuple[Verdict, Faults]:
    """Accept, unless the only lists were made when they did not have to name a certificate."""
    for subject in _subjects(path):
        if not proves(subject, evidence.crls, evidence.ocsps, at):
            params = {"holder": subject.holder, "date": _day(subject.not_after)}
            return _undecided("SIG-CRL_TOO_LATE", params)
    return Verdict.ACCEPTED, Faults()


def _day(instant: datetime) -> str:
    return paris_date(instant).strftime("%d/%m/%Y")


def _judge(error: Exception, holder: str, at: datetime) -> tuple[Verdict, Faults]:
    """Turn the reason of the validator into a verdict: refused only when proven wrong."""
    params = {"holder": holder}
    if isinstance(error, RevokedError):
        return _refused("SIG-REVOKED", {**params, "date": _day(error.revocation_dt)})
    if isinstance(error, ExpiredError | NotYetValidError):
        return _refused("SIG-CHAIN_DATES", params)
    if isinstance(error, StaleRevinfoError):
        age = (paris_date(at) - paris_date(error.time_cutoff)).days
        stale = {**params, "date": _day(error.time_cutoff), "days": str(age)}
        return _undecided("SIG-CRL_STALE", stale)
    if isinstance(error, InsufficientRevinfoError):
        return _undecided("SIG-NO_CRL", params)
    if isinstance(error, DisallowedAlgorithmError):
        return _undecided("SIG-CHAIN_ALGORITHM", params)
    if isinstance(error, PathBuildingError | InvalidCertificateError):  # the latter: self-signed
        return _undecided("SIG-UNTRUSTED", params)
    return _refused("SIG-CHAIN", {**params, "reason": str(error)})


def _refused(code: str, params: dict[str, str]) -> tuple[Verdict, Faults]:
    return Verdict.REFUSED, Faults([Fault(code=code, params=params)])


def _undecided(code: str, params: dict[str, str]) -> tuple[Verdict, Faults]:
    fault = Fault(code=code, params=params, severity=Severity.WARNING)
    return Verdict.UNDECIDED, Faults([fault])


def _policies(path: Path) -> tuple[PolitiqueRgs, ...]:
    if not path.is_file():
        return shipped()
    own = read_policies(path.read_bytes(), path.name)
    replaced = {one.oid for one in own}
    return own + tuple(one for one in shipped() if one.oid not in replaced)


def _read(path: Path) -> list[asn1.Certificate | asn1_crl.CertificateList]:
    content = path.read_bytes()
    try:
        if not pem.detect(content):
            return [_load_der(content)]
        blocks = [(label, der) for label, _headers, der in pem.unarmor(content, multiple=True)]
        return [_load_block(label, der) for label, der in blocks]
    except (ValueError, TypeError) as error:
        raise FaultError(Fault(code="SIG-TRUST_FILE", params={"name": path.name})) from error


def _load_der(content: bytes) -> asn1.Certificate | asn1_crl.CertificateList:
    try:
        return _load_block("CERTIFICATE", content)
    except ValueError:
        return _load_block("X509 CRL", content)


def _load_block(label: str, der: bytes) -> asn1.Certificate | asn1_crl.CertificateList:
    kind = asn1_crl.CertificateList if label == "X509 CRL" else asn1.Certificate
    found = kind.load(der, strict=True)
    found.native  # noqa: B018 - asn1crypto reads lazily: what is malformed shows up here
    return found

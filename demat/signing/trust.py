"""The authorities that we trust, their revocation lists, and the judgment of a chain at an instant.

Explicit trust roots only, never those of the system, and never the network (architecture, decision
17). A revocation list published after the signature is good evidence: the revocation date counts.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
    ValidationError,
)

from demat.clock import paris_date
from demat.faults import Fault, FaultError, Faults, Severity
from demat.signing.ascent import leading_up
from demat.signing.certificate import check_validity, describe
from demat.signing.verdict import Verdict

__all__ = ["TrustStore"]

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".crl"})


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

    @classmethod
    def from_folder(cls, folder: Path) -> "TrustStore":
        """Read every certificate and revocation list of a folder, in PEM or DER.

        A self-issued certificate is taken for a root: who may write in this folder decides whom we
        trust. Files with another suffix than ``.pem .crt .cer .der .crl`` are left alone.

        :raises FaultError: ``SIG-TRUST_FOLDER``, ``SIG-TRUST_FILE``.
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
        return cls(roots=tuple(roots), intermediates=tuple(intermediates), crls=tuple(crls))

    def check_chain(
        self, certificate: x509.Certificate, others: Iterable[x509.Certificate], at: datetime
    ) -> tuple[Verdict, Faults]:
        """Judge whether a trusted authority vouched for a certificate at an instant.

        :param others: certificates that came with the signature; helpers, never trusted.
        :param at: aware instant of the signature.
        :return: refused with ``SIG-EXPIRED``, ``SIG-NOT_YET_VALID``, ``SIG-REVOKED``,
            ``SIG-CHAIN_DATES`` or ``SIG-CHAIN``; undecided with a warning ``SIG-UNTRUSTED``,
            ``SIG-NO_CRL`` or ``SIG-CHAIN_ALGORITHM``; accepted with no fault.
        """
        dates = check_validity(certificate, at)
        if dates:
            return Verdict.REFUSED, dates
        holder = describe(certificate).holder
        helpers = leading_up(certificate, others)
        extra = [other.public_bytes(Encoding.DER) for other in helpers]
        try:
            asyncio.run(self._validate(certificate.public_bytes(Encoding.DER), extra, at))
        except (PathError, ValidationError) as error:
            return _judge(error, holder)
        return Verdict.ACCEPTED, Faults()

    async def _validate(self, certificate: bytes, others: list[bytes], at: datetime) -> None:
        context = ValidationContext(
            trust_roots=[asn1.Certificate.load(root) for root in self.roots],
            other_certs=[asn1.Certificate.load(c) for c in (*self.intermediates, *others)],
            crls=[asn1_crl.CertificateList.load(crl) for crl in self.crls],
            ocsps=[asn1_ocsp.OCSPResponse.load(answer) for answer in self.ocsps],
            moment=at,
            allow_fetching=False,
            revocation_mode="require",
            retroactive_revinfo=True,
        )
        subject = asn1.Certificate.load(certificate)
        validator = CertificateValidator(subject, validation_context=context)
        await validator.async_validate_path()


def _judge(error: Exception, holder: str) -> tuple[Verdict, Faults]:
    """Turn the reason of the validator into a verdict: refused only when proven wrong."""
    params = {"holder": holder}
    if isinstance(error, RevokedError):
        day = paris_date(error.revocation_dt).strftime("%d/%m/%Y")
        return _refused("SIG-REVOKED", {**params, "date": day})
    if isinstance(error, ExpiredError | NotYetValidError):
        return _refused("SIG-CHAIN_DATES", params)
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

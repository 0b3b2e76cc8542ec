"""An authority of certification in memory: certificates, lists and answers, right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DAY = timedelta(days=1)
_USAGES = frozenset(
    {"digital_signature", "content_commitment", "key_encipherment", "data_encipherment"}
    | {"key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"}
)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


@dataclass
class FictionalAuthority:
    """One authority, at an instant around which everything is dated."""

    now: datetime
    name: str = "AC fictive"
    key: Key = field(default_factory=new_key)
    parent: "FictionalAuthority | None" = None
    crl_address: str = ""
    ocsp_address: str = ""
    days: tuple[int, int] = (-3650, 3650)
    _serial: int = 100

    def __post_init__(self) -> None:
        signer = self.parent or self
        self.certificate = signer._issue(
            self.name,
            self.key,
            self.days,
            [(usage("key_cert_sign", "crl_sign"), True)],
            authority=True,
            of=self.parent,
        )

    def issue(
        self,
        name: str = "Camille Dupré",
        *,
        days: tuple[int, int] = (-300, 300),
        key: Key | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> x509.Certificate:
        """Return the certificate of a person."""
        wanted = [(usage("content_commitment"), True), *extensions]
        return self._issue(name, key or self.key, days, wanted, authority=False, of=self)

    def responder(
        self, key: Key, *, no_check: bool = True, for_ocsp: bool = True, days=(-30, 30)
    ) -> x509.Certificate:
        """Return the certificate of somebody who answers for the authority."""
        kind = ExtendedKeyUsageOID.OCSP_SIGNING if for_ocsp else ExtendedKeyUsageOID.CLIENT_AUTH
        wanted = [(usage("digital_signature"), True), (x509.ExtendedKeyUsage([kind]), False)]
        if no_check:
            wanted.append((x509.OCSPNoCheck(), False))
        return self._issue("Répondeur", key, days, wanted, authority=False, of=self)

    def _issue(self, name, key, days, extensions, *, authority, of) -> x509.Certificate:
        self._serial += 1
        issuer = self.subject(of.name if of else name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject(name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(self._serial)
            .not_valid_before(self.now + days[0] * DAY)
            .not_valid_after(self.now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if of is not None:
            extensions = [*extensions, *_addresses(of.crl_address, of.ocsp_address)]
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign((of or self).key, hashes.SHA256())

    @staticmethod
    def subject(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def crl(
        self,
        *revoked: tuple[x509.Certificate, datetime],
        made: timedelta = -DAY / 2,
        until: timedelta | None = DAY / 2,
        key: Key | None = None,
        name: str = "",
        reason: x509.ReasonFlags | None = None,
        extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
        expired_since: datetime | None = None,
    ) -> bytes:
        """Return a list, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.subject(name or self.name))
            .last_update(self.now + made)
            .next_update(self.now + (until if until is not None else 4000 * DAY))
        )
        for certificate, at in revoked:
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, at)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        if expired_since is not None:
            text = f"{expired_since.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()
            oid = x509.ObjectIdentifier("2.5.29.60")
            kept = x509.UnrecognizedExtension(oid, bytes([0x18, len(text)]) + text)
            builder = builder.add_extension(kept, critical=False)
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(
        self,
        certificate: x509.Certificate,
        *,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        revoked: datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        made: timedelta = -DAY / 24,
        until: timedelta | None = DAY / 2,
        signer: tuple[x509.Certificate, Key] | None = None,
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """Return an answer on a certificate, DER; signed by the authority unless told otherwise."""
        who, key = signer or (self.certificate, self.key)
        if revoked is not None:
            status = ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder(certs=[who] if signer else None).add_response(
            cert=certificate,
            issuer=self.certificate,
            algorithm=algorithm or hashes.SHA1(),  # noqa: S303 - names a certificate
            cert_status=status,
            this_update=self.now + made,
            next_update=self.now + until if until is not None else None,
            revocation_time=revoked,
            revocation_reason=reason,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, who)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _addresses(crl: str, answers: str) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if crl:
        points = [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier(one) for one in point.split()], None, None, None
            )
            for point in crl.split("|")
        ]
        found.append((x509.CRLDistributionPoints(points), False))
    if answers:
        location = x509.UniformResourceIdentifier(answers)
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
        found.append((x509.AuthorityInformationAccess([access]), False))
    return found

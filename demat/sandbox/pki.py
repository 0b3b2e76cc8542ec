"""A throw-away, RGS-like key infrastructure for the sandbox, the demo and the tests.

Described as data (the table ``SPECS``), made of fictional people, trusted by nobody. It stands for
what RGS certificates look like on a PES (helios dossier §7.5): a root, an intermediate authority,
revocation lists, a signatory whose only key usage is *nonRepudiation*, the TLS certificates of a
server and of its clients, and a time-stamping unit.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Identity", "Pki", "make_pki"]

KEY_BITS = 2048
POLICY = x509.ObjectIdentifier("1.2.250.1.999.1.1")
"""Stands for the certification policy of an RGS family; assigned to nobody."""
CRL_ADDRESS = "http://crl.ac.invalid/"
LIFETIME = timedelta(days=300)
"""A kept infrastructure older than this is made anew, before its certificates end."""
_STAMP = "pki.txt"
_COMMUNE = "Commune de Saint-Exemple-lès-Fiction"
_SIRET = "21990123800010"


class _Usage(Enum):
    """What a certificate of the table may be used for."""

    AUTHORITY = "authority"
    SIGNATURE = "signature"
    SERVER = "server"
    CLIENT = "client"
    TIME_STAMP = "time-stamp"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Spec:
    """One row of the table: who certifies whom, for what, from when to when."""

    issuer: str
    usage: _Usage
    subject: Mapping[x509.ObjectIdentifier, str]
    days: tuple[int, int] = (-365, 730)
    protected: bool = False
    revoked_days_ago: int | None = None


def _authority(name: str) -> Mapping[x509.ObjectIdentifier, str]:
    return {NameOID.ORGANIZATION_NAME: "Autorité fictive de demat", NameOID.COMMON_NAME: name}


def _person(name: str, role: str) -> Mapping[x509.ObjectIdentifier, str]:
    return {
        NameOID.ORGANIZATION_NAME: _COMMUNE,
        NameOID.ORGANIZATIONAL_UNIT_NAME: f"0002 {_SIRET}",
        NameOID.TITLE: role,
        NameOID.COMMON_NAME: name,
    }


def _machine(name: str) -> Mapping[x509.ObjectIdentifier, str]:
    return {NameOID.ORGANIZATION_NAME: _COMMUNE, NameOID.COMMON_NAME: name}


def _state(name: str) -> Mapping[x509.ObjectIdentifier, str]:
    return {NameOID.ORGANIZATION_NAME: "État fictif de demat", NameOID.COMMON_NAME: name}


SPECS: Mapping[str, _Spec] = {
    "ac-racine": _Spec(
        issuer="ac-racine",
        usage=_Usage.AUTHORITY,
        subject=_authority("AC racine de démonstration"),
        days=(-3650, 3650),
    ),
    "ac-fille": _Spec(
        issuer="ac-racine",
        usage=_Usage.AUTHORITY,
        subject=_authority("AC fille de démonstration"),
        days=(-2555, 2555),
    ),
    "ac-inconnue": _Spec(
        issuer="ac-inconnue",
        usage=_Usage.AUTHORITY,
        subject=_authority("AC que personne ne connaît"),
        days=(-3650, 3650),
    ),
    "maire": _Spec(
        issuer="ac-fille",
        usage=_Usage.SIGNATURE,
        subject=_person("Camille Dupré", "Maire"),
        protected=True,
    ),
    "signataire": _Spec(
        issuer="ac-fille",
        usage=_Usage.SIGNATURE,
        subject={NameOID.TITLE: "Maire", NameOID.COMMON_NAME: "Camille Dupré"},
        protected=True,
    ),
    "maire-expire": _Spec(
        issuer="ac-fille",
        usage=_Usage.SIGNATURE,
        subject=_person("Camille Dupré", "Maire"),
        days=(-1500, -400),
        protected=True,
    ),
    "maire-revoque": _Spec(
        issuer="ac-fille",
        usage=_Usage.SIGNATURE,
        subject=_person("Dominique Martin-Fictif", "Adjoint au maire"),
        protected=True,
        revoked_days_ago=30,
    ),
    "serveur": _Spec(
        issuer="ac-fille", usage=_Usage.SERVER, subject=_machine("Bac à sable de demat")
    ),
    "serveur-ministere": _Spec(
        issuer="ac-fille", usage=_Usage.SERVER, subject=_state("Application ACTES fictive")
    ),
    "serveur-dgfip": _Spec(
        issuer="ac-fille", usage=_Usage.SERVER, subject=_state("Passerelle Hélios fictive")
    ),
    "serveur-expire": _Spec(
        issuer="ac-fille",
        usage=_Usage.SERVER,
        subject=_machine("Bac à sable de demat"),
        days=(-1500, -400),
    ),
    "tdt": _Spec(
        issuer="ac-fille", usage=_Usage.CLIENT, subject=_machine("TdT du bac à sable de demat")
    ),
    "client": _Spec(
        issuer="ac-fille",
        usage=_Usage.CLIENT,
        subject=_machine("Télétransmission de Saint-Exemple-lès-Fiction"),
        protected=True,
    ),
    "client-expire": _Spec(
        issuer="ac-fille",
        usage=_Usage.CLIENT,
        subject=_machine("Télétransmission de Saint-Exemple-lès-Fiction"),
        days=(-1500, -400),
        protected=True,
    ),
    "client-revoque": _Spec(
        issuer="ac-fille",
        usage=_Usage.CLIENT,
        subject=_machine("Télétransmission de Saint-Exemple-lès-Fiction"),
        protected=True,
        revoked_days_ago=30,
    ),
    "client-inconnu": _Spec(
        issuer="ac-inconnue",
        usage=_Usage.CLIENT,
        subject=_machine("Client d'une autre autorité"),
        protected=True,
    ),
    "horodatage": _Spec(
        issuer="ac-fille",
        usage=_Usage.TIME_STAMP,
        subject=_authority("Horodatage de démonstration"),
    ),
}

ENDS = tuple(name for name, spec in SPECS.items() if spec.usage is not _Usage.AUTHORITY)
"""Rows that are no authority: they have files of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The files of one end certificate."""

    certificate: Path
    """PEM: the certificate, then the authorities up to the root excluded."""
    key: Path
    """PEM private key, encrypted with the passphrase unless that is empty."""
    p12: Path
    """PKCS#12 with the key, the certificate and its authorities, root included."""
    passphrase: str
    """Opens ``key`` and ``p12``; empty for a server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pki:
    """Where everything is."""

    folder: Path
    """The folder given to :func:`make_pki`."""
    trust_folder: Path
    """Root, intermediate and revocation lists, for ``TrustStore.from_folder``."""
    root: Path
    """PEM certificate of the root authority."""
    intermediate: Path
    """PEM certificate of the authority that issued everybody."""
    crl: Path
    """PEM revocation list of the intermediate authority."""
    ca_bundle: Path
    """PEM of both authorities, for the verification of TLS on either side."""
    maire: Identity
    """Signatory with a good certificate."""
    signatory: Identity
    """The same person in a certificate that names no authority: for tries with another SIREN."""
    expired: Identity
    """The same person's former certificate, ended 400 days before."""
    revoked: Identity
    """Signatory whose certificate was revoked 30 days before."""
    server: Identity
    """TLS server for 127.0.0.1 and localhost; its key is not encrypted."""
    ministere: Identity
    """The same for the ministry of the sandbox."""
    dgfip: Identity
    """The same for the DGFiP of the sandbox."""
    expired_server: Identity
    """The TLS server's former certificate, ended 400 days before."""
    tdt: Identity
    """TLS client that the TdT shows to the ministry and the DGFiP; its key is not encrypted."""
    client: Identity
    """TLS client that the server accepts."""
    expired_client: Identity
    """The same machine's former certificate, ended 400 days before."""
    revoked_client: Identity
    """The same machine's certificate that was revoked 30 days before."""
    unknown_client: Identity
    """TLS client certified by an authority that the server does not know."""
    time_stamps: Identity
    """Time-stamping unit (RFC 3161); its key is not encrypted."""


def make_pki(folder: Path, *, now: datetime) -> Pki:
    """Make the infrastructure in ``folder``, or reuse the one made there less than 300 days apart.

    :param now: aware instant from which all validity periods are counted.
    """
    if not _is_fresh(folder, now):
        _build(folder, now)
    return _describe(folder)


def _is_fresh(folder: Path, now: datetime) -> bool:
    stamp = folder / _STAMP
    made = all(_identity(folder, name).key.is_file() for name in ENDS)
    if not stamp.is_file() or not made:  # the table may have grown since
        return False
    return abs(now - datetime.fromisoformat(stamp.read_text("ascii"))) < LIFETIME


def _describe(folder: Path) -> Pki:
    trust = folder / "confiance"
    return Pki(
        folder=folder,
        trust_folder=trust,
        root=trust / "ac-racine.pem",
        intermediate=trust / "ac-fille.pem",
        crl=trust / "crl.pem",
        ca_bundle=folder / "autorites.pem",
        maire=_identity(folder, "maire"),
        signatory=_identity(folder, "signataire"),
        expired=_identity(folder, "maire-expire"),
        revoked=_identity(folder, "maire-revoque"),
        server=_identity(folder, "serveur"),
        ministere=_identity(folder, "serveur-ministere"),
        dgfip=_identity(folder, "serveur-dgfip"),
        expired_server=_identity(folder, "serveur-expire"),
        tdt=_identity(folder, "tdt"),
        client=_identity(folder, "client"),
        expired_client=_identity(folder, "client-expire"),
        revoked_client=_identity(folder, "client-revoque"),
        unknown_client=_identity(folder, "client-inconnu"),
        time_stamps=_identity(folder, "horodatage"),
    )


def _identity(folder: Path, name: str) -> Identity:
    return Identity(
        certificate=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        p12=folder / f"{name}.p12",
        passphrase=f"phrase-{name}" if SPECS[name].protected else "",
    )


def _build(folder: Path, now: datetime) -> None:
    keys = {name: rsa.generate_private_key(65537, KEY_BITS) for name in SPECS}
    certificates = {name: _certificate(name, keys, now) for name in SPECS}
    (folder / "confiance").mkdir(parents=True, exist_ok=True)
    for name in ENDS:
        _write_identity(folder, name, keys[name], certificates)
    _write_trust(folder, keys, certificates, now)
    # written last: a folder left half-made by a stopped process is made again
    (folder / _STAMP).write_text(now.isoformat(), "ascii")


def _certificate(
    name: str, keys: Mapping[str, rsa.RSAPrivateKey], now: datetime
) -> x509.Certificate:
    spec = SPECS[name]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(spec))
        .issuer_name(_name(SPECS[spec.issuer]))
        .public_key(keys[name].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=spec.days[0]))
        .not_valid_after(now + timedelta(days=spec.days[1]))
    )
    for extension, critical in _extensions(name, keys):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(keys[spec.issuer], hashes.SHA256())


def _name(spec: _Spec) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")
    return x509.Name([country, *(x509.NameAttribute(oid, v) for oid, v in spec.subject.items())])


def _extensions(
    name: str, keys: Mapping[str, rsa.RSAPrivateKey]
) -> list[tuple[x509.ExtensionType, bool]]:
    spec = SPECS[name]
    authority = spec.usage is _Usage.AUTHORITY
    issuer_key = keys[spec.issuer].public_key()
    common: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=None), True),
        (x509.SubjectKeyIdentifier.from_public_key(keys[name].public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False),
        (_key_usage(spec.usage), True),
    ]
    if name != spec.issuer:
        common.append((_distribution_points(spec.issuer), False))
    return common + _extensions_of_use(spec.usage)


def _key_usage(usage: _Usage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=usage in (_Usage.SERVER, _Usage.CLIENT, _Usage.TIME_STAMP),
        content_commitment=usage is _Usage.SIGNATURE,
        key_encipherment=usage is _Usage.SERVER,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=usage is _Usage.AUTHORITY,
        crl_sign=usage is _Usage.AUTHORITY,
        encipher_only=False,
        decipher_only=False,
    )


def _distribution_points(issuer: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(f"{CRL_ADDRESS}{issuer}.crl")
    point = x509.DistributionPoint(
        full_name=[address], relative_name=None, reasons=None, crl_issuer=None
    )
    return x509.CRLDistributionPoints([point])


def _extensions_of_use(usage: _Usage) -> list[tuple[x509.ExtensionType, bool]]:
    if usage is _Usage.SERVER:
        loopback = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), loopback])
        return [(names, False), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
    if usage is _Usage.CLIENT:
        return [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]
    if usage is _Usage.TIME_STAMP:  # alone and critical: RFC 3161 §2.3
        return [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)]
    policy = x509.PolicyInformation(POLICY, None)
    return [(x509.CertificatePolicies([policy]), False)] if usage is _Usage.SIGNATURE else []


def _authorities_of(
    name: str, certificates: Mapping[str, x509.Certificate]
) -> list[x509.Certificate]:
    """Return the certificates above one, nearest first, root included."""
    above: list[x509.Certificate] = []
    while name != SPECS[name].issuer:
        name = SPECS[name].issuer
        above.append(certificates[name])
    return above


def _encryption(passphrase: str) -> KeySerializationEncryption:
    return BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()


def _write_identity(
    folder: Path,
    name: str,
    key: rsa.RSAPrivateKey,
    certificates: Mapping[str, x509.Certificate],
) -> None:
    identity = _identity(folder, name)
    authorities = _authorities_of(name, certificates)
    encryption = _encryption(identity.passphrase)
    identity.certificate.write_bytes(_pem(certificates[name], *authorities[:-1]))
    _write_private(identity.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    _write_private(
        identity.p12,
        pkcs12.serialize_key_and_certificates(
            name.encode("ascii"), key, certificates[name], authorities, encryption
        ),
    )


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)  # a file left by an earlier run keeps its own mode
    path.write_bytes(content)


def _write_trust(
    folder: Path,
    keys: Mapping[str, rsa.RSAPrivateKey],
    certificates: Mapping[str, x509.Certificate],
    now: datetime,
) -> None:
    pki = _describe(folder)
    root, intermediate = certificates["ac-racine"], certificates["ac-fille"]
    pki.root.write_bytes(_pem(root))
    pki.intermediate.write_bytes(_pem(intermediate))
    pki.ca_bundle.write_bytes(_pem(root, intermediate))
    for issuer, path in (("ac-racine", pki.crl.with_name("crl-racine.pem")), ("ac-fille", pki.crl)):
        path.write_bytes(_revocation_list(issuer, keys, certificates, now))


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _keeps_what_has_ended(now: datetime) -> x509.UnrecognizedExtension:
    """Return ``expiredCertsOnCRL`` (X.509 §9.5.2.8): nothing was dropped for ten years."""
    since = f"{now.astimezone(UTC) - timedelta(days=3650):%Y%m%d%H%M%SZ}".encode("ascii")
    oid = x509.ObjectIdentifier("2.5.29.60")
    return x509.UnrecognizedExtension(oid, bytes([0x18, len(since)]) + since)


def _revocation_list(
    issuer: str,
    keys: Mapping[str, rsa.RSAPrivateKey],
    certificates: Mapping[str, x509.Certificate],
    now: datetime,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name(SPECS[issuer]))
        .last_update(now - timedelta(days=1))
        .next_update(now + LIFETIME)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[issuer].public_key()),
            critical=False,
        )
        .add_extension(_keeps_what_has_ended(now), critical=False)
    )
    for name, spec in SPECS.items():
        if spec.issuer == issuer and spec.revoked_days_ago is not None:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificates[name].serial_number)
                .revocation_date(now - timedelta(days=spec.revoked_days_ago))
                .build()
            )
    return builder.sign(keys[issuer], hashes.SHA256()).public_bytes(Encoding.PEM)

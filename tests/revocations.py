"""A test infrastructure whose authorities can still revoke: their keys are known to the test."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from demat.sandbox import pki as module
from demat.sandbox.pki import Pki, make_pki

__all__ = ["later_list", "pki_with_keys"]


def pki_with_keys(folder: Path, now: datetime) -> tuple[Pki, dict[str, rsa.RSAPrivateKey]]:
    """Make an infrastructure and keep the key of every row of its table."""
    made: list[rsa.RSAPrivateKey] = []
    real = rsa.generate_private_key

    def kept(exponent: int, bits: int) -> rsa.RSAPrivateKey:
        made.append(real(exponent, bits))
        return made[-1]

    with patch.object(module.rsa, "generate_private_key", kept):
        pki = make_pki(folder, now=now)
    return pki, dict(zip(module.SPECS, made, strict=True))


def later_list(
    pki: Pki, key: rsa.RSAPrivateKey, revoked: Iterable[Path], *, revoked_on: datetime, on: datetime
) -> bytes:
    """Return a later revocation list of the authority that certified everybody, DER.

    :param revoked: PEM files whose first certificate it names.
    """
    issuer = x509.load_pem_x509_certificate(pki.intermediate.read_bytes())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(on)
        .next_update(on + timedelta(days=7))
        .add_extension(x509.CRLNumber(2), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
    )
    for path in revoked:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(revoked_on)
            .build()
        )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

"""Where private keys come from: an interface, and the key file (PKCS#12) behind it."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from demat.faults import Fault, FaultError

__all__ = ["KeyFileSigner", "Signer", "load_pkcs12"]

_OLD_CIPHERS = tuple(bytes.fromhex("060a2a864886f70d010c01") + bytes([n]) for n in (1, 2, 5, 6))
"""RC4 and RC2, the protection of key files exported before 2020 (RFC 7292 appendix C), as DER."""


class Signer(Protocol):
    """Something that signs for one person: a key file, a token, a remote service."""

    @property
    def certificate(self) -> x509.Certificate:
        """The person's certificate."""
        ...

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Certificates of the authorities that came with it, in any order."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the RSA PKCS#1 v1.5 SHA-256 signature of ``data``."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFileSigner:
    """Signs with a private key held in memory."""

    certificate: x509.Certificate
    """The person's certificate."""
    chain: tuple[x509.Certificate, ...]
    """Certificates of the authorities found in the file."""
    key: rsa.RSAPrivateKey = field(repr=False)
    """The private key; never shown."""

    def sign(self, data: bytes) -> bytes:
        """Return the RSA PKCS#1 v1.5 SHA-256 signature of ``data``."""
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def load_pkcs12(content: bytes, passphrase: str, *, name: str) -> KeyFileSigner:
    """Open a key file (``.p12``, ``.pfx``).

    :param name: name of the file, as the agent knows it.
    :raises FaultError: ``SIG-PKCS12``, ``SIG-PASSPHRASE``, ``SIG-PKCS12_ALGORITHM``,
        ``SIG-NO_KEY``, ``SIG-KEY_TYPE``, ``SIG-NO_CERTIFICATE``, ``SIG-KEY_MISMATCH``.
    """
    bundle = _open(content, passphrase, name)
    if bundle.key is None:
        raise _fault("SIG-NO_KEY", name)
    if not isinstance(bundle.key, rsa.RSAPrivateKey):
        raise FaultError(Fault(code="SIG-KEY_TYPE", params={"holder": name}, source=name))
    certificates = [item.certificate for item in (bundle.cert, *bundle.additional_certs) if item]
    if not certificates:
        raise _fault("SIG-NO_CERTIFICATE", name)
    public = bundle.key.public_key()
    # by key rather than by rank: some exports put the authorities before the person
    own = [certificate for certificate in certificates if certificate.public_key() == public]
    if not own:
        raise _fault("SIG-KEY_MISMATCH", name)
    chain = tuple(certificate for certificate in certificates if certificate not in own)
    return KeyFileSigner(certificate=own[0], chain=chain, key=bundle.key)


def _open(content: bytes, passphrase: str, name: str) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(content, passphrase.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _fault(_reason(error, content), name) from error


def _reason(error: Exception, content: bytes) -> str:
    """Tell what is wrong with a key file; cryptography has one exception for everything.

    A wrong passphrase and a cipher that OpenSSL was built without give the same sentence, hence the
    look at the ciphers that the file names.
    """
    if "Invalid password" not in str(error):
        return "SIG-PKCS12"
    if any(cipher in content for cipher in _OLD_CIPHERS):
        return "SIG-PKCS12_ALGORITHM"
    return "SIG-PASSPHRASE"


def _fault(code: str, name: str) -> FaultError:
    return FaultError(Fault(code=code, params={"name": name}, source=name))

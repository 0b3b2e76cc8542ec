"""Where private keys come from: an interface, and the key files (PKCS#12, PEM) behind it.

Keys that never leave their token are in ``demat.signing.token``.
"""

import re
import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from demat.faults import Fault, FaultError
from demat.signing.certificate import MALFORMED

__all__ = [
    "KeyFileSigner",
    "Signer",
    "SignerUnusable",
    "is_encrypted",
    "load_pem",
    "load_pkcs12",
    "own_certificate",
    "repack_pkcs12",
]

_OLD_CIPHERS = tuple(bytes.fromhex("060a2a864886f70d010c01") + bytes([n]) for n in (1, 2, 5, 6))
"""RC4 and RC2, the protection of key files exported before 2020 (RFC 7292 appendix C), as DER."""
_PEM_KEY = re.compile(
    rb"-----BEGIN ((?:ENCRYPTED |RSA |EC |DSA )?PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL
)
_TRADITIONAL_ENCRYPTION = b"Proc-Type: 4,ENCRYPTED"
_UNKNOWN_CIPHER = re.compile("unknown (cipher|key encryption)|unsupported", re.IGNORECASE)
"""What cryptography says of a cipher it does not know, in the exception it uses for everything."""


class SignerUnusable(FaultError):
    """The key, its passphrase, its token or its dates do not allow to sign.

    The document is not to blame: it waits where it is.
    """


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
    found = [item.certificate for item in (bundle.cert, *bundle.additional_certs) if item]
    return _signer(bundle.key, found, name)


def repack_pkcs12(content: bytes, passphrase: str, *, name: str) -> tuple[bytes, str]:
    """Open a key file, of any kind of key, for a library that reads PEM only.

    :param name: name of the file, as the technician knows it.
    :returns: the key, encrypted, then the certificate and its authorities; and the passphrase of
        that key, made at random.
    :raises FaultError: ``SIG-PKCS12``, ``SIG-PASSPHRASE``, ``SIG-PKCS12_ALGORITHM``,
        ``SIG-NO_KEY``, ``SIG-NO_CERTIFICATE``.
    """
    bundle = _open(content, passphrase, name)
    if bundle.key is None:
        raise _fault("SIG-NO_KEY", name)
    if bundle.cert is None:
        raise _fault("SIG-NO_CERTIFICATE", name)
    secret = secrets.token_hex(32)
    key = bundle.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret.encode("ascii"))
    )
    found = (bundle.cert, *bundle.additional_certs)
    return key + b"".join(one.certificate.public_bytes(Encoding.PEM) for one in found), secret


def load_pem(certificate: bytes, key: bytes, passphrase: str | None, *, name: str) -> KeyFileSigner:
    """Open a private key in PEM (PKCS#8 or traditional form) and its certificate.

    Both may be in one file: it is then given twice. Nobody is ever asked for anything here.

    :param certificate: PEM, with authorities before or after it; or one certificate in DER.
    :param passphrase: ``None`` when there is none; not looked at when the key is not encrypted.
    :param name: name of the file of the key, as the agent knows it.
    :raises FaultError: ``SIG-NO_KEY``, ``SIG-PEM``, ``SIG-PASSPHRASE``, ``SIG-PASSPHRASE_MISSING``,
        ``SIG-PEM_ALGORITHM``, ``SIG-KEY_TYPE``, ``SIG-NO_CERTIFICATE``, ``SIG-KEY_MISMATCH``.
    """
    block = _PEM_KEY.search(key)
    if block is None:
        raise _fault("SIG-NO_KEY", name)
    encrypted = is_encrypted(block[0])
    if encrypted and not passphrase:
        raise _fault("SIG-PASSPHRASE_MISSING", name)
    # as typed, even on a terminal of another encoding than UTF-8
    password = (passphrase or "").encode("utf-8", "surrogateescape") if encrypted else None
    try:
        private = load_pem_private_key(block[0], password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        code = _pem_reason(error, block[0]) if encrypted else "SIG-PEM"
        raise _fault(code, name) from error
    return _signer(private, _certificates(certificate), name)


def is_encrypted(key: bytes) -> bool:
    """Tell whether a private key in PEM needs a passphrase."""
    block = _PEM_KEY.search(key)
    return block is not None and b"ENCRYPTED" in block[0][:200]


def _certificates(content: bytes) -> list[x509.Certificate]:
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except MALFORMED:
        return []


def _pem_reason(error: Exception, block: bytes) -> str:
    """Tell what is wrong with an encrypted key in PEM.

    A wrong passphrase gives, once in some hundred times, a padding that looks right and then the
    same sentence as a damaged file: only the wrapping can tell them apart.
    """
    if _UNKNOWN_CIPHER.search(str(error)) and not str(error).startswith("Could not deserialize"):
        return "SIG-PEM_ALGORITHM"
    try:
        _label, _headers, der = pem.unarmor(block)
        if _TRADITIONAL_ENCRYPTION not in block:
            asn1_keys.EncryptedPrivateKeyInfo.load(der, strict=True).native  # noqa: B018 - lazy
    except (ValueError, TypeError):
        return "SIG-PEM"
    return "SIG-PASSPHRASE"


def _signer(key: object, found: Sequence[x509.Certificate], name: str) -> KeyFileSigner:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise FaultError(Fault(code="SIG-KEY_TYPE", params={"holder": name}, source=name))
    if not found:
        raise _fault("SIG-NO_CERTIFICATE", name)
    public = key.public_key().public_numbers()
    own = own_certificate(found, public)
    if own is None:
        raise _fault("SIG-KEY_MISMATCH", name)
    chain = tuple(one for one in found if not _is_for(one, public))
    return KeyFileSigner(certificate=own, chain=chain, key=key)


def own_certificate(
    found: Sequence[x509.Certificate], public: rsa.RSAPublicNumbers
) -> x509.Certificate | None:
    """Return the certificate of a key; the one that ends last when it was renewed for that key.

    By key rather than by rank: some exports put the authorities before the person.
    """
    own = [certificate for certificate in found if _is_for(certificate, public)]
    return max(own, key=lambda certificate: certificate.not_valid_after_utc, default=None)


def _is_for(certificate: x509.Certificate, public: rsa.RSAPublicNumbers) -> bool:
    try:
        key = certificate.public_key()
        return isinstance(key, rsa.RSAPublicKey) and key.public_numbers() == public
    except MALFORMED:  # the key of an authority may be of any kind
        return False


def _open(content: bytes, passphrase: str, name: str) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(content, passphrase.encode())
    except UnicodeEncodeError:  # typed on a terminal of another encoding
        raise _fault("SIG-PASSPHRASE", name) from None
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
    params = {"name": name}
    if code.endswith("_ALGORITHM"):
        params["file"] = shlex.quote(name)  # for the command that the remedy gives
    return FaultError(Fault(code=code, params=params, source=name))

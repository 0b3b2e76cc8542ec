"""Which of the certificates that came with a signature lead up from the signatory's.

A validator that tries every path between authorities of one name never ends on twenty of them that
certify each other. Here each step is proven before the next one is looked for.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["leading_up"]

_FEW = 4
"""So many can be tried in every order."""
_MANY = 50
"""What comes after them in a file is not looked at."""
_MOST = 8
"""Authorities kept, the nearest first: real chains have three or four."""


def leading_up(
    certificate: x509.Certificate, others: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Return, among others, the authorities above a certificate, each step being signed.

    Of several certificates of one key under the same two names, the first counts.
    """
    pool = tuple(islice(others, _MANY))
    if len(pool) <= _FEW:
        return pool
    found: dict[tuple[bytes, bytes, bytes], x509.Certificate] = {}
    waiting = deque([certificate])
    while waiting:
        below = waiting.popleft()
        for other in pool:
            key = _identity(other)
            if key not in found and _has_issued(other, below):
                found[key] = other
                waiting.append(other)
    return tuple(found.values())[:_MOST]


def _identity(certificate: x509.Certificate) -> tuple[bytes, bytes, bytes]:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.subject.public_bytes(), certificate.issuer.public_bytes(), key


def _has_issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    if above.subject != below.issuer:
        return False
    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True

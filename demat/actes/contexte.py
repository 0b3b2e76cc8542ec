"""What the rules on an act need to know besides the act itself (actes dossier §10)."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demat.actes.classification import Classification
from demat.actes.model import Acte, Emetteur
from demat.faults import Fault, Severity

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "ContexteActe",
    "SignatureTrouvee",
    "blocking",
    "french_date",
    "warning",
]

MAX_ARCHIVE_BYTES = 150 * 1024 * 1024
"""The 150 Mo of the platforms (§2.6)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureTrouvee:
    """What was found out about one electronic signature of a file (rule 36)."""

    refused: bool
    """Proven wrong: altered, revoked, expired when it signed."""
    reason: str
    """Why it is not simply good, in French; empty when it is."""
    issuer_only: bool = False
    """Nothing is wrong with it but that we cannot judge who certified its signatory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContexteActe:
    """The authority, its classification and its history, at the moment of the check."""

    emetteur: Emetteur
    """Who transmits."""
    classification: Classification
    """Classification in force; ``NATIONALE`` as long as the préfecture has sent none."""
    today: datetime.date
    """Legal day of the check, in Europe/Paris."""
    numero_used: Callable[[str], str | None]
    """Given a number, describes the act of this authority that bears it (date and objet)."""
    max_bytes: int = MAX_ARCHIVE_BYTES
    """Size that the tiers de télétransmission accepts."""
    classification_checked: datetime.date | None = None
    """Day when the préfecture last confirmed the classification; unknown: not checked."""
    classification_announced: datetime.date | None = None
    """Date of a newer classification that an answer of the préfecture told of."""
    certificate_expires: datetime.date | None = None
    """Last day of the certificate that carries what is sent; unknown: not checked."""
    precedent_sent: Callable[[str], bool] | None = None
    """Given an IDActe, tells whether this authority has sent that act; unknown: not checked."""
    identical_sent: Callable[[Acte], str | None] | None = None
    """Given an act, tells when one of same date, nature and objet was sent, if one was."""
    signatures: Callable[[bytes], Sequence[SignatureTrouvee]] | None = None
    """Given a PDF, what its electronic signatures are worth; none: nobody verifies them."""


def blocking(rule: int | str, /, *, source: str = "", **params: str) -> Fault:
    """Make the fault of a rule of severity B; ``rule`` is its number in §10, or a word."""
    return Fault(code=_code(rule), params=params, source=source)


def warning(rule: int | str, /, *, source: str = "", **params: str) -> Fault:
    """Make the fault of a rule of severity A."""
    return Fault(code=_code(rule), params=params, source=source, severity=Severity.WARNING)


def _code(rule: int | str) -> str:
    return f"ACT-{rule:03d}" if isinstance(rule, int) else f"ACT-{rule}"


def french_date(day: datetime.date) -> str:
    """Write a day as agents read it: ``14/03/2024``."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"

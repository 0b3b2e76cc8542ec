"""What a nightly run did: counted per step and per authority, with what went wrong in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["AuthorityReport", "Report"]


@dataclass(kw_only=True, slots=True)
class AuthorityReport:
    """One authority in one run."""

    nom: str
    siren: str
    received: int = 0
    """Deposits taken from the watched folder."""
    packed: int = 0
    """Deposits frozen and queued."""
    returned: int = 0
    """Deposits given back with their faults."""
    awaiting_signature: int = 0
    """Deposits that a person must sign."""
    answers: int = 0
    """New answers of the State."""
    courriers: int = 0
    """New messages of the préfecture that are no receipt of an act."""
    retours: int = 0
    """New PES_Retour of the comptable."""
    published: int = 0
    """Acts newly on line."""
    certificates: dict[str, str] = field(default_factory=dict)
    """Last day of the certificate that ends first, ISO, by use: ``line``, ``signature``."""
    revocation_lists: dict[str, str] = field(default_factory=dict)
    """The lists that matter: ``made`` and ``until``, the oldest of these instants, ISO; and how
    many were ``missing``."""
    errors: list[str] = field(default_factory=list)
    """Sentences: what could not be done for this authority."""
    notices: list[str] = field(default_factory=list)
    """Sentences: what somebody should know or do; nothing failed."""


@dataclass(kw_only=True, slots=True)
class Report:
    """One run: ``done``, or ``done_with_errors`` when an item failed; the others went on."""

    started: str
    authorities: list[AuthorityReport] = field(default_factory=list)
    sent: int = 0
    """Transmissions that were tried."""
    settled: int = 0
    """Unknown outcomes that were settled."""
    stamped: int = 0
    """Time-stamps obtained at the end of the run."""
    ended: str = ""

    @property
    def outcome(self) -> str:
        """How the run ended."""
        failed = any(item.errors or item.returned for item in self.authorities)
        return "done_with_errors" if failed else "done"

    def as_json(self) -> Mapping[str, Any]:
        """Return the report as plain values."""
        return {**asdict(self), "outcome": self.outcome}

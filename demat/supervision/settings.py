"""What the supervision does, and how it is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

from demat.engine.health import Limits

__all__ = ["Address", "SupervisionSettings"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    """Name or number of an interface of this machine."""
    port: int
    """0: any that is free."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SupervisionSettings:
    """Settings of the supervision; those of a default installation watch nothing."""

    folder: Path
    """Where the data are, for the room on its disk."""
    listen: Address | None = None
    """``None``: nobody listens."""
    traces: str = ""
    """Address of the collector (OTLP over HTTP); empty: nothing is traced."""
    limits: Limits = field(default_factory=Limits)
    """From when on something is to be watched, or is a failure."""

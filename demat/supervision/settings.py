"""What the supervision does, and how it is asked for."""

from dataclasses import dataclass, field
from pathlib import Path

from demat.engine.health import Limits
from demat.faults import Fault, FaultError

__all__ = ["Address", "SupervisionSettings"]

_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    """Name or number of an interface of this machine."""
    port: int
    """0: any that is free."""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``host:port`` or ``[::1]:port``.

        :raises FaultError: ``CFG-LISTEN`` when it is none.
        """
        host, _, port = text.rpartition(":")
        if not host.strip("[]") or not port.isdecimal() or int(port) > _LAST_PORT:
            params = {"address": text, "reason": "elle n'est pas de la forme HÔTE:PORT"}
            raise FaultError(Fault(code="CFG-LISTEN", params=params))
        return cls(host.strip("[]"), int(port))

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

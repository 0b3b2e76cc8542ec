"""The vocabulary of one HTTP exchange: what was asked, what came back, as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Part", "Request", "Response"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One field of a form: a text, already encoded, or a file."""

    name: str
    """Name of the field."""
    value: bytes
    """Text in the encoding that the other side expects, or content of the file."""
    file_name: str = ""
    """Name under which a file is posted; empty for a text."""
    mime_type: str = ""
    """MIME type of a file; empty for a text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked; credentials are not part of it, so that it can be kept."""

    method: str
    """``GET`` or ``POST``."""
    url: str
    """Whole address, query included."""
    parts: Sequence[Part] = ()
    """Fields of the form of a ``POST``, in order."""
    label: str = ""
    """What the exchange is about: business key of a shipment or remote reference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back, not yet interpreted."""

    status: int
    """HTTP status: 200 for nearly everything, failures included (connectors dossier §1.1)."""
    headers: tuple[tuple[str, str], ...]
    """Headers, in order."""
    body: bytes
    """Whole body."""

    def header(self, name: str) -> str:
        """Return the first header of that name, whatever its case; empty when there is none."""
        for key, text in self.headers:
            if key.lower() == name.lower():
                return text
        return ""

    @property
    def framed(self) -> bool:
        """Whether the server told the length, so that a cut body would have been noticed."""
        return bool(self.header("Content-Length")) or "chunked" in self.header("Transfer-Encoding")

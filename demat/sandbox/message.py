"""A request as it came over the line, before anything is read in it: what a journal keeps."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from demat.sandbox.answers import Request, Response
from demat.sandbox.journal import Entry
from demat.sandbox.multipart import Form, parse_form

__all__ = ["KIND", "App", "Message"]

KIND = "request"
"""Kind of the entries of a journal that hold a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One request."""

    method: str
    target: str
    """Path and query string."""
    certificate: str = ""
    """SHA-256 (hexadecimal) of the client certificate in DER; empty without one."""
    content_type: str = ""
    authorization: str = ""
    body: bytes = b""

    @property
    def path(self) -> str:
        """Path of the script."""
        return urlsplit(self.target).path

    def request(self) -> Request:
        """Read it."""
        login, password = _basic(self.authorization)
        return Request(
            method=self.method,
            path=self.path,
            query=parse_qs(
                urlsplit(self.target).query, keep_blank_values=True, encoding="iso-8859-1"
            ),
            form=parse_form(self.content_type, self.body) if self.body else Form(),
            certificate=self.certificate,
            login=login,
            password=password,
        )

    def entry(self, at: datetime) -> Entry:
        """Return what a journal keeps of it."""
        head = {
            "method": self.method,
            "target": self.target,
            "certificate": self.certificate,
            "content_type": self.content_type,
            "authorization": self.authorization,
        }
        return Entry(at=at, kind=KIND, head=head, body=self.body)

    @classmethod
    def of(cls, entry: Entry) -> "Message":
        """Return the message that an entry keeps."""
        return cls(**entry.head, body=entry.body)


App = Callable[[Message], Response]
"""What answers the requests of one stand-in."""


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        plain = base64.b64decode(encoded, validate=True).decode("iso-8859-1")
    except binascii.Error:
        return "", ""
    login, _, password = plain.partition(":")
    return login, password

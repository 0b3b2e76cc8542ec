"""How the TdT talks to the ministry and to the DGFiP: by HTTPS, or within one process in tests.

Every exchange says at which virtual instant it takes place: the agenda of the TdT decides the
order of the world, and the others answer at that instant.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from demat.sandbox.journal import Entry

__all__ = ["FILE", "MAIL", "Arrival", "DepotPes", "Liens", "Seen", "file_entry", "mail_entry"]

MAIL, FILE = "mail", "file"
"""Kinds of the entries that keep what came from the ministry, from the DGFiP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepotPes:
    """A PES on its way to the DGFiP."""

    name: str
    commands: Mapping[str, str]
    """P_DEST, P_APPLI, P_MSG."""
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Something that the State has for the TdT."""

    entry: Entry
    """Its ``id`` is in the head, and names it for ever."""


class Liens(Protocol):
    """Links of the TdT to the State."""

    def take(self, name: str, packed: bytes, at: datetime) -> str:
        """Hand an archive to the ministry; return the HTTP status, ``0`` without an answer."""
        ...

    def drop(self, depot: DepotPes, at: datetime) -> str:
        """Lay a PES at the DGFiP; return the HTTP status, ``0`` without an answer."""
        ...

    def arrivals(self, until: datetime) -> Iterator[Arrival]:
        """Give what the State has for the TdT at an instant; maybe again what it gave before."""
        ...

    def forget(self, arrival: Arrival) -> None:
        """Tell the State that an arrival is kept here."""
        ...

    def order(self, what: str, body: bytes, at: datetime) -> dict[str, object]:
        """Pass an order of the control on to whom it concerns, and return what it answers.

        :raises OrderError: it is refused.
        """
        ...


class Seen:
    """Which mails were received: the box is asked for those after the last of an unbroken run.

    The ministry may have written one for a later instant before one for an earlier instant.
    """

    def __init__(self) -> None:
        self.last = 0
        """Number up to which all were received."""
        self._beyond: set[int] = set()

    def add(self, id: int) -> None:
        """Note one."""
        self._beyond.add(id)
        while self.last + 1 in self._beyond:
            self.last += 1
            self._beyond.remove(self.last)


def mail_entry(id: int, at: datetime, subject: str, names: tuple[str, ...], body: bytes) -> Entry:
    """Return what is kept of a mail."""
    head = {"id": str(id), "subject": subject, "names": json.dumps(names)}
    return Entry(at=at, kind=MAIL, head=head, body=body)


def file_entry(id: int, name: str, at: datetime, siren: str, content: bytes) -> Entry:
    """Return what is kept of a file of the DGFiP."""
    head = {"id": str(id), "name": name, "siren": siren}
    return Entry(at=at, kind=FILE, head=head, body=content)

"""The pieces of a zip of evidence, and their names in its manifest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from demat.files import safe_name

__all__ = [
    "ALONE",
    "FOLDERS",
    "MANIFEST",
    "MANIFEST_DIGEST",
    "MANIFEST_STAMP",
    "VERSION",
    "Piece",
    "Pieces",
    "plain",
]

VERSION = 1
"""Version of the format; a reader refuses a later one."""
MANIFEST = "manifeste.json"
"""First entry: what every other one is, with its digest."""
MANIFEST_STAMP = "horodatages/manifeste.tst"
"""Time-stamp on the manifest; the manifest cannot name it."""
MANIFEST_DIGEST = "manifeste.sha256"
"""Digests of both, as ``sha256sum`` writes them; the manifest cannot name it either."""


FOLDERS = {
    "depot": "depot/",
    "document": "documents/",
    "recu": "recus/",
    "racine": "certificats/",
    "certificat": "certificats/",
    "liste": "listes-de-revocation/",
    "ocsp": "listes-de-revocation/",
    "horodatage": "horodatages/",
    "echange": "echanges/",
    "journal": "journal/journal.jsonl",
    "ancrages": "journal/ancrages.json",
    "resume": "LISEZ-MOI.pdf",
}
"""How the name of each kind of piece begins."""
ALONE = frozenset({"document", "journal", "ancrages", "resume"})
"""Kinds of which there is exactly one: two documents would leave it open which one was sent."""

_LONGEST = 100


def plain(text: str) -> str:
    """Return a part of a name of the zip: ASCII, short, its suffix kept."""
    return safe_name(safe_name(text)[-_LONGEST:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One entry of the zip."""

    name: str
    """Its name, plain ASCII."""
    role: str
    """What it is: ``depot``, ``document``, ``recu``, ``horodatage``, ``journal``…"""
    content: bytes = field(repr=False)
    """Its bytes."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What else the manifest says of it."""

    def listed(self) -> dict[str, Any]:
        """Return its line of the manifest."""
        return {
            "nom": self.name,
            "role": self.role,
            "sha256": sha256(self.content).hexdigest(),
            "taille": len(self.content),
            "precisions": dict(self.about),
        }


class Pieces:
    """The pieces of one zip, each name once, sorted."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Take pieces; one whose name is taken gets a number."""
        self._pieces: dict[str, Piece] = {}
        for piece in pieces:
            self.add(piece)

    def add(self, piece: Piece) -> None:
        """Add one piece."""
        name, rank = piece.name, 1
        while name in self._pieces:
            rank += 1
            name = f"{piece.name}-{rank}"
        self._pieces[name] = Piece(
            name=name, role=piece.role, content=piece.content, about=piece.about
        )

    def __iter__(self) -> Iterator[Piece]:
        """Yield them by name."""
        return iter(self._pieces[name] for name in sorted(self._pieces))

    def listed(self) -> list[dict[str, Any]]:
        """Return the lines of the manifest."""
        return [piece.listed() for piece in self]

    def contents(self) -> dict[str, bytes]:
        """Return the entries of the zip."""
        return {piece.name: piece.content for piece in self}

"""Cutting a flow that is too large along its bordereaux (helios dossier §2.3, §5.2, rule 12).

A file is filled with the bordereaux in their order, each with the attachments that it cites and
that no earlier file carries. When a bordereau and its attachments do not fit in one file together,
the attachments go first, in files of their own; the last of these may hold the bordereau.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import SEEK_END, BytesIO
from typing import TYPE_CHECKING

from demat.helios.build import write_pes
from demat.helios.model import PesAller, PieceJointe

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Load", "Portion", "Weights", "at_most", "cut", "weigh"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One bordereau to place."""

    weight: int
    """Bytes that it adds to a file, without attachments."""
    cites: tuple[str, ...] = ()
    """IdUnique of the attachments to send that it cites."""
    origin: int | None = None
    """What it is kept apart by: bordereaux of different origins never share a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Portion:
    """What one file holds."""

    bordereaux: tuple[int, ...] = ()
    """Ranks of the bordereaux, from 0, in their order."""
    pieces_jointes: tuple[str, ...] = ()
    """IdUnique of the attachments."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What everything adds to a file, in bytes."""

    header: int
    """The file without anything in it."""
    bordereaux: tuple[int, ...]
    """Each bordereau, in order."""
    pieces_jointes: Mapping[str, int]
    """Each attachment, by IdUnique."""


@dataclass(kw_only=True, slots=True)
class _File:
    room: int
    origin: int | None = None
    bordereaux: list[int] = field(default_factory=list)
    pieces_jointes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.bordereaux or self.pieces_jointes)

    def closed(self) -> Portion:
        return Portion(bordereaux=tuple(self.bordereaux), pieces_jointes=tuple(self.pieces_jointes))


def cut(
    loads: Sequence[Load], pieces_jointes: Mapping[str, int], *, room: int
) -> tuple[Portion, ...]:
    """Share bordereaux and attachments among files, in the order in which they must be sent.

    Each is in exactly one file; no attachment comes after a bordereau that cites it. An attachment
    that no bordereau cites goes into the first files.

    :param pieces_jointes: bytes that each attachment adds to a file, by IdUnique.
    :param room: bytes that a file can hold beside its header.
    :raises ValueError: when a bordereau or an attachment alone is larger than ``room``.
    """
    if any(size > room for size in (*(load.weight for load in loads), *pieces_jointes.values())):
        raise ValueError("larger than a file")
    return _Cutting(loads=loads, pieces_jointes=pieces_jointes, room=room).run()


@dataclass(kw_only=True, slots=True)
class _Cutting:
    loads: Sequence[Load]
    pieces_jointes: Mapping[str, int]
    room: int
    _files: list[_File] = field(default_factory=list)
    _sent: set[str] = field(default_factory=set)

    def run(self) -> tuple[Portion, ...]:
        self._open()
        cited = {name for load in self.loads for name in load.cites}
        for name in self.pieces_jointes:
            if name not in cited:
                self._carry(name)
        for rank, load in enumerate(self.loads):
            self._place(rank, load)
        return tuple(file.closed() for file in self._files if not file.empty)

    def _place(self, rank: int, load: Load) -> None:
        new = [name for name in dict.fromkeys(load.cites) if name not in self._sent]
        together = load.weight + sum(self.pieces_jointes[name] for name in new)
        if together > self._files[-1].room or self._foreign(load):
            self._open()
        for name in new:
            self._carry(name)
        self._make_room(load.weight)
        self._files[-1].bordereaux.append(rank)
        self._files[-1].origin = load.origin
        self._files[-1].room -= load.weight

    def _foreign(self, load: Load) -> bool:
        file = self._files[-1]
        return bool(file.bordereaux) and file.origin != load.origin

    def _carry(self, name: str) -> None:
        self._make_room(self.pieces_jointes[name])
        self._files[-1].pieces_jointes.append(name)
        self._files[-1].room -= self.pieces_jointes[name]
        self._sent.add(name)

    def _make_room(self, size: int) -> None:
        if size > self._files[-1].room:
            self._open()

    def _open(self) -> None:
        self._files.append(_File(room=self.room))


def weigh(pes: PesAller) -> Weights:
    """Measure each bordereau and each attachment: all is really written, and thrown away.

    The head of a domain or of the attachments counts for each: a file that holds several is a
    little smaller than their sum.
    """
    bare = replace(pes, bordereaux=(), pieces_jointes=())
    header = _size(bare)
    return Weights(
        header=header,
        bordereaux=tuple(
            _size(replace(bare, bordereaux=(bordereau,))) - header for bordereau in pes.bordereaux
        ),
        pieces_jointes={
            piece.id_unique: _size(replace(bare, pieces_jointes=(piece,))) - header
            for piece in pes.pieces_jointes
        },
    )


def at_most(pes: PesAller) -> int:
    """Return a number of bytes that the file does not exceed, without compressing anything."""
    pieces = tuple(pes.pieces_jointes)
    emptied = tuple(replace(piece, content=b"", source=None) for piece in pieces)
    return _size(replace(pes, pieces_jointes=emptied)) + sum(map(_packed_at_most, pieces))


def _packed_at_most(piece: PieceJointe) -> int:
    """Bound gzip as zlib does (``compressBound``, and 18 bytes of gzip), then base64."""
    with piece.open() as source:
        size = source.seek(0, SEEK_END)
    packed = size + (size >> 12) + (size >> 14) + (size >> 25) + 13 + 18
    return (packed + 2) // 3 * 4


def _size(pes: PesAller) -> int:
    counter = _Counter()
    write_pes(pes, counter)
    return counter.size


class _Counter(BytesIO):
    """Somewhere to write that only counts."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def write(self, content: "ReadableBuffer", /) -> int:
        size = memoryview(content).nbytes
        self.size += size
        return size

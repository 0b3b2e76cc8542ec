"""What a reader receives and what it gives back: files in, drafts and faults out."""

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from demat.actes.classification import Classification
from demat.actes.found import Confidence
from demat.actes.model import Acte, Emetteur
from demat.actes.natures import NatureActe
from demat.faults import Fault, FaultError, Faults
from demat.helios.model import Bordereau, Budget, Domaine, PieceJointe

__all__ = [
    "ActeDraft",
    "Confidence",
    "Draft",
    "InputFile",
    "PesDraft",
    "PesFileDraft",
    "Proposal",
    "ReadContext",
    "Reader",
    "Reading",
]

_HEAD = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class InputFile:
    """One deposited file, as it was handed in."""

    name: str
    """Path inside the deposit, with ``/``."""
    data: bytes | Path
    """Its bytes, or the file that keeps them: a deposit may weigh more than the memory."""
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What a reader understood of the content, so that the next one does not open it again; no
    part of the value."""

    @property
    def content(self) -> bytes:
        """All the bytes; those of a kept file are read again each time.

        :raises FaultError: ``INT-PATH`` when the kept file cannot be read any more.
        """
        return self._read(-1)

    @property
    def head(self) -> bytes:
        """The first bytes: enough to tell what kind of file it is.

        :raises FaultError: as :attr:`content`.
        """
        return self._read(_HEAD)

    def open(self) -> BinaryIO:
        """Open the file for reading.

        :raises FaultError: as :attr:`content`.
        """
        if isinstance(self.data, bytes):
            return io.BytesIO(self.data)
        try:
            return self.data.open("rb")
        except OSError as error:
            raise FaultError(self._lost(error)) from error

    def _read(self, size: int) -> bytes:
        with self.open() as stream:
            try:
                return stream.read(size)
            except OSError as error:
                raise FaultError(self._lost(error)) from error

    def _lost(self, error: OSError) -> Fault:
        params = {"path": self.base, "reason": error.strerror or str(error)}
        return Fault(code="INT-PATH", params=params, source=self.base)

    @property
    def base(self) -> str:
        """The file name without folders."""
        return PurePosixPath(self.name).name

    @property
    def stem(self) -> str:
        """The file name without folders and suffix."""
        return PurePosixPath(self.name).stem

    @property
    def folder(self) -> str:
        """Name of the folder that holds it directly; empty at the top of the deposit."""
        return PurePosixPath(self.name).parent.name

    @property
    def suffix(self) -> str:
        """The extension in lower case, with its dot."""
        return PurePosixPath(self.name).suffix.lower()


def _no_numero(nature: NatureActe, day: date, taken: Collection[str]) -> str:
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadContext:
    """What a reader must know about the authority."""

    siren: str
    siret: str
    """SIRET of the authority itself, root of the identifiers of its attachments."""
    classification: Classification
    """The préfecture's list in force: it dates the acts and gives default document types."""
    budgets: Sequence[Budget]
    civilites: Mapping[str, str]
    """Code that the comptable expects for ``M`` and ``MME`` (helios dossier §13.2)."""
    today: date
    """Legal day of the reading, in Europe/Paris."""
    propose_numero: Callable[[NatureActe, date, Collection[str]], str] = _no_numero
    """Next free number of an act, after the authority's pattern, given its nature, its date and the
    numbers that the same deposit uses; empty when the authority has none. It reserves nothing."""
    emetteur: Emetteur | None = None
    """The authority as the préfecture registered it: a ready-made envelope must agree with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActeDraft:
    """An act that is ready to be checked."""

    acte: Acte
    where: str
    """Where it was read, for the agent: file and row."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Data that no ACTES message carries and that publication needs: votes, signatory, budget."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PesDraft:
    """Bordereaux of one budget and one domain, ready to be numbered and built."""

    budget: Budget
    domaine: Domaine
    bordereaux: tuple[Bordereau, ...]
    pieces_jointes: tuple[PieceJointe, ...]
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PesFileDraft:
    """A PES_Aller that the accounting software wrote; its content is not ours."""

    file: InputFile

    @property
    def where(self) -> str:
        """The file, as the agent knows it."""
        return self.file.base


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An act that was guessed from its files; nothing is sent before a person has confirmed it."""

    cells: Mapping[str, str]
    """Column of the list of a séance (``numero``, ``date``, ``fichier``…) → proposed text."""
    confidences: Mapping[str, Confidence]
    """Column → how sure; a column that is absent was given by a person."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Column → the words of the document that the value comes from, as they stand there."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Column → what the person must know besides, in French."""
    where: str = ""
    """Where it was read, for the agent."""


Draft = ActeDraft | PesDraft | PesFileDraft


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a reader understood."""

    kind: str
    """Short name of the layout: ``seance``, ``acte``, ``budget``, ``pdf``, ``enveloppe``,
    ``titres``, ``mandats``, ``pes``."""
    drafts: tuple[Draft, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    """Acts that a person must confirm first; the whole deposit then waits for it, and is read again
    from their list alone: all its acts are among them, and there are no drafts."""
    faults: Faults = field(default_factory=Faults)


class Reader(Protocol):
    """One export format."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether this deposit is of this format, without judging its content.

        At most one reader recognises a deposit; none does when its spreadsheet cannot be opened.
        """
        ...

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read the whole deposit, collecting every fault instead of stopping at the first."""
        ...

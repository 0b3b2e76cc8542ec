"""The letters of the préfecture and our answers to them, as values (actes dossier §4.1, §4.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from demat.actes.model import Piece
from demat.actes.names import IdActe
from demat.faults import Fault, Faults

__all__ = ["Reponse", "SensReponse", "TypeCourrier"]


class _Detail(NamedTuple):
    root: str
    libelle: str
    accuse: str = ""
    accuse_root: str = ""
    months: int | None = None


class TypeCourrier(StrEnum):
    """A letter of the préfecture about an act; the value is the number of its transaction."""

    COURRIER_SIMPLE = "2"
    """Ordinary letter: an answer is possible, none is expected, none is acknowledged."""
    DEMANDE_PIECES = "3"
    """Request for missing pieces."""
    LETTRE_OBSERVATIONS = "4"
    """Lettre d'observations, which asks to withdraw or change the act."""
    DEFERE = "5"
    """Notice of a déféré before the tribunal administratif: nothing is answered in ACTES."""

    @property
    def root(self) -> str:
        """Local name of the root element of the letter."""
        return _DETAILS[self].root

    @property
    def libelle(self) -> str:
        """What an agent calls it, in French, in the singular and without article."""
        return _DETAILS[self].libelle

    @property
    def message(self) -> str:
        """Code of the message in file names: ``3-1``."""
        return f"{self.value}-1"

    @property
    def accuse(self) -> str:
        """Code of the receipt that leaves by itself, ``3-2`` or ``4-2``; empty when none does."""
        return _DETAILS[self].accuse

    @property
    def accuse_root(self) -> str:
        """Local name of the root element of that receipt, or empty."""
        return _DETAILS[self].accuse_root

    @property
    def months(self) -> int | None:
        """Months after which silence is a refusal (§1.5); ``None`` when nothing is expected."""
        return _DETAILS[self].months

    @property
    def answerable(self) -> bool:
        """Whether the protocol knows an answer to it."""
        return self is not TypeCourrier.DEFERE

    @classmethod
    def from_root(cls, root: str) -> "TypeCourrier | None":
        """Return the kind of letter that has this root element, or ``None``."""
        return next((kind for kind in cls if kind.root == root), None)


_DETAILS: Mapping[TypeCourrier, _Detail] = MappingProxyType(
    {
        TypeCourrier.COURRIER_SIMPLE: _Detail("CourrierSimple", "courrier simple"),
        TypeCourrier.DEMANDE_PIECES: _Detail(
            "DemandePieceComplementaire",
            "demande de pièces complémentaires",
            accuse="3-2",
            accuse_root="ARDemandePieceComplementaire",
            months=2,
        ),
        TypeCourrier.LETTRE_OBSERVATIONS: _Detail(
            "LettreObservations",
            "lettre d'observations",
            accuse="4-2",
            accuse_root="ARLettreObservations",
            months=2,
        ),
        TypeCourrier.DEFERE: _Detail("DefereTA", "déféré au tribunal administratif"),
    }
)


class SensReponse(StrEnum):
    """What an answer says."""

    REPONSE = "reponse"
    """Yes: the pieces, a justification, a plain reply."""
    REFUS = "refus"
    """Explicit refusal to send the pieces, or to follow the observations."""


_REPONSES: Mapping[tuple[TypeCourrier, SensReponse], tuple[str, str]] = MappingProxyType(
    {
        (TypeCourrier.COURRIER_SIMPLE, SensReponse.REPONSE): ("2-2", "ReponseCourrierSimple"),
        (TypeCourrier.DEMANDE_PIECES, SensReponse.REFUS): ("3-3", "RefusPieceComplementaire"),
        (TypeCourrier.DEMANDE_PIECES, SensReponse.REPONSE): ("3-4", "PieceComplementaire"),
        (TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REFUS): ("4-3", "RejetLettreObservations"),
        (TypeCourrier.LETTRE_OBSERVATIONS, SensReponse.REPONSE): (
            "4-4",
            "ReponseLettreObservations",
        ),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reponse:
    """Our answer to a letter (2-2, 3-3, 3-4, 4-3 or 4-4), §4.3.

    :raises FaultError: when the protocol has no such answer: ``ACT-057_DEFERE`` to a déféré,
        ``ACT-057_REFUSAL`` for the refusal of a simple letter, ``ACT-057_NONE`` without document,
        ``ACT-057_SEVERAL`` for several documents where one is admitted (all but 3-4).
    """

    courrier: TypeCourrier
    """Kind of the letter answered."""
    sens: SensReponse
    """Whether we answer or refuse."""
    id_acte: IdActe
    """The act that the letter is about."""
    date_courrier: date
    """``DateCourrierPref``: date of the préfecture's letter, never of the answer (§11 trap 18)."""
    pieces: tuple[Piece, ...]
    """The documents, in order: one, or several for 3-4."""

    def __post_init__(self) -> None:
        Faults(_impossible(self)).raise_if_blocking()

    @property
    def root(self) -> str:
        """Local name of the root element: ``PieceComplementaire``."""
        return _REPONSES[self.courrier, self.sens][1]

    @property
    def message(self) -> str:
        """Code of the message in file names: ``3-4``."""
        return _REPONSES[self.courrier, self.sens][0]

    @property
    def several(self) -> bool:
        """Whether the message may carry several documents."""
        return self.message == "3-4"


def _impossible(reponse: Reponse) -> Iterator[Fault]:
    libelle = reponse.courrier.libelle
    if not reponse.courrier.answerable:
        yield Fault(code="ACT-057_DEFERE")
        return
    if (reponse.courrier, reponse.sens) not in _REPONSES:
        yield Fault(code="ACT-057_REFUSAL")
        return
    if not reponse.pieces:
        yield Fault(code="ACT-057_NONE", params={"courrier": libelle})
    if len(reponse.pieces) > 1 and not reponse.several:
        params = {"courrier": libelle, "count": str(len(reponse.pieces))}
        yield Fault(code="ACT-057_SEVERAL", params=params)

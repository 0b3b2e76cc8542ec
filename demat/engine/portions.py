"""The files that a built PES leaves in: one, or several when it is too large (rule 12)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from demat.engine.attached import cited_by
from demat.faults import Fault, Faults, Severity
from demat.helios.cut import Load, Portion, Weights, at_most, cut, weigh
from demat.helios.model import (
    Bordereau,
    Domaine,
    PesAller,
    PieceComptable,
    PieceJointe,
    RefCompta,
)
from demat.helios.rule_base import megabytes

__all__ = ["Sending", "shared_out"]

_SIGNATURE = 12_000
"""Bytes kept for the signature of a bordereau, which comes later: ours takes 4,800 with a
certificate of 1,000 bytes; longer keys and certificates take more."""
_ORMC = "06"
_DOMAINES = {Domaine.DEPENSE: "01", Domaine.RECETTE: "02"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """What is to be sent of one budget, before it is known in how many files."""

    pes: PesAller
    """One file that holds everything, under a name of the right length."""
    taken: tuple[Bordereau, ...] = ()
    """Bordereaux that left before, whose attachments may still have to be sent."""
    origins: tuple[int | None, ...]
    """For each bordereau, the refused transmission that held it: each is corrected by its own."""
    signed: bool
    """Whether each bordereau is going to be signed."""


def shared_out(sending: Sending, ceiling: int) -> tuple[tuple[PesAller, ...], Faults]:
    """Return the contents of the files in the order of sending, all under the same name.

    :param ceiling: bytes of a file at most, signatures included.
    :returns: no file when a bordereau or an attachment alone is larger; the faults say which.
    """
    pes = sending.pes
    bordereaux, pieces = tuple(pes.bordereaux), tuple(pes.pieces_jointes)
    reserve = _SIGNATURE if sending.signed else 0
    apart = len(set(sending.origins)) > 1
    objects = _objects(bordereaux, sending.taken)
    full = replace(pes, pieces_jointes=tuple(_supporting(one, objects) for one in pieces))
    if not apart and at_most(full) + reserve * len(bordereaux) <= ceiling:
        portions: tuple[Portion, ...] = (_everything(bordereaux, pieces),)
        return tuple(_file(sending, portion, objects) for portion in portions), Faults()
    weights = weigh(full)
    room = ceiling - weights.header
    faults = Faults(_too_large(pes, weights, reserve, ceiling))
    if faults:
        return (), faults
    loads = _loads(sending, weights, reserve)
    portions = cut(loads, weights.pieces_jointes, room=room)
    notes = [_note(len(portions), ceiling)] if len(portions) > 1 else []
    return tuple(_file(sending, portion, objects) for portion in portions), Faults(notes)


def _everything(bordereaux: Sequence[Bordereau], pieces: Sequence[PieceJointe]) -> Portion:
    return Portion(
        bordereaux=tuple(range(len(bordereaux))),
        pieces_jointes=tuple(piece.id_unique for piece in pieces),
    )


def _loads(sending: Sending, weights: Weights, reserve: int) -> list[Load]:
    bordereaux = zip(sending.pes.bordereaux, weights.bordereaux, sending.origins, strict=True)
    return [
        Load(
            weight=weight + reserve,
            cites=tuple(
                name
                for piece in bordereau.pieces
                for name, _ in cited_by(piece)
                if name in weights.pieces_jointes
            ),
            origin=origin,
        )
        for bordereau, weight, origin in bordereaux
    ]


def _too_large(pes: PesAller, weights: Weights, reserve: int, ceiling: int) -> Iterator[Fault]:
    for bordereau, weight in zip(pes.bordereaux, weights.bordereaux, strict=True):
        size = weights.header + weight + reserve
        if size > ceiling:
            params = {"bordereau": str(bordereau.numero), "pieces": str(len(bordereau.pieces))}
            yield _heavy("INT-BORDEREAU_TOO_BIG", size, ceiling, **params)
    for piece in pes.pieces_jointes:
        size = weights.header + weights.pieces_jointes[piece.id_unique]
        if size > ceiling:
            params = {"nom": piece.name, "id_unique": piece.id_unique}
            yield _heavy("INT-PJ_TOO_BIG", size, ceiling, **params)


def _heavy(code: str, size: int, ceiling: int, **params: str) -> Fault:
    sizes = {"size": megabytes(size), "limit": megabytes(ceiling)}
    return Fault(code=code, params={**params, **sizes})


def _note(count: int, ceiling: int) -> Fault:
    params = {"count": str(count), "limit": megabytes(ceiling)}
    return Fault(code="INT-PES_CUT", params=params, severity=Severity.WARNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Object:
    """A pièce that cites an attachment."""

    rank: int | None
    """Of its bordereau among those that are sent; ``None`` when it left before."""
    reference: RefCompta


_Objects = dict[str, list[_Object]]


def _objects(bordereaux: Sequence[Bordereau], taken: Iterable[Bordereau]) -> _Objects:
    """Return, by IdUnique, the pièces that each attachment supports."""
    found: _Objects = defaultdict(list)
    ranked: list[tuple[int | None, Bordereau]] = [*enumerate(bordereaux)]
    for rank, bordereau in (*ranked, *((None, one) for one in taken)):
        for piece in bordereau.pieces:
            for name, ligne in cited_by(piece):
                reference = _reference(bordereau, piece, ligne)
                found[name].append(_Object(rank=rank, reference=reference))
    return found


def _reference(bordereau: Bordereau, piece: PieceComptable, ligne: int | None) -> RefCompta:
    """Name a pièce, or one of its lines, as an attachment that travels apart must (§5.4)."""
    if bordereau.typ_bord == _ORMC:
        identifiant, complement = str(bordereau.numero), str(piece.numero)
    else:
        identifiant, complement = str(piece.numero), "" if ligne is None else str(ligne)
    return RefCompta(
        domaine=_DOMAINES[bordereau.domaine],
        exercice=bordereau.exercice,
        type_objet=bordereau.typ_bord,
        identifiant=identifiant,
        complement=complement,
    )


def _supporting(piece: PieceJointe, objects: _Objects, here: Iterable[int] = ()) -> PieceJointe:
    """Name the pièces of other files that an attachment supports; its own file cites it."""
    inside = set(here)
    apart = [one.reference for one in objects[piece.id_unique] if one.rank not in inside]
    return replace(piece, references=tuple(dict.fromkeys((*piece.references, *apart))))


def _file(sending: Sending, portion: Portion, objects: _Objects) -> PesAller:
    bordereaux = tuple(sending.pes.bordereaux)
    pieces = {piece.id_unique: piece for piece in sending.pes.pieces_jointes}
    return replace(
        sending.pes,
        bordereaux=tuple(bordereaux[rank] for rank in portion.bordereaux),
        pieces_jointes=tuple(
            _supporting(pieces[name], objects, portion.bordereaux)
            for name in portion.pieces_jointes
        ),
    )

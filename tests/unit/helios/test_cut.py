"""Cutting along bordereaux: everything once, attachments first, nothing above the room."""

from dataclasses import replace
from datetime import date
from hashlib import shake_256
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.helios.build import build_pes
from demat.helios.cut import Load, Portion, at_most, cut, weigh
from demat.helios.model import PesAller, PieceJointe
from tests.unit.helios.samples import mandats_reservoir

ROOM = 100


@st.composite
def flows(draw: st.DrawFn) -> tuple[list[Load], dict[str, int]]:
    """Draw bordereaux and attachments, each of which fits in a file alone."""
    sizes = draw(st.lists(st.integers(1, ROOM), max_size=8))
    pieces = {f"PJ{rank}": size for rank, size in enumerate(sizes)}
    cites = st.lists(st.sampled_from(sorted(pieces)), max_size=5) if pieces else st.just([])
    loads = draw(
        st.lists(
            st.builds(
                Load,
                weight=st.integers(1, ROOM),
                cites=cites.map(tuple),
                origin=st.sampled_from([None, 1, 2]),
            ),
            max_size=8,
        )
    )
    return loads, pieces


@given(flows())
def test_everything_is_sent_once_attachments_first_and_no_file_is_too_large(
    flow: tuple[list[Load], dict[str, int]],
) -> None:
    loads, pieces = flow
    portions = cut(loads, pieces, room=ROOM)
    assert [rank for portion in portions for rank in portion.bordereaux] == [*range(len(loads))]
    sent = [name for portion in portions for name in portion.pieces_jointes]
    assert sorted(sent) == sorted(pieces)
    there: set[str] = set()
    for portion in portions:
        there.update(portion.pieces_jointes)
        weight = sum(loads[rank].weight for rank in portion.bordereaux)
        weight += sum(pieces[name] for name in portion.pieces_jointes)
        assert 0 < weight <= ROOM
        assert all(there.issuperset(loads[rank].cites) for rank in portion.bordereaux)
        assert len({loads[rank].origin for rank in portion.bordereaux}) <= 1


def test_a_shared_attachment_goes_with_the_first_that_cites_it() -> None:
    loads = [Load(weight=40, cites=("A",)), Load(weight=40, cites=("B", "A")), Load(weight=30)]
    assert cut(loads, {"A": 30, "B": 30}, room=ROOM) == (
        Portion(bordereaux=(0,), pieces_jointes=("A",)),
        Portion(bordereaux=(1, 2), pieces_jointes=("B",)),
    )


def test_what_fits_with_its_attachments_is_not_torn_from_them() -> None:
    loads = [Load(weight=50), Load(weight=20, cites=("A", "B"))]
    assert cut(loads, {"A": 40, "B": 40}, room=ROOM) == (
        Portion(bordereaux=(0,)),
        Portion(bordereaux=(1,), pieces_jointes=("A", "B")),
    )


def test_attachments_go_first_when_they_do_not_fit_with_their_bordereau() -> None:
    loads = [Load(weight=10), Load(weight=60, cites=("A", "B", "C"))]
    assert cut(loads, {"A": 50, "B": 50, "C": 30}, room=ROOM) == (
        Portion(bordereaux=(0,)),
        Portion(pieces_jointes=("A", "B")),
        Portion(bordereaux=(1,), pieces_jointes=("C",)),
    )


def test_an_attachment_that_no_bordereau_cites_is_sent() -> None:
    assert cut([], {"A": 50}, room=ROOM) == (Portion(pieces_jointes=("A",)),)


@pytest.mark.parametrize(("load", "piece"), [(101, 1), (1, 101)])
def test_what_is_larger_than_a_file_cannot_be_cut(load: int, piece: int) -> None:
    with pytest.raises(ValueError, match="larger than a file"):
        cut([Load(weight=load)], {"A": piece}, room=ROOM)


# ------------------------------------------------------------------------------- weights


def with_pieces(*contents: bytes) -> PesAller:
    pes = mandats_reservoir()
    pieces = [
        PieceJointe(
            id_unique=f"PJ{rank}",
            name=f"facture-{rank}.pdf",
            content=content,
            mime_type="application/pdf",
            type_pj="003",
            description="Facture",
        )
        for rank, content in enumerate(contents)
    ]
    return replace(pes, pieces_jointes=tuple(pieces), date=date(2026, 11, 23))


def noise(size: int) -> bytes:
    """Return bytes that compression does not make smaller."""
    return shake_256(b"").digest(size)


CONTENTS = (noise(70_000), b"a" * 90_000, noise(1))


@pytest.mark.parametrize("contents", [(), CONTENTS[:1], CONTENTS])
def test_weights_are_those_of_the_file_that_is_written(contents: tuple[bytes, ...]) -> None:
    pes = with_pieces(*contents)
    weights = weigh(pes)
    summed = weights.header + sum(weights.bordereaux) + sum(weights.pieces_jointes.values())
    written = len(build_pes(pes))
    assert written <= summed <= written + 300 * (len(contents) + len(weights.bordereaux))
    for piece in pes.pieces_jointes:
        alone = replace(pes, bordereaux=(), pieces_jointes=(piece,))
        assert weights.header + weights.pieces_jointes[piece.id_unique] == len(build_pes(alone))


@pytest.mark.parametrize("contents", [(), CONTENTS[:1], CONTENTS])
def test_the_bound_holds_without_compressing(contents: tuple[bytes, ...]) -> None:
    pes = with_pieces(*contents)
    assert len(build_pes(pes)) <= at_most(pes)
    exact = len(build_pes(with_pieces(*(noise(len(one)) for one in contents))))
    assert at_most(pes) <= exact * 1.01 + 200


def test_the_bound_reads_the_length_of_a_source() -> None:
    pes = with_pieces(CONTENTS[0])
    (piece,) = pes.pieces_jointes
    lazy = replace(piece, content=b"", source=lambda: BytesIO(CONTENTS[0]))
    assert at_most(replace(pes, pieces_jointes=(lazy,))) == at_most(pes)

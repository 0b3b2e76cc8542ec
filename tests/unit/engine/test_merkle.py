"""The tree over the seals of the journal."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demat.engine.merkle import climb, path_to, root_of


def seals(count: int) -> list[str]:
    return [hashlib.sha256(b"%d" % rank).hexdigest() for rank in range(count)]


def plain_root(leaves: list[str]) -> bytes:
    """The tree of RFC 6962, written as the RFC defines it."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + bytes.fromhex(leaves[0])).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    both = plain_root(leaves[:half]) + plain_root(leaves[half:])
    return hashlib.sha256(b"\x01" + both).digest()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_the_root_is_that_of_the_rfc_and_every_leaf_leads_to_it(count: int) -> None:
    leaves = seals(count)
    root = root_of(leaves)
    assert root == plain_root(leaves).hex()
    assert [climb(leaf, path_to(leaves, rank)) for rank, leaf in enumerate(leaves)] == (
        [root] * count
    )


@given(st.integers(2, 40), st.data())
def test_another_leaf_leads_elsewhere(count: int, data: st.DataObject) -> None:
    leaves = seals(count)
    rank = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count - 1).filter(lambda one: one != rank))
    assert climb(leaves[other], path_to(leaves, rank)) != root_of(leaves)


def test_no_leaf_no_tree() -> None:
    with pytest.raises(ValueError, match="at least one"):
        root_of([])


@pytest.mark.parametrize("step", ["", "x:" + "00" * 32, "g:00", "g:zz", "00" * 32])
def test_a_path_that_is_none(step: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of bytes.fromhex, or ours
        climb("00" * 32, [step])

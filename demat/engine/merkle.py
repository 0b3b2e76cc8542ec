"""A tree of digests over entries of the journal: one time-stamp a night proves each of them alone.

The seal of an entry covers its content and the seal before it, but a third party who may read one
deposit only cannot compute the chain through the entries of others. Under a tree (RFC 6962 §2.1) an
entry is proven by a path of a few digests, and nothing else is disclosed.
"""

import hashlib
from collections.abc import Sequence

__all__ = ["climb", "path_to", "root_of"]

_LEAF, _NODE = b"\x00", b"\x01"


def root_of(seals: Sequence[str]) -> str:
    """Return the root over seals, hexadecimal, in the order of the journal.

    :raises ValueError: when there is none.
    """
    if not seals:
        raise ValueError("a tree has at least one leaf")
    return _root([_leaf(one) for one in seals]).hex()


def path_to(seals: Sequence[str], index: int) -> tuple[str, ...]:
    """Return what proves one seal under the root: ``g:`` or ``d:`` (side), then a digest."""
    path: list[str] = []
    level = [_leaf(one) for one in seals]
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(f"{'g' if neighbour < index else 'd'}:{level[neighbour].hex()}")
        level, index = _above(level), index // 2
    return tuple(path)


def climb(seal: str, path: Sequence[str]) -> str:
    """Return the root that a path leads to.

    :raises ValueError: when the path is not one.
    """
    node = _leaf(seal)
    for step in path:
        side, _, digest = step.partition(":")
        other = bytes.fromhex(digest)
        if side not in ("g", "d") or len(other) != hashlib.sha256().digest_size:
            raise ValueError("not a path")
        node = _node(other, node) if side == "g" else _node(node, other)
    return node.hex()


def _root(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: list[bytes]) -> list[bytes]:
    """Join digests two by two; an odd last one goes up as it is."""
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return pairs + level[len(pairs) * 2 :]


def _leaf(seal: str) -> bytes:
    return hashlib.sha256(_LEAF + bytes.fromhex(seal)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()

"""Parts of a document with long lists: so that an error repeated in each item stays affordable.

Architecture, decision 18: for every error libxml2 counts the siblings before it, which is
quadratic in a list of pièces. A slice keeps a part of each long list and all the rest.
"""

import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from lxml import etree

from demat.xmlio import Element

__all__ = ["Slice", "element_at", "slices", "whole"]

HEAD = 200
"""Items of a list that the first slice keeps; a shorter list is never cut."""
WIDTH = 2000
"""Items of a list that each other slice keeps."""
_LONG = etree.XPath(f"descendant-or-self::*[*[{HEAD + 1}]][count(ancestor::*) < 50]")
_STEP = re.compile(r"([^\[]+)(?:\[(\d+)\])?$")


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a document, and what is needed to find its elements in the whole."""

    root: Element
    """The part, as a document of its own; the document itself when nothing was cut."""
    original: Element
    """Root of the whole document."""
    offsets: dict[tuple[Element, object], int] = field(default_factory=dict)
    """How many items were left out before the first one kept, by parent (here) and name."""

    def locate(self, path: str) -> Element:
        """Return the element of the whole document that libxml2 designates in this part."""
        node = element_at(self.root, path)
        return node if self.root is self.original else self._in_original(node)

    def _in_original(self, node: Element) -> Element:
        parent = node.getparent()
        if parent is None:
            return self.original
        rank = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
        rank += self.offsets.get((parent, node.tag), 0)
        return next(islice(self._in_original(parent).iterchildren(node.tag), rank, None))


def whole(root: Element) -> Slice:
    """Return the document itself, as the only slice."""
    return Slice(root, root)


def slices(root: Element) -> Iterator[Slice]:
    """Return the parts of a document that has lists longer than ``HEAD``; none otherwise.

    The first slice is the head of every list. Together the slices hold every item of the longest
    list; a list that is exhausted is represented by its head again.
    """
    long = cast("list[Element]", _LONG(root))
    spine = set(long)
    for node in long:
        spine.update(node.iterancestors())
    longest = max((max(_lengths(node).values()) for node in long), default=0)
    for number in range(_count(longest) if longest > HEAD else 0):
        offsets: dict[tuple[Element, object], int] = {}
        yield Slice(_copy(root, number, spine, offsets), root, offsets)


def _copy(
    node: Element, number: int, spine: set[Element], offsets: dict[tuple[Element, object], int]
) -> Element:
    if node not in spine:
        return deepcopy(node)
    twin = etree.Element(node.tag, nsmap=cast("dict[str, str]", node.nsmap))
    for name, value in node.attrib.items():
        twin.set(name, value)
    twin.text, twin.tail = node.text, node.tail
    windows = {tag: _window(length, number) for tag, length in _lengths(node).items()}
    offsets.update(((twin, tag), window.start) for tag, window in windows.items())
    ranks: Counter[object] = Counter()
    for child in node:
        if ranks[child.tag] in windows[child.tag]:
            twin.append(_copy(child, number, spine, offsets))
        ranks[child.tag] += 1
    return twin


def _lengths(node: Element) -> Counter[object]:
    return Counter(child.tag for child in node)


def _count(length: int) -> int:
    """Return the number of slices that a list of this length needs."""
    return 1 + -(-max(0, length - HEAD) // WIDTH)


def _window(length: int, number: int) -> range:
    """Return the ranks, from 0, that a slice keeps of a list."""
    if number == 0 or number >= _count(length):
        return range(HEAD)
    start = HEAD + (number - 1) * WIDTH
    return range(start, start + WIDTH)


def element_at(root: Element, path: str) -> Element:
    """Return the element at a path as libxml2 writes it: ``/n:A/B[2]/*[3]``, the root first.

    ``*`` stands for an element in a default namespace, and its rank counts all its siblings.
    """
    node = root
    for step in path.strip("/").split("/")[1:]:
        found = _STEP.match(step)
        name, rank = (found[1], int(found[2] or 1)) if found else (step, 1)
        same = (child for child in node.iterchildren("*") if name in ("*", _prefixed(child)))
        node = next(islice(same, rank - 1, None))
    return node


def _prefixed(node: Element) -> str:
    name = etree.QName(node)
    if node.prefix:
        return f"{node.prefix}:{name.localname}"
    return "" if name.namespace else name.localname

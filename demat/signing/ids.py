"""Identified elements of a document: one index of all Ids.

Programs disagree on the attribute that identifies an element (``Id``, ``ID``, ``id``), so a value
that occurs twice under any of these names could be read as two elements (architecture, decision
16).
"""

import re
from collections.abc import Iterator
from typing import Any

from demat.faults import Fault, FaultError
from demat.xmlio import Element

__all__ = ["IdIndex", "Identifiers", "duplicate_ids", "surely_unique"]

_ATTRIBUTES = "//@*[local-name()='Id' or local-name()='ID' or local-name()='id']"
_WRITTEN = [  # a pattern that begins with one letter is looked for much faster
    re.compile(last + rb"""(?<=[Ii].)\s*=\s*(?=("[^"]*"|'[^']*'))""") for last in (b"d", b"D")
]
_VARIES = re.compile(rb"[&\s]")


class Identifiers:
    """The identifiers of a document, as they are met."""

    __slots__ = ("duplicates", "values")

    def __init__(self) -> None:
        self.values: set[str] = set()
        """Every one, under any of the names."""
        self.duplicates: set[str] = set()
        """Those that occur more than once."""

    def add(self, value: str) -> None:
        """Take one more."""
        read = value.strip()  # as a reader does who knows the schema (xs:ID)
        (self.duplicates if read in self.values else self.values).add(read)


class IdIndex:
    """Every Id of a document, read once."""

    __slots__ = ("_elements", "_identifiers")

    def __init__(self, root: Element) -> None:
        self._elements: dict[str, Element] = {}
        self._identifiers = Identifiers()
        for value, name, owner in _attributes(root):
            self._identifiers.add(value)
            if name == "Id":
                self._elements[value] = owner

    def __contains__(self, value: str) -> bool:
        return value in self._identifiers.values

    @property
    def duplicates(self) -> set[str]:
        """Values that occur more than once, under any of the names."""
        return self._identifiers.duplicates

    def element(self, value: str) -> Element | None:
        """Return the only element whose attribute ``Id`` has this value.

        :raises FaultError: ``SIG-DUPLICATE_ID``, when the value could designate two elements.
        """
        if value.strip() in self.duplicates:
            raise FaultError(Fault(code="SIG-DUPLICATE_ID", params={"id": value}))
        return self._elements.get(value)


def _attributes(root: Element) -> Iterator[tuple[str, str, Element]]:
    """Yield value, name and owner of every identifying attribute, in document order."""
    found: Any = root.xpath(_ATTRIBUTES)  # "smart" strings, that know where they come from
    for value in found:
        yield str(value), value.attrname, value.getparent()


def duplicate_ids(content: bytes, root: Element) -> set[str]:
    """Return the values that identify two things, under any of the names.

    :param content: the document, without DTD.
    :param root: its root.
    """
    return set() if surely_unique(content) else IdIndex(root).duplicates


def surely_unique(content: bytes) -> bool:
    """Tell whether the bytes alone show that no identifier occurs twice in a document without DTD.

    What is written after ``Id=`` anywhere, texts included, is more than all the identifiers: when
    nothing there occurs twice, and nothing could be written in two ways, there is no need to look
    at every attribute of a tree.
    """
    written = [value[1:-1] for one in _WRITTEN for value in one.findall(content)]
    one_way = all(value.isascii() and not _VARIES.search(value) for value in written)
    return one_way and b"\0" not in content and len(set(written)) == len(written)

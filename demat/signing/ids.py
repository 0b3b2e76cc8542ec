"""Identified elements of a document: one index of all Ids, and where end tags lie in the bytes.

Programs disagree on the attribute that identifies an element (``Id``, ``ID``, ``id``), so a value
that occurs twice under any of these names could be read as two elements (architecture, decision
16).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from demat.faults import Fault, FaultError
from demat.xmlio import Element, declared_encoding

__all__ = ["IdIndex", "end_tags"]

_ATTRIBUTES = "//@*[local-name()='Id' or local-name()='ID' or local-name()='id']"
_ENCODINGS = frozenset({"UTF-8", "ISO-8859-1", "ISO-8859-15", "US-ASCII", "WINDOWS-1252"})


class IdIndex:
    """Every Id of a document, read once."""

    __slots__ = ("_elements", "_values", "duplicates")

    def __init__(self, root: Element) -> None:
        self._elements: dict[str, Element] = {}
        self._values: set[str] = set()
        self.duplicates: set[str] = set()
        """Values that occur more than once, under any of the names."""
        for value, name, owner in _attributes(root):
            if value in self._values:
                self.duplicates.add(value)
            self._values.add(value)
            if name == "Id":
                self._elements[value] = owner

    def __contains__(self, value: str) -> bool:
        return value in self._values

    def element(self, value: str) -> Element | None:
        """Return the only element whose attribute ``Id`` has this value.

        :raises FaultError: ``SIG-DUPLICATE_ID``, when the value could designate two elements.
        """
        if value in self.duplicates:
            raise FaultError(Fault(code="SIG-DUPLICATE_ID", params={"id": value}))
        return self._elements.get(value)


def _attributes(root: Element) -> Iterator[tuple[str, str, Element]]:
    """Yield value, name and owner of every identifying attribute, in document order."""
    found: Any = root.xpath(_ATTRIBUTES)  # "smart" strings, that know where they come from
    for value in found:
        yield str(value), value.attrname, value.getparent()


def end_tags(content: bytes, ids: Collection[str]) -> Mapping[str, int]:
    """Return the offset in bytes of the end tag of each element that has one of these ``Id``.

    :param content: a well-formed document without DTD, where every Id asked for occurs once, on an
        element that is not empty (an empty tag has no end tag).
    :raises FaultError: ``SIG-ENCODING``, for an encoding where a tag is not written in ASCII.
    """
    _check_encoding(content)
    return _TagFinder(ids).find(content)


def _check_encoding(content: bytes) -> None:
    declared = (declared_encoding(content) or "UTF-8").upper()
    wide = content[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in content[:4]
    if wide or declared not in _ENCODINGS:
        encoding = "UTF-16" if wide else declared
        raise FaultError(Fault(code="SIG-ENCODING", params={"encoding": encoding}))


class _TagFinder:
    """Follows the tags of one document with expat, which knows where each of them is written."""

    def __init__(self, ids: Collection[str]) -> None:
        self._ids = frozenset(ids)
        self._depth = 0
        self._open: dict[int, str] = {}
        self._offsets: dict[str, int] = {}
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def find(self, content: bytes) -> Mapping[str, int]:
        self._parser.Parse(content, True)
        return self._offsets

    def _start(self, _name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("Id")
        if value in self._ids and value is not None:
            self._open[self._depth] = value
        self._depth += 1

    def _end(self, _name: str) -> None:
        self._depth -= 1
        value = self._open.pop(self._depth, None)
        if value is not None:
            self._offsets[value] = self._parser.CurrentByteIndex

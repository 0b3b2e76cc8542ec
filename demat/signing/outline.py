"""Where the elements to sign lie in the bytes of a document, found without a tree.

Programs disagree on the attribute that identifies an element (``Id``, ``ID``, ``id``), so a value
that occurs twice under any of these names could be read as two elements (architecture, decision
16). Expat reads any document, piece by piece; most need less: where nothing else looks like a tag,
what is looked for is found as text.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO
from xml.parsers import expat

from demat.faults import Fault, FaultError
from demat.signing.algorithms import DS
from demat.signing.ids import Identifiers
from demat.signing.plain import is_plain
from demat.xmlio import declared_encoding

__all__ = [
    "Outline",
    "Place",
    "check_well_formed",
    "encoding_of",
    "outline_of",
    "outline_of_stream",
]

_CHUNK = 1 << 18
_HEAD = 100_000
_ENCODINGS = frozenset({"UTF-8", "ISO-8859-1", "ISO-8859-15", "US-ASCII", "WINDOWS-1252"})
_IDENTIFYING = frozenset({"Id", "ID", "id"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one element lies, in bytes."""

    start: int
    """Offset of its start tag."""
    inside: int
    """Offset of what follows its start tag; that of its end tag when it is empty."""
    end_tag: int
    """Offset of its end tag; that of what follows it when it has none (``<a/>``)."""
    stop: int
    """Offset of what follows it."""
    namespaces: Mapping[str | None, str] = field(default_factory=dict)
    """Namespaces in scope, by prefix."""
    plain: bool = field(default=False, compare=False)
    """Whether it is known to be written as ``demat.signing.plain`` describes."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.end_tag <= self.inside

    def holds(self, other: "Place") -> bool:
        """Tell whether another element lies in this one, or is this one."""
        return self.start <= other.start and other.stop <= self.stop


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What is known of a document before anything in it is signed."""

    encoding: str
    """Encoding of the document, an extension of ASCII."""
    places: Mapping[str, Place]
    """The elements asked for that exist, by ``Id``."""
    values: frozenset[str]
    """Every identifier of the document, under any of the names."""
    duplicates: frozenset[str]
    """Those that occur more than once."""
    signed: tuple[Place, ...] = ()
    """The elements that carry a signature."""


def outline_of(content: bytes, ids: Collection[str]) -> Outline:
    """Return the outline of a document held in memory.

    :param ids: values of the attribute ``Id`` of the elements whose places are wanted.
    :raises FaultError: as :func:`outline_of_stream`.
    """
    encoding = encoding_of(content)
    found = _Written(content, encoding, ids).outline()
    if found is None:
        return outline_of_stream(BytesIO(content), ids)
    check_well_formed(content)
    return found


def outline_of_stream(source: BinaryIO, ids: Collection[str]) -> Outline:
    """Return the outline of a document read piece by piece, in memory that does not grow with it.

    :param source: open at its beginning, and able to go back there.
    :param ids: as for :func:`outline_of`.
    :raises FaultError: ``XML-EMPTY``, ``XML-DTD``, ``XML-SYNTAX``; ``SIG-ENCODING``, for an
        encoding where a tag is not written in ASCII.
    """
    encoding = encoding_of(source.read(_HEAD))
    source.seek(0)
    return _Reader(source, encoding, ids).outline()


def encoding_of(head: bytes) -> str:
    """Return the encoding of a document, an extension of ASCII, from its beginning.

    :raises FaultError: ``XML-EMPTY``, ``SIG-ENCODING``.
    """
    if not head or head.isspace():
        raise FaultError(Fault(code="XML-EMPTY"))
    declared = (declared_encoding(head.removeprefix(b"\xef\xbb\xbf")) or "UTF-8").upper()
    if head.startswith(b"\xef\xbb\xbf") and declared != "UTF-8":  # read by some as one, by some as
        raise FaultError(Fault(code="SIG-ENCODING", params={"encoding": declared}))  # the other
    wide = head[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in head[:4]
    if wide or declared not in _ENCODINGS:
        encoding = "UTF-16" if wide else declared
        raise FaultError(Fault(code="SIG-ENCODING", params={"encoding": encoding}))
    return declared


# ---------------------------------------------------------------------------- any document


def _parse(parser: expat.XMLParserType, source: BinaryIO) -> None:
    """Let expat read it all, piece by piece.

    :raises FaultError: ``XML-DTD``, ``XML-SYNTAX``.
    """
    parser.StartDoctypeDeclHandler = _refuse_dtd
    source.seek(0)
    try:
        while chunk := source.read(_CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        fault = Fault(code="XML-SYNTAX", params={"reason": str(error)}, line=error.lineno)
        raise FaultError(fault) from error


def check_well_formed(content: bytes) -> None:
    """Make sure that a document is well formed, and has no DTD.

    :raises FaultError: ``XML-DTD``, ``XML-SYNTAX``.
    """
    _parse(expat.ParserCreate(), BytesIO(content))


def _refuse_dtd(*_: object) -> None:
    raise FaultError(Fault(code="XML-DTD"))


class _Reader:
    """Follows the tags of one document with expat, which knows where each of them is written."""

    def __init__(self, source: BinaryIO, encoding: str, ids: Collection[str]) -> None:
        self._source = source
        self._encoding = encoding
        self._ids = frozenset(ids)
        self._starts: list[int] = []
        self._scope: dict[str | None, list[str]] = {}
        self._open: dict[int, tuple[str, Mapping[str | None, str]]] = {}
        """The elements asked for that are open, by depth."""
        self._signed_open: set[int] = set()
        self._identifiers = Identifiers()
        self._found: dict[str, tuple[int, int, Mapping[str | None, str]]] = {}
        self._signed: list[tuple[int, int]] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.EndNamespaceDeclHandler = self._undeclare

    def outline(self) -> Outline:
        _parse(self._parser, self._source)
        places = {value: self._place(*found) for value, found in self._found.items()}
        return Outline(
            encoding=self._encoding,
            places=places,
            values=frozenset(self._identifiers.values),
            duplicates=frozenset(self._identifiers.duplicates),
            signed=tuple(self._place(start, end, {}) for start, end in self._signed),
        )

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._scope.setdefault(prefix, []).append(uri or "")

    def _undeclare(self, prefix: str | None) -> None:
        self._scope[prefix].pop()

    def _start(self, name: str, attributes: Any) -> None:
        depth = len(self._starts)
        self._starts.append(self._parser.CurrentByteIndex)
        if name == f"{DS} Signature":
            self._signed_open.add(depth - 1)
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            if key.rpartition(" ")[2] in _IDENTIFYING:
                self._identify(key, value, depth)

    def _identify(self, key: str, value: str, depth: int) -> None:
        self._identifiers.add(value)
        if key == "Id" and value in self._ids:
            scope = {prefix: uris[-1] for prefix, uris in self._scope.items() if uris}
            self._open[depth] = (value, {prefix: uri for prefix, uri in scope.items() if uri})

    def _end(self, _name: str) -> None:
        start = self._starts.pop()
        depth = len(self._starts)
        end = self._parser.CurrentByteIndex
        if depth in self._signed_open:
            self._signed_open.discard(depth)
            self._signed.append((start, end))
        if depth in self._open:
            value, scope = self._open.pop(depth)
            self._found[value] = (start, end, scope)

    def _place(self, start: int, end: int, scope: Mapping[str | None, str]) -> Place:
        inside = _after_tag(self._source, start)
        self._source.seek(inside - 2)
        stop = inside if self._source.read(2) == b"/>" else _after_tag(self._source, end)
        return Place(start=start, inside=inside, end_tag=end, stop=stop, namespaces=scope)


def _after_tag(source: BinaryIO, start: int) -> int:
    """Return the offset that follows the tag which starts there."""
    source.seek(start)
    read, quote = b"", 0
    while chunk := source.read(1024):
        for position, byte in enumerate(chunk, start=len(read)):
            if quote:
                quote = 0 if byte == quote else quote
            elif byte in b"\"'":
                quote = byte
            elif byte == ord(">"):
                return start + position + 1
        read += chunk
    raise ValueError("no end of a tag in a well-formed document")


# ----------------------------------------------------- documents where text tells everything

_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\s[^<>]*\?>)?\s*", re.DOTALL)
_ROOT = re.compile(rb'<([\w.:-]++)((?:\s++[\w.:-]++="[^"<>&\t\n\r]*+")*+)\s*+>')
_ATTRIBUTE = re.compile(rb'([\w.:-]++)="([^"]*+)"')
_NAMES = frozenset({b"Id", b"ID", b"id"})
_MARKS = (re.compile(rb'd="(?=([^"]*)")'), re.compile(rb'D="(?=([^"]*)")'))
"""How the attributes that identify end; a pattern that begins with one letter is fast."""


class _Written:
    """Looks for tags as text, in a document whose root holds only what ``plain`` describes."""

    def __init__(self, content: bytes, encoding: str, ids: Collection[str]) -> None:
        self._content = content
        self._encoding = encoding
        self._ids = frozenset(ids)
        self._namespaces: dict[str | None, str] = {}
        self._identifiers = Identifiers()
        self._starts: dict[str, int] = {}

    def outline(self) -> Outline | None:
        """Return the outline; ``None`` when the document must be read by a parser."""
        root = self._root()
        if root is None or not is_plain(self._content, root.inside, root.end_tag):
            return None
        try:
            certain = self._declared(root) and self._identified(root)
        except UnicodeDecodeError:  # an octet that the encoding has no letter for
            return None
        if not certain:
            return None
        return Outline(
            encoding=self._encoding,
            places={value: self._place(start, root) for value, start in self._starts.items()},
            values=frozenset(self._identifiers.values),
            duplicates=frozenset(self._identifiers.duplicates),
        )

    def _root(self) -> Place | None:
        prolog = _PROLOG.match(self._content)
        start = _ROOT.match(self._content, prolog.end() if prolog else 0)
        end = self._content.rfind(b"</")
        if start is None or end < start.end():
            return None
        if not re.fullmatch(rb"</%s\s*>\s*" % re.escape(start[1]), self._content[end:]):
            return None
        stop = self._content.index(b">", end) + 1
        return Place(start=start.start(), inside=start.end(), end_tag=end, stop=stop)

    def _declared(self, root: Place) -> bool:
        """Take the attributes of the root; tell whether there is no default namespace."""
        for name, written in _ATTRIBUTE.findall(self._content[root.start : root.inside]):
            prefix, _, local = name.rpartition(b":")
            if prefix == b"xmlns":
                self._namespaces[local.decode()] = written.decode(self._encoding)
            elif name == b"xmlns":
                return False
            elif local in _NAMES:
                self._identify(written, root.start if name == b"Id" else None)
        return True

    def _identified(self, root: Place) -> bool:
        """Take the identifiers below the root; tell whether each can be read as it is written."""
        for found in chain.from_iterable(mark.finditer(self._content) for mark in _MARKS):
            tag = self._content.rfind(b"<", 0, found.start())
            before, _, name = self._content[tag : found.start() + 1].rpartition(b" ")
            in_tag = b">" not in before and b'"' not in before  # neither in a text nor in a value
            if in_tag and tag > root.start and name in _NAMES:
                if b"&" in found[1]:
                    return False
                self._identify(found[1], tag if name == b"Id" else None)
        return True

    def _identify(self, written: bytes, start: int | None) -> None:
        value = written.decode(self._encoding)
        self._identifiers.add(value)
        if start is not None and value in self._ids:
            self._starts[value] = start

    def _place(self, start: int, root: Place) -> Place:
        if start == root.start:
            return replace(root, namespaces=self._namespaces)
        stop = end_tag = inside = self._content.index(b">", start) + 1
        if self._content[inside - 2 : inside] != b"/>":
            end_tag, stop = self._end_of(start, inside)
        return Place(
            start=start,
            inside=inside,
            end_tag=end_tag,
            stop=stop,
            namespaces=self._namespaces,
            plain=True,
        )

    def _end_of(self, start: int, inside: int) -> tuple[int, int]:
        """Return where the end tag of the element that starts there is, and what follows it."""
        name = re.split(rb"[ >]", self._content[start + 1 : inside], maxsplit=1)[0]
        end_tag, depth, stop = b"</" + name + b">", 1, inside
        while depth:
            end = self._content.find(end_tag, stop)
            if end < 0:
                raise FaultError(Fault(code="XML-SYNTAX", params={"reason": "no end tag"}))
            depth += self._opened(name, stop, end) - 1
            stop = end + len(end_tag)
        return end, stop

    def _opened(self, name: bytes, start: int, stop: int) -> int:
        """Count the start tags of a name; those of empty elements open nothing."""
        count, mark = 0, b"<" + name
        position = self._content.find(mark, start, stop)
        while position >= 0:
            end = self._content.index(b">", position)
            after = self._content[position + len(mark) : end]
            count += not after or (after[:1] == b" " and not after.endswith(b"/"))
            position = self._content.find(mark, end, stop)
        return count

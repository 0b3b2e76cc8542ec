"""Where the elements to sign lie in the bytes of a document, found without a tree.

Programs disagree on the attribute that identifies an element (``Id``, ``ID``, ``id``), so a value
that occurs twice under any of these names could be read as two elements (architecture, decision
16). Expat reads any document, piece by piece; most need less: where ``<`` only opens tags and
``>`` only closes them, what is looked for is found as text.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO
from xml.parsers import expat

from demat.faults import Fault, FaultError
from demat.signing.algorithms import DS
from demat.xmlio import declared_encoding

__all__ = ["Outline", "Place", "outline_of", "outline_of_stream"]

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
    encoding = _encoding(content)
    found = _Written(content, encoding, ids).outline()
    if found is not None:
        _check(BytesIO(content))
        return found
    return outline_of_stream(BytesIO(content), ids)


def outline_of_stream(source: BinaryIO, ids: Collection[str]) -> Outline:
    """Return the outline of a document read piece by piece, in memory that does not grow with it.

    :param source: open at its beginning, and able to go back there.
    :param ids: as for :func:`outline_of`.
    :raises FaultError: ``XML-EMPTY``, ``XML-DTD``, ``XML-SYNTAX``; ``SIG-ENCODING``, for an
        encoding where a tag is not written in ASCII.
    """
    head = source.read(_HEAD)
    encoding = _encoding(head)
    source.seek(0)
    return _Reader(source, encoding, ids).outline()


def _encoding(head: bytes) -> str:
    if not head.strip():
        raise FaultError(Fault(code="XML-EMPTY"))
    declared = (declared_encoding(head.removeprefix(b"\xef\xbb\xbf")) or "UTF-8").upper()
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


def _check(source: BinaryIO) -> None:
    """Make sure that a document is well formed."""
    _parse(expat.ParserCreate(), source)


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
        self._values: set[str] = set()
        self._duplicates: set[str] = set()
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
            values=frozenset(self._values),
            duplicates=frozenset(self._duplicates),
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
        if value in self._values:
            self._duplicates.add(value)
        self._values.add(value)
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
_IDENTIFIER = re.compile(rb"(I[dD]|id)\s*=\s*")
_VALUE = re.compile(rb'"([^"<&\t\r\n]*)"')
_START = re.compile(rb"<([^\s/<>]+)")
_DECLARED = re.compile(rb'\sxmlns:([A-Za-z_][\w.-]*)="([^"<&]*)"')


class _Written:
    """Looks for tags as text, in a document where nothing else looks like one."""

    def __init__(self, content: bytes, encoding: str, ids: Collection[str]) -> None:
        self._content = content
        self._encoding = encoding
        self._ids = ids
        prolog = _PROLOG.match(content)
        self._begin = prolog.end() if prolog else 0

    def outline(self) -> Outline | None:
        """Return the outline; ``None`` when the document must be read by a parser."""
        try:
            namespaces = self._namespaces()
            identifiers = None if namespaces is None else self._identifiers()
        except UnicodeDecodeError:  # an octet that the encoding has no letter for
            return None
        if namespaces is None or identifiers is None:
            return None
        values: set[str] = set()
        duplicates: set[str] = set()
        starts: dict[str, int] = {}
        for value, name, start in identifiers:
            (duplicates if value in values else values).add(value)
            if name == b"Id":
                starts[value] = start
        return Outline(
            encoding=self._encoding,
            places={
                value: self._place(starts[value], namespaces)
                for value in self._ids
                if value in starts
            },
            values=frozenset(values),
            duplicates=frozenset(duplicates),
        )

    def _namespaces(self) -> Mapping[str | None, str] | None:
        """Return what the root declares, when nothing else does and all else is tags and text."""
        content, begin = self._content, self._begin
        root_end = content.find(b">", begin)
        root = content[begin : root_end + 1]
        if (
            any(content.find(mark, begin) >= 0 for mark in (b"<!", b"<?", b"Signature"))
            or content.find(b"xmlns", root_end) >= 0
            or b"'" in root
            or content.count(b"<", begin) != content.count(b">", begin)
        ):
            return None
        declared = _DECLARED.findall(root)
        if len(declared) != root.count(b"xmlns"):
            return None
        return {prefix.decode(): self._text(uri) for prefix, uri in declared}

    def _identifiers(self) -> list[tuple[str, bytes, int]] | None:
        """Return value, name and offset of the tag of every identifier; ``None`` when in doubt."""
        found = []
        for one in _IDENTIFIER.finditer(self._content, self._begin):
            start = self._content.rfind(b"<", 0, one.start())
            before = self._content[start : one.start()]
            if b">" in before or before[-1:] not in (b" ", b"\t", b"\r", b"\n", b":"):
                continue  # in a text, or the end of another name
            if b"'" in before:
                return None
            if before.count(b'"') % 2:
                continue  # in a value
            value = _VALUE.match(self._content, one.end())
            if value is None:
                return None
            name = b"" if before[-1:] == b":" else one[1]
            found.append((self._text(value[1]), name, start))
        return found

    def _text(self, written: bytes) -> str:
        return written.decode(self._encoding)

    def _place(self, start: int, namespaces: Mapping[str | None, str]) -> Place:
        stop = end_tag = inside = self._content.index(b">", start) + 1
        if self._content[inside - 2 : inside] != b"/>":
            end_tag, stop = self._end_of(start)
        return Place(start=start, inside=inside, end_tag=end_tag, stop=stop, namespaces=namespaces)

    def _end_of(self, start: int) -> tuple[int, int]:
        """Return where the end tag of the element that starts there is, and what follows it."""
        depth = 0
        for end, tag in self._tags(start):
            if tag.startswith(b"</"):
                depth -= 1
            elif not tag.endswith(b"/>"):
                depth += 1
            if not depth:
                return end, end + len(tag)
        raise FaultError(Fault(code="XML-SYNTAX", params={"reason": "no end tag"}))

    def _tags(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the tags of the same name from there on."""
        name = _START.match(self._content, start)
        wanted = re.escape(name[1]) if name else b""
        for found in re.compile(rb"</?%s(?=[\s/>])[^>]*>" % wanted).finditer(self._content, start):
            yield found.start(), found[0]

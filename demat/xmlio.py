"""Reading untrusted XML and writing ours: bytes only, no path, no network, no DTD.

Every XML that comes from outside goes through :func:`parse_untrusted`; what it refuses is a fault
that names the line, not an exception of the parser.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, cast

from lxml import etree

from demat.faults import Fault, FaultError

__all__ = [
    "Element",
    "check_measure",
    "check_syntax",
    "declared_encoding",
    "expect_root",
    "grow_untrusted",
    "line_of",
    "lines_of",
    "local_name",
    "parse_untrusted",
    "path_of",
    "read_head",
    "root_name",
    "serialise",
    "stream_untrusted",
    "value",
    "values",
]

Element = etree._Element

MAX_BYTES = 512 * 1024 * 1024
MAX_ATTRIBUTES = 1000
"""Attributes of one element, or namespaces in scope: the time of a canonical form grows as their
square, a hundred thousand of them take minutes."""
_MANY_NAMESPACES = 20_000
"""So many in a whole file cost nothing worth looking at, even all in scope at once."""
_SLICE = 1 << 18
_MARK = b"<?demat?>"
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s*<\?xml\s.*?\?>)?", re.DOTALL)
_HIDING = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
"""Where what looks like a tag is none."""
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def parse_untrusted(
    content: bytes, *, root: str | None = None, huge: bool = True, max_bytes: int = MAX_BYTES
) -> Element:
    """Parse XML that somebody else wrote.

    Entities, DTD and network access are refused; a billion-laughs bomb stops at the amplification
    limit of libxml2. ``huge`` admits text nodes over 10 MB (the attachments of a PES).

    :param root: local name that the root element must have.
    :raises FaultError: ``XML-EMPTY``, ``XML-SIZE``, ``XML-DTD``, ``XML-SYNTAX``, ``XML-ENCODING``,
        ``XML-ROOT``.
    """
    if _is_blank(content):
        raise FaultError(Fault(code="XML-EMPTY"))
    if len(content) > max_bytes:
        raise FaultError(Fault(code="XML-SIZE", params={"size": f"{len(content) // 1_000_000}"}))
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=huge,
    )
    try:
        tree = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, LookupError) as error:
        raise FaultError(_syntax_fault(error, content)) from error
    _refuse_dtd(tree)
    if root is not None:
        expect_root(tree, root)
    return tree


def check_measure(content: bytes, root: Element) -> None:
    """Refuse a document whose canonical form alone would take minutes; for who needs that form.

    :param content: the file from which ``root`` was parsed.
    :raises FaultError: ``XML-EXCESS``.
    """
    excess: Any = root.xpath(f"//@*[{MAX_ATTRIBUTES + 1}]")
    declared = content.count(b"xmlns") + content.count(b"x\0m\0l\0n\0s")  # of UTF-16
    if excess or (declared > _MANY_NAMESPACES and _namespaces_in_scope(root) > MAX_ATTRIBUTES):
        raise FaultError(Fault(code="XML-EXCESS", params={"limit": str(MAX_ATTRIBUTES)}))


def _namespaces_in_scope(root: Element) -> int:
    """Return how many declarations are in scope at once, at most."""
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        depth += 1 if event == "start-ns" else -1
        deepest = max(deepest, depth)
    return deepest


def stream_untrusted(source: BinaryIO, paths: Collection[str], *, root: str) -> Iterator[Element]:
    """Yield the elements at these places one by one, in document order, in little memory.

    Each element is emptied, with all that precedes it under its parent, once the next is asked for:
    take what is needed from it before. The same is refused as by :func:`parse_untrusted`.

    :param source: open at its beginning, and able to go back there.
    :param paths: local names from the root down, joined by ``/``; none inside another.
    :param root: local name that the root element must have.
    :raises FaultError: ``XML-EMPTY``, ``XML-DTD``, ``XML-SYNTAX``, ``XML-ENCODING``, ``XML-ROOT``.
    """
    head = source.read(100_000)
    if _is_blank(head):
        raise FaultError(Fault(code="XML-EMPTY"))
    source.seek(0)
    names = {path.rpartition("/")[2] for path in paths}
    events = etree.iterparse(
        source,
        events=("start", "end"),
        tag=["{*}" + name for name in sorted(names | {root})],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    try:
        yield from _at(events, paths, root)
    except (etree.XMLSyntaxError, LookupError) as error:
        raise FaultError(_syntax_fault(error, head)) from error
    if local_name(events.root) != root:
        params = {"expected": root, "found": local_name(events.root)}
        raise FaultError(Fault(code="XML-ROOT", params=params, line=line_of(events.root)))


def _at(
    events: Iterable[tuple[str, Element]], paths: Collection[str], root: str
) -> Iterator[Element]:
    for event, node in events:
        if event == "start":
            _refuse_dtd(node)
        elif path_of(node) in paths:
            yield node
            _forget(node)


def grow_untrusted(content: bytes, ends: Collection[str], *, root: str) -> Iterator[Element]:
    """Yield the root of a document again and again, with a little more of it each time.

    Each time the last element is whole: the reading pauses where one of ``ends`` does. Take what is
    needed and remove it from the tree, whose memory then stays small; no element that is still open
    may be removed. The same is refused as by :func:`parse_untrusted`, some of it after a while.

    :param ends: local names, without prefix in the file.
    :param root: local name that the root element must have.
    :raises FaultError: ``XML-EMPTY``, ``XML-DTD``, ``XML-SYNTAX``, ``XML-ENCODING``, ``XML-ROOT``.
    """
    if _is_blank(content):
        raise FaultError(Fault(code="XML-EMPTY"))
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:4]:
        yield parse_untrusted(content, root=root)  # two bytes a character: no end can be found
        return
    # without events on elements, libxml2 works alone: an instruction of ours leads to the tree
    parser = etree.XMLPullParser(
        events=("pi",),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    declaration = _PROLOG.match(content)
    start = declaration.end() if declaration else 0
    try:
        parser.feed(content[:start] + _MARK)
        _, mark = next(iter(parser.read_events()))
        for stop in _pauses(content, start, ends):
            for part in range(start, stop, _SLICE):
                parser.feed(content[part : min(part + _SLICE, stop)])
            start = stop
            found = next(cast("Element", mark).itersiblings("*"), None)  # not a comment before it
            if found is not None:
                expect_root(found, root)
                yield found
        parser.close()
    except (etree.XMLSyntaxError, LookupError) as error:
        raise FaultError(_syntax_fault(error, content)) from error


def _is_blank(content: bytes) -> bool:
    """Tell whether there is nothing to read, without a copy of a large file."""
    return not content or content.isspace()


def _pauses(content: bytes, start: int, ends: Collection[str]) -> Iterator[int]:
    """Yield offsets where one of these elements ends, at least ``_SLICE`` bytes apart, then the end
    of the document. What only looks like an end, in a comment, is passed over."""
    pattern = re.compile(_HIDING + rb"|</(?P<name>%s)\s*>" % "|".join(ends).encode(), re.DOTALL)
    for found in pattern.finditer(content, start):
        if found["name"] and found.end() - start >= _SLICE:
            start = found.end()
            yield start
    if start < len(content):
        yield len(content)


def expect_root(found: Element, root: str) -> None:
    """Refuse a document with a DTD, or whose root has another local name.

    :raises FaultError: ``XML-DTD``, ``XML-ROOT``.
    """
    _refuse_dtd(found)
    if local_name(found) != root:
        params = {"expected": root, "found": local_name(found)}
        raise FaultError(Fault(code="XML-ROOT", params=params, line=line_of(found)))


def _refuse_dtd(node: Element) -> None:
    if node.getroottree().docinfo.internalDTD is not None:
        raise FaultError(Fault(code="XML-DTD"))


def path_of(node: Element) -> str:
    """Return the local names from the root down to an element, joined by ``/``."""
    return "/".join([local_name(above) for above in (node, *node.iterancestors())][::-1])


def root_name(source: BinaryIO) -> str:
    """Return the local name of the root element; only the beginning of the file is read.

    :raises FaultError: as :func:`stream_untrusted`.
    """
    try:
        return local_name(_head(source, lambda _: True))
    finally:
        source.seek(0)


def read_head(content: bytes, *, before: Collection[str]) -> Element:
    """Return the root with what stands in it before the first element of one of these names.

    :raises FaultError: as :func:`stream_untrusted`.
    """
    return _head(BytesIO(content), lambda node: local_name(node) in before)


def _head(source: BinaryIO, is_last: Callable[[Element], bool]) -> Element:
    """Read until the start of an element, or of the last one; return the root."""
    head = source.read(100_000)
    if _is_blank(head):
        raise FaultError(Fault(code="XML-EMPTY"))
    source.seek(0)
    events = etree.iterparse(
        source,
        events=("start",),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    root: Element | None = None
    try:
        for _, node in events:
            root = node if root is None else root
            if is_last(node):
                break
    except (etree.XMLSyntaxError, LookupError) as error:
        raise FaultError(_syntax_fault(error, head)) from error
    if root is None:
        raise FaultError(Fault(code="XML-EMPTY"))
    _refuse_dtd(root)
    return root


def _forget(node: Element) -> None:
    """Empty an element that was used, and drop what precedes it."""
    node.clear()
    parent = node.getparent()
    while parent is not None and node.getprevious() is not None:
        del parent[0]


class _Forget:
    """Where a parser sends what it reads when nobody needs it."""

    def close(self) -> None:
        """End the document."""


def check_syntax(chunks: Iterable[bytes]) -> None:
    """Read XML piece by piece, only to know that it is well formed; nothing is kept in memory.

    :raises FaultError: ``XML-SYNTAX``.
    """
    parser = etree.XMLParser(
        target=_Forget(),  # type: ignore[arg-type]  # lxml calls only the methods that exist
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
    )
    try:
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    except (etree.XMLSyntaxError, LookupError) as error:
        line = getattr(error, "lineno", None)
        fault = Fault(code="XML-SYNTAX", params={"reason": str(error)}, line=line)
        raise FaultError(fault) from error


def _syntax_fault(error: Exception, content: bytes) -> Fault:
    reason = str(error)
    line = getattr(error, "lineno", None)
    if isinstance(error, LookupError) or "ncoding" in reason or "not proper UTF-8" in reason:
        return Fault(
            code="XML-ENCODING",
            params={"encoding": declared_encoding(content) or "UTF-8"},
            line=line,
        )
    if b"<!DOCTYPE" in content[:100_000] or b"<!ENTITY" in content[:100_000]:
        return Fault(code="XML-DTD", line=line)
    return Fault(code="XML-SYNTAX", params={"reason": reason}, line=line)


def declared_encoding(content: bytes) -> str | None:
    """Return the encoding that the XML declaration names, or ``None``."""
    found = _DECLARATION.match(content[:300])
    return found.group(1).decode("ascii") if found else None


def line_of(node: Element) -> int | None:
    """Return the line where an element starts, counted from 1; ``None`` for one that we built."""
    line = node.sourceline
    return line if isinstance(line, int) else None


def lines_of(content: bytes, nodes: Sequence[Element]) -> list[int | None]:
    """Return the line where the start tag of each element ends, by reading the file again.

    Beyond line 65,535 libxml2 only knows the line of a text nearby; this is exact, but slow: for
    the few elements that a message names.

    :param content: the file from which the elements were parsed by :func:`parse_untrusted`.
    """
    if not nodes:
        return []
    wanted = set(nodes)
    document = nodes[0].getroottree()
    ranks = {node: rank for rank, node in enumerate(document.iter("*")) if node in wanted}
    starts = _start_lines(content)
    lines = list(islice(starts, max(ranks.values()) + 1))
    return [lines[ranks[node]] for node in nodes]


def _start_lines(content: bytes) -> Iterator[int]:
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True
    )
    for number, line in enumerate(BytesIO(content), start=1):
        parser.feed(line)
        for _ in parser.read_events():
            yield number


def local_name(node: Element) -> str:
    """Return the name of an element without its namespace."""
    return etree.QName(node).localname


def value(node: Element, path: str, default: str | None = None) -> str | None:
    """Return the attribute ``V`` of the first element at ``path`` (the PES convention)."""
    found = node.find(path)
    return default if found is None else found.get("V", default)


def values(node: Element, path: str) -> list[str]:
    """Return the attribute ``V`` of every element at ``path`` that has one, in document order."""
    return [v for found in node.iterfind(path) if (v := found.get("V")) is not None]


def serialise(tree: Element, *, encoding: str = "ISO-8859-1") -> bytes:
    """Write a document with its declaration; what the encoding lacks becomes a reference."""
    content = etree.tostring(tree, encoding=encoding, xml_declaration=True)
    return content if isinstance(content, bytes) else content.encode(encoding)

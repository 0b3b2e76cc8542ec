"""A document without what its signatures bear on: small enough for a tree, whatever its size.

The rules on signatures look at places, identifiers and claims; of the signed content they only need
a digest. Where a signed element is plain (``demat.signing.plain``), its content is taken out of the
bytes, a mark stands in its place, and its digest comes from the bytes. The rules then see the same
signatures at the same places, on the same lines. In any doubt there is no skeleton: the whole
document is read as a tree.

What makes it safe: no comment, instruction or CDATA section is anywhere, so that every ``<`` opens
a tag; what is taken out is balanced, carries no prefix, and has no identifier that occurs
elsewhere; the parser must read the encoding that we read, and find each mark as the text of an
element whose only child is a signature.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from demat.faults import FaultError
from demat.signing.algorithms import DS, HashAlgorithm
from demat.signing.ids import surely_unique
from demat.signing.outline import check_well_formed, encoding_of
from demat.signing.plain import is_plain, update_plain
from demat.xmlio import Element

__all__ = ["Skeleton", "skeleton_of"]

_SIGNATURE = f"{{{DS}}}Signature"
_NAMED = re.compile(rb"Signature(?=[\s/>])")
_PREFIX = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^<>]*\?>")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A signed element in the bytes."""

    start: int
    """Offset of its start tag."""
    inside: int
    """Offset of what follows its start tag."""
    signature: int
    """Offset of its signature."""
    after: int
    """Offset of what follows its signature."""
    stop: int
    """Offset of what follows its end tag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skeleton:
    """What is left of a document, and what was taken out of it."""

    document: bytes
    """The document, each signed content replaced by its line breaks and a mark."""
    _content: bytes
    _encoding: str
    _parts: Mapping[str, _Part]

    def fits(self, root: Element) -> bool:
        """Tell whether every mark stands where nothing but the signed content was.

        :param root: that of ``document``.
        """
        read_as = (root.getroottree().docinfo.encoding or "UTF-8").upper()
        marked = [node for node in root.iter("*") if self._part(node) is not None]
        all_there = len(marked) == len(self._parts) and all(map(_stands_alone, marked))
        return all_there and read_as == self._encoding

    def digest(self, owner: Element, algorithm: HashAlgorithm) -> bytes | None:
        """Return the digest of an element without its signature; ``None`` when it is all there."""
        part = self._part(owner)
        if part is None:
            return None
        hasher, content = hashes.Hash(algorithm.hash), self._content
        pieces = (content[part.start : part.signature], content[part.after : part.stop])
        update_plain(hasher, pieces, self._encoding)
        return hasher.finalize()

    def _part(self, node: Element) -> _Part | None:
        return self._parts.get((node.text or "").strip("\n"))


def _stands_alone(owner: Element) -> bool:
    children = list(owner)
    in_no_namespace = owner.nsmap.get(None) is None and not str(owner.tag).startswith("{")
    return in_no_namespace and len(children) == 1 and children[0].tag == _SIGNATURE


def skeleton_of(content: bytes, names: Collection[str]) -> Skeleton | None:
    """Return the skeleton of a document; ``None`` when nothing is signed, or in any doubt.

    :param names: local names of the elements that may be signed.
    """
    try:
        encoding = encoding_of(content)
        parts = _parts(content, [name.encode() for name in names])
        if not parts or not _is_simple(content) or not surely_unique(content):
            return None
        check_well_formed(content)
        if not content.isascii():
            content.decode(encoding)
    except (FaultError, UnicodeDecodeError):
        return None
    marks = {f"demat-{secrets.token_hex(16)}": part for part in parts}
    return Skeleton(
        document=b"".join(_without(content, marks)),
        _content=content,
        _encoding=encoding,
        _parts=marks,
    )


def _is_simple(content: bytes) -> bool:
    """Tell whether every ``<`` opens a tag, the declaration aside."""
    declaration = _DECLARATION.match(content)
    begin = declaration.end() if declaration else 0
    return not any(
        content.find(one, begin) >= 0 and content.find(b"<" + one, begin) >= 0
        for one in (b"!", b"?")  # one letter is looked for much faster than two
    )


def _without(content: bytes, marks: Mapping[str, _Part]) -> Iterator[bytes]:
    position = 0
    for mark, part in marks.items():
        yield content[position : part.inside]
        yield b"\n" * content.count(b"\n", part.inside, part.signature) + mark.encode()
        position = part.signature
    yield content[position:]


def _parts(content: bytes, names: Collection[bytes]) -> list[_Part]:
    """Return the signed elements, in their order; none of them when one is not as expected."""
    parts: list[_Part] = []
    position = 0
    while (opening := _opening(content, position)) is not None:
        start, end_tag = opening
        end = content.find(end_tag, start)
        after = end + len(end_tag)
        inner = _opening(content, start + 1)
        if end < 0 or (inner is not None and inner[0] < end):
            return []
        part = _part(content, position, start, after, names)
        if part is None:
            return []
        parts.append(part)
        position = part.stop
    return parts


def _opening(content: bytes, position: int) -> tuple[int, bytes] | None:
    """Return where the next signature starts, and how its end tag is written."""
    for named in _NAMED.finditer(content, position):
        start = content.rfind(b"<", position, named.start())
        prefix = _PREFIX.fullmatch(content, max(start, position), named.start())
        if prefix is not None:
            return start, b"</" + prefix[1] + b"Signature>"
    return None


def _part(
    content: bytes, floor: int, signature: int, after: int, names: Collection[bytes]
) -> _Part | None:
    """Find the element that a signature ends, if it is plain and the signature its only child of
    that kind."""
    starts = {content.rfind(b"<" + name, floor, signature): name for name in names}
    start = max(starts)
    if start < 0:
        return None
    name = starts[start]
    inside = content.find(b">", start, signature) + 1
    end_tag = b"</" + name + b">"
    end = content.find(b"<", after)
    if not content.startswith(end_tag, end) or not is_plain(content, start, signature):
        return None
    if not is_plain(content, after, end) or _opened(content, start, signature) != 1:
        return None
    return _Part(
        start=start, inside=inside, signature=signature, after=after, stop=end + len(end_tag)
    )


def _opened(content: bytes, start: int, stop: int) -> int:
    """Count the elements that are still open at the end of a plain part."""
    tags, ends, empty = (content.count(mark, start, stop) for mark in (b"<", b"</", b"/>"))
    return tags - empty - 2 * ends

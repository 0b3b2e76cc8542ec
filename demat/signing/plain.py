"""The digest of an element taken from its bytes, without a tree (RFC 3741, exclusive C14N).

Almost every element of a PES is written in its canonical form already, but for empty tags: the
canonical form has ``<V></V>`` where files have ``<V/>``. What is written in the grammar below has
no other difference, so its digest needs neither a tree, eleven times as large as the file, nor a
copy. Anything else is parsed and canonicalised by libxml2.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Protocol, cast

from lxml import etree

from demat.signing.algorithms import canonical
from demat.xmlio import check_measure, parse_untrusted, serialise

__all__ = ["Hasher", "element_digest", "is_plain", "update_plain"]

_CHUNK = 1 << 17
_PLAIN = re.compile(
    rb"""
    [^<]*+ (?:
      < (?: NAME (?:[ ] (?!xmlns=) NAME="[^"\t\n]*+")?+ [ ]?+ /?     # a tag with one attribute, or
          | /NAME                                                  # an end tag
        ) >
      [^<]*+
    )*+
    """.replace(b"NAME", rb"[\w.-]++"),
    re.VERBOSE,
)
"""Tags and text whose canonical form is what is written, but for empty tags and the blank before
their end, if no character in them is written in another way: no prefix, no namespace, one attribute
at most, no comment."""
_EMPTY = re.compile(rb'<([^ />]++)(?: [^"]*+"[^"]*+")?+/>')


class Hasher(Protocol):
    """What makes a digest, piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Take some more."""
        ...


def is_plain(content: bytes, start: int, stop: int) -> bool:
    """Tell whether a part of a well-formed document is written as this module describes."""
    references = content.count(b"&", start, stop)
    if references:  # two of them are written so in texts and in attributes
        references -= sum(content.count(mark, start, stop) for mark in (b"&amp;", b"&lt;"))
    if references or content.find(b"\r", start, stop) >= 0:
        return False
    if content.count(b"<", start, stop) != content.count(b">", start, stop):
        return False  # some > ends no tag: it is written &gt; in the canonical form of a text
    return _PLAIN.fullmatch(content, start, stop) is not None


def update_plain(hasher: Hasher, parts: Iterable[bytes], encoding: str) -> None:
    """Give the canonical form of what :func:`is_plain` holds for to a digest, without copies.

    :param parts: what follows one another, cut before tags.
    :raises UnicodeDecodeError: an octet is no letter of the encoding.
    """
    for part in parts:
        for piece in _pieces(part):
            written = piece if piece.isascii() else piece.decode(encoding).encode()
            hasher.update(_with_end_tags(written))


def _pieces(content: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(content):
        stop = content.rfind(b"<", position + 1, position + _CHUNK)
        if stop < 0 or position + _CHUNK >= len(content):
            stop = len(content)
        yield content[position:stop]
        position = stop


def element_digest(
    content: bytes,
    *,
    encoding: str,
    namespaces: Mapping[str | None, str],
    plain: bool = False,
) -> bytes:
    """Return the SHA-256 of the exclusive canonical form of an element, without comments.

    :param content: from its start tag to its end tag, in a well-formed document without DTD.
    :param encoding: that of the document, an extension of ASCII.
    :param namespaces: those that its ancestors declare, by prefix; ``None`` for the default one.
    :param plain: it is known to be plain, and no default namespace to be in scope.
    :raises FaultError: ``SIG-CANONICAL``, when it has no canonical form; ``XML-EXCESS``, when that
        form would take minutes.
    """
    if plain or (not namespaces.get(None) and is_plain(content, 0, len(content))):
        digest = hashlib.sha256()
        try:
            update_plain(digest, (content,), encoding)
        except UnicodeDecodeError:
            return _parsed_digest(content, encoding, namespaces)
        return digest.digest()
    return _parsed_digest(content, encoding, namespaces)


@lru_cache(maxsize=1024)  # a PES has some hundreds of names
def _closing(name: bytes) -> bytes:
    """Return what takes the place of ``/>``."""
    return b"></" + name + b">"


def _with_end_tags(piece: bytes) -> bytes:
    """Write empty tags in full, and no blank before the end of a tag."""
    if b" />" in piece or b" >" in piece:
        piece = piece.replace(b" />", b"/>").replace(b" >", b">")
    names = _EMPTY.findall(piece)
    parts = [b""] * (2 * len(names) + 1)
    parts[::2] = piece.split(b"/>")
    parts[1::2] = map(_closing, names)
    return b"".join(parts)


def _parsed_digest(content: bytes, encoding: str, namespaces: Mapping[str | None, str]) -> bytes:
    """Parse the element alone, under a root that declares what its ancestors do."""
    root = etree.Element("around", nsmap=cast(dict[str, str], dict(namespaces)))  # of lxml-stubs
    root.text = ""  # so that it has an end tag
    start, end = serialise(root, encoding=encoding).split(b"</")
    alone = start + content + b"</" + end
    around = parse_untrusted(alone)
    check_measure(alone, around)
    (element,) = around
    return hashlib.sha256(canonical(element)).digest()

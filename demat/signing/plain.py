"""The digest of an element taken from its bytes, without a tree (RFC 3741, exclusive C14N).

Almost every element of a PES is written in its canonical form already, but for empty tags: the
canonical form has ``<V></V>`` where files have ``<V/>``. What is written in the grammar below has
no other difference, so its digest needs neither a tree, eleven times as large as the file, nor a
copy. Anything else is parsed and canonicalised by libxml2.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import cast

from lxml import etree

from demat.signing.algorithms import canonical
from demat.xmlio import parse_untrusted, serialise

__all__ = ["element_digest"]

_CHUNK = 1 << 18
_NAME = rb"[A-Za-z_][\w.-]*+"
_PLAIN = re.compile(
    rb"""
    (?:<(?:/NAME                                      # an end tag, or a tag with one attribute
         |NAME(?:[ ](?!xmlns=)NAME="(?:[^"<>&\t\n\r]++|&(?:amp|lt|quot);)*+")?+ /?
       )>
       (?:[^<>&\r]++|&(?:amp|lt|gt);)*+               # then text
    )*+
    """.replace(b"NAME", _NAME),
    re.VERBOSE,
)
"""Tags and text whose canonical form is what is written, empty tags excepted: no prefix, no
namespace, one attribute at most, no comment, and the references that the canonical form keeps."""
_EMPTY = re.compile(rb"<([\w.-]++)[^<>]*+(?<=/)>")


def element_digest(content: bytes, *, encoding: str, namespaces: Mapping[str | None, str]) -> bytes:
    """Return the SHA-256 of the exclusive canonical form of an element, without comments.

    :param content: from its start tag to its end tag, in a well-formed document without DTD.
    :param encoding: that of the document, an extension of ASCII.
    :param namespaces: those that its ancestors declare, by prefix; ``None`` for the default one.
    :raises FaultError: ``SIG-CANONICAL``, when it has no canonical form.
    """
    found = None if namespaces.get(None) else _plain_digest(content, encoding)
    return found or _parsed_digest(content, encoding, namespaces)


def _plain_digest(content: bytes, encoding: str) -> bytes | None:
    """Return the digest of what is written in the grammar, a piece at a time; else ``None``."""
    digest, closing, position = hashlib.sha256(), _Closing(), 0
    while position < len(content):
        stop = content.rfind(b"<", position + 1, position + _CHUNK)
        if stop < 0 or position + _CHUNK >= len(content):
            stop = len(content)
        piece = content[position:stop]
        if _PLAIN.fullmatch(piece) is None:
            return None
        try:
            written = piece if piece.isascii() else piece.decode(encoding).encode()
        except UnicodeDecodeError:
            return None
        digest.update(_with_end_tags(written, closing))
        position = stop
    return digest.digest()


class _Closing(dict[bytes, bytes]):
    """What takes the place of ``/>``, by name of element."""

    def __missing__(self, name: bytes) -> bytes:
        self[name] = b"></" + name + b">"
        return self[name]


def _with_end_tags(piece: bytes, closing: _Closing) -> bytes:
    """Write empty tags in full."""
    names = _EMPTY.findall(piece)
    parts = [b""] * (2 * len(names) + 1)
    parts[::2] = piece.split(b"/>")
    parts[1::2] = map(closing.__getitem__, names)
    return b"".join(parts)


def _parsed_digest(content: bytes, encoding: str, namespaces: Mapping[str | None, str]) -> bytes:
    """Parse the element alone, under a root that declares what its ancestors do."""
    root = etree.Element("around", nsmap=cast(dict[str, str], dict(namespaces)))  # of lxml-stubs
    root.text = ""  # so that it has an end tag
    start, end = serialise(root, encoding=encoding).split(b"</")
    (element,) = parse_untrusted(start + content + b"</" + end)
    return hashlib.sha256(canonical(element)).digest()

"""Writing a PES_Aller (helios dossier §2 to §5), bordereau by bordereau.

Every scalar is an element whose only attribute is ``V``; order is fixed; an element without value
is omitted. The same value always gives the same bytes. A model that uses only the fields of the
common subset (§0.3) gives a file that the 4.7.1, 5.11 and 5.17 schemas accept.
"""

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import groupby
from typing import Any, BinaryIO

from lxml import etree

from demat.helios import grammar_depense, grammar_recette
from demat.helios.grammar import fill
from demat.helios.grammar_commun import (
    ENTETE_DOMAINE,
    ENTETE_PJ,
    MIME_TYPE,
    PES,
    PIECE_JOINTE,
    ROOT_ID,
)
from demat.helios.model import (
    NAMESPACE,
    Bordereau,
    Domaine,
    EnTeteDomaine,
    EnTetePJ,
    FichierLu,
    PesAller,
    PieceJointe,
)
from demat.xmlio import Element, parse_untrusted

__all__ = ["NAMESPACE", "build_pes", "encode_piece_jointe", "write_pes"]

_DECLARATION = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
# Magic, deflate, no flag (so no file name), mtime 0, best compression, unknown system
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_CHUNK = 1 << 16
_ORDER = (Domaine.DEPENSE, Domaine.RECETTE)
_INDENT = " "


def build_pes(pes: PesAller) -> bytes:
    """Return the file, in ISO-8859-1, attachments compressed and in base64.

    :raises ValueError: as :func:`write_pes`.
    """
    out = BytesIO()
    write_pes(pes, out)
    return out.getvalue()


def write_pes(pes: PesAller, out: BinaryIO) -> None:
    """Write the file, in ISO-8859-1, holding one pièce or a part of one attachment at a time.

    :param pes: its bordereaux and attachments may be iterators; each is then read once.
    :raises ValueError: when a text holds a character that ISO-8859-1 cannot carry or a line break
        (see ``demat.helios.text.transliterate``) that no file gave, when an amount has a fraction
        of a cent, or when an iterator gives the bordereaux of recette before those of dépense.
        What was written until then is not a PES.
    """
    out.write(_DECLARATION)
    with etree.xmlfile(out, encoding="ISO-8859-1") as xml:
        _Writer(xml).root(pes)
    out.write(b"\n")


class _Writer:
    """One document being written: the indentation of its elements and their order."""

    def __init__(self, xml: Any) -> None:
        self._xml = xml
        self._level = 0

    def root(self, pes: PesAller) -> None:
        attributes = dict(pes.attributs)
        if identifier := ROOT_ID.text(pes, pes.formes):
            attributes["Id"] = identifier
        with self._inside(f"{{{NAMESPACE}}}PES_Aller", attributes, nsmap=dict(pes.espaces)):
            head = etree.Element("PES_Aller")
            fill(head, PES, pes)
            self._children(head)
            self._domains(pes)
            for content in (*pes.autres,):
                self._verbatim(content)
            self._pieces_jointes(pes)
            self._verbatim(pes.signature)

    def _domains(self, pes: PesAller) -> None:
        heads = {Domaine.DEPENSE: pes.entete_depense, Domaine.RECETTE: pes.entete_recette}
        plain = EnTeteDomaine(dematerialise=pes.dematerialise)
        for domaine, bordereaux in _by_domain(pes.bordereaux):
            name = "Depense" if domaine is Domaine.DEPENSE else "Recette"
            with self._inside(f"PES_{name}Aller"):
                head = etree.Element(f"EnTete{name}")
                fill(head, ENTETE_DOMAINE, heads[domaine] or plain)
                self._element(head)
                for bordereau in bordereaux:
                    self._bordereau(bordereau)

    def _bordereau(self, bordereau: Bordereau) -> None:
        depense = bordereau.domaine is Domaine.DEPENSE
        tables = grammar_depense if depense else grammar_recette
        head = etree.Element("Bordereau")
        fill(head, tables.BORDEREAU, bordereau)
        with self._inside("Bordereau", {str(k): str(v) for k, v in head.attrib.items()}):
            self._children(head)
            for piece in bordereau.pieces:
                node = etree.Element("Piece")
                fill(node, tables.PIECE, piece)
                self._element(node)
            self._verbatim(bordereau.signature)

    def _pieces_jointes(self, pes: PesAller) -> None:
        carried = iter(pes.pieces_jointes)
        first = next(carried, None)
        if first is None and pes.entete_pj is None:
            return
        with self._inside("PES_PJ"):
            head = etree.Element("EnTetePES_PJ")
            fill(head, ENTETE_PJ, pes.entete_pj or EnTetePJ())
            self._element(head)
            while first is not None:
                self._piece_jointe(first)
                first = next(carried, None)

    def _piece_jointe(self, piece: PieceJointe) -> None:
        with self._inside("PJ"):
            with self._inside("Contenu"):
                self._break()
                mime_type = MIME_TYPE.text(piece, piece.formes) or ""
                with self._xml.element("Fichier", {"MIMEType": mime_type}):
                    for text in _encoded(piece):
                        self._xml.write(text)
            rest = etree.Element("PJ")
            fill(rest, PIECE_JOINTE, piece)
            self._children(rest)

    @contextmanager
    def _inside(
        self,
        name: str,
        attributes: dict[str, str] | None = None,
        nsmap: dict[str, str] | None = None,
    ) -> Iterator[None]:
        """Open an element that has children, on a line of its own; close it likewise."""
        if self._level:
            self._break()
        with self._xml.element(name, attributes or {}, nsmap=nsmap):
            self._level += 1
            yield
            self._level -= 1
            self._break()

    def _children(self, node: Element) -> None:
        for child in list(node):
            node.remove(child)
            self._element(child)

    def _element(self, node: Element) -> None:
        etree.indent(node, space=_INDENT, level=self._level)
        self._break()
        self._xml.write(node)

    def _verbatim(self, content: bytes) -> None:
        if content:
            self._break()
            self._xml.write(parse_untrusted(content))

    def _break(self) -> None:
        self._xml.write("\n" + _INDENT * self._level)


def _by_domain(bordereaux: Iterable[Bordereau]) -> Iterator[tuple[Domaine, Iterator[Bordereau]]]:
    """Group the bordereaux, dépense first; an iterator must give them in that order."""
    held = isinstance(bordereaux, Sequence)
    ordered = sorted(bordereaux, key=_rank) if held else bordereaux
    last = -1
    for rank, group in groupby(ordered, key=_rank):
        if rank < last:
            raise ValueError("the bordereaux of dépense come before those of recette")
        last = rank
        yield _ORDER[rank], group


def _rank(bordereau: Bordereau) -> int:
    return _ORDER.index(bordereau.domaine)


def encode_piece_jointe(content: bytes) -> str:
    """Compress an attachment (gzip without name nor date) and encode it in base64 (§5.1)."""
    return "".join(_packed(BytesIO(content)))


def _encoded(piece: PieceJointe) -> Iterator[str]:
    """Return the text of ``Fichier``, in pieces; the one that was read, if it was read."""
    if isinstance(piece.source, FichierLu):
        yield piece.source.texte
        return
    with piece.open() as source:
        yield from _packed(source)


def _packed(source: BinaryIO) -> Iterator[str]:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    checksum = size = 0
    waiting = bytearray(_GZIP_HEADER)
    while chunk := source.read(_CHUNK):
        checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        waiting += deflate.compress(chunk)
        whole = len(waiting) - len(waiting) % 3  # base64 goes three bytes by three
        yield base64.b64encode(waiting[:whole]).decode("ascii")
        del waiting[:whole]
    waiting += deflate.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF)
    yield base64.b64encode(waiting).decode("ascii")

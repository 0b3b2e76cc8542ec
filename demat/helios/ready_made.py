"""Completing a PES_Aller that another software wrote, without touching anything else.

Only three things may change, by splicing bytes at offsets that expat gives: the NomFic, the flag
InfoDematerialisee, and the Id that a signature needs on each bordereau (helios dossier §2.1, §7.3).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from demat.faults import Fault, FaultError
from demat.helios.names import bordereau_id
from demat.helios.read import SIGNATURE, read_boolean
from demat.xmlio import Element, declared_encoding, parse_untrusted, value

__all__ = ["Completed", "Edit", "complete"]

_TAG_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_ENTETES = {"EnTeteDepense": "depense", "EnTeteRecette": "recette"}
_BRANCHES = {"PES_DepenseAller": "EnTeteDepense", "PES_RecetteAller": "EnTeteRecette"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One replacement of bytes in the original file."""

    start: int
    """Offset of the first byte replaced."""
    old: bytes
    """What was there; empty for an insertion."""
    new: bytes
    """What is there now."""
    change: str
    """Machine token: ``NomFic``, ``Id:BRD2026D0031`` or ``InfoDematerialisee``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """The file as it will be signed and sent, and what was done to it."""

    content: bytes
    """The file with its edits; the original bytes when there are none."""
    changes: tuple[str, ...]
    """One token per edit, in document order."""
    edits: tuple[Edit, ...] = ()
    """The edits themselves, in document order; undoing them gives the original bytes."""


@dataclass(slots=True)
class _Places:
    """Where, in the bytes, lies what may be edited."""

    nom_fic: int | None = None
    """Offset of the start tag of ``NomFic``."""
    flags: dict[str, int] = field(default_factory=dict)
    """Offset of ``InfoDematerialisee``, by head element."""
    after_id_ver: dict[str, int] = field(default_factory=dict)
    """Offset just after ``IdVer``, by head element."""
    bordereaux: list[int] = field(default_factory=list)
    """Offsets of the start tags of ``Bordereau``, in document order."""


def complete(
    content: bytes, *, nom_fic: str | None = None, dematerialise: bool | None = None
) -> Completed:
    """Return the file with the NomFic, the flag and the bordereau Ids that the sending needs.

    :param nom_fic: NomFic to write; ``None`` leaves the one of the file.
    :param dematerialise: whether the file is going to be signed (``InfoDematerialisee``); ``None``
        leaves the flags as they are.
    :raises ValueError: when the file is already signed and would have to change.
    :raises FaultError: ``XML-…``; ``PES-005_MISSING`` when a NomFic is given and the file has no
        such element; ``XML-ENCODING`` for a multi-byte encoding other than UTF-8.
    """
    root = parse_untrusted(content, root="PES_Aller")
    signed = next(root.iter(SIGNATURE), None) is not None
    places = _locate(content)
    edits = [*_nom_fic_edits(content, root, places, nom_fic)]
    if dematerialise is not None:
        edits += _flag_edits(content, root, places, dematerialise)
    if not signed:
        edits += _id_edits(content, root, places)
    if signed and edits:
        raise ValueError("a signed file must not change: its signature would no longer be valid")
    edits.sort(key=lambda edit: edit.start)
    return Completed(
        content=_spliced(content, edits),
        changes=tuple(edit.change for edit in edits),
        edits=tuple(edits),
    )


def _spliced(content: bytes, edits: list[Edit]) -> bytes:
    pieces, position = [], 0
    for edit in edits:
        pieces += [content[position : edit.start], edit.new]
        position = edit.start + len(edit.old)
    return b"".join([*pieces, content[position:]])


def _locate(content: bytes) -> _Places:
    """Find the byte offsets; the document is already known to be well-formed, without DTD."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in content[:4]:
        raise FaultError(Fault(code="XML-ENCODING", params={"encoding": "UTF-16"}))
    places, path = _Places(), list[str]()
    parser = expat.ParserCreate(namespace_separator=" ")  # a name in a namespace never matches ours

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append(name)
        _note_start(places, path[1:], parser.CurrentByteIndex)

    def end(name: str) -> None:
        if name == "IdVer" and len(path) == 4 and path[2] in _ENTETES:
            after = _end_of_element(content, parser.CurrentByteIndex)
            places.after_id_ver.setdefault(path[2], after)
        path.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:  # an encoding that libxml2 reads, not expat
        encoding = declared_encoding(content) or "UTF-8"
        raise FaultError(Fault(code="XML-ENCODING", params={"encoding": encoding})) from error
    return places


def _note_start(places: _Places, path: list[str], offset: int) -> None:
    match path:
        case ["Enveloppe", "Parametres", "NomFic"] if places.nom_fic is None:
            places.nom_fic = offset
        case [branch, head, "InfoDematerialisee"] if _BRANCHES.get(branch) == head:
            places.flags.setdefault(head, offset)
        case [branch, "Bordereau"] if branch in _BRANCHES:
            places.bordereaux.append(offset)


def _end_of_element(content: bytes, offset: int) -> int:
    """Return the offset after an element: expat stands after ``<a/>`` but before ``</a>``."""
    return content.index(b">", offset) + 1 if content[offset : offset + 2] == b"</" else offset


def _nom_fic_edits(
    content: bytes, root: Element, places: _Places, nom_fic: str | None
) -> Iterator[Edit]:
    if nom_fic is None or nom_fic == value(root, "Enveloppe/Parametres/NomFic"):
        return
    if places.nom_fic is None:
        raise FaultError(Fault(code="PES-005_MISSING"))
    yield _value_edit(content, places.nom_fic, nom_fic, "NomFic")


def _flag_edits(
    content: bytes, root: Element, places: _Places, dematerialise: bool
) -> Iterator[Edit]:
    text = "1" if dematerialise else "0"
    for branch, head in _BRANCHES.items():
        node = root.find(f"{branch}/{head}/InfoDematerialisee")
        if node is not None:
            if read_boolean(node.get("V", "")) != dematerialise or "V" not in node.attrib:
                yield _value_edit(content, places.flags[head], text, "InfoDematerialisee")
        elif dematerialise and head in places.after_id_ver:
            yield Edit(
                start=places.after_id_ver[head],
                old=b"",
                new=b'<InfoDematerialisee V="1"/>',
                change="InfoDematerialisee",
            )


def _id_edits(content: bytes, root: Element, places: _Places) -> Iterator[Edit]:
    taken = {identifier for node in root.iter() if (identifier := node.get("Id"))}
    nodes = [
        (head, node)
        for branch, head in _BRANCHES.items()
        for node in root.iterfind(f"{branch}/Bordereau")
    ]
    offsets = dict(zip(_in_document_order(root), places.bordereaux, strict=True))
    for head, node in nodes:
        if node.get("Id"):
            continue
        identifier = _free_id(_natural_id(head, node), taken)
        taken.add(identifier)
        offset = offsets[node]
        name_end = _match(_TAG_NAME.match, content, offset).end()
        yield Edit(
            start=name_end,
            old=b"",
            new=f' Id="{identifier}"'.encode("ascii"),
            change=f"Id:{identifier}",
        )


def _in_document_order(root: Element) -> list[Element]:
    return [
        node
        for branch in root.iterchildren(*_BRANCHES)
        for node in branch.iterchildren("Bordereau")
    ]


def _natural_id(head: str, node: Element) -> str:
    def digits(name: str) -> str:
        found = node.find(f"BlocBordereau/{name}")
        return re.sub(r"[^0-9]", "", "" if found is None else found.get("V", ""))

    return bordereau_id(_ENTETES[head], digits("Exer"), digits("IdBord"))


def _free_id(wanted: str, taken: set[str]) -> str:
    """Return ``wanted`` or a variant: TypBord 01 and 02 number their bordereaux separately."""
    candidate, rank = wanted, 1
    while candidate in taken:
        rank += 1
        candidate = f"{wanted}-{rank}"
    return candidate


def _value_edit(content: bytes, offset: int, text: str, change: str) -> Edit:
    """Replace the value of the attribute ``V`` of the start tag at ``offset``, or add it."""
    position = _match(_TAG_NAME.match, content, offset).end()
    encoded = escape(text, {'"': "&quot;"}).encode(declared_encoding(content) or "UTF-8")
    while found := _ATTRIBUTE.match(content, position):
        if found.group(1) == b"V":
            start, end = found.span(2)
            return Edit(start=start, old=content[start:end], new=b'"%b"' % encoded, change=change)
        position = found.end()
    return Edit(start=position, old=b"", new=b' V="%b"' % encoded, change=change)


def _match(
    match: Callable[[bytes, int], re.Match[bytes] | None], content: bytes, offset: int
) -> re.Match[bytes]:
    found = match(content, offset)
    if found is None:
        raise FaultError(Fault(code="XML-ENCODING", params={"encoding": "?"}))
    return found

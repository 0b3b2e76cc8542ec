"""Completing a PES_Aller that another software wrote, without touching anything else.

Only three things may change, by splicing bytes at the offsets of their tags: the NomFic, the flag
InfoDematerialisee, and the Id that a signature needs on each bordereau (helios dossier §2.1, §7.3).
The tags are looked for in the bytes: a file may weigh 100 MB, and its tree ten times that.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from demat.faults import Fault, FaultError
from demat.helios.names import bordereau_id
from demat.helios.read import read_entete, read_pes
from demat.helios.scalars import read_boolean
from demat.xmlio import declared_encoding

__all__ = ["Completed", "Edit", "complete", "is_signed", "root_id"]

_XMLDSIG = b"http://www.w3.org/2000/09/xmldsig#"
_CONTAINERS = (
    *("Enveloppe", "Parametres", "PES_DepenseAller", "PES_RecetteAller", "PES_Facture"),
    *("PES_Marche", "PES_PJ", "EnTeteDepense", "EnTeteRecette", "Bordereau"),
)
_AFTER = frozenset({b"PES_Facture", b"PES_Marche", b"PES_PJ"})
"""What comes after the bordereaux: nothing is edited there."""
_LEAVES = ("NomFic", "IdVer", "InfoDematerialisee")
_MARKUP = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?P<end>/?)(?P<name>%s)(?=[\s/>])(?P<attributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*?)(?P<empty>/?)>"
    % "|".join((*_CONTAINERS, *_LEAVES)).encode(),
    re.DOTALL,
)
"""What may hide a tag, else a tag of ours."""
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")
_ID = re.compile(rb"""\sId\s*=\s*["']([^"']*)["']""")
_ROOT = re.compile(
    rb"<!--.*?-->|<\?.*?\?>"
    rb"|<(?P<name>(?:[^\s<>/:]+:)?PES_Aller)(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL,
)
"""What may come before the root, else its start tag."""
_ENTETES = {"EnTeteDepense": "depense", "EnTeteRecette": "recette"}
_BRANCHES = {"PES_DepenseAller": "EnTeteDepense", "PES_RecetteAller": "EnTeteRecette"}
_END_OF_HEAD = b"</BlocBordereau"


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


@dataclass(frozen=True, slots=True)
class _Tag:
    """A start tag, where its name ends and where it ends."""

    name: str
    after_name: int
    end: int
    empty: bool
    """Whether the element has no content: ``<a/>``."""


@dataclass(slots=True)
class _Places:
    """Where, in the bytes, lies what may be edited."""

    nom_fic: _Tag | None = None
    flags: dict[str, _Tag] = field(default_factory=dict)
    """``InfoDematerialisee``, by head element."""
    after_id_ver: dict[str, int] = field(default_factory=dict)
    """Offset just after ``IdVer``, by head element."""
    bordereaux: list[tuple[str, _Tag]] = field(default_factory=list)
    """Head element of the domain and start tag, in document order."""


def is_signed(content: bytes) -> bool:
    """Tell whether a PES_Aller carries a signature: on the whole, or on some bordereau.

    :raises FaultError: ``XML-…``.
    """
    if b"#" not in content or _XMLDSIG not in content:  # one byte is looked for much faster
        return False
    return read_pes(content).signed


def root_id(content: bytes) -> str:
    """Return the attribute ``Id`` of the root, which a signature of the whole file bears on (§7.3).

    Empty when it has none.
    """
    root = _root(content)
    found = _ID.search(root[0]) if root else None
    return html.unescape(found[1].decode("utf-8", "replace")) if found else ""


def _root(content: bytes) -> re.Match[bytes] | None:
    return next((found for found in _ROOT.finditer(content) if found["name"]), None)


def complete(
    content: bytes,
    *,
    nom_fic: str | None = None,
    dematerialise: bool | None = None,
    whole: bool = False,
) -> Completed:
    """Return the file with the NomFic, the flag and the bordereau Ids that the sending needs.

    :param content: a file of the right structure: the schemas judge it, before or after.
    :param nom_fic: NomFic to write; ``None`` leaves the one of the file.
    :param dematerialise: whether the file is going to be signed (``InfoDematerialisee``); ``None``
        leaves the flags as they are.
    :param whole: whether the root needs an Id too, to be signed as a whole.
    :raises ValueError: when the file is already signed and would have to change.
    :raises FaultError: ``XML-…``; ``PES-005_MISSING`` when a NomFic is given and the file has no
        such element; ``XML-ENCODING`` for an encoding of several bytes a character, save UTF-8.
    """
    entete = read_entete(content)
    signed = is_signed(content)
    places = _locate(content)
    edits = [*_nom_fic_edits(content, entete.nom_fic, places, nom_fic)]
    if dematerialise is not None:
        edits += _flag_edits(content, places, dematerialise)
    if not signed:
        edits += _id_edits(content, places, whole=whole)
    if signed and edits:
        raise ValueError("a signed file must not change: its signature would no longer be valid")
    edits.sort(key=lambda edit: edit.start)
    return Completed(
        content=_spliced(content, edits),
        changes=tuple(edit.change for edit in edits),
        edits=tuple(edits),
    )


def _spliced(content: bytes, edits: Sequence[Edit]) -> bytes:
    view, pieces, position = memoryview(content), list[bytes | memoryview](), 0
    if not edits:
        return content
    for edit in edits:
        pieces += [view[position : edit.start], edit.new]
        position = edit.start + len(edit.old)
    return b"".join([*pieces, view[position:]])


def _locate(content: bytes) -> _Places:
    """Find the tags; the document is known to be well-formed, without DTD."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in content[:4]:
        raise FaultError(Fault(code="XML-ENCODING", params={"encoding": "UTF-16"}))
    places, path = _Places(), list[str]()
    for found in _MARKUP.finditer(content):
        if found["name"] is None:
            continue
        if found["name"] in _AFTER and not path:
            break
        tag = _Tag(
            name=found["name"].decode("ascii"),
            after_name=found.end("name"),
            end=found.end(),
            empty=bool(found["empty"]),
        )
        if not found["end"]:
            _note(places, [*path, tag.name], tag)
            path.append(tag.name)
        if found["end"] or tag.empty:
            _note_end(places, path, tag)
            path.pop()
    return places


def _note(places: _Places, path: list[str], tag: _Tag) -> None:
    match path:
        case ["Enveloppe", "Parametres", "NomFic"] if places.nom_fic is None:
            places.nom_fic = tag
        case [branch, head, "InfoDematerialisee"] if _BRANCHES.get(branch) == head:
            places.flags.setdefault(head, tag)
        case [branch, "Bordereau"] if branch in _BRANCHES:
            places.bordereaux.append((_BRANCHES[branch], tag))


def _note_end(places: _Places, path: list[str], tag: _Tag) -> None:
    match path:
        case [branch, head, "IdVer"] if _BRANCHES.get(branch) == head:
            places.after_id_ver.setdefault(head, tag.end)


def _nom_fic_edits(
    content: bytes, present: str, places: _Places, nom_fic: str | None
) -> Iterator[Edit]:
    if places.nom_fic is None:
        if nom_fic is not None:
            raise FaultError(Fault(code="PES-005_MISSING"))
    elif nom_fic is not None and nom_fic != present:
        yield _value_edit(content, places.nom_fic, nom_fic)


def _flag_edits(content: bytes, places: _Places, dematerialise: bool) -> Iterator[Edit]:
    text = "1" if dematerialise else "0"
    for head in _ENTETES:
        tag = places.flags.get(head)
        if tag is not None:
            span = _value_span(content, tag)
            value = content[slice(*span)][1:-1].decode("ascii", "replace") if span else ""
            if span is None or read_boolean(value) != dematerialise:
                yield _value_edit(content, tag, text)
        elif dematerialise and head in places.after_id_ver:
            yield Edit(
                start=places.after_id_ver[head],
                old=b"",
                new=b'<InfoDematerialisee V="1"/>',
                change="InfoDematerialisee",
            )


def _id_edits(content: bytes, places: _Places, *, whole: bool) -> Iterator[Edit]:
    without = [
        (tag.after_name, _natural_id(head, content, tag))
        for head, tag in places.bordereaux
        if not _ID.search(content, tag.after_name, tag.end)
    ]
    root = _root(content) if whole else None
    if root is not None and not _ID.search(root[0]):
        without.insert(0, (root.end("name"), "PES"))
    taken = {one.decode("utf-8", "replace") for one in _ID.findall(content)} if without else set()
    for place, wanted in without:
        identifier = _free_id(wanted, taken)
        taken.add(identifier)
        yield Edit(
            start=place,
            old=b"",
            new=f' Id="{identifier}"'.encode("ascii"),
            change=f"Id:{identifier}",
        )


def _natural_id(head: str, content: bytes, bordereau: _Tag) -> str:
    stop = content.find(_END_OF_HEAD, bordereau.end)
    entete = content[bordereau.end : stop if stop >= 0 else len(content)]

    def digits(name: bytes) -> str:
        found = re.search(rb"<%s\s[^>]*?\bV\s*=\s*[\"']([^\"']*)" % name, entete)
        return re.sub(r"[^0-9]", "", found[1].decode("ascii", "replace") if found else "")

    return bordereau_id(_ENTETES[head], digits(b"Exer"), digits(b"IdBord"))


def _free_id(wanted: str, taken: set[str]) -> str:
    """Return ``wanted`` or a variant: TypBord 01 and 02 number their bordereaux separately."""
    candidate, rank = wanted, 1
    while candidate in taken:
        rank += 1
        candidate = f"{wanted}-{rank}"
    return candidate


def _value_span(content: bytes, tag: _Tag) -> tuple[int, int] | None:
    """Return where the value of the attribute ``V`` of a tag lies, quotes included."""
    position = tag.after_name
    while found := _ATTRIBUTE.match(content, position, tag.end):
        if found[1] == b"V":
            return found.span(2)
        position = found.end()
    return None


def _value_edit(content: bytes, tag: _Tag, text: str) -> Edit:
    """Replace the value of the attribute ``V`` of a tag, or add it."""
    encoded = html.escape(text).encode(declared_encoding(content) or "UTF-8")
    span = _value_span(content, tag)
    if span is None:
        new = b' V="%b"' % encoded
        return Edit(start=tag.after_name, old=b"", new=new, change=tag.name)
    start, end = span
    return Edit(start=start, old=content[start:end], new=b'"%b"' % encoded, change=tag.name)

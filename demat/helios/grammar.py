"""A small grammar: one table per element of the PES drives both its reading and its writing.

The tables (``grammar_depense``, ``grammar_recette``, ``grammar_commun``) list the children of an
element in the order of the norm, which is fixed (helios dossier §0.4), and the field of the model
that holds each. Reading is strict: what a table does not know is a fault, never silently lost.
Comments and processing instructions are not content: they are passed over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from dataclasses import field as derived
from operator import attrgetter
from typing import Any, Protocol

from lxml import etree

from demat.faults import Fault, FaultError
from demat.helios.grammar_codecs import TEXTE, Codec
from demat.helios.model_base import EcritAutrement, Formes
from demat.helios.text import is_transmissible
from demat.xmlio import Element, line_of, local_name

__all__ = [
    "Block",
    "Cursor",
    "Item",
    "Part",
    "Scalar",
    "Shape",
    "check_attributes",
    "fill",
    "read_items",
    "take",
]

_Values = dict[str, Any]


class Cursor:
    """The children of one element, taken one after the other."""

    def __init__(self, node: Element) -> None:
        if node.text and node.text.strip():
            raise _fault("XSD-TEXT", node, value=node.text.strip()[:80])
        self.node = node
        self._children = list(node.iterchildren("*"))
        self._next = 0

    @property
    def empty(self) -> bool:
        """Whether the element has no child."""
        return not self._children

    def take(self, tag: str) -> Element | None:
        """Return the next child if it has this tag, and pass it."""
        if self._next < len(self._children):
            child = self._children[self._next]
            if child.tag == tag:
                self._next += 1
                if child.tail and child.tail.strip():
                    raise _fault("XSD-TEXT", self.node, value=child.tail.strip()[:80])
                return child
        return None

    def end(self) -> None:
        """Check that every child was taken.

        :raises FaultError: ``XSD-UNEXPECTED_ELEMENT``.
        """
        if self._next < len(self._children):
            child = self._children[self._next]
            raise _fault("XSD-UNEXPECTED_ELEMENT", child, expected="")


class Item(Protocol):
    """One line of a table."""

    def read(self, cursor: Cursor, values: _Values, formes: list[tuple[str, str]]) -> None:
        """Take the children that the line describes into the values of the object being read."""

    def write(self, node: Element, whole: Any, formes: Formes) -> None:
        """Add to an element what the object holds for this line."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """An empty element whose attribute ``V`` holds a value; or an attribute, written ``@Name``."""

    element: str
    field: str
    """Field of the model; dotted when the value belongs to an object that the field holds."""
    codec: Codec = TEXTE
    attribute: str = derived(init=False, repr=False)
    """Name of the attribute; empty for an element."""
    get: Callable[[Any], Any] = derived(init=False, repr=False)
    """Takes the value of the field from an object of the model."""

    def __post_init__(self) -> None:
        name = self.element.removeprefix("@")
        object.__setattr__(self, "attribute", name if name != self.element else "")
        object.__setattr__(self, "get", attrgetter(self.field))

    def read(self, cursor: Cursor, values: _Values, formes: list[tuple[str, str]]) -> None:
        text = self._text(cursor)
        if text is not None:
            self.hold(text, cursor.node, values, formes)

    def hold(
        self, text: str, node: Element, values: _Values, formes: list[tuple[str, str]]
    ) -> None:
        """Put the value of a text among those of the object being read, and its form if it is
        not the one that we write.

        :raises FaultError: ``XSD-VALUE``.
        """
        try:
            value = self.codec.read(text)
            ours = self.codec.write(value)
        except ValueError as error:
            raise self._unreadable(node, text) from error
        values[self.field] = value
        if ours != text or (self.codec is TEXTE and not is_transmissible(text)):
            formes.append((self.element, text))

    def _text(self, cursor: Cursor) -> str | None:
        if self.attribute:
            return cursor.node.get(self.attribute)
        child = cursor.take(self.element)
        if child is None:
            return None
        text = child.get("V")
        if text is None:
            raise _fault("XSD-MISSING_ATTRIBUTE", child, attribute="V")
        if len(child.attrib) > 1:
            check_attributes(child, ("V",))
        if child.text is not None or len(child):
            Cursor(child).end()
        return text

    def _unreadable(self, node: Element, text: str) -> FaultError:
        params = {
            "element": local_name(node) if self.attribute else self.element,
            "attribute": self.attribute or "V",
            "value": text[:80],
            "constraint": "type",
            "type": self.codec.builtin,
            "expected": "",
            "limit": "",
        }
        return FaultError(Fault(code="XSD-VALUE", params=params, line=line_of(node)))

    def write(self, node: Element, whole: Any, formes: Formes) -> None:
        text = self.text(whole, formes)
        if text is None:
            return
        if self.attribute:
            node.set(self.attribute, text)
        else:
            etree.SubElement(node, self.element, V=text)

    def text(self, whole: Any, formes: Formes) -> str | None:
        """Return what to write: as the file read did while that says the value, else our way.

        :raises ValueError: for a text that no file gave and that Hélios cannot receive.
        """
        value = self.get(whole)
        for element, form in formes:
            if element == self.element and self.codec.read(form) == value:
                return form
        if value is None:
            return None
        text = self.codec.write(value)
        if text is not None and self.codec is TEXTE and not is_transmissible(text):
            name = self.attribute or self.element
            raise ValueError(f"{name} holds a character that Hélios cannot receive: {text!r}")
        return text


@dataclass(frozen=True, slots=True)
class Block:
    """An element whose children belong to the same object of the model as its parent's."""

    element: str
    items: Sequence[Item]

    def read(self, cursor: Cursor, values: _Values, formes: list[tuple[str, str]]) -> None:
        child = cursor.take(self.element)
        if child is None:
            return
        check_attributes(child, ())
        inner = Cursor(child)
        for item in self.items:
            item.read(inner, values, formes)
        inner.end()
        if inner.empty:
            formes.append((self.element, ""))

    def write(self, node: Element, whole: Any, formes: Formes) -> None:
        child = etree.SubElement(node, self.element)
        for item in self.items:
            item.write(child, whole, formes)
        if not len(child) and (self.element, "") not in formes:
            node.remove(child)


@dataclass(frozen=True, slots=True)
class Shape:
    """The table of one class of the model."""

    cls: type[EcritAutrement]
    items: Sequence[Item]
    blanks: Mapping[str, Any] = derived(init=False, repr=False)
    """What stands for an absent element when the field has no default."""
    required: Mapping[str, str] = derived(init=False, repr=False)
    """Field → element, where nothing can stand for an absent element."""
    attributes: Sequence[str] = derived(init=False, repr=False)
    """Names of the attributes that the element may have."""

    def __post_init__(self) -> None:
        leaves = [leaf for leaf in _leaves(self.items) if leaf.field in _bare(self.cls)]
        blanks = {leaf.field: _BLANKS[_kind(leaf)] for leaf in leaves if _kind(leaf) in _BLANKS}
        required = {leaf.field: leaf.element for leaf in leaves if _kind(leaf) not in _BLANKS}
        own = (item for item in self.items if isinstance(item, Scalar))
        attributes = tuple(item.attribute for item in own if item.attribute)
        object.__setattr__(self, "blanks", blanks)
        object.__setattr__(self, "required", required)
        object.__setattr__(self, "attributes", attributes)


@dataclass(frozen=True, slots=True)
class Part:
    """An element that is an object of its own, or several of them."""

    element: str
    """Empty when the object's children lie directly among those of the parent."""
    field: str
    shape: Shape
    repeated: bool = False

    def read(self, cursor: Cursor, values: _Values, formes: list[tuple[str, str]]) -> None:
        if not self.element:
            values[self.field] = self.shape.cls(**read_items(self.shape, cursor))
        elif self.repeated:
            found = []
            while (child := cursor.take(self.element)) is not None:
                found.append(take(self.shape, child))
            values[self.field] = tuple(found)
        elif (child := cursor.take(self.element)) is not None:
            values[self.field] = take(self.shape, child)

    def write(self, node: Element, whole: Any, formes: Formes) -> None:
        value = getattr(whole, self.field)
        if value is None:
            return
        for one in value if self.repeated else (value,):
            fill(etree.SubElement(node, self.element) if self.element else node, self.shape, one)


def _leaves(items: Sequence[Item]) -> list["Scalar | Part"]:
    """Return the lines that fill a field, those of the blocks included."""
    found: list[Scalar | Part] = []
    for item in items:
        if isinstance(item, Block):
            found += _leaves(item.items)
        elif isinstance(item, Scalar | Part):
            found.append(item)
    return found


_BLANKS: Mapping[str, Any] = {"text": "", "several": ()}
"""What an absent element leaves in a field without default, by kind of line."""


def _kind(leaf: "Scalar | Part") -> str:
    if isinstance(leaf, Part):
        return "several" if leaf.repeated else "one"
    return "text" if leaf.codec is TEXTE else "value"


def _bare(cls: type[EcritAutrement]) -> set[str]:
    """Return the names of the fields that have no default."""
    return {
        one.name for one in fields(cls) if one.default is MISSING and one.default_factory is MISSING
    }


def take(shape: Shape, node: Element) -> Any:
    """Read an element into the class of a table.

    :raises FaultError: ``XSD-MISSING_ELEMENT``, ``XSD-MISSING_ATTRIBUTE``, ``XSD-TEXT``,
        ``XSD-UNEXPECTED_ELEMENT``, ``XSD-UNEXPECTED_ATTRIBUTE`` or ``XSD-VALUE``, for what the
        model cannot hold; a file that the schemas accept has none of these.
    """
    check_attributes(node, shape.attributes)
    cursor = Cursor(node)
    found = shape.cls(**read_items(shape, cursor))
    cursor.end()
    return found


def read_items(shape: Shape, cursor: Cursor) -> dict[str, Any]:
    """Take the children that a table lists; return the arguments of its class.

    :raises FaultError: as :func:`take`.
    """
    values: _Values = dict(shape.blanks)
    formes: list[tuple[str, str]] = []
    for item in shape.items:
        item.read(cursor, values, formes)
    for name, element in shape.required.items():
        if name not in values:
            raise _fault("XSD-MISSING_ELEMENT", cursor.node, expected=element)
    values["formes"] = tuple(formes)
    return values


def fill(node: Element, shape: Shape, whole: Any) -> None:
    """Add to an element everything that an object of the model holds.

    :raises ValueError: for a text or an amount that the norm cannot carry.
    """
    for item in shape.items:
        item.write(node, whole, whole.formes)


def check_attributes(node: Element, allowed: Sequence[str]) -> None:
    """Refuse an attribute that the model cannot hold.

    :raises FaultError: ``XSD-UNEXPECTED_ATTRIBUTE``.
    """
    for name in node.attrib:
        if name not in allowed:
            raise _fault("XSD-UNEXPECTED_ATTRIBUTE", node, attribute=etree.QName(name).localname)


def _fault(code: str, node: Element, **params: str) -> FaultError:
    element = local_name(node)
    return FaultError(Fault(code=code, params={"element": element, **params}, line=line_of(node)))

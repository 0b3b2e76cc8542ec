"""Mutants of a valid document, to ask two schema sets for the same verdict.

A mutant is the document after one small edit (sometimes two): a value pushed to a limit, an element
dropped, doubled, moved or renamed, an attribute lost, a namespace changed. Nothing here knows a
protocol: whatever carries text or attributes is edited, in any namespace.
"""

import copy
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
FOREIGN_NAMESPACE = "urn:demat:tests:foreign"
TWO_EDITS = 0.15
"""Share of the mutants that undergo a second edit."""

EDGE_LENGTHS: tuple[int, ...] = (
    *range(1, 16),
    *(18, 20, 24, 25, 27, 30, 32, 34, 35, 38, 50, 60, 64, 70, 80, 100, 140, 160, 200),
    *(250, 255, 256, 400, 420, 500),
)
"""Lengths at which the published types set a limit; one more and one less are tried too."""

ODD_VALUES: tuple[str, ...] = (
    *(
        "",
        " ",
        "  ",
        ".",
        "..",
        "-",
        "0",
        "00",
        "000",
        "0000000",
        "nc",
        "NC",
        "n",
        "nn",
        "xc",
        " 1",
    ),
    *("1 ", "+1", "-1", "-0", "1.", ".5", "0.0", "0.01", "1.5", "1.50", "1.500", "1.505", "1,50"),
    *("99.99", "100", "100.00", "999.99", "1000.00", "999999999999.99", "1000000000000.00"),
    *("1e3", "INF", "NaN", "true", "false", "TRUE", "2", "01", "02", "1", "10", "99", "A1", "1A"),
    *("a", "é", "Œ", "€", "A B", "A_B", "A-B", "A/B", "A'B", "a\nb", "\n", "a\tb", "a&b<c>", "²"),
    *("2026", "12026", "0000", "-2026", "2026Z", "26", "2050X", "2051X", "1999X", "20260312"),
    *("2026-03-12", "2026-02-29", "2024-02-29", "2026-3-12", "2026-03-12Z", "2026-03-12+01:00"),
    *("12/03/2026", "2026-03-12T09:30:00", "2026-03-12T09:30:00Z", "01-2026", "13-2026"),
    *("FR7699999000020000065432129", "fr7699999000020000065432129", "FR76 9999", "FR7é"),
    *("DEMOFRPP", "DEMOFRPPXXX", "DEMOFRPPXX", "demofrpp", "DEMOFRPO", "DEMOFR1P", "DEM0FRPP"),
    *("099012", "0990123", "02A012", "02B0123", "02C012", "000000", "09901", "09901234", "2A"),
    *("F.pdf", "F.p", "F.pdfxy", ".pdf", "F pdf", "45000000", "45000000-7", "45000000-77"),
    *("21990123800010", "2199012380001", "219901238000100", "9é0", "001", "010", "971", "98", "20"),
    *(
        "T0JK",
        "T0J=",
        "not base64 !",
        "#id",
        "a b",
        "1id",
        "_id",
        "http://exemple.fr/é",
        "urn:oid:1",
    ),
)
"""Values at the edge of some published type, of any protocol."""

NUMBERS = tuple("9" * length for length in range(1, 17))
"""Numbers of 1 to 16 digits."""

Edit = Callable[[etree._Element, random.Random], str | None]
"""Change a tree in place and say what was done; None when the edit found nothing to change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Names that edits may put into a document."""

    elements: tuple[str, ...] = ()
    """Local names of declared elements."""
    value_attribute: str = "V"
    """Attribute that an inserted element carries."""
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values at the limits of the facets of an element, by its local name."""


def vocabulary_of(ours: Path, theirs: Path) -> Vocabulary:
    """Return the names of our elements, and the limits that either schema set gives to them."""
    mine, official = declared_limits(ours), declared_limits(theirs)
    limits = {
        name: tuple(sorted({*mine.get(name, ()), *official.get(name, ())}))
        for name in sorted(mine.keys() | official.keys())
    }
    return Vocabulary(elements=declared_elements(ours), limits=limits)


def declared_elements(folder: Path) -> tuple[str, ...]:
    """Return the local names of the elements declared in the schema files of a folder."""
    found: set[str] = set()
    for path in sorted(folder.glob("*.xsd")):
        found.update(node.get("name", "") for node in etree.parse(path).iter(f"{XSD}element"))
    return tuple(sorted(found - {""}))


def declared_limits(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return, by local name of element, values just inside and just outside each of its facets.

    What an element refers to (type, base, attributes) is followed by local name: a type of the same
    name in another namespace only adds values.
    """
    nodes = [
        node
        for path in sorted(folder.rglob("*.xsd"))
        for node in etree.parse(path).iter(f"{XSD}element", *_NAMED)
        if node.get("name")
    ]
    named: dict[str, list[etree._Element]] = {}
    for node in nodes:
        if node.tag in _NAMED:
            named.setdefault(node.get("name", ""), []).append(node)
    found: dict[str, set[str]] = {}
    for node in nodes:
        if node.tag == f"{XSD}element":
            values = {value for facet in _facets(node, named) for value in _around(*facet)}
            found.setdefault(node.get("name", ""), set()).update(values)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items()) if values}


_NAMED = tuple(f"{XSD}{kind}" for kind in ("simpleType", "complexType", "attribute"))


def _facets(
    element: etree._Element, named: Mapping[str, list[etree._Element]]
) -> Iterator[tuple[str, str]]:
    """Yield the (facet, value) of an element, through its types but not through its children."""
    waiting, seen = [element], {element}
    while waiting:
        node = waiting.pop()
        if node is not element and node.tag == f"{XSD}element":
            continue
        if node.get("value") is not None:
            yield etree.QName(node).localname, node.get("value", "")
        names = [node.get(key, "").rpartition(":")[2] for key in ("type", "base", "ref")]
        following = [*node.iterchildren("*"), *(n for name in names for n in named.get(name, ()))]
        waiting += [n for n in following if n not in seen]
        seen.update(following)


def _around(facet: str, value: str) -> Iterable[str]:
    """Return values at a facet, just below it and just above."""
    if facet in ("length", "minLength", "maxLength"):
        lengths = [n for n in (int(value) - 1, int(value), int(value) + 1) if 0 <= n <= 5000]
        return [text * n for n in lengths for text in ("A", "9", "é")]
    if facet == "totalDigits":
        return [text for n in range(int(value), int(value) + 2) for text in _digits(n)]
    if facet == "fractionDigits":
        return ["1." + "9" * n for n in range(1, int(value) + 2)]
    if facet in ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"):
        step = 1 if value.lstrip("-").isdigit() else 0
        return [value, *(str(int(value) + way) for way in (-step, step) if step)]
    return [value, value.lower(), value + " ", value[:-1], value + "0"] if value.isalnum() else []


def _digits(count: int) -> list[str]:
    return ["9" * count, "-" + "9" * count, "0" + "9" * count, "9" * (count - 1) + ".0"]


def mutants(
    tree: etree._ElementTree, *, seed: int, count: int, vocabulary: Vocabulary | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` mutants of a valid document as (description, bytes).

    The same tree, seed and vocabulary give the same mutants.
    """
    rng = random.Random(seed)  # noqa: S311 - tests need a repeatable draw, not a secret
    edits = _edits(vocabulary or Vocabulary())
    encoding = tree.docinfo.encoding or "UTF-8"
    for _ in range(count):
        root = copy.deepcopy(tree.getroot())
        done = [_one_edit(root, rng, edits)]
        if rng.random() < TWO_EDITS:
            done.append(_one_edit(root, rng, edits))
        yield "; ".join(done), _serialise(root, encoding)


def systematic_mutants(
    tree: etree._ElementTree, *, seed: int, values: int
) -> Iterator[tuple[str, bytes]]:
    """Yield mutants that touch every distinct place of a valid document once, as a random draw
    cannot promise: each element path dropped, doubled and swapped with its neighbour, each
    attribute dropped, pushed through all numbers of 1 to 16 digits when it holds no letter, then
    given ``values`` drawn values.
    """
    rng = random.Random(seed)  # noqa: S311 - tests need a repeatable draw, not a secret
    encoding = tree.docinfo.encoding or "UTF-8"
    original = copy.deepcopy(tree.getroot())
    for position in _distinct_places(original):
        for edit in (_drop_this, _double_this, _swap_this):
            root = copy.deepcopy(original)
            done = edit(_at(root, position), rng)
            if done is not None:
                yield done, _serialise(root, encoding)
        place = _at(original, position)
        for name in map(str, place.attrib):
            current = place.get(name, "")
            ladder = () if any(map(str.isalpha, current)) else NUMBERS
            drawn = [_draw_value(current, original, rng) for _ in range(values)]
            for value in (None, *ladder, *drawn):
                yield _with_value(original, encoding, place, name, value)


def _with_value(
    root: etree._Element, encoding: str, place: etree._Element, name: str, value: str | None
) -> tuple[str, bytes]:
    """Return the document with one attribute changed (dropped for no value), then restore it."""
    held = [(str(key), str(known)) for key, known in place.attrib.items()]
    if value is None:
        del place.attrib[name]
    else:
        place.set(name, value)
    content = _serialise(root, encoding)
    place.attrib.clear()
    for key, known in held:
        place.set(key, known)
    return f"{name} of {place.tag} line {place.sourceline} becomes {value!r}", content


def _at(root: etree._Element, position: int) -> etree._Element:
    """Return the element at a position in document order."""
    return next(itertools.islice(root.iter("*"), position, None))


def _distinct_places(root: etree._Element) -> list[int]:
    """Return the positions, in document order, of the first element of each path of names."""
    seen: set[tuple[str, ...]] = set()
    positions = []
    for position, element in enumerate(root.iter("*")):
        path = (str(element.tag), *(str(above.tag) for above in element.iterancestors()))
        if path not in seen:
            seen.add(path)
            positions.append(position)
    return positions


def _drop_this(element: etree._Element, _rng: random.Random) -> str | None:
    if element.getparent() is None:
        return None
    done = f"drop {_where(element)}"
    _detach(element)
    return done


def _double_this(element: etree._Element, _rng: random.Random) -> str | None:
    if element.getparent() is None:
        return None
    element.addnext(copy.deepcopy(element))
    return f"double {_where(element)}"


def _swap_this(element: etree._Element, _rng: random.Random) -> str | None:
    following = element.getnext()
    if following is None or element.getparent() is None:
        return None
    done = f"swap {_where(element)} with the next one"
    following.addnext(element)
    return done


def _set_this(element: etree._Element, _rng: random.Random, *, name: str, value: str | None) -> str:
    """Set an attribute, or drop it when there is no value."""
    done = f"{name} of {_where(element)} becomes {value!r}"
    if value is None:
        del element.attrib[name]
    else:
        element.set(name, value)
    return done


def _serialise(root: etree._Element, encoding: str) -> bytes:
    content = etree.tostring(root, encoding=encoding, xml_declaration=True)
    return content if isinstance(content, bytes) else content.encode(encoding)


def _edits(vocabulary: Vocabulary) -> list[Edit]:
    """Return the edits; those on values come several times, because values have most limits."""
    structure: list[Edit] = [
        *(_drop_element, _double_element, _swap_elements, _move_element, _graft_element),
        *(_drop_attribute, _rename_attribute, _add_attribute, _add_element, _change_namespace),
        *(_add_text, _rename_from(vocabulary), _insert_from(vocabulary)),
        *(_change_every_namespace, _qualify_attribute),
    ]
    limits = [_limit_from(vocabulary)] * (len(structure) // 2)
    return [*structure, *limits, *[_change_value] * len(structure)]


def _one_edit(root: etree._Element, rng: random.Random, edits: Sequence[Edit]) -> str:
    """Draw edits until one applies; changing a value or a namespace always applies."""
    while True:
        done = rng.choice(edits)(root, rng)
        if done is not None:
            return done


def _where(element: etree._Element) -> str:
    """Return a path that names an element and its line."""
    path = element.getroottree().getpath(element)
    return f"{path} (line {element.sourceline})"


def _any_element(root: etree._Element, rng: random.Random) -> etree._Element:
    return rng.choice(list(root.iter("*")))


def _inner_element(root: etree._Element, rng: random.Random) -> etree._Element | None:
    """Draw an element other than the root."""
    inner = [element for element in root.iter("*") if element is not root]
    return rng.choice(inner) if inner else None


def _with_attribute(root: etree._Element, rng: random.Random) -> tuple[etree._Element, str] | None:
    """Draw one attribute of the document."""
    slots = [(element, str(name)) for element in root.iter("*") for name in element.attrib]
    return rng.choice(slots) if slots else None


def _detach(element: etree._Element) -> None:
    """Take an element out, with the blank text that follows it."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _draw_value(current: str, root: etree._Element, rng: random.Random) -> str:
    """Draw a value: an odd one, one of some length, a twisted current one, one seen elsewhere."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(ODD_VALUES)
    if kind == 1:
        length = max(0, rng.choice(EDGE_LENGTHS) + rng.choice((-1, 0, 0, 1)))
        return rng.choice(("A", "9", "0", "é", "A ", "9.", "z9/")) * length
    if kind == 2:
        return _twist(current, rng)
    seen = [str(value) for element in root.iter("*") for value in element.attrib.values()]
    return rng.choice(seen or [""])


def _twist(value: str, rng: random.Random) -> str:
    """Return a near neighbour of a value."""
    cut = rng.randrange(len(value) + 1)
    return rng.choice(
        (
            *(value + "0", value + "A", value + " ", value + "é", " " + value, "0" + value),
            *(value[:-1], value[1:], value[:cut] + value[cut + 1 :], value + value, value[::-1]),
            *(value[:cut] + "9" + value[cut:], value[:cut] + "_" + value[cut:]),
            *(value.lower(), value.upper(), "-" + value, value + ".00", value + ".001"),
        )
    )


def _change_value(root: etree._Element, rng: random.Random) -> str:
    """Change the value of one attribute or of one text."""
    leaves = [element for element in root.iter("*") if len(element) == 0 and element.text]
    slot = _with_attribute(root, rng)
    if leaves and (slot is None or rng.random() < len(leaves) / (len(leaves) + 30)):
        leaf = rng.choice(leaves)
        leaf.text = _draw_value(leaf.text or "", root, rng)
        return f"text of {_where(leaf)} becomes {leaf.text!r}"
    if slot is None:
        root.text = _draw_value("", root, rng)
        return f"text of the root becomes {root.text!r}"
    element, name = slot
    value = _draw_value(element.get(name, ""), root, rng)
    return _set_this(element, rng, name=name, value=value)


def _limit_from(vocabulary: Vocabulary) -> Edit:
    """Return the edit that pushes a value to a limit that the schemas give to its element."""

    def push(root: etree._Element, rng: random.Random) -> str | None:
        slots = [
            (element, str(name), values)
            for element in root.iter("*")
            if (values := vocabulary.limits.get(etree.QName(element).localname))
            for name in element.attrib
        ]
        if not slots:
            return None
        element, name, values = rng.choice(slots)
        return "at the limit, " + _set_this(element, rng, name=name, value=rng.choice(values))

    return push


def _change_every_namespace(root: etree._Element, rng: random.Random) -> str:
    """Move all the elements of one namespace to a neighbour of it, as another edition would."""
    known = sorted({etree.QName(element).namespace or "" for element in root.iter("*")})
    old = rng.choice(known)
    new = rng.choice((old + "x", old[:-1], old.upper(), FOREIGN_NAMESPACE, "")).strip()
    for element in root.iter("*"):
        name = etree.QName(element)
        if (name.namespace or "") == old:
            element.tag = etree.QName(new or None, name.localname).text
    return f"namespace {old!r} becomes {new!r}"


def _qualify_attribute(root: etree._Element, rng: random.Random) -> str | None:
    """Put an attribute in a namespace of the document, or take it out of its own."""
    slot = _with_attribute(root, rng)
    if slot is None:
        return None
    element, name = slot
    full = etree.QName(name)
    known = sorted({etree.QName(e).namespace or "" for e in root.iter("*")} - {full.namespace})
    new = etree.QName(rng.choice(known) or None, full.localname).text if known else name
    element.set(new, element.attrib.pop(name))
    return f"namespace of {name} of {_where(element)}: {new}"


def _drop_element(root: etree._Element, rng: random.Random) -> str | None:
    element = _inner_element(root, rng)
    return None if element is None else _drop_this(element, rng)


def _double_element(root: etree._Element, rng: random.Random) -> str | None:
    element = _inner_element(root, rng)
    return None if element is None else _double_this(element, rng)


def _swap_elements(root: etree._Element, rng: random.Random) -> str | None:
    element = _inner_element(root, rng)
    return None if element is None else _swap_this(element, rng)


def _move_element(root: etree._Element, rng: random.Random) -> str | None:
    """Put a child first or last among its siblings."""
    element = _inner_element(root, rng)
    parent = element.getparent() if element is not None else None
    if element is None or parent is None or len(parent) < 2:
        return None
    done = f"move {_where(element)} to one end"
    _detach(element)
    parent.insert(rng.choice((0, len(parent))), element)
    return done


def _graft_element(root: etree._Element, rng: random.Random) -> str | None:
    """Copy an element into another place of the document."""
    element = _inner_element(root, rng)
    place = _inner_element(root, rng)
    if element is None or place is None:
        return None
    graft = copy.deepcopy(element)
    done = f"graft {_where(element)} before {_where(place)}"
    place.addprevious(graft)
    return done


def _drop_attribute(root: etree._Element, rng: random.Random) -> str | None:
    slot = _with_attribute(root, rng)
    return None if slot is None else _set_this(slot[0], rng, name=slot[1], value=None)


def _rename_attribute(root: etree._Element, rng: random.Random) -> str | None:
    slot = _with_attribute(root, rng)
    if slot is None:
        return None
    element, name = slot
    full = etree.QName(name)
    swapped = etree.QName(full.namespace, full.localname.swapcase()).text
    new = rng.choice((name + "x", swapped, f"{{{FOREIGN_NAMESPACE}}}x", "Id"))
    value = element.attrib.pop(name)
    element.set(new, value)
    return f"rename {name} of {_where(element)} to {new}"


def _add_attribute(root: etree._Element, rng: random.Random) -> str:
    element = _any_element(root, rng)
    name = rng.choice(("Inconnu", "V", "Id", f"{{{FOREIGN_NAMESPACE}}}x"))
    element.set(name, rng.choice(("1", "a1", "")))
    return f"set {name} on {_where(element)}"


def _add_element(root: etree._Element, rng: random.Random) -> str:
    """Add an unknown element, with or without the namespace of its new parent."""
    parent = _any_element(root, rng)
    namespace = rng.choice((etree.QName(parent).namespace, None, FOREIGN_NAMESPACE))
    child = etree.Element(etree.QName(namespace, "Inconnu"))
    parent.insert(rng.randrange(len(parent) + 1), child)
    return f"add an unknown element {child.tag} in {_where(parent)}"


def _change_namespace(root: etree._Element, rng: random.Random) -> str:
    """Give an element another namespace of the document, a foreign one, or none."""
    element = _any_element(root, rng)
    name = etree.QName(element)
    known = sorted({etree.QName(e).namespace or "" for e in root.iter("*")} | {FOREIGN_NAMESPACE})
    others = [uri for uri in ("", *known) if uri != (name.namespace or "")]
    done = _where(element)
    element.tag = etree.QName(rng.choice(others) or None, name.localname).text
    return f"{done} becomes {element.tag}"


def _add_text(root: etree._Element, rng: random.Random) -> str:
    element = _any_element(root, rng)
    text = rng.choice(("x", " ", "\n"))
    element.text = text + (element.text or "")
    return f"text {text!r} in {_where(element)}"


def _rename_from(vocabulary: Vocabulary) -> Edit:
    """Return the edit that renames an element to another name of the document or vocabulary."""

    def rename(root: etree._Element, rng: random.Random) -> str:
        element = _any_element(root, rng)
        name = etree.QName(element)
        seen = sorted({etree.QName(e).localname for e in root.iter("*")})
        new = rng.choice((*seen, *vocabulary.elements, name.localname + "x"))
        done = f"rename {_where(element)} to {new}"
        element.tag = etree.QName(name.namespace, new).text
        return done

    return rename


def _insert_from(vocabulary: Vocabulary) -> Edit:
    """Return the edit that inserts a declared element where it may be allowed or not."""

    def insert(root: etree._Element, rng: random.Random) -> str | None:
        place = _inner_element(root, rng)
        if place is None or not vocabulary.elements:
            return None
        tag = etree.QName(etree.QName(place).namespace, rng.choice(vocabulary.elements))
        element = etree.Element(tag)
        element.set(vocabulary.value_attribute, _draw_value("1", root, rng))
        done = f"insert {etree.tostring(element).decode()} before {_where(place)}"
        place.addprevious(element)
        return done

    return insert

"""XSD validation of a document: faults with the line, the element, and the values of the sentence.

Architecture §3, decisions 1 and 18. The names of libxml2's errors are stable, its sentences less
so: they are read only for the names and limits that nothing else gives.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from lxml import etree

from demat.faults import Fault, FaultError, Faults
from demat.schemas.catalogue import (
    Catalogue,
    CompiledSchema,
    Defect,
    SchemaEntry,
    compiled,
    day_of,
)
from demat.schemas.slices import Slice, slices, whole
from demat.xmlio import Element, line_of, lines_of, local_name, parse_untrusted, read_head

__all__ = ["MAX_FAULTS", "is_surely_valid", "schema_of", "validate"]

MAX_FAULTS = 100
"""Faults that are told one by one; beyond, ``XSD-MORE`` says how many more there are."""
MAX_VALUE = 80
_LONG = ("Bordereau", "PJ", "ElementACQUIT", "Piece", "LigneBudget")
"""Names of what comes many times: the date of a document stands before the first of them."""
MAX_CHOICES = 12
_RELIABLE = 65_535  # beyond, libxml2 answers the line of a text nearby, or this number

_KINDS = {
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "XSD-MISSING_ATTRIBUTE",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "XSD-UNEXPECTED_ATTRIBUTE",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "XSD-UNEXPECTED_ATTRIBUTE",
    "SCHEMAV_CVC_TYPE_3_1_1": "XSD-UNEXPECTED_ATTRIBUTE",
    "SCHEMAV_CVC_ELT_3_1": "XSD-UNEXPECTED_ATTRIBUTE",
    "SCHEMAV_ELEMENT_CONTENT": "XSD-UNEXPECTED_ELEMENT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "XSD-TEXT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "XSD-TEXT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "XSD-TEXT",
    "SCHEMAV_CVC_TYPE_3_1_2": "XSD-TEXT",
    "SCHEMAV_CVC_ELT_1": "XSD-UNKNOWN_ROOT",
}
_CONSTRAINTS = {
    "SCHEMAV_CVC_ENUMERATION_VALID": "enumeration",
    "SCHEMAV_CVC_PATTERN_VALID": "pattern",
    "SCHEMAV_CVC_LENGTH_VALID": "length",
    "SCHEMAV_CVC_MINLENGTH_VALID": "min_length",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "max_length",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "digits",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "decimals",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "minimum",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "minimum",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "maximum",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "maximum",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "type",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": "type",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_3": "type",
}
_ATTRIBUTE = re.compile(r"attribute '([^']+)'")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.")
_LAST_QUOTED = re.compile(r"'([^']*)'\)?\.$")
_PATTERN = re.compile(r"by the pattern '(.*)'\.$", re.DOTALL)
_TYPE = re.compile(r"type '([^']+)'\.$")
_CHOICES = re.compile(r"of the set \{(.*)\}\.$", re.DOTALL)
_NCNAME = re.compile(r"[^\W\d][\w.\-]*")
_WITH_VALUE = etree.XPath("count(//@*[local-name() = $name][. = $value])")


@dataclass(frozen=True, slots=True)
class _Finding:
    """A fault before its line is known."""

    node: Element
    code: str
    params: Mapping[str, str]


def validate(
    document: bytes | Element, *, catalogue: Catalogue | None = None, day: date | None = None
) -> Faults:
    """Return what the schema of a document refuses in it, at most ``MAX_FAULTS`` and a count.

    :param document: the file, or an element already parsed; lines beyond 65,535 are exact only
        for a file.
    :param catalogue: the schemas that are known; those of the project by default.
    :param day: day that chooses the edition; the one that the document carries by default.
    :returns: faults ``XSD-…`` in document order, or the ``XML-…`` fault that stops the reading.
    """
    known = catalogue or Catalogue.default()
    if isinstance(document, bytes) and is_surely_valid(document, catalogue=known, day=day):
        return Faults()
    try:
        root = parse_untrusted(document) if isinstance(document, bytes) else document
    except FaultError as error:
        return error.faults
    entry = known.find(etree.QName(root), day or day_of(root))
    if entry is None:
        return Faults(
            [_fault(_Finding(root, "XSD-UNKNOWN_ROOT", _root_params(root)), line_of(root))]
        )
    findings, more = _inspect(root, compiled(entry.path))
    if findings and _accepted_in_11(root, entry):
        return Faults()
    lines = _lines(findings, document)
    faults = [_fault(found, line) for found, line in zip(findings, lines, strict=True)]
    if more:
        params = {"shown": str(len(faults)), "more": str(more)}
        faults.append(Fault(code="XSD-MORE", params=params))
    return Faults(faults)


def _accepted_in_11(root: Element, entry: SchemaEntry) -> bool:
    """Ask the schema in XSD 1.1 about what the one in XSD 1.0 refused, if there is one."""
    if entry.path_11 is None:
        return False
    from demat.schemas import xsd11  # the library costs at import, and serves seldom

    return xsd11.accepts(entry.path_11, root, max_elements=xsd11.MAX_ELEMENTS)


def is_surely_valid(
    content: bytes, *, catalogue: Catalogue | None = None, day: date | None = None
) -> bool:
    """Tell whether a file is XML that its schema accepts, without holding its tree.

    What is doubtful gets ``False`` too: :func:`validate` then says what is wrong, if anything is.
    """
    schema = schema_of(content, catalogue or Catalogue.default(), day)
    return schema is not None and schema.accepts(content) and not schema.may_repeat_an_id(content)


def schema_of(
    content: bytes, catalogue: Catalogue, day: date | None = None
) -> CompiledSchema | None:
    """Return the schema that judges a file, of which the beginning is read; ``None``: none does.

    :param day: as for :func:`validate`.
    """
    try:
        head = read_head(content, before=_LONG)
    except FaultError:
        return None
    entry = catalogue.find(etree.QName(head), day or day_of(head))
    return None if entry is None else compiled(entry.path)


def _inspect(root: Element, schema: CompiledSchema) -> tuple[list[_Finding], int]:
    """Return the first findings, and at least how many more there are.

    The slices are only a shield: when they hold few errors, the whole document is the judge.
    """
    found: dict[object, _Finding] = {}
    for part in slices(root):
        defects = schema.defects(part.root)
        if rest := _gather(defects, part, schema, found):
            return list(found.values()), rest
    found = {}
    rest = _gather(schema.defects(root), whole(root), schema, found)
    return list(found.values()), rest


def _gather(
    defects: list[Defect], part: Slice, schema: CompiledSchema, found: dict[object, _Finding]
) -> int:
    """Add the findings of a slice; return how many defects were left out, once it is full.

    Several errors about one value, or the same error seen in two slices, make one finding.
    """
    for rank, defect in enumerate(defects):
        finding = _finding(defect, part, schema)
        key = (finding.node, finding.code, finding.params.get("attribute"))
        if key in found:
            continue
        if len(found) == MAX_FAULTS:
            return len(defects) - rank
        found[key] = finding
    return 0


def _finding(defect: Defect, part: Slice, schema: CompiledSchema) -> _Finding:
    node = part.locate(defect.path)
    if defect.kind in _CONSTRAINTS:
        return _value_finding(node, defect, schema)
    code = _KINDS.get(defect.kind, "XSD-OTHER")
    params = {"element": local_name(node)}
    if code in ("XSD-MISSING_ATTRIBUTE", "XSD-UNEXPECTED_ATTRIBUTE"):
        params["attribute"] = _local(_first(_ATTRIBUTE, defect.message) or "xsi:nil")
    elif code == "XSD-UNEXPECTED_ELEMENT":
        params["expected"] = _expected(defect.message)
        if "Missing child element" in defect.message:
            code = "XSD-MISSING_ELEMENT"
    elif code == "XSD-TEXT":
        return _content_finding(node, defect)
    elif code == "XSD-UNKNOWN_ROOT":
        params = _root_params(node)
    else:
        params["detail"] = _short(defect.message)
    return _Finding(node, code, params)


def _content_finding(node: Element, defect: Defect) -> _Finding:
    """Tell text from elements, in an element that admits neither or only the other."""
    children = list(node.iterchildren("*"))
    if children and not defect.message.partition(": ")[2].startswith("Character"):
        params = {"element": local_name(children[0]), "expected": ""}
        return _Finding(children[0], "XSD-UNEXPECTED_ELEMENT", params)
    text = " ".join(" ".join((node.text or "", *(child.tail or "" for child in node))).split())
    return _Finding(node, "XSD-TEXT", {"element": local_name(node), "value": _short(text)})


def _value_finding(node: Element, defect: Defect, schema: CompiledSchema) -> _Finding:
    attribute = _first(_ATTRIBUTE, defect.message.partition(": ")[0])
    value = (node.get(attribute) if attribute else node.text) or ""
    builtin = schema.builtin(_first(_TYPE, defect.message))
    params = {"element": local_name(node), "attribute": _local(attribute), "value": _short(value)}
    if builtin == "ID" and _repeated(node, params["attribute"], value):
        return _Finding(node, "XSD-DUPLICATE_ID", params)
    constraint = _CONSTRAINTS[defect.kind]
    params |= {"constraint": constraint, "type": builtin, "expected": "", "limit": ""}
    if constraint == "enumeration":
        params["expected"] = _choices(defect.message)
    elif constraint == "pattern":
        params["limit"] = _first(_PATTERN, defect.message)
    elif constraint != "type":
        params["limit"] = _first(_LAST_QUOTED, defect.message)
    return _Finding(node, "XSD-VALUE", params)


def _repeated(node: Element, attribute: str, value: str) -> bool:
    """Whether another attribute of this name has the same well-formed value."""
    count = _WITH_VALUE(node.getroottree(), name=attribute, value=value)
    return bool(_NCNAME.fullmatch(value.strip())) and isinstance(count, float) and count > 1


def _root_params(node: Element) -> dict[str, str]:
    name = etree.QName(node)
    return {"root": name.localname, "namespace": name.namespace or ""}


def _first(pattern: re.Pattern[str], message: str) -> str:
    found = pattern.search(message)
    return found[1] if found else ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _expected(message: str) -> str:
    names = [_local(name) for name in _first(_EXPECTED, message).split(", ")]
    return _listed(name for name in names if name and not name.endswith("*"))


def _choices(message: str) -> str:
    return _listed(re.findall(r"'([^']*)'", _first(_CHOICES, message)))


def _listed(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    return ", ".join(known[:MAX_CHOICES]) + ("…" if len(known) > MAX_CHOICES else "")


def _short(text: str) -> str:
    text = " ".join(text.split("\n"))
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def _lines(findings: list[_Finding], document: bytes | Element) -> list[int | None]:
    """Return the line of each finding, asking the file itself where libxml2 is not exact."""
    lines = [line_of(found.node) for found in findings]
    if isinstance(document, bytes) and max((line or 0 for line in lines), default=0) >= _RELIABLE:
        return lines_of(document, [found.node for found in findings])
    return lines


def _fault(found: _Finding, line: int | None) -> Fault:
    return Fault(code=found.code, params=found.params, line=line, path=_path(found.node))


def _path(node: Element) -> str:
    """Return the names from the root to an element, with a rank where several have one name."""
    steps: list[str] = []
    current: Element | None = node
    while current is not None:
        before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
        several = before or next(current.itersiblings(current.tag), None) is not None
        steps.append(local_name(current) + (f"[{before + 1}]" if several else ""))
        current = current.getparent()
    return "/".join(reversed(steps))

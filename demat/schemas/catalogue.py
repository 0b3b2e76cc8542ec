"""Which schema serves which document: by root element, edition and date; compiled once per process.

Architecture §3: the packaged schemas are the project's own model of the published structure; an
official edition that a user installs is one more entry. Nothing here reaches the network.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import cast

from lxml import etree

from demat.errors import ConfigurationError
from demat.xmlio import Element

__all__ = [
    "ACTES",
    "DOCBUDG",
    "OWN",
    "ROOTS",
    "Catalogue",
    "CompiledSchema",
    "Defect",
    "SchemaEntry",
    "compiled",
    "day_of",
]

ACTES = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216"
PES = "http://www.minefi.gouv.fr/cp/helios/pes_v2"
DOCBUDG = "http://www.minefi.gouv.fr/cp/demat/docbudgetaire"
XSD = "{http://www.w3.org/2001/XMLSchema}"
OWN = "demat"
"""Origin of the schemas that ship with the project."""
ROOTS: tuple[tuple[str, str], ...] = (
    (ACTES, ""),
    (f"{PES}/Rev0/aller", "PES_Aller"),
    (f"{PES}/Rev0/retour/v2", "PES_ACQUIT"),
    (f"{PES}/Rev0/retour", "PES_ACQUIT"),
    (f"{PES}/Rev0/retour", "PES_Retour"),
    (f"{PES}/Rev0/aller/ack", "PES_ACQUIT_RETOUR"),
)
"""Namespace and root element of the documents whose official editions can be installed; no name:
every root. That of the budget (``DOCBUDG``) cannot: only XSD 1.1 compiles it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaEntry:
    """One schema file and the documents that it judges."""

    namespace: str
    """Namespace of the root element."""
    root_name: str = ""
    """Local name of the root element; empty for every root of the namespace."""
    edition: str
    """Name of the published edition that the file describes, such as ``pes-5.17``."""
    valid_from: date
    """First day on which the edition is the one in force."""
    path: Path
    """The file to compile; what it includes or imports lies beside it."""
    path_11: Path | None = None
    """The same in XSD 1.1, when XSD 1.0 cannot say all: ``path`` then accepts nothing that this one
    refuses, and what ``path`` refuses is refused only if this one refuses it too."""
    origin: str = OWN
    """Who wrote the file: ``demat``, or where an installed edition comes from."""

    @property
    def flux(self) -> str:
        """The kind of document, as a user names it: the root element, or ``ACTES``."""
        return self.root_name or "ACTES"

    def serves(self, root: etree.QName) -> bool:
        """Whether documents of this root are judged by this schema."""
        return self.namespace == (root.namespace or "") and self.root_name in ("", root.localname)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The schemas that are known, in increasing order of preference for one day."""

    entries: tuple[SchemaEntry, ...]
    """Every known schema; between two that start on the same day, the last one wins."""
    chosen: tuple[SchemaEntry, ...] = ()
    """Schemas that a person chose: they judge their documents whatever the day."""

    @classmethod
    def default(cls) -> "Catalogue":
        """Return the schemas that ship with the project."""
        return cls(_packaged())

    def with_entries(self, entries: Iterable[SchemaEntry]) -> "Catalogue":
        """Return a catalogue that prefers these entries, such as an installed official edition."""
        return Catalogue((*self.entries, *entries), self.chosen)

    def with_choice(self, entries: Iterable[SchemaEntry]) -> "Catalogue":
        """Return a catalogue in which these entries judge their documents, whatever the day."""
        return Catalogue(self.entries, (*entries, *self.chosen))

    def find(self, root: etree.QName, day: date | None = None) -> SchemaEntry | None:
        """Return the entry in force for a root element, or ``None`` when no schema knows it.

        :param day: day on which the document was made; ``None`` means the latest edition. A day
            before every edition gets the earliest one.
        """
        for entry in self.chosen:
            if entry.serves(root):
                return entry
        known = sorted(
            (entry for entry in self.entries if entry.serves(root)),
            key=lambda entry: entry.valid_from,
        )
        started = [entry for entry in known if day is None or entry.valid_from <= day]
        if started:
            return started[-1]
        return known[0] if known else None


def _packaged() -> tuple[SchemaEntry, ...]:
    folder = Path(str(resources.files("demat.schemas") / "resources"))
    pes_2024 = date(2024, 1, 1)
    pes = {
        "pes_aller.xsd": ROOTS[1],
        "acquit_v2.xsd": ROOTS[2],
        "acquit.xsd": ROOTS[3],
        "retour.xsd": ROOTS[4],
        "acquit_retour.xsd": ROOTS[5],
    }
    return (
        SchemaEntry(
            namespace=ACTES,
            edition="actes-2017",
            valid_from=date(2017, 11, 1),
            path=folder / "actes-2017" / "actes.xsd",
        ),
        *(
            SchemaEntry(
                namespace=namespace,
                root_name=root_name,
                edition="pes-5.17",
                valid_from=pes_2024,
                path=folder / "pes-5.17" / name,
            )
            for name, (namespace, root_name) in pes.items()
        ),
        SchemaEntry(
            namespace=DOCBUDG,
            root_name="DocumentBudgetaire",
            edition="budget-5.17",
            valid_from=pes_2024,
            path=folder / "budget-5.17" / "budget.xsd",
            path_11=folder / "budget-5.17" / "budget11.xsd",
        ),
    )


_DAYS = ("EnTetePES/DteStr", f"{{{DOCBUDG}}}EnTeteDocBudgetaire/{{{DOCBUDG}}}DteStr")


def day_of(root: Element) -> date | None:
    """Return the day that a document carries: DteStr of a PES or of a budget, Date of an acte.

    It only chooses an edition: a date that cannot be read is the business of the schema.
    """
    written = root.get(f"{{{ACTES}}}Date") or ""
    for path in () if written else _DAYS:
        node = root.find(path)
        written = written or (node.get("V", "") if node is not None else "")
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


_CHUNK = 1 << 22
"""Bytes given at once: libxml2 works on each without holding up the other threads."""
_TURN = 1 << 20
"""Bytes searched at once: longer, a search would hold up the other threads."""


class _Nowhere:
    """Where a parser sends what it reads when only the verdict of its schema matters."""

    def close(self) -> None:
        """End the document."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One error as libxml2 reports it, before it is put in our words."""

    kind: str
    """Name of the error in libxml2, such as ``SCHEMAV_ELEMENT_CONTENT``."""
    message: str
    """English sentence of libxml2, which holds the names and limits."""
    path: str
    """Element path of libxml2: ``/n:PES_Aller/PES_PJ/PJ[2]`` or ``/*/*[3]``."""


class CompiledSchema:
    """A schema ready to judge; one document at a time, since libxml2 keeps one log per schema."""

    def __init__(self, path: Path) -> None:
        """Compile a file and those beside it.

        :raises ConfigurationError: the file is missing or is not a schema.
        """
        documents = _documents(path)
        try:
            self._schema = etree.XMLSchema(documents[path.resolve()])
        except etree.XMLSchemaParseError as error:
            raise ConfigurationError(f"{path.name} is not a usable schema: {error}") from error
        self._bases = _bases(documents.values())
        self._identifiers = frozenset(
            node.get("name", "")
            for document in documents.values()
            for node in document.iter(f"{XSD}attribute")
            if "ID" in (_bare(node), self.builtin(_bare(node)))
        )
        self._lock = Lock()

    def defects(self, document: Element) -> list[Defect]:
        """Return what the schema refuses in a document, in the order libxml2 finds it."""
        with self._lock:
            self._schema.validate(document)
            log = cast("Iterable[etree._LogEntry]", self._schema.error_log)
            return [Defect(entry.type_name, entry.message, entry.path or "") for entry in log]

    def accepts(self, content: bytes) -> bool:
        """Tell whether a file is valid, save that an ``xs:ID`` may come twice; in little memory.

        See :meth:`may_repeat_an_id`. What is no XML gets ``False`` too.
        """
        parser = etree.XMLParser(
            target=_Nowhere(),  # type: ignore[arg-type]  # lxml calls only the methods that exist
            schema=self._schema,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=True,
        )
        try:
            for start in range(0, len(content), _CHUNK):
                parser.feed(content[start : start + _CHUNK])
                if parser.feed_error_log:
                    return False
            parser.close()
        except (etree.XMLSyntaxError, LookupError):
            return False
        return not parser.feed_error_log

    def may_repeat_an_id(self, content: bytes) -> bool:
        """Tell whether it takes the whole tree to know that every ``xs:ID`` comes once.

        A parser that does not keep the tree does not see it. ``False`` is sure.
        """
        if b"\x00" in content[:4] or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return True  # two bytes a character: what is looked for would not be found
        found: list[bytes] = []
        for name in self._identifiers:
            pattern = re.compile(
                rb"""%s\s*=\s*(?:"([^"]*)"|'([^']*)')""" % re.escape(name).encode()
            )
            for start, stop in _turns(content):
                matches = pattern.findall(content, start, stop)
                found += [first or second for first, second in matches]
        plain = all(one.isascii() and b"&" not in one for one in found)
        return not plain or len({one.strip() for one in found}) < len(found)

    def builtin(self, type_name: str) -> str:
        """Return the XSD type that a named simple type restricts: ``date``, ``decimal``…

        :param type_name: as libxml2 writes it, ``{namespace}name`` or ``xs:name``.
        :returns: local name of the built-in type, or ``""`` when it cannot be told.
        """
        name = type_name.rpartition("}")[2]
        seen: set[str] = set()
        while name in self._bases and name not in seen:
            seen.add(name)
            name = self._bases[name]
        return name.removeprefix("xs:") if name.startswith("xs:") else ""


def _turns(content: bytes) -> Iterator[tuple[int, int]]:
    """Cut a document before tags: a search through it then lets other threads have their turn."""
    start = 0
    while start < len(content):
        found = content.find(b"<", start + _TURN)
        stop = found if found >= 0 else len(content)
        yield start, stop
        start = stop


@cache
def compiled(path: Path) -> CompiledSchema:
    """Return the compiled schema of a file, kept for the life of the process.

    :raises ConfigurationError: the file is missing or is not a schema.
    """
    return CompiledSchema(path)


def _documents(path: Path) -> dict[Path, etree._ElementTree]:
    """Parse a schema and all that it includes, refusing any location that is not a local file."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    found: dict[Path, etree._ElementTree] = {}
    waiting = [path.resolve()]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        try:
            found[current] = etree.parse(str(current), parser)
        except (OSError, etree.XMLSyntaxError) as error:
            raise ConfigurationError(f"cannot read the schema {current.name}: {error}") from error
        waiting += [_beside(current, location) for location in _locations(found[current])]
    return found


def _locations(document: etree._ElementTree) -> list[str]:
    nodes = document.getroot().iterchildren(f"{XSD}include", f"{XSD}import", f"{XSD}redefine")
    return [location for node in nodes if (location := node.get("schemaLocation"))]


def _beside(path: Path, location: str) -> Path:
    if ":" in location:  # http://, file://, C:\: a schema set is complete in its own folder
        raise ConfigurationError(f"{path.name} refers to {location}, which is not beside it")
    return (path.parent / location).resolve()


def _bare(node: Element) -> str:
    """Return the type that a declaration names, or restricts on the spot, without its prefix."""
    restriction = node.find(f"{XSD}simpleType/{XSD}restriction")
    name = node.get("type", "") if restriction is None else restriction.get("base", "")
    return name.rpartition(":")[2]


def _bases(documents: Iterable[etree._ElementTree]) -> dict[str, str]:
    """Map each named simple type to the one that it restricts; built-in ones begin with ``xs:``.

    Without namespaces: an included file may have none of its own and take that of its includer.
    """
    bases: dict[str, str] = {}
    for document in documents:
        for node in document.getroot().iterchildren(f"{XSD}simpleType"):
            restriction = node.find(f"{XSD}restriction")
            if restriction is not None and (base := restriction.get("base")):
                prefix, _, local = base.rpartition(":")
                built_in = restriction.nsmap.get(prefix or None) == XSD[1:-1]
                bases[node.get("name", "")] = f"xs:{local}" if built_in else local
    return bases

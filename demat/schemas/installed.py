"""Official editions of the schemas that a user installs: kept untouched, verified, chosen by name.

Architecture §3. Each edition is a folder ``<edition>/`` with a manifest and, under ``fichiers/``,
the files of the State as they came; ``choix.json`` says which edition was chosen for which flux.
"""

import hashlib
import json
import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from demat.errors import ConfigurationError
from demat.faults import Fault, FaultError, Faults
from demat.files import digest_file, write_atomic
from demat.schemas.archives import is_inside, read_set
from demat.schemas.catalogue import ROOTS, XSD, Catalogue, SchemaEntry, compiled
from demat.xmlio import Element, parse_untrusted

__all__ = [
    "AUTO",
    "InstalledEdition",
    "catalogue_of",
    "choices",
    "choose",
    "editions",
    "install",
    "named",
]

AUTO = "auto"
"""The choice that lets the date of the document decide."""
_MANIFEST = "manifeste.json"
_CHOICE = "choix.json"
_FILES = "fichiers"
_EDITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_REFERENCES = ("include", "import", "redefine")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledEdition:
    """One edition of the State that a user added."""

    edition: str
    """Name given at the installation, such as ``4.7.1``."""
    valid_from: date
    """First day on which it is the one in force."""
    origin: str
    """Name of the archive or folder that it came from."""
    origin_sha256: str
    """SHA-256 of that archive; empty for a folder."""
    installed_at: datetime
    """When it was installed."""
    files: Mapping[str, str]
    """SHA-256 of each file, by its path in the set."""
    entries: tuple[SchemaEntry, ...]
    """The documents that it judges."""
    faults: Faults = field(default_factory=Faults)
    """Why it cannot be used: ``CFG-SCHEMA_ALTERED``; none when every file is as it came."""


def install(
    source: Path, folder: Path, *, edition: str, valid_from: date, now: datetime
) -> InstalledEdition:
    """Add an edition: find its entry points by content, compile them, then keep its files.

    :param source: folder, ``.zip`` or ``.tar.gz`` of XSD files as the State publishes them.
    :param folder: where editions are kept; it may not exist yet.
    :param valid_from: first day of the documents that this edition judges.
    :param now: instant of the installation, aware.
    :raises FaultError: ``CFG-SCHEMA_NAME``, ``CFG-SCHEMA_EXISTS``, ``XSD-ARCHIVE_…``, ``XSD-SET_…``
        or ``XML-…``; nothing is then kept.
    """
    if not _EDITION.fullmatch(edition) or edition == AUTO:
        raise FaultError(Fault(code="CFG-SCHEMA_NAME", params={"edition": edition}))
    packaged = {entry.edition for entry in Catalogue.default().entries}
    if edition in packaged or (folder / edition).exists():
        raise FaultError(Fault(code="CFG-SCHEMA_EXISTS", params={"edition": edition}))
    contents = read_set(source)
    found = _entry_points(contents)
    manifest = {
        "edition": edition,
        "valid_from": valid_from.isoformat(),
        "origin": source.resolve().name,
        "origin_sha256": digest_file(source) if source.is_file() else "",
        "installed_at": now.isoformat(),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
        "entries": [
            {"namespace": namespace, "root_name": root_name, "path": path}
            for (namespace, root_name), path in found.items()
        ],
    }
    _keep(folder, edition, contents, manifest)
    return _read(folder / edition)


def editions(folder: Path) -> tuple[InstalledEdition, ...]:
    """Return the editions of a folder, each with the result of its verification.

    :raises FaultError: ``CFG-SCHEMA_MANIFEST`` when what describes an edition cannot be read.
    """
    manifests = sorted(folder.glob(f"[!.]*/{_MANIFEST}"))
    return tuple(_read(path.parent) for path in manifests)


def choices(folder: Path) -> dict[str, str]:
    """Return the edition that was chosen for each flux; a flux that is absent goes by date.

    :raises FaultError: ``CFG-SCHEMA_MANIFEST``.
    """
    path = folder / _CHOICE
    if not path.exists():
        return {}
    kept = _json(path)
    if not all(isinstance(value, str) for value in kept.values()):
        raise FaultError(Fault(code="CFG-SCHEMA_MANIFEST", params={"path": str(path)}))
    return kept


def choose(folder: Path, edition: str, flux: str = "") -> dict[str, str]:
    """Choose the edition that judges a flux, or all those that it knows, whatever their date.

    :param edition: a packaged or installed edition, or ``auto`` for the date of the document.
    :param flux: ``PES_Aller``, ``PES_ACQUIT``, ``PES_Retour``, ``ACTES``…; empty for all.
    :returns: every choice, as :func:`choices`.
    :raises FaultError: ``CFG-SCHEMA_UNKNOWN``, ``CFG-SCHEMA_FLUX``, ``CFG-SCHEMA_ALTERED``.
    """
    served = _flux_of(Catalogue.default().entries)
    if edition != AUTO:
        served = _flux_of(named(folder, edition))
    if flux and flux not in served:
        params = {"edition": edition, "flux": flux, "known": ", ".join(served)}
        raise FaultError(Fault(code="CFG-SCHEMA_FLUX", params=params))
    concerned = (flux,) if flux else served
    kept = {name: held for name, held in choices(folder).items() if name not in concerned}
    if edition != AUTO:
        kept |= dict.fromkeys(concerned, edition)
    content = json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=2)
    write_atomic(folder / _CHOICE, content.encode())
    return kept


def catalogue_of(folder: Path) -> Catalogue:
    """Return the packaged schemas, the intact editions of a folder, and what was chosen there.

    An altered edition is left out, and refused when it is the one that was chosen.

    :raises FaultError: ``CFG-SCHEMA_UNKNOWN``, ``CFG-SCHEMA_ALTERED``, ``CFG-SCHEMA_MANIFEST``.
    """
    found = editions(folder)
    intact = [entry for item in found if not item.faults for entry in item.entries]
    catalogue = Catalogue.default().with_entries(intact)
    chosen = tuple(
        entry
        for flux, edition in choices(folder).items()
        for entry in _entries(edition, found)
        if entry.flux == flux
    )
    return catalogue.with_choice(chosen)


def named(folder: Path | None, edition: str) -> tuple[SchemaEntry, ...]:
    """Return what an edition judges, packaged or installed in a folder.

    :raises FaultError: ``CFG-SCHEMA_UNKNOWN``, ``CFG-SCHEMA_ALTERED``, ``CFG-SCHEMA_MANIFEST``.
    """
    return _entries(edition, editions(folder) if folder else ())


def _entries(edition: str, installed: tuple[InstalledEdition, ...]) -> tuple[SchemaEntry, ...]:
    for item in installed:
        if item.edition == edition:
            item.faults.raise_if_blocking()
            return item.entries
    packaged = Catalogue.default().entries
    if entries := tuple(entry for entry in packaged if entry.edition == edition):
        return entries
    known = dict.fromkeys([*(e.edition for e in packaged), *(i.edition for i in installed)])
    params = {"edition": edition, "known": ", ".join(known)}
    raise FaultError(Fault(code="CFG-SCHEMA_UNKNOWN", params=params))


def _flux_of(entries: tuple[SchemaEntry, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.flux for entry in entries))


# ------------------------------------------------------------------- finding the entry points


def _entry_points(contents: Mapping[str, bytes]) -> dict[tuple[str, str], str]:
    """Return, for each kind of document that the set declares, the file that judges it.

    :raises FaultError: ``XSD-SET_NO_ROOT``, ``XSD-SET_TWICE``, ``XSD-SET_MISSING``.
    """
    schemas = {name: _parse(name, content) for name, content in contents.items()}
    declared = {kind: _declaring(schemas, *kind) for kind in ROOTS}
    found = {kind: _only(kind, names, schemas) for kind, names in declared.items() if names}
    if not found:
        raise FaultError(Fault(code="XSD-SET_NO_ROOT"))
    for name in found.values():
        _reached(name, schemas)
    return found


def _parse(name: str, content: bytes) -> Element:
    try:
        return parse_untrusted(content)
    except FaultError as error:
        raise FaultError(error.faults.within(name)) from error


def _declaring(schemas: Mapping[str, Element], namespace: str, root_name: str) -> list[str]:
    return [
        name
        for name, root in schemas.items()
        if root.tag == f"{XSD}schema"
        and root.get("targetNamespace") == namespace
        and any(root_name in ("", node.get("name")) for node in root.iterchildren(f"{XSD}element"))
    ]


def _only(kind: tuple[str, str], names: list[str], schemas: Mapping[str, Element]) -> str:
    """Return the file that no other candidate includes.

    :raises FaultError: ``XSD-SET_TWICE`` when the set holds several editions.
    """
    included = {
        posixpath.normpath(posixpath.join(posixpath.dirname(name), location))
        for name in names
        for location in _locations(schemas[name])
    }
    heads = [name for name in names if name not in included] or names
    if len(heads) > 1:
        params = {"root": kind[1] or "ACTES", "files": ", ".join(heads)}
        raise FaultError(Fault(code="XSD-SET_TWICE", params=params))
    return heads[0]


def _locations(root: Element) -> Iterator[str]:
    for node in root.iterchildren(*(f"{XSD}{name}" for name in _REFERENCES)):
        if location := node.get("schemaLocation"):
            yield location


def _reached(entry: str, schemas: Mapping[str, Element]) -> None:
    """Follow every reference of an entry point: all must be in the set, and none elsewhere."""
    seen: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for location in _locations(schemas[name]):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), location))
            if ":" in location or target not in schemas:
                params = {"name": name, "location": location}
                raise FaultError(Fault(code="XSD-SET_MISSING", params=params))
            waiting.append(target)


# ------------------------------------------------------------------- keeping and reading back


def _keep(
    folder: Path, edition: str, contents: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> None:
    """Write an edition beside its place, compile it there, and only then give it its name."""
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder))
    try:
        for name, content in contents.items():
            write_atomic(staging / _FILES / name, content)
        text = json.dumps(manifest, ensure_ascii=False, indent=2)
        write_atomic(staging / _MANIFEST, text.encode())
        for entry in _read(staging).entries:
            _compile(entry)
        staging.chmod(0o755)
        staging.rename(folder / edition)
    except BaseException:
        shutil.rmtree(staging)
        raise


def _compile(entry: SchemaEntry) -> None:
    try:
        compiled(entry.path)
    except ConfigurationError as error:
        params = {"name": entry.path.name, "detail": str(error)}
        raise FaultError(Fault(code="XSD-SET_COMPILE", params=params)) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FaultError(Fault(code="CFG-SCHEMA_MANIFEST", params={"path": str(path)})) from error
    if not isinstance(value, dict):
        raise FaultError(Fault(code="CFG-SCHEMA_MANIFEST", params={"path": str(path)}))
    return value


def _read(folder: Path) -> InstalledEdition:
    raw = _json(folder / _MANIFEST)
    try:
        read = _edition(folder, raw)
        places = [*read.files, *(str(item["path"]) for item in raw["entries"])]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        params = {"path": str(folder / _MANIFEST)}
        raise FaultError(Fault(code="CFG-SCHEMA_MANIFEST", params=params)) from error
    if not all(is_inside(place) and place in read.files for place in places):
        params = {"path": str(folder / _MANIFEST)}
        raise FaultError(Fault(code="CFG-SCHEMA_MANIFEST", params=params))
    return read


def _edition(folder: Path, raw: Mapping[str, Any]) -> InstalledEdition:
    edition, valid_from = str(raw["edition"]), date.fromisoformat(raw["valid_from"])
    files = {str(name): str(digest) for name, digest in raw["files"].items()}
    return InstalledEdition(
        edition=edition,
        valid_from=valid_from,
        origin=str(raw["origin"]),
        origin_sha256=str(raw["origin_sha256"]),
        installed_at=datetime.fromisoformat(raw["installed_at"]),
        files=files,
        entries=tuple(
            SchemaEntry(
                namespace=str(item["namespace"]),
                root_name=str(item["root_name"]),
                edition=edition,
                valid_from=valid_from,
                path=folder / _FILES / str(item["path"]),
                origin=str(raw["origin"]),
            )
            for item in raw["entries"]
        ),
        faults=_altered(folder / _FILES, edition, files),
    )


def _altered(folder: Path, edition: str, files: Mapping[str, str]) -> Faults:
    return Faults(
        Fault(code="CFG-SCHEMA_ALTERED", params={"edition": edition, "name": name})
        for name, digest in files.items()
        if not is_inside(name) or not _same(folder / name, digest)
    )


def _same(path: Path, digest: str) -> bool:
    return path.is_file() and not path.is_symlink() and digest_file(path) == digest

"""A backup: a copy of the database, the documents that it names, a manifest that comes last.

The folder holds ``base-….sqlite3``, ``documents/ab/cdef…`` and ``manifeste.json``. The database is
copied first: every document that the copy names is then in the document store. What was there
already from an earlier backup is read again, not copied again. Until the new manifest takes the
place of the former one, the former backup is whole.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, func, select

from demat.clock import Clock
from demat.faults import Fault, FaultError, Faults
from demat.files import digest_file, sync_file, write_atomic, write_chunks
from demat.queue import journal
from demat.queue.database import REVISIONS, Database
from demat.queue.documents import DocumentFolder, document_fault
from demat.queue.lock import only_one
from demat.queue.model import JOURNAL_HEAD, METADATA
from demat.queue.references import references
from demat.queue.store import Store

__all__ = [
    "FORMAT",
    "MANIFEST",
    "SEAL",
    "Backup",
    "Copied",
    "back_up",
    "named_in",
    "opened_copy",
    "read_backup",
    "seal_of",
    "verify_backup",
]

FORMAT = "demat-sauvegarde-1"
MANIFEST = "manifeste.json"
SEAL = "sceau"
"""Key of the manifest: digest of all the others."""
_DOCUMENTS = "documents"
_LOCK = ".sauvegarde.verrou"
_KNOWN = frozenset({MANIFEST, _DOCUMENTS, _LOCK})

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """What a backup says of itself; the names are those of the manifest."""

    version: str
    """Version of demat that made it."""
    revision: str
    """Revision of its database."""
    instant: str
    """When it was made, ISO 8601, UTC."""
    base: str
    """File name of the copy of the database."""
    base_sha256: str
    entrees: int
    """Entries of the journal."""
    empreinte: str
    """Hash of the last one."""
    documents: int
    """Documents that the database names."""
    documents_sha256: str
    """Digest of the sorted list of their digests."""
    orphelins: tuple[str, ...]
    """Documents that were kept at that instant and that nothing named: they are not in it."""
    lignes: Mapping[str, int]
    """Rows of each table."""
    fichiers: Mapping[str, str]
    """Other files of the data folder, by path: digest under which the backup keeps their bytes."""
    manquants: tuple[str, ...] = ()
    """Documents that the database names, that were lost already then and are not in it."""
    ruptures: tuple[str, ...] = ()
    """Entries of the journal that had been altered already then."""
    configuration: str = ""
    """The configuration file that was used; it is named, not copied."""
    format: str = FORMAT

    @property
    def at(self) -> datetime:
        """When it was made, aware."""
        return datetime.fromisoformat(self.instant)


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """A backup that was made."""

    backup: Backup
    new: int
    """Documents and files that were not in the folder yet."""
    faults: Faults
    """What was lost or altered before: the backup is as good as it can be."""


@dataclass(kw_only=True, slots=True)
class _Filling:
    """The documents of a backup being filled."""

    target: DocumentFolder
    new: int = field(default=0)

    def add(self, path: Path, sha256: str) -> None:
        """Copy a file of that digest unless it is there, whole."""
        if self.target.check(sha256) is None:
            return
        with path.open("rb") as stream:
            write_chunks(self.target.path(sha256), iter(lambda: stream.read(1 << 20), b""))
        if fault := self.target.check(sha256):  # what was written is read back
            raise FaultError(fault)
        self.new += 1


def back_up(
    store: Store,
    folder: Path,
    clock: Clock,
    *,
    version: str,
    configuration: str = "",
    files: Mapping[str, Path] | None = None,
    progress: Progress | None = None,
) -> Copied:
    """Back up a store while others use it, and verify what was written.

    :param version: of demat.
    :param configuration: name of the configuration file.
    :param files: other files to keep, by the path under which they are restored.
    :raises FaultError: ``QUE-BACKUP_PLACE``, ``QUE-BACKUP_BUSY``, ``QUE-DISK``, ``QUE-S3_…``,
        ``QUE-DATABASE_CORRUPT``: the former backup then stays as it was.
    """
    _require_place(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / _LOCK) as alone:
            if not alone:
                raise FaultError(Fault(code="QUE-BACKUP_BUSY", params={"dossier": str(folder)}))
            return _back_up(store, folder, clock, version, configuration, files or {}, progress)
    except OSError as error:
        params = {"raison": error.strerror or type(error).__name__}
        raise FaultError(Fault(code="QUE-DISK", params=params)) from error


def _back_up(
    store: Store,
    folder: Path,
    clock: Clock,
    version: str,
    configuration: str,
    files: Mapping[str, Path],
    progress: Progress | None,
) -> Copied:
    now = clock.now()
    base = folder / f"base-{now:%Y%m%dT%H%M%S%f}Z.sqlite3"
    half = base.with_suffix(".part")
    try:
        store.snapshot(half)
        sync_file(half)
        filling = _Filling(target=DocumentFolder(folder / _DOCUMENTS))
        with opened_copy(half, folder) as (connection, revision):
            altered = journal.verify(connection)
            head = connection.execute(select(JOURNAL_HEAD)).one()
            named = sorted(references(connection))
            rows = {name: _count(connection, name) for name in sorted(METADATA.tables)}
        lost = _copy_documents(named, store, filling, progress)
        kept = {name: _copy_file(path, filling) for name, path in sorted(files.items())}
        orphans = sorted(frozenset(store.documents.digests()) - frozenset(named))
        half.replace(base)
    finally:
        half.unlink(missing_ok=True)
    backup = Backup(
        version=version,
        revision=revision,
        instant=now.isoformat(),
        base=base.name,
        base_sha256=digest_file(base),
        entrees=head.entries,
        empreinte=head.hash,
        documents=len(named),
        documents_sha256=_digest_of(named),
        orphelins=tuple(orphans),
        lignes=rows,
        fichiers=kept,
        manquants=tuple(fault.params["empreinte"] for fault in lost),
        ruptures=tuple(fault.params["entree"] for fault in altered),
        configuration=configuration,
    )
    said = json.loads(json.dumps(asdict(backup)))
    text = json.dumps(said | {SEAL: seal_of(said)}, ensure_ascii=False, indent=1, sort_keys=True)
    write_atomic(folder / MANIFEST, f"{text}\n".encode())  # last: it makes the rest count
    for former in folder.glob("base-*"):
        if former != base:
            former.unlink()
    return Copied(backup=backup, new=filling.new, faults=altered + lost)


def _copy_documents(
    named: list[str], store: Store, filling: _Filling, progress: Progress | None
) -> Faults:
    """Copy what is not there yet; return what is lost, which must not keep the rest from it."""
    faults = Faults()
    for rank, sha256 in enumerate(named, start=1):
        try:
            if filling.target.check(sha256) is not None:
                with store.documents.local(sha256) as path:
                    filling.add(path, sha256)
        except FaultError as error:
            if not set(error.faults.codes) <= _LOST:
                raise
            faults += error.faults
        if progress is not None:
            progress(rank, len(named))
    return faults


_LOST = frozenset({"QUE-DOCUMENT_MISSING", "QUE-DOCUMENT_CORRUPT", "QUE-DOCUMENT_UNREADABLE"})


def _copy_file(path: Path, filling: _Filling) -> str:
    sha256 = digest_file(path)
    filling.add(path, sha256)
    return sha256


def _require_place(folder: Path) -> None:
    """Refuse a folder that holds something else: it is not ours to fill."""
    with suppress(FileNotFoundError, NotADirectoryError):
        strangers = [
            path.name
            for path in folder.iterdir()
            if path.name not in _KNOWN and not path.name.startswith("base-")
        ]
        if strangers:
            params = {"dossier": str(folder), "nom": sorted(strangers)[0]}
            raise FaultError(Fault(code="QUE-BACKUP_PLACE", params=params))


def read_backup(folder: Path) -> Backup:
    """Read the manifest of a backup.

    :raises FaultError: ``QUE-BACKUP_ABSENT``, ``QUE-BACKUP_DAMAGED``, ``QUE-NEWER``.
    """
    try:
        text = (folder / MANIFEST).read_text("utf-8")
    except OSError as error:
        params = {"dossier": str(folder)}
        raise FaultError(Fault(code="QUE-BACKUP_ABSENT", params=params)) from error
    except UnicodeDecodeError as error:
        raise FaultError(_damaged(MANIFEST)) from error
    try:
        said: dict[str, Any] = json.loads(text)
        sealed = said.pop(SEAL) == seal_of(said)
        if said["format"] != FORMAT:
            raise FaultError(Fault(code="QUE-NEWER", params={"revision": str(said["format"])}))
        lists = {name: tuple(said[name]) for name in ("orphelins", "manquants", "ruptures")}
        backup = Backup(**said | lists)
        known = backup.revision in REVISIONS
        named = Path(backup.base).name == backup.base and backup.at.tzinfo is not None
    except (ValueError, TypeError, KeyError) as error:
        raise FaultError(_damaged(MANIFEST)) from error
    if not known:
        raise FaultError(Fault(code="QUE-NEWER", params={"revision": backup.revision}))
    if not (named and sealed):
        raise FaultError(_damaged(MANIFEST))
    return backup


def seal_of(said: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a manifest says, in canonical JSON: a rotten bit shows."""
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def opened_copy(base: Path, scratch: Path) -> Iterator[tuple[Connection, str]]:
    """Lend a transaction on a copy of a database, brought to the current revision, and its own.

    :param scratch: folder where the copy is made for the length of the block.
    :raises FaultError: ``QUE-NEWER``, ``QUE-DATABASE_CORRUPT``.
    """
    with TemporaryDirectory(prefix="base-", dir=scratch) as folder:
        copy = Path(folder) / "copie.sqlite3"
        with base.open("rb") as stream:
            write_chunks(copy, iter(lambda: stream.read(1 << 20), b""))
        revision = _revision(copy)
        database = Database(f"sqlite:///{copy}")
        try:
            with database.reading() as connection:
                if connection.exec_driver_sql("PRAGMA integrity_check").scalar() != "ok":
                    params = {"raison": "integrity_check"}
                    raise FaultError(Fault(code="QUE-DATABASE_CORRUPT", params=params))
                yield connection, revision
        finally:
            database.close()


def named_in(folder: Path, backup: Backup, scratch: Path) -> Mapping[str, str]:
    """Return the documents that the database of a backup names and that it holds: digest, name.

    :param scratch: folder with room for a copy of the database.
    :raises FaultError: ``QUE-DATABASE_CORRUPT``.
    """
    with opened_copy(folder / backup.base, scratch) as (connection, _revision_of_it):
        found = references(connection)
    return {sha256: name for sha256, name in found.items() if sha256 not in backup.manquants}


def verify_backup(folder: Path, backup: Backup, scratch: Path, progress: Progress | None) -> Faults:
    """Read a whole backup again; return all that is wrong with it.

    :param scratch: folder with room for a copy of the database.
    """
    base = folder / backup.base
    try:
        if digest_file(base) != backup.base_sha256:
            return Faults([_damaged(backup.base)])
    except OSError:
        return Faults([_damaged(backup.base)])
    try:
        with opened_copy(base, scratch) as (connection, _revision):
            altered = journal.verify(connection)
            head = connection.execute(select(JOURNAL_HEAD)).one()
            named = references(connection)
    except FaultError as error:
        return error.faults
    faults = Faults(one for one in altered if one.params["entree"] not in backup.ruptures)
    if (head.entries, head.hash) != (backup.entrees, backup.empreinte):
        faults += [_damaged(MANIFEST)]
    if _digest_of(sorted(named)) != backup.documents_sha256:
        faults += [_damaged(MANIFEST)]
    for sha256 in backup.manquants:
        named.pop(sha256, None)
    wanted = {sha256: name for name, sha256 in backup.fichiers.items()} | named
    return faults + _verify_documents(folder, wanted, progress)


def _verify_documents(
    folder: Path, wanted: Mapping[str, str], progress: Progress | None
) -> Iterator[Fault]:
    kept = DocumentFolder(folder / _DOCUMENTS)
    for rank, sha256 in enumerate(sorted(wanted), start=1):
        try:
            fault = kept.check(sha256)
        except ValueError:  # no digest: a forger was there
            fault = document_fault("QUE-DOCUMENT_MISSING", sha256)
        if fault is not None:
            yield fault.within(wanted[sha256])
        if progress is not None:
            progress(rank, len(wanted))


def _damaged(name: str) -> Fault:
    return Fault(code="QUE-BACKUP_DAMAGED", params={"fichier": name})


def _count(connection: Connection, name: str) -> int:
    return int(
        connection.execute(select(func.count()).select_from(METADATA.tables[name])).scalar_one()
    )


def _digest_of(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _revision(base: Path) -> str:
    """Return the revision of a database, before it is brought to the current one."""
    try:
        with closing(sqlite3.connect(base)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        params = {"raison": str(error)}
        raise FaultError(Fault(code="QUE-DATABASE_CORRUPT", params=params)) from error
    return str(row[0]) if row else ""

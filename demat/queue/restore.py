"""Putting a backup in the place of a database: beside it first, and in its place at the very end.

Nobody may use the database meanwhile: a service that is still up would go on with the former one.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from demat.faults import Fault, FaultError
from demat.files import digest_file, sync_file, write_chunks
from demat.queue.backup import Backup
from demat.queue.documents import DocumentFolder, DocumentStore
from demat.queue.lock import only_one

__all__ = ["bring_documents", "bring_files", "require_free", "restored_database"]

_WAIT = 2.0
"""Seconds that a database in use is waited for."""


def require_free(target: Path, *, replace: bool) -> None:
    """Refuse to restore over a database that holds something, or that somebody uses.

    :param replace: whether it may hold something.
    :raises FaultError: ``QUE-RESTORE_NOT_EMPTY``, ``QUE-RESTORE_BUSY``.
    """
    if not target.exists():
        return
    params = {"base": str(target)}
    try:
        with closing(sqlite3.connect(target, timeout=_WAIT)) as connection:
            # leaving WAL asks for the database alone: it fails as long as anybody has it open
            connection.execute("PRAGMA journal_mode=DELETE")
            told = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise FaultError(Fault(code="QUE-RESTORE_BUSY", params=params)) from error
        told = 1  # damaged: all the more reason to ask
    if told and not replace:
        raise FaultError(Fault(code="QUE-RESTORE_NOT_EMPTY", params=params))


def bring_documents(folder: Path, named: Mapping[str, str], store: DocumentStore) -> int:
    """Bring to a document store what it lacks of a backup; return how many documents that was.

    :param named: the digests.
    :raises FaultError: ``QUE-DISK``, ``QUE-S3_…``, ``QUE-DOCUMENT_…``.
    """
    kept, brought = DocumentFolder(folder / "documents"), 0
    for sha256 in sorted(named):
        if store.check(sha256) is not None:
            store.put(kept.get(sha256))
            brought += 1
    return brought


def bring_files(folder: Path, backup: Backup, root: Path) -> int:
    """Write the other files of a backup that are not there; one that differs is left as it is.

    :param root: the data folder.
    :returns: how many were written.
    :raises FaultError: ``QUE-BACKUP_DAMAGED`` for a name that leads elsewhere.
    :raises OSError: the disk does not take them.
    """
    kept, brought = DocumentFolder(folder / "documents"), 0
    for name, sha256 in backup.fichiers.items():
        target = root / name
        if not target.resolve().is_relative_to(root.resolve()):
            raise FaultError(Fault(code="QUE-BACKUP_DAMAGED", params={"fichier": name}))
        if not target.exists():
            write_chunks(target, [kept.get(sha256)])
            brought += 1
    return brought


@contextmanager
def restored_database(
    folder: Path, backup: Backup, target: Path, now: datetime, *, replace: bool
) -> Iterator[Path]:
    """Lend the copy of a database, to be made fit; it takes its place when the block ends well.

    The database that was there is kept beside it, under a name that says until when it served.

    :raises FaultError: ``QUE-RESTORE_NOT_EMPTY``, ``QUE-RESTORE_BUSY``, ``QUE-BACKUP_DAMAGED``.
    :raises OSError: the disk does not take it; what was there is then untouched.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_one(target.parent / ".restauration.verrou") as alone:
        if not alone:
            raise FaultError(Fault(code="QUE-RESTORE_BUSY", params={"base": str(target)}))
        require_free(target, replace=replace)
        copy = target.with_name(".restauration.sqlite3")
        _forget(copy)  # what a crash left
        try:
            with (folder / backup.base).open("rb") as stream:
                write_chunks(copy, iter(lambda: stream.read(1 << 20), b""))
            if digest_file(copy) != backup.base_sha256:
                params = {"fichier": backup.base}
                raise FaultError(Fault(code="QUE-BACKUP_DAMAGED", params=params))
            yield copy
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")  # all of it is in one file
            sync_file(copy)
            require_free(target, replace=replace)
            _set_aside(target, now)
            copy.replace(target)
            sync_file(target)
        finally:
            _forget(copy)


def _set_aside(target: Path, now: datetime) -> None:
    aside = target.with_name(f"{target.stem}.avant-restauration-{now:%Y%m%dT%H%M%SZ}.sqlite3")
    for end in ("-wal", "-shm"):  # first: they would be taken for those of the new database
        with suppress(FileNotFoundError):
            target.with_name(target.name + end).rename(aside.with_name(aside.name + end))
    with suppress(FileNotFoundError):
        os.link(target, aside)


def _forget(copy: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        copy.with_name(copy.name + end).unlink(missing_ok=True)

"""A backup of a store in use: whole, incremental, and the former one stays good until the end."""

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from demat.clock import FixedClock
from demat.faults import Fault, FaultError, Faults
from demat.files import digest_file
from demat.queue import backup as backups
from demat.queue.backup import (
    MANIFEST,
    SEAL,
    Backup,
    Copied,
    back_up,
    named_in,
    opened_copy,
    read_backup,
    seal_of,
    verify_backup,
)
from demat.queue.database import REVISIONS
from demat.queue.documents import DocumentFolder
from demat.queue.documents_s3 import DocumentBucket
from demat.queue.lock import only_one
from demat.queue.model import JOURNAL_HEAD
from demat.queue.references import references
from demat.queue.restore import bring_documents, bring_files, restored_database
from demat.queue.store import Store
from tests.s3_server import make_bucket, s3_server, settings
from tests.unit.queue.conftest import EXEMPLE, START, make_deposit, make_packed
from tests.unit.queue.past import DOCUMENTS, old_database


@pytest.fixture
def store(sqlite_url: str, documents_folder: Path, clock: FixedClock):  # type: ignore[no-untyped-def]  # replaces that of both databases
    opened = Store.open(sqlite_url, documents_folder, clock)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sauvegarde"


def save(store: Store, folder: Path, clock: FixedClock, **values: object) -> Copied:
    clock.instant += timedelta(hours=1)
    return back_up(store, folder, clock, version="1.2", **values)  # type: ignore[arg-type]  # by name


def verified(folder: Path, tmp_path: Path) -> Faults:
    return verify_backup(folder, read_backup(folder), tmp_path, None)


def numbers(base: Path) -> list[int]:
    with closing(sqlite3.connect(base)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM transmission ORDER BY id")]


def codes(action: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(FaultError) as caught:
        action()
    return caught.value.faults.codes


def test_a_backup_says_what_it_holds(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    flow = make_packed(store)
    orphan = store.documents.put(b"un reste")
    exchange = tmp_path / "data" / "echanges" / "1.txt"
    exchange.parent.mkdir(parents=True)
    exchange.write_bytes(b"POST /")
    files = {"echanges/1.txt": exchange}
    made = save(store, folder, clock, configuration="/etc/demat.toml", files=files)
    found = made.backup
    assert found == read_backup(folder)
    assert made.new == 3
    assert (found.version, found.revision, found.at) == ("1.2", REVISIONS[-1], clock.now())
    assert (found.documents, found.orphelins) == (2, (orphan,))
    assert found.entrees == len(store.journal())
    assert found.empreinte == store.journal()[-1].hash
    assert found.lignes["transmission"] == found.lignes["deposit"] == 1
    assert found.configuration == "/etc/demat.toml"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [MANIFEST, "documents", found.base, ".sauvegarde.verrou"]
    )
    kept = DocumentFolder(folder / "documents")
    assert kept.get(flow.sha256) == b"<PES_Aller/>"
    assert kept.get(found.fichiers["echanges/1.txt"]) == b"POST /"
    assert not kept.has(orphan)
    assert verified(folder, tmp_path) == Faults()


def test_the_next_one_copies_what_is_new_only(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    make_packed(store)
    first = save(store, folder, clock).backup
    inodes = {path: path.stat().st_ino for path in folder.glob("documents/??/*")}
    make_packed(store, content=b"<PES_Aller>2</PES_Aller>")
    second = save(store, folder, clock)
    assert second.new == 1
    assert {path: path.stat().st_ino for path in inodes} == inodes
    assert not (folder / first.base).exists()
    assert verified(folder, tmp_path) == Faults()


def test_a_copy_that_rotted_is_made_again(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    flow = make_packed(store)
    save(store, folder, clock)
    kept = DocumentFolder(folder / "documents")
    kept.path(flow.sha256).write_bytes(b"rotten")
    assert verified(folder, tmp_path).codes == ("QUE-DOCUMENT_CORRUPT",)
    assert save(store, folder, clock).new == 1
    assert verified(folder, tmp_path) == Faults()


def test_others_go_on_meanwhile(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    """Whatever is written meanwhile, the copy is one instant and holds all that it names."""
    make_packed(store)
    stop = threading.Event()
    written: list[int] = []

    def work() -> None:
        while not stop.is_set():
            content = f"<PES_Aller>{len(written)}</PES_Aller>".encode()
            written.append(make_packed(store, content=content).id)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            made = save(store, folder, clock).backup
            assert verified(folder, tmp_path) == Faults()
            found = numbers(folder / made.base)
            assert found == list(range(1, len(found) + 1))
    finally:
        stop.set()
        worker.join()
    assert written


@pytest.mark.parametrize("lost", ["removed", "damaged"])
def test_what_is_lost_is_told_and_keeps_nothing_else_from_it(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path, lost: str
) -> None:
    """Else one lost document would keep an installation from ever being backed up again."""
    flow = make_packed(store)
    assert isinstance(store.documents, DocumentFolder)
    path = store.documents.path(flow.sha256)
    path.unlink() if lost == "removed" else path.write_bytes(b"x")
    made = save(store, folder, clock)
    code = "QUE-DOCUMENT_MISSING" if lost == "removed" else "QUE-DOCUMENT_CORRUPT"
    assert made.faults == Faults([Fault(code=code, params={"empreinte": flow.sha256})])
    assert made.backup.manquants == (flow.sha256,)
    assert verified(folder, tmp_path) == Faults()
    assert flow.sha256 not in named_in(folder, made.backup, tmp_path)
    store.documents.put(b"<PES_Aller/>")
    assert save(store, folder, clock).backup.manquants == ()


def test_what_is_lost_since_the_former_one_is_still_in_it(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    flow = make_packed(store)
    save(store, folder, clock)
    assert isinstance(store.documents, DocumentFolder)
    store.documents.path(flow.sha256).unlink()
    assert save(store, folder, clock).faults == Faults()
    assert DocumentFolder(folder / "documents").get(flow.sha256) == b"<PES_Aller/>"


def rewrite(folder: Path, change: dict[str, object]) -> None:
    """Change a manifest as somebody who knows how it is sealed."""
    path = folder / MANIFEST
    said = json.loads(path.read_text())
    said.pop(SEAL)
    said |= change
    path.write_text(json.dumps(said | {SEAL: seal_of(said)}))


class Crash(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("step", ["write_chunks", "write_atomic", "digest_file", "_copy_documents"])
def test_a_crash_keeps_the_former_one(
    store: Store,
    folder: Path,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    make_packed(store)
    former = save(store, folder, clock).backup
    make_packed(store, content=b"<PES_Aller>2</PES_Aller>")

    def die(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(backups, step, die)
        with pytest.raises(Crash):
            save(store, folder, clock)
    assert read_backup(folder) == former
    assert verified(folder, tmp_path) == Faults()
    save(store, folder, clock)
    assert verified(folder, tmp_path) == Faults()
    assert len(list(folder.glob("base-*"))) == 1


def test_a_journal_that_was_altered_is_told(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path, sqlite_url: str
) -> None:
    make_packed(store)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as forger, forger:
        forger.execute("UPDATE journal SET action = 'rien' WHERE id = 2")
    made = save(store, folder, clock)
    assert made.faults == Faults([Fault(code="QUE-JOURNAL_BROKEN", params={"entree": "2"})])
    assert made.backup.ruptures == ("2",)
    assert verified(folder, tmp_path) == Faults()  # the backup is what was backed up
    rewrite(folder, {"ruptures": []})
    assert verified(folder, tmp_path).codes == ("QUE-JOURNAL_BROKEN",)


def test_a_folder_that_holds_something_else(store: Store, folder: Path, clock: FixedClock) -> None:
    folder.mkdir()
    (folder / "photos.zip").write_bytes(b"x")
    assert codes(lambda: save(store, folder, clock)) == ("QUE-BACKUP_PLACE",)
    assert [path.name for path in folder.iterdir()] == ["photos.zip"]


def test_two_at_once(store: Store, folder: Path, clock: FixedClock) -> None:
    folder.mkdir()
    with only_one(folder / ".sauvegarde.verrou"):
        assert codes(lambda: save(store, folder, clock)) == ("QUE-BACKUP_BUSY",)


def test_a_disk_that_is_no_disk(store: Store, folder: Path, clock: FixedClock) -> None:
    folder.write_bytes(b"a file")
    assert codes(lambda: save(store, folder, clock)) == ("QUE-DISK",)


def test_documents_that_are_in_a_bucket(
    sqlite_url: str, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    with s3_server() as address:
        make_bucket(address, "seau")
        bucket = DocumentBucket(settings(address, "seau"))
        store = Store.open(sqlite_url, bucket, clock)
        flow = make_packed(store)
        assert save(store, folder, clock).new == 2
        assert save(store, folder, clock).new == 0
        assert verified(folder, tmp_path) == Faults()
        make_bucket(address, "nouveau")
        new = DocumentBucket(settings(address, "nouveau"))
        assert bring_documents(folder, {flow.sha256: ""}, new) == 1
        assert bring_documents(folder, {flow.sha256: ""}, new) == 0
        assert new.get(flow.sha256) == b"<PES_Aller/>"
        store.close()


def test_a_postgresql_is_copied_row_by_row(
    postgres_ready: Callable[[], str],
    documents_folder: Path,
    folder: Path,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    store = Store.open(postgres_ready(), documents_folder, clock)
    flow = make_packed(store)
    made = save(store, folder, clock).backup
    assert verified(folder, tmp_path) == Faults()
    target = tmp_path / "neuf" / "demat.sqlite3"
    with restored_database(folder, made, target, START, replace=False):
        pass
    copy = Store.open(f"sqlite:///{target}", documents_folder, clock)
    assert copy.transmissions() == (flow,)
    assert copy.journal() == store.journal()
    copy.close()
    store.close()


# ------------------------------------------------------------------------------ reading one


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"format": "demat-sauvegarde-9"}, "QUE-NEWER"),
        ({"revision": "9999"}, "QUE-NEWER"),
        ({"base": "../../etc/passwd"}, "QUE-BACKUP_DAMAGED"),
        ({"instant": "hier"}, "QUE-BACKUP_DAMAGED"),
        ({"instant": "2026-11-23T08:00:00"}, "QUE-BACKUP_DAMAGED"),
        ({"inconnu": 1}, "QUE-BACKUP_DAMAGED"),
        (None, "QUE-BACKUP_DAMAGED"),
    ],
)
def test_a_manifest_that_cannot_be_believed(
    store: Store,
    folder: Path,
    clock: FixedClock,
    change: dict[str, object] | None,
    expected: str,
) -> None:
    save(store, folder, clock)
    if change is None:
        (folder / MANIFEST).write_text("{")
    else:
        rewrite(folder, change)
    assert codes(lambda: read_backup(folder)) == (expected,)


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"entrees": 3}, ("QUE-BACKUP_DAMAGED",)),
        ({"empreinte": "0" * 64}, ("QUE-BACKUP_DAMAGED",)),
        ({"documents_sha256": "0" * 64}, ("QUE-BACKUP_DAMAGED",)),
        ({"fichiers": {"echanges/x": "0" * 64}}, ("QUE-DOCUMENT_MISSING",)),
        ({"fichiers": {"echanges/x": "../x"}}, ("QUE-DOCUMENT_MISSING",)),
    ],
)
def test_a_manifest_that_does_not_agree_with_the_rest(
    store: Store,
    folder: Path,
    clock: FixedClock,
    tmp_path: Path,
    change: dict[str, object],
    faults: tuple[str, ...],
) -> None:
    make_packed(store)
    save(store, folder, clock)
    rewrite(folder, change)
    assert verified(folder, tmp_path).codes == faults


def test_a_rotten_bit_of_the_manifest_shows(store: Store, folder: Path, clock: FixedClock) -> None:
    save(store, folder, clock)
    path = folder / MANIFEST
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        found = codes(lambda: read_backup(folder))
        assert found in (("QUE-BACKUP_DAMAGED",), ("QUE-NEWER",)), place


def test_a_backup_of_an_earlier_revision_is_brought_to_this_one(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    earlier = "0010"  # the first that could be backed up
    made = save(store, folder, clock).backup
    base = folder / made.base
    base.unlink()
    old_database(f"sqlite:///{base}", earlier)
    for content in DOCUMENTS.values():
        DocumentFolder(folder / "documents").put(content)
    with opened_copy(base, tmp_path) as (connection, revision):
        named = sorted(references(connection))
        head = connection.execute(select(JOURNAL_HEAD)).one()
    assert revision == earlier
    change = {
        "revision": earlier,
        "base_sha256": digest_file(base),
        "entrees": head.entries,
        "empreinte": head.hash,
        "documents_sha256": hashlib.sha256("\n".join(named).encode()).hexdigest(),
    }
    rewrite(folder, change)
    assert verified(folder, tmp_path) == Faults()
    target = tmp_path / "neuf" / "demat.sqlite3"
    with restored_database(folder, read_backup(folder), target, START, replace=False):
        pass
    again = Store.open(f"sqlite:///{target}", folder / "documents", clock)
    assert again.transmissions()
    assert again.verify_documents() == Faults()
    again.close()


def test_a_file_of_the_backup_leads_nowhere_else(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    made = save(store, folder, clock).backup
    sha256 = DocumentFolder(folder / "documents").put(b"x")
    for name in ("../ailleurs", "/ailleurs"):
        forged = Backup(**{**_fields(made), "fichiers": {name: sha256}})
        assert codes(lambda forged=forged: bring_files(folder, forged, tmp_path / "donnees")) == (
            "QUE-BACKUP_DAMAGED",
        )
    good = Backup(**{**_fields(made), "fichiers": {"echanges/1.txt": sha256}})
    assert bring_files(folder, good, tmp_path / "donnees") == 1
    assert (tmp_path / "donnees" / "echanges" / "1.txt").read_bytes() == b"x"
    assert bring_files(folder, good, tmp_path / "donnees") == 0


def _fields(backup: Backup) -> dict[str, object]:
    return {name: getattr(backup, name) for name in Backup.__dataclass_fields__}


# ------------------------------------------------------------------------------ putting it back


def test_a_crash_before_the_end_leaves_what_was_there(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path, sqlite_url: str
) -> None:
    make_packed(store)
    made = save(store, folder, clock).backup
    make_packed(store, content=b"<PES_Aller>2</PES_Aller>")
    store.close()
    target = Path(sqlite_url.removeprefix("sqlite:///"))
    seen = []

    def die() -> None:
        with restored_database(folder, made, target, START, replace=True) as copy:
            seen.append(numbers(copy))
            raise Crash

    with pytest.raises(Crash):
        die()
    assert seen == [[1]]
    assert numbers(target) == [1, 2]
    with restored_database(folder, made, target, START, replace=True):
        pass
    assert numbers(target) == [1]
    (aside,) = target.parent.glob("*avant-restauration-20261123T070000Z.sqlite3")
    assert numbers(aside) == [1, 2]
    assert not list(target.parent.glob(".restauration.sqlite3*"))


def test_what_a_crash_left_beside_is_not_taken_for_the_copy(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    make_packed(store)
    made = save(store, folder, clock).backup
    target = tmp_path / "neuf" / "demat.sqlite3"
    target.parent.mkdir()
    half = target.with_name(".restauration.sqlite3")
    shutil.copyfile(folder / made.base, half)
    half.with_name(half.name + "-wal").write_bytes(b"\xff" * 5000)
    with restored_database(folder, made, target, START, replace=False):
        pass
    assert numbers(target) == [1]
    fault = Fault(code="QUE-RESTORE_NOT_EMPTY", params={"base": str(target)})
    again = restored_database(folder, made, target, START, replace=False)
    with pytest.raises(FaultError) as caught, again:
        pass
    assert list(caught.value.faults) == [fault]


def test_an_empty_database_may_be_replaced(
    store: Store, folder: Path, clock: FixedClock, tmp_path: Path
) -> None:
    make_deposit(store, collectivite=EXEMPLE)
    made = save(store, folder, clock).backup
    target = tmp_path / "neuf" / "demat.sqlite3"
    Store.open(f"sqlite:///{target}", tmp_path / "neuf" / "documents", clock).close()
    with restored_database(folder, made, target, START, replace=False):
        pass
    again = Store.open(f"sqlite:///{target}", tmp_path / "neuf" / "documents", clock)
    assert [one.name for one in again.deposits()] == ["mandats.csv"]
    again.close()

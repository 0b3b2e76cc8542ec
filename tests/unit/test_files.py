"""Writing files: whole or not at all."""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demat import files
from demat.files import (
    copy_tree,
    digest_file,
    free_name,
    move,
    safe_name,
    storage_fault,
    write_atomic,
    write_chunks,
)
from demat.labels_fr.catalogue import sentence


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# ------------------------------------------------------------------------------- writing


def test_a_file_is_written_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "c.xml"
    write_atomic(path, b"un")
    write_atomic(path, b"deux")
    assert path.read_bytes() == b"deux"
    assert path.stat().st_mode & 0o777 == 0o644
    assert tree(tmp_path) == ["a", "a/b", "a/b/c.xml"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_the_old_file_is_intact_when_the_new_one_cannot_be_written(tmp_path, monkeypatch, step):
    path = tmp_path / "c.xml"
    write_atomic(path, b"un")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"deux")
    assert (path.read_bytes(), tree(tmp_path)) == (b"un", ["c.xml"])


def test_what_is_written_reaches_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def fsync(descriptor):
        steps.append("sync folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "sync")
        real_sync(descriptor)

    def replace(path, target):
        steps.append("name")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    write_atomic(tmp_path / "new" / "c.xml", b"x")
    assert steps == ["sync folder", "sync", "name", "sync folder"]


def test_a_digest_is_that_of_the_whole_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    content = bytes(range(256)) * 50
    path.write_bytes(content)
    monkeypatch.setattr(files, "_CHUNK", 1000)
    assert digest_file(path) == hashlib.sha256(content).hexdigest()


# --------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("délibération n° 12.pdf", "deliberation_n_12.pdf"),
        ("../../etc/passwd", "etc_passwd"),
        ("a/b\\c", "a_b_c"),
        ("..", "sans-nom"),
        ("", "sans-nom"),
        (".cache", "cache"),
        ("PESALR2_1-2.xml", "PESALR2_1-2.xml"),
        ("文", "sans-nom"),
    ],
)
def test_safe_names(name, safe):
    assert safe_name(name) == safe


def test_a_free_name_is_not_taken_not_even_by_a_broken_link(tmp_path):
    assert free_name(tmp_path, "a.pdf") == tmp_path / "a.pdf"
    (tmp_path / "a.pdf").write_bytes(b"x")
    assert free_name(tmp_path, "a.pdf") == tmp_path / "a-2.pdf"
    (tmp_path / "a-2.pdf").symlink_to("absent")
    assert free_name(tmp_path, "a.pdf") == tmp_path / "a-3.pdf"
    (tmp_path / "depot").mkdir()
    assert free_name(tmp_path, "depot") == tmp_path / "depot-2"


# ---------------------------------------------------------------------------------- moves


def cross_device(monkeypatch) -> None:
    def rename(path, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(path))

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("other_disk", [False, True])
def test_a_file_and_a_folder_move_without_overwriting(tmp_path, monkeypatch, other_disk):
    if other_disk:
        cross_device(monkeypatch)
    (tmp_path / "depot" / "sous").mkdir(parents=True)
    (tmp_path / "depot" / "sous" / "a.pdf").write_bytes(b"a")
    (tmp_path / "b.pdf").write_bytes(b"b")
    target = tmp_path / "ici" / "la"
    target.mkdir(parents=True)
    (target / "b.pdf").write_bytes(b"ancien")
    assert move(tmp_path / "depot", target) == target / "depot"
    assert move(tmp_path / "b.pdf", target) == target / "b-2.pdf"
    assert (target / "b.pdf").read_bytes() == b"ancien"
    assert (target / "b-2.pdf").read_bytes() == b"b"
    assert (target / "depot" / "sous" / "a.pdf").read_bytes() == b"a"
    assert [path.name for path in tmp_path.iterdir()] == ["ici"]


def test_what_cannot_be_moved_stays(tmp_path, monkeypatch):
    (tmp_path / "b.pdf").write_bytes(b"b")

    def rename(path, target):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(PermissionError):
        move(tmp_path / "b.pdf", tmp_path / "ici")
    assert (tmp_path / "b.pdf").read_bytes() == b"b"


def test_links_inside_a_folder_stay_links(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "depot").mkdir()
    (tmp_path / "depot" / "lien").symlink_to(tmp_path / "secret")
    copy_tree(tmp_path / "depot", tmp_path / "copie")
    assert (tmp_path / "copie" / "lien").is_symlink()
    copy_tree(tmp_path / "secret", tmp_path / "ici" / "copie")
    assert (tmp_path / "ici" / "copie").read_bytes() == b"secret"


# --------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("error", "code", "path"),
    [
        (OSError(errno.ENOSPC, "No space left", "/x/a"), "INT-DISK_FULL", "/x/a"),
        (OSError(errno.EDQUOT, "Quota exceeded", "/x/a"), "INT-DISK_FULL", "/x/a"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/a"), "INT-SYSTEM", "/x/a"),
        (OSError("odd"), "INT-SYSTEM", "…"),
        (OSError(), "INT-SYSTEM", "…"),
    ],
)
def test_what_kept_a_file_from_being_written(error, code, path):
    fault = storage_fault(error)
    assert (fault.code, fault.params["path"]) == (code, path)
    assert path in sentence(fault)
    assert fault.params.get("reason", "x")


def test_a_file_is_written_piece_by_piece_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_chunks(target, (bytes([letter]) for letter in b"abc"))
    assert target.read_bytes() == b"abc"

    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("the source broke")

    with pytest.raises(ValueError, match="the source broke"):
        write_chunks(target, broken())
    assert target.read_bytes() == b"abc"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]

"""A share that is a folder: whole files or none, plain files only, and what each failure proves."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demat.connectors.api import AuthenticationRefused, OutcomeUnknown, Refused, Unreachable
from demat.connectors.partage import is_plain_name
from demat.connectors.partage_dossier import DossierPartage


@pytest.fixture
def share(tmp_path: Path) -> DossierPartage:
    for name in ("entree", "sortie", "traites"):
        (tmp_path / name).mkdir()
    return DossierPartage(tmp_path)


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let the system refuse files that are longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "",
        "a/b",
        "../a",
        ".cache",
        "-a",
        "é.xml",
        "a b",
        "a\nb",
        "a\x00",
        "x" * 201,
        "a:b",
    ],
)
def test_names_that_are_no_names(name: str) -> None:
    assert not is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    ["XYZ-EACT--000000000--20260317-1.tar.gz", "PES2R_DEP_P_1.xml", "099-1-DE-1-2_12.xml", "x"],
)
def test_names_of_the_field(name: str) -> None:
    assert is_plain_name(name)


def test_a_file_is_written_then_named(share: DossierPartage, tmp_path: Path) -> None:
    share.write("entree", "a.part", b"abc")
    share.write("entree", "a.part", b"d")  # an earlier try left more
    share.rename("entree", "a.part", "a")
    assert [(one.name, one.size, one.plain) for one in share.entries("entree")] == [("a", 1, True)]
    assert share.read("entree", "a", most=10) == b"d"
    assert share.look("entree", "a.part") is None
    assert share.atomic("entree")


def test_everything_is_synced(share: DossierPartage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content before its name, the folder after it."""
    done: list[str] = []
    real, rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        done.append("named")
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    share.write("entree", "a.part", b"abc")
    share.rename("entree", "a.part", "a")
    assert done == ["a.part", "named", "entree"]


@pytest.mark.parametrize("folder", ["absent", "entree/a"])
def test_a_folder_that_is_not_there(share: DossierPartage, tmp_path: Path, folder: str) -> None:
    (tmp_path / "entree" / "a").write_bytes(b"")
    for ask in (
        lambda: share.entries(folder),
        lambda: share.look(folder, "b"),
        lambda: share.write(folder, "b", b""),
        lambda: share.move("entree", "a", folder),
    ):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.faults.codes == ("CON-SHARE_FOLDER",)


def test_a_disk_without_room(share: DossierPartage, tmp_path: Path) -> None:
    with small_files(1000), pytest.raises(Refused) as caught:
        share.write("entree", "a.part", b"x" * 5000)
    assert caught.value.transient
    assert caught.value.faults.codes == ("CON-SHARE_FULL",)
    assert list((tmp_path / "entree").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, AuthenticationRefused),
        (errno.EROFS, AuthenticationRefused),
        (errno.ENOSPC, Refused),
        (errno.ENOENT, OutcomeUnknown),
        (errno.EIO, OutcomeUnknown),
        (errno.ESTALE, OutcomeUnknown),
        (errno.ETIMEDOUT, OutcomeUnknown),
    ],
)
def test_what_a_renaming_that_fails_proves(
    share: DossierPartage,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[Exception],
) -> None:
    share.write("entree", "a.part", b"x")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(kind) as caught:
        share.rename("entree", "a.part", "a")
    assert caught.type is kind


def test_only_plain_files_are_read(share: DossierPartage, tmp_path: Path) -> None:
    sortie = tmp_path / "sortie"
    (sortie / "plain").write_bytes(b"x" * 100)
    (sortie / "link").symlink_to("plain")
    (sortie / "folder").mkdir()
    os.mkfifo(sortie / "pipe")
    plain = {one.name: one.plain for one in share.entries("sortie")}
    assert plain == {"plain": True, "link": False, "folder": False, "pipe": False}
    assert share.read("sortie", "plain", most=10) == b"x" * 11
    for name in ("link", "folder", "pipe", "absent"):
        assert share.read("sortie", name, most=10) is None


def test_a_link_is_not_written_through(share: DossierPartage, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "entree" / "a.part").symlink_to(tmp_path / "precious")
    with pytest.raises(Unreachable):
        share.write("entree", "a.part", b"x")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_moving_overwrites_nothing(share: DossierPartage, tmp_path: Path) -> None:
    for content in (b"1", b"2"):
        (tmp_path / "sortie" / "a.xml").write_bytes(content)
        share.move("sortie", "a.xml", "traites")
    assert sorted(path.read_bytes() for path in (tmp_path / "traites").iterdir()) == [b"1", b"2"]


def test_removing_says_whether_it_was_there(share: DossierPartage, tmp_path: Path) -> None:
    (tmp_path / "sortie" / "a.xml").write_bytes(b"")
    assert share.remove("sortie", "a.xml")
    assert not share.remove("sortie", "a.xml")

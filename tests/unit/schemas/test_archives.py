"""Sets of schemas that are opened: only XSD files come out, and nothing hostile."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from demat.faults import FaultError
from demat.schemas import archives
from demat.schemas.archives import is_inside, read_set

FILES = {"PES/a.xsd": b"<a/>", "PES/sous/b.XSD": b"<b/>", "lisez-moi.txt": b"bonjour"}
KEPT = {"PES/a.xsd": b"<a/>", "PES/sous/b.XSD": b"<b/>"}


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # the mode is a text
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
    return made


def make_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda path: make_folder(path / "set", FILES),
        lambda path: make_zip(path / "set.zip", FILES),
        lambda path: make_tar(path / "s.tar.gz", [(member(n), c) for n, c in FILES.items()]),
        lambda path: make_tar(path / "s.tar", [(member(f"./{n}"), c) for n, c in FILES.items()]),
        lambda path: make_tar(
            path / "s.tar.gz",
            [(member("PES", tarfile.DIRTYPE), b""), *((member(n), c) for n, c in FILES.items())],
        ),
    ],
    ids=["folder", "zip", "tar.gz", "tar", "tar-with-folders"],
)
def test_the_xsd_files_come_out_by_their_path(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert read_set(make(tmp_path)) == KEPT


def refused(source: Path) -> tuple[str, dict[str, str]]:
    with pytest.raises(FaultError) as caught:
        read_set(source)
    (fault,) = caught.value.faults
    return fault.code, dict(fault.params)


NAMES = ["../a.xsd", "PES/../../a.xsd", "/etc/a.xsd", "C:\\a.xsd", "a\\b.xsd", "./PES//a.xsd"]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_leaves_the_set_is_refused(tmp_path: Path, name: str) -> None:
    tar = make_tar(tmp_path / "s.tar.gz", [(member(name), b"<a/>")])
    assert refused(tar)[0] == "XSD-ARCHIVE_NAME"
    if name.count("\\") == 0:  # zipfile writes the separators of the machine
        assert refused(make_zip(tmp_path / "s.zip", {name: b"<a/>"}))[0] == "XSD-ARCHIVE_NAME"


def test_a_folder_that_leaves_the_set_is_refused(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "s.tar.gz", [(member("../sortie", tarfile.DIRTYPE), b"")])
    assert refused(tar) == ("XSD-ARCHIVE_NAME", {"name": "../sortie"})
    packed = make_zip(tmp_path / "s.zip", {"../sortie/": b""})
    assert refused(packed) == ("XSD-ARCHIVE_NAME", {"name": "../sortie"})


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    tar = make_tar(tmp_path / "s.tar.gz", [(member("a.xsd", kind), b"")])
    assert refused(tar) == ("XSD-ARCHIVE_KIND", {"name": "a.xsd"})


def test_a_link_in_a_zip_or_a_folder_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.xsd")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refused(tmp_path / "s.zip") == ("XSD-ARCHIVE_KIND", {"name": "a.xsd"})
    folder = make_folder(tmp_path / "set", {"b.xsd": b"<b/>"})
    (folder / "a.xsd").symlink_to("/etc/passwd")
    assert refused(folder) == ("XSD-ARCHIVE_KIND", {"name": "a.xsd"})


def test_a_pipe_in_a_folder_is_not_opened(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "set", {"b.xsd": b"<b/>"})
    os.mkfifo(folder / "a.xsd")
    assert refused(folder) == ("XSD-ARCHIVE_KIND", {"name": "a.xsd"})


def test_a_bomb_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1_048_576)
    bomb = bytes(1_048_577)
    said = ("XSD-ARCHIVE_SIZE", {"limit": "1", "files": "5000"})
    assert refused(make_zip(tmp_path / "s.zip", {"a.xsd": bomb})) == said
    assert refused(make_tar(tmp_path / "s.tar.gz", [(member("a.xsd"), bomb)])) == said
    assert refused(make_folder(tmp_path / "set", {"a.xsd": bomb})) == said
    half = bomb[: len(bomb) // 2 + 1]
    assert refused(make_zip(tmp_path / "two.zip", {"a.xsd": half, "b.xsd": half})) == said
    assert read_set(make_zip(tmp_path / "one.zip", {"a.xsd": half})) == {"a.xsd": half}


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "s.zip", {"a.xsd": b"x" * 1000})
    content = path.read_bytes().replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    assert refused(path) == ("XSD-ARCHIVE_FORMAT", {"name": "s.zip"})


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    assert refused(make_zip(tmp_path / "s.zip", FILES))[0] == "XSD-ARCHIVE_SIZE"
    members = [(member(n), c) for n, c in FILES.items()]
    assert refused(make_tar(tmp_path / "s.tar.gz", members))[0] == "XSD-ARCHIVE_SIZE"
    assert refused(make_folder(tmp_path / "set", FILES))[0] == "XSD-ARCHIVE_SIZE"


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    members = [(member("a.xsd"), b"<a/>"), (member("A.xsd"), b"<b/>")]
    tar = make_tar(tmp_path / "s.tar.gz", members)
    assert refused(tar) == ("XSD-ARCHIVE_DOUBLE", {"name": "A.xsd"})


@pytest.mark.parametrize(
    "content", [b"", b"bonjour", b"PK\x03\x04 rien", b"\x1f\x8b rien" * 9, b"\x1f\x8b\x08\x00"]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.zip"
    path.write_bytes(content)
    assert refused(path) == ("XSD-ARCHIVE_FORMAT", {"name": "s.zip"})


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    content = os.urandom(5000)
    tar = make_tar(tmp_path / "s.tar.gz", [(member("a.xsd"), content)])
    tar.write_bytes(tar.read_bytes()[:-2000])
    assert refused(tar) == ("XSD-ARCHIVE_FORMAT", {"name": "s.tar.gz"})


def test_a_negative_size_does_not_send_the_reader_back_for_ever(tmp_path: Path) -> None:
    first, forged = member("a.xsd"), member("lisez-moi.txt")
    forged.size = -512
    blocks = first.tobuf(tarfile.GNU_FORMAT) + forged.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    (tmp_path / "s.tar").write_bytes(blocks)
    assert refused(tmp_path / "s.tar") == ("XSD-ARCHIVE_FORMAT", {"name": "s.tar"})


def test_nothing_to_install(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "s.zip", {"lisez-moi.txt": b"bonjour"})
    assert refused(packed) == ("XSD-ARCHIVE_EMPTY", {"name": "s.zip"})
    absent = refused(tmp_path / "absent.zip")
    reason = "No such file or directory"
    assert absent == ("INT-PATH", {"path": str(tmp_path / "absent.zip"), "reason": reason})


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        *(("a.xsd", True), ("a/b c/d.xsd", True), ("a..b/c.xsd", True)),
        *(("", False), (".", False), ("a/../b", False), ("/a", False), ("a/", False)),
        *(("a\nb", False), ("a:b", False), ("x" * 241, False), ("/".join("a" * 21), False)),
    ],
)
def test_names_that_stay_inside(name: str, inside: bool) -> None:
    assert is_inside(name) is inside

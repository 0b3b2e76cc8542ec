"""Writing the site: only what changed, nothing foreign, safe at every step."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from demat.faults import FaultError
from demat.publish.writer import MANIFEST, write_site

FILES = {"index.html": b"<p>1", "actes/2026/DE/x/index.html": b"<p>2", "actes/x.pdf": b"%PDF"}


def on_disk(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def manifest(folder: Path) -> Mapping[str, str]:
    return json.loads((folder / MANIFEST).read_text("utf-8"))["fichiers"]


def test_a_first_writing(tmp_path: Path):
    folder = tmp_path / "new" / "site"

    assert write_site(folder, FILES) == 3

    assert on_disk(folder) == FILES
    digests = {path: sha256(content).hexdigest() for path, content in FILES.items()}
    assert manifest(folder) == digests


def test_only_what_changed_is_written(tmp_path: Path):
    write_site(tmp_path, FILES)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    assert write_site(tmp_path, FILES) == 0
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps

    assert write_site(tmp_path, {**FILES, "index.html": b"<p>new"}) == 1
    assert on_disk(tmp_path)["index.html"] == b"<p>new"


def test_a_damaged_file_is_restored(tmp_path: Path):
    write_site(tmp_path, FILES)
    (tmp_path / "index.html").write_bytes(b"defaced")
    (tmp_path / "actes/x.pdf").unlink()

    assert write_site(tmp_path, FILES) == 2
    assert on_disk(tmp_path) == FILES


def test_files_of_an_earlier_site_leave_with_their_empty_folders(tmp_path: Path):
    write_site(tmp_path, FILES)
    (tmp_path / "actes/notes.txt").write_text("à nous")

    assert write_site(tmp_path, {"index.html": b"<p>1"}) == 2

    assert on_disk(tmp_path) == {"index.html": b"<p>1", "actes/notes.txt": "à nous".encode()}
    assert not (tmp_path / "actes/2026").exists()
    assert list(manifest(tmp_path)) == ["index.html"]


def test_a_foreign_file_is_neither_overwritten_nor_removed(tmp_path: Path):
    (tmp_path / "index.html").write_text("le site de la mairie")

    with pytest.raises(FaultError) as caught:
        write_site(tmp_path, FILES)

    (fault,) = caught.value.faults
    assert (fault.code, fault.params) == ("PUB-FOREIGN", {"fichier": "index.html"})
    assert on_disk(tmp_path) == {"index.html": b"le site de la mairie"}
    assert not (tmp_path / MANIFEST).exists()


def test_a_foreign_file_that_is_the_same_is_adopted(tmp_path: Path):
    (tmp_path / "index.html").write_bytes(FILES["index.html"])
    assert write_site(tmp_path, FILES) == 2
    assert "index.html" in manifest(tmp_path)


def test_after_a_cut_the_next_call_goes_on(tmp_path: Path, monkeypatch):
    """What was written before the cut is ours, even when its content is no longer the right one."""
    written: list[Path] = []

    def cut(path: Path, content: bytes) -> None:
        if len(written) == 2:
            raise OSError("power")
        written.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    with monkeypatch.context() as patched:
        patched.setattr("demat.publish.writer.write_atomic", cut)
        with pytest.raises(OSError, match="power"):
            write_site(tmp_path, FILES)
    assert written[0].name == MANIFEST

    other = {path: content + b"!" for path, content in FILES.items()}
    assert write_site(tmp_path, other) == 3
    assert on_disk(tmp_path) == other


def test_pages_come_after_what_they_link_to(tmp_path: Path, monkeypatch):
    order: list[str] = []
    monkeypatch.setattr(
        "demat.publish.writer.write_atomic",
        lambda path, _: order.append(path.relative_to(tmp_path).as_posix()),
    )
    write_site(tmp_path, FILES)
    assert [path for path in order if path != MANIFEST] == [
        "actes/x.pdf",
        "actes/2026/DE/x/index.html",
        "index.html",
    ]


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a\\b", MANIFEST]
)
def test_a_path_never_leaves_the_folder(tmp_path: Path, path: str):
    with pytest.raises(ValueError, match="not a path of the site"):
        write_site(tmp_path / "site", {path: b"x"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"fichiers": 1}', '{"fichiers": {"../../x": "0"}}', '{"other": {}}', "\xff"]
)
def test_a_broken_manifest_stops_everything(tmp_path: Path, text: str):
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))

    with pytest.raises(FaultError) as caught:
        write_site(tmp_path, FILES)

    assert caught.value.faults.codes == ("PUB-MANIFEST",)
    assert on_disk(tmp_path) == {}

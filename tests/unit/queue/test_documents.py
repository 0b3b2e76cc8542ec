"""Documents under their digest: the same promises on a disk and in a bucket."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from demat.faults import Fault, FaultError
from demat.queue import documents
from demat.queue.documents import DocumentFolder, DocumentStore, document_key
from demat.queue.documents_s3 import DocumentBucket
from tests.s3_server import ask, make_bucket, s3_server, settings

CONTENT = b"<PES_Aller/>"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
BUCKETS = count(1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A document store, and what a sick disk or a clumsy hand does to it."""

    store: DocumentStore
    damage: Callable[[str, bytes], None]
    remove: Callable[[str], None]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        folder = DocumentFolder(tmp_path / "documents")
        return Place(
            store=folder,
            damage=lambda sha256, content: _write(folder.path(sha256), content),
            remove=lambda sha256: folder.path(sha256).unlink(),
        )
    address = request.getfixturevalue("s3")
    bucket = f"seau-{next(BUCKETS)}"
    make_bucket(address, bucket)

    def path(sha256: str) -> str:
        return f"/{bucket}/mairies/essai/{document_key(sha256)}"

    return Place(
        store=DocumentBucket(settings(address, bucket)),
        damage=lambda sha256, content: _put(address, path(sha256), content),
        remove=lambda sha256: _delete(address, path(sha256)),
    )


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _put(address: str, path: str, content: bytes) -> None:
    ask(address, path, method="PUT", body=content)


def _delete(address: str, path: str) -> None:
    ask(address, path, method="DELETE")


def _fault(code: str, sha256: str = SHA256) -> Fault:
    return Fault(code=f"QUE-DOCUMENT_{code}", params={"empreinte": sha256})


def test_put_then_get(place: Place) -> None:
    store = place.store
    assert not store.has(SHA256)
    assert store.put(CONTENT) == SHA256
    assert store.has(SHA256)
    assert store.get(SHA256) == CONTENT
    assert store.check(SHA256) is None
    with store.local(SHA256) as path:
        assert path.read_bytes() == CONTENT


def test_the_same_bytes_count_once(place: Place) -> None:
    assert place.store.put(CONTENT) == place.store.put(CONTENT) == SHA256
    other = place.store.put(b"autre")
    assert sorted(place.store.digests()) == sorted([SHA256, other])


@pytest.mark.parametrize("content", [b"", b"\0" * 3_000_000 + b"fin"], ids=["empty", "3 MB"])
def test_any_size(place: Place, content: bytes) -> None:
    sha256 = place.store.put(content)
    assert place.store.has(sha256)
    assert place.store.get(sha256) == content
    assert place.store.check(sha256) is None
    with place.store.local(sha256) as path:
        assert path.stat().st_size == len(content)


def test_the_first_bytes_are_read_alone(place: Place) -> None:
    sha256, empty = place.store.put(b"x" * 100_000), place.store.put(b"")
    assert place.store.head(sha256, 4096) == b"x" * 4096
    assert place.store.head(place.store.put(CONTENT), 4096) == CONTENT
    assert place.store.head(empty, 4096) == b""
    assert place.store.head("0" * 64, 4096) == b""


def test_a_missing_document_is_said(place: Place) -> None:
    place.store.put(CONTENT)
    place.remove(SHA256)
    assert not place.store.has(SHA256)
    assert place.store.check(SHA256) == _fault("MISSING")
    for reading in (place.store.get, lambda sha256: place.store.local(sha256).__enter__()):
        with pytest.raises(FaultError) as caught:
            reading(SHA256)
        assert list(caught.value.faults) == [_fault("MISSING")]


@pytest.mark.parametrize("damaged", [b"<PES_aller/>", CONTENT[:-1], b""])
def test_one_changed_byte_is_seen_and_put_repairs_it(place: Place, damaged: bytes) -> None:
    place.store.put(CONTENT)
    place.damage(SHA256, damaged)
    assert place.store.check(SHA256) == _fault("CORRUPT")
    for reading in (place.store.get, lambda sha256: place.store.local(sha256).__enter__()):
        with pytest.raises(FaultError) as caught:
            reading(SHA256)
        assert list(caught.value.faults) == [_fault("CORRUPT")]
    place.store.put(CONTENT)
    assert place.store.get(SHA256) == CONTENT


@pytest.mark.parametrize(
    "text", ["", "../../etc/passwd", SHA256.upper(), SHA256 + "0", SHA256 + "\n"]
)
def test_a_place_is_made_from_a_digest_only(place: Place, text: str) -> None:
    for question in (place.store.get, place.store.has, place.store.check):
        with pytest.raises(ValueError, match="not a SHA-256"):
            question(text)
    with pytest.raises(ValueError, match="not a SHA-256"):
        place.store.head(text, 1)


# ------------------------------------------------------------------------------- the folder


@pytest.fixture
def kept(tmp_path: Path) -> DocumentFolder:
    return DocumentFolder(tmp_path / "documents")


def test_a_document_is_a_file_that_is_written_once(kept: DocumentFolder) -> None:
    kept.put(CONTENT)
    assert kept.path(SHA256) == kept.folder / SHA256[:2] / SHA256[2:]
    before = kept.path(SHA256).stat().st_ino
    kept.put(CONTENT)
    assert kept.path(SHA256).stat().st_ino == before
    assert [path.name for path in kept.path(SHA256).parent.iterdir()] == [SHA256[2:]]
    with kept.local(SHA256) as path:
        assert path == kept.path(SHA256)


def test_other_files_of_the_folder_are_not_documents(kept: DocumentFolder) -> None:
    kept.put(CONTENT)
    (kept.folder / ".nightly.verrou").touch()
    (kept.path(SHA256).parent / ".abandonné.part").touch()
    assert list(kept.digests()) == [SHA256]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FaultError) as caught:
        DocumentFolder(tmp_path / "file" / "documents")
    (fault,) = caught.value.faults
    assert fault.code == "QUE-FOLDER"
    assert fault.params["dossier"] == str(tmp_path / "file" / "documents")


def test_a_full_disk_is_said(kept: DocumentFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(documents, "write_atomic", full)
    with pytest.raises(FaultError) as caught:
        kept.put(CONTENT)
    assert list(caught.value.faults) == [
        Fault(code="QUE-DISK", params={"raison": "No space left on device"})
    ]


def test_what_cannot_be_read_is_said(kept: DocumentFolder) -> None:
    kept.path(SHA256).mkdir(parents=True)  # opening it fails, as a sick disk makes it fail
    fault = Fault(
        code="QUE-DOCUMENT_UNREADABLE",
        params={"empreinte": SHA256, "raison": "Is a directory"},
    )
    assert kept.check(SHA256) == fault
    for reading in (kept.get, lambda sha256: kept.head(sha256, 1)):
        with pytest.raises(FaultError) as caught:
            reading(SHA256)
        assert list(caught.value.faults) == [fault]

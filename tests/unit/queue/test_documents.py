"""Documents under their digest."""

import errno
import hashlib
from pathlib import Path

import pytest

from demat.faults import Fault, FaultError
from demat.queue import documents
from demat.queue.documents import DocumentStore

CONTENT = b"<PES_Aller/>"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path / "documents")


def test_put_then_get(kept: DocumentStore) -> None:
    assert not kept.has(SHA256)
    assert kept.put(CONTENT) == SHA256
    assert kept.has(SHA256)
    assert kept.get(SHA256) == CONTENT
    assert kept.path(SHA256) == kept.folder / SHA256[:2] / SHA256[2:]
    assert kept.check(SHA256) is None


def test_the_same_bytes_are_written_once(kept: DocumentStore) -> None:
    kept.put(CONTENT)
    before = kept.path(SHA256).stat().st_ino
    kept.put(CONTENT)
    assert kept.path(SHA256).stat().st_ino == before
    assert [path.name for path in kept.path(SHA256).parent.iterdir()] == [SHA256[2:]]


def test_a_missing_document_is_said(kept: DocumentStore) -> None:
    fault = Fault(code="QUE-DOCUMENT_MISSING", params={"empreinte": SHA256})
    assert kept.check(SHA256) == fault
    with pytest.raises(FaultError) as caught:
        kept.get(SHA256)
    assert list(caught.value.faults) == [fault]


def test_one_changed_byte_is_seen_and_put_repairs_it(kept: DocumentStore) -> None:
    kept.put(CONTENT)
    kept.path(SHA256).write_bytes(b"<PES_aller/>")
    fault = Fault(code="QUE-DOCUMENT_CORRUPT", params={"empreinte": SHA256})
    assert kept.check(SHA256) == fault
    with pytest.raises(FaultError) as caught:
        kept.get(SHA256)
    assert list(caught.value.faults) == [fault]
    kept.put(CONTENT)
    assert kept.get(SHA256) == CONTENT


@pytest.mark.parametrize(
    "text", ["", "../../etc/passwd", SHA256.upper(), SHA256 + "0", SHA256 + "\n"]
)
def test_a_path_is_made_from_a_digest_only(kept: DocumentStore, text: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        kept.path(text)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FaultError) as caught:
        DocumentStore(tmp_path / "file" / "documents")
    (fault,) = caught.value.faults
    assert fault.code == "QUE-FOLDER"
    assert fault.params["dossier"] == str(tmp_path / "file" / "documents")


def test_a_full_disk_is_said(kept: DocumentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(documents, "write_atomic", full)
    with pytest.raises(FaultError) as caught:
        kept.put(CONTENT)
    assert list(caught.value.faults) == [
        Fault(code="QUE-DISK", params={"raison": "No space left on device"})
    ]

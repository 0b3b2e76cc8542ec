"""What a reader receives."""

import pytest

from demat.faults import FaultError
from demat.intake.api import InputFile, PesFileDraft


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("actes.XLSX", ("actes.XLSX", "actes", ".xlsx")),
        ("sous/dossier/Délib n° 1.pdf", ("Délib n° 1.pdf", "Délib n° 1", ".pdf")),
        ("sans-suffixe", ("sans-suffixe", "sans-suffixe", "")),
        ("archive.tar.gz", ("archive.tar.gz", "archive.tar", ".gz")),
    ],
)
def test_the_parts_of_a_name(name, parts):
    file = InputFile(name=name, data=b"")
    assert (file.base, file.stem, file.suffix) == parts


def test_a_file_is_read_from_where_it_is_kept(tmp_path):
    kept = tmp_path / "ab"
    file = InputFile(name="sous/a.pdf", data=kept)
    kept.write_bytes(b"%PDF" + bytes(2000))
    assert (len(file.content), file.head) == (2004, b"%PDF" + bytes(1020))
    held = InputFile(name="a.pdf", data=b"%PDF")
    assert (held.content, held.head, held.open().read()) == (b"%PDF", b"%PDF", b"%PDF")


@pytest.mark.parametrize("read", ["content", "head"])
def test_a_kept_file_that_cannot_be_read_any_more_is_named(tmp_path, read):
    gone = InputFile(name="sous/a.pdf", data=tmp_path / "gone")
    folder = InputFile(name="sous/a.pdf", data=tmp_path)
    for file in (gone, folder):
        with pytest.raises(FaultError) as caught:
            getattr(file, read)
        (fault,) = caught.value.faults
        assert (fault.code, fault.params["path"], fault.source) == ("INT-PATH", "a.pdf", "a.pdf")


def test_a_ready_made_file_is_called_by_its_name():
    assert PesFileDraft(file=InputFile(name="a/flux.xml", data=b"")).where == "flux.xml"

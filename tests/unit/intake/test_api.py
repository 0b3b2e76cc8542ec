"""What a reader receives."""

import pytest

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
    file = InputFile(name=name, content=b"")
    assert (file.base, file.stem, file.suffix) == parts


def test_a_ready_made_file_is_called_by_its_name():
    assert PesFileDraft(file=InputFile(name="a/flux.xml", content=b"")).where == "flux.xml"

"""The folder of an authority."""

import pytest

from demat.faults import FaultError
from demat.intake.folders import Folders
from demat.labels_fr.catalogue import sentence


def test_what_is_missing_is_made_and_nothing_is_left_in_it(tmp_path):
    folders = Folders(tmp_path / "a" / "mairie")
    folders.make()
    (folders.a_deposer / "x.pdf").write_bytes(b"x")
    folders.make()
    assert sorted(path.relative_to(folders.root).as_posix() for path in tmp_path.rglob("*/*")) == [
        *(
            ".",
            "a-corriger",
            "a-deposer",
            "a-deposer/x.pdf",
            "accuses",
            "courriers",
            "en-cours",
            "transmis",
        )
    ]
    assert [folder.name for folder in folders.all()] == [
        *("a-deposer", "en-cours", "transmis", "a-corriger", "accuses", "courriers")
    ]


def test_the_folder_that_cannot_be_used_is_named(tmp_path):
    folders = Folders(tmp_path)
    folders.transmis.write_bytes(b"a file")
    with pytest.raises(FaultError) as caught:
        folders.make()
    (fault,) = caught.value.faults
    assert fault.code == "INT-FOLDER"
    assert fault.params["folder"] == str(folders.transmis)
    assert "ne peut pas être utilisé" in sentence(fault)

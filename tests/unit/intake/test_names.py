"""File names of a deposit."""

import os

import pytest

from demat.intake.names import files_below, is_noise, name_key, readable, split_names


@pytest.mark.parametrize(
    ("path", "noise"),
    [
        ("delib.pdf", False),
        ("sous-dossier/delib.pdf", False),
        ("A-LIRE.html", True),
        ("a-lire.HTML", True),
        ("sous-dossier/A-LIRE.html", True),
        ("A-LIRE-annexe.html", False),
        (".demat-depot", True),
        (".~lock.actes.ods#", True),
        ("~$actes.xlsx", True),
        ("Thumbs.db", True),
        ("desktop.ini", True),
        ("Desktop.INI", True),
        (".DS_Store", True),
        ("._delib.pdf", True),
        (".Trash-1000/files/delib.pdf", True),
        ("__MACOSX/delib.pdf", True),
        ("@eaDir/delib.pdf/SYNO@.png", True),
    ],
)
def test_what_is_no_part_of_a_deposit(path, noise):
    assert is_noise(path.split("/")) is noise


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Délibération.PDF", "deliberation.pdf", True),
        ("de\u0301lib.pdf", "d\u00e9lib.pdf", True),
        ("tarifs  salle.pdf", "tarifs salle.pdf", True),
        ("l’eau.pdf", "l'eau.pdf", True),
        ("budget 1.1.pdf", "budget 11.pdf", False),
        ("plan-1.pdf", "plan_1.pdf", False),
        ("Ω.pdf", "Δ.pdf", False),
        ("文.pdf", "書.pdf", False),
    ],
)
def test_names_that_mean_the_same_file(one, other, same):
    assert (name_key(one) == name_key(other)) is same


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("a.pdf", ("a.pdf",)),
        ("a.pdf | b.pdf", ("a.pdf", "b.pdf")),
        ("a.pdf;b.pdf", ("a.pdf", "b.pdf")),
        ("a.pdf, b.pdf", ("a.pdf", "b.pdf")),
        ("a.pdf\nb.pdf", ("a.pdf", "b.pdf")),
        ("a, suite.pdf; b.pdf", ("a, suite.pdf", "b.pdf")),
        ("a; suite.pdf | b, fin.pdf", ("a; suite.pdf", "b, fin.pdf")),
        ("a.pdf||b.pdf|", ("a.pdf", "b.pdf")),
    ],
)
def test_a_cell_that_lists_names(text, names):
    assert split_names(text) == names


def test_empty_places_are_kept_where_the_position_means_something():
    assert split_names("|22_PN|", blanks=True) == ("", "22_PN", "")


def test_a_name_written_by_an_old_system_is_readable():
    assert readable(os.fsdecode(b"d\xe9lib.pdf")) == "délib.pdf"
    assert readable("délib.pdf") == "délib.pdf"


def test_no_link_is_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.pdf").write_bytes(b"x")
    folder = tmp_path / "depot"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "2.pdf").write_bytes(b"x")
    (folder / "a.pdf").write_bytes(b"x")
    (folder / "lien").symlink_to(outside)
    (tmp_path / "entry").symlink_to(outside)
    assert files_below(folder) == [folder / "a.pdf", folder / "b" / "2.pdf"]
    assert files_below(tmp_path / "entry") == [tmp_path / "entry"]
    assert files_below(folder / "a.pdf") == [folder / "a.pdf"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path):
    missing: list[OSError] = []
    folder = tmp_path / "depot"
    folder.mkdir()
    real = os.scandir

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    try:
        os.scandir = refuse
        assert files_below(folder, onerror=missing.append) == []
    finally:
        os.scandir = real
    assert [error.filename for error in missing] == [str(folder)]

"""Taking a deposit out of the watched folder: nothing is lost, nothing is read twice."""

import os
from pathlib import Path

import pytest

from demat.faults import FaultError
from demat.intake import claim as module
from demat.intake.claim import (
    Claimed,
    claim,
    claim_copies,
    leave,
    pending,
    restore_half_claimed,
)
from demat.intake.folders import Folders
from demat.intake.watch import Arrival
from demat.labels_fr.catalogue import sentence


@pytest.fixture
def folders(tmp_path) -> Folders:
    made = Folders(tmp_path / "mairie")
    made.make()
    return made


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode(errors="surrogateescape"))


def tree(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )


def arrival(folders: Folders, *names: str) -> Arrival:
    return Arrival(name=names[0], paths=tuple(folders.a_deposer / name for name in names))


def loose(folders: Folders, *names: str) -> Claimed:
    write(folders.a_deposer, *names)
    claimed = claim(arrival(folders, *names), folders)
    assert claimed is not None
    return claimed


def deposited(folders: Folders, name: str, *names: str) -> Claimed:
    write(folders.a_deposer / name, *names)
    claimed = claim(arrival(folders, name), folders)
    assert claimed is not None
    return claimed


def refused(error: FaultError) -> tuple[str, str]:
    (fault,) = error.faults
    return fault.code, sentence(fault)


# ------------------------------------------------------------------------------ claiming


def test_loose_files_are_taken_together(folders):
    claimed = loose(folders, "actes.xlsx", "a.pdf")
    assert claimed.name == "actes.xlsx"
    assert claimed.folder == folders.en_cours / f"actes.xlsx~{claimed.token}"
    assert tree(folders.root) == [
        f"en-cours/actes.xlsx~{claimed.token}/{name}" for name in ("a.pdf", "actes.xlsx")
    ]
    assert [(file.name, file.content) for file in claimed.files()] == [
        ("a.pdf", b"a.pdf"),
        ("actes.xlsx", b"actes.xlsx"),
    ]


def test_a_folder_is_taken_as_it_is(folders):
    claimed = deposited(folders, "Conseil du 08.10.2026", "a.pdf", "sous/b.pdf")
    assert tree(folders.en_cours) == [
        f"Conseil du 08.10.2026~{claimed.token}/{name}" for name in ("a.pdf", "sous/b.pdf")
    ]
    assert [file.name for file in claimed.files()] == ["a.pdf", "sous/b.pdf"]


def test_each_claim_has_its_token(folders):
    tokens = {loose(folders, "a.xml").token for _ in range(20)}
    assert len(tokens) == 20
    assert len(pending(folders)) == 20
    assert {(found.name, found.token) for found in pending(folders)} == {
        ("a.xml", token) for token in tokens
    }


def test_what_is_pending_is_what_was_claimed(folders):
    first = loose(folders, "a~b.xml")
    second = deposited(folders, "séance\ndu 8", "a.pdf")
    (folders.en_cours / "autre").mkdir()
    (folders.en_cours / "fichier~0123456789ab").write_bytes(b"x")
    (folders.en_cours / "lien~0123456789ab").symlink_to(first.folder)
    (folders.en_cours / "depot~0123456789AB").mkdir()
    assert set(pending(folders)) == {first, second}


@pytest.mark.parametrize("gone", ["actes.xlsx", "a.pdf", "b.pdf"])
def test_a_file_taken_back_meanwhile_leaves_the_rest_in_place(folders, gone):
    names = ("actes.xlsx", "a.pdf", "b.pdf")
    write(folders.a_deposer, *(name for name in names if name != gone))
    assert claim(arrival(folders, *names), folders) is None
    assert tree(folders.root) == sorted(f"a-deposer/{name}" for name in names if name != gone)
    assert pending(folders) == ()
    assert list(folders.en_cours.iterdir()) == []


def test_a_file_put_back_under_the_same_name_is_not_overwritten(folders, monkeypatch):
    write(folders.a_deposer, "actes.xlsx", "a.pdf")
    real = Path.rename

    def rename(path, target):
        moved = real(path, target)
        if path.name == "actes.xlsx" and path.parent == folders.a_deposer:
            (folders.a_deposer / "a.pdf").unlink()
            (folders.a_deposer / "actes.xlsx").write_bytes(b"nouveau")
        return moved

    monkeypatch.setattr(Path, "rename", rename)
    assert claim(arrival(folders, "actes.xlsx", "a.pdf"), folders) is None
    monkeypatch.undo()
    assert (folders.a_deposer / "actes.xlsx").read_bytes() == b"nouveau"
    assert (folders.a_deposer / "actes-2.xlsx").read_bytes() == b"actes.xlsx"


def test_a_file_that_cannot_be_moved_gives_everything_back(folders, monkeypatch):
    write(folders.a_deposer, "actes.xlsx", "a.pdf")
    real = Path.rename

    def rename(path, target):
        if path.name == "a.pdf":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(FaultError) as caught:
        claim(arrival(folders, "actes.xlsx", "a.pdf"), folders)
    assert refused(caught.value) == (
        "INT-PATH",
        "Le fichier « a.pdf » ne peut pas être lu : l'accès est refusé.",
    )
    assert tree(folders.root) == ["a-deposer/a.pdf", "a-deposer/actes.xlsx"]
    assert list(folders.en_cours.iterdir()) == []


@pytest.mark.parametrize("folder", [False, True])
def test_another_process_that_gives_the_half_back_takes_nothing_away(folders, monkeypatch, folder):
    write(folders.a_deposer, "depot/a.pdf" if folder else "depot")
    real = Path.rename

    def rename(path, target):
        if path.parent != folders.a_deposer and "~" in Path(target).name:
            monkeypatch.undo()
            restore_half_claimed(folders)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert claim(arrival(folders, "depot"), folders) is None
    assert tree(folders.root) == ["a-deposer/depot/a.pdf" if folder else "a-deposer/depot"]


class Crash(BaseException):
    """The machine stops."""


@pytest.mark.parametrize("stop_at", range(1, 4))
@pytest.mark.parametrize("names", [("actes.xlsx", "a.pdf"), ("depot",)])
def test_a_crash_between_two_renames_loses_nothing(folders, monkeypatch, stop_at, names):
    write(folders.a_deposer, *([f"{names[0]}/a.pdf"] if len(names) == 1 else names))
    before = tree(folders.a_deposer)
    real, count = Path.rename, 0

    def rename(path, target):
        nonlocal count
        count += 1
        if count == stop_at:
            raise Crash
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    try:
        claim(arrival(folders, *names), folders)
    except Crash:
        monkeypatch.undo()
        restore_half_claimed(folders)
        assert (tree(folders.a_deposer), pending(folders)) == (before, ())
    else:
        assert len(pending(folders)) == 1


def test_a_crash_after_the_last_rename_leaves_a_pending_deposit(folders, monkeypatch):
    write(folders.a_deposer, "depot/a.pdf")

    def rmdir(path):
        raise Crash

    monkeypatch.setattr(Path, "rmdir", rmdir)
    with pytest.raises(Crash):
        claim(arrival(folders, "depot"), folders)
    monkeypatch.undo()
    restore_half_claimed(folders)
    (found,) = pending(folders)
    assert [file.name for file in found.files()] == ["a.pdf"]
    assert tree(folders.a_deposer) == []
    assert [path.name for path in folders.en_cours.iterdir()] == [found.folder.name]


def test_what_a_crash_left_is_given_back_beside_what_has_arrived_since(folders):
    write(folders.en_cours, ".prise-0123456789ab/a.pdf", ".prise-ba9876543210/depot/b.pdf")
    write(folders.a_deposer, "a.pdf", "depot/c.pdf")
    restore_half_claimed(folders)
    assert tree(folders.root) == [
        f"a-deposer/{name}" for name in ("a-2.pdf", "a.pdf", "depot-2/b.pdf", "depot/c.pdf")
    ]
    restore_half_claimed(folders)
    assert list(folders.en_cours.iterdir()) == []


@pytest.mark.parametrize("name", ["d" * 255, "é" * 120, "é" * 127])
def test_a_long_name_is_shortened(folders, name):
    claimed = deposited(folders, name, "a.pdf")
    assert name.startswith(claimed.name)
    assert 190 <= len(claimed.name.encode()) <= 200
    assert pending(folders) == (claimed,)
    assert leave(claimed, folders.transmis) == folders.transmis / claimed.name


def test_a_name_written_by_an_old_system_is_readable(folders):
    raw = os.fsdecode(b"s\xe9ance")
    write(folders.a_deposer, f"{raw}/{os.fsdecode(b'd')}\udce9lib.pdf")
    claimed = claim(arrival(folders, raw), folders)
    assert claimed.name == "séance"
    assert [file.name for file in claimed.files()] == ["délib.pdf"]
    assert pending(folders) == (claimed,)
    assert leave(claimed, folders.transmis) == folders.transmis / "séance"


# --------------------------------------------------------------------- what is inside it


def test_neither_our_sheet_nor_noise_is_part_of_a_deposit(folders):
    claimed = deposited(
        folders,
        "depot",
        *("a.pdf", "A-LIRE.html", ".demat-depot", "sous/a-lire.html", "sous/b.pdf"),
        *("Thumbs.db", "desktop.ini", "~$actes.xlsx", ".~lock.actes.ods#", "._a.pdf"),
        *("__MACOSX/a.pdf", "@eaDir/a.pdf", ".cache/a.pdf"),
    )
    assert [file.name for file in claimed.files()] == ["a.pdf", "sous/b.pdf"]


def test_links_are_not_followed(folders, tmp_path):
    outside = tmp_path / "outside"
    write(outside, "secret.pdf")
    write(folders.a_deposer, "depot/a.pdf")
    (folders.a_deposer / "depot" / "lien.pdf").symlink_to(outside / "secret.pdf")
    (folders.a_deposer / "depot" / "dossier").symlink_to(outside)
    (folders.a_deposer / "depot" / "boucle").symlink_to(folders.a_deposer / "depot")
    claimed = claim(arrival(folders, "depot"), folders)
    assert [file.name for file in claimed.files()] == ["a.pdf"]


@pytest.mark.parametrize("target", ["secret.pdf", "."])
def test_a_link_that_is_the_whole_deposit_holds_nothing(folders, tmp_path, target):
    outside = tmp_path / "outside"
    write(outside, "secret.pdf")
    (folders.a_deposer / "lien").symlink_to(outside / target)
    claimed = claim(arrival(folders, "lien"), folders)
    assert claimed.files() == ()
    assert pending(folders) == (claimed,)
    place = leave(claimed, folders.a_corriger)
    (place / "A-LIRE.html").write_bytes(b"x")
    assert tree(outside) == ["secret.pdf"]


def test_a_tube_inside_a_deposit_is_not_read(folders):
    write(folders.a_deposer, "depot/a.pdf")
    os.mkfifo(folders.a_deposer / "depot" / "tube")
    claimed = claim(arrival(folders, "depot"), folders)
    assert [file.name for file in claimed.files()] == ["a.pdf"]


@pytest.mark.parametrize(
    ("limit", "value", "counted"),
    [("MAX_FILES", 2, "3 fichier(s), 0 Mo"), ("MAX_BYTES", 4, "3 fi")],
)
def test_a_deposit_that_is_too_big(folders, monkeypatch, limit, value, counted):
    claimed = deposited(folders, "depot", "1", "22", "33")
    assert len(claimed.files()) == 3
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(FaultError) as caught:
        claimed.files()
    code, text = refused(caught.value)
    assert code == "INT-TOO_BIG"
    assert f"Le dépôt est trop volumineux ({counted}" in text


def test_a_file_that_cannot_be_seen_is_named(folders, monkeypatch):
    claimed = deposited(folders, "depot", "sous/a.pdf")
    real = Path.stat

    def refuse(path, **options):
        if path.name == "a.pdf" and options.get("follow_symlinks", True):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(FaultError) as caught:
        claimed.files()
    assert refused(caught.value) == (
        "INT-PATH",
        "Le fichier « a.pdf » ne peut pas être lu : l'accès est refusé.",
    )
    assert [fault.source for fault in caught.value.faults] == ["depot"]


def test_a_folder_that_cannot_be_listed_is_named(folders, monkeypatch):
    claimed = deposited(folders, "depot", "a.pdf", "sous/b.pdf")
    real = os.scandir

    def refuse(path):
        if str(path).endswith("sous"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FaultError) as caught:
        claimed.files()
    assert (
        refused(caught.value)[1] == "Le fichier « sous » ne peut pas être lu : l'accès est refusé."
    )


# ------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (lambda folders: loose(folders, "actes.xlsx", "a.pdf"), "actes"),
        (lambda folders: loose(folders, "flux.xml"), "flux"),
        (lambda folders: loose(folders, "sans-suffixe"), "sans-suffixe"),
        (lambda folders: deposited(folders, "seance", "a.pdf"), "seance"),
        (lambda folders: deposited(folders, "seance.xlsx", "a.pdf"), "seance.xlsx"),
        (
            lambda folders: deposited(folders, "Conseil du 08.10.2026", "a.pdf"),
            "Conseil du 08.10.2026",
        ),
        (lambda folders: deposited(folders, "seance", "sous/a.pdf"), "seance"),
    ],
)
def test_a_deposit_leaves_under_the_name_that_its_agent_knows(folders, made, name):
    claimed = made(folders)
    inside = tree(claimed.folder)
    place = leave(claimed, folders.transmis)
    assert place == folders.transmis / name
    assert tree(folders.root) == [f"transmis/{name}/{path}" for path in inside]
    assert pending(folders) == ()


def test_two_deposits_of_the_same_name_stay_apart(folders):
    places = [leave(loose(folders, "flux.xml"), folders.transmis).name for _ in range(3)]
    places += [leave(deposited(folders, "flux", "a.pdf"), folders.transmis).name]
    assert places == ["flux", "flux-2", "flux-3", "flux-4"]


def test_a_deposit_that_cannot_leave_stays(folders, tmp_path):
    claimed = loose(folders, "flux.xml")
    (tmp_path / "fichier").write_bytes(b"x")
    with pytest.raises(OSError, match="fichier"):
        leave(claimed, tmp_path / "fichier" / "sous")
    assert pending(folders) == (claimed,)


# -------------------------------------------------------------------------------- copies


def test_copies_leave_the_originals(folders, tmp_path):
    write(tmp_path / "ici", "actes.csv", "a.pdf")
    paths = [tmp_path / "ici" / name for name in ("actes.csv", "a.pdf")]
    claimed = claim_copies(paths, folders)
    assert (claimed.name, claimed.folder.name) == ("actes.csv", f"actes.csv~{claimed.token}")
    assert [(file.name, file.content) for file in claimed.files()] == [
        ("a.pdf", b"a.pdf"),
        ("actes.csv", b"actes.csv"),
    ]
    assert all(path.exists() for path in paths)
    assert pending(folders) == (claimed,)


def test_a_folder_is_copied_for_what_it_holds(folders, tmp_path):
    write(tmp_path / "seance", "a.pdf", "sous/b.pdf")
    claimed = claim_copies([tmp_path / "seance"], folders)
    assert (claimed.name, [file.name for file in claimed.files()]) == (
        "seance",
        ["a.pdf", "sous/b.pdf"],
    )
    assert tree(tmp_path / "seance") == ["a.pdf", "sous/b.pdf"]


def test_files_and_folders_together_keep_their_folders(folders, tmp_path):
    write(tmp_path, "actes.csv", "annexes/a.pdf", "plans/a.pdf")
    paths = [tmp_path / name for name in ("actes.csv", "annexes", "plans")]
    claimed = claim_copies(paths, folders)
    assert [(file.name, file.content) for file in claimed.files()] == [
        ("actes.csv", b"actes.csv"),
        ("annexes/a.pdf", b"annexes/a.pdf"),
        ("plans/a.pdf", b"plans/a.pdf"),
    ]


def test_two_files_of_the_same_name_are_refused(folders, tmp_path):
    write(tmp_path, "a/flux.xml", "b/flux.xml")
    with pytest.raises(FaultError) as caught:
        claim_copies([tmp_path / "a" / "flux.xml", tmp_path / "b" / "flux.xml"], folders)
    assert refused(caught.value) == (
        "INT-FILE_TWICE",
        "Deux des fichiers à déposer portent le même nom : « flux.xml ».",
    )
    assert list(folders.en_cours.iterdir()) == []


def test_a_missing_file_is_named_and_nothing_is_left(folders, tmp_path):
    write(tmp_path, "a.pdf")
    with pytest.raises(FaultError) as caught:
        claim_copies([tmp_path / "a.pdf", tmp_path / "absent.pdf"], folders)
    assert refused(caught.value) == (
        "INT-PATH",
        "Le fichier « absent.pdf » ne peut pas être lu : il n'existe pas.",
    )
    assert list(folders.en_cours.iterdir()) == []


def test_what_cannot_be_copied_from_a_folder_is_named(folders, tmp_path):
    write(tmp_path / "seance", "a.pdf")
    os.mkfifo(tmp_path / "seance" / "tube")
    with pytest.raises(FaultError) as caught:
        claim_copies([tmp_path / "seance"], folders)
    code, text = refused(caught.value)
    assert code == "INT-PATH"
    assert text.startswith("Le fichier « tube » ne peut pas être lu : ")
    assert list(folders.en_cours.iterdir()) == []


def test_links_inside_a_copied_folder_are_not_followed(folders, tmp_path):
    write(tmp_path / "outside", "secret.pdf")
    write(tmp_path / "seance", "a.pdf")
    (tmp_path / "seance" / "dossier").symlink_to(tmp_path / "outside")
    (tmp_path / "seance" / "lien.pdf").symlink_to(tmp_path / "outside" / "secret.pdf")
    (tmp_path / "seance" / "rompu").symlink_to("absent")
    claimed = claim_copies([tmp_path / "seance"], folders)
    assert [file.name for file in claimed.files()] == ["a.pdf"]


@pytest.mark.parametrize("path", [".", "../seance", "sous/.."])
def test_a_folder_named_from_inside_has_its_own_name(folders, tmp_path, monkeypatch, path):
    write(tmp_path / "seance", "a.pdf", "sous/b.pdf")
    monkeypatch.chdir(tmp_path / "seance")
    claimed = claim_copies([Path(path)], folders)
    assert (claimed.name, len(claimed.files())) == ("seance", 2)
    assert pending(folders) == (claimed,)

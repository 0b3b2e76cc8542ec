"""Which deposits are complete: never one that is still being copied."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demat.clock import FixedClock
from demat.intake import watch
from demat.intake.api import InputFile
from demat.intake.names import annexe_of
from demat.intake.watch import Arrival, Tracker, group
from tests.unit.intake.factories import ACTE, MANDAT, TITRE, pdf, table, xlsx_bytes
from tests.unit.intake.test_acte_sidecar import FICHE, STEM, message

SETTLE = timedelta(seconds=10)
START = datetime(2026, 10, 8, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "a-deposer"
    path.mkdir()
    return path


class Watched:
    """A folder that is looked at, by a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(START)
        self.tracker = Tracker(folder, settle=SETTLE)

    def after(self, seconds: float) -> list[str]:
        """Look after a while and return what is ready."""
        self.clock.instant += timedelta(seconds=seconds)
        return [arrival.name for arrival in self.tracker.poll(self.clock.now())]

    def write(self, name: str, content: bytes = b"x", *, age: float = 0) -> Path:
        """Write a file whose date is that of our clock."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        stamp = self.clock.instant.timestamp() - age
        os.utime(path, (stamp, stamp))
        return path


@pytest.fixture
def watched(folder) -> Watched:
    return Watched(folder)


def put(folder: Path, *files) -> None:
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)


def groups(folder: Path) -> list[tuple[str, list[str], bool]]:
    return [
        (
            arrival.name,
            [path.relative_to(folder).as_posix() for path in arrival.paths],
            arrival.expects_more,
        )
        for arrival in group(iter(sorted(folder.iterdir())))
    ]


# ---------------------------------------------------------------------------- settling


def test_ready_after_the_settling_time_and_not_before(watched):
    watched.write("titres.csv", table(TITRE).content)
    assert watched.after(0) == []
    assert watched.after(9.9) == []
    assert watched.after(0.1) == ["titres.csv"]
    assert watched.after(5) == ["titres.csv"]


def test_one_look_is_never_enough(watched):
    watched.write("titres.csv", age=86_400)
    assert watched.after(0) == []


def test_a_growing_file_is_never_ready(watched):
    for size in range(1, 30):
        watched.write("flux.xml", b"x" * size, age=3600)
        assert watched.after(11) == []
    assert watched.after(11) == ["flux.xml"]


def test_a_file_written_again_with_the_same_size_waits_again(watched):
    watched.write("flux.xml", b"un")
    watched.after(0)
    watched.clock.instant += timedelta(seconds=5)
    watched.write("flux.xml", b"de")
    assert watched.after(5) == []
    assert watched.after(9) == []
    assert watched.after(1) == ["flux.xml"]


def test_a_file_renamed_between_two_looks_waits_again(watched):
    path = watched.write("flux.xml")
    watched.after(0)
    path.rename(watched.folder / "flux-2.xml")
    assert watched.after(10) == []
    assert watched.after(10) == ["flux-2.xml"]


def test_a_file_taken_away_and_put_back_waits_again(watched):
    path = watched.write("flux.xml")
    watched.after(0)
    content = path.read_bytes()
    path.unlink()
    assert watched.after(10) == []
    path.write_bytes(content)
    assert watched.after(10) == []
    assert watched.after(10) == ["flux.xml"]


def test_a_clock_that_goes_back_makes_nothing_ready(watched):
    watched.write("flux.xml")
    watched.after(0)
    assert watched.after(-3600) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.pdf").write_bytes(b"plus long"),
        lambda folder: (folder / "sous" / "b.pdf").write_bytes(b"plus long"),
        lambda folder: (folder / "sous" / "c.pdf").write_bytes(b"nouveau"),
        lambda folder: (folder / "a.pdf").unlink(),
        lambda folder: (folder / "a.pdf").rename(folder / "d.pdf"),
        lambda folder: (folder / "sous" / "lien").symlink_to("x"),
    ],
)
def test_a_folder_waits_for_everything_inside_it(watched, change):
    watched.write("seance/a.pdf")
    watched.write("seance/sous/b.pdf")
    watched.after(0)
    change(watched.folder / "seance")
    assert watched.after(10) == []
    assert watched.after(10) == ["seance"]


def test_each_deposit_waits_for_itself(watched):
    watched.write("a.xml")
    watched.after(0)
    watched.write("b.xml")
    assert watched.after(10) == ["a.xml"]
    assert watched.after(10) == ["a.xml", "b.xml"]


# ----------------------------------------------------------------- copies and locks


@pytest.mark.parametrize(
    "name",
    ["a.pdf.part", "A.PDF.PART", "a.crdownload", "a.xlsx.tmp", "a.partial", "a.filepart"],
)
@pytest.mark.parametrize("place", ["", "seance/"])
def test_temporary_names_are_never_ready(watched, name, place):
    if place:
        watched.write("seance/b.pdf")
    watched.write(place + name)
    watched.after(0)
    assert watched.after(3600) == []
    assert watched.after(86_400) == []


def test_the_empty_file_that_a_browser_keeps_beside_its_download_waits(watched):
    watched.write("flux.xml", b"")
    part = watched.write("flux.xml.part")
    watched.after(0)
    assert watched.after(10) == []
    part.rename(watched.folder / "flux.xml")
    assert watched.after(10) == []
    assert watched.after(10) == ["flux.xml"]


@pytest.mark.parametrize("lock", ["~$titres.csv", ".~lock.titres.csv#"])
@pytest.mark.parametrize("place", ["", "depot/"])
def test_a_spreadsheet_that_somebody_has_open_waits(watched, lock, place):
    watched.write(f"{place}titres.csv", table(TITRE).content)
    path = watched.write(place + lock)
    ready = ["depot" if place else "titres.csv"]
    watched.after(0)
    assert watched.after(3600) == []
    path.unlink()
    watched.after(0)
    assert watched.after(10) == ready


@pytest.mark.parametrize("lock", ["~$titres.csv", ".~lock.titres.csv#"])
def test_a_lock_left_by_a_crash_does_not_hold_for_ever(watched, lock):
    watched.write("titres.csv", table(TITRE).content)
    watched.write(lock)
    watched.after(0)
    assert watched.after(11 * 3600) == []
    assert watched.after(2 * 3600) == ["titres.csv"]


def test_the_lock_of_another_file_holds_nothing(watched):
    watched.write("titres.csv", table(TITRE).content)
    watched.write("~$autre.xlsx")
    watched.after(0)
    assert watched.after(10) == ["titres.csv"]


@pytest.mark.parametrize(
    "name",
    [
        *("A-LIRE.html", ".demat-depot", ".DS_Store", "Thumbs.db", "desktop.ini"),
        *("~$actes.xlsx", ".Trash-1000/a.pdf", "@eaDir/a.pdf"),
    ],
)
def test_what_is_no_deposit_is_left_alone(watched, name):
    watched.write(name)
    watched.after(0)
    assert watched.after(3600) == []


@pytest.mark.parametrize("inside", [None, ".DS_Store", "sous/Thumbs.db", "A-LIRE.html"])
def test_a_folder_that_is_not_filled_yet_waits(watched, inside):
    if inside:
        watched.write(f"depot/{inside}")
    else:
        (watched.folder / "depot").mkdir()
    watched.after(0)
    assert watched.after(3600) == []
    watched.write("depot/a.pdf")
    watched.after(0)
    assert watched.after(10) == ["depot"]


# -------------------------------------------------------------------------- grouping


def test_a_folder_is_one_deposit(folder):
    put(folder, pdf("seance/a.pdf"), pdf("seance/sous/b.pdf"), pdf("autre/c.pdf"))
    assert groups(folder) == [("autre", ["autre"], False), ("seance", ["seance"], False)]


def test_documents_go_with_a_spreadsheet_whose_titles_stand_below_others(folder):
    content = b"Mandats d'octobre;\n\n" + table({**MANDAT, "pj": "a.pdf"}).content
    put(folder, InputFile(name="mandats.csv", data=content), pdf("a.pdf"))
    assert groups(folder) == [("mandats.csv", ["mandats.csv", "a.pdf"], False)]


def test_documents_go_with_the_spreadsheet_that_names_them(folder):
    put(
        folder,
        table({**ACTE, "annexes": "Plan, nord.pdf"}, name="actes.xlsx"),
        table({**TITRE, "piece_jointe": "FACTURE été.pdf|b.pdf"}, name="titres.csv"),
        *(pdf(name) for name in ("tarifs.PDF", "Plan, nord.pdf", "facture ÉTÉ.pdf", "b.pdf")),
        pdf("autre.pdf"),
    )
    assert groups(folder) == [
        ("actes.xlsx", ["actes.xlsx", "Plan, nord.pdf", "tarifs.PDF"], False),
        ("titres.csv", ["titres.csv", "b.pdf", "facture ÉTÉ.pdf"], False),
        ("autre.pdf", ["autre.pdf"], True),
    ]


def test_documents_go_with_their_fiche(folder):
    fiche = {**FICHE, "annexes": ["plan.pdf", "Tableau.pdf"]}
    put(
        folder,
        pdf("AI_2026_017.json", json.dumps(fiche).encode()),
        *(pdf(name) for name in ("ai_2026_017.pdf", "plan.pdf", "tableau.PDF", "autre.pdf")),
    )
    assert groups(folder) == [
        (
            "AI_2026_017.json",
            ["AI_2026_017.json", "ai_2026_017.pdf", "plan.pdf", "tableau.PDF"],
            False,
        ),
        ("autre.pdf", ["autre.pdf"], True),
    ]


def test_documents_go_with_their_message(folder):
    names = (f"99_DE-{STEM}1.pdf", f"{STEM}2.pdf", f"22_PN-{STEM}3.pdf")
    put(folder, message(), *(pdf(name) for name in names))
    leader = f"{STEM}0.xml"
    assert groups(folder) == [(leader, [leader, *sorted(names)], False)]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_a_fiche_that_cannot_be_read_keeps_the_document_of_its_name(folder, content):
    put(folder, pdf("a.json", content), pdf("a.pdf"), pdf("b.pdf"))
    assert groups(folder) == [("a.json", ["a.json", "a.pdf"], False), ("b.pdf", ["b.pdf"], True)]


def test_pes_files_are_deposits_of_their_own(folder):
    put(folder, pdf("a.xml", b"<PES_Aller/>"), pdf("b.xml", b"pas du XML"))
    assert groups(folder) == [("a.xml", ["a.xml"], False), ("b.xml", ["b.xml"], False)]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 abime", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", xlsx_bytes([["a"]])]
)
def test_a_spreadsheet_that_cannot_be_read_keeps_the_documents_that_nobody_cites(folder, content):
    put(
        folder,
        pdf("actes.xlsx", content),
        table(TITRE, name="titres.csv"),
        pdf("b.json", json.dumps(FICHE).encode()),
        *(pdf(name) for name in ("a.pdf", "b.pdf", "c.pdf")),
        pdf("z.xlsx", content),
        pdf("depot/d.pdf"),
    )
    assert groups(folder) == [
        ("depot", ["depot"], False),
        ("titres.csv", ["titres.csv"], False),
        ("b.json", ["b.json", "b.pdf"], False),
        ("actes.xlsx", ["actes.xlsx", "a.pdf", "c.pdf"], True),
        ("z.xlsx", ["z.xlsx"], True),
    ]


@pytest.mark.parametrize(
    ("file", "expects_more"),
    [
        (table({**ACTE, "fichier": "absent.pdf"}, name="actes.csv"), True),
        (table(TITRE, name="actes.csv"), False),
        (pdf("fiche.json", json.dumps({**FICHE, "fichier": "a.pdf"}).encode()), True),
        (pdf("fiche.json", json.dumps(FICHE).encode()), True),
        (message("acte.xml"), True),
        (pdf("pes.xml", b"<PES_Aller/>"), False),
        (pdf("delib.pdf"), True),
    ],
)
def test_what_seems_to_lack_something(folder, file, expects_more):
    put(folder, file)
    assert groups(folder) == [(file.name, [file.name], expects_more)]


# --------------------------------------------------- what is still arriving beside it


def test_documents_wait_for_the_spreadsheet_that_is_being_copied(watched):
    content = table(ACTE, name="actes.xlsx").content
    watched.write("tarifs.pdf")
    watched.after(0)
    for size in (10, 500, 1000):
        watched.write("actes.xlsx", content[:size])
        assert watched.after(11) == []
    watched.write("actes.xlsx", content)
    assert watched.after(11) == []
    (arrival,) = watched.tracker.poll(watched.clock.now() + timedelta(seconds=11))
    assert [path.name for path in arrival.paths] == ["actes.xlsx", "tarifs.pdf"]


def test_a_spreadsheet_waits_for_the_documents_that_are_being_copied(watched):
    watched.write("actes.csv", table(ACTE).content)
    watched.after(0)
    for size in (10, 20, 30):
        watched.write("tarifs.pdf.part", b"x" * size)
        assert watched.after(11) == []
    (watched.folder / "tarifs.pdf.part").rename(watched.folder / "tarifs.pdf")
    assert watched.after(11) == []
    assert watched.after(11) == ["actes.csv"]


def test_nothing_waits_for_ever_for_what_does_not_come(watched):
    watched.write("actes.csv", table(ACTE).content)
    watched.write("delib.pdf")
    watched.write("abandon.pdf.part")
    watched.after(0)
    assert watched.after(11) == ["actes.csv", "delib.pdf"]


def test_a_complete_deposit_does_not_wait_for_the_others(watched):
    watched.write("titres.csv", table(TITRE).content)
    watched.after(0)
    watched.write("gros.pdf", b"x")
    assert watched.after(11) == ["titres.csv"]


# ------------------------------------------------------------------------------ links


def test_links_are_entries_that_nobody_follows(tmp_path, folder):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "tarifs.pdf").write_bytes(b"secret")
    (outside / "actes.csv").write_bytes(table(ACTE).content)
    put(folder, pdf("tarifs.pdf"))
    (folder / "actes.csv").symlink_to(outside / "actes.csv")
    (folder / "dossier").symlink_to(outside)
    (folder / "rompu").symlink_to(outside / "absent")
    (folder / "boucle").symlink_to(folder / "boucle")
    assert groups(folder) == [
        ("actes.csv", ["actes.csv"], False),
        ("boucle", ["boucle"], True),
        ("dossier", ["dossier"], True),
        ("rompu", ["rompu"], True),
        ("tarifs.pdf", ["tarifs.pdf"], True),
    ]
    tracker = Tracker(folder, settle=SETTLE)
    assert tracker.poll(START) == ()
    assert len(tracker.poll(START + SETTLE)) == 5


def test_what_is_neither_file_nor_folder_is_left_alone(folder):
    os.mkfifo(folder / "tube")
    tracker = Tracker(folder, settle=SETTLE)
    tracker.poll(START)
    assert tracker.poll(START + SETTLE) == ()


def test_a_name_written_by_an_old_system_is_grouped(folder):
    put(folder, table({**ACTE, "fichier": "délib.pdf"}, name="actes.csv"))
    raw = os.fsdecode(b"d\xe9lib.pdf")
    (folder / raw).write_bytes(b"x")
    (arrival,) = group(sorted(folder.iterdir()))
    assert arrival == Arrival(name="actes.csv", paths=(folder / "actes.csv", folder / raw))


def test_a_spreadsheet_that_may_not_be_read_is_told_later(folder, monkeypatch):
    put(folder, table(ACTE, name="actes.csv"), pdf("tarifs.pdf"))

    def refuse(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert groups(folder) == [("actes.csv", ["actes.csv", "tarifs.pdf"], True)]


def test_a_loose_annexe_goes_with_the_pdf_that_it_is_named_after(tmp_path: Path) -> None:
    names = ("tarifs-annexe 2.pdf", "tarifs.pdf", "voirie.pdf", "autre-annexe.pdf")
    for name in names:
        (tmp_path / name).write_bytes(b"%PDF")
    arrivals = {one.name: [path.name for path in one.paths] for one in group(tmp_path.iterdir())}
    assert arrivals == {
        "tarifs.pdf": ["tarifs.pdf", "tarifs-annexe 2.pdf"],
        "voirie.pdf": ["voirie.pdf"],
        "autre-annexe.pdf": ["autre-annexe.pdf"],
    }


def test_what_a_list_of_proposals_was_made_from_goes_with_it(tmp_path: Path) -> None:
    table = b"numero;date;nature;matiere;objet;fichier;confirme\r\n1;2;3;4;5;a.pdf;oui\r\n"
    for name, content in {
        "propositions.csv": table,
        "actes.xlsx.origine": b"PK",
        "a.pdf": b"%PDF",
        "b.pdf": b"%PDF",
    }.items():
        (tmp_path / name).write_bytes(content)
    arrivals = {one.name: {path.name for path in one.paths} for one in group(tmp_path.iterdir())}
    assert arrivals == {
        "propositions.csv": {"propositions.csv", "actes.xlsx.origine", "a.pdf"},
        "b.pdf": {"b.pdf"},
    }


def test_the_work_grows_like_the_number_of_files(tmp_path: Path, monkeypatch) -> None:
    """An export of a thousand files is not compared two by two at each look."""
    asked: list[str] = []

    def counted(stem: str) -> str | None:
        asked.append(stem)
        return annexe_of(stem)

    monkeypatch.setattr(watch, "annexe_of", counted)
    for rank in range(200):
        (tmp_path / f"{rank:03d}.pdf").write_bytes(b"x")
        (tmp_path / f"{rank:03d}-annexe.pdf").write_bytes(b"x")
    found = group(sorted(tmp_path.iterdir()))
    assert [len(arrival.paths) for arrival in found] == [2] * 200
    assert len(asked) <= 3 * 400

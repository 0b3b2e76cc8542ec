"""Folders that cannot be written and full disks: a sentence that says so, and nothing is lost.

The disk is a real one of a few megabytes, in a mount namespace of its own, where the system allows
to make one; a limit on the size of files stands for it everywhere. Tests may run as root, whom no
permission stops: a folder is made unusable by a file that stands in its place.
"""

import io
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from demat.compose import open_office
from demat.config import load_config
from demat.engine.nightly import KIND
from demat.engine.receive import receive_one
from demat.faults import Fault, Faults
from demat.intake.claim import claim_copies
from demat.queue.states import DepositState
from tests.acceptance.bad_input import (
    FIXTURES,
    PDF,
    PES,
    Files,
    assert_kept,
    contents,
    deposit,
    lying,
    seance,
)
from tests.acceptance.conftest import Mairie, Result, demat, unfolded

BOTH: Files = {"flux.xml": PES, **seance(PDF)}
FREE_SPACE = "Libérez de la place sur le disque"
_LIMIT = 2_000_000


def told(result: Result) -> str:
    """All that a command says in its JSON: its error, or the sentences of its report."""
    answer: dict[str, Any] = result.json
    errors = [fault["message"] for fault in answer.get("error", ())]
    errors += [words for item in answer.get("authorities", ()) for words in item["errors"]]
    return " ".join(errors)


# ------------------------------------------------------------------------------------- folders


@pytest.mark.parametrize("name", ["en-cours", "transmis", "a-corriger", "accuses"])
def test_a_file_in_the_place_of_a_folder(mairie: Mairie, name: str) -> None:
    deposit(mairie, BOTH)
    obstacle = mairie.folder / name
    obstacle.write_bytes(b"")
    night = mairie.nightly()
    assert night.code == 1
    assert f"{name} » ne peut pas être utilisé : un fichier porte déjà ce nom." in told(night)
    assert "Vérifiez qu'il existe, que demat a le droit d'y écrire" in told(night)
    assert lying(mairie.folder / "a-deposer") == dict(BOTH)
    assert mairie.landed() == 0
    checked = mairie.demat("doctor", "--json")
    assert checked.code in (1, 4)
    assert f"{name} » ne peut pas être utilisé" in checked.stdout
    obstacle.unlink()
    assert mairie.nightly().code == 0
    assert mairie.landed() == 2


def test_a_watched_folder_that_is_a_file(mairie: Mairie) -> None:
    shutil.rmtree(mairie.folder)
    mairie.folder.write_bytes(b"")
    night = mairie.nightly()
    assert night.code == 1
    assert "a-deposer » ne peut pas être utilisé : un fichier se trouve à la place" in told(night)
    answer = mairie.demat("deposit", FIXTURES / "compta-D0032.xml")
    assert answer.code == 1
    assert "ne peut pas être utilisé" in unfolded(answer.stderr)
    assert mairie.landed() == 0


def test_data_that_cannot_be_kept_anywhere(mairie: Mairie) -> None:
    (mairie.root / "bloc").write_bytes(b"")
    mairie.edit('donnees = "donnees"', 'donnees = "bloc/donnees"')
    deposit(mairie, BOTH)
    night = mairie.nightly()
    assert night.code == 1
    assert "ne peut pas être utilisé : un fichier se trouve à la place d'un dossier." in told(night)
    assert "Vérifiez que ce dossier existe" in told(night)
    assert lying(mairie.folder / "a-deposer") == dict(BOTH)
    assert mairie.landed() == 0


def test_a_site_that_cannot_be_written_stops_nothing_else(mairie: Mairie) -> None:
    (mairie.root / "site").write_bytes(b"")
    deposit(mairie, BOTH)
    mairie.nightly()
    mairie.advance(60)
    night = mairie.nightly()
    assert night.code == 1
    assert "site" in told(night)
    assert "ne peut pas être utilisé" in told(night)
    assert {flow["etat"] for flow in mairie.flows()} == {"acquitte"}
    (mairie.root / "site").unlink()
    assert mairie.nightly().code == 0
    assert (mairie.root / "site" / "index.html").is_file()


def test_a_new_installation_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "bloc").write_bytes(b"")
    identity = ("--siren", "219901238", "--siret", "21990123800010", "--departement", "099")
    answer = demat("init", tmp_path / "bloc" / "demat", "--nom", "Commune de Bellombre", *identity)
    assert answer.code == 1
    assert "ne peut pas être utilisé" in unfolded(answer.stderr)
    assert (tmp_path / "bloc").read_bytes() == b""


# --------------------------------------------------------------------------------------- disks


def big_pdf() -> bytes:
    """Return a PDF that is larger than the limit put on files."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.Root.Rembourrage = pdf.make_stream(os.urandom(_LIMIT + 500_000))
        pdf.save(out)
    return out.getvalue()


def limited_nightly(mairie: Mairie) -> Result:
    """Make a run in a process that may write no file beyond the limit."""
    command = [sys.executable, "-m", "demat", "nightly", "--json", "--config", str(mairie.config)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (_LIMIT, _LIMIT)),
    )
    return Result(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_a_file_that_the_disk_does_not_take(mairie: Mairie) -> None:
    files = seance(big_pdf())
    deposit(mairie, files)
    night = limited_nightly(mairie)
    assert night.code == 1
    assert "L'ordinateur n'arrive plus à enregistrer (le fichier dépasse" in told(night)
    assert FREE_SPACE in told(night)
    assert contents(mairie.folder / "en-cours") == sorted(files.values())
    assert (mairie.flows(), mairie.landed()) == ([], 0)
    assert mairie.nightly().code == 0
    assert contents(mairie.folder / "transmis") == sorted(files.values())
    assert_kept(mairie, files)
    assert mairie.landed() == 1


def test_a_run_that_could_not_be_closed_does_not_stop_the_next(mairie: Mairie) -> None:
    """A full disk, or a crash, leaves a run open: what shows that it is dead is its lock."""
    deposit(mairie, BOTH)
    with open_office(load_config(mairie.config)) as office:
        assert office.store.begin_run(KIND, None) is not None
        with office.store.alone(KIND) as alone:
            assert alone
            assert mairie.nightly().json == {"outcome": "already_running"}
    assert mairie.landed() == 0
    assert mairie.nightly().code == 0
    assert mairie.landed() == 2


def test_a_return_that_was_cut_is_finished_by_the_next_run(mairie: Mairie) -> None:
    """The store had recorded the faults; then there was no room left for the sheet."""
    with open_office(load_config(mairie.config)) as office:
        (authority,) = office.authorities
        authority.folders.make()
        claimed = claim_copies([FIXTURES / "compta-D0032.xml"], authority.folders)
        received = receive_one(claimed, authority, office)
        faults = Faults([Fault(code="XML-DTD", source="compta-D0032.xml")])
        office.store.advance(received.id, DepositState.RETURNED, faults=faults)
    assert contents(mairie.folder / "en-cours") == [PES]
    assert mairie.nightly().code == 1
    assert "Le fichier contient une définition de document" in mairie.sheet("compta-D0032")
    assert contents(mairie.folder / "a-corriger") == [PES]
    assert lying(mairie.folder / "en-cours") == {}
    assert mairie.landed() == 0


def _namespaces_allowed() -> bool:
    """Tell whether this user may mount a disk of its own; in most containers nobody may."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("nsenter")):
        return False
    trial = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk of four megabytes that holds the folders and the data of a mairie."""

    mairie: Mairie
    pid: int
    """The process that keeps the mount namespace, where the disk is mounted."""
    folder: Path
    """Where it is mounted, as seen inside."""

    @property
    def seen(self) -> Path:
        """The disk, as seen from here."""
        return Path(f"/proc/{self.pid}/root{self.folder}")

    def enter(self, *command: str) -> Result:
        """Run a command inside."""
        inside = ["nsenter", "--target", str(self.pid), "--mount", *command]
        done = subprocess.run(inside, capture_output=True, text=True, encoding="utf-8", check=False)
        return Result(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def nightly(self) -> Result:
        """Make a run."""
        command = ("-m", "demat", "nightly", "--json", "--config", str(self.mairie.config))
        return self.enter(sys.executable, *command)

    def deposit(self, files: Files) -> None:
        """Put files in ``a-deposer``."""
        for name, content in files.items():
            path = self.seen / "mairie" / "a-deposer" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def fill(self, *, free: int) -> None:
        """Take all the room that is left but some bytes."""
        state = os.statvfs(self.seen)
        with (self.seen / "lest").open("wb") as stream:
            stream.write(bytes(max(state.f_bavail * state.f_frsize - free, 0)))

    def make_room(self) -> None:
        """Give the room back."""
        (self.seen / "lest").unlink()

    def remount(self, mode: str) -> None:
        """Make it ``ro`` or ``rw``."""
        assert self.enter("mount", "-o", f"remount,{mode}", str(self.folder)).code == 0

    def files(self) -> list[bytes]:
        """Return the contents of the agents' files, wherever they lie."""
        return contents(self.seen / "mairie")


@pytest.fixture
def small_disk(mairie: Mairie) -> Iterator[SmallDisk]:
    """A mairie on a very small disk."""
    folder = mairie.root / "disque"
    folder.mkdir()
    mairie.edit('donnees = "donnees"', 'donnees = "disque/donnees"')
    mairie.edit('dossier = "mairie"', 'dossier = "disque/mairie"')
    mount = f"mount -t tmpfs -o size=4m tmpfs '{folder}' && echo && exec sleep 120"
    holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", mount], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        yield SmallDisk(mairie, holder.pid, folder)
    finally:
        holder.kill()
        holder.communicate()


if _namespaces_allowed():  # elsewhere the limit on files above is the full disk

    @pytest.mark.parametrize(
        ("used", "free"),
        [
            pytest.param(False, 0, id="nothing was ever written"),
            pytest.param(True, 60_000, id="full when the deposit is taken"),
            pytest.param(True, 200_000, id="full when the deposit is prepared"),
        ],
    )
    def test_a_full_disk_loses_nothing(small_disk: SmallDisk, used: bool, free: int) -> None:
        if used:
            assert small_disk.nightly().code == 0
        small_disk.deposit(BOTH)
        small_disk.fill(free=free)
        night = small_disk.nightly()
        assert night.code == 1
        assert FREE_SPACE in told(night)
        assert "plein" in told(night)
        assert "Traceback" not in night.stderr
        assert small_disk.files() == sorted(BOTH.values())
        assert small_disk.mairie.landed() == 0
        small_disk.make_room()
        assert small_disk.nightly().code == 0
        assert contents(small_disk.seen / "mairie" / "transmis") == sorted(BOTH.values())
        assert small_disk.mairie.landed() == 2

    def test_a_disk_that_became_read_only(small_disk: SmallDisk) -> None:
        assert small_disk.nightly().code == 0
        small_disk.deposit(BOTH)
        small_disk.remount("ro")
        night = small_disk.nightly()
        assert night.code == 1
        assert "rendez-le accessible en écriture" in told(night)
        assert small_disk.files() == sorted(BOTH.values())
        small_disk.remount("rw")
        assert small_disk.nightly().code == 0
        assert small_disk.mairie.landed() == 2

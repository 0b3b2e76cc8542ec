"""Taking a deposit out of the watched folder, by renames only: nothing is lost or read twice.

``a-deposer/X`` becomes ``en-cours/X~<token>/``. The token names the deposit in the store: a crash
between the rename and the commit leaves a folder that the next start receives under the same token.
"""

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demat.faults import Fault, FaultError
from demat.files import free_name
from demat.intake.api import InputFile
from demat.intake.folders import Folders
from demat.intake.watch import Arrival

__all__ = ["Claimed", "claim", "claim_copies", "leave", "pending", "restore_half_claimed"]

MAX_FILES = 5_000
MAX_BYTES = 1_000_000_000
_CLAIMED = re.compile(r"^(?P<name>.+)~(?P<token>[0-9a-f]{12})$")
_HALF = ".prise-"
SHEET = "A-LIRE.html"
"""Name of the sheet that goes back with a returned deposit; it is never part of a deposit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A deposit that is ours."""

    name: str
    token: str
    folder: Path

    def files(self) -> tuple[InputFile, ...]:
        """Read every file of the deposit, links left out.

        :raises FaultError: ``INT-TOO_BIG`` when it holds more than we accept in one deposit.
        """
        paths = [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and not _noise(path)
        ]
        size = sum(path.stat().st_size for path in paths)
        if len(paths) > MAX_FILES or size > MAX_BYTES:
            params = {"files": str(len(paths)), "size": str(size // 1_000_000)}
            raise FaultError(Fault(code="INT-TOO_BIG", params=params, source=self.name))
        return tuple(
            InputFile(name=path.relative_to(self.folder).as_posix(), content=path.read_bytes())
            for path in paths
        )


def _noise(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.name == SHEET or path.name == "Thumbs.db"


def claim(arrival: Arrival, folders: Folders) -> Claimed | None:
    """Move an arrival to ``en-cours``; ``None`` when somebody took it back meanwhile."""
    token = secrets.token_hex(6)
    half = folders.en_cours / f"{_HALF}{token}"
    half.mkdir()
    for path in arrival.paths:
        try:
            path.rename(half / path.name)
        except FileNotFoundError:
            _give_back(half, folders)
            return None
    only = half / arrival.name
    if only.is_dir():  # a folder is itself the deposit: no need of another around it
        target = folders.en_cours / f"{arrival.name}~{token}"
        only.rename(target)
        half.rmdir()
    else:
        target = folders.en_cours / f"{arrival.name}~{token}"
        half.rename(target)
    return Claimed(name=arrival.name, token=token, folder=target)


def _give_back(half: Path, folders: Folders) -> None:
    for path in sorted(half.iterdir()):
        path.rename(free_name(folders.a_deposer, path.name))
    half.rmdir()


def restore_half_claimed(folders: Folders) -> None:
    """Give back the deposits that a crash left between two renames."""
    for half in sorted(folders.en_cours.glob(f"{_HALF}*")):
        _give_back(half, folders)


def pending(folders: Folders) -> tuple[Claimed, ...]:
    """Return the deposits that lie in ``en-cours``, received or not."""
    found = []
    for folder in sorted(folders.en_cours.iterdir()):
        match = _CLAIMED.match(folder.name)
        if match and folder.is_dir():
            found.append(Claimed(name=match["name"], token=match["token"], folder=folder))
    return tuple(found)


def leave(claimed: Claimed, target: Path) -> Path:
    """Move a deposit out of ``en-cours`` under the name that its agent knows.

    :returns: where it now lies; a folder, or the file itself when the deposit was one loose file.
    :raises OSError: when the target cannot be written; the deposit is then still in ``en-cours``.
    """
    target.mkdir(parents=True, exist_ok=True)
    place = free_name(target, claimed.name)
    if place.suffix and not any(path.is_dir() for path in claimed.folder.iterdir()):
        place = free_name(target, place.stem)
    shutil.move(str(claimed.folder), str(place))
    return place


def claim_copies(paths: Sequence[Path], folders: Folders) -> Claimed:
    """Copy files (or one folder) that a technician names into ``en-cours``; the originals stay.

    :raises FaultError: ``INT-PATH`` naming what cannot be read.
    """
    token = secrets.token_hex(6)
    half = folders.en_cours / f".copie-{token}"
    half.mkdir()
    try:
        for path in paths:
            _copy(path, half)
    except OSError as error:
        shutil.rmtree(half)
        params = {"path": str(error.filename), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error
    target = folders.en_cours / f"{paths[0].name}~{token}"
    half.rename(target)
    return Claimed(name=paths[0].name, token=token, folder=target)


def _copy(path: Path, folder: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, folder, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, folder / path.name)

"""Taking a deposit out of the watched folder, by renames only: nothing is lost or read twice.

``a-deposer/X`` becomes ``en-cours/X~<token>/``. The token names the deposit in the store: a crash
between the rename and the commit leaves a folder that the next start receives under the same token.
"""

import os
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
from demat.intake.names import SHEET, files_below, is_noise, readable
from demat.intake.watch import Arrival

__all__ = [
    "SHEET",
    "Claimed",
    "claim",
    "claim_copies",
    "leave",
    "pending",
    "restore_half_claimed",
]

MAX_FILES = 5_000
MAX_BYTES = 1_000_000_000
MAX_NAME = 200
"""Bytes of a deposit's name that are kept: systems admit 255, token included."""
_CLAIMED = re.compile(r"(?P<name>.+)~(?P<token>[0-9a-f]{12})", re.DOTALL)
_HALF = ".prise-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A deposit that is ours."""

    name: str
    token: str
    folder: Path

    def files(self) -> tuple[InputFile, ...]:
        """Return every file of the deposit, links left out; none is read yet.

        :raises FaultError: ``INT-TOO_BIG`` when it holds more than we accept in one deposit,
            ``INT-PATH`` naming what cannot be listed.
        """
        try:
            return self._listed()
        except OSError as error:
            raise FaultError(_unreadable(error).within(self.name)) from error

    def _listed(self) -> tuple[InputFile, ...]:
        paths = [path for path in files_below(self.folder, onerror=_stop) if self._holds(path)]
        size = sum(path.stat().st_size for path in paths)
        if len(paths) > MAX_FILES or size > MAX_BYTES:
            params = {"files": str(len(paths)), "size": str(size // 1_000_000)}
            raise FaultError(Fault(code="INT-TOO_BIG", params=params, source=self.name))
        return tuple(
            InputFile(name=readable(path.relative_to(self.folder).as_posix()), data=path)
            for path in paths
        )

    def _holds(self, path: Path) -> bool:
        parts = path.relative_to(self.folder).parts
        return path.is_file() and not path.is_symlink() and not is_noise(parts)


def _stop(error: OSError) -> None:
    raise error


def _unreadable(error: OSError) -> Fault:
    """Say what cannot be read; the trouble of a whole tree is told by its first file."""
    path, reason = error.filename, error.strerror
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        path, _, reason = error.args[0][0]
    name = readable(Path(str(path)).name) if path else ""
    return Fault(code="INT-PATH", params={"path": name, "reason": str(reason or error)})


def claim(arrival: Arrival, folders: Folders) -> Claimed | None:
    """Move an arrival to ``en-cours``; ``None`` when somebody took it back meanwhile.

    :raises FaultError: ``INT-PATH`` naming what cannot be moved; all of it is then back in place.
    """
    token = secrets.token_hex(6)
    half = folders.en_cours / f"{_HALF}{token}"
    target = folders.en_cours / f"{_shortened(arrival.name)}~{token}"
    try:
        half.mkdir()
        for path in arrival.paths:
            path.rename(half / path.name)
        only = half / arrival.name
        if only.is_dir() and not only.is_symlink():  # a folder is itself the deposit
            only.rename(target)
            half.rmdir()
        else:
            half.rename(target)
    except FileNotFoundError:
        _give_back(half, folders)
        return None
    except OSError as error:
        _give_back(half, folders)
        raise FaultError(_unreadable(error)) from error
    return Claimed(name=readable(_shortened(arrival.name)), token=token, folder=target)


def _shortened(name: str) -> str:
    encoded = os.fsencode(name)
    return name if len(encoded) <= MAX_NAME else encoded[:MAX_NAME].decode(errors="ignore")


def _give_back(half: Path, folders: Folders) -> None:
    if half.is_dir():
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
        match = _CLAIMED.fullmatch(folder.name)
        if match and folder.is_dir() and not folder.is_symlink():
            name = readable(match["name"])
            found.append(Claimed(name=name, token=match["token"], folder=folder))
    return tuple(found)


def leave(claimed: Claimed, target: Path) -> Path:
    """Move a deposit out of ``en-cours`` under the name that its agent knows.

    :returns: the folder where it now lies; that of loose files has the name of their leader,
        without its extension.
    :raises OSError: when the target cannot be written; the deposit is then still in ``en-cours``.
    """
    target.mkdir(parents=True, exist_ok=True)
    name = Path(claimed.name).stem if _is_loose(claimed) else claimed.name
    place = free_name(target, name)
    shutil.move(str(claimed.folder), str(place))
    return place


def _is_loose(claimed: Claimed) -> bool:
    """Tell whether the deposit was made of loose files, the leader of which gave it its name."""
    return any(
        readable(_shortened(path.name)) == claimed.name
        for path in claimed.folder.iterdir()
        if path.is_symlink() or not path.is_dir()
    )


def claim_copies(paths: Sequence[Path], folders: Folders) -> Claimed:
    """Copy files (or one folder) that a technician names into ``en-cours``; the originals stay.

    :raises FaultError: ``INT-PATH`` naming what cannot be read, ``INT-FILE_TWICE`` when two of
        them have the same name.
    """
    names = [path.name if path.name not in ("", "..") else path.resolve().name for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise FaultError(Fault(code="INT-FILE_TWICE", params={"name": name}))
    token = secrets.token_hex(6)
    half = folders.en_cours / f".copie-{token}"
    half.mkdir()
    try:
        for path, name in zip(paths, names, strict=True):
            _copy(path, half if len(paths) == 1 and path.is_dir() else half / name)
    except OSError as error:
        shutil.rmtree(half)
        raise FaultError(_unreadable(error)) from error
    target = folders.en_cours / f"{_shortened(names[0])}~{token}"
    half.rename(target)
    return Claimed(name=readable(_shortened(names[0])), token=token, folder=target)


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():  # the links inside stay links, which are never read
        shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(path, target)

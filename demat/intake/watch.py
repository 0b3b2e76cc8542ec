"""Which deposits of the watched folder are complete: always polled, never read while being copied.

A deposit is a folder, or loose files that belong together (a spreadsheet and the documents that it
names, a PDF and its data file). It is ready when nothing of it has changed between two polls that
are ``settle`` apart (architecture, decision 19: notifications see nothing on a share).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from demat.faults import FaultError
from demat.intake.api import InputFile
from demat.intake.readers.seance import ALIASES as SEANCE_ALIASES
from demat.intake.readers.seance import named_files
from demat.intake.readers.tables import SPREADSHEETS, column_key, read_table

__all__ = ["Arrival", "Tracker", "group"]

_COPYING = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
_IGNORED = frozenset({"thumbs.db", "desktop.ini", "a-lire.html"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A complete deposit, still in the watched folder."""

    name: str
    """What the agent calls it: the folder, or the file that leads the others."""
    paths: tuple[Path, ...]
    """The top-level entries that it is made of."""


_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    stamp: _Stamp
    since: datetime


class Tracker:
    """Remembers what the folder looked like; one instance per watched folder."""

    def __init__(self, folder: Path, *, settle: timedelta) -> None:
        self._folder = folder
        self._settle = settle
        self._seen: dict[str, _Seen] = {}

    def poll(self, now: datetime) -> tuple[Arrival, ...]:
        """Look once and return the deposits that have not changed for the settling time."""
        entries = sorted(entry for entry in self._folder.iterdir() if not _ignored(entry))
        seen: dict[str, _Seen] = {}
        for entry in entries:
            stamp = _stamp(entry)
            before = self._seen.get(entry.name)
            same = before is not None and before.stamp == stamp
            seen[entry.name] = before if same and before else _Seen(stamp, now)
        self._seen = seen
        return tuple(arrival for arrival in group(entries) if self._ready(arrival, now))

    def _ready(self, arrival: Arrival, now: datetime) -> bool:
        return all(
            not _being_copied(path) and now - self._seen[path.name].since >= self._settle
            for path in arrival.paths
        )


def group(entries: Iterable[Path]) -> tuple[Arrival, ...]:
    """Put together the top-level entries that belong to one deposit."""
    folders = [entry for entry in entries if entry.is_dir()]
    loose = {entry.name: entry for entry in entries if entry.is_file()}
    arrivals = [Arrival(name=folder.name, paths=(folder,)) for folder in folders if _filled(folder)]
    for leader in sorted(loose, key=_leadership):
        if leader not in loose:
            continue  # already taken by another leader
        members = [loose.pop(leader)]
        members += [loose.pop(name) for name in _companions(members[0], loose)]
        arrivals.append(Arrival(name=leader, paths=tuple(members)))
    return tuple(arrivals)


def _leadership(name: str) -> tuple[int, str]:
    """Spreadsheets first, then data files, then the rest."""
    suffix = Path(name).suffix.lower()
    return (0 if suffix in SPREADSHEETS else 1 if suffix in (".json", ".xml") else 2, name)


def _companions(leader: Path, loose: Mapping[str, Path]) -> list[str]:
    suffix = leader.suffix.lower()
    if suffix in SPREADSHEETS:
        wanted = _named_in_sheet(leader)
        return [name for name in loose if name in wanted or column_key(name) in wanted]
    if suffix in (".json", ".xml"):
        return [name for name in loose if Path(name).stem == leader.stem]
    return []


def _named_in_sheet(sheet: Path) -> set[str]:
    """Return the file names that a spreadsheet mentions, as written and folded."""
    try:
        table = read_table(InputFile(name=sheet.name, content=sheet.read_bytes()))
    except (FaultError, OSError):
        return set()  # it will be returned with its own faults; nothing can be said of the others
    names: set[str] = set()
    aliases = {**SEANCE_ALIASES, "piece_jointe": "pj_fichier", "pj": "pj_fichier"}
    for row in table.rows(aliases):
        cells = dict(row.cells)
        names.update(named_files(cells))
        names.update(
            part.strip() for part in cells.get("pj_fichier", "").replace("|", ",").split(",")
        )
    return {form for name in names if name for form in (name, column_key(name))}


def _stamp(entry: Path) -> _Stamp:
    files = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
    stamps = []
    for file in files:
        try:
            facts = file.stat()
        except FileNotFoundError:
            continue  # renamed while we looked: the next poll sees the change
        stamps.append((str(file), facts.st_size, facts.st_mtime_ns, facts.st_ino))
    return tuple(stamps)


def _being_copied(entry: Path) -> bool:
    files = entry.rglob("*") if entry.is_dir() else [entry]
    return any(file.name.lower().endswith(_COPYING) or file.name.startswith("~$") for file in files)


def _filled(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def _ignored(entry: Path) -> bool:
    return entry.name.startswith((".", "~$")) or entry.name.lower() in _IGNORED

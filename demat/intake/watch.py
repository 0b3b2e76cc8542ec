"""Which deposits of the watched folder are complete: always polled, never read while being copied.

A deposit is a folder, or loose files that belong together (a spreadsheet and the documents that it
names, a PDF and its data file). It is ready when nothing of it has changed between two polls that
are ``settle`` apart (architecture, decision 19: notifications see nothing on a share).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demat.faults import FaultError
from demat.intake.api import InputFile
from demat.intake.names import (
    ORIGIN,
    PROPOSALS,
    annexe_of,
    files_below,
    is_noise,
    name_key,
    readable,
    stem_key,
)
from demat.intake.readers.acte_sidecar import cited_texts
from demat.intake.readers.columns import CITING
from demat.intake.readers.documents import Documents
from demat.intake.readers.tables import SPREADSHEETS, Table, candidates, read_table

__all__ = ["Arrival", "Tracker", "group"]

_COPYING = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
_LOCKS = (("~$", ""), (".~lock.", "#"))
"""How Excel and LibreOffice name the mark of an open file, around its name."""
_STALE = timedelta(hours=12)
"""After that, the mark of an open file was left by a crash."""
_DATA = (".json", ".xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A deposit in the watched folder."""

    name: str
    """What the agent calls it: the folder, or the file that leads the others."""
    paths: tuple[Path, ...]
    """The top-level entries that it is made of."""
    expects_more: bool = False
    """Something seems to be missing (a file that it cites, or whoever cites it): it waits for what
    is still arriving beside it."""


_Stamp = tuple[tuple[str, int, int], ...]


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
        everything = sorted(self._folder.iterdir())
        entries = [entry for entry in everything if not is_noise([entry.name])]
        seen: dict[str, _Seen] = {}
        for entry in entries:
            stamp = _stamp(entry)
            before = self._seen.get(entry.name)
            seen[entry.name] = before if before and before.stamp == stamp else _Seen(stamp, now)
        self._seen = seen
        calm = {name for name, state in seen.items() if now - state.since >= self._settle}
        loose_calm = all(entry.name in calm for entry in entries if _is_loose(entry))
        busy = _busy(everything, now)
        return tuple(
            arrival
            for arrival in group(entries)
            if (loose_calm or not arrival.expects_more)
            and all(path.name in calm and path.name not in busy for path in arrival.paths)
        )


def _stamp(entry: Path) -> _Stamp:
    stamps = []
    for file in files_below(entry):
        try:
            facts = file.lstat()
        except FileNotFoundError:
            continue  # renamed while we looked: the next poll sees the change
        stamps.append((str(file), facts.st_size, facts.st_mtime_ns))
    return tuple(stamps)


def _busy(entries: Iterable[Path], now: datetime) -> set[str]:
    """Return the names of the entries that are being copied, or are open in a spreadsheet."""
    busy: set[str] = set()
    for entry in entries:
        busy.update(_made_busy(entry, now))
        if not _is_loose(entry) and any(_made_busy(file, now) for file in files_below(entry)):
            busy.add(entry.name)
    return busy


def _made_busy(file: Path, now: datetime) -> set[str]:
    """Return the names that a file shows to be in use by somebody: its own, or its neighbour's."""
    for suffix in _COPYING:
        if file.name.lower().endswith(suffix):
            return {file.name, file.name[: -len(suffix)]}
    for before, after in _LOCKS:
        if file.name.startswith(before) and file.name.endswith(after) and _is_recent(file, now):
            return {file.name, file.name.removeprefix(before).removesuffix(after)}
    return set()


def _is_recent(file: Path, now: datetime) -> bool:
    try:
        modified = datetime.fromtimestamp(file.lstat().st_mtime, UTC)
    except FileNotFoundError:
        return False
    return now - modified < _STALE


def group(entries: Iterable[Path]) -> tuple[Arrival, ...]:
    """Put together the top-level entries that belong to one deposit.

    A link is an entry like another here; what it leads to is never read.
    """
    entries = list(entries)
    folders = [entry for entry in entries if not _is_loose(entry) and _filled(entry)]
    loose = _Loose(entry for entry in entries if _is_loose(entry))
    arrivals = [Arrival(name=folder.name, paths=(folder,)) for folder in folders]
    unreadable: list[Path] = []
    for leader in sorted(loose.paths, key=_leadership):
        if leader not in loose.paths:
            continue  # already taken by another leader
        path = loose.paths.pop(leader)
        cited = _cited(path)
        if cited is None:
            unreadable.append(path)
        else:
            arrivals.append(_led(path, cited, loose))
    if unreadable:
        arrivals = _with_unclaimed(unreadable, arrivals)
    return tuple(arrivals)


class _Loose:
    """The files that lie in no folder and that no leader has taken yet, findable by their name."""

    def __init__(self, entries: Iterable[Path]) -> None:
        self.paths = {entry.name: entry for entry in entries}
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        self._annexes: defaultdict[str, list[str]] = defaultdict(list)
        for name, path in self.paths.items():
            self._by_stem[name_key(path.stem)].append(name)
            annexed = annexe_of(path.stem)
            if annexed is not None:
                self._annexes[annexed].append(name)

    def of_name(self, leader: Path) -> Iterator[str]:
        """Yield the files that have the name of another, whatever their kind."""
        return (name for name in self._by_stem[name_key(leader.stem)] if name in self.paths)

    def annexes(self, leader: Path) -> Iterator[str]:
        """Yield the files called the annexes of another."""
        return (name for name in self._annexes[stem_key(leader.stem)] if name in self.paths)

    def origins(self) -> Iterator[str]:
        """Yield the files whose contents are proposed."""
        return (name for name in self.paths if name.lower().endswith(ORIGIN))


def _is_loose(entry: Path) -> bool:
    return entry.is_symlink() or entry.is_file()


def _filled(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    return any(not is_noise(file.relative_to(folder).parts) for file in files_below(folder))


def _leadership(name: str) -> tuple[int, str]:
    """Spreadsheets first, then data files, then the rest, what is called an annexe last."""
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        return (0, name)
    if suffix in _DATA:
        return (1, name)
    return (2 if annexe_of(path.stem) is None else 3, name)


def _led(leader: Path, cited: tuple[str, ...], loose: _Loose) -> Arrival:
    """Take, out of ``loose``, the files that a leader cites or that share its name."""
    suffix = leader.suffix.lower()
    taken: set[str] = set()
    missing = False
    if cited:
        by_name = {readable(name): name for name in loose.paths}
        documents = Documents(InputFile(name=name, data=b"") for name in by_name)
        found = [documents.matching(name) for text in cited for name in documents.names(text)]
        taken = {by_name[file.name] for files in found for file in files}
        missing = not all(found)
    if suffix in _DATA:
        taken.update(loose.of_name(leader))
    if leader.name.lower() == PROPOSALS:
        taken.update(loose.origins())
    elif suffix == ".pdf":
        taken.update(loose.annexes(leader))
    paths = (leader, *(loose.paths.pop(name) for name in sorted(taken)))
    alone = len(paths) == 1 and suffix not in (*SPREADSHEETS, ".xml")
    return Arrival(name=leader.name, paths=paths, expects_more=missing or alone)


def _cited(leader: Path) -> tuple[str, ...] | None:
    """Return the cells of a loose file that name others; ``None`` when it cannot be read."""
    suffix = leader.suffix.lower()
    if leader.is_symlink() or suffix not in (*SPREADSHEETS, *_DATA):
        return ()
    try:
        file = InputFile(name=leader.name, data=leader)
        if suffix in _DATA:
            return cited_texts(file)
        rows = _citing_table(file).rows({})
        return tuple(text for row in rows for column in CITING if (text := row.raw(column)))
    except (FaultError, OSError):
        return None if suffix in SPREADSHEETS else ()


def _citing_table(file: InputFile) -> Table:
    """Return the first table that has a column of names; its titles may stand below other lines.

    :raises FaultError: ``INT-TABLE…``.
    """
    first = read_table(file)
    tables = (table for tables in candidates(file) for table in tables)
    return next((table for table in tables if CITING.intersection(table.columns)), first)


def _with_unclaimed(unreadable: list[Path], arrivals: list[Arrival]) -> list[Arrival]:
    """Give to the first unreadable spreadsheet the documents that nobody cites: it may cite them.

    They go back to the agent together, once, instead of one by one.
    """
    alone = [arrival for arrival in arrivals if _is_document_alone(arrival)]
    first, *others = unreadable
    paths = (first, *(arrival.paths[0] for arrival in alone))
    return [
        *(arrival for arrival in arrivals if arrival not in alone),
        Arrival(name=first.name, paths=paths, expects_more=True),
        *(Arrival(name=path.name, paths=(path,), expects_more=True) for path in others),
    ]


def _is_document_alone(arrival: Arrival) -> bool:
    path = arrival.paths[0]
    return len(arrival.paths) == 1 and _is_loose(path) and _leadership(path.name)[0] >= 2

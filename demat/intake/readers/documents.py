"""The documents beside the data of a deposit, found by the names that the data gives them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from demat.faults import Fault
from demat.intake.api import InputFile
from demat.intake.names import name_key, split_names
from demat.intake.readers.tables import Row

__all__ = ["Documents"]


class Documents:
    """Files by name; remembers which ones were cited, since a forgotten one would not be sent."""

    def __init__(self, files: Iterable[InputFile]) -> None:
        self._files = tuple(files)
        self._cited: set[str] = set()
        self._indexes: tuple[Mapping[str, list[InputFile]], ...] = (
            _index((file.name, file) for file in self._files),
            _index((file.base, file) for file in self._files),
            _index((name_key(file.base), file) for file in self._files),
        )
        self._by_stem = _index((file.stem, file) for file in self._files)

    @property
    def files(self) -> tuple[InputFile, ...]:
        """Every document, cited or not."""
        return self._files

    def matching(self, name: str) -> tuple[InputFile, ...]:
        """Return the files that a name may mean: same path, else same name, else nearly the same.

        A path of another computer (``C:\\Mairie\\a.pdf``) counts for its last part.
        """
        path = name.strip().replace("\\", "/")
        base = path.rpartition("/")[2]
        by_path, by_base, by_key = self._indexes
        found = by_path.get(path) or by_base.get(base) or by_key.get(name_key(base))
        return tuple(found or ())

    def names(self, text: str) -> tuple[str, ...]:
        """Return the names that a cell lists; an existing name may hold a comma."""
        return (text.strip(),) if self.matching(text) else split_names(text)

    def find(self, row: Row, column: str, name: str) -> InputFile | None:
        """Return the file that a cell names, which is then cited; else add a fault to the row."""
        found = self.matching(name)
        self._cited.update(file.name for file in found)
        if not found:
            row.fault("INT-FILE_MISSING", column, name=name)
            return None
        if any(file.content != found[0].content for file in found[1:]):
            paths = ", ".join(file.name for file in found)
            row.fault("INT-FILE_AMBIGUOUS", column, name=name, found=paths)
            return None
        return found[0]

    def find_stem(self, row: Row, column: str, stem: str) -> InputFile | None:
        """Return the file whose name without extension is given, cited then; else add a fault."""
        found = self._by_stem.get(stem)
        return self.find(row, column, found[0].name if found else stem)

    def has_stem(self, stem: str, *, but: InputFile) -> bool:
        """Tell whether another file has that name without extension."""
        return any(file is not but for file in self._by_stem.get(stem, ()))

    def cite(self, file: InputFile) -> None:
        """Note that a file belongs to something, although no cell names it."""
        self._cited.add(file.name)

    def uncited(self) -> tuple[InputFile, ...]:
        """Return the files that nothing claims yet, by name."""
        free = (file for file in self._files if file.name not in self._cited)
        return tuple(sorted(free, key=lambda file: file.name))

    def orphans(self, sheet: str) -> tuple[Fault, ...]:
        """Return a fault for each document that ``sheet`` did not cite."""
        return tuple(
            Fault(
                code="INT-FILE_ORPHAN", params={"name": file.name, "sheet": sheet}, source=file.base
            )
            for file in self.uncited()
        )


def _index(pairs: Iterable[tuple[str, InputFile]]) -> Mapping[str, list[InputFile]]:
    index: defaultdict[str, list[InputFile]] = defaultdict(list)
    for key, file in pairs:
        index[key].append(file)
    return dict(index)

"""Exports of business software that the authority's correspondances describe (helios dossier §10).

Tried before the readers of our own columns: what was declared on purpose wins over a likeness.
"""

from collections.abc import Iterator, Sequence

from demat.faults import Fault, FaultError, Faults
from demat.intake.api import InputFile, ReadContext, Reading
from demat.intake.mapping import ACTES, ExportMapping
from demat.intake.readers.columns import several_sheets
from demat.intake.readers.ecritures import read_ecritures
from demat.intake.readers.seance import read_seance
from demat.intake.readers.tables import SPREADSHEETS, Table

__all__ = ["Exports"]

_Match = tuple[InputFile, Table, ExportMapping]


class Exports:
    """Reader of one spreadsheet that a correspondance recognises, and of its documents."""

    def __init__(self, mappings: Sequence[ExportMapping]) -> None:
        self._mappings = tuple(mappings)

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether exactly one spreadsheet is of a declared layout."""
        return len({file.name for file, _, _ in self._matches(files)}) == 1

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read the export as if its columns were ours; faults keep the titles of its own."""
        matches = list(self._matches(files))
        file, table, mapping = matches[0]
        doubt = _doubt(matches)
        if doubt is not None:
            return Reading(kind=mapping.kind, faults=Faults([doubt]))
        try:
            mapped = mapping.apply(table)
        except FaultError as error:
            return Reading(kind=mapping.kind, faults=error.faults)
        if mapping.kind == ACTES:
            return read_seance(file, mapped, files, context)
        return read_ecritures(mapping.kind, file, mapped, files, context)

    def lists_actes(self, files: Sequence[InputFile]) -> bool:
        """Tell whether the export that is recognised lists acts."""
        return any(mapping.kind == ACTES for _, _, mapping in self._matches(files))

    def _matches(self, files: Sequence[InputFile]) -> Iterator[_Match]:
        for file in files if self._mappings else ():
            if file.suffix not in SPREADSHEETS:
                continue
            for mapping in self._mappings:
                try:
                    tables = mapping.find(file)
                except FaultError:
                    break  # another reader, or the engine, says why
                yield from ((file, table, mapping) for table in tables)


def _doubt(matches: Sequence[_Match]) -> Fault | None:
    """Refuse to choose between several correspondances, or several sheets: some would be lost."""
    names = dict.fromkeys(mapping.nom for _, _, mapping in matches)
    file, *_ = matches[0]
    if len({id(mapping) for _, _, mapping in matches}) > 1:
        listed = ", ".join(names)
        return Fault(code="INT-MAPPING_SEVERAL", params={"names": listed}, source=file.base)
    return several_sheets(file, [table.sheet for _, table, _ in matches])

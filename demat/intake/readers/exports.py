"""Exports of business software that the authority's correspondances describe (helios dossier §10).

Tried before the readers of our own columns: what was declared on purpose wins over a likeness.
"""

from collections.abc import Iterator, Sequence

from demat.faults import Fault, FaultError, Faults
from demat.intake.api import InputFile, ReadContext, Reading
from demat.intake.mapping import ExportMapping
from demat.intake.readers.ecritures import read_ecritures
from demat.intake.readers.tables import SPREADSHEETS, Table, read_table

__all__ = ["Exports"]


class Exports:
    """Reader of one spreadsheet that a correspondance recognises, and of its documents."""

    def __init__(self, mappings: Sequence[ExportMapping]) -> None:
        self._mappings = tuple(mappings)

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Tell whether exactly one spreadsheet is of a declared layout."""
        return len({file.name for file, _, _ in self._matches(files)}) == 1

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Read the export as if its columns were ours; faults keep the titles of its own."""
        (file, table, mapping), *others = self._matches(files)
        if others:
            names = ", ".join(one.nom for one in (mapping, *(other[2] for other in others)))
            fault = Fault(code="INT-MAPPING_SEVERAL", params={"names": names}, source=file.base)
            return Reading(kind=mapping.kind, faults=Faults([fault]))
        try:
            mapped = mapping.apply(table)
        except FaultError as error:
            return Reading(kind=mapping.kind, faults=error.faults)
        return read_ecritures(mapping.kind, file, mapped, files, context)

    def _matches(
        self, files: Sequence[InputFile]
    ) -> Iterator[tuple[InputFile, Table, ExportMapping]]:
        for file in files if self._mappings else ():
            if file.suffix not in SPREADSHEETS:
                continue
            try:
                table = read_table(file)
            except FaultError:
                continue  # another reader, or the engine, says why
            for mapping in self._mappings:
                if mapping.recognises(table):
                    yield file, table, mapping

"""A ready-made ``PES_Aller`` from the accounting software: taken as it is, judged elsewhere."""

from collections.abc import Sequence

from demat.intake.api import InputFile, PesFileDraft, ReadContext, Reading
from demat.intake.readers.budget import is_budget

__all__ = ["PesFile"]


class PesFile:
    """Reader of deposits made of PES files only, each becoming one flow."""

    def recognises(self, files: Sequence[InputFile]) -> bool:
        """Only XML files, none of which is an ACTES message or a budget."""
        return bool(files) and all(
            file.suffix == ".xml" and not is_budget(file) and b"NumeroInterne" not in file.content
            for file in files
        )

    def read(self, files: Sequence[InputFile], context: ReadContext) -> Reading:
        """Hand each file over untouched: XSD and rules speak of its content."""
        return Reading(kind="pes", drafts=tuple(PesFileDraft(file=file) for file in files))

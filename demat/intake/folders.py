"""The folder of an authority, as its agents see it (architecture §5)."""

from dataclasses import dataclass
from pathlib import Path

from demat.faults import Fault, FaultError

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """The six folders of one authority."""

    root: Path

    @property
    def a_deposer(self) -> Path:
        """Where agents drop files."""
        return self.root / "a-deposer"

    @property
    def en_cours(self) -> Path:
        """What was taken and is being worked on."""
        return self.root / "en-cours"

    @property
    def transmis(self) -> Path:
        """What has been frozen and handed to the queue."""
        return self.root / "transmis"

    @property
    def a_corriger(self) -> Path:
        """What came back, each with a sheet that says why."""
        return self.root / "a-corriger"

    @property
    def accuses(self) -> Path:
        """The answers of the préfecture and of the comptable."""
        return self.root / "accuses"

    @property
    def courriers(self) -> Path:
        """The letters of the préfecture, each with a sheet that says how to answer."""
        return self.root / "courriers"

    def make(self) -> None:
        """Create what is missing.

        :raises FaultError: ``INT-FOLDER`` naming the folder that cannot be written.
        """
        for folder in self.all():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / ".demat-ecriture"
                probe.touch()
                probe.unlink()
            except OSError as error:
                raise FaultError(
                    Fault(
                        code="INT-FOLDER",
                        params={"folder": str(folder), "reason": error.strerror or str(error)},
                    )
                ) from error

    def all(self) -> tuple[Path, ...]:
        """The six folders, in the order of a deposit's life."""
        return (
            *(self.a_deposer, self.en_cours, self.transmis),
            *(self.a_corriger, self.accuses, self.courriers),
        )

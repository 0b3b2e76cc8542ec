"""Judge a PES_Aller before it leaves: its schema and the 77 rules, in one reading of the file."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from demat.faults import FaultError, Faults
from demat.helios.read import PesFacts
from demat.helios.rules import ContextePes, read_and_check
from demat.schemas.catalogue import Catalogue
from demat.schemas.validate import is_surely_valid, validate

__all__ = ["Examined", "examine"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What a file holds and what was found in it."""

    facts: PesFacts | None
    """``None`` when a fault stops the reading or its structure is refused."""
    faults: Faults
    """Those of the schema alone when it refuses the file: the rules would only add noise."""


def examine(
    content: bytes, contexte: ContextePes, *, catalogue: Catalogue | None = None
) -> Examined:
    """Apply the schema and the rules to a file, in memory that does not grow with its pièces.

    The schema is applied beside, by libxml2, which does not hold up Python meanwhile. Only a file
    that is not surely valid is read as a tree, for its faults to be told with their places.

    :param catalogue: the schemas that are known; those of the project by default.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        verdict = beside.submit(is_surely_valid, content, catalogue=catalogue)
        try:
            facts, found = read_and_check(content, contexte)
        except FaultError as error:
            return Examined(facts=None, faults=error.faults)
        valid = verdict.result()
    refused = Faults() if valid else validate(content, catalogue=catalogue)
    if refused.blocking:
        return Examined(facts=None, faults=refused)
    return Examined(facts=facts, faults=refused + found)

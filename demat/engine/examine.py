"""Judge a PES_Aller before it leaves: its schema and the 77 rules, in one reading of the file."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from demat.faults import FaultError, Faults
from demat.helios.read import PesFacts
from demat.helios.rules import ContextePes, check_texts, read_and_check
from demat.schemas.catalogue import Catalogue
from demat.schemas.validate import schema_of, validate

__all__ = ["Examined", "examine"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What a file holds and what was found in it."""

    facts: PesFacts | None
    """``None`` when a fault stops the reading or its structure is refused."""
    faults: Faults
    """Of a file that the schema refuses: what the schema says, and the texts that are too long or
    mean nothing, with the pièce where they are; the other rules would only add noise."""


def examine(content: bytes, contexte: ContextePes, catalogue: Catalogue) -> Examined:
    """Apply the schema and the rules to a file, in memory that does not grow with its pièces.

    The schema is applied beside, by libxml2, which does not hold up Python meanwhile. Only a file
    that is not surely valid is read as a tree, for its faults to be told with their places.

    :param catalogue: the schemas that are known.
    """
    schema = schema_of(content, catalogue)
    with ThreadPoolExecutor(max_workers=1) as beside:
        verdict = beside.submit(schema.accepts, content) if schema is not None else None
        try:
            facts, found = read_and_check(content, contexte, texts=False)  # the schema judges them
        except FaultError as error:
            return Examined(facts=None, faults=error.faults)
        doubtful = schema is None or schema.may_repeat_an_id(content)
        valid = not doubtful and verdict is not None and verdict.result()
    refused = Faults() if valid else validate(content, catalogue=catalogue)
    if refused.blocking:
        return Examined(facts=None, faults=refused + check_texts(content, contexte))
    return Examined(facts=facts, faults=refused + found)

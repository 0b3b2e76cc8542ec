"""Documents made to deceive: ``CORPUS``, by name."""

from tests.unit.signing.hostile import keys, structure, xml_tricks
from tests.unit.signing.hostile.workshop import CORPUS, Hostile, Workshop, new_authority

__all__ = ["CORPUS", "Hostile", "Workshop", "keys", "new_authority", "structure", "xml_tricks"]

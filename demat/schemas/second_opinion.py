"""The same document judged by another validator, written in Python: xmlschema (decision 1).

It is some thirty times slower than libxml2 and stops at a million elements: it serves to settle a
doubt about a verdict, not to validate every day.
"""

from functools import lru_cache
from pathlib import Path

import xmlschema
from lxml import etree

from demat.schemas.catalogue import Catalogue, day_of
from demat.schemas.xsd11 import accepts
from demat.xmlio import parse_untrusted

__all__ = ["second_opinion"]


def second_opinion(content: bytes, *, catalogue: Catalogue | None = None) -> bool | None:
    """Tell whether xmlschema finds a document valid; ``None`` when no schema serves its root.

    :param catalogue: the schemas that are known; those of the project by default.
    :raises FaultError: ``XML-…`` when the document cannot be read at all.
    """
    root = parse_untrusted(content)
    entry = (catalogue or Catalogue.default()).find(etree.QName(root), day_of(root))
    if entry is None:
        return None
    if entry.path_11 is not None:
        return accepts(entry.path_11, root)
    return bool(_schema(entry.path).is_valid(root))


@lru_cache(maxsize=8)
def _schema(path: Path) -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(path), allow="local", loglevel=50)

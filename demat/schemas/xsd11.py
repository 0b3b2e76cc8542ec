"""Schemas that only XSD 1.1 can say, judged by xmlschema (architecture, decision 1).

Some thirty times slower than libxml2: asked only about a document that libxml2 refused.
"""

from functools import lru_cache
from itertools import islice
from pathlib import Path

import xmlschema

from demat.xmlio import Element

__all__ = ["MAX_ELEMENTS", "accepts", "schema_11"]

MAX_ELEMENTS = 200_000
"""Elements of a document beyond which it is not asked: some ten seconds of work."""


def accepts(path: Path, root: Element) -> bool:
    """Tell whether a document is valid; one that is too large or too deep is not, for lack of a
    verdict.

    :param path: the schema, with what it includes beside it.
    """
    if next(islice(root.iter("*"), MAX_ELEMENTS, None), None) is not None:
        return False
    try:
        return bool(schema_11(path).is_valid(root))
    except RecursionError:  # nested beyond what an honest document is
        return False


@lru_cache(maxsize=8)
def schema_11(path: Path) -> xmlschema.XMLSchema11:
    """Return a compiled schema, kept for the life of the process; about a second the first time."""
    return xmlschema.XMLSchema11(str(path), allow="local", loglevel=50)

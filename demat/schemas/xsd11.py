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


def accepts(path: Path, root: Element, *, max_elements: int | None = None) -> bool:
    """Tell whether a document is valid; one without a verdict is not.

    It has none when it is too large or too deep, or holds a year that the library cannot count.

    :param path: the schema, with what it includes beside it.
    :param max_elements: do not even try beyond this number.
    """
    if max_elements is not None and _is_longer(root, max_elements):
        return False
    try:
        return bool(schema_11(path).is_valid(root))
    except (RecursionError, OverflowError):
        return False


def _is_longer(root: Element, count: int) -> bool:
    return next(islice(root.iter("*"), count, None), None) is not None


@lru_cache(maxsize=8)
def schema_11(path: Path) -> xmlschema.XMLSchema11:
    """Return a compiled schema, kept for the life of the process; about a second the first time."""
    return xmlschema.XMLSchema11(str(path), allow="local", loglevel=50)

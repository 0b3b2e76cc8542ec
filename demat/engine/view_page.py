"""What the pages that show a PES have in common: their templates and the French way to write."""

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from demat.amounts import euros
from demat.engine.office import Explanation
from demat.faults import Fault, Faults
from demat.helios.libelles import (
    VALEURS,
    en_clair,
    nature_bordereau,
    nature_piece,
    nature_rattachement,
    remarkable,
)

__all__ = ["Explain", "euros", "poids", "render"]

Explain = Callable[[Fault], Explanation]
_SPACE, _THIN = "\u00a0", "\u202f"
_PUNCTUATION = re.compile(" ([»:;?!])")


def poids(size: int | None) -> str:
    """Write a size: ``242 Ko``, ``1,2 Mo``."""
    if size is None:
        return "illisible"
    if size < 1000:
        return f"{size}{_SPACE}octet{'s' if size > 1 else ''}"
    if size < 1_000_000:
        return f"{round(size / 1000)}{_SPACE}Ko"
    return f"{size / 1_000_000:.1f}{_SPACE}Mo".replace(".", ",")


def render(template: str, explain: Explain, values: Mapping[str, object]) -> Iterator[bytes]:
    """Yield a page piece by piece, in UTF-8: a long one never has to fit in memory."""
    stream = _environment(explain).get_template(template).stream(**values)
    stream.enable_buffering(200)
    for chunk in stream:
        yield chunk.encode()


def _environment(explain: Explain) -> Environment:
    templates = Environment(
        loader=PackageLoader("demat.engine"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def explained(faults: Faults) -> list[Explanation]:
        """Put faults in words, the same words once."""
        found = {(text.where, text.sentence): text for text in map(explain, faults)}
        return list(found.values())

    templates.filters.update(
        adresse=quote,
        bordereau=nature_bordereau,
        code=lambda value, name: VALEURS[name].get(value, value),
        euros=euros,
        explained=explained,
        french=_french,
        majuscule=lambda text: text[:1].upper() + text[1:],
        jour=lambda text: en_clair("", text),
        piece=nature_piece,
        poids=poids,
        rattachement=nature_rattachement,
        remarquable=remarkable,
    )
    return templates


def _french(text: str) -> str:
    """Put the unbreakable spaces of French typography."""
    return _PUNCTUATION.sub(f"{_SPACE}\\1", text).replace("« ", f"«{_SPACE}")

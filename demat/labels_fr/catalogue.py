"""Every French label, and what an agent reads about a fault: where, what, what to do, whom to ask.

To add a family of codes: write its file, import it, add one line to ``_FAMILIES``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from demat.faults import Fault
from demat.labels_fr import (
    actes,
    config,
    connectors,
    engine,
    helios,
    intake,
    partage,
    preuves,
    publish,
    queue,
    retours,
    schemas,
    signataires,
    signing,
    supervision,
    view,
    xml,
    xsd,
)
from demat.labels_fr.label import TECHNICIEN, Label
from demat.labels_fr.system import in_french

__all__ = [
    "LABELS",
    "Explanation",
    "explain",
    "label",
    "merge",
    "render_json",
    "sentence",
    "values",
]

_FAMILIES: tuple[Mapping[str, Label], ...] = (
    actes.LABELS,
    config.LABELS,
    connectors.LABELS,
    engine.LABELS,
    helios.LABELS,
    intake.LABELS,
    partage.LABELS,
    preuves.LABELS,
    publish.LABELS,
    queue.LABELS,
    retours.LABELS,
    schemas.LABELS,
    signataires.LABELS,
    signing.LABELS,
    supervision.LABELS,
    view.LABELS,
    xml.LABELS,
    xsd.LABELS,
)
_COMPLETIONS: Mapping[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "PES": helios.complete,
    "PRV": preuves.complete,
    "SUP": supervision.complete,
    "XSD": xsd.complete,
}
"""By prefix of code: what makes the words of a sentence out of the values of a fault."""
_UNKNOWN = Label(
    "Une anomalie que le logiciel ne sait pas décrire a été trouvée (code {code}).",
    remedy="Transmettez ce code et le fichier à votre technicien.",
    ask=TECHNICIEN,
)
_REASONS = ("reason", "raison")
"""Values that may hold the words of the operating system."""
_TABLES = (".csv", ".ods", ".tsv", ".xls", ".xlsx")
_RANK = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What an agent reads about one fault."""

    where: str
    """File, line, and element or column, such as ``titres.csv, ligne 12, colonne « objet »``."""
    sentence: str
    """What is wrong and which one."""
    remedy: str
    """What to do; empty when there is nothing to do."""
    ask: str
    """Who can answer a question about it."""


def merge(families: Iterable[Mapping[str, Label]]) -> dict[str, Label]:
    """Return the labels of all families by code.

    :raises ValueError: two families describe the same code.
    """
    merged: dict[str, Label] = {}
    for family in families:
        if twice := merged.keys() & family.keys():
            raise ValueError(f"fault codes described twice: {sorted(twice)}")
        merged.update(family)
    return merged


LABELS: Mapping[str, Label] = merge(_FAMILIES)


def label(code: str) -> Label:
    """Return the label of a code.

    :raises KeyError: no family describes it.
    """
    return LABELS[code]


class _Values(dict[str, str]):
    """The values of a sentence: an absent one is shown as an ellipsis, never as a crash."""

    def __missing__(self, key: str) -> str:
        return "…"


def values(fault: Fault) -> dict[str, str]:
    """Return the values that the label of a fault may show, by name."""
    complete = _COMPLETIONS.get(fault.code.partition("-")[0], dict)
    shown = {"code": fault.code, **complete(fault.params)}  # Hélios has codes of its own
    return shown | {name: in_french(shown[name]) for name in _REASONS if name in shown}


def sentence(fault: Fault) -> str:
    """Return what is wrong, in French, without the file and the line."""
    return explain(fault).sentence


def explain(fault: Fault) -> Explanation:
    """Return all that an agent reads about a fault; a code without label gives a neutral text."""
    found = LABELS.get(fault.code, _UNKNOWN)
    shown = _Values(values(fault))
    return Explanation(
        where=_where(fault),
        sentence=found.sentence.format_map(shown),
        remedy=found.remedy.format_map(shown),
        ask=found.ask,
    )


def render_json(fault: Fault) -> dict[str, str | int | None]:
    """Return a fault as the commands print it with ``--json``."""
    explanation = explain(fault)
    return {
        "code": fault.code,
        "severity": fault.severity.value,
        "source": fault.source,
        "line": fault.line,
        "path": fault.path,
        "message": f"{explanation.sentence} {explanation.remedy}".strip(),
        "ask": explanation.ask,
    }


def _where(fault: Fault) -> str:
    line = f"ligne {fault.line}" if fault.line is not None else ""
    return ", ".join(part for part in (fault.source, line, _place(fault)) if part)


def _place(fault: Fault) -> str:
    """Return the column of a table, or the element of a document."""
    sheet, mark, column = fault.path.rpartition("!")
    if mark or fault.source.lower().endswith(_TABLES):
        tab = f"feuille « {sheet} »" if sheet and sheet not in fault.source else ""
        name = f"colonne « {column} »" if column else ""
        return ", ".join(part for part in (tab, name) if part)
    names = [step for step in fault.path.split("/") if step and not step.startswith("@")]
    if not names or " " in names[-1].strip():  # such as ``pièce 12``, which the sentence tells
        return ""
    return f"élément {_RANK.sub('', names[-1])}"

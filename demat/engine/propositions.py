"""What a deposit proposes and a person must confirm: kept, laid beside its files, read again.

The list of proposals has the columns of a séance, so that the corrected folder is read as one.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from demat.actes.classification import Classification
from demat.actes.model import parse_matiere
from demat.faults import Fault, FaultError
from demat.intake.api import Confidence, InputFile, Proposal
from demat.intake.names import ORIGIN, PROPOSALS
from demat.intake.readers.seance import COLUMNS, CONFIRME, REQUIRED, protected
from demat.intake.readers.tables import SPREADSHEETS
from demat.queue.states import DepositState
from demat.queue.views import DepositView

__all__ = [
    "KEY",
    "dump_proposals",
    "labelled",
    "laid_names",
    "proposals_of",
    "proposals_table",
    "proposed_numbers",
    "to_confirm",
    "without_origins",
]

KEY = "propositions"
"""Detail of a deposit: its proposals, as JSON."""
_DATA = frozenset({*SPREADSHEETS, ".json"})
"""What a list of proposals takes the place of."""
_OPTIONAL_SHOWN = ("annexes",)


def to_confirm(proposals: Sequence[Proposal], name: str) -> Fault:
    """Return the fault of a deposit that waits for a person."""
    return Fault(code="INT-TO_CONFIRM", params={"count": str(len(proposals))}, source=name)


def dump_proposals(proposals: Iterable[Proposal]) -> dict[str, str]:
    """Return proposals as the detail of a deposit."""
    entries = [
        {
            "cells": dict(one.cells),
            "confidences": {column: found.value for column, found in one.confidences.items()},
            "reasons": dict(one.reasons),
            "notes": dict(one.notes),
            "where": one.where,
        }
        for one in proposals
    ]
    return {KEY: json.dumps(entries, ensure_ascii=False)}


def _loaded(detail: Mapping[str, str]) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(
            cells=entry["cells"],
            confidences={
                column: Confidence(found) for column, found in entry["confidences"].items()
            },
            reasons=entry["reasons"],
            notes=entry["notes"],
            where=entry["where"],
        )
        for entry in json.loads(detail.get(KEY, "[]"))
    )


def proposals_of(deposit: DepositView) -> tuple[Proposal, ...]:
    """Return what a deposit waits to have confirmed; nothing when it does not, or not any more."""
    waits = deposit.state is DepositState.RETURNED and "INT-TO_CONFIRM" in deposit.faults.codes
    return _loaded(deposit.detail) if waits else ()


def proposed_numbers(detail: Mapping[str, str]) -> tuple[str, ...]:
    """Return the numbers that a deposit proposes, given its detail."""
    return tuple(filter(None, (one.cells.get("numero", "") for one in _loaded(detail))))


def proposals_table(
    proposals: Sequence[Proposal], classification: Classification, *, confirme: str = ""
) -> bytes:
    """Write the list that a person confirms, as any spreadsheet program opens it.

    UTF-8 with a mark, semicolons. No cell is a formula, and the matière goes with its label: alone,
    ``7.10`` would become a number or a day.
    """
    given = {column for one in proposals for column, text in one.cells.items() if text}
    columns = [
        column for column in COLUMNS if column in (*REQUIRED, *_OPTIONAL_SHOWN) or column in given
    ]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([*columns, CONFIRME])
    for one in labelled(proposals, classification):
        texts = [protected(" ".join(one.cells.get(column, "").split())) for column in columns]
        writer.writerow([*texts, confirme])
    return out.getvalue().encode("utf-8-sig")


def labelled(proposals: Iterable[Proposal], classification: Classification) -> tuple[Proposal, ...]:
    """Return proposals whose matière is followed by its label, for a person."""
    return tuple(
        replace(one, cells={**one.cells, "matiere": _labelled(code, classification)})
        if (code := one.cells.get("matiere"))
        else one
        for one in proposals
    )


def _labelled(code: str, classification: Classification) -> str:
    try:
        matiere = parse_matiere(code)
    except FaultError:
        return code
    return f"{code} {classification.libelle(matiere) or '(libellé inconnu)'}"


def laid_names(names: Sequence[str]) -> dict[str, str]:
    """Return the name under which each file of a deposit goes back with its list of proposals.

    What the list was made from keeps its bytes under a name that is not read again.
    """
    laid = {}
    for name in names:
        new = name
        if any(name.lower().endswith(suffix) for suffix in _DATA):
            new = f"{name}{ORIGIN}"
            while new in names:
                new = f"{new}{ORIGIN}"
        laid[name] = new
    return laid


def without_origins(files: Sequence[InputFile]) -> list[InputFile]:
    """Leave out what a list of proposals was made from, when that list is there."""
    if all(file.base.lower() != PROPOSALS for file in files):
        return list(files)
    return [file for file in files if file.suffix != ORIGIN]

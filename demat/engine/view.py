"""Any file that a person can read without XML: a PES, a budget, the budget of an archive."""

from pathlib import Path

from demat.actes.scellement import ROOTS
from demat.engine.view_budget import ShownBudget, budget_in_archive, show_budget
from demat.engine.view_page import Explain
from demat.engine.view_pes import Shown, check_targets, show_pes
from demat.faults import Fault, FaultError
from demat.signing.trust import TrustStore
from demat.xmlio import root_name

__all__ = ["show_document"]

_BUDGETS = frozenset(root.rpartition("}")[2] for root in ROOTS)
_GZIP = b"\x1f\x8b"


def show_document(
    source: Path,
    *,
    html: Path | None,
    csv: Path | None,
    trust: TrustStore,
    explain: Explain,
    name: str = "",
) -> Shown | ShownBudget:
    """Write the page and the table of a PES, of a budget, or of the budget that an archive holds.

    The arguments are those of :func:`demat.engine.view_pes.show_pes`.

    :raises FaultError: as the two that it calls, ``ACT-ARCHIVE_…`` besides.
    :raises OSError: a file cannot be written.
    """
    check_targets(source, html, csv)
    shown_name = name or source.name
    if content := _budget(source, shown_name):
        return show_budget(content[1], name=content[0], html=html, csv=csv, explain=explain)
    return show_pes(source, html=html, csv=csv, trust=trust, explain=explain, name=name)


def _budget(source: Path, name: str) -> tuple[str, bytes] | None:
    """Return the budget of a file with its name; ``None``: the file is for :func:`show_pes`."""
    try:
        with source.open("rb") as stream:
            packed = stream.read(2) == _GZIP
            stream.seek(0)
            if not packed and root_name(stream) not in _BUDGETS:
                return None
        content = source.read_bytes()
    except OSError as error:
        params = {"path": str(source), "reason": error.strerror or str(error)}
        raise FaultError(Fault(code="INT-PATH", params=params)) from error
    if not packed:
        return name, content
    found = budget_in_archive(content)
    if found is None:
        params = {"name": name, "kind": "archive ACTES"}
        raise FaultError(Fault(code="INT-VIEW_KIND", params=params))
    return found

"""Commands on files that lie anywhere: ``validate``, ``verify``, ``show FILE``."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.words import VERDICT_FR

if TYPE_CHECKING:
    from rich.text import Text

    from demat.engine.judge import FileReport
    from demat.signing.trust import TrustStore
    from demat.signing.verdict import Verdict

    _Judged = tuple[dict[str, Any], Callable[[], None], Verdict]

__all__ = ["show_file", "validate", "verify"]

_COLUMNS_FR = {
    "code": "code",
    "collectivite": "collectivité",
    "date_anomalie": "date de l'anomalie",
    "date_courrier": "date du courrier",
    "date_reception": "date de réception",
    "departement": "département",
    "detail": "détail",
    "element": "élément",
    "errors": "erreurs",
    "etape": "étape",
    "id_acte": "identifiant de l'acte",
    "libelle": "libellé",
    "line": "ligne",
    "matiere": "matière",
    "matieres": "matières",
    "montant_ht": "montant HT",
    "nom_fic": "nom du fichier",
    "numero": "numéro",
    "pieces": "pièces",
    "siret": "SIRET",
    "state": "état",
    "typ_fic": "type de fichier",
}
_STATES_FR = {"accepted": "accepté", "refused": "refusé", "cancelled": "annulé"}


def validate(
    paths: Sequence[Path], folder: Path | None, edition: str, *, second: bool, as_json: bool
) -> int:
    """Validate files against their schemas.

    :param folder: where official editions are installed; none for the packaged schemas only.
    :param edition: the edition that must judge; empty for what was chosen, or the date.
    """
    from demat.cli.schemas import catalogue
    from demat.engine.judge import judge_schema, read_file

    known, unused = catalogue(folder, edition)
    if unused:
        print_faults(unused, sys.stderr)
    reports = [
        judge_schema(path.name, read_file(path), second=second, catalogue=known) for path in paths
    ]
    return _present(paths, reports, as_json=as_json)


def verify(
    paths: Sequence[Path],
    trusted: Path | None,
    signature: Path | None,
    *,
    second: bool,
    as_json: bool,
) -> int:
    """Verify the signatures of files.

    :param signature: the detached signature of the only file given.
    """
    from demat.clock import SystemClock
    from demat.engine.judge_signatures import judge_signatures
    from demat.signing.trust import TrustStore
    from demat.signing.verdict import Verdict

    trust = TrustStore.from_folder(trusted) if trusted else TrustStore()
    proofs = [path for path in paths if _is_evidence(path)]
    others = [path for path in paths if path not in proofs]
    now = SystemClock().now()
    shown = [_verify_evidence(path, trust, now) for path in proofs]
    if others or not proofs:
        judged = judge_signatures(others, trust, now, signature=signature, second=second)
        shown += [
            (_json(path, report, True), partial(_print, report), report.verdict)
            for path, report in judged
        ]
    if as_json:
        print_json({"files": [entry for entry, _, _ in shown]})
    else:
        for _, show, _ in shown:
            show()
    good = all(verdict is Verdict.ACCEPTED for _, _, verdict in shown)
    return Exit.DONE if good else Exit.FAULTS


def _is_evidence(path: Path) -> bool:
    from demat.engine.evidence_verify import is_evidence

    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return is_evidence(stream.read(64))


def _verify_evidence(path: Path, trust: "TrustStore", now: datetime) -> "_Judged":
    """Judge a zip of evidence."""
    from demat.cli.evidence import evidence_json, print_evidence
    from demat.engine.evidence_verify import verify_evidence

    report = verify_evidence(path, trust=trust, at=now)
    return evidence_json(path, report), partial(print_evidence, path.name, report), report.verdict


def show_file(path: Path, *, as_json: bool) -> int:
    """Say what a protocol file is."""
    from demat.engine.inspect import inspect
    from demat.engine.judge import read_file

    found = inspect(read_file(path))
    if as_json:
        print_json(
            {
                "file": str(path),
                "kind": found.kind,
                "identifiers": dict(found.identifiers),
                "elements": [dict(element) for element in found.elements],
            }
        )
        return Exit.DONE
    say(f"{path.name} : {found.kind}")
    for name, text in found.identifiers.items():
        say(f"  {_COLUMNS_FR.get(name, name)} : {text}")
    if found.elements:
        _print_elements(found.elements)
    return Exit.DONE


def _print_elements(elements: Sequence[Mapping[str, str]]) -> None:
    from rich import box
    from rich.table import Table

    from demat.cli.display import console

    columns = list(dict.fromkeys(key for element in elements for key in element))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        title = _COLUMNS_FR.get(column, column)
        cells = [_cell(column, element.get(column, "")) for element in elements]
        amounts = [len(cell) for cell in cells if column.startswith("montant")]
        longest = max([*map(len, title.split()), *amounts])  # an amount is never cut
        table.add_column(title, overflow="fold", min_width=longest)
    for element in elements:
        row = {**element, "state": _STATES_FR.get(element.get("state", ""), "")}
        if not row["state"]:
            row["state"] = element.get("state", "")
        table.add_row(*(_cell(column, row.get(column, "")) for column in columns))
    console().print(table)


def _cell(column: str, text: str) -> "Text":
    """Return a cell; an amount is written as it is read in France."""
    from rich.text import Text

    if column.startswith("montant") and text:
        french = f"{Decimal(text):,.2f}".replace(",", "\u202f").replace(".", ",")
        return Text(f"{french}\u00a0€", justify="right", no_wrap=True)
    return Text(text)


def _present(paths: Sequence[Path], reports: Sequence["FileReport"], *, as_json: bool) -> int:
    from demat.signing.verdict import Verdict

    if as_json:
        print_json({"files": [_json(p, r, False) for p, r in zip(paths, reports, strict=True)]})
    else:
        for report in reports:
            _print(report)
    good = all(report.verdict is Verdict.ACCEPTED for report in reports)
    return Exit.DONE if good else Exit.FAULTS


def _json(path: Path, report: "FileReport", signatures: bool) -> dict[str, Any]:
    from demat.labels_fr.catalogue import render_json

    entry: dict[str, Any] = {
        "file": str(path),
        "verdict": report.verdict.value,
        "faults": [render_json(fault) for fault in report.faults],
    }
    if signatures:
        from demat.cli.signatures import signature_json

        entry["signatures"] = [signature_json(item) for item in report.signatures]
    return entry


def _print(report: "FileReport") -> None:
    say(f"{report.file} : {VERDICT_FR[report.verdict]}")
    print_faults(report.faults, indent="  ")
    if report.signatures:
        from demat.cli.signatures import print_signature

        for item in report.signatures:
            print_signature(item)

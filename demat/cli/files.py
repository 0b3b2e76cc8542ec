"""Commands on files that lie anywhere: ``validate``, ``verify``, ``show FILE``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demat.cli.boundary import Exit, print_json

if TYPE_CHECKING:
    from demat.engine.judge import FileReport
    from demat.signing.verify import SignatureReport

__all__ = ["show_file", "validate", "verify"]

_VERDICTS = {"accepted": "conforme", "refused": "non conforme", "undecided": "indécis"}


def validate(paths: Sequence[Path], *, as_json: bool) -> int:
    """Validate files against their schemas."""
    from demat.engine.judge import judge_schema, read_file

    reports = [judge_schema(path.name, read_file(path)) for path in paths]
    return _present(paths, reports, as_json=as_json, signatures=False)


def verify(paths: Sequence[Path], trusted: Path | None, *, second: bool, as_json: bool) -> int:
    """Verify the signatures of files."""
    from demat.engine.judge import judge_signatures, read_file
    from demat.signing.trust import TrustStore

    trust = TrustStore.from_folder(trusted) if trusted else TrustStore()
    reports = [judge_signatures(path.name, read_file(path), trust, second=second) for path in paths]
    return _present(paths, reports, as_json=as_json, signatures=True)


def show_file(path: Path, *, as_json: bool) -> int:
    """Say what a protocol file is."""
    from rich.console import Console
    from rich.table import Table

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
    console = Console(highlight=False)
    console.print(f"{path.name} : {found.kind}", markup=False, style="bold")
    for name, text in found.identifiers.items():
        console.print(f"  {name} : {text}", markup=False)
    if found.elements:
        columns = list(dict.fromkeys(key for element in found.elements for key in element))
        table = Table(*columns)
        for element in found.elements:
            table.add_row(*(element.get(column, "") for column in columns))
        console.print(table)
    return Exit.DONE


def _present(
    paths: Sequence[Path], reports: Sequence["FileReport"], *, as_json: bool, signatures: bool
) -> int:
    from demat.signing.verdict import Verdict

    if as_json:
        print_json(
            {"files": [_json(p, r, signatures) for p, r in zip(paths, reports, strict=True)]}
        )
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
        entry["signatures"] = [_signature(item) for item in report.signatures]
    return entry


def _signature(item: "SignatureReport") -> dict[str, Any]:
    from demat.labels_fr.catalogue import render_json

    return {
        "element": item.element,
        "id": item.element_id,
        "verdict": item.verdict.value,
        "reasons": [render_json(fault) for fault in item.reasons],
        "digests_correct": item.digests_correct,
        "value_correct": item.value_correct,
        "covered": item.covered,
        "chain": item.chain.value,
        "signer": item.signer,
        "issuer": item.issuer,
        "signing_time": item.signing_time.isoformat() if item.signing_time else None,
        "policy": item.policy,
        "role": item.role,
    }


def _print(report: "FileReport") -> None:
    from rich.console import Console

    from demat.labels_fr.catalogue import explain

    console = Console(highlight=False)
    console.print(f"{report.file} : {_VERDICTS[report.verdict]}", markup=False, style="bold")
    for fault in report.faults:
        text = explain(fault)
        console.print(f"  {text.where} : {text.sentence}", markup=False)
        if text.remedy:
            console.print(f"    → {text.remedy}", markup=False)
    for item in report.signatures:
        console.print(
            f"  signature de {item.element} {item.element_id} : {_VERDICTS[item.verdict]}"
            f" (empreintes {'justes' if item.digests_correct else 'fausses'},"
            f" valeur {'juste' if item.value_correct else 'fausse'})",
            markup=False,
        )
        for fault in item.reasons:
            console.print(f"    {explain(fault).sentence}", markup=False)

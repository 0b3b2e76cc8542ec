"""Reading, rules, schema and writing of large PES files, beside ``xmllint --schema`` on the same.

    python -m benchmarks.pes --official ../shared/official/pes/5.17 [--runs 5]

Two files are made: 20,000 pièces of three lines, and 60 MB of attachments. For each, in turn and
several times, whole processes are timed: ``xmllint`` with the official schema, and what demat does
with a ready-made file before it is signed: complete it (NomFic, flag, Ids), read its facts, apply
the schema and the 77 rules, write it under its SHA-256. Medians, and the ratio of each pair.
"""

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

__all__ = ["main"]

_NOM_FIC = "PESALR2_21990123800010_260313_001"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark, or one of its processes."""
    options = _options().parse_args(arguments)
    if options.make:
        return _make(Path(options.make))
    if options.work:
        return _work(Path(options.work), Path(options.out))
    if options.model:
        return _model(Path(options.model), Path(options.out))
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder), Path(options.official), options.runs)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", default="../shared/official/pes/5.17")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    return parser


def _make(folder: Path) -> int:
    from benchmarks.pes_files import write_attachments, write_pieces

    write_pieces(folder / "pieces.xml")
    write_attachments(folder / "pieces-jointes.xml")
    return 0


def _work(source: Path, out: Path) -> int:
    """Do to one file what the engine does to a ready-made one, up to the signature."""
    from benchmarks.pes_files import BUDGET, DAY
    from demat.engine.examine import examine
    from demat.helios.ready_made import complete
    from demat.helios.rules import ContextePes, Origine

    completed = complete(source.read_bytes(), nom_fic=_NOM_FIC, dematerialise=True)
    contexte = ContextePes(
        budgets=(BUDGET,),
        today=DAY + timedelta(days=1),
        origine=Origine.READY_MADE,
        signature=True,
        max_bytes=200_000_000,
        max_pj_bytes=20_000_000,
    )
    examined = examine(completed.content, contexte)
    name = hashlib.sha256(completed.content).hexdigest()
    (out / name).write_bytes(completed.content)
    codes = sorted(set(examined.faults.codes))
    if examined.facts is None or examined.faults.blocking:
        print(codes, file=sys.stderr)
        return 1
    return 0


def _model(source: Path, out: Path) -> int:
    """Read the whole file into the model and write it back."""
    from demat.helios.build import write_pes
    from demat.helios.full_read import read_pes_aller

    pes = read_pes_aller(source.read_bytes())
    with (out / "written.xml").open("wb") as stream:
        write_pes(pes, stream)
    return 0


def _run(folder: Path, official: Path, runs: int) -> None:
    python = [sys.executable, "-m", "benchmarks.pes"]
    subprocess.run([*python, "--make", str(folder)], check=True)
    schema = official / "PES_V2" / "Rev0" / "PES_Aller.xsd"
    out = folder / "out"
    out.mkdir()
    print("| file | MB | what | seconds | peak MB | ratio to xmllint (min, max) |")
    print("|---|---|---|---|---|---|")
    for name in ("pieces.xml", "pieces-jointes.xml"):
        file = folder / name
        commands = {
            "xmllint": ["xmllint", "--noout", "--huge", "--schema", str(schema), str(file)],
            "demat": [*python, "--work", str(file), "--out", str(out)],
        }
        figures = {what: [] for what in commands}
        for _ in range(runs):
            for what, command in commands.items():
                figures[what].append(_timed(command))
        _report(file, figures)


def _timed(command: list[str]) -> tuple[float, float]:
    """Return the seconds and the peak in MB of a process, children excepted."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command[0]} failed: {process.stderr.read().decode()}")
    return seconds, usage.ru_maxrss / 1024


def _report(file: Path, figures: dict[str, list[tuple[float, float]]]) -> None:
    size = file.stat().st_size / 1e6
    peer = [seconds for seconds, _ in figures["xmllint"]]
    for what, rows in figures.items():
        seconds = [row[0] for row in rows]
        ratios = [mine / its for mine, its in zip(seconds, peer, strict=True)]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}, {max(ratios):.2f})"
        peak = statistics.median(row[1] for row in rows)
        print(
            f"| {file.stem} | {size:.0f} | {what} | {statistics.median(seconds):.2f} "
            f"| {peak:.0f} | {ratio} |"
        )


if __name__ == "__main__":
    sys.exit(main())

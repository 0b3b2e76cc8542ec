"""Reading, rules, schema and writing of large PES files, beside ``xmllint --schema`` on the same.

    python -m benchmarks.pes --official ../shared/official/pes/5.17 [--runs 5]

Two files are made: 20,000 pièces of three lines, and 60 MB of attachments. For each, in turn and
several times, whole processes are timed: ``xmllint`` with the official schema; what demat does with
a ready-made file before it is signed (``judge``); and, for comparison, the whole file read into the
model and written back (``model``). Medians, and the ratio to the run of xmllint beside it.

xmllint writes nothing: on a slow disk, ``--folder`` names one in memory, to compare the work alone.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["main"]

Figures = tuple[float, float]
"""Seconds, and peak of memory in MB."""


def main(arguments: list[str] | None = None) -> int:
    """Make the files, time the processes, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--official", type=Path, default=Path("../shared/official/pes/5.17"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the files are made and written")
    options = parser.parse_args(arguments)
    schema = options.official / "PES_V2" / "Rev0" / "PES_Aller.xsd"
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        # in a process of its own: what this one has held would count in the peak of its children
        subprocess.run([sys.executable, "-m", "benchmarks.pes_files", name], check=True)
        print("| file | MB | what | seconds | peak MB | ratio to xmllint (min, max) |")
        print("|---|---|---|---|---|---|")
        for file in (folder / "pieces.xml", folder / "pieces-jointes.xml"):
            _report(file, _measured(file, schema, folder, options.runs))
    return 0


def _measured(file: Path, schema: Path, folder: Path, runs: int) -> dict[str, list[Figures]]:
    step = [sys.executable, "-m", "benchmarks.pes_steps"]
    commands = {
        "xmllint": ["xmllint", "--noout", "--huge", "--schema", str(schema), str(file)],
        "judge": [*step, "judge", str(file), str(folder)],
        "model": [*step, "model", str(file), str(folder)],
    }
    figures: dict[str, list[Figures]] = {what: [] for what in commands}
    for _ in range(runs):
        for what, command in commands.items():
            for written in (folder / "completed.xml", folder / "written.xml"):
                written.unlink(missing_ok=True)
            figures[what].append(_timed(command))
    return figures


def _timed(command: list[str]) -> Figures:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read() if process.stderr is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {told.decode()}")
    return seconds, usage.ru_maxrss / 1024


def _report(file: Path, figures: dict[str, list[Figures]]) -> None:
    peer = [seconds for seconds, _ in figures["xmllint"]]
    for what, rows in figures.items():
        seconds = statistics.median(row[0] for row in rows)
        peak = statistics.median(row[1] for row in rows)
        ratios = [row[0] / its for row, its in zip(rows, peer, strict=True)]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}, {max(ratios):.2f})"
        size = file.stat().st_size / 1e6
        print(f"| {file.stem} | {size:.0f} | {what} | {seconds:.2f} | {peak:.0f} | {ratio} |")


if __name__ == "__main__":
    sys.exit(main())

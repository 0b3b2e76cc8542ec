"""Reading, rules, schema and writing of large PES files, beside ``xmllint --schema`` on the same.

    python -m benchmarks.pes --official ../shared/official/pes/5.17 [--runs 5]

Two files are made: 20,000 pièces of three lines, and 60 MB of attachments. For each, in turn and
several times, whole processes are timed: ``xmllint`` with the official schema; what demat does with
a ready-made file before it is signed (``judge``); and, for comparison, the whole file read into the
model and written back (``model``). Medians, and the ratio to the run of xmllint beside it.

xmllint writes nothing: on a slow disk, ``--folder`` names one in memory, to compare the work alone.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Figures, ratio, timed

__all__ = ["main"]


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
            figures[what].append(timed(command))
    return figures


def _report(file: Path, figures: dict[str, list[Figures]]) -> None:
    peer = [row.seconds for row in figures["xmllint"]]
    size = file.stat().st_size / 1e6
    for what, rows in figures.items():
        seconds = statistics.median(row.seconds for row in rows)
        peak = statistics.median(row.peak for row in rows)
        compared = ratio([row.seconds for row in rows], peer)
        print(f"| {file.stem} | {size:.0f} | {what} | {seconds:.2f} | {peak:.0f} | {compared} |")


if __name__ == "__main__":
    sys.exit(main())

"""Building and packing acts, beside ``tar | gzip`` of the same files.

    python -m benchmarks.actes [--runs 5] [--acts 1000] [--kilobytes 200] [--folder DIR]

1,000 acts with one PDF of 200 KB each, which does not compress. In turn and several times, whole
processes are timed, their start and the writing of their files included:

- ``tar|gzip``: all the files of all the acts through one ``tar -cf - | gzip``, into one file. It
  builds nothing, starts twice, and is what demat is measured against;
- ``tar|gzip each``: one ``tar | gzip`` for each act, as a script would: as many archives as demat,
  but the start of 2,000 programs weighs on it;
- ``pack``: demat reads the PDF files, builds the messages and envelopes, writes the archives;
- ``check``: the same after all the rules of an act, for which each PDF is opened.

Medians, and the ratio to the ``tar|gzip`` of the same turn: of the time, and of the work (CPU, all
processes together), which a busy machine hardly changes. Before that, one archive of demat is
compared with the files that the others read: the bytes are the same.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Figures, ratio, timed

__all__ = ["main"]

_PEER = "tar|gzip"
_ALL = "tar -cf - -C members . | gzip > out/all.tar.gz"
_EACH = 'for each in members/*; do tar -cf - -C "$each" . | gzip > "out/${each##*/}.tar.gz"; done'


def main(arguments: list[str] | None = None) -> int:
    """Make the files, time the processes, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--acts", type=int, default=1_000)
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the files are made and written")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make = [sys.executable, "-m", "benchmarks.actes_files", name]
        subprocess.run([*make, str(options.acts), str(options.kilobytes)], check=True)
        (folder / "out").mkdir()
        figures = _measured(folder, options.runs)
        _compare(folder)
    print(
        "| what | acts/s | seconds | peak MB | ratio (min, max) | CPU s | ratio of CPU (min, max) |"
    )
    print("|---|---|---|---|---|---|---|")
    _report(figures, options.acts)
    return 0


def _measured(folder: Path, runs: int) -> dict[str, list[Figures]]:
    step = [sys.executable, "-m", "benchmarks.actes_steps"]
    commands = {
        _PEER: ["sh", "-c", f"cd {folder} && {_ALL}"],
        "tar|gzip each": ["sh", "-c", f"cd {folder} && {_EACH}"],
        "check": [*step, "check", str(folder), str(folder / "out")],
        "pack": [*step, "pack", str(folder), str(folder / "out")],
    }
    figures: dict[str, list[Figures]] = {what: [] for what in commands}
    for _ in range(runs):
        for what, command in commands.items():
            for written in (folder / "out").iterdir():
                written.unlink()
            figures[what].append(timed(command))
    return figures


def _compare(folder: Path) -> None:
    """Open the first archive of the last turn, demat's, with tar: it holds what tar has read."""
    with tempfile.TemporaryDirectory() as name:
        archive = folder / "out" / "0001.tar.gz"
        subprocess.run(["tar", "-xzf", str(archive), "-C", name], check=True)
        opened = {path.name: path.read_bytes() for path in Path(name).iterdir()}
    given = {path.name: path.read_bytes() for path in (folder / "members" / "0001").iterdir()}
    if opened != given:
        raise SystemExit("the archive does not hold the files that tar was given")


def _report(figures: dict[str, list[Figures]], acts: int) -> None:
    peer = figures[_PEER]
    for what, rows in figures.items():
        seconds, cpu, peak = (statistics.median(column) for column in zip(*rows, strict=True))
        elapsed = ratio([row.seconds for row in rows], [row.seconds for row in peer])
        work = ratio([row.cpu for row in rows], [row.cpu for row in peer])
        shown = what.replace("|", "\\|")
        print(
            f"| {shown} | {acts / seconds:.0f} | {seconds:.2f} | {peak:.0f} | {elapsed} "
            f"| {cpu:.2f} | {work} |"
        )


if __name__ == "__main__":
    sys.exit(main())

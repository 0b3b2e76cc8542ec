"""Signing and verifying PES files, beside signxml, python-xmlsec and the xmlsec1 program.

    python -m benchmarks.signatures [--runs 5] [--whole]

Files of 1, 10 and 100 bordereaux of 80 kB, and one bordereau of 80 MB. Each run of each program is
a process of its own, in turn; what is timed goes from the bytes of the file to the bytes of the
signed one (see ``signatures_steps``). Our verification applies every rule, chain and revocation;
python-xmlsec and signxml look at digests and values only, xmlsec1 at the chain too. Medians, and
the ratio of each peer to the run of ours beside it: above 1, the peer is slower. ``--whole`` adds
the usual use of the peers, for information. The last row builds, signs and writes 100 bordereaux,
87 MB in all.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.timing import ratio

__all__ = ["main"]

_PEERS = ("signxml", "xmlsec", "xmlsec1")
_NAMES = {"demat": "demat", "signxml": "signxml", "xmlsec": "python-xmlsec", "xmlsec1": "xmlsec1"}


class _Run(NamedTuple):
    seconds: float
    cpu: float
    peak: float


def main(arguments: list[str] | None = None) -> int:
    """Make the files, time the processes, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="the usual use of the peers too")
    parser.add_argument("--folder", type=Path, help="where the files are made and written")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["DEMAT_BENCH"] = name
        subprocess.run([sys.executable, "-m", "benchmarks.signatures_files", name], check=True)
        print("| file | what | program | seconds | peak MB | ratio (min, max) | ratio of CPU |")
        print("|---|---|---|---|---|---|---|")
        for file in ("1", "10", "100", "large"):
            _compare(folder / f"{file}.xml", "sign", "-alone", options.runs)
        for file in ("100", "large"):
            _compare(folder / f"{file}.xml.demat", "verify", "", options.runs)
        if options.whole:
            for file in ("1", "10", "100"):
                _compare(folder / f"{file}.xml", "sign", "-whole", max(1, options.runs // 3))
        _report("87 MB", "write", "demat", [_run("write-demat", folder / "out.xml")], None)
    return 0


def _compare(file: Path, what: str, how: str, runs: int) -> None:
    """Run every program in turn, several times."""
    steps = {"demat": f"{what}-demat", **{peer: f"{what}-{peer}{how}" for peer in _PEERS}}
    rows: dict[str, list[_Run]] = {program: [] for program in steps}
    for _ in range(runs):
        for program, step in steps.items():
            rows[program].append(_run(step, file))
    for program, figures in rows.items():
        _report(file.name.split(".")[0], what + how, program, figures, rows["demat"])


def _run(step: str, file: Path) -> _Run:
    command = [sys.executable, "-m", "benchmarks.signatures_steps", step, str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    told = process.stdout.read() if process.stdout is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{step} {file.name} failed")
    seconds, cpu = told.split()
    return _Run(float(seconds), float(cpu), usage.ru_maxrss / 1024)


def _report(
    file: str, what: str, program: str, figures: list[_Run], ours: list[_Run] | None
) -> None:
    seconds = statistics.median(one.seconds for one in figures)
    peak = statistics.median(one.peak for one in figures)
    compared = "– | –"
    if ours is not None:
        clock = ratio([one.seconds for one in figures], [one.seconds for one in ours])
        cpu = ratio([one.cpu for one in figures], [one.cpu for one in ours])
        compared = f"{clock} | {cpu}"
    row = f"{seconds:.3f} | {peak:.0f} | {compared} |"
    print(f"| {file} | {what} | {_NAMES[program]} | {row}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

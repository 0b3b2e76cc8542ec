"""Whole processes, timed: what every benchmark measures."""

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Figures", "ratio", "timed"]


class Figures(NamedTuple):
    """What one run of one command took."""

    seconds: float
    """Of the clock."""
    cpu: float
    """Of computing, all its processes together."""
    peak: float
    """Memory of its largest process, in MB."""


def timed(command: list[str]) -> Figures:
    """Run a command and return what it took.

    :raises SystemExit: when it fails, with what it said.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read() if process.stderr is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {told.decode()}")
    return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ratio(mine: Sequence[float], peer: Sequence[float]) -> str:
    """Return the median ratio of figures of the same turns, with its extremes."""
    ratios = [one / other for one, other in zip(mine, peer, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}, {max(ratios):.2f})"

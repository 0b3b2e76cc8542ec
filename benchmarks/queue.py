"""Claims and their outcomes, beside the same writes in plain SQLAlchemy Core on the same disk.

    python -m benchmarks.queue [--blocks 12] [--flows 100] [--finished 1000000] [--folder DIR]
    python -m benchmarks.queue --url postgresql://… --url … --url … --url …

One process; in turn and several times, so many flows are claimed and said to be deposited:

- ``core``: the writes alone, in SQLAlchemy Core as its documentation writes them;
- ``core, prepared``: the same with statements made once, which is how demat makes its own;
- ``demat``: ``Store.claim`` and ``Store.deposited``, with all limits of the default configuration:
  whose turn it is, what the line bears, the chained journal, the row handed back;
- ``demat, full``: the same in a store that holds a million finished flows and their journal.

Two synced commits each. The four have a database of their own, with the same tables and indexes:
SQLite files of one folder (WAL, ``synchronous=FULL``), or four empty databases of a PostgreSQL.
Medians, and the ratio of the throughputs in the same turn (min, max): demat to each ``core``, then
full to empty. The clock tells, and beside it the computing of this process, which a busy machine
or a slow disk hides less.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.queue_steps import Core, PreparedCore, add_flows, open_store, send, sirens
from benchmarks.timing import ratio
from demat.queue.database import Database

__all__ = ["main"]

_KINDS = ("core", "core, prepared", "demat", "demat, full")
_PAIRS = (("demat", "core"), ("demat", "core, prepared"), ("demat, full", "demat"))


class Block(NamedTuple):
    """What some flows took."""

    seconds: float
    """Of the clock."""
    cpu: float
    """Of computing in this process."""


def main(arguments: list[str] | None = None) -> int:
    """Make the databases, time the blocks, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--flows", type=int, default=100)
    parser.add_argument("--authorities", type=int, default=1_000)
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the SQLite files are made")
    parser.add_argument("--url", action="append", help="an empty database; four times")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        urls = options.url or [f"sqlite:///{folder / f'{rank}.db'}" for rank in range(4)]
        if len(urls) != len(_KINDS):
            parser.error("--url is given four times")
        figures = _measured(dict(zip(_KINDS, urls, strict=True)), folder, options)
    _report(figures, options.flows)
    return 0


def _measured(
    urls: dict[str, str], folder: Path, options: argparse.Namespace
) -> dict[str, list[Block]]:
    authorities = sirens(options.authorities)
    count = options.flows * (options.blocks + 1)
    steps: dict[str, Callable[[int], None]] = {}
    for kind, url in urls.items():
        if kind.startswith("core"):
            database = Database(url)
            flows = add_flows(database, authorities, count, finished=False)
            core = (PreparedCore if "prepared" in kind else Core)(database)
            steps[kind] = (
                lambda turn, core=core, flows=flows: core.send(  # type: ignore[misc]
                    flows[turn * options.flows : (turn + 1) * options.flows]
                )
            )
            continue
        store = open_store(url, folder)
        if kind == "demat, full":
            add_flows(store._database, authorities, options.finished, finished=True)
        add_flows(store._database, authorities, count, finished=False)
        steps[kind] = lambda _turn, store=store: send(store, options.flows)  # type: ignore[misc]
    figures: dict[str, list[Block]] = {kind: [] for kind in urls}
    for turn in range(options.blocks + 1):
        for kind, step in steps.items():
            start, cpu = time.perf_counter(), time.process_time()
            step(turn)
            block = Block(time.perf_counter() - start, time.process_time() - cpu)
            if turn:  # the first one fills the caches
                figures[kind].append(block)
    return figures


def _report(figures: dict[str, list[Block]], flows: int) -> None:
    print("| what | flows/s | ms of CPU per flow |")
    print("|---|---|---|")
    for kind, blocks in figures.items():
        seconds, cpu = (statistics.median(column) for column in zip(*blocks, strict=True))
        print(f"| {kind} | {flows / seconds:.0f} | {cpu / flows * 1000:.2f} |")
    print()
    print("| throughput of | to that of | by the clock (min, max) | by CPU (min, max) |")
    print("|---|---|---|---|")
    for mine, peer in _PAIRS:
        by_clock = ratio([b.seconds for b in figures[peer]], [b.seconds for b in figures[mine]])
        by_cpu = ratio([b.cpu for b in figures[peer]], [b.cpu for b in figures[mine]])
        print(f"| {mine} | {peer} | {by_clock} | {by_cpu} |")


if __name__ == "__main__":
    sys.exit(main())

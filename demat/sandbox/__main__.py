"""``python -m demat.sandbox``: run a sandbox in the foreground."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from demat.sandbox.journal import JournalError
from demat.sandbox.scenario import ScenarioError, load_scenario
from demat.sandbox.server import run_sandbox

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and serve; return the exit code (2 = wrong scenario or state)."""
    options = _parser().parse_args(arguments)
    try:
        scenario = load_scenario(options.scenario)
        return run_sandbox(
            options.folder,
            scenario=scenario,
            state=options.state,
            port=options.port,
            speed=options.speed,
            max_seconds=options.max_seconds,
            out=sys.stdout,
            watch_stdin=options.watch_stdin,
        )
    except (ScenarioError, JournalError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demat.sandbox",
        description="Local stand-in of a tiers de télétransmission, the préfecture and the DGFiP.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the test keys are kept")
    parser.add_argument("--state", type=Path, help="what happened is kept there; FOLDER/etat")
    parser.add_argument("--scenario", default="nominal", help="name, or JSON file")
    parser.add_argument("--port", type=int, default=0, help="HTTPS port; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds per second")
    parser.add_argument("--max-seconds", type=float, default=3600, help="longest life")
    parser.add_argument(
        "--watch-stdin", action="store_true", help="stop when the standard input ends"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

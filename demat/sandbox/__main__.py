"""``python -m demat.sandbox``: run a sandbox, or one of its stand-ins, in the foreground."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from demat.clock import SystemClock
from demat.sandbox.journal import JournalError
from demat.sandbox.roles import ROLES
from demat.sandbox.scenario import Scenario, ScenarioError
from demat.sandbox.scenarios import load_scenario
from demat.sandbox.server import run_role, run_sandbox
from demat.sandbox.virtual import SharedClock

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and serve; return the exit code (2 = wrong scenario or state)."""
    options = _parser().parse_args(arguments)
    try:
        scenario = load_scenario(options.scenario)
        return _one(options, scenario) if options.role else _all(options, scenario)
    except (ScenarioError, JournalError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _all(options: argparse.Namespace, scenario: Scenario) -> int:
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


def _one(options: argparse.Namespace, scenario: Scenario) -> int:
    state = options.state or options.folder / "etat"
    machine = SystemClock()
    start = scenario.start or machine.now()
    SharedClock.start(state / "clock.json", machine, start=start, speed=options.speed)
    return run_role(
        options.role,
        options.folder,
        state=state,
        scenario=scenario,
        port=options.port,
        others=json.loads(options.others),
        max_seconds=options.max_seconds,
        out=sys.stdout,
        life=sys.stdin.fileno() if options.watch_stdin else None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demat.sandbox",
        description="Local stand-ins of a tiers de télétransmission, the ministry and the DGFiP.",
    )
    parser.add_argument("role", nargs="?", choices=list(ROLES), help="one of them alone")
    parser.add_argument("--folder", type=Path, required=True, help="where the test keys are kept")
    parser.add_argument("--state", type=Path, help="what happened is kept there; FOLDER/etat")
    parser.add_argument("--scenario", default="nominal", help="name, or JSON file")
    parser.add_argument("--port", type=int, default=0, help="HTTPS port; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds per second")
    parser.add_argument("--max-seconds", type=float, default=3600, help="longest life")
    parser.add_argument(
        "--others",
        default="{}",
        help='for tdt alone, JSON: {"ministere": "https://…", "dgfip": "https://…"}',
    )
    parser.add_argument(
        "--watch-stdin", action="store_true", help="stop when the standard input ends"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

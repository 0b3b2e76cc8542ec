"""``demat health``: how the installation is, for a person or for a program that watches it."""

from pathlib import Path
from typing import TYPE_CHECKING

from demat.cli.boundary import Exit, print_faults, print_json, say
from demat.cli.display import paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demat.engine.health import Check

__all__ = ["health"]


def health(config: Path, *, as_json: bool) -> int:
    """Look at the installation; the exit code is 0 when all is well, 1 to be watched, 4 failure."""
    from demat.clock import SystemClock
    from demat.compose import open_office, supervision_of
    from demat.config import load_config
    from demat.engine.health import Check, Level, judge, look, overall
    from demat.faults import FaultError
    from demat.labels_fr.catalogue import explain
    from demat.supervision.health_page import as_json as plain

    loaded = load_config(config)
    settings = supervision_of(loaded)
    try:
        with open_office(loaded) as office:
            checks = judge(look(office, settings.folder), settings.limits)
    except FaultError as error:  # the store does not even open, or a key is not where it should be
        checks = tuple(
            Check(name="installation", level=Level.DOWN, fault=fault) for fault in error.faults
        )
    if as_json:
        print_json(plain(checks, explain, SystemClock().now()))
    else:
        _tell(checks)
    codes = {Level.GOOD: Exit.DONE, Level.WATCH: Exit.FAULTS, Level.DOWN: Exit.CONFIGURATION}
    return codes[overall(checks)]


def _tell(checks: "Sequence[Check]") -> None:
    from demat.engine.health import Level, overall
    from demat.faults import Faults
    from demat.labels_fr.supervision import CHECKS, LEVELS, measured

    say(f"demat : {LEVELS[overall(checks)]}")
    marks = {Level.GOOD: "ok", Level.WATCH: "->", Level.DOWN: "!!"}
    for check in checks:
        found = measured(check.value, check.unit)
        say(
            paragraph(
                f"{CHECKS[check.name]}{f' : {found}' if found else ''}",
                indent=f"{marks[check.level]}  ",
                then="    ",
            )
        )
        if check.fault:
            print_faults(Faults([check.fault]), indent="      ")

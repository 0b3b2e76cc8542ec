"""The model of one sending, ``model/sending.pml``, examined exhaustively by spin: nothing lands
twice, nothing is lost, what is recorded is true.

Each mutant makes the engine err in one way; the model must find it, else it would prove nothing.
"""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT, needs_program

MODEL = ROOT / "model" / "sending.pml"
KINDS = ("ACTE", "PES", "REPLY", "CANCEL")
TRUTH = (("-DSAFETY", "-DNOCLAIM"), ("-E",))
"""Never two copies, and what is recorded is true: every state is looked at."""
END = (("-DNFAIR=4",), ("-a", "-f"))
"""Every flow ends, however the processes are scheduled, as long as none is forgotten for ever."""

SURE = {  # mutant: kind that shows it, other definitions
    "INTENT_AFTER_EFFECT": ("REPLY", ("PERSONS=0",)),
    "SUSPENDED_IS_TODO": ("REPLY", ("PERSONS=0",)),
    "RESENT_BLINDLY": ("REPLY", ("PERSONS=0",)),
    "EXPIRED_IS_TODO": ("REPLY", ("PERSONS=0",)),
    "REPLY_SAID_ABSENT": ("REPLY", ("PERSONS=0",)),
    "RESTORED_AS_IT_WAS": ("REPLY", ("PERSONS=0",)),
    "RESTORED_AS_RESTED": ("REPLY", ()),
    "BELIEVED_TOO_EARLY": ("REPLY", ()),
    "REBUILT": ("PES", ()),
    "REFUSAL_BELIEVED": ("PES", ()),
    "STALE_ANSWER": ("ACTE", ()),
    "DUPLICATE_IS_SUCCESS": ("ACTE", ()),
    "DUPLICATE_IS_REFUSED": ("ACTE", ("LATE", "MOODS=0", "RESTORES=0")),
    "NO_CLAIM_TOKEN": ("ACTE", ("LATE", "MOODS=0", "RESTORES=0")),
}
ENDLESS = {"NEVER_RECOVERED": "ACTE", "NOBODY_TOLD": "REPLY"}


class Search(NamedTuple):
    """What pan tells of one search."""

    errors: int
    states: int
    whole: bool
    """Whether nothing was left out: no bound was hit, and no state stands for several others."""


def search(
    folder: Path, looked_for: tuple[tuple[str, ...], tuple[str, ...]], *definitions: str
) -> Search:
    """Examine the model with those definitions."""
    compiling, searching = looked_for
    generated = subprocess.run(
        [needs_program("spin"), "-a", *(f"-D{one}" for one in definitions), str(MODEL)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (folder / "pan.c").is_file(), generated.stdout
    subprocess.run(  # its own warnings are about code that it has generated
        [needs_program("gcc"), "-w", "-O2", "-DNOREDUCE", *compiling, "-o", "pan", "pan.c"],
        cwd=folder,
        check=True,
    )
    done = subprocess.run(
        ["./pan", *searching, "-m2000000"], cwd=folder, capture_output=True, text=True, check=True
    )
    told = done.stdout
    errors, states = re.search(r"errors: (\d+)", told), re.search(r"(\d+) states, stored", told)
    assert errors is not None, told
    assert states is not None, told
    whole = not re.search(
        r"max search depth|hash conflicts .*lossy|Bit statespace|out of memory", told
    )
    return Search(int(errors[1]), int(states[1]), whole and "Full statespace search" in told)


@pytest.fixture
def bounds(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """How many faults of the line one flow meets."""
    return ("LOSSES=2",) if request.config.getoption("--deep") else ("LOSSES=1",)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_lands_twice_and_what_is_recorded_is_true(
    kind: str, bounds: tuple[str, ...], tmp_path: Path
) -> None:
    found = search(tmp_path, TRUTH, f"KIND={kind}", *bounds)
    assert (found.errors, found.whole) == (0, True)
    assert found.states > 100_000


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_lands_twice_even_when_requests_come_late(
    kind: str, bounds: tuple[str, ...], tmp_path: Path
) -> None:
    found = search(tmp_path, TRUTH, f"KIND={kind}", "LATE", "RESTORES=0", *bounds)
    assert (found.errors, found.whole) == (0, True)
    assert found.states > 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_every_flow_ends_or_is_told_to_a_person(
    kind: str, bounds: tuple[str, ...], tmp_path: Path
) -> None:
    found = search(tmp_path, END, f"KIND={kind}", "RESTORES=0", *bounds)
    assert (found.errors, found.whole) == (0, True)
    assert found.states > 10_000


@pytest.mark.parametrize("mutant", SURE)
def test_an_engine_that_errs_is_caught(mutant: str, tmp_path: Path) -> None:
    kind, others = SURE[mutant]
    assert search(tmp_path, TRUTH, f"KIND={kind}", f"MUTANT_{mutant}", *others).errors == 1


@pytest.mark.parametrize("mutant", ENDLESS)
def test_an_engine_that_forgets_is_caught(mutant: str, tmp_path: Path) -> None:
    found = search(tmp_path, END, f"KIND={ENDLESS[mutant]}", f"MUTANT_{mutant}", "RESTORES=0")
    assert found.errors == 1


def test_every_mutant_of_the_model_is_tried() -> None:
    written = set(re.findall(r"MUTANT_([A-Z_]+[A-Z])", MODEL.read_text("utf-8")))
    assert written == {*SURE, *ENDLESS}

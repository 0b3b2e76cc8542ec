"""``demat sandbox``: what an integrator types to try a configuration."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demat.sandbox.scenarios import RESUMES


def ran(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "demat", "sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def running(*options: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "demat", "sandbox", "--max-seconds", "400", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            assert process.wait(30) == 0


def test_the_scenarios_are_listed_with_what_they_show() -> None:
    done = ran("--scenario", "liste")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    for name, resume in RESUMES.items():
        assert f"{name} : {' '.join(resume.split())}" in said


def test_an_unknown_scenario_is_told_in_french_with_the_known_ones() -> None:
    done = ran("--scenario", "inconnu")
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "Le scénario « inconnu » n'existe pas" in said
    assert "ack-mixte" in said


def test_a_folder_is_found_again_and_belongs_to_one_scenario_and_seed(tmp_path: Path) -> None:
    folder = ("--dir", str(tmp_path / "bac"))
    with running(*folder, "--graine", "5") as first:
        held = ran(*folder, "--graine", "5")
        assert held.returncode != 0
        assert "il tourne déjà" in " ".join((held.stdout + held.stderr).split())
    with running(*folder, "--graine", "5") as second:
        assert {name: second[name] for name in ("url", "control", "tsa", "pki")} == {
            name: first[name] for name in ("url", "control", "tsa", "pki")
        }
    for other in (("--graine", "6"), ("--graine", "5", "--scenario", "muet")):
        refused = ran(*folder, *other)
        assert refused.returncode != 0
        assert "--neuf" in refused.stdout + refused.stderr
    with running(*folder, "--scenario", "muet", "--neuf") as third:
        assert third["pki"] == first["pki"]


@pytest.mark.parametrize("option", ["--scenario", "--graine", "--neuf", "--speed", "--dir"])
def test_the_help_names_its_options(option: str) -> None:
    assert option in ran("--help").stdout

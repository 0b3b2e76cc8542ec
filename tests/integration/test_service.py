"""``demat serve`` and ``demat watch`` as real processes, against a sandbox over mutual TLS."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demat.cli.demo import write_config
from demat.sandbox.client import Sandbox

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "saint-exemple"
PATIENCE = 60
"""Seconds after which a test gives up; nothing is measured."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, sandbox: Sandbox) -> Path:
    return write_config(tmp_path, sandbox)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "demat", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _demat(*arguments: str, config: Path) -> tuple[int, Any]:
    done = subprocess.run(
        _command(*arguments, "--json", "--config", str(config)),
        env=_environment(),
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def serve(config: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start the service and wait until it says that it works."""
    process = subprocess.Popen(
        _command("serve", "--config", str(config)),
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("En service : 1 collectivité,")
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def _until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def _end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_what_is_dropped_leaves_without_any_command(
    serve: "subprocess.Popen[str]", config: Path, sandbox: Sandbox
) -> None:
    known = len(sandbox.ledger()["pes"])
    inbox = config.parent / "mairie/a-deposer"
    _until(inbox.is_dir, serve)
    shutil.copyfile(FIXTURES / "titres-cantine.csv", inbox / "titres.csv")
    _until(lambda: len(sandbox.ledger()["pes"]) == known + 1, serve)
    _until(lambda: not (inbox / "titres.csv").exists(), serve)
    assert _end(serve, signal.SIGTERM) == (0, "Arrêté ; rien n'est perdu.\n")
    code, listed = _demat("flows", config=config)
    assert code == 0
    assert [item["delivery"] for item in listed["flows"]] == ["deposited"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_has_nothing_to_do(
    serve: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    assert _end(serve, number) == (0, "Arrêté ; rien n'est perdu.\n")


def _under_way(exchanges: Path) -> bool:
    """Tell whether the question before a sending was asked, and has no answer yet."""
    kept = [path.name.rpartition("-") for path in exchanges.rglob("*-test-connexion-*")]
    asked = {stem for stem, _, end in kept if end == "request.txt"}
    return bool(asked - {stem for stem, _, end in kept if end != "request.txt"})


def test_it_ends_in_the_middle_of_an_exchange_and_loses_nothing(
    serve: "subprocess.Popen[str]", config: Path, sandbox: Sandbox
) -> None:
    known = len(sandbox.ledger()["pes"])
    inbox = config.parent / "mairie/a-deposer"
    _until(inbox.is_dir, serve)
    sandbox.fault("test-connexion", kind="hang", seconds=1.5)
    shutil.copyfile(FIXTURES / "titres-cantine.csv", inbox / "titres.csv")
    _until(lambda: _under_way(config.parent / "donnees/echanges"), serve)
    assert _end(serve, signal.SIGTERM)[0] == 0
    assert len(sandbox.ledger()["pes"]) == known
    code, _ = _demat("nightly", config=config)
    assert code == 0
    assert len(sandbox.ledger()["pes"]) == known + 1
    _, listed = _demat("flows", config=config)
    assert [item["delivery"] for item in listed["flows"]] == ["deposited"]


def test_the_night_is_made_up_for_at_the_start(
    serve: "subprocess.Popen[str]", config: Path
) -> None:
    answers = config.parent / "donnees/echanges"
    _until(lambda: any("classification" in path.name for path in answers.rglob("*")), serve)
    assert _end(serve, signal.SIGTERM)[0] == 0


def test_watch_prepares_and_sends_nothing(config: Path, sandbox: Sandbox) -> None:
    known = len(sandbox.ledger()["pes"])
    inbox = config.parent / "mairie/a-deposer"
    inbox.mkdir(parents=True)
    shutil.copyfile(FIXTURES / "titres-cantine.csv", inbox / "titres.csv")
    (inbox / "note.pdf.part").write_bytes(b"%PDF")
    code, seen = _demat("watch", "--once", config=config)
    assert code == 0
    item = seen["authorities"][0]
    assert (item["received"], item["packed"], item["returned"]) == (1, 1, 0)
    _, listed = _demat("flows", "--state", "waiting", config=config)
    assert [flow["flux"] for flow in listed["flows"]] == ["HELIOS"]
    assert len(sandbox.ledger()["pes"]) == known
    assert [path.name for path in inbox.iterdir()] == ["note.pdf.part"]


def test_watch_says_what_it_returned(config: Path) -> None:
    inbox = config.parent / "mairie/a-deposer"
    inbox.mkdir(parents=True)
    (inbox / "vide.csv").touch()
    code, seen = _demat("watch", "--once", config=config)
    assert code == 1
    assert seen["authorities"][0]["returned"] == 1


def test_doctor_finds_nothing_wrong(config: Path) -> None:
    code, checks = _demat("doctor", config=config)
    assert code == 0
    assert checks["ok"]
    assert [item["check"] for item in checks["checks"] if item["faults"]] == []

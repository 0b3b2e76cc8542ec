"""``demat serve`` seen from outside, as a real process against a sandbox over mutual TLS."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demat.cli.demo import write_config
from demat.sandbox.client import Sandbox
from tests.conftest import ROOT

FIXTURES = ROOT / "fixtures" / "saint-exemple"
PATIENCE = 60
"""Seconds after which a test gives up; nothing is measured."""
PLACE = ("--ecoute", "127.0.0.1:0")
SUPERVISION = """
[supervision]
journaux = "json"
ecoute = "127.0.0.1:1"
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    with Sandbox.start(tmp_path / "bac-a-sable") as sandbox:
        path = write_config(tmp_path / "travail", sandbox)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(SUPERVISION)
        yield path


def _ask(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=30) as answer:
        return str(answer.read().decode())


def _until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def test_a_service_is_seen_from_outside(config: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "demat", "serve", "--verbose", "--config", str(config), *PLACE],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("En service : 1 collectivité,")
        words = process.stdout.readline()
        assert words.startswith("Surveillance : http://127.0.0.1:")
        address = words.split()[-1].removesuffix("/sante")
        assert _ask(f"{address}/vivant") == "vivant\n"
        inbox = config.parent / "mairie" / "a-deposer"
        _until(inbox.is_dir, process)
        shutil.copyfile(FIXTURES / "titres-cantine.csv", inbox / "titres.csv")

        def sent() -> bool:
            text = _ask(f"{address}/metrics")
            return 'demat_sendings_total{flux="HELIOS",outcome="deposited",tdt="s2low"} 1.0' in text

        _until(sent, process)
        families = text_string_to_metric_families(_ask(f"{address}/metrics"))
        values = {
            (one.name, *sorted(one.labels.items())): one.value
            for family in families
            for one in family.samples
        }
        exchange = ("operation", "deposit"), ("outcome", "ok"), ("tdt", "s2low")
        assert values["demat_exchange_seconds_count", *exchange] == 1
        assert values[("demat_up",)] == 1
        found = json.loads(_ask(f"{address}/sante"))
        assert found["level"] in ("good", "watch")
    finally:
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "Arrêté ; rien n'est perdu.\n")
    events = [json.loads(line) for line in log.splitlines()]
    assert {"received", "packed", "deposited", "nightly"} <= {one.get("action") for one in events}
    (deposited,) = [one for one in events if one.get("action") == "deposited"]
    assert deposited["transmission"] == 1
    exchanges = [one for one in events if one["logger"] == "demat.connectors.watched"]
    assert {one["outcome"] for one in exchanges} >= {"ok"}
    assert all(one["duration_ms"] >= 0 and one["collectivite"] for one in exchanges)

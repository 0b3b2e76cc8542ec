"""``demat worker`` as real processes that share a real PostgreSQL, against a real sandbox."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demat.cli.demo import write_config
from demat.clock import PARIS, SystemClock
from demat.config import load_config
from demat.queue.store import Store
from demat.queue.tasks import TaskQueue
from demat.sandbox.client import Sandbox
from tests.postgres import NewDatabase, task_tables

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "saint-exemple"
SIREN = "000000000"
PATIENCE = 120
"""Seconds after which a test gives up; nothing is measured."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox.start(tmp_path / "bac-a-sable") as running:
        yield running


@pytest.fixture
def url(postgres_ready: NewDatabase) -> str:
    return postgres_ready()


@pytest.fixture
def config(tmp_path: Path, sandbox: Sandbox, url: str) -> Path:
    path = write_config(tmp_path, sandbox)
    missed = SystemClock().now().astimezone(PARIS) - timedelta(hours=1)  # whatever the hour is
    path.write_text(f'base = "{url}"\nnuit = "{missed:%H:%M}"\n{path.read_text()}')
    return path


@pytest.fixture
def store(config: Path, url: str) -> Iterator[Store]:
    opened = Store.open(url, load_config(config).donnees / "documents", SystemClock())
    yield opened
    opened.close()


@contextmanager
def worker(config: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a worker and wait until it says that it works."""
    command = [sys.executable, "-m", "demat", "worker", "--taches", "3", "--config", str(config)]
    process = subprocess.Popen(
        [*command, *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("Au travail pour 1 collectivité, 3 tâches")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition: Callable[[], bool], *processes: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert all(process.poll() is None for process in processes), "a worker ended"
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def _drop(config: Path, name: str, to: str) -> None:
    inbox = config.parent / "mairie" / "a-deposer"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(FIXTURES / name, inbox / to)


def test_the_work_goes_on_when_one_of_two_workers_is_killed(
    config: Path, sandbox: Sandbox, store: Store, url: str
) -> None:
    _drop(config, "titres-cantine.csv", "titres.csv")
    with worker(config) as one, worker(config) as other:
        # the first minute makes up for the night, whoever plans it
        until(lambda: len(store.transmissions()) == 1, one, other)
        until(lambda: store.transmissions()[0].delivery == "deposited", one, other)
        one.kill()
        one.wait()
        _drop(config, "compta-D0032.xml", "mandats.xml")
        tasks = TaskQueue(url)
        for name in ("arrivals", "answers"):
            tasks.declare(name, lambda siren: None)
        tasks.open()
        try:
            tasks.defer("arrivals", lock=SIREN, siren=SIREN)
            until(lambda: [f.delivery for f in store.transmissions()] == ["deposited"] * 2, other)
            while not all(flow.etat_final for flow in store.transmissions()):
                sandbox.advance(30)
                tasks.defer("answers", lock=SIREN, siren=SIREN)
                until(lambda: tasks.waiting() == 0, other)
        finally:
            tasks.close()
        other.send_signal(signal.SIGTERM)
        said, _ = other.communicate(timeout=PATIENCE)
        assert (other.returncode, said) == (0, "Arrêté ; rien n'est perdu.\n")
    landed = Counter(pes["nom_fic"] for pes in sandbox.ledger()["pes"])
    assert landed == {flow.key: 1 for flow in store.transmissions()}
    assert not store.verify_journal()


@contextmanager
def lock_held(url: str, lock: str) -> Iterator[None]:
    """Hold a lock, as a worker of another machine does that is at a long task."""
    TaskQueue(url)  # makes the tables
    with task_tables(url) as connection:
        (other,) = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) "
            "VALUES (now() + interval '1 hour') RETURNING id"
        ).fetchone() or (0,)
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, worker_id) "
            "VALUES ('default', 'answers', %s, 'doing', %s)",
            [lock, other],
        )
        yield
        connection.execute("DELETE FROM procrastinate_jobs WHERE worker_id = %s", [other])


def _ask(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=30) as answer:
        return str(answer.read().decode())


def _samples(address: str) -> dict[tuple[str, ...], float]:
    """Return every sample: name and labels (in the order of their names), value."""
    return {
        (sample.name, *(text for _, text in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(_ask(f"{address}/metrics"))
        for sample in family.samples
    }


def test_a_worker_is_seen_from_outside(config: Path, url: str) -> None:
    with config.open("a", encoding="utf-8") as stream:
        stream.write('\n[supervision]\njournaux = "json"\necoute = "127.0.0.1:1"\n')
    night = ("demat_tasks_waiting", "night")
    with ExitStack() as other, ExitStack() as ours:
        other.enter_context(lock_held(url, SIREN))
        process = ours.enter_context(worker(config, "--verbose", "--ecoute", "127.0.0.1:0"))
        assert process.stdout is not None
        words = process.stdout.readline()
        assert words.startswith("Surveillance : http://127.0.0.1:")
        address = words.split()[-1].removesuffix("/sante")
        assert _ask(f"{address}/vivant") == "vivant\n"
        # the first minute asks for the night that was missed
        until(lambda: _samples(address).get(night) == 1, process)
        found = _samples(address)
        told = {name[1] for name in found if name[0] == "demat_tasks_waiting"}
        assert told == {"answers", "arrivals", "minute", "night", "sending", "stamps"}
        assert 0 <= found["demat_oldest_task_seconds", "night"] < PATIENCE
        assert found[("demat_up",)] == 1
        other.close()  # the other worker has ended its task
        until(lambda: _samples(address)[night] == 0, process)
        until(lambda: ("demat_task_seconds_count", "ok", "night") in _samples(address), process)
        health = json.loads(_ask(f"{address}/sante"))
        assert health["level"] in ("good", "watch")
        assert [one["check"] for one in health["checks"] if one["level"] == "down"] == []
        process.send_signal(signal.SIGTERM)
        said, log = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (0, "Arrêté ; rien n'est perdu.\n"), log
    assert "nightly" in {json.loads(line).get("action") for line in log.splitlines()}
    with pytest.raises(urllib.error.URLError):
        _ask(f"{address}/vivant")


def test_workers_need_a_postgresql(config: Path) -> None:
    config.write_text(config.read_text().split("\n", 1)[1])
    command = [sys.executable, "-m", "demat", "worker", "--config", str(config)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    told = " ".join(done.stderr.split())  # it is folded to the width of the terminal
    assert "il lui faut une base PostgreSQL" in told
    assert "demat serve" in told
    assert done.stdout == ""

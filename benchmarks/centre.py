"""A regional centre: many authorities, their flows of a night, and ``demat worker`` processes.

    python -m benchmarks.centre [--towns 1000] [--flows 4000 40000] [--workers 1 4] [--tasks 16]

A real PostgreSQL (its own, made for the run, with fsync) holds the queue; ``benchmarks.centre_tdt``
stands for the tiers de télétransmission and takes ``--latency`` before each answer. The flows are
small PES, prepared beforehand; each run begins with the same database and starts that many worker
processes, and ends when every flow is acknowledged. Then the ledger of the other side is compared
with the store: each flow landed once, each is acknowledged.

Per run: flows per second from the start to the last acquit; waiting from the start until a flow is
deposited, and from there until its acquit is recorded (50th, 95th, 99th percentile); cost per flow
in computing (workers, PostgreSQL and stand-in together, and workers alone).
"""

import argparse
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.centre_town import config_text, fill
from demat.clock import PARIS, SystemClock
from demat.sandbox.pki import Pki, make_pki
from tests.postgres import PostgresServer

__all__ = ["main"]

PATIENCE = timedelta(hours=2)
FINISHED = "SELECT count(*) FROM transmission WHERE NOT etat_final OR delivery <> 'deposited'"
WAITS = """
SELECT extract(epoch FROM t.deposited_at), extract(epoch FROM r.received_at)
FROM transmission t JOIN receipt r ON r.transmission_id = t.id
"""


class Run(NamedTuple):
    """What one run took."""

    seconds: float
    deposited: Sequence[float]
    """Seconds from the start until each flow was deposited."""
    answered: Sequence[float]
    """Seconds from there until its acquit was recorded."""
    cpu: float
    """Seconds of computing of the workers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Centre:
    """Where it all happens."""

    root: Path
    server: PostgresServer
    pki: Pki
    towns: int
    latency: float
    acquit: float
    tasks: int
    """Tasks that one worker process runs at the same time."""

    def run(self, template: str, flows: int, workers: int) -> Run:
        """Let that many workers send what the template holds.

        :raises SystemExit: when a flow did not land exactly once, or a worker died.
        """
        database = self.server.new_database(template)
        with self._tdt() as url:
            config = self._configure(url, self.server.url(database))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = SystemClock().now().timestamp()
            with self._workers(config, workers) as processes:
                self._wait(database, processes)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            _check(url, self.pki, flows)
            ends = self._ends(database)
        self.server.execute(f"DROP DATABASE {database} WITH (FORCE)")
        return Run(
            seconds=max(answer for _, answer in ends) - start,
            deposited=[deposit - start for deposit, _ in ends],
            answered=[answer - deposit for deposit, answer in ends],
            cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        )

    def template(self, flows: int) -> str:
        """Make a database in which the flows wait to be sent; return its name."""
        name = self.server.new_database()
        fill(
            self.server.url(name),
            self.root / "donnees" / "documents",
            towns=self.towns,
            each=flows // self.towns,
        )
        return name

    def _configure(self, url: str, base: str) -> Path:
        # the hour of a night that is neither due nor near
        night = (SystemClock().now().astimezone(PARIS) + timedelta(hours=2)).strftime("%H:%M")
        config = self.root / "demat.toml"
        config.write_text(config_text(self.root, url, base, night, self.pki, self.towns))
        return config

    @contextmanager
    def _tdt(self) -> Iterator[str]:
        command = [sys.executable, "-m", "benchmarks.centre_tdt", str(self.root / "pki")]
        command += ["--latency", str(self.latency), "--acquit", str(self.acquit)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.stdin is None or process.stdout is None:
            raise SystemExit("no pipe")
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()

    @contextmanager
    def _workers(self, config: Path, count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
        command = [sys.executable, "-m", "demat", "worker", "--taches", str(self.tasks)]
        command += ["--config", str(config)]
        environment = {**os.environ, "TZ": "Europe/Paris"}
        processes = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
            for _ in range(count)
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(120)

    def _wait(self, database: str, processes: Sequence["subprocess.Popen[bytes]"]) -> None:
        deadline = time.monotonic() + PATIENCE.total_seconds()
        url = self.server.url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            while connection.execute(FINISHED).fetchone() != (0,):
                if any(process.poll() is not None for process in processes):
                    raise SystemExit("a worker died")
                if time.monotonic() > deadline:
                    raise SystemExit("it never ended")
                time.sleep(2)

    def _ends(self, database: str) -> list[tuple[float, float]]:
        with psycopg.connect(self.server.url(database).replace("+psycopg", "")) as connection:
            return [(float(one), float(two)) for one, two in connection.execute(WAITS)]


def _check(url: str, pki: Pki, flows: int) -> None:
    context = ssl.create_default_context(cafile=pki.ca_bundle)
    client = pki.client
    context.load_cert_chain(client.certificate, client.key, client.passphrase)
    with urllib.request.urlopen(f"{url}/ledger", context=context) as answer:  # noqa: S310
        ledger = json.load(answer)
    if ledger != {"landed": flows, "posted_twice": 0}:
        raise SystemExit(f"the other side holds {ledger}, not {flows} flows once each")


def _centiles(values: Sequence[float]) -> str:
    cuts = statistics.quantiles(values, n=100)
    return " / ".join(f"{cuts[rank - 1]:.0f}" for rank in (50, 95, 99))


def main(arguments: list[str] | None = None) -> int:
    """Make the centre, run it, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towns", type=int, default=1000)
    parser.add_argument("--flows", type=int, nargs="+", default=[4000, 40000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--tasks", type=int, default=16, help="of one worker at the same time")
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--acquit", type=float, default=20.0)
    options = parser.parse_args(arguments)
    server = PostgresServer({"max_connections": "300", "shared_buffers": "256MB"})
    server.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            pki = make_pki(root / "pki", now=SystemClock().now())
            (root / "secrets").mkdir()
            secret = root / "secrets" / "client.passe"
            secret.write_text(f"{pki.client.passphrase}\n")
            secret.chmod(0o600)
            centre = Centre(
                root=root,
                server=server,
                pki=pki,
                towns=options.towns,
                latency=options.latency,
                acquit=options.acquit,
                tasks=options.tasks,
            )
            _table(centre, options.flows, options.workers)
    finally:
        server.remove()
    return 0


def _table(centre: Centre, flows: Sequence[int], workers: Sequence[int]) -> None:
    print(
        "| flows | workers | seconds | flows/s | wait to be deposited s | acquit s | CPU ms/flow |"
    )
    print("|---|---|---|---|---|---|---|")
    for count in flows:
        template = centre.template(count)
        for number in workers:
            run = centre.run(template, count, number)
            print(
                f"| {count} | {number} | {run.seconds:.0f} | {count / run.seconds:.1f} "
                f"| {_centiles(run.deposited)} | {_centiles(run.answered)} "
                f"| {1000 * run.cpu / count:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())

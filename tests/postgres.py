"""A real PostgreSQL for the tests: a cluster of its own in a temporary folder, thrown away after.

One per pytest process, started when a test first asks for it. It listens on a socket in its folder
only. A shell stands between it and us: when our end of its standard input closes, however we died,
it stops the server and removes the folder.

PostgreSQL refuses to run as root: then it runs as the user ``postgres`` of the system.
"""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from demat.queue.database import Database

__all__ = [
    "NewDatabase",
    "PostgresServer",
    "own_server",
    "postgres",
    "postgres_empty",
    "postgres_ready",
    "postgres_template",
    "task_tables",
]

NewDatabase = Callable[[], str]
"""Makes a database and returns its address."""

_FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "shared_buffers": "32MB"}
"""Settings of a server whose data nobody will miss."""
_OWNER = """
DO $$ BEGIN
    CREATE ROLE demat LOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$
"""
_GUARD = """
"$@" & server=$!
read -r word || { kill -INT $server; wait $server; rm -rf "$FOLDER"; exit 0; }
kill -INT $server
wait $server
"""
"""Start the server; stop it on a word, or stop it and clean up when nobody is there to say one."""


class PostgresServer:
    """One cluster: made, started, stopped and killed at will."""

    def __init__(self, settings: dict[str, str]) -> None:
        """Make the cluster.

        :param settings: parameters of the server.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="demat-pg-"))  # short: a socket lies in it
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._settings = settings
        self._guard: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        make = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
        command = [program("initdb"), "--no-sync", *make, "-D", str(self.data)]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd="/")

    @property
    def data(self) -> Path:
        """Where the server keeps its files."""
        return self.folder / "data"

    def url(self, database: str, user: str = "demat") -> str:
        """Return the address of a database, for somebody who owns it and nothing else."""
        query = {"host": str(self.folder)}
        url = URL.create("postgresql+psycopg", username=user, database=database, query=query)
        return url.render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = [f"{name}={value}" for name, value in self._settings.items()]
        words += [f"unix_socket_directories={self.folder}", "listen_addresses=", "port=5432"]
        options = [part for word in words for part in ("-c", word)]
        with (self.folder / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                ["sh", "-c", _GUARD, "sh", program("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
                start_new_session=True,  # what ends the tests as a group leaves time to clean up
                env={**os.environ, "FOLDER": str(self.folder)},
            )
        self._wait()
        self.execute(_OWNER)

    def stop(self) -> None:
        """Stop the server at once: transactions under way are rolled back."""
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.write(b"stop\n")
            self._guard.stdin.close()
            self._guard.wait(60)
            self._guard = None

    def kill(self) -> None:
        """Kill the server as a power cut would, and what it had started with it."""
        number = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        self.stop()

    def require_password(self) -> None:
        """Let nobody but the master in without a password."""
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (self.data / "pg_hba.conf").write_text(rules)
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop the server and remove its files."""
        self.stop()
        shutil.rmtree(self.folder)

    def execute(self, statement: str) -> None:
        """Run one statement on the server as its master, in no transaction."""
        engine = create_engine(self.url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def new_database(self, template: str = "template0") -> str:
        """Make a database and return its name."""
        name = f"demat_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER demat")
        return name

    def _wait(self) -> None:
        for _ in range(600):
            try:
                return self.execute("SELECT 1")
            except OperationalError:
                time.sleep(0.05)
        pytest.fail(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-2000:]}")


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL, or skip (fail under CI)."""
    places = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    path = shutil.which(name, path=os.pathsep.join([*reversed(places), os.environ["PATH"]]))
    if path is None:
        message = f"the program {name} of PostgreSQL is not installed"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return a server whose data no power cut would spare: quick."""
    server = PostgresServer(_FAST)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Return the name of a database at the current revision, to be copied: migrating is slow."""
    name = postgres.new_database()
    Database(postgres.url(name)).close()
    return name


@pytest.fixture
def postgres_ready(postgres: PostgresServer, postgres_template: str) -> Iterator[NewDatabase]:
    """Return what makes databases at the current revision, which are dropped after the test."""
    yield from _databases(postgres, postgres_template)


@pytest.fixture
def postgres_empty(postgres: PostgresServer) -> Iterator[NewDatabase]:
    """Return what makes databases without any table, which are dropped after the test."""
    yield from _databases(postgres, "template0")


def _databases(server: PostgresServer, template: str) -> Iterator[NewDatabase]:
    made: list[str] = []

    def make() -> str:
        made.append(server.new_database(template))
        return server.url(made[-1])

    yield make
    for name in made:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Return a server that a test may stop and kill; what it committed is on the disk."""
    server = PostgresServer({})
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def task_tables(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Reach the tables of the tasks behind the queue's back; each statement counts at once."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        (schema,) = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'demat_taches%'"
        ).fetchone() or ("",)
        connection.execute("SELECT set_config('search_path', %s, false)", [schema])
        yield connection

"""The PostgreSQL of the tests leaves nothing behind, even when whoever started it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT
from tests.postgres import program

START = """
from tests.postgres import PostgresServer
server = PostgresServer({"fsync": "off"})
server.start()
print(server.folder, (server.data / "postmaster.pid").read_text().split()[0], flush=True)
input()
"""


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_dies_with_the_tests() -> None:
    program("initdb")
    with subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        folder, number = tests.stdout.readline().split()
        assert is_running(int(number))
        tests.send_signal(signal.SIGKILL)
    for _ in range(600):
        if not Path(folder).exists() and not is_running(int(number)):
            return
        time.sleep(0.1)
    raise AssertionError(f"{folder} or the process {number} is still there")

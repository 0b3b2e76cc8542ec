"""A real ClamAV daemon on loopback, with a harmless signature of its own; nothing is downloaded."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demat.connectors.clamd import ClamdClient, ClamdSettings
from tests.conftest import needs_program

__all__ = ["INFECTED", "MAX_BYTES", "VIRUS", "Daemon", "free_port", "running_clamd"]

INFECTED = b"DEMAT-CHAINE-DE-TEST-DE-L-ANTIVIRUS-SANS-DANGER"
"""What the signature of the tests recognises, anywhere in a file."""
VIRUS = "Demat.Test.UNOFFICIAL"
MAX_BYTES = 1 << 20
"""``StreamMaxLength`` of the daemon."""


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """Where it can be reached."""

    tcp: str
    unix: str

    def client(self, address: str = "") -> ClamdClient:
        return ClamdClient(ClamdSettings(address=address or self.tcp, silence=60.0))


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_clamd(folder: Path) -> Iterator[Daemon]:
    """Run a daemon until the end of the block, then end that very process."""
    program = needs_program("clamd")
    port = free_port()
    database = folder / "base"
    database.mkdir()
    (database / "demat.ndb").write_text(f"Demat.Test:0:*:{INFECTED.hex()}\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {database}\nLocalSocket {folder}/clamd.sock\nTCPSocket {port}\n"
        f"TCPAddr 127.0.0.1\nStreamMaxLength {MAX_BYTES}\nForeground yes\nMaxThreads 2\n"
        f"LogFile {folder}/clamd.log\nConcurrentDatabaseReload no\nSelfCheck 0\n"
    )
    with subprocess.Popen(
        [program, "--config-file", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(process, port)
            yield Daemon(tcp=f"127.0.0.1:{port}", unix=f"{folder}/clamd.sock")
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until it listens: half a second, once its signatures are loaded."""
    for _ in range(300):
        assert process.poll() is None, "clamd ended by itself"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("clamd does not listen")

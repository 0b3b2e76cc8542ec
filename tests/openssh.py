"""A real OpenSSH server on loopback: its own keys, its own configuration, one account.

It runs in the foreground, is ended by its process id, and ends by itself when the tests die. Its
SFTP goes through ``tests/sftp_trouble.py``, which lets a test decide at which message it fails.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clamd_daemon import free_port
from tests.conftest import needs_program

__all__ = ["Openssh", "fingerprint", "make_key", "running_sshd", "sshd_program"]

_WRAPPER = Path(__file__).with_name("sftp_trouble.py")
_SERVERS = (
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/ssh/sftp-server",
)
_WATCH = """
import os, signal, subprocess, sys
watched, *command = sys.argv[1:]
child = subprocess.Popen(command)
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
while child.poll() is None:
    try:
        child.wait(timeout=1)
    except subprocess.TimeoutExpired:
        if os.getppid() != int(watched):
            child.terminate()
sys.exit(child.returncode)
"""
"""Ends the server when its parent is not pytest any more."""


@dataclass(kw_only=True)
class Openssh:
    """A running server, and what a client needs to reach it."""

    folder: Path
    port: int
    user: str
    key: Path
    """Private key that the account accepts; its passphrase is in ``passphrase``."""
    passphrase: str
    host_key: Path
    host: str = "127.0.0.1"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the key of the server."""
        return fingerprint(self.host_key)

    @property
    def known_hosts(self) -> Path:
        """A file of known hosts that names this server."""
        path = self.folder / "known_hosts"
        kind, key, *_ = self.host_key.with_suffix(".pub").read_text().split()
        path.write_text(f"[{self.host}]:{self.port} {kind} {key}\n")
        return path

    def fail(self, message: str, how: str, *, times: int = 1) -> None:
        """Have the server fail at its next messages of a kind, in every session.

        :param message: ``open``, ``write``, ``rename``, ``lstat``, ``fsync``…
        :param how: ``before`` (ends without doing it), ``after`` (does it, ends without saying so),
            ``refuse`` (says « failure »), ``full`` (writes a part, then as ``refuse``), ``deny``,
            ``unsupported``, ``hang``.
        """
        orders = self.folder / "orders"
        orders.mkdir(exist_ok=True)
        for _ in range(times):
            rank = len(list(self.folder.glob("orders*/*")))
            (orders / f"{rank:04d}-{message}-{how}").touch()

    def obeyed(self) -> bool:
        """Return whether every failure that was asked for has taken place."""
        return not any((self.folder / "orders").glob("*"))


def sshd_program() -> str:
    """Return the path of the server, which lies where ordinary users do not look."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return shutil.which("sshd", path=places) or needs_program("sshd")


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    """Make a key pair; return the private key."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def fingerprint(key: Path) -> str:
    """Return the ``SHA256:…`` of a public key."""
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key.with_suffix(".pub"))],
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.split()[1]


@contextmanager
def running_sshd(
    folder: Path,
    *,
    host_keys: Sequence[Path] = (),
    port: int = 0,
    options: str = "",
    most_bytes: int = 0,
) -> Iterator[Openssh]:
    """Run a server until the end of the block, then end that very process.

    :param host_keys: the keys that it shows; none: one of its own.
    :param options: those of its sftp-server, such as ``-R``, read only.
    :param most_bytes: size that its system allows for a file; 0: any.
    """
    program = sshd_program()
    sftp = next((path for path in _SERVERS if Path(path).exists()), "")
    assert sftp, "OpenSSH has no sftp-server here"
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privileges are dropped in there
    host_keys = host_keys or (make_key(folder / "host"),)
    key = folder / "client"
    if not key.exists():
        make_key(key, "mot de passe de la clé")
    (folder / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    (folder / "orders").mkdir(exist_ok=True)
    port = port or free_port()
    config = folder / "sshd_config"
    config.write_text(
        "".join(f"HostKey {one}\n" for one in host_keys)
        + f"ListenAddress 127.0.0.1\nPort {port}\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "LogLevel ERROR\nMaxStartups 100\n"
        f"Subsystem sftp {sys.executable} {_WRAPPER} {folder}/orders {most_bytes}"
        f" {sftp} {options}\n"
    )
    command = [program, "-D", "-e", "-f", str(config)]
    with (
        (folder / "sshd.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-c", _WATCH, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            _wait(process, port, folder / "sshd.log")
            yield Openssh(
                folder=folder,
                port=port,
                user=getpass.getuser(),
                key=key,
                passphrase="mot de passe de la clé",
                host_key=host_keys[0],
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("sshd does not listen")

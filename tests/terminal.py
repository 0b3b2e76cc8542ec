"""A real terminal for a command: what is shown is read, what is typed goes where a person types."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Terminal", "terminal"]

_ENTER = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"  # the terminal of its own session, as at a desk
    "os.execv(sys.executable, [sys.executable, '-m', 'demat', *sys.argv[1:]])\n"
)
_PATIENCE = 60.0
"""Seconds after which a command that says nothing has failed."""


@dataclass(kw_only=True, slots=True)
class Terminal:
    """One command on its terminal."""

    process: "subprocess.Popen[bytes]"
    master: int
    seen: str = ""
    """Everything shown so far."""

    def until(self, text: str) -> str:
        """Read until a text is shown; return what was shown since the last time."""
        start = len(self.seen)
        while text not in self.seen[start:]:
            if not self._read():
                raise AssertionError(f"{text!r} was not shown, but: {self.seen[start:]!r}")
        return self.seen[start:]

    def type(self, text: str) -> None:
        """Type on the keyboard; ``\\x03`` is Ctrl-C."""
        time.sleep(0.05)  # getpass throws away what was typed before it asked
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=_PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], _PATIENCE)
        try:
            chunk = os.read(self.master, 65_536) if ready else b""
        except OSError:  # Linux: the other end is closed
            chunk = b""
        self.seen += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(chunk)


@contextmanager
def terminal(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run ``demat`` on a terminal of 80 columns; it is killed if it is still there at the end."""
    master, slave = pty.openpty()
    root = Path(__file__).resolve().parents[1]
    variables = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(root), **(env or {})}
    process = subprocess.Popen(
        [sys.executable, "-c", _ENTER, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=cwd,
        env=variables,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(process=process, master=master)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)

"""The folder in which a stand-in keeps what must outlive a kill: journal, scenario, ports."""

import errno
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from demat.sandbox.journal import Journal, JournalError
from demat.sandbox.scenario import Scenario

__all__ = ["State", "forget"]

_Server = TypeVar("_Server")
_PORT_SECONDS = 10.0
_PORT_PAUSE = 0.1


class State:
    """What one stand-in finds again when it starts on the same folder."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        """Open a folder, made when absent, and take it.

        :raises JournalError: another process holds it, or it was made for another scenario, whose
            records mean nothing to this one.
        """
        self.journal = Journal(folder / "journal")
        try:
            _same_scenario(folder / "scenario.json", scenario)
        except JournalError:
            self.journal.close()
            raise
        self._ports_file = folder / "ports.json"
        self._ports: dict[str, int] = (
            json.loads(self._ports_file.read_bytes()) if self._ports_file.exists() else {}
        )

    def listen(self, name: str, port: int, listen: Callable[[int], _Server]) -> _Server:
        """Return a server on its port of last time, unless ``port`` asks for another.

        :raises OSError: the port stays taken.
        """
        wanted = port or self._ports.get(name, 0)
        last = time.monotonic() + _PORT_SECONDS
        while True:
            try:
                return listen(wanted)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > last:
                    raise
            time.sleep(_PORT_PAUSE)

    def remember(self, **ports: int) -> None:
        """Keep the ports for the next start."""
        self._ports = ports
        draft = self._ports_file.with_suffix(".draft")
        draft.write_text(json.dumps(ports), "ascii")
        draft.replace(self._ports_file)


def forget(folder: Path) -> None:
    """Delete what a stand-in kept.

    :raises JournalError: it is running.
    """
    if folder.exists():
        Journal(folder / "journal").close()
        shutil.rmtree(folder)


def _same_scenario(path: Path, scenario: Scenario) -> None:
    wanted = scenario.to_json()
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.write_text(wanted, "utf-8")
        draft.replace(path)
    elif path.read_text("utf-8") != wanted:
        raise JournalError(f"{path.parent} holds the state of another scenario")

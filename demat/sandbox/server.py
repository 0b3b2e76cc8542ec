"""The sandbox from start to end: one process per stand-in, one ready line, every reason to stop."""

import json
import os
import signal
import sys
import threading
import time
import traceback
from _thread import start_new_thread
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import Any, TextIO

from demat.clock import SystemClock
from demat.errors import DematError
from demat.sandbox.journal import JournalError
from demat.sandbox.pki import make_pki
from demat.sandbox.roles import ROLES, Part, open_servers
from demat.sandbox.scenario import Scenario
from demat.sandbox.state import forget
from demat.sandbox.virtual import SharedClock

__all__ = ["run_role", "run_sandbox"]

_POLL_SECONDS = 0.05
_STOP_SECONDS = 10.0


def run_sandbox(
    folder: Path,
    *,
    scenario: Scenario,
    state: Path | None = None,
    fresh: bool = False,
    port: int = 0,
    speed: float = 1.0,
    max_seconds: float = 3600,
    out: TextIO,
    watch_stdin: bool = False,
) -> int:
    """Run every stand-in until told to stop; return the exit code.

    Writes one JSON line on ``out`` when ready: ``url`` of the TdT, ``control``, ``tsa`` that gives
    time-stamps, folder ``pki``, and by role ``standins`` (``url``, ``control``, ``pid``).
    Stops on SIGTERM, SIGINT, ``/control/stop``, after ``max_seconds``, when the standard input
    ends, which tells that the parent process is gone, or when one of the stand-ins ends: none is
    started again. A next start on the same ``state`` finds everything again, on the same ports,
    however this one ended.

    :param folder: where the keys are made or reused.
    :param state: where what happens is kept; ``etat`` in ``folder`` by default.
    :param fresh: forget what was kept, ports included.
    :param port: HTTPS port of the TdT; 0 for that of last time, or a free one.
    :param speed: virtual seconds in one real second.
    :raises JournalError: the state is held by another process, or is that of another scenario.
    """
    kept = state or folder / "etat"
    machine = SystemClock()
    make_pki(folder, now=machine.now())
    if fresh:
        for role in ROLES:
            forget(kept / role)
        (kept / "clock.json").unlink(missing_ok=True)
    start = scenario.start or machine.now()
    SharedClock.start(kept / "clock.json", machine, start=start, speed=speed)
    stop = threading.Event()
    with _signals(stop), _Family() as family:
        setting = _Setting(folder, kept, scenario)
        others = [role for role in ROLES if role != "tdt"]
        for role in others:  # together: each may have a long journal to play again
            family.start(role, setting, port=0, others={})
        found = {role: family.ready(role) for role in others}
        urls = {role: line["url"] for role, line in found.items()}
        family.start("tdt", setting, port=port, others=urls)
        found["tdt"] = family.ready("tdt")
        if watch_stdin:
            _watch(sys.stdin.fileno(), stop)
        ready = {
            "url": found["tdt"]["url"],
            "control": found["tdt"]["control"],
            "tsa": found["tsa"]["url"],
            "pki": str(folder.resolve()),
            "standins": found,
        }
        out.write(json.dumps(ready) + "\n")
        out.flush()
        last = time.monotonic() + max_seconds
        while not stop.wait(_POLL_SECONDS) and time.monotonic() < last and family.all_alive():
            pass
    return 0


class _Setting:
    """What a stand-in finds on the disk."""

    def __init__(self, folder: Path, state: Path, scenario: Scenario) -> None:
        self.folder = folder
        self.state = state
        self.scenario = scenario


class _Family:
    """The processes of the stand-ins, children of this one: they end with it."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._said: dict[str, int] = {}
        # nobody writes in this pipe: its end tells the children that the parent is gone
        self._life, self._hold = os.pipe()

    def __enter__(self) -> "_Family":
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._life, self._hold, *self._said.values()):
            os.close(descriptor)
        for pid in self._pids.values():
            os.kill(pid, signal.SIGTERM)
        last = time.monotonic() + _STOP_SECONDS
        while self._pids:
            self.all_alive()
            if time.monotonic() > last:
                for pid in self._pids.values():
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_POLL_SECONDS / 5)

    def start(self, role: str, setting: _Setting, *, port: int, others: Mapping[str, str]) -> None:
        """Start a stand-in."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.close(self._hold)
            code = 1
            try:
                with os.fdopen(writing, "w") as out:
                    code = run_role(
                        role,
                        setting.folder,
                        state=setting.state,
                        scenario=setting.scenario,
                        port=port,
                        others=others,
                        out=out,
                        life=self._life,
                    )
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        os.close(writing)
        self._pids[role], self._said[role] = pid, reading

    def ready(self, role: str) -> dict[str, Any]:
        """Wait until a stand-in listens, and return its ready line.

        :raises JournalError: with what it said, when it could not start.
        """
        with os.fdopen(self._said.pop(role)) as stream:
            line = json.loads(stream.readline() or '{"error": "it said nothing"}')
        if "error" in line:
            raise JournalError(f"{role}: {line['error']}")
        return {**line, "pid": self._pids[role]}

    def all_alive(self) -> bool:
        """Whether no stand-in has ended; those that have are forgotten."""
        count = len(self._pids)
        for role, pid in list(self._pids.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._pids[role]
        return len(self._pids) == count


def run_role(
    role: str,
    folder: Path,
    *,
    state: Path,
    scenario: Scenario,
    port: int = 0,
    others: Mapping[str, str],
    max_seconds: float | None = None,
    out: TextIO,
    life: int | None = None,
) -> int:
    """Run one stand-in until told to stop; return the exit code.

    Writes one JSON line when ready, ``url`` and ``control``, or ``error``.

    :param folder: where the keys are.
    :param others: addresses of the stand-ins that it talks to, by role.
    :param life: descriptor whose end tells that the parent process is gone.
    """
    stop = threading.Event()
    machine = SystemClock()
    part = Part(
        scenario=scenario,
        pki=make_pki(folder, now=machine.now()),
        machine=machine,
        clock=SharedClock(state / "clock.json", machine),
        stop=stop,
        port=port,
        others=others,
    )
    with ExitStack() as stack:
        stack.enter_context(_signals(stop))
        try:
            held, servers = open_servers(role, state / role, part)
        except (DematError, OSError) as error:
            out.write(json.dumps({"error": str(error)}) + "\n")
            out.flush()
            return 2
        stack.callback(held.journal.close)
        for server in servers.values():
            stack.enter_context(server)
            stack.enter_context(_serving(server))
        if life is not None:
            _watch(life, stop)
        scheme = "http" if role == "tsa" else "https"
        ready = {
            "url": f"{scheme}://127.0.0.1:{servers['main'].server_address[1]}",
            "control": f"http://127.0.0.1:{servers['control'].server_address[1]}",
        }
        out.write(json.dumps(ready) + "\n")
        out.flush()
        stop.wait(max_seconds)
    return 0


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into a stop; only the main thread may do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    previous = [
        signal.signal(number, lambda *_: start_new_thread(stop.set, ())) for number in numbers
    ]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)


@contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _watch(descriptor: int, stop: threading.Event) -> None:
    """Stop when a descriptor ends."""

    def wait() -> None:
        # raw reads: a buffered one would still hold its lock when the interpreter ends
        while os.read(descriptor, 4096):
            pass
        stop.set()

    threading.Thread(target=wait, daemon=True).start()

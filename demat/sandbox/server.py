"""One sandbox, from start to end: its servers, the ready line, and every reason to stop."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import TextIO

from demat.clock import SystemClock
from demat.sandbox import control as orders
from demat.sandbox import message
from demat.sandbox.control import Control, ControlServer
from demat.sandbox.failures import Failures
from demat.sandbox.https import HttpsServer, server_context
from demat.sandbox.pki import make_pki
from demat.sandbox.scenario import Scenario
from demat.sandbox.state import State
from demat.sandbox.tdt import Tdt
from demat.sandbox.tsa import Tsa, TsaServer
from demat.sandbox.world import World

__all__ = ["run_sandbox"]

_POLL_SECONDS = 0.05


def run_sandbox(
    folder: Path,
    *,
    scenario: Scenario,
    state: Path | None = None,
    port: int = 0,
    speed: float = 1.0,
    max_seconds: float = 3600,
    out: TextIO,
    watch_stdin: bool = False,
) -> int:
    """Serve until told to stop; return the exit code.

    Writes one JSON line on ``out`` when ready: ``url`` of the TdT, ``control``, ``tsa`` that gives
    time-stamps, folder ``pki``.
    Stops on SIGTERM, SIGINT, ``/control/stop``, after ``max_seconds``, or when the standard input
    ends, which tells that the parent process is gone. A next start on the same ``state`` finds
    everything again, on the same ports, however this one ended.

    :param folder: where the keys are made or reused.
    :param state: where what happens is kept; ``etat`` in ``folder`` by default.
    :param speed: virtual seconds in one real second.
    :raises JournalError: the state is held by another process, or is that of another scenario.
    """
    machine = SystemClock()
    pki = make_pki(folder, now=machine.now())
    stop = threading.Event()
    held = State(state or folder / "etat", scenario, machine, speed=speed)
    world, failures = World(scenario, machine, clock=held.clock), Failures()
    tsa = Tsa(pki.time_stamps, world.clock)
    app, control = Tdt(world, held.journal), Control(world, failures, stop.set, tsa, held.journal)
    with ExitStack() as stack:
        stack.callback(held.journal.close)
        stack.enter_context(_signals(stop))
        players = {message.KIND: app.replay, orders.KIND: control.replay}
        for entry in held.journal.entries():
            players[entry.kind](entry)
        tdt = held.listen(
            "tdt",
            port,
            lambda free: HttpsServer(
                free,
                app=app.receive,
                failures=failures,
                context=server_context(pki),
                max_post_bytes=scenario.max_post_bytes,
                name="Plateforme-TdT/4.2",
            ),
        )
        stamps = held.listen("tsa", 0, lambda free: TsaServer(tsa, free))
        desk = held.listen("control", 0, lambda free: ControlServer(control, free))
        servers = {"tdt": tdt, "tsa": stamps, "control": desk}
        held.remember(**{name: one.server_address[1] for name, one in servers.items()})
        for server in servers.values():
            stack.enter_context(server)
            stack.enter_context(_serving(server))
        if watch_stdin:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        ready = {
            "url": f"https://127.0.0.1:{tdt.server_address[1]}",
            "control": f"http://127.0.0.1:{desk.server_address[1]}",
            "tsa": f"http://127.0.0.1:{stamps.server_address[1]}",
            "pki": str(folder),
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
    previous = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
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


def _wait_for_end_of_input(stop: threading.Event) -> None:
    # raw reads: a buffered one would still hold its lock when the interpreter ends
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()

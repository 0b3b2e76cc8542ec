"""A process of the engine with a clock that a test can push.

All else is the product: the configuration, ``open_office``, the nightly run, the service by day and
the worker of a centre.
"""

import ctypes
import logging
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from procrastinate.exceptions import ConnectorException

from demat.cli.service import Service
from demat.cli.worker import Workers, run_worker
from demat.clock import SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.engine.nightly import nightly
from demat.engine.office import Office
from demat.errors import DematError
from demat.queue.tasks import TaskQueue

logger = logging.getLogger("storm")

NIGHTLY_AT = "02:30"
STALLED = 6.0
"""Seconds after which the tasks of a worker that was killed may be ended."""
MINUTE = "* * * * * */3"
"""They are looked for every three seconds."""


class PushedClock:
    """The clock of the machine, and what a file adds to it."""

    def __init__(self, offset: Path) -> None:
        self._offset = offset

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=float(self._offset.read_text("ascii")))


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def obey_modes() -> None:
    """Make this process obey file modes even when it is root's: CAP_DAC_OVERRIDE and
    CAP_DAC_READ_SEARCH are given up (capabilities(7))."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = _Header(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    data[0] &= ~(1 << 1 | 1 << 2)  # effective
    data[1] &= ~(1 << 1 | 1 << 2)  # permitted
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _never_left_behind(test: int) -> None:
    while Path(f"/proc/{test}").exists():
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _breakdown(record: logging.LogRecord) -> bool:
    """Whether a task broke down; what ends because the database or the disk is away did not."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, DematError | OSError | psycopg.Error | ConnectorException)


def main(mode: str, config: Path, offset: Path, log: Path, test: int) -> None:
    """Work until SIGTERM: as ``demat nightly`` again and again, as ``demat serve`` by day, or as
    ``demat worker``.

    :param mode: ``night``, ``day`` or ``worker``.
    :param test: process without which this one has no reason to be.
    """
    threading.Thread(target=_never_left_behind, args=(test,), daemon=True).start()
    if mode != "worker":  # whose database is no file, and lies in a folder of another user here
        obey_modes()
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s", force=True)
    if mode == "worker":
        logging.getLogger().handlers[0].addFilter(_breakdown)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        try:
            _work(mode, config, offset, stop)
        except (DematError, OSError) as error:  # the disk or the database may come back
            logger.error("out of order: %s", error)
            stop.wait(0.5)


def _work(mode: str, config: Path, offset: Path, stop: threading.Event) -> None:
    settings = load_config(config)
    with open_office(settings, clock=PushedClock(offset)) as opened:
        office = replace(opened, stopping=stop.is_set)
        if mode == "worker":
            tasks = TaskQueue(settings.base, stalled=STALLED, minute=MINUTE)
            run_worker(office, tasks, nightly_at=NIGHTLY_AT, concurrency=2, stop=stop)
            return
        service = Service(office, nightly_at=NIGHTLY_AT, stop=stop)
        while not stop.is_set():
            if mode == "night":
                nightly(office, pause=stop.wait)
            else:
                service.arrivals()
                service.by_day()
            stop.wait(0.5)


def plan(office: Office, url: str, stop: threading.Event) -> None:
    """Ask for what is due every second until ``stop`` is set: minutes pass quicker in a storm."""
    while not stop.is_set():
        try:
            tasks = TaskQueue(url, stalled=STALLED)
            workers = Workers(office, tasks, nightly_at=NIGHTLY_AT, stop=stop)
            tasks.open()
            try:
                while not stop.wait(1):
                    workers.plan(office.clock.now())
            finally:
                tasks.close()
        except (DematError, OSError, psycopg.Error, ConnectorException) as error:
            logger.error("no plan: %s", error)
            stop.wait(1)

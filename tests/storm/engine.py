"""A process of the engine with a clock that a test can push.

All else is the product: the configuration, ``open_office``, the nightly run and the service by day.
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

from demat.cli.service import Service
from demat.clock import SystemClock
from demat.compose import open_office
from demat.config import load_config
from demat.engine.nightly import nightly
from demat.errors import DematError

logger = logging.getLogger("storm")


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


def main(mode: str, config: Path, offset: Path, log: Path, test: int) -> None:
    """Work until SIGTERM, as ``demat nightly`` again and again or as ``demat serve`` by day.

    :param test: process without which this one has no reason to be.
    """
    threading.Thread(target=_never_left_behind, args=(test,), daemon=True).start()
    obey_modes()
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s", force=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        try:
            _work(mode, config, offset, stop)
        except (DematError, OSError) as error:  # the disk or the database may come back
            logger.error("out of order: %s", error)
            stop.wait(0.5)


def _work(mode: str, config: Path, offset: Path, stop: threading.Event) -> None:
    with open_office(load_config(config), clock=PushedClock(offset)) as opened:
        office = replace(opened, stopping=stop.is_set)
        service = Service(office, nightly_at="02:30", stop=stop)
        while not stop.is_set():
            if mode == "night":
                nightly(office, pause=stop.wait)
            else:
                service.arrivals()
                service.by_day()
            stop.wait(0.5)

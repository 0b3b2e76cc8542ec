"""A process of the engine with a clock that a test can push: ``python -m tests.storm.engine``.

All else is the product: the configuration, ``open_office``, the nightly run and the service by day.
"""

import logging
import signal
import sys
import threading
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


def main(mode: str, config: Path, offset: Path) -> None:
    """Work until SIGTERM, as ``demat nightly`` again and again or as ``demat serve`` by day."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
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


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

"""Looks at the installation when asked, once for all who ask at the same time, within bounds."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import monotonic

from demat.engine.health import Figures

__all__ = ["KEEP", "PATIENCE", "Probe"]

KEEP = 10.0
"""Seconds during which a look is good for all who ask."""
PATIENCE = 8.0
"""Seconds after which whoever asks is told that nothing answers; Prometheus waits for ten."""


class Probe:
    """One look at a time, in a thread of its own: a database that is stuck holds nobody back."""

    def __init__(
        self, look: Callable[[], Figures], *, keep: float = KEEP, patience: float = PATIENCE
    ) -> None:
        """Prepare to look.

        :param keep: seconds during which a look is good.
        :param patience: seconds that somebody waits for it.
        """
        self.patience = patience
        self._look = look
        self._keep = keep
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supervision")
        self._lock = Lock()
        self._last: tuple[float, Figures] | None = None
        self._pending: Future[Figures] | None = None

    def figures(self) -> Figures:
        """Return figures a few seconds old at most.

        :raises TimeoutError: nothing came in time.
        """
        with self._lock:
            if self._last is not None and monotonic() - self._last[0] < self._keep:
                return self._last[1]
            if self._pending is None:
                self._pending = self._pool.submit(self._refresh)
            pending = self._pending
        return pending.result(timeout=self.patience)

    def close(self) -> None:
        """Wait for the look under way: it uses the store, which is about to be closed."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _refresh(self) -> Figures:
        try:
            figures = self._look()
        except BaseException:
            with self._lock:
                self._pending = None
            raise
        with self._lock:
            self._pending = None
            self._last = (monotonic(), figures)
        return figures

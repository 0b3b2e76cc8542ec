"""Logging: one line per event on standard error, a sentence, an action, identifiers; no content."""

import logging
import sys

__all__ = ["configure"]

_CONTEXT = ("action", "collectivite", "deposit", "transmission")


class _Line(logging.Formatter):
    """Level, sentence, then the identifiers that the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        pairs = [f"{name}={getattr(record, name)}" for name in _CONTEXT if hasattr(record, name)]
        moment = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        line = f"{moment} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        if pairs:
            line = f"{line} [{' '.join(pairs)}]"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def configure(*, verbose: bool) -> None:
    """Send our events to standard error: warnings, or everything when verbose."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    root = logging.getLogger("demat")
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)
    root.propagate = False

"""Logging: one line per event on standard error, a sentence, an action, identifiers; no content."""

import logging
import sys
from datetime import UTC, datetime

__all__ = ["configure"]

_CONTEXT = ("action", "collectivite", "deposit", "transmission")
_OWN = "demat"
_LIBRARIES = ("apscheduler", "watchfiles")
"""Libraries that work on their own in the background: what goes wrong there must be seen."""
_SILENT = ("pyhanko", "pyhanko_certvalidator", "pikepdf", "pypdfium2")
"""Libraries that log, with stack traces, what they also return: our faults say it in words."""


class _Line(logging.Formatter):
    """Level, sentence, then the identifiers that the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        pairs = [f"{name}={getattr(record, name)}" for name in _CONTEXT if hasattr(record, name)]
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = _one_line(record.getMessage())
        line = f"{moment} {record.levelname.lower()} {record.name}: {words}"
        if pairs:
            line = f"{line} [{_one_line(' '.join(pairs))}]"
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def _one_line(text: str) -> str:
    """Show line ends and other control characters: what a server says cannot forge an event."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure(*, verbose: bool, told: bool = False) -> None:
    """Send our events to standard error: warnings, or everything when verbose.

    :param told: the command says itself what went wrong: in a terminal, only what it cannot say
        is logged, so that nobody reads the same trouble twice.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    for name in (_OWN, *_LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.ERROR if told and sys.stderr.isatty() else logging.WARNING)
        logger.propagate = False
    for name in _SILENT:
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = False
    if verbose:
        logging.getLogger(_OWN).setLevel(logging.DEBUG)

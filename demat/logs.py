"""Logging: one line per event on standard error, a sentence, an action, identifiers; no content.

What an error says may name people, files or amounts: of an error only its codes are written down,
of a trace only the places. Whoever logs may thus hand over any exception.
"""

import errno
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from demat.errors import DematError
from demat.faults import FaultError

__all__ = ["configure", "in_log"]

_CONTEXT = (
    *("action", "collectivite", "deposit", "transmission"),
    *("outcome", "code", "duration_ms"),
)
"""Values that an event may carry (``extra=``); anything else is dropped."""
_OWN = "demat"
_LIBRARIES = ("apscheduler", "watchfiles")
"""Libraries that work on their own in the background: what goes wrong there must be seen."""
_SILENT = ("pyhanko", "pyhanko_certvalidator", "pikepdf", "pypdfium2", "opentelemetry")
"""Libraries that log, at length, what they also return: our faults or our own log say it."""


def in_log(error: BaseException) -> str:
    """Return what a log may keep of an error: codes and kinds, never its message."""
    if isinstance(error, DematError):
        return error.in_log
    number = (error.errno or 0) if isinstance(error, OSError) else 0
    if number in errno.errorcode:
        return f"{errno.errorcode[number]} {os.strerror(number)}"  # not the name of the file
    return type(error).__name__


def _told(value: object) -> object:
    return in_log(value) if isinstance(value, BaseException) else value


class _Event(logging.Formatter):
    """What is common to both forms of an event."""

    def values(self, record: logging.LogRecord) -> dict[str, object]:
        """Return the identifiers that the event carries, and the code of its error."""
        given = {name: getattr(record, name) for name in _CONTEXT if hasattr(record, name)}
        codes = [one.faults.codes for one in _errors(record) if isinstance(one, FaultError)]
        if "code" not in given and codes and codes[0]:
            given["code"] = codes[0][0]
        return {name: given[name] for name in _CONTEXT if name in given}

    def words(self, record: logging.LogRecord) -> str:
        """Return the sentence, errors in it told by their codes."""
        text = str(_told(record.msg))
        if not record.args:
            return text
        if isinstance(record.args, Mapping):
            return text % {name: _told(one) for name, one in record.args.items()}
        return text % tuple(map(_told, record.args))


class _Line(_Event):
    """Instant, level, sentence, then the identifiers that the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        words = _one_line(self.words(record))
        line = f"{_moment(record)} {record.levelname.lower()} {record.name}: {words}"
        pairs = " ".join(f"{name}={value}" for name, value in self.values(record).items())
        if pairs:
            line = f"{line} [{_one_line(pairs)}]"
        return "\n  ".join((line, *_trace(record)))


class _Json(_Event):
    """The same as one JSON object; ASCII only, so that nothing in it ends a line."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.words(record),
            **self.values(record),
        }
        trace = _trace(record)
        if trace:
            event["trace"] = trace
        return json.dumps(event, default=str)


class _Foreign(logging.Formatter):
    """Tells where another library complains; its words may hold an address or a content."""

    def format(self, record: logging.LogRecord) -> str:
        place = f"{record.filename}:{record.lineno}"
        words = f"a library complains at {place}; its words are not kept"
        return f"{_moment(record)} {record.levelname.lower()} {record.name}: {words}"


def _moment(record: logging.LogRecord) -> str:
    instant = datetime.fromtimestamp(record.created, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _errors(record: logging.LogRecord) -> Iterator[BaseException]:
    raised = record.exc_info[1] if record.exc_info else None
    args = record.args or ()
    given = args.values() if isinstance(args, Mapping) else args
    for one in (record.msg, *given, raised):
        if isinstance(one, BaseException):
            yield one


def _trace(record: logging.LogRecord) -> list[str]:
    """Return the places that an error went through, its causes first."""
    error = record.exc_info[1] if record.exc_info else None
    lines: list[str] = []
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    for one in reversed(seen):
        for place in traceback.extract_tb(one.__traceback__):
            lines.append(f"{place.filename}:{place.lineno} {place.name}")
        lines.append(f"{type(one).__name__}: {in_log(one)}")
    return [_one_line(line) for line in lines]


def _one_line(text: str) -> str:
    """Show line ends and other control characters: what a server says cannot forge an event."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure(*, verbose: bool, told: bool = False, as_json: bool = False) -> None:
    """Send our events to standard error: warnings, or everything when verbose.

    :param told: the command says itself what went wrong: in a terminal, only what it cannot say
        is logged, so that nobody reads the same trouble twice.
    :param as_json: one JSON object per line, instead of one sentence.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else _Line())
    for name in (_OWN, *_LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.ERROR if told and sys.stderr.isatty() else logging.WARNING)
        logger.propagate = False
    for name in _SILENT:
        logging.getLogger(name).handlers[:] = [logging.NullHandler()]
        logging.getLogger(name).propagate = False
    if logging.lastResort is not None:  # for the libraries that nobody configured
        logging.lastResort.setFormatter(_Foreign())
    if verbose:
        logging.getLogger(_OWN).setLevel(logging.DEBUG)

"""Faults of the line and of the server, ordered by a test (connectors dossier §8.1).

A fault strikes either *before* the request is processed, or *after*: what was asked is then done
and the answer is lost, which is the case that exactly-once sending must survive.
"""

import re
import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from demat.sandbox.scenario import Pattern

__all__ = ["Failure", "FailureKind", "Failures", "When", "failure_adapter"]


class When(StrEnum):
    """On which side of the processing."""

    BEFORE = "before"
    AFTER = "after"


class FailureKind(StrEnum):
    """What the client sees."""

    HTML200 = "html200"
    """Maintenance page with status 200."""
    ERROR503 = "503"
    """Answer of a reverse proxy, HTML."""
    CLOSE = "close"
    """Connection closed without an answer."""
    EMPTY200 = "empty200"
    """Status 200, no body."""
    TRUNCATE = "truncate"
    """Half of the body announced by Content-Length, then the connection closes."""
    HANG = "hang"
    """Silence, then the connection closes."""
    MODULE = "module"
    """KO of a module that does not start: temporary."""


def _bounded(seconds: float) -> float:
    if not 0 <= seconds <= 600:
        raise ValueError("between 0 and 600 seconds")
    return seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One order."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    path: Pattern
    """Regular expression, searched in the path of the script."""
    kind: FailureKind
    when: When = When.BEFORE
    seconds: Annotated[float, AfterValidator(_bounded)] = 1.0
    """Length of the silence of ``hang``, in real seconds."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many requests are struck."""


def failure_adapter() -> TypeAdapter[Failure]:
    """Return what reads an order written in JSON."""
    return TypeAdapter(Failure)


class Failures:
    """The orders still to be carried out, first ordered first served."""

    def __init__(self) -> None:
        self._orders: list[Failure] = []
        self._lock = threading.Lock()

    def add(self, failure: Failure) -> None:
        """Record an order."""
        with self._lock:
            self._orders.append(failure)

    def take(self, path: str, when: When) -> Failure | None:
        """Return the fault that strikes this request now, and count it."""
        with self._lock:
            for rank, order in enumerate(self._orders):
                if order.when is when and re.search(order.path, path):
                    left = [replace(order, count=order.count - 1)] if order.count > 1 else []
                    self._orders[rank : rank + 1] = left
                    return order
        return None

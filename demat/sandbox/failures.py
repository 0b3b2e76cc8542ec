"""Faults of the line and of the server, ordered by a test (connectors dossier §8.1).

A fault strikes either *before* the request is committed, or *after*: what was asked is then done
and on the disk, and the answer is lost, which is the case that exactly-once sending must survive.
Orders are the hand of a test, not the state of a stand-in: a restart forgets them.
"""

import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from demat.sandbox.scenario import Pattern

__all__ = ["Failure", "FailureKind", "Failures", "RandomFailures", "When", "failure_adapter"]


class When(StrEnum):
    """On which side of the commit."""

    BEFORE = "before"
    AFTER = "after"


class FailureKind(StrEnum):
    """What the client sees."""

    HTML200 = "html200"
    """Maintenance page with status 200."""
    ERROR502 = "502"
    """Page of a reverse proxy that could not read the server behind it."""
    ERROR503 = "503"
    """Page of a reverse proxy that has no server behind it."""
    ERROR504 = "504"
    """Page of a reverse proxy that waited too long for the server behind it."""
    CLOSE = "close"
    """Connection closed without an answer."""
    EMPTY200 = "empty200"
    """Status 200, no body."""
    TRUNCATE = "truncate"
    """Half of the body announced by Content-Length, then the connection closes."""
    CUT = "cut"
    """Half of the good answer, and a Content-Length that agrees: the content alone tells. Before
    the commit, half of a page."""
    HANG = "hang"
    """Silence, then the connection closes."""
    MODULE = "module"
    """KO of a module that does not start: temporary."""
    KO = "ko"
    """``KO`` alone, without a second line."""
    SLOW = "slow"
    """The good answer, drop by drop."""
    SLOW_UPLOAD = "slow_upload"
    """What is posted is read drop by drop, before anything is done."""
    RESET = "reset"
    """Connection reset (TCP RST)."""
    KILL = "kill"
    """The stand-in dies of SIGKILL."""
    TLS = "tls"
    """Handshake refused, whatever is asked: the path does not count."""
    MUTE = "mute"
    """Handshake never answered, then the connection closes: nothing was sent, as when the server
    cannot be reached."""


_HANDSHAKE = frozenset({FailureKind.TLS, FailureKind.MUTE})
"""What strikes before any request is read."""
_UPLOAD = frozenset({FailureKind.SLOW_UPLOAD})
"""What strikes while a request is read."""
_ANSWER = frozenset(FailureKind) - _HANDSHAKE - _UPLOAD
"""What strikes once it is read."""
_REFUSALS = frozenset({FailureKind.MODULE, FailureKind.KO})
"""What says that nothing was done."""


def _bounded(seconds: float) -> float:
    if not 0 <= seconds <= 600:
        raise ValueError("between 0 and 600 seconds")
    return seconds


_Seconds = Annotated[float, AfterValidator(_bounded)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One order."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    path: Pattern
    """Regular expression, searched in the path of the script."""
    kind: FailureKind
    when: When = When.BEFORE
    """For ``slow``, the answer comes either way once the work is done; ``slow_upload`` is always
    before, and so are ``module`` and ``ko``: a platform that says no has done nothing."""
    seconds: _Seconds = 1.0
    """Length of the silence of ``hang``, of the answer of ``slow``, of the reading of
    ``slow_upload``, in real seconds."""
    count: Annotated[int, Field(ge=1)] = 1
    """How many requests are struck."""

    @property
    def done_first(self) -> bool:
        """Whether what was asked is done before the fault strikes."""
        return self.when is When.AFTER and self.kind not in _REFUSALS


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomFailures:
    """Faults that strike some of the requests, until another order replaces this one."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    seed: int
    rate: Annotated[float, Field(ge=0, le=1)]
    """Share of the requests that are struck."""
    kinds: tuple[FailureKind, ...]
    path: Pattern = ""
    """Regular expression, searched in the path of the script."""
    seconds: _Seconds = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _RandomOrder:
    __pydantic_config__ = ConfigDict(extra="forbid")
    random: RandomFailures | None


def failure_adapter() -> "TypeAdapter[Failure | _RandomOrder]":
    """Return what reads an order written in JSON."""
    return TypeAdapter(Failure | _RandomOrder)


@dataclass(kw_only=True, slots=True)
class _Storm:
    order: RandomFailures
    draws: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draws = random.Random(self.order.seed)  # noqa: S311  (a test that can be repeated)

    def draw(self, kinds: list[FailureKind]) -> Failure | None:
        if not kinds or self.draws.random() >= self.order.rate:
            return None
        return Failure(
            path="",
            kind=self.draws.choice(kinds),
            when=self.draws.choice(list(When)),
            seconds=self.order.seconds,
        )


class Failures:
    """The orders still to be carried out, first ordered first served."""

    def __init__(self) -> None:
        self._orders: list[Failure] = []
        self._storm: _Storm | None = None
        self._struck: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, order: "Failure | _RandomOrder") -> None:
        """Record an order; a random one replaces the random one before it, or ends it."""
        with self._lock:
            if isinstance(order, Failure):
                self._orders.append(order)
            else:
                self._storm = _Storm(order=order.random) if order.random else None

    def strike(self, path: str) -> Failure | None:
        """Return the fault that strikes a request, and count it."""
        return self._strike(_ANSWER, path)

    def strike_upload(self, path: str) -> Failure | None:
        """Return the fault that strikes the reading of what is posted, and count it."""
        return self._strike(_UPLOAD, path)

    def strike_handshake(self) -> Failure | None:
        """Return the fault that strikes a connection that begins, and count it."""
        return self._strike(_HANDSHAKE, None)

    def _strike(self, kinds: frozenset[FailureKind], path: str | None) -> Failure | None:
        with self._lock:
            for rank, order in enumerate(self._orders):
                if order.kind in kinds and (path is None or re.search(order.path, path)):
                    return self._take(rank)
            storm = self._storm
            if storm is None or (path is not None and not re.search(storm.order.path, path)):
                return None
            return self._drawn(storm, [kind for kind in storm.order.kinds if kind in kinds])

    def struck(self) -> dict[str, int]:
        """Return how many faults of each kind have struck since the start."""
        with self._lock:
            return dict(self._struck)

    def _take(self, rank: int) -> Failure:
        order = self._orders[rank]
        left = [replace(order, count=order.count - 1)] if order.count > 1 else []
        self._orders[rank : rank + 1] = left
        self._struck[order.kind] += 1
        return order

    def _drawn(self, storm: _Storm, kinds: list[FailureKind]) -> Failure | None:
        failure = storm.draw(kinds)
        if failure is not None:
            self._struck[failure.kind] += 1
        return failure

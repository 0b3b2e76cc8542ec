"""What is under way, told to whoever watches it (metrics, traces); by default nobody does.

A span carries numbers, a SIREN and names of ours; never a content, a file name or a person.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

__all__ = ["Ended", "Span", "Watcher", "continued", "span", "trace_parent", "watching"]

OK = "ok"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(kw_only=True, slots=True)
class Span:
    """One thing that takes time."""

    name: str
    """``nightly``, ``stamps``, ``step``, ``prepare``, ``transmit``, ``reconcile``, ``collect``,
    ``answer``, ``exchange``; of workers ``plan`` and ``task``."""
    attributes: dict[str, str | int] = field(default_factory=dict)
    """About what."""
    outcome: str = ""
    """How it ended; whoever opened the span may say it, else ``ok`` or the kind of the error."""
    failed: bool = False
    """Whether an error ended it."""
    seconds: float = 0.0
    """How long it took; 0 before the end."""

    @property
    def milliseconds(self) -> int:
        """How long it took, for a log."""
        return round(self.seconds * 1000)


Ended = Callable[[], None]


class Watcher(Protocol):
    """Is told of every span of this process, in the thread where it happens; never raises."""

    def begin(self, span: Span) -> Ended:
        """Take note of a beginning; what is returned is called at the end, once all is known."""
        ...

    def parent(self) -> str:
        """Return what names the span under way for another process (W3C ``traceparent``)."""
        ...

    def under(self, parent: str) -> Ended:
        """Go on under a span of another process until what is returned is called."""
        ...


_watchers: tuple[Watcher, ...] = ()


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have a watcher told of what happens in this process, for the length of a block."""
    global _watchers
    _watchers = (*_watchers, watcher)
    try:
        yield
    finally:
        _watchers = tuple(one for one in _watchers if one is not watcher)


@contextmanager
def span(name: str, **attributes: str | int | None) -> Iterator[Span]:
    """Tell the watchers that something begins, and at the end of the block how it ended.

    :param attributes: about what; those that are ``None`` are left out.
    """
    known = {key: value for key, value in attributes.items() if value is not None}
    told = Span(name=name, attributes=known)
    ends = [watcher.begin(told) for watcher in _watchers]
    started = perf_counter()
    try:
        yield told
    except BaseException as error:
        told.outcome, told.failed = told.outcome or _kind(error), True
        raise
    finally:
        told.seconds = perf_counter() - started
        told.outcome = told.outcome or OK
        for end in reversed(ends):
            end()


def trace_parent() -> str:
    """Return what names the span under way, for a task that another process will do.

    Empty when nothing is traced.
    """
    return next(filter(None, (watcher.parent() for watcher in _watchers)), "")


@contextmanager
def continued(parent: str) -> Iterator[None]:
    """Do something as a part of a span of another process, which :func:`trace_parent` named."""
    with ExitStack() as stack:
        for watcher in _watchers if parent else ():
            stack.callback(watcher.under(parent))
        yield


def _kind(error: BaseException) -> str:
    """``OutcomeUnknown`` gives ``outcome_unknown``."""
    return _WORD.sub("_", type(error).__name__).lower()

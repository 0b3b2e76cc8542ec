"""A connector whose exchanges are told to whoever watches; it changes nothing else."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from demat.connectors.api import Connector
from demat.tracing import Span, span

__all__ = ["watched"]

logger = logging.getLogger(__name__)


def watched(connector: Connector, siren: str) -> Connector:
    """Return the same connector, each call of which is a span named ``exchange``.

    The outcome is ``ok``, or the kind of what was raised: ``unreachable``, ``refused``,
    ``outcome_unknown``, ``authentication_refused``.

    :param siren: authority that it speaks for.
    """
    return cast(Connector, _Watched(connector, siren))


class _Watched:
    """Stands before any connector, whatever its methods."""

    def __init__(self, connector: Connector, siren: str) -> None:
        self._connector = connector
        self._siren = siren

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # while it is being copied there is nothing behind it yet
            raise AttributeError(name)
        found = getattr(self._connector, name)
        return self._told(name, found) if callable(found) else found

    def _told(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def exchange(*args: Any, **options: Any) -> Any:
            told = Span(name="exchange")
            about = {"operation": operation, "tdt": self._connector.name, "siren": self._siren}
            try:
                with span(told.name, **about) as told:
                    return call(*args, **options)
            finally:
                _log(told)

        return exchange


def _log(told: Span) -> None:
    extra = {
        "action": told.attributes.get("operation"),
        "collectivite": told.attributes.get("siren"),
        "outcome": told.outcome,
        "duration_ms": told.milliseconds,
    }
    logger.debug("exchange", extra=extra)

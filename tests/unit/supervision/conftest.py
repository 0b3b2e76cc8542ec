"""A town hall of the engine's tests, seen from outside."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demat.supervision.settings import Address, SupervisionSettings
from demat.supervision.supervise import supervise
from tests.unit.engine.conftest import Town, clock, pki, store, town

__all__ = ["clock", "pki", "store", "town"]

Seen = Callable[..., str]


@pytest.fixture
def seen(town: Town, tmp_path: Path) -> Iterator[Seen]:
    """Return a function that opens the supervision of the town, and tells where it listens."""
    with ExitStack() as stack:

        def opened(**settings: object) -> str:
            values = {"folder": tmp_path, "listen": Address("127.0.0.1", 0), **settings}
            found = SupervisionSettings(**values)  # type: ignore[arg-type]  # a factory
            return stack.enter_context(supervise(town.office, found))

        yield opened

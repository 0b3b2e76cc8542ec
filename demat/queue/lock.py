"""One process at a time: a lock that the system releases when its holder dies, however it dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["only_one"]


@contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Hold a lock for the length of a block; ``False`` when somebody else holds it.

    :param path: an empty file, made when needed and never removed.
    :raises OSError: it cannot be made.
    """
    with path.open("ab") as stream:
        yield _locked(stream)


def _locked(stream: BinaryIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

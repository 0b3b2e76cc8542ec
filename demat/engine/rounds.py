"""What is done by day for some authorities, whoever starts it: the service or the workers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from demat.engine.nightly import (
    Visit,
    by_turns,
    collect_answers,
    collect_from_comptable,
    collect_from_prefecture,
    visit_each,
)
from demat.engine.office import Authority, Office
from demat.engine.reconcile import reconcile_all

__all__ = ["asking", "has_arrivals"]


def asking(visits: Sequence[Visit], office: Office) -> Iterator[None]:
    """Settle the unknown outcomes of these authorities and fetch what the State has answered.

    Yields now and then, for what must not wait to be done in between.
    """
    reconcile_all(replace(office, authorities=tuple(visit.authority for visit in visits)))
    yield
    yield from by_turns(visits, collect_answers)
    yield
    visit_each(visits, collect_from_prefecture)
    visit_each(visits, collect_from_comptable)


def has_arrivals(authority: Authority) -> bool:
    """Whether something lies where the agent drops files, complete or not: a look only.

    :raises OSError: the folder is out of reach.
    """
    folder = authority.folders.a_deposer
    return folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir())

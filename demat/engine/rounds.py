"""What is done by day for some authorities, whoever starts it: the service or the workers."""

from collections.abc import Sequence
from dataclasses import replace

from demat.engine.nightly import (
    Visit,
    collect_answers,
    collect_from_comptable,
    collect_from_prefecture,
    visit_each,
)
from demat.engine.office import Authority, Office
from demat.engine.reconcile import reconcile_all

__all__ = ["ask", "has_arrivals"]


def ask(visits: Sequence[Visit], office: Office) -> None:
    """Settle the unknown outcomes of these authorities and fetch what the State has answered."""
    reconcile_all(replace(office, authorities=tuple(visit.authority for visit in visits)))
    visit_each(visits, collect_answers)
    visit_each(visits, collect_from_prefecture)
    visit_each(visits, collect_from_comptable)


def has_arrivals(authority: Authority) -> bool:
    """Whether something lies where the agent drops files, complete or not: a look only.

    :raises OSError: the folder is out of reach.
    """
    folder = authority.folders.a_deposer
    return folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir())

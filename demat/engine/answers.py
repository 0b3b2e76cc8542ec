"""Deposits that hold answers of the State, downloaded by an agent: taken, never sent.

Those of the comptable (PES_ACQUIT, PES_Retour), or what the préfecture sends: mails, archives, and
messages saved apart with their documents.
"""

import re
from collections.abc import Iterator, Sequence

from demat.engine.collect import take_acquit
from demat.engine.dropped import hold_messages, take_messages
from demat.engine.office import Authority, Office
from demat.engine.retour_sheets import lay_news
from demat.engine.retours import look_for_regularisations, take_retour
from demat.faults import Fault, FaultError, Faults, Severity
from demat.helios.acquit import ACQUITS
from demat.queue.views import ReceivedFile

__all__ = ["KIND", "hold_answers", "take_answers"]

KIND = "reponses"
"""What such a deposit is recognised as."""

_ROOT = re.compile(rb"<(?:[\w.-]+:)?(PES_Retour|PES_ACQUIT)[\s/>]")
_HEAD = 4096
"""Bytes in which the root of a PES opens."""


def hold_answers(files: Sequence[ReceivedFile], office: Office) -> bool:
    """Tell whether a deposit holds answers of the State only."""
    return bool(files) and (_of_comptable(files, office) or hold_messages(files, office))


def _of_comptable(files: Sequence[ReceivedFile], office: Office) -> bool:
    documents = office.store.documents
    return all(_root(documents.head(file.sha256, _HEAD)) for file in files)


def _root(head: bytes) -> str:
    """Return the root of an answer; empty for any other file, and for one that was lost."""
    found = _ROOT.search(head)
    return found.group(1).decode("ascii") if found else ""


def take_answers(files: Sequence[ReceivedFile], authority: Authority, office: Office) -> Faults:
    """Take each answer of a deposit; return what the agent should read about them.

    Blocking faults mean that an answer is not one of this authority, or cannot be read. What was
    taken before stays taken.
    """
    if not _of_comptable(files, office):
        return take_messages(files, authority, office)
    faults = Faults(fault for file in files for fault in _take(file, authority, office))
    look_for_regularisations(authority, office)
    lay_news(authority, office)
    return faults


def _take(file: ReceivedFile, authority: Authority, office: Office) -> Iterator[Fault]:
    content = office.store.documents.get(file.sha256)
    if _root(content[:_HEAD]) in ACQUITS:
        try:
            yield from take_acquit(content, file.name, authority, office)
        except FaultError as error:
            yield from error.faults.within(file.name)
        return
    taken = take_retour(content, file.name, authority, office)
    yield from taken.faults.within(file.name)
    if not taken.faults.blocking:
        code = "PES-RETOUR_TAKEN" if taken.fresh else "PES-RETOUR_KNOWN"
        params = {"name": file.name, "count": str(taken.pieces)}
        yield Fault(code=code, params=params, severity=Severity.WARNING, source=file.name)

"""Why the flows of an authority that are ready do not leave at once."""

from collections.abc import Iterator

from demat.clock import PARIS
from demat.engine.office import Authority, Office
from demat.faults import Fault, Faults, Severity
from demat.queue.pace import HOUR, hour_of
from demat.queue.states import Selection
from demat.queue.views import Stop

__all__ = ["is_held", "is_shut", "why_waiting"]

_CODES = {Stop.SHUT: "QUE-LINE_SHUT", Stop.QUIET: "QUE-LINE_QUIET", Stop.BYTES: "QUE-LINE_BYTES"}


def is_shut(authority: Authority, office: Office) -> bool:
    """Whether the line of an authority has not answered of late: nothing is asked for a while."""
    stop = office.store.stops().get(authority.line)
    return stop is not None and stop.why is Stop.SHUT


def is_held(authority: Authority, office: Office) -> bool:
    """Whether something keeps the flows of an authority from leaving at this instant: a pause, a
    line that is shut or quiet, a share of the hour that is spent."""
    return next(_found(authority, office), None) is not None


def why_waiting(authority: Authority, office: Office) -> Faults:
    """Return what keeps the flows that wait to be sent: nothing when none waits, or none is kept.

    Why one flow waits alone (a failed try, an attachment that must leave first) is told by that
    flow.
    """
    found = Faults(_found(authority, office))
    if not found:
        return found
    waiting = office.store.transmissions(collectivite=authority.siren, selection=Selection.WAITING)
    return found if waiting else Faults()


def _found(authority: Authority, office: Office) -> Iterator[Fault]:
    now = office.clock.now()
    for pause in office.store.pauses():
        if pause.collectivite == authority.siren:
            yield _fault("QUE-PAUSED", heure=f"{pause.until.astimezone(PARIS):%d/%m/%Y à %H:%M}")
    stop = office.store.stops([authority.line]).get(authority.line)
    if stop is not None:
        heure = f"{stop.until.astimezone(PARIS):%d/%m/%Y à %H:%M}"
        yield _fault(_CODES[stop.why], ligne=stop.line, heure=heure)
    if authority.siren in office.store.spent():
        following = (hour_of(now) + HOUR).astimezone(PARIS)
        yield _fault("QUE-HOUR_SPENT", heure=f"{following:%H:%M}")


def _fault(code: str, **params: str) -> Fault:
    return Fault(code=code, params=params, severity=Severity.WARNING)

"""Which authorities a command is about."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demat.engine.office import Authority, Office

__all__ = ["choose", "selected"]


def choose(office: "Office", siren: str) -> "Authority":
    """Return the authority that a command is about.

    :raises FaultError: ``CFG-COLLECTIVITE``.
    """
    from demat.faults import Fault, FaultError

    if not siren and len(office.authorities) == 1:
        return office.authorities[0]
    for authority in office.authorities:
        if authority.siren == siren:
            return authority
    known = ", ".join(f"{a.siren} ({a.nom})" for a in office.authorities)
    raise FaultError(Fault(code="CFG-COLLECTIVITE", params={"value": siren, "known": known}))


def selected(office: "Office", siren: str) -> tuple["Authority", ...]:
    """Return the authority named, or all of them when none is.

    :raises FaultError: ``CFG-COLLECTIVITE``.
    """
    return (choose(office, siren),) if siren else office.authorities

"""The states of a deposit and of its delivery, and the moves allowed (architecture §4, decision 9).

The legal state (``EtatActe``, ``EtatPes``) is not here: it belongs to the protocol packages.
"""

from collections.abc import Iterable
from enum import StrEnum

from demat.errors import DematError

__all__ = ["DeliveryState", "DepositState", "Selection", "TransitionRefused"]


class DepositState(StrEnum):
    """Where the preparation of what a mairie handed in has come to."""

    RECEIVED = "received"
    """Kept untouched, not read yet."""
    DRAFTED = "drafted"
    """Read: we know which actes or bordereaux it holds."""
    CHECKED = "checked"
    """No blocking fault."""
    AWAITING_SIGNATURE = "awaiting_signature"
    """A person must sign."""
    SIGNED = "signed"
    """Every signature that is due is there."""
    PACKED = "packed"
    """Frozen into transmissions: from here on the delivery states tell the story."""
    RETURNED = "returned"
    """Back to the agent, with its faults."""

    @property
    def successors(self) -> frozenset["DepositState"]:
        """The states that may follow this one."""
        return _DEPOSIT_MOVES[self]

    @property
    def predecessors(self) -> frozenset["DepositState"]:
        """The states from which this one may be reached."""
        return frozenset(state for state in DepositState if self in state.successors)

    @property
    def final(self) -> bool:
        """Whether nothing may follow."""
        return not self.successors

    @property
    def needs_person(self) -> bool:
        """Whether the engine can do nothing before a person acts."""
        return self in (DepositState.AWAITING_SIGNATURE, DepositState.RETURNED)


_DEPOSIT_MOVES: dict[DepositState, frozenset[DepositState]] = {
    DepositState.RECEIVED: frozenset({DepositState.DRAFTED, DepositState.RETURNED}),
    DepositState.DRAFTED: frozenset({DepositState.CHECKED, DepositState.RETURNED}),
    DepositState.CHECKED: frozenset(
        {
            DepositState.SIGNED,
            DepositState.AWAITING_SIGNATURE,
            DepositState.PACKED,  # an acte carries no signature
            DepositState.RETURNED,
        }
    ),
    DepositState.AWAITING_SIGNATURE: frozenset({DepositState.SIGNED, DepositState.RETURNED}),
    DepositState.SIGNED: frozenset(
        {
            DepositState.PACKED,
            DepositState.AWAITING_SIGNATURE,  # a crash took the signature of a person
            DepositState.RETURNED,
        }
    ),
    DepositState.PACKED: frozenset(),
    DepositState.RETURNED: frozenset(),
}


class DeliveryState(StrEnum):
    """Where the sending of one frozen file has come to; never its legal state."""

    TODO = "todo"
    """To be sent, at once or from a given instant on."""
    DOING = "doing"
    """A worker said that it is going to send it: the intent is recorded before the effect."""
    DEPOSITED = "deposited"
    """The other side took it."""
    SUSPENDED = "suspended"
    """Perhaps received: somebody asks before it is sent again (connectors dossier §9.2)."""
    LANDED = "landed"
    """The other side holds it, under a number that it does not tell (§9.3): it is never sent again,
    and a person looks its number up."""
    REFUSED = "refused"
    """The other side said no."""
    ABANDONED = "abandoned"
    """A person gave up."""

    @property
    def successors(self) -> frozenset["DeliveryState"]:
        """The states that may follow this one."""
        return _DELIVERY_MOVES[self]

    @property
    def predecessors(self) -> frozenset["DeliveryState"]:
        """The states from which this one may be reached."""
        return frozenset(state for state in DeliveryState if self in state.successors)

    @property
    def final(self) -> bool:
        """Whether nothing may follow."""
        return not self.successors

    @property
    def needs_person(self) -> bool:
        """Whether only a person, or a reconciliation, can bring it further."""
        return self in (DeliveryState.SUSPENDED, DeliveryState.LANDED, DeliveryState.REFUSED)

    @property
    def in_flight(self) -> bool:
        """Whether the other side has or may still get it, and nobody can follow it yet: it must
        not be replaced nor its keys freed."""
        return self in (DeliveryState.TODO, DeliveryState.DOING, *self.unsettled())

    @staticmethod
    def unsettled() -> tuple["DeliveryState", "DeliveryState"]:
        """Return the states in which something is not known about a sending."""
        return DeliveryState.SUSPENDED, DeliveryState.LANDED


_DELIVERY_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.TODO: frozenset(
        {
            DeliveryState.DOING,
            DeliveryState.SUSPENDED,  # restored: it may have left since the backup
            DeliveryState.ABANDONED,
        }
    ),
    DeliveryState.DOING: frozenset(
        {
            DeliveryState.DEPOSITED,
            DeliveryState.SUSPENDED,
            DeliveryState.LANDED,
            DeliveryState.REFUSED,
            DeliveryState.TODO,  # postponed: surely not received
        }
    ),
    DeliveryState.DEPOSITED: frozenset(),
    DeliveryState.SUSPENDED: frozenset(
        {
            DeliveryState.DEPOSITED,
            DeliveryState.LANDED,
            DeliveryState.TODO,
            DeliveryState.REFUSED,
            DeliveryState.ABANDONED,
        }
    ),
    DeliveryState.LANDED: frozenset({DeliveryState.DEPOSITED, DeliveryState.ABANDONED}),
    DeliveryState.REFUSED: frozenset(),
    DeliveryState.ABANDONED: frozenset(),
}


class Selection(StrEnum):
    """What a person asks to see, across delivery and legal states."""

    WAITING = "waiting"
    """To be sent or being sent."""
    SENT = "sent"
    """Taken by the other side; the State has not given its last word."""
    ACKNOWLEDGED = "acknowledged"
    """The State's last word is favourable."""
    REFUSED = "refused"
    """Refused by the other side, or unfavourable answer of the State."""
    SUSPENDED = "suspended"
    """Perhaps received."""
    LANDED = "landed"
    """Received, under a number that a person must look up."""
    ABANDONED = "abandoned"
    """Given up by a person."""
    ALL = "all"
    """Everything."""


class TransitionRefused(DematError):
    """The record was not in a state that allows this move: nothing was changed."""

    def __init__(self, *, subject: str, current: str, allowed: Iterable[str], to: str) -> None:
        self.subject = subject
        """What was to move, such as ``transmission 12``."""
        self.current = current
        """State in which it is."""
        self.to = to
        """State that was asked for."""
        expected = ", ".join(sorted(allowed)) or "none"
        super().__init__(f"{subject}: {current} -> {to} refused (allowed from: {expected})")

    @property
    def in_log(self) -> str:
        """The whole sentence: it holds numbers and states only."""
        return str(self)

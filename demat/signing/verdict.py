"""The three answers that a verification can give (style guide, habit 12: never only two)."""

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """What was found out about a signature or a certificate."""

    ACCEPTED = "accepted"
    """Everything was checked and is right."""
    REFUSED = "refused"
    """Something is proven wrong."""
    UNDECIDED = "undecided"
    """Nothing is proven wrong, but something could not be checked: not to be taken for a yes."""

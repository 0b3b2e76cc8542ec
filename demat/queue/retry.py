"""When to send again what was surely not received; pure (style guide §3, habit 28)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["RetryPolicy", "next_attempt", "wait_after"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How patient we are with a server that cannot be reached."""

    base: timedelta = timedelta(minutes=1)
    """Wait after the first failed attempt."""
    factor: float = 2.0
    """By how much the wait grows after each further attempt."""
    cap: timedelta = timedelta(hours=1)
    """Longest wait, before jitter."""
    max_attempts: int = 48
    """Attempts after which a person is called."""

    def __post_init__(self) -> None:
        if self.base <= timedelta(0) or self.cap < self.base:
            raise ValueError("a retry policy has 0 < base <= cap")
        if self.factor < 1 or self.max_attempts < 1:
            raise ValueError("a retry policy has factor >= 1 and max_attempts >= 1")


def next_attempt(
    attempts: int, policy: RetryPolicy, now: datetime, jitter: float
) -> datetime | None:
    """Return the instant of the next attempt, or ``None`` when a person must be called.

    :param attempts: attempts already made, at least 1.
    :param jitter: between 0 and 1; 1 adds half of the wait, so that a hundred authorities stopped
        by one failure do not come back in the same second.
    """
    if not 0.0 <= jitter <= 1.0:
        raise ValueError("jitter lies between 0 and 1")
    if attempts < 1:
        raise ValueError("there is no next attempt before a first one")
    if attempts >= policy.max_attempts:
        return None
    return now + wait_after(attempts, policy) * (1 + jitter / 2)


def wait_after(attempts: int, policy: RetryPolicy) -> timedelta:
    """Return the wait after so many attempts, at least 1, without jitter."""
    wait = policy.base
    for _ in range(attempts - 1):  # step by step: factor ** attempts overflows after long outages
        if wait >= policy.cap or policy.factor == 1:
            break
        wait = min(wait * policy.factor, policy.cap)
    return wait

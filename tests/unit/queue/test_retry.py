"""When to send again."""

from datetime import UTC, datetime, timedelta

import pytest

from demat.queue.retry import RetryPolicy, next_attempt

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
POLICY = RetryPolicy(
    base=timedelta(minutes=1), factor=3.0, cap=timedelta(minutes=20), max_attempts=6
)


@pytest.mark.parametrize(
    ("attempts", "jitter", "seconds"),
    [
        (1, 0.0, 60),
        (2, 0.0, 180),
        (3, 0.0, 540),
        (4, 0.0, 1200),  # 27 minutes, capped
        (5, 0.0, 1200),
        (1, 1.0, 90),  # jitter adds up to half
        (4, 0.5, 1500),
    ],
)
def test_the_wait_grows_up_to_the_cap(attempts: int, jitter: float, seconds: int) -> None:
    assert next_attempt(attempts, POLICY, NOW, jitter) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("attempts", [6, 7, 1000])
def test_after_the_last_attempt_a_person_is_called(attempts: int) -> None:
    assert next_attempt(attempts, POLICY, NOW, 0.0) is None


def test_a_long_outage_does_not_overflow() -> None:
    patient = RetryPolicy(max_attempts=1_000_000)
    assert next_attempt(999_999, patient, NOW, 0.0) == NOW + timedelta(hours=1)


def test_a_constant_wait() -> None:
    constant = RetryPolicy(factor=1.0, max_attempts=1_000_000)
    assert next_attempt(999_999, constant, NOW, 0.0) == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "jitter", "message"),
    [(1, 1.5, "jitter lies"), (1, -0.1, "jitter lies"), (0, 0.0, "before a first one")],
)
def test_wrong_arguments(attempts: int, jitter: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next_attempt(attempts, POLICY, NOW, jitter)


@pytest.mark.parametrize(
    "values",
    [
        {"base": timedelta(0)},
        {"base": timedelta(hours=2)},
        {"factor": 0.5},
        {"max_attempts": 0},
    ],
)
def test_wrong_policies(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a retry policy has"):
        RetryPolicy(**values)  # type: ignore[arg-type]  # the table above is mixed

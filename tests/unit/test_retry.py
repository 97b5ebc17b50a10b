"""Retries of a unit of work."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import Duplicate, RetriesExhausted, StockroomError, TransientConflict, Unavailable
from core.storage.observer import Observer, observe_with
from core.storage.retry import RetryPolicy, run_with_retry


class Attempt:
    """Raises a number of conflicts, then returns the number of its run."""

    def __init__(self, conflicts: int, error: type[Exception] = TransientConflict) -> None:
        self.conflicts = conflicts
        self.error = error
        self.runs = 0

    async def __call__(self) -> int:
        self.runs += 1
        if self.runs <= self.conflicts:
            raise self.error
        return self.runs


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each sleep, which returns at once; without jitter."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    return slept


async def test_success_runs_once(waits: list[float]) -> None:
    attempt = Attempt(0)
    assert await run_with_retry(attempt, RetryPolicy()) == 1
    assert (attempt.runs, waits) == (1, [])


async def test_conflict_runs_all_work_again(waits: list[float]) -> None:
    assert await run_with_retry(Attempt(3), RetryPolicy(initial_backoff=0.01)) == 4
    assert waits == [0.01, 0.02, 0.04]


async def test_last_attempt_may_succeed(waits: list[float]) -> None:
    assert await run_with_retry(Attempt(4), RetryPolicy(attempts=5)) == 5


async def test_attempts_are_bounded(waits: list[float]) -> None:
    attempt = Attempt(100)
    with pytest.raises(RetriesExhausted) as error:
        await run_with_retry(attempt, RetryPolicy(attempts=5))
    assert attempt.runs == 5
    assert len(waits) == 4, "there is no wait after the last attempt"
    assert isinstance(error.value.__cause__, TransientConflict)


async def test_backoff_is_bounded(waits: list[float]) -> None:
    with pytest.raises(RetriesExhausted):
        await run_with_retry(Attempt(100), RetryPolicy(attempts=8, initial_backoff=0.1, max_backoff=0.5))
    assert waits == [0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5]


async def test_deadline_ends_the_retries(waits: list[float]) -> None:
    attempt = Attempt(100)
    with pytest.raises(RetriesExhausted):
        await run_with_retry(attempt, RetryPolicy(deadline=-1))
    assert attempt.runs == 1


async def test_backoff_has_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0

    monkeypatch.setattr(random, "uniform", uniform)
    await run_with_retry(Attempt(2), RetryPolicy(initial_backoff=1, max_backoff=9))
    assert bounds == [(0, 1), (0, 2)]


@pytest.mark.parametrize("error", [Unavailable, ValueError, KeyboardInterrupt])
async def test_other_errors_are_not_retried(error: type[Exception], waits: list[float]) -> None:
    attempt = Attempt(1, error)
    with pytest.raises(error):
        await run_with_retry(attempt, RetryPolicy())
    assert (attempt.runs, waits) == (1, [])


async def test_error_after_a_conflict_is_raised(waits: list[float]) -> None:
    outcomes: list[StockroomError] = [TransientConflict(), Duplicate(["sku"])]

    async def attempt() -> None:
        raise outcomes.pop(0)

    with pytest.raises(Duplicate):
        await run_with_retry(attempt, RetryPolicy())
    assert outcomes == []


async def test_cancellation_is_not_retried(waits: list[float]) -> None:
    attempt = Attempt(1, asyncio.CancelledError)  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await run_with_retry(attempt, RetryPolicy())
    assert attempt.runs == 1


class RecordingObserver(Observer):
    """Records every call."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        self.calls.append(f"run {number}")
        try:
            yield
        except BaseException as error:
            self.calls.append(type(error).__name__)
            raise

    def retries_exhausted(self) -> None:
        self.calls.append("retries_exhausted")


async def test_observer_sees_every_attempt(waits: list[float]) -> None:
    observer = RecordingObserver()
    with observe_with(observer):
        await run_with_retry(Attempt(1), RetryPolicy())
        with pytest.raises(RetriesExhausted):
            await run_with_retry(Attempt(2), RetryPolicy(attempts=2))
        with pytest.raises(ValueError):
            await run_with_retry(Attempt(1, ValueError), RetryPolicy())
    await run_with_retry(Attempt(0), RetryPolicy())
    rolled_back = ["run 1", "TransientConflict", "run 2"]
    assert observer.calls == [
        *rolled_back,
        *rolled_back,
        "TransientConflict",
        "retries_exhausted",
        "run 1",
        "ValueError",
    ]

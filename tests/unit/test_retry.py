"""Running a unit of work again."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import Duplicate, RetriesExhausted, StockroomError, TransientConflict, Unavailable
from core.storage.observer import Observer, observe_with
from core.storage.retry import RetryPolicy, run_with_retry


class Attempt:
    """Conflicts so many times, then returns the number of its run."""

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
    """The seconds that were slept, at once, each as long as its bound."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    return slept


async def test_what_succeeds_runs_once(waits: list[float]) -> None:
    attempt = Attempt(0)
    assert await run_with_retry(attempt, RetryPolicy()) == 1
    assert (attempt.runs, waits) == (1, [])


async def test_all_of_it_runs_again_after_a_conflict(waits: list[float]) -> None:
    assert await run_with_retry(Attempt(3), RetryPolicy(initial_backoff=0.01)) == 4
    assert waits == [0.01, 0.02, 0.04]


async def test_the_last_attempt_counts(waits: list[float]) -> None:
    assert await run_with_retry(Attempt(4), RetryPolicy(attempts=5)) == 5


async def test_attempts_are_bounded(waits: list[float]) -> None:
    attempt = Attempt(100)
    with pytest.raises(RetriesExhausted) as retries_exhausted:
        await run_with_retry(attempt, RetryPolicy(attempts=5))
    assert attempt.runs == 5
    assert len(waits) == 4, "nobody waits after the last attempt"
    assert isinstance(retries_exhausted.value.__cause__, TransientConflict)


async def test_no_wait_is_longer_than_the_longest(waits: list[float]) -> None:
    with pytest.raises(RetriesExhausted):
        await run_with_retry(Attempt(100), RetryPolicy(attempts=8, initial_backoff=0.1, max_backoff=0.5))
    assert waits == [0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5]


async def test_time_is_bounded(waits: list[float]) -> None:
    attempt = Attempt(100)
    with pytest.raises(RetriesExhausted):
        await run_with_retry(attempt, RetryPolicy(deadline=-1))
    assert attempt.runs == 1


async def test_waits_are_drawn_from_zero_on(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0

    monkeypatch.setattr(random, "uniform", uniform)
    await run_with_retry(Attempt(2), RetryPolicy(initial_backoff=1, max_backoff=9))
    assert bounds == [(0, 1), (0, 2)]


@pytest.mark.parametrize("error", [Unavailable, ValueError, KeyboardInterrupt])
async def test_any_other_error_is_nobodys_business_here(error: type[Exception], waits: list[float]) -> None:
    attempt = Attempt(1, error)
    with pytest.raises(error):
        await run_with_retry(attempt, RetryPolicy())
    assert (attempt.runs, waits) == (1, [])


async def test_an_error_after_a_conflict_comes_through(waits: list[float]) -> None:
    outcomes: list[StockroomError] = [TransientConflict(), Duplicate(["sku"])]

    async def attempt() -> None:
        raise outcomes.pop(0)

    with pytest.raises(Duplicate):
        await run_with_retry(attempt, RetryPolicy())
    assert outcomes == []


async def test_a_cancelled_request_is_not_run_again(waits: list[float]) -> None:
    attempt = Attempt(1, asyncio.CancelledError)  # type: ignore[arg-type]
    with pytest.raises(asyncio.CancelledError):
        await run_with_retry(attempt, RetryPolicy())
    assert attempt.runs == 1


class Watching(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def attempt(self, number: int) -> Iterator[None]:
        self.told.append(f"run {number}")
        try:
            yield
        except BaseException as error:
            self.told.append(type(error).__name__)
            raise

    def retries_exhausted(self) -> None:
        self.told.append("retries_exhausted")


async def test_whoever_watches_is_told_of_every_run(waits: list[float]) -> None:
    watching = Watching()
    with observe_with(watching):
        await run_with_retry(Attempt(1), RetryPolicy())
        with pytest.raises(RetriesExhausted):
            await run_with_retry(Attempt(2), RetryPolicy(attempts=2))
        with pytest.raises(ValueError):
            await run_with_retry(Attempt(1, ValueError), RetryPolicy())
    await run_with_retry(Attempt(0), RetryPolicy())
    undone = ["run 1", "TransientConflict", "run 2"]
    assert watching.told == [*undone, *undone, "TransientConflict", "retries_exhausted", "run 1", "ValueError"]

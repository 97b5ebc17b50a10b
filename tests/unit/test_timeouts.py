"""Deadlines, on a virtual clock."""

import asyncio

import pytest

from core.timeouts import CANCEL_GRACE_SECONDS, DeadlineTimer
from tests.clocks import VirtualClock

TICK = 0.06  # seconds in which a deadline is noticed
NEVER = 3600.0


class TimedOut(Exception):
    pass


async def answer(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "answer"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    clock = VirtualClock()
    monkeypatch.setattr("core.timeouts.monotonic", clock)
    return clock


@pytest.fixture
def timer() -> DeadlineTimer:
    return DeadlineTimer()


def test_answer_in_time_is_returned(clock: VirtualClock, timer: DeadlineTimer) -> None:
    assert clock.run(timer.wait_for(10, answer(9.9), TimedOut)) == "answer"
    assert clock() == pytest.approx(9.9, abs=0.01)
    assert not timer._deadlines


def test_wait_ends_at_its_deadline(clock: VirtualClock, timer: DeadlineTimer) -> None:
    with pytest.raises(TimedOut):
        clock.run(timer.wait_for(10, answer(NEVER), TimedOut))
    assert 10 <= clock() < 10 + TICK
    assert not timer._deadlines


def test_waits_have_deadlines_of_their_own(clock: VirtualClock, timer: DeadlineTimer) -> None:
    async def wait() -> tuple[str | BaseException, str | BaseException]:
        waits = (timer.wait_for(10, answer(NEVER), TimedOut), timer.wait_for(NEVER, answer(300), TimedOut))
        return await asyncio.gather(*waits, return_exceptions=True)

    late, in_time = clock.run(wait())
    assert isinstance(late, TimedOut)
    assert in_time == "answer"
    assert not timer._deadlines


def test_task_continues_after_a_timeout(clock: VirtualClock, timer: DeadlineTimer) -> None:
    async def wait() -> str:
        with pytest.raises(TimedOut):
            await timer.wait_for(10, answer(NEVER), TimedOut)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return await answer(0)

    assert clock.run(wait()) == "answer"


def test_ignored_cancellation_is_repeated(clock: VirtualClock, timer: DeadlineTimer) -> None:
    cancelled: list[float] = []

    async def ignore_cancellation_twice() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(NEVER)
            except asyncio.CancelledError:
                cancelled.append(clock())
        await asyncio.sleep(NEVER)

    with pytest.raises(TimedOut):
        clock.run(timer.wait_for(10, ignore_cancellation_twice(), TimedOut))
    expected = [10, 10 + CANCEL_GRACE_SECONDS]
    assert cancelled == pytest.approx(expected, abs=2 * TICK)
    assert clock() == pytest.approx(10 + 2 * CANCEL_GRACE_SECONDS, abs=3 * TICK)


def test_cancellation_by_another_task_is_kept(clock: VirtualClock, timer: DeadlineTimer) -> None:
    async def cancel_a_wait() -> None:
        waiting = asyncio.ensure_future(timer.wait_for(NEVER, answer(NEVER), TimedOut))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    clock.run(cancel_a_wait())
    assert not timer._deadlines


def test_error_of_the_answer_is_raised(clock: VirtualClock, timer: DeadlineTimer) -> None:
    async def fail() -> None:
        raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        clock.run(timer.wait_for(10, fail(), TimedOut))


def test_timer_serves_one_loop_after_another(clock: VirtualClock, timer: DeadlineTimer) -> None:
    """Even if the first loop was closed before its timer was due."""
    assert clock.run(timer.wait_for(NEVER, answer(0), TimedOut)) == "answer"
    with pytest.raises(TimedOut):
        clock.run(timer.wait_for(10, answer(NEVER), TimedOut))

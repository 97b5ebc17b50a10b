"""Waiting, but not for ever."""

import asyncio
from collections.abc import Awaitable

import pytest

from core.timeouts import DeadlineTimer

SOON = 0.02  # seconds
NEVER = 3600.0


class Late(Exception):
    pass


async def answer(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "answer"


@pytest.fixture
def timer() -> DeadlineTimer:
    return DeadlineTimer()


async def test_an_answer_in_time_is_passed_on(timer: DeadlineTimer) -> None:
    assert await timer.wait_for(NEVER, answer(0), Late) == "answer"
    assert not timer._deadlines


async def test_what_does_not_come_is_not_waited_for(timer: DeadlineTimer) -> None:
    told = await asyncio.gather(
        timer.wait_for(SOON, answer(NEVER), Late), timer.wait_for(NEVER, answer(0.3), Late), return_exceptions=True
    )
    assert isinstance(told[0], Late)
    assert told[1] == "answer"
    assert not timer._deadlines


async def test_the_task_goes_on_as_if_nobody_had_cancelled_it(timer: DeadlineTimer) -> None:
    with pytest.raises(Late):
        await timer.wait_for(SOON, answer(NEVER), Late)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await answer(0) == "answer"


async def test_who_does_not_heed_the_first_time_is_cancelled_again(
    timer: DeadlineTimer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.timeouts.CANCEL_GRACE_SECONDS", SOON)
    cancelled = 0

    async def deaf() -> None:
        nonlocal cancelled
        for _ in range(2):
            try:
                await asyncio.sleep(NEVER)
            except asyncio.CancelledError:
                cancelled += 1
        await asyncio.sleep(NEVER)

    with pytest.raises(Late):
        await timer.wait_for(SOON, deaf(), Late)
    assert cancelled == 2


async def test_a_cancellation_by_others_is_one(timer: DeadlineTimer) -> None:
    waiting = asyncio.ensure_future(timer.wait_for(NEVER, answer(NEVER), Late))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not timer._deadlines


async def test_an_error_of_the_answer_is_its_own(timer: DeadlineTimer) -> None:
    async def failing() -> None:
        raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        await timer.wait_for(SOON, failing(), Late)


def test_it_serves_one_event_loop_after_another(timer: DeadlineTimer) -> None:
    """Also where the first was closed before its timer was due."""

    def late(seconds: float) -> Awaitable[str]:
        return timer.wait_for(seconds, answer(NEVER), Late)

    async def short() -> str:
        return await timer.wait_for(NEVER, answer(0), Late)

    assert asyncio.run(short()) == "answer"

    async def second() -> None:
        await late(SOON)

    with pytest.raises(Late):
        asyncio.run(second())

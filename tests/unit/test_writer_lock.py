"""One unit of work writes at a time, in each event loop."""

import asyncio

import pytest

from core.errors import PoolExhausted
from core.storage.writer_lock import WriterLock


async def hold_in_turn(lock: WriterLock, names: str) -> str:
    """The names in the order in which tasks held the lock, each twice: none came in between."""
    held: list[str] = []

    async def hold(name: str) -> None:
        async with lock.hold(1):
            held.append(name)
            await asyncio.sleep(0)
            held.append(name)

    await asyncio.gather(*map(hold, names))
    return "".join(held)


def test_lock_serves_one_event_loop_after_another() -> None:
    lock = WriterLock()
    assert asyncio.run(hold_in_turn(lock, "abc")) == "aabbcc"
    assert asyncio.run(hold_in_turn(lock, "de")) == "ddee"


async def test_wait_for_lock_ends_with_pool_exhausted() -> None:
    lock = WriterLock()
    async with lock.hold(1):
        with pytest.raises(PoolExhausted):
            async with lock.hold(0):
                raise AssertionError("held twice")
    assert await hold_in_turn(lock, "a") == "aa"

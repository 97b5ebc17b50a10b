"""Integer ids from counters, reserved in blocks, so that an insert rarely waits for an id."""

import asyncio
from collections import deque
from contextvars import Context
from typing import Any

from backends.mongo.collection import run_command, shielded
from backends.mongo.driver import ReturnDocument

BLOCK_SIZE = 64
"""Ids that a process reserves ahead. Those it has not used when it ends are lost."""

_REFILL_BELOW = BLOCK_SIZE // 2


class IdAllocator:
    """The ids of every collection, for one process; ascending as long as no other process allocates any.

    A counter is incremented outside of the unit of work: an id given to a unit of work that is undone is not given
    again, and no unit of work waits for another because of a counter.

    Blocks are reserved in a task of their own. That round trip counts for no request, and only the first request after
    the start waits for it.
    """

    def __init__(self, counters: Any) -> None:
        self._counters = counters
        self._blocks: dict[str, deque[int]] = {}
        self._refills: dict[str, asyncio.Task[None]] = {}

    async def allocate(self, name: str, count: int) -> list[int]:
        """``count`` new ids of a collection, ascending. More than one always cost one round trip."""
        if count != 1:
            return await self._allocate_many(name, count)
        while not (block := self._blocks.setdefault(name, deque())):
            await asyncio.shield(self._start_refill(name))
        key = block.popleft()
        if len(block) < _REFILL_BELOW:
            self._start_refill(name)
        return [key]

    async def close(self) -> None:
        """Cancel the tasks that still run."""
        refills = list(self._refills.values())
        for refill in refills:
            refill.cancel()
        if refills:
            await asyncio.wait(refills)

    async def _allocate_many(self, name: str, count: int) -> list[int]:
        """New ids, and a whole new block: the rest of the old block would now be out of order."""
        if not count:
            return []
        fresh = await self._reserve(name, count + BLOCK_SIZE)
        self._blocks[name] = deque(fresh[count:])
        return list(fresh[:count])

    def _start_refill(self, name: str) -> asyncio.Task[None]:
        if name not in self._refills:
            refill = asyncio.get_running_loop().create_task(self._refill(name), context=Context())
            refill.add_done_callback(lambda done: self._on_refilled(name, done))
            self._refills[name] = refill
        return self._refills[name]

    def _on_refilled(self, name: str, done: asyncio.Task[None]) -> None:
        del self._refills[name]
        if not done.cancelled():
            done.exception()  # raised to the request that waits; without one, the next request tries again

    async def _refill(self, name: str) -> None:
        fresh = await self._reserve(name, BLOCK_SIZE)
        self._blocks.setdefault(name, deque()).extend(fresh)

    async def _reserve(self, name: str, count: int) -> range:
        increment = self._counters.find_one_and_update(
            {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        counter = await run_command("reserve ids", shielded(increment))
        return range(counter["last"] - count + 1, counter["last"] + 1)

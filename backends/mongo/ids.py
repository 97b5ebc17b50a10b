"""Integer ids from counters, reserved in blocks, so that an entity seldom waits for its id."""

import asyncio
from collections import deque
from contextvars import Context
from typing import Any

from backends.mongo.collection import completed, sent
from backends.mongo.driver import ReturnDocument

BLOCK = 64
"""Ids a process reserves ahead. What it has not used when it ends is lost."""

_LOW = BLOCK // 2
"""Ids left when the next block is reserved."""


class Ids:
    """The ids of every collection, for one process, ascending as long as nobody else takes any.

    A counter is moved on outside the unit of work: an id given to a unit of work that is undone is not given again, and
    no unit of work waits for another because of a counter.

    Blocks are the process's business, not a request's, and are reserved in a task of their own: the round trip counts
    for no request, and none waits for it but the first after the start.
    """

    def __init__(self, counters: Any) -> None:
        self._counters = counters
        self._blocks: dict[str, deque[int]] = {}
        self._refills: dict[str, asyncio.Task[None]] = {}

    async def take(self, name: str, count: int) -> list[int]:
        """So many new ids of a collection, ascending. Several cost one round trip, always."""
        if count != 1:
            return await self._several(name, count)
        while not (block := self._blocks.setdefault(name, deque())):
            await asyncio.shield(self._refill(name))
        key = block.popleft()
        if len(block) < _LOW:
            self._refill(name)
        return [key]

    async def close(self) -> None:
        """End what still runs."""
        refills = list(self._refills.values())
        for refill in refills:
            refill.cancel()
        if refills:
            await asyncio.wait(refills)

    async def _several(self, name: str, count: int) -> list[int]:
        """New ids with a whole block behind them: what was left of an older one would be out of order."""
        if not count:
            return []
        fresh = await self._reserve(name, count + BLOCK)
        self._blocks[name] = deque(fresh[count:])
        return list(fresh[:count])

    def _refill(self, name: str) -> asyncio.Task[None]:
        if name not in self._refills:
            refill = asyncio.get_running_loop().create_task(self._extend(name), context=Context())
            refill.add_done_callback(lambda done: self._refilled(name, done))
            self._refills[name] = refill
        return self._refills[name]

    def _refilled(self, name: str, done: asyncio.Task[None]) -> None:
        del self._refills[name]
        if not done.cancelled():
            done.exception()  # whoever waits is told; if nobody does, the next one tries again

    async def _extend(self, name: str) -> None:
        fresh = await self._reserve(name, BLOCK)
        self._blocks.setdefault(name, deque()).extend(fresh)

    async def _reserve(self, name: str, count: int) -> range:
        moved = self._counters.find_one_and_update(
            {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        counter = await sent("reserve ids", completed(moved))
        return range(counter["last"] - count + 1, counter["last"] + 1)

"""Integer ids from counters, reserved in blocks, so that an insert rarely waits for an id."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from typing import Any

from backends.mongo.collection import run_command, shielded
from backends.mongo.driver import ReturnDocument, timeout
from core.errors import StockroomError

MIN_BLOCK = 8
"""Ids that a process reserves ahead in a new shop. Those it has not used when it is killed are lost."""

_MAX_BLOCK = 64
_CLOSE_SECONDS = 1.0


def block_size(last: int) -> int:
    """Ids to reserve ahead: an eighth of those that exist, within bounds."""
    return min(_MAX_BLOCK, max(MIN_BLOCK, last // 8))


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
        self._last: dict[str, int] = {}

    async def allocate(self, name: str, count: int) -> list[int]:
        """``count`` new ids of a collection, ascending. More than one always cost one round trip."""
        if count != 1:
            return await self._allocate_many(name, count)
        while not (block := self._blocks.setdefault(name, deque())):
            await asyncio.shield(self._start_refill(name))
        key = block.popleft()
        if len(block) < block_size(key) // 2:
            self._start_refill(name)
        return [key]

    async def close(self) -> None:
        """Give back the ids that were not used, as far as no other process has reserved any since."""
        if refills := list(self._refills.values()):
            await asyncio.wait(refills, timeout=_CLOSE_SECONDS)
        for refill in refills:
            refill.cancel()
        blocks, self._blocks = self._blocks, {}
        with timeout(_CLOSE_SECONDS):
            await asyncio.gather(*(self._give_back(name, block) for name, block in blocks.items() if block))

    async def _give_back(self, name: str, block: Sequence[int]) -> None:
        last = block[-1]
        first = next(last - n + 1 for n, key in enumerate(reversed([-1, *block])) if key != last - n)
        returned = self._counters.update_one({"_id": name, "last": last}, {"$set": {"last": first - 1}})
        try:
            await run_command("give ids back", shielded(returned))
        except StockroomError:
            return  # a gap, as after a crash; the translation has logged the error

    async def _allocate_many(self, name: str, count: int) -> list[int]:
        """New ids, and a whole new block, which what is left of the old one precedes if none is between them."""
        if not count:
            return []
        block = deque(await self._reserve(name, count + block_size(self._last.get(name, 0))))
        old = self._blocks.get(name)
        if old and old[-1] + 1 == block[0]:
            block.extendleft(reversed(old))
        self._blocks[name] = block
        return [block.popleft() for _ in range(count)]

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
        fresh = await self._reserve(name, block_size(self._last.get(name, 0)))
        self._blocks.setdefault(name, deque()).extend(fresh)

    async def _reserve(self, name: str, count: int) -> range:
        increment = self._counters.find_one_and_update(
            {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        counter = await run_command("reserve ids", shielded(increment))
        self._last[name] = counter["last"]
        return range(counter["last"] - count + 1, counter["last"] + 1)

"""Integer ids from counters, reserved in blocks, so that few entities cost a round trip for their id."""

import asyncio
from typing import Any

from backends.mongo.collection import completed
from backends.mongo.driver import PyMongoError, ReturnDocument
from backends.mongo.errors import translate

BLOCK = 64
"""Ids a process reserves beyond those it needs at once. What it does not use is lost when it ends."""


class Ids:
    """The ids of every collection, for one process.

    A counter is moved on outside the unit of work: an id given to a unit of work that is undone is not given again, and
    no unit of work waits for another because of a counter.
    """

    def __init__(self, counters: Any) -> None:
        self._counters = counters
        self._blocks: dict[str, range] = {}
        self._lock = asyncio.Lock()

    async def take(self, name: str, count: int) -> list[int]:
        """So many new ids of a collection, ascending."""
        async with self._lock:
            block = self._blocks.get(name, range(0))
            taken = list(block[:count])
            missing = count - len(taken)
            if missing:
                block = await self._reserve(name, missing + BLOCK)
                taken += block[:missing]
            self._blocks[name] = block[missing or count :]
            return taken

    async def _reserve(self, name: str, count: int) -> range:
        try:
            counter = await completed(
                self._counters.find_one_and_update(
                    {"_id": name}, {"$inc": {"last": count}}, upsert=True, return_document=ReturnDocument.AFTER
                )
            )
        except PyMongoError as error:
            raise translate(error) from error
        return range(counter["last"] - count + 1, counter["last"] + 1)

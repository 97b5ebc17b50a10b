"""Ids are reserved in blocks, and given back at a clean stop."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from backends.mongo.ids import MIN_BLOCK, IdAllocator, block_size
from backends.mongo.storage import MongoStorage
from core.errors import NotFound
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.mongo.units import CountedUnit

pytestmark = pytest.mark.only("mongodb", "mongomock")

Open = Callable[[], IdAllocator]


@pytest.fixture
def open_allocator(storage: Storage) -> Open:
    """Opens the ids of a further process."""
    assert isinstance(storage, MongoStorage)
    counters: Any = storage._engine.ids._counters
    return lambda: IdAllocator(counters)


async def last_of(allocator: IdAllocator) -> int:
    """The last id that is reserved of a collection."""
    found = await allocator._counters.find_one({"_id": "tags"})
    return int(found["last"])


async def test_clean_stop_gives_ids_back(open_allocator: Open) -> None:
    first = open_allocator()
    assert await first.allocate("tags", 1) == [1]
    assert await first.allocate("tags", 1) == [2]
    await first.close()
    assert await last_of(first) == 2
    assert await open_allocator().allocate("tags", 1) == [3]


async def test_clean_stop_leaves_ids_of_another_process(open_allocator: Open) -> None:
    first, second = open_allocator(), open_allocator()
    await first.allocate("tags", 1)
    assert await second.allocate("tags", 1) == [MIN_BLOCK + 1]
    await first.close()
    assert await last_of(first) == 2 * MIN_BLOCK
    await second.close()
    assert await last_of(first) == MIN_BLOCK + 1


async def test_stop_after_a_gap_gives_the_last_block_back(open_allocator: Open) -> None:
    first, second = open_allocator(), open_allocator()
    await first.allocate("tags", 1)
    await second.allocate("tags", 1)
    for _ in range(MIN_BLOCK // 2):
        await first.allocate("tags", 1)
    await asyncio.gather(*first._refills.values())
    await first.close()
    assert await last_of(first) == 2 * MIN_BLOCK


@pytest.mark.only("mongodb")
async def test_id_of_an_undone_unit_is_not_given_back(storage: Storage, settings: Settings, registry: Registry) -> None:
    async def fail(tx: Transaction) -> None:
        await CountedUnit("undone")(tx)
        raise NotFound("product", 7)

    with pytest.raises(NotFound):
        await storage.run(fail)
    await storage.close()
    reopened = await registry.choose(settings).open(settings)
    await reopened.run(CountedUnit("kept"))
    assert [category.id for category in await reopened.categories.all()] == [2]
    await reopened.close()


async def test_bulk_continues_the_block(open_allocator: Open) -> None:
    allocator = open_allocator()
    await allocator.allocate("tags", 1)
    assert await allocator.allocate("tags", 20) == list(range(2, 22))
    await allocator.close()
    assert await last_of(allocator) == 21


async def test_concurrent_ids_are_unique(open_allocator: Open) -> None:
    processes = [open_allocator(), open_allocator()]
    wanted = [process.allocate("tags", count) for count in (1, 1, 3) * 30 for process in processes]
    given = [key for keys in await asyncio.gather(*wanted) for key in keys]
    for process in processes:
        await process.close()
    assert len(given) == len(set(given)) == 300
    assert await last_of(processes[0]) >= max(given)


@pytest.mark.parametrize(("last", "size"), [(0, 8), (100, 12), (400, 50), (512, 64), (10**9, 64)])
def test_block_grows_with_the_shop(last: int, size: int) -> None:
    assert block_size(last) == size

"""Values: the storage behaves as it declares, neither better nor worse; a limit passes at N, is refused at N + 1."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest

from conformance.defaults import settings_for
from conformance.interleaving import (
    Held,
    Pause,
    Sessions,
    add_product,
    add_tag,
    held,
    overlap,
    tag_names,
    within,
)
from core.errors import ConfigurationError, PoolExhausted
from core.plugins import Registry
from core.services.versioning import change
from core.settings import Settings
from core.startup import head, open_storage
from core.storage import PoolStatus, Storage, Transaction

Trips = Callable[[], AbstractContextManager[list[str]]]

MANY = 4
"""Units of work that are open at once, where nothing limits them."""


# Embedded


@pytest.mark.needs("embedded")
async def test_blank_store_is_ready_when_opened(blank_url: str, registry: Registry) -> None:
    settings = settings_for(blank_url)
    async with open_storage(registry.choose(settings), settings) as there:
        assert await there.storage.schema_revision() == there.head
        await there.storage.run(lambda tx: add_tag(tx, "News"))
        assert await tag_names(there.storage) == ["News"]


@pytest.mark.lacks("embedded")
async def test_blank_store_needs_migration(blank_url: str, registry: Registry, record_property: Any) -> None:
    settings = settings_for(blank_url)
    backend = registry.choose(settings)
    migrations = backend.migrations(settings)
    if head(migrations) is None:
        record_property("unverified", "embedded")  # without a schema no store is blank
        return
    with pytest.raises(ConfigurationError, match="stockroom migrate up"):
        async with open_storage(backend, settings):
            pass
    assert await migrations.current() is None
    await migrations.up()
    async with open_storage(backend, settings) as there:
        assert await tag_names(there.storage) == []


# The pool


@asynccontextmanager
async def opening(settings: Settings, registry: Registry, **changes: Any) -> AsyncIterator[Storage]:
    """The store of ``settings``, opened with other settings of the pool."""
    storage = await registry.choose(settings).open(settings_for(settings.url, **changes))
    try:
        yield storage
    finally:
        await storage.close()


async def read_and_pause(tx: Transaction, pause: Pause) -> None:
    await tx.tags.by_names(["news"])
    await pause()


@pytest.mark.needs("pooled")
async def test_pool_is_limited_to_size_and_overflow(settings: Settings, registry: Registry, trips: Trips) -> None:
    limit = registry.choose(settings).capabilities.max_writers or MANY
    size = max(1, min(limit, MANY) - 1)
    overflow = min(limit, MANY) - size
    changes = {"pool_size": size, "pool_max_overflow": overflow, "pool_timeout": 0.5}
    async with opening(settings, registry, **changes) as storage, AsyncExitStack() as stack:
        for number in range(size + overflow):
            assert storage.pool_status() == PoolStatus(pool_size=size, max_overflow=overflow, connections_in_use=number)
            last = await stack.enter_async_context(held(storage, read_and_pause))
        assert storage.pool_status().connections_available == 0
        for refused in (tag_names(storage), storage.ping(), storage.run(lambda tx: add_tag(tx, "News"))):
            with pytest.raises(PoolExhausted), trips() as made:
                await within(refused)
            assert made == []  # it has not so much as begun
        await last.end()
        assert await tag_names(storage) == []
        assert storage.pool_status().connections_in_use == size + overflow - 1
    async with opening(settings, registry, **changes) as storage:
        assert storage.pool_status().connections_in_use == 0
        assert await tag_names(storage) == []


@pytest.mark.lacks("pooled")
async def test_unpooled_reads_are_unlimited(settings: Settings, registry: Registry) -> None:
    nothing = PoolStatus(pool_size=0, max_overflow=0, connections_in_use=0)
    changes = {"pool_size": 1, "pool_max_overflow": 0, "pool_timeout": 0.5}
    async with opening(settings, registry, **changes) as storage, held(storage, read_and_pause):
        assert await within(asyncio.gather(*(tag_names(storage) for _ in range(MANY)))) == [[]] * MANY
        await within(storage.ping())
        assert storage.pool_status() == nothing


# Writers


def writing(name: str) -> Any:
    """A unit of work that stores a tag and stops before it commits."""

    async def work(tx: Transaction, pause: Pause) -> None:
        await add_tag(tx, name)
        await pause()

    return work


@pytest.mark.needs("max_writers")
async def test_writer_beyond_limit_waits(settings: Settings, registry: Registry) -> None:
    limit = registry.choose(settings).capabilities.max_writers or 0
    async with AsyncExitStack() as stack:
        room = {"pool_size": limit + 2, "pool_timeout": 30}
        patient = await stack.enter_async_context(opening(settings, registry, **room))
        hasty = await stack.enter_async_context(opening(settings, registry, **room | {"pool_timeout": 0.5}))
        units = [await stack.enter_async_context(held(hasty, writing(f"Tag {n}"))) for n in range(limit)]
        with pytest.raises(PoolExhausted):
            await within(hasty.run(lambda tx: add_tag(tx, "Too many")))
        late = Held()
        late.unit = asyncio.create_task(patient.run(lambda tx: writing("Late")(tx, late.pause)))
        assert not await overlap(late.unit)
        assert not late.reached.is_set()
        await units[0].end()
        await within(late.reached.wait())
        await late.end()
        for unit in units[1:]:
            await unit.end()
        assert sorted(await tag_names(patient)) == sorted(["Late", *(f"Tag {n}" for n in range(limit))])


@pytest.mark.lacks("max_writers")
async def test_writers_without_limit_run_concurrently(sessions: Sessions) -> None:
    products = [await sessions.first.run(partial(add_product, name=f"P-{n}")) for n in range(MANY)]
    all_have_written = asyncio.Barrier(MANY)

    async def work(tx: Transaction, number: int) -> None:
        await change(tx.products, products[number].id, {"stock_quantity": number + 10})
        await add_tag(tx, f"Tag {number}")
        await within(all_have_written.wait())

    units = (sessions[n % 2].run(partial(work, number=n)) for n in range(MANY))
    await within(asyncio.gather(*units))
    stored = [(await sessions.first.products.get(product.id)).stock_quantity for product in products]
    assert stored == [number + 10 for number in range(MANY)]
    assert len(await tag_names(sessions.second)) == MANY


# Locks


class Changes:
    """Units of work that change one product.

    Attributes:
        runs: how often the second was run.
        again: set when it runs for the second time.
    """

    def __init__(self, product_id: int) -> None:
        self.product_id = product_id
        self.runs = 0
        self.again = asyncio.Event()

    async def first(self, tx: Transaction, pause: Pause) -> None:
        """Lock, change, and stop before the commit."""
        await change(tx.products, self.product_id, {"stock_quantity": 5})
        await pause()

    async def second(self, tx: Transaction) -> int:
        """Add one; what there was before."""
        self.runs += 1
        if self.runs > 1:
            self.again.set()
        locked = await tx.products.lock(self.product_id)
        await change(tx.products, self.product_id, {"stock_quantity": locked.stock_quantity + 1})
        return locked.stock_quantity


@pytest.mark.needs("blocking_locks")
async def test_blocking_lock_waits_and_runs_once(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    changes = Changes(product.id)
    async with held(sessions.first, changes.first) as holding:
        other = asyncio.create_task(sessions.second.run(changes.second))
        assert not await overlap(other)
        await holding.end()
        assert await within(other) == 5
    assert changes.runs == 1


@pytest.mark.lacks("blocking_locks")
async def test_nonblocking_lock_conflicts_and_retries(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    changes = Changes(product.id)
    async with held(sessions.first, changes.first) as holding:
        other = asyncio.create_task(sessions.second.run(changes.second))
        await within(changes.again.wait())
        await holding.end()
        assert await within(other) == 5
    assert changes.runs > 1


# Ids


def ids_of_a_process(blocks: Iterator[int], size: int) -> Iterator[int]:
    """The ids that a process hands out when it reserves block after block, and others reserve some in between."""
    for block in blocks:
        yield from range(block * size + 1, (block + 1) * size + 1)


@pytest.mark.needs("id_block")
async def test_ids_are_reserved_in_declared_blocks(sessions: Sessions, settings: Settings, registry: Registry) -> None:
    told, blocks = sessions.first.capabilities, count()
    assert told.shared or told.durable or told.id_block == 1, "nobody else, and no restart: nothing is reserved"
    first = ids_of_a_process(blocks, told.id_block)
    second = ids_of_a_process(blocks, told.id_block) if told.shared else first
    expected = [next(first), next(second), next(first), next(second)]
    ids = [(await storage.run(partial(add_tag, name=f"Tag {n}"))).id for n, storage in enumerate(sessions * 2)]
    assert ids == expected
    if told.durable:
        for storage in sessions:
            await storage.close()
        async with opening(settings, registry) as storage:
            after = (await storage.run(lambda tx: add_tag(tx, "After"))).id
        assert after == next(ids_of_a_process(blocks, told.id_block))

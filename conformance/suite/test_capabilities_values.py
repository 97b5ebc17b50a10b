"""The declared values: a storage behaves exactly so; a limit of N allows N and rejects N + 1."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from conformance.defaults import settings_for
from conformance.fixtures import RoundTrips
from conformance.interleaving import (
    Pause,
    PausedUnitOfWork,
    StoragePair,
    add_product,
    add_tag,
    paused,
    tag_names,
    wait_briefly,
    wait_for,
)
from core.errors import ConfigurationError, PoolExhausted
from core.plugins import Registry
from core.services.versioning import change
from core.settings import Settings
from core.startup import head, open_storage
from core.storage import PoolStatus, Storage, Transaction

MANY = 4
"""Concurrent units of work, where there is no limit."""


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
        record_property("unverified", "embedded")  # without a schema there is no blank store
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
async def open_with(settings: Settings, registry: Registry, **changes: Any) -> AsyncIterator[Storage]:
    """The store of ``settings``, opened with changed settings."""
    storage = await registry.choose(settings).open(settings_for(settings.url, **changes))
    try:
        yield storage
    finally:
        await storage.close()


async def read_and_pause(tx: Transaction, pause: Pause) -> None:
    await tx.tags.by_names(["news"])
    await pause()


@pytest.mark.needs("pooled")
async def test_pool_is_limited_to_size_and_overflow(
    settings: Settings, registry: Registry, round_trips: RoundTrips
) -> None:
    limit = registry.choose(settings).capabilities.max_writers or MANY
    size = max(1, min(limit, MANY) - 1)
    overflow = min(limit, MANY) - size
    changes = {"pool_size": size, "pool_max_overflow": overflow, "pool_timeout": 0.5}
    async with open_with(settings, registry, **changes) as storage, AsyncExitStack() as stack:
        for number in range(size + overflow):
            status = replace(storage.pool_status(), connections_idle=0)
            assert status == PoolStatus(pool_size=size, max_overflow=overflow, connections_in_use=number)
            last = await stack.enter_async_context(paused(storage, read_and_pause))
        assert storage.pool_status().connections_available == 0
        for operation in (tag_names(storage), storage.ping(), storage.run(lambda tx: add_tag(tx, "News"))):
            with pytest.raises(PoolExhausted), round_trips() as made:
                await wait_for(operation)
            assert made == []  # nothing was sent
        await last.finish()
        assert await tag_names(storage) == []
        assert storage.pool_status().connections_in_use == size + overflow - 1
    async with open_with(settings, registry, **changes) as storage:
        assert storage.pool_status().connections_in_use == 0
        assert await tag_names(storage) == []


@pytest.mark.lacks("pooled")
async def test_unpooled_reads_are_unlimited(settings: Settings, registry: Registry) -> None:
    nothing = PoolStatus(pool_size=0, max_overflow=0, connections_in_use=0)
    changes = {"pool_size": 1, "pool_max_overflow": 0, "pool_timeout": 0.5}
    async with open_with(settings, registry, **changes) as storage, paused(storage, read_and_pause):
        assert await wait_for(asyncio.gather(*(tag_names(storage) for _ in range(MANY)))) == [[]] * MANY
        await wait_for(storage.ping())
        assert storage.pool_status() == nothing


# Writers


def write_and_pause(name: str) -> Any:
    """A unit of work that stores a tag and pauses before it commits."""

    async def work(tx: Transaction, pause: Pause) -> None:
        await add_tag(tx, name)
        await pause()

    return work


@pytest.mark.needs("max_writers")
async def test_writer_beyond_limit_waits(settings: Settings, registry: Registry) -> None:
    limit = registry.choose(settings).capabilities.max_writers or 0
    async with AsyncExitStack() as stack:
        pool = {"pool_size": limit + 2, "pool_timeout": 30}
        patient = await stack.enter_async_context(open_with(settings, registry, **pool))
        impatient = await stack.enter_async_context(open_with(settings, registry, **pool | {"pool_timeout": 0.5}))
        units = [await stack.enter_async_context(paused(impatient, write_and_pause(f"Tag {n}"))) for n in range(limit)]
        with pytest.raises(PoolExhausted):
            await wait_for(impatient.run(lambda tx: add_tag(tx, "Too many")))
        late = PausedUnitOfWork()
        late.task = asyncio.create_task(patient.run(lambda tx: write_and_pause("Late")(tx, late.pause)))
        assert not await wait_briefly(late.task)
        assert not late.reached.is_set()
        await units[0].finish()
        await wait_for(late.reached.wait())
        await late.finish()
        for unit in units[1:]:
            await unit.finish()
        assert sorted(await tag_names(patient)) == sorted(["Late", *(f"Tag {n}" for n in range(limit))])


@pytest.mark.lacks("max_writers")
async def test_writers_without_limit_run_concurrently(storages: StoragePair) -> None:
    products = [await storages.first.run(partial(add_product, name=f"P-{n}")) for n in range(MANY)]
    all_have_written = asyncio.Barrier(MANY)

    async def work(tx: Transaction, number: int) -> None:
        await change(tx.products, products[number].id, {"stock_quantity": number + 10})
        await add_tag(tx, f"Tag {number}")
        await wait_for(all_have_written.wait())

    units = (storages[n % 2].run(partial(work, number=n)) for n in range(MANY))
    await wait_for(asyncio.gather(*units))
    stored = [(await storages.first.products.get(product.id)).stock_quantity for product in products]
    assert stored == [number + 10 for number in range(MANY)]
    assert len(await tag_names(storages.second)) == MANY


# Locks


class Changes:
    """Two units of work that change one product.

    Attributes:
        runs: how often the second has run.
        again: set when it runs for the second time.
    """

    def __init__(self, product_id: int) -> None:
        self.product_id = product_id
        self.runs = 0
        self.again = asyncio.Event()

    async def first(self, tx: Transaction, pause: Pause) -> None:
        """Lock, change, and pause before the commit."""
        await change(tx.products, self.product_id, {"stock_quantity": 5})
        await pause()

    async def second(self, tx: Transaction) -> int:
        """Add one to the stock; the stock before."""
        self.runs += 1
        if self.runs > 1:
            self.again.set()
        locked = await tx.products.lock(self.product_id)
        await change(tx.products, self.product_id, {"stock_quantity": locked.stock_quantity + 1})
        return locked.stock_quantity


@pytest.mark.needs("blocking_locks")
async def test_blocking_lock_waits_and_runs_once(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    changes = Changes(product.id)
    async with paused(storages.first, changes.first) as first_unit:
        other = asyncio.create_task(storages.second.run(changes.second))
        assert not await wait_briefly(other)
        await first_unit.finish()
        assert await wait_for(other) == 5
    assert changes.runs == 1


@pytest.mark.lacks("blocking_locks")
async def test_nonblocking_lock_conflicts_and_retries(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    changes = Changes(product.id)
    async with paused(storages.first, changes.first) as first_unit:
        other = asyncio.create_task(storages.second.run(changes.second))
        await wait_for(changes.again.wait())
        await first_unit.finish()
        assert await wait_for(other) == 5
    assert changes.runs > 1


# Ids


def reserved_ids(blocks: Iterator[int], size: int) -> Iterator[int]:
    """The ids that a process gives out when it reserves block after block, and others reserve some in between."""
    for block in blocks:
        yield from range(block * size + 1, (block + 1) * size + 1)


@pytest.mark.needs("id_block")
async def test_ids_are_reserved_in_declared_blocks(
    storages: StoragePair, settings: Settings, registry: Registry
) -> None:
    declared, blocks = storages.first.capabilities, count()
    assert declared.shared or declared.durable or declared.id_block == 1, (
        "no other process and no restart: nothing is reserved"
    )
    first = reserved_ids(blocks, declared.id_block)
    second = reserved_ids(blocks, declared.id_block) if declared.shared else first
    expected = [next(first), next(second), next(first), next(second)]
    ids = [(await storage.run(partial(add_tag, name=f"Tag {n}"))).id for n, storage in enumerate(storages * 2)]
    assert ids == expected
    if declared.durable:
        for storage in storages:
            await storage.close()
        async with open_with(settings, registry) as storage:
            after = (await storage.run(lambda tx: add_tag(tx, "After"))).id
        assert after in (ids[-1] + 1, next(reserved_ids(blocks, declared.id_block))), "given back, or skipped"

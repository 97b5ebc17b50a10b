"""The optional guarantees: present where they are declared, absent where they are not."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from conformance.interleaving import (
    PausableWork,
    Pause,
    StoragePair,
    add_product,
    add_tag,
    paused,
    tag_names,
    wait_briefly,
    wait_for,
)
from conformance.processes.second_process import run_second_process
from core.entities import Product
from core.plugins import Registry
from core.services.versioning import change
from core.settings import Settings
from core.storage import Storage, Transaction

RecordProperty = Callable[[str, object], None]


# Durability


@pytest.mark.needs("durable")
async def test_commit_survives_closing(settings: Settings, registry: Registry) -> None:
    backend = registry.choose(settings)
    for expected in ([], ["News"]):
        storage = await backend.open(settings)
        assert await tag_names(storage) == expected
        if not expected:
            await storage.run(lambda tx: add_tag(tx, "News"))
        await storage.close()


@pytest.mark.needs("durable")
async def test_commit_survives_killed_process(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    assert (await run_second_process(settings, tmp_path, "add-and-crash", "News")).tags == ["News"]
    storage = await registry.choose(settings).open(settings)
    try:
        assert await tag_names(storage) == ["News"]
        await storage.run(lambda tx: add_tag(tx, "More"))
    finally:
        await storage.close()


@pytest.mark.lacks("durable")
async def test_undurable_data_is_lost_at_restart(
    settings: Settings, registry: Registry, tmp_path: Path, record_property: RecordProperty
) -> None:
    assert (await run_second_process(settings, tmp_path, "add", "News")).tags == ["News"]
    storage = await registry.choose(settings).open(settings)
    try:
        left = await tag_names(storage)
    finally:
        await storage.close()
    if not storage.capabilities.embedded and left == ["News"]:
        record_property("unverified", "durable")  # the data is in the memory of a server that the test cannot end
    else:
        assert left == []


# Several processes


@pytest.mark.needs("shared")
async def test_processes_see_each_others_writes(storage: Storage, settings: Settings, tmp_path: Path) -> None:
    await storage.run(lambda tx: add_tag(tx, "Ours"))
    assert (await run_second_process(settings, tmp_path, "add", "Theirs")).tags == ["Ours", "Theirs"]
    assert await tag_names(storage) == ["Ours", "Theirs"]
    assert (await run_second_process(settings, tmp_path, "add", "Ours")).error == "duplicate"


@pytest.mark.lacks("shared")
async def test_second_process_fails_or_gets_own_store(
    storage: Storage, settings: Settings, tmp_path: Path, record_property: RecordProperty
) -> None:
    await storage.run(lambda tx: add_tag(tx, "Ours"))
    result = await run_second_process(settings, tmp_path, "add", "Theirs")
    assert await tag_names(storage) == ["Ours"]
    if "Ours" in result.tags:
        record_property("unverified", "shared")  # it sees the store; a test cannot show that this is unsafe
    else:
        assert result.error or result.tags == ["Theirs"]


# Isolation


class RepeatedRead:
    """A unit of work that reads a product, pauses, and reads it again."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.runs = 0

    async def __call__(self, tx: Transaction, pause: Pause) -> tuple[Product, Product]:
        self.runs += 1
        before = await tx.products.get(self.product.id)
        await pause()
        return before, await tx.products.get(self.product.id)


@pytest.mark.needs("repeatable_reads")
async def test_repeated_read_returns_same_state(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    repeated_read = RepeatedRead(product)
    async with paused(storages.first, repeated_read) as reading:
        other = asyncio.create_task(storages.second.run(lambda tx: change(tx.products, product.id, {"price": 5})))
        await wait_briefly(other)
        assert await reading.finish() == (product, product)
        await wait_for(other)
    assert repeated_read.runs == 1
    assert (await storages.first.products.get(product.id)).price == 5


@pytest.mark.lacks("repeatable_reads")
async def test_repeated_read_returns_committed_state(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    repeated_read = RepeatedRead(product)
    async with paused(storages.first, repeated_read) as reading:
        after = await wait_for(storages.second.run(lambda tx: change(tx.products, product.id, {"price": 5})))
        assert await reading.finish() == (product, after)
    assert repeated_read.runs == 1


class WriteSkew:
    """Two units of work, each of which empties the stock of one product if it has read that the other is in stock."""

    def __init__(self, first: Product, second: Product) -> None:
        self.pairs = (first.id, second.id), (second.id, first.id)
        self.runs = 0
        self.both_have_read = asyncio.Barrier(2)

    async def run(self, storages: StoragePair, seconds: float) -> None:
        """Run both; each waits up to ``seconds`` for the other to have read too."""

        async def work(tx: Transaction, mine: int, other: int) -> None:
            self.runs += 1
            both = [await tx.products.get(mine), await tx.products.get(other)]
            if self.runs <= 2:  # a rerun is alone
                await self._wait_for_other(seconds)
            if all(product.stock_quantity for product in both):
                await change(tx.products, mine, {"stock_quantity": 0})

        units = [
            storage.run(partial(work, mine=mine, other=other))
            for storage, (mine, other) in zip(storages, self.pairs, strict=True)
        ]
        await wait_for(asyncio.gather(*units))

    async def _wait_for_other(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.both_have_read.wait()
        except (TimeoutError, asyncio.BrokenBarrierError):
            pass  # the other unit waits until this one has ended


async def read_stocks(storage: Storage, skew: WriteSkew) -> list[int]:
    return sorted([(await storage.products.get(key)).stock_quantity for key in skew.pairs[0]])


async def prepare_skew(storages: StoragePair) -> WriteSkew:
    first = await storages.first.run(lambda tx: add_product(tx, "First"))
    return WriteSkew(first, await storages.first.run(lambda tx: add_product(tx, "Second")))


@pytest.mark.needs("serializable")
async def test_write_skew_is_prevented(storages: StoragePair) -> None:
    skew = await prepare_skew(storages)
    await skew.run(storages, seconds=1)
    assert await read_stocks(storages.first, skew) == [0, 1]


@pytest.mark.lacks("serializable")
async def test_write_skew_is_possible(storages: StoragePair) -> None:
    skew = await prepare_skew(storages)
    await skew.run(storages, seconds=30)
    assert await read_stocks(storages.first, skew) == [0, 0]
    assert skew.runs == 2


# Concurrent reads and writes


@pytest.mark.needs("concurrent_reads")
async def test_read_does_not_wait_for_writer(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    async with paused(storages.first, write_and_pause(product)) as writing:
        for storage in storages:
            assert await wait_for(storage.products.get(product.id)) == product
            assert await wait_for(tag_names(storage)) == []
        await writing.finish()
    assert (await storages.second.products.get(product.id)).price == 5
    assert await tag_names(storages.second) == ["News"]


@pytest.mark.lacks("concurrent_reads")
async def test_read_waits_for_writer(storages: StoragePair) -> None:
    product = await storages.first.run(lambda tx: add_product(tx, "Product"))
    async with paused(storages.first, write_and_pause(product)) as writing:
        reading = asyncio.create_task(storages.second.products.get(product.id))
        assert not await wait_briefly(reading)
        await writing.finish()
        assert (await wait_for(reading)).price == 5


def write_and_pause(product: Product) -> PausableWork:
    async def write(tx: Transaction, pause: Pause) -> None:
        await change(tx.products, product.id, {"price": 5})
        await add_tag(tx, "News")
        await pause()

    return write

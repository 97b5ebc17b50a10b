"""Guarantees that a storage may lack: shown where they are declared, shown to be missing where they are not."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from conformance.interleaving import (
    Pause,
    Sessions,
    Work,
    add_product,
    add_tag,
    held,
    overlap,
    tag_names,
    within,
)
from conformance.processes.neighbour import neighbour
from core.entities import Product
from core.plugins import Registry
from core.services.versioning import change
from core.settings import Settings
from core.storage import Storage, Transaction

Record = Callable[[str, object], None]


# What survives


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
    assert (await neighbour(settings, tmp_path, "add-and-die", "News")).tags == ["News"]
    storage = await registry.choose(settings).open(settings)
    try:
        assert await tag_names(storage) == ["News"]
        await storage.run(lambda tx: add_tag(tx, "More"))
    finally:
        await storage.close()


@pytest.mark.lacks("durable")
async def test_undurable_data_is_lost_at_restart(
    settings: Settings, registry: Registry, tmp_path: Path, record_property: Record
) -> None:
    assert (await neighbour(settings, tmp_path, "add", "News")).tags == ["News"]
    storage = await registry.choose(settings).open(settings)
    try:
        left = await tag_names(storage)
    finally:
        await storage.close()
    if not storage.capabilities.embedded and left == ["News"]:
        record_property("unverified", "durable")  # it is in the memory of a server, which is not ours to end
    else:
        assert left == []


# Several processes


@pytest.mark.needs("shared")
async def test_processes_see_each_others_writes(storage: Storage, settings: Settings, tmp_path: Path) -> None:
    await storage.run(lambda tx: add_tag(tx, "Ours"))
    assert (await neighbour(settings, tmp_path, "add", "Theirs")).tags == ["Ours", "Theirs"]
    assert await tag_names(storage) == ["Ours", "Theirs"]
    assert (await neighbour(settings, tmp_path, "add", "Ours")).refused == "duplicate"


@pytest.mark.lacks("shared")
async def test_second_process_fails_or_gets_own_store(
    storage: Storage, settings: Settings, tmp_path: Path, record_property: Record
) -> None:
    await storage.run(lambda tx: add_tag(tx, "Ours"))
    said = await neighbour(settings, tmp_path, "add", "Theirs")
    assert await tag_names(storage) == ["Ours"]
    if "Ours" in said.tags:
        record_property("unverified", "shared")  # it sees the store; that this is not safe cannot be shown
    else:
        assert said.refused or said.tags == ["Theirs"]


# What two units of work see of each other


class Twice:
    """A unit of work that reads a product, lets others do something, and reads it again."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.runs = 0

    async def __call__(self, tx: Transaction, pause: Pause) -> tuple[Product, Product]:
        self.runs += 1
        before = await tx.products.get(self.product.id)
        await pause()
        return before, await tx.products.get(self.product.id)


@pytest.mark.needs("repeatable_reads")
async def test_repeated_read_returns_same_state(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    twice = Twice(product)
    async with held(sessions.first, twice) as reading:
        other = asyncio.create_task(sessions.second.run(lambda tx: change(tx.products, product.id, {"price": 5})))
        await overlap(other)
        assert await reading.end() == (product, product)
        await within(other)
    assert twice.runs == 1
    assert (await sessions.first.products.get(product.id)).price == 5


@pytest.mark.lacks("repeatable_reads")
async def test_repeated_read_returns_committed_state(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    twice = Twice(product)
    async with held(sessions.first, twice) as reading:
        after = await within(sessions.second.run(lambda tx: change(tx.products, product.id, {"price": 5})))
        assert await reading.end() == (product, after)
    assert twice.runs == 1


class Skew:
    """Units of work for two products, each of which sells out its own if it has read that the other is in stock."""

    def __init__(self, first: Product, second: Product) -> None:
        self.pairs = (first.id, second.id), (second.id, first.id)
        self.runs = 0
        self.both_have_read = asyncio.Barrier(2)

    async def run(self, sessions: Sessions, seconds: float) -> None:
        """Both at once; each waits so long for the other to have read too."""

        async def work(tx: Transaction, mine: int, other: int) -> None:
            self.runs += 1
            both = [await tx.products.get(mine), await tx.products.get(other)]
            if self.runs <= 2:  # who runs again is alone
                await self._meet(seconds)
            if all(product.stock_quantity for product in both):
                await change(tx.products, mine, {"stock_quantity": 0})

        units = [
            session.run(partial(work, mine=mine, other=other))
            for session, (mine, other) in zip(sessions, self.pairs, strict=True)
        ]
        await within(asyncio.gather(*units))

    async def _meet(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.both_have_read.wait()
        except (TimeoutError, asyncio.BrokenBarrierError):
            pass  # the other one waits until we have ended


async def stocks(storage: Storage, skew: Skew) -> list[int]:
    return sorted([(await storage.products.get(key)).stock_quantity for key in skew.pairs[0]])


async def skew_of(sessions: Sessions) -> Skew:
    first = await sessions.first.run(lambda tx: add_product(tx, "First"))
    return Skew(first, await sessions.first.run(lambda tx: add_product(tx, "Second")))


@pytest.mark.needs("serializable")
async def test_write_skew_is_prevented(sessions: Sessions) -> None:
    skew = await skew_of(sessions)
    await skew.run(sessions, seconds=1)
    assert await stocks(sessions.first, skew) == [0, 1]


@pytest.mark.lacks("serializable")
async def test_write_skew_is_possible(sessions: Sessions) -> None:
    skew = await skew_of(sessions)
    await skew.run(sessions, seconds=30)
    assert await stocks(sessions.first, skew) == [0, 0]
    assert skew.runs == 2


# Reads beside writes


@pytest.mark.needs("concurrent_reads")
async def test_read_does_not_wait_for_writer(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    async with held(sessions.first, write_to(product)) as writing:
        for storage in sessions:
            assert await within(storage.products.get(product.id)) == product
            assert await within(tag_names(storage)) == []
        await writing.end()
    assert (await sessions.second.products.get(product.id)).price == 5
    assert await tag_names(sessions.second) == ["News"]


@pytest.mark.lacks("concurrent_reads")
async def test_read_waits_for_writer(sessions: Sessions) -> None:
    product = await sessions.first.run(lambda tx: add_product(tx, "Product"))
    async with held(sessions.first, write_to(product)) as writing:
        reading = asyncio.create_task(sessions.second.products.get(product.id))
        assert not await overlap(reading)
        await writing.end()
        assert (await within(reading)).price == 5


def write_to(product: Product) -> Work:
    async def write(tx: Transaction, pause: Pause) -> None:
        await change(tx.products, product.id, {"price": 5})
        await add_tag(tx, "News")
        await pause()

    return write

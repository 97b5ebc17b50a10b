"""What metrics say of a storage: its connections, its units of work, their conflicts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.figures import OPENMETRICS, scraped
from conformance.interleaving import GLIMPSE, add_tag, held, within
from conformance.problem import refusal
from conformance.shop import Shop
from core import clock
from core.entities import TagDraft
from core.storage import Storage, Transaction
from core.storage.observer import observe_with

Work = Callable[[Transaction], Awaitable[Any]]


@pytest.fixture
def backend(app: FastAPI) -> str:
    """Its name, by which figures of storage are labelled."""
    name: str = app.state.backend.name
    return name


async def test_units_of_work_are_counted_but_not_reads(shop: Shop, backend: str) -> None:
    before = await scraped(shop.client)
    tag = await shop.tag()
    await shop.tag()
    await shop.get(f"/tags/{tag['id']}")
    after = await scraped(shop.client)
    assert after.risen(before, "units_of_work_total", backend=backend) == 2
    assert after.risen(before, "unit_of_work_retries_total", backend=backend) == 0
    assert after.risen(before, "conflicts_total", backend=backend, kind="transient") == 0


async def test_conflicts_and_retries_are_counted(shop: Shop, backend: str, conflicts: Callable[[int], None]) -> None:
    before = await scraped(shop.client)
    conflicts(2)
    await shop.tag()
    after = await scraped(shop.client)
    assert after.risen(before, "units_of_work_total", backend=backend) == 1
    assert after.risen(before, "unit_of_work_retries_total", backend=backend) == 2
    assert after.risen(before, "conflicts_total", backend=backend, kind="transient") == 2
    assert after.risen(before, "conflicts_total", backend=backend, kind="outlasted") == 0
    assert (await shop.get("/tags"))["total"] == 1


async def test_exhausted_retries_are_counted(shop: Shop, backend: str, conflicts: Callable[[int], None]) -> None:
    before = await scraped(shop.client)
    conflicts(1_000_000)
    assert refusal(await shop.client.post("/tags", json={"name": "x"})) == (503, "too-many-conflicts")
    after = await scraped(shop.client)
    runs = after.risen(before, "conflicts_total", backend=backend, kind="transient")
    assert runs > 1
    assert after.risen(before, "unit_of_work_retries_total", backend=backend) == runs - 1
    assert after.risen(before, "conflicts_total", backend=backend, kind="outlasted") == 1
    assert after.risen(before, "http_requests_total", method="POST", route="/tags", status="503") == 1


async def test_duplicate_is_not_counted_as_conflict(shop: Shop, backend: str) -> None:
    before = await scraped(shop.client)
    await shop.tag(name="x")
    assert (await shop.client.post("/tags", json={"name": "x", "slug": "y"})).status_code == 409
    after = await scraped(shop.client)
    assert after.risen(before, "conflicts_total", backend=backend, kind="transient") == 0
    assert after.risen(before, "http_requests_total", method="POST", route="/tags", status="409") == 1


async def _change(tx: Transaction, id: int) -> None:
    tag = await tx.tags.lock(id)
    await tx.tags.save(replace(tag, version=tag.version + 1))


async def test_deadlock_reruns_are_counted(shop: Shop, app: FastAPI, backend: str) -> None:
    storage: Storage = app.state.storage
    await storage.run(lambda tx: tx.tags.add([TagDraft(name=n, slug=n) for n in ("a", "b")], clock.now()))
    reached, runs = {1: asyncio.Event(), 2: asyncio.Event()}, 0

    async def crosswise(tx: Transaction, first: int, second: int) -> None:
        nonlocal runs
        runs += 1
        await _change(tx, first)
        reached[first].set()
        with suppress(TimeoutError):  # with a single writer the other one begins when we have ended
            await asyncio.wait_for(reached[second].wait(), GLIMPSE)
        await _change(tx, second)

    before = await scraped(shop.client)
    with observe_with(app.state.metrics.units):
        both = (storage.run(lambda tx: crosswise(tx, 1, 2)), storage.run(lambda tx: crosswise(tx, 2, 1)))
        await within(asyncio.gather(*both))
    after = await scraped(shop.client)
    assert after.risen(before, "units_of_work_total", backend=backend) == 2
    assert after.risen(before, "unit_of_work_retries_total", backend=backend) == runs - 2
    assert after.risen(before, "conflicts_total", backend=backend, kind="transient") == runs - 2


async def test_pool_metrics_match_pool_status(shop: Shop, app: FastAPI, backend: str) -> None:
    storage: Storage = app.state.storage

    async def look(accept: str) -> None:
        status, figures = storage.pool_status(), await scraped(shop.client, accept)
        assert figures.of("pool_size", backend=backend) == status.pool_size
        assert figures.of("pool_in_use", backend=backend) == status.connections_in_use
        assert figures.of("pool_available", backend=backend) == status.connections_available

    async def work(tx: Transaction, pause: Callable[[], Awaitable[None]]) -> None:
        await add_tag(tx, "held")
        await pause()

    for accept in ("", OPENMETRICS):
        await look(accept)
    async with held(storage, work):
        await look("")
        assert (storage.pool_status().connections_in_use > 0) == storage.capabilities.pooled

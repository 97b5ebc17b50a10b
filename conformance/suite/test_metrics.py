"""The metrics of a storage: its connections, its units of work, and their conflicts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.interleaving import BRIEF_TIMEOUT, add_tag, paused, wait_for
from conformance.metrics import OPENMETRICS, scrape
from conformance.problem import error_of
from conformance.shop import Shop
from core import clock
from core.entities import TagDraft
from core.storage import Storage, Transaction
from core.storage.observer import observe_with

Work = Callable[[Transaction], Awaitable[Any]]


@pytest.fixture
def backend(app: FastAPI) -> str:
    """The backend's name, a label of the metrics."""
    name: str = app.state.backend.name
    return name


async def test_units_of_work_are_counted_but_not_reads(shop: Shop, backend: str) -> None:
    before = await scrape(shop.client)
    tag = await shop.tag()
    await shop.tag()
    await shop.get(f"/tags/{tag['id']}")
    after = await scrape(shop.client)
    assert after.delta(before, "units_of_work_total", backend=backend) == 2
    assert after.delta(before, "unit_of_work_retries_total", backend=backend) == 0
    assert after.delta(before, "conflicts_total", backend=backend, kind="transient") == 0


async def test_conflicts_and_retries_are_counted(
    shop: Shop, backend: str, inject_conflicts: Callable[[int], None]
) -> None:
    before = await scrape(shop.client)
    inject_conflicts(2)
    await shop.tag()
    after = await scrape(shop.client)
    assert after.delta(before, "units_of_work_total", backend=backend) == 1
    assert after.delta(before, "unit_of_work_retries_total", backend=backend) == 2
    assert after.delta(before, "conflicts_total", backend=backend, kind="transient") == 2
    assert after.delta(before, "conflicts_total", backend=backend, kind="outlasted") == 0
    assert (await shop.get("/tags"))["total"] == 1


async def test_exhausted_retries_are_counted(shop: Shop, backend: str, inject_conflicts: Callable[[int], None]) -> None:
    before = await scrape(shop.client)
    inject_conflicts(1_000_000)
    assert error_of(await shop.client.post("/tags", json={"name": "x"})) == (503, "too-many-conflicts")
    after = await scrape(shop.client)
    runs = after.delta(before, "conflicts_total", backend=backend, kind="transient")
    assert runs > 1
    assert after.delta(before, "unit_of_work_retries_total", backend=backend) == runs - 1
    assert after.delta(before, "conflicts_total", backend=backend, kind="outlasted") == 1
    assert after.delta(before, "http_requests_total", method="POST", route="/tags", status="503") == 1


async def test_duplicate_is_not_counted_as_conflict(shop: Shop, backend: str) -> None:
    before = await scrape(shop.client)
    await shop.tag(name="x")
    assert (await shop.client.post("/tags", json={"name": "x", "slug": "y"})).status_code == 409
    after = await scrape(shop.client)
    assert after.delta(before, "conflicts_total", backend=backend, kind="transient") == 0
    assert after.delta(before, "http_requests_total", method="POST", route="/tags", status="409") == 1


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
        with suppress(TimeoutError):  # with a single writer the other unit begins when this one has ended
            await asyncio.wait_for(reached[second].wait(), BRIEF_TIMEOUT)
        await _change(tx, second)

    before = await scrape(shop.client)
    with observe_with(app.state.metrics.units):
        units = (storage.run(lambda tx: crosswise(tx, 1, 2)), storage.run(lambda tx: crosswise(tx, 2, 1)))
        await wait_for(asyncio.gather(*units))
    after = await scrape(shop.client)
    assert after.delta(before, "units_of_work_total", backend=backend) == 2
    assert after.delta(before, "unit_of_work_retries_total", backend=backend) == runs - 2
    assert after.delta(before, "conflicts_total", backend=backend, kind="transient") == runs - 2


async def test_pool_metrics_match_pool_status(shop: Shop, app: FastAPI, backend: str) -> None:
    storage: Storage = app.state.storage

    async def check_pool(accept: str) -> None:
        status, metrics = storage.pool_status(), await scrape(shop.client, accept)
        assert metrics.value("pool_size", backend=backend) == status.pool_size
        assert metrics.value("pool_in_use", backend=backend) == status.connections_in_use
        assert metrics.value("pool_available", backend=backend) == status.connections_available

    async def work(tx: Transaction, pause: Callable[[], Awaitable[None]]) -> None:
        await add_tag(tx, "held")
        await pause()

    for accept in ("", OPENMETRICS):
        await check_pool(accept)
    async with paused(storage, work):
        await check_pool("")
        assert (storage.pool_status().connections_in_use > 0) == storage.capabilities.pooled

"""The one pool of a process: its bounds, its honesty, and how it takes the loss of its connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.shop import Shop
from core.clock import now
from core.entities import TagDraft
from core.errors import ConfigurationError, PoolExhausted, Unavailable
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.clocks import SetClock
from tests.serving import serving
from tests.sql.conftest import Opened
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.proxy import Proxy
from tests.sql.seeds import add_tags

pytestmark = pytest.mark.only(*SERVERS)


@asynccontextmanager
async def holding(storage: Storage, count: int) -> AsyncIterator[None]:
    """While it lasts, ``count`` units of work hold a connection each."""
    enough = asyncio.Event()
    held = asyncio.Barrier(count + 1)

    async def work(tx: Transaction) -> None:
        await tx.tags.by_names(["none"])
        await held.wait()
        await enough.wait()

    tasks = [asyncio.create_task(storage.run(work)) for _ in range(count)]
    await held.wait()
    try:
        yield
    finally:
        enough.set()
        await asyncio.gather(*tasks)


# Size, overflow, time-out


async def test_pool_never_exceeds_its_size(opened: Opened, external: ExternalClient) -> None:
    async with opened(pool_size=3, pool_max_overflow=2) as storage:
        [tag] = await add_tags(storage, "News")
        reads = asyncio.gather(*(storage.tags.get(tag.id) for _ in range(500)))
        most = 0
        while not reads.done():
            # A server lists a session for a moment after its client has left; no other takes its place meanwhile.
            looks = [len(await external.sessions()) for _ in range(3)]
            most = max(most, min(looks))
        await reads
        assert most <= 5
        await external.settled(3)  # the overflow is closed


async def test_overflow_is_used_before_waiting(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    monkeypatch.setattr("core.timeouts.monotonic", clock)
    async with opened(pool_size=2, pool_max_overflow=1, pool_timeout=60) as storage, holding(storage, 3):
        assert storage.pool_status().connections_available == 0
        waiting = asyncio.create_task(storage.ping())
        await clock.next_reading()  # the deadline is set
        clock.now += 59
        await clock.next_reading()  # the deadline is compared with the time
        assert not waiting.done()
        clock.now += 1
        with pytest.raises(PoolExhausted):
            await waiting


async def test_exhausted_pool_is_503_then_recovers(settings: Settings, registry: Registry) -> None:
    narrow = settings_for(settings.url, pool_size=2, pool_max_overflow=0, pool_timeout=0.3)
    app = create_app(narrow, registry=registry)
    async with serving(app) as client:
        async with holding(app.state.storage, 2):
            answers = await asyncio.gather(
                client.get("/tags"), client.post("/tags", json={"name": "No"}), client.get("/health")
            )
            assert {error_of(answer) for answer in answers} == {(503, "pool-exhausted")}
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert (await client.get("/tags")).json()["total"] == 0
        assert (await client.post("/tags", json={"name": "Yes"})).status_code == 201
        assert (await client.get("/health/db")).json()["connections_in_use"] == 0


async def test_oversized_pool_is_refused_at_start(opened: Opened) -> None:
    with pytest.raises(ConfigurationError, match="POOL_SIZE and POOL_MAX_OVERFLOW allow 2000 connections"):
        async with opened(pool_size=1000, pool_max_overflow=1000):
            pass


# Kinds of pool


async def test_null_pool_keeps_no_connection(opened: Opened, external: ExternalClient) -> None:
    async with opened(pool_class="null") as storage:
        tags = await asyncio.gather(*(add_tags(storage, f"tag {number}") for number in range(8)))
        await asyncio.gather(*(storage.tags.get(tag.id) for [tag] in tags))
        await external.settled(0)


async def test_static_pool_keeps_one_connection(opened: Opened, external: ExternalClient) -> None:
    async with opened(pool_class="static", pool_size=7, pool_max_overflow=7) as storage:
        tags = await asyncio.gather(*(add_tags(storage, f"tag {number}") for number in range(8)))
        await asyncio.gather(*(storage.tags.get(tag.id) for [tag] in tags))
        await external.settled(1)
        assert (storage.pool_status().pool_size, storage.pool_status().max_overflow) == (1, 0)


async def test_old_connection_is_replaced(
    opened: Opened, external: ExternalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    monkeypatch.setattr("backends.sql.pool.monotonic", clock)
    async with opened(pool_size=1, pool_recycle=60) as storage:
        await storage.ping()
        young = await external.settled(1)
        await storage.ping()
        assert await external.sessions() == young
        clock.now += 61
        await storage.ping()
        assert not young & await external.settled(1)


async def test_closed_storage_has_no_connections(opened: Opened, external: ExternalClient) -> None:
    async with opened() as storage:
        await asyncio.gather(*(storage.ping() for _ in range(5)))
    await external.settled(0)


# Health


@pytest.mark.parametrize(("held", "status"), [(0, "healthy"), (7, "healthy"), (8, "stressed"), (9, "stressed")])
async def test_database_health_reports_pool_use(settings: Settings, registry: Registry, held: int, status: str) -> None:
    app = create_app(settings_for(settings.url, pool_size=8, pool_max_overflow=2), registry=registry)
    async with serving(app) as client, AsyncExitStack() as stack:
        if held:
            await stack.enter_async_context(holding(app.state.storage, held))
        health = (await client.get("/health/db")).json()
        assert (health["status"], health["connections_in_use"]) == (status, held)
        assert (health["pool_size"], health["max_overflow"], health["connections_available"]) == (8, 2, 10 - held)


async def test_database_health_reports_exhausted_pool(settings: Settings, registry: Registry) -> None:
    app = create_app(settings_for(settings.url, pool_size=2, pool_max_overflow=0, pool_timeout=30), registry=registry)
    async with serving(app) as client, holding(app.state.storage, 2):
        health = (await asyncio.wait_for(client.get("/health/db"), 5)).json()
        assert (health["status"], health["connections_available"]) == ("stressed", 0)


@pytest.mark.parametrize("pool_class", ["null", "static"])
async def test_idle_pool_is_healthy(settings: Settings, registry: Registry, pool_class: str) -> None:
    app = create_app(settings_for(settings.url, pool_class=pool_class), registry=registry)
    async with serving(app) as client:
        assert (await client.get("/health/db")).json()["status"] == "healthy"


# Lost connections


async def test_terminated_connections_are_replaced(storage: Storage, external: ExternalClient) -> None:
    [tag] = await add_tags(storage, "News")
    for turn in range(3):
        await asyncio.gather(*(storage.tags.get(tag.id) for _ in range(20)))
        await external.end_all()
        await asyncio.gather(*(storage.tags.get(tag.id) for _ in range(20)))
        await external.end_all()
        await asyncio.gather(*(add_tags(storage, f"{turn} {number}") for number in range(20)))
    assert len(await storage.run(lambda tx: tx.tags.by_names([f"{n // 20} {n % 20}" for n in range(60)]))) == 60


async def test_outage_is_503_then_recovers(proxy: Proxy, registry: Registry) -> None:
    app = create_app(settings_for(proxy.url), registry=registry)
    async with serving(app) as client:
        shop = Shop(client)
        await shop.tag()
        await asyncio.gather(*(shop.get("/tags/1") for _ in range(20)))
        await proxy.cut()
        for answer in (await client.get("/tags/1"), await client.post("/tags", json={"name": "No"})):
            assert error_of(answer) == (503, "storage-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get("/health/db")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        await proxy.mend()
        await asyncio.gather(*(shop.get("/tags/1") for _ in range(20)))
        await asyncio.gather(*(shop.tag() for _ in range(20)))
        assert (await shop.get("/health/db"))["status"] == "healthy"


async def test_outage_between_requests_is_transparent(proxy: Proxy, registry: Registry) -> None:
    app = create_app(settings_for(proxy.url), registry=registry)
    async with serving(app) as client:
        shop = Shop(client)
        await asyncio.gather(*(shop.tag() for _ in range(20)))
        await proxy.cut()
        await proxy.mend()
        await asyncio.gather(*(shop.get("/tags/1") for _ in range(20)))
        await proxy.cut()
        await proxy.mend()
        await asyncio.gather(*(shop.tag() for _ in range(20)))
        assert (await shop.get("/tags"))["total"] == 40


async def test_lost_server_is_not_an_exhausted_pool(proxy: Proxy, registry: Registry) -> None:
    settings = settings_for(proxy.url, pool_size=1)
    storage = await registry.choose(settings).open(settings)
    await proxy.cut()
    with pytest.raises(Unavailable) as error:
        await storage.run(lambda tx: tx.tags.add([TagDraft(name="A", slug="a")], now()))
    assert not isinstance(error.value, PoolExhausted)
    await storage.close()


async def test_cancelled_requests_leave_no_answer_behind(opened: Opened) -> None:
    async with opened(pool_size=2) as storage:
        tags = [(await add_tags(storage, f"tag {number}"))[0] for number in range(20)]

        async def impatient(number: int) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(number % 25 / 1000):
                    if number % 2:
                        await storage.tags.get(tags[number % 20].id)
                    else:
                        await add_tags(storage, f"late {number}")

        for start in range(0, 200, 20):
            await asyncio.gather(*(impatient(number) for number in range(start, start + 20)))
            found = await asyncio.gather(*(storage.tags.get(tag.id) for tag in tags))
            assert found == tags
        assert storage.pool_status().connections_in_use == 0

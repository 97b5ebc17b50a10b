"""A database server that hangs: it keeps its connections open and does not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from time import monotonic

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from backends.sql.connector import CONNECT_TIMEOUT
from backends.sql.storage import SqlStorage
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.shop import Shop
from core.errors import Unavailable
from core.plugins import Registry
from tests.serving import serving
from tests.sql.conftest import Opened, before_round_trips
from tests.sql.external_client import SERVERS, ExternalClient
from tests.sql.proxy import Proxy

pytestmark = pytest.mark.only(*SERVERS)

_DIGITS = " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10))
ENDLESS = "SELECT COUNT(*) FROM {} WHERE {} < 0".format(
    ", ".join(f"({_DIGITS}) AS t{table}" for table in range(12)), " + ".join(f"t{table}.n" for table in range(12))
)

TIMEOUT = 2.0  # seconds; what is not meant to hang takes less, also on a busy machine
SLACK = 20.0  # seconds more that an answer may take on a busy machine, closing the connection included


@pytest.fixture
def app(proxy: Proxy, registry: Registry) -> FastAPI:
    """An API with a short timeout, behind the proxy."""
    return create_app(settings_for(proxy.url, database_timeout=TIMEOUT, pool_size=4), registry=registry)


@pytest.fixture
async def shop(app: FastAPI) -> AsyncIterator[Shop]:
    """Its shop; every connection of its pool has been used."""
    async with serving(app) as client:
        shop = Shop(client)
        await shop.tag()
        await asyncio.gather(*(shop.get("/tags/1") for _ in range(8)))
        yield shop


@contextmanager
def hanging_at(proxy: Proxy, start: str) -> Iterator[None]:
    """The server hangs at the first statement that starts so; it goes on in the end."""

    def hold(statement: str) -> None:
        if statement.startswith(start):
            proxy.hold()

    with before_round_trips(hold):
        yield
    proxy.release()


async def works(shop: Shop) -> None:
    """At once, on every connection, and none is missing."""
    await asyncio.gather(*(shop.get("/tags/1") for _ in range(8)), *(shop.tag() for _ in range(8)))
    health = await shop.get("/health/db")
    assert (health["status"], health["connections_in_use"]) == ("healthy", 0)


async def test_hanging_server_is_503_then_recovers(shop: Shop, proxy: Proxy) -> None:
    proxy.hold()
    for limit in (TIMEOUT, CONNECT_TIMEOUT):  # first on connections that were good, then on new ones
        started = monotonic()
        tag = shop.client.post("/tags", json={"name": "No"})
        answers = await asyncio.gather(tag, *map(shop.client.get, ("/tags/1", "/tags", "/health")))
        assert monotonic() - started < limit + SLACK
        assert {error_of(answer) for answer in answers} == {(503, "storage-unavailable")}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    proxy.release()
    await works(shop)
    assert (await shop.get("/tags"))["total"] == 9


@pytest.mark.parametrize("start", ["INSERT INTO orders", "INSERT INTO notifications", "COMMIT"])
async def test_hanging_unit_of_work_is_503_without_retry(shop: Shop, proxy: Proxy, start: str) -> None:
    user, product = await shop.user(), await shop.product()
    body = {"user_id": user["id"], "items": [{"product_id": product["id"], "quantity": 1}]}
    with hanging_at(proxy, start):
        started = monotonic()
        answer = await shop.client.post("/orders/with-notifications", json=body)
        assert error_of(answer) == (503, "storage-unavailable")
        assert monotonic() - started < TIMEOUT + SLACK
    await works(shop)
    sold = 100 - (await shop.get(f"/products/{product['id']}"))["stock_quantity"]
    assert sold == (await shop.get("/orders"))["total"]
    assert sold == 0 or start == "COMMIT"  # which had been sent, so it is unknown whether it took effect


async def test_hanging_large_bulk_is_503(shop: Shop, proxy: Proxy) -> None:
    bulk = [shop.draft() | {"description": "x" * 10_000} for _ in range(1000)]
    proxy.hold()
    async with asyncio.timeout(20):  # most of it is our own work
        assert error_of(await shop.client.post("/products/bulk", json=bulk)) == (503, "storage-unavailable")
    proxy.release()
    assert (await shop.get("/products"))["total"] == 0
    await works(shop)


async def test_timeout_is_per_statement(shop: Shop, proxy: Proxy) -> None:
    users = [shop.registration() for _ in range(100)]
    proxy.delay = TIMEOUT * 0.3  # some drivers prepare a statement first, which is two answers
    started = monotonic()
    await shop.post("/users/bulk", users)
    assert monotonic() - started > TIMEOUT
    proxy.delay = 0
    assert (await shop.get("/users"))["total"] == 100


async def test_request_cut_off_by_shutdown_is_503(app: FastAPI, shop: Shop, proxy: Proxy) -> None:
    """As a server does it whose grace has ended while the database hangs."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    hanging = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, before_round_trips(lambda _: hanging.set()):
        serving = asyncio.create_task(server._serve([listener]))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            proxy.hold()
            request = asyncio.create_task(client.post("/tags", json={"name": "No"}))
            await hanging.wait()
            server.should_exit = True
            status, code = error_of(await request)
            assert status == 503
            assert code in ("shutting-down", "storage-unavailable")  # asyncpg first waits for the server to cancel
        await serving
    proxy.release()
    await works(shop)


async def test_slow_statement_is_ended_on_server(opened: Opened, external: ExternalClient) -> None:
    async with opened(database_timeout=TIMEOUT, pool_size=1) as storage:
        assert isinstance(storage, SqlStorage)
        for _ in range(2):
            started = monotonic()
            with pytest.raises(Unavailable):
                await storage._reads.rows(text(ENDLESS))
            assert monotonic() - started < TIMEOUT + SLACK
        await storage.ping()
        await external.settled(1)


async def test_close_does_not_wait_for_hanging_server(proxy: Proxy, registry: Registry) -> None:
    settings = settings_for(proxy.url, pool_size=3)
    storage = await registry.choose(settings).open(settings)
    await asyncio.gather(*(storage.ping() for _ in range(6)))
    proxy.hold()
    started = monotonic()
    await storage.close()
    assert monotonic() - started < SLACK

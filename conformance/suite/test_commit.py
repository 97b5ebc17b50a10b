"""Commits: a success is sent only after the commit; every failure is an error and leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, TypeVar

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.shop import Shop, populate
from core import clock
from core.entities import TagDraft, UserDraft
from core.errors import RetriesExhausted, TransientConflict, Unavailable
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction

T = TypeVar("T")
Work = Callable[[Transaction], Awaitable[Any]]

TAG = TagDraft(name="News", slug="news")


class FailingStorage:
    """A storage whose units of work all raise ``error`` after their last write, just before the commit."""

    def __init__(self, storage: Storage, error: Exception) -> None:
        self._storage = storage
        self._error = error
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async def fail_before_commit(tx: Transaction) -> T:
            await work(tx)
            self.runs += 1
            raise self._error

        return await self._storage.run(fail_before_commit)


@asynccontextmanager
async def serve(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that only this test uses, and may change."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield client


@pytest.fixture
def own_app(settings: Settings, registry: Registry) -> FastAPI:
    """An application that may be changed; not started."""
    return create_app(settings, registry=registry)


async def send_writes(shop: Shop) -> list[httpx2.Response]:
    """The responses to one write of each type."""
    client = shop.client
    order = {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}]}
    transfer = {"from_account_id": 1, "to_account_id": 2, "amount": "1.00"}
    post = {"title": "New", "content": "Text.", "author_id": 1, "tags": ["brand new", "news"]}
    return [
        await client.post("/users", json=shop.registration()),
        await client.post("/products/bulk", json=[shop.draft(), shop.draft()]),
        await client.post("/posts", json=post),
        await client.post("/orders", json=order),
        await client.post("/orders/with-notifications", json=order),
        await client.post("/orders/1/payments", json={"amount": "0.02", "method": "card"}),
        await client.patch("/orders/1/status?new_status=cancelled"),
        await client.post("/accounts/transfers", json=transfer),
        await client.post("/accounts/1/deposit", json={"amount": "1.00"}),
        await client.patch("/products/1", json={"price": "5.00"}),
        await client.put("/categories/1", json={"name": "Other"}),
        await client.post("/posts/1/view"),
        await client.delete("/posts/1"),
        await client.delete("/categories/1"),
        await client.delete("/users/bulk/inactive"),
        await client.patch("/users/bulk/deactivate?days=0"),
        await client.delete("/users/1/soft"),
    ]


async def test_failure_before_commit_rolls_back(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        shop = Shop(client)
        await populate(shop)
        before = await shop.contents()
        storage = own_app.state.storage
        for error, expected in ((Unavailable(), (503, "storage-unavailable")), (OSError(), (500, "internal-error"))):
            own_app.state.storage = FailingStorage(storage, error)
            responses = await send_writes(shop)
            assert {error_of(response) for response in responses} == {expected}
            own_app.state.storage = storage
            assert await shop.contents() == before


async def test_exception_rolls_back_and_propagates(storage: Storage) -> None:
    async def work(tx: Transaction) -> None:
        await tx.tags.add([TAG], clock.now())
        assert await tx.tags.by_names(["news"])
        raise LookupError

    with pytest.raises(LookupError):
        await storage.run(work)
    assert await is_empty(storage)


async def test_cancelled_work_releases_its_connection(storage: Storage) -> None:
    written = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.tags.add([TAG], clock.now())
        written.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(storage.run(work))
    await written.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await is_empty(storage)
    assert storage.pool_status().connections_in_use == 0
    await storage.run(lambda tx: tx.tags.add([TAG], clock.now()))


async def test_transient_conflict_reruns_whole_work(storage: Storage) -> None:
    runs = 0

    async def work(tx: Transaction) -> str:
        nonlocal runs
        runs += 1
        await tx.tags.add([TAG], clock.now())  # a duplicate, if the run before had left it
        await tx.users.add([UserDraft(username="ada", email="ada@example.com")], ["hash"], clock.now())
        if runs < 4:
            raise TransientConflict
        return "done"

    assert await storage.run(work) == "done"
    assert runs == 4
    assert len(await storage.run(lambda tx: tx.tags.by_names(["news"]))) == 1
    assert await storage.users.active_count() == 1


async def test_conflict_retries_are_limited(storage: Storage) -> None:
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.tags.add([TAG], clock.now())
        raise TransientConflict

    started = monotonic()
    with pytest.raises(RetriesExhausted):
        await storage.run(work)
    assert 2 < runs < 50
    assert monotonic() - started < 20
    assert await is_empty(storage)


async def test_exhausted_retries_are_503(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        shop = Shop(client)
        storage = own_app.state.storage
        failing_storage = own_app.state.storage = FailingStorage(storage, TransientConflict())
        response = await client.post("/tags", json={"name": "News"})
        assert error_of(response) == (503, "too-many-conflicts")
        assert int(response.headers["retry-after"]) >= 1
        assert failing_storage.runs > 2
        own_app.state.storage = storage
        assert (await shop.get("/tags"))["total"] == 0
        await shop.post("/tags", {"name": "News"})


async def is_empty(storage: Storage) -> bool:
    """Whether the storage has no tag."""
    return not await storage.run(lambda tx: tx.tags.by_names(["news"]))


@pytest.fixture
def narrow_app(settings: Settings, registry: Registry) -> FastAPI:
    """An application with one connection and a short pool timeout; not started."""
    changes = {"pool_size": 1, "pool_max_overflow": 0, "pool_timeout": 0.5}
    return create_app(settings_for(settings.url, **changes), registry=registry)


@pytest.mark.needs("pooled")
async def test_exhausted_pool_is_503_and_recovers(narrow_app: FastAPI) -> None:
    async with serve(narrow_app) as client, hold_connection(narrow_app.state.storage):
        started = monotonic()
        for request in (client.get("/users"), client.post("/tags", json={"name": "News"}), client.get("/health")):
            response = await request
            assert error_of(response) == (503, "pool-exhausted")
            assert int(response.headers["retry-after"]) >= 1
        assert monotonic() - started < 5
        assert (await client.get("/livez")).status_code == 200
    async with serve(narrow_app) as client:
        async with hold_connection(narrow_app.state.storage):
            assert error_of(await client.get("/users/1"))[0] == 503
        assert (await client.get("/users")).json()["total"] == 0
        assert (await client.post("/tags", json={"name": "News"})).status_code == 201
        assert (await client.get("/health/db")).json()["status"] in ("healthy", "stressed")


@pytest.mark.needs("pooled")
async def test_short_wait_for_connection_succeeds(settings: Settings, registry: Registry) -> None:
    changes = {
        "pool_size": 1,
        "pool_max_overflow": 0,
        "pool_timeout": 30,
    }  # longer than the requests take on a busy machine
    async with serve(create_app(settings_for(settings.url, **changes), registry=registry)) as client:
        responses = await asyncio.gather(*(client.get("/users?page_size=1") for _ in range(32)))
        assert {response.status_code for response in responses} == {200}


@asynccontextmanager
async def hold_connection(storage: Storage) -> AsyncIterator[None]:
    """Within the context, a unit of work holds a connection."""
    held, release = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.tags.by_names(["news"])
        held.set()
        await release.wait()

    task = asyncio.create_task(storage.run(work))
    await held.wait()
    try:
        yield
    finally:
        release.set()
        await task

"""A server that hangs: it keeps its connections, and says nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from backends.mongo import driver
from backends.mongo.collection import Collection
from conformance.defaults import settings_for
from conformance.problem import refusal
from conformance.shop import Shop
from core.clock import now
from core.entities import CategoryDraft
from core.errors import Unavailable
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import Node, connected, failing, initiate, start

pytestmark = pytest.mark.only("mongodb")

PATIENCE = 0.5
LEAVE = 5.0  # seconds more that an answer may take on a busy machine
# A read is sent once more, on a new connection, unless no server is known any more.
SHORTLY = "&".join(f"{name}=500" for name in ("connectTimeoutMS", "serverSelectionTimeoutMS", "heartbeatFrequencyMS"))
LIMITS = {
    "": {"sockettimeoutms": 500},
    "&timeoutMS=7000": {},
    "&socketTimeoutMS=7000": {},
}


@pytest.fixture(scope="module")
def node(site: RunDirectory, mongod: Path) -> Node:
    """A server of the module's own."""
    return asyncio.run(start(site, mongod, "--setParameter=enableTestCommands=1"))


@pytest.fixture(scope="module")
def url(node: Node, registry: Registry) -> str:
    """A migrated database on it."""

    async def prepare() -> str:
        url = f"{database_url(await initiate(node), 'shop')}&{SHORTLY}"
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url

    return asyncio.run(prepare())


@pytest.fixture
async def storage(url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That database, of little patience."""
    settings = settings_for(url, database_timeout=PATIENCE)
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture
async def neighbour(url: str, registry: Registry) -> AsyncIterator[Storage]:
    """It again, as another process has it."""
    settings = settings_for(url)
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture
async def shop(url: str, registry: Registry) -> AsyncIterator[Shop]:
    """The shop of an API of little patience."""
    app: FastAPI = create_app(settings_for(url, database_timeout=PATIENCE, pool_size=8), registry=registry)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client,
    ):
        yield Shop(client)


@contextmanager
def hanging(node: Node) -> Iterator[None]:
    """The server says nothing, until the context is left."""
    os.kill(node.process.pid, SIGSTOP)
    sleep(0.1)  # until all its threads have heard of it
    try:
        yield
    finally:
        os.kill(node.process.pid, SIGCONT)


async def in_time(refused: Awaitable[Any]) -> None:
    """Storage says in time that it cannot."""
    started = monotonic()
    with pytest.raises(Unavailable):
        await refused
    assert monotonic() - started < PATIENCE + LEAVE


async def works(shop: Shop) -> None:
    """At once, as often as there are connections and more, and none of them is missing."""
    started = monotonic()
    await asyncio.gather(*(shop.get("/categories") for _ in range(12)), *(shop.category() for _ in range(12)))
    assert monotonic() - started < LEAVE
    health = await shop.get("/health/db")
    assert (health["status"], health["connections_in_use"]) == ("healthy", 0)


async def test_every_request_is_503_in_time_and_all_is_well_when_the_server_goes_on(shop: Shop, node: Node) -> None:
    tag = await shop.tag()
    with hanging(node):
        for _ in range(5):  # at first on connections that were good, in the end no server is known any more
            started = monotonic()
            written = shop.client.post("/tags", json={"name": f"{tag['name']} too"})
            read = map(shop.client.get, ("/tags/1", "/tags", "/health", "/readyz"))
            answers = await asyncio.gather(written, *read)
            assert monotonic() - started < 3 * PATIENCE + LEAVE
            assert {refusal(answer) for answer in answers} == {(503, "storage-unavailable")}
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
            assert (await shop.client.get("/livez")).status_code == 200
    await works(shop)


NAMES = (f"unit-{number}" for number in count())
Step = Callable[[Transaction], Awaitable[Any]]


async def create(tx: Transaction) -> int:
    """Any write; the id."""
    name = next(NAMES)
    [category] = await tx.categories.add([CategoryDraft(name=name, slug=name)], now())
    return category.id


def change(id: int) -> Step:
    """A write to a document that others want to write to."""

    async def work(tx: Transaction) -> None:
        category = await tx.categories.lock(id)
        await tx.categories.save(replace(category, version=category.version + 1))

    return work


async def nothing(_tx: Transaction) -> None: ...


@pytest.mark.parametrize("step", [create, nothing], ids=["write", "commit"])
async def test_a_unit_of_work_that_hangs_is_not_run_again_and_holds_nobody_up(
    storage: Storage, neighbour: Storage, node: Node, step: Step
) -> None:
    first = await storage.run(create)
    runs = 0
    with ExitStack() as until_then:

        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            await change(first)(tx)
            until_then.enter_context(hanging(node))
            await step(tx)

        await in_time(storage.run(work))
    assert runs == 1
    started = monotonic()
    await neighbour.run(change(first))
    assert monotonic() - started < LEAVE


async def test_a_commit_that_was_refused_holds_nobody_up(storage: Storage, neighbour: Storage, url: str) -> None:
    first = await storage.run(create)
    async with failing(url, "commitTransaction", {"times": 1}, errorCode=20):
        with pytest.raises(Exception, match="refused"):
            await storage.run(change(first))
    started = monotonic()
    await neighbour.run(change(first))
    assert monotonic() - started < LEAVE


async def test_a_command_that_takes_too_long_is_ended_on_the_server(storage: Storage, url: str) -> None:
    await storage.run(create)
    forever = {"$where": "sleep(60000) || true"}
    categories: Collection = storage._reader.collection("categories")  # type: ignore[attr-defined]
    await in_time(categories.find(forever))
    await asyncio.sleep(0.5)
    async with connected(url) as client:
        listed = await client.admin.command({"currentOp": 1, "appName": "stockroom", "ns": "shop.categories"})
    assert listed["inprog"] == []


async def test_closing_does_not_wait(url: str, registry: Registry, node: Node) -> None:
    settings = settings_for(url)
    storage = await registry.choose(settings).open(settings)
    await storage.run(create)
    with hanging(node):
        started = monotonic()
        await storage.close()
        assert monotonic() - started < LEAVE


async def test_a_time_limit_in_the_url_goes(url: str, registry: Registry, node: Node) -> None:
    settings = settings_for(f"{url}&timeoutMS=500")
    storage = await registry.choose(settings).open(settings)
    with hanging(node):
        await in_time(storage.categories.all())
    await storage.close()


@pytest.mark.parametrize(("given", "ours"), LIMITS.items(), ids=LIMITS)
async def test_a_limit_that_the_url_sets_is_not_overridden(
    url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch, given: str, ours: dict[str, int]
) -> None:
    seen: dict[str, Any] = {}
    connect = driver.client

    def client(url: str, listeners: list[Any], options: dict[str, Any]) -> Any:
        seen.update(options)
        return connect(url, listeners, options)

    monkeypatch.setattr(driver, "client", client)
    settings = settings_for(url + given, database_timeout=PATIENCE)
    await (await registry.choose(settings).open(settings)).close()
    assert {name: seen[name] for name in ("timeoutms", "sockettimeoutms") if name in seen} == ours


async def test_a_migration_takes_as_long_as_it_takes(url: str, registry: Registry) -> None:
    settings = settings_for(url.replace("/shop", "/slow"), database_timeout=PATIENCE)
    async with failing(url, "createIndexes", {"times": 1}, blockConnection=True, blockTimeMS=int(PATIENCE * 3000)):
        await registry.choose(settings).migrations(settings).up()

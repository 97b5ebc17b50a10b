"""A server that hangs: its connections stay open, and no command is answered."""

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

import pytest
from fastapi import FastAPI

from api.app import create_app
from backends.mongo import driver
from backends.mongo.collection import Collection
from conformance.defaults import settings_for
from conformance.problem import error_of
from conformance.shop import Shop
from core.clock import now
from core.entities import CategoryDraft
from core.errors import Unavailable
from core.plugins import Registry
from core.storage import Storage, Transaction
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import Node, failpoint, initiate, open_client, start_node
from tests.serving import serving

pytestmark = pytest.mark.only("mongodb")

TIMEOUT = 0.5
TOLERANCE = 5.0  # seconds more that an answer may take on a busy machine
# A read is sent once more, on a new connection, unless no server is known any more.
SHORT_TIMEOUTS = "&".join(
    f"{name}=500" for name in ("connectTimeoutMS", "serverSelectionTimeoutMS", "heartbeatFrequencyMS")
)
URL_TIMEOUTS = {
    "": {"sockettimeoutms": 500},
    "&timeoutMS=7000": {},
    "&socketTimeoutMS=7000": {},
}


@pytest.fixture(scope="module")
def node(site: RunDirectory, mongod: Path) -> Node:
    """A server for this module alone."""
    return asyncio.run(start_node(site, mongod, "--setParameter=enableTestCommands=1"))


@pytest.fixture(scope="module")
def url(node: Node, registry: Registry) -> str:
    """A migrated database on it."""

    async def prepare() -> str:
        url = f"{database_url(await initiate(node), 'shop')}&{SHORT_TIMEOUTS}"
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url

    return asyncio.run(prepare())


@pytest.fixture
async def storage(url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That database, with a short timeout."""
    settings = settings_for(url, database_timeout=TIMEOUT)
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture
async def other_storage(url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That database, opened as by another process."""
    settings = settings_for(url)
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture
async def shop(url: str, registry: Registry) -> AsyncIterator[Shop]:
    """The API on it, with a short timeout."""
    app: FastAPI = create_app(settings_for(url, database_timeout=TIMEOUT, pool_size=8), registry=registry)
    async with serving(app) as client:
        yield Shop(client)


@contextmanager
def hanging(node: Node) -> Iterator[None]:
    """Stop the server until the context is left."""
    os.kill(node.process.pid, SIGSTOP)
    sleep(0.1)  # until all its threads have stopped
    try:
        yield
    finally:
        os.kill(node.process.pid, SIGCONT)


async def assert_unavailable_in_time(call: Awaitable[Any]) -> None:
    """The storage raises Unavailable within its timeout."""
    started = monotonic()
    with pytest.raises(Unavailable):
        await call
    assert monotonic() - started < TIMEOUT + TOLERANCE


async def assert_works(shop: Shop) -> None:
    """More requests than there are connections are answered at once, and no connection is lost."""
    started = monotonic()
    await asyncio.gather(*(shop.get("/categories") for _ in range(12)), *(shop.category() for _ in range(12)))
    assert monotonic() - started < TOLERANCE
    health = await shop.get("/health/db")
    assert (health["status"], health["connections_in_use"]) == ("healthy", 0)


async def test_hung_server_answers_503_and_recovers(shop: Shop, node: Node) -> None:
    tag = await shop.tag()
    with hanging(node):
        for _ in range(5):  # at first on connections that were good, in the end no server is known any more
            started = monotonic()
            written = shop.client.post("/tags", json={"name": f"{tag['name']} too"})
            read = map(shop.client.get, ("/tags/1", "/tags", "/health", "/readyz"))
            answers = await asyncio.gather(written, *read)
            assert monotonic() - started < 3 * TIMEOUT + TOLERANCE
            assert {error_of(answer) for answer in answers} == {(503, "storage-unavailable")}
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
            assert (await shop.client.get("/livez")).status_code == 200
    await assert_works(shop)


NAMES = (f"unit-{number}" for number in count())
Step = Callable[[Transaction], Awaitable[Any]]


async def create(tx: Transaction) -> int:
    """Any write; the id."""
    name = next(NAMES)
    [category] = await tx.categories.add([CategoryDraft(name=name, slug=name)], now())
    return category.id


def change(id: int) -> Step:
    """A write to a document that another transaction writes to."""

    async def work(tx: Transaction) -> None:
        category = await tx.categories.lock(id)
        await tx.categories.save(replace(category, version=category.version + 1))

    return work


async def nothing(_tx: Transaction) -> None: ...


@pytest.mark.parametrize("step", [create, nothing], ids=["write", "commit"])
async def test_hung_unit_of_work_ends_and_frees_its_locks(
    storage: Storage, other_storage: Storage, node: Node, step: Step
) -> None:
    first = await storage.run(create)
    runs = 0
    with ExitStack() as stack:

        async def work(tx: Transaction) -> None:
            nonlocal runs
            runs += 1
            await change(first)(tx)
            stack.enter_context(hanging(node))
            await step(tx)

        await assert_unavailable_in_time(storage.run(work))
    assert runs == 1
    started = monotonic()
    await other_storage.run(change(first))
    assert monotonic() - started < TOLERANCE


async def test_refused_commit_frees_its_locks(storage: Storage, other_storage: Storage, url: str) -> None:
    first = await storage.run(create)
    async with failpoint(url, "commitTransaction", {"times": 1}, errorCode=20):
        with pytest.raises(Exception, match="refused"):
            await storage.run(change(first))
    started = monotonic()
    await other_storage.run(change(first))
    assert monotonic() - started < TOLERANCE


async def test_timed_out_command_ends_on_the_server(storage: Storage, url: str) -> None:
    await storage.run(create)
    forever = {"$where": "sleep(60000) || true"}
    categories: Collection = storage._reader.collection("categories")  # type: ignore[attr-defined]
    await assert_unavailable_in_time(categories.find(forever))
    await asyncio.sleep(0.5)
    async with open_client(url) as client:
        listed = await client.admin.command({"currentOp": 1, "appName": "stockroom", "ns": "shop.categories"})
    assert listed["inprog"] == []


async def test_close_returns_while_server_hangs(url: str, registry: Registry, node: Node) -> None:
    settings = settings_for(url)
    storage = await registry.choose(settings).open(settings)
    await storage.run(create)
    with hanging(node):
        started = monotonic()
        await storage.close()
        assert monotonic() - started < TOLERANCE


async def test_timeout_of_the_url_applies(url: str, registry: Registry, node: Node) -> None:
    settings = settings_for(f"{url}&timeoutMS=500")
    storage = await registry.choose(settings).open(settings)
    with hanging(node):
        await assert_unavailable_in_time(storage.categories.all())
    await storage.close()


@pytest.mark.parametrize(("given", "ours"), URL_TIMEOUTS.items(), ids=URL_TIMEOUTS)
async def test_timeout_of_the_url_is_not_overridden(
    url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch, given: str, ours: dict[str, int]
) -> None:
    seen: dict[str, Any] = {}
    create = driver.create_client

    def create_client(url: str, listeners: list[Any], options: dict[str, Any]) -> Any:
        seen.update(options)
        return create(url, listeners, options)

    monkeypatch.setattr(driver, "create_client", create_client)
    settings = settings_for(url + given, database_timeout=TIMEOUT)
    await (await registry.choose(settings).open(settings)).close()
    assert {name: seen[name] for name in ("timeoutms", "sockettimeoutms") if name in seen} == ours


async def test_migration_has_no_timeout(url: str, registry: Registry) -> None:
    settings = settings_for(url.replace("/shop", "/slow"), database_timeout=TIMEOUT)
    async with failpoint(url, "createIndexes", {"times": 1}, blockConnection=True, blockTimeMS=int(TIMEOUT * 3000)):
        await registry.choose(settings).migrations(settings).up()

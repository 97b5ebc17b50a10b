"""Fixtures of the tests of the MongoDB backend."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from conformance.defaults import settings_for
from core.plugins import Registry
from core.storage import Storage
from tests.harness.kind import database_url
from tests.harness.run_directory import RunDirectory
from tests.harness.server import Server
from tests.mongo.deployment import KIND, initiate, open_client, start_node


@pytest.fixture(scope="session")
def mongod(database_server: Server) -> Path:
    """The server program. The run offers MongoDB, so a missing program is a failure."""
    return KIND.find_program()


@pytest.fixture(scope="module")
def site() -> Iterator[RunDirectory]:
    """The folder, ports and servers of a module, which end with it."""
    site = RunDirectory.new()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def faulty_url(site: RunDirectory, mongod: Path, registry: Registry) -> str:
    """A database on a replica set of one, whose commands can be made to fail."""

    async def prepare() -> str:
        url = database_url(
            await initiate(await start_node(site, mongod, "--setParameter=enableTestCommands=1")), "shop"
        )
        settings = settings_for(url)
        await registry.choose(settings).migrations(settings).up()
        return url

    return asyncio.run(prepare())


@pytest.fixture
async def faulty(faulty_url: str, registry: Registry) -> AsyncIterator[Storage]:
    """That database, opened, its ids reserved, and without categories."""
    settings = settings_for(faulty_url)
    storage = await registry.choose(settings).open(settings)
    async with open_client(faulty_url) as client:
        await client["shop"]["categories"].delete_many({})
    yield storage
    await storage.close()

"""What every test can ask for. A test that asks for a storage, in whichever way, runs once on each there is."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from core.plugins import Registry, discover
from core.settings import Settings
from core.storage import Storage
from core.storage.trips import count
from tests.harness.controller import PACKED, Controller
from tests.harness.databases import Databases
from tests.harness.offering import Offering
from tests.harness.server import Offer, Server, settings_for
from tests.harness.serving import serving

OFFER = pytest.StashKey[Callable[[], Offer]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("stockroom")
    group.addoption(
        "--storage", default="all", metavar="NAME,…", help="only these storages, or 'embedded'; default: all"
    )
    group.addoption(
        "--require", default="", metavar="NAME,…", help="fail unless tests ran and passed on these storages"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(capability, …): only on storages that can do this")
    config.addinivalue_line("markers", "only(name, …): only on these storages")
    config.option.anyio_mode = "auto"
    if hasattr(config, "workerinput"):
        handed = Offer.unpack(config.workerinput[PACKED])
        config.stash[OFFER] = lambda: handed
    else:
        controller = Controller(config)
        config.pluginmanager.register(controller)
        config.stash[OFFER] = controller.offer
    config.pluginmanager.register(Offering(config.stash[OFFER]))


@pytest.fixture
def anyio_backend() -> str:
    """One event loop per test, for its fixtures and itself; a fixture of a wider scope cannot be asynchronous."""
    return "asyncio"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The installed backends."""
    return discover()


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> Server:
    """The database server, or what stands for it, that this run of the test is about."""
    server: Server = request.param
    return server


@pytest.fixture(scope="session")
def databases(database_server: Server, registry: Registry, pytestconfig: pytest.Config) -> Iterator[Databases]:
    """This worker's databases on the server."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    databases = Databases(database_server, registry, f"{pytestconfig.stash[OFFER]().run}_{worker}")
    yield databases
    asyncio.run(databases.close())


@pytest.fixture
def database_url(databases: Databases) -> str:
    """A migrated database without data; the first ids will be 1. Its schema must be left alone: see ``blank_url``."""
    return asyncio.run(databases.fresh())


@pytest.fixture
def blank_url(databases: Databases) -> str:
    """A database of the test's own with nothing in it, for tests of migrations."""
    return asyncio.run(databases.blank())


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The defaults, with that database and cheap password hashes; neither the environment nor ``.env`` has a say."""
    return settings_for(database_url)


@pytest.fixture
async def storage(settings: Settings, registry: Registry) -> AsyncIterator[Storage]:
    """An opened storage, empty and migrated."""
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture(scope="session")
def apps(registry: Registry) -> Callable[[Settings], FastAPI]:
    """The API for some settings, made once: building its routes takes 150 ms, ten times as long as starting it."""

    @lru_cache(maxsize=8)
    def make(settings: Settings) -> FastAPI:
        return create_app(settings, registry=registry)

    return make


@pytest.fixture
async def app(settings: Settings, apps: Callable[[Settings], FastAPI]) -> AsyncIterator[FastAPI]:
    """The API in this process, started; stopped after the test. Whoever wants to change it makes one of their own."""
    app = apps(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the API in this process."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        yield client


@pytest.fixture
def two_servers(settings: Settings, tmp_path: Path) -> Iterator[list[str]]:
    """The base URLs of two ``stockroom serve`` processes on one database; only where a storage can be shared."""
    with serving(settings, tmp_path, 2) as servers:

        async def ready() -> None:
            await asyncio.gather(*(one.ready() for one in servers))

        asyncio.run(ready())
        yield [one.url for one in servers]


@pytest.fixture
def trips() -> Callable[[], AbstractContextManager[list[str]]]:
    """``with trips() as made:`` collects the round trips to the database that are made within."""
    return count

"""The fixtures of the suite and of a backend's own tests. A test that uses a storage runs once on each target."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.defaults import protected_settings_for, settings_for
from conformance.interleaving import StoragePair
from conformance.processes.servers import run_servers
from conformance.shop import Shop
from conformance.target import Target
from core import clock
from core.errors import TransientConflict
from core.plugins import Registry, discover
from core.settings import Settings
from core.storage import Storage, Transaction
from core.storage.round_trips import collect

Tick = Callable[[timedelta], datetime]
RoundTrips = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def anyio_backend() -> str:
    """One event loop per test, for its fixtures and itself; a fixture of a wider scope cannot be asynchronous."""
    return "asyncio"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The installed backends."""
    return discover()


@pytest.fixture(scope="session")
def conformance_target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The kind of store that this run of the test uses; ``conformance.plugin`` repeats the test over all."""
    target: Target = request.param
    yield target
    asyncio.run(target.close())


@pytest.fixture
def database_url(conformance_target: Target) -> str:
    """A migrated store without data, whose first ids will be 1. Tests of migrations use ``blank_url`` instead."""
    return asyncio.run(conformance_target.fresh())


@pytest.fixture
def blank_url(conformance_target: Target) -> str:
    """A store without a schema, for tests of migrations."""
    return asyncio.run(conformance_target.blank())


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The defaults, with that store and cheap password hashes; neither the environment nor ``.env`` is read."""
    return settings_for(database_url)


@pytest.fixture
async def storage(settings: Settings, registry: Registry) -> AsyncIterator[Storage]:
    """An opened storage, empty and migrated."""
    storage = await registry.choose(settings).open(settings)
    yield storage
    await storage.close()


@pytest.fixture
async def storages(
    storage: Storage, settings: Settings, registry: Registry, conformance_target: Target
) -> AsyncIterator[StoragePair]:
    """Two storages open on one empty, migrated store."""
    if not conformance_target.backend.capabilities.shared:
        yield StoragePair(storage, storage)
        return
    other = await registry.choose(settings).open(settings)
    yield StoragePair(storage, other)
    await other.close()


@pytest.fixture(scope="session")
def built_app(registry: Registry) -> FastAPI:
    """The API, not started. Building it takes longer than most tests, so it is built once."""
    return create_app(settings_for("nowhere://"), registry=registry)


@pytest.fixture
async def app(built_app: FastAPI, settings: Settings) -> AsyncIterator[FastAPI]:
    """The API, started on the test's store and stopped after it. Tests that change it must create their own."""
    built_app.state.settings = settings
    async with built_app.router.lifespan_context(built_app):
        yield built_app


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    """A client of an API in this process; an exception in the API becomes a response, as over a network."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://shop.test")


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the API in this process."""
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="session")
def built_protected_app(registry: Registry) -> FastAPI:
    """As ``built_app``, with authentication."""
    return create_app(protected_settings_for("nowhere://"), registry=registry)


@pytest.fixture
async def protected_app(built_protected_app: FastAPI, settings: Settings) -> AsyncIterator[FastAPI]:
    """As ``app``, with authentication."""
    built_protected_app.state.settings = protected_settings_for(settings.url)
    async with built_protected_app.router.lifespan_context(built_protected_app):
        yield built_protected_app


@pytest.fixture
async def anonymous_client(protected_app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the protected API, without a token."""
    async with client_of(protected_app) as client:
        yield client


@pytest.fixture
def shop(client: httpx2.AsyncClient) -> Shop:
    """An empty shop."""
    return Shop(client)


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Tick:
    """Freezes the shop's clock; each call moves it by a step and returns the new time."""
    time = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)

    def move(step: timedelta) -> datetime:
        nonlocal time
        time += step
        return time

    monkeypatch.setattr(clock, "now", lambda: time)
    return move


@pytest.fixture
def two_servers(settings: Settings, tmp_path: Path) -> Iterator[list[str]]:
    """The base URLs of two ``stockroom serve`` processes on one store; only where a storage can be shared."""
    with run_servers(settings, tmp_path, 2) as urls:
        yield urls


@pytest.fixture
def round_trips() -> RoundTrips:
    """A context manager that collects the round trips made within."""
    return collect


@pytest.fixture
def inject_conflicts(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the next n runs of units of work fail with a transient conflict; the runs after them follow at once."""
    run, left = app.state.storage.run, 0

    async def conflicting_run(work: Callable[[Transaction], Awaitable[Any]]) -> Any:
        async def conflicting(tx: Transaction) -> Any:
            nonlocal left
            result = await work(tx)
            if left:
                left -= 1
                raise TransientConflict
            return result

        return await run(conflicting)

    def inject(times: int) -> None:
        nonlocal left
        left = times

    monkeypatch.setattr(app.state.storage, "run", conflicting_run)
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    return inject


__all__ = [
    "anonymous_client",
    "anyio_backend",
    "app",
    "blank_url",
    "built_app",
    "built_protected_app",
    "client",
    "conformance_target",
    "database_url",
    "inject_conflicts",
    "protected_app",
    "registry",
    "round_trips",
    "settings",
    "shop",
    "storage",
    "storages",
    "tick",
    "two_servers",
]

"""Where SQLite's database is: a file that is deleted or replaced while it is open, and the memory of the process."""

import asyncio
import os
import shutil
import sqlite3
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from backends.sql.storage import SqlStorage
from conformance.defaults import settings_for
from conformance.problem import error_of, read_problem
from conformance.shop import Shop
from core.plugins import Registry
from core.services import readiness
from core.settings import Settings
from tests.serving import serving

pytestmark = pytest.mark.only("sqlite")

UNAVAILABLE = (503, "storage-unavailable")


@pytest.fixture
def file(settings: Settings) -> Path:
    """The file of the test's database."""
    return Path(settings.url.partition(":///")[2])


async def assert_reported(client: httpx2.AsyncClient) -> None:
    for answer in (await client.post("/tags", json={"name": "lost"}), await client.get("/readyz")):
        assert error_of(answer) == UNAVAILABLE
        assert "deleted or replaced" in read_problem(answer)["detail"]


async def test_deleted_file_is_reported(client: httpx2.AsyncClient, file: Path) -> None:
    assert (await client.post("/tags", json={"name": "kept"})).status_code == 201
    os.unlink(file)
    await assert_reported(client)
    assert (await client.get("/livez")).status_code == 200


async def test_replaced_file_is_reported(client: httpx2.AsyncClient, file: Path) -> None:
    copy = file.with_name("copy.db")
    shutil.copyfile(file, copy)
    os.replace(copy, file)
    await assert_reported(client)


async def test_file_that_returns_is_used_again(
    client: httpx2.AsyncClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "VERIFY_SECONDS", 0)
    aside = file.with_name("aside.db")
    os.rename(file, aside)
    await assert_reported(client)
    os.rename(aside, file)
    assert (await client.post("/tags", json={"name": "kept"})).status_code == 201
    assert (await client.get("/readyz")).status_code == 200


async def test_backup_is_restored_as_documented(
    client: httpx2.AsyncClient, app: FastAPI, file: Path, settings: Settings, registry: Registry
) -> None:
    copy = file.with_name("copy.db")
    await client.post("/tags", json={"name": "kept"})
    _backup(file, copy)
    await client.post("/tags", json={"name": "lost"})
    await app.state.storage.close()
    _backup(copy, file)  # as ``.restore`` does
    async with serving(create_app(settings, registry=registry)) as again:
        assert [tag["name"] for tag in (await again.get("/tags")).json()["items"]] == ["kept"]
        assert (await again.post("/tags", json={"name": "new"})).status_code == 201


def _backup(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as one, sqlite3.connect(target) as other:
        one.backup(other)
    one.close()
    other.close()


# In memory


@pytest.fixture(params=["sqlite:///:memory:", "sqlite://", "sqlite+aiosqlite:///:memory:"])
def memory_app(request: pytest.FixtureRequest, registry: Registry) -> FastAPI:
    return create_app(settings_for(request.param), registry=registry)


async def test_memory_database_serves_concurrent_requests(memory_app: FastAPI) -> None:
    async with serving(memory_app) as client:
        shop = Shop(client)
        await asyncio.gather(*(shop.tag() for _ in range(20)), *(client.get("/tags") for _ in range(20)))
        assert (await client.get("/readyz")).status_code == 200
        assert (await shop.get("/tags"))["total"] == 20
        health = await shop.get("/health/db")
        assert (health["pool_size"], health["server"].startswith("SQLite in memory ")) == (1, True)
    async with serving(memory_app) as client:
        assert (await client.get("/tags")).json()["total"] == 0


async def test_memory_database_outlives_its_connection(memory_app: FastAPI) -> None:
    async with serving(memory_app) as client:
        shop = Shop(client)
        tag = await shop.tag()
        storage = memory_app.state.storage
        assert isinstance(storage, SqlStorage)
        async with storage._pool.acquire() as pooled:
            await pooled.connection.invalidate()
        assert await shop.get(f"/tags/{tag['id']}") == tag


async def test_two_memory_databases_are_apart(registry: Registry) -> None:
    one, other = (create_app(settings_for("sqlite:///:memory:"), registry=registry) for _ in range(2))
    async with serving(one) as first, serving(other) as second:
        await Shop(first).tag()
        assert (await second.get("/tags")).json()["total"] == 0


async def test_memory_database_warns_that_it_is_not_durable(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(create_app(settings_for("sqlite:///:memory:"), registry=registry)) as client:
        assert (await client.get("/")).status_code == 200
    assert [record.message for record in caplog.records if "not durable" in record.message]

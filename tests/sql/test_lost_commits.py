"""Commits that fail on the server, and connections lost in a unit of work: an error or a retry, never lost data."""

import asyncio
from threading import Thread

import pytest

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from core.clock import now
from core.entities import TagDraft
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.serving import serving
from tests.sql.conftest import before_round_trips
from tests.sql.external_client import SERVERS, ExternalClient

DEFERRED = {
    "sqlite": [
        "CREATE TABLE audit (tag_id INTEGER REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER audited AFTER INSERT ON tags BEGIN INSERT INTO audit VALUES (-1); END",
    ],
    "postgresql": [
        "CREATE TABLE audit (tag_id BIGINT REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED)",
        "GRANT ALL ON audit TO PUBLIC",
        "CREATE RULE audited AS ON INSERT TO tags DO ALSO INSERT INTO audit VALUES (-1)",
    ],
}


@pytest.mark.only(*DEFERRED)
async def test_refused_commit_is_500(registry: Registry, blank_url: str) -> None:
    settings = settings_for(blank_url)
    await registry.choose(settings).migrations(settings).up()
    external = ExternalClient(settings)
    await external.run(*DEFERRED[external.dialect.name])
    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        assert error_of(await client.post("/tags", json={"name": "News"})) == (500, "internal-error")
        assert (await client.get("/tags")).json()["total"] == 0
        assert (await client.post("/categories", json={"name": "Works"})).status_code == 201


@pytest.mark.only(*SERVERS)
async def test_connection_lost_at_commit_is_503(
    settings: Settings, registry: Registry, external: ExternalClient
) -> None:
    ends = 0

    def end_all(statement: str) -> None:
        nonlocal ends
        if statement == "COMMIT" and not ends:
            ends += 1
            operator = Thread(target=lambda: asyncio.run(external.end_all()))
            operator.start()
            operator.join()

    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        with before_round_trips(end_all):
            assert error_of(await client.post("/tags", json={"name": "News"})) == (503, "storage-unavailable")
        assert ends == 1
        assert (await client.get("/tags")).json()["total"] == 0
        assert (await client.post("/tags", json={"name": "News"})).status_code == 201


@pytest.mark.only(*SERVERS)
async def test_connection_lost_before_commit_is_retried(storage: Storage, external: ExternalClient) -> None:
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.tags.add([TagDraft(name="News", slug="news")], now())
        if runs == 1:
            await external.end_all()
        await tx.tags.add([TagDraft(name="More", slug="more")], now())

    await storage.run(work)
    assert runs == 2
    assert len(await storage.run(lambda tx: tx.tags.by_names(["news", "more"]))) == 2

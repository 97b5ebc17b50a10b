"""Commits that fail on the server, and connections that end on the way: an error, or another run, never a loss."""

import asyncio
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event

from api.app import create_app
from conformance.defaults import settings_for
from conformance.problem import error_of
from core.clock import now
from core.entities import TagDraft
from core.plugins import Registry
from core.settings import Settings
from core.storage import Storage, Transaction
from tests.sql.conftest import serving
from tests.sql.neighbour import SERVERS, Neighbour

DEFERRED = {
    "sqlite": [
        "CREATE TABLE audit (tag_id INTEGER REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER audited AFTER INSERT ON tags BEGIN INSERT INTO audit VALUES (-1); END",
    ],
    "postgresql": [
        "CREATE TABLE audit (tag_id BIGINT REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE RULE audited AS ON INSERT TO tags DO ALSO INSERT INTO audit VALUES (-1)",
    ],
}


@pytest.mark.only(*DEFERRED)
async def test_a_commit_that_the_database_refuses_is_an_error(registry: Registry, blank_url: str) -> None:
    settings = settings_for(blank_url)
    await registry.choose(settings).migrations(settings).up()
    neighbour = Neighbour(settings)
    await neighbour.run(*DEFERRED[neighbour.dialect.name])
    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        assert error_of(await client.post("/tags", json={"name": "News"})) == (500, "internal-error")
        assert (await client.get("/tags")).json()["total"] == 0
        assert (await client.post("/categories", json={"name": "Works"})).status_code == 201


@pytest.mark.only(*SERVERS)
async def test_a_connection_that_ends_before_the_commit_is_503_and_leaves_nothing(
    settings: Settings, registry: Registry, neighbour: Neighbour
) -> None:
    ends = 0

    def end_all(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal ends
        if statement == "COMMIT" and not ends:
            ends += 1
            operator = Thread(target=lambda: asyncio.run(neighbour.end_all()))
            operator.start()
            operator.join()

    app = create_app(settings, registry=registry)
    async with serving(app) as client:
        event.listen(app.state.storage._engine.sync_engine, "before_cursor_execute", end_all)
        assert error_of(await client.post("/tags", json={"name": "News"})) == (503, "storage-unavailable")
        assert ends == 1
        assert (await client.get("/tags")).json()["total"] == 0
        assert (await client.post("/tags", json={"name": "News"})).status_code == 201


@pytest.mark.only(*SERVERS)
async def test_a_connection_that_ends_within_a_unit_of_work_runs_it_again(
    storage: Storage, neighbour: Neighbour
) -> None:
    runs = 0

    async def work(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.tags.add([TagDraft(name="News", slug="news")], now())
        if runs == 1:
            await neighbour.end_all()
        await tx.tags.add([TagDraft(name="More", slug="more")], now())

    await storage.run(work)
    assert runs == 2
    assert len(await storage.run(lambda tx: tx.tags.by_names(["news", "more"]))) == 2

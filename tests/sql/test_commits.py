"""A commit that fails: never a success to a client."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from conformance.problem import error_of
from conformance.shop import Shop, populate
from conformance.suite.test_commit import own_app, send_writes, serve
from core.errors import TransientConflict
from tests.sql.neighbour import ALL

pytestmark = pytest.mark.only(*ALL)
__all__ = ["own_app"]


async def test_a_commit_that_fails_is_an_error_and_leaves_nothing(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        shop = Shop(client)
        await populate(shop)
        before = await shop.contents()
        engine = own_app.state.storage._engine.sync_engine

        def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement == "COMMIT":
                raise ConnectionResetError

        event.listen(engine, "before_cursor_execute", fail)
        answers = await send_writes(shop)
        assert {error_of(answer) for answer in answers} == {(503, "storage-unavailable")}
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        event.remove(engine, "before_cursor_execute", fail)
        assert await shop.contents() == before
        assert {answer.is_success for answer in await send_writes(shop)} == {True}


async def test_a_conflict_found_by_the_commit_runs_the_work_again(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        commits = 0

        def conflict(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal commits
            commits += statement == "COMMIT"
            if statement == "COMMIT" and commits < 3:
                raise TransientConflict

        event.listen(own_app.state.storage._engine.sync_engine, "before_cursor_execute", conflict)
        assert (await client.post("/tags", json={"name": "News"})).status_code == 201
        assert (await client.get("/tags")).json()["total"] == 1
        assert commits == 3

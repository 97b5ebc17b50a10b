"""A commit that fails: never a success to a client."""

import pytest
from fastapi import FastAPI

from conformance.problem import error_of
from conformance.shop import Shop, populate
from conformance.suite.test_commit import own_app, send_writes, serve
from core.errors import TransientConflict
from tests.sql.conftest import before_round_trips
from tests.sql.external_client import ALL

pytestmark = pytest.mark.only(*ALL)
__all__ = ["own_app"]


async def test_failed_commit_is_503_and_keeps_nothing(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        shop = Shop(client)
        await populate(shop)
        before = await shop.contents()

        def fail(statement: str) -> None:
            if statement == "COMMIT":
                raise ConnectionResetError

        with before_round_trips(fail):
            answers = await send_writes(shop)
        assert {error_of(answer) for answer in answers} == {(503, "storage-unavailable")}
        assert {answer.headers["retry-after"] for answer in answers} == {"1"}
        assert await shop.contents() == before
        assert {answer.is_success for answer in await send_writes(shop)} == {True}


async def test_conflict_at_commit_is_retried(own_app: FastAPI) -> None:
    async with serve(own_app) as client:
        commits = 0

        def conflict(statement: str) -> None:
            nonlocal commits
            commits += statement == "COMMIT"
            if statement == "COMMIT" and commits < 3:
                raise TransientConflict

        with before_round_trips(conflict):
            assert (await client.post("/tags", json={"name": "News"})).status_code == 201
        assert (await client.get("/tags")).json()["total"] == 1
        assert commits == 3

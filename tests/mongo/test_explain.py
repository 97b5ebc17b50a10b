"""Every query of an endpoint uses an index, except the few that cannot."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.dataset import Dataset
from conformance.shop import Shop
from conformance.suite.budget import BUDGETS
from core.entities import ENTITY_TYPES
from core.settings import Settings
from core.storage.sorts import sorts_of
from tests.harness.kind import database_name
from tests.harness.server import KINDS
from tests.mongo.deployment import open_client
from tests.mongo.listener import open_shop
from tests.mongo.lists import list_requests, sort_fields
from tests.mongo.plans import Command, CommandRecorder, count_examined, explain_stages, split_command

pytestmark = pytest.mark.only("mongodb")

SIZE = 8
INDEXED = {"IXSCAN", "IDHACK", "COUNT_SCAN", "DISTINCT_SCAN"}
EXCEPTIONS = {"'$regex'": "search= and q=: a substring may begin anywhere"}


@pytest.fixture
async def recorded(
    settings: Settings, built_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Shop, list[Command]]]:
    """An API, and the look-ups that it has sent to the database."""
    recorder = CommandRecorder()
    async with open_shop(settings, built_app, monkeypatch, recorder) as shop:
        yield shop, recorder.commands


async def test_every_operation_uses_an_index(settings: Settings, recorded: tuple[Shop, list[Command]]) -> None:
    shop, commands = recorded
    scene = await Dataset.create(shop, SIZE)
    for row in BUDGETS:
        asked = row.make_request(scene)
        url, body = await asked if inspect.isawaitable(asked) else asked
        answer = await shop.client.request(row.operation.partition(" ")[0], url, json=body)
        assert answer.is_success, f"{row.name}: {answer.text}"
    assert {next(iter(command)) for command in commands} == {"find", "aggregate", "findAndModify", "update", "delete"}
    assert without_exceptions(await find_unindexed(settings, commands)) == []


async def test_every_list_filter_and_sort_uses_an_index(
    settings: Settings, built_app: FastAPI, recorded: tuple[Shop, list[Command]]
) -> None:
    assert sort_fields(built_app) >= {frozenset(sorts_of(one)) for one in ENTITY_TYPES if one.sorts}
    shop, commands = recorded
    scene = await Dataset.create(shop, SIZE)
    commands.clear()
    for request in list_requests(built_app, scene):
        await request.walk(shop)
    found = await find_unindexed(settings, commands)
    assert without_exceptions(found) == []
    assert all(word in str(found) for word in EXCEPTIONS), "an exception that uses an index"
    assert any("$or" in str(command) for command in commands), "no page continued a cursor"


async def test_unfiltered_lists_are_not_sorted_by_server(
    settings: Settings, built_app: FastAPI, recorded: tuple[Shop, list[Command]]
) -> None:
    shop, commands = recorded
    scene = await Dataset.create(shop, SIZE)
    commands.clear()
    for request in list_requests(built_app, scene):
        if not request.is_narrowed:
            await request.walk(shop)
    pages = [single for command in commands if command.get("sort") for single in split_command(command)]
    assert len(pages) > 3 * len(sort_fields(built_app))
    async with open_client(settings.url) as client:
        assert [
            page for page in pages if "SORT" in await explain_stages(client, database_name(settings.url), page)
        ] == []


async def test_far_page_reads_no_document_before_it(settings: Settings, recorded: tuple[Shop, list[Command]]) -> None:
    shop, commands = recorded
    await shop.post("/products/bulk", [shop.draft() | {"is_active": n % 4 > 0} for n in range(60)])
    for url in ("/products?page=9&page_size=4", "/products?is_active=true&page=9&page_size=4"):
        commands.clear()
        assert len((await shop.get(url))["items"]) == 4
        [page] = [single for command in commands if command.get("sort") for single in split_command(command)]
        async with open_client(settings.url) as client:
            assert await count_examined(client, database_name(settings.url), page) == (37, 5)
    assert page["hint"] == "is_active_created_at__id"


@pytest.mark.parametrize("narrowed", ["", "&is_active=true", "&min_price=2&max_price=90"])
@pytest.mark.parametrize("order", ["price", "-price"])
async def test_category_by_price_reads_index_in_order(
    settings: Settings, recorded: tuple[Shop, list[Command]], order: str, narrowed: str
) -> None:
    shop, commands = recorded
    within = [await shop.category() for _ in range(20)]
    drafts = [shop.draft() | {"category_id": within[n % 20]["id"], "price": f"{n + 1}.00"} for n in range(200)]
    await shop.post("/products/bulk", drafts)
    commands.clear()
    url = f"/products?category_id={within[7]['id']}&sort={order}&page_size=3{narrowed}&cursor="
    await shop.get(url + (await shop.get(url))["next_cursor"])
    [first, second] = [single for command in commands if command.get("sort") for single in split_command(command)]
    async with open_client(settings.url) as client:
        assert await count_examined(client, database_name(settings.url), first) == (4, 4)
        keys, documents = await count_examined(client, database_name(settings.url), second)
        assert keys <= documents + 2 <= 7


async def test_query_without_index_is_detected(settings: Settings) -> None:
    lookup = [{"$lookup": {"from": "tags", "localField": "bio", "foreignField": "nothing", "as": "found"}}]
    commands: list[Command] = [
        {"find": "users", "filter": {"bio": "x"}},
        {"update": "users", "updates": [{"q": {"bio": "x"}, "u": {"$set": {"bio": None}}}]},
        {"aggregate": "users", "pipeline": [{"$match": {"_id": {"$gt": 0}}}, *lookup]},
    ]
    async with open_client(KINDS["mongodb"].as_administrator(settings.url)) as client:
        await client[database_name(settings.url)]["users"].insert_one({"_id": 1}, bypass_document_validation=True)
    assert len(without_exceptions(await find_unindexed(settings, commands))) == len(commands)


async def find_unindexed(settings: Settings, commands: list[Command]) -> list[Any]:
    """The distinct commands that read a collection without an index, each with the stages of its plan."""
    found = []
    distinct = {str(single): single for command in commands for single in split_command(command)}
    async with open_client(settings.url) as client:
        for single in distinct.values():
            plan = await explain_stages(client, database_name(settings.url), single)
            if "COLLSCAN" in plan or not plan & INDEXED:
                found.append((single, plan))
    return found


def without_exceptions(found: list[Any]) -> list[Any]:
    """Those that ``EXCEPTIONS`` does not explain."""
    return [(command, plan) for command, plan in found if not any(word in str(command) for word in EXCEPTIONS)]

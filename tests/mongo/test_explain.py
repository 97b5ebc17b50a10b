"""Every query that an endpoint causes is answered from an index, but for the few that cannot be."""

import inspect
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.scene import Scene
from conformance.shop import Shop
from conformance.suite.budget import ROWS
from core.settings import Settings
from core.storage import sorts
from tests.harness.kind import database_name
from tests.mongo.deployment import connected
from tests.mongo.lists import listed, offered
from tests.mongo.plans import Command, Recorder, examined, singles, stages
from tests.mongo.watched import watched

pytestmark = pytest.mark.only("mongodb")

SIZE = 8
INDEXED = {"IXSCAN", "IDHACK", "COUNT_SCAN", "DISTINCT_SCAN"}
EXCEPTIONS = {"'$regex'": "search= and q=: a substring may begin anywhere"}


@pytest.fixture
async def recorded(
    settings: Settings, built_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Shop, list[Command]]]:
    """A shop, and the look-ups that it has sent to the database."""
    recorder = Recorder()
    async with watched(settings, built_app, monkeypatch, recorder) as shop:
        yield shop, recorder.commands


async def test_every_operation_uses_an_index(settings: Settings, recorded: tuple[Shop, list[Command]]) -> None:
    shop, commands = recorded
    scene = await Scene.of(shop, SIZE)
    for row in ROWS:
        asked = row.ask(scene)
        url, body = await asked if inspect.isawaitable(asked) else asked
        answer = await shop.client.request(row.operation.partition(" ")[0], url, json=body)
        assert answer.is_success, f"{row.name}: {answer.text}"
    assert {next(iter(command)) for command in commands} == {"find", "aggregate", "findAndModify", "update", "delete"}
    assert unexcused(await unindexed(settings, commands)) == []


async def test_every_list_with_every_filter_in_every_order_uses_an_index(
    settings: Settings, built_app: FastAPI, recorded: tuple[Shop, list[Command]]
) -> None:
    every = {
        frozenset(fields) for name, fields in vars(sorts).items() if name.isupper() and isinstance(fields, Mapping)
    }
    assert offered(built_app) == every
    shop, commands = recorded
    scene = await Scene.of(shop, SIZE)
    commands.clear()
    for one in listed(built_app, scene):
        await one.walk(shop)
    found = await unindexed(settings, commands)
    assert unexcused(found) == []
    assert all(word in str(found) for word in EXCEPTIONS), "an exception that is none"
    assert any("$or" in str(command) for command in commands), "no page continued a cursor"


async def test_no_list_without_a_filter_is_sorted_by_the_server(
    settings: Settings, built_app: FastAPI, recorded: tuple[Shop, list[Command]]
) -> None:
    shop, commands = recorded
    scene = await Scene.of(shop, SIZE)
    commands.clear()
    for one in listed(built_app, scene):
        if not one.narrowed:
            await one.walk(shop)
    pages = [single for command in commands if command.get("sort") for single in singles(command)]
    assert len(pages) > 3 * len(offered(built_app))
    async with connected(settings.url) as client:
        assert [page for page in pages if "SORT" in await stages(client, database_name(settings.url), page)] == []


async def test_a_far_page_by_number_reads_no_document_before_it(
    settings: Settings, recorded: tuple[Shop, list[Command]]
) -> None:
    shop, commands = recorded
    await shop.post("/products/bulk", [shop.draft() | {"is_active": n % 4 > 0} for n in range(60)])
    for url in ("/products?page=9&page_size=4", "/products?is_active=true&page=9&page_size=4"):
        commands.clear()
        assert len((await shop.get(url))["items"]) == 4
        [page] = [single for command in commands if command.get("sort") for single in singles(command)]
        async with connected(settings.url) as client:
            assert await examined(client, database_name(settings.url), page) == (37, 5)
    assert page["hint"] == "is_active_created_at__id"


@pytest.mark.parametrize("narrowed", ["", "&is_active=true", "&min_price=2&max_price=90"])
@pytest.mark.parametrize("order", ["price", "-price"])
async def test_a_category_is_read_in_the_order_of_its_prices(
    settings: Settings, recorded: tuple[Shop, list[Command]], order: str, narrowed: str
) -> None:
    shop, commands = recorded
    within = [await shop.category() for _ in range(20)]
    drafts = [shop.draft() | {"category_id": within[n % 20]["id"], "price": f"{n + 1}.00"} for n in range(200)]
    await shop.post("/products/bulk", drafts)
    commands.clear()
    url = f"/products?category_id={within[7]['id']}&sort={order}&page_size=3{narrowed}&cursor="
    await shop.get(url + (await shop.get(url))["next_cursor"])
    [first, second] = [single for command in commands if command.get("sort") for single in singles(command)]
    async with connected(settings.url) as client:
        assert await examined(client, database_name(settings.url), first) == (4, 4)
        keys, documents = await examined(client, database_name(settings.url), second)
        assert keys <= documents + 2 <= 7


async def test_a_query_without_an_index_is_found_out(settings: Settings) -> None:
    lookup = [{"$lookup": {"from": "tags", "localField": "bio", "foreignField": "nothing", "as": "found"}}]
    commands: list[Command] = [
        {"find": "users", "filter": {"bio": "x"}},
        {"update": "users", "updates": [{"q": {"bio": "x"}, "u": {"$set": {"bio": None}}}]},
        {"aggregate": "users", "pipeline": [{"$match": {"_id": {"$gt": 0}}}, *lookup]},
    ]
    async with connected(settings.url) as client:
        await client[database_name(settings.url)]["users"].insert_one({"_id": 1}, bypass_document_validation=True)
    assert len(unexcused(await unindexed(settings, commands))) == len(commands)


async def unindexed(settings: Settings, commands: list[Command]) -> list[Any]:
    """The commands that read a collection without an index, each with its plan; the same ones once."""
    found = []
    different = {str(single): single for command in commands for single in singles(command)}
    async with connected(settings.url) as client:
        for single in different.values():
            plan = await stages(client, database_name(settings.url), single)
            if "COLLSCAN" in plan or not plan & INDEXED:
                found.append((single, plan))
    return found


def unexcused(found: list[Any]) -> list[Any]:
    """Those that are no exception."""
    return [(command, plan) for command, plan in found if not any(word in str(command) for word in EXCEPTIONS)]

"""`Idempotency-Key`: whoever sends a request again gets the first answer again, and what was asked for is done once."""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.idempotency import HEADER, applies
from conformance.crowd import Crowd, outcomes
from conformance.interruption import interrupted
from conformance.problem import refusal
from conformance.processes.live import live
from conformance.replay import IN_USE, REUSED, keyed, order_of, replayed, same, sold, stock, stored
from conformance.scene import Scene
from conformance.shop import Shop
from conformance.suite.budget import LOOK, ONCE, REPLAY, ROWS, Row
from core.errors import Unavailable
from core.settings import Settings

Answer = httpx2.Response
Client = httpx2.AsyncClient
Trips = Callable[[], AbstractContextManager[list[str]]]

UNAVAILABLE = (503, "storage-unavailable")
CLIENTS = 24
POSTS = [row for row in ROWS if applies(row.operation.split()[:1], row.operation.split()[1])]


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    """A shop with a user, and a hundred pieces of a product."""
    await stock(shop)
    return shop


# Every POST there is


async def test_every_post_replays_the_same_bytes(client: Client, trips: Trips) -> None:
    scene = await Scene.of(Shop(client), 3)
    requests = [await asked(row, scene) for row in POSTS]
    first, dear = [], []
    for number, (row, (url, body)) in enumerate(zip(POSTS, requests, strict=True)):
        with trips() as made:
            first.append(await client.post(url, json=body, headers=keyed(f"key-{number}")))
        assert first[-1].is_success, f"{row.name}: {first[-1].text}"
        assert not replayed(first[-1])
        if len(made) > row.most + ONCE + LOOK * hashes(row):
            dear.append((row.name, made))
    assert not dear
    before = await scene.shop.contents()
    for number, (row, (url, body)) in enumerate(zip(POSTS, requests, strict=True)):
        with trips() as made:
            again = await client.post(f"{url}/", json=body, headers=keyed(f'"key-{number}"'))
        assert same([first[number], again]), f"{row.name}: {first[number].text} then {again.text}"
        assert replayed(again), row.name
        assert len(made) <= REPLAY, (row.name, made)
        other = await client.post(url, json=body, headers=keyed(f"key-{(number + 1) % len(POSTS)}"))
        assert refusal(other) == REUSED, row.name
    assert await scene.shop.contents() == before


def hashes(row: Row) -> bool:
    return row.operation.startswith("POST /users")


async def asked(row: Row, scene: Scene) -> tuple[str, Any]:
    found = row.ask(scene)
    url, body = await found if inspect.isawaitable(found) else found
    return url, body


async def test_every_documented_post_takes_a_key(app: FastAPI) -> None:
    posts = {path: methods["post"] for path, methods in app.openapi()["paths"].items() if "post" in methods}
    having = {path for path, one in posts.items() if HEADER in {p["name"] for p in one.get("parameters", ())}}
    assert {f"POST {path}" for path in having} == {row.operation for row in POSTS}
    assert {path.split("/")[1] for path in posts.keys() - having} <= {"auth"}


async def test_response_with_key_is_like_one_without(client: Client) -> None:
    scene = await Scene.of(Shop(client), 2)
    for row in POSTS:
        (url, body), (keyed_url, keyed_body) = await asked(row, scene), await asked(row, scene)
        plain = await client.post(url, json=body)
        other = await client.post(keyed_url, json=keyed_body, headers=keyed(row.name.replace(" ", "-")))
        assert other.status_code == plain.status_code, f"{row.name}: {plain.text} {other.text}"
        assert shape(other.json()) == shape(plain.json()), row.name
        assert set(other.headers) == set(plain.headers), row.name


def shape(value: Any) -> Any:
    """The members that a value has, without what is in them."""
    if isinstance(value, list):
        return [shape(element) for element in value]
    return sorted(value) if isinstance(value, dict) else None


# Many at once


async def test_concurrent_equal_keys_place_one_order(stocked: Shop) -> None:
    answers = await asyncio.gather(*(until_answered(stocked.client, "one") for _ in range(CLIENTS)))
    assert same(answers)
    assert [replayed(answer) for answer in answers].count(False) == 1
    assert await sold(stocked) == (1, 1)


async def test_equal_keys_at_two_processes_place_one_order(two_servers: list[str]) -> None:
    async with Crowd.at(two_servers, iter(range(1, 100))) as crowd:
        shop = crowd.shop
        await stock(shop)
        answers = await crowd.rush(CLIENTS, lambda client, _: until_answered(client, "one"))
        assert same(answers)
        assert [replayed(answer) for answer in answers].count(False) == 1
        assert await sold(shop) == (1, 1)
        keys = await crowd.rush(
            CLIENTS, lambda client, number: until_answered(client, f"key-{number // 2}", "/orders/with-notifications")
        )
        assert outcomes(keys) == {201: CLIENTS}
        assert await sold(shop) == (1 + CLIENTS // 2, 1 + CLIENTS // 2)
        assert (await shop.get("/users/1/notifications"))["total"] == CLIENTS // 2


async def until_answered(client: Client, key: str, path: str = "/orders") -> Answer:
    """The answer to an order, asked for again as long as the key is in use."""
    while True:
        answer = await client.post(path, json=order_of(), headers=keyed(key))
        if answer.status_code == 201:
            return answer
        assert refusal(answer) == IN_USE
        await asyncio.sleep(0.01)


async def test_key_in_use_is_409_at_once(stocked: Shop, app: FastAPI) -> None:
    client, waiting, enough = stocked.client, asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await enough.wait()

    with interrupted(app, before=wait):
        first = asyncio.create_task(client.post("/orders", json=order_of(), headers=keyed("one")))
        await waiting.wait()
        second = await asyncio.wait_for(client.post("/orders", json=order_of(), headers=keyed("one")), 10)
        assert refusal(second) == IN_USE
        enough.set()
        assert (await first).status_code == 201
    third = await client.post("/orders", json=order_of(), headers=keyed("one"))
    assert replayed(third)
    assert same([await first, third])


# What fails, and what is lost


async def test_failed_request_can_be_retried_with_its_key(stocked: Shop) -> None:
    client = stocked.client
    for _ in range(2):
        assert refusal(await client.post("/orders", json=order_of(101), headers=keyed("one")))[0] == 400
    await client.post("/products/1/stock", json={"quantity_change": 1})
    answers = [await client.post("/orders", json=order_of(101), headers=keyed("one")) for _ in range(2)]
    assert same(answers)
    assert [replayed(answer) for answer in answers] == [False, True]
    assert await sold(stocked) == (1, 100)


async def test_key_is_free_after_failed_request(stocked: Shop) -> None:
    assert refusal(await stocked.client.post("/orders", json=order_of(101), headers=keyed("one")))[0] == 400
    assert (await stocked.client.post("/orders", json=order_of(1), headers=keyed("one"))).status_code == 201


async def fail() -> None:
    raise Unavailable


async def test_failure_before_commit_stores_no_response(stocked: Shop, app: FastAPI) -> None:
    client = stocked.client
    with interrupted(app, before=fail):
        assert refusal(await client.post("/orders", json=order_of(), headers=keyed("one"))) == UNAVAILABLE
    assert await sold(stocked) == (0, 0)
    assert await stored(app, "one") is None
    assert not replayed(await client.post("/orders", json=order_of(), headers=keyed("one")))
    assert await sold(stocked) == (1, 1)


async def test_lost_response_is_replayed(stocked: Shop, app: FastAPI) -> None:
    client = stocked.client
    with interrupted(app, after=fail):
        assert refusal(await client.post("/orders", json=order_of(), headers=keyed("one"))) == UNAVAILABLE
    again = await client.post("/orders", json=order_of(), headers=keyed("one"))
    assert again.status_code == 201
    assert replayed(again)
    assert again.json() == await stocked.get(f"/orders/{again.json()['id']}")
    assert await sold(stocked) == (1, 1)


async def test_key_is_free_after_client_disconnects(stocked: Shop, app: FastAPI) -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        await asyncio.Event().wait()

    with interrupted(app, before=wait):
        asking = asyncio.create_task(stocked.client.post("/orders", json=order_of(), headers=keyed("one")))
        await waiting.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert not replayed(await stocked.client.post("/orders", json=order_of(), headers=keyed("one")))
    assert await sold(stocked) == (1, 1)


@pytest.mark.needs("durable", "shared")
def test_stored_response_survives_restart(settings: Settings, tmp_path: Path) -> None:
    answers = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        with live(settings, tmp_path / name) as url:
            answers.append(httpx2.post(f"{url}/tags", json={"name": "News"}, headers=keyed("one")))
    assert same(answers)
    assert [replayed(answer) for answer in answers] == [False, True]

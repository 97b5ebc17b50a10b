"""`Idempotency-Key`: a repeated request gets the first response again, and takes effect once."""

import asyncio
import inspect
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.idempotency import HEADER, applies
from conformance.concurrent_clients import ConcurrentClients, count_outcomes
from conformance.dataset import Dataset
from conformance.fixtures import RoundTrips
from conformance.idempotency import (
    KEY_IN_USE,
    KEY_REUSED,
    add_stock,
    are_identical,
    count_sold,
    find_stored_response,
    is_replayed,
    key_header,
    order_body,
)
from conformance.interruption import interrupted
from conformance.problem import error_of
from conformance.processes.servers import run_server
from conformance.shop import Shop
from conformance.suite.budget import BUDGETS, IDEMPOTENCY, REPLAY, REPLAY_CHECK, RoundTripBudget
from core.errors import Unavailable
from core.settings import Settings

Client = httpx2.AsyncClient

UNAVAILABLE = (503, "storage-unavailable")
CLIENTS = 24
POSTS = [budget for budget in BUDGETS if applies(budget.operation.split()[:1], budget.operation.split()[1])]


@pytest.fixture
async def stocked_shop(shop: Shop) -> Shop:
    """A shop with a user, and a hundred pieces of a product."""
    await add_stock(shop)
    return shop


# Every POST of the API


async def test_every_post_replays_the_same_bytes(client: Client, round_trips: RoundTrips) -> None:
    dataset = await Dataset.create(Shop(client), 3)
    requests = [await make_request(budget, dataset) for budget in POSTS]
    first, over_budget = [], []
    for number, (budget, (url, body)) in enumerate(zip(POSTS, requests, strict=True)):
        with round_trips() as made:
            first.append(await client.post(url, json=body, headers=key_header(f"key-{number}")))
        assert first[-1].is_success, f"{budget.name}: {first[-1].text}"
        assert not is_replayed(first[-1])
        if len(made) > budget.limit + IDEMPOTENCY + REPLAY_CHECK * hashes_password(budget):
            over_budget.append((budget.name, made))
    assert not over_budget
    before = await dataset.shop.contents()
    for number, (budget, (url, body)) in enumerate(zip(POSTS, requests, strict=True)):
        with round_trips() as made:
            again = await client.post(f"{url}/", json=body, headers=key_header(f'"key-{number}"'))
        assert are_identical([first[number], again]), f"{budget.name}: {first[number].text} then {again.text}"
        assert is_replayed(again), budget.name
        assert len(made) <= REPLAY, (budget.name, made)
        other = await client.post(url, json=body, headers=key_header(f"key-{(number + 1) % len(POSTS)}"))
        assert error_of(other) == KEY_REUSED, budget.name
    assert await dataset.shop.contents() == before


def hashes_password(budget: RoundTripBudget) -> bool:
    return budget.operation.startswith("POST /users")


async def make_request(budget: RoundTripBudget, dataset: Dataset) -> tuple[str, Any]:
    request = budget.make_request(dataset)
    url, body = await request if inspect.isawaitable(request) else request
    return url, body


async def test_every_documented_post_takes_a_key(app: FastAPI) -> None:
    posts = {path: methods["post"] for path, methods in app.openapi()["paths"].items() if "post" in methods}
    with_key = {path for path, post in posts.items() if HEADER in {p["name"] for p in post.get("parameters", ())}}
    assert {f"POST {path}" for path in with_key} == {budget.operation for budget in POSTS}
    assert {path.split("/")[1] for path in posts.keys() - with_key} <= {"auth"}


async def test_response_with_key_is_like_one_without(client: Client) -> None:
    dataset = await Dataset.create(Shop(client), 2)
    for budget in POSTS:
        (url, body), (keyed_url, keyed_body) = await make_request(budget, dataset), await make_request(budget, dataset)
        plain = await client.post(url, json=body)
        other = await client.post(keyed_url, json=keyed_body, headers=key_header(budget.name.replace(" ", "-")))
        assert other.status_code == plain.status_code, f"{budget.name}: {plain.text} {other.text}"
        assert members_of(other.json()) == members_of(plain.json()), budget.name
        assert set(other.headers) == set(plain.headers), budget.name


def members_of(value: Any) -> Any:
    """The names of the members of a JSON value."""
    if isinstance(value, list):
        return [members_of(element) for element in value]
    return sorted(value) if isinstance(value, dict) else None


# Concurrency


async def test_concurrent_equal_keys_place_one_order(stocked_shop: Shop) -> None:
    responses = await asyncio.gather(*(retry_while_in_use(stocked_shop.client, "one") for _ in range(CLIENTS)))
    assert are_identical(responses)
    assert [is_replayed(response) for response in responses].count(False) == 1
    assert await count_sold(stocked_shop) == (1, 1)


async def test_equal_keys_at_two_processes_place_one_order(two_servers: list[str]) -> None:
    async with ConcurrentClients.connect(two_servers, iter(range(1, 100))) as clients:
        shop = clients.shop
        await add_stock(shop)
        responses = await clients.run(CLIENTS, lambda client, _: retry_while_in_use(client, "one"))
        assert are_identical(responses)
        assert [is_replayed(response) for response in responses].count(False) == 1
        assert await count_sold(shop) == (1, 1)
        keys = await clients.run(
            CLIENTS,
            lambda client, number: retry_while_in_use(client, f"key-{number // 2}", "/orders/with-notifications"),
        )
        assert count_outcomes(keys) == {201: CLIENTS}
        assert await count_sold(shop) == (1 + CLIENTS // 2, 1 + CLIENTS // 2)
        assert (await shop.get("/users/1/notifications"))["total"] == CLIENTS // 2


async def retry_while_in_use(client: Client, key: str, path: str = "/orders") -> httpx2.Response:
    """The response to an order, sent again for as long as the key is in use."""
    while True:
        response = await client.post(path, json=order_body(), headers=key_header(key))
        if response.status_code == 201:
            return response
        assert error_of(response) == KEY_IN_USE
        await asyncio.sleep(0.01)


async def test_key_in_use_is_409_at_once(stocked_shop: Shop, app: FastAPI) -> None:
    client, is_waiting, release = stocked_shop.client, asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        is_waiting.set()
        await release.wait()

    with interrupted(app, before=wait):
        first = asyncio.create_task(client.post("/orders", json=order_body(), headers=key_header("one")))
        await is_waiting.wait()
        second = await asyncio.wait_for(client.post("/orders", json=order_body(), headers=key_header("one")), 10)
        assert error_of(second) == KEY_IN_USE
        release.set()
        assert (await first).status_code == 201
    third = await client.post("/orders", json=order_body(), headers=key_header("one"))
    assert is_replayed(third)
    assert are_identical([await first, third])


# Failures


async def test_failed_request_can_be_retried_with_its_key(stocked_shop: Shop) -> None:
    client = stocked_shop.client
    for _ in range(2):
        assert error_of(await client.post("/orders", json=order_body(101), headers=key_header("one")))[0] == 400
    await client.post("/products/1/stock", json={"quantity_change": 1})
    responses = [await client.post("/orders", json=order_body(101), headers=key_header("one")) for _ in range(2)]
    assert are_identical(responses)
    assert [is_replayed(response) for response in responses] == [False, True]
    assert await count_sold(stocked_shop) == (1, 100)


async def test_key_is_free_after_failed_request(stocked_shop: Shop) -> None:
    assert (
        error_of(await stocked_shop.client.post("/orders", json=order_body(101), headers=key_header("one")))[0] == 400
    )
    assert (await stocked_shop.client.post("/orders", json=order_body(1), headers=key_header("one"))).status_code == 201


async def raise_unavailable() -> None:
    raise Unavailable


async def test_failure_before_commit_stores_no_response(stocked_shop: Shop, app: FastAPI) -> None:
    client = stocked_shop.client
    with interrupted(app, before=raise_unavailable):
        assert error_of(await client.post("/orders", json=order_body(), headers=key_header("one"))) == UNAVAILABLE
    assert await count_sold(stocked_shop) == (0, 0)
    assert await find_stored_response(app, "one") is None
    assert not is_replayed(await client.post("/orders", json=order_body(), headers=key_header("one")))
    assert await count_sold(stocked_shop) == (1, 1)


async def test_lost_response_is_replayed(stocked_shop: Shop, app: FastAPI) -> None:
    client = stocked_shop.client
    with interrupted(app, after=raise_unavailable):
        assert error_of(await client.post("/orders", json=order_body(), headers=key_header("one"))) == UNAVAILABLE
    again = await client.post("/orders", json=order_body(), headers=key_header("one"))
    assert again.status_code == 201
    assert is_replayed(again)
    assert again.json() == await stocked_shop.get(f"/orders/{again.json()['id']}")
    assert await count_sold(stocked_shop) == (1, 1)


async def test_key_is_free_after_client_disconnects(stocked_shop: Shop, app: FastAPI) -> None:
    is_waiting = asyncio.Event()

    async def wait() -> None:
        is_waiting.set()
        await asyncio.Event().wait()

    with interrupted(app, before=wait):
        request = asyncio.create_task(stocked_shop.client.post("/orders", json=order_body(), headers=key_header("one")))
        await is_waiting.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert not is_replayed(await stocked_shop.client.post("/orders", json=order_body(), headers=key_header("one")))
    assert await count_sold(stocked_shop) == (1, 1)


@pytest.mark.needs("durable", "shared")
def test_stored_response_survives_restart(settings: Settings, tmp_path: Path) -> None:
    responses = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        with run_server(settings, tmp_path / name) as url:
            responses.append(httpx2.post(f"{url}/tags", json={"name": "News"}, headers=key_header("one")))
    assert are_identical(responses)
    assert [is_replayed(response) for response in responses] == [False, True]

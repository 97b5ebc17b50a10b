"""`Idempotency-Key`: the syntax of keys, the request that a key is bound to, its lifetime, and what is stored."""

from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from conformance.fixtures import Tick
from conformance.idempotency import (
    KEY_REUSED,
    add_stock,
    are_identical,
    count_sold,
    find_stored_response,
    is_replayed,
    key_header,
    order_body,
)
from conformance.problem import error_fields, error_of
from conformance.shop import PASSWORD, Shop
from core.entities.expiring import MAX_VALUE
from core.passwords import PasswordHasher
from core.settings import Settings

INVALID = (422, "validation-failed")
JSON = {"Content-Type": "application/json"}

KEYS = ["a", "~", 'a"b', "\\", "a" * 255, "0b6f2c1e-9d43-4a7b-8f35-2c1d7e90ab64"]
INVALID_KEYS = [
    "",
    " ",
    "a b",
    "a" * 256,
    '"',
    '""',
    '"a',
    'a b"',
    '"a b"',
    '"a"b',
    '"a";b=1',
    '"a\\b"',
    "ä",
    "\x7f",
    "\t",
]


@pytest.fixture
async def stocked_shop(shop: Shop) -> Shop:
    """A shop with a user, and a hundred pieces of a product."""
    await add_stock(shop)
    return shop


@pytest.mark.parametrize("key", KEYS)
async def test_quoted_key_equals_unquoted_key(stocked_shop: Shop, key: str) -> None:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    spellings = [key, key, f'"{escaped}"']
    responses = [
        await stocked_shop.client.post("/orders", json=order_body(), headers=key_header(spelling))
        for spelling in spellings
    ]
    assert are_identical(responses)
    assert [is_replayed(response) for response in responses] == [False, True, True]
    assert await count_sold(stocked_shop) == (1, 1)


@pytest.mark.parametrize("key", INVALID_KEYS)
async def test_invalid_key_is_rejected(stocked_shop: Shop, key: str) -> None:
    response = await stocked_shop.client.post("/orders", json=order_body(), headers={b"Idempotency-Key": key.encode()})
    assert error_of(response) == INVALID
    assert error_fields(response) == ["Idempotency-Key"]
    assert await count_sold(stocked_shop) == (0, 0)


async def test_two_keys_are_rejected(stocked_shop: Shop) -> None:
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "one")]
    assert error_of(await stocked_shop.client.post("/orders", json=order_body(), headers=headers)) == INVALID


async def test_other_methods_ignore_keys(stocked_shop: Shop) -> None:
    for stock_quantity in (5, 6):
        for key in ("one", "no key"):
            changed = await stocked_shop.client.patch(
                "/products/1", json={"stock_quantity": stock_quantity}, headers=key_header(key)
            )
            assert changed.json()["stock_quantity"] == stock_quantity
            assert (await stocked_shop.client.get("/products/1", headers=key_header(key))).json() == changed.json()


async def test_each_key_places_its_own_order(stocked_shop: Shop) -> None:
    for key in ("one", "One", "two"):
        assert not is_replayed(await stocked_shop.client.post("/orders", json=order_body(), headers=key_header(key)))
    assert await count_sold(stocked_shop) == (3, 3)


async def test_key_is_bound_to_one_request(stocked_shop: Shop) -> None:
    client = stocked_shop.client
    assert (await client.post("/orders", json=order_body(), headers=key_header("one"))).status_code == 201
    for path, body in (
        ("/orders", order_body(2)),
        ("/orders/with-notifications", order_body()),
        ("/posts/1/view", None),
    ):
        assert error_of(await client.post(path, json=body, headers=key_header("one"))) == KEY_REUSED
    assert await count_sold(stocked_shop) == (1, 1)


async def test_body_is_compared_by_value_not_by_bytes(stocked_shop: Shop) -> None:
    client = stocked_shop.client

    async def send(content: str) -> httpx2.Response:
        return await client.post("/products", content=content, headers=key_header("one") | JSON)

    first = await send('{"name": "Ä", "sku": "A", "price": 1.50}')
    again = await send(' {"price":1.50,\n"sku":"A","name":"\\u00c4"} ')
    assert are_identical([first, again])
    assert is_replayed(again)
    for other in (
        '{"name": "Ä", "sku": "A", "price": "1.50"}',
        '{"name": "Ä", "sku": "A", "price": 1.51}',
        '{"name": "Ä", "sku": "A", "price": 1.50, "category_id": null}',
    ):
        assert error_of(await send(other)) == KEY_REUSED


async def test_replay_skips_the_precondition(stocked_shop: Shop) -> None:
    for expected in (False, True):
        response = await stocked_shop.client.post(
            "/products/1/stock", json={"quantity_change": -1}, headers=key_header("one") | {"If-Match": '"1-1"'}
        )
        assert response.status_code == 200
        assert response.headers["etag"] == '"1-2"'
        assert is_replayed(response) is expected
    assert await count_sold(stocked_shop) == (0, 1)


async def test_key_is_free_after_response_expires(stocked_shop: Shop, settings: Settings, tick: Tick) -> None:
    lifetime, step = timedelta(seconds=settings.idempotency_seconds), timedelta(milliseconds=1)
    responses = []
    for wait in (timedelta(), lifetime - step, step, lifetime - step):
        tick(wait)
        responses.append(await stocked_shop.client.post("/orders", json=order_body(), headers=key_header("one")))
    assert [is_replayed(response) for response in responses] == [False, True, False, True]
    assert are_identical(responses[:2])
    assert are_identical(responses[2:])
    assert await count_sold(stocked_shop) == (2, 2)
    tick(step)
    assert (await stocked_shop.client.post("/orders", json=order_body(2), headers=key_header("one"))).status_code == 201


async def test_replay_hashes_no_password(shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    hasher: PasswordHasher = app.state.hasher

    async def recording_hash(password: str) -> str:
        hashed.append(password)
        return await original(password)

    original = hasher.hash
    monkeypatch.setattr(hasher, "hash", recording_hash)
    users = [shop.registration() for _ in range(3)]
    responses = [await shop.client.post("/users/bulk", json=users, headers=key_header("one")) for _ in range(2)]
    assert are_identical(responses)
    assert hashed.count(PASSWORD) == len(users)


@pytest.mark.parametrize("bulk", [False, True])
async def test_other_password_is_another_request(shop: Shop, bulk: bool) -> None:
    path, spellings = ("/users/bulk" if bulk else "/users"), shop.registration()
    for password, expected in ((PASSWORD, 201), (f"{PASSWORD}4", 422), (PASSWORD, 201)):
        body = spellings | {"password": password}
        response = await shop.client.post(path, json=[body] if bulk else body, headers=key_header("one"))
        assert response.status_code == expected
    assert (await shop.get("/users"))["total"] == 1


async def test_stored_entry_hides_the_password(shop: Shop, app: FastAPI) -> None:
    assert (await shop.client.post("/users", json=shop.registration(), headers=key_header("one"))).status_code == 201
    entry = await find_stored_response(app, "one")
    assert entry is not None
    assert entry.value.startswith("$argon2id$")
    assert PASSWORD not in entry.value
    assert "one" not in entry.key


async def test_too_large_response_is_413_and_rolled_back(shop: Shop, app: FastAPI) -> None:
    drafts = [shop.draft() | {"description": "x" * 10_000} for _ in range(MAX_VALUE // 10_000 + 1)]
    rejected = await shop.client.post("/products/bulk", json=drafts, headers=key_header("one"))
    assert error_of(rejected) == (413, "answer-too-large")
    assert (await shop.get("/products"))["total"] == 0
    assert await find_stored_response(app, "one") is None
    responses = [
        await shop.client.post("/products/bulk", json=drafts[:-40], headers=key_header("one")) for _ in range(2)
    ]
    assert are_identical(responses)
    assert is_replayed(responses[1])

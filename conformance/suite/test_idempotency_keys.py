"""`Idempotency-Key`: what a key is, which request it belongs to, how long, and what is stored of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import blamed, refusal
from conformance.replay import REUSED, keyed, order_of, replayed, same, sold, stock, stored
from conformance.shop import PASSWORD, Shop
from core.passwords import PasswordHasher
from core.services.idempotency import MAX_ANSWER
from core.settings import Settings

Tick = Callable[[timedelta], datetime]

INVALID = (422, "validation-failed")
JSON = {"Content-Type": "application/json"}

KEYS = ["a", "~", 'a"b', "\\", "a" * 255, "0b6f2c1e-9d43-4a7b-8f35-2c1d7e90ab64"]
NO_KEYS = ["", " ", "a b", "a" * 256, '"', '""', '"a', 'a b"', '"a b"', '"a"b', '"a";b=1', '"a\\b"', "ä", "\x7f", "\t"]


@pytest.fixture
async def stocked(shop: Shop) -> Shop:
    """A shop with a user, and a hundred pieces of a product."""
    await stock(shop)
    return shop


@pytest.mark.parametrize("key", KEYS)
async def test_quoted_key_equals_unquoted_key(stocked: Shop, key: str) -> None:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    given = [key, key, f'"{escaped}"']
    answers = [await stocked.client.post("/orders", json=order_of(), headers=keyed(each)) for each in given]
    assert same(answers)
    assert [replayed(answer) for answer in answers] == [False, True, True]
    assert await sold(stocked) == (1, 1)


@pytest.mark.parametrize("key", NO_KEYS)
async def test_invalid_key_is_rejected(stocked: Shop, key: str) -> None:
    answer = await stocked.client.post("/orders", json=order_of(), headers={b"Idempotency-Key": key.encode()})
    assert refusal(answer) == INVALID
    assert blamed(answer) == ["Idempotency-Key"]
    assert await sold(stocked) == (0, 0)


async def test_two_keys_are_rejected(stocked: Shop) -> None:
    twice = [("Idempotency-Key", "one"), ("Idempotency-Key", "one")]
    assert refusal(await stocked.client.post("/orders", json=order_of(), headers=twice)) == INVALID


async def test_other_methods_ignore_keys(stocked: Shop) -> None:
    for stock_quantity in (5, 6):
        for key in ("one", "no key"):
            changed = await stocked.client.patch(
                "/products/1", json={"stock_quantity": stock_quantity}, headers=keyed(key)
            )
            assert changed.json()["stock_quantity"] == stock_quantity
            assert (await stocked.client.get("/products/1", headers=keyed(key))).json() == changed.json()


async def test_each_key_places_its_own_order(stocked: Shop) -> None:
    for key in ("one", "One", "two"):
        assert not replayed(await stocked.client.post("/orders", json=order_of(), headers=keyed(key)))
    assert await sold(stocked) == (3, 3)


async def test_key_is_bound_to_one_request(stocked: Shop) -> None:
    client = stocked.client
    assert (await client.post("/orders", json=order_of(), headers=keyed("one"))).status_code == 201
    for path, body in (("/orders", order_of(2)), ("/orders/with-notifications", order_of()), ("/posts/1/view", None)):
        assert refusal(await client.post(path, json=body, headers=keyed("one"))) == REUSED
    assert await sold(stocked) == (1, 1)


async def test_body_is_compared_by_value_not_by_bytes(stocked: Shop) -> None:
    client = stocked.client

    async def send(content: str) -> httpx2.Response:
        return await client.post("/products", content=content, headers=keyed("one") | JSON)

    first = await send('{"name": "Ä", "sku": "A", "price": 1.50}')
    again = await send(' {"price":1.50,\n"sku":"A","name":"\\u00c4"} ')
    assert same([first, again])
    assert replayed(again)
    for other in (
        '{"name": "Ä", "sku": "A", "price": "1.50"}',
        '{"name": "Ä", "sku": "A", "price": 1.51}',
        '{"name": "Ä", "sku": "A", "price": 1.50, "category_id": null}',
    ):
        assert refusal(await send(other)) == REUSED


async def test_replay_skips_the_precondition(stocked: Shop) -> None:
    for expected in (False, True):
        answer = await stocked.client.post(
            "/products/1/stock", json={"quantity_change": -1}, headers=keyed("one") | {"If-Match": '"1-1"'}
        )
        assert answer.status_code == 200
        assert answer.headers["etag"] == '"1-2"'
        assert replayed(answer) is expected
    assert await sold(stocked) == (0, 1)


async def test_key_is_free_after_response_expires(stocked: Shop, settings: Settings, tick: Tick) -> None:
    lifetime, step = timedelta(seconds=settings.idempotency_seconds), timedelta(milliseconds=1)
    answers = []
    for wait in (timedelta(), lifetime - step, step, lifetime - step):
        tick(wait)
        answers.append(await stocked.client.post("/orders", json=order_of(), headers=keyed("one")))
    assert [replayed(answer) for answer in answers] == [False, True, False, True]
    assert same(answers[:2])
    assert same(answers[2:])
    assert await sold(stocked) == (2, 2)
    tick(step)
    assert (await stocked.client.post("/orders", json=order_of(2), headers=keyed("one"))).status_code == 201


async def test_replay_hashes_no_password(shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    hasher: PasswordHasher = app.state.hasher

    async def counted(password: str) -> str:
        hashed.append(password)
        return await plain(password)

    plain = hasher.hash
    monkeypatch.setattr(hasher, "hash", counted)
    users = [shop.registration() for _ in range(3)]
    answers = [await shop.client.post("/users/bulk", json=users, headers=keyed("one")) for _ in range(2)]
    assert same(answers)
    assert hashed.count(PASSWORD) == len(users)


@pytest.mark.parametrize("bulk", [False, True])
async def test_other_password_is_another_request(shop: Shop, bulk: bool) -> None:
    path, given = ("/users/bulk" if bulk else "/users"), shop.registration()
    for password, expected in ((PASSWORD, 201), (f"{PASSWORD}4", 422), (PASSWORD, 201)):
        body = given | {"password": password}
        answer = await shop.client.post(path, json=[body] if bulk else body, headers=keyed("one"))
        assert answer.status_code == expected
    assert (await shop.get("/users"))["total"] == 1


async def test_stored_entry_hides_the_password(shop: Shop, app: FastAPI) -> None:
    assert (await shop.client.post("/users", json=shop.registration(), headers=keyed("one"))).status_code == 201
    entry = await stored(app, "one")
    assert entry is not None
    assert entry.value.startswith("$argon2id$")
    assert PASSWORD not in entry.value
    assert "one" not in entry.key


async def test_too_large_response_is_413_and_rolled_back(shop: Shop, app: FastAPI) -> None:
    drafts = [shop.draft() | {"description": "x" * 10_000} for _ in range(MAX_ANSWER // 10_000 + 1)]
    refused = await shop.client.post("/products/bulk", json=drafts, headers=keyed("one"))
    assert refusal(refused) == (413, "answer-too-large")
    assert (await shop.get("/products"))["total"] == 0
    assert await stored(app, "one") is None
    answers = [await shop.client.post("/products/bulk", json=drafts[:-40], headers=keyed("one")) for _ in range(2)]
    assert same(answers)
    assert replayed(answers[1])

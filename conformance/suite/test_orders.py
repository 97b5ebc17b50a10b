"""Orders: placed atomically, with stock and prices, and changed along the allowed transitions."""

import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of, read_problem
from conformance.shop import Json, Shop
from core import clock
from core.errors import ValidationFailed
from core.services import orders as use_cases

STATUSES = ["pending", "confirmed", "shipped", "delivered", "cancelled"]
PATHS_TO = {
    "pending": [],
    "confirmed": ["confirmed"],
    "shipped": ["confirmed", "shipped"],
    "delivered": ["confirmed", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}
ALLOWED = {
    ("pending", "confirmed"),
    ("pending", "cancelled"),
    ("confirmed", "shipped"),
    ("confirmed", "cancelled"),
    ("shipped", "delivered"),
}
PATHS = ["/orders", "/orders/with-notifications"]


def line(product: Json, quantity: int) -> Json:
    return {"product_id": product["id"], "quantity": quantity}


async def change_status(shop: Shop, order: Json, *statuses: str) -> None:
    for status in statuses:
        response = await shop.client.patch(f"/orders/{order['id']}/status?new_status={status}")
        assert (response.status_code, response.json()) == (200, {"order_id": order["id"], "new_status": status})


async def read_stock(shop: Shop, product: Json) -> int:
    found: int = (await shop.get(f"/products/{product['id']}"))["stock_quantity"]
    return found


@pytest.mark.parametrize("path", PATHS)
async def test_order_captures_prices_and_takes_stock(shop: Shop, tick: Tick, path: str) -> None:
    user = await shop.user()
    one, two = await shop.product(price="79.99", stock_quantity=50), await shop.product(price="0.01", stock_quantity=3)
    now = clock.to_json(tick(timedelta(days=1)))
    items = [line(one, 2), line(two, 3)]
    order = await shop.post(path, {"user_id": user["id"], "items": items, "shipping_address": " 1 Main St "})
    assert re.fullmatch(r"ORD-20261123120000-[0-9A-HJKMNP-TV-Z]{6}", order.pop("order_number"))
    assert order == {
        "id": 1,
        "created_at": now,
        "updated_at": now,
        "version": 1,
        "status": "pending",
        "total_amount": "160.01",
        "user_id": user["id"],
        "shipping_address": "1 Main St",
        "items": [
            items[0] | {"id": 100, "unit_price": "79.99", "total_price": "159.98"},
            items[1] | {"id": 101, "unit_price": "0.01", "total_price": "0.03"},
        ],
    }
    assert await shop.get(f"/products/{one['id']}") == one | {"stock_quantity": 48, "version": 2, "updated_at": now}
    assert await read_stock(shop, two) == 0


async def test_order_keeps_prices_at_order_time(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(price="10.00")
    order = await shop.order(user, product)
    await shop.client.patch(f"/products/{product['id']}", json={"price": "99.00", "name": "Other"})
    assert await shop.get(f"/orders/{order['id']}") == order
    details = await shop.get(f"/orders/{order['id']}/details")
    assert details["items"][0]["unit_price"] == "10.00"
    assert details["items"][0]["product"]["price"] == "99.00"


async def test_lines_of_one_product_share_its_stock(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(stock_quantity=5, price="1.00")
    body: Json = {"user_id": user["id"], "items": [line(product, 3), line(product, 3)]}
    response = await shop.client.post("/orders", json=body)
    assert error_of(response) == (400, "insufficient-stock")
    assert error_fields(response) == ["items.0.quantity", "items.1.quantity"]
    body["items"] = [line(product, 3), line(product, 2)]
    order = await shop.post("/orders", body)
    assert [item["quantity"] for item in order["items"]] == [3, 2]
    assert (order["total_amount"], await read_stock(shop, product)) == ("5.00", 0)


async def test_order_keeps_up_to_100_lines_in_order(shop: Shop) -> None:
    user = await shop.user()
    products = await shop.post("/products/bulk", [shop.draft() for _ in range(100)])
    items = [line(product, number + 1) for number, product in enumerate(products)][::-1]
    order = await shop.post("/orders", {"user_id": user["id"], "items": items})
    assert [line({"id": item["product_id"]}, item["quantity"]) for item in order["items"]] == items
    assert order["total_amount"] == "403949.50"
    assert await shop.get(f"/orders/{order['id']}") == order
    for invalid in ([], [*items, items[0]]):
        response = await shop.client.post("/orders", json={"user_id": user["id"], "items": invalid})
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["items"])


@pytest.mark.parametrize("path", PATHS)
async def test_every_failing_line_is_named(shop: Shop, path: str) -> None:
    user, good = await shop.user(), await shop.product(stock_quantity=5)
    scarce, inactive = await shop.product(stock_quantity=1), await shop.product(is_active=False)
    items = [line(good, 5), line(scarce, 2), line(inactive, 1), line({"id": 99}, 1)]
    before = await shop.contents()
    response = await shop.client.post(path, json={"user_id": user["id"], "items": items})
    assert error_of(response) == (400, "insufficient-stock")
    assert [(error["field"], error["code"]) for error in read_problem(response)["errors"]] == [
        ("items.1.quantity", "insufficient-stock"),
        ("items.2.product_id", "inactive-product"),
        ("items.3.product_id", "unknown-reference"),
    ]
    assert await shop.contents() == before


@pytest.mark.parametrize(("first", "kind"), [(0, "unknown-reference"), (1, "inactive-product")])
async def test_first_failing_line_sets_problem_type(shop: Shop, first: int, kind: str) -> None:
    user, scarce = await shop.user(), await shop.product(stock_quantity=0)
    lines = [line({"id": 99}, 1), line(await shop.product(is_active=False), 1)]
    items = [lines[first], line(scarce, 1)]
    assert error_of(await shop.client.post("/orders", json={"user_id": user["id"], "items": items})) == (400, kind)


@pytest.mark.parametrize("path", PATHS)
async def test_order_of_unknown_user_takes_no_stock(shop: Shop, path: str) -> None:
    product = await shop.product(stock_quantity=5)
    response = await shop.client.post(path, json={"user_id": 99, "items": [line(product, 1)]})
    assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), ["user_id"])
    response = await shop.client.post(path, json={"user_id": 99, "items": [line(product, 6)]})
    assert error_of(response) == (400, "insufficient-stock"), "lines are checked first"
    assert await shop.get(f"/products/{product['id']}") == product
    assert (await shop.get("/orders"))["total"] == 0


async def test_total_beyond_limit_is_rejected(shop: Shop) -> None:
    user = await shop.user()
    product = await shop.product(price="99999999.99", stock_quantity=1000)
    body = {"user_id": user["id"], "items": [line(product, 100)]}
    assert (await shop.post("/orders", body))["total_amount"] == "9999999999.00"
    body["items"] = [line(product, 101)]
    assert error_of(await shop.client.post("/orders", json=body)) == (400, "amount-limit")
    assert await read_stock(shop, product) == 900


async def test_inactive_user_can_order(shop: Shop) -> None:
    user, product = await shop.user(is_active=False), await shop.product()
    assert (await shop.order(user, product))["user_id"] == user["id"]


async def test_order_can_notify_its_user(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(price="2.50")
    order = await shop.order(user, product, quantity=2, notify=True)
    [notification] = (await shop.get(f"/users/{user['id']}/notifications"))["items"]
    assert (notification["order_id"], notification["is_read"]) == (order["id"], False)
    assert order["order_number"] in notification["message"]
    assert "5.00" in notification["message"]
    await shop.order(user, product)
    assert (await shop.get(f"/users/{user['id']}/notifications"))["total"] == 1, "a plain order sends no notification"


async def test_order_survives_failed_notification(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    user, product = await shop.user(), await shop.product(stock_quantity=5)
    notify = use_cases._notify

    async def fail_late(tx: Any, order: Any) -> None:
        await notify(tx, order)
        raise ValidationFailed("message", "cannot be delivered")

    monkeypatch.setattr(use_cases, "_notify", fail_late)
    order = await shop.order(user, product, quantity=2, notify=True)
    assert await shop.get(f"/orders/{order['id']}") == order
    assert await read_stock(shop, product) == 3
    assert (await shop.get(f"/users/{user['id']}/notifications"))["total"] == 0


async def test_order_details_have_user_and_products(shop: Shop) -> None:
    user, one, two = await shop.user(), await shop.product(), await shop.product()
    order = await shop.order(user, two, one, two)
    products = {product["id"]: await shop.get(f"/products/{product['id']}") for product in (one, two)}
    details = await shop.get(f"/orders/{order['id']}/details")
    items = [item | {"product": products[item["product_id"]]} for item in order["items"]]
    assert details == order | {"user": user, "items": items}


async def test_lists_have_orders_without_lines(shop: Shop) -> None:
    user, other, product = await shop.user(), await shop.user(), await shop.product()
    orders = [await shop.order(each, product) for each in (user, other, user)]
    await change_status(shop, orders[2], "cancelled")
    summaries = [{name: order[name] for name in order if name != "items"} for order in orders]
    cancelled = await shop.get(f"/orders/{orders[2]['id']}")
    summaries[2] |= {name: cancelled[name] for name in ("status", "version", "updated_at")}
    expected = {
        "/orders?": [0, 1, 2],
        f"/orders?user_id={user['id']}": [0, 2],
        "/orders?status=pending": [0, 1],
        "/orders?status=cancelled": [2],
        "/orders?status=shipped": [],
        f"/orders?status=pending&user_id={user['id']}": [0],
        "/orders?user_id=99": [],
        f"/orders/user/{user['id']}?": [0, 2],
        f"/orders/user/{other['id']}?": [1],
    }
    for path, found in expected.items():
        assert (await shop.get(f"{path}&sort=id"))["items"] == [summaries[index] for index in found], path
    assert error_of(await shop.client.get("/orders?status=lost")) == (422, "validation-failed")


async def test_orders_of_unknown_user_are_404(shop: Shop) -> None:
    user = await shop.user()
    assert (await shop.get(f"/orders/user/{user['id']}"))["items"] == []
    assert error_of(await shop.client.get("/orders/user/99")) == (404, "not-found")


@pytest.mark.parametrize("old", STATUSES)
async def test_status_follows_allowed_transitions(shop: Shop, old: str) -> None:
    user, product = await shop.user(), await shop.product(stock_quantity=100)
    for new in STATUSES:
        order = await shop.order(user, product)
        await change_status(shop, order, *PATHS_TO[old])
        before = await shop.get(f"/orders/{order['id']}")
        response = await shop.client.patch(f"/orders/{order['id']}/status?new_status={new}")
        after = await shop.get(f"/orders/{order['id']}")
        if (old, new) in ALLOWED:
            assert (response.status_code, response.json()) == (200, {"order_id": order["id"], "new_status": new})
            version = {"status": new, "version": before["version"] + 1, "updated_at": after["updated_at"]}
            assert after == before | version
        else:
            assert (error_of(response), error_fields(response)) == ((400, "invalid-transition"), ["new_status"])
            assert after == before


async def test_unknown_status_is_invalid(shop: Shop) -> None:
    for query in ["", "?new_status=", "?new_status=lost", "?new_status=CONFIRMED"]:
        order = await shop.order(await shop.user(), await shop.product())
        response = await shop.client.patch(f"/orders/{order['id']}/status{query}")
        assert error_of(response) == (422, "validation-failed"), query
        assert error_fields(response) == ["new_status"], query


@pytest.mark.parametrize("statuses", [["cancelled"], ["confirmed", "cancelled"]])
async def test_cancelling_restores_stock_once(shop: Shop, statuses: list[str]) -> None:
    user, one, two = await shop.user(), await shop.product(stock_quantity=5), await shop.product(stock_quantity=7)
    items = [line(one, 2), line(two, 7), line(one, 1)]
    order = await shop.post("/orders", {"user_id": user["id"], "items": items})
    assert [await read_stock(shop, product) for product in (one, two)] == [2, 0]
    await change_status(shop, order, *statuses)
    for _ in range(2):
        again = await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
        assert error_of(again) == (400, "invalid-transition")
    assert [await read_stock(shop, product) for product in (one, two)] == [5, 7]


async def test_cancelling_restocks_inactive_product(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    order = await shop.order(await shop.user(), product, quantity=5)
    await shop.client.patch(f"/products/{product['id']}", json={"is_active": False})
    await change_status(shop, order, "cancelled")
    assert await read_stock(shop, product) == 5


async def test_cancelling_beyond_stock_limit_is_rejected(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    order = await shop.order(await shop.user(), product, quantity=5)
    await shop.client.patch(f"/products/{product['id']}", json={"stock_quantity": 2_147_483_647})
    response = await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    assert error_of(response) == (400, "stock-limit")
    assert await shop.get(f"/orders/{order['id']}") == order


async def test_taken_order_number_is_redrawn(shop: Shop, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    user, product = await shop.user(), await shop.product()
    random_bytes = iter([b"\x0a" * 6] * 3 + [b"\x0b" * 6] * 20)
    monkeypatch.setattr(secrets, "token_bytes", lambda _: next(random_bytes))
    frozen = clock.now()
    monkeypatch.setattr(clock, "now", lambda: frozen)
    first, second = await shop.order(user, product), await shop.order(user, product)
    assert first["order_number"].endswith("-AAAAAA")
    assert second["order_number"].endswith("-BBBBBB")
    assert await read_stock(shop, product) == 98, "the failed attempts are rolled back"

"""Edits of pending orders: lines and address change together with stock and total, or nothing does."""

import asyncio

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop


def line(product: Json, quantity: int) -> Json:
    return {"product_id": product["id"], "quantity": quantity}


async def stocks(shop: Shop, *products: Json) -> list[int]:
    return [(await shop.get(f"/products/{product['id']}"))["stock_quantity"] for product in products]


async def test_stock_and_total_follow_the_lines(shop: Shop) -> None:
    one, two, three = [await shop.product(price="1.00", stock_quantity=10) for _ in range(3)]
    order = await shop.order(await shop.user(), one, two, quantity=4)
    await shop.client.patch(f"/products/{one['id']}", json={"price": "9.00"})
    body = {"items": [line(three, 2), line(one, 5), line(one, 1)]}
    response = await shop.client.patch(f"/orders/{order['id']}", json=body)
    edited = response.json()
    assert (response.status_code, await shop.get(f"/orders/{order['id']}")) == (200, edited)
    assert [(item["product_id"], item["quantity"], item["unit_price"]) for item in edited["items"]] == [
        (three["id"], 2, "1.00"),
        (one["id"], 5, "1.00"),
        (one["id"], 1, "1.00"),
    ]
    ids = [item["id"] for item in edited["items"]]
    assert ids == sorted(set(ids)), "each line has its id"
    assert (edited["total_amount"], edited["version"], edited["status"]) == ("8.00", 2, "pending")
    assert await stocks(shop, one, two, three) == [4, 10, 8]
    await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    assert await stocks(shop, one, two, three) == [10, 10, 10]


async def test_address_changes_alone(shop: Shop) -> None:
    order = await shop.order(await shop.user(), await shop.product())
    for address, version in (("2 Main St", 2), ("2 Main St", 2), (None, 3)):
        edited = (await shop.client.patch(f"/orders/{order['id']}", json={"shipping_address": address})).json()
        changed = {"shipping_address": address, "version": version, "updated_at": edited["updated_at"]}
        assert edited == order | changed
    same = {"items": [line({"id": item["product_id"]}, item["quantity"]) for item in order["items"]]}
    assert (await shop.client.patch(f"/orders/{order['id']}", json=same)).json() == edited


async def test_refused_edit_changes_nothing(shop: Shop) -> None:
    product, idle = await shop.product(stock_quantity=5), await shop.product(is_active=False)
    order = await shop.order(await shop.user(), product, quantity=3)
    before = await shop.contents()
    for items, kind, field in (
        ([line(product, 6)], "insufficient-stock", "items.0.quantity"),
        ([line(product, 1), line(idle, 1)], "inactive-product", "items.1.product_id"),
        ([line({"id": 99}, 1)], "unknown-reference", "items.0.product_id"),
    ):
        response = await shop.client.patch(f"/orders/{order['id']}", json={"items": items})
        assert (error_of(response), error_fields(response)) == ((400, kind), [field])
    assert await shop.contents() == before
    assert (await shop.client.patch(f"/orders/{order['id']}", json={"items": [line(product, 5)]})).is_success
    assert error_of(await shop.client.patch("/orders/99", json={})) == (404, "not-found")


async def test_inactive_product_can_be_reduced(shop: Shop) -> None:
    product = await shop.product(stock_quantity=5)
    order = await shop.order(await shop.user(), product, quantity=3)
    await shop.client.patch(f"/products/{product['id']}", json={"is_active": False})
    for quantity, status in ((4, 400), (2, 200)):
        response = await shop.client.patch(f"/orders/{order['id']}", json={"items": [line(product, quantity)]})
        assert response.status_code == status
    assert await stocks(shop, product) == [3]


async def test_only_pending_order_can_be_edited(shop: Shop) -> None:
    product = await shop.product()
    order = await shop.order(await shop.user(), product)
    for status in ("confirmed", "shipped", "delivered"):
        await shop.client.patch(f"/orders/{order['id']}/status?new_status={status}")
        response = await shop.client.patch(f"/orders/{order['id']}", json={"items": [line(product, 2)]})
        assert error_of(response) == (400, "invalid-transition")
    assert await stocks(shop, product) == [99]


async def test_concurrent_edits_conserve_stock(shop: Shop) -> None:
    product, user = await shop.product(stock_quantity=50), await shop.user()
    for _ in range(5):
        order = await shop.order(user, product, quantity=5)
        url = f"/orders/{order['id']}"
        edits = [shop.client.patch(url, json={"items": [line(product, number)]}) for number in range(1, 6)]
        responses = await asyncio.gather(*edits, shop.client.patch(f"{url}/status?new_status=cancelled"))
        assert responses[-1].status_code == 200
        assert {response.status_code for response in responses} <= {200, 400}
    assert await stocks(shop, product) == [50]

"""Payments: an order is paid in full, once, which confirms it."""

import pytest

from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop


async def create_order(shop: Shop) -> Json:
    return await shop.order(await shop.user(), await shop.product(price="79.99"), quantity=2)


async def test_payment_confirms_the_order(shop: Shop) -> None:
    order = await create_order(shop)
    body = {"amount": "159.98", "method": "card", "reference": "tx-1"}
    payment = await shop.post(f"/orders/{order['id']}/payments", body)
    assert payment == body | {
        "id": 1,
        "created_at": payment["created_at"],
        "updated_at": payment["created_at"],
        "version": 1,
        "order_id": order["id"],
        "status": "completed",
    }
    after = await shop.get(f"/orders/{order['id']}")
    assert after == order | {"status": "confirmed", "version": 2, "updated_at": after["updated_at"]}


async def test_payment_reference_is_optional(shop: Shop) -> None:
    order = await create_order(shop)
    payment = await shop.post(f"/orders/{order['id']}/payments", {"amount": 159.98, "method": "cash"})
    assert (payment["amount"], payment["reference"]) == ("159.98", None)


async def test_amount_other_than_total_is_rejected(shop: Shop) -> None:
    for amount in ["159.97", "159.99", "0.01", "99999999.99"]:
        order = await create_order(shop)
        response = await shop.client.post(f"/orders/{order['id']}/payments", json={"amount": amount, "method": "card"})
        assert (error_of(response), error_fields(response)) == ((400, "amount-mismatch"), ["amount"]), amount
        assert await shop.get(f"/orders/{order['id']}") == order, amount


@pytest.mark.parametrize("statuses", [["confirmed"], ["cancelled"], ["confirmed", "shipped", "delivered"]])
async def test_only_pending_order_can_be_paid(shop: Shop, statuses: list[str]) -> None:
    order = await create_order(shop)
    for status in statuses:
        await shop.client.patch(f"/orders/{order['id']}/status?new_status={status}")
    before = await shop.get(f"/orders/{order['id']}")
    for amount in ("159.98", "1.00"):
        response = await shop.client.post(f"/orders/{order['id']}/payments", json={"amount": amount, "method": "card"})
        assert error_of(response) == (400, "invalid-transition")
    assert await shop.get(f"/orders/{order['id']}") == before


async def test_order_is_paid_once(shop: Shop) -> None:
    order = await create_order(shop)
    body = {"amount": "159.98", "method": "card"}
    await shop.post(f"/orders/{order['id']}/payments", body)
    assert error_of(await shop.client.post(f"/orders/{order['id']}/payments", json=body)) == (400, "invalid-transition")


async def test_payment_of_unknown_order_is_404(shop: Shop) -> None:
    response = await shop.client.post("/orders/99/payments", json={"amount": "1.00", "method": "card"})
    assert error_of(response) == (404, "not-found")


INVALID = [
    ("method", ""),
    ("method", "x" * 51),
    ("method", None),
    ("reference", "x" * 256),
    ("amount", None),
    ("amount", 0),
]


async def test_payment_is_validated(shop: Shop) -> None:
    for field, value in INVALID:
        order = await create_order(shop)
        body = {"amount": "159.98", "method": "card", field: value}
        response = await shop.client.post(f"/orders/{order['id']}/payments", json=body)
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), [field]), field

"""Payments: an order is paid in full, once, which confirms it."""

import asyncio

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
        "refunded_amount": "0.00",
        "account_id": None,
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


# Payments by account


async def test_account_payment_is_debited(shop: Shop) -> None:
    order, account, payment = await shop.paid_order(await shop.user(), "100.00")
    assert (payment["method"], payment["account_id"], payment["status"]) == ("account", account["id"], "completed")
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "20.01"
    assert (await shop.get(f"/orders/{order['id']}"))["status"] == "confirmed"


async def test_account_payment_needs_funds(shop: Shop) -> None:
    order = await create_order(shop)
    account = await shop.account(await shop.user(), "159.97")
    before = await shop.contents()
    body = {"amount": "159.98", "method": "account"}
    expected = [
        ({"account_id": account["id"]}, (400, "insufficient-funds"), "amount"),
        ({"account_id": 99}, (400, "unknown-reference"), "account_id"),
        ({}, (400, "method-mismatch"), "account_id"),
        ({"account_id": account["id"], "method": "card"}, (400, "method-mismatch"), "account_id"),
    ]
    for more, error, field in expected:
        response = await shop.client.post(f"/orders/{order['id']}/payments", json=body | more)
        assert (error_of(response), error_fields(response)) == (error, [field])
    assert await shop.contents() == before


# Reading


async def test_payments_are_listed(shop: Shop) -> None:
    user = await shop.user()
    first, second = [await shop.paid_order(user) for _ in range(2)]
    for url, expected in (
        ("/payments?sort=id", [first[2], second[2]]),
        (f"/payments?order_id={first[0]['id']}", [first[2]]),
        (f"/payments?account_id={second[1]['id']}", [second[2]]),
        ("/payments?status=refunded", []),
        (f"/orders/{second[0]['id']}/payments", [second[2]]),
    ):
        assert (await shop.get(url))["items"] == expected, url
    assert await shop.get(f"/payments/{first[2]['id']}") == first[2]
    unpaid = await create_order(shop)
    assert (await shop.get(f"/orders/{unpaid['id']}/payments"))["items"] == []
    for url in ("/orders/99/payments", "/payments/99"):
        assert error_of(await shop.client.get(url)) == (404, "not-found")


# Refunds


async def test_refunds_never_exceed_the_payment(shop: Shop) -> None:
    _, account, payment = await shop.paid_order(await shop.user())
    url = f"/payments/{payment['id']}/refunds"
    first = await shop.post(url, {"amount": "30.00"})
    changed = {"refunded_amount": "30.00", "status": "partially_refunded", "version": 2}
    assert first == payment | changed | {"updated_at": first["updated_at"]}
    response = await shop.client.post(url, json={"amount": "50.00"})
    assert (error_of(response), error_fields(response)) == ((400, "refund-limit"), ["amount"])
    last = await shop.post(url, {"amount": "49.99"})
    assert (last["refunded_amount"], last["status"], last["version"]) == ("79.99", "refunded", 3)
    assert error_of(await shop.client.post(url, json={"amount": "0.01"})) == (400, "refund-limit")
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "79.99"
    assert error_of(await shop.client.post("/payments/99/refunds", json={"amount": 1})) == (404, "not-found")


async def test_refund_with_a_key_happens_once(shop: Shop) -> None:
    _, account, payment = await shop.paid_order(await shop.user())
    url, key = f"/payments/{payment['id']}/refunds", {"Idempotency-Key": "one"}
    first, again = [await shop.client.post(url, json={"amount": 30}, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "30.00"


async def test_concurrent_refunds_stay_within_amount(shop: Shop) -> None:
    _, account, payment = await shop.paid_order(await shop.user())
    url = f"/payments/{payment['id']}/refunds"
    responses = await asyncio.gather(*(shop.client.post(url, json={"amount": 30}) for _ in range(5)))
    assert sorted(response.status_code for response in responses) == [201, 201, 400, 400, 400]
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "60.00"


async def test_cancelling_refunds_what_is_left(shop: Shop) -> None:
    order, account, payment = await shop.paid_order(await shop.user())
    await shop.post(f"/payments/{payment['id']}/refunds", {"amount": "30.00"})
    cancel = f"/orders/{order['id']}/status?new_status=cancelled"
    responses = await asyncio.gather(*(shop.client.patch(cancel) for _ in range(3)))
    assert sorted(response.status_code for response in responses) == [200, 400, 400]
    after = await shop.get(f"/payments/{payment['id']}")
    assert (after["refunded_amount"], after["status"], after["version"]) == ("79.99", "refunded", 3)
    assert (await shop.get(f"/accounts/{account['id']}"))["balance"] == "79.99"
    assert (await shop.get(f"/products/{order['items'][0]['product_id']}"))["stock_quantity"] == 100


async def test_refund_to_closed_account_is_rejected(shop: Shop) -> None:
    order, account, payment = await shop.paid_order(await shop.user())
    assert (await shop.client.delete(f"/accounts/{account['id']}")).status_code == 204
    before = await shop.contents()
    refund = await shop.client.post(f"/payments/{payment['id']}/refunds", json={"amount": 1})
    cancel = await shop.client.patch(f"/orders/{order['id']}/status?new_status=cancelled")
    assert error_of(refund) == error_of(cancel) == (400, "account-closed")
    assert await shop.contents() == before

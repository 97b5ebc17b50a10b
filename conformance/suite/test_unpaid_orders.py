"""Unpaid orders: cancelled after some time, each once, whichever process gets there first."""

import asyncio
from datetime import timedelta

import pytest

from conformance.fixtures import Tick
from conformance.shop import Shop
from core.services import unpaid_orders
from core.services.unpaid_orders import cancel_unpaid, cancel_unpaid_periodically
from core.storage import Storage

HOUR = timedelta(hours=1)


async def test_unpaid_orders_are_cancelled_once(shop: Shop, storage: Storage, tick: Tick) -> None:
    user, product = await shop.user(), await shop.product(stock_quantity=10)
    unpaid, paid = [await shop.order(user, product, quantity=2) for _ in range(2)]
    await shop.post(f"/orders/{paid['id']}/payments", {"amount": paid["total_amount"], "method": "card"})
    tick(HOUR)
    late = await shop.order(user, product, quantity=2)
    assert await cancel_unpaid(storage, HOUR + timedelta(milliseconds=1)) == 0
    cancelled = await asyncio.gather(*(cancel_unpaid(storage, HOUR) for _ in range(4)))
    assert sorted(cancelled) == [0, 0, 0, 1]
    orders = [await shop.get(f"/orders/{order['id']}") for order in (unpaid, paid, late)]
    assert [order["status"] for order in orders] == ["cancelled", "confirmed", "pending"]
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == 6
    assert await cancel_unpaid(storage, HOUR) == 0


async def test_sweep_passes_over_what_cannot_be_cancelled(
    shop: Shop, storage: Storage, tick: Tick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpaid_orders, "_AT_ONCE", 2)
    user, full, product = await shop.user(), await shop.product(), await shop.product(stock_quantity=9)
    orders = [await shop.order(user, full if number < 3 else product) for number in range(6)]
    await shop.client.patch(f"/products/{full['id']}", json={"stock_quantity": 2_147_483_647})
    tick(HOUR)
    assert await cancel_unpaid(storage, HOUR) == 3
    statuses = [(await shop.get(f"/orders/{order['id']}"))["status"] for order in orders]
    assert statuses == ["pending"] * 3 + ["cancelled"] * 3
    assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == 9


async def test_sweep_is_off_without_a_time(storage: Storage) -> None:
    before = asyncio.all_tasks()
    async with cancel_unpaid_periodically(storage, 0):
        assert asyncio.all_tasks() == before
    async with cancel_unpaid_periodically(storage, 1):
        assert len(asyncio.all_tasks() - before) == 1
    assert asyncio.all_tasks() == before

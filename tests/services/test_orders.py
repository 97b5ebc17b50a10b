"""Placing orders: checked line by line, priced exactly, all or nothing."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.entities import OrderStatus
from core.errors import (
    AmountLimit,
    BusinessRuleViolation,
    InactiveProduct,
    InsufficientStock,
    NotFound,
    TransientConflict,
    UnknownReference,
)
from core.money import MAX_PRICE, MAX_TOTAL
from core.services import catalogue, orders
from core.storage import OrderFilter, Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import FIRST_PAGE, Factory, failing_fields, order_draft, stock_of

UNKNOWN = 99


async def number_of_orders(storage: Storage) -> int | None:
    return (await storage.orders.page(OrderFilter(), FIRST_PAGE)).total


async def test_order_total_is_exact(factory: Factory) -> None:
    user = await factory.user()
    products = [
        await factory.product(sku, price=price)
        for sku, price in (("DEAR", MAX_PRICE), ("CENT", 1), ("ODD", 19_99), ("DIME", 10))
    ]
    order = await factory.order(user, *zip(products, (2, 3, 3, 7), strict=True))
    assert [(item.unit_price, item.quantity, item.total_price) for item in order.items] == [
        (99_999_999_99, 2, 199_999_999_98),
        (1, 3, 3),
        (19_99, 3, 59_97),
        (10, 7, 70),
    ]
    assert order.total_amount == 200_000_060_68


async def test_order_is_stored_pending_with_its_lines(storage: Storage, factory: Factory) -> None:
    user, pen, cup = await factory.user(), await factory.product("PEN"), await factory.product("CUP")
    order = await factory.order(user, (cup, 1), (pen, 2), (cup, 3))
    assert [(item.product_id, item.quantity) for item in order.items] == [(cup.id, 1), (pen.id, 2), (cup.id, 3)]
    assert (order.status, order.user_id, order.version) == (OrderStatus.PENDING, user.id, 1)
    assert await storage.orders.get(order.id) == order


async def test_order_keeps_the_prices_of_its_moment(storage: Storage, factory: Factory) -> None:
    user, product = await factory.user(), await factory.product(price=10_00)
    order = await factory.order(user, (product, 2))
    await catalogue.change_product(storage, product.id, {"price": 99_00})
    assert await storage.orders.get(order.id) == order
    assert (await factory.order(user, (product, 2))).total_amount == 198_00


async def test_order_takes_the_stock_of_all_lines(storage: Storage, factory: Factory) -> None:
    user, pen, cup = await factory.user(), await factory.product("PEN"), await factory.product("CUP")
    await factory.order(user, (pen, 6), (cup, 1), (pen, 4))
    assert await stock_of(storage, pen, cup) == [0, 9]


async def test_order_needs_the_stock_of_all_its_lines(storage: Storage, factory: Factory) -> None:
    user, product = await factory.user(), await factory.product(stock_quantity=5)
    with pytest.raises(InsufficientStock) as refused:
        await factory.order(user, (product, 3), (product, 3))
    assert failing_fields(refused.value) == [
        ("items.0.quantity", "insufficient-stock"),
        ("items.1.quantity", "insufficient-stock"),
    ]
    assert await stock_of(storage, product) == [5]


@pytest.mark.parametrize("notify", [False, True])
async def test_every_failing_line_is_reported_in_order(storage: Storage, factory: Factory, notify: bool) -> None:
    user, good = await factory.user(), await factory.product("GOOD")
    scarce, inactive = await factory.product("LOW", stock_quantity=1), await factory.product("OLD", is_active=False)
    lines = [(UNKNOWN, 1), (good.id, 1), (scarce.id, 2), (inactive.id, 1), (good.id, 1), (UNKNOWN + 1, 1)]
    place = orders.place_and_notify if notify else orders.place
    with pytest.raises(UnknownReference) as refused:
        await place(storage, order_draft(user.id, *lines))
    assert failing_fields(refused.value) == [
        ("items.0.product_id", "unknown-reference"),
        ("items.2.quantity", "insufficient-stock"),
        ("items.3.product_id", "inactive-product"),
        ("items.5.product_id", "unknown-reference"),
    ]
    assert await stock_of(storage, good, scarce, inactive) == [10, 1, 10]
    assert await number_of_orders(storage) == 0


@pytest.mark.parametrize(
    ("sku", "error"), [("GONE", UnknownReference), ("OLD", InactiveProduct), ("LOW", InsufficientStock)]
)
async def test_first_failing_line_decides_the_error(
    storage: Storage, factory: Factory, sku: str, error: type[BusinessRuleViolation]
) -> None:
    user, inactive = await factory.user(), await factory.product("OLD", is_active=False)
    scarce = await factory.product("LOW", stock_quantity=0)
    ids = {"GONE": UNKNOWN, "OLD": inactive.id, "LOW": scarce.id}
    lines = [(ids.pop(sku), 1), *((product_id, 1) for product_id in ids.values())]
    with pytest.raises(BusinessRuleViolation) as refused:
        await orders.place(storage, order_draft(user.id, *lines))
    assert type(refused.value) is error
    assert len(refused.value.errors) == 3


async def test_inactive_product_is_no_matter_of_its_stock(storage: Storage, factory: Factory) -> None:
    user, product = await factory.user(), await factory.product(is_active=False, stock_quantity=0)
    with pytest.raises(InactiveProduct) as refused:
        await factory.order(user, (product, 1))
    assert failing_fields(refused.value) == [("items.0.product_id", "inactive-product")]


async def test_order_of_unknown_user_takes_no_stock(storage: Storage, factory: Factory) -> None:
    product = await factory.product()
    with pytest.raises(UnknownReference) as refused:
        await orders.place(storage, order_draft(UNKNOWN, (product.id, 1)))
    assert failing_fields(refused.value) == [("user_id", "unknown-reference")]
    assert await stock_of(storage, product) == [10]


async def test_failing_lines_come_before_an_unknown_user(storage: Storage, factory: Factory) -> None:
    product = await factory.product()
    with pytest.raises(InsufficientStock):
        await orders.place(storage, order_draft(UNKNOWN, (product.id, 11)))


async def test_inactive_user_can_order(factory: Factory) -> None:
    user, product = await factory.user(is_active=False), await factory.product()
    assert (await factory.order(user, (product, 1))).user_id == user.id


async def test_order_total_may_equal_the_limit(storage: Storage, factory: Factory) -> None:
    user, dear = await factory.user(), await factory.product("DEAR", price=MAX_PRICE, stock_quantity=1000)
    rest = await factory.product("REST", price=MAX_TOTAL - 100 * MAX_PRICE)
    assert (await factory.order(user, (dear, 100), (rest, 1))).total_amount == MAX_TOTAL


async def test_order_total_above_the_limit_is_refused(storage: Storage, factory: Factory) -> None:
    user, dear = await factory.user(), await factory.product("DEAR", price=MAX_PRICE, stock_quantity=1000)
    rest = await factory.product("REST", price=MAX_TOTAL - 100 * MAX_PRICE + 1)
    with pytest.raises(AmountLimit):
        await factory.order(user, (dear, 100), (rest, 1))
    assert await stock_of(storage, dear, rest) == [1000, 10]
    assert await number_of_orders(storage) == 0


async def test_order_number_has_time_and_random_suffix(factory: Factory, tick: Callable[[timedelta], datetime]) -> None:
    user, product = await factory.user(), await factory.product()
    at = tick(timedelta(days=1, seconds=5))
    numbers = {(await factory.order(user, (product, 1))).order_number for _ in range(5)}
    assert len(numbers) == 5
    assert all(re.fullmatch(rf"ORD-{at:%Y%m%d%H%M%S}-[0-9A-Z]{{6}}", number) for number in numbers)


async def test_taken_order_number_is_drawn_again(
    storage: Storage, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, product = await factory.user(), await factory.product()
    draws = [b"\x0a" * 6] * 3 + [b"\x0b" * 6]
    monkeypatch.setattr(secrets, "token_bytes", lambda _: draws.pop(0))
    first, second = [await factory.order(user, (product, 1)) for _ in range(2)]
    assert (first.order_number[-7:], second.order_number[-7:]) == ("-AAAAAA", "-BBBBBB")
    assert await stock_of(storage, product) == [8]


async def test_order_after_a_conflict_is_placed_once(contended: ContendedStorage, factory: Factory) -> None:
    user, product = await factory.user(), await factory.product()
    contended.steps = [Step(error=TransientConflict())]
    await orders.place(contended, order_draft(user.id, (product.id, 3)))
    assert contended.runs == 2
    assert await stock_of(contended, product) == [7]
    assert await number_of_orders(contended) == 1


async def test_orders_of_a_user_are_its_own(storage: Storage, factory: Factory) -> None:
    ada, bob, product = await factory.user("ada"), await factory.user("bob"), await factory.product()
    order = await factory.order(ada, (product, 1))
    assert [found.id for found in (await orders.of_user(storage, ada.id, FIRST_PAGE)).items] == [order.id]
    assert (await orders.of_user(storage, bob.id, FIRST_PAGE)).items == []
    with pytest.raises(NotFound):
        await orders.of_user(storage, UNKNOWN, FIRST_PAGE)


async def test_summary_lists_every_status_and_its_revenue(storage: Storage, factory: Factory) -> None:
    user, product = await factory.user(), await factory.product(price=2_50)
    placed = [await factory.order(user, (product, quantity)) for quantity in (1, 2, 3)]
    await orders.change_status(storage, placed[1].id, OrderStatus.CANCELLED)
    await orders.change_status(storage, placed[2].id, OrderStatus.CONFIRMED)
    summary = await orders.summary(storage)
    assert (summary.total_orders, summary.total_revenue) == (3, 10_00)
    assert summary.orders_by_status == {"pending": 1, "confirmed": 1, "shipped": 0, "delivered": 0, "cancelled": 1}

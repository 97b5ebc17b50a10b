"""The status of an order: which transitions there are, and that cancelling restores the stock once."""

import asyncio

import pytest

from core.entities import Order, OrderStatus
from core.entities.fields import MAX_QUANTITY
from core.errors import InvalidTransition, NotFound, PreconditionFailed, StockLimit, TransientConflict
from core.services import catalogue, orders
from core.storage import Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import Factory, failing_fields, stock_of

PENDING, CONFIRMED, SHIPPED, DELIVERED, CANCELLED = OrderStatus
ALLOWED = {
    (PENDING, CONFIRMED),
    (PENDING, CANCELLED),
    (CONFIRMED, SHIPPED),
    (CONFIRMED, CANCELLED),
    (SHIPPED, DELIVERED),
}
PATHS = {
    PENDING: [],
    CONFIRMED: [CONFIRMED],
    SHIPPED: [CONFIRMED, SHIPPED],
    DELIVERED: [CONFIRMED, SHIPPED, DELIVERED],
    CANCELLED: [CANCELLED],
}


async def order_at(factory: Factory, status: OrderStatus) -> Order:
    """An order of 4 pieces of product 1, of which 6 are left, that has reached ``status``."""
    order = await factory.order(await factory.user(), (await factory.product(), 4))
    for step in PATHS[status]:
        await orders.change_status(factory.storage, order.id, step)
    return await factory.storage.orders.get(order.id)


async def stock(storage: Storage) -> int:
    return (await storage.products.get(1)).stock_quantity


@pytest.mark.parametrize(("old", "new"), sorted(ALLOWED))
async def test_order_changes_to_an_allowed_status(
    storage: Storage, factory: Factory, old: OrderStatus, new: OrderStatus
) -> None:
    before = await order_at(factory, old)
    changed = await orders.change_status(storage, before.id, new)
    after = await storage.orders.get(before.id)
    assert (changed.status, after.status) == (new, new)
    assert (after.version, after.items, after.total_amount) == (before.version + 1, before.items, before.total_amount)


@pytest.mark.parametrize(
    ("old", "new"), [(old, new) for old in OrderStatus for new in OrderStatus if (old, new) not in ALLOWED]
)
async def test_order_stays_if_a_transition_is_invalid(
    storage: Storage, factory: Factory, old: OrderStatus, new: OrderStatus
) -> None:
    order = await order_at(factory, old)
    before = await stock(storage)
    with pytest.raises(InvalidTransition) as refused:
        await orders.change_status(storage, order.id, new)
    assert failing_fields(refused.value) == [("new_status", "invalid-transition")]
    assert await storage.orders.get(order.id) == order
    assert await stock(storage) == before


@pytest.mark.parametrize("old", [PENDING, CONFIRMED])
async def test_cancelling_restores_the_stock_once(storage: Storage, factory: Factory, old: OrderStatus) -> None:
    order = await order_at(factory, old)
    assert await stock(storage) == 6
    await orders.change_status(storage, order.id, CANCELLED)
    assert await stock(storage) == 10
    for _ in range(2):
        with pytest.raises(InvalidTransition):
            await orders.change_status(storage, order.id, CANCELLED)
    assert await stock(storage) == 10


async def test_cancelling_sums_the_lines_of_a_product(storage: Storage, factory: Factory) -> None:
    user, pen, cup = await factory.user(), await factory.product("PEN"), await factory.product("CUP")
    order = await factory.order(user, (pen, 2), (cup, 5), (pen, 3))
    await orders.change_status(storage, order.id, CANCELLED)
    assert await stock_of(storage, pen, cup) == [10, 10]


async def test_concurrent_cancellations_succeed_once(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, PENDING)
    changes = [orders.change_status(storage, order.id, CANCELLED) for _ in range(5)]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 4
    assert await stock(storage) == 10


async def test_cancelling_after_a_conflict_restocks_once(contended: ContendedStorage, factory: Factory) -> None:
    order = await order_at(factory, PENDING)
    contended.steps = [Step(error=TransientConflict())]
    await orders.change_status(contended, order.id, CANCELLED)
    assert contended.runs == 2
    assert await stock(contended) == 10


async def test_cancelling_restocks_an_inactive_product(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, PENDING)
    await catalogue.change_product(storage, 1, {"is_active": False})
    await orders.change_status(storage, order.id, CANCELLED)
    assert await stock(storage) == 10


async def test_cancelling_may_fill_the_stock_to_its_limit(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, PENDING)
    await catalogue.change_product(storage, 1, {"stock_quantity": MAX_QUANTITY - 4})
    await orders.change_status(storage, order.id, CANCELLED)
    assert await stock(storage) == MAX_QUANTITY


async def test_cancelling_above_the_stock_limit_is_refused(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, PENDING)
    await catalogue.change_product(storage, 1, {"stock_quantity": MAX_QUANTITY - 3})
    with pytest.raises(StockLimit):
        await orders.change_status(storage, order.id, CANCELLED)
    assert await storage.orders.get(order.id) == order
    assert await stock(storage) == MAX_QUANTITY - 3


async def test_invalid_cancellation_comes_before_the_limit(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, DELIVERED)
    await catalogue.change_product(storage, 1, {"stock_quantity": MAX_QUANTITY})
    with pytest.raises(InvalidTransition):
        await orders.change_status(storage, order.id, CANCELLED)


async def test_status_change_at_another_version_is_refused(storage: Storage, factory: Factory) -> None:
    order = await order_at(factory, CONFIRMED)
    with pytest.raises(PreconditionFailed):
        await orders.change_status(storage, order.id, CANCELLED, frozenset({order.version - 1}))
    assert await stock(storage) == 6
    await orders.change_status(storage, order.id, CANCELLED, frozenset({order.version}))
    assert await stock(storage) == 10


@pytest.mark.parametrize("status", [CONFIRMED, CANCELLED])
async def test_unknown_order_is_not_found(storage: Storage, status: OrderStatus) -> None:
    with pytest.raises(NotFound):
        await orders.change_status(storage, 99, status)

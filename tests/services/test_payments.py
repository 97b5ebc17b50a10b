"""Paying an order: the payment is stored and the order confirmed together, or neither."""

import asyncio

import pytest

from core.entities import Order, OrderStatus, Payment, PaymentDraft
from core.errors import (
    AmountMismatch,
    InvalidTransition,
    NotFound,
    PreconditionFailed,
    TransientConflict,
    Unavailable,
)
from core.services import orders, payments
from core.storage import Storage
from tests.services.contended import ContendedStorage, Step
from tests.services.factory import Factory, failing_fields


async def place(factory: Factory) -> Order:
    return await factory.order(await factory.user(), (await factory.product(price=19_99), 3))


def card(amount: int) -> PaymentDraft:
    return PaymentDraft(amount=amount, method="card", reference="R-1")


async def test_payment_is_stored_and_the_order_confirmed(storage: Storage, factory: Factory) -> None:
    order = await place(factory)
    payment = await payments.pay(storage, order.id, card(59_97))
    assert (payment.id, payment.order_id, payment.amount, payment.status) == (1, order.id, 59_97, "completed")
    assert (payment.method, payment.reference) == ("card", "R-1")
    after = await storage.orders.get(order.id)
    assert (after.status, after.version) == (OrderStatus.CONFIRMED, 2)


@pytest.mark.parametrize("amount", [59_96, 59_98, 1])
async def test_payment_of_another_amount_is_refused(storage: Storage, factory: Factory, amount: int) -> None:
    order = await place(factory)
    with pytest.raises(AmountMismatch) as refused:
        await payments.pay(storage, order.id, card(amount))
    assert failing_fields(refused.value) == [("amount", "amount-mismatch")]
    assert await storage.orders.get(order.id) == order


@pytest.mark.parametrize("amount", [59_97, 1])
@pytest.mark.parametrize(
    "path", [["confirmed"], ["confirmed", "shipped"], ["confirmed", "shipped", "delivered"], ["cancelled"]]
)
async def test_payment_of_an_order_not_pending_is_refused(
    storage: Storage, factory: Factory, path: list[str], amount: int
) -> None:
    order = await place(factory)
    for status in path:
        await orders.change_status(storage, order.id, OrderStatus(status))
    before = await storage.orders.get(order.id)
    with pytest.raises(InvalidTransition):
        await payments.pay(storage, order.id, card(amount))
    assert await storage.orders.get(order.id) == before


async def test_concurrent_payments_succeed_once(storage: Storage, factory: Factory) -> None:
    order = await place(factory)
    paying = [payments.pay(storage, order.id, card(59_97)) for _ in range(5)]
    outcomes = await asyncio.gather(*paying, return_exceptions=True)
    assert sum(isinstance(outcome, Payment) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 4


async def test_payment_after_a_conflict_is_stored_once(contended: ContendedStorage, factory: Factory) -> None:
    order = await place(factory)
    contended.steps = [Step(error=TransientConflict())]
    assert (await payments.pay(contended, order.id, card(59_97))).id == 1
    assert (await contended.orders.get(order.id)).version == 2


async def test_failed_payment_leaves_the_order_pending(contended: ContendedStorage, factory: Factory) -> None:
    order = await place(factory)
    contended.steps = [Step(error=Unavailable())]
    with pytest.raises(Unavailable):
        await payments.pay(contended, order.id, card(59_97))
    assert await contended.orders.get(order.id) == order


async def test_payment_at_another_version_is_refused(storage: Storage, factory: Factory) -> None:
    order = await place(factory)
    with pytest.raises(PreconditionFailed):
        await payments.pay(storage, order.id, card(59_97), frozenset({2}))
    assert await storage.orders.get(order.id) == order


async def test_payment_of_an_unknown_order_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await payments.pay(storage, 99, card(1))

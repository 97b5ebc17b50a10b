"""Entities without methods of their own: what storage does by their declaration alone. Payments are one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from conformance.shop import Shop
from core import clock
from core.entities import PAYMENT, NewPayment, OrderDraft, OrderItemDraft, Payment, PaymentFilter
from core.errors import NotFound, TransientConflict, UnknownReference
from core.services import orders
from core.services.versioning import bump_version
from core.storage import PageRequest, Storage, Transaction
from core.storage.sorts import NEWEST_FIRST

FIRST_PAGE = PageRequest(NEWEST_FIRST, size=2)


@pytest.fixture
async def payments(storage: Storage, shop: Shop) -> Sequence[Payment]:
    """Three payments of two orders, in the order of their ids."""
    user, product = await shop.user(), await shop.product()
    draft = OrderDraft(user_id=user["id"], items=[OrderItemDraft(product_id=product["id"], quantity=1)])
    first, second = await orders.place(storage, draft), await orders.place(storage, draft)
    drafts = [NewPayment(order_id=order.id, amount=100, method="card") for order in (first, second, second)]
    return await storage.run(lambda tx: tx.entities(PAYMENT).add(drafts, clock.now()))


async def test_added_entities_have_initial_values(payments: Sequence[Payment]) -> None:
    assert [(one.version, one.status, one.reference) for one in payments] == [(1, "completed", None)] * 3
    assert sorted({one.id for one in payments}) == [one.id for one in payments]


async def test_entity_is_read_by_id(storage: Storage, payments: Sequence[Payment]) -> None:
    assert await storage.entities(PAYMENT).get(payments[1].id) == payments[1]
    with pytest.raises(NotFound):
        await storage.entities(PAYMENT).get(payments[-1].id + 1000)


async def test_page_is_filtered_and_sorted(storage: Storage, payments: Sequence[Payment]) -> None:
    newest_first = [*reversed(payments)]
    found = await storage.entities(PAYMENT).page(PaymentFilter(), FIRST_PAGE)
    assert (found.items, found.has_more, found.total) == (newest_first[:2], True, 3)
    found = await storage.entities(PAYMENT).page(PaymentFilter(order_id=payments[0].order_id), FIRST_PAGE)
    assert (found.items, found.has_more, found.total) == ([payments[0]], False, 1)


async def test_unknown_reference_is_named(storage: Storage, payments: Sequence[Payment]) -> None:
    orphan = NewPayment(order_id=payments[-1].order_id + 1000, amount=1, method="card")
    with pytest.raises(UnknownReference) as unknown:
        await storage.run(lambda tx: tx.entities(PAYMENT).add([orphan], clock.now()))
    assert [error.field for error in unknown.value.errors] == ["order_id"]


async def test_locked_entity_is_changed_once(storage: Storage, payments: Sequence[Payment]) -> None:
    changed = bump_version(replace(payments[0], reference="late"))
    await storage.run(lambda tx: tx.entities(PAYMENT).save(changed))
    assert await storage.entities(PAYMENT).get(changed.id) == changed

    async def save_again(tx: Transaction) -> None:
        with pytest.raises(TransientConflict):
            await tx.entities(PAYMENT).save(changed)

    await storage.run(save_again)


async def test_deleted_entity_is_gone(storage: Storage, payments: Sequence[Payment]) -> None:
    await storage.run(lambda tx: tx.entities(PAYMENT).delete(payments[0].id, clock.now()))
    with pytest.raises(NotFound):
        await storage.entities(PAYMENT).get(payments[0].id)
    with pytest.raises(NotFound):
        await storage.run(lambda tx: tx.entities(PAYMENT).delete(payments[0].id, clock.now()))


async def test_payments_go_with_their_user(storage: Storage, payments: Sequence[Payment]) -> None:
    await storage.run(lambda tx: tx.users.delete(1, clock.now()))
    assert (await storage.entities(PAYMENT).page(PaymentFilter(), FIRST_PAGE)).items == []

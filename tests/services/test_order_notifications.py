"""An order and the notification that goes with it: where only the notification fails, the order stands."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from stockroom_memory.notifications import MemoryNotificationRepository
from stockroom_memory.storage import MemoryStorage, MemoryTransaction

from core.entities import Notification, NotificationDraft, Order
from core.errors import StockroomError, TransientConflict, Unsupported, ValidationFailed
from core.services import notifications, orders
from core.storage import Storage
from tests.services.factory import FIRST_PAGE, Factory, order_draft, stock_of


@pytest.fixture(params=["savepoints", "no savepoints"])
def savepoints(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the test with savepoints, and on a storage that has none and refuses them."""

    @asynccontextmanager
    async def refuse(_: MemoryTransaction) -> AsyncIterator[None]:
        raise Unsupported("This storage has no savepoints.")
        yield

    if request.param == "no savepoints":
        monkeypatch.setattr(MemoryStorage, "capabilities", replace(MemoryStorage.capabilities, savepoints=False))
        monkeypatch.setattr(MemoryTransaction, "savepoint", refuse)


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[StockroomError]:
    """Errors that the next notifications raise, after they were stored."""
    add, errors = MemoryNotificationRepository.add, list[StockroomError]()

    async def add_and_fail(
        repository: MemoryNotificationRepository, drafts: Sequence[NotificationDraft], at: datetime
    ) -> list[Notification]:
        added = await add(repository, drafts, at)
        if errors:
            raise errors.pop()
        return added

    monkeypatch.setattr(MemoryNotificationRepository, "add", add_and_fail)
    return errors


async def place(factory: Factory) -> Order:
    user, product = await factory.user(), await factory.product(price=2_50)
    return await orders.place_and_notify(factory.storage, order_draft(user.id, (product.id, 2)))


async def notifications_of(storage: Storage, order: Order) -> list[Notification]:
    return (await notifications.of_user(storage, order.user_id, FIRST_PAGE)).items


@pytest.mark.usefixtures("savepoints")
async def test_order_notifies_its_user(storage: Storage, factory: Factory) -> None:
    order = await place(factory)
    [notification] = await notifications_of(storage, order)
    assert (notification.order_id, notification.is_read) == (order.id, False)
    assert order.order_number in notification.message
    assert "5.00" in notification.message


async def test_plain_order_notifies_no_user(storage: Storage, factory: Factory) -> None:
    order = await factory.order(await factory.user(), (await factory.product(), 1))
    assert await notifications_of(storage, order) == []


@pytest.mark.usefixtures("savepoints")
async def test_order_stands_if_its_notification_fails(
    storage: Storage, factory: Factory, failures: list[StockroomError], caplog: pytest.LogCaptureFixture
) -> None:
    failures.append(ValidationFailed("message", "cannot be delivered"))
    order = await place(factory)
    assert await storage.orders.get(order.id) == order
    assert (await storage.products.get(1)).stock_quantity == 8
    assert await notifications_of(storage, order) == []
    assert [order.order_number in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.usefixtures("savepoints")
async def test_notification_after_a_conflict_is_sent_once(
    storage: Storage, factory: Factory, failures: list[StockroomError]
) -> None:
    failures.append(TransientConflict())
    order = await place(factory)
    assert [one.order_id for one in await notifications_of(storage, order)] == [order.id]
    assert await stock_of(storage, await storage.products.get(1)) == [8]
    assert (await orders.summary(storage)).total_orders == 1

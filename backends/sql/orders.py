"""Orders with their lines, and their payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.listing import Source, given
from backends.sql.mapping import Shape
from backends.sql.products import PRODUCTS
from backends.sql.schema import order_items, orders, payments, products, users
from backends.sql.statement import Statement
from backends.sql.users import USERS
from core.entities import (
    Order,
    OrderDetails,
    OrderItem,
    OrderItemDetails,
    OrderStatus,
    OrderSummary,
    Payment,
    PaymentDraft,
)
from core.entities.construct import shallow_asdict
from core.errors import NotFound
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder

SUMMARIES = Aggregate("order", Shape(OrderSummary, orders))
ORDERS = Aggregate("order", Shape(Order, orders))
PAYMENTS = Aggregate("payment", Shape(Payment, payments))
_ITEMS = Shape(OrderItem, order_items)

_FULL = (
    select(*ORDERS.shape.columns, *_ITEMS.columns)
    .join(order_items, order_items.c.order_id == orders.c.id)
    .where(orders.c.id == bindparam("key"))
    .order_by(order_items.c.position)
)
_WITH_ITEMS = Statement(_FULL)
_WITH_ITEMS_LOCKED = Statement(_FULL.with_for_update(key_share=True, of=orders))
_WITH_USER = Statement(
    select(*SUMMARIES.shape.columns, *USERS.shape.columns)
    .join(users, users.c.id == orders.c.user_id)
    .where(orders.c.id == bindparam("key"))
)
_ORDERED_PRODUCTS = Statement(
    select(*_ITEMS.columns, *PRODUCTS.shape.columns)
    .join(products, products.c.id == order_items.c.product_id)
    .where(order_items.c.order_id == bindparam("key"))
    .order_by(order_items.c.position)
)
_ADD_LINES = Statement(order_items.insert(), ("order_id", "position", *_ITEMS.names))
_TOTALS = select(orders.c.status, func.count(), func.sum(orders.c.total_amount)).group_by(orders.c.status)
_CONDITIONS = {
    "status": orders.c.status == bindparam("status"),
    "user_id": orders.c.user_id == bindparam("user_id"),
}
_PAGES = Source(SUMMARIES.all, orders, SUMMARIES.shape.read, _CONDITIONS)


class SqlOrderReader(SqlReader[Order]):
    """See ``OrderReader``."""

    async def get(self, id: int) -> Order:
        """See ``Reader.get``: the order and its lines in one round trip."""
        return await self._with_items(_WITH_ITEMS, id)

    async def _with_items(self, query: Statement, id: int) -> Order:
        found = await self._rows.rows(query, {"key": id})
        if not found:
            raise NotFound("order", id)
        items = [_ITEMS.read(row[ORDERS.shape.width :]) for row in found]
        return ORDERS.shape.read_with(found[0], items=items)

    async def details(self, id: int) -> OrderDetails:
        """See ``OrderReader.details``."""
        found = await self._rows.rows(_WITH_USER, {"key": id})
        if not found:
            raise NotFound("order", id)
        summary = SUMMARIES.shape.read(found[0])
        user = USERS.shape.read(found[0][SUMMARIES.shape.width :])
        lines = await self._rows.rows(_ORDERED_PRODUCTS, {"key": id})
        return OrderDetails(**shallow_asdict(summary), user=user, items=[_ordered_product(line) for line in lines])

    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        """See ``OrderReader.page``."""
        return await _PAGES.page(self._rows, given(status=filter.status, user_id=filter.user_id), page_request)

    async def totals_by_status(self) -> dict[OrderStatus, tuple[int, int]]:
        """See ``OrderReader.totals_by_status``."""
        found = await self._rows.rows(_TOTALS)
        return {OrderStatus(status): (count, int(total)) for status, count, total in found}


def _ordered_product(line: Sequence[Any]) -> OrderItemDetails:
    item = _ITEMS.read(line)
    return OrderItemDetails(**shallow_asdict(item), product=PRODUCTS.shape.read(line[_ITEMS.width :]))


class SqlOrderRepository(SqlRepository[Order], SqlOrderReader):
    """See ``OrderRepository``."""

    async def add(self, order: NewOrder, at: datetime) -> Order:
        """See ``OrderRepository.add``."""
        row = {
            "order_number": order.order_number,
            "status": OrderStatus.PENDING,
            "total_amount": order.total_amount,
            "user_id": order.user_id,
            "shipping_address": order.shipping_address,
        }
        [stored] = await self.store([row], at, items=order.items)
        lines = [
            {"order_id": stored.id, "position": position, **shallow_asdict(item)}
            for position, item in enumerate(order.items)
        ]
        await self._work.write_many(_ADD_LINES, lines)
        return stored

    async def lock(self, id: int) -> Order:
        """See ``Repository.lock``."""
        return await self._with_items(_WITH_ITEMS_LOCKED, id)

    async def save(self, entity: OrderSummary) -> None:
        """See ``OrderRepository.save``."""
        await self.put(entity, {})


class SqlPaymentRepository(SqlRepository[Payment]):
    """See ``PaymentRepository``."""

    async def add(self, order_id: int, draft: PaymentDraft, at: datetime) -> Payment:
        """See ``PaymentRepository.add``."""
        [payment] = await self.store([{"order_id": order_id, **shallow_asdict(draft), "status": "completed"}], at)
        return payment

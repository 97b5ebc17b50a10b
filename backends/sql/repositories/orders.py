"""Orders with their items."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, func, select
from typing_extensions import override

from backends.sql.mapper import RowMapper
from backends.sql.pagination import filter_values
from backends.sql.repositories.entities import mapping_of
from backends.sql.repositories.products import PRODUCTS
from backends.sql.repositories.users import USERS
from backends.sql.repository import EntityMapping, SqlReader, SqlRepository, next_version
from backends.sql.schema import part_table_of
from backends.sql.statement import CachedStatement
from core.entities import (
    ORDER,
    PAYMENT,
    Order,
    OrderDetails,
    OrderItem,
    OrderItemDetails,
    OrderStatus,
    OrderSummary,
    Payment,
)
from core.entities.construct import shallow_asdict
from core.errors import NotFound
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder, OrderReader, OrderRepository

ORDERS: EntityMapping[Order] = EntityMapping(ORDER)
SUMMARIES = EntityMapping(ORDER, OrderSummary)
PAYMENTS: EntityMapping[Payment] = mapping_of(PAYMENT)
orders, order_items = ORDERS.table, part_table_of(ORDER, "items")
products, users = PRODUCTS.table, USERS.table
_ITEMS = RowMapper(OrderItem, order_items)

_JOINED = (
    select(*ORDERS.mapper.columns, *_ITEMS.columns)
    .join(order_items, order_items.c.order_id == orders.c.id)
    .order_by(orders.c.id, order_items.c.position)
)
_FULL = _JOINED.where(orders.c.id == bindparam("key"))
_WITH_ITEMS = CachedStatement(_FULL)
_WITH_ITEMS_LOCKED = CachedStatement(_FULL.with_for_update(key_share=True, of=orders))
_WITH_USER = CachedStatement(
    select(*SUMMARIES.mapper.columns, *USERS.mapper.columns)
    .join(users, users.c.id == orders.c.user_id)
    .where(orders.c.id == bindparam("key"))
)
_ITEMS_WITH_PRODUCTS = CachedStatement(
    select(*_ITEMS.columns, *PRODUCTS.mapper.columns)
    .join(products, products.c.id == order_items.c.product_id)
    .where(order_items.c.order_id == bindparam("key"))
    .order_by(order_items.c.position)
)
_ADD_LINES = CachedStatement(order_items.insert(), ("order_id", "position", *_ITEMS.names))
_TOTALS = select(orders.c.status, func.count(), func.sum(orders.c.total_amount)).group_by(orders.c.status)
_TOTALS_OF_USER = CachedStatement(_TOTALS.where(orders.c.user_id == bindparam("user_id")))


class SqlOrderReader(SqlReader[Order], OrderReader):
    """Orders, outside a unit of work."""

    @override
    async def get(self, id: int) -> Order:
        """The order and its lines, in one round trip."""
        return await self._get_with_items(_WITH_ITEMS, id)

    async def _get_with_items(self, query: CachedStatement, id: int) -> Order:
        found = await self._executor.rows(query, {"key": id})
        if not found:
            raise NotFound("order", id)
        return _read_order(found)

    @override
    async def details(self, id: int) -> OrderDetails:
        found = await self._executor.rows(_WITH_USER, {"key": id})
        if not found:
            raise NotFound("order", id)
        summary = SUMMARIES.mapper.read(found[0])
        user = USERS.mapper.read(found[0][SUMMARIES.mapper.width :])
        lines = await self._executor.rows(_ITEMS_WITH_PRODUCTS, {"key": id})
        return OrderDetails(**shallow_asdict(summary), user=user, items=[_read_item(line) for line in lines])

    @override
    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        return await SUMMARIES.pages.page(self._executor, filter_values(ORDER, filter), page_request)

    @override
    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        query, values = (_TOTALS, None) if user_id is None else (_TOTALS_OF_USER, {"user_id": user_id})
        found = await self._executor.rows(query, values)
        return {OrderStatus(status): (count, int(total)) for status, count, total in found}


def _read_order(rows: Sequence[Any]) -> Order:
    """The order of its rows, one for each line."""
    items = [_ITEMS.read(row[ORDERS.mapper.width :]) for row in rows]
    return ORDERS.mapper.read_with(rows[0], items=items)


def _read_item(line: Sequence[Any]) -> OrderItemDetails:
    item = _ITEMS.read(line)
    return OrderItemDetails(**shallow_asdict(item), product=PRODUCTS.mapper.read(line[_ITEMS.width :]))


class SqlOrderRepository(SqlRepository[Order], SqlOrderReader, OrderRepository):
    """Orders, in a unit of work."""

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        [stored] = await self._insert([ORDER.new_values(order, at)], items=order.items)
        lines = [
            {"order_id": stored.id, "position": position, **shallow_asdict(item)}
            for position, item in enumerate(order.items)
        ]
        await self._executor.write_many(_ADD_LINES, lines)
        return stored

    @override
    async def lock(self, id: int) -> Order:
        return await self._get_with_items(_WITH_ITEMS_LOCKED, id)

    @override
    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        wanted = _JOINED.where(orders.c.user_id.in_(user_ids), orders.c.status.in_(statuses))
        found = await self._executor.rows(wanted.with_for_update(key_share=True, of=orders))
        return [_read_order(list(rows)) for _, rows in groupby(found, key=lambda row: row[0])]

    @override
    async def clear_addresses(self, user_id: int, at: datetime) -> None:
        having = orders.update().where(orders.c.user_id == user_id, orders.c.shipping_address.is_not(None))
        await self._executor.write(having.values(shipping_address=None, **next_version(orders, at)))

    @override
    async def lock_payments(self, order_ids: Collection[int]) -> list[Payment]:
        columns = PAYMENTS.table.c
        query = PAYMENTS.all.where(columns.order_id.in_(order_ids)).order_by(columns.id)
        found = await self._executor.rows(query.with_for_update(key_share=True))
        return [PAYMENTS.mapper.read(row) for row in found]

    @override
    async def save(self, entity: OrderSummary) -> None:
        await self._update(entity, {})

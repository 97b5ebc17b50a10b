"""Orders with their items."""

from collections.abc import Collection, Sequence
from dataclasses import replace
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
    OrderItemDetails,
    OrderLine,
    OrderStatus,
    OrderSummary,
    Payment,
)
from core.entities.construct import shallow_asdict
from core.entities.orders import number_lines
from core.errors import NotFound, TransientConflict
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder, OrderReader, OrderRepository

ORDERS: EntityMapping[Order] = EntityMapping(ORDER)
SUMMARIES = EntityMapping(ORDER, OrderSummary)
PAYMENTS: EntityMapping[Payment] = mapping_of(PAYMENT)
orders, order_items = ORDERS.table, part_table_of(ORDER, "items")
products, users = PRODUCTS.table, USERS.table
_ITEMS = RowMapper(OrderLine, order_items)

_JOINED = (
    select(*ORDERS.mapper.columns, *_ITEMS.columns)
    .join(order_items, order_items.c.order_id == orders.c.id)
    .order_by(orders.c.id, order_items.c.position)
)
_FULL = _JOINED.where(orders.c.id == bindparam("key"))
_WITH_ITEMS = CachedStatement(_FULL)
# A statement that had to wait for a lock has the order as it is now, but the lines as they were when it began. That
# shows in the version, which every change of the lines raises: ``_SEEN`` has that of the beginning.
_SEEN = orders.alias("seen")
_SEEN_VERSION = select(_SEEN.c.version).where(_SEEN.c.id == orders.c.id).scalar_subquery().label("seen_version")
_WITH_ITEMS_LOCKED = CachedStatement(_FULL.add_columns(_SEEN_VERSION).with_for_update(key_share=True, of=orders))
_DELETE_LINES = CachedStatement(order_items.delete().where(order_items.c.order_id == bindparam("key")))
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
        items = number_lines(id, [_ITEMS.read(line) for line in lines])
        products = [PRODUCTS.mapper.read(line[_ITEMS.width :]) for line in lines]
        pairs = zip(items, products, strict=True)
        detailed = [OrderItemDetails(**shallow_asdict(item), product=product) for item, product in pairs]
        return OrderDetails(**shallow_asdict(summary), user=user, items=detailed)

    @override
    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        return await SUMMARIES.pages.page(self._executor, filter_values(ORDER, filter), page_request)

    @override
    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        query, values = (_TOTALS, None) if user_id is None else (_TOTALS_OF_USER, {"user_id": user_id})
        found = await self._executor.rows(query, values)
        return {OrderStatus(status): (count, int(total)) for status, count, total in found}


def _read_orders(rows: Sequence[Any]) -> list[tuple[Order, int]]:
    """The orders of rows in the order of their ids, each with the last column of its first row."""
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row[0])]
    return [(_read_order(group), group[0][-1]) for group in groups]


def _read_order(rows: Sequence[Any]) -> Order:
    """The order of its rows, one for each line."""
    lines = [_ITEMS.read(row[ORDERS.mapper.width :]) for row in rows]
    return ORDERS.mapper.read_with(rows[0], items=number_lines(rows[0][0], lines))


class SqlOrderRepository(SqlRepository[Order], SqlOrderReader, OrderRepository):
    """Orders, in a unit of work."""

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        [stored] = await self._insert([ORDER.new_values(order, at)], items=order.items)
        await self._add_lines(stored.id, order.items)
        return replace(stored, items=number_lines(stored.id, order.items))

    async def _add_lines(self, order_id: int, lines: Sequence[OrderLine]) -> None:
        values = [
            {"order_id": order_id, "position": position, **{name: getattr(line, name) for name in _ITEMS.names}}
            for position, line in enumerate(lines)
        ]
        await self._executor.write_many(_ADD_LINES, values)

    @override
    async def lock(self, id: int) -> Order:
        """Where it had to wait, the lines are read once more."""
        found = await self._executor.rows(_WITH_ITEMS_LOCKED, {"key": id})
        if not found:
            raise NotFound("order", id)
        order = _read_order(found)
        return order if order.version == found[0][-1] else await self.get(id)

    @override
    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        wanted = _JOINED.where(orders.c.user_id.in_(user_ids), orders.c.status.in_(statuses))
        locked = wanted.add_columns(_SEEN_VERSION).with_for_update(key_share=True, of=orders)
        found = _read_orders(await self._executor.rows(locked))
        if any(order.version != seen for order, seen in found):
            again = _read_orders(await self._executor.rows(wanted.add_columns(_SEEN_VERSION)))
            if [(order.id, order.version) for order, _ in again] != [(order.id, order.version) for order, _ in found]:
                raise TransientConflict  # the snapshot is older than the locks; a new unit of work has a newer one
            found = again
        return [order for order, _ in found]

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
    async def save(self, entity: OrderSummary, lines: Sequence[OrderLine] | None = None) -> None:
        await self._update(entity, {})
        if lines is not None:
            await self._executor.write(_DELETE_LINES, {"key": entity.id})
            await self._add_lines(entity.id, lines)

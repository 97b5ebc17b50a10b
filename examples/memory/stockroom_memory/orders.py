"""Orders, each with its items in one row."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from typing_extensions import override

from core.entities import (
    ORDER,
    PAYMENT,
    PRODUCT,
    USER,
    Order,
    OrderDetails,
    OrderFilter,
    OrderItemDetails,
    OrderLine,
    OrderStatus,
    OrderSummary,
    Payment,
)
from core.entities.construct import shallow_asdict
from core.entities.orders import number_lines
from core.errors import TransientConflict
from core.storage import Page, PageRequest
from core.storage.repositories import NewOrder, OrderReader, OrderRepository
from core.storage.round_trips import record_start
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.unit_of_work import new_version


class MemoryOrderReader(MemoryReader[Order], OrderReader):
    """Orders as committed."""

    entity_type = ORDER

    @override
    async def details(self, id: int) -> OrderDetails:
        order = await self.get(id)
        users, products = self._tables().of(USER).rows, self._tables().of(PRODUCT).rows
        items = [OrderItemDetails(**shallow_asdict(item), product=products[item.product_id]) for item in order.items]
        return OrderDetails(**_summary(order), user=users[order.user_id], items=items)

    @override
    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        found = page(matching(self._read(), filter), page_request)
        return Page([OrderSummary(**_summary(order)) for order in found.items], found.has_more, found.total)

    @override
    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        amounts: defaultdict[OrderStatus, list[int]] = defaultdict(list)
        for order in matching(self._read(), OrderFilter(user_id=user_id)):
            amounts[order.status].append(order.total_amount)
        return {status: (len(values), sum(values)) for status, values in amounts.items()}

    @override
    def _copied(self, row: Order) -> Order:
        return replace(row, items=number_lines(row.id, row.items))


def _summary(order: OrderSummary) -> dict[str, Any]:
    return {field.name: getattr(order, field.name) for field in fields(OrderSummary)}


class MemoryOrderRepository(MemoryRepository[Order], MemoryOrderReader, OrderRepository):
    """Orders in a unit of work."""

    @override
    async def add(self, order: NewOrder, at: datetime) -> Order:
        [stored] = await self._insert([ORDER.new_values(order, at, items=list(order.items))])
        return stored

    @override
    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        orders = self._read().rows.values()
        return [self._copied(one) for one in orders if one.user_id in user_ids and one.status in statuses]

    @override
    async def clear_addresses(self, user_id: int, at: datetime) -> None:
        record_start("update orders")
        addressed = [
            one for one in self._stored.values() if one.user_id == user_id and one.shipping_address is not None
        ]
        await self._unit.write(ORDER, [new_version(order, at, shipping_address=None) for order in addressed])

    @override
    async def lock_payments(self, order_ids: Collection[int]) -> list[Payment]:
        record_start("read payments")
        return [one for one in self._unit.tables.of(PAYMENT).rows.values() if one.order_id in order_ids]

    @override
    async def save(self, entity: OrderSummary, lines: Sequence[OrderLine] | None = None) -> None:
        stored = self._stored.get(entity.id)
        if stored is None:
            raise TransientConflict
        await super().save(
            Order(**_summary(entity), items=number_lines(entity.id, stored.items if lines is None else lines))
        )

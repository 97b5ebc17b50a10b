"""Orders, each with its lines in one row, and their payments."""

from collections import defaultdict
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from core.entities import (
    Order,
    OrderDetails,
    OrderItemDetails,
    OrderStatus,
    OrderSummary,
    Payment,
    PaymentDraft,
)
from core.errors import Duplicate, TransientConflict
from core.storage import OrderFilter, Page, PageRequest
from core.storage.repositories import NewOrder
from stockroom_memory.listing import matching, page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.schema import ORDERS, PAYMENTS, PRODUCTS, USERS


class MemoryOrderReader(MemoryReader[Order]):
    """See ``OrderReader``."""

    kind = ORDERS

    async def details(self, id: int) -> OrderDetails:
        """See ``OrderReader.details``."""
        order = await self.get(id)
        users, products = self._tables().of(USERS).rows, self._tables().of(PRODUCTS).rows
        items = [OrderItemDetails(**asdict(item), product=products[item.product_id]) for item in order.items]
        return OrderDetails(**_summary(order), user=users[order.user_id], items=items)

    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        """See ``OrderReader.page``."""
        found = page(matching(self._read(), status=filter.status, user_id=filter.user_id), page_request)
        return Page([OrderSummary(**_summary(order)) for order in found.items], found.has_more, found.total)

    async def totals_by_status(self) -> dict[OrderStatus, tuple[int, int]]:
        """See ``OrderReader.totals_by_status``."""
        amounts: defaultdict[OrderStatus, list[int]] = defaultdict(list)
        for order in self._read().rows.values():
            amounts[order.status].append(order.total_amount)
        return {status: (len(values), sum(values)) for status, values in amounts.items()}

    def _apart(self, row: Order) -> Order:
        return replace(row, items=list(row.items))


def _summary(order: Order) -> dict[str, Any]:
    return {field.name: getattr(order, field.name) for field in fields(OrderSummary)}


class MemoryOrderRepository(MemoryRepository[Order], MemoryOrderReader):
    """See ``OrderRepository``."""

    async def add(self, order: NewOrder, at: datetime) -> Order:
        """See ``OrderRepository.add``."""
        try:
            [stored] = self._insert([asdict(order) | {"status": OrderStatus.PENDING, "items": list(order.items)}], at)
        except Duplicate:
            raise TransientConflict from None
        return stored

    async def save(self, entity: OrderSummary) -> None:
        """See ``OrderRepository.save``."""
        stored = self._stored.get(entity.id)
        if stored is None:
            raise TransientConflict
        await super().save(replace(stored, status=entity.status, updated_at=entity.updated_at, version=entity.version))


class MemoryPaymentRepository(MemoryRepository[Payment]):
    """See ``PaymentRepository``."""

    kind = PAYMENTS

    async def add(self, order_id: int, draft: PaymentDraft, at: datetime) -> Payment:
        """See ``PaymentRepository.add``."""
        [payment] = self._insert([asdict(draft) | {"order_id": order_id}], at)
        return payment

"""Payments of which only those of a user's own orders exist."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from typing_extensions import override

from api.auth.restricted_repositories import VisibleOrders, denied
from core.entities import Payment, PaymentFilter
from core.errors import NotFound
from core.storage import Page, PageRequest
from core.storage.repositories import EntityReader, EntityRepository

E = TypeVar("E")


class VisiblePayments(EntityReader[Payment]):
    """The payments of the user's own orders; one round trip more, because a payment does not name its user."""

    def __init__(self, payments: EntityReader[Payment], orders: VisibleOrders) -> None:
        self._payments, self._orders = payments, orders

    @override
    async def get(self, id: int) -> Payment:
        payment = await self._payments.get(id)
        try:
            await self._orders.get(payment.order_id)
        except NotFound:
            raise NotFound("payment", id) from None
        return payment

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[Payment]:
        if not isinstance(filter, PaymentFilter) or filter.order_id is None:
            raise denied("payments of all orders")
        await self._orders.get(filter.order_id)
        return await self._payments.page(filter, page_request)


class AddOnly(EntityRepository[E]):
    """Entities that a user may add, because what they refer to was locked and is its own."""

    def __init__(self, repository: EntityRepository[E]) -> None:
        self._repository = repository

    @override
    async def add(self, drafts: Sequence[object], at: datetime) -> list[E]:
        return await self._repository.add(drafts, at)

    @override
    async def get(self, id: int) -> E:
        raise denied("get")

    @override
    async def page(self, filter: object, page_request: PageRequest) -> Page[E]:
        raise denied("page")

    @override
    async def lock(self, id: int) -> E:
        raise denied("lock")

    @override
    async def save(self, entity: E) -> None:
        raise denied("save")

    @override
    async def delete(self, id: int, at: datetime) -> None:
        raise denied("delete")

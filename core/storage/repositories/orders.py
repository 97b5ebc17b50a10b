"""Orders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.entities import Order, OrderDetails, OrderFilter, OrderLine, OrderStatus, OrderSummary, Payment
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A new order with its prices and totals, in minor units."""

    order_number: str
    user_id: int
    shipping_address: str | None
    total_amount: int
    items: list[OrderLine]


class OrderReader(Reader[Order], Protocol):
    """Orders. ``get`` returns an order with its lines, numbered by ``core.entities.orders.number_lines``."""

    async def details(self, id: int) -> OrderDetails:
        """An order with its user, lines and products, in at most three round trips."""
        ...

    async def page(self, filter: OrderFilter, page_request: PageRequest) -> Page[OrderSummary]:
        """A page of orders without lines."""
        ...

    async def totals_by_status(self, user_id: int | None = None) -> dict[OrderStatus, tuple[int, int]]:
        """Number and sum of the orders of each status that occurs; of one user, or of all."""
        ...


class OrderRepository(OrderReader, Protocol):
    """Orders in a unit of work."""

    async def add(self, order: NewOrder, at: datetime) -> Order:
        """Store a new order with its items. A taken ``order_number`` is a TransientConflict."""
        ...

    async def lock(self, id: int) -> Order:
        """As ``Repository.lock``."""
        ...

    async def lock_of_users(self, user_ids: Collection[int], statuses: Collection[OrderStatus]) -> list[Order]:
        """All orders of users that have one of the statuses, by id, locked, in as many round trips as for one."""
        ...

    async def clear_addresses(self, user_id: int, at: datetime) -> None:
        """Set the shipping address of every order of a user to null; each that had one gets a new version."""
        ...

    async def lock_payments(self, order_ids: Collection[int]) -> list[Payment]:
        """The payments of orders, by id, locked, in one round trip."""
        ...

    async def save(self, entity: OrderSummary, lines: Sequence[OrderLine] | None = None) -> None:
        """As ``Repository.save``; ``lines`` of None leave the stored ones."""
        ...

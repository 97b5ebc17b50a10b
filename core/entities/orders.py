"""Orders, their lines, and the transitions of their status."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from core.entities.entity_type import EntityType, OnDelete, Reference, unique
from core.entities.fields import FORBID_EXTRA, Id, Money, Price, Quantity, Text, Total, VersionedEntity
from core.entities.products import Product
from core.entities.users import User

MAX_LINES = 100
Address = Annotated[str, Text(0, 500)]


class OrderStatus(StrEnum):
    """The states of an order."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
"""From each status, those it may change to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItemDraft:
    """A line as the client orders it: so many pieces of a product."""

    __pydantic_config__ = FORBID_EXTRA

    product_id: Id
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """An order as a client places it. A product may stand on several lines."""

    __pydantic_config__ = FORBID_EXTRA

    user_id: Id
    items: Annotated[list[OrderItemDraft], Field(min_length=1, max_length=MAX_LINES)]
    shipping_address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order as it is stored; prices as they were when the product was ordered."""

    product_id: Id
    quantity: Quantity
    unit_price: Price
    total_price: Total


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem(OrderLine):
    """One line of an order. Its id is that of its place in the order."""

    id: Id


class OrderPatch(TypedDict, total=False):
    """The fields of an order that a client sent, and no others."""

    __pydantic_config__ = FORBID_EXTRA  # type: ignore[misc]

    items: Annotated[list[OrderItemDraft], Field(min_length=1, max_length=MAX_LINES)]
    shipping_address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary(VersionedEntity):
    """An order without its lines, as lists show it."""

    order_number: Annotated[str, Text(1, 30)]
    status: OrderStatus
    total_amount: Total
    user_id: Id
    shipping_address: Address | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(OrderSummary):
    """An order with its lines, in the order of its draft."""

    items: list[OrderItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders a list has."""

    status: OrderStatus | None = None
    user_id: int | None = None


def number_lines(order_id: int, lines: Iterable[OrderLine]) -> list[OrderItem]:
    """The lines of an order, in their order, each with its id."""
    return [
        OrderItem(
            id=order_id * MAX_LINES + position,
            product_id=line.product_id,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total_price=line.total_price,
        )
        for position, line in enumerate(lines)
    ]


ORDER_ITEM = EntityType(
    entity=OrderLine,
    name="order item",
    plural="order_items",
    references=[Reference("product_id", "products", OnDelete.RESTRICT)],
    key="product_id",
)

ORDER = EntityType(
    entity=Order,
    name="order",
    plural="orders",
    unique=[unique("order_number", generated=True)],
    references=[Reference("user_id", "users", OnDelete.CASCADE)],
    parts={"items": ORDER_ITEM},
    sorts=("total_amount",),
    filter=OrderFilter,
    initial={"status": OrderStatus.PENDING},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItemDetails(OrderItem):
    """A line with the product as it is now."""

    product: Product


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetails(OrderSummary):
    """An order with its user and, for each line, its product."""

    user: User
    items: list[OrderItemDetails]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesSummary:
    """All orders in figures; revenue leaves the cancelled out; every status is listed."""

    total_orders: int
    total_revenue: Money
    orders_by_status: dict[OrderStatus, int]
